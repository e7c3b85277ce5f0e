#include "applied.h"

#include "../cpu/vector.h"
#include "../device.h"
#include "../status.h"

#include <stdlib.h>
#include <string.h>

bool epnet_bench_applied_fits(int nodes) {
    enum { VECTORS = 4 }; /* p, q, exit rates and tables */
    return ((uint64_t)VECTORS << nodes) * sizeof(double) < epnet_host_memory() / 2;
}

/* Numbers in 1 .. 2 without a pattern, the same on every machine. */
static void fill(double *p, size_t count) {
    for (size_t s = 0; s < count; s++) {
        const uint64_t mixed = (s + 1) * UINT64_C(0x9E3779B97F4A7C15);
        p[s] = 1 + (double)(mixed >> 40) * 0x1p-24;
    }
}

EpnetStatus epnet_bench_applied_make(EpnetBenchApplied *applied, int nodes, EpnetError *error) {
    const EpnetBenchShape shape = {.nodes = nodes, .points = 1};
    const size_t states = (size_t)1 << nodes, bytes = states * sizeof(double);
    memset(applied, 0, sizeof *applied);
    const EpnetStatus status = epnet_bench_random(&shape, &applied->item, error);
    if (status != EPNET_OK)
        return status;
    applied->p = epnet_vector_new(states);
    applied->q = epnet_vector_new(states);
    if (!epnet_generator_alloc(&applied->generator, nodes) || applied->p == NULL || applied->q == NULL)
        return epnet_fail_memory(error, 2 * bytes, "the vectors of the bench");
    epnet_generator_set(&applied->generator, &applied->item.problem, applied->item.points, NULL, true);
    fill(applied->p, states);
    fill(applied->q, states);
    return EPNET_OK;
}

void epnet_bench_applied_free(EpnetBenchApplied *applied) {
    epnet_generator_free(&applied->generator);
    epnet_bench_case_free(&applied->item);
    free(applied->p);
    free(applied->q);
    memset(applied, 0, sizeof *applied);
}

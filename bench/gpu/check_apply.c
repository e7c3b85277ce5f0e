/* One application of the generator: the subject's q = pL against the reference's. */
#include "checks.h"

#include "generator.h"
#include "oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Largest difference of q and q', in units of Lambda |p|, in the L1 and in the largest norm. */
static double distance(size_t states, const double *q, const double *expected, const double *p,
                       double exit_max) {
    double sum = 0, largest = 0, sum_p = 0, largest_p = 0;
    for (size_t s = 0; s < states; s++) {
        const double difference = fabs(q[s] - expected[s]);
        if (isnan(difference))
            return NAN;
        sum += difference;
        largest = fmax(largest, difference);
        sum_p += fabs(p[s]);
        largest_p = fmax(largest_p, fabs(p[s]));
    }
    return fmax(sum / sum_p, largest / largest_p) / exit_max;
}

/* Open, apply once, close. */
static EpnetStatus apply(const GpuEngine *engine, const EpnetProblem *problem, const EpnetPoint *point,
                         const double *p, double *q, EpnetError *error) {
    void *context = NULL;
    EpnetStatus status = engine->backend->open(problem, engine->device, engine->threads, &context, error);
    if (status == EPNET_OK) {
        status = engine->backend->apply(context, point, p, q, error);
        engine->backend->close(context);
    }
    return status;
}

static EpnetStatus compare(const GpuChecks *checks, const GpuCase *item, const EpnetPoint *point,
                           const double *p, double *worst, EpnetError *error) {
    const size_t states = (size_t)1 << item->shape.nodes;
    EpnetGenerator generator;
    double *q = oracle_allocate(states, sizeof(double)), *expected = oracle_allocate(states, sizeof(double));
    memset(q, 0xA5, states * sizeof *q);
    GpuEngine reference = checks->reference;
    reference.threads = 1; /* a workspace per thread would not fit the host at the larger sizes */
    EpnetStatus status = apply(&checks->subject, &item->problem, point, p, q, error);
    if (status == EPNET_OK)
        status = apply(&reference, &item->problem, point, p, expected, error);
    if (status == EPNET_OK && epnet_generator_alloc(&generator, item->shape.nodes)) {
        epnet_generator_set(&generator, &item->problem, point, NULL, true);
        const double found = distance(states, q, expected, p, generator.exit_max);
        *worst = isnan(found) || found > *worst ? found : *worst;
        epnet_generator_free(&generator);
    }
    free(q);
    free(expected);
    return status;
}

/* One point of a network of a kind, and a vector p of both signs: nothing here needs a law. */
static GpuCase make_case(int nodes, GpuNetworkKind kind, double *p) {
    const GpuShape shape = {.nodes = nodes,
                            .points = 1,
                            .network = kind,
                            .start = GPU_STATIONARY,
                            .kind = EPNET_TRAJECTORY,
                            .method = EPNET_CHEBYSHEV,
                            .tolerance = 1e-9,
                            .t_end = 1,
                            .samples = 1,
                            .seed = 11};
    TestRandom random = test_random(1000 * (uint64_t)nodes + (uint64_t)kind);
    for (size_t s = 0; s < (size_t)1 << nodes; s++)
        p[s] = test_random_log(&random, 1e-3, 1) * (test_random_below(&random, 3) == 0 ? -1 : 1);
    return gpu_case_make(&shape);
}

static void check_size(const GpuChecks *checks, int nodes) {
    static const char name[] = "application q = pL";
    static const GpuNetworkKind kinds[] = {GPU_ONE_WAY, GPU_ZERO_RATES, GPU_GENERIC};
    const size_t kind_count = nodes > 16 ? 1 : 3;
    double *p = oracle_allocate((size_t)1 << nodes, sizeof(double)), worst = 0;
    EpnetError error = {.status = EPNET_OK};
    EpnetStatus status = EPNET_OK;
    bool accepted = true;
    for (size_t k = 0; k < kind_count && accepted && status == EPNET_OK; k++) {
        GpuCase item = make_case(nodes, kinds[k], p);
        accepted = gpu_checks_accepts(checks, name, &item.problem);
        if (accepted)
            status = compare(checks, &item, &item.points[0], p, &worst, &error);
        gpu_case_free(&item);
    }
    free(p);
    if (status != EPNET_OK)
        gpu_report_failure(checks->report, name, nodes, error.message);
    else if (accepted)
        gpu_report_check(checks->report, name, nodes, kind_count, worst, 1e-12,
                         "L1 and largest norm, in units of Lambda |p|");
}

void gpu_check_apply(const GpuChecks *checks) {
    static const int tiny[] = {1, 2, 3, 5, 7, 9, 14, 17}, small[] = {3, 8, 10, 12, 13, 15, 17},
                     full[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 22, 24};
    static const int *const sizes[] = {tiny, small, full};
    static const size_t counts[] = {sizeof tiny / sizeof *tiny, sizeof small / sizeof *small,
                                    sizeof full / sizeof *full};
    for (size_t i = 0; i < counts[checks->size]; i++) {
        const int nodes = sizes[checks->size][i];
        if (gpu_checks_go_on(checks, "application q = pL", nodes))
            check_size(checks, nodes);
    }
}

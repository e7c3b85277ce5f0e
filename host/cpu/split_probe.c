#include "split_probe.h"

#include "../status.h"
#include "vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWN_BITS = 14, CHUNK_BITS = 8, BLOCK_BITS = 6 };

bool epnet_split_probe_alloc(EpnetSplitProbe *probe, int nodes, size_t times, EpnetTeam *team) {
    memset(probe, 0, sizeof *probe);
    probe->nodes = nodes;
    probe->team = team;
    probe->times = times;
    probe->whole = nodes <= DRAWN_BITS;
    probe->count = (size_t)1 << (probe->whole ? nodes : DRAWN_BITS);
    probe->values = epnet_calloc(times * probe->count, sizeof *probe->values);
    if (probe->whole)
        return probe->values != NULL;
    probe->states = epnet_calloc(times * probe->count, sizeof *probe->states);
    probe->weights = epnet_calloc(times * probe->count, sizeof *probe->weights);
    probe->chunk_sums = epnet_calloc((size_t)1 << CHUNK_BITS, sizeof *probe->chunk_sums);
    return probe->values != NULL && probe->states != NULL && probe->weights != NULL &&
           probe->chunk_sums != NULL;
}

void epnet_split_probe_free(EpnetSplitProbe *probe) {
    free(probe->states);
    free(probe->weights);
    free(probe->values);
    free(probe->chunk_sums);
    memset(probe, 0, sizeof *probe);
}

uint64_t epnet_split_probe_bytes(int nodes, size_t times) {
    const uint64_t each = nodes <= DRAWN_BITS ? sizeof(double) << nodes : (uint64_t)24 << DRAWN_BITS;
    return each * times;
}

/* ---- drawing ----------------------------------------------------------------------------------------- */

typedef struct Draw {
    EpnetSplitProbe *probe;
    const double *p;
    uint64_t *states;
    double *weights, *values;
    double total;
} Draw;

static void sum_chunks(void *context, int thread, size_t first, size_t end) {
    (void)thread;
    const Draw *draw = context;
    const size_t states = (size_t)1 << (draw->probe->nodes - CHUNK_BITS);
    for (size_t chunk = first; chunk < end; chunk++)
        draw->probe->chunk_sums[chunk] = epnet_sum(NULL, states, draw->p + chunk * states);
}

/* How many of the targets (i + 1/2) total / count lie below `mass`. */
static size_t targets_below(const Draw *draw, double mass) {
    const double at = ceil(mass / draw->total * (double)draw->probe->count - 0.5);
    return at <= 0 ? 0 : at >= (double)draw->probe->count ? draw->probe->count : (size_t)at;
}

static void keep(const Draw *draw, size_t target, uint64_t state) {
    draw->states[target] = state;
    draw->values[target] = draw->p[state];
    draw->weights[target] = draw->total / ((double)draw->probe->count * draw->p[state]);
}

static uint64_t first_occupied(const double *p, uint64_t from, uint64_t end) {
    while (from + 1 < end && !(p[from] > 0))
        from++;
    return from;
}

/* The targets of one chunk: the states in which the running sum passes them. What rounding leaves over goes
 * to the last state that the sum came to, or, where each block is too light to move it, to any of the
 * chunk's. */
static void draw_chunk(const Draw *draw, size_t chunk) {
    const int chunk_bits = draw->probe->nodes - CHUNK_BITS;
    const size_t block = (size_t)1 << BLOCK_BITS, blocks = (size_t)1 << (chunk_bits - BLOCK_BITS);
    double before = 0;
    for (size_t c = 0; c < chunk; c++)
        before += draw->probe->chunk_sums[c];
    size_t target = targets_below(draw, before);
    const size_t end = targets_below(draw, before + draw->probe->chunk_sums[chunk]);
    const uint64_t begin = (uint64_t)chunk << chunk_bits;
    uint64_t last = begin;
    for (size_t b = 0; b < blocks && target < end; b++) {
        const uint64_t first = begin + b * block;
        const double after = before + epnet_sum(NULL, block, draw->p + first);
        if (after > before) {
            size_t within = targets_below(draw, after);
            within = within < end ? within : end;
            double sum = before;
            for (uint64_t s = first; s < first + block; s++) {
                sum += draw->p[s];
                last = draw->p[s] > 0 ? s : last;
                for (; draw->p[s] > 0 && target < within && target < targets_below(draw, sum); target++)
                    keep(draw, target, s);
            }
            for (; target < within; target++)
                keep(draw, target, last);
        }
        before = after;
    }
    if (target < end && !(draw->p[last] > 0))
        last = first_occupied(draw->p, begin, begin + ((uint64_t)1 << chunk_bits));
    for (; target < end; target++)
        keep(draw, target, last);
}

static void draw_chunks(void *context, int thread, size_t first, size_t end) {
    (void)thread;
    for (size_t chunk = first; chunk < end; chunk++)
        draw_chunk(context, chunk);
}

void epnet_split_probe_draw(EpnetSplitProbe *probe, size_t k, const double *p) {
    const size_t at = k * probe->count, chunks = (size_t)1 << CHUNK_BITS;
    if (probe->whole) {
        memcpy(probe->values + at, p, probe->count * sizeof *p);
        return;
    }
    Draw draw = {probe, p, probe->states + at, probe->weights + at, probe->values + at, 0};
    epnet_team_share(probe->team, chunks, 1, sum_chunks, &draw);
    for (size_t chunk = 0; chunk < chunks; chunk++)
        draw.total += probe->chunk_sums[chunk];
    epnet_team_share(probe->team, chunks, 1, draw_chunks, &draw);
}

/* ---- comparing --------------------------------------------------------------------------------------- */

double epnet_split_probe_compare(EpnetSplitProbe *probe, size_t k, const double *p) {
    const size_t at = k * probe->count;
    double distance = 0;
    for (size_t i = 0; i < probe->count; i++) {
        const double value = p[probe->whole ? i : probe->states[at + i]];
        const double difference = fabs(value - probe->values[at + i]);
        distance += probe->whole ? difference : probe->weights[at + i] * difference;
        probe->values[at + i] = value;
    }
    return distance;
}

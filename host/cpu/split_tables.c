#include "split_tables.h"

#include <math.h>
#include <stdlib.h>

/* From so many nodes on the states do not fit one tile. */
enum { ONE_TILE_NODES = 14, HIGH_BITS_MOST = 13 };

/* Tiles are walked in the first levels of cache; the bits above them are brought together by packing rows of
 * as many tiles (split_step.c), and few of those bits make long rows. */
EpnetSplitShape epnet_split_shape(int nodes) {
    EpnetSplitShape shape = {.nodes = nodes};
    shape.low = nodes < EPNET_SPLIT_BLOCK_BITS ? nodes : EPNET_SPLIT_BLOCK_BITS;
    if (nodes > ONE_TILE_NODES) {
        const int high = 5 + (nodes - 18) * 2 / 3; /* 18: 5, 24: 9, 28: 11, 31: 13 */
        shape.high = high < 3 ? 3 : high > HIGH_BITS_MOST ? HIGH_BITS_MOST : high;
    }
    shape.middle = nodes - shape.low - shape.high;
    return shape;
}

size_t epnet_split_table_size(const EpnetSplitShape *shape) {
    return 2 * (size_t)shape->nodes *
           (((size_t)1 << shape->low) + ((size_t)1 << shape->middle) + ((size_t)1 << shape->high));
}

bool epnet_split_table_alloc(EpnetSplitTable *t, const EpnetSplitShape *shape) {
    const size_t tables = 2 * (size_t)shape->nodes;
    t->shape = *shape;
    t->storage = aligned_alloc(64, (epnet_split_table_size(shape) * sizeof *t->storage + 63) / 64 * 64);
    t->low = t->storage; /* whose runs of eight are whole cache lines */
    if (t->storage == NULL)
        return false;
    t->middle = t->low + (tables << shape->low);
    t->high = t->middle + (tables << shape->middle);
    return true;
}

void epnet_split_table_free(EpnetSplitTable *t) {
    free(t->storage);
    t->storage = NULL;
}

/* ---- filling ---------------------------------------------------------------------------------------------
 */

/* What edge e, which enters j, adds to value_j with x_j = x when its source shows `bit`. */
typedef double EdgeTerm(const EpnetPoint *point, size_t e, int x, int bit);

static double edge_rate(const EpnetPoint *point, size_t e, int x, int bit) {
    return bit != x ? point->rate[e] : point->rate[e] * exp(-point->drive[e]);
}

static double edge_flow(const EpnetPoint *point, size_t e, int x, int bit) {
    const double rate = bit != x ? point->rate[e] : -(point->rate[e] * exp(-point->drive[e]));
    return rate != 0 ? rate * point->drive[e] : 0;
}

static double flip_rate(const EpnetPoint *point, int j, int x) {
    return x == 0 ? point->flip_up[j] : point->flip_down[j];
}

static double flip_flow(const EpnetPoint *point, int j, int x) {
    const double rate = flip_rate(point, j, x);
    return rate > 0 ? rate * (log(rate) - log(flip_rate(point, j, 1 - x))) : 0;
}

/* table[k] = start + the terms of the sources whose values are the bits of k. */
static void fill_bits(const EpnetSplitChannels *channels, EdgeTerm *term, int j, int x, int first_bit,
                      int bits, double start, double *table) {
    const EpnetProblem *problem = channels->problem;
    table[0] = start;
    for (int i = 0; i < bits; i++) {
        double terms[2] = {0, 0};
        for (size_t e = 0; e < problem->edge_count; e++) {
            if (problem->target[e] != j || problem->source[e] != first_bit + i ||
                (channels->use != NULL && !channels->use[e]))
                continue;
            terms[0] += term(channels->point, e, x, 0);
            terms[1] += term(channels->point, e, x, 1);
        }
        const size_t half = (size_t)1 << i;
        for (size_t k = 0; k < half; k++) {
            table[half + k] = table[k] + terms[1];
            table[k] += terms[0];
        }
    }
}

static void fill(EpnetSplitTable *t, const EpnetSplitChannels *channels, EdgeTerm *term,
                 double (*flip)(const EpnetPoint *point, int j, int x)) {
    const EpnetSplitShape *shape = &t->shape;
    for (int j = 0; j < shape->nodes; j++) {
        for (int x = 0; x < 2; x++) {
            const size_t at = 2 * (size_t)j + (size_t)x;
            const double start = channels->with_flips ? flip(channels->point, j, x) : 0;
            fill_bits(channels, term, j, x, 0, shape->low, start, t->low + (at << shape->low));
            fill_bits(channels, term, j, x, shape->low, shape->middle, 0, t->middle + (at << shape->middle));
            fill_bits(channels, term, j, x, shape->low + shape->middle, shape->high, 0,
                      t->high + (at << shape->high));
        }
    }
}

void epnet_split_fill_rates(EpnetSplitTable *t, const EpnetSplitChannels *channels) {
    fill(t, channels, edge_rate, flip_rate);
}

void epnet_split_fill_flows(EpnetSplitTable *t, const EpnetSplitChannels *channels) {
    fill(t, channels, edge_flow, flip_flow);
}

void epnet_split_scale(EpnetSplitTable *to, const EpnetSplitTable *from, const double *factor) {
    const int bits[3] = {from->shape.low, from->shape.middle, from->shape.high};
    const double *parts[3] = {from->low, from->middle, from->high};
    for (int part = 0; part < 3; part++) {
        double *out = to->storage + (parts[part] - from->storage);
        const size_t node = (size_t)2 << bits[part];
        for (int j = 0; j < from->shape.nodes; j++) {
            for (size_t k = 0; k < node; k++)
                out[(size_t)j * node + k] = factor[j] * parts[part][(size_t)j * node + k];
        }
    }
}

double epnet_split_turnover(const EpnetProblem *problem, const EpnetPoint *point, int j) {
    double sum = point->flip_up[j] + point->flip_down[j];
    for (size_t e = 0; e < problem->edge_count; e++) {
        if (problem->target[e] == j)
            sum += point->rate[e] * (1 + exp(-point->drive[e]));
    }
    return sum;
}

/* Functions of a state that are additive over its bits, in three small tables per node: what flips node j out
 * of state s, as rate, step or entropy flow. Those of host/node_tables.h, divided for blocks of 2^8 states
 * that are flipped in place rather than swept, with the values of every node side by side. */
#ifndef EPNET_HOST_CPU_SPLIT_TABLES_H
#define EPNET_HOST_CPU_SPLIT_TABLES_H

#include "backend.h"
#include "bits.h"

#include <stdbool.h>

enum { EPNET_SPLIT_BLOCK_BITS = 8, EPNET_SPLIT_BLOCK = 1 << EPNET_SPLIT_BLOCK_BITS };

/* How the bits of a state are divided: blocks of low bits, tiles of low and middle bits. */
typedef struct EpnetSplitShape {
    int nodes, low, middle, high; /* numbers of bits */
} EpnetSplitShape;

EpnetSplitShape epnet_split_shape(int nodes);

/* value_j(s), given x_j, is the sum of an entry of each of the three. */
typedef struct EpnetSplitTable {
    EpnetSplitShape shape;
    double *low, *middle, *high; /* [nodes][2][2^bits], the second index x_j */
    double *storage;             /* owns them */
} EpnetSplitTable;

size_t epnet_split_table_size(const EpnetSplitShape *shape); /* doubles */
bool epnet_split_table_alloc(EpnetSplitTable *table, const EpnetSplitShape *shape);
void epnet_split_table_free(EpnetSplitTable *table);

static inline const double *epnet_split_low(const EpnetSplitTable *t, int j, int x) {
    return t->low + ((2 * (size_t)j + (size_t)x) << t->shape.low);
}
static inline const double *epnet_split_middle(const EpnetSplitTable *t, int j, int x) {
    return t->middle + ((2 * (size_t)j + (size_t)x) << t->shape.middle);
}
static inline const double *epnet_split_high(const EpnetSplitTable *t, int j, int x) {
    return t->high + ((2 * (size_t)j + (size_t)x) << t->shape.high);
}

/* The part of value_j that the states of block number `block` (state >> low) share. */
static inline double epnet_split_upper(const EpnetSplitTable *t, int j, int x, uint64_t block) {
    const uint64_t middle = block & (((uint64_t)1 << t->shape.middle) - 1);
    return epnet_split_middle(t, j, x)[middle] + epnet_split_high(t, j, x)[block >> t->shape.middle];
}

/* Which channels take part. */
typedef struct EpnetSplitChannels {
    const EpnetProblem *problem;
    const EpnetPoint *point;
    const unsigned char *use; /* edge_count: edges that do; NULL: all */
    bool with_flips;
} EpnetSplitChannels;

/* r_j(s) [1/s]. */
void epnet_split_fill_rates(EpnetSplitTable *table, const EpnetSplitChannels *channels);
/* The entropy that the environment gains per second by the channels that flip j out of s [nat/s]; infinite
 * where one has no reverse (docs/theory.md, "Observables without edges"). */
void epnet_split_fill_flows(EpnetSplitTable *table, const EpnetSplitChannels *channels);
/* to = factor[j] times from. */
void epnet_split_scale(EpnetSplitTable *to, const EpnetSplitTable *from, const double *factor);

/* 2 A_j = r_j(s) + r_j(s^j), the same for every s [1/s]. */
double epnet_split_turnover(const EpnetProblem *problem, const EpnetPoint *point, int j);

#endif

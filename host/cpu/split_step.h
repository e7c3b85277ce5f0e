/* Strang splitting in place, on one vector of 2^N. Given all other nodes, node j flips at rates up and down
 * with up + down = 2 A_j in every state, so its flips over a time h are exactly
 *
 * p_a' = e p_a + D (p_a + p_b), p_b' = e p_b + U (p_a + p_b), e = exp(-2 A_j h), U/up = D/down = (1 - e)/2
 * A_j
 *
 * on each pair of states a (x_j = 0) and b: sums of positive terms. A step of dt is the flips of all
 * nodes over dt/2 in one order, then in the reverse one: second order, positive, of unit mass. Splittings of
 * higher order have steps backwards in time, which are not positive.
 *
 * The order is that of the passes over memory: bits of a tile (low and middle, from the lowest up), then the
 * high ones from the highest down. Between the turning points of two steps lie one pass over the tiles and
 * one over packed rows of the high bits: two passes over memory per step. */
#ifndef EPNET_HOST_CPU_SPLIT_STEP_H
#define EPNET_HOST_CPU_SPLIT_STEP_H

#include "../team.h"
#include "split_tables.h"

typedef struct EpnetSplitStep {
    EpnetSplitShape shape;
    EpnetSplitTable moved;              /* U_j and D_j */
    double *stay;                       /* nodes: e */
    double (*mixed)[EPNET_SPLIT_BLOCK]; /* for nodes 0..2: what flows into state k of a block, low part */
    double *rows;                       /* threads x packed rows of the high bits */
    EpnetTeam *team;                    /* borrowed; NULL: one thread */
} EpnetSplitStep;

bool epnet_split_step_alloc(EpnetSplitStep *step, const EpnetSplitShape *shape, EpnetTeam *team);
void epnet_split_step_free(EpnetSplitStep *step);
uint64_t epnet_split_step_bytes(const EpnetSplitShape *shape, int threads);

/* For steps of dt [s]; rates: epnet_split_fill_rates(), turnover: 2 A_j of every node. */
void epnet_split_step_set(EpnetSplitStep *step, const EpnetSplitTable *rates, const double *turnover,
                          double dt);

/* Advance p by `count` steps. Leaves early, within a step, once *stop is nonzero (may be NULL): p is lost
 * then. The same bytes for any number of threads. */
void epnet_split_advance(const EpnetSplitStep *step, double *p, uint64_t count, const volatile int *stop);

#endif

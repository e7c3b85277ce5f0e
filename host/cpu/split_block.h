/* One walk over the states of a vector, block by block: what the row of split_observe.h is summed from. */
#ifndef EPNET_HOST_CPU_SPLIT_BLOCK_H
#define EPNET_HOST_CPU_SPLIT_BLOCK_H

#include "split_observe.h"

/* Sums over the states, of which e(s) and c(s) are as in host/cpu/weights.h; "gross" is what a sum is rounded
 * against, "log" the coefficient of ln t of empty states that fill (limit.h). */
typedef enum EpnetSplitSum {
    EPNET_SPLIT_EMPTY,     /* states with p = 0, counted */
    EPNET_SPLIT_FILLS,     /* those that fill */
    EPNET_SPLIT_MASS_RATE, /* dp */
    EPNET_SPLIT_ENTROPY,   /* p ln p */
    EPNET_SPLIT_RATE,      /* dp ln p */
    EPNET_SPLIT_RATE_LOG,
    EPNET_SPLIT_ACTIVITY, /* p times the exit rate */
    EPNET_SPLIT_GROSS,    /* |p exit ln p| */
    EPNET_SPLIT_FLOW,     /* e p */
    EPNET_SPLIT_FLOW_GROSS,
    EPNET_SPLIT_PRODUCTION, /* c p */
    EPNET_SPLIT_PRODUCTION_GROSS,
    EPNET_SPLIT_INFORMATION, /* D(p || product of the marginals) */
    EPNET_SPLIT_SUMS
} EpnetSplitSum;

/* The same for each cut, dp× the change that the crossing copies make and local = ln p_S + ln p_Sc. */
typedef enum EpnetSplitCutSum {
    EPNET_SPLIT_CUT_FILLS,       /* empty states that the crossing copies fill, counted */
    EPNET_SPLIT_CUT_INFORMATION, /* D(p || p_S p_Sc) */
    EPNET_SPLIT_CUT_LOCAL_RATE,  /* dp local */
    EPNET_SPLIT_CUT_LOCAL_RATE_LOG,
    EPNET_SPLIT_CUT_WHOLE, /* dp× ln p */
    EPNET_SPLIT_CUT_WHOLE_LOG,
    EPNET_SPLIT_CUT_LOCAL, /* dp× local */
    EPNET_SPLIT_CUT_LOCAL_LOG,
    EPNET_SPLIT_CUT_GROSS, /* |p exit× ln p| */
    EPNET_SPLIT_CUT_FLOW,  /* e× p */
    EPNET_SPLIT_CUT_FLOW_GROSS,
    EPNET_SPLIT_CUT_SUMS
} EpnetSplitCutSum;

static inline size_t epnet_split_sums_width(const EpnetProblem *problem) {
    return (size_t)EPNET_SPLIT_SUMS + problem->cut_count * (size_t)EPNET_SPLIT_CUT_SUMS;
}

/* Bytes of scratch that a thread needs. */
size_t epnet_split_block_bytes(const EpnetProblem *problem);

/* Sum all of observer->p into observer->sums, and find its least entry. Needs the products of the marginals
 * and the laws of the cuts' sides. */
void epnet_split_sum_blocks(EpnetSplitObserver *observer);

/* pL in the states of one block, in the thread's scratch. */
const double *epnet_split_block_rate(EpnetSplitObserver *observer, int thread, uint64_t block);

/* Sub-state of a cut's side of the bits above a block's. */
static inline uint64_t epnet_split_side_base(const EpnetSplitObserver *observer, const EpnetSplitCut *cut,
                                             int side, uint64_t block) {
    const int low = observer->shape.low;
    const uint64_t mask = cut->mask[side], below = mask & (((uint64_t)1 << low) - 1);
    return epnet_extract(block, mask >> low) << __builtin_popcountll(below);
}

#endif

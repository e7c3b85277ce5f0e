/* All observables of one state of which nothing but p is kept: what host/cpu/observe.c has in vectors of 2^N
 * (ln p, pL, e(s), c(s), those of the cuts) is made block by block and summed. Same columns, same
 * definitions, same limits at empty states (docs/theory.md). Three walks over the states: marginal laws; then
 * everything else; then, only where scalar products cancel or states are empty, the pairs of states. */
#ifndef EPNET_HOST_CPU_SPLIT_OBSERVE_H
#define EPNET_HOST_CPU_SPLIT_OBSERVE_H

#include "../generator.h"
#include "../team.h"
#include "split_tables.h"

/* One cut, and the copies that cross it. */
typedef struct EpnetSplitCut {
    unsigned char *use;           /* edge_count: whether an edge crosses */
    bool *entered;                /* nodes: whether a crossing edge enters */
    EpnetSplitTable rates, flows; /* of the crossing copies alone */
    double capacity, flow_bound;  /* sum of beta [1/s]; of beta c(F) [nat/s] */
    /* The laws of S and of the rest: P of every sub-state, or, of an empty one, minus its rate of change. */
    double *side[2];
    uint64_t mask[2];
    uint32_t *place[2]; /* 2^low: sub-state of the low bits */
} EpnetSplitCut;

typedef struct EpnetSplitObserver {
    const EpnetProblem *problem;
    EpnetTeam *team;
    EpnetSplitShape shape;
    EpnetGenerator channels; /* of the point, without tables */
    EpnetSplitTable rates, flows;
    EpnetSplitCut *cuts;
    double cancellation;           /* epnet_cancellation() */
    bool tame;                     /* all rates lie well within the range of double: ratios do not overflow */
    bool *has_low_source;          /* nodes: whether its rates depend on the nodes within a block */
    double *partial;               /* sums of every chunk of states */
    double *least_of;              /* chunks: least entry */
    double *sums;                  /* over all chunks */
    double *pair_sums;             /* of split_pairs.c over all chunks, then 2 per cut */
    void *scratch;                 /* threads */
    const volatile int *stop;      /* nonzero: leave early, the row is not to be used; NULL: never */
    const double *p;               /* the state at hand */
    double (*marginal)[2];         /* nodes: P(x_i = 0), P(x_i = 1) of it, left for the caller */
    double *product, *log_product; /* 2^low: product of the low nodes' marginals */
    double mass, least, mass_rate; /* sum of p, least entry, sum of pL [1/s] */
    bool fills;                    /* some empty state fills */
} EpnetSplitObserver;

bool epnet_split_observer_alloc(EpnetSplitObserver *observer, const EpnetProblem *problem, EpnetTeam *team);
void epnet_split_observer_free(EpnetSplitObserver *observer);
uint64_t epnet_split_observer_bytes(const EpnetProblem *problem, int threads);

/* Turn to a point, borrowed until the next. */
void epnet_split_observer_set(EpnetSplitObserver *observer, const EpnetPoint *point);

/* Marginals and sum of p alone. */
void epnet_split_marginals(EpnetSplitObserver *observer, const double *p);

/* The row of p (epnet_row_width() values; the euler column is NaN). Entries of p are >= 0. */
void epnet_split_observe(EpnetSplitObserver *observer, const double *p, double *row);

static inline bool epnet_split_stopped(const EpnetSplitObserver *observer) {
    return observer->stop != NULL && *observer->stop;
}

/* ---- shared by the walks ----------------------------------------------------------------------------- */

/* Blocks are summed in chunks, each by one thread in order, and the chunks in order: the same bytes for any
 * number of threads. */
size_t epnet_split_chunks(const EpnetSplitShape *shape);

/* Doubles that the walks keep of a chunk, at most. */
size_t epnet_split_partial_width(const EpnetProblem *problem);

/* Have `body` (EpnetTeamBody over chunks) fill partial[chunk][width], zeroed before, and add the chunks up.
 */
void epnet_split_sum_chunks(EpnetSplitObserver *observer, size_t width, EpnetTeamBody *body, double *sums);

/* split_pairs.c: sums over the pairs of states of every channel [nat/s]. */
typedef struct EpnetSplitPairs {
    double production;                        /* in the total rates */
    double channels, environment;             /* channel by channel: production, flow to the environment */
    double *cut_production, *cut_environment; /* cut_count each, the caller's */
} EpnetSplitPairs;

size_t epnet_split_pairs_width(const EpnetProblem *problem);
void epnet_split_pairs(EpnetSplitObserver *observer, EpnetSplitPairs *pairs);

#endif

/* One case of a search for the worst case of a bound: a network and a state, from a point of the search
 * space, and the two sides of the bound there. The bounds and the columns they are made of: docs/falsify.md.
 */
#ifndef EPNET_HOST_FALSIFY_CASE_H
#define EPNET_HOST_FALSIFY_CASE_H

#include "cpu/evolve.h"
#include "cpu/observe.h"
#include "cpu/quench.h"
#include "cpu/stationary.h"

enum {
    EPNET_FALSIFY_NODES = 6,
    EPNET_FALSIFY_EDGES = EPNET_FALSIFY_NODES * (EPNET_FALSIFY_NODES - 1),
    EPNET_FALSIFY_STATES = 1 << EPNET_FALSIFY_NODES,
    EPNET_FALSIFY_CUTS = (1 << (EPNET_FALSIFY_NODES - 1)) - 1
};

#define EPNET_FALSIFY_TOLERANCE 1e-12 /* L1 error of a reached state */

typedef enum EpnetFalsifyBound {
    EPNET_FALSIFY_NETWORK,
    EPNET_FALSIFY_LEAK,
    EPNET_FALSIFY_CUT_ENERGY,
    EPNET_FALSIFY_CUT_BANDWIDTH,
    EPNET_FALSIFY_ENVELOPE,
    EPNET_FALSIFY_BOUNDS
} EpnetFalsifyBound;

/* What a search ranges over, checked (falsify_space.c). */
typedef struct EpnetFalsifySpace {
    EpnetFalsifyBound bound;
    bool any_state; /* any law instead of a time along a trajectory from a product start */
    bool flow;      /* cut_information_flow instead of cut_mutual_information_rate on the left */
    double min_ep;  /* [nat per jump], 0 where the bound needs no floor */
    double flip_min, flip_max, copy_min, copy_max; /* [1/s] */
    double drive_min, drive_max;                   /* [nat] */
    int nodes;
    size_t edge_count; /* in order of source, then target */
    int source[EPNET_FALSIFY_EDGES], target[EPNET_FALSIFY_EDGES];
    size_t cut_count; /* 0: the bound is of the whole network */
    uint64_t cuts[EPNET_FALSIFY_CUTS];
    EpnetLeakSettings leak; /* of the envelope */
} EpnetFalsifySpace;

typedef struct EpnetFalsifyCase {
    double flip_up[EPNET_FALSIFY_NODES], flip_down[EPNET_FALSIFY_NODES]; /* [1/s] */
    double rate[EPNET_FALSIFY_EDGES], drive[EPNET_FALSIFY_EDGES];        /* [1/s], [nat] */
    double p_one[EPNET_FALSIFY_NODES]; /* the start, of independent nodes (reachable states) */
    double time;                       /* [s] since the start; 0 of any state */
    double law[EPNET_FALSIFY_STATES];  /* the start (reachable), the state itself (any) */
    size_t cut;                        /* into space->cuts */
    double left, right;                /* [nat/s], of the envelope [nat] */
    double ratio;                      /* left / right; above 1: the bound is broken */
    double per_jump;                   /* [nat]: the entropy production of the bound over activity */
    double leak;                       /* [1/s]: measured (envelope), alpha_eff (leak), else NaN */
} EpnetFalsifyCase;

/* Work space of one thread. Not to be moved once allocated. */
typedef struct EpnetFalsifyProbe {
    const EpnetFalsifySpace *space;
    size_t problem_count;   /* one per cut, 1 without cuts */
    EpnetProblem *problems; /* they differ in their cut alone */
    EpnetObserver *observers;
    EpnetGenerator generator;
    EpnetEvolution evolution;
    EpnetStationary stationary;
    EpnetLeakWork leak;
    EpnetQuench quench;
    double time; /* what the problems' `times` point to */
    double rate_of_change[EPNET_FALSIFY_STATES];
} EpnetFalsifyProbe;

/* False when memory is exhausted; free in any case. The space is borrowed. */
bool epnet_falsify_probe_alloc(EpnetFalsifyProbe *probe, const EpnetFalsifySpace *space);
void epnet_falsify_probe_free(EpnetFalsifyProbe *probe);

/* Coordinates of the search space: 0 if nothing is free. */
size_t epnet_falsify_dimension(const EpnetFalsifySpace *space);

/* The case at coordinates x (any numbers; every limit is met where one is whole) and both its sides. Returns
 * whether it counts: it could be computed, and it produces at least min_ep per jump. *value is what a climber
 * should raise: the ratio, lowered by (per_jump / min_ep)^2 below the floor; -inf without a ratio. */
bool epnet_falsify_measure(EpnetFalsifyProbe *probe, size_t cut, const double *x, EpnetFalsifyCase *found,
                           double *value);

#endif

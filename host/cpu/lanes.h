/* Trajectories of small networks, eight points side by side: one point per lane of a vector, every operation
 * on all of them at once. A lane does the ordinary: Chebyshev steps that meet their tolerance at the first
 * try, from and to states that are positive. A point that asks for more (steps too stiff, vectors that grow,
 * impossible flips, an error) is left to be solved alone, from its start; a row that asks for more (an empty
 * state, cancellation) is observed alone. Both depend on the point only, never on its neighbours, and so do
 * its bytes. */
#ifndef EPNET_HOST_CPU_LANES_H
#define EPNET_HOST_CPU_LANES_H

#include "../integrator.h"
#include "observe.h"
#include "simd.h"

#define EPNET_LANES_NODES                                                                                    \
    8 /* beyond, eight states of 2^N entries and their rates outgrow the nearer caches */

/* One cut of the points. */
typedef struct EpnetLanesCut {
    EpnetVector *inflow, *exit, *flow;    /* of the crossing copies: [nodes][2^N] r_j(s^j), 2^N, 2^N e(s) */
    EpnetVector *capacity, *flow_bound;   /* 1 each */
    EpnetVector *p[2], *dp[2], *log_p[2]; /* 2^N each: law of S and of its complement, at s & mask */
} EpnetLanesCut;

typedef struct EpnetLanes {
    const EpnetProblem *problem;
    int nodes;
    size_t states;
    /* of the points */
    EpnetGenerator generator[EPNET_LANES]; /* for what is done alone */
    EpnetObserver observer[EPNET_LANES];
    EpnetVector *exit_max;          /* 1: Lambda [1/s] */
    EpnetVector *inflow;            /* [nodes][2^N]: r_j(s^j) / Lambda */
    EpnetVector *stay;              /* 2^N: -exit / Lambda */
    EpnetVector *flow, *production; /* 2^N: e(s), c(s) (weights.h) */
    EpnetVector *log_law, *flip_law,
        *log_flip_law; /* [nodes][2]: of the product laws of observe_nodes.c, or NaN */
    EpnetLanesCut *cuts;
    /* of the states */
    EpnetVector *p, *now, *before, *sum;                     /* 2^N */
    EpnetVector *dp, *log_p;                                 /* 2^N */
    EpnetVector *fold;                                       /* 2^(N-1) */
    double error[EPNET_LANES], rounding_square[EPNET_LANES]; /* as in host/evolution.h */
    double applications[EPNET_LANES];
    double time;
    /* of the step */
    EpnetSeries series[EPNET_LANES];
    EpnetVector *c; /* [c_length]: the lanes' coefficients, 0 beyond their degrees */
    size_t c_length;
    EpnetVector *storage;                  /* owns the arrays above */
    EpnetVector *row;                      /* the rows of one sample */
    EpnetVector *mass, *least, *mass_rate; /* 1 each: of p, and of pL (observe.h) */
    double *alone;                         /* 2 x 2^N: p and dp of one lane */
} EpnetLanes;

/* Whether lanes serve this problem at all. */
bool epnet_lanes_serve(const EpnetProblem *problem);

/* False when memory is exhausted; free in any case. */
bool epnet_lanes_alloc(EpnetLanes *lanes, const EpnetProblem *problem);
void epnet_lanes_free(EpnetLanes *lanes);
uint64_t epnet_lanes_bytes(const EpnetProblem *problem);

/* Solve the points first .. first + count - 1 of the batch, count <= EPNET_LANES. done[l] tells whether the
 * rows of point first + l are complete; the others are untouched or to be overwritten. */
void epnet_lanes_solve(EpnetLanes *lanes, const EpnetBatch *batch, size_t first, size_t count,
                       EpnetRows *rows, bool *done);

/* lanes_evolve.c: advance all lanes to sampled time `sample`. A lane that may not go on has its mask cleared.
 */
bool epnet_lanes_advance(EpnetLanes *lanes, size_t sample, EpnetMask *alive);

/* lanes_observe.c: the rows of the present states, `row` one vector per column, and the lanes whose rows must
 * be observed alone. Overwrites now and before. */
void epnet_lanes_observe(EpnetLanes *lanes, EpnetVector *row, EpnetMask *alone);

#endif

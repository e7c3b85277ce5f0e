/* Trajectories of small networks, eight numbers at a time: up to 6 nodes eight points side by side, one per
 * lane of a vector; beyond, one point, the lowest three bits of whose states are the lanes. Either way a node
 * beyond those `inner` bits flips a bit of the vector's index, and one within them permutes the lanes.
 *
 * Here is done what is ordinary: Chebyshev steps that meet their tolerance, from and to states that are
 * positive. A point that asks for more (steps too stiff, vectors that grow, impossible flips, an error) is
 * left to be solved alone, from its start; a row that asks for more (an empty state, cancellation) is
 * observed alone. Both depend on the point only, never on its neighbours, and so do its bytes. */
#ifndef EPNET_HOST_CPU_LANES_H
#define EPNET_HOST_CPU_LANES_H

#include "../integrator.h"
#include "lanes_window.h"
#include "observe.h"
#include "simd.h"

/* Networks that are served, and those of them whose points are side by side: beyond, the rates of eight
 * points outgrow the first-level cache. At 15 nodes the rates of one point take 4 MB for each thread, more
 * than a thread may have of the caches; from 16 nodes on tables (node_tables.h) are as fast wherever they
 * lie. */
#define EPNET_LANES_NODES 14
#define EPNET_LANES_NODES_BESIDE 6
#define EPNET_LANES_INNER 3 /* log2(EPNET_LANES) */

/* Vectors of the nodes' laws, those of observe_nodes.c or NaN, in the order [node][2]: a vector with the
 * points' values for each, or for one point (inner > 0) all values one after the other. */
#define EPNET_LANES_NODE_VECTORS(nodes, inner)                                                               \
    ((inner) > 0 ? (2 * (size_t)(nodes) + EPNET_LANES - 1) / EPNET_LANES : 2 * (size_t)(nodes))

/* The last vectors of a series that are kept: four to be added to the samples together, and two before. */
#define EPNET_LANES_RING 6

/* Growth of vectors that coefficients allow for at first: from a pure start they grow about as much. */
#define EPNET_LANES_GROWTH 16.0

/* One cut of the points. */
typedef struct EpnetLanesCut {
    EpnetVector *inflow, *exit, *flow;    /* of the crossing copies: [nodes] r_j(s^j), exit rate, e(s) */
    EpnetVector *capacity, *flow_bound;   /* 1 each */
    EpnetVector *p[2], *dp[2], *log_p[2]; /* law of S and of its complement, at the state with the other
                                             side's bits 0; a lane's bits of the other side do not matter */
} EpnetLanesCut;

/* Arrays over the states have `vectors` entries, [nodes] is `nodes` of them; what belongs to a point is a
 * vector with the points' values, or with that of the one point in every lane. */
typedef struct EpnetLanes {
    const EpnetProblem *problem;
    int nodes, inner; /* inner: bits of a state within a vector, 0 or 3 */
    size_t points;    /* that are solved at a time: 8 or 1 */
    size_t vectors;   /* 2^(nodes - inner) */
    /* of the points */
    EpnetGenerator generator[EPNET_LANES]; /* for what is done alone; `points` of them */
    EpnetObserver observer[EPNET_LANES];
    EpnetVector *exit_max;                                             /* 1: Lambda [1/s] */
    EpnetVector *inflow;                                               /* [nodes]: r_j(s^j) / Lambda */
    EpnetVector *stay;                                                 /* -exit / Lambda */
    EpnetVector *flow, *production;                                    /* e(s), c(s) (weights.h) */
    EpnetVector *log_law, *flip_law, *inverse_flip_law, *log_flip_law; /* EPNET_LANES_NODE_VECTORS each */
    EpnetLanesCut *cuts;
    /* of the states */
    EpnetVector *p;     /* at lanes->time: `start` or one of `ahead` */
    EpnetVector *start; /* of the trajectory, then of each window */
    EpnetVector *dp, *log_p;
    EpnetVector *fold;                                       /* half as many */
    double error[EPNET_LANES], rounding_square[EPNET_LANES]; /* as in host/evolution.h */
    double applications[EPNET_LANES];
    double time;
    /* of the window */
    EpnetWindow window;
    size_t window_most, window_samples; /* samples of a window at most, and of the present one */
    double window_longest;              /* [s] */
    double window_off;                  /* [s] by how much its coefficients are of other times */
    size_t window_end, taken;           /* sample after it; samples of all windows so far */
    EpnetVector *ahead;                 /* [EPNET_WINDOW_SAMPLES]: states at its samples */
    EpnetVector *ring;                  /* [EPNET_LANES_RING]: the last vectors of its series */
    double grew[EPNET_LANES];           /* what the L1 norm of its vectors came to */
    double error_before[EPNET_LANES], rounding_square_before[EPNET_LANES], applications_before[EPNET_LANES];
    EpnetVector *storage;          /* owns the arrays above */
    EpnetVector *row;              /* the rows of one sample */
    EpnetVector *mass, *mass_rate; /* 1 each: of p, and of pL (observe.h) */
    double *alone;                 /* 2 x 2^N: p and dp of one point */
} EpnetLanes;

/* Whether lanes serve this problem at all, and how many points at a time. */
bool epnet_lanes_serve(const EpnetProblem *problem);
size_t epnet_lanes_points(const EpnetProblem *problem);

/* False when memory is exhausted; free in any case. */
bool epnet_lanes_alloc(EpnetLanes *lanes, const EpnetProblem *problem);
void epnet_lanes_free(EpnetLanes *lanes);
uint64_t epnet_lanes_bytes(const EpnetProblem *problem);

/* Solve the points first .. first + count - 1 of the batch, count <= epnet_lanes_points(). done[l] tells
 * whether the rows of point first + l are complete; the others are untouched or to be overwritten. */
void epnet_lanes_solve(EpnetLanes *lanes, const EpnetBatch *batch, size_t first, size_t count,
                       EpnetRows *rows, bool *done);

/* lanes_evolve.c: how many samples a window has at most for a point of this exit rate; 0: the point is not
 * for lanes. */
size_t epnet_lanes_window_samples(const EpnetProblem *problem, double exit_max);

/* The longest window of at most so many samples [s]. */
double epnet_lanes_window_longest(const EpnetProblem *problem, size_t most);

/* Advance all points to sampled time `sample`, all samples in turn. A point that may not go on has its mask
 * cleared. */
void epnet_lanes_advance(EpnetLanes *lanes, size_t sample, EpnetMask *alive);

/* lanes_observe.c: the rows of the present states, `row` one vector per column, and the points whose rows
 * must be observed alone. A point with an entry that is not a positive, normal number has its mask cleared.
 */
void epnet_lanes_observe(EpnetLanes *lanes, EpnetVector *row, EpnetMask *alone, EpnetMask *alive);

/* lanes_observe.c: c(s) from the rates, and the points with a rate that is not a positive, normal number have
 * their mask cleared. Overwrites log_p. */
void epnet_lanes_production(EpnetLanes *lanes, EpnetMask *alive);

/* lanes_cut.c: the columns of cut number `cut`, given those of the network; the points whose columns must be
 * computed alone are added to the mask. */
void epnet_lanes_observe_cut(const EpnetLanes *lanes, size_t cut, const EpnetVector *network,
                             EpnetVector *columns, EpnetMask *alone);

#endif

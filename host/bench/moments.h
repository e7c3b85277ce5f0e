/* First and second moments of z_i = 1 - 2 x_i under dp/dt = pL. Rates are additive over the other nodes, so
 * the means obey N linear equations and the pairs N (N + 1) / 2: no law over 2^N states is involved, and no
 * code of the engine. What follows from them alone is a check at any N: sum_i H_i, its rate, the activity and
 * the environment entropy flow. d<z_a>/dt     = -2 A_a <z_a> + 2 sum_i b_ia <z_i> - 2 g_a d<z_a z_b>/dt = -2
 * (A_a + A_b) <z_a z_b> + 2 (sum_i b_ia <z_i z_b> - g_a <z_b>) + 2 (a and b exchanged) with b_ij = beta_ij (1
 * - e^-F_ij) / 2, A_j = (flip_up + flip_down + sum_i beta_ij (1 + e^-F_ij)) / 2 and g_j = (flip_up -
 * flip_down) / 2 (docs/theory.md). */
#ifndef EPNET_HOST_BENCH_MOMENTS_H
#define EPNET_HOST_BENCH_MOMENTS_H

#include "backend.h"

typedef struct EpnetMoments {
    int nodes;
    double *storage;     /* owns the arrays below */
    double *a, *g;       /* nodes each [1/s] */
    double *b;           /* [source][target], 0 without edge [1/s] */
    double *mean, *pair; /* <z_a>; [a][b] <z_a z_b>, 1 on the diagonal */
    double *work[3];     /* means and pairs: derivatives, terms of a series */
} EpnetMoments;

/* The equations of a point. False when memory is exhausted; free in any case. */
bool epnet_moments_make(EpnetMoments *moments, const EpnetProblem *problem, const EpnetPoint *point);
void epnet_moments_free(EpnetMoments *moments);

/* Set to those of a law over 2^nodes states, or to the stationary ones (false: not unique, or no memory). */
void epnet_moments_of(EpnetMoments *moments, const double *p);
bool epnet_moments_stationary(EpnetMoments *moments);

/* `steps` steps of h [s], each a Taylor polynomial of `degree`: 1 is Euler's, 4 RK4's, as they act on p. */
void epnet_moments_step(EpnetMoments *moments, double h, int degree, uint64_t steps);
/* Over dt [s], to rounding. */
void epnet_moments_advance(EpnetMoments *moments, double dt);

typedef struct EpnetMomentColumns {
    double node_entropy;             /* sum_i H_i = entropy + multiinformation [nat] */
    double node_entropy_rate;        /* [nat/s]; infinite or NaN while a node is certain */
    double activity;                 /* [1/s] */
    double environment_entropy_flow; /* [nat/s] */
} EpnetMomentColumns;

EpnetMomentColumns epnet_moments_columns(EpnetMoments *moments, const EpnetProblem *problem,
                                         const EpnetPoint *point);

#endif

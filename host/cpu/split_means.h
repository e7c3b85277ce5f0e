/* The marginal laws at any time, exactly and free of 2^N: rates are additive over bits, and so
 *   d/dt P(x_j = 1) = flip_up_j + sum_i beta_ij (k + (1 - k) P(x_i = 1)) - 2 A_j P(x_j = 1),  k = exp(-F_ij),
 * is closed (docs/theory.md). What a law's marginals are off by is the least that the law is off by. */
#ifndef EPNET_HOST_CPU_SPLIT_MEANS_H
#define EPNET_HOST_CPU_SPLIT_MEANS_H

#include "backend.h"

typedef struct EpnetSplitMeans {
    const EpnetProblem *problem;
    double *matrix;           /* of the point: (nodes + 1)^2, the last row and column for the constant */
    double *evolution, *next; /* (nodes + 1)^2: exp of it over `dt`, and scratch */
    double dt;                /* [s]; NaN: of none yet */
    double *mean, *moved;     /* nodes + 1: P(x_j = 1) at the time that was reached, then 1 */
} EpnetSplitMeans;

bool epnet_split_means_alloc(EpnetSplitMeans *means, const EpnetProblem *problem);
void epnet_split_means_free(EpnetSplitMeans *means);

/* Turn to a point, at P(x_j = 1) = marginal[j][1]. */
void epnet_split_means_begin(EpnetSplitMeans *means, const EpnetPoint *point, double (*marginal)[2]);

/* Go dt >= 0 [s] further. */
void epnet_split_means_advance(EpnetSplitMeans *means, double dt);

#endif

/* What every backend does with the rows of a point. */
#ifndef EPNET_HOST_ROW_H
#define EPNET_HOST_ROW_H

#include "backend.h"

/* Sums over the law p that a row is of, and over dp = pL [1/s]. */
typedef struct EpnetLawSums {
    double mass, least, mass_rate; /* sum of p, its least entry, sum of dp */
} EpnetLawSums;

/* What is to be said of a row (infinities are numbers, columns that do not apply are NaN): whether it is of
 * numbers, keeps the invariants (invariant.h, where `steps` is explained) and the tolerance. What the sum of
 * p is off by is the least that p itself is off by in L1. */
EpnetPointStatus epnet_row_check(const EpnetProblem *problem, const double *row, const EpnetLawSums *sums,
                                 double steps);

/* The extremes (EPNET_EXTREMES values) of no sample yet, and of one more. */
void epnet_extremes_begin(double *extremes);
void epnet_extremes_update(double *extremes, const double *row, double time);

/* `values` may be NULL. */
void epnet_fill_nan(double *values, size_t count);

#endif

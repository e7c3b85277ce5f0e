/* What every observed law and row must keep, whatever the parameters: checked at every sample, so that an
 * error of the machine or of the program marks its point rather than passing on a number. Host and device. */
#ifndef EPNET_INVARIANT_H
#define EPNET_INVARIANT_H

#include "backend.h"
#include "bits.h"

#include <float.h>
#include <math.h>

/* Tolerances.
 *
 * Sum of p: the columns of L sum to 0 and the coefficients of every series to 1, so that only rounding moves
 * it. An application of L rounds by at most DBL_EPSILON in all; the exit rates, sums of rounded rates, are
 * off by as much of themselves, always the same way, and so move the sum in proportion to the time in units
 * of the exit rate (measured: up to 0.2 DBL_EPSILON per unit). MASS is 1e-12 where all that is small.
 *
 * Rows: sides that are equal are sums of the same fluxes in different order. RELATIVE x the sizes of the
 * terms, which grows with the number of states summed like a random walk (PER_WALK sqrt(2^N)), and PER_JUMP x
 * the activity, since ln p of a positive double is at most 745 in size. */
#define EPNET_INVARIANT_MASS 1e-12
#define EPNET_INVARIANT_RELATIVE 1e-11
#define EPNET_INVARIANT_PER_WALK 1.5e-14
#define EPNET_INVARIANT_PER_JUMP 1e-12 /* [nat] */

/* Whether a law with this sum and least entry is one. `steps`: applications of L that led to it, plus the
 * time in units of 1 / Lambda; 0 for one that has been normalised. */
EPNET_HOST_DEVICE int epnet_invariant_law(double mass, double least, double steps) {
    return least >= 0 && fabs(mass - 1) <= EPNET_INVARIANT_MASS + DBL_EPSILON * steps;
}

/* Whether pL with this sum [1/s] leaves the sum of p as it is. */
EPNET_HOST_DEVICE int epnet_invariant_rate(double mass_rate, double activity) {
    return fabs(mass_rate) <= EPNET_INVARIANT_MASS * activity;
}

/* Whether left = a + b - c up to rounding; infinite terms say nothing. */
EPNET_HOST_DEVICE int epnet_invariant_ledger(double left, double a, double b, double c, double relative,
                                             double activity) {
    const double terms = fabs(left) + fabs(a) + fabs(b) + fabs(c);
    return isinf(terms) || fabs(left - (a + b - c)) <= relative * terms + EPNET_INVARIANT_PER_JUMP * activity;
}

/* Whether left <= right up to rounding; infinite sides say nothing. */
EPNET_HOST_DEVICE int epnet_invariant_order(double left, double right, double relative, double activity) {
    const double terms = fabs(left) + fabs(right);
    return isinf(terms) || left - right <= relative * terms + EPNET_INVARIANT_PER_JUMP * activity;
}

/* Whether the columns of a cut agree with each other and with `channels`, the entropy production of all
 * channels (docs/theory.md, statements 5 and 7). */
EPNET_HOST_DEVICE int epnet_invariant_cut(const double *cut, double channels, double relative,
                                          double activity) {
    const double production = cut[EPNET_CUT_ENTROPY_PRODUCTION], flow = cut[EPNET_CUT_INFORMATION_FLOW];
    return epnet_invariant_order(0, production, relative, activity) &&
           epnet_invariant_order(production, channels, relative, activity) &&
           epnet_invariant_ledger(flow, cut[EPNET_CUT_ENVIRONMENT_ENTROPY_FLOW],
                                  cut[EPNET_CUT_LOCAL_ENTROPY_RATE], production, relative, activity) &&
           epnet_invariant_order(cut[EPNET_CUT_MUTUAL_INFORMATION_RATE], flow, relative, activity) &&
           epnet_invariant_order(flow, cut[EPNET_CUT_FLOW_BOUND], relative, activity);
}

/* Whether a row of a network of so many nodes keeps the second law: no entropy production is negative, that
 * of the channels is at least that of the total rates, the ledger dH/dt = production - environment flow is
 * closed (where production is not computed by it), and so for each cut. */
EPNET_HOST_DEVICE int epnet_invariant_row(const double *row, size_t cut_count, int nodes) {
    const double activity = row[EPNET_ACTIVITY], channels = row[EPNET_ENTROPY_PRODUCTION_CHANNELS];
    const double relative = EPNET_INVARIANT_RELATIVE + EPNET_INVARIANT_PER_WALK * exp2(0.5 * nodes);
    int holds = activity >= 0 &&
                epnet_invariant_order(0, row[EPNET_ENTROPY_PRODUCTION], relative, activity) &&
                epnet_invariant_order(row[EPNET_ENTROPY_PRODUCTION], channels, relative, activity) &&
                epnet_invariant_ledger(row[EPNET_ENTROPY_RATE], channels, 0,
                                       row[EPNET_ENVIRONMENT_ENTROPY_FLOW], relative, activity);
    for (size_t c = 0; c < cut_count; c++)
        holds = holds && epnet_invariant_cut(row + EPNET_COLUMNS + c * EPNET_CUT_COLUMNS, channels, relative,
                                             activity);
    return holds;
}

#endif

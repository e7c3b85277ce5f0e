/* Sums over logarithms of probabilities that may be empty. An empty entry that fills (p = 0, dp > 0) has
 * ln p = ln dp + ln t as t -> 0+, so such a sum is finite + log_t ln t: the right-hand limit is the finite
 * part if the coefficients of ln t cancel, else infinite (docs/theory.md, "Empty states are structural").
 * Host and device. */
#ifndef EPNET_LIMIT_H
#define EPNET_LIMIT_H

#include "bits.h"

#include <math.h>

typedef struct EpnetLimit {
    double finite, log_t;
} EpnetLimit;

/* ln p as such a sum: of an entry with p > 0, of one that fills, or of one that stays empty to first order in
 * t, whose terms p ln p and dp ln p vanish (0). */
EPNET_HOST_DEVICE EpnetLimit epnet_limit_log(double p, double dp) {
    EpnetLimit sum = {0, 0};
    if (p > 0) {
        sum.finite = log(p);
    } else if (dp > 0) {
        sum.finite = log(dp);
        sum.log_t = 1;
    }
    return sum;
}

/* The right-hand limit; coefficients cancel if below 1e-12 of the activity [1/s]. */
EPNET_HOST_DEVICE double epnet_limit_value(EpnetLimit sum, double activity) {
    if (fabs(sum.log_t) <= 1e-12 * activity)
        return sum.finite;
    return sum.log_t > 0 ? -INFINITY : INFINITY; /* ln t -> -inf */
}

#endif

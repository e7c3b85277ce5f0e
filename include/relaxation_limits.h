/* Limits of the iteration for a stationary law (host/relaxation.c, kernels/stationary.cu): when it is
 * accurate, how often corrections are tried, and how many sweeps follow them. Host and device. */
#ifndef EPNET_RELAXATION_LIMITS_H
#define EPNET_RELAXATION_LIMITS_H

#include "bits.h"

/* |pi L|_1 at most, in units of the activity, sum of pi_s exit_s: some fifty times what rounding leaves. The
 * largest exit rate would be no measure: where the fastest states are rare, the law may be wrong altogether
 * and its residual far below that rate. */
#define EPNET_RESIDUAL_ACCEPTED 1e-13

/* Times that corrections are tried, with sweeps between them. */
enum { EPNET_RELAXATION_ROUNDS = 12 };

/* Less than 1, so that entries stay positive; near 1, since an error that is not carried on in a sweep stays
 * by what is left of it. */
#define EPNET_RELAXATION_DAMPING 0.99

/* A flip each from the rarest state to the likeliest, and some more for what the first have left. */
EPNET_HOST_DEVICE int epnet_relaxation_sweeps(int nodes) {
    return nodes + 8;
}

#endif

/* The physics, once, for every backend: terms of entropy production, entropy and the capacity of a copy link.
 * Host and device. Definitions: docs/theory.md. The tests' oracle shares none of this. */
#ifndef EPNET_FORMULA_H
#define EPNET_FORMULA_H

#include "bits.h"

#include <math.h>

/* Opposite fluxes x, y so close that a difference of logarithms would lose the digits of (x - y) ln(x/y). */
EPNET_HOST_DEVICE int epnet_flux_is_balanced(double x, double y) {
    return fabs(x - y) < 0.1 * (x + y);
}

/* (x - y) ln(x/y) >= 0 [nat/s] of balanced fluxes: ln(x/y) = 2 artanh(u), u = (x - y)/(x + y), by its series
 * (|u| <= 0.1: 8 terms give full precision). */
EPNET_HOST_DEVICE double epnet_flux_entropy_balanced(double x, double y) {
    double net = x - y;
    double u = net / (x + y), v = u * u;
    double series = 1.0 / 15;
    series = series * v + 1.0 / 13;
    series = series * v + 1.0 / 11;
    series = series * v + 1.0 / 9;
    series = series * v + 1.0 / 7;
    series = series * v + 1.0 / 5;
    series = series * v + 1.0 / 3;
    series = series * v + 1.0;
    return 2 * net * u * series;
}

/* Entropy production of one pair of opposite fluxes x, y > 0 with log_ratio = ln(x/y) [nat/s]. */
EPNET_HOST_DEVICE double epnet_flux_entropy(double x, double y, double log_ratio) {
    return epnet_flux_is_balanced(x, y) ? epnet_flux_entropy_balanced(x, y) : (x - y) * log_ratio;
}

/* Production of a pair of opposite fluxes x, y of one channel, ln(x/y) = log_ratio; without bound where only
 * one can be. */
EPNET_HOST_DEVICE double epnet_pair_production(double x, double y, int forward, int backward,
                                               double log_ratio) {
    if (forward && backward)
        return epnet_flux_entropy(x, y, log_ratio);
    return forward || backward ? INFINITY : 0;
}

/* One term of D(p||q) = sum of p ln(p/q) - p + q >= 0 [nat], p >= 0, q > 0, log_ratio = ln(p/q) (any finite
 * number at p = 0). Near p = q the three parts cancel: there q ((1 + d) ln(1 + d) - d), d = p/q - 1, by its
 * series sum over k >= 2 of (-d)^k / (k (k - 1)). */
EPNET_HOST_DEVICE double epnet_divergence_term(double p, double q, double log_ratio) {
    double d = (p - q) / q;
    if (fabs(d) > 0.02)
        return p * log_ratio - (p - q);
    double series = 1.0 / 90;
    series = 1.0 / 72 - d * series;
    series = 1.0 / 56 - d * series;
    series = 1.0 / 42 - d * series;
    series = 1.0 / 30 - d * series;
    series = 1.0 / 20 - d * series;
    series = 1.0 / 12 - d * series;
    series = 1.0 / 6 - d * series;
    series = 1.0 / 2 - d * series;
    return q * d * d * series;
}

/* The share of what a sum is rounded against below which the sum has lost too many digits: fewer than 12 are
 * left, or, of a trajectory, than its states have (their L1 error is `tolerance`; 0 for a stationary law). */
EPNET_HOST_DEVICE double epnet_cancellation(double tolerance) {
    return 2.2e-16 / (tolerance > 2.2e-12 ? tolerance : 2.2e-12);
}

/* c(F): the most information [nat] that one attempted copy of drive F [nat] can carry, the capacity of a
 * Poisson channel with dark rate k = exp(-F) (docs/theory.md, statement 7): c(inf) = 1/e, c(F) ~ F^2/8.
 * With d = 1 - F/(e^F - 1): c = e^-d - 1 + d; both expressions cancel at small F and are expanded there. */
EPNET_HOST_DEVICE double epnet_copy_information(double drive) {
    double d;
    if (drive < 0.25) {
        double f = drive * drive;
        d = drive / 2 -
            f * (1.0 / 12 - f * (1.0 / 720 - f * (1.0 / 30240 - f * (1.0 / 1209600 - f / 47900160))));
    } else {
        d = 1 - drive / expm1(drive); /* exp(inf): the quotient is 0, or NaN at F = inf itself */
        if (isinf(drive))
            d = 1;
    }
    if (d < 0.02)
        return d * d *
               (1.0 / 2 - d * (1.0 / 6 - d * (1.0 / 24 - d * (1.0 / 120 - d * (1.0 / 720 - d / 5040)))));
    return expm1(-d) + d;
}

#endif

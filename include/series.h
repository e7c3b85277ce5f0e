/* The numbers behind the two polynomial integrators (host/integrator.h says what they are for), on arrays of
 * the caller's. Host and device. */
#ifndef EPNET_SERIES_H
#define EPNET_SERIES_H

#include "bits.h"

#include <float.h>
#include <math.h>

/* ---- limits of the steps -------------------------------------------------------------------------------
 * Of host/evolution.c and of the device, which so take the same steps (what the CPU solves side by side,
 * host/cpu/lanes_evolve.c, goes by windows). x = Lambda dt, Lambda the largest exit rate. */

/* Below this x a power series is as short, and the recurrence for the Chebyshev coefficients overflows. */
#define EPNET_CHEBYSHEV_X_LEAST 1e-3
/* Largest x of the first step and of any. Chebyshev's cost grows like the square root of x where the spectrum
 * is nearly real, so long steps pay; uniformization's grows in proportion, so they do not matter. */
#define EPNET_CHEBYSHEV_X_FIRST 64.0
#define EPNET_CHEBYSHEV_X_MAX 65536.0
#define EPNET_POISSON_X_MAX 4096.0
/* Uniformization beyond the largest exit rate keeps 1 - exit/rate well above rounding: all terms positive. */
#define EPNET_POISSON_RATE_MARGIN 1.05
/* RK4 is stable on a real spectrum in [-2 Lambda, 0] up to this x. */
#define EPNET_RK4_X_STABLE 1.3926

/* ---- coefficients -------------------------------------------------------------------------------------- */

/* Coefficients that a Chebyshev series for x is computed with: e^-x I_k(x) falls like exp(-k^2 / 2x) for k <<
 * x and faster beyond; past this index it is below 1e-30. */
EPNET_HOST_DEVICE uint64_t epnet_chebyshev_length(double x, uint64_t minimum_degree) {
    return minimum_degree + 60 + (uint64_t)ceil(sqrt(160 * x));
}

/* c[k] = (2 - [k = 0]) e^-x I_k(x), k < length, scaled to sum to 1. x > 0. */
EPNET_HOST_DEVICE void epnet_chebyshev_fill(double x, uint64_t length, double *c) {
    /* I_{k-1} = I_{k+1} + (2k/x) I_k, stable downwards from any start; only ratios matter. */
    double above = 0, here = DBL_MIN;
    for (uint64_t k = length; k-- > 0;) {
        c[k] = here;
        double below = above + 2 * (double)k / x * here;
        above = here;
        here = below;
        if (here > 1e200) {
            here *= 1e-200;
            above *= 1e-200;
            for (uint64_t i = k; i < length; i++)
                c[i] *= 1e-200;
        }
    }
    double sum = 0;
    for (uint64_t k = length; k-- > 0;)
        sum += k > 0 ? 2 * c[k] : c[0];
    for (uint64_t k = 0; k < length; k++)
        c[k] *= (k > 0 ? 2 : 1) / sum;
}

/* Weights that a Poisson series for x is computed with: beyond mode + 10 standard deviations + 60 a weight is
 * below 1e-20 of the largest, for any x. */
EPNET_HOST_DEVICE uint64_t epnet_poisson_length(double x, uint64_t minimum_degree) {
    return (uint64_t)floor(x) + minimum_degree + 60 + (uint64_t)ceil(10 * sqrt(x));
}

/* c[k] = e^-x x^k / k!, k < length, scaled to sum to 1. */
EPNET_HOST_DEVICE void epnet_poisson_fill(double x, uint64_t length, double *c) {
    const uint64_t mode = (uint64_t)floor(x);
    c[mode] = 1;
    for (uint64_t k = mode; k-- > 0;)
        c[k] = c[k + 1] * (double)(k + 1) / x;
    for (uint64_t k = mode + 1; k < length; k++)
        c[k] = c[k - 1] * x / (double)k;
    double sum = 0; /* small terms first: from both ends towards the mode */
    for (uint64_t k = 0; k < mode; k++)
        sum += c[k];
    double right = 0;
    for (uint64_t k = length; k-- > mode;)
        right += c[k];
    sum += right;
    for (uint64_t k = 0; k < length; k++)
        c[k] /= sum;
}

/* Cut coefficients that sum to 1 at the smallest degree >= minimum_degree whose tail is <= tolerance, and
 * restore the sum. Returns the degree; *tail is what was cut, in the new scale. */
EPNET_HOST_DEVICE uint64_t epnet_series_truncate(double *c, uint64_t length, double tolerance,
                                                 uint64_t minimum_degree, double *tail) {
    uint64_t degree = length - 1;
    double cut = 0;
    while (degree > minimum_degree && cut + c[degree] <= tolerance)
        cut += c[degree--];
    double kept = 0;
    for (uint64_t k = degree + 1; k-- > 0;)
        kept += c[k];
    for (uint64_t k = 0; k < length; k++)
        c[k] /= kept;
    *tail = cut / kept;
    return degree;
}

/* Error of a Chebyshev sum of `degree` when ||T_k(V) p||_1 has grown to `growth` at k = degree: see
 * epnet_series_chebyshev_error() in host/integrator.h. */
EPNET_HOST_DEVICE void epnet_chebyshev_error(double x, const double *c, uint64_t length, uint64_t degree,
                                             double growth, double *tail, double *rounding) {
    double factor = growth > 1 ? growth : 1;
    const double ratio = pow(factor, 1 / (double)(degree > 0 ? degree : 1));
    *tail = 0;
    for (uint64_t k = degree + 1; k < length; k++) {
        factor *= ratio;
        *tail += c[k] * factor;
    }
    /* sum_k c_k ratio^k = exp(x (cosh ln ratio - 1)) */
    *rounding = 4 * DBL_EPSILON * exp(x * ((ratio + 1 / ratio) / 2 - 1));
}

/* ---- Chebyshev's steps --------------------------------------------------------------------------------- */

/* What the next step of a trajectory is tried with. */
typedef struct EpnetChebyshevTry {
    double x_cap, x_ceiling; /* largest x now, and that it may grow to */
    double margin;           /* by which a series is cut more finely than its tolerance: vectors may grow */
} EpnetChebyshevTry;

EPNET_HOST_DEVICE EpnetChebyshevTry epnet_chebyshev_first(void) {
    const EpnetChebyshevTry first = {EPNET_CHEBYSHEV_X_FIRST, EPNET_CHEBYSHEV_X_MAX, 4};
    return first;
}

/* Whether a step of x, whose vectors grew to `growth` and whose sum is off by `tail` and `rounding`, is good
 * enough for `tolerance`; sets what is tried next. */
EPNET_HOST_DEVICE int epnet_chebyshev_judge(EpnetChebyshevTry *next, double x, double tolerance,
                                            double growth, double tail, double rounding) {
    const double least = 64 * DBL_EPSILON;
    const int rounds = !(rounding <= (tolerance > least ? tolerance : least)), cut = !(tail <= tolerance);
    if (cut && !rounds && growth * 2 > next->margin) {
        next->margin = growth * 8;
        return 0;
    }
    if (rounds || cut) {
        next->x_cap = next->x_ceiling = x / 2;
        return 0;
    }
    if (x > 0.9 * next->x_cap)
        next->x_cap = 2 * next->x_cap < next->x_ceiling ? 2 * next->x_cap : next->x_ceiling;
    return 1;
}

#endif

/* Coefficients of the two polynomial integrators of dp/dt = pL, shared by every backend. With Lambda the
 * largest exit rate and x = Lambda dt, exp(dt L) = exp(-x (1 - V)), V = 1 + L/Lambda a stochastic matrix:
 *   Chebyshev       exp(-x (1 - V)) = sum_k c_k T_k(V),  c_k = (2 - [k = 0]) e^-x I_k(x)
 *   uniformization  exp(-x (1 - V)) = sum_k w_k V^k,     w_k = e^-x x^k / k!
 * Both are cut at a degree and divided by their sum, which keeps the total probability exact. */
#ifndef EPNET_HOST_INTEGRATOR_H
#define EPNET_HOST_INTEGRATOR_H

#include <stdbool.h>
#include <stddef.h>

typedef struct EpnetSeries {
    double x; /* what it was computed for, with the next two */
    double tolerance;
    size_t minimum_degree;
    size_t degree;
    size_t length; /* coefficients kept beyond the degree, for error estimates: c[0 .. length-1] */
    size_t capacity;
    double *c;   /* c[0 .. degree] sum to 1; c[degree+1 ..] follow in the same scale */
    double tail; /* sum of c beyond the degree */
} EpnetSeries;

/* Chebyshev coefficients for x > 0: the smallest degree >= minimum_degree whose tail is <= tolerance, which
 * is the L1 error as long as ||T_k(V) p||_1 stays near 1 (a spectrum close to the real axis). Computed by
 * Miller's backward recurrence. Kept from the last call when nothing has changed. False when memory is
 * exhausted. */
bool epnet_series_chebyshev(EpnetSeries *series, double x, double tolerance, size_t minimum_degree);

/* Poisson weights for x > 0, all positive or underflowed to 0: the L1 error is at most twice the tail, for
 * any generator. False when memory is exhausted. */
bool epnet_series_poisson(EpnetSeries *series, double x, double tolerance, size_t minimum_degree);

/* Error of a Chebyshev sum when ||T_k(V) p||_1 has grown to `growth` at k = degree, as it does when
 * eigenvalues leave the real axis. The norms are taken to grow geometrically: *tail sums the dropped terms
 * with them, *rounding is that of terms which exceed their sum. */
void epnet_series_chebyshev_error(const EpnetSeries *series, double growth, double *tail, double *rounding);

void epnet_series_free(EpnetSeries *series);

#endif

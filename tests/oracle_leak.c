/* The leak from its definition: dense exponentials of the flips alone, bisection, least squares, and a
 * bootstrap with this file's own Philox. */
#include "oracle.h"

#include <math.h>
#include <stdlib.h>

/* ---- quench ------------------------------------------------------------------------------------------- */

/* I at a time after the quench. Of relative accuracy where it is small: D(p || product), by log1p. */
static Real information_at(const OracleChain *flips, const Real *generator, const Real *p0, Real t) {
    size_t n = flips->states;
    Real *relax = oracle_allocate(n * n, sizeof(Real)), *p = oracle_allocate(n, sizeof(Real)), sum = 0;
    oracle_exponential(n, generator, t, relax);
    oracle_advance(n, p0, relax, p);
    for (size_t s = 0; s < n; s++) {
        Real product = 1;
        for (int i = 0; i < flips->nodes; i++) {
            Real law[2];
            oracle_marginal(flips, p, (size_t)1 << i, law);
            product *= law[s >> i & 1];
        }
        Real d = (p[s] - product) / product; /* p ln(p/q) - p + q, the last two of which sum to nothing */
        if (p[s] > 0 && product > 0)
            sum += fabsl(d) > 0.01L ? p[s] * logl(p[s] / product) - p[s] + product
                                    : product * ((1 + d) * log1pl(d) - d);
        else
            sum += product;
    }
    free(p);
    free(relax);
    return sum;
}

static Real crossing(const OracleChain *flips, const Real *generator, const Real *p0, Real level) {
    Real low = 0, high = 1;
    while (information_at(flips, generator, p0, high) > level)
        high *= 2;
    for (int k = 0; k < 60; k++) {
        Real middle = low + (high - low) / 2;
        if (information_at(flips, generator, p0, middle) > level)
            low = middle;
        else
            high = middle;
    }
    return high;
}

Real oracle_quench(const OracleNetwork *network, const Real *p0, const double window[2], size_t samples,
                   Real *t, Real *y) {
    OracleNetwork quenched = *network;
    quenched.edge_count = 0;
    OracleChain flips = oracle_chain(&quenched);
    Real *generator = oracle_generator(&flips), initial = information_at(&flips, generator, p0, 0);
    Real first = crossing(&flips, generator, p0, window[0] * initial);
    Real last = crossing(&flips, generator, p0, window[1] * initial);
    for (size_t k = 0; k < samples; k++) {
        t[k] = first + (last - first) * (Real)k / (Real)(samples - 1);
        y[k] = logl(information_at(&flips, generator, p0, t[k]));
    }
    free(generator);
    oracle_chain_free(&flips);
    return oracle_leak_slope(samples, t, y);
}

/* ---- line and bootstrap ------------------------------------------------------------------------------- */

/* Intercept and slope by the normal equations about t[0]. */
static void line(size_t n, const Real *t, const Real *y, Real *intercept, Real *slope) {
    Real s_t = 0, s_tt = 0, s_y = 0, s_ty = 0, count = (Real)n;
    for (size_t k = 0; k < n; k++) {
        Real x = t[k] - t[0];
        s_t += x;
        s_tt += x * x;
        s_y += y[k];
        s_ty += x * y[k];
    }
    Real determinant = count * s_tt - s_t * s_t;
    *slope = (count * s_ty - s_t * s_y) / determinant;
    *intercept = (s_tt * s_y - s_t * s_ty) / determinant;
}

Real oracle_leak_slope(size_t n, const Real *t, const Real *y) {
    Real intercept, slope;
    line(n, t, y, &intercept, &slope);
    return -slope;
}

void oracle_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t x[4] = {counter[0], counter[1], counter[2], counter[3]}, k[2] = {key[0], key[1]};
    for (int round = 0; round < 10; round++) {
        uint64_t a = UINT64_C(0xD2511F53) * x[0], b = UINT64_C(0xCD9E8D57) * x[2];
        uint32_t next[4] = {(uint32_t)(b >> 32) ^ x[1] ^ k[0], (uint32_t)b, (uint32_t)(a >> 32) ^ x[3] ^ k[1],
                            (uint32_t)a};
        for (int w = 0; w < 4; w++)
            x[w] = next[w];
        k[0] += UINT32_C(0x9E3779B9);
        k[1] += UINT32_C(0xBB67AE85);
    }
    for (int w = 0; w < 4; w++)
        out[w] = x[w];
}

static int ascending(const void *a, const void *b) {
    Real x = *(const Real *)a, y = *(const Real *)b;
    return (x > y) - (x < y);
}

static Real quantile(size_t n, const Real *sorted, Real part) {
    Real at = part * (Real)(n - 1), below = floorl(at);
    size_t k = (size_t)below;
    return k + 1 < n ? sorted[k] + (at - below) * (sorted[k + 1] - sorted[k]) : sorted[k];
}

void oracle_leak_interval(size_t n, const Real *t, const Real *y, size_t replicates, uint64_t seed, Real *low,
                          Real *high) {
    Real *leaks = oracle_allocate(replicates, sizeof(Real)), *again = oracle_allocate(n, sizeof(Real));
    Real intercept, slope;
    line(n, t, y, &intercept, &slope);
    for (size_t b = 0; b < replicates; b++) {
        for (size_t k = 0; k < n; k++) {
            const uint32_t counter[4] = {(uint32_t)(k / 4), (uint32_t)b, 0, 0};
            const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
            uint32_t words[4];
            oracle_philox(counter, key, words);
            size_t from = (size_t)(((uint64_t)words[k % 4] * n) >> 32);
            Real residual = y[from] - intercept - slope * (t[from] - t[0]);
            again[k] = intercept + slope * (t[k] - t[0]) + residual;
        }
        leaks[b] = oracle_leak_slope(n, t, again);
    }
    qsort(leaks, replicates, sizeof *leaks, ascending);
    *low = quantile(replicates, leaks, 0.025L);
    *high = quantile(replicates, leaks, 0.975L);
    free(again);
    free(leaks);
}

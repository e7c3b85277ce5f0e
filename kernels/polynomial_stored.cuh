/* The same for up to 8 nodes, whose rates stay in registers too. They are stored as entries of the matrix
 * that is applied, so that a state takes one multiply-add per node, two for itself and the vector before, and
 * one for the sum: with more arithmetic, that and not the exchange would set the pace up to 5 nodes. */
#ifndef EPNET_KERNELS_POLYNOMIAL_STORED_CUH
#define EPNET_KERNELS_POLYNOMIAL_STORED_CUH

#include "polynomial.cuh"

/* scale L of the states of a thread: from[j][r] takes state r from the one that differs in x_j; `leave` is
 * the sum of what the others take of it, in the rounded numbers that they use, so that no probability is lost
 * however long the time. */
template <class S> struct EpnetStoredMatrix {
    double identity, leave[S::STATES], from[S::NODES][S::STATES];

    __device__ void load(const EpnetDevicePoint &point, const EpnetPartners<S> &partners, int t,
                         double identity_factor, double scale) {
        constexpr int T = S::THREAD_BITS;
        identity = identity_factor;
#pragma unroll
        for (int j = 0; j < S::NODES; j++) {
#pragma unroll
            for (int r = 0; r < S::STATES; r++)
                from[j][r] = scale * epnet_tables_rate(point.tables, j, (uint32_t)(r << T | t) ^ 1u << j);
        }
#pragma unroll
        for (int r = 0; r < S::STATES; r++) {
            leave[r] = 0;
#pragma unroll
            for (int j = 0; j < S::NODES; j++)
                leave[r] += j < T ? partners.of(from[j], j, r) : from[j][r ^ (1 << j >> T)];
        }
    }

    /* next = (identity + scale L) now, or with RECURS that - next. */
    template <bool RECURS>
    __device__ void apply(const EpnetPartners<S> &partners, const double (&now)[S::STATES],
                          double (&next)[S::STATES]) const {
#pragma unroll
        for (int r = 0; r < S::STATES; r++) {
            double sum = RECURS ? identity * now[r] - next[r] : identity * now[r];
            sum -= leave[r] * now[r];
#pragma unroll
            for (int j = 0; j < S::THREAD_BITS; j++)
                sum += from[j][r] * partners.of(now, j, r);
#pragma unroll
            for (int b = 0; b < S::REGISTER_BITS; b++)
                sum += from[S::THREAD_BITS + b][r] * now[r ^ 1 << b];
            next[r] = sum;
        }
    }
};

template <int COUNT>
__device__ static inline void epnet_add_term(double c, const double (&v)[COUNT], double (&sum)[COUNT]) {
#pragma unroll
    for (int r = 0; r < COUNT; r++)
        sum[r] += c * v[r];
}

/* v_2 ... of the polynomial into the sum; before, now = v_0, v_1 become the last two vectors in any order. */
template <class S, bool RECURS>
__device__ static inline void epnet_stored_terms(const EpnetStoredMatrix<S> &matrix,
                                                 const EpnetPartners<S> &partners, int degree,
                                                 const double *c, double (&before)[S::STATES],
                                                 double (&now)[S::STATES], double (&sum)[S::STATES]) {
    int k = 2;
    for (; k < degree; k += 2) {
        matrix.template apply<RECURS>(partners, now, before);
        epnet_add_term(c[k], before, sum);
        matrix.template apply<RECURS>(partners, before, now);
        epnet_add_term(c[k + 1], now, sum);
    }
    if (k == degree) {
        matrix.template apply<RECURS>(partners, now, before);
        epnet_add_term(c[k], before, sum);
    }
}

/* As epnet_polynomial_in_registers(). */
template <class S>
__device__ static EPNET_NOINLINE double epnet_polynomial_stored(const EpnetGroup &group,
                                                                const EpnetDevicePoint &point,
                                                                const EpnetPolynomial &polynomial) {
    constexpr int STATES = S::STATES, T = S::THREAD_BITS;
    const int t = group.rank, degree = polynomial.degree;
    const bool chebyshev = polynomial.chebyshev;
    const double *const c = polynomial.c, *const from = point.p + t;
    const double factor = chebyshev ? 2 : 1, first = chebyshev ? 0.5 : 1;
    double *const to = point.dp + t;
    double a[STATES], b[STATES], sum[STATES];
    EpnetStoredMatrix<S> matrix;
    EpnetPartners<S> partners;
    partners.load(group, NULL);
    matrix.load(point, partners, t, factor * polynomial.identity, factor * polynomial.scale);
    epnet_group_sync(group); /* dp is not read any more */
#pragma unroll
    for (int r = 0; r < STATES; r++) {
        a[r] = from[r << T];
        b[r] = 0;
        sum[r] = c[0] * a[r];
    }
    if (degree > 0) {
        matrix.template apply<false>(partners, a, b);
#pragma unroll
        for (int r = 0; r < STATES; r++)
            b[r] *= first; /* v_1 = M v_0 */
        epnet_add_term(c[1], b, sum);
    }
    if (chebyshev)
        epnet_stored_terms<S, true>(matrix, partners, degree, c, a, b, sum);
    else
        epnet_stored_terms<S, false>(matrix, partners, degree, c, a, b, sum);

    double norms[2] = {0, 0};
#pragma unroll
    for (int r = 0; r < STATES; r++) {
        to[r << T] = sum[r];
        norms[0] += fabs(a[r]);
        norms[1] += fabs(b[r]);
    }
    if (!chebyshev)
        return 0;
    epnet_group_sums(group, norms);
    return fmax(norms[0], norms[1]);
}

#endif

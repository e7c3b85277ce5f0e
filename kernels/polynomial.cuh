/* A polynomial in L applied to the state of a point: the hot loop of every integrator.
 *
 * With M = identity + scale L, v_0 = p and v_k = M v_{k-1}, or by the Chebyshev recurrence v_1 = M v_0,
 * v_k = 2 M v_{k-1} - v_{k-2}, the sum over k of c[k] v_k.
 *
 * A thread has its states in registers (shape.cuh): here 9 to 13 nodes; fewer have their rates there as well
 * (polynomial_stored.cuh), of more a tile is there at a time (polynomial_tiles.cuh). A flip of node j >= T
 * leads to another register of the same thread. A flip of node j < T leads to thread t ^ 2^j: by a shuffle
 * inside a warp, through shared memory in a block of several. Exchange is what the loop costs most, so R is
 * as large as the registers allow. */
#ifndef EPNET_KERNELS_POLYNOMIAL_CUH
#define EPNET_KERNELS_POLYNOMIAL_CUH

#include "inflow.cuh"

struct EpnetPolynomial {
    double identity, scale;
    bool chebyshev;
    int degree;
    const double *c; /* degree + 1 */
};

/* From p in point.p to the sum in point.dp; ln p is lost. Returns, of a Chebyshev series, the larger 1-norm
 * of its last two vectors, which shows whether they grow. */
template <class S>
__device__ static EPNET_NOINLINE double epnet_polynomial_in_registers(const EpnetGroup &group,
                                                                      const EpnetDevicePoint &point,
                                                                      const EpnetPolynomial &polynomial) {
    constexpr int STATES = S::STATES, T = S::THREAD_BITS;
    /* With 32 states per thread, the sum and the exit rates leave the registers: only their thread reads
     * them, so this costs less than the exchange that more threads would take. */
    constexpr bool KEEPS_SUM = S::REGISTER_BITS <= 4;
    EPNET_DYNAMIC_SHARED(double, shared);
    const int t = group.rank;
    double *const exchange = shared + point.stage + point.map.exchange;
    const double identity = polynomial.identity, scale = polynomial.scale;
    double a[STATES], b[STATES], sum[KEEPS_SUM ? STATES : 1], exit[KEEPS_SUM ? STATES : 1];
    double *const sums = point.dp + t;
    const double *const exits = point.scratch + point.map.exit + t;
    const double *const from = point.p + t;
    EpnetInflow<S> inflow;
    EpnetPartners<S> partners;
    partners.load(group, exchange);
    inflow.load(point.tables, shared + point.stage + point.map.high, t);
    epnet_group_sync(group); /* dp and ln p are not read any more */
#pragma unroll
    for (int r = 0; r < STATES; r++) {
        a[r] = from[r << T];
        b[r] = 0;
        if constexpr (KEEPS_SUM) {
            sum[r] = polynomial.c[0] * a[r];
            exit[r] = exits[r << T];
        } else {
            sums[r << T] = polynomial.c[0] * a[r];
        }
    }

    /* next = f (M now) - g next, where next holds the vector before now; c: what the sum gets of next, and
     * what of now if it is not in registers: it is read and written once for two vectors then. */
    const auto step = [&](const double(&now)[STATES], double(&next)[STATES], double f, double g, double c,
                          bool adds = true, double c_now = 0) {
        if constexpr (!S::WARP) {
            __syncthreads(); /* the vector before is read */
#pragma unroll
            for (int r = 0; r < STATES; r++)
                exchange[t + (r << T)] = now[r];
            __syncthreads();
        } else {
            __syncwarp(); /* keeps the compiler from reading all tables into registers before the loop */
        }
        double ahead_exit[2][2], ahead_sum[2][2]; /* of a pair of states, and the next one's on their way */
        const auto load = [&](int r) {
#pragma unroll
            for (int i = 0; i < 2 && r < STATES; i++) {
                ahead_exit[r / 2 % 2][i] = exits[(r + i) << T];
                ahead_sum[r / 2 % 2][i] = adds ? sums[(r + i) << T] : 0;
            }
        };
        if constexpr (!KEEPS_SUM)
            load(0);
#pragma unroll
        for (int r = 0; r < STATES; r += 2) {
            double flow[2];
            if constexpr (!KEEPS_SUM)
                load(r + 2); /* before what is stored below */
#pragma unroll
            for (int i = 0; i < 2; i++)
                flow[i] = -(KEEPS_SUM ? exit[KEEPS_SUM ? r + i : 0] : ahead_exit[r / 2 % 2][i]) * now[r + i];
            inflow.add(partners, now, r, flow);
#pragma unroll
            for (int i = 0; i < 2; i++) {
                next[r + i] = f * (identity * now[r + i] + scale * flow[i]) - g * next[r + i];
                if constexpr (KEEPS_SUM)
                    sum[r + i] += c * next[r + i];
                else if (adds)
                    sums[(r + i) << T] = ahead_sum[r / 2 % 2][i] + c_now * now[r + i] + c * next[r + i];
            }
        }
    };

    const double f = polynomial.chebyshev ? 2 : 1, g = polynomial.chebyshev ? 1 : 0;
    if (polynomial.degree > 0)
        step(a, b, 1, 0, polynomial.c[1]);
    int k = 2;
    for (; k < polynomial.degree; k += 2) {
        step(b, a, f, g, polynomial.c[k], KEEPS_SUM);
        step(a, b, f, g, polynomial.c[k + 1], true, polynomial.c[k]);
    }
    if (k == polynomial.degree)
        step(b, a, f, g, polynomial.c[k]);

    double norms[2] = {0, 0};
#pragma unroll
    for (int r = 0; r < STATES; r++) {
        if constexpr (KEEPS_SUM)
            sums[r << T] = sum[r];
        norms[0] += fabs(a[r]);
        norms[1] += fabs(b[r]);
    }
    epnet_group_sync(group); /* the last exchange is read */
    if (!polynomial.chebyshev)
        return 0;
    epnet_group_sums(group, norms);
    return fmax(norms[0], norms[1]);
}

#endif

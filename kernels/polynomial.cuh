/* A polynomial in L applied to the state of a point: the hot loop of every integrator.
 *
 * With M = identity + scale L, v_0 = p and v_k = M v_{k-1}, or by the Chebyshev recurrence v_1 = M v_0,
 * v_k = 2 M v_{k-1} - v_{k-2}, the sum over k of c[k] v_k.
 *
 * Thread t of the 2^T threads of a group holds the 2^R states s = r 2^T + t, r = 0 .. 2^R - 1, in registers.
 * A flip of node j >= T leads to another register of the same thread. A flip of node j < T leads to thread t
 * ^ 2^j: by a shuffle inside a warp, through shared memory in a block of several. Exchange is what the loop
 * costs most, so R is as large as the registers allow. */
#ifndef EPNET_KERNELS_POLYNOMIAL_CUH
#define EPNET_KERNELS_POLYNOMIAL_CUH

#include "point.cuh"

struct EpnetPolynomial {
    double identity, scale;
    bool chebyshev;
    int degree;
    const double *c; /* degree + 1 */
};

/* The rates at which probability flows into a thread's states. Up to 8 nodes they are kept in registers;
 * beyond, the part of the thread's own bits is, and that of the register bits is read from the high tables.
 */
template <int R, int T> struct EpnetInflow {
    static constexpr int STATES = 1 << R, NODES = R + T;
    static constexpr bool STORED = NODES <= 8;
    double stored[STORED ? NODES : 1][STORED ? STATES : 1];
    double low[STORED ? 1 : T + 1], low_register[STORED ? 1 : R][2];
    const double *high[STORED ? 1 : T + 1], *high_register;

    __device__ void load(const EpnetTables &tables, int t) {
        if constexpr (STORED) {
#pragma unroll
            for (int j = 0; j < NODES; j++) {
#pragma unroll
                for (int r = 0; r < STATES; r++) {
                    const uint32_t from = (uint32_t)(r << T | t) ^ 1u << j;
                    stored[j][r] = epnet_tables_rate(tables, j, from);
                }
            }
        } else {
#pragma unroll
            for (int j = 0; j < T; j++) {
                const int table = 2 * j + 1 - (t >> j & 1); /* the partner has the other x_j */
                low[j] = tables.low[(table << T) + t];
                high[j] = tables.high + (table << R);
            }
#pragma unroll
            for (int b = 0; b < R; b++) {
                low_register[b][0] = tables.low[(2 * (T + b) << T) + t];
                low_register[b][1] = tables.low[((2 * (T + b) + 1) << T) + t];
            }
            high_register = tables.high + (2 * T << R);
        }
    }

    /* The rate of node j < T into state r of this thread. */
    __device__ double thread_bit(int j, int r) const {
        if constexpr (STORED)
            return stored[j][r];
        else
            return low[j] + high[j][r];
    }

    /* The rate of node T + b into state r. */
    __device__ double register_bit(int b, int r) const {
        if constexpr (STORED) {
            return stored[T + b][r];
        } else {
            const int x = 1 - (r >> b & 1);
            return low_register[b][x] + high_register[((2 * b + x) << R) + r];
        }
    }
};

/* What thread t ^ 2^j holds as its state r. */
template <int R, int T>
__device__ static inline double epnet_partner(const EpnetGroup &group, const double (&v)[1 << R],
                                              const double *exchange, int j, int r) {
    if constexpr (T <= 5)
        return __shfl_xor_sync(group.lanes, v[r], 1 << j);
    else
        return exchange[(r << T) + (group.rank ^ 1 << j)];
}

/* From p in point.p to the sum in point.log_p, whose content is lost, as is that of point.dp. Returns, of a
 * Chebyshev series, the larger 1-norm of its last two vectors, which shows whether they grow. */
template <int R, int T>
__device__ static EPNET_NOINLINE double
epnet_polynomial(const EpnetGroup &group, const EpnetDevicePoint &point, const EpnetPolynomial &polynomial) {
    constexpr int STATES = 1 << R;
    const int t = group.rank;
    const double identity = polynomial.identity, scale = polynomial.scale;
    double a[STATES], b[STATES], sum[STATES];
    double *const exit = point.dp, *const exchange = point.log_p;
    EpnetInflow<R, T> inflow;
    inflow.load(point.tables, t);
    epnet_group_sync(group); /* dp and ln p are not read any more */
#pragma unroll
    for (int r = 0; r < STATES; r++) {
        const int s = r << T | t;
        exit[s] = point.scratch[point.map.exit + s];
        a[r] = point.p[s];
        b[r] = 0;
        sum[r] = polynomial.c[0] * a[r];
    }

    /* next = f (M now) - g next, where next holds the vector before now. */
    const auto step = [&](const double(&now)[STATES], double(&next)[STATES], double f, double g, double c) {
        if constexpr (T > 5) {
            __syncthreads(); /* the vector before is read */
#pragma unroll
            for (int r = 0; r < STATES; r++)
                exchange[(r << T) + t] = now[r];
            __syncthreads();
        } else if constexpr (!EpnetInflow<R, T>::STORED) {
            __syncwarp(); /* keeps the compiler from reading all tables into registers before the loop */
        }
#pragma unroll
        for (int r = 0; r < STATES; r++) {
            double flow = -exit[r << T | t] * now[r];
#pragma unroll
            for (int j = 0; j < T; j++)
                flow += inflow.thread_bit(j, r) * epnet_partner<R, T>(group, now, exchange, j, r);
#pragma unroll
            for (int i = 0; i < R; i++)
                flow += inflow.register_bit(i, r) * now[r ^ 1 << i];
            next[r] = f * (identity * now[r] + scale * flow) - g * next[r];
            sum[r] += c * next[r];
        }
    };

    const double f = polynomial.chebyshev ? 2 : 1, g = polynomial.chebyshev ? 1 : 0;
    if (polynomial.degree > 0)
        step(a, b, 1, 0, polynomial.c[1]);
    int k = 2;
    for (; k < polynomial.degree; k += 2) {
        step(b, a, f, g, polynomial.c[k]);
        step(a, b, f, g, polynomial.c[k + 1]);
    }
    if (k == polynomial.degree)
        step(b, a, f, g, polynomial.c[k]);

    epnet_group_sync(group); /* the last exchange is read */
    double norms[2] = {0, 0};
#pragma unroll
    for (int r = 0; r < STATES; r++) {
        point.log_p[r << T | t] = sum[r];
        norms[0] += fabs(a[r]);
        norms[1] += fabs(b[r]);
    }
    if (!polynomial.chebyshev)
        return 0;
    epnet_group_sums(group, norms);
    return fmax(norms[0], norms[1]);
}

#endif

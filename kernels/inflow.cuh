/* What the hot loops take from other threads, and, from 9 nodes on (polynomial.cuh), the rates at which
 * probability flows into the states of a thread: r_j(s) is the sum of a part of the thread's bits, in
 * registers, and one of all higher bits, from the high tables in shared memory: rows of both values of x_j
 * lie in different banks (epnet_high_pitch), and two neighbours are read at once, so that this costs a
 * quarter of what the exchange of p does. */
#ifndef EPNET_KERNELS_INFLOW_CUH
#define EPNET_KERNELS_INFLOW_CUH

#include "point.cuh"
#include "shape.cuh"

/* The group as one of the shape, whose size the compiler knows: no branches, and cheaper shuffles. */
template <class S> __device__ static inline EpnetGroup epnet_group_of(const EpnetGroup &group) {
    EpnetGroup same = group;
    same.size = 1 << S::THREAD_BITS;
    if constexpr (S::THREAD_BITS >= 5)
        same.lanes = ~0u;
    return same;
}

/* What the other threads hold as their state r: v[r] of thread t ^ 2^j. */
template <class S> struct EpnetPartners {
    unsigned lanes;
    const double *from[S::WARP ? 1 : S::THREAD_BITS];

    __device__ void load(const EpnetGroup &group, const double *exchange) {
        lanes = epnet_group_of<S>(group).lanes;
        if constexpr (!S::WARP) {
#pragma unroll
            for (int j = 0; j < S::THREAD_BITS; j++)
                from[j] = exchange + (group.rank ^ 1 << j);
        }
    }

    __device__ double of(const double (&v)[S::STATES], int j, int r) const {
        if constexpr (S::WARP)
            return __shfl_xor_sync(lanes, v[r], 1 << j);
        else
            return from[j][r << S::THREAD_BITS];
    }
};

template <class S> struct EpnetInflow {
    static constexpr int R = S::REGISTER_BITS, T = S::THREAD_BITS;
    static constexpr int PITCH = (int)epnet_high_pitch(R + S::TILE_BITS);
    double low[T], low_register[R][2];
    const double *row[T], *high; /* row of each thread bit; of the tile, once it is set */

    __device__ void load(const EpnetTables &tables, const double *shared_high, int t) {
        high = shared_high;
#pragma unroll
        for (int j = 0; j < T; j++) {
            const int table = 2 * j + 1 - (t >> j & 1); /* the partner has the other x_j */
            low[j] = tables.low[(table << T) + t];
            row[j] = shared_high + table * PITCH;
        }
#pragma unroll
        for (int b = 0; b < R; b++) {
            low_register[b][0] = tables.low[(2 * (T + b) << T) + t];
            low_register[b][1] = tables.low[((2 * (T + b) + 1) << T) + t];
        }
    }

    /* Add to flow the inflow into states r and r + 1 from the other states of the tile, which begins at `at`
     * in a row. */
    __device__ void add(const EpnetPartners<S> &partners, const double (&now)[S::STATES], int r,
                        double (&flow)[2], int at = 0) const {
#pragma unroll
        for (int j = 0; j < T; j++) {
            const double2 part = *reinterpret_cast<const double2 *>(row[j] + at + r);
            flow[0] += (low[j] + part.x) * partners.of(now, j, r);
            flow[1] += (low[j] + part.y) * partners.of(now, j, r + 1);
        }
        const double *const rows = high + 2 * T * PITCH + at;
        flow[0] += (low_register[0][1] + rows[PITCH + r]) * now[r + 1];
        flow[1] += (low_register[0][0] + rows[r + 1]) * now[r];
#pragma unroll
        for (int b = 1; b < R; b++) {
            const int x = 1 - (r >> b & 1);
            const double2 part = *reinterpret_cast<const double2 *>(rows + (2 * b + x) * PITCH + r);
            flow[0] += (low_register[b][x] + part.x) * now[r ^ 1 << b];
            flow[1] += (low_register[b][x] + part.y) * now[(r + 1) ^ 1 << b];
        }
    }
};

#endif

/* The same for 14 to 16 nodes, whose vectors lie in device memory: the block goes through them tile by tile
 * (shape.cuh), exchanges within a tile through shared memory, and reads what flows over the bits of the
 * tile's number from the neighbouring tiles. Threads read vectors of others only where they are complete. */
#ifndef EPNET_KERNELS_POLYNOMIAL_TILES_CUH
#define EPNET_KERNELS_POLYNOMIAL_TILES_CUH

#include "polynomial.cuh"

/* One application: next = f (M now) - g before, sum += c next. `next` may be `before`. */
template <class S>
__device__ static EPNET_NOINLINE void
epnet_tiles_apply(const EpnetGroup &group, const EpnetDevicePoint &point, double identity, double scale,
                  const double *all_now, const double *before, double *all_next, double f, double g,
                  double c) {
    constexpr int STATES = S::STATES, T = S::THREAD_BITS, TILE = S::REGISTER_BITS + T;
    EPNET_DYNAMIC_SHARED(double, shared);
    double *const exchange = shared + point.stage + point.map.exchange;
    const int t = group.rank;
    const double *const exit = point.scratch + point.map.exit;
    double *const sum = point.dp;
    const double *const low = point.tables.low + (2 * TILE << T) + t;
    EpnetInflow<S> inflow;
    EpnetPartners<S> partners;
    inflow.load(point.tables, shared + point.stage + point.map.high, t);
    partners.load(group, exchange);
#pragma unroll 1
    for (int tile = 0; tile < 1 << S::TILE_BITS; tile++) {
        const int at = (tile << TILE) + t, column = tile << S::REGISTER_BITS;
        double now[STATES];
#pragma unroll
        for (int r = 0; r < STATES; r++)
            now[r] = all_now[at + (r << T)];
        __syncthreads(); /* the tile before is read */
#pragma unroll
        for (int r = 0; r < STATES; r++)
            exchange[t + (r << T)] = now[r];
        __syncthreads();
        double low_tile[S::TILE_BITS];
        const double *rows[S::TILE_BITS], *neighbour[S::TILE_BITS];
#pragma unroll
        for (int b = 0; b < S::TILE_BITS; b++) {
            const int table = 2 * b + 1 - (tile >> b & 1); /* the neighbour has the other x_j */
            low_tile[b] = low[table << T];
            rows[b] = inflow.high + (2 * TILE + table) * EpnetInflow<S>::PITCH + column;
            neighbour[b] = all_now + (at ^ 1 << (TILE + b));
        }
#pragma unroll
        for (int r = 0; r < STATES; r += 2) {
            double flow[2];
#pragma unroll
            for (int i = 0; i < 2; i++)
                flow[i] = -exit[at + ((r + i) << T)] * now[r + i];
            inflow.add(partners, now, r, flow, column);
#pragma unroll
            for (int b = 0; b < S::TILE_BITS; b++) {
                const double2 part = *reinterpret_cast<const double2 *>(rows[b] + r);
                flow[0] += (low_tile[b] + part.x) * neighbour[b][r << T];
                flow[1] += (low_tile[b] + part.y) * neighbour[b][(r + 1) << T];
            }
#pragma unroll
            for (int i = 0; i < 2; i++) {
                const int s = at + ((r + i) << T);
                const double next = f * (identity * now[r + i] + scale * flow[i]) - g * before[s];
                all_next[s] = next;
                sum[s] += c * next;
            }
        }
    }
}

/* As epnet_polynomial_in_registers(). Two vectors of the observables are at rest during the time loop. */
template <class S>
__device__ static inline double epnet_polynomial_in_tiles(const EpnetGroup &group,
                                                          const EpnetDevicePoint &point,
                                                          const EpnetPolynomial &polynomial) {
    double *const vectors[2] = {point.scratch + point.map.side[0], point.scratch + point.map.side[1]};
    const double *before = point.p, *now = point.p;
    for (int s = group.rank; s < 1 << S::NODES; s += group.size)
        point.dp[s] = polynomial.c[0] * point.p[s];
    for (int k = 1; k <= polynomial.degree; k++) {
        const bool recurs = polynomial.chebyshev && k > 1;
        double *const next = vectors[k % 2];
        epnet_tiles_apply<S>(group, point, polynomial.identity, polynomial.scale, now, before, next,
                             recurs ? 2 : 1, recurs ? 1 : 0, polynomial.c[k]);
        before = now;
        now = next;
    }
    if (!polynomial.chebyshev)
        return 0;
    double norms[2] = {0, 0};
    for (int s = group.rank; s < 1 << S::NODES; s += group.size) {
        norms[0] += fabs(now[s]);
        norms[1] += fabs(before[s]);
    }
    epnet_group_sums(group, norms);
    return fmax(norms[0], norms[1]);
}

template <class S>
__device__ static inline double epnet_polynomial(const EpnetGroup &group, const EpnetDevicePoint &point,
                                                 const EpnetPolynomial &polynomial) {
    if constexpr (S::TILE_BITS == 0)
        return epnet_polynomial_in_registers<S>(group, point, polynomial);
    else
        return epnet_polynomial_in_tiles<S>(group, point, polynomial);
}

#endif

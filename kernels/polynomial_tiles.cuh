/* The same for 14 to 16 nodes, whose vectors lie in device memory: the block goes through them tile by tile
 * (shape.cuh), exchanges within a tile through shared memory, and reads what flows over the bits of the
 * tile's number from the neighbouring tiles. Where shared memory has room for more, one of the two vectors of
 * the recurrence has its first tiles there: by turns it is read and written, which makes it worth the most. A
 * thread reads what it has written itself, in this application or the one before; only within a tile do
 * threads meet. */
#ifndef EPNET_KERNELS_POLYNOMIAL_TILES_CUH
#define EPNET_KERNELS_POLYNOMIAL_TILES_CUH

#include "polynomial_stored.cuh"

/* What an application leaves in the sum of c[k] v_k: the terms of up to three vectors at once, so that the
 * sum is read and written once in three applications of a Chebyshev series, in two of another. */
struct EpnetTilesSum {
    bool begins; /* there is no sum yet */
    double before, now, next;
};

/* A vector over the states: the first tiles in shared memory, the others in device memory. */
template <class S> struct EpnetTiledVector {
    double *near, *far;
    int near_tiles;

    __device__ double *tile(int k) const {
        return (k < near_tiles ? near : far) + (k << (S::REGISTER_BITS + S::THREAD_BITS));
    }
};

/* Exit rates, sum over j of r_j(s), made anew rather than read, where shared memory has room for it: 8 bytes
 * a state less. r_j is a sum of a part of the thread's bits and one of all higher bits (EpnetTables). The
 * former are sums over the nodes of a thread, a register bit and a tile's bit; the latter depend on the
 * thread only by which row each of its bits takes, and so are two table entries: one by the lower half of the
 * thread's bits, with the register bits' own rows, and one by the upper, with those of the tile's bits. All
 * are sums of rates: nothing cancels. */
template <class S> struct EpnetTilesExit {
    static constexpr int R = S::REGISTER_BITS, T = S::THREAD_BITS, TILE = R + T, HALF = T / 2,
                         PITCH = EpnetInflow<S>::PITCH;
    double thread; /* of the nodes of the thread's bits, by the thread's bits */
    double here;   /* with those of the tile's bits */
    const double *own[2];

    __device__ void load(const EpnetTables &tables, const double *parts, int t) {
        thread = 0;
#pragma unroll
        for (int j = 0; j < T; j++)
            thread += tables.low[((2 * j + (t >> j & 1)) << T) + t];
        own[0] = parts + (t & ((1 << HALF) - 1));
        own[1] = parts + (1 << HALF) + (t >> HALF);
    }

    /* The table entries of a tile, whose columns of the high tables begin at `column`: each thread makes its
     * share of one half. The group is to be in step before and after. */
    __device__ static void make_parts(const double *high, int t, int tile, int column, double *parts) {
        constexpr int SHARE = (2 << (HALF + R)) >> T;
        const int half = t >> (T - 1), value = t & ((1 << HALF) - 1),
                  first = t >> HALF & ((1 << (T - 1 - HALF)) - 1);
        for (int k = 0; k < SHARE; k++) {
            const int r = first + (k << (T - 1 - HALF));
            const double *const at = high + column + r;
            double sum = 0;
            for (int i = 0; i < HALF; i++)
                sum += at[(2 * (half * HALF + i) + (value >> i & 1)) * PITCH];
            if (half == 0) {
                for (int b = 0; b < R; b++)
                    sum += at[(2 * (T + b) + (r >> b & 1)) * PITCH];
            } else {
                for (int b = 0; b < S::TILE_BITS; b++)
                    sum += at[(2 * (TILE + b) + (tile >> b & 1)) * PITCH];
            }
            parts[(((r << 1) + half) << HALF) + value] = sum;
        }
    }

    /* Of states r and r + 1. */
    __device__ void of(const EpnetInflow<S> &inflow, int r, double (&exit)[2]) const {
        double low = here;
#pragma unroll
        for (int b = R - 1; b > 0; b--)
            low += inflow.low_register[b][r >> b & 1];
#pragma unroll
        for (int i = 0; i < 2; i++)
            exit[i] = low + inflow.low_register[0][i] +
                      (own[0][(r + i) << (HALF + 1)] + own[1][(r + i) << (HALF + 1)]);
    }
};

/* What a pair of states needs from device memory beside their own values. */
template <class S> struct EpnetTilesPair { double before[2], sum[2], neighbour[S::TILE_BITS][2]; };

/* One application: next = M now, or if it recurs, next = 2 M now - before; `next` may be `before`. */
template <class S, bool ADDS>
__device__ static EPNET_NOINLINE void
epnet_tiles_apply(const EpnetGroup &group, const EpnetDevicePoint &point, const EpnetPolynomial &polynomial,
                  const EpnetTiledVector<S> &all_now, const EpnetTiledVector<S> &all_before,
                  const EpnetTiledVector<S> &all_next, bool recurs, const EpnetTilesSum &sum_terms) {
    constexpr int STATES = S::STATES, T = S::THREAD_BITS, TILE = S::REGISTER_BITS + T;
    EPNET_DYNAMIC_SHARED(double, shared);
    double *const exchange = shared + point.stage + point.map.exchange;
    const int t = group.rank;
    double *const parts = shared + point.stage + point.map.exit_parts;
    const bool makes_exits = point.map.near > point.map.exit_parts;
    const double *const __restrict__ exit_rates = point.scratch + point.map.exit;
    double *const __restrict__ sum = point.dp;
    const EpnetTilesSum terms = sum_terms; /* in registers: what is stored below might be its memory */
    const double *const low = point.tables.low + (2 * TILE << T) + t;
    const double identity = recurs ? 2 * polynomial.identity : polynomial.identity,
                 scale = recurs ? 2 * polynomial.scale : polynomial.scale;
    EpnetInflow<S> inflow;
    EpnetPartners<S> partners;
    inflow.load(point.tables, shared + point.stage + point.map.high, t);
    partners.load(group, exchange);
    EpnetTilesExit<S> exits;
    exits.load(point.tables, parts, t);
#pragma unroll 1
    for (int tile = 0; tile < 1 << S::TILE_BITS; tile++) {
        const int at = (tile << TILE) + t, column = tile << S::REGISTER_BITS;
        const double *const now_here = all_now.tile(tile) + t, *const before = all_before.tile(tile) + t;
        double *const next = all_next.tile(tile) + t;
        const double *neighbours[S::TILE_BITS];
#pragma unroll
        for (int b = 0; b < S::TILE_BITS; b++)
            neighbours[b] = all_now.tile(tile ^ 1 << b) + t;
        const auto load = [&](int r, EpnetTilesPair<S> &pair) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                pair.before[i] = recurs ? before[(r + i) << T] : 0;
                if constexpr (ADDS)
                    pair.sum[i] = terms.begins ? 0 : sum[at + ((r + i) << T)];
#pragma unroll
                for (int b = 0; b < S::TILE_BITS; b++)
                    pair.neighbour[b][i] = neighbours[b][(r + i) << T];
            }
        };
        double now[STATES];
#pragma unroll
        for (int r = 0; r < STATES; r++)
            now[r] = now_here[r << T];
        EpnetTilesPair<S> pairs[2]; /* one is used, the next on its way */
        load(0, pairs[0]);
        __syncthreads(); /* the tile before is read */
#pragma unroll
        for (int r = 0; r < STATES; r++)
            exchange[t + (r << T)] = now[r];
        if (makes_exits)
            exits.make_parts(inflow.high, t, tile, column, parts);
        __syncthreads();
        double low_tile[S::TILE_BITS];
        const double *rows[S::TILE_BITS];
        exits.here = exits.thread;
#pragma unroll
        for (int b = 0; b < S::TILE_BITS; b++) {
            const int x = tile >> b & 1, table = 2 * b + 1 - x; /* the neighbour has the other x_j */
            low_tile[b] = low[table << T];
            exits.here += low[(2 * b + x) << T];
            rows[b] = inflow.high + (2 * TILE + table) * EpnetInflow<S>::PITCH + column;
        }
#pragma unroll
        for (int r = 0; r < STATES; r += 2) {
            const EpnetTilesPair<S> &pair = pairs[r / 2 % 2];
            double flow[2], exit[2];
            if (makes_exits) {
                exits.of(inflow, r, exit);
            } else {
                exit[0] = exit_rates[at + (r << T)];
                exit[1] = exit_rates[at + ((r + 1) << T)];
            }
            if (r + 2 < STATES) /* before what is stored below */
                load(r + 2, pairs[(r / 2 + 1) % 2]);
#pragma unroll
            for (int i = 0; i < 2; i++)
                flow[i] = -exit[i] * now[r + i];
            inflow.add(partners, now, r, flow, column);
#pragma unroll
            for (int b = 0; b < S::TILE_BITS; b++) {
                const double2 part = *reinterpret_cast<const double2 *>(rows[b] + r);
                flow[0] += (low_tile[b] + part.x) * pair.neighbour[b][0];
                flow[1] += (low_tile[b] + part.y) * pair.neighbour[b][1];
            }
#pragma unroll
            for (int i = 0; i < 2; i++) {
                const double value = identity * now[r + i] + scale * flow[i] - pair.before[i];
                next[(r + i) << T] = value;
                if constexpr (ADDS)
                    sum[at + ((r + i) << T)] = pair.sum[i] + terms.before * pair.before[i] +
                                               terms.now * now[r + i] + terms.next * value;
            }
        }
    }
}

/* As epnet_polynomial_in_registers(), of degree 1 at least: series have one per node. Two vectors of the
 * observables are at rest during the time loop. */
template <class S>
__device__ static inline double epnet_polynomial_in_tiles(const EpnetGroup &group,
                                                          const EpnetDevicePoint &point,
                                                          const EpnetPolynomial &polynomial) {
    EPNET_DYNAMIC_SHARED(double, shared);
    double *const near = shared + point.stage + point.map.near;
    const int near_tiles =
        (int)((point.map.stage_size - point.map.near) >> (S::REGISTER_BITS + S::THREAD_BITS));
    const EpnetTiledVector<S> vectors[2] = {{near, point.scratch + point.map.side[0], near_tiles},
                                            {near, point.scratch + point.map.side[1], 0}};
    const double *const c = polynomial.c;
    EpnetTiledVector<S> before = {near, point.p, 0}, now = before;
    int added = 0; /* c[k] v_k of the first so many */
    for (int k = 1; k <= polynomial.degree; k++) {
        const bool recurs = polynomial.chebyshev && k > 1;
        const int open = k + 1 - added;
        const EpnetTilesSum terms = {added == 0, open > 2 ? c[k - 2] : 0, open > 1 ? c[k - 1] : 0, c[k]};
        const EpnetTiledVector<S> next = vectors[k % 2];
        if (k == polynomial.degree || open == (recurs ? 3 : 2)) {
            epnet_tiles_apply<S, true>(group, point, polynomial, now, before, next, recurs, terms);
            added = k + 1;
        } else {
            epnet_tiles_apply<S, false>(group, point, polynomial, now, before, next, recurs, terms);
        }
        before = now;
        now = next;
    }
    if (!polynomial.chebyshev)
        return 0;
    double norms[2] = {0, 0};
    for (int tile = 0; tile < 1 << S::TILE_BITS; tile++) {
        const double *const now_here = now.tile(tile), *const before_here = before.tile(tile);
        for (int s = group.rank; s < 1 << (S::REGISTER_BITS + S::THREAD_BITS); s += group.size) {
            norms[0] += fabs(now_here[s]);
            norms[1] += fabs(before_here[s]);
        }
    }
    epnet_group_sums(group, norms);
    return fmax(norms[0], norms[1]);
}

template <class S>
__device__ static inline double epnet_polynomial(const EpnetGroup &group, const EpnetDevicePoint &point,
                                                 const EpnetPolynomial &polynomial) {
    if constexpr (S::NODES <= 8)
        return epnet_polynomial_stored<S>(group, point, polynomial);
    else if constexpr (S::TILE_BITS == 0)
        return epnet_polynomial_in_registers<S>(group, point, polynomial);
    else
        return epnet_polynomial_in_tiles<S>(group, point, polynomial);
}

#endif

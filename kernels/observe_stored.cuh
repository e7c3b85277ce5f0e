/* The row of a state of up to 8 nodes (observe.cuh), whose entries a group has in registers and exchanges by
 * shuffles, for the states that trajectories have nearly always: no entry empty or so small that a product of
 * two underflows. The row is then most of what a trajectory costs, so that it is worth a way of its own. */
#ifndef EPNET_KERNELS_OBSERVE_STORED_CUH
#define EPNET_KERNELS_OBSERVE_STORED_CUH

#include "formula.h"
#include "inflow.cuh"
#include "observe.cuh"
#include "resident.cuh"

#define EPNET_STORED_LEAST 1e-140

/* r_j(s) of state r of thread t. */
template <class S>
__device__ static inline double epnet_stored_rate(const EpnetTables &tables, int j, int r, int t) {
    const int T = S::THREAD_BITS, x = j < T ? t >> j & 1 : r >> (j - T) & 1, table = 2 * j + x;
    return tables.low[(table << T) + t] + tables.high[table * epnet_high_pitch(S::REGISTER_BITS) + r];
}

/* dp = the change of p by the channels of the tables, `exit` their exit rates. */
template <class S>
__device__ static inline void epnet_stored_change(const EpnetTables &tables, const double *exit,
                                                  const EpnetPartners<S> &partners, int t,
                                                  const double (&p)[S::STATES], double (&dp)[S::STATES]) {
    constexpr int T = S::THREAD_BITS;
#pragma unroll
    for (int r = 0; r < S::STATES; r++) {
        double sum = -exit[r << T | t] * p[r];
#pragma unroll
        for (int j = 0; j < T; j++)
            sum += epnet_stored_rate<S>(tables, j, r, t ^ 1 << j) * partners.of(p, j, r);
#pragma unroll
        for (int b = 0; b < S::REGISTER_BITS; b++)
            sum += epnet_stored_rate<S>(tables, T + b, r ^ 1 << b, t) * p[r ^ 1 << b];
        dp[r] = sum;
    }
}

/* P(x_j = x) and its rate of change for both x into scratch. Of a thread's bit, the two values are on threads
 * that differ in it, each of which sums over all other bits; of a register's, the group sums both. */
template <class S>
__device__ static inline void epnet_stored_marginals(const EpnetGroup &group, const EpnetDevicePoint &point,
                                                     const double (&p)[S::STATES],
                                                     const double (&dp)[S::STATES]) {
    constexpr int T = S::THREAD_BITS;
    const int t = group.rank;
    double *const marginal = point.scratch + point.map.marginal, *const rate =
                                                                     point.scratch + point.map.marginal_rate;
    double own[2] = {0, 0};
#pragma unroll
    for (int r = 0; r < S::STATES; r++) {
        own[0] += p[r];
        own[1] += dp[r];
    }
#pragma unroll
    for (int j = 0; j < T; j++) {
        double sums[2] = {own[0], own[1]};
#pragma unroll
        for (int i = 0; i < T; i++) {
#pragma unroll
            for (int v = 0; v < 2 && i != j; v++)
                sums[v] += __shfl_xor_sync(group.lanes, sums[v], 1 << i);
        }
        if ((t & ~(1 << j)) == 0) {
            marginal[2 * j + (t >> j)] = sums[0];
            rate[2 * j + (t >> j)] = sums[1];
        }
    }
#pragma unroll
    for (int b = 0; b < S::REGISTER_BITS; b++) {
        double sums[4] = {0, 0, 0, 0}; /* p at x = 0, 1, dp at x = 0, 1 */
#pragma unroll
        for (int r = 0; r < S::STATES; r++) {
            sums[r >> b & 1] += p[r];
            sums[2 + (r >> b & 1)] += dp[r];
        }
        epnet_group_sums(group, sums);
        if (t == 0) {
#pragma unroll
            for (int x = 0; x < 2; x++) {
                marginal[2 * (T + b) + x] = sums[x];
                rate[2 * (T + b) + x] = sums[2 + x];
            }
        }
    }
    epnet_group_sync(group);
}

/* As epnet_multiinformation(). */
template <class S>
__device__ static inline double
epnet_stored_multiinformation(const EpnetGroup &group, const EpnetDevicePoint &point,
                              const double (&p)[S::STATES], const double (&log_p)[S::STATES]) {
    constexpr int T = S::THREAD_BITS;
    const double *const marginal = point.scratch + point.map.marginal, *const log_marginal =
                                                                           point.scratch +
                                                                           point.map.log_marginal;
    double of_thread = 1, log_of_thread = 0, sum = 0;
#pragma unroll
    for (int j = 0; j < T; j++) {
        const int at = 2 * j + (group.rank >> j & 1);
        of_thread *= marginal[at];
        log_of_thread += log_marginal[at];
    }
#pragma unroll
    for (int r = 0; r < S::STATES; r++) {
        double product = of_thread, log_product = log_of_thread;
#pragma unroll
        for (int b = 0; b < S::REGISTER_BITS; b++) {
            const int at = 2 * (T + b) + (r >> b & 1);
            product *= marginal[at];
            log_product += log_marginal[at];
        }
        sum += epnet_divergence_term(p[r], product, log_p[r] - log_product);
    }
    return epnet_group_sum(group, sum);
}

/* Sum v over node j: v of a state is then that of both values of x_j. */
template <class S>
__device__ static inline void epnet_stored_fold(const EpnetPartners<S> &partners, int j,
                                                double (&v)[S::STATES]) {
    constexpr int T = S::THREAD_BITS;
    double other[S::STATES];
#pragma unroll
    for (int r = 0; r < S::STATES; r++)
        other[r] = j < T ? partners.of(v, j, r) : v[r ^ (1 << j >> T)];
#pragma unroll
    for (int r = 0; r < S::STATES; r++)
        v[r] += other[r];
}

/* Both sides enter by the sum of their logarithms alone: dH/dt of a side is -sum over s of dp(s) ln
 * p_side(s), since the states that a sub-state has sum to it. */
template <class S>
__device__ static inline EpnetCutSums
epnet_stored_cut(const EpnetGroup &group, const EpnetCudaProblem &problem, const EpnetDevicePoint &point,
                 const EpnetPartners<S> &partners, int cut, const double (&p)[S::STATES],
                 const double (&dp)[S::STATES], const double (&log_p)[S::STATES]) {
    constexpr int T = S::THREAD_BITS;
    const double *const memory = epnet_cut_memory(point, cut), *const exit = memory + point.map.cut_exit,
                        *const flow_weight = memory + point.map.cut_flow_weight;
    const uint64_t mask = problem.cuts[cut];
    double inside[S::STATES], outside[S::STATES], change[S::STATES], sums[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    epnet_stored_change<S>(epnet_cut_tables(point, cut), exit, partners, group.rank, p, change);
#pragma unroll
    for (int r = 0; r < S::STATES; r++)
        inside[r] = outside[r] = p[r];
#pragma unroll
    for (int j = 0; j < S::NODES; j++) {
        if (epnet_bit(mask, j))
            epnet_stored_fold<S>(partners, j, outside);
        else
            epnet_stored_fold<S>(partners, j, inside);
    }
#pragma unroll
    for (int r = 0; r < S::STATES; r++) {
        const int s = r << T | group.rank;
        const double product = inside[r] * outside[r], local = log(product);
        sums[0] += epnet_divergence_term(p[r], product, log_p[r] - local);
        sums[1] -= dp[r] * local;
        sums[2] += change[r] * log_p[r];
        sums[3] += fabs(exit[s] * p[r] * log_p[r]);
        sums[4] += change[r] * (log_p[r] - local);
        sums[5] -= change[r] * local;
        sums[6] += flow_weight[s] * p[r];
        sums[7] += fabs(flow_weight[s]) * p[r];
    }
    epnet_group_sums(group, sums);
    const EpnetCutSums of_cut = {sums[0],      {sums[1], 0}, sums[2], sums[3],
                                 {sums[4], 0}, {sums[5], 0}, sums[6], sums[7]};
    return of_cut;
}

/* As epnet_observe(), and the sums that the row is checked with. False, with the row untouched, if the state
 * is one for epnet_observe(). */
template <class S>
__device__ static inline bool
epnet_observe_stored(const EpnetGroup &any_group, const EpnetCudaProblem &problem,
                     const EpnetDevicePoint &point, double *row, EpnetLawSums *law) {
    constexpr int T = S::THREAD_BITS;
    const EpnetGroup group = epnet_group_of<S>(any_group); /* for what is inlined */
    const int t = group.rank;
    const double *const exit = point.scratch + point.map.exit,
                        *const flow_weight = point.scratch + point.map.flow_weight,
                        *const production_weight = point.scratch + point.map.production_weight;
    double p[S::STATES], dp[S::STATES], log_p[S::STATES];
    double least = INFINITY, a[6] = {0, 0, 0, 0, 0, 0}, b[4] = {0, 0, 0, 0};
    bool ordinary = true;
#pragma unroll
    for (int r = 0; r < S::STATES; r++) {
        p[r] = point.p[r << T | t];
        ordinary &= p[r] >= EPNET_STORED_LEAST && p[r] < INFINITY;
        least = fmin(least, p[r]);
    }
    if (epnet_group_any(group, !ordinary))
        return false;
    EpnetPartners<S> partners;
    partners.load(group, NULL);
    epnet_stored_change<S>(point.tables, exit, partners, t, p, dp);
#pragma unroll
    for (int r = 0; r < S::STATES; r++) {
        const int s = r << T | t;
        log_p[r] = log(p[r]);
        point.dp[s] = dp[r];
        point.log_p[s] = log_p[r];
        a[0] += exit[s] * p[r];
        a[1] -= p[r] * log_p[r];
        a[2] -= dp[r] * log_p[r];
        a[3] += fabs(exit[s] * p[r] * log_p[r]);
        a[4] += p[r];
        a[5] += dp[r];
        b[0] += production_weight[s] * p[r];
        b[1] += fabs(production_weight[s]) * p[r];
        b[2] += flow_weight[s] * p[r];
        b[3] += fabs(flow_weight[s]) * p[r];
    }
    epnet_group_sums(group, a);
    epnet_group_sums(group, b);
    *law = {a[4], -epnet_group_maximum(group, -least), a[5]};
    const EpnetStateSums sums = {a[0], a[1], {a[2], 0}, a[3], 0, b[0], b[1], b[2], b[3]};
    epnet_stored_marginals<S>(group, point, p, dp);
    const EpnetNodeSums nodes = epnet_observe_nodes(any_group, problem, point, sums.activity);
    const double information = epnet_stored_multiinformation<S>(group, point, p, log_p);
    epnet_observe_row(any_group, problem, point, sums, nodes, information, row);
#pragma unroll 1
    for (int cut = 0; cut < problem.cut_count; cut++) {
        const EpnetCutSums of_cut = epnet_stored_cut<S>(group, problem, point, partners, cut, p, dp, log_p);
        epnet_observe_cut_columns(any_group, problem, point, cut, sums, of_cut,
                                  row + EPNET_COLUMNS + cut * EPNET_CUT_COLUMNS);
    }
    epnet_group_sync(group);
    return true;
}

#endif

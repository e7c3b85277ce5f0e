/* Entropy production and environment flow summed pair by pair, as host/cpu/observe_channels.c does: for
 * states with empty entries, whose limits are decided on the structure, and near equilibrium, where scalar
 * products would lose the digits. */
#ifndef EPNET_KERNELS_OBSERVE_PAIRS_CUH
#define EPNET_KERNELS_OBSERVE_PAIRS_CUH

#include "formula.h"
#include "point.cuh"

struct EpnetChannelSums {
    double production, environment_flow; /* [nat/s] */
};

/* A pair of total rates of which a flux is zero, or so small that it underflows. */
__device__ static inline double epnet_boundary_pair(const EpnetCudaProblem &problem,
                                                    const EpnetDevicePoint &point, int j, uint32_t a,
                                                    uint32_t b, double net) {
    const bool forward = point.p[a] > 0 && epnet_flip_is_possible(problem, point.rates, j, a);
    const bool backward = point.p[b] > 0 && epnet_flip_is_possible(problem, point.rates, j, b);
    if (!forward && !backward)
        return 0;
    if (forward != backward)
        return INFINITY;
    return net * (point.log_p[a] + epnet_log_rate(problem, point.rates, point.tables, j, a) - point.log_p[b] -
                  epnet_log_rate(problem, point.rates, point.tables, j, b));
}

/* entropy_production: all channels that flip the same node are one. */
__device__ static double epnet_pairs_production(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                                const EpnetDevicePoint &point) {
    const double smallest = 1e-290; /* below it a product may have lost digits to underflow */
    const int half_bits = problem.nodes - 1;
    double production = 0;
    for (int i = group.rank; i < problem.nodes << half_bits; i += group.size) {
        const int j = i >> half_bits;
        const uint32_t a = (uint32_t)epnet_insert_zero((uint64_t)(i & ((1 << half_bits) - 1)), j),
                       b = a | 1u << j;
        const double x = epnet_tables_rate(point.tables, j, a) * point.p[a],
                     y = epnet_tables_rate(point.tables, j, b) * point.p[b];
        if (x < smallest || y < smallest)
            production += epnet_boundary_pair(problem, point, j, a, b, x - y);
        else if (epnet_flux_is_balanced(x, y))
            production += epnet_flux_entropy_balanced(x, y);
        else
            production += (x - y) * (log(x) - log(y));
    }
    return epnet_group_sum(group, production);
}

/* A pair of opposite fluxes x, y of one channel, of ln(x/y) = log_ratio. */
__device__ static inline double epnet_pair_production(double x, double y, bool forward, bool backward,
                                                      double log_ratio) {
    if (forward && backward)
        return epnet_flux_entropy(x, y, log_ratio);
    return forward || backward ? INFINITY : 0;
}

/* The flips of node j between the states a (x_j = 0) and b. */
__device__ static inline void epnet_flip_pair(const EpnetDevicePoint &point, int j, uint32_t a, uint32_t b,
                                              EpnetChannelSums &sums) {
    const double up = point.rates.flip_up[j], down = point.rates.flip_down[j];
    if (up == 0 && down == 0)
        return;
    const double log_rates = log(up) - log(down), x = up * point.p[a], y = down * point.p[b];
    sums.production += epnet_pair_production(x, y, up > 0 && point.p[a] > 0, down > 0 && point.p[b] > 0,
                                             point.log_p[a] - point.log_p[b] + log_rates);
    sums.environment_flow += x != y ? (x - y) * log_rates : 0;
}

/* The copies of edge e into node j between the states a (x_j = 0) and b. */
__device__ static inline void epnet_copy_pair(const EpnetCudaProblem &problem, const EpnetDevicePoint &point,
                                              int e, uint32_t a, uint32_t b, EpnetChannelSums &sums) {
    const double rate = point.rates.rate[e], drive = point.rates.drive[e];
    if (rate == 0)
        return;
    const bool source = epnet_bit(a, problem.source[e]) != 0;
    const uint32_t before = source ? a : b, after = source ? b : a;
    const double x = point.p[before], y = exp(-drive) * point.p[after];
    sums.production += rate * epnet_pair_production(x, y, x > 0, point.p[after] > 0 && !isinf(drive),
                                                    point.log_p[before] - point.log_p[after] + drive);
    sums.environment_flow += x != y ? rate * (x - y) * drive : 0;
}

/* Sums over the channels' pairs, over the group. */
__device__ static EpnetChannelSums epnet_pairs_channels(const EpnetGroup &group,
                                                        const EpnetCudaProblem &problem,
                                                        const EpnetDevicePoint &point,
                                                        const EpnetChannels &channels) {
    const int half_bits = problem.nodes - 1;
    EpnetChannelSums sums = {0, 0};
    for (int i = group.rank; i < problem.nodes << half_bits; i += group.size) {
        const int j = i >> half_bits;
        const uint32_t a = (uint32_t)epnet_insert_zero((uint64_t)(i & ((1 << half_bits) - 1)), j),
                       b = a | 1u << j;
        if (channels.all)
            epnet_flip_pair(point, j, a, b, sums);
        for (int e = problem.first_edge[j]; e < problem.first_edge[j + 1]; e++) {
            if (epnet_channels_have(channels, problem.source[e], j))
                epnet_copy_pair(problem, point, e, a, b, sums);
        }
    }
    double values[2] = {sums.production, sums.environment_flow};
    epnet_group_sums(group, values);
    sums.production = values[0];
    sums.environment_flow = values[1];
    return sums;
}

#endif

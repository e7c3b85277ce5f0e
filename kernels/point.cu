/* What the states of a point share, computed once per point (point.cuh). */
#include "formula.h"
#include "point.cuh"

/* Entropy that the environment gains by one flip of rate `rate`, times the rate [nat/s]. */
__device__ static inline double epnet_flip_flow(double rate, double reverse) {
    return rate > 0 ? rate * (log(rate) - log(reverse)) : 0;
}

/* e(s) of the channels; infinite where a one-way copy or flip leaves s. */
__device__ static inline double epnet_flow_weight(const EpnetCudaProblem &problem, const EpnetRates &rates,
                                                  const EpnetChannels &channels, uint32_t s) {
    double sum = 0;
    for (int j = 0; j < problem.nodes; j++) {
        const int x = epnet_bit(s, j);
        if (channels.all)
            sum += epnet_flip_flow(x == 0 ? rates.flip_up[j] : rates.flip_down[j],
                                   x == 0 ? rates.flip_down[j] : rates.flip_up[j]);
        for (int e = problem.first_edge[j]; e < problem.first_edge[j + 1]; e++) {
            if (!epnet_channels_have(channels, problem.source[e], j))
                continue;
            const double rate = epnet_bit(s, problem.source[e]) != x ? rates.rate[e] : -rates.backward[e];
            sum += rate != 0 ? rate * rates.drive[e] : 0;
        }
    }
    return sum;
}

/* Undriven copies flip their target at beta whatever the source shows, so they add to both flips. */
__device__ static inline void epnet_node_laws_fill(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                                   const EpnetDevicePoint &point) {
    for (int i = group.rank; i < problem.nodes; i += group.size) {
        const double up = point.rates.flip_up[i], down = point.rates.flip_down[i];
        double copies = 0;
        for (int e = problem.first_edge[i]; e < problem.first_edge[i + 1]; e++) {
            if (point.rates.rate[e] > 0)
                copies += point.rates.drive[e] == 0 ? point.rates.rate[e] : NAN;
        }
        EpnetNodeLaws &laws = epnet_node_laws(point)[i];
        for (int x = 0; x < 2; x++) {
            const double out = x == 0 ? down : up, law = (out + copies) / (up + down + 2 * copies);
            laws.log_undriven[x] = law > 0 ? log(law) : NAN;
            laws.flips[x] = out / (up + down);
            laws.log_flips[x] = log(laws.flips[x]);
        }
    }
}

__device__ static inline void epnet_cut_setup(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                              const EpnetDevicePoint &point, int cut) {
    double *const at = epnet_cut_memory(point, cut);
    const EpnetChannels crossing = {false, problem.cuts[cut]};
    epnet_tables_fill(group, problem, point.rates, crossing, point.tables.low_bits, point.tables.high_pitch,
                      at + point.map.cut_low, at + point.map.cut_high);
    epnet_group_sync(group);
    const EpnetTables tables = epnet_cut_tables(point, cut);
    for (uint32_t s = (uint32_t)group.rank; s < 1u << problem.nodes; s += (uint32_t)group.size) {
        at[point.map.cut_exit + s] = epnet_tables_exit(tables, s);
        at[point.map.cut_flow_weight + s] = epnet_flow_weight(problem, point.rates, crossing, s);
    }
    if (group.rank != 0)
        return;
    double capacity = 0, bound = 0;
    for (int j = 0; j < problem.nodes; j++) {
        for (int e = problem.first_edge[j]; e < problem.first_edge[j + 1]; e++) {
            if (epnet_channels_have(crossing, problem.source[e], j)) {
                capacity += point.rates.rate[e];
                bound += point.rates.rate[e] * epnet_copy_information(point.rates.drive[e]);
            }
        }
    }
    at[point.map.cut_constants] = capacity;
    at[point.map.cut_constants + 1] = bound;
}

__device__ void epnet_point_setup(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                  const EpnetCudaBatch &batch, uint32_t k, EpnetDevicePoint &point) {
    const int nodes = problem.nodes, edges = problem.edge_count, low_bits = point.tables.low_bits;
    const double *parameters = batch.parameters + (size_t)k * (size_t)(2 * nodes + 2 * edges);
    double *backward = point.scratch + point.map.backward, *low = point.scratch + point.map.low,
           *high = point.high;
    point.rates.flip_up = parameters;
    point.rates.flip_down = parameters + nodes;
    point.rates.rate = parameters + 2 * nodes;
    point.rates.drive = parameters + 2 * nodes + edges;
    point.rates.backward = backward;
    point.tables.low = low;
    point.tables.high = high;
    epnet_group_sync(group); /* nobody reads the point before any more */
    for (int e = group.rank; e < edges; e += group.size)
        backward[e] = point.rates.rate[e] * exp(-point.rates.drive[e]);
    epnet_group_sync(group);
    const EpnetChannels all = {true, 0};
    epnet_tables_fill(group, problem, point.rates, all, low_bits, point.tables.high_pitch, low, high);
    epnet_node_laws_fill(group, problem, point);
    if (group.rank == 0) {
        point.scratch[point.map.once] = 0;
        point.scratch[point.map.once + 1] = 1;
    }
    for (int cut = 0; cut < problem.cut_count; cut++)
        epnet_cut_setup(group, problem, point, cut);
    epnet_group_sync(group);
    for (int i = group.rank; i < 2 * nodes * point.tables.high_pitch; i += group.size)
        point.scratch[point.map.high_copy + (size_t)i] = high[i];
    double exit_max = 0;
    for (uint32_t s = (uint32_t)group.rank; s < 1u << nodes; s += (uint32_t)group.size) {
        const double exit = epnet_tables_exit(point.tables, s);
        point.scratch[point.map.exit + s] = exit;
        point.scratch[point.map.flow_weight + s] = epnet_flow_weight(problem, point.rates, all, s);
        point.scratch[point.map.production_weight + s] =
            epnet_production_weight(problem, point.rates, point.tables, s);
        exit_max = fmax(exit_max, exit);
    }
    point.exit_max = epnet_group_maximum(group, exit_max);
    epnet_group_sync(group);
}

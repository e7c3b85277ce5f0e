/* One point on the device: where its arrays lie, and what of them is computed once, before the first state.
 *
 * With all p > 0 every dissipative column is a scalar product (docs/theory.md, "Observables without edges"):
 *   entropy_production_channels = dH/dt + e.p,  e(s) = sum over channels that leave s of rate x (entropy the
 *     environment gains): F for a copy, -F for its reverse, ln(rate/reverse rate) for a flip;
 *   entropy_production          = dH/dt + c.p,  c(s) = sum_j r_j(s) ln(r_j(s)/r_j(s^j));
 * and those of a cut follow from the generator of its crossing copies alone. */
#ifndef EPNET_KERNELS_POINT_CUH
#define EPNET_KERNELS_POINT_CUH

#include "generator.cuh"

enum { EPNET_CUT_CONSTANTS = 2 }; /* capacity [1/s], sum of beta c(F) [nat/s] */

/* Stationary laws that a node is measured against: of its flips and undriven copies, NaN where a driven copy
 * enters or a value is empty, and of its flips alone, NaN without any. */
struct EpnetNodeLaws {
    double log_undriven[2], flips[2], log_flips[2];
};

/* Offsets, in doubles, of a group's arrays. Vectors over states have 2^nodes entries. */
struct EpnetPointMap {
    /* shared memory: what the threads of the time loop exchange */
    size_t exchange, high, exit_parts, near, stage_size;
    /* shared memory where there is room, else device memory */
    size_t p, dp, log_p, vectors_size;
    /* device memory */
    size_t low, exit, flow_weight, production_weight, previous, side[2], log_side[2], marginal, marginal_rate,
        log_marginal, products, node_laws, backward, high_copy, once, series, cuts, cut_size, scratch_size;
    /* within the cut_size doubles of a cut */
    size_t cut_low, cut_high, cut_exit, cut_flow_weight, cut_change, cut_constants;
};

__host__ __device__ static inline size_t epnet_take(size_t *used, size_t count) {
    const size_t at = *used;
    *used += count;
    return at;
}

__host__ __device__ static inline EpnetPointMap epnet_point_map(int nodes, int edge_count, int cut_count,
                                                                int low_bits, const EpnetCudaStage &stage,
                                                                int series_length) {
    const size_t states = (size_t)1 << nodes, low = epnet_low_size(nodes, low_bits),
                 high = 2 * (size_t)nodes * (size_t)epnet_high_pitch(nodes - low_bits),
                 pairs = 2 * (size_t)nodes;
    EpnetPointMap map;
    size_t used = 0;
    map.exchange = epnet_take(&used, (size_t)stage.exchange);
    map.high = epnet_take(&used, high);
    map.exit_parts = epnet_take(&used, (size_t)stage.exit_parts);
    map.near = epnet_take(&used, (size_t)stage.near);
    map.stage_size = used;
    used = 0;
    map.p = epnet_take(&used, states);
    map.dp = epnet_take(&used, states);
    map.log_p = epnet_take(&used, stage.exchange_lends ? 0 : states);
    map.vectors_size = used;
    used = 0;
    map.low = epnet_take(&used, low);
    map.exit = epnet_take(&used, states);
    map.flow_weight = epnet_take(&used, states);
    map.production_weight = epnet_take(&used, states);
    map.previous = epnet_take(&used, states);
    for (int i = 0; i < 2; i++) {
        map.side[i] = epnet_take(&used, states);
        map.log_side[i] = epnet_take(&used, states);
    }
    map.marginal = epnet_take(&used, pairs);
    map.marginal_rate = epnet_take(&used, pairs);
    map.log_marginal = epnet_take(&used, pairs);
    map.products = epnet_take(&used, (size_t)4 << (nodes + 1) / 2);
    map.node_laws = epnet_take(&used, (size_t)nodes * sizeof(EpnetNodeLaws) / sizeof(double));
    map.backward = epnet_take(&used, (size_t)edge_count);
    map.high_copy = epnet_take(&used, high);
    map.once = epnet_take(&used, 2);
    map.series = epnet_take(&used, (size_t)series_length);
    size_t cut = 0;
    map.cut_low = epnet_take(&cut, low);
    map.cut_high = epnet_take(&cut, high);
    map.cut_exit = epnet_take(&cut, states);
    map.cut_flow_weight = epnet_take(&cut, states);
    map.cut_change = epnet_take(&cut, states);
    map.cut_constants = epnet_take(&cut, EPNET_CUT_CONSTANTS);
    map.cut_size = cut;
    map.cuts = epnet_take(&used, cut * (size_t)cut_count);
    map.scratch_size = used;
    return map;
}

struct EpnetDevicePoint {
    EpnetPointMap map;
    size_t stage;    /* where the group's begins in shared memory */
    double *high;    /* within it */
    double *scratch; /* of the group */
    EpnetRates rates;
    EpnetTables tables;
    double exit_max; /* Lambda [1/s] */
    double *p, *dp, *log_p;
};

__device__ static inline EpnetNodeLaws *epnet_node_laws(const EpnetDevicePoint &point) {
    return reinterpret_cast<EpnetNodeLaws *>(point.scratch + point.map.node_laws);
}

__device__ static inline double *epnet_cut_memory(const EpnetDevicePoint &point, int cut) {
    return point.scratch + point.map.cuts + (size_t)cut * point.map.cut_size;
}

__device__ static inline EpnetTables epnet_cut_tables(const EpnetDevicePoint &point, int cut) {
    const double *const at = epnet_cut_memory(point, cut);
    EpnetTables tables = point.tables;
    tables.low = at + point.map.cut_low;
    tables.high = at + point.map.cut_high;
    return tables;
}

/* Take the parameters of point k of the batch and compute what its states share: rates, tables, weights,
 * Lambda. point.map, memory and low_bits are set; the group's former point is forgotten. Ends with the group
 * in step. */
__device__ void epnet_point_setup(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                  const EpnetCudaBatch &batch, uint32_t k, EpnetDevicePoint &point);

#endif

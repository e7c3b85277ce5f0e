/* What the resident kernels share: how a block is divided into groups, where a group's memory lies, how it
 * takes points from the queue. */
#ifndef EPNET_KERNELS_RESIDENT_CUH
#define EPNET_KERNELS_RESIDENT_CUH

#include "invariant.h"
#include "observe.cuh"

/* Groups of a warp or less share blocks of this size; a larger group is a block. */
enum { EPNET_SHARED_BLOCK = 128 };

__host__ __device__ constexpr int epnet_block_threads(int thread_bits) {
    return 1 << thread_bits <= EPNET_WARP ? EPNET_SHARED_BLOCK : 1 << thread_bits;
}

/* Threads per point, as a power of 2, of the kernels that go through whole vectors at a time (stationary.cu,
 * leak.cu): a thread per state up to 7 nodes, then up to 16 states per thread, beyond 13 nodes more. */
__host__ __device__ constexpr int epnet_whole_group_bits(int nodes) {
    return nodes <= 7 ? nodes : nodes <= 9 ? 7 : nodes <= 11 ? 8 : 9;
}

/* Shared memory of a block: the groups' cells for the point they took, partial sums, then from here on the
 * groups' stages, and their vectors if there is room. A multiple of 16 bytes. */
__host__ __device__ static inline size_t epnet_shared_fixed(int groups, int group_threads) {
    const size_t cells = (size_t)groups + (group_threads > EPNET_WARP ? (size_t)EPNET_GROUP_PARTIALS : 0);
    return cells + cells % 2;
}

/* The group of the calling thread and the memory of its point. *next is its cell. */
__device__ static inline EpnetGroup epnet_resident_group(const EpnetCudaLayout &layout,
                                                         const EpnetCudaProblem &problem, int group_threads,
                                                         int low_bits, double *shared, double *scratch,
                                                         EpnetDevicePoint *point, uint32_t **next) {
    const int index = (int)threadIdx.x / group_threads;
    const size_t group_number = (size_t)blockIdx.x * (size_t)layout.groups + (size_t)index;
    const EpnetGroup group = epnet_group(group_threads, shared + layout.groups);
    *next = (uint32_t *)(shared + index);
    point->map = epnet_point_map(problem.nodes, problem.edge_count, problem.cut_count, low_bits, layout.stage,
                                 layout.series_length);
    const size_t stages = epnet_shared_fixed(layout.groups, group_threads);
    point->stage = stages + (size_t)index * point->map.stage_size;
    point->high = shared + point->stage + point->map.high;
    point->scratch = scratch + group_number * layout.scratch_per_group;
    double *const vectors = layout.vectors_in_scratch
                                ? point->scratch + point->map.scratch_size
                                : shared + stages + (size_t)layout.groups * point->map.stage_size +
                                      (size_t)index * point->map.vectors_size;
    point->p = vectors + point->map.p;
    point->dp = vectors + point->map.dp;
    point->log_p = layout.stage.exchange_lends ? shared + point->stage + point->map.exchange
                                               : vectors + point->map.log_p;
    point->tables.nodes = problem.nodes;
    point->tables.low_bits = low_bits;
    point->tables.high_pitch = epnet_high_pitch(problem.nodes - low_bits);
    return group;
}

/* The next entry of the batch's order, the same for the whole group; beyond the last: count or more. */
__device__ static inline uint32_t epnet_take_point(const EpnetGroup &group, const EpnetCudaBatch &batch,
                                                   uint32_t *next) {
    epnet_group_sync(group); /* the cell is read */
    if (group.rank == 0)
        *next = atomicAdd(batch.next, 1u);
    epnet_group_sync(group);
    return *next;
}

__device__ static inline void epnet_fill_nan(const EpnetGroup &group, double *values, size_t count) {
    for (size_t i = (size_t)group.rank; i < count; i += (size_t)group.size)
        values[i] = NAN;
}

/* Whether a row is free of NaN but where a column may not apply. */
__device__ static inline bool epnet_row_is_number(int width, const double *row) {
    for (int c = 0; c < width; c++) {
        if (isnan(row[c]) && c != EPNET_MULTIINFORMATION_RATE_EULER && c != EPNET_NODE_DIVERGENCE_RATE &&
            c != EPNET_FLIP_DIVERGENCE)
            return false;
    }
    return true;
}

/* Judge an observed state and its row, as host/cpu/point.c does; `steps` as in invariant.h. */
__device__ static inline EpnetPointStatus epnet_check_row(const EpnetGroup &group,
                                                          const EpnetCudaProblem &problem,
                                                          const EpnetLawSums &law, const double *row,
                                                          double steps) {
    const bool controlled = problem.method == EPNET_CHEBYSHEV || problem.method == EPNET_UNIFORMIZATION;
    bool number = true, holds = true;
    if (group.rank == 0) {
        number = epnet_row_is_number(problem.width, row);
        holds = epnet_invariant_law(law.mass, law.least, steps) &&
                epnet_invariant_rate(law.mass_rate, row[EPNET_ACTIVITY]) &&
                epnet_invariant_row(row, (size_t)problem.cut_count, problem.nodes);
    }
    double broken[2] = {number ? 0.0 : 1.0, holds ? 0.0 : 1.0};
    epnet_group_sums(group, broken);
    if (broken[0] > 0 || !isfinite(law.mass) || !isfinite(law.mass_rate))
        return EPNET_POINT_NOT_FINITE;
    if (broken[1] > 0)
        return EPNET_POINT_INVARIANT_BROKEN;
    return controlled && fabs(law.mass - 1) > problem.tolerance ? EPNET_POINT_INACCURATE : EPNET_POINT_OK;
}

/* The layout of a kernel of 2^thread_bits threads per point that exchange through `exchange` doubles, on the
 * current device: vectors in shared memory if a block of them fits there, and as many blocks as run at once.
 * cudaErrorInvalidConfiguration: not even one does. */
cudaError_t epnet_resident_layout(const EpnetProblem *problem, const void *kernel, int thread_bits,
                                  int exchange, int series_length, EpnetCudaLayout *layout);

/* Bytes of shared memory that a block may have on the current device. */
cudaError_t epnet_shared_limit(int *bytes);

/* As many blocks as run at once, by the layout's threads and shared memory. */
cudaError_t epnet_resident_blocks(const void *kernel, EpnetCudaLayout *layout);

#endif

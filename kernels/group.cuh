/* The threads that share one parameter point: 2^L neighbouring lanes of a warp (L = 0..5), or a whole block
 * of several warps. Sums are trees of fixed shape, so a result does not depend on when a thread runs; every
 * thread of the group must take part in every call and gets the same bytes. */
#ifndef EPNET_KERNELS_GROUP_CUH
#define EPNET_KERNELS_GROUP_CUH

#include "device.cuh"

enum { EPNET_WARP = 32, EPNET_GROUP_SUMS = 8, EPNET_GROUP_PARTIALS = EPNET_GROUP_SUMS * EPNET_WARP };

struct EpnetGroup {
    int rank, size;
    unsigned lanes;  /* of the warp, that belong to the group */
    double *partial; /* shared, EPNET_GROUP_PARTIALS values; only for more than one warp */
};

/* The group of `size` threads that the calling thread is in. A group of several warps is the whole block. */
__device__ static inline EpnetGroup epnet_group(int size, double *partial) {
    EpnetGroup group;
    group.rank = (int)threadIdx.x & (size - 1);
    group.size = size;
    group.partial = partial;
    const unsigned first = threadIdx.x & (EPNET_WARP - 1) & ~(unsigned)(size - 1);
    group.lanes = size >= EPNET_WARP ? ~0u : ((1u << size) - 1) << first;
    return group;
}

__device__ static inline void epnet_group_sync(const EpnetGroup &group EPNET_CALLER) {
    if (group.size > EPNET_WARP)
        EPNET_CALLER_SYNCTHREADS();
    else
        EPNET_CALLER_SYNCWARP(group.lanes);
}

/* Replace each of K values by its sum over the group. */
template <int K> __device__ static inline void epnet_group_sums(const EpnetGroup &group, double (&value)[K]) {
    static_assert(K <= EPNET_GROUP_SUMS, "partial sums of a block have room for EPNET_GROUP_SUMS values");
    const int width = group.size < EPNET_WARP ? group.size : EPNET_WARP;
    for (int distance = width / 2; distance > 0; distance /= 2) {
#pragma unroll
        for (int i = 0; i < K; i++)
            value[i] += __shfl_xor_sync(group.lanes, value[i], distance);
    }
    if (group.size <= EPNET_WARP)
        return;
    const int warp = group.rank / EPNET_WARP, warps = group.size / EPNET_WARP;
    __syncthreads(); /* the sums before are read */
    if (group.rank % EPNET_WARP == 0) {
        for (int i = 0; i < K; i++)
            group.partial[i * EPNET_WARP + warp] = value[i];
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < K; i++) {
        value[i] = 0;
        for (int w = 0; w < warps; w++)
            value[i] += group.partial[i * EPNET_WARP + w];
    }
}

__device__ static inline double epnet_group_sum(const EpnetGroup &group, double value) {
    double values[1] = {value};
    epnet_group_sums(group, values);
    return values[0];
}

__device__ static inline bool epnet_group_any(const EpnetGroup &group, bool flag) {
    return epnet_group_sum(group, flag ? 1 : 0) > 0;
}

__device__ static inline double epnet_group_maximum(const EpnetGroup &group, double value) {
    const int width = group.size < EPNET_WARP ? group.size : EPNET_WARP;
    for (int distance = width / 2; distance > 0; distance /= 2)
        value = fmax(value, __shfl_xor_sync(group.lanes, value, distance));
    if (group.size <= EPNET_WARP)
        return value;
    __syncthreads();
    if (group.rank % EPNET_WARP == 0)
        group.partial[group.rank / EPNET_WARP] = value;
    __syncthreads();
    for (int w = 0; w < group.size / EPNET_WARP; w++)
        value = fmax(value, group.partial[w]);
    return value;
}

#endif

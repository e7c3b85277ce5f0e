#include "../../kernels/device.cuh"

#include "harness_kernels.h"

enum { LANES = 32 };

static __device__ double warp_sum(double value) {
    for (int distance = LANES / 2; distance > 0; distance /= 2)
        value += __shfl_down_sync(~0u, value, (unsigned)distance);
    return value;
}

static __global__ void block_sum(const double *__restrict__ x, double *sum) {
    EPNET_SHARED(double, part, LANES);
    const unsigned lane = threadIdx.x % LANES, warp = threadIdx.x / LANES;
    const double of_warp = warp_sum(x[blockIdx.x * blockDim.x + threadIdx.x]);
    if (lane == 0)
        part[warp] = of_warp;
    __syncthreads();
    if (threadIdx.x == 0) {
        double total = 0;
        for (unsigned w = 0; w < blockDim.x / LANES; w++)
            total += part[w];
        sum[blockIdx.x] = total;
    }
}

cudaError_t harness_block_sum(const double *x, double *sum, int blocks, int threads, cudaStream_t stream) {
    EPNET_LAUNCH(block_sum, dim3((unsigned)blocks), dim3((unsigned)threads), 0, stream, x, sum);
    return cudaGetLastError();
}

template <bool WAIT> static __global__ void rotate(const double *x, double *y) {
    EPNET_DYNAMIC_SHARED(double, all);
    const unsigned i = threadIdx.x, first = blockIdx.x * blockDim.x;
    all[i] = x[first + i];
    if (WAIT)
        __syncthreads();
    y[first + i] = all[(i + 1) % blockDim.x];
}

cudaError_t harness_rotate(const double *x, double *y, int blocks, int threads, bool wait, int shared_bytes,
                           cudaStream_t stream) {
    const dim3 grid((unsigned)blocks), block((unsigned)threads);
    const size_t bytes = (size_t)shared_bytes;
    if (bytes > 48 << 10) {
        const cudaError_t error =
            wait ? cudaFuncSetAttribute(rotate<true>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                        shared_bytes)
                 : cudaFuncSetAttribute(rotate<false>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                        shared_bytes);
        if (error != cudaSuccess)
            return cudaGetLastError();
    }
    if (wait)
        EPNET_LAUNCH(rotate<true>, grid, block, bytes, stream, x, y);
    else
        EPNET_LAUNCH(rotate<false>, grid, block, bytes, stream, x, y);
    return cudaGetLastError();
}

static __global__ void groups_of_lanes(const int *rounds, double *y, int size) {
    const int thread = (int)threadIdx.x, group = thread / size;
    const unsigned first = threadIdx.x % LANES & ~(unsigned)(size - 1);
    const unsigned lanes = size == LANES ? ~0u : ((1u << size) - 1) << first;
    double value = 1 + thread % size;
    for (int round = 0; round < rounds[group]; round++) {
        for (int distance = size / 2; distance > 0; distance /= 2)
            value += __shfl_xor_sync(lanes, value, distance);
        __syncwarp(lanes);
    }
    y[thread] = value;
}

cudaError_t harness_groups(const int *rounds, double *y, int groups, int size, cudaStream_t stream) {
    EPNET_LAUNCH(groups_of_lanes, dim3(1), dim3((unsigned)(groups * size)), 0, stream, rounds, y, size);
    return cudaGetLastError();
}

static __global__ void rank_values(const int *x, int *ranks, unsigned *vote, int n) {
    const int i = (int)threadIdx.x;
    for (int other = 0; other < n; other++) {
        if (x[other] < x[i])
            atomicAdd(&ranks[i], 1);
    }
    const unsigned odd = __ballot_sync(~0u, x[i] & 1);
    if (__any_sync(~0u, x[i] & 1) != (odd != 0) || __all_sync(~0u, x[i] & 1) != (odd == ~0u))
        ranks[i] = -1;
    if (i % LANES == 0)
        vote[i / LANES] = odd;
}

cudaError_t harness_rank(const int *x, int *ranks, unsigned *vote, int n, cudaStream_t stream) {
    EPNET_LAUNCH(rank_values, dim3(1), dim3((unsigned)n), 0, stream, x, ranks, vote, n);
    return cudaGetLastError();
}

static __global__ void queue(unsigned *next, unsigned *owner, unsigned count) {
    EPNET_SHARED(unsigned, taken, 1);
    for (;;) {
        if (threadIdx.x == 0)
            *taken = atomicAdd(next, 1);
        __syncthreads();
        const unsigned k = *taken;
        if (k >= count)
            return;
        if (threadIdx.x == 1)
            owner[k] = blockIdx.x;
        __syncthreads();
    }
}

cudaError_t harness_queue(unsigned *next, unsigned *owner, unsigned count, int blocks, cudaStream_t stream) {
    EPNET_LAUNCH(queue, dim3((unsigned)blocks), dim3(LANES), 0, stream, next, owner, count);
    return cudaGetLastError();
}

static __global__ void indices(unsigned *out) {
    const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    unsigned *const to = out + (size_t)3 * (block * blockDim.x * blockDim.y * blockDim.z + thread);
    to[0] = threadIdx.x << 16 | blockIdx.x;
    to[1] = threadIdx.y << 16 | blockIdx.y;
    to[2] = threadIdx.z << 16 | blockIdx.z;
}

cudaError_t harness_indices(unsigned *out, dim3 grid, dim3 block, cudaStream_t stream) {
    EPNET_LAUNCH(indices, grid, block, 0, stream, out);
    return cudaGetLastError();
}

static __global__ void with_fault(int fault, double *out) {
    EPNET_DYNAMIC_SHARED(double, dynamic);
    EPNET_SHARED(double, array, 4);
    const unsigned i = threadIdx.x, lane = i % LANES;
    double value = i;
    dynamic[i] = value;
    if (i < 4)
        array[i] = value;
    switch (fault) {
    case HARNESS_SHARED_OVERRUN:
        if (i == 63)
            dynamic[i + 1] = value;
        break;
    case HARNESS_ARRAY_OVERRUN:
        if (i == 3)
            array[i + 1] = value;
        break;
    case HARNESS_DIVERGENT_BARRIER:
        if (i < 40)
            __syncthreads();
        else
            __syncthreads();
        break;
    case HARNESS_MISSED_BARRIER:
        if (i < 40)
            __syncthreads();
        break;
    case HARNESS_ABSENT_LANE:
        if (lane < 8)
            value = __shfl_xor_sync(~0u, value, 1);
        break;
    case HARNESS_OUTSIDE_MASK:
        if (lane < 8)
            value = __shfl_sync(0xffu, value, 8);
        break;
    case HARNESS_WRONG_MASK:
        if (lane < 8)
            value = __shfl_xor_sync(0xf0u, value, 1);
        break;
    case HARNESS_DEVICE_OVERRUN:
        if (i == 63)
            out[i + 1] = value;
        break;
    default:
        break;
    }
    out[i] = value;
}

cudaError_t harness_fault(HarnessFault fault, double *out, cudaStream_t stream) {
    EPNET_LAUNCH(with_fault, dim3(1), dim3(64), 64 * sizeof(double), stream, (int)fault, out);
    return cudaGetLastError();
}

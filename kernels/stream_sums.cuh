/* Sums over many items: a block sums a piece of EPNET_STREAM_PIECE items by a tree and leaves the result in
 * an array of partial sums, which one block then sums by the same tree. Pieces and trees are the same
 * whatever the device. */
#ifndef EPNET_KERNELS_STREAM_SUMS_CUH
#define EPNET_KERNELS_STREAM_SUMS_CUH

#include "stream_point.cuh"

struct EpnetAdd {
    __device__ double operator()(double a, double b) const { return a + b; }
};

/* The smaller; NaN if one is NaN. */
struct EpnetLeast {
    __device__ double operator()(double a, double b) const { return isnan(a) || a < b ? a : b; }
};

/* The larger; NaN if one is NaN. */
struct EpnetGreatest {
    __device__ double operator()(double a, double b) const { return isnan(a) || a > b ? a : b; }
};

/* Combine K values of every thread of a block; thread 0 writes value i to partials[i * stride + at]. */
template <int K, class Operation>
__device__ static inline void epnet_stream_block(double (&value)[K], Operation operation, double *partials,
                                                 size_t stride, size_t at) {
    EPNET_SHARED(double, tree, K *EPNET_STREAM_THREADS);
    const unsigned t = threadIdx.x;
#pragma unroll
    for (int i = 0; i < K; i++)
        tree[i * EPNET_STREAM_THREADS + t] = value[i];
    for (unsigned half = EPNET_STREAM_THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (t < half) {
#pragma unroll
            for (int i = 0; i < K; i++)
                tree[i * EPNET_STREAM_THREADS + t] =
                    operation(tree[i * EPNET_STREAM_THREADS + t], tree[i * EPNET_STREAM_THREADS + t + half]);
        }
    }
    if (t == 0) {
#pragma unroll
        for (int i = 0; i < K; i++)
            partials[i * stride + at] = tree[i * EPNET_STREAM_THREADS];
    }
}

/* Items of the calling thread's share of its block's piece: EPNET_STREAM_FOR(k, count) { ... }. */
#define EPNET_STREAM_FOR(k, count)                                                                           \
    for (uint64_t k = (uint64_t)blockIdx.x * EPNET_STREAM_PIECE + threadIdx.x,                               \
                  k##_end = epnet_stream_piece_end(count);                                                   \
         k < k##_end; k += EPNET_STREAM_THREADS)

__device__ static inline uint64_t epnet_stream_piece_end(uint64_t count) {
    const uint64_t end = ((uint64_t)blockIdx.x + 1) * EPNET_STREAM_PIECE;
    return end < count ? end : count;
}

/* results[b] = the combination of partials[b * count .. (b + 1) * count - 1]; one block for each. */
template <class Operation>
__global__ void epnet_stream_finish(const double *partials, size_t count, Operation operation,
                                    double identity, double *results) {
    double value[1] = {identity};
    for (size_t i = threadIdx.x; i < count; i += EPNET_STREAM_THREADS)
        value[0] = operation(value[0], partials[blockIdx.x * count + i]);
    epnet_stream_block(value, operation, results, 1, blockIdx.x);
}

/* Sum up `sums` quantities of which a launch over `count` items left the partial sums. */
static inline cudaError_t epnet_stream_sum_up(int sums, uint64_t count, const double *partials,
                                              double *results, cudaStream_t stream) {
    EPNET_LAUNCH(epnet_stream_finish<EpnetAdd>, dim3((unsigned)sums), dim3(EPNET_STREAM_THREADS), 0, stream,
                 partials, epnet_stream_pieces(count), EpnetAdd(), 0.0, results);
    return cudaGetLastError();
}

#endif

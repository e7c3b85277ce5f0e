/* A point of the streaming engine in the terms of generator.cuh, and what its kernels share. */
#ifndef EPNET_KERNELS_STREAM_POINT_CUH
#define EPNET_KERNELS_STREAM_POINT_CUH

#include "generator.cuh"
#include "stream_kernels.h"

enum { EPNET_STREAM_THREADS = 256, EPNET_STREAM_PIECE = 16 * EPNET_STREAM_THREADS };

/* Blocks that give every item of `count` a thread. */
static inline unsigned epnet_stream_blocks(uint64_t count) {
    return (unsigned)((count + EPNET_STREAM_THREADS - 1) / EPNET_STREAM_THREADS);
}

/* Blocks of a sum over `count` items: one per piece. */
static inline unsigned epnet_stream_pieces(uint64_t count) {
    return (unsigned)((count + EPNET_STREAM_PIECE - 1) / EPNET_STREAM_PIECE);
}

__device__ static inline uint64_t epnet_stream_index() {
    return (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
}

__host__ __device__ static inline EpnetRates epnet_stream_rates(const EpnetStreamPoint &point) {
    return {point.flip_up, point.flip_down, point.rate, point.drive, point.backward};
}

__host__ __device__ static inline EpnetTables epnet_stream_tables_of(int nodes,
                                                                     const EpnetStreamPoint &point) {
    return {nodes, point.low_bits, 1 << (nodes - point.low_bits), point.low, point.high};
}

__device__ static inline uint32_t epnet_stream_side_state(int nodes, const EpnetStreamSide &side,
                                                          uint64_t s) {
    const int low_bits = nodes / 2;
    return side.low[s & (((uint64_t)1 << low_bits) - 1)] + side.high[s >> low_bits];
}

#endif

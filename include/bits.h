/* State-index algebra. A state is an integer s in [0, 2^N); node i is bit i (node 0 the least significant).
 * Host and device. */
#ifndef EPNET_BITS_H
#define EPNET_BITS_H

#include <stdint.h>

#ifdef __CUDACC__
#define EPNET_HOST_DEVICE __host__ __device__ static inline
#else
#define EPNET_HOST_DEVICE static inline
#endif

/* x_i, the value (0 or 1) of node i in state s. */
EPNET_HOST_DEVICE int epnet_bit(uint64_t s, int i) {
    return (int)(s >> i & 1);
}

/* The state that differs from s in node j alone. */
EPNET_HOST_DEVICE uint64_t epnet_flip(uint64_t s, int j) {
    return s ^ ((uint64_t)1 << j);
}

/* The k-th state with x_j = 0: the bits of k from j upwards move one place up. k < 2^(N-1). */
EPNET_HOST_DEVICE uint64_t epnet_insert_zero(uint64_t k, int j) {
    uint64_t below = k & (((uint64_t)1 << j) - 1);
    return ((k ^ below) << 1) | below;
}

/* The bits of s selected by mask, packed towards bit 0: the sub-state of a set of nodes. */
EPNET_HOST_DEVICE uint64_t epnet_extract(uint64_t s, uint64_t mask) {
    uint64_t packed = 0;
    for (int at = 0; mask != 0; mask &= mask - 1, at++) {
        uint64_t lowest = mask & (~mask + 1);
        packed |= (uint64_t)((s & lowest) != 0) << at;
    }
    return packed;
}

#endif

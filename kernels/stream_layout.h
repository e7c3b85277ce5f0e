/* How a pass lays a tile out over a block: bits of the index within the tile go to threads, the bits above
 * them to the registers of a thread. C and CUDA. */
#ifndef EPNET_KERNELS_STREAM_LAYOUT_H
#define EPNET_KERNELS_STREAM_LAYOUT_H

#include "bits.h"
#include "stream_kernels.h"

/* Wide tiles are for work: 256 threads of 16 states, 36 KiB of shared memory. Narrow ones, 8 threads of 4
 * states, serve networks below the size of a wide tile. */
enum {
    EPNET_STREAM_WIDE_THREAD_BITS = 8,
    EPNET_STREAM_WIDE_REGISTER_BITS = 4,
    EPNET_STREAM_WIDE_BITS = EPNET_STREAM_WIDE_THREAD_BITS + EPNET_STREAM_WIDE_REGISTER_BITS,
    EPNET_STREAM_NARROW_THREAD_BITS = 3,
    EPNET_STREAM_NARROW_REGISTER_BITS = 2,
    EPNET_STREAM_NARROW_BITS = EPNET_STREAM_NARROW_THREAD_BITS + EPNET_STREAM_NARROW_REGISTER_BITS,
    EPNET_STREAM_DIRECT = 6 /* direct nodes of a pass at most */
};

/* Nodes with tables in a pass: one per bit of the tile, then the direct ones. */
EPNET_HOST_DEVICE int epnet_stream_served(const EpnetStreamPass *pass) {
    return pass->tile_bits + pass->direct_count;
}

EPNET_HOST_DEVICE int epnet_stream_thread_bits(const EpnetStreamPass *pass) {
    return pass->tile_bits == EPNET_STREAM_WIDE_BITS ? EPNET_STREAM_WIDE_THREAD_BITS
                                                     : EPNET_STREAM_NARROW_THREAD_BITS;
}

/* Doubles of pass->thread_part. */
EPNET_HOST_DEVICE size_t epnet_stream_thread_part_size(const EpnetStreamPass *pass) {
    return (size_t)(2 * epnet_stream_served(pass)) << epnet_stream_thread_bits(pass);
}

/* The node whose bit is bit m of the index within a tile, then the direct ones. */
EPNET_HOST_DEVICE int epnet_stream_node(const EpnetStreamPass *pass, int m) {
    if (m >= pass->tile_bits)
        return pass->direct + m - pass->tile_bits;
    return m < pass->low ? m : pass->window + m - pass->low;
}

/* Whether the tile spans node i, and which bit of its index shows it. */
EPNET_HOST_DEVICE int epnet_stream_tile_bit(const EpnetStreamPass *pass, int i) {
    if (i < pass->low)
        return i;
    const int m = pass->low + i - pass->window;
    return i >= pass->window && m < pass->tile_bits ? m : -1;
}

/* The state at the beginning of a tile: bits of `tile` around the window. The lowest bits of the number are
 * those of the direct nodes, the highest of the state: tiles that read each other follow each other, so that
 * blocks work on them at the same time and the reads of neighbours come from the cache. A state's bit is one
 * bit of the number. */
EPNET_HOST_DEVICE uint64_t epnet_stream_tile_state(const EpnetStreamPass *pass, uint64_t tile) {
    const int between = pass->window - pass->low;
    const uint64_t direct = tile & (((uint64_t)1 << pass->direct_count) - 1);
    const uint64_t rest = tile >> pass->direct_count, below = rest & (((uint64_t)1 << between) - 1);
    return below << pass->low | rest >> between << (pass->window + pass->tile_bits - pass->low) |
           direct << pass->direct;
}

/* The number of a tile in two halves, whose parts of r_j come from tables: bits of the lower and of the upper
 * one. */
EPNET_HOST_DEVICE int epnet_stream_half_bits(const EpnetStreamPass *pass, int upper) {
    return (pass->outside_bits + upper) / 2;
}

/* Doubles of pass->outside_part. */
EPNET_HOST_DEVICE size_t epnet_stream_outside_part_size(const EpnetStreamPass *pass) {
    return (size_t)(2 * epnet_stream_served(pass)) *
           (((size_t)1 << epnet_stream_half_bits(pass, 0)) + ((size_t)1 << epnet_stream_half_bits(pass, 1)));
}

#endif

/* Random numbers by counter (Philox4x32-10): number k of a stream depends on the seed, the stream and k
 * alone, never on threads or order. */
#ifndef EPNET_HOST_RANDOM_STREAM_H
#define EPNET_HOST_RANDOM_STREAM_H

#include <stdint.h>

typedef struct EpnetRandomStream {
    uint64_t seed;
    uint64_t index;   /* which stream of its purpose, as the number of a start */
    uint32_t purpose; /* streams of different purposes never share a number */
    uint32_t block;   /* the next counter */
    double kept;      /* the second number of the last block */
    int kept_count;   /* 1 while it has not been taken */
} EpnetRandomStream;

static inline EpnetRandomStream epnet_random_stream(uint64_t seed, uint32_t purpose, uint64_t index) {
    return (EpnetRandomStream){.seed = seed, .index = index, .purpose = purpose};
}

/* Uniform in (0, 1): a multiple of 2^-53 plus half of that. */
double epnet_random_uniform(EpnetRandomStream *stream);

/* Normal, mean 0, variance 1, from two uniforms (Box and Muller). */
double epnet_random_normal(EpnetRandomStream *stream);

#endif

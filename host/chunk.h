/* The buffers of a chunk of points: parameters and rows. */
#ifndef EPNET_HOST_CHUNK_H
#define EPNET_HOST_CHUNK_H

#include "spec.h"

typedef struct EpnetChunk {
    double *parameters;
    EpnetPoint *points;
    EpnetRows rows;
} EpnetChunk;

/* Room for `count` points of a sweep. EPNET_DEVICE: memory is exhausted, and nothing is left to free. */
EpnetStatus epnet_chunk_alloc(const EpnetSpec *spec, size_t count, EpnetChunk *chunk, EpnetError *error);
void epnet_chunk_free(EpnetChunk *chunk);

/* Fill in the parameters of grid points [first, first + count). */
void epnet_chunk_set(EpnetChunk *chunk, const EpnetSpec *spec, size_t first, size_t count);

/* Bytes that a chunk takes. */
uint64_t epnet_chunk_bytes(const EpnetSpec *spec, size_t count);

#endif

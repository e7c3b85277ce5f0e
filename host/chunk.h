/* The buffers of a chunk of points: parameters and rows. */
#ifndef EPNET_HOST_CHUNK_H
#define EPNET_HOST_CHUNK_H

#include "spec.h"

/* Values (doubles) that a point has in each part of its rows; 0: the part is not there. */
typedef struct EpnetRowLayout {
    size_t last, extremes, point, envelope, trajectory;
    size_t curve; /* of the chunk, not of each point: only a sweep of one point has it */
} EpnetRowLayout;

EpnetRowLayout epnet_row_layout(const EpnetSpec *spec);

typedef struct EpnetChunk {
    size_t room; /* points */
    EpnetRowLayout layout;
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

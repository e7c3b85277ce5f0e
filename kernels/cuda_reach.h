/* Which states of a point can be occupied, found on the host for the points that have impossible flips
 * (host/cpu/reach.h). */
#ifndef EPNET_KERNELS_CUDA_REACH_H
#define EPNET_KERNELS_CUDA_REACH_H

#include "generator.h"

/* Room for one point at a time; all zero: not allocated yet. */
typedef struct EpnetCudaReach {
    EpnetGenerator generator;
    unsigned char *marked; /* 2^nodes */
    uint32_t *queue;       /* 2^nodes */
} EpnetCudaReach;

/* Words of a mask: bit s of 2^nodes bits. */
size_t epnet_cuda_mask_words(int nodes);

/* Mark the states that are occupied at t > 0, or, without an initial law, in the stationary law, in mask[],
 * and set *degree_min, the flips that the farthest needs, at least the number of nodes.
 * EPNET_POINT_NOT_UNIQUE: there are several stationary laws; EPNET_POINT_OUT_OF_MEMORY. */
EpnetPointStatus epnet_cuda_reach_find(EpnetCudaReach *reach, const EpnetProblem *problem,
                                       const EpnetPoint *point, uint32_t *mask, uint32_t *degree_min);
void epnet_cuda_reach_free(EpnetCudaReach *reach);

#endif

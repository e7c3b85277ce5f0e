/* A problem on a device: what all points share, uploaded once. */
#ifndef EPNET_KERNELS_CUDA_PROBLEM_H
#define EPNET_KERNELS_CUDA_PROBLEM_H

#include "cuda_memory.h"
#include "engine.h"

typedef struct EpnetCudaProblemStorage {
    EpnetCudaProblem problem; /* points into the arrays below */
    size_t *edges;            /* edge_count: edges of the problem, sorted by target */
    EpnetCudaArray first_edge, source, cuts, times, steps, initial;
} EpnetCudaProblemStorage;

/* Upload to the calling thread's device; waits for the stream. EPNET_DEVICE: memory or the device refuses,
 * and nothing is left to free. */
EpnetStatus epnet_cuda_problem_make(const EpnetProblem *problem, cudaStream_t stream,
                                    EpnetCudaProblemStorage *storage, EpnetError *error);
void epnet_cuda_problem_free(EpnetCudaProblemStorage *storage);

#endif

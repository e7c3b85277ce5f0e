/* Our stationary laws on the device without rows: the launch that leaves trajectories their starts. */
#ifndef EPNET_BENCH_GPU_LAWS_CUDA_H
#define EPNET_BENCH_GPU_LAWS_CUDA_H

#include "toolkit_cuda.h"

#include "cuda_batch.h"

typedef struct GpuLaws {
    GpuToolkit work;
    EpnetProblem problem;
    EpnetCudaProblemStorage shared;
    EpnetCudaSlots slots; /* slots.law.device: point after point, 2^nodes doubles each */
    EpnetCudaLayout layout;
    EpnetCudaBatch batch;
    double *scratch;
} GpuLaws;

/* The case's points, whose rates are all positive, on the calling thread's device. `laws` stays where it is
 * until gpu_laws_close(). */
void gpu_laws_open(GpuLaws *laws, const GpuCase *item);

/* Enqueue NaN in the place of all laws, then the laws, on the default stream. */
void gpu_laws_clear(GpuLaws *laws);
void gpu_laws_launch(GpuLaws *laws);

void gpu_laws_close(GpuLaws *laws);

#endif

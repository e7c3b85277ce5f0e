/* Device memory taken away, for the check of a full device. */
#ifndef EPNET_BENCH_GPU_MEMORY_CUDA_H
#define EPNET_BENCH_GPU_MEMORY_CUDA_H

#include "checks.h"

extern const GpuMemoryHolder gpu_cuda_memory;

#endif

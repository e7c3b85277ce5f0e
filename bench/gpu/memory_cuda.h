/* Device memory: taken away, for the check of a full device; copied, for what its bandwidth is. */
#ifndef EPNET_BENCH_GPU_MEMORY_CUDA_H
#define EPNET_BENCH_GPU_MEMORY_CUDA_H

#include "bench.h"

extern const GpuMemoryHolder gpu_cuda_memory;

/* Bytes read and written per second by copies of `bytes` bytes within the device, the median of repeats; NaN
 * if the device refuses. */
double gpu_cuda_copy_rate(int device, size_t bytes);

#endif

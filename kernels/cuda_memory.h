/* Arrays that the host fills or reads and a device works on. */
#ifndef EPNET_KERNELS_CUDA_MEMORY_H
#define EPNET_KERNELS_CUDA_MEMORY_H

#include "cuda_check.h"

#include <stddef.h>

/* Page-locked host memory and as much on the device; both NULL for zero bytes. */
typedef struct EpnetCudaArray {
    void *host; /* NULL too if only the device has it */
    void *device;
    size_t bytes;
} EpnetCudaArray;

/* Allocate for the calling thread's device; after a failure there is nothing to free. */
EpnetCudaResult epnet_cuda_array_alloc(EpnetCudaArray *array, size_t bytes);
EpnetCudaResult epnet_cuda_array_alloc_device(EpnetCudaArray *array, size_t bytes);
void epnet_cuda_array_free(EpnetCudaArray *array);

/* Enqueue a copy of the first `bytes` bytes to, or from, the device. */
EpnetCudaResult epnet_cuda_array_upload(const EpnetCudaArray *array, size_t bytes, cudaStream_t stream);
EpnetCudaResult epnet_cuda_array_download(const EpnetCudaArray *array, size_t bytes, cudaStream_t stream);

#endif

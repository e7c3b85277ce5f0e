#include "cuda_memory.h"

#include <string.h>

static const EpnetCudaResult nothing_to_do = {cudaSuccess, ""};

EpnetCudaResult epnet_cuda_array_alloc_device(EpnetCudaArray *array, size_t bytes) {
    memset(array, 0, sizeof *array);
    if (bytes == 0)
        return nothing_to_do;
    const EpnetCudaResult result = EPNET_CUDA(cudaMalloc, &array->device, bytes);
    if (epnet_cuda_ok(result))
        array->bytes = bytes;
    else
        array->device = NULL;
    return result;
}

EpnetCudaResult epnet_cuda_array_alloc(EpnetCudaArray *array, size_t bytes) {
    EpnetCudaResult result = epnet_cuda_array_alloc_device(array, bytes);
    if (!epnet_cuda_ok(result) || bytes == 0)
        return result;
    result = EPNET_CUDA(cudaMallocHost, &array->host, bytes);
    if (!epnet_cuda_ok(result)) {
        array->host = NULL;
        epnet_cuda_array_free(array);
    }
    return result;
}

void epnet_cuda_array_free(EpnetCudaArray *array) {
    /* What freeing reports is an earlier failure, which has been told. */
    if (array->device != NULL)
        (void)cudaFree(array->device);
    if (array->host != NULL)
        (void)cudaFreeHost(array->host);
    memset(array, 0, sizeof *array);
}

EpnetCudaResult epnet_cuda_array_upload(const EpnetCudaArray *array, size_t bytes, cudaStream_t stream) {
    if (bytes == 0)
        return nothing_to_do;
    return EPNET_CUDA(cudaMemcpyAsync, array->device, array->host, bytes, cudaMemcpyHostToDevice, stream);
}

EpnetCudaResult epnet_cuda_array_download(const EpnetCudaArray *array, size_t bytes, cudaStream_t stream) {
    if (bytes == 0)
        return nothing_to_do;
    return EPNET_CUDA(cudaMemcpyAsync, array->host, array->device, bytes, cudaMemcpyDeviceToHost, stream);
}

/* How the CUDA runtime's errors travel, and how they become ours. */
#ifndef EPNET_KERNELS_CUDA_CHECK_H
#define EPNET_KERNELS_CUDA_CHECK_H

#include "epnet.h"

#include <cuda_runtime_api.h>

/* What a call returned, and which it was. */
typedef struct EpnetCudaResult {
    cudaError_t code;
    const char *call;
} EpnetCudaResult;

/* Call a function that returns cudaError_t. */
#define EPNET_CUDA(function, ...) ((EpnetCudaResult){function(__VA_ARGS__), #function})

static inline bool epnet_cuda_ok(EpnetCudaResult result) {
    return result.code == cudaSuccess;
}

/* EPNET_OK for cudaSuccess; else EPNET_DEVICE with the device of the calling thread, the call, the name and
 * the text of the error. An error that is not the end of the device is cleared: no later call reports it. */
EpnetStatus epnet_cuda_check(EpnetCudaResult result, EpnetError *error);

/* An error as people should read it: "cudaErrorNoDevice: no CUDA-capable device is detected", or, where these
 * are the reason, the versions of driver and program or the architectures of the kernels. */
void epnet_cuda_describe_error(cudaError_t code, char *text, size_t size);

#endif

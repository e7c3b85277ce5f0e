#include "cuda_check.h"

#include "status.h"

#include <stdio.h>

#ifndef EPNET_CUDA_ARCHITECTURES /* the build's list */
#define EPNET_CUDA_ARCHITECTURES "that the build names"
#endif

/* Versions of the runtime are 1000 x major + 10 x minor. */
static int major_of(int version) {
    return version / 1000;
}

static int minor_of(int version) {
    return version % 1000 / 10;
}

static void describe_versions(char *text, size_t size) {
    int driver = 0, runtime = 0;
    if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0)
        snprintf(text, size, "no CUDA driver is installed");
    else if (cudaRuntimeGetVersion(&runtime) == cudaSuccess)
        snprintf(text, size, "the driver is for CUDA %d.%d, this program needs %d.%d", major_of(driver),
                 minor_of(driver), major_of(runtime), minor_of(runtime));
    else
        snprintf(text, size, "the driver is for CUDA %d.%d", major_of(driver), minor_of(driver));
}

void epnet_cuda_describe_error(cudaError_t code, char *text, size_t size) {
    char reason[192] = "";
    if (code == cudaErrorInsufficientDriver)
        describe_versions(reason, sizeof reason);
    else if (code == cudaErrorNoKernelImageForDevice ||
             code == cudaErrorInvalidDeviceFunction) /* the same, where the runtime looks a function up */
        snprintf(reason, sizeof reason, "the kernels were compiled for the architectures %s",
                 EPNET_CUDA_ARCHITECTURES);
    if (reason[0] != '\0')
        snprintf(text, size, "%s (%s)", reason, cudaGetErrorName(code));
    else
        snprintf(text, size, "%s: %s", cudaGetErrorName(code), cudaGetErrorString(code));
}

EpnetStatus epnet_cuda_check(EpnetCudaResult result, EpnetError *error) {
    if (epnet_cuda_ok(result))
        return EPNET_OK;
    char text[512];
    int device = 0;
    const bool known = cudaGetDevice(&device) == cudaSuccess;
    epnet_cuda_describe_error(result.code, text, sizeof text);
    (void)cudaGetLastError();
    if (known)
        return epnet_fail(error, EPNET_DEVICE, "cuda:%d: %s: %s", device, result.call, text);
    return epnet_fail(error, EPNET_DEVICE, "cuda: %s: %s", result.call, text);
}

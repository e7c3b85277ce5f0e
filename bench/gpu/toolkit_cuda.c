#include "toolkit_cuda.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum { REPEATS = 5 };

/* ---- the library --------------------------------------------------------------------------------------- */

/* dlsym() gives an object's address where a function's is meant; POSIX lets it be copied. */
static bool find(void *handle, const GpuFunction *function) {
    void *symbol = dlsym(handle, function->name);
    memcpy(function->pointer, &symbol, sizeof symbol);
    return symbol != NULL;
}

/* NULL, with the loader's own reasons, if it is nowhere. */
static void *open_library(const char *stem, int version, char *reasons, size_t size) {
    char versioned[32], plain[32], beside[sizeof EPNET_CUDA_LIBRARIES + 32];
    snprintf(versioned, sizeof versioned, "lib%s.so.%d", stem, version);
    snprintf(plain, sizeof plain, "lib%s.so", stem);
    snprintf(beside, sizeof beside, EPNET_CUDA_LIBRARIES "/lib%s.so", stem);
    /* The last is that of a toolkit that the loader does not know of. */
    const char *const places[] = {versioned, plain, beside};
    size_t used = 0;
    reasons[0] = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        void *handle = dlopen(places[i], RTLD_NOW | RTLD_LOCAL);
        if (handle != NULL)
            return handle;
        if (used < size)
            used += (size_t)snprintf(reasons + used, size - used, "%s%s", i > 0 ? "; " : "", dlerror());
    }
    return NULL;
}

bool gpu_toolkit_load(const char *stem, int version, const GpuFunction *functions, size_t count,
                      char *reasons, size_t size) {
    void *handle = open_library(stem, version, reasons, size);
    bool complete = handle != NULL;
    for (size_t i = 0; i < count && complete; i++)
        complete = find(handle, &functions[i]);
    if (handle != NULL && !complete)
        snprintf(reasons, size, "it lacks a function: %s", dlerror());
    return complete;
}

/* ---- calls ----------------------------------------------------------------------------------------------
 */

bool gpu_toolkit_goes_on(const GpuToolkit *work) {
    return work->failed[0] == '\0';
}

void gpu_toolkit_expect(GpuToolkit *work, cudaError_t code, const char *call) {
    if (code != cudaSuccess && gpu_toolkit_goes_on(work))
        snprintf(work->failed, sizeof work->failed, "%s: %s", call, cudaGetErrorString(code));
}

void gpu_toolkit_expect_status(GpuToolkit *work, int status, const char *call) {
    if (status != 0 && gpu_toolkit_goes_on(work))
        snprintf(work->failed, sizeof work->failed, "%s: status %d", call, status);
}

void *gpu_toolkit_array(GpuToolkit *work, const void *values, size_t bytes) {
    void *array = NULL;
    if (gpu_toolkit_goes_on(work) && work->array_count == GPU_TOOLKIT_ARRAYS)
        snprintf(work->failed, sizeof work->failed, "more than %d arrays", GPU_TOOLKIT_ARRAYS);
    if (gpu_toolkit_goes_on(work))
        gpu_toolkit_expect(work, cudaMalloc(&array, bytes), "cudaMalloc");
    if (!gpu_toolkit_goes_on(work))
        return NULL;
    work->arrays[work->array_count++] = array;
    if (values != NULL)
        gpu_toolkit_expect(work, cudaMemcpy(array, values, bytes, cudaMemcpyHostToDevice), "cudaMemcpy");
    return array;
}

void gpu_toolkit_fetch(GpuToolkit *work, void *to, const void *from, size_t bytes) {
    if (gpu_toolkit_goes_on(work))
        gpu_toolkit_expect(work, cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost), "cudaMemcpy");
}

/* ---- time -----------------------------------------------------------------------------------------------
 */

static void make_events(GpuToolkit *work) {
    if (gpu_toolkit_goes_on(work) && work->start == NULL)
        gpu_toolkit_expect(work, cudaEventCreate(&work->start), "cudaEventCreate");
    if (gpu_toolkit_goes_on(work) && work->end == NULL)
        gpu_toolkit_expect(work, cudaEventCreate(&work->end), "cudaEventCreate");
}

bool gpu_toolkit_measure(GpuToolkit *work, void (*prepare)(void *argument), void (*body)(void *argument),
                         void *argument, int count, GpuTiming *timing) {
    double seconds[REPEATS];
    make_events(work);
    for (int i = 0; i < REPEATS && gpu_toolkit_goes_on(work); i++) {
        float milliseconds = 0;
        if (prepare != NULL)
            prepare(argument);
        gpu_toolkit_expect(work, cudaEventRecord(work->start, NULL), "cudaEventRecord");
        for (int k = 0; k < count && gpu_toolkit_goes_on(work); k++)
            body(argument);
        gpu_toolkit_expect(work, cudaEventRecord(work->end, NULL), "cudaEventRecord");
        gpu_toolkit_expect(work, cudaEventSynchronize(work->end), "cudaEventSynchronize");
        if (gpu_toolkit_goes_on(work))
            gpu_toolkit_expect(work, cudaEventElapsedTime(&milliseconds, work->start, work->end),
                               "cudaEventElapsedTime");
        seconds[i] = 1e-3 * milliseconds / count;
    }
    if (!gpu_toolkit_goes_on(work))
        return false;
    *timing = gpu_timing(seconds, REPEATS);
    return true;
}

void gpu_toolkit_release(GpuToolkit *work) {
    for (size_t i = 0; i < work->array_count; i++)
        (void)cudaFree(work->arrays[i]);
    if (work->start != NULL)
        (void)cudaEventDestroy(work->start);
    if (work->end != NULL)
        (void)cudaEventDestroy(work->end);
    (void)cudaGetLastError(); /* what was refused here is not for the next who asks */
}

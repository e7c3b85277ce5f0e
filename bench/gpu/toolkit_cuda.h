/* What measurements of the CUDA toolkit's libraries share. A library is loaded where it is used: the rest of
 * the program runs without it. That it fails is a finding about the library: work goes on to the first call
 * that does, and whoever asked says which it was. */
#ifndef EPNET_BENCH_GPU_TOOLKIT_CUDA_H
#define EPNET_BENCH_GPU_TOOLKIT_CUDA_H

#include "bench.h"

#include <cuda_runtime_api.h>

typedef struct GpuFunction {
    const char *name;
    void *pointer; /* to function: where its address goes */
} GpuFunction;

/* Load lib`stem`.so of a major version. False, with the loader's own reasons, if it is nowhere or lacks one
 * of the functions. */
bool gpu_toolkit_load(const char *stem, int version, const GpuFunction *functions, size_t count,
                      char *reasons, size_t size);

enum { GPU_TOOLKIT_ARRAYS = 8 };

/* On the calling thread's device; begins as zero. */
typedef struct GpuToolkit {
    void *arrays[GPU_TOOLKIT_ARRAYS];
    size_t array_count;
    cudaEvent_t start, end;
    char failed[160]; /* the first call that did, and why; "": none */
} GpuToolkit;

/* No call has failed. */
bool gpu_toolkit_goes_on(const GpuToolkit *work);

/* Keep why a call failed, of the runtime or of a library, whose success is 0. */
void gpu_toolkit_expect(GpuToolkit *work, cudaError_t code, const char *call);
void gpu_toolkit_expect_status(GpuToolkit *work, int status, const char *call);

/* Memory of the device with these values (NULL: whatever is there), until gpu_toolkit_release(). NULL: it
 * could not be had, or an earlier call has failed. */
void *gpu_toolkit_array(GpuToolkit *work, const void *values, size_t bytes);

/* `bytes` of the device's memory to the host's. */
void gpu_toolkit_fetch(GpuToolkit *work, void *to, const void *from, size_t bytes);

/* Seconds of one body(argument), of `count` on the default stream between two events; repeated, each time
 * after prepare(argument) (NULL: nothing), which is not timed. False: a call failed. */
bool gpu_toolkit_measure(GpuToolkit *work, void (*prepare)(void *argument), void (*body)(void *argument),
                         void *argument, int count, GpuTiming *timing);

void gpu_toolkit_release(GpuToolkit *work);

#endif

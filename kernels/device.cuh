/* What kernels share, and the only way in which they see CUDA. nvcc compiles them for the device; the tests
 * compile the same files as C++ against a <cuda_runtime.h> of their own, which runs every thread on the CPU
 * (docs/kernels.md). No PTX, no cooperative groups, no __shared__ beside the two macros below. */
#ifndef EPNET_KERNELS_DEVICE_CUH
#define EPNET_KERNELS_DEVICE_CUH

#include <cuda_runtime.h>

/* EPNET_LAUNCH(kernel, grid, block, shared_bytes, stream, arguments...) enqueues a kernel. A statement: what
 * came of the launch is what cudaGetLastError() returns next, which also gives an error that an earlier call
 * left, so whoever handles an error of any call takes it with cudaGetLastError(). A kernel with several
 * template arguments stands in parentheses.
 *
 * EPNET_DYNAMIC_SHARED(type, name) declares `type *name`, the block's dynamic shared memory (16-byte
 * aligned); EPNET_SHARED(type, name, count) declares `type *name`, an array of the block's own.
 * EPNET_NOINLINE keeps a function's registers from those of its callers. *
 * A function that waits on behalf of its caller takes EPNET_CALLER behind its last parameter and waits by
 * EPNET_CALLER_SYNCTHREADS() or EPNET_CALLER_SYNCWARP(lanes): the tests tell barriers apart by the callers'
 * lines. */
#ifdef __CUDACC__

#define EPNET_CALLER
#define EPNET_CALLER_SYNCTHREADS() __syncthreads()
#define EPNET_CALLER_SYNCWARP(lanes) __syncwarp(lanes)

#define EPNET_NOINLINE __noinline__

#define EPNET_LAUNCH(kernel, grid, block, shared_bytes, stream, ...)                                         \
    kernel<<<(grid), (block), (shared_bytes), (stream)>>>(__VA_ARGS__)

#define EPNET_DYNAMIC_SHARED(type, name)                                                                     \
    extern __shared__ __align__(16) unsigned char epnet_dynamic_shared[];                                    \
    type *const name = reinterpret_cast<type *>(epnet_dynamic_shared)

#define EPNET_SHARED(type, name, count)                                                                      \
    __shared__ type name##_of_block[count];                                                                  \
    type *const name = name##_of_block

#else

#define EPNET_CALLER , const char *file = __builtin_FILE(), int line = __builtin_LINE()
#define EPNET_CALLER_SYNCTHREADS() __syncthreads(file, line)
#define EPNET_CALLER_SYNCWARP(lanes) __syncwarp(lanes, file, line)

#define EPNET_NOINLINE __attribute__((noinline))

#define EPNET_LAUNCH(kernel, grid, block, shared_bytes, stream, ...)                                         \
    epnet_emulation::launch(kernel, (grid), (block), (shared_bytes), (stream), __VA_ARGS__)

#define EPNET_DYNAMIC_SHARED(type, name)                                                                     \
    type *const name = static_cast<type *>(epnet_emulation::dynamic_shared())

#define EPNET_SHARED(type, name, count)                                                                      \
    static const char name##_of_block = 0;                                                                   \
    type *const name =                                                                                       \
        static_cast<type *>(epnet_emulation::shared_array(&name##_of_block, sizeof(type) * (count)))

#endif

#endif

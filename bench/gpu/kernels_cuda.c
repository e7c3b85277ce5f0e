#include "kernels_cuda.h"

#include "cases.h"
#include "cuda_check.h"
#include "engine.h"

#include <cuda_runtime_api.h>
#include <math.h>
#include <string.h>

enum { KERNELS_MOST = 256 };

/* A kernel, by the address that stands for it on the host, and how the backend lays it out. */
typedef struct Kernel {
    const void *address;
    const char *name;   /* as the compiler mangles it; NULL: not registered by name */
    int nodes, threads; /* 0: not laid out */
    size_t shared_bytes;
} Kernel;

static Kernel kernels[KERNELS_MOST];
static size_t kernel_count;
static int nodes_laid_out; /* of the problem that is being laid out here; 0: others are */

/* NULL: there are more than this has room for. */
static Kernel *find_kernel(const void *address) {
    for (size_t k = 0; k < kernel_count; k++)
        if (kernels[k].address == address)
            return &kernels[k];
    if (kernel_count == KERNELS_MOST)
        return NULL;
    kernels[kernel_count] = (Kernel){.address = address};
    return &kernels[kernel_count++];
}

/* ---- listening ------------------------------------------------------------------------------------------
 * The linker sends two calls through here (--wrap): that by which compiled code tells the runtime of a
 * kernel, before main() and once for each, and that by which the backend lays one out. */

void __wrap___cudaRegisterFunction(void **binary, const char *address, char *function, const char *name,
                                   int thread_limit, void *thread, void *block, void *block_size,
                                   void *grid_size, int *warp_size);
void __real___cudaRegisterFunction(void **binary, const char *address, char *function, const char *name,
                                   int thread_limit, void *thread, void *block, void *block_size,
                                   void *grid_size, int *warp_size) __attribute__((weak));
cudaError_t __wrap_cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *address,
                                                                 int threads, size_t shared_bytes);
cudaError_t __real_cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *address,
                                                                 int threads, size_t shared_bytes);

void __wrap___cudaRegisterFunction(void **binary, const char *address, char *function, const char *name,
                                   int thread_limit, void *thread, void *block, void *block_size,
                                   void *grid_size, int *warp_size) {
    Kernel *kernel = find_kernel(address);
    if (kernel != NULL)
        kernel->name = name;
    __real___cudaRegisterFunction(binary, address, function, name, thread_limit, thread, block, block_size,
                                  grid_size, warp_size);
}

cudaError_t __wrap_cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *address,
                                                                 int threads, size_t shared_bytes) {
    Kernel *kernel = nodes_laid_out > 0 ? find_kernel(address) : NULL;
    if (kernel != NULL) {
        kernel->nodes = nodes_laid_out;
        kernel->threads = threads;
        kernel->shared_bytes = shared_bytes;
    }
    return __real_cudaOccupancyMaxActiveBlocksPerMultiprocessor(blocks, address, threads, shared_bytes);
}

/* Trajectories, stationary laws and leaks as the bench has them. A layout that is refused is found by the
 * checks. */
static void lay_out(int nodes) {
    const GpuShape shape = {.nodes = nodes,
                            .points = 1,
                            .network = GPU_GENERIC,
                            .start = GPU_STATIONARY,
                            .kind = EPNET_TRAJECTORY,
                            .method = EPNET_CHEBYSHEV,
                            .tolerance = 1e-9,
                            .t_end = 10,
                            .samples = 101,
                            .cuts = nodes > 1 ? 1 : 0,
                            .seed = 71};
    GpuCase item = gpu_case_make(&shape);
    EpnetCudaLayout layout;
    nodes_laid_out = nodes;
    (void)epnet_cuda_trajectory_layout(&item.problem, item.exit_bound, (uint32_t)nodes, &layout);
    (void)epnet_cuda_stationary_layout(&item.problem, &layout);
    item.problem.leak = (EpnetLeakSettings){EPNET_LEAK_QUENCH, {0.5, 0.01}, 101, 1000, 1};
    (void)epnet_cuda_leak_layout(&item.problem, &layout);
    nodes_laid_out = 0;
    (void)cudaGetLastError();
    gpu_case_free(&item);
}

bool gpu_cuda_has_code(int device, char *reason, size_t size) {
    struct cudaFuncAttributes attributes;
    cudaError_t code = cudaSetDevice(device);
    if (code == cudaSuccess && kernel_count > 0)
        code = cudaFuncGetAttributes(&attributes, kernels[0].address);
    (void)cudaGetLastError();
    if (code != cudaErrorNoKernelImageForDevice && code != cudaErrorInvalidDeviceFunction)
        return true; /* other errors are the checks' to find */
    epnet_cuda_describe_error(code, reason, size);
    return false;
}

/* ---- the report ----------------------------------------------------------------------------------------
 */

static void report_kernel(GpuReport *report, const Kernel *kernel) {
    struct cudaFuncAttributes attributes;
    int blocks = 0;
    char note[200];
    const char *name = kernel->name != NULL ? kernel->name : "a kernel without a name";
    cudaError_t code = cudaFuncGetAttributes(&attributes, kernel->address);
    const int threads =
        code == cudaSuccess && kernel->threads == 0 ? attributes.maxThreadsPerBlock : kernel->threads;
    if (code == cudaSuccess)
        code = __real_cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel->address, threads,
                                                                    kernel->shared_bytes);
    if (code != cudaSuccess) {
        gpu_report_absence(report, "kernel", name, kernel->nodes, cudaGetErrorString(code));
        (void)cudaGetLastError();
        return;
    }
    snprintf(note, sizeof note, "local %zu bytes; shared %zu bytes; %d threads; %d blocks a multiprocessor%s",
             attributes.localSizeBytes, attributes.sharedSizeBytes + kernel->shared_bytes, threads, blocks,
             kernel->threads > 0 ? "" : ", the largest block");
    const GpuLine line = {"kernel", name, kernel->nodes, 0,  "registers", attributes.numRegs, NAN,
                          NAN,      "",   NAN,           "", note};
    gpu_report_line(report, &line);
}

void gpu_cuda_kernels(GpuReport *report, int device) {
    const cudaError_t code = cudaSetDevice(device);
    if (code != cudaSuccess) {
        gpu_report_failure(report, "kernels", 0, cudaGetErrorString(code));
        return;
    }
    for (int nodes = 1; nodes <= EPNET_RESIDENT_NODES; nodes++)
        lay_out(nodes);
    for (size_t k = 0; k < kernel_count; k++)
        report_kernel(report, &kernels[k]);
    if (kernel_count == 0 || kernel_count == KERNELS_MOST)
        gpu_report_failure(report, "kernels", 0,
                           kernel_count == 0 ? "none was registered" : "there are more than fit the list");
}

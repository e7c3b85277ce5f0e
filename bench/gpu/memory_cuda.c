#include "memory_cuda.h"

#include "oracle.h"
#include "status.h"

#include <cuda_runtime_api.h>
#include <math.h>
#include <stdlib.h>

enum { PIECES_MOST = 64 };

typedef struct Held {
    int device, count;
    void *pieces[PIECES_MOST];
} Held;

static void release(void *pointer) {
    Held *held = pointer;
    (void)cudaSetDevice(held->device);
    for (int i = 0; i < held->count; i++)
        (void)cudaFree(held->pieces[i]);
    free(held);
}

/* Pieces that halve until no more than `leave` bytes are left: free memory need not be in one piece. */
static void *hold(int device, size_t leave, EpnetError *error) {
    Held *held = oracle_allocate(1, sizeof(Held));
    held->device = device;
    size_t available = 0, total = 0;
    cudaError_t code = cudaSetDevice(device);
    if (code == cudaSuccess)
        code = cudaMemGetInfo(&available, &total);
    if (code != cudaSuccess) {
        free(held);
        epnet_fail(error, EPNET_DEVICE, "cudaMemGetInfo: %s", cudaGetErrorString(code));
        return NULL;
    }
    size_t piece = available > leave ? available - leave : 0;
    while (held->count < PIECES_MOST && piece >= (size_t)1 << 20) {
        if (cudaMalloc(&held->pieces[held->count], piece) == cudaSuccess)
            held->count++;
        else
            piece /= 2;
        (void)cudaGetLastError();
        if (cudaMemGetInfo(&available, &total) != cudaSuccess || available <= leave)
            break;
        piece = piece < available - leave ? piece : available - leave;
    }
    return held;
}

const GpuMemoryHolder gpu_cuda_memory = {hold, release};

/* ---- bandwidth ---------------------------------------------------------------------------------------- */

enum { COPIES = 20 };

typedef struct Copy {
    void *from, *to;
    size_t bytes;
} Copy;

static bool copy_all(void *argument) {
    const Copy *copy = argument;
    for (int i = 0; i < COPIES; i++)
        if (cudaMemcpyAsync(copy->to, copy->from, copy->bytes, cudaMemcpyDeviceToDevice, NULL) != cudaSuccess)
            return false;
    return cudaDeviceSynchronize() == cudaSuccess;
}

double gpu_cuda_copy_rate(int device, size_t bytes) {
    Copy copy = {NULL, NULL, bytes};
    GpuTiming timing;
    const bool good = cudaSetDevice(device) == cudaSuccess && cudaMalloc(&copy.from, bytes) == cudaSuccess &&
                      cudaMalloc(&copy.to, bytes) == cudaSuccess &&
                      cudaMemset(copy.from, 0x3F, bytes) == cudaSuccess &&
                      gpu_measure(copy_all, &copy, 5, &timing);
    (void)cudaFree(copy.from);
    (void)cudaFree(copy.to);
    (void)cudaGetLastError();
    return good ? 2.0 * COPIES * (double)bytes / timing.median : NAN;
}

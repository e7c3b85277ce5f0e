/* Steering the CUDA-on-CPU harness from a test (C and C++).
 *
 * The kernels and the backend's C side are compiled as they stand against include/cuda_runtime*.h. Every CUDA
 * thread is a fiber; a launch runs its blocks a few at a time on the calling host thread. Launches, copies
 * and fills of a stream wait in the stream's queue until the host synchronises (as late as CUDA allows), so
 * results read too early are stale, and an input buffer reused too early spoils the result. Host threads may
 * call side by side.
 *
 * What ends the process with a line on stderr and SIGABRT: a barrier or shuffle that some of its threads
 * miss, one reached at different places, a shuffle from a lane outside its mask, a write past shared or
 * device memory (found at the end of the block, at cudaFree; AddressSanitizer finds reads too, freed memory,
 * and device memory touched by the host or by another device), device memory freed while a launch waits that
 * was given it (cudaFree waits for it, but whoever frees cannot pass a stop on meanwhile; allowed after a
 * fault that the test asked for). New memory, shared memory included, holds NaN.
 */
#ifndef EPNET_TESTS_CUDA_EMULATION_H
#define EPNET_TESTS_CUDA_EMULATION_H

#include <cuda_runtime_api.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { EPNET_EMULATION_MAX_DEVICES = 8 };

/* Order in which ready threads, warps and blocks run. In the fixed orders a warp runs as far as barriers let
 * it before the next one starts; shuffled, warps come as far as they come. */
typedef enum EpnetEmulationOrder {
    EPNET_EMULATION_FORWARD,
    EPNET_EMULATION_BACKWARD,
    EPNET_EMULATION_SHUFFLED, /* anew at every turn, from the seed */
    EPNET_EMULATION_ORDERS
} EpnetEmulationOrder;

/* Start over: one device (H200-like, 1 GiB), forward order, two blocks at once, no faults, counts and errors
 * cleared. Memory and streams that are still held are kept: see epnet_emulation_held(). */
void epnet_emulation_reset(void);

void epnet_emulation_order(EpnetEmulationOrder order, uint64_t seed);

/* How many blocks of a grid make progress side by side, 1..64. */
void epnet_emulation_resident_blocks(int blocks);

/* Run queued work at once (true) or at the next synchronisation (false, the default). */
void epnet_emulation_eager(bool eager);

/* ---- devices ---- */

/* How many devices there are (0..8), all alike: 132 multiprocessors, compute capability 9.0. With 0, every
 * call that needs one returns cudaErrorNoDevice. */
void epnet_emulation_devices(int count);
void epnet_emulation_device(int device, const char *name, int major, int minor, int multiprocessors,
                            size_t memory_bytes, size_t shared_per_block);
/* Local memory of a thread of every kernel, 0 by default. As on a device, the first launch takes it from the
 * memory for all threads that the device holds at once, and it stays taken. */
void epnet_emulation_local_memory(size_t bytes);
void epnet_emulation_versions(int driver, int runtime); /* driver 0: none; below the runtime's: too old */

/* Bytes of device and pinned memory, streams and events that nobody has given back. */
typedef struct EpnetEmulationHeld {
    size_t device_bytes, pinned_bytes;
    int allocations, streams, events;
} EpnetEmulationHeld;
EpnetEmulationHeld epnet_emulation_held(void);

/* ---- faults ---- */

typedef enum EpnetEmulationCall {
    EPNET_EMULATION_MALLOC,      /* cudaMalloc */
    EPNET_EMULATION_HOST_MALLOC, /* cudaMallocHost, cudaHostAlloc */
    EPNET_EMULATION_MEMCPY,
    EPNET_EMULATION_MEMSET,
    EPNET_EMULATION_LAUNCH, /* refused at the launch */
    EPNET_EMULATION_KERNEL, /* fails while it runs: reported by the next synchronisation */
    EPNET_EMULATION_STREAM, /* creation */
    EPNET_EMULATION_EVENT,  /* creation, record, wait, elapsed time */
    EPNET_EMULATION_SYNCHRONIZE,
    EPNET_EMULATION_DEVICE, /* count, set, properties, attributes, memory info */
    EPNET_EMULATION_FUNCTION,
    EPNET_EMULATION_CALLS, /* in epnet_emulation_fail(): any of them */
} EpnetEmulationCall;

/* Fail call number `k` (from 1, counted from now) of a kind with `error`. Sticky: every later call that a
 * real context would refuse fails likewise, until cudaDeviceReset() or epnet_emulation_reset(). k = 0: none.
 */
void epnet_emulation_fail(EpnetEmulationCall call, long k, cudaError_t error, bool sticky);

/* How many calls of a kind (EPNET_EMULATION_CALLS: of all) there were since the last reset or _fail(). */
long epnet_emulation_calls(EpnetEmulationCall call);

/* Whether the fault asked for has happened. */
bool epnet_emulation_failed(void);

/* ---- faults in kernels ---- */

/* The barriers (__syncthreads, __syncwarp: a line of source each) met since the last reset. */
size_t epnet_emulation_barriers(void);
const char *epnet_emulation_barrier_file(size_t barrier);
int epnet_emulation_barrier_line(size_t barrier);
uint64_t epnet_emulation_barrier_met(size_t barrier); /* how often, by any thread */

/* Kernels run as if barrier `barrier` were not there, for all threads (-1) or for one thread of each block;
 * as if all were there again. */
void epnet_emulation_keep_barriers(void);
void epnet_emulation_skip_barrier(size_t barrier, int thread);

/* Blocks get so many bytes of dynamic shared memory less than asked. */
void epnet_emulation_shrink_shared(size_t bytes);

/* Threads that ran and switches between them since the last reset; and what keeps streams from going on side
 * by side: asynchronous copies of host memory that is not page-locked, and calls that wait for the whole
 * device or take turns with all (allocations, frees, the default stream). */
typedef struct EpnetEmulationWork {
    uint64_t launches, blocks, threads, switches;
    uint64_t pageable, serial;
} EpnetEmulationWork;
EpnetEmulationWork epnet_emulation_work(void);

/* End the process, as a deadlock does, when threads have switched so many times more (0: never, the default).
 */
void epnet_emulation_most_switches(uint64_t switches);

#ifdef __cplusplus
}
#endif

#endif

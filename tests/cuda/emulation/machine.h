/* What the parts of the emulation share: one lock, the settings of the tests, and the blocks' scheduler. */
#ifndef EPNET_TESTS_CUDA_MACHINE_H
#define EPNET_TESTS_CUDA_MACHINE_H

#include "emulation.h"

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

namespace epnet_emulation {

constexpr int WARP = 32;
constexpr unsigned MAX_THREADS = 1024;
constexpr size_t CANARY = 64; /* bytes behind each allocation that must keep CANARY_BYTE */
constexpr unsigned char CANARY_BYTE = 0xa5, FRESH_BYTE = 0xff;

/* Held by every call of the runtime and for the whole of a kernel: host threads take turns. */
extern std::recursive_mutex machine_lock;
using Guard = std::lock_guard<std::recursive_mutex>;

struct Settings {
    EpnetEmulationOrder order = EPNET_EMULATION_FORWARD;
    uint64_t seed = 1;
    int resident_blocks = 2;
    bool eager = false;
    size_t shrink_shared = 0;
    size_t local_memory = 0; /* of a thread */
};
extern Settings settings;
extern EpnetEmulationWork work;
extern uint64_t most_switches; /* of work.switches; 0: no limit */

/* Print a line and abort. */
[[noreturn]] __attribute__((format(printf, 1, 2))) void die(const char *format, ...);

/* New memory of exactly `bytes`, filled with NaN, with a canary behind it where no sanitizer watches. */
void *fresh_memory(size_t bytes);
/* Whether nothing was written behind it. */
bool fresh_memory_intact(const void *memory, size_t bytes);
void fresh_memory_free(void *memory);

/* Run every block of a grid. */
void run_grid(dim3 grid, dim3 block, size_t shared_bytes, const std::function<void()> &body);

bool same_site(const Site &a, const Site &b);
/* Remember the barrier as met, and say whether the running thread passes it by. */
bool barrier_skipped(const Site &site);
void barriers_forget();

/* ---- calls and their faults ---- */

/* Count a call and take the error that it is to return: a sticky one, or the one that the test asked for. */
cudaError_t call_fault(EpnetEmulationCall call);
/* Keep `error` as the host thread's last error (unless cudaSuccess) and return it. */
cudaError_t keep_error(cudaError_t error);
/* The current device is lost with this error until it is reset. */
void device_lost(cudaError_t error);

/* cudaSuccess, or why the current device cannot be used; sets it up for the host thread. */
cudaError_t device_ready();
int current_device();
size_t device_memory_size(int device);
/* Local memory that the device keeps for its threads; make it what a launch on the current device needs. */
size_t device_local_memory(int device);
cudaError_t device_local_memory_reserve();
/* Whether the current device has an image of the kernels. */
cudaError_t device_image();
/* Dynamic shared memory that the kernel may have on the current device. */
size_t kernel_shared_limit(const void *kernel);
void devices_reset();

/* ---- memory and streams ---- */

/* Let (or no longer let) kernels read and write the device's memory, which is closed to the host. */
void device_memory_open(int device, bool open);
size_t device_memory_used(int device);
bool device_memory_has(const void *pointer); /* of any device */
bool pinned_memory_has(const void *pointer);
void device_memory_forget(int device);
void memory_held(EpnetEmulationHeld *held);

/* Find the device memory that pointers among `bytes` bytes lead to, and keep it from being freed until the
 * launch that was given them has run. Returns what ends that. */
std::shared_ptr<void> device_memory_use(const void *given, size_t bytes);

/* Hand work to a stream; do all that waits in it. */
cudaError_t stream_enqueue(cudaStream_t stream, std::function<cudaError_t()> operation);
cudaError_t stream_finish(cudaStream_t stream);
/* Do all that waits on the device; forget it. */
cudaError_t device_drain(int device);
void device_streams_forget(int device);
void streams_held(EpnetEmulationHeld *held);

} // namespace epnet_emulation

#endif

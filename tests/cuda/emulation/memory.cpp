/* Device and pinned memory. */
#include "machine.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <set>

#if defined(__SANITIZE_ADDRESS__)
#define EPNET_MEMORY_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EPNET_MEMORY_ASAN 1
#endif
#endif

#ifdef EPNET_MEMORY_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace epnet_emulation {

namespace {

constexpr size_t ALIGNMENT = 256;
constexpr int PINNED = -1;

struct Allocation {
    int device; /* or PINNED */
    size_t bytes;
    int context;                                           /* the device that was current when it was made */
    std::shared_ptr<int> users = std::make_shared<int>(0); /* launches that wait and were given it */
};

std::map<const char *, Allocation> allocations;

/* The allocation that holds `pointer`, or end(). */
auto find(const void *pointer) {
    const char *at = static_cast<const char *>(pointer);
    auto next = allocations.upper_bound(at);
    if (next == allocations.begin())
        return allocations.end();
    --next;
    return at < next->first + next->second.bytes ? next : allocations.end();
}

void open_allocation([[maybe_unused]] const char *memory, [[maybe_unused]] size_t bytes,
                     [[maybe_unused]] bool open) {
#ifdef EPNET_MEMORY_ASAN
    if (open)
        ASAN_UNPOISON_MEMORY_REGION(memory, bytes);
    else
        ASAN_POISON_MEMORY_REGION(memory, bytes);
#endif
}

cudaError_t allocate(void **pointer, size_t bytes, int device) {
    *pointer = nullptr;
    if (bytes == 0)
        return cudaSuccess;
    if (device != PINNED && (bytes > device_memory_size(device) ||
                             device_memory_used(device) > device_memory_size(device) - bytes))
        return cudaErrorMemoryAllocation;
    void *memory = fresh_memory(bytes);
    allocations[static_cast<char *>(memory)] = Allocation{device, bytes, current_device()};
    if (device != PINNED)
        open_allocation(static_cast<char *>(memory), bytes, false);
    *pointer = memory;
    return cudaSuccess;
}

cudaError_t release(void *pointer, bool pinned) {
    if (pointer == nullptr)
        return cudaSuccess;
    const auto at = allocations.find(static_cast<const char *>(pointer));
    if (at == allocations.end() || (at->second.device == PINNED) != pinned)
        return cudaErrorInvalidValue;
    open_allocation(at->first, at->second.bytes, true);
    if (!fresh_memory_intact(pointer, at->second.bytes))
        die("something was written past an allocation of %zu bytes", at->second.bytes);
    fresh_memory_free(pointer);
    allocations.erase(at);
    return cudaSuccess;
}

/* Where a copy's end lies must agree with its kind. */
bool range_fits(const void *pointer, size_t bytes, bool on_device) {
    const auto at = find(pointer);
    const bool is_device = at != allocations.end() && at->second.device != PINNED;
    if (is_device != on_device)
        return false;
    return at == allocations.end() ||
           bytes <= at->second.bytes - static_cast<size_t>(static_cast<const char *>(pointer) - at->first);
}

/* Copy with the device memory concerned opened for the while. */
void copy_now(void *to, const void *from, size_t bytes) {
    for (const void *end : {static_cast<const void *>(to), from}) {
        const auto at = find(end);
        if (at != allocations.end() && at->second.device != PINNED)
            open_allocation(at->first, at->second.bytes, true);
    }
    std::memmove(to, from, bytes);
    for (const void *end : {static_cast<const void *>(to), from}) {
        const auto at = find(end);
        if (at != allocations.end() && at->second.device != PINNED)
            open_allocation(at->first, at->second.bytes, false);
    }
}

void set_now(void *pointer, int value, size_t bytes) {
    const auto at = find(pointer);
    open_allocation(at->first, at->second.bytes, true);
    std::memset(pointer, value, bytes);
    open_allocation(at->first, at->second.bytes, false);
}

cudaError_t check_copy(void *to, const void *from, size_t bytes, cudaMemcpyKind *kind) {
    if (*kind == cudaMemcpyDefault)
        *kind = device_memory_has(from)
                    ? device_memory_has(to) ? cudaMemcpyDeviceToDevice : cudaMemcpyDeviceToHost
                : device_memory_has(to) ? cudaMemcpyHostToDevice
                                        : cudaMemcpyHostToHost;
    if (*kind < cudaMemcpyHostToHost || *kind > cudaMemcpyDeviceToDevice)
        return cudaErrorInvalidMemcpyDirection;
    const bool to_device = *kind == cudaMemcpyHostToDevice || *kind == cudaMemcpyDeviceToDevice;
    const bool from_device = *kind == cudaMemcpyDeviceToHost || *kind == cudaMemcpyDeviceToDevice;
    return range_fits(to, bytes, to_device) && range_fits(from, bytes, from_device) ? cudaSuccess
                                                                                    : cudaErrorInvalidValue;
}

cudaError_t begin(EpnetEmulationCall call) {
    const cudaError_t error = call_fault(call);
    return error != cudaSuccess ? error : device_ready();
}

cudaError_t copy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, bool wait,
                 cudaStream_t stream) {
    cudaError_t error = begin(EPNET_EMULATION_MEMCPY);
    if (error != cudaSuccess || bytes == 0)
        return error;
    error = check_copy(to, from, bytes, &kind);
    if (error != cudaSuccess)
        return error;
    const bool from_pageable = kind <= cudaMemcpyHostToDevice && !pinned_memory_has(from);
    const bool to_pageable =
        (kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyHostToHost) && !pinned_memory_has(to);
    work.pageable += !wait && (from_pageable || to_pageable);
    if (from_pageable) { /* staged: the caller may reuse it at once */
        auto staged = std::make_shared<std::unique_ptr<char[]>>(new char[bytes]);
        std::memcpy(staged->get(), from, bytes);
        error = stream_enqueue(stream, [=] {
            copy_now(to, staged->get(), bytes);
            return cudaSuccess;
        });
    } else {
        error = stream_enqueue(stream, [=] {
            copy_now(to, from, bytes);
            return cudaSuccess;
        });
    }
    return error == cudaSuccess && (wait || to_pageable) ? stream_finish(stream) : error;
}

cudaError_t set(void *pointer, int value, size_t bytes, cudaStream_t stream) {
    cudaError_t error = begin(EPNET_EMULATION_MEMSET);
    if (error != cudaSuccess || bytes == 0)
        return error;
    if (!range_fits(pointer, bytes, true))
        return cudaErrorInvalidValue;
    return stream_enqueue(stream, [=] {
        set_now(pointer, value, bytes);
        return cudaSuccess;
    });
}

} // namespace

/* ---- for the other parts ---- */

#ifdef EPNET_MEMORY_ASAN
constexpr size_t BEHIND = 0;
#else
constexpr size_t BEHIND = CANARY;
#endif

void *fresh_memory(size_t bytes) {
    void *memory = nullptr;
    if (posix_memalign(&memory, ALIGNMENT, bytes + BEHIND) != 0)
        die("no memory for %zu bytes", bytes);
    std::memset(memory, FRESH_BYTE, bytes);
    std::memset(static_cast<char *>(memory) + bytes, CANARY_BYTE, BEHIND);
    return memory;
}

bool fresh_memory_intact(const void *memory, size_t bytes) {
    const unsigned char *behind = static_cast<const unsigned char *>(memory) + bytes;
    for (size_t i = 0; i < BEHIND; i++) {
        if (behind[i] != CANARY_BYTE)
            return false;
    }
    return true;
}

void fresh_memory_free(void *memory) {
    std::free(memory);
}

void device_memory_open(int device, bool open) {
    for (const auto &[memory, allocation] : allocations) {
        if (allocation.device == device)
            open_allocation(memory, allocation.bytes, open);
    }
}

size_t device_memory_used(int device) {
    size_t used = device_local_memory(device);
    for (const auto &[memory, allocation] : allocations)
        used += allocation.device == device ? allocation.bytes : 0;
    return used;
}

std::shared_ptr<void> device_memory_use(const void *given, size_t bytes) {
    auto used = std::make_shared<std::set<std::shared_ptr<int>>>();
    for (size_t i = 0; i + sizeof(void *) <= bytes; i += sizeof(void *)) {
        const void *pointer;
        std::memcpy(&pointer, static_cast<const char *>(given) + i, sizeof pointer);
        const auto at = find(pointer);
        if (at != allocations.end() && used->insert(at->second.users).second)
            ++*at->second.users;
    }
    return std::shared_ptr<void>(nullptr, [used](void *) {
        for (const std::shared_ptr<int> &users : *used)
            --*users;
    });
}

bool device_memory_has(const void *pointer) {
    const auto at = find(pointer);
    return at != allocations.end() && at->second.device != PINNED;
}

bool pinned_memory_has(const void *pointer) {
    const auto at = find(pointer);
    return at != allocations.end() && at->second.device == PINNED;
}

void device_memory_forget(int device) {
    for (auto at = allocations.begin(); at != allocations.end();) {
        if (at->second.context == device) {
            open_allocation(at->first, at->second.bytes, true);
            std::free(const_cast<char *>(at->first));
            at = allocations.erase(at);
        } else {
            ++at;
        }
    }
}

void memory_held(EpnetEmulationHeld *held) {
    for (const auto &[memory, allocation] : allocations) {
        held->allocations++;
        (allocation.device == PINNED ? held->pinned_bytes : held->device_bytes) += allocation.bytes;
    }
}

} // namespace epnet_emulation

using namespace epnet_emulation;

/* ---- runtime ---- */

cudaError_t cudaMalloc(void **pointer, size_t bytes) {
    Guard guard(machine_lock);
    work.serial++;
    const cudaError_t error = begin(EPNET_EMULATION_MALLOC);
    return keep_error(error != cudaSuccess ? error : allocate(pointer, bytes, current_device()));
}

cudaError_t cudaFree(void *pointer) {
    Guard guard(machine_lock);
    work.serial++;
    cudaError_t error = device_ready();
    const auto at = allocations.find(static_cast<const char *>(pointer));
    if (error == cudaSuccess && at != allocations.end() && *at->second.users > 0 && !epnet_emulation_failed())
        die("memory of %zu bytes is freed while a launch waits that was given it", at->second.bytes);
    if (error == cudaSuccess)
        error = device_drain(current_device()); /* it waits for the device */
    return keep_error(error != cudaSuccess ? error : release(pointer, false));
}

cudaError_t cudaHostAlloc(void **pointer, size_t bytes, unsigned) {
    Guard guard(machine_lock);
    work.serial++;
    const cudaError_t error = begin(EPNET_EMULATION_HOST_MALLOC);
    return keep_error(error != cudaSuccess ? error : allocate(pointer, bytes, PINNED));
}

cudaError_t cudaMallocHost(void **pointer, size_t bytes) {
    return cudaHostAlloc(pointer, bytes, cudaHostAllocDefault);
}

cudaError_t cudaHostGetDevicePointer(void **device_pointer, void *host_pointer, unsigned flags) {
    Guard guard(machine_lock);
    const cudaError_t error = device_ready();
    if (error != cudaSuccess)
        return keep_error(error);
    if (flags != 0 || !pinned_memory_has(host_pointer))
        return keep_error(cudaErrorInvalidValue);
    *device_pointer = host_pointer; /* one address space */
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void *pointer) {
    Guard guard(machine_lock);
    work.serial++;
    cudaError_t error = device_ready();
    if (error == cudaSuccess)
        error = device_drain(current_device());
    return keep_error(error != cudaSuccess ? error : release(pointer, true));
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind) {
    Guard guard(machine_lock);
    return keep_error(copy(to, from, bytes, kind, true, nullptr));
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind,
                            cudaStream_t stream) {
    Guard guard(machine_lock);
    return keep_error(copy(to, from, bytes, kind, false, stream));
}

cudaError_t cudaMemset(void *pointer, int value, size_t bytes) {
    Guard guard(machine_lock);
    return keep_error(set(pointer, value, bytes, nullptr));
}

cudaError_t cudaMemsetAsync(void *pointer, int value, size_t bytes, cudaStream_t stream) {
    Guard guard(machine_lock);
    return keep_error(set(pointer, value, bytes, stream));
}

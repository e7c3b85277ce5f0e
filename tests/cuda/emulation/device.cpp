/* Devices: which there are, what they can do, and the errors of their host threads. */
#include "machine.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

namespace epnet_emulation {

namespace {

struct Device {
    char name[64];
    int major, minor, multiprocessors;
    size_t memory, shared_limit, local_memory;
    cudaError_t lost; /* every call fails with it until the device is reset */
};

constexpr size_t SHARED_DEFAULT = 48 << 10, SHARED_RESERVED = 1024;
constexpr int REGISTERS = 65536, KERNEL_REGISTERS = 128, THREADS_PER_MULTIPROCESSOR = 2048,
              BLOCKS_PER_MULTIPROCESSOR = 32;

Device devices[EPNET_EMULATION_MAX_DEVICES];
int device_count, driver_version = CUDART_VERSION, runtime_version = CUDART_VERSION;
std::map<std::pair<int, const void *>, size_t> shared_limits; /* raised by cudaFuncSetAttribute() */

thread_local int chosen_device;
thread_local cudaError_t last_error = cudaSuccess;

size_t shared_per_multiprocessor(const Device &device) {
    return device.shared_limit + SHARED_RESERVED;
}

/* Whether the driver is there, new enough, and has a device. */
cudaError_t driver_ready() {
    if (driver_version / 1000 < runtime_version / 1000)
        return cudaErrorInsufficientDriver;
    return device_count == 0 ? cudaErrorNoDevice : cudaSuccess;
}

cudaError_t check_device(int device) {
    const cudaError_t error = driver_ready();
    if (error != cudaSuccess)
        return error;
    return device < 0 || device >= device_count ? cudaErrorInvalidDevice : cudaSuccess;
}

const bool devices_set = (epnet_emulation_devices(1), true);

} // namespace

cudaError_t keep_error(cudaError_t error) {
    if (error != cudaSuccess)
        last_error = error;
    return error;
}

void device_lost(cudaError_t error) {
    devices[chosen_device].lost = error;
}

cudaError_t device_ready() {
    const cudaError_t error = check_device(chosen_device);
    return error != cudaSuccess ? error : devices[chosen_device].lost;
}

int current_device() {
    return chosen_device;
}

size_t device_memory_size(int device) {
    return devices[device].memory;
}

size_t device_local_memory(int device) {
    return devices[device].local_memory;
}

cudaError_t device_local_memory_reserve() {
    Device &d = devices[chosen_device];
    const size_t needed = settings.local_memory * static_cast<size_t>(d.multiprocessors) *
                          static_cast<size_t>(THREADS_PER_MULTIPROCESSOR);
    if (needed <= d.local_memory)
        return cudaSuccess;
    if (device_memory_used(chosen_device) + needed - d.local_memory > d.memory)
        return cudaErrorMemoryAllocation;
    d.local_memory = needed;
    return cudaSuccess;
}

/* The images that are built start at compute capability 8.0. */
cudaError_t device_image() {
    return devices[chosen_device].major < 8 ? cudaErrorNoKernelImageForDevice : cudaSuccess;
}

size_t kernel_shared_limit(const void *kernel) {
    const auto at = shared_limits.find({chosen_device, kernel});
    return at == shared_limits.end() ? std::min(SHARED_DEFAULT, devices[chosen_device].shared_limit)
                                     : at->second;
}

void devices_reset() {
    driver_version = runtime_version = CUDART_VERSION;
    epnet_emulation_devices(1);
    shared_limits.clear();
    chosen_device = 0;
    last_error = cudaSuccess;
}

/* Count the call, then give its error. */
static cudaError_t begin(EpnetEmulationCall call) {
    const cudaError_t error = call_fault(call);
    return keep_error(error != cudaSuccess ? error : device_ready());
}

} // namespace epnet_emulation

using namespace epnet_emulation;

/* ---- for tests ---- */

void epnet_emulation_devices(int count) {
    device_count = std::clamp(count, 0, static_cast<int>(EPNET_EMULATION_MAX_DEVICES));
    for (Device &device : devices) {
        device = {"Emulated device", 9, 0, 132, size_t{1} << 30, 227 << 10, 0, cudaSuccess};
    }
}

void epnet_emulation_device(int device, const char *name, int major, int minor, int multiprocessors,
                            size_t memory_bytes, size_t shared_per_block) {
    Device &d = devices[device];
    std::snprintf(d.name, sizeof d.name, "%s", name);
    d.major = major;
    d.minor = minor;
    d.multiprocessors = multiprocessors;
    d.memory = memory_bytes;
    d.shared_limit = shared_per_block;
}

void epnet_emulation_versions(int driver, int runtime) {
    driver_version = driver;
    runtime_version = runtime;
}

/* ---- runtime ---- */

cudaError_t cudaGetLastError(void) {
    Guard guard(machine_lock);
    const cudaError_t error = std::exchange(last_error, cudaSuccess);
    const cudaError_t lost = devices[chosen_device].lost;
    return lost != cudaSuccess ? lost : error;
}

cudaError_t cudaPeekAtLastError(void) {
    Guard guard(machine_lock);
    const cudaError_t lost = devices[chosen_device].lost;
    return lost != cudaSuccess ? lost : last_error;
}

cudaError_t cudaDriverGetVersion(int *version) {
    *version = driver_version;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version) {
    *version = runtime_version;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count) {
    Guard guard(machine_lock);
    cudaError_t error = call_fault(EPNET_EMULATION_DEVICE);
    if (error == cudaSuccess)
        error = driver_ready();
    if (error == cudaSuccess)
        *count = device_count;
    return keep_error(error);
}

cudaError_t cudaSetDevice(int device) {
    Guard guard(machine_lock);
    cudaError_t error = call_fault(EPNET_EMULATION_DEVICE);
    if (error == cudaSuccess)
        error = check_device(device);
    if (error != cudaSuccess)
        return keep_error(error);
    chosen_device = device;
    return keep_error(devices[device].lost);
}

cudaError_t cudaGetDevice(int *device) {
    Guard guard(machine_lock);
    *device = chosen_device;
    return keep_error(driver_ready());
}

cudaError_t cudaSetDeviceFlags(unsigned) {
    Guard guard(machine_lock);
    return begin(EPNET_EMULATION_DEVICE);
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device) {
    Guard guard(machine_lock);
    cudaError_t error = call_fault(EPNET_EMULATION_DEVICE);
    if (error == cudaSuccess)
        error = check_device(device);
    if (error != cudaSuccess)
        return keep_error(error);
    const Device &d = devices[device];
    cudaDeviceProp p = {};
    std::snprintf(p.name, sizeof p.name, "%s", d.name);
    p.totalGlobalMem = d.memory;
    p.sharedMemPerBlock = std::min(SHARED_DEFAULT, d.shared_limit);
    p.sharedMemPerBlockOptin = d.shared_limit;
    p.sharedMemPerMultiprocessor = shared_per_multiprocessor(d);
    p.reservedSharedMemPerBlock = SHARED_RESERVED;
    p.regsPerBlock = p.regsPerMultiprocessor = REGISTERS;
    p.warpSize = WARP;
    p.maxThreadsPerBlock = MAX_THREADS;
    p.maxThreadsPerMultiProcessor = THREADS_PER_MULTIPROCESSOR;
    p.maxBlocksPerMultiProcessor = BLOCKS_PER_MULTIPROCESSOR;
    p.maxThreadsDim[0] = p.maxThreadsDim[1] = MAX_THREADS;
    p.maxThreadsDim[2] = 64;
    p.maxGridSize[0] = 2147483647;
    p.maxGridSize[1] = p.maxGridSize[2] = 65535;
    p.major = d.major;
    p.minor = d.minor;
    p.multiProcessorCount = d.multiprocessors;
    p.l2CacheSize = 50 << 20;
    p.asyncEngineCount = 2;
    p.concurrentKernels = p.canMapHostMemory = p.unifiedAddressing = p.ECCEnabled = 1;
    *properties = p;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device) {
    cudaDeviceProp p;
    const cudaError_t error = cudaGetDeviceProperties(&p, device);
    if (error != cudaSuccess)
        return error;
    switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
        *value = p.maxThreadsPerBlock;
        return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlock:
        *value = static_cast<int>(p.sharedMemPerBlock);
        return cudaSuccess;
    case cudaDevAttrWarpSize:
        *value = p.warpSize;
        return cudaSuccess;
    case cudaDevAttrMaxRegistersPerBlock:
        *value = p.regsPerBlock;
        return cudaSuccess;
    case cudaDevAttrMultiProcessorCount:
        *value = p.multiProcessorCount;
        return cudaSuccess;
    case cudaDevAttrCanMapHostMemory:
        *value = p.canMapHostMemory;
        return cudaSuccess;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
        *value = p.maxThreadsPerMultiProcessor;
        return cudaSuccess;
    case cudaDevAttrAsyncEngineCount:
        *value = p.asyncEngineCount;
        return cudaSuccess;
    case cudaDevAttrUnifiedAddressing:
        *value = p.unifiedAddressing;
        return cudaSuccess;
    case cudaDevAttrComputeCapabilityMajor:
        *value = p.major;
        return cudaSuccess;
    case cudaDevAttrComputeCapabilityMinor:
        *value = p.minor;
        return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
        *value = static_cast<int>(p.sharedMemPerMultiprocessor);
        return cudaSuccess;
    case cudaDevAttrMaxRegistersPerMultiprocessor:
        *value = p.regsPerMultiprocessor;
        return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
        *value = static_cast<int>(p.sharedMemPerBlockOptin);
        return cudaSuccess;
    case cudaDevAttrMaxBlocksPerMultiprocessor:
        *value = p.maxBlocksPerMultiProcessor;
        return cudaSuccess;
    case cudaDevAttrReservedSharedMemoryPerBlock:
        *value = static_cast<int>(p.reservedSharedMemPerBlock);
        return cudaSuccess;
    }
    return keep_error(cudaErrorInvalidValue);
}

cudaError_t cudaDeviceSynchronize(void) {
    Guard guard(machine_lock);
    work.serial++;
    const cudaError_t error = begin(EPNET_EMULATION_SYNCHRONIZE);
    return error != cudaSuccess ? error : keep_error(device_drain(chosen_device));
}

cudaError_t cudaDeviceReset(void) {
    Guard guard(machine_lock);
    const cudaError_t error = check_device(chosen_device);
    if (error != cudaSuccess)
        return keep_error(error);
    device_streams_forget(chosen_device);
    device_memory_forget(chosen_device);
    devices[chosen_device].lost = cudaSuccess;
    devices[chosen_device].local_memory = 0;
    last_error = cudaSuccess;
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total_bytes) {
    Guard guard(machine_lock);
    const cudaError_t error = begin(EPNET_EMULATION_DEVICE);
    if (error != cudaSuccess)
        return error;
    *total_bytes = devices[chosen_device].memory;
    *free_bytes = *total_bytes - std::min(*total_bytes, device_memory_used(chosen_device));
    return cudaSuccess;
}

/* ---- kernels' attributes ---- */

cudaError_t cudaFuncSetAttribute(const void *kernel, enum cudaFuncAttribute attribute, int value) {
    Guard guard(machine_lock);
    cudaError_t error = begin(EPNET_EMULATION_FUNCTION);
    if (error == cudaSuccess)
        error = device_image();
    if (error != cudaSuccess)
        return keep_error(error);
    if (kernel == nullptr)
        return keep_error(cudaErrorInvalidDeviceFunction);
    if (attribute == cudaFuncAttributeMaxDynamicSharedMemorySize) {
        if (value < 0 || static_cast<size_t>(value) > devices[chosen_device].shared_limit)
            return keep_error(cudaErrorInvalidValue);
        shared_limits[{chosen_device, kernel}] = static_cast<size_t>(value);
    }
    return cudaSuccess;
}

cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes *attributes, const void *kernel) {
    Guard guard(machine_lock);
    cudaError_t error = begin(EPNET_EMULATION_FUNCTION);
    if (error == cudaSuccess)
        error = device_image();
    if (error != cudaSuccess)
        return keep_error(error);
    const Device &d = devices[chosen_device];
    *attributes = {};
    attributes->maxThreadsPerBlock = REGISTERS / KERNEL_REGISTERS;
    attributes->numRegs = KERNEL_REGISTERS;
    attributes->localSizeBytes = settings.local_memory;
    attributes->ptxVersion = attributes->binaryVersion = 10 * d.major + d.minor;
    attributes->maxDynamicSharedSizeBytes = static_cast<int>(kernel_shared_limit(kernel));
    return cudaSuccess;
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *kernel, int threads,
                                                          size_t shared_bytes) {
    Guard guard(machine_lock);
    cudaError_t error = begin(EPNET_EMULATION_FUNCTION);
    if (error == cudaSuccess)
        error = device_image();
    if (error != cudaSuccess)
        return keep_error(error);
    if (threads < 1 || static_cast<unsigned>(threads) > MAX_THREADS)
        return keep_error(cudaErrorInvalidValue);
    const Device &d = devices[chosen_device];
    const int by_shared = static_cast<int>(shared_per_multiprocessor(d) / (shared_bytes + SHARED_RESERVED));
    const int by_threads = std::min(THREADS_PER_MULTIPROCESSOR, REGISTERS / KERNEL_REGISTERS) / threads;
    *blocks = shared_bytes > kernel_shared_limit(kernel)
                  ? 0
                  : std::min({by_shared, std::max(by_threads, 1), BLOCKS_PER_MULTIPROCESSOR});
    return cudaSuccess;
}

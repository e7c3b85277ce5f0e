/* CUDA C++ on the CPU (tests only): what kernels may use, and the runtime's C++ overloads. */
#ifndef EPNET_EMULATED_CUDA_RUNTIME_H
#define EPNET_EMULATED_CUDA_RUNTIME_H

#include "cuda_runtime_api.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <math.h>
#include <tuple>
#include <type_traits>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))

/* ---- vector types ---- */

struct uint3 {
    unsigned x, y, z;
};
struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
struct alignas(16) double2 {
    double x, y;
};
struct alignas(8) uint2 {
    unsigned x, y;
};
struct alignas(8) int2 {
    int x, y;
};
inline double2 make_double2(double x, double y) {
    return {x, y};
}
inline uint2 make_uint2(unsigned x, unsigned y) {
    return {x, y};
}
inline int2 make_int2(int x, int y) {
    return {x, y};
}

namespace epnet_emulation {

/* ---- what a running thread sees ---- */

struct ThreadView {
    uint3 thread, block;
    dim3 block_size, grid_size;
    int lane;
};
extern const ThreadView *running; /* the CUDA thread that runs; NULL outside kernels */

struct Site { /* a line of a kernel */
    const char *file;
    int line;
};

void *dynamic_shared();
void *shared_array(const void *key, size_t bytes);

void block_barrier(Site site);
void warp_barrier(unsigned mask, Site site);
/* Value of lane `source` of the warp (own lane: -1) after all lanes of the mask have come here. */
uint64_t warp_exchange(unsigned mask, uint64_t value, int source, Site site);
/* Bit l: whether lane l of the mask said true. */
unsigned warp_ballot(unsigned mask, bool flag, Site site);

template <class T> T shuffle(unsigned mask, T value, int source, Site site) {
    static_assert(sizeof(T) <= 8 && std::is_arithmetic_v<T>, "a shuffle moves a number of at most 8 bytes");
    uint64_t raw = 0;
    std::memcpy(&raw, &value, sizeof value);
    raw = warp_exchange(mask, raw, source, site);
    std::memcpy(&value, &raw, sizeof value);
    return value;
}

/* ---- launches ---- */

/* `given`: the launch's arguments, from which the device memory that it uses is found. */
void enqueue_kernel(const void *kernel, dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream,
                    const void *given, size_t given_bytes, std::function<void()> body);

template <class... P, class... A>
void launch(void (*kernel)(P...), dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream,
            A &&...arguments) {
    std::tuple<std::decay_t<P>...> copies(std::forward<A>(arguments)...);
    enqueue_kernel(reinterpret_cast<const void *>(kernel), grid, block, shared_bytes, stream, &copies,
                   sizeof copies, [kernel, copies] { std::apply(kernel, copies); });
}

} // namespace epnet_emulation

#define threadIdx (epnet_emulation::running->thread)
#define blockIdx (epnet_emulation::running->block)
#define blockDim (epnet_emulation::running->block_size)
#define gridDim (epnet_emulation::running->grid_size)
static constexpr int warpSize = 32;

/* ---- barriers, shuffles, votes ---- */

/* The line where the caller stands, as a default argument. */
#define EPNET_EMULATION_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

inline void __syncthreads(EPNET_EMULATION_SITE) {
    epnet_emulation::block_barrier({file, line});
}
inline void __syncwarp(unsigned mask = ~0u, EPNET_EMULATION_SITE) {
    epnet_emulation::warp_barrier(mask, {file, line});
}

/* A source outside the caller's segment of `width` lanes gives the caller's own value, as on a device. */
template <class T> T __shfl_sync(unsigned mask, T value, int source, int width = 32, EPNET_EMULATION_SITE) {
    const int lane = epnet_emulation::running->lane;
    return epnet_emulation::shuffle(mask, value, (lane & ~(width - 1)) + (source & (width - 1)),
                                    {file, line});
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int distance, int width = 32, EPNET_EMULATION_SITE) {
    const int lane = epnet_emulation::running->lane, source = lane ^ distance;
    const bool inside = source < ((lane & ~(width - 1)) + width) && source < 32;
    return epnet_emulation::shuffle(mask, value, inside ? source : -1, {file, line});
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned distance, int width = 32, EPNET_EMULATION_SITE) {
    const int lane = epnet_emulation::running->lane, source = lane - (int)distance;
    return epnet_emulation::shuffle(mask, value, source >= (lane & ~(width - 1)) ? source : -1, {file, line});
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = 32, EPNET_EMULATION_SITE) {
    const int lane = epnet_emulation::running->lane, source = lane + (int)distance;
    const bool inside = source < (lane & ~(width - 1)) + width;
    return epnet_emulation::shuffle(mask, value, inside ? source : -1, {file, line});
}
inline unsigned __ballot_sync(unsigned mask, int flag, EPNET_EMULATION_SITE) {
    return epnet_emulation::warp_ballot(mask, flag != 0, {file, line});
}
inline int __any_sync(unsigned mask, int flag, EPNET_EMULATION_SITE) {
    return epnet_emulation::warp_ballot(mask, flag != 0, {file, line}) != 0;
}
inline int __all_sync(unsigned mask, int flag, EPNET_EMULATION_SITE) {
    return epnet_emulation::warp_ballot(mask, flag != 0, {file, line}) == mask;
}

inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}

/* ---- atomics: on integers alone, since a sum of floating-point numbers in arrival order is not reproducible
 * ---- */

namespace epnet_emulation {
template <class T, class F> T atomic_update(T *at, F &&change) {
    static_assert(std::is_integral_v<T>, "no floating-point atomics");
    const T old = *at;
    *at = change(old);
    return old;
}
} // namespace epnet_emulation

/* The second argument is converted to the type of the first, as in the toolkit's overloads. */
#define EPNET_EMULATION_ATOMIC(name, expression)                                                             \
    template <class T> T name(T *at, std::common_type_t<T> value) {                                          \
        return epnet_emulation::atomic_update(at, [value](T old) { return static_cast<T>(expression); });    \
    }
EPNET_EMULATION_ATOMIC(atomicAdd, old + value)
EPNET_EMULATION_ATOMIC(atomicSub, old - value)
EPNET_EMULATION_ATOMIC(atomicExch, (static_cast<void>(old), value))
EPNET_EMULATION_ATOMIC(atomicMin, value < old ? value : old)
EPNET_EMULATION_ATOMIC(atomicMax, value > old ? value : old)
EPNET_EMULATION_ATOMIC(atomicAnd, old &value)
EPNET_EMULATION_ATOMIC(atomicOr, old | value)
EPNET_EMULATION_ATOMIC(atomicXor, old ^ value)
template <class T> T atomicCAS(T *at, std::common_type_t<T> expected, std::common_type_t<T> value) {
    return epnet_emulation::atomic_update(at, [=](T old) { return old == expected ? value : old; });
}

/* ---- arithmetic ---- */

template <class T> T __ldg(const T *at) {
    return *at;
}
template <class T> constexpr T min(T a, T b) {
    return b < a ? b : a;
}
template <class T> constexpr T max(T a, T b) {
    return a < b ? b : a;
}
inline int __popc(unsigned x) {
    return __builtin_popcount(x);
}
inline int __popcll(unsigned long long x) {
    return __builtin_popcountll(x);
}
inline int __ffs(int x) {
    return __builtin_ffs(x);
}
inline int __clz(int x) {
    return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x));
}
inline double __dadd_rn(double a, double b) {
    return a + b;
}
inline double __dmul_rn(double a, double b) {
    return a * b;
}
inline double __fma_rn(double a, double b, double c) {
    return std::fma(a, b, c);
}
inline long long __double_as_longlong(double x) {
    long long bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}
inline double __longlong_as_double(long long bits) {
    double x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

/* ---- the runtime's C++ overloads ---- */

template <class T> cudaError_t cudaMalloc(T **pointer, size_t bytes) {
    return cudaMalloc(reinterpret_cast<void **>(pointer), bytes);
}
template <class T> cudaError_t cudaMallocHost(T **pointer, size_t bytes) {
    return cudaMallocHost(reinterpret_cast<void **>(pointer), bytes);
}
template <class T> cudaError_t cudaHostAlloc(T **pointer, size_t bytes, unsigned flags) {
    return cudaHostAlloc(reinterpret_cast<void **>(pointer), bytes, flags);
}
template <class... P>
cudaError_t cudaFuncSetAttribute(void (*kernel)(P...), enum cudaFuncAttribute attribute, int value) {
    return cudaFuncSetAttribute(reinterpret_cast<const void *>(kernel), attribute, value);
}
template <class... P>
cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes *attributes, void (*kernel)(P...)) {
    return cudaFuncGetAttributes(attributes, reinterpret_cast<const void *>(kernel));
}
template <class... P>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, void (*kernel)(P...), int threads,
                                                          size_t shared_bytes) {
    return cudaOccupancyMaxActiveBlocksPerMultiprocessor(blocks, reinterpret_cast<const void *>(kernel),
                                                         threads, shared_bytes);
}

#endif

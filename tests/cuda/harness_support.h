/* What the harness's tests of itself share. */
#ifndef EPNET_TESTS_CUDA_HARNESS_SUPPORT_H
#define EPNET_TESTS_CUDA_HARNESS_SUPPORT_H

#include "emulation.h"

#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

/* cmocka.h wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

extern "C" {
#include <cmocka.h>
}

inline void check(cudaError_t error) {
    assert_string_equal(cudaGetErrorName(error), "cudaSuccess");
}

inline void check_error(cudaError_t error, cudaError_t expected) {
    assert_string_equal(cudaGetErrorName(error), cudaGetErrorName(expected));
}

/* An array on the device that holds `values`. */
template <class T> T *upload(const std::vector<T> &values) {
    T *memory = nullptr;
    check(cudaMalloc(&memory, values.size() * sizeof(T)));
    check(cudaMemcpy(memory, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
    return memory;
}

/* Its first `count` values, after all work of the default stream; the array is given back. */
template <class T> std::vector<T> take(T *memory, size_t count) {
    std::vector<T> values(count);
    check(cudaMemcpy(values.data(), memory, count * sizeof(T), cudaMemcpyDeviceToHost));
    check(cudaFree(memory));
    return values;
}

/* `count` different numbers. */
inline std::vector<double> numbers(size_t count) {
    std::vector<double> values(count);
    for (size_t i = 0; i < count; i++)
        values[i] = 1.0 / static_cast<double>(3 * i + 1);
    return values;
}

/* cmocka's set-up and tear-down: a fresh emulation; nothing is left behind. */
inline int start(void **) {
    epnet_emulation_reset();
    return 0;
}

inline int finish(void **) {
    const EpnetEmulationHeld held = epnet_emulation_held();
    return held.allocations + held.streams + held.events;
}

/* Run `work` in a process of its own and return what it wrote to stderr if it was ended by an error, "" if
 * not. */
template <class F> std::string death_of(F &&work) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        work();
        _exit(0);
    }
    close(ends[1]);
    std::string text;
    char buffer[512];
    for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<size_t>(n));
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "" : "died: " + text;
}

inline bool contains(const std::string &text, const char *part) {
    if (text.find(part) != std::string::npos)
        return true;
    std::fprintf(stderr, "'%s' is not in:\n%s\n", part, text.c_str());
    return false;
}

/* Where AddressSanitizer watches, it finds some faults before the emulation does. */
#if defined(__SANITIZE_ADDRESS__)
constexpr bool ADDRESS_SANITIZER = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool ADDRESS_SANITIZER = true;
#else
constexpr bool ADDRESS_SANITIZER = false;
#endif
#else
constexpr bool ADDRESS_SANITIZER = false;
#endif

#endif

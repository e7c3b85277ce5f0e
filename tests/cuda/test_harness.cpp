/* The CUDA-on-CPU harness itself: what kernels and host code see, and that it lets no fault pass. */
#include "emulation.h"
#include "harness_kernels.h"

#include <array>
#include <cstring>
#include <numeric>
#include <vector>

/* cmocka.h wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

extern "C" {
#include <cmocka.h>
}

namespace {

void check(cudaError_t error) {
    assert_string_equal(cudaGetErrorName(error), "cudaSuccess");
}

/* An array on the device that holds `values`. */
template <class T> T *upload(const std::vector<T> &values) {
    T *memory = nullptr;
    check(cudaMalloc(&memory, values.size() * sizeof(T)));
    check(cudaMemcpy(memory, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
    return memory;
}

/* Its first `count` values, after the device has done all its work; the array is given back. */
template <class T> std::vector<T> take(T *memory, size_t count) {
    std::vector<T> values(count);
    check(cudaMemcpy(values.data(), memory, count * sizeof(T), cudaMemcpyDeviceToHost));
    check(cudaFree(memory));
    return values;
}

std::vector<double> numbers(size_t count) {
    std::vector<double> values(count);
    for (size_t i = 0; i < count; i++)
        values[i] = 1.0 / static_cast<double>(3 * i + 1);
    return values;
}

int start(void **) {
    epnet_emulation_reset();
    return 0;
}

int finish(void **) {
    return epnet_emulation_held().allocations + epnet_emulation_held().streams +
           epnet_emulation_held().events;
}

/* ---- kernels ---- */

void test_sums_of_blocks(void **) {
    const int blocks = 5, threads = 96;
    const std::vector<double> x = numbers(blocks * threads);
    std::vector<double> first;
    for (int order = 0; order < EPNET_EMULATION_ORDERS; order++) {
        epnet_emulation_order(static_cast<EpnetEmulationOrder>(order), 7);
        double *const in = upload(x), *const out = upload(std::vector<double>(blocks));
        check(harness_block_sum(in, out, blocks, threads, nullptr));
        const std::vector<double> sums = take(out, blocks);
        check(cudaFree(in));
        for (int b = 0; b < blocks; b++) {
            const double expected =
                std::accumulate(x.begin() + b * threads, x.begin() + (b + 1) * threads, 0.0);
            assert_true(std::abs(sums[static_cast<size_t>(b)] - expected) < 1e-14);
        }
        if (order == 0)
            first = sums;
        assert_memory_equal(first.data(), sums.data(), blocks * sizeof(double));
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sums_of_blocks, start, finish),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}

/* The CUDA-on-CPU harness itself: what kernels and host code see of it. */
#include "harness_kernels.h"
#include "harness_support.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <thread>

namespace {

void set_order(int order) {
    epnet_emulation_order(static_cast<EpnetEmulationOrder>(order), 7);
}

/* ---- kernels ---- */

void test_sums_of_blocks(void **) {
    const int blocks = 5, threads = 96;
    const std::vector<double> x = numbers(blocks * threads);
    std::vector<double> first;
    for (int order = 0; order < EPNET_EMULATION_ORDERS; order++) {
        set_order(order);
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

std::vector<double> rotated(const std::vector<double> &x, int blocks, int threads, bool wait) {
    double *const in = upload(x), *const out = upload(std::vector<double>(x.size()));
    check(harness_rotate(in, out, blocks, threads, wait, threads * (int)sizeof(double), nullptr));
    check(cudaDeviceSynchronize());
    check(cudaFree(in));
    return take(out, x.size());
}

void test_exchange_through_shared_memory(void **) {
    const int blocks = 3, threads = 100;
    const std::vector<double> x = numbers(blocks * threads);
    for (int order = 0; order < EPNET_EMULATION_ORDERS; order++) {
        set_order(order);
        const std::vector<double> y = rotated(x, blocks, threads, true);
        for (size_t i = 0; i < y.size(); i++)
            assert_true(y[i] == x[i / threads * threads + (i + 1) % threads]);
    }
}

/* Without its barrier the kernel reads what is not yet written: NaN, at places that depend on the order. */
void test_missing_barrier_shows(void **) {
    const std::vector<double> x = numbers(64);
    set_order(EPNET_EMULATION_FORWARD);
    const std::vector<double> forward = rotated(x, 1, 64, false);
    set_order(EPNET_EMULATION_BACKWARD);
    const std::vector<double> backward = rotated(x, 1, 64, false);
    assert_memory_not_equal(forward.data(), backward.data(), 64 * sizeof(double));
    assert_true(std::any_of(forward.begin(), forward.end(), [](double v) { return std::isnan(v); }));
}

void test_groups_of_lanes(void **) {
    for (int size = 2; size <= 32; size *= 2) {
        const int groups = 64 / size;
        std::vector<int> rounds(static_cast<size_t>(groups));
        for (int g = 0; g < groups; g++)
            rounds[static_cast<size_t>(g)] = (5 * g + 3) % 7;
        for (int order = 0; order < EPNET_EMULATION_ORDERS; order++) {
            set_order(order);
            int *const in = upload(rounds);
            double *const out = upload(std::vector<double>(64));
            check(harness_groups(in, out, groups, size, nullptr));
            const std::vector<double> y = take(out, 64);
            check(cudaFree(in));
            for (int i = 0; i < 64; i++) { /* all lanes hold the sum 1 + .. + size after the first round */
                const int count = rounds[static_cast<size_t>(i / size)];
                const double sum = size * (size + 1) / 2.0;
                const double expected = count == 0 ? 1 + i % size : sum * std::pow(size, count - 1);
                assert_true(y[static_cast<size_t>(i)] == expected);
            }
        }
    }
}

void test_votes_and_atomics(void **) {
    const int n = 96;
    std::vector<int> x(n);
    for (int i = 0; i < n; i++)
        x[static_cast<size_t>(i)] = i * 37 % 101;
    for (int order = 0; order < EPNET_EMULATION_ORDERS; order++) {
        set_order(order);
        int *const in = upload(x), *const ranks = upload(std::vector<int>(n));
        unsigned *const vote = upload(std::vector<unsigned>(n / 32));
        check(harness_rank(in, ranks, vote, n, nullptr));
        const std::vector<int> rank = take(ranks, n);
        const std::vector<unsigned> votes = take(vote, n / 32);
        check(cudaFree(in));
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(rank[i], std::count_if(x.begin(), x.end(), [&](int v) { return v < x[i]; }));
            assert_int_equal(votes[i / 32] >> (i % 32) & 1, x[i] & 1);
        }
    }
}

/* Blocks share a queue: each number is taken once, by several blocks. */
void test_blocks_share_a_queue(void **) {
    for (int order = 0; order < EPNET_EMULATION_ORDERS; order++) {
        set_order(order);
        epnet_emulation_resident_blocks(3);
        unsigned *const next = upload(std::vector<unsigned>(1)), *const owner =
                                                                     upload(std::vector<unsigned>(40, 99));
        check(harness_queue(next, owner, 40, 4, nullptr));
        assert_true(take(next, 1)[0] == 44); /* every block asks once more */
        std::vector<unsigned> owners = take(owner, 40);
        std::sort(owners.begin(), owners.end());
        assert_true(owners.back() < 4);
        assert_true(std::unique(owners.begin(), owners.end()) - owners.begin() >= 3);
    }
}

void test_indices(void **) {
    const dim3 grid(3, 2, 2), block(4, 3, 2);
    const size_t count = 12 * 24;
    unsigned *const out = upload(std::vector<unsigned>(3 * count, ~0u));
    check(harness_indices(out, grid, block, nullptr));
    const std::vector<unsigned> seen = take(out, 3 * count);
    for (unsigned i = 0; i < count; i++) {
        const unsigned b = i / 24, t = i % 24;
        assert_int_equal(seen[3 * i], (t % 4) << 16 | b % 3);
        assert_int_equal(seen[3 * i + 1], (t / 4 % 3) << 16 | b / 3 % 2);
        assert_int_equal(seen[3 * i + 2], (t / 12) << 16 | b / 6);
    }
}

/* ---- streams ---- */

/* Work waits for the host to synchronise, so what is read before is stale, and what is overwritten before
 * spoils. */
void test_work_waits_for_synchronisation(void **) {
    const size_t bytes = 64 * sizeof(double);
    cudaStream_t stream;
    double *in, *out, *device_in, *device_out;
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    check(cudaMallocHost(&in, bytes));
    check(cudaMallocHost(&out, bytes));
    check(cudaMalloc(&device_in, bytes));
    check(cudaMalloc(&device_out, bytes));
    for (int i = 0; i < 64; i++) {
        in[i] = i;
        out[i] = -1;
    }
    check(cudaMemcpyAsync(device_in, in, bytes, cudaMemcpyHostToDevice, stream));
    check(harness_rotate(device_in, device_out, 1, 64, true, (int)bytes, stream));
    check(cudaMemcpyAsync(out, device_out, bytes, cudaMemcpyDeviceToHost, stream));
    assert_true(out[0] == -1);
    check_error(cudaStreamQuery(stream), cudaErrorNotReady);
    (void)cudaGetLastError();
    check(cudaStreamSynchronize(stream));
    check(cudaStreamQuery(stream));
    assert_true(out[0] == 1 && out[63] == 0);

    check(cudaMemcpyAsync(device_in, in, bytes, cudaMemcpyHostToDevice, stream));
    check(cudaMemcpyAsync(out, device_in, bytes, cudaMemcpyDeviceToHost, stream));
    in[5] = 77; /* too early */
    check(cudaStreamSynchronize(stream));
    assert_true(out[5] == 77);

    std::vector<double> pageable(64, 3); /* staged at the call, as CUDA does */
    check(cudaMemcpyAsync(device_in, pageable.data(), bytes, cudaMemcpyHostToDevice, stream));
    pageable[5] = 77;
    check(cudaMemcpyAsync(out, device_in, bytes, cudaMemcpyDeviceToHost, stream));
    check(cudaStreamSynchronize(stream));
    assert_true(out[5] == 3);

    epnet_emulation_eager(true);
    check(cudaMemsetAsync(device_in, 0, bytes, stream));
    check(cudaMemcpyAsync(out, device_in, bytes, cudaMemcpyDeviceToHost, stream));
    assert_true(out[5] == 0);
    check(cudaFree(device_in));
    check(cudaFree(device_out));
    check(cudaFreeHost(in));
    check(cudaFreeHost(out));
    check(cudaStreamDestroy(stream));
}

void test_events_order_streams(void **) {
    cudaStream_t one, two;
    cudaEvent_t begun, written;
    double *host, *device;
    check(cudaStreamCreateWithFlags(&one, cudaStreamNonBlocking));
    check(cudaStreamCreateWithFlags(&two, cudaStreamNonBlocking));
    check(cudaEventCreate(&begun));
    check(cudaEventCreate(&written));
    check(cudaMallocHost(&host, sizeof(double)));
    check(cudaMalloc(&device, sizeof(double)));
    *host = -1;
    check(cudaEventRecord(begun, one));
    check(cudaMemsetAsync(device, 0, sizeof(double), one));
    check(cudaEventRecord(written, one));
    check(cudaStreamWaitEvent(two, written, 0));
    check(cudaMemcpyAsync(host, device, sizeof(double), cudaMemcpyDeviceToHost, two));
    float milliseconds = -1;
    check_error(cudaEventElapsedTime(&milliseconds, begun, written), cudaErrorNotReady);
    (void)cudaGetLastError();
    check(cudaStreamSynchronize(two));
    assert_true(*host == 0);
    check(cudaEventSynchronize(written));
    check(cudaEventElapsedTime(&milliseconds, begun, written));
    assert_true(milliseconds >= 0);
    check(cudaEventDestroy(begun));
    check(cudaEventDestroy(written));
    check(cudaFree(device));
    check(cudaFreeHost(host));
    check(cudaStreamDestroy(one));
    check(cudaStreamDestroy(two));
}

/* Two host threads with a stream each, many times. */
void test_host_threads_side_by_side(void **) {
    bool good[2] = {false, false};
    auto work = [&good](int which) {
        cudaStream_t stream;
        double *sum, *host;
        std::vector<double> x(64, which + 1);
        bool right = cudaSetDevice(0) == cudaSuccess &&
                     cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess;
        double *in;
        right = right && cudaMalloc(&in, 64 * sizeof(double)) == cudaSuccess &&
                cudaMalloc(&sum, sizeof(double)) == cudaSuccess &&
                cudaMallocHost(&host, sizeof(double)) == cudaSuccess;
        for (int i = 0; right && i < 100; i++) {
            right =
                cudaMemcpyAsync(in, x.data(), 64 * sizeof(double), cudaMemcpyHostToDevice, stream) ==
                    cudaSuccess &&
                harness_block_sum(in, sum, 1, 64, stream) == cudaSuccess &&
                cudaMemcpyAsync(host, sum, sizeof(double), cudaMemcpyDeviceToHost, stream) == cudaSuccess &&
                cudaStreamSynchronize(stream) == cudaSuccess && *host == 64.0 * (which + 1);
        }
        good[which] = right && cudaFree(in) == cudaSuccess && cudaFree(sum) == cudaSuccess &&
                      cudaFreeHost(host) == cudaSuccess && cudaStreamDestroy(stream) == cudaSuccess;
    };
    std::thread first(work, 0), second(work, 1);
    first.join();
    second.join();
    assert_true(good[0] && good[1]);
}

/* ---- devices ---- */

void test_devices_of_the_test(void **) {
    epnet_emulation_devices(2);
    epnet_emulation_device(1, "Small card", 8, 0, 10, 1000000, 64 << 10);
    int count = 0, value = 0;
    check(cudaGetDeviceCount(&count));
    assert_int_equal(count, 2);
    check_error(cudaSetDevice(2), cudaErrorInvalidDevice);
    check_error(cudaGetLastError(), cudaErrorInvalidDevice);
    check(cudaGetLastError());
    check(cudaSetDevice(1));
    cudaDeviceProp properties;
    check(cudaGetDeviceProperties(&properties, 1));
    assert_string_equal(properties.name, "Small card");
    check(cudaDeviceGetAttribute(&value, cudaDevAttrMultiProcessorCount, 1));
    assert_int_equal(value, 10);
    size_t free_bytes, total;
    char *half, *rest;
    check(cudaMalloc(&half, 600000));
    check(cudaMemGetInfo(&free_bytes, &total));
    assert_true(free_bytes == 400000 && total == 1000000);
    check_error(cudaMalloc(&rest, 400001), cudaErrorMemoryAllocation);
    assert_null(rest);
    check_error(cudaGetLastError(), cudaErrorMemoryAllocation); /* an error stays until it is taken */
    check(cudaMalloc(&rest, 400000));
    check(cudaFree(half));
    check(cudaFree(rest));
    check_error(cudaFree(&value), cudaErrorInvalidValue);

    epnet_emulation_versions(11080, 12080);
    check_error(cudaGetDeviceCount(&count), cudaErrorInsufficientDriver);
    epnet_emulation_versions(12080, 12080);
    epnet_emulation_devices(0);
    check_error(cudaGetDeviceCount(&count), cudaErrorNoDevice);
}

/* A launch or a copy that CUDA would refuse is refused in the same words. */
void test_refusals(void **) {
    double *const x = upload(std::vector<double>(2048));
    check_error(harness_block_sum(x, x, 1, 1056, nullptr), cudaErrorInvalidConfiguration);
    check_error(harness_block_sum(x, x, 0, 32, nullptr), cudaErrorInvalidConfiguration);
    check_error(harness_indices(nullptr, dim3(1, 65536), dim3(32), nullptr), cudaErrorInvalidConfiguration);
    check_error(harness_rotate(x, x, 1, 1024, true, 228 << 10, nullptr), cudaErrorInvalidValue);
    check(harness_rotate(x, x + 1024, 1, 1024, true, 227 << 10, nullptr)); /* asked for beforehand */
    check(cudaDeviceSynchronize());
    check_error(cudaMemcpy(x, x, 8, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
    check_error(cudaMemcpy(x + 2047, numbers(2).data(), 16, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
    check_error(cudaMemset(x + 2047, 0, 16), cudaErrorInvalidValue);
    (void)cudaGetLastError();
    epnet_emulation_device(0, "Old card", 7, 5, 10, 1 << 20, 64 << 10);
    check_error(harness_block_sum(x, x, 1, 32, nullptr), cudaErrorNoKernelImageForDevice);
    check(cudaFree(x));
    cudaStream_t of_second;
    epnet_emulation_devices(2);
    check(cudaSetDevice(1));
    check(cudaStreamCreate(&of_second));
    check(cudaSetDevice(0));
    double *const y = upload(std::vector<double>(64));
    check_error(harness_block_sum(y, y, 1, 32, of_second), cudaErrorInvalidResourceHandle);
    check(cudaStreamDestroy(of_second));
    check(cudaFree(y));
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sums_of_blocks, start, finish),
        cmocka_unit_test_setup_teardown(test_exchange_through_shared_memory, start, finish),
        cmocka_unit_test_setup_teardown(test_missing_barrier_shows, start, finish),
        cmocka_unit_test_setup_teardown(test_groups_of_lanes, start, finish),
        cmocka_unit_test_setup_teardown(test_votes_and_atomics, start, finish),
        cmocka_unit_test_setup_teardown(test_blocks_share_a_queue, start, finish),
        cmocka_unit_test_setup_teardown(test_indices, start, finish),
        cmocka_unit_test_setup_teardown(test_work_waits_for_synchronisation, start, finish),
        cmocka_unit_test_setup_teardown(test_events_order_streams, start, finish),
        cmocka_unit_test_setup_teardown(test_host_threads_side_by_side, start, finish),
        cmocka_unit_test_setup_teardown(test_devices_of_the_test, start, finish),
        cmocka_unit_test_setup_teardown(test_refusals, start, finish),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}

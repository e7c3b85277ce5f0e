/* The CUDA-on-CPU harness lets no fault pass: each of these kernels is ended with a line that says what is
 * wrong, and each call fails when a test says so. */
#include "harness_kernels.h"
#include "harness_support.h"

#include <functional>

namespace {

/* What a kernel with a fault dies of. */
std::string death_by(HarnessFault fault) {
    return death_of([fault] {
        double *const out = upload(std::vector<double>(64));
        if (harness_fault(fault, out, nullptr) != cudaSuccess)
            _exit(0);
        cudaDeviceSynchronize();
        cudaFree(out);
    });
}

void test_without_a_fault_nothing_dies(void **) {
    assert_string_equal(death_by(HARNESS_FAULTS).c_str(), "");
}

void test_memory_overruns(void **) {
    const struct {
        HarnessFault fault;
        const char *words;
    } cases[] = {{HARNESS_SHARED_OVERRUN, "past its dynamic shared memory of 512 bytes"},
                 {HARNESS_ARRAY_OVERRUN, "past a shared array of 32 bytes"},
                 {HARNESS_DEVICE_OVERRUN, "past an allocation of 512 bytes"}};
    for (const auto &c : cases)
        assert_true(contains(death_by(c.fault), ADDRESS_SANITIZER ? "heap-buffer-overflow" : c.words));
}

void test_barriers_and_lanes(void **) {
    assert_true(contains(death_by(HARNESS_DIVERGENT_BARRIER), "divergent barrier"));
    assert_true(contains(death_by(HARNESS_MISSED_BARRIER), "missed by 24 threads"));
    assert_true(contains(death_by(HARNESS_ABSENT_LANE), "deadlock"));
    assert_true(contains(death_by(HARNESS_OUTSIDE_MASK), "outside the mask 000000ff"));
    assert_true(contains(death_by(HARNESS_WRONG_MASK), "not in its own mask 000000f0"));
}

/* The launch still waits when its memory goes. */
void test_memory_freed_too_early(void **) {
    assert_true(contains(death_of([] {
                             double *const out = upload(std::vector<double>(64));
                             harness_fault(HARNESS_FAULTS, out, nullptr);
                             cudaFree(out);
                         }),
                         "memory of 512 bytes is freed while a launch waits that was given it"));
}

/* Only AddressSanitizer sees these. */
void test_memory_out_of_place(void **) {
    if (!ADDRESS_SANITIZER)
        skip();
    double *const x = upload(numbers(64));
    assert_true(contains(death_of([x] { _exit(x[3] > 0); }), "use-after-poison"));
    assert_true(contains(death_of([x] {
                             cudaFree(x);
                             harness_fault(HARNESS_FAULTS, x, nullptr);
                             cudaDeviceSynchronize();
                         }),
                         "heap-use-after-free"));
    epnet_emulation_devices(2);
    assert_true(contains(death_of([x] {
                             cudaSetDevice(1); /* not where x is */
                             harness_fault(HARNESS_FAULTS, x, nullptr);
                             cudaDeviceSynchronize();
                         }),
                         "use-after-poison"));
    check(cudaFree(x));
}

/* ---- faults made in sound kernels ---- */

std::vector<double> rotated(const std::vector<double> &x) {
    double *const in = upload(x), *const out = upload(std::vector<double>(x.size()));
    check(harness_rotate(in, out, 1, 64, true, 512, nullptr));
    check(cudaDeviceSynchronize());
    check(cudaFree(in));
    return take(out, x.size());
}

void test_barrier_taken_away(void **) {
    const std::vector<double> x = numbers(64), sound = rotated(x);
    assert_int_equal(epnet_emulation_barriers(), 1);
    assert_true(contains(epnet_emulation_barrier_file(0), "harness_kernels.cu"));
    assert_true(epnet_emulation_barrier_line(0) > 0);
    epnet_emulation_skip_barrier(0, -1);
    const std::vector<double> hurt = rotated(x);
    assert_memory_not_equal(sound.data(), hurt.data(), 64 * sizeof(double));
    epnet_emulation_keep_barriers();
    assert_true(rotated(x) == sound);
    epnet_emulation_skip_barrier(0, 17);
    assert_true(contains(death_of([&x] { rotated(x); }), "missed by 1 threads"));
}

void test_shared_memory_cut_short(void **) {
    epnet_emulation_shrink_shared(8);
    assert_true(contains(death_of([] { rotated(numbers(64)); }),
                         ADDRESS_SANITIZER ? "heap-buffer-overflow" : "past its dynamic shared memory"));
}

/* ---- failing calls ---- */

struct Failing {
    EpnetEmulationCall call;
    std::function<cudaError_t()> make;
};

void test_calls_fail_when_asked(void **) {
    double *const x = upload(numbers(64));
    double *memory;
    cudaStream_t stream;
    cudaEvent_t event;
    int count;
    cudaFuncAttributes attributes;
    const Failing cases[] = {
        {EPNET_EMULATION_MALLOC, [&] { return cudaMalloc(&memory, 8); }},
        {EPNET_EMULATION_HOST_MALLOC, [&] { return cudaMallocHost(&memory, 8); }},
        {EPNET_EMULATION_MEMCPY, [&] { return cudaMemcpy(x, x + 8, 8, cudaMemcpyDeviceToDevice); }},
        {EPNET_EMULATION_MEMSET, [&] { return cudaMemset(x, 0, 8); }},
        {EPNET_EMULATION_LAUNCH, [&] { return harness_fault(HARNESS_FAULTS, x, nullptr); }},
        {EPNET_EMULATION_STREAM, [&] { return cudaStreamCreate(&stream); }},
        {EPNET_EMULATION_EVENT, [&] { return cudaEventCreate(&event); }},
        {EPNET_EMULATION_SYNCHRONIZE, [&] { return cudaDeviceSynchronize(); }},
        {EPNET_EMULATION_DEVICE, [&] { return cudaGetDeviceCount(&count); }},
        {EPNET_EMULATION_FUNCTION, [&] { return cudaFuncGetAttributes(&attributes, (const void *)x); }},
    };
    for (const Failing &c : cases) {
        epnet_emulation_fail(c.call, 1, cudaErrorUnknown, false);
        check_error(c.make(), cudaErrorUnknown);
        (void)cudaGetLastError();
        assert_true(epnet_emulation_failed());
        assert_int_equal(epnet_emulation_calls(c.call), 1);
        epnet_emulation_fail(EPNET_EMULATION_CALLS, 1, cudaErrorUnknown, false);
        check_error(c.make(), cudaErrorUnknown);
        (void)cudaGetLastError();
    }
    epnet_emulation_fail(EPNET_EMULATION_MEMSET, 3, cudaErrorUnknown, false);
    check(cudaMemset(x, 0, 8));
    check(cudaMemset(x, 0, 8));
    assert_false(epnet_emulation_failed());
    check_error(cudaMemset(x, 0, 8), cudaErrorUnknown);
    check_error(cudaGetLastError(), cudaErrorUnknown);
    check(cudaMemset(x, 0, 8));
    check(cudaFree(x));
}

/* A kernel that fails while it runs is seen by the next synchronisation, and the device is lost. */
void test_lost_device(void **) {
    double *const x = upload(numbers(64));
    epnet_emulation_fail(EPNET_EMULATION_KERNEL, 1, cudaErrorIllegalAddress, true);
    check(harness_fault(HARNESS_FAULTS, x, nullptr));
    check_error(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
    double *memory = nullptr;
    check_error(cudaMalloc(&memory, 8), cudaErrorIllegalAddress);
    check_error(cudaGetLastError(), cudaErrorIllegalAddress);
    check_error(cudaGetLastError(), cudaErrorIllegalAddress); /* it cannot be taken */
    check_error(cudaFree(x), cudaErrorIllegalAddress);
    check(cudaDeviceReset()); /* the memory is gone with the rest */
    check(cudaMalloc(&memory, 8));
    check(cudaFree(memory));
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_without_a_fault_nothing_dies, start, finish),
        cmocka_unit_test_setup_teardown(test_memory_overruns, start, finish),
        cmocka_unit_test_setup_teardown(test_barriers_and_lanes, start, finish),
        cmocka_unit_test_setup_teardown(test_memory_freed_too_early, start, finish),
        cmocka_unit_test_setup_teardown(test_memory_out_of_place, start, finish),
        cmocka_unit_test_setup_teardown(test_barrier_taken_away, start, finish),
        cmocka_unit_test_setup_teardown(test_shared_memory_cut_short, start, finish),
        cmocka_unit_test_setup_teardown(test_calls_fail_when_asked, start, finish),
        cmocka_unit_test_setup_teardown(test_lost_device, start, finish),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}

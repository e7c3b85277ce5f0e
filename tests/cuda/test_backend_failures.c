/* What the CUDA backend does when the device refuses: every call in turn, memory above all, and the choice of
 * devices. */
#include "cpu/cpu_backend.h"
#include "cuda_backend.h"
#include "device.h"
#include "emulation.h"
#include "support/check.h"
#include "two_backends.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 6, NODES = 4 };

/* A batch that uses all of the backend: zero rates need masks, trajectories start from stationary laws. */
typedef struct Fixture {
    TestNetwork networks[POINTS];
    EpnetPoint points[POINTS];
    EpnetProblem problem;
    TestRows expected; /* undisturbed */
} Fixture;

static const double times[] = {0, 0.4, 1.1};
static const uint64_t cuts[] = {3};
static Fixture fixture;

static int set_up(void **state) {
    (void)state;
    epnet_emulation_reset();
    TestRandom random = test_random(31);
    for (size_t k = 0; k < POINTS; k++) {
        fixture.networks[k] = test_network_ring(NODES, test_random_log(&random, 0.2, 2), INFINITY);
        test_network_set_flips(&fixture.networks[k], test_random_log(&random, 0.2, 2), k == 2 ? 0 : 0.6);
        fixture.points[k] = test_network_point(&fixture.networks[k]);
    }
    fixture.problem = test_network_problem(&fixture.networks[0], NULL);
    fixture.problem.times = times;
    fixture.problem.time_count = 3;
    fixture.problem.cuts = cuts;
    fixture.problem.cut_count = 1;
    fixture.expected =
        two_backends_solve(&epnet_cuda_backend, 0, &fixture.problem, fixture.points, POINTS, true);
    for (size_t k = 0; k < POINTS; k++)
        assert_int_equal(fixture.expected.rows.status[k], EPNET_POINT_OK);
    epnet_emulation_reset();
    return 0;
}

/* Nothing is left of what was allocated. A kernel that failed takes the device along, and only a reset brings
 * it and its memory back. */
static void assert_nothing_held(void) {
    if (cudaDeviceSynchronize() != cudaSuccess)
        assert_int_equal(cudaDeviceReset(), cudaSuccess);
    const EpnetEmulationHeld held = epnet_emulation_held();
    assert_int_equal(held.allocations, 0);
    assert_int_equal(held.streams, 0);
    assert_int_equal(held.events, 0);
}

static int tear_down(void **state) {
    (void)state;
    test_rows_free(&fixture.expected);
    for (size_t k = 0; k < POINTS; k++)
        test_network_free(&fixture.networks[k]);
    epnet_emulation_fail(EPNET_EMULATION_CALLS, 0, cudaSuccess, false);
    assert_nothing_held();
    return 0;
}

/* Open, solve and close. The rows of a success are those of the undisturbed run. */
static EpnetStatus solve_all(char *note, size_t size, EpnetError *error) {
    TestRows rows = two_backends_rows(&fixture.problem, POINTS, true);
    const EpnetBatch batch = {.problem = &fixture.problem, .count = POINTS, .points = fixture.points};
    void *context = NULL;
    note[0] = 0;
    EpnetStatus status = epnet_cuda_backend.open(&fixture.problem, 0, 1, &context, error);
    assert_int_equal(context == NULL, status != EPNET_OK);
    if (status == EPNET_OK) {
        status = epnet_cuda_backend.solve(context, &batch, &rows.rows, error);
        epnet_cuda_backend.note(context, note, size);
        epnet_cuda_backend.close(context);
    }
    if (status == EPNET_OK)
        two_backends_same_bytes(&fixture.problem, &fixture.expected, &rows, 0);
    test_rows_free(&rows);
    return status;
}

/* ---- calls that fail -------------------------------------------------------------------------------------
 */

/* Whatever call fails: the work fails with the error's name, or it was done without that call; nothing is
 * left behind, and the next run is as if nothing had been. */
static void every_call_may_fail(void **state) {
    (void)state;
    size_t failures = 0;
    for (long k = 1;; k++) {
        EpnetError error = {.status = EPNET_OK};
        char note[256];
        epnet_emulation_reset();
        epnet_emulation_fail(EPNET_EMULATION_CALLS, k, cudaErrorECCUncorrectable, false);
        const EpnetStatus status = solve_all(note, sizeof note, &error);
        const bool failed = epnet_emulation_failed();
        epnet_emulation_fail(EPNET_EMULATION_CALLS, 0, cudaSuccess, false);
        if (status != EPNET_OK) {
            assert_int_equal(status, EPNET_DEVICE);
            assert_non_null(strstr(error.message, "cudaErrorECCUncorrectable"));
            assert_non_null(strstr(error.message, "cuda:0: "));
            failures++;
        }
        assert_nothing_held();
        if (solve_all(note, sizeof note, &error) != EPNET_OK)
            fail_msg("after the failure of call %ld: %s", k, error.message);
        if (!failed)
            break;
    }
    assert_true(failures > 20);
}

/* A kernel that fails while it runs is told by the wait that follows, and ends the device for good. */
static void a_sticky_error_ends_the_run(void **state) {
    (void)state;
    for (long launch = 1; launch <= 2; launch++) {
        EpnetError error = {.status = EPNET_OK};
        char note[256];
        epnet_emulation_fail(EPNET_EMULATION_KERNEL, launch, cudaErrorIllegalAddress, true);
        assert_int_equal(solve_all(note, sizeof note, &error), EPNET_DEVICE);
        assert_non_null(strstr(error.message, "cudaErrorIllegalAddress"));
        assert_int_equal(solve_all(note, sizeof note, &error), EPNET_DEVICE);
        assert_nothing_held();
        epnet_emulation_reset();
        assert_int_equal(solve_all(note, sizeof note, &error), EPNET_OK);
    }
}

/* ---- memory ----------------------------------------------------------------------------------------------
 */

/* Memory that is refused once costs a smaller launch and no byte; while a context opens it fails the opening.
 */
static void memory_refused_once_halves_the_launch(void **state) {
    (void)state;
    static const EpnetEmulationCall calls[] = {EPNET_EMULATION_MALLOC, EPNET_EMULATION_HOST_MALLOC};
    for (size_t c = 0; c < 2; c++) {
        size_t halved = 0, refused = 0;
        for (long k = 1;; k++) {
            EpnetError error = {.status = EPNET_OK};
            char note[256];
            epnet_emulation_reset();
            epnet_emulation_fail(calls[c], k, cudaErrorMemoryAllocation, false);
            const EpnetStatus status = solve_all(note, sizeof note, &error);
            const bool failed = epnet_emulation_failed();
            epnet_emulation_fail(calls[c], 0, cudaSuccess, false);
            assert_nothing_held();
            if (!failed)
                break;
            if (status == EPNET_OK) {
                assert_non_null(strstr(note, "memory for 6 points"));
                halved++;
            } else {
                assert_int_equal(status, EPNET_DEVICE);
                assert_non_null(strstr(error.message, "cudaErrorMemoryAllocation"));
                refused++;
            }
        }
        assert_true(halved >= 8);
        assert_true(refused >= 1);
    }
}

/* The same on devices that are too small for all points at once, then for one: never a wrong row. */
static void small_devices(void **state) {
    (void)state;
    enum { COPIES = 40 };
    EpnetPoint points[COPIES * POINTS];
    for (size_t k = 0; k < COPIES * POINTS; k++)
        points[k] = fixture.points[k % POINTS];
    const EpnetBatch batch = {.problem = &fixture.problem, .count = COPIES * POINTS, .points = points};
    size_t whole = 0, halved = 0, refused = 0;
    for (size_t bytes = 1 << 22; bytes >= 512; bytes = bytes / 4 * 3) {
        TestRows rows = two_backends_rows(&fixture.problem, COPIES * POINTS, true);
        EpnetError error = {.status = EPNET_OK};
        char note[256] = "";
        void *context = NULL;
        epnet_emulation_device(0, "small", 9, 0, 132, bytes, 227 << 10);
        EpnetStatus status = epnet_cuda_backend.open(&fixture.problem, 0, 1, &context, &error);
        if (status == EPNET_OK) {
            status = epnet_cuda_backend.solve(context, &batch, &rows.rows, &error);
            epnet_cuda_backend.note(context, note, sizeof note);
            epnet_cuda_backend.close(context);
        }
        for (size_t k = 0; k < COPIES && status == EPNET_OK; k++)
            two_backends_same_bytes(&fixture.problem, &rows, &fixture.expected, k * POINTS);
        if (status != EPNET_OK) {
            assert_int_equal(status, EPNET_DEVICE);
            assert_non_null(strstr(error.message, "out of memory"));
        }
        whole += status == EPNET_OK && note[0] == 0;
        halved += status == EPNET_OK && note[0] != 0;
        refused += status != EPNET_OK;
        assert_nothing_held();
        test_rows_free(&rows);
    }
    assert_true(whole > 0 && halved > 1 && refused > 1);
}

/* ---- devices ---------------------------------------------------------------------------------------------
 */

static EpnetStatus choose(const char *name, const EpnetProblem *problem, EpnetDevice *device, char *message) {
    EpnetError error = {.status = EPNET_OK};
    const EpnetStatus status = epnet_device_choose(name, 2, problem, device, &error);
    strcpy(message, status == EPNET_OK ? device->name : error.message);
    return status;
}

#define expect_choice(name, problem, status, text)                                                           \
    do {                                                                                                     \
        EpnetDevice chosen;                                                                                  \
        char message[2048];                                                                                  \
        assert_int_equal(choose(name, problem, &chosen, message), status);                                   \
        if (strstr(message, text) == NULL)                                                                   \
            fail_msg("'%s' lacks '%s'", message, text);                                                      \
    } while (0)

static void devices_are_chosen_by_name(void **state) {
    (void)state;
    const EpnetProblem *problem = &fixture.problem;
    EpnetDevice device;
    char message[2048];
    epnet_emulation_devices(2);
    epnet_emulation_device(0, "First", 9, 0, 132, 1 << 30, 227 << 10);
    epnet_emulation_device(1, "Second", 9, 0, 108, 1 << 29, 163 << 10);
    assert_int_equal(choose("cuda", problem, &device, message), EPNET_OK);
    assert_string_equal(message, "cuda (2 devices: First, Second)");
    assert_int_equal(device.count, 2);
    assert_int_equal(device.worker_count, 4);
    assert_int_equal(epnet_device_of_worker(&device, 0), 0);
    assert_int_equal(epnet_device_of_worker(&device, 1), 1);
    assert_true(device.chunk >= 1024);
    assert_int_equal(choose("cuda:1", problem, &device, message), EPNET_OK);
    assert_string_equal(message, "cuda:1 (Second)");
    assert_int_equal(device.index[0], 1);
    assert_int_equal(device.worker_count, 2);
    assert_int_equal(choose(NULL, problem, &device, message), EPNET_OK);
    assert_ptr_equal(device.backend, &epnet_cuda_backend);
    expect_choice("cuda:2", problem, EPNET_DEVICE, "there is no cuda:2: 2 devices, numbered from 0");
    expect_choice("cuda:x", problem, EPNET_USAGE, "is not a device");
}

/* Which of them a point falls to is chance: it must not show in its bytes. */
static void devices_that_differ_do_not_share_a_sweep(void **state) {
    (void)state;
    EpnetProblem problem = fixture.problem;
    EpnetDevice device;
    char message[2048];
    epnet_emulation_devices(4);
    epnet_emulation_device(0, "First", 9, 0, 132, 1 << 30, 227 << 10);
    epnet_emulation_device(1, "First", 9, 0, 132, 1 << 30, 227 << 10);
    epnet_emulation_device(2, "Old", 7, 0, 80, 1 << 29, 96 << 10); /* has no kernels: left out */
    epnet_emulation_device(3, "Third", 8, 6, 84, 1 << 29, 99 << 10);
    expect_choice(
        "cuda", &problem, EPNET_DEVICE,
        "--device cuda: cuda:0 and cuda:3 differ in compute capability (9.0 and 8.6): choose one by "
        "cuda:N or CUDA_VISIBLE_DEVICES");
    expect_choice("auto", &problem, EPNET_OK,
                  "; cuda:0 and cuda:3 differ in compute capability (9.0 and 8.6): choose one by cuda:N or "
                  "CUDA_VISIBLE_DEVICES)");
    assert_int_equal(choose("cuda:3", &problem, &device, message), EPNET_OK);
    assert_string_equal(message, "cuda:3 (Third)");

    /* One holds a block of the resident kernels for 13 nodes, the other does not (test_backend.c). */
    epnet_emulation_device(3, "Third", 9, 0, 84, 1 << 29, 48 << 10);
    assert_int_equal(choose("cuda", &problem, &device, message), EPNET_OK);
    assert_string_equal(message, "cuda (3 devices: First, Third)");
    problem.nodes = 13;
    expect_choice("cuda", &problem, EPNET_DEVICE,
                  "cuda:0 and cuda:3 differ in shared memory (cuda:3 holds no block for 13 nodes)");
    EpnetProblem wide = fixture.problem; /* makes exit rates of tables, which round otherwise, where it can */
    wide.nodes = 15;
    epnet_emulation_device(3, "Third", 9, 0, 84, 1 << 29, 99 << 10);
    expect_choice(
        "cuda", &wide, EPNET_DEVICE,
        "cuda:0 and cuda:3 differ in shared memory (cuda:3 has no room for exit rates of 15 nodes)");
    wide.nodes = 14;
    assert_int_equal(choose("cuda", &wide, &device, message), EPNET_OK);
    epnet_emulation_device(3, "Third", 9, 0, 84, 1 << 29, 48 << 10);

    /* Each is asked for its own memory, and no other is touched. */
    assert_int_equal(epnet_cuda_backend.need(&problem, 3, 1).in_flight, 1);
    assert_true(epnet_cuda_backend.need(&problem, 1, 1).in_flight > 1);
    char name[128];
    memset(name, 'x', sizeof name);
    for (int i = 0; i < 4; i++) { /* more than a line holds */
        snprintf(name + 60, 4, "%d", i);
        epnet_emulation_device(i, name, 9, 0, 84, 1 << 29, 227 << 10);
    }
    assert_int_equal(choose("cuda", &fixture.problem, &device, message), EPNET_OK);
    assert_int_equal(strlen(message), strlen("cuda (4 devices: )") + 120);
}

/* The driver takes local memory for all threads of a device at the first launch: a device that has less left
 * refuses the problem at once, and by what it is short. */
static void local_memory_is_needed_as_well(void **state) {
    (void)state;
    enum { OF_THREAD = 512 };
    const size_t all = (size_t)OF_THREAD * 132 * 2048, rest = 8 << 20;
    EpnetError error = {.status = EPNET_OK};
    char note[256];
    const EpnetMemoryNeed none = epnet_cuda_backend.need(&fixture.problem, 0, 1);
    assert_int_equal(none.of_device, 0);
    epnet_emulation_local_memory(OF_THREAD);
    const EpnetMemoryNeed need = epnet_cuda_backend.need(&fixture.problem, 0, 1);
    assert_int_equal(need.of_device, all);
    assert_int_equal(need.of_point, none.of_point);

    epnet_emulation_device(0, "Nearly full", 9, 0, 132, all, 227 << 10);
    expect_choice("cuda", &fixture.problem, EPNET_DEVICE,
                  "4 nodes do not fit cuda:0, which has 0.1 of 0.1 GiB free: fewer would not either");
    assert_int_equal(solve_all(note, sizeof note, &error), EPNET_DEVICE); /* had it been accepted */
    assert_non_null(strstr(error.message, "the stationary kernel: out of memory for one point"));
    epnet_emulation_device(0, "Nearly full", 9, 0, 132, all + rest, 227 << 10);
    expect_choice("cuda", &fixture.problem, EPNET_OK, "cuda:0 (Nearly full)");
    assert_int_equal(solve_all(note, sizeof note, &error), EPNET_OK);
    assert_string_equal(note, "");
}

static void devices_are_described(void **state) {
    (void)state;
    EpnetDeviceInfo info;
    EpnetError error;
    epnet_emulation_devices(2);
    epnet_emulation_device(1, "Second", 8, 0, 108, 3u << 29, 163 << 10);
    epnet_emulation_versions(13000, 12080);
    EpnetBackendInfo cuda = epnet_backend_info(1);
    assert_true(cuda.built);
    assert_int_equal(cuda.device_count, 2);
    assert_string_equal(cuda.description, "2 devices, driver for CUDA 13.0, runtime 12.8");
    assert_int_equal(epnet_backend_device(1, 1, &info, &error), EPNET_OK);
    assert_string_equal(info.name, "Second");
    assert_string_equal(info.details, "1.5 GiB of memory, compute capability 8.0");
    assert_int_equal(epnet_backend_device(1, 2, &info, &error), EPNET_DEVICE);
    epnet_emulation_versions(0, 12080);
    cuda = epnet_backend_info(1);
    assert_int_equal(cuda.device_count, 0);
    assert_non_null(strstr(cuda.description, "no CUDA driver is installed"));
    epnet_emulation_reset();
}

static void reasons_against_a_device(void **state) {
    (void)state;
    const EpnetProblem *problem = &fixture.problem;
    epnet_emulation_versions(0, 12080);
    expect_choice("cuda", problem, EPNET_DEVICE, "no CUDA driver is installed");
    expect_choice("auto", problem, EPNET_OK, "no CUDA driver is installed");
    epnet_emulation_versions(11080, 12080);
    expect_choice("cuda", problem, EPNET_DEVICE, "the driver is for CUDA 11.8, this program needs 12.8");
    epnet_emulation_reset();
    epnet_emulation_devices(0);
    expect_choice("cuda:0", problem, EPNET_DEVICE, "no CUDA device: cudaErrorNoDevice");
    expect_choice("auto", problem, EPNET_OK, "threads; no CUDA device: cudaErrorNoDevice");
    epnet_emulation_reset();
    const cudaError_t no_image[] = {cudaErrorNoKernelImageForDevice, cudaErrorInvalidDeviceFunction};
    for (size_t i = 0; i < 2; i++) {
        epnet_emulation_fail(EPNET_EMULATION_FUNCTION, 1, no_image[i], false);
        expect_choice("cuda", problem, EPNET_DEVICE, "the kernels were compiled for the architectures");
    }

    /* Shared memory that not even one block fits, with its vectors elsewhere, of either engine. */
    epnet_emulation_device(0, "Tiny", 9, 0, 4, 1 << 30, 2 << 10);
    EpnetProblem other = *problem;
    other.nodes = 12;
    expect_choice("cuda", &other, EPNET_DEVICE,
                  "cuda:0: no multiprocessor holds a block of the kernels for 12 nodes: 256 threads and ");
    other.nodes = 9; /* too many for the one, few enough for narrow tiles of the other */
    expect_choice("cuda", &other, EPNET_OK, "cuda:0 (Tiny)");
    other.nodes = 4;
    expect_choice("cuda", &other, EPNET_DEVICE,
                  "cuda:0: no multiprocessor holds a block of the kernels for 4 nodes: 128 threads and ");
    expect_choice("auto", &other, EPNET_OK, "cpu (");
    epnet_emulation_reset();

    other = *problem;
    other.method = EPNET_SPLIT;
    expect_choice("cuda", &other, EPNET_DEVICE, "method = \"split\" is not computed on CUDA devices");
    expect_choice("auto", &other, EPNET_OK, "threads; method = \"split\" is not computed on CUDA devices");
    other = *problem;
    other.nodes = 31;
    expect_choice("cuda", &other, EPNET_DEVICE,
                  "31 nodes do not fit cuda:0, which has 1.0 of 1.0 GiB free: up to 2");
    expect_choice("cpu", &other, EPNET_DEVICE, "31 nodes need");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_call_may_fail, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sticky_error_ends_the_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_refused_once_halves_the_launch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(small_devices, set_up, tear_down),
        cmocka_unit_test_setup_teardown(devices_are_chosen_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(devices_that_differ_do_not_share_a_sweep, set_up, tear_down),
        cmocka_unit_test_setup_teardown(local_memory_is_needed_as_well, set_up, tear_down),
        cmocka_unit_test_setup_teardown(devices_are_described, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reasons_against_a_device, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

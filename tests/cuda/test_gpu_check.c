/* The checks of bench/gpu, which a machine with a GPU runs: here on the emulated device, whole, at tiny
 * sizes; and on backends that are wrong in one thing, each of which the check that is meant for it must find.
 */
#include "checks.h"
#include "cpu/cpu_backend.h"
#include "cuda_backend.h"
#include "emulation.h"
#include "memory_cuda.h"
#include "support/check.h"
#include "threading.h"

#include <math.h>
#include <string.h>

static GpuChecks checks_of(const EpnetBackend *backend, GpuReport *report) {
    *report = (GpuReport){0};
    return (GpuChecks){.subject = {backend, 0, 1},
                       .reference = {&epnet_cpu_backend, 0, 1},
                       .size = GPU_TINY,
                       .deadline = INFINITY,
                       .report = report};
}

static void emulated_device_passes(void **state) {
    (void)state;
    GpuReport report;
    epnet_emulation_reset();
    epnet_emulation_device(0, "Emulated", 9, 0, 4, (size_t)64 << 20, (size_t)227 << 10);
    GpuChecks checks = checks_of(&epnet_cuda_backend, &report);
    checks.holder = &gpu_cuda_memory;
    gpu_checks_run(&checks);
    assert_int_equal(report.failed, 0);
    assert_true(report.checks > 60);
    assert_int_equal(epnet_emulation_held().device_bytes, 0);
}

/* ---- wrong backends: the CPU's with a defect --------------------------------------------------------------
 */

static EpnetStatus apply_inexactly(void *context, const EpnetPoint *point, const double *p, double *q,
                                   EpnetError *error) {
    const EpnetStatus status = epnet_cpu_backend.apply(context, point, p, q, error);
    q[1] *= 1 + 1e-9;
    return status;
}

static EpnetStatus solve_inexactly(void *context, const EpnetBatch *batch, EpnetRows *rows,
                                   EpnetError *error) {
    const EpnetStatus status = epnet_cpu_backend.solve(context, batch, rows, error);
    rows->last[EPNET_ACTIVITY] *= 1 + 1e-4;
    return status;
}

/* Too little to be an error, too much to be the same. */
static EpnetStatus solve_by_batch(void *context, const EpnetBatch *batch, EpnetRows *rows,
                                  EpnetError *error) {
    const EpnetStatus status = epnet_cpu_backend.solve(context, batch, rows, error);
    rows->last[EPNET_ENTROPY] += 1e-13 * (double)batch->count;
    return status;
}

static EpnetStatus solve_without_last(void *context, const EpnetBatch *batch, EpnetRows *rows,
                                      EpnetError *error) {
    EpnetBatch fewer = *batch;
    fewer.count -= batch->count > 1;
    return epnet_cpu_backend.solve(context, &fewer, rows, error);
}

static EpnetStatus solve_hiding_failures(void *context, const EpnetBatch *batch, EpnetRows *rows,
                                         EpnetError *error) {
    const EpnetStatus status = epnet_cpu_backend.solve(context, batch, rows, error);
    for (size_t k = 0; k < batch->count; k++)
        rows->status[k] = EPNET_POINT_OK;
    return status;
}

static EpnetStatus solve_with_numbers_for_failures(void *context, const EpnetBatch *batch, EpnetRows *rows,
                                                   EpnetError *error) {
    const EpnetStatus status = epnet_cpu_backend.solve(context, batch, rows, error);
    for (size_t k = 0; k < batch->count; k++)
        if (rows->status[k] != EPNET_POINT_OK)
            rows->last[k * epnet_row_width(batch->problem->cut_count)] = 0;
    return status;
}

static EpnetStatus refuse(void *context, const EpnetBatch *batch, EpnetRows *rows, EpnetError *error) {
    (void)context;
    (void)batch;
    (void)rows;
    error->status = EPNET_DEVICE;
    strcpy(error->message, "no");
    return EPNET_DEVICE;
}

static EpnetStatus solve_wrong_time(void *context, const EpnetBatch *batch, EpnetRows *rows,
                                    EpnetError *error) {
    const EpnetStatus status = epnet_cpu_backend.solve(context, batch, rows, error);
    if (rows->extremes != NULL)
        rows->extremes[EPNET_MULTIINFORMATION_RATE_MAX_TIME] = -1;
    return status;
}

static EpnetStatus refuse_all(const EpnetProblem *problem, int device, int *threads, EpnetError *error) {
    (void)problem;
    (void)device;
    (void)threads;
    error->status = EPNET_DEVICE;
    strcpy(error->message, "no");
    return EPNET_DEVICE;
}

typedef EpnetStatus (*Solve)(void *context, const EpnetBatch *batch, EpnetRows *rows, EpnetError *error);

/* Failures that `check` finds in a backend with this solve(). */
static size_t found(Solve solve, void (*check)(const GpuChecks *checks)) {
    GpuReport report;
    EpnetBackend backend = epnet_cpu_backend;
    backend.solve = solve;
    const GpuChecks checks = checks_of(&backend, &report);
    check(&checks);
    assert_true(report.checks > 0);
    return report.failed;
}

static void wrong_backends_are_found(void **state) {
    (void)state;
    GpuReport report;
    EpnetBackend backend = epnet_cpu_backend;
    backend.apply = apply_inexactly;
    const GpuChecks checks = checks_of(&backend, &report);
    gpu_check_apply(&checks);
    assert_int_equal(report.failed, report.checks);

    backend.accept = refuse_all;
    gpu_check_trajectories(&checks);
    assert_int_equal(report.failed, report.checks);

    assert_true(found(solve_inexactly, gpu_check_trajectories) > 0);
    assert_true(found(solve_inexactly, gpu_check_stationary) > 0);
    assert_true(found(solve_wrong_time, gpu_check_trajectories) > 0);
    assert_true(found(solve_without_last, gpu_check_trajectories) > 0);
    assert_true(found(refuse, gpu_check_trajectories) > 0);
    assert_true(found(refuse, gpu_check_bytes) > 0);
    assert_int_equal(found(solve_by_batch, gpu_check_trajectories), 0);
    assert_true(found(solve_by_batch, gpu_check_bytes) > 0);
    assert_true(found(solve_hiding_failures, gpu_check_bad_points) > 0);
    assert_true(found(solve_with_numbers_for_failures, gpu_check_bad_points) > 0);
    assert_true(found(refuse, gpu_check_bad_points) > 0);
}

/* A check that no time is left for is named, and is not called good. */
static void checks_without_time_are_left_out(void **state) {
    (void)state;
    GpuReport report;
    GpuChecks checks = checks_of(&epnet_cpu_backend, &report);
    checks.deadline = epnet_seconds_now();
    gpu_checks_run(&checks);
    assert_int_equal(report.checks, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_backends_are_found),
        cmocka_unit_test(checks_without_time_are_left_out),
        cmocka_unit_test(emulated_device_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

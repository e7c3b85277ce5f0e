/* The checks of bench/gpu, which a machine with a GPU runs: here on the emulated device, whole, at tiny
 * sizes; and on backends that are wrong in one thing, each of which the check that is meant for it must find.
 */
#include "applications.h"
#include "bench.h"
#include "cpu/cpu_backend.h"
#include "cuda_backend.h"
#include "emulation.h"
#include "kernels_cuda.h"
#include "memory_cuda.h"
#include "support/check.h"
#include "threading.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

/* ---- measurements ----------------------------------------------------------------------------------------
 */

/* What a few points say of all agrees with all of them to 1 %, and about as they say themselves. */
static void applications_of_few_points_speak_for_all(void **state) {
    (void)state;
    static const struct {
        int nodes;
        size_t points;
        double t_end;
        size_t samples;
    } cases[] = {{3, 4000, 100, 1}, {5, 2000, 10, 101}, {5, 2000, 200, 1}, {8, 150, 10, 11}, {4, 5, 10, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const GpuShape shape = {.nodes = cases[i].nodes,
                                .points = cases[i].points,
                                .network = GPU_GENERIC,
                                .start = GPU_PURE,
                                .kind = EPNET_TRAJECTORY,
                                .method = EPNET_CHEBYSHEV,
                                .tolerance = 1e-9,
                                .t_end = cases[i].t_end,
                                .samples = cases[i].samples,
                                .seed = 71};
        GpuCase item = gpu_case_make(&shape);
        const GpuApplications all = gpu_applications(&item, 0, INFINITY, 2),
                              few = gpu_applications(&item, 0.005, INFINITY, 2),
                              hurried = gpu_applications(&item, 0, 0, 2);
        assert_int_equal(all.counted, shape.points);
        assert_true(all.error == 0);
        assert_true(few.error <= 0.005);
        assert_int_equal(hurried.counted, shape.points < 8 ? shape.points : 8);
        check_near(few.mean / all.mean, 1, 0.01, "mean of few");
        check_near(hurried.mean / all.mean, 1, 4 * hurried.error, "mean of eight");
        gpu_case_free(&item);
    }
}

/* Points that repeat count as those that differ do, and have their rows. */
static void repeated_points_are_counted_once(void **state) {
    (void)state;
    GpuShape shape = {.nodes = 4,
                      .points = 21,
                      .network = GPU_GENERIC,
                      .start = GPU_PURE,
                      .kind = EPNET_TRAJECTORY,
                      .method = EPNET_CHEBYSHEV,
                      .tolerance = 1e-9,
                      .t_end = 50,
                      .samples = 1,
                      .seed = 71,
                      .distinct = 7};
    GpuCase item = gpu_case_make(&shape);
    const GpuEngine cpu = {&epnet_cpu_backend, 0, 1};
    GpuRows rows = gpu_rows_make(&item.problem, shape.points, false);
    EpnetError error;
    assert_int_equal(gpu_solve(&cpu, &item.problem, item.points, &rows, &error), EPNET_OK);
    for (size_t k = 0; k < shape.points; k++)
        assert_int_equal(gpu_rows_same(&rows, k, &rows, 3), k % 7 == 3);
    const GpuApplications found = gpu_applications(&item, 0, INFINITY, 2);
    assert_int_equal(found.counted, 7);
    gpu_rows_free(&rows);
    gpu_case_free(&item);
    shape.points = 7;
    item = gpu_case_make(&shape);
    check_near(gpu_applications(&item, 0, INFINITY, 1).mean, found.mean, 1e-9 * found.mean, "mean");
    gpu_case_free(&item);
}

static void differences_have_a_valid_spread_or_none(void **state) {
    (void)state;
    GpuTiming each;
    const GpuTiming few = {1.0, 0.9, 1.1, 3}, many = {3.0, 2.9, 3.2, 3}, near = {1.05, 1.0, 1.3, 3};
    assert_true(gpu_bench_difference(&few, &many, 10, &each));
    check_near(each.median, 0.2, 1e-15, "median");
    check_near(each.low, 0.18, 1e-15, "low");
    check_near(each.high, 0.23, 1e-15, "high");
    assert_true(gpu_bench_difference(&few, &near, 10, &each));
    check_near(each.median, 0.005, 1e-15, "median");
    assert_true(isnan(each.low) && isnan(each.high));
    assert_false(gpu_bench_difference(&many, &few, 10, &each));
    assert_false(gpu_bench_difference(&few, &few, 10, &each));
    const GpuTiming once = {1, 1, 1, 1}, twice = {2, 2, 2, 1};
    assert_true(gpu_bench_difference(&once, &twice, 1, &each));
    assert_true(isnan(each.low) && isnan(each.high));
}

/* A line for every kernel that is laid out, or why there is none. */
static void kernels_are_reported(void **state) {
    (void)state;
    GpuReport report;
    char *text = NULL;
    size_t size, lines = 0;
    epnet_emulation_reset();
    report = (GpuReport){.csv = open_memstream(&text, &size)};
    gpu_cuda_kernels(&report, 0);
    assert_int_equal(report.failed, 0);
    assert_int_equal(fclose(report.csv), 0);
    for (const char *at = text; (at = strstr(at, "\"registers\",128,")) != NULL; at++)
        lines++;
    assert_in_range(lines, 3, 200); /* of trajectories and of stationary laws */
    free(text);

    epnet_emulation_device(0, "Old", 7, 0, 4, (size_t)64 << 20, (size_t)96 << 10);
    report = (GpuReport){.csv = open_memstream(&text, &size)};
    gpu_cuda_kernels(&report, 0);
    assert_int_equal(fclose(report.csv), 0);
    assert_non_null(strstr(text, "left out"));
    assert_null(strstr(text, "registers"));
    free(text);

    epnet_emulation_devices(0);
    report = (GpuReport){0};
    gpu_cuda_kernels(&report, 0);
    assert_int_equal(report.failed, 1);
    epnet_emulation_reset();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(applications_of_few_points_speak_for_all),
        cmocka_unit_test(repeated_points_are_counted_once),
        cmocka_unit_test(differences_have_a_valid_spread_or_none),
        cmocka_unit_test(kernels_are_reported),
        cmocka_unit_test(wrong_backends_are_found),
        cmocka_unit_test(checks_without_time_are_left_out),
        cmocka_unit_test(emulated_device_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

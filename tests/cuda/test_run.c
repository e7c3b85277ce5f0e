/* Whole runs on emulated devices: sweeps through the pool of workers to grid files, and the program itself.
 */
#include "cuda_backend.h"
#include "emulation.h"
#include "epnet.h"
#include "support/check.h"
#include "support/program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Five nodes, one-way copies at one end of the axis; the points differ widely in stiffness. */
static const char trajectory_spec[] = "title = \"on a device\"\n"
                                      "[network]\nnodes = 5\ntopology = \"ring\"\nflip_up = 0.7\n"
                                      "[observe]\ncuts = [[0, 1], [2]]\n"
                                      "[solve]\nt_end = 2.0\nsamples = 5\n"
                                      "[sweep]\n"
                                      "drive = { values = [0.5, 2.0, inf] }\n"
                                      "copy_total = { from = 0.1, to = 20.0, points = 5, scale = \"log\" }\n";

/* Points without flips have no unique law. */
static const char stationary_spec[] = "[network]\nnodes = 4\ncopy_rate = 0.8\n"
                                      "[observe]\ncut = [0]\n"
                                      "[solve]\nkind = \"stationary\"\n"
                                      "[sweep]\n"
                                      "drive = { values = [1.0, inf] }\n"
                                      "flip_up = { values = [0, 0.4, 3.0] }\n"
                                      "flip_down = { values = [0, 0.9] }\n";

/* A point takes more of the device's memory than all that its workers share. */
static const char nine_spec[] = "[network]\nnodes = 9\ncopy_rate = 0.8\n"
                                "[observe]\ncut = [0]\n"
                                "[solve]\nkind = \"stationary\"\n"
                                "[sweep]\nflip_up = { from = 0.1, to = 3.0, points = 9, scale = \"log\" }\n";

static char *folder;

static int set_up(void **state) {
    (void)state;
    epnet_emulation_reset();
    folder = test_folder_make();
    test_file_write(folder, "trajectory.toml", trajectory_spec);
    test_file_write(folder, "stationary.toml", stationary_spec);
    test_file_write(folder, "nine.toml", nine_spec);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    const EpnetEmulationHeld held = epnet_emulation_held();
    test_folder_remove(folder);
    return held.allocations == 0 && held.streams == 0 ? 0 : -1;
}

/* Run a spec of the folder to NAME.nc in it. */
static EpnetStatus run(const char *spec_name, const char *output_name, const EpnetRunOptions *options,
                       EpnetRunSummary *summary, EpnetError *error) {
    char *path = test_path(folder, spec_name), *output = test_path(folder, output_name);
    EpnetSpec *spec;
    assert_int_equal(epnet_spec_read(path, NULL, 0, &spec, error), EPNET_OK);
    error->message[0] = 0;
    const EpnetStatus status = epnet_run(spec, output, options, summary, error);
    epnet_spec_free(spec);
    free(path);
    free(output);
    return status;
}

static void expect_same_file(const char *one, const char *other) {
    size_t size[2];
    char *a = test_file_read(folder, one, &size[0]), *b = test_file_read(folder, other, &size[1]);
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(a, b, size[0]);
    free(a);
    free(b);
}

/* Columns of two grid files: the same numbers to `relative`, or to `absolute`; the times of extremes aside.
 */
static void expect_same_values(const char *one, const char *other, double relative, double absolute) {
    EpnetResult *results[2];
    const char *names[2] = {one, other};
    EpnetError error;
    for (size_t i = 0; i < 2; i++) {
        char *path = test_path(folder, names[i]);
        assert_int_equal(epnet_result_open(path, &results[i], &error), EPNET_OK);
        free(path);
    }
    const size_t points = epnet_result_points(results[0]), count = epnet_result_column_count(results[0]);
    double *a = calloc(points, sizeof *a), *b = calloc(points, sizeof *b);
    assert_int_equal(epnet_result_column_count(results[1]), count);
    for (size_t c = 0; c < count; c++) {
        const char *name = epnet_result_column_name(results[0], c);
        if (strstr(name, "_time") != NULL)
            continue;
        assert_int_equal(epnet_result_column(results[0], name, a, &error), EPNET_OK);
        assert_int_equal(epnet_result_column(results[1], name, b, &error), EPNET_OK);
        for (size_t k = 0; k < points; k++) {
            const bool same = (isnan(a[k]) && isnan(b[k])) || a[k] == b[k] ||
                              fabs(a[k] - b[k]) <= absolute + relative * fabs(a[k]);
            if (!same)
                fail_msg("%s of point %zu: %.17g and %.17g", name, k, a[k], b[k]);
        }
    }
    free(a);
    free(b);
    epnet_result_close(results[0]);
    epnet_result_close(results[1]);
}

static void a_sweep_has_the_columns_of_the_cpu(void **state) {
    (void)state;
    static const char *const specs[] = {"trajectory.toml", "stationary.toml"};
    for (size_t s = 0; s < 2; s++) {
        const EpnetStatus expected = s == 0 ? EPNET_OK : EPNET_POINTS_FAILED;
        EpnetRunSummary cpu, cuda;
        EpnetError error;
        char outputs[2][32];
        snprintf(outputs[0], sizeof outputs[0], "cpu%zu.nc", s);
        snprintf(outputs[1], sizeof outputs[1], "cuda%zu.nc", s);
        assert_int_equal(run(specs[s], outputs[0], &(EpnetRunOptions){.device = "cpu"}, &cpu, &error),
                         expected);
        assert_int_equal(run(specs[s], outputs[1], &(EpnetRunOptions){.device = "cuda"}, &cuda, &error),
                         expected);
        assert_non_null(strstr(cuda.device, "cuda:0 ("));
        assert_string_equal(cuda.note, "");
        assert_int_equal(cuda.failed, cpu.failed);
        assert_string_equal(cuda.failures, cpu.failures);
        assert_true(epnet_emulation_calls(EPNET_EMULATION_LAUNCH) > 0);
        expect_same_values(outputs[0], outputs[1], 1e-7, 1e-8);
    }
}

/* One device or three, chunks of any size, memory that is short: one file. */
static void a_sweep_has_the_same_bytes_however_it_is_divided(void **state) {
    (void)state;
    static const char *const specs[] = {"trajectory.toml", "stationary.toml"};
    for (size_t s = 0; s < 2; s++) {
        EpnetRunSummary summary;
        EpnetError error;
        char first[32], output[32];
        snprintf(first, sizeof first, "first%zu.nc", s);
        epnet_emulation_reset();
        EpnetStatus expected = run(specs[s], first, &(EpnetRunOptions){.device = "cuda"}, &summary, &error);
        assert_int_equal(expected, s == 0 ? EPNET_OK : EPNET_POINTS_FAILED);
        for (size_t batch = 0; batch <= 7; batch += batch == 0 ? 1 : 3) {
            const EpnetRunOptions options = {.device = "cuda", .batch = batch};
            epnet_emulation_devices(batch % 2 ? 3 : 1);
            epnet_emulation_order(batch == 4 ? EPNET_EMULATION_BACKWARD : EPNET_EMULATION_SHUFFLED, batch);
            snprintf(output, sizeof output, "again%zu-%zu.nc", s, batch);
            assert_int_equal(run(specs[s], output, &options, &summary, &error), expected);
            expect_same_file(first, output);
        }
        epnet_emulation_reset();
        epnet_emulation_fail(EPNET_EMULATION_MALLOC, 12, cudaErrorMemoryAllocation, false);
        snprintf(output, sizeof output, "short%zu.nc", s);
        assert_int_equal(run(specs[s], output, &(EpnetRunOptions){.device = "cuda"}, &summary, &error),
                         expected);
        assert_true(epnet_emulation_failed());
        assert_true(strlen(summary.note) > 0);
        expect_same_file(first, output);
    }
}

/* A device that is nearly full may have room for one of its two workers alone, or for neither while both are
 * there: what one completes (all points in one chunk: the other has no work) two complete as well, with the
 * same file. */
static void two_workers_do_what_one_does(void **state) {
    (void)state;
    const EpnetRunOptions two = {.device = "cuda"}, one = {.device = "cuda", .batch = 9};
    EpnetRunSummary summary;
    EpnetError error;
    size_t done = 0, refused = 0;
    assert_int_equal(run("nine.toml", "first.nc", &one, &summary, &error), EPNET_OK);
    for (size_t k = 0; k <= 30; k += CHECK_SANITIZED ? 3 : 1) {
        const size_t bytes = 320000 - 10000 * k;
        char outputs[2][32];
        snprintf(outputs[0], sizeof outputs[0], "one%zu.nc", bytes);
        snprintf(outputs[1], sizeof outputs[1], "two%zu.nc", bytes);
        epnet_emulation_device(0, "Nearly full", 9, 0, 132, bytes, 227 << 10);
        const EpnetStatus alone = run("nine.toml", outputs[0], &one, &summary, &error);
        const EpnetStatus status = run("nine.toml", outputs[1], &two, &summary, &error);
        if (status != alone)
            fail_msg("%zu bytes: %s", bytes, error.message);
        if (status == EPNET_OK)
            expect_same_file("first.nc", outputs[1]);
        else
            assert_int_equal(status, EPNET_DEVICE);
        done += status == EPNET_OK;
        refused += status != EPNET_OK;
    }
    assert_true(done > (CHECK_SANITIZED ? 3 : 10));
    assert_true(refused > 0);
}

/* A device that fails ends the run with exit 6 and its reason; run again, it is done. */
static void a_device_that_fails_ends_the_run(void **state) {
    (void)state;
    EpnetRunSummary summary;
    EpnetError error;
    const EpnetRunOptions options = {.device = "cuda", .batch = 2};
    assert_int_equal(run("trajectory.toml", "first.nc", &options, &summary, &error), EPNET_OK);
    epnet_emulation_fail(EPNET_EMULATION_LAUNCH, 3, cudaErrorLaunchOutOfResources, false);
    assert_int_equal(run("trajectory.toml", "second.nc", &options, &summary, &error), EPNET_DEVICE);
    assert_non_null(strstr(error.message, "the trajectory kernel: cudaErrorLaunchOutOfResources"));
    assert_false(test_file_exists(folder, "second.nc"));
    epnet_emulation_reset();
    assert_int_equal(run("trajectory.toml", "second.nc", &options, &summary, &error), EPNET_OK);
    expect_same_file("first.nc", "second.nc");
}

/* ---- fallback ------------------------------------------------------------------------------------------ */

/* What the grid file says of its device. */
static void expect_device(const char *output, const char *text) {
    char *path = test_path(folder, output);
    EpnetResult *result;
    EpnetError error;
    assert_int_equal(epnet_result_open(path, &result, &error), EPNET_OK);
    assert_string_equal(epnet_result_text(result, "device"), text);
    epnet_result_close(result);
    free(path);
}

/* A device that fails in the middle: the CPU computes what it leaves, only where that is asked for, and file
 * and summary say how much. */
static void the_cpu_takes_over_if_asked(void **state) {
    (void)state;
    static const cudaError_t errors[] = {cudaErrorLaunchOutOfResources, cudaErrorIllegalAddress};
    EpnetRunSummary summary;
    EpnetError error;
    EpnetRunOptions options = {.device = "cuda", .batch = 2};
    assert_int_equal(run("trajectory.toml", "cpu.nc", &(EpnetRunOptions){.device = "cpu"}, &summary, &error),
                     EPNET_OK);
    options.fallback = "gpu";
    assert_int_equal(run("trajectory.toml", "none.nc", &options, &summary, &error), EPNET_USAGE);
    options.fallback = "cpu";
    assert_int_equal(run("trajectory.toml", "cuda.nc", &options, &summary, &error), EPNET_OK);
    assert_int_equal(summary.fallback, 0);
    expect_device("cuda.nc", "cuda");
    for (size_t e = 0; e < 2; e++) {
        char output[16], expected[64];
        snprintf(output, sizeof output, "mixed%zu.nc", e);
        epnet_emulation_reset();
        epnet_emulation_fail(e == 0 ? EPNET_EMULATION_LAUNCH : EPNET_EMULATION_KERNEL, 5, errors[e], e == 1);
        assert_int_equal(run("trajectory.toml", output, &options, &summary, &error), EPNET_OK);
        assert_true(epnet_emulation_failed());
        if (summary.fallback > 0) { /* else the other worker had all of it */
            assert_true(summary.fallback < summary.points);
            assert_non_null(strstr(summary.note, "the CPU has taken over: cuda:0: "));
            assert_non_null(strstr(summary.device, ", then cpu ("));
            snprintf(expected, sizeof expected, "cuda, with %zu of 15 points on cpu", summary.fallback);
        } else {
            assert_int_equal(e, 0);
            assert_non_null(strstr(summary.note, "a worker has failed, the others did its work: cuda:0: "));
            strcpy(expected, "cuda");
        }
        expect_device(output, expected);
        expect_same_values("cpu.nc", output, 1e-7, 1e-8);
        if (e == 1) /* a kernel that failed took the device along, and its memory */
            assert_int_equal(cudaDeviceReset(), cudaSuccess);
        epnet_emulation_reset();
    }
}

/* All devices refuse at once, or are not there: the CPU computes everything. */
static void the_cpu_takes_all_where_there_is_no_device(void **state) {
    (void)state;
    EpnetRunSummary summary;
    EpnetError error;
    const EpnetRunOptions options = {.device = "cuda", .fallback = "cpu"};
    for (int devices = 0; devices < 2; devices++) {
        char output[32];
        snprintf(output, sizeof output, "none%d.nc", devices);
        epnet_emulation_devices(devices);
        if (devices > 0)
            epnet_emulation_fail(EPNET_EMULATION_STREAM, 1, cudaErrorDevicesUnavailable, true);
        assert_int_equal(run("stationary.toml", output, &options, &summary, &error), EPNET_POINTS_FAILED);
        assert_int_equal(summary.fallback, summary.points);
        assert_non_null(
            strstr(summary.note, devices == 0 ? "cudaErrorNoDevice" : "cudaErrorDevicesUnavailable"));
        expect_device(output, "cuda, with 12 of 12 points on cpu");
        epnet_emulation_reset();
    }
    assert_int_equal(run("stationary.toml", "cpu.nc", &(EpnetRunOptions){.device = "cpu", .fallback = "cpu"},
                         &summary, &error),
                     EPNET_POINTS_FAILED);
    assert_int_equal(summary.fallback, 0);
    expect_device("cpu.nc", "cpu");
    expect_same_values("cpu.nc", "none0.nc", 0, 0);
}

/* The journal of a device that failed goes on with the CPU if asked, and then says so: a run that does not
 * allow it refuses the journal. */
static void a_journal_goes_on_with_the_cpu(void **state) {
    (void)state;
    EpnetRunSummary summary;
    EpnetError error;
    EpnetRunOptions options = {.device = "cuda", .batch = 2};
    epnet_emulation_fail(EPNET_EMULATION_LAUNCH, 3, cudaErrorLaunchOutOfResources, false);
    assert_int_equal(run("trajectory.toml", "mixed.nc", &options, &summary, &error), EPNET_DEVICE);
    assert_non_null(strstr(error.message, "run again to go on, with --fallback cpu on the CPU"));
    epnet_emulation_devices(0); /* it is not to be had any more */
    assert_int_equal(run("trajectory.toml", "mixed.nc", &options, &summary, &error), EPNET_DEVICE);
    volatile int stop = 1;
    options.fallback = "cpu";
    options.stop = &stop; /* before it has begun: all is kept */
    assert_int_equal(run("trajectory.toml", "mixed.nc", &options, &summary, &error), EPNET_INTERRUPTED);
    options.stop = NULL;
    assert_int_equal(run("trajectory.toml", "mixed.nc", &options, &summary, &error), EPNET_OK);
    assert_true(summary.resumed > 0);
    assert_int_equal(summary.fallback, summary.points - summary.resumed);

    /* A shard keeps its journal. */
    options.shard = 1;
    options.shards = 2;
    assert_int_equal(run("trajectory.toml", "shard.nc", &options, &summary, &error), EPNET_OK);
    epnet_emulation_reset();
    options.fallback = NULL;
    assert_int_equal(run("trajectory.toml", "shard.nc", &options, &summary, &error), EPNET_IO);
    assert_non_null(strstr(error.message, "that the CPU computed in place of a device (cuda): go on with "
                                          "--fallback cpu"));
    options.shard = 2;
    assert_int_equal(run("trajectory.toml", "shard.nc", &options, &summary, &error), EPNET_OK);
    char *path = test_path(folder, "shard.nc");
    EpnetJobStatus *job;
    assert_int_equal(epnet_job_status(path, &job, &error), EPNET_OK);
    assert_true(job->journals[0].points_fallback > 0);
    assert_int_equal(job->journals[1].points_fallback, 0);
    char expected[64];
    snprintf(expected, sizeof expected, "cuda, with %zu of 15 points on cpu",
             job->journals[0].points_fallback);
    epnet_job_status_free(job);
    assert_int_equal(epnet_merge(path, NULL, &summary, &error), EPNET_OK);
    expect_device("shard.nc", expected);
    free(path);
}

static void plan_prices_the_device(void **state) {
    (void)state;
    char *path = test_path(folder, "trajectory.toml");
    EpnetSpec *spec;
    EpnetPlan plan;
    EpnetError error;
    assert_int_equal(epnet_spec_read(path, NULL, 0, &spec, &error), EPNET_OK);
    assert_int_equal(epnet_plan(spec, &(EpnetRunOptions){.device = "cuda:0"}, &plan, &error), EPNET_OK);
    assert_non_null(strstr(plan.device, "cuda:0 ("));
    assert_true(plan.device_memory > 15 * 1000 && plan.device_memory < 1 << 20); /* 15 points */
    const uint64_t points = plan.device_memory;
    epnet_emulation_devices(2); /* the local memory of the kernels is that of the device asked for */
    epnet_emulation_device(1, "Small", 9, 0, 24, 1 << 30, 227 << 10);
    epnet_emulation_local_memory(100);
    const uint64_t local[] = {100 * 132 * 2048, 100 * 24 * 2048};
    assert_int_equal(epnet_plan(spec, &(EpnetRunOptions){.device = "cuda:0"}, &plan, &error), EPNET_OK);
    assert_int_equal(plan.device_memory, points + local[0]);
    assert_int_equal(epnet_plan(spec, &(EpnetRunOptions){.device = "cuda:1"}, &plan, &error), EPNET_OK);
    assert_int_equal(plan.device_memory, points + local[1]);
    assert_int_equal(epnet_plan(spec, &(EpnetRunOptions){.device = "cuda"}, &plan, &error), EPNET_OK);
    assert_int_equal(plan.device_memory, 2 * points + local[0] + local[1]); /* of twice the workers */
    assert_true(isnan(plan.seconds));
    assert_true(plan.applications > 0);
    assert_int_equal(epnet_plan(spec, &(EpnetRunOptions){.device = "cpu"}, &plan, &error), EPNET_OK);
    assert_int_equal(plan.device_memory, 0);
    assert_true(plan.seconds > 0);
    epnet_spec_free(spec);
    free(path);
}

/* ---- the program ----------------------------------------------------------------------------------------
 */

#define epnet(...)                                                                                           \
    test_program_run(folder, NULL, (const char *const[]){EPNET_EMULATED_PROGRAM, __VA_ARGS__, NULL})

static void the_program_runs_on_the_device(void **state) {
    (void)state;
    test_output_expect(epnet("info"), 0, "cuda      built      1 device, driver for CUDA ", "");
    test_output_expect(epnet("info"), 0, "    cuda:0", "");
    test_output_expect(epnet("info", "--json"), 0, "compute capability 9.0", "");
    test_output_expect(epnet("plan", "trajectory.toml"), 0, "time        not estimated on this device", "");
    test_output_expect(epnet("plan", "trajectory.toml"), 0, "on devices  ", "");
    test_output_expect(epnet("plan", "trajectory.toml", "--json"), 0, "\"seconds\": null", "");
    test_output_expect(
        epnet("run", "trajectory.toml", "--device", "cuda:0", "-o", "a.nc", "--table", "a.csv"), 0,
        "  device    cuda:0 (", "");
    test_output_expect(epnet("run", "trajectory.toml", "--device", "cpu", "-o", "b.nc"), 0,
                       "  device    cpu (", "");
    test_output_expect(epnet("run", "stationary.toml"), 4, "  device    cuda:0 (", "not_unique");
    test_output_expect(epnet("run", "trajectory.toml", "--device", "cuda:1", "-o", "c.nc"), 6, "",
                       "--device cuda:1: there is no cuda:1: 1 device, numbered from 0");
    test_output_expect(epnet("run", "trajectory.toml", "--device", "cuda", "-o", "c.nc", "--set",
                             "solve.method=\"split\"", "--set", "solve.tolerance=1e-6"),
                       6, "", "method = \"split\" is not computed on CUDA devices");
    test_output_expect(epnet("run", "trajectory.toml", "-o", "d.nc", "--set", "solve.method=\"split\"",
                             "--set", "solve.tolerance=1e-6"),
                       0, "method = \"split\" is not computed", "");
    assert_false(test_file_exists(folder, "c.nc"));
    test_output_expect(
        epnet("run", "trajectory.toml", "--device", "cuda:1", "-o", "e.nc", "--fallback", "cpu"), 0,
        "  fallback  15 of the points on the CPU", "the CPU has taken over: --device cuda:1: there is no");
    test_output_expect(
        epnet("run", "trajectory.toml", "--device", "cuda:1", "-o", "f.nc", "--fallback", "cpu", "--json"), 0,
        "\"points_fallback\": 15", "");
    test_output_expect(epnet("run", "trajectory.toml", "-o", "g.nc", "--fallback", "cpu", "--json"), 0,
                       "\"points_fallback\": 0", "");
    test_output_expect(epnet("run", "trajectory.toml", "-o", "g.nc", "--fallback", "cuda"), 2, "",
                       "--fallback expects cpu, not 'cuda'");
    test_output_expect(epnet("run", "--help"), 0, "--fallback=cpu", "");
    expect_same_values("a.nc", "b.nc", 1e-7, 1e-8);
    char *table = test_file_read(folder, "a.csv", NULL);
    assert_non_null(strstr(table, "entropy_production"));
    free(table);
}

/* A spec of the examples, with constant drive and leaks, on a few points: the whole file is the CPU's. */
static void the_program_measures_leaks(void **state) {
    (void)state;
    static const char *const devices[] = {"cuda", "cpu"}, *const files[] = {"k-cuda.nc", "k-cpu.nc"},
                             *const single[] = {"l-cuda.nc", "l-cpu.nc"};
    for (size_t i = 0; i < 2; i++)
        test_output_expect(epnet("run", EPNET_SOURCE_DIR "/docs/examples/kink.toml", "--device", devices[i],
                                 "--set", "sweep.sigma.points=2", "--set", "sweep.copy_total.points=3", "-o",
                                 files[i]),
                           0, "", "");
    expect_same_values(files[0], files[1], 1e-6, 1e-8);
    for (size_t i = 0; i < 2; i++) /* one point, which has a curve */
        test_output_expect(epnet("run", EPNET_SOURCE_DIR "/docs/examples/leak.toml", "--device", devices[i],
                                 "-o", single[i]),
                           0, "", "");
    expect_same_values(single[0], single[1], 1e-6, 1e-8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sweep_has_the_columns_of_the_cpu, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sweep_has_the_same_bytes_however_it_is_divided, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_workers_do_what_one_does, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_device_that_fails_ends_the_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_cpu_takes_over_if_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_cpu_takes_all_where_there_is_no_device, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_journal_goes_on_with_the_cpu, set_up, tear_down),
        cmocka_unit_test_setup_teardown(plan_prices_the_device, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_program_runs_on_the_device, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_program_measures_leaks, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

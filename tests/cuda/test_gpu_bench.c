/* The measurements of bench/gpu: what is wrong is not timed, and what cannot be had is left out by name while
 * the rest goes on. The toolkit's libraries are those of fakes/. */
#include "bench.h"
#include "cpu/cpu_backend.h"
#include "cuda_backend.h"
#include "emulation.h"
#include "fakes/cusparse_steer.h"
#include "fakes/loader.h"
#include "oracle.h"
#include "support/check.h"
#include "workers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A bench whose lines are kept. */
typedef struct Kept {
    GpuReport report;
    GpuBench bench;
    char *text;
    size_t size;
} Kept;

static void keep_lines(Kept *kept, const EpnetBackend *subject) {
    memset(kept, 0, sizeof *kept);
    kept->report.csv = open_memstream(&kept->text, &kept->size);
    assert_non_null(kept->report.csv);
    kept->bench = (GpuBench){.subject = {subject, 0, 1},
                             .reference = {&epnet_cpu_backend, 0, 1},
                             .size = GPU_TINY,
                             .deadline = INFINITY,
                             .report = &kept->report};
}

static bool says(Kept *kept, const char *part) {
    assert_int_equal(fflush(kept->report.csv), 0);
    return strstr(kept->text, part) != NULL;
}

static void forget_lines(Kept *kept) {
    assert_int_equal(fclose(kept->report.csv), 0);
    free(kept->text);
}

/* ---- what is wrong ------------------------------------------------------------------------------------- */

/* Every batch's last point, in its last row. */
static EpnetStatus solve_inexactly(void *context, const EpnetBatch *batch, EpnetRows *rows,
                                   EpnetError *error) {
    const EpnetStatus status = epnet_cpu_backend.solve(context, batch, rows, error);
    rows->last[(batch->count - 1) * epnet_row_width(batch->problem->cut_count) + EPNET_ACTIVITY] *= 1 + 1e-6;
    return status;
}

/* Its first rows at every time. */
static EpnetStatus solve_tables_inexactly(void *context, const EpnetBatch *batch, EpnetRows *rows,
                                          EpnetError *error) {
    const EpnetStatus status = epnet_cpu_backend.solve(context, batch, rows, error);
    if (rows->trajectory != NULL)
        rows->trajectory[EPNET_ENTROPY] += 1e-6;
    return status;
}

static EpnetStatus solve_with_a_failure(void *context, const EpnetBatch *batch, EpnetRows *rows,
                                        EpnetError *error) {
    const EpnetStatus status = epnet_cpu_backend.solve(context, batch, rows, error);
    rows->status[0] = EPNET_POINT_INACCURATE;
    return status;
}

static void wrong_trajectories_are_not_timed(void **state) {
    (void)state;
    EpnetBackend wrong = epnet_cpu_backend;
    Kept kept;
    keep_lines(&kept, &epnet_cpu_backend);
    gpu_bench_trajectories(&kept.bench, GPU_FIRST);
    assert_int_equal(kept.report.failed, 0);
    assert_int_equal(kept.report.checks, 4);
    assert_true(says(&kept, "\nsteps,") && says(&kept, "\ntrajectories,") && says(&kept, "\ncpu,"));
    forget_lines(&kept);

    EpnetStatus (*const solve[])(void *, const EpnetBatch *, EpnetRows *,
                                 EpnetError *) = {solve_inexactly, solve_with_a_failure};
    for (size_t i = 0; i < 2; i++) {
        wrong.solve = solve[i];
        keep_lines(&kept, &wrong);
        gpu_bench_trajectories(&kept.bench, GPU_FIRST);
        assert_int_equal(kept.report.failed, 4);
        assert_false(says(&kept, "steps,") || says(&kept, "\ntrajectories,") || says(&kept, "\ncpu,"));
        forget_lines(&kept);
    }
}

/* Our own rows beside other tools': those that are wrong are neither timed nor given away. */
static void wrong_rows_for_peers_are_not_timed(void **state) {
    (void)state;
    EpnetBackend wrong = epnet_cpu_backend;
    char path[] = "/tmp/gpu_bench_XXXXXX", beside[64];
    const int file = mkstemp(path);
    assert_true(file >= 0);
    snprintf(beside, sizeof beside, "%s.parameters", path);
    for (int i = 0; i < 3; i++) {
        Kept kept;
        wrong.solve = i == 0 ? epnet_cpu_backend.solve : i == 1 ? solve_inexactly : solve_tables_inexactly;
        keep_lines(&kept, &wrong);
        kept.bench.peers = path;
        gpu_bench_peers(&kept.bench);
        assert_int_equal(kept.report.failed, i == 0 ? 0 : 3);
        assert_int_equal(says(&kept, "peer,\"epnet, last rows\""), i != 1);
        assert_int_equal(says(&kept, "peer,\"epnet, table\""), i == 0);
        forget_lines(&kept);
        FILE *written = fopen(path, "r");
        char text[4096];
        text[fread(text, 1, sizeof text - 1, written)] = '\0';
        fclose(written);
        assert_int_equal(strstr(text, "\"nodes\"") != NULL, i == 0);
    }
    assert_int_equal(remove(path) + remove(beside), 0);
    close(file);
}

/* The worker pool's, with a number of one point missing. */
static size_t lost_point;
static void *(*true_keep)(size_t first, size_t count, const EpnetChunk *chunk, void *context);

static void *keep_all_but_one(size_t first, size_t count, const EpnetChunk *chunk, void *context) {
    if (first <= lost_point && lost_point < first + count)
        chunk->rows.last[(lost_point - first) * epnet_row_width(1) + EPNET_ENTROPY] = NAN;
    return true_keep(first, count, chunk, context);
}

EpnetStatus __real_epnet_workers_run(const EpnetWork *work, char *note, size_t size, EpnetError *error);
EpnetStatus __wrap_epnet_workers_run(const EpnetWork *work, char *note, size_t size, EpnetError *error);

EpnetStatus __wrap_epnet_workers_run(const EpnetWork *work, char *note, size_t size, EpnetError *error) {
    EpnetWork lossy = *work;
    true_keep = work->keep;
    if (work->device->backend == &epnet_cuda_backend)
        lossy.keep = keep_all_but_one;
    return __real_epnet_workers_run(&lossy, note, size, error);
}

static void wrong_sweeps_are_not_timed(void **state) {
    (void)state;
    Kept kept;
    epnet_emulation_reset();
    for (int i = 0; i < 4; i++) {
        /* Point 24 of 25, of which every second along both axes is compared; point 8 of 9; point 1 of 9. */
        lost_point = i == 0 ? SIZE_MAX : i == 1 ? 24 : i == 2 ? 8 : 1;
        keep_lines(&kept, &epnet_cuda_backend);
        gpu_bench_sweeps(&kept.bench);
        assert_int_equal(kept.report.failed, i == 0 || i == 1 ? i : 1);
        assert_int_equal(says(&kept, "sweep,\"sweep of 9 five-node"), i < 2);
        assert_int_equal(says(&kept, "sweep,\"sweep of 25 five-node"), i != 1);
        forget_lines(&kept);
    }
    lost_point = SIZE_MAX;
}

/* ---- what cannot be had -------------------------------------------------------------------------------- */

static void the_host_is_not_asked_for_more_than_it_has(void **state) {
    (void)state;
    Kept kept;
    const double there = gpu_host_memory();
    assert_true(there > 1e6 && there < 1e15);
    for (int i = 0; i < 2; i++) {
        keep_lines(&kept, &epnet_cpu_backend);
        kept.bench.size = GPU_FULL;
        kept.bench.deadline = 0;
        kept.bench.host_memory = i == 0 ? 1e9 : 1e12;
        gpu_bench_run(&kept.bench);
        assert_int_equal(kept.report.failed, 0);
        assert_int_equal(says(&kept,
                              "application,\"one application of L\",30,0,\"\",,,,,,left out,\"it takes 10 "
                              "GiB of the host's memory, which has 0.93 to spare\""),
                         i == 0);
        forget_lines(&kept);
    }
    keep_lines(&kept, &epnet_cpu_backend);
    kept.bench.host_memory = 100; /* the CPU backend's own, too */
    gpu_bench_trajectories(&kept.bench, GPU_FIRST);
    assert_int_equal(kept.report.failed, 0);
    assert_false(says(&kept, "steps,\"time loop: one sample after 5 s\",5,3,"));
    assert_true(says(&kept, "bench,\"rows that are timed: time loop"));
    forget_lines(&kept);
}

static void sparse_products_are_compared_and_timed(void **state) {
    (void)state;
    Kept kept;
    epnet_emulation_reset();
    fake_cusparse = (FakeCusparse){0};
    keep_lines(&kept, &epnet_cuda_backend);
    gpu_bench_sparse(&kept.bench, GPU_FIRST);
    assert_int_equal(kept.report.checks, 1);
    assert_int_equal(kept.report.failed, 0);
    assert_true(says(&kept, "sparse,\"cuSPARSE product with the assembled generator\",5,1,\"time\""));
    forget_lines(&kept);

    fake_cusparse.errs = true;
    keep_lines(&kept, &epnet_cuda_backend);
    gpu_bench_sparse(&kept.bench, GPU_FIRST);
    assert_int_equal(kept.report.failed, 1);
    assert_false(says(&kept, "\"time\""));
    forget_lines(&kept);
    assert_int_equal(fake_cusparse.held, 0);
    assert_int_equal(epnet_emulation_held().device_bytes, 0);
}

static void a_library_that_fails_is_left_out(void **state) {
    (void)state;
    static const struct {
        const char *part;
        EpnetEmulationCall call;
        long k;
        bool refuses;
        double host_memory;
    } cases[] = {
        {"left out,\"cusparseCreate: status 2\"", EPNET_EMULATION_MALLOC, 0, true, 0},
        {"left out,\"cudaMalloc: ", EPNET_EMULATION_MALLOC, 1, false, 0},
        {"left out,\"cudaMalloc: ", EPNET_EMULATION_MALLOC, 6, false, 0},
        {"left out,\"cudaMemcpy: ", EPNET_EMULATION_MEMCPY, 2, false, 0},
        {"left out,\"it takes ", EPNET_EMULATION_MALLOC, 0, false, 1000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Kept kept;
        epnet_emulation_reset();
        epnet_emulation_fail(cases[i].call, cases[i].k, cudaErrorMemoryAllocation, false);
        fake_cusparse = (FakeCusparse){.refuses = cases[i].refuses};
        keep_lines(&kept, &epnet_cpu_backend); /* which asks for no memory of the device */
        kept.bench.host_memory = cases[i].host_memory;
        gpu_bench_sparse(&kept.bench, GPU_FIRST);
        assert_int_equal(kept.report.failed, 0);
        if (!says(&kept, cases[i].part))
            fail_msg("case %zu: %s", i, kept.text);
        assert_false(says(&kept, "\"time\""));
        forget_lines(&kept);
        assert_int_equal(fake_cusparse.held, 0);
        assert_int_equal(epnet_emulation_held().device_bytes, 0);
        assert_int_equal(cudaPeekAtLastError(), cudaSuccess);
    }
    epnet_emulation_reset();
}

static void a_library_that_is_not_there_is_left_out(void **state) {
    (void)state;
    static const struct {
        const char *lacks, *part;
    } cases[] = {
        {"libcusparse.so.12", "sparse,\"cuSPARSE\",0,0,\"\",,,,,,left out,\"there is no libcusparse.so.12; "},
        {"cusparseSpMV", "left out,\"it lacks a function: there is no cusparseSpMV\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Kept kept;
        epnet_emulation_reset();
        fake_loader_lacks = cases[i].lacks;
        keep_lines(&kept, &epnet_cuda_backend);
        gpu_bench_sparse(&kept.bench, GPU_FIRST);
        fake_loader_lacks = NULL;
        assert_int_equal(kept.report.checks, 0);
        if (!says(&kept, cases[i].part))
            fail_msg("case %zu: %s", i, kept.text);
        forget_lines(&kept);
    }
}

int main(void) {
    lost_point = SIZE_MAX;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_trajectories_are_not_timed),
        cmocka_unit_test(wrong_rows_for_peers_are_not_timed),
        cmocka_unit_test(wrong_sweeps_are_not_timed),
        cmocka_unit_test(the_host_is_not_asked_for_more_than_it_has),
        cmocka_unit_test(sparse_products_are_compared_and_timed),
        cmocka_unit_test(a_library_that_fails_is_left_out),
        cmocka_unit_test(a_library_that_is_not_there_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The measurements of bench/gpu: what is wrong is not timed, and what cannot be had is left out by name while
 * the rest goes on. The toolkit's libraries are those of fakes/. */
#include "bench.h"
#include "cpu/cpu_backend.h"
#include "cuda_backend.h"
#include "emulation.h"
#include "fakes/cublas_steer.h"
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

/* The worker pool's, with a number of one point missing: of its row, or, of an envelope, its leak. */
static size_t lost_point;
static bool loses_leak;
static void *(*true_keep)(size_t first, size_t count, const EpnetChunk *chunk, void *context);

static void *keep_all_but_one(size_t first, size_t count, const EpnetChunk *chunk, void *context) {
    if (first <= lost_point && lost_point < first + count) {
        if (loses_leak)
            chunk->rows.point[(lost_point - first) * EPNET_POINT_COLUMNS + EPNET_LEAK] = NAN;
        else
            chunk->rows.last[(lost_point - first) * epnet_row_width(1) + EPNET_ENTROPY] = NAN;
    }
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
    /* None; point 24 of 25, of which every second along both axes is compared; point 8 of 9; point 1 of 9 and
     * of the envelope's 4; its leak. */
    static const size_t lost[] = {SIZE_MAX, 24, 8, 1, 1};
    static const int failed[] = {0, 1, 1, 2, 1};
    for (int i = 0; i < 5; i += CHECK_SANITIZED ? 3 : 1) {
        lost_point = lost[i];
        loses_leak = i == 4;
        keep_lines(&kept, &epnet_cuda_backend);
        gpu_bench_sweeps(&kept.bench);
        assert_int_equal(kept.report.failed, failed[i]);
        assert_int_equal(says(&kept, "sweep,\"sweep of 9 five-node traj"), i != 2 && i != 3);
        assert_int_equal(says(&kept, "sweep,\"sweep of 25 five-node traj"), i != 1);
        assert_int_equal(says(&kept, "sweep,\"sweep of 4 five-node points of an envelope"), i < 3);
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

/* The value of the first line that begins so, "section,name,nodes,points,quantity,". */
static double value_of(Kept *kept, const char *line) {
    assert_int_equal(fflush(kept->report.csv), 0);
    const char *at = strstr(kept->text, line);
    if (at == NULL)
        fail_msg("there is no line %s", line);
    return at != NULL ? strtod(at + strlen(line), NULL) : NAN;
}

static void stationary_laws_are_compared_and_timed(void **state) {
    (void)state;
    static const char lu[] = "dense,\"laws by cuBLAS's batched LU\",5,8,\"laws\",",
                      unpivoted[] = "dense,\"laws by cuBLAS's batched LU, no pivoting\",5,8,\"laws\",",
                      ours[] = "dense,\"our laws\",5,8,\"laws\",",
                      rows[] = "dense,\"our laws and rows\",5,8,\"laws\",";
    Kept kept;
    epnet_emulation_reset();
    fake_cublas = (FakeCublas){0};
    keep_lines(&kept, &epnet_cuda_backend);
    gpu_bench_dense(&kept.bench);
    assert_int_equal(kept.report.checks, 4);
    assert_int_equal(kept.report.failed, 0);
    assert_true(value_of(&kept, lu) > 0 && value_of(&kept, unpivoted) > 0);
    assert_true(value_of(&kept, ours) > 0 && value_of(&kept, rows) > 0);
    assert_int_equal(fake_cublas.pivoted, 7); /* compared, timed five times, its error */
    assert_int_equal(fake_cublas.unpivoted, 7);
    /* LU loses the digits by which rates differ, a million here; elimination loses none. */
    const double of_lu = value_of(&kept, "dense,\"laws by cuBLAS's batched LU\",5,3,\"relative error\","),
                 of_ours = value_of(&kept, "dense,\"our laws\",5,3,\"relative error\",");
    assert_true(of_lu > 1e-13 && of_lu < 1e-8);
    assert_true(of_ours < 1e-14);
    forget_lines(&kept);

    for (size_t i = 0; i < 2; i++) {
        fake_cublas = (FakeCublas){.error = i == 0 ? 1e-6 : NAN, .wrong = i == 0 ? 7 : 0};
        keep_lines(&kept, &epnet_cuda_backend);
        gpu_bench_dense(&kept.bench);
        assert_int_equal(kept.report.checks, 3);
        assert_int_equal(kept.report.failed, 1);
        assert_false(says(&kept, "dense,\"laws by cuBLAS"));
        assert_true(says(&kept, ours) && says(&kept, rows));
        forget_lines(&kept);
    }
    assert_int_equal(fake_cublas.held, 0);
    assert_int_equal(epnet_emulation_held().device_bytes, 0);
}

static void our_laws_have_to_be_found(void **state) {
    (void)state;
    Kept kept;
    epnet_emulation_reset();
    epnet_emulation_fail(EPNET_EMULATION_LAUNCH, 1, cudaErrorInvalidValue, false);
    fake_cublas = (FakeCublas){0};
    keep_lines(&kept, &epnet_cpu_backend); /* which launches nothing */
    gpu_bench_dense(&kept.bench);
    assert_int_equal(kept.report.failed, 1);
    assert_true(says(&kept, "check,\"our laws\",5,0,\"worst\",,,,,,FAILED,\"the stationary kernel: "));
    assert_false(says(&kept, "dense,\"our laws\",5,8,"));
    assert_true(says(&kept, "dense,\"laws by cuBLAS's batched LU\",5,8,"));
    forget_lines(&kept);
    assert_int_equal(epnet_emulation_held().device_bytes, 0);
    epnet_emulation_reset();
}

static void first_sparse(const GpuBench *bench) {
    gpu_bench_sparse(bench, GPU_FIRST);
}

static void a_library_that_fails_is_left_out(void **state) {
    (void)state;
    static const char sparse[] = "\"cuSPARSE product with the assembled generator\",5,1,\"time\"",
                      dense[] = "dense,\"laws by cuBLAS's batched LU\",5,8,\"laws\"";
    static const struct {
        void (*bench)(const GpuBench *bench);
        const char *part, *lacks;
        EpnetEmulationCall call;
        long k;
        bool refuses, breaks;
        double host_memory;
    } cases[] = {
        {first_sparse, "left out,\"cusparseCreate: status 2\"", sparse, EPNET_EMULATION_MALLOC, 0, true,
         false, 0},
        {first_sparse, "left out,\"cudaMalloc: ", sparse, EPNET_EMULATION_MALLOC, 1, false, false, 0},
        {first_sparse, "left out,\"cudaMalloc: ", sparse, EPNET_EMULATION_MALLOC, 6, false, false, 0},
        {first_sparse, "left out,\"cudaMemcpy: ", sparse, EPNET_EMULATION_MEMCPY, 2, false, false, 0},
        {first_sparse, "left out,\"it takes ", sparse, EPNET_EMULATION_MALLOC, 0, false, false, 1000},
        {gpu_bench_dense, "left out,\"cublasCreate: status 3\"", dense, EPNET_EMULATION_MALLOC, 0, true,
         false, 0},
        {gpu_bench_dense, "left out,\"cublasDgetrfBatched: status 13\"", dense, EPNET_EMULATION_MALLOC, 0,
         false, true, 0},
        {gpu_bench_dense, "left out,\"cudaMalloc: ", dense, EPNET_EMULATION_MALLOC, 1, false, false, 0},
        {gpu_bench_dense, "left out,\"cudaMalloc: ", dense, EPNET_EMULATION_MALLOC, 8, false, false, 0},
        {gpu_bench_dense, "left out,\"cudaMemcpyAsync: ", dense, EPNET_EMULATION_MEMCPY, 5, false, false, 0},
        {gpu_bench_dense, "left out,\"cudaEventRecord: ", dense, EPNET_EMULATION_EVENT, 3, false, false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Kept kept;
        epnet_emulation_reset();
        epnet_emulation_fail(cases[i].call, cases[i].k, cudaErrorMemoryAllocation, false);
        fake_cusparse = (FakeCusparse){.refuses = cases[i].refuses};
        fake_cublas = (FakeCublas){.refuses = cases[i].refuses, .breaks = cases[i].breaks};
        keep_lines(&kept, &epnet_cpu_backend); /* which asks for nothing of the device */
        kept.bench.host_memory = cases[i].host_memory;
        cases[i].bench(&kept.bench);
        assert_int_equal(kept.report.failed, 0);
        if (!says(&kept, cases[i].part) || says(&kept, cases[i].lacks))
            fail_msg("case %zu: %s", i, kept.text);
        const char *first = strstr(kept.text, "left out");
        assert_null(strstr(first + 1, "left out"));
        forget_lines(&kept);
        assert_int_equal(fake_cusparse.held, 0);
        assert_int_equal(fake_cublas.held, 0);
        assert_int_equal(epnet_emulation_held().device_bytes, 0);
        assert_int_equal(cudaPeekAtLastError(), cudaSuccess);
    }
    epnet_emulation_reset();
}

static void a_library_that_is_not_there_is_left_out(void **state) {
    (void)state;
    static const struct {
        void (*bench)(const GpuBench *bench);
        const char *lacks, *part;
    } cases[] = {
        {first_sparse, "libcusparse.so.12",
         "sparse,\"cuSPARSE\",0,0,\"\",,,,,,left out,\"there is no libcusparse.so.12; "},
        {first_sparse, "cusparseSpMV", "left out,\"it lacks a function: there is no cusparseSpMV\""},
        {gpu_bench_dense, "libcublas.so.13",
         "dense,\"cuBLAS\",0,0,\"\",,,,,,left out,\"there is no libcublas.so.13; "},
        {gpu_bench_dense, "cublasDgetrsBatched",
         "left out,\"it lacks a function: there is no cublasDgetrsBatched\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Kept kept;
        epnet_emulation_reset();
        fake_loader_lacks = cases[i].lacks;
        keep_lines(&kept, &epnet_cuda_backend);
        cases[i].bench(&kept.bench);
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
        cmocka_unit_test(stationary_laws_are_compared_and_timed),
        cmocka_unit_test(our_laws_have_to_be_found),
        cmocka_unit_test(a_library_that_fails_is_left_out),
        cmocka_unit_test(a_library_that_is_not_there_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

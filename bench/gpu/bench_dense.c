/* Stationary laws of up to 7 nodes by cuBLAS's batched LU, beside our elimination (kernels/gth.cuh): what one
 * would use without a kernel of one's own, and what decides whether that is worth having.
 *
 * pi L = 0, with the last equation replaced by sum pi = 1. Both ways end with the laws in the device's
 * memory. LU begins with its matrices there, which something would have to put there first; ours begins with
 * the rates, and computes what only rows need as well. LU without pivoting does less, and is allowed:
 * of a singular M-matrix, which -L^T is, every leading minor but the last is positive. */
#include "compare.h"
#include "laws_cuda.h"
#include "toolkit_cuda.h"

#include "cpu/stationary.h"
#include "oracle.h"

#include <cublas_v2.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Library {
    __typeof__(cublasCreate_v2) *create;
    __typeof__(cublasDestroy_v2) *destroy;
    __typeof__(cublasDgetrfBatched) *factor;
    __typeof__(cublasDgetrsBatched) *solve;
} Library;

static bool load(Library *library, char *reasons, size_t size) {
    const GpuFunction functions[] = {{"cublasCreate_v2", &library->create},
                                     {"cublasDestroy_v2", &library->destroy},
                                     {"cublasDgetrfBatched", &library->factor},
                                     {"cublasDgetrsBatched", &library->solve}};
    return gpu_toolkit_load("cublas", CUBLAS_VER_MAJOR, functions, sizeof functions / sizeof functions[0],
                            reasons, size);
}

/* ---- the systems ----------------------------------------------------------------------------------------
 */

/* Those of the case's points that differ: point k has system k % count. */
typedef struct Systems {
    size_t states, count;
    double *matrices; /* column by column: L by rows is L^T by columns */
    double *laws;     /* by elimination on the host */
} Systems;

/* False: the host cannot find the laws. */
static bool make_systems(const GpuCase *item, Systems *systems) {
    const size_t n = (size_t)1 << item->shape.nodes, count = gpu_case_distinct(&item->shape);
    EpnetGenerator generator;
    *systems = (Systems){n, count, oracle_allocate(count * n * n, sizeof(double)),
                         oracle_allocate(count * n, sizeof(double))};
    bool good = epnet_generator_alloc(&generator, item->shape.nodes);
    for (size_t k = 0; k < count && good; k++) {
        double *matrix = systems->matrices + k * n * n;
        epnet_generator_set(&generator, &item->problem, &item->points[k], NULL, true);
        epnet_generator_dense(&generator, matrix);
        good = epnet_gth_solve(n, matrix, systems->laws + k * n);
        epnet_generator_dense(&generator, matrix);
        for (size_t s = 0; s < n; s++)
            matrix[s * n + n - 1] = 1;
    }
    epnet_generator_free(&generator);
    return good;
}

static void free_systems(Systems *systems) {
    free(systems->matrices);
    free(systems->laws);
}

/* ---- LU -------------------------------------------------------------------------------------------------
 */

typedef struct Lu {
    const Library *library;
    GpuToolkit work;
    cublasHandle_t handle;
    size_t states, points, count;
    const double *given, *given_sides;        /* of the systems that differ */
    double *matrices, *laws;                  /* of all points: factors, and right-hand sides before */
    const double *const *matrix_at;           /* where each point's are */
    double *const *factor_at, *const *law_at; /* the same, to be written */
    int *pivots, *info;
    bool pivoting;
} Lu;

/* Where each of `count` arrays of `size` doubles is, for the device. */
static void *addresses(GpuToolkit *work, double *first, size_t size, size_t count) {
    double **all = oracle_allocate(count, sizeof *all);
    for (size_t k = 0; k < count && first != NULL; k++)
        all[k] = first + k * size;
    void *array = gpu_toolkit_array(work, all, count * sizeof *all);
    free(all);
    return array;
}

static void open_lu(Lu *lu, const Library *library, const Systems *systems, size_t points) {
    const size_t n = systems->states, count = systems->count;
    GpuToolkit *work = &lu->work;
    double *sides = oracle_allocate(count * n, sizeof(double));
    for (size_t k = 0; k < count; k++)
        sides[k * n + n - 1] = 1;
    *lu = (Lu){.library = library, .states = n, .points = points, .count = count};
    lu->given = gpu_toolkit_array(work, systems->matrices, count * n * n * sizeof(double));
    lu->given_sides = gpu_toolkit_array(work, sides, count * n * sizeof(double));
    lu->matrices = gpu_toolkit_array(work, NULL, points * n * n * sizeof(double));
    lu->laws = gpu_toolkit_array(work, NULL, points * n * sizeof(double));
    lu->factor_at = addresses(work, lu->matrices, n * n, points);
    lu->matrix_at = (const double *const *)lu->factor_at;
    lu->law_at = addresses(work, lu->laws, n, points);
    lu->pivots = gpu_toolkit_array(work, NULL, points * n * sizeof(int));
    lu->info = gpu_toolkit_array(work, NULL, points * sizeof(int));
    free(sides);
    if (gpu_toolkit_goes_on(work))
        gpu_toolkit_expect_status(work, (int)library->create(&lu->handle), "cublasCreate");
}

static void close_lu(Lu *lu) {
    if (lu->handle != NULL)
        (void)lu->library->destroy(lu->handle);
    gpu_toolkit_release(&lu->work);
}

/* To points first .. first + count - 1 of all. */
static void give(Lu *lu, double *all, const double *given, size_t size, size_t first, size_t count) {
    if (gpu_toolkit_goes_on(&lu->work))
        gpu_toolkit_expect(&lu->work,
                           cudaMemcpyAsync(all + first * size, given, count * size * sizeof(double),
                                           cudaMemcpyDeviceToDevice, NULL),
                           "cudaMemcpyAsync");
}

/* Factors and laws are in the place of what they are found from. */
static void give_systems(void *argument) {
    Lu *lu = argument;
    for (size_t first = 0; first < lu->points; first += lu->count) {
        const size_t left = lu->points - first, count = left < lu->count ? left : lu->count;
        give(lu, lu->matrices, lu->given, lu->states * lu->states, first, count);
        give(lu, lu->laws, lu->given_sides, lu->states, first, count);
    }
}

static void solve_systems(void *argument) {
    Lu *lu = argument;
    const int n = (int)lu->states, points = (int)lu->points;
    int *pivots = lu->pivoting ? lu->pivots : NULL, wrong_argument = 0;
    if (gpu_toolkit_goes_on(&lu->work))
        gpu_toolkit_expect_status(
            &lu->work, (int)lu->library->factor(lu->handle, n, lu->factor_at, n, pivots, lu->info, points),
            "cublasDgetrfBatched");
    if (gpu_toolkit_goes_on(&lu->work))
        gpu_toolkit_expect_status(&lu->work,
                                  (int)lu->library->solve(lu->handle, CUBLAS_OP_N, n, 1, lu->matrix_at, n,
                                                          pivots, lu->law_at, n, &wrong_argument, points),
                                  "cublasDgetrsBatched");
}

/* ---- one way to the laws --------------------------------------------------------------------------------
 */

typedef struct Way {
    const char *name, *note;
    bool is_ours;
    GpuToolkit *work;
    void (*prepare)(void *argument), (*solve)(void *argument);
    void *argument;
    const double *laws; /* on the device, point after point */
} Way;

static void clear_ours(void *argument) {
    gpu_laws_clear(argument);
}

static void launch_ours(void *argument) {
    gpu_laws_launch(argument);
}

/* That the library fails is a finding about the library; ours may not. */
static void report_failed(const GpuBench *bench, const GpuCase *item, const Way *way) {
    if (way->is_ours)
        gpu_report_failure(bench->report, way->name, item->shape.nodes, way->work->failed);
    else
        gpu_report_absence(bench->report, "dense", way->name, item->shape.nodes, way->work->failed);
}

/* The largest over all points, against the laws of the host. */
typedef struct Errors {
    double norm;     /* L1 norm of the difference */
    double relative; /* of a probability, to itself */
} Errors;

/* Those of the laws that a way has left. False: a call failed, as the report says. */
static bool find_errors(const GpuBench *bench, const GpuCase *item, const Systems *systems, const Way *way,
                        Errors *errors) {
    const size_t n = systems->states, points = item->shape.points;
    double *found = oracle_allocate(points * n, sizeof(double));
    gpu_toolkit_fetch(way->work, found, way->laws, points * n * sizeof(double));
    *errors = (Errors){0, 0};
    for (size_t k = 0; k < points; k++) {
        const double *law = systems->laws + k % systems->count * n;
        double norm = 0;
        for (size_t s = 0; s < n; s++) {
            norm += gpu_difference(found[k * n + s], law[s], 1);
            errors->relative = fmax(errors->relative, gpu_difference(found[k * n + s], law[s], law[s]));
        }
        errors->norm = fmax(errors->norm, norm);
    }
    free(found);
    if (!gpu_toolkit_goes_on(way->work))
        report_failed(bench, item, way);
    return gpu_toolkit_goes_on(way->work);
}

static void solve_once(const Way *way) {
    way->prepare(way->argument);
    way->solve(way->argument);
}

/* Time, after one run that is not, and compare what the last run has left: what is wrong has no figure. */
static bool measure(const GpuBench *bench, const GpuCase *item, const Systems *systems, const Way *way) {
    char name[120];
    const int nodes = item->shape.nodes;
    const size_t points = item->shape.points;
    Errors errors;
    GpuTiming timing;
    snprintf(name, sizeof name, "%s, against elimination on the host", way->name);
    solve_once(way);
    const bool timed = gpu_toolkit_measure(way->work, way->prepare, way->solve, way->argument, 1, &timing);
    if (!find_errors(bench, item, systems, way, &errors) || !timed ||
        !gpu_report_check(bench->report, name, nodes, points, errors.norm, 1e-10, "L1 norm"))
        return false;
    gpu_bench_rate(bench, "dense", way->name, nodes, points, "laws", "1/s", (double)points, &timing, NAN,
                   way->note);
    return true;
}

static bool report_error(const GpuBench *bench, const GpuCase *item, const Systems *systems, const Way *way) {
    Errors errors;
    solve_once(way);
    if (!find_errors(bench, item, systems, way, &errors))
        return false;
    const GpuLine line = {"dense",
                          way->name,
                          item->shape.nodes,
                          item->shape.points,
                          "relative error",
                          errors.relative,
                          NAN,
                          NAN,
                          "",
                          NAN,
                          "",
                          "largest of any probability where every other node is a million times as fast"};
    gpu_report_line(bench->report, &line);
    return true;
}

typedef bool Task(const GpuBench *bench, const GpuCase *item, const Systems *systems, const Way *way);

static bool with_lu(const GpuBench *bench, const Library *library, const GpuCase *item,
                    const Systems *systems, Task *task) {
    Lu lu;
    Way way = {.note = "device events; from matrices in the device's memory, which are not in the time",
               .work = &lu.work,
               .prepare = give_systems,
               .solve = solve_systems,
               .argument = &lu};
    open_lu(&lu, library, systems, item->shape.points);
    way.laws = lu.laws;
    lu.pivoting = true;
    way.name = "laws by cuBLAS's batched LU";
    bool good = task(bench, item, systems, &way);
    lu.pivoting = false;
    way.name = "laws by cuBLAS's batched LU, no pivoting";
    good = good && task(bench, item, systems, &way);
    close_lu(&lu);
    return good;
}

static bool with_ours(const GpuBench *bench, const GpuCase *item, const Systems *systems, Task *task) {
    GpuLaws laws;
    gpu_laws_open(&laws, item);
    const Way way = {.name = "our laws",
                     .note = "device events; from rates in the device's memory: tables, the columns' "
                             "weights, matrix and residual are in the time",
                     .is_ours = true,
                     .work = &laws.work,
                     .prepare = clear_ours,
                     .solve = launch_ours,
                     .argument = &laws,
                     .laws = laws.slots.law.device};
    const bool good = task(bench, item, systems, &way);
    gpu_laws_close(&laws);
    return good;
}

/* Do something with every way to a case's laws. False: one of them failed. */
static bool each_way(const GpuBench *bench, const Library *library, const GpuCase *item, Task *task) {
    Systems systems;
    bool good = make_systems(item, &systems);
    if (good) {
        const bool lu = with_lu(bench, library, item, &systems, task);
        good = with_ours(bench, item, &systems, task) && lu;
    } else {
        gpu_report_failure(bench->report, "laws by elimination on the host", item->shape.nodes, "none found");
    }
    free_systems(&systems);
    return good;
}

/* ---- one size -------------------------------------------------------------------------------------------
 */

/* What a sweep gets of them. */
static void measure_rows(const GpuBench *bench, const GpuCase *item) {
    static const char name[] = "our laws and rows";
    const size_t points = item->shape.points;
    GpuRows rows = gpu_rows_make(&item->problem, points, false);
    GpuTiming timing;
    if (gpu_bench_time(bench, &bench->subject, name, item, bench->size == GPU_FULL ? 5 : 2, &rows, &timing))
        gpu_bench_rate(bench, "dense", name, item->shape.nodes, points, "laws", "1/s", (double)points,
                       &timing, NAN, "wall clock; from parameters to all columns, both in host memory");
    gpu_rows_free(&rows);
}

/* LU updates its diagonal by differences, which cancel where some nodes are faster than others. */
static void part_time_scales(const GpuCase *item) {
    const size_t nodes = (size_t)item->shape.nodes, edges = item->network.edge_count;
    for (size_t k = 0; k < item->shape.points; k++) {
        double *flips = gpu_case_parameters(item, k), *rates = flips + 2 * nodes;
        for (size_t j = 1; j < nodes; j += 2) {
            flips[j] *= 1e6;
            flips[nodes + j] *= 1e6;
        }
        for (size_t e = 0; e < edges; e++)
            rates[e] *= item->network.target[e] % 2 == 1 ? 1e6 : 1;
    }
}

static void bench_size(const GpuBench *bench, const Library *library, int nodes, size_t points,
                       size_t distinct) {
    GpuShape shape = {.nodes = nodes,
                      .points = points,
                      .distinct = distinct,
                      .network = GPU_GENERIC,
                      .kind = EPNET_STATIONARY,
                      .tolerance = 1e-9,
                      .cuts = 1,
                      .seed = 59};
    if (!gpu_bench_goes_on(bench, "stationary laws", nodes))
        return;
    GpuCase item = gpu_case_make(&shape);
    const bool good = each_way(bench, library, &item, measure);
    measure_rows(bench, &item);
    gpu_case_free(&item);
    if (!good)
        return;
    shape.points = distinct;
    item = gpu_case_make(&shape);
    part_time_scales(&item);
    (void)each_way(bench, library, &item, report_error);
    gpu_case_free(&item);
}

void gpu_bench_dense(const GpuBench *bench) {
    /* Matrices of 512 MiB, or what fills the device. */
    static const struct {
        int nodes;
        size_t points;
    } sizes[] = {{5, 65536}, {7, 4096}, {6, 16384}, {4, 131072}};
    Library library;
    char reasons[600];
    if (!load(&library, reasons, sizeof reasons)) {
        gpu_report_absence(bench->report, "dense", "cuBLAS", 0, reasons);
        return;
    }
    if (cudaSetDevice(bench->subject.device) != cudaSuccess) {
        gpu_report_failure(bench->report, "cuBLAS", 0, "cudaSetDevice");
        return;
    }
    if (bench->size != GPU_FULL)
        bench_size(bench, &library, 5, 8, 3);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] && bench->size == GPU_FULL; i++)
        bench_size(bench, &library, sizes[i].nodes, sizes[i].points, 256);
}

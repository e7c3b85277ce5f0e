/* epnet_bench(): all checks, then all times. */
#include "bench.h"

#include "../columns.h"
#include "../problem.h"
#include "../status.h"
#include "../threading.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- engines ------------------------------------------------------------------------------------------- */

static double *take(double **next, size_t count) {
    double *part = *next;
    *next += count;
    return part;
}

EpnetStatus epnet_bench_open(const EpnetBench *bench, const EpnetBenchCase *item, int threads, bool keep,
                             EpnetBenchEngine *engine, EpnetError *error) {
    const EpnetProblem *problem = &item->problem;
    const char *device = bench->options->device != NULL ? bench->options->device : "cpu";
    const size_t width = epnet_row_width(problem->cut_count), count = item->count;
    const size_t trajectory = keep ? problem->time_count * width : 0,
                 extremes = problem->kind == EPNET_TRAJECTORY ? EPNET_EXTREMES : 0;
    const size_t values = width + extremes + EPNET_POINT_COLUMNS + trajectory + 1;
    memset(engine, 0, sizeof *engine);
    engine->item = item;
    EpnetStatus status = epnet_device_choose(device, threads, problem, &engine->device, error);
    if (status == EPNET_OK)
        status =
            engine->device.backend->open(problem, engine->device.index[0], threads, &engine->context, error);
    if (status != EPNET_OK)
        return status;
    engine->values = epnet_calloc(count * values, sizeof *engine->values);
    engine->rows.status = epnet_calloc(count, sizeof *engine->rows.status);
    if (engine->values == NULL || engine->rows.status == NULL)
        return epnet_fail_memory(error, count * values * sizeof(double), "the rows of the bench");
    double *next = engine->values;
    engine->rows.last = take(&next, count * width);
    engine->rows.point = take(&next, count * EPNET_POINT_COLUMNS);
    engine->rows.extremes = extremes > 0 ? take(&next, count * extremes) : NULL;
    engine->rows.trajectory = trajectory > 0 ? take(&next, count * trajectory) : NULL;
    engine->rows.applications = take(&next, count);
    for (size_t k = 0; k < count; k++)
        engine->rows.applications[k] = NAN;
    return EPNET_OK;
}

void epnet_bench_close(EpnetBenchEngine *engine) {
    if (engine->context != NULL)
        engine->device.backend->close(engine->context);
    free(engine->values);
    free(engine->rows.status);
    memset(engine, 0, sizeof *engine);
}

EpnetStatus epnet_bench_solve(const EpnetBench *bench, EpnetBenchEngine *engine, EpnetError *error) {
    const EpnetBenchCase *item = engine->item;
    const volatile int *stop = bench->options->stop;
    const EpnetBatch batch = {&item->problem, item->count, item->points, stop};
    const EpnetStatus status = engine->device.backend->solve(engine->context, &batch, &engine->rows, error);
    if (stop != NULL && *stop != 0)
        return epnet_fail(error, EPNET_INTERRUPTED, "interrupted");
    for (size_t k = 0; k < item->count && status == EPNET_OK; k++) {
        if (engine->rows.status[k] != EPNET_POINT_OK)
            return epnet_fail(error, bench->options->spec != NULL ? EPNET_POINTS_FAILED : EPNET_INTERNAL,
                              "point %zu of %d nodes failed: %s", k, item->problem.nodes,
                              epnet_point_status_names[engine->rows.status[k]]);
    }
    return status;
}

/* ---- reports ------------------------------------------------------------------------------------------- */

EpnetBenchRow epnet_bench_row(const char *section, const char *name, int nodes, size_t points, int threads) {
    return (EpnetBenchRow){.section = section,
                           .name = name,
                           .nodes = nodes,
                           .points = points,
                           .threads = threads,
                           .value = NAN,
                           .low = NAN,
                           .high = NAN,
                           .unit = "",
                           .limit = NAN,
                           .applications = NAN,
                           .ns_per_state_bit = NAN,
                           .of_peak = NAN,
                           .of_copy = NAN,
                           .note = ""};
}

void epnet_bench_report(const EpnetBench *bench, const EpnetBenchRow *row) {
    if (bench->options->row != NULL)
        bench->options->row(row, bench->options->context);
}

void epnet_bench_check(EpnetBench *bench, const char *name, int nodes, size_t points, double deviation,
                       double limit, const char *note) {
    EpnetBenchRow row = epnet_bench_row("check", name, nodes, points, 1);
    row.value = deviation;
    row.limit = limit;
    row.failed = !(deviation <= limit);
    row.note = note;
    if (row.failed && !bench->wrong)
        snprintf(bench->what, sizeof bench->what, "%s, %d nodes: deviates by %.3g, %.3g is allowed", name,
                 nodes, deviation, limit);
    bench->wrong |= row.failed;
    epnet_bench_report(bench, &row);
}

double epnet_bench_deviation(double a, double b) {
    if (a == b)
        return 0;
    const double deviation = fabs(a - b) / (1 + fabs(b));
    return isfinite(deviation) ? deviation : INFINITY;
}

/* ---- times --------------------------------------------------------------------------------------------- */

enum { REPEATS_MOST = 99 };

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static EpnetBenchTiming summary(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, ascending);
    const double median =
        count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
    return (EpnetBenchTiming){median, values[0], values[count - 1]};
}

/* Seconds on both clocks. */
typedef struct Moment {
    double wall, processor;
} Moment;

static Moment moment_now(void) {
    struct timespec processor;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &processor);
    return (Moment){epnet_seconds_now(), (double)processor.tv_sec + 1e-9 * (double)processor.tv_nsec};
}

/* Run a body `runs` times: *seconds of one run by its clock, *wall on the wall. */
static EpnetStatus time_round(const EpnetBenchBody *body, size_t runs, double *seconds, double *wall,
                              EpnetError *error) {
    const Moment start = moment_now();
    for (size_t k = 0; k < runs; k++) {
        const EpnetStatus status = body->run(body->argument, error);
        if (status != EPNET_OK)
            return status;
    }
    const Moment end = moment_now();
    *wall = (end.wall - start.wall) / (double)runs;
    *seconds = body->processor_time ? (end.processor - start.processor) / (double)runs : *wall;
    return EPNET_OK;
}

EpnetStatus epnet_bench_measure(const EpnetBench *bench, const EpnetBenchBody *bodies, size_t count,
                                double seconds, EpnetBenchTiming *timings, EpnetBenchTiming *ratio,
                                EpnetError *error) {
    double values[EPNET_BENCH_BODIES][REPEATS_MOST], walls[EPNET_BENCH_BODIES], ratios[REPEATS_MOST];
    size_t runs[EPNET_BENCH_BODIES];
    EpnetStatus status = EPNET_OK;
    for (size_t b = 0; b < count && status == EPNET_OK; b++) { /* the second time, all is warm */
        double once = 0;
        for (int k = 0; k < 2 && status == EPNET_OK; k++)
            status = time_round(&bodies[b], 1, &once, &walls[b], error);
        runs[b] = once < seconds ? (size_t)ceil(seconds / fmax(once, 1e-8)) : 1;
    }
    for (int r = 0; r < bench->repeats && status == EPNET_OK; r++) {
        for (size_t b = 0; b < count && status == EPNET_OK; b++)
            status = time_round(&bodies[b], runs[b], &values[b][r], &walls[b], error);
        ratios[r] = walls[0] / walls[count > 1 ? 1 : 0];
    }
    if (status != EPNET_OK)
        return status;
    for (size_t b = 0; b < count; b++)
        timings[b] = summary(values[b], bench->repeats);
    if (ratio != NULL)
        *ratio = summary(ratios, bench->repeats);
    return EPNET_OK;
}

/* ---- the suite ----------------------------------------------------------------------------------------- */

/* Sizes of a section; those beyond `quick` are left out of a quick run. */
typedef struct Sizes {
    EpnetStatus (*run)(EpnetBench *bench, int nodes, EpnetError *error);
    const int *nodes; /* ends with 0 */
    int quick;
} Sizes;

static EpnetStatus run_sizes(EpnetBench *bench, const Sizes *sizes, EpnetError *error) {
    for (const int *nodes = sizes->nodes; *nodes != 0; nodes++) {
        const EpnetStatus status =
            bench->options->quick && *nodes > sizes->quick ? EPNET_OK : sizes->run(bench, *nodes, error);
        if (status != EPNET_OK)
            return status;
        if (bench->options->stop != NULL && *bench->options->stop != 0)
            return epnet_fail(error, EPNET_INTERRUPTED, "interrupted");
    }
    return EPNET_OK;
}

static const int SMALL[] = {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0},
                 STATIONARY[] = {2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 0}, SPLIT[] = {12, 16, 20, 24, 0},
                 APPLIED[] = {5, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 0};

static EpnetStatus run_all(EpnetBench *bench, const Sizes *sections, size_t count, EpnetError *error) {
    EpnetStatus status = EPNET_OK;
    for (size_t i = 0; i < count && status == EPNET_OK; i++)
        status = run_sizes(bench, &sections[i], error);
    return status;
}

static EpnetStatus verdict(const EpnetBench *bench, EpnetError *error) {
    return bench->wrong ? epnet_fail(error, EPNET_INTERNAL, "a check failed: %s", bench->what) : EPNET_OK;
}

static EpnetStatus run_suite(EpnetBench *bench, EpnetError *error) {
    const Sizes checks[] = {{epnet_bench_check_size, SMALL, 8}, {epnet_bench_check_application, APPLIED, 18}};
    const Sizes times[] = {{epnet_bench_application, APPLIED, 18},
                           {epnet_bench_trajectories, SMALL, 8},
                           {epnet_bench_stationary, STATIONARY, 8},
                           {epnet_bench_split, SPLIT, 16}};
    EpnetStatus status = epnet_bench_check_references(bench, error);
    if (status == EPNET_OK)
        status = run_all(bench, checks, sizeof checks / sizeof *checks, error);
    if (status == EPNET_OK)
        status = verdict(bench, error);
    if (status == EPNET_OK)
        status = epnet_bench_limits(bench, error);
    if (status == EPNET_OK)
        status = run_all(bench, times, sizeof times / sizeof *times, error);
    return status;
}

/* The points of a spec, at most as many as a measurement takes, spread over its grid. */
static EpnetStatus run_spec(EpnetBench *bench, EpnetError *error) {
    enum { POINTS_MOST = 4096 };
    const EpnetSpec *spec = bench->options->spec;
    const size_t points = epnet_grid_points(spec->axes, spec->axis_count),
                 count = points < POINTS_MOST ? points : POINTS_MOST,
                 parameters = epnet_grid_parameter_count(&spec->network);
    EpnetProblemStorage storage;
    EpnetBenchCase item = {.count = count,
                           .points = epnet_calloc(count, sizeof *item.points),
                           .parameters = epnet_calloc(count * parameters, sizeof *item.parameters)};
    EpnetStatus status = epnet_problem_make(spec, &storage, error);
    if (status == EPNET_OK && (item.points == NULL || item.parameters == NULL))
        status = epnet_fail_memory(error, count * parameters * sizeof(double), "the points of the bench");
    for (size_t k = 0; k < count && status == EPNET_OK; k++) {
        const size_t at = count == 1 ? 0 : k * (points - 1) / (count - 1);
        item.points[k] = epnet_grid_point(&spec->network, spec->axes, spec->axis_count, at,
                                          item.parameters + k * parameters);
    }
    if (status == EPNET_OK) {
        item.problem = storage.problem;
        item.problem.keeps_trajectories = false;
        status = epnet_bench_check_case(bench, "points of the spec", &item, error);
    }
    if (status == EPNET_OK)
        status = verdict(bench, error);
    if (status == EPNET_OK)
        status = epnet_bench_sweep(bench, &item, error);
    epnet_problem_free(&storage);
    epnet_bench_case_free(&item);
    return status;
}

EpnetStatus epnet_bench(const EpnetBenchOptions *options, EpnetError *error) {
    const int wished = options->repeats > 0 ? options->repeats : options->quick ? 3 : 5;
    EpnetBench bench = {.options = options,
                        .repeats = wished < REPEATS_MOST ? wished : REPEATS_MOST,
                        .threads = options->threads > 0 ? options->threads : epnet_cores()};
    return options->spec != NULL ? run_spec(&bench, error) : run_suite(&bench, error);
}

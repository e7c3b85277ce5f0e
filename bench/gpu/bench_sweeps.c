/* Whole sweeps of five-node trajectories through the worker pool that `epnet run` uses: from the values of
 * the axes to rows in host memory. Nothing is written to a disk. */
#include "bench.h"

#include "device.h"
#include "oracle.h"
#include "problem.h"
#include "workers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Sweep {
    const GpuBench *bench;
    EpnetSpec spec;
    const char *device;
    size_t points, width;
    double *last; /* points x width */
    int *status;
    EpnetError error;
} Sweep;

static EpnetAxis make_axis(EpnetAxisKey key, size_t size, double from, double to) {
    EpnetAxis axis = {key, true, size, oracle_allocate(size, sizeof(double))};
    for (size_t k = 0; k < size; k++)
        axis.values[k] = from * pow(to / from, (double)k / (double)(size - 1));
    return axis;
}

/* side x side points over copy_total and drive of the complete graph. */
static bool make_spec(EpnetSpec *spec, size_t side, size_t samples, double t_end, EpnetError *error) {
    const int nodes = 5;
    memset(spec, 0, sizeof *spec);
    spec->network.nodes = nodes;
    spec->network.copy_kind = EPNET_COPY_TOTAL;
    spec->network.copy = 1;
    spec->network.flip_up = oracle_allocate((size_t)nodes, sizeof(double));
    spec->network.flip_down = oracle_allocate((size_t)nodes, sizeof(double));
    for (int i = 0; i < nodes; i++)
        spec->network.flip_up[i] = spec->network.flip_down[i] = 1;
    spec->kind = EPNET_TRAJECTORY;
    spec->method = EPNET_CHEBYSHEV;
    spec->tolerance = 1e-9;
    spec->keep_trajectories = EPNET_KEEP_NO;
    spec->time_count = samples;
    spec->times = oracle_allocate(samples, sizeof(double));
    for (size_t k = 0; k < samples; k++)
        spec->times[k] = t_end * (double)k / (double)(samples - 1);
    spec->cut_count = 1;
    spec->cuts = oracle_allocate(1, sizeof(EpnetCut));
    spec->cuts[0].mask = 3;
    spec->axis_count = 2;
    spec->axes = oracle_allocate(2, sizeof(EpnetAxis));
    spec->axes[0] = make_axis(EPNET_AXIS_COPY_TOTAL, side, 0.5, 10);
    spec->axes[1] = make_axis(EPNET_AXIS_DRIVE, side, 0.1, 10);
    return epnet_network_topology(&spec->network, "complete", error) == EPNET_OK;
}

static void free_spec(EpnetSpec *spec) {
    epnet_network_free(&spec->network);
    free(spec->times);
    free(spec->cuts);
    for (size_t a = 0; a < spec->axis_count; a++)
        free(spec->axes[a].values);
    free(spec->axes);
}

/* Copied at once: the ticket is the sweep itself. Workers keep different points. */
static void *keep(size_t first, size_t count, const EpnetChunk *chunk, void *context) {
    Sweep *sweep = context;
    memcpy(sweep->last + first * sweep->width, chunk->rows.last, count * sweep->width * sizeof(double));
    memcpy(sweep->status + first, chunk->rows.status, count * sizeof(int));
    return sweep;
}

static EpnetStatus kept(void *ticket, void *context, EpnetError *error) {
    (void)ticket;
    (void)context;
    (void)error;
    return EPNET_OK;
}

static bool run_sweep(void *argument) {
    Sweep *sweep = argument;
    EpnetProblemStorage problem;
    EpnetDevice device;
    EpnetQueue queue;
    char note[512];
    if (epnet_problem_make(&sweep->spec, &problem, &sweep->error) != EPNET_OK)
        return false;
    EpnetStatus status = epnet_device_choose(sweep->device, 0, &problem.problem, &device, &sweep->error);
    if (status == EPNET_OK)
        status = epnet_queue_make(&queue, sweep->points, &sweep->error);
    if (status == EPNET_OK) {
        const EpnetWork work = {.spec = &sweep->spec,
                                .problem = &problem.problem,
                                .device = &device,
                                .queue = &queue,
                                .keep = keep,
                                .kept = kept,
                                .context = sweep};
        status = epnet_workers_run(&work, note, sizeof note, &sweep->error);
        epnet_queue_free(&queue);
    }
    epnet_problem_free(&problem);
    return status == EPNET_OK;
}

static size_t points_failed(const Sweep *sweep) {
    size_t failed = 0;
    for (size_t k = 0; k < sweep->points; k++)
        failed += sweep->status[k] != EPNET_POINT_OK;
    return failed;
}

/* Seconds of a sweep, and its rows; NaN, and the report says why, if it failed. */
static double bench_sweep(const GpuBench *bench, const char *device, const char *section, size_t side,
                          int repeats, double *last) {
    char name[96];
    const bool full = bench->size == GPU_FULL;
    Sweep sweep = {.bench = bench,
                   .device = device,
                   .points = side * side,
                   .width = epnet_row_width(1),
                   .last = last,
                   .error = {.status = EPNET_OK}};
    GpuTiming timing = {NAN, NAN, NAN, 0};
    snprintf(name, sizeof name, "sweep of %zu five-node trajectories", sweep.points);
    sweep.status = oracle_allocate(sweep.points, sizeof(int));
    if (make_spec(&sweep.spec, side, full ? 101 : 3, full ? 10 : 1, &sweep.error) &&
        gpu_measure(run_sweep, &sweep, repeats, &timing)) {
        const GpuLine line = {
            section,
            name,
            5,
            sweep.points,
            "time",
            timing.median,
            repeats > 1 ? timing.low : NAN,
            repeats > 1 ? timing.high : NAN,
            "s",
            NAN,
            "",
            "spec to rows in memory through the worker pool, all columns at every time, 1e-9, no file"};
        gpu_report_line(bench->report, &line);
        gpu_report_check(bench->report, "points of the sweep that failed", 5, sweep.points,
                         (double)points_failed(&sweep), 0, device);
    } else {
        gpu_report_failure(bench->report, name, 5, sweep.error.message);
    }
    free_spec(&sweep.spec);
    free(sweep.status);
    return timing.median;
}

/* The largest difference of two tables, in units of 1 + the value. */
static double table_difference(size_t values, const double *a, const double *b) {
    double worst = 0;
    for (size_t i = 0; i < values; i++) {
        const bool both_nan = isnan(a[i]) && isnan(b[i]);
        const double difference = both_nan || a[i] == b[i] ? 0 : fabs(a[i] - b[i]) / (1 + fabs(b[i]));
        worst = !(difference <= worst) ? difference : worst;
    }
    return worst;
}

void gpu_bench_sweeps(const GpuBench *bench) {
    const bool full = bench->size == GPU_FULL;
    const size_t small = full ? 100 : 3, large = 1000, width = epnet_row_width(1);
    char device[32];
    if (!gpu_bench_goes_on(bench, "sweeps", 5))
        return;
    snprintf(device, sizeof device, bench->subject.backend->has_own_memory ? "%s:%d" : "%s",
             bench->subject.backend->name, bench->subject.device);
    double *last = oracle_allocate(small * small * width, sizeof(double)),
           *expected = oracle_allocate(small * small * width, sizeof(double));
    bench_sweep(bench, device, "sweep", small, full ? 5 : 1, last);
    bench_sweep(bench, "cpu", "cpu", small, 1, expected);
    gpu_report_check(bench->report, "rows of the sweep", 5, small * small,
                     table_difference(small * small * width, last, expected), 1e-8, "");
    free(last);
    free(expected);
    if (full && gpu_bench_goes_on(bench, "sweep of a million", 5)) {
        double *rows = oracle_allocate(large * large * width, sizeof(double));
        bench_sweep(bench, device, "sweep", large, 2, rows);
        free(rows);
    }
}

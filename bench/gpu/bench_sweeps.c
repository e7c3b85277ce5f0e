/* Whole sweeps of five nodes through the worker pool that `epnet run` uses, trajectories and an envelope:
 * from the values of the axes to rows in host memory. Nothing is written to a disk. */
#include "bench.h"

#include "compare.h"
#include "device.h"
#include "oracle.h"
#include "problem.h"
#include "workers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Trajectories over copy_total and drive; or, as docs/examples/kink.toml, laws and leaks over sigma and
 * copy_total, every point at the drive that dissipates sigma. */
typedef enum SweepKind { TRAJECTORIES, ENVELOPE } SweepKind;

typedef struct Sweep {
    SweepKind kind;
    EpnetSpec spec;
    const char *device;
    bool made;   /* the spec */
    size_t side; /* points along an axis */
    size_t points, width;
    double *last;    /* points x width */
    double *columns; /* points x EPNET_POINT_COLUMNS */
    int *status;
    EpnetError error;
} Sweep;

/* Every `stride`-th of `size` values, from the first to the last. */
static EpnetAxis make_axis(EpnetAxisKey key, size_t size, size_t stride, double from, double to) {
    const size_t count = (size - 1) / stride + 1;
    EpnetAxis axis = {key, true, count, oracle_allocate(count, sizeof(double))};
    for (size_t k = 0; k < count; k++)
        axis.values[k] = from * pow(to / from, (double)(k * stride) / (double)(size - 1));
    return axis;
}

static void set_trajectories(EpnetSpec *spec, bool full, size_t side, size_t stride) {
    const size_t samples = full ? 101 : 3;
    const double t_end = full ? 10 : 1;
    spec->kind = EPNET_TRAJECTORY;
    spec->time_count = samples;
    spec->times = oracle_allocate(samples, sizeof(double));
    for (size_t k = 0; k < samples; k++)
        spec->times[k] = t_end * (double)k / (double)(samples - 1);
    spec->axes[0] = make_axis(EPNET_AXIS_COPY_TOTAL, side, stride, 0.5, 10);
    spec->axes[1] = make_axis(EPNET_AXIS_DRIVE, side, stride, 0.1, 10);
}

static void set_envelope(EpnetSpec *spec, bool full, size_t side, size_t stride) {
    spec->kind = EPNET_STATIONARY;
    spec->network.constant_drive = true;
    spec->leak = (EpnetLeakSettings){EPNET_LEAK_QUENCH, {0.5, 0.01}, full ? 101 : 5, full ? 1000 : 20, 1};
    spec->axes[0] = make_axis(EPNET_AXIS_SIGMA, side, stride, 0.1, 10);
    spec->axes[1] = make_axis(EPNET_AXIS_COPY_TOTAL, side, stride, 0.1, 1000);
}

/* Points of the complete graph with a cut. */
static bool make_spec(Sweep *sweep, bool full, size_t side, size_t stride) {
    const int nodes = 5;
    EpnetSpec *spec = &sweep->spec;
    spec->network.nodes = nodes;
    spec->network.copy_kind = EPNET_COPY_TOTAL;
    spec->network.copy = 1;
    spec->network.flip_up = oracle_allocate((size_t)nodes, sizeof(double));
    spec->network.flip_down = oracle_allocate((size_t)nodes, sizeof(double));
    for (int i = 0; i < nodes; i++)
        spec->network.flip_up[i] = spec->network.flip_down[i] = 1;
    spec->method = EPNET_CHEBYSHEV;
    spec->tolerance = 1e-9;
    spec->keep_trajectories = EPNET_KEEP_NO;
    spec->cut_count = 1;
    spec->cuts = oracle_allocate(1, sizeof(EpnetCut));
    spec->cuts[0].mask = 3;
    spec->axis_count = 2;
    spec->axes = oracle_allocate(2, sizeof(EpnetAxis));
    (sweep->kind == TRAJECTORIES ? set_trajectories : set_envelope)(spec, full, side, stride);
    return epnet_network_topology(&spec->network, "complete", &sweep->error) == EPNET_OK;
}

/* That its spec could not be made is said by whoever runs it. */
static Sweep make_sweep(const GpuBench *bench, SweepKind kind, const char *device, size_t side,
                        size_t stride) {
    Sweep sweep = {
        .kind = kind, .device = device, .side = (side - 1) / stride + 1, .width = epnet_row_width(1)};
    sweep.points = sweep.side * sweep.side;
    sweep.last = oracle_allocate(sweep.points * sweep.width, sizeof(double));
    sweep.columns = oracle_allocate(sweep.points * EPNET_POINT_COLUMNS, sizeof(double));
    sweep.status = oracle_allocate(sweep.points, sizeof(int));
    sweep.made = make_spec(&sweep, bench->size == GPU_FULL, side, stride);
    return sweep;
}

static void free_sweep(Sweep *sweep) {
    EpnetSpec *spec = &sweep->spec;
    epnet_network_free(&spec->network);
    free(spec->times);
    free(spec->cuts);
    for (size_t a = 0; a < spec->axis_count; a++)
        free(spec->axes[a].values);
    free(spec->axes);
    free(sweep->last);
    free(sweep->columns);
    free(sweep->status);
}

/* Copied at once: the ticket is the sweep itself. Workers keep different points. */
static void *keep(size_t first, size_t count, const EpnetChunk *chunk, void *context) {
    Sweep *sweep = context;
    memcpy(sweep->last + first * sweep->width, chunk->rows.last, count * sweep->width * sizeof(double));
    if (sweep->kind == ENVELOPE)
        memcpy(sweep->columns + first * EPNET_POINT_COLUMNS, chunk->rows.point,
               count * EPNET_POINT_COLUMNS * sizeof(double));
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
    if (!sweep->made || epnet_problem_make(&sweep->spec, &problem, &sweep->error) != EPNET_OK)
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

/* Where point k of a sweep of every `stride`-th value is among all; both axes are alike. */
static size_t place_of(const Sweep *sweep, const Sweep *expected, size_t stride, size_t k) {
    return k / expected->side * stride * sweep->side + k % expected->side * stride;
}

/* The largest difference of rows from those of a sweep of every `stride`-th value, in units of 1 + the value.
 */
static double rows_difference(const Sweep *sweep, const Sweep *expected, size_t stride) {
    double worst = 0;
    for (size_t k = 0; k < expected->points; k++) {
        const double *a = sweep->last + place_of(sweep, expected, stride, k) * sweep->width,
                     *b = expected->last + k * sweep->width;
        for (size_t c = 0; c < sweep->width; c++)
            worst = fmax(worst, gpu_difference(a[c], b[c], 1 + fabs(b[c])));
    }
    return worst;
}

/* The same of drives and leaks, in units of the value. */
static double columns_difference(const Sweep *sweep, const Sweep *expected, size_t stride) {
    double worst = 0;
    for (size_t k = 0; k < expected->points; k++) {
        const double *a = sweep->columns + place_of(sweep, expected, stride, k) * EPNET_POINT_COLUMNS,
                     *b = expected->columns + k * EPNET_POINT_COLUMNS;
        for (size_t c = 0; c < EPNET_POINT_COLUMNS; c++)
            worst = a[c] == b[c] ? worst : fmax(worst, gpu_difference(a[c], b[c], fabs(b[c])));
    }
    return worst;
}

/* Every point well, and the rows those of the CPU backend as far as that has solved them: within ten
 * tolerances, and as near as drives and leaks are found. */
static bool is_right(const GpuBench *bench, const Sweep *sweep, const Sweep *expected, size_t stride) {
    const bool envelope = sweep->kind == ENVELOPE;
    return gpu_report_check(bench->report, "points of the sweep that failed", 5, sweep->points,
                            (double)points_failed(sweep), 0, sweep->device) &&
           gpu_report_check(bench->report, "rows of the sweep", 5, expected->points,
                            rows_difference(sweep, expected, stride),
                            envelope ? 1e-7 : 10 * sweep->spec.tolerance, "") &&
           (!envelope || gpu_report_check(bench->report, "drives and leaks of the sweep", 5, expected->points,
                                          columns_difference(sweep, expected, stride), 1e-6, ""));
}

/* Time a sweep; false if it cannot be run. */
static bool time_sweep(const GpuBench *bench, const char *section, const char *name, Sweep *sweep,
                       int repeats) {
    static const char *const notes[] = {
        "spec to rows in memory through the worker pool, all columns at every time, 1e-9, no file",
        "spec to rows in memory through the worker pool: drives, laws with all columns, leaks with 1000 "
        "replicates, no file"};
    GpuTiming timing;
    if (!gpu_measure(run_sweep, sweep, repeats, &timing))
        return false;
    const GpuLine line = {section,
                          name,
                          5,
                          sweep->points,
                          "time",
                          timing.median,
                          repeats > 1 ? timing.low : NAN,
                          repeats > 1 ? timing.high : NAN,
                          "s",
                          NAN,
                          "",
                          notes[sweep->kind]};
    gpu_report_line(bench->report, &line);
    return true;
}

/* side x side points on the device, after every `stride`-th along both axes on the CPU, which is timed where
 * that is all of them. */
static void bench_sweep(const GpuBench *bench, SweepKind kind, const char *device, size_t side, size_t stride,
                        int repeats) {
    char name[96];
    snprintf(name, sizeof name, "sweep of %zu five-node %s", side * side,
             kind == TRAJECTORIES ? "trajectories" : "points of an envelope");
    if (!gpu_bench_goes_on(bench, name, 5))
        return;
    Sweep expected = make_sweep(bench, kind, "cpu", side, stride),
          sweep = make_sweep(bench, kind, device, side, 1);
    const bool known = stride > 1 ? run_sweep(&expected) : time_sweep(bench, "cpu", name, &expected, 1);
    if (!known)
        gpu_report_failure(bench->report, name, 5, expected.error.message);
    else if (!run_sweep(&sweep) || (is_right(bench, &sweep, &expected, stride) &&
                                    !time_sweep(bench, "sweep", name, &sweep, repeats)))
        gpu_report_failure(bench->report, name, 5, sweep.error.message);
    free_sweep(&expected);
    free_sweep(&sweep);
}

void gpu_bench_sweeps(const GpuBench *bench) {
    const bool full = bench->size == GPU_FULL;
    char device[32];
    snprintf(device, sizeof device, bench->subject.backend->has_own_memory ? "%s:%d" : "%s",
             bench->subject.backend->name, bench->subject.device);
    bench_sweep(bench, TRAJECTORIES, device, full ? 100 : 3, 1, full ? 5 : 1);
    bench_sweep(bench, TRAJECTORIES, device, full ? 1000 : 5, full ? 37 : 2, full ? 2 : 1);
    bench_sweep(bench, ENVELOPE, device, full ? 64 : 2, 1, full ? 5 : 1);
}

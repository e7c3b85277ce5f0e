/* Resident sizes: the time loop, and whole trajectories with all columns. */
#include "bench.h"

#include "bounds.h"
#include "compare.h"
#include "cpu/evolve.h"
#include "generator.h"

#include <math.h>
#include <stdio.h>

/* A batch that is solved again and again in one context. */
typedef struct Job {
    const GpuEngine *engine;
    void *context;
    GpuCase *item;
    GpuRows rows;
    EpnetError error;
} Job;

static bool solve_once(void *argument) {
    Job *job = argument;
    return gpu_solve_in(job->engine, job->context, &job->item->problem, job->item->points, job->rows.count,
                        &job->rows, &job->error) == EPNET_OK;
}

/* Time a case on an engine; the rows stay in `rows`. False: the report says why. */
static bool time_case(const GpuBench *bench, const GpuEngine *engine, const char *name, GpuCase *item,
                      int repeats, GpuRows *rows, GpuTiming *timing) {
    Job job = {.engine = engine, .item = item, .rows = *rows, .error = {.status = EPNET_OK}};
    bool good = engine->backend->open(&item->problem, engine->device, engine->threads, &job.context,
                                      &job.error) == EPNET_OK;
    if (good) {
        good = gpu_measure(solve_once, &job, repeats, timing);
        engine->backend->close(job.context);
    }
    for (size_t k = 0; k < rows->count && good; k++) {
        good = rows->rows.status[k] == EPNET_POINT_OK;
        if (!good)
            snprintf(job.error.message, sizeof job.error.message, "point %zu has status %d", k,
                     rows->rows.status[k]);
    }
    if (!good)
        gpu_report_failure(bench->report, name, item->shape.nodes, job.error.message);
    return good;
}

/* Applications of L that the points of a case take on average, counted by the CPU's integrator, which takes
 * the same decisions, on the first few. NaN: no memory. */
static double applications_of(const GpuCase *item) {
    const size_t some = item->shape.nodes <= 13 ? 4 : 1;
    const size_t count = item->shape.points < some ? item->shape.points : some;
    EpnetGenerator generator;
    EpnetEvolution evolution;
    double sum = NAN;
    if (!epnet_generator_alloc(&generator, item->shape.nodes))
        return sum;
    if (epnet_evolution_alloc(&evolution, &item->problem)) {
        sum = 0;
        for (size_t k = 0; k < count; k++) {
            epnet_generator_set(&generator, &item->problem, &item->points[k], NULL, true);
            EpnetPointStatus status = epnet_evolution_start(&evolution, &generator, item->problem.initial);
            for (size_t t = 0; t < item->problem.time_count && status == EPNET_POINT_OK; t++)
                status = epnet_evolution_advance(&evolution, t);
            sum += (double)evolution.applications / (double)count;
        }
    }
    epnet_evolution_free(&evolution);
    epnet_generator_free(&generator);
    return sum;
}

static GpuShape shape_of(int nodes, size_t points, double t_end, size_t samples) {
    return (GpuShape){.nodes = nodes,
                      .points = points,
                      .network = GPU_GENERIC,
                      .start = GPU_PURE,
                      .kind = EPNET_TRAJECTORY,
                      .method = EPNET_CHEBYSHEV,
                      .tolerance = 1e-9,
                      .t_end = t_end,
                      .samples = samples,
                      .cuts = nodes > 1 ? 1 : 0,
                      .seed = 71};
}

/* ---- the time loop ------------------------------------------------------------------------------------- */

/* One sample at the end of a long time: next to nothing but applications. */
static void bench_steps(const GpuBench *bench, int nodes, size_t points) {
    const bool full = bench->size == GPU_FULL;
    const GpuShape shape = shape_of(nodes, points, !full ? 5 : nodes <= 13 ? 1000 : 100, 1);
    char name[96];
    snprintf(name, sizeof name, "time loop: one sample after %g s", shape.t_end);
    if (!gpu_bench_goes_on(bench, name, nodes))
        return;
    GpuCase item = gpu_case_make(&shape);
    GpuRows rows = gpu_rows_make(&item.problem, points, false);
    GpuTiming timing;
    if (time_case(bench, &bench->subject, name, &item, full ? 5 : 2, &rows, &timing)) {
        const double applications = applications_of(&item), bound = gpu_bound_steps(nodes),
                     rate = applications * (double)points / timing.median;
        char note[120];
        if (isnan(bound))
            snprintf(note, sizeof note, "%.0f applications a point; no bound worked out", applications);
        else
            snprintf(note, sizeof note, "%.0f applications a point; %.3g of the bound", applications,
                     rate / bound);
        gpu_bench_rate(bench, "steps", name, nodes, points, "applications x points", "1/s",
                       applications * (double)points, &timing, bound, note);
    }
    gpu_rows_free(&rows);
    gpu_case_free(&item);
}

/* ---- whole trajectories -------------------------------------------------------------------------------- */

/* The CPU backend on all cores, on the first points of the same case; the subject's rows are compared with
 * its. */
static void bench_cpu(const GpuBench *bench, const char *name, GpuCase *item, const GpuRows *subject,
                      double subject_rate) {
    const int nodes = item->shape.nodes;
    const size_t most = (size_t)bench->reference.threads * (nodes <= 9    ? 64
                                                            : nodes <= 13 ? 4
                                                                          : 1),
                 points = most < item->shape.points ? most : item->shape.points;
    GpuRows rows = gpu_rows_make(&item->problem, points, false), first = *subject;
    GpuTiming timing;
    char where[160], note[240];
    first.count = points;
    if (time_case(bench, &bench->reference, name, item, 3, &rows, &timing)) {
        const double worst = gpu_rows_difference(&item->problem, &first, &rows, where);
        const double rate = (double)points / timing.median;
        gpu_report_check(bench->report, "trajectories that are timed", item->shape.nodes, points, worst,
                         10 * item->problem.tolerance, where);
        snprintf(note, sizeof note, "%d threads; %s is %.3g times as fast", bench->reference.threads,
                 bench->subject.backend->name, subject_rate / rate);
        gpu_bench_rate(bench, "cpu", name, item->shape.nodes, points, "trajectories", "1/s", (double)points,
                       &timing, NAN, note);
    }
    gpu_rows_free(&rows);
}

static void bench_whole(const GpuBench *bench, int nodes, size_t points) {
    const bool full = bench->size == GPU_FULL;
    const GpuShape shape = shape_of(nodes, points, full ? 10 : 1, full ? 101 : 3);
    char name[96];
    snprintf(name, sizeof name, "trajectories: %zu samples in %g s, all columns", shape.samples, shape.t_end);
    if (!gpu_bench_goes_on(bench, name, nodes))
        return;
    GpuCase item = gpu_case_make(&shape);
    GpuRows rows = gpu_rows_make(&item.problem, points, false);
    GpuTiming timing;
    if (time_case(bench, &bench->subject, name, &item, full ? 5 : 2, &rows, &timing)) {
        char note[120];
        snprintf(note, sizeof note, "tolerance %g, %.0f applications a point, transfers included",
                 item.problem.tolerance, applications_of(&item));
        gpu_bench_rate(bench, "trajectories", name, nodes, points, "trajectories", "1/s", (double)points,
                       &timing, NAN, note);
        bench_cpu(bench, name, &item, &rows, (double)points / timing.median);
    }
    gpu_rows_free(&rows);
    gpu_case_free(&item);
}

void gpu_bench_trajectories(const GpuBench *bench) {
    static const int order[] = {5, 8, 10, 12, 13, 15, 2, 3,
                                4, 6, 7,  9,  11, 14, 16}; /* a regime each, then the rest */
    static const size_t points[] = {[2] = 262144, [3] = 262144, [4] = 131072, [5] = 131072, [6] = 65536,
                                    [7] = 32768,  [8] = 16384,  [9] = 8192,   [10] = 4096,  [11] = 2112,
                                    [12] = 1056,  [13] = 528,   [14] = 264,   [15] = 264,   [16] = 132};
    const size_t count = bench->size == GPU_FULL ? sizeof order / sizeof *order : 2;
    for (size_t i = 0; i < count; i++) {
        const int nodes = order[i];
        const size_t many = bench->size == GPU_FULL ? points[nodes] : 3;
        bench_steps(bench, nodes, many);
        bench_whole(bench, nodes, many);
    }
}

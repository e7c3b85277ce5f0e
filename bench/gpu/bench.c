#include "bench.h"

#include "compare.h"
#include "oracle.h"
#include "threading.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPEATS_MOST = 15 };

bool gpu_bench_goes_on(const GpuBench *bench, const char *name, int nodes) {
    if (epnet_seconds_now() < bench->deadline)
        return true;
    gpu_report_absence(bench->report, "bench", name, nodes, "no time was left for it");
    return false;
}

/* The number after `key` in a file of the kernel's ("": the first); infinite if there is none. */
static double number_in(const char *path, const char *key) {
    char line[256];
    double number = INFINITY;
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return number;
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, key, strlen(key)) == 0 && sscanf(line + strlen(key), "%lf", &number) == 1)
            break;
    fclose(file);
    return number;
}

double gpu_host_memory(void) {
    const double spare = 1024 * number_in("/proc/meminfo", "MemAvailable:"),
                 limit = fmin(number_in("/sys/fs/cgroup/memory.max", ""),
                              number_in("/sys/fs/cgroup/memory/memory.limit_in_bytes", "")),
                 least = fmin(spare, limit);
    return isfinite(least) ? least : 0;
}

bool gpu_bench_fits_host(const GpuBench *bench, const char *section, const char *name, int nodes,
                         double bytes) {
    char reason[120];
    if (bench->host_memory <= 0 || bytes <= bench->host_memory)
        return true;
    snprintf(reason, sizeof reason, "it takes %.2g GiB of the host's memory, which has %.2g to spare",
             ldexp(bytes, -30), ldexp(bench->host_memory, -30));
    gpu_report_absence(bench->report, section, name, nodes, reason);
    return false;
}

/* ---- validate ------------------------------------------------------------------------------------------ */

/* So many that the CPU solves them in a moment; the first and the last are among them. */
static size_t points_compared(int nodes, size_t points) {
    const size_t few = nodes <= 7 ? 64 : nodes <= 10 ? 8 : 4;
    return few < points ? few : points;
}

static bool solve_reference(const GpuBench *bench, const char *name, const GpuCase *item,
                            const EpnetPoint *points, GpuRows *rows) {
    const GpuEngine *reference = &bench->reference;
    EpnetError error = {.status = EPNET_OK};
    const EpnetMemoryNeed need =
        reference->backend->need(&item->problem, reference->device, reference->threads);
    const double bytes = (double)need.of_point * need.in_flight;
    if (!gpu_bench_fits_host(bench, "bench", name, item->shape.nodes, bytes))
        return false;
    if (gpu_solve(reference, &item->problem, points, rows, &error) == EPNET_OK)
        return true;
    gpu_report_absence(bench->report, "bench", name, item->shape.nodes, error.message);
    return false;
}

bool gpu_bench_agrees(const GpuBench *bench, const char *name, const GpuCase *item, const GpuRows *rows) {
    const size_t count = points_compared(item->shape.nodes, rows->count);
    const EpnetProblem *problem = &item->problem;
    EpnetPoint *points = oracle_allocate(count, sizeof *points);
    GpuRows some = gpu_rows_make(problem, count, rows->rows.trajectory != NULL),
            expected = gpu_rows_make(problem, count, true);
    char label[160], where[160];
    for (size_t k = 0; k < count; k++) {
        const size_t at = count > 1 ? k * (rows->count - 1) / (count - 1) : 0;
        points[k] = item->points[at];
        gpu_rows_copy(&some, k, rows, at);
    }
    snprintf(label, sizeof label, "rows that are timed: %s", name);
    bool agrees = solve_reference(bench, label, item, points, &expected);
    if (agrees) {
        const double worst = gpu_rows_difference(problem, &some, &expected, where);
        agrees = gpu_report_check(bench->report, label, item->shape.nodes, count, worst,
                                  gpu_rows_limit(problem), where);
    }
    free(points);
    gpu_rows_free(&some);
    gpu_rows_free(&expected);
    return agrees;
}

/* ---- time ---------------------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

GpuTiming gpu_timing(double *seconds, int count) {
    qsort(seconds, (size_t)count, sizeof seconds[0], ascending);
    const double median =
        count % 2 == 1 ? seconds[count / 2] : (seconds[count / 2 - 1] + seconds[count / 2]) / 2;
    return (GpuTiming){median, seconds[0], seconds[count - 1], count};
}

bool gpu_measure(bool (*body)(void *argument), void *argument, int repeats, GpuTiming *timing) {
    double seconds[REPEATS_MOST];
    const int count = repeats < REPEATS_MOST ? repeats : REPEATS_MOST;
    if (!body(argument))
        return false;
    for (int i = 0; i < count; i++) {
        const double start = epnet_seconds_now();
        if (!body(argument))
            return false;
        seconds[i] = epnet_seconds_now() - start;
    }
    *timing = gpu_timing(seconds, count);
    return true;
}

typedef struct Job {
    const GpuEngine *engine;
    void *context;
    const GpuCase *item;
    GpuRows *rows;
    EpnetError error;
} Job;

static bool solve_once(void *argument) {
    Job *job = argument;
    return gpu_solve_in(job->engine, job->context, &job->item->problem, job->item->points, job->rows->count,
                        job->rows, &job->error) == EPNET_OK;
}

static bool all_well(Job *job) {
    for (size_t k = 0; k < job->rows->count; k++) {
        if (job->rows->rows.status[k] != EPNET_POINT_OK) {
            snprintf(job->error.message, sizeof job->error.message, "point %zu has status %d", k,
                     job->rows->rows.status[k]);
            return false;
        }
    }
    return true;
}

bool gpu_bench_time(const GpuBench *bench, const GpuEngine *engine, const char *name, const GpuCase *item,
                    int repeats, GpuRows *rows, GpuTiming *timing) {
    Job job = {.engine = engine, .item = item, .rows = rows, .error = {.status = EPNET_OK}};
    bool good = engine->backend->open(&item->problem, engine->device, engine->threads, &job.context,
                                      &job.error) == EPNET_OK,
         agrees = true;
    if (good) {
        if (engine == &bench->subject) {
            good = solve_once(&job) && all_well(&job);
            agrees = good && gpu_bench_agrees(bench, name, item, rows);
        }
        if (good && agrees)
            good = gpu_measure(solve_once, &job, repeats, timing) && all_well(&job);
        engine->backend->close(job.context);
    }
    if (!good)
        gpu_report_failure(bench->report, name, item->shape.nodes, job.error.message);
    return good && agrees;
}

void gpu_bench_rate(const GpuBench *bench, const char *section, const char *name, int nodes, size_t points,
                    const char *quantity, const char *unit, double amount, const GpuTiming *timing,
                    double limit, const char *note) {
    const bool repeated = timing->repeats > 1; /* else there is no spread */
    const GpuLine line = {section,
                          name,
                          nodes,
                          points,
                          quantity,
                          amount / timing->median,
                          repeated ? amount / timing->high : NAN,
                          repeated ? amount / timing->low : NAN,
                          unit,
                          limit,
                          "",
                          note};
    gpu_report_line(bench->report, &line);
}

void gpu_bench_run(const GpuBench *bench) {
    if (bench->kernels != NULL)
        bench->kernels(bench->report, bench->subject.device);
    gpu_bench_peers(bench);
    gpu_bench_trajectories(bench, GPU_FIRST);
    gpu_bench_sweeps(bench);
    const double copies = gpu_bench_copies(bench);
    for (GpuPart part = GPU_FIRST; part <= GPU_LAST; part++) {
        /* The last is the largest network: its start alone is a vector of 2^30 on the host. */
        if (part == GPU_LAST && bench->size == GPU_FULL &&
            !gpu_bench_fits_host(bench, "application", "one application of L", 30, 1.25 * 0x1p33))
            continue;
        gpu_bench_applications(bench, part, copies);
        gpu_bench_sparse(bench, part);
        if (part == GPU_FIRST) {
            gpu_bench_dense(bench);
            gpu_bench_trajectories(bench, GPU_REST);
        }
    }
}

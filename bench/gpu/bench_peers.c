/* Points for the peers: everything that another program needs to solve the same trajectories, our rows to
 * hold its against, and our time for them. A JSON file. */
#include "bench.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CHECKED_POINTS = 4 };

static void put_numbers(FILE *file, const char *name, const double *values, size_t count, size_t stride) {
    fprintf(file, ",\n\"%s\": [", name);
    for (size_t k = 0; k < count; k++)
        fprintf(file, "%s%.17g", k > 0 ? ", " : "", values[k * stride]);
    fputs("]", file);
}

static void put_nodes(FILE *file, const char *name, const int *values, size_t count) {
    fprintf(file, ",\n\"%s\": [", name);
    for (size_t k = 0; k < count; k++)
        fprintf(file, "%s%d", k > 0 ? ", " : "", values[k]);
    fputs("]", file);
}

/* A column of the first points at every time, point after point. */
static void put_column(FILE *file, const char *name, const GpuRows *rows, EpnetColumn column, size_t points) {
    put_numbers(file, name, rows->rows.trajectory + column, points * rows->time_count, rows->width);
}

static void put_case(FILE *file, const GpuCase *item, const GpuRows *rows, const GpuTiming *timing) {
    const size_t nodes = (size_t)item->shape.nodes, edges = item->network.edge_count,
                 count = item->shape.points, checked = count < CHECKED_POINTS ? count : CHECKED_POINTS;
    size_t start = 0;
    while (item->initial[start] <= 0)
        start++;
    fprintf(
        file,
        "{\"nodes\": %zu, \"points\": %zu, \"checked_points\": %zu, \"start_state\": %zu, \"tolerance\": %g",
        nodes, count, checked, start, item->problem.tolerance);
    fprintf(file, ", \"seconds\": %.6g, \"seconds_low\": %.6g, \"seconds_high\": %.6g", timing->median,
            timing->low, timing->high);
    put_nodes(file, "source", item->problem.source, edges);
    put_nodes(file, "target", item->problem.target, edges);
    put_numbers(file, "times", item->times, item->problem.time_count, 1);
    put_numbers(file, "parameters", item->parameters, count * 2 * (nodes + edges),
                1); /* up, down, rate, drive */
    put_column(file, "multiinformation", rows, EPNET_MULTIINFORMATION, checked);
    put_column(file, "entropy", rows, EPNET_ENTROPY, checked);
    put_column(file, "activity", rows, EPNET_ACTIVITY, checked);
    fputs("}", file);
}

typedef struct Job {
    const GpuBench *bench;
    void *context;
    const GpuCase *item;
    GpuRows rows;
    EpnetError error;
} Job;

static bool solve_once(void *argument) {
    Job *job = argument;
    return gpu_solve_in(&job->bench->subject, job->context, &job->item->problem, job->item->points,
                        job->rows.count, &job->rows, &job->error) == EPNET_OK;
}

static bool all_ok(const GpuRows *rows) {
    for (size_t k = 0; k < rows->count; k++)
        if (rows->rows.status[k] != EPNET_POINT_OK)
            return false;
    return true;
}

static void write_case(const GpuBench *bench, FILE *file, int nodes, size_t points) {
    const bool full = bench->size == GPU_FULL;
    const GpuShape shape = {.nodes = nodes,
                            .points = points,
                            .network = GPU_GENERIC,
                            .start = GPU_PURE,
                            .kind = EPNET_TRAJECTORY,
                            .method = EPNET_CHEBYSHEV,
                            .tolerance = 1e-9,
                            .t_end = full ? 10 : 1,
                            .samples = full ? 101 : 11,
                            .cuts = 1,
                            .seed = 97};
    GpuCase item = gpu_case_make(&shape);
    const GpuEngine *subject = &bench->subject;
    Job job = {.bench = bench,
               .item = &item,
               .rows = gpu_rows_make(&item.problem, points, true),
               .error = {.status = EPNET_OK}};
    GpuTiming timing;
    bool good = subject->backend->open(&item.problem, subject->device, subject->threads, &job.context,
                                       &job.error) == EPNET_OK;
    if (good) {
        good = gpu_measure(solve_once, &job, full ? 5 : 1, &timing);
        subject->backend->close(job.context);
    }
    if (good && all_ok(&job.rows))
        put_case(file, &item, &job.rows, &timing);
    else
        gpu_report_failure(bench->report, "points for the peers", nodes,
                           good ? "a point failed" : job.error.message);
    gpu_rows_free(&job.rows);
    gpu_case_free(&item);
}

void gpu_bench_peers(const GpuBench *bench) {
    const bool full = bench->size == GPU_FULL;
    if (bench->peers == NULL)
        return;
    FILE *file = fopen(bench->peers, "w");
    if (file == NULL) {
        gpu_report_failure(bench->report, "points for the peers", 0, strerror(errno));
        return;
    }
    fprintf(file, "{\"backend\": \"%s\", \"cases\": [\n", bench->subject.backend->name);
    write_case(bench, file, full ? 5 : 3, full ? 4096 : 3);
    fputs(",\n", file);
    write_case(bench, file, full ? 8 : 4, full ? 512 : 2);
    fputs("]}\n", file);
    const bool written = !ferror(file);
    if (fclose(file) != 0 || !written)
        gpu_report_failure(bench->report, "points for the peers", 0, "not everything could be written");
}

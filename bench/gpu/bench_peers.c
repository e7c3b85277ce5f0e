/* Points for the peers: everything that another program needs to solve the same trajectories, our rows to
 * hold its against, and our time for them. A JSON file; the points' parameters, numbers of the machine, lie
 * beside it in FILE.parameters, case after case. */
#include "bench.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECKED_POINTS = 4 };

typedef struct Files {
    FILE *json, *parameters;
    size_t doubles; /* in `parameters` so far */
    size_t cases;
} Files;

/* What comes back to the host, as peers are timed too. */
typedef enum Returned { RETURN_TABLE, RETURN_LAST, RETURNS } Returned;

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

static void put_case(Files *files, const GpuCase *item, const GpuRows *rows, const GpuTiming *timings) {
    static const char *const names[RETURNS] = {"table", "last"};
    const size_t nodes = (size_t)item->shape.nodes, edges = item->network.edge_count,
                 count = item->shape.points, checked = count < CHECKED_POINTS ? count : CHECKED_POINTS,
                 doubles = count * 2 * (nodes + edges);
    FILE *file = files->json;
    size_t start = 0;
    while (item->initial[start] <= 0)
        start++;
    fprintf(file, "%s{\"nodes\": %zu, \"points\": %zu, \"checked_points\": %zu, \"start_state\": %zu",
            files->cases > 0 ? ",\n" : "", nodes, count, checked, start);
    fprintf(file, ", \"tolerance\": %g, \"parameters_from\": %zu", item->problem.tolerance, files->doubles);
    for (int r = 0; r < RETURNS; r++)
        fprintf(file, ", \"seconds_%s\": %.6g", names[r], timings[r].median);
    put_nodes(file, "source", item->problem.source, edges);
    put_nodes(file, "target", item->problem.target, edges);
    put_numbers(file, "times", item->times, item->problem.time_count, 1);
    put_column(file, "multiinformation", rows, EPNET_MULTIINFORMATION, checked);
    put_column(file, "entropy", rows, EPNET_ENTROPY, checked);
    put_column(file, "activity", rows, EPNET_ACTIVITY, checked);
    fputs("}", file);
    /* of a point: up, down, rate, drive */
    fwrite(item->parameters, sizeof(double), doubles, files->parameters);
    files->doubles += doubles;
    files->cases++;
}

/* Both ways of returning; the rows of the table stay. False: the report says why. */
static bool time_both(const GpuBench *bench, const GpuCase *item, int repeats, GpuRows *rows,
                      GpuTiming *timings) {
    static const char *const names[RETURNS] = {"epnet, table", "epnet, last rows"};
    static const char *const notes[RETURNS] = {"every column at every time to the host",
                                               "last rows and extremes to the host"};
    for (int r = RETURNS - 1; r >= 0; r--) {
        gpu_rows_free(rows);
        *rows = gpu_rows_make(&item->problem, item->shape.points, r == RETURN_TABLE);
        if (!gpu_bench_time(bench, &bench->subject, names[r], item, repeats, rows, &timings[r]))
            return false;
        gpu_bench_rate(bench, "peer", names[r], item->shape.nodes, item->shape.points, "trajectories", "1/s",
                       (double)item->shape.points, &timings[r], NAN, notes[r]);
    }
    return true;
}

static void write_case(const GpuBench *bench, Files *files, int nodes, size_t points, int repeats) {
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
    if (!gpu_bench_goes_on(bench, "points for the peers", nodes))
        return;
    GpuCase item = gpu_case_make(&shape);
    GpuTiming timings[RETURNS];
    GpuRows rows = {0};
    if (time_both(bench, &item, repeats, &rows, timings))
        put_case(files, &item, &rows, timings);
    gpu_rows_free(&rows);
    gpu_case_free(&item);
}

static bool open_files(const char *path, Files *files) {
    char *beside = NULL;
    *files = (Files){fopen(path, "w"), NULL, 0, 0};
    if (files->json != NULL && asprintf(&beside, "%s.parameters", path) > 0)
        files->parameters = fopen(beside, "w");
    free(beside);
    return files->parameters != NULL;
}

/* False: not everything could be written. */
static bool close_files(const Files *files) {
    bool good = true;
    FILE *const all[] = {files->json, files->parameters};
    for (size_t i = 0; i < 2; i++) {
        good = good && all[i] != NULL && !ferror(all[i]);
        if (all[i] != NULL && fclose(all[i]) != 0)
            good = false;
    }
    return good;
}

void gpu_bench_peers(const GpuBench *bench) {
    const bool full = bench->size == GPU_FULL;
    Files files;
    if (bench->peers == NULL)
        return;
    if (!open_files(bench->peers, &files)) {
        gpu_report_failure(bench->report, "points for the peers", 0, strerror(errno));
        (void)close_files(&files);
        return;
    }
    fprintf(files.json, "{\"backend\": \"%s\", \"cases\": [\n", bench->subject.backend->name);
    write_case(bench, &files, full ? 5 : 3, full ? 4096 : 3, full ? 5 : 1);
    write_case(bench, &files, full ? 8 : 4, full ? 512 : 2, full ? 5 : 1);
    write_case(bench, &files, full ? 5 : 3, full ? 131072 : 6, full ? 3 : 1); /* what fills the device */
    fputs("]}\n", files.json);
    if (!close_files(&files))
        gpu_report_failure(bench->report, "points for the peers", 0, "not everything could be written");
}

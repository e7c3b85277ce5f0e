/* The sweep: grid of points -> queue -> workers -> rows -> grid file. */
#include "dataset.h"
#include "failures.h"
#include "outfile.h"
#include "problem.h"
#include "status.h"
#include "workers.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- the run ----------------------------------------------------------------------------------------- */

EpnetStatus epnet_run_output(const EpnetSpec *spec, char *output, size_t size, EpnetError *error) {
    const char *slash = strrchr(spec->path, '/'), *name = slash == NULL ? spec->path : slash + 1;
    const char *dot = strrchr(name, '.');
    int stem = dot != NULL && dot != name ? (int)(dot - name) : (int)strlen(name);
    int length = snprintf(output, size, "%.*s.nc", stem, name);
    if (length < 0 || (size_t)length >= size)
        return epnet_fail(error, EPNET_USAGE, "the name of the output of %s is too long", spec->path);
    return EPNET_OK;
}

/* An existing output: complete and of this spec (*done), replaceable, or in the way. */
static EpnetStatus examine_output(const EpnetSpec *spec, const char *output, bool force, bool *done,
                                  EpnetError *error) {
    struct stat info;
    *done = false;
    if (stat(output, &info) != 0) {
        if (errno == ENOENT)
            return EPNET_OK;
        return epnet_fail(error, EPNET_IO, "%s: %s", output, strerror(errno));
    }
    if (!S_ISREG(info.st_mode))
        return epnet_fail(error, EPNET_IO, "%s exists and is not a regular file", output);
    EpnetResult *result;
    EpnetError reason;
    EpnetStatus status = epnet_result_open(output, &result, &reason);
    const char *sha256 = status == EPNET_OK ? epnet_result_text(result, "spec_sha256") : NULL;
    *done = sha256 != NULL && strcmp(sha256, spec->sha256) == 0;
    epnet_result_close(status == EPNET_OK ? result : NULL);
    if (status != EPNET_OK) /* whatever it is, it is not ours to replace */
        return epnet_fail(error, EPNET_IO, "%.900s is in the way: %.1000s; remove it or use another -o",
                          output, reason.message);
    if (*done || force)
        return EPNET_OK;
    return epnet_fail(error, EPNET_IO,
                      "%s exists and is the result of another spec; use another -o, or --force to replace it",
                      output);
}

/* Whether the folder of the output has room for the grid file. */
static EpnetStatus check_space(const EpnetSpec *spec, const char *output, EpnetError *error) {
    struct statvfs system;
    char *folder = epnet_path_folder(output);
    if (folder == NULL)
        return epnet_fail_memory(error, strlen(output), "the name of a folder");
    const int found = statvfs(*folder == 0 ? "." : folder, &system);
    free(folder);
    const double needed = (double)epnet_dataset_bytes(spec);
    const double room = found == 0 ? (double)system.f_bavail * (double)system.f_frsize : INFINITY;
    if (needed <= room)
        return EPNET_OK; /* an unreadable folder is told by the attempt to write */
    return epnet_fail(error, EPNET_IO, "%s takes %.3g GiB, and its file system has %.3g GiB free", output,
                      needed / (1u << 30), room / (1u << 30));
}

typedef struct Run {
    const EpnetSpec *spec;
    const EpnetRunOptions *options;
    EpnetDevice device;
    EpnetProblemStorage problem;
    EpnetQueue queue;
    EpnetDataset *dataset;
    size_t points;
    pthread_mutex_t lock; /* of the results: the dataset and what follows */
    size_t done;
    EpnetFailures failures;
    double start; /* [s] */
} Run;

/* Take over a solved chunk; one worker at a time (netCDF is not thread-safe). */
static EpnetStatus keep_chunk(size_t first, size_t count, const EpnetChunk *chunk, void *context,
                              EpnetError *error) {
    Run *run = context;
    pthread_mutex_lock(&run->lock);
    EpnetStatus status = epnet_dataset_write(run->dataset, first, count, &chunk->rows, error);
    if (status == EPNET_OK) {
        epnet_failures_add(&run->failures, first, count, chunk->points, &chunk->rows);
        run->done += count;
    }
    pthread_mutex_unlock(&run->lock);
    return status;
}

static void report_progress(void *context) {
    Run *run = context;
    if (run->options->progress == NULL)
        return;
    pthread_mutex_lock(&run->lock);
    const size_t done = run->done, failed = run->failures.total;
    pthread_mutex_unlock(&run->lock);
    const double elapsed = seconds_now() - run->start, rate = elapsed > 0 ? (double)done / elapsed : 0;
    EpnetProgress progress = {done,    run->points, failed,
                              elapsed, rate,        rate > 0 ? (double)(run->points - done) / rate : -1};
    run->options->progress(&progress, run->options->context);
}

static EpnetStatus solve_all(Run *run, EpnetRunSummary *summary, EpnetError *error) {
    const EpnetWork work = {.spec = run->spec,
                            .problem = &run->problem.problem,
                            .device = &run->device,
                            .batch = run->options->batch,
                            .stop = run->options->stop,
                            .queue = &run->queue,
                            .keep = keep_chunk,
                            .watch = report_progress,
                            .context = run};
    report_progress(run);
    EpnetStatus status = epnet_workers_run(&work, summary->note, sizeof summary->note, error);
    if (status == EPNET_OK)
        report_progress(run);
    if (status == EPNET_INTERRUPTED)
        epnet_fail(error, EPNET_INTERRUPTED,
                   "interrupted after %zu of %zu points; no grid file was written, run again to start over",
                   run->done, run->points);
    return status;
}

/* Open the grid file, solve, and commit it; the caller closes. */
static EpnetStatus run_to_file(Run *run, const char *output, EpnetRunSummary *summary, EpnetError *error) {
    EpnetStatus status = epnet_queue_make(&run->queue, run->points, error);
    if (status == EPNET_OK)
        status = epnet_dataset_create(run->spec, output, run->device.backend->name, &run->dataset, error);
    if (status == EPNET_OK)
        status = solve_all(run, summary, error);
    if (status == EPNET_OK) {
        status = epnet_dataset_commit(run->dataset, error);
        run->dataset = NULL;
    }
    return status;
}

EpnetStatus epnet_run(const EpnetSpec *spec, const char *output, const EpnetRunOptions *options,
                      EpnetRunSummary *summary, EpnetError *error) {
    static const EpnetRunOptions defaults = {0};
    Run run = {.spec = spec, .options = options != NULL ? options : &defaults, .start = seconds_now()};
    pthread_mutex_init(&run.lock, NULL);
    EpnetRunSummary ignored;
    summary = summary != NULL ? summary : &ignored;
    memset(summary, 0, sizeof *summary);
    run.points = epnet_grid_points(spec->axes, spec->axis_count);
    EpnetStatus status = epnet_problem_make(spec, &run.problem, error);
    if (status == EPNET_OK)
        status = epnet_device_choose(run.options->device, run.options->threads, &run.problem.problem,
                                     &run.device, error);
    if (status == EPNET_OK)
        status = examine_output(spec, output, run.options->force, &summary->already_done, error);
    if (status == EPNET_OK && !summary->already_done)
        status = check_space(spec, output, error);
    if (status == EPNET_OK && !summary->already_done)
        status = run_to_file(&run, output, summary, error);
    epnet_dataset_discard(run.dataset);
    epnet_queue_free(&run.queue);
    epnet_problem_free(&run.problem);
    pthread_mutex_destroy(&run.lock);

    summary->points = run.points;
    summary->failed = run.failures.total;
    summary->states = (size_t)1 << spec->network.nodes;
    summary->elapsed = seconds_now() - run.start;
    snprintf(summary->device, sizeof summary->device, "%s", run.device.name);
    snprintf(summary->method, sizeof summary->method, "%s",
             spec->kind == EPNET_STATIONARY ? epnet_kind_name(spec->kind) : epnet_method_name(spec->method));
    epnet_failures_describe(&run.failures, spec, summary->failures, sizeof summary->failures);
    if (status == EPNET_OK && run.failures.total > 0)
        return epnet_fail(error, EPNET_POINTS_FAILED, "%zu of %zu points failed: %s", run.failures.total,
                          run.points, summary->failures);
    return status;
}

/* The sweep: grid of points -> batches -> backend -> rows -> grid file. */
#include "sweep.h"

#include "dataset.h"
#include "envelope.h"
#include "outfile.h"
#include "problem.h"
#include "status.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
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

/* ---- batches ----------------------------------------------------------------------------------------- */

static size_t rows_per_point(const EpnetSpec *spec) {
    return 1 + (epnet_spec_keeps_trajectories(spec) ? spec->time_count : 0);
}

uint64_t epnet_sweep_batch_bytes(const EpnetSpec *spec, size_t batch) {
    uint64_t row = epnet_row_width(spec->cut_count) * sizeof(double);
    uint64_t point =
        row * rows_per_point(spec) +
        (EPNET_EXTREMES + EPNET_POINT_COLUMNS + epnet_envelope_width(spec->cut_count)) * sizeof(double) +
        epnet_grid_parameter_count(&spec->network) * sizeof(double) + sizeof(EpnetPoint) + sizeof(int);
    return point * batch;
}

size_t epnet_sweep_batch(const EpnetSpec *spec, const EpnetDevice *device, size_t requested, size_t points) {
    enum { MOST = 4096, PER_THREAD = 4, STEPS = 64 }; /* STEPS: in how many a run shows its progress */
    const uint64_t states_in_batch = (uint64_t)1 << 22, bytes_in_batch = (uint64_t)64 << 20;
    size_t batch = requested;
    if (batch == 0) {
        size_t least = PER_THREAD * (size_t)device->threads;
        batch = states_in_batch >> spec->network.nodes;
        size_t most = points / STEPS < MOST ? points / STEPS : MOST;
        batch = batch > most ? most : batch;
        batch = batch < least ? least : batch;
        size_t room = bytes_in_batch / epnet_sweep_batch_bytes(spec, 1);
        batch = batch > room ? room : batch;
    }
    batch = batch > points ? points : batch;
    return batch > 0 ? batch : 1;
}

/* Buffers of one batch. */
typedef struct Buffers {
    double *parameters;
    EpnetPoint *points;
    EpnetRows rows;
} Buffers;

static void buffers_free(Buffers *buffers) {
    free(buffers->parameters);
    free(buffers->points);
    free(buffers->rows.status);
    free(buffers->rows.last);
    free(buffers->rows.extremes);
    free(buffers->rows.point);
    free(buffers->rows.envelope);
    free(buffers->rows.leak_curve);
    free(buffers->rows.trajectory);
    memset(buffers, 0, sizeof *buffers);
}

static EpnetStatus buffers_alloc(const EpnetSpec *spec, size_t batch, Buffers *buffers, EpnetError *error) {
    const size_t width = epnet_row_width(spec->cut_count);
    const bool trajectory = spec->kind == EPNET_TRAJECTORY, keep = epnet_spec_keeps_trajectories(spec);
    const bool curve =
        spec->leak.kind == EPNET_LEAK_QUENCH && epnet_grid_points(spec->axes, spec->axis_count) == 1;
    memset(buffers, 0, sizeof *buffers);
    buffers->parameters = epnet_calloc(batch * epnet_grid_parameter_count(&spec->network), sizeof(double));
    buffers->points = epnet_calloc(batch, sizeof(EpnetPoint));
    buffers->rows.status = epnet_calloc(batch, sizeof(int));
    buffers->rows.last = epnet_calloc(batch * width, sizeof(double));
    buffers->rows.point = epnet_calloc(batch * EPNET_POINT_COLUMNS, sizeof(double));
    buffers->rows.envelope = epnet_calloc(batch * epnet_envelope_width(spec->cut_count), sizeof(double));
    if (curve)
        buffers->rows.leak_curve = epnet_calloc(2 * spec->leak.samples, sizeof(double));
    if (trajectory)
        buffers->rows.extremes = epnet_calloc(batch * EPNET_EXTREMES, sizeof(double));
    if (keep)
        buffers->rows.trajectory = epnet_calloc(batch * spec->time_count * width, sizeof(double));
    if (buffers->parameters == NULL || buffers->points == NULL || buffers->rows.status == NULL ||
        buffers->rows.last == NULL || buffers->rows.point == NULL || buffers->rows.envelope == NULL ||
        (curve && buffers->rows.leak_curve == NULL) || (trajectory && buffers->rows.extremes == NULL) ||
        (keep && buffers->rows.trajectory == NULL)) {
        buffers_free(buffers);
        return epnet_fail_memory(error, epnet_sweep_batch_bytes(spec, batch), "the buffers of a batch");
    }
    return EPNET_OK;
}

/* ---- failures ---------------------------------------------------------------------------------------- */

typedef struct Failures {
    size_t count[EPNET_POINT_STATUSES];
    size_t first[3]; /* the first few failed points */
    int first_status[3];
    double attainable[3], sigma[3]; /* of no_bracket points [nat/s] */
    size_t total;
} Failures;

static void count_failures(Failures *failures, size_t first, size_t count, const EpnetPoint *points,
                           const EpnetRows *rows) {
    const int *status = rows->status;
    for (size_t k = 0; k < count; k++) {
        if (status[k] == EPNET_POINT_OK)
            continue;
        if (failures->total < sizeof failures->first / sizeof *failures->first) {
            failures->first[failures->total] = first + k;
            failures->first_status[failures->total] = status[k];
            failures->attainable[failures->total] = rows->point[k * EPNET_POINT_COLUMNS + EPNET_ATTAINABLE];
            failures->sigma[failures->total] = points[k].sigma;
        }
        failures->total++;
        failures->count[status[k]]++;
    }
}

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size, const char *format, ...) {
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

/* "2 not_unique, 1 not_converged; first: copy_total=0 drive=2 (not_unique), ..." */
static void describe_failures(const EpnetSpec *spec, const Failures *failures, char *text, size_t size) {
    double values[EPNET_AXIS_KEYS];
    text[0] = 0;
    for (int s = 1; s < EPNET_POINT_STATUSES; s++) {
        if (failures->count[s] > 0)
            append(text, size, "%s%zu %s", text[0] != 0 ? ", " : "", failures->count[s],
                   epnet_point_status_names[s]);
    }
    if (spec->axis_count == 0 && failures->count[EPNET_POINT_NO_BRACKET] == 0)
        return; /* the one point there is */
    for (size_t f = 0; f < failures->total && f < sizeof failures->first / sizeof *failures->first; f++) {
        epnet_grid_values(spec->axes, spec->axis_count, failures->first[f], values);
        append(text, size, "%s", f == 0 ? "; first:" : ",");
        for (size_t a = 0; a < spec->axis_count; a++)
            append(text, size, " %s=%g", epnet_axis_name(spec->axes[a].key), values[a]);
        append(text, size, " (%s", epnet_point_status_names[failures->first_status[f]]);
        if (failures->first_status[f] == EPNET_POINT_NO_BRACKET)
            append(text, size, ": attainable %s %.10g nat/s",
                   failures->attainable[f] > failures->sigma[f] ? "from" : "up to", failures->attainable[f]);
        append(text, size, ")");
    }
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
    void *context; /* the backend's */
    EpnetDataset *dataset;
    Buffers buffers;
    EpnetEnvelope envelope;
    size_t points, batch;
    Failures failures;
    double start; /* [s] */
} Run;

static bool stop_requested(const Run *run) {
    return run->options->stop != NULL && *run->options->stop != 0;
}

static EpnetStatus report_interrupt(size_t done, const Run *run, EpnetError *error) {
    return epnet_fail(
        error, EPNET_INTERRUPTED,
        "interrupted after %zu of %zu points; no grid file was written, run again to start over", done,
        run->points);
}

/* The host's own columns of a batch; NaN where a point failed. */
static void fill_envelope(Run *run, size_t count) {
    const EpnetProblem *problem = &run->problem.problem;
    const size_t width = epnet_envelope_width(problem->cut_count),
                 row_width = epnet_row_width(problem->cut_count);
    EpnetRows *rows = &run->buffers.rows;
    for (size_t k = 0; k < count; k++) {
        double *columns = rows->envelope + k * width;
        if (rows->status[k] == EPNET_POINT_OK)
            epnet_envelope_fill(&run->envelope, problem, &run->buffers.points[k], rows->last + k * row_width,
                                rows->point + k * EPNET_POINT_COLUMNS, columns);
        for (size_t c = 0; c < width && rows->status[k] != EPNET_POINT_OK; c++)
            columns[c] = NAN;
    }
}

static EpnetStatus solve_batch(Run *run, size_t first, size_t count, EpnetError *error) {
    const EpnetSpec *spec = run->spec;
    const size_t parameters = epnet_grid_parameter_count(&spec->network);
    for (size_t k = 0; k < count; k++)
        run->buffers.points[k] = epnet_grid_point(&spec->network, spec->axes, spec->axis_count, first + k,
                                                  run->buffers.parameters + k * parameters);
    EpnetBatch batch = {&run->problem.problem, count, run->buffers.points, run->options->stop};
    EpnetStatus status = run->device.backend->solve(run->context, &batch, &run->buffers.rows, error);
    if (status != EPNET_OK)
        return status;
    if (stop_requested(run))
        return report_interrupt(first, run, error);
    fill_envelope(run, count);
    count_failures(&run->failures, first, count, run->buffers.points, &run->buffers.rows);
    return epnet_dataset_write(run->dataset, first, count, &run->buffers.rows, error);
}

static void report_progress(const Run *run, size_t done) {
    if (run->options->progress == NULL)
        return;
    double elapsed = seconds_now() - run->start, rate = elapsed > 0 ? (double)done / elapsed : 0;
    EpnetProgress progress = {done,    run->points, run->failures.total,
                              elapsed, rate,        rate > 0 ? (double)(run->points - done) / rate : -1};
    run->options->progress(&progress, run->options->context);
}

static EpnetStatus solve_all(Run *run, EpnetError *error) {
    report_progress(run, 0);
    for (size_t first = 0; first < run->points; first += run->batch) {
        size_t rest = run->points - first, count = rest < run->batch ? rest : run->batch;
        if (stop_requested(run))
            return report_interrupt(first, run, error);
        EpnetStatus status = solve_batch(run, first, count, error);
        if (status != EPNET_OK)
            return status;
        report_progress(run, first + count);
    }
    return EPNET_OK;
}

/* Open everything, solve, and commit the grid file; the caller closes. */
static EpnetStatus run_to_file(Run *run, const char *output, EpnetError *error) {
    EpnetStatus status = buffers_alloc(run->spec, run->batch, &run->buffers, error);
    if (status == EPNET_OK && !epnet_envelope_alloc(&run->envelope, run->spec->network.nodes))
        status =
            epnet_fail_memory(error, 2 * sizeof(double) * (size_t)run->spec->network.nodes, "the envelope");
    if (status == EPNET_OK)
        status = epnet_dataset_create(run->spec, output, run->device.backend->name, &run->dataset, error);
    if (status == EPNET_OK)
        status = run->device.backend->open(&run->problem.problem, run->device.index, run->device.threads,
                                           &run->context, error);
    if (status == EPNET_OK)
        status = solve_all(run, error);
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
    if (status == EPNET_OK && !summary->already_done) {
        run.batch = epnet_sweep_batch(spec, &run.device, run.options->batch, run.points);
        status = run_to_file(&run, output, error);
    }
    if (run.context != NULL)
        run.device.backend->close(run.context);
    epnet_dataset_discard(run.dataset);
    buffers_free(&run.buffers);
    epnet_envelope_free(&run.envelope);
    epnet_problem_free(&run.problem);

    summary->points = run.points;
    summary->failed = run.failures.total;
    summary->states = (size_t)1 << spec->network.nodes;
    summary->elapsed = seconds_now() - run.start;
    snprintf(summary->device, sizeof summary->device, "%s", run.device.name);
    snprintf(summary->method, sizeof summary->method, "%s",
             spec->kind == EPNET_STATIONARY ? epnet_kind_name(spec->kind) : epnet_method_name(spec->method));
    describe_failures(spec, &run.failures, summary->failures, sizeof summary->failures);
    if (status == EPNET_OK && run.failures.total > 0)
        return epnet_fail(error, EPNET_POINTS_FAILED, "%zu of %zu points failed: %s", run.failures.total,
                          run.points, summary->failures);
    return status;
}

/* The sweep: grid of points -> queue -> workers -> rows -> journal -> grid file. */
#include "dataset.h"
#include "failures.h"
#include "journal_grid.h"
#include "journal_writer.h"
#include "outfile.h"
#include "problem.h"
#include "run_files.h"
#include "shard_files.h"
#include "status.h"
#include "threading.h"
#include "workers.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Run {
    const EpnetSpec *spec;
    const EpnetRunOptions *options;
    EpnetRunSummary *summary;
    double start;    /* [s] */
    EpnetStop asked; /* to stop, or the time is up */
    EpnetShard shard;
    size_t points;        /* of the grid that are this run's */
    EpnetDevice device;   /* without a backend: it is not to be had, and there is a fallback */
    EpnetDevice fallback; /* without a backend: there is none */
    bool falls_back;      /* it is at work */
    EpnetError failure;   /* of the device, why */
    EpnetProblemStorage problem;
    char *output, *journal_path;
    EpnetJournalHeader header;
    EpnetJournal *journal;
    EpnetQueue queue;
    volatile int stop;    /* what `asked` says, for workers */
    pthread_mutex_t lock; /* of what follows */
    size_t done, failed;  /* points in the journal */
    size_t fallen_back;   /* of those done: computed by the fallback */
} Run;

/* ---- solving ------------------------------------------------------------------------------------------- */

/* Solved points on their way into the journal. */
typedef struct Ticket {
    EpnetJournalRequest request;
    size_t count, failed, fallen_back;
} Ticket;

static void *keep_chunk(size_t first, size_t count, const EpnetChunk *chunk, void *context) {
    Run *run = context;
    Ticket *ticket = epnet_calloc(1, sizeof *ticket);
    if (ticket == NULL)
        return NULL;
    ticket->count = count;
    for (size_t k = 0; k < count; k++)
        ticket->failed += chunk->rows.status[k] != EPNET_POINT_OK;
    ticket->fallen_back = run->falls_back ? count : 0;
    epnet_journal_append(run->journal, &ticket->request,
                         run->falls_back ? EPNET_JOURNAL_FALLBACK : EPNET_JOURNAL_CHUNK, first, count,
                         &chunk->rows);
    return ticket;
}

/* Only what is written counts as done. */
static EpnetStatus chunk_kept(void *handed_over, void *context, EpnetError *error) {
    Run *run = context;
    Ticket *ticket = handed_over;
    EpnetStatus status = epnet_journal_await(run->journal, &ticket->request, error);
    pthread_mutex_lock(&run->lock);
    run->done += status == EPNET_OK ? ticket->count : 0;
    run->failed += status == EPNET_OK ? ticket->failed : 0;
    run->fallen_back += status == EPNET_OK ? ticket->fallen_back : 0;
    pthread_mutex_unlock(&run->lock);
    free(ticket);
    return status;
}

static void report_progress(Run *run) {
    if (run->options->progress == NULL)
        return;
    pthread_mutex_lock(&run->lock);
    const size_t done = run->done, failed = run->failed;
    pthread_mutex_unlock(&run->lock);
    const double elapsed = epnet_seconds_now() - run->start, solved = (double)(done - run->summary->resumed),
                 rate = elapsed > 0 ? solved / elapsed : 0;
    EpnetProgress progress = {.points_done = done,
                              .points_total = run->points,
                              .points_failed = failed,
                              .points_resumed = run->summary->resumed,
                              .damaged = run->summary->damaged,
                              .elapsed = elapsed,
                              .rate = rate,
                              .eta = done == run->points ? 0
                                     : rate > 0          ? (double)(run->points - done) / rate
                                                         : -1};
    run->options->progress(&progress, run->options->context);
}

/* Ten times a second: is it time to stop, and how far is it? */
static void watch(void *context) {
    Run *run = context;
    if (epnet_stop_due(&run->asked))
        run->stop = 1;
    report_progress(run);
}

/* Who goes on with the journal, for other processes that look at it. */
static EpnetJournalSession session_of(const Run *run) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    EpnetJournalSession session = {.started = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec,
                                   .pid = (int64_t)getpid()};
    char *path = realpath(run->spec->path, NULL);
    if (gethostname(session.host, sizeof session.host - 1) != 0)
        strcpy(session.host, "unknown");
    snprintf(session.device, sizeof session.device, "%s",
             run->device.backend != NULL ? run->device.name : run->fallback.name);
    snprintf(session.spec, sizeof session.spec, "%s", path != NULL ? path : run->spec->path);
    free(path);
    return session;
}

/* Solve the missing points on a device. */
static EpnetStatus solve_on(Run *run, const EpnetDevice *device, EpnetError *error) {
    const EpnetWork work = {.spec = run->spec,
                            .problem = &run->problem.problem,
                            .device = device,
                            .batch = run->options->batch,
                            .spares = device == &run->device && run->fallback.backend != NULL,
                            .stop = &run->stop,
                            .queue = &run->queue,
                            .keep = keep_chunk,
                            .kept = chunk_kept,
                            .watch = watch,
                            .context = run};
    return epnet_workers_run(&work, run->summary->note, sizeof run->summary->note, error);
}

/* The device has failed or is not to be had: its fallback takes what is left. */
static EpnetStatus fall_back(Run *run, EpnetError *error) {
    run->falls_back = true;
    return solve_on(run, &run->fallback, error);
}

/* Solve the missing points into the journal. */
static EpnetStatus solve_missing(Run *run, EpnetError *error) {
    EpnetRunSummary *summary = run->summary;
    const EpnetJournalSession session = session_of(run);
    const size_t missing = run->queue.missing;
    EpnetStatus status = epnet_journal_start(run->journal, &session, error);
    if (status != EPNET_OK)
        return status;
    const double start = epnet_seconds_now();
    status = run->device.backend != NULL ? solve_on(run, &run->device, &run->failure) : EPNET_DEVICE;
    if (status == EPNET_DEVICE && run->fallback.backend != NULL)
        status = run->stop != 0 ? EPNET_INTERRUPTED : fall_back(run, error);
    else if (status != EPNET_OK && status != EPNET_INTERRUPTED)
        epnet_fail(error, status, "%s", run->failure.message);
    const size_t most = run->falls_back ? run->fallback.worker_count : run->device.worker_count,
                 workers = most < missing ? most : missing;
    const double seconds = (epnet_seconds_now() - start) * (double)workers;
    summary->journal_wait = seconds > 0 ? epnet_journal_waited(run->journal) / seconds : 0;
    EpnetError late;
    EpnetStatus stopped = epnet_journal_stop(run->journal, &late);
    if ((status == EPNET_OK || status == EPNET_INTERRUPTED) && stopped != EPNET_OK)
        status = epnet_fail(error, stopped, "%s", late.message);
    if (status == EPNET_OK)
        report_progress(run);
    return status;
}

/* ---- the journal --------------------------------------------------------------------------------------- */

/* Take what the journal holds, and what is not ours, off the queue. */
static EpnetStatus queue_fill(Run *run, EpnetError *error) {
    const EpnetJournalContent *content = epnet_journal_content(run->journal);
    EpnetStatus status = epnet_queue_make(&run->queue, (size_t)run->header.points, error);
    if (status != EPNET_OK)
        return status;
    epnet_shard_apply(run->shard, &run->queue);
    run->points = run->queue.missing;
    for (size_t k = 0; k < content->entry_count; k++)
        epnet_queue_remove(&run->queue, (size_t)content->entries[k].head.first,
                           (size_t)content->entries[k].head.count);
    run->done = run->summary->resumed = run->points - run->queue.missing;
    run->failed = (size_t)content->failed;
    run->fallen_back = (size_t)content->fallback;
    return EPNET_OK;
}

/* Room for the rest of the journal, and for the grid file beside it. */
static EpnetStatus check_room(const Run *run, EpnetError *error) {
    const uint64_t grid = run->shard.count > 1 ? 0 : epnet_dataset_bytes(run->spec);
    const uint64_t journal = epnet_journal_size(run->spec, run->queue.missing);
    return epnet_output_room(run->output, journal < UINT64_MAX - grid ? journal + grid : UINT64_MAX, error);
}

/* The journal was removed, or another stands in its place: what we hold open goes when we end. */
static bool journal_lost(const Run *run) {
    return !epnet_journal_in_place(epnet_journal_descriptor(run->journal), run->journal_path) &&
           errno == ENOENT;
}

static EpnetJournalSource journal_source(const Run *run) {
    return (EpnetJournalSource){epnet_journal_descriptor(run->journal), run->journal_path, &run->header,
                                epnet_journal_content(run->journal)};
}

/* All points are in the journal: of an undivided run, write the grid file. */
static EpnetStatus finish(Run *run, EpnetFailures *failures, EpnetError *error) {
    EpnetStatus status = epnet_journal_reread(run->journal, &run->asked, error);
    if (status != EPNET_OK)
        return status;
    const EpnetJournalSource source = journal_source(run);
    if (run->shard.count > 1 && journal_lost(run))
        return epnet_fail(error, EPNET_IO, "%s was removed or replaced", run->journal_path);
    if (run->shard.count > 1)
        return epnet_journal_failures(run->spec, &source, &run->asked, failures, error);
    status = epnet_output_room(run->output, epnet_dataset_bytes(run->spec), error);
    if (status == EPNET_OK)
        status = epnet_journal_to_grid(run->spec, &source, 1, run->output, &run->asked, failures, error);
    return status;
}

/* The grid file is complete: its journal goes. */
static EpnetStatus journal_drop(const Run *run, EpnetError *error) {
    EpnetError reason;
    const EpnetStatus status = epnet_journal_remove(run->journal, &reason);
    if (status == EPNET_OK)
        return EPNET_OK;
    return epnet_fail(error, status, "%.900s is complete, but %.1000s", run->output, reason.message);
}

/* ---- the run ------------------------------------------------------------------------------------------- */

/* A device with memory of its own ended the run. */
static bool device_failed(const Run *run) {
    return run->failure.status == EPNET_DEVICE && run->fallback.backend == NULL &&
           run->device.backend->has_own_memory;
}

static const char *why_stopped(const Run *run) {
    return run->asked.flag != NULL && *run->asked.flag != 0 ? "interrupted" : "the time is up";
}

/* The journal stands under another name: its file still has one. */
static bool journal_moved(const Run *run) {
    struct stat info;
    return fstat(epnet_journal_descriptor(run->journal), &info) == 0 && info.st_nlink > 0;
}

/* Add to the message of a run that has ended early what it leaves. */
static EpnetStatus tell_kept(const Run *run, EpnetStatus status, EpnetError *error) {
    char reason[1200];
    if (status == EPNET_INTERRUPTED)
        strcpy(reason, why_stopped(run));
    else
        snprintf(reason, sizeof reason, "%.1199s", error != NULL ? error->message : "");
    if (journal_lost(run) && journal_moved(run))
        return epnet_fail(error, status,
                          "%s; the journal has been moved: %zu of %zu points are kept in it, put it back in "
                          "its place (%.700s) to go on",
                          reason, run->done, run->points, run->journal_path);
    if (journal_lost(run))
        return epnet_fail(error, status, "%s; nothing is kept: the journal has been removed", reason);
    return epnet_fail(error, status, "%s; %zu of %zu points are kept in %.700s, run again to go on%s", reason,
                      run->done, run->points, run->journal_path,
                      device_failed(run) ? ", with --fallback cpu on the CPU" : "");
}

/* The journal may hold points of the CPU in a device's place only if this run allows it. */
static EpnetStatus check_fallback(const Run *run, EpnetError *error) {
    const size_t count = (size_t)epnet_journal_content(run->journal)->fallback;
    if (count == 0 || run->fallback.backend != NULL)
        return EPNET_OK;
    return epnet_fail(error, EPNET_IO,
                      "%s holds %zu points that the CPU computed in place of a device (%s): go on with "
                      "--fallback cpu, or give up what it holds with --restart",
                      run->journal_path, count, run->header.texts[EPNET_JOURNAL_BACKEND]);
}

/* Under the lock of the journal: solve what is missing, and finish. */
static EpnetStatus run_locked(Run *run, EpnetFailures *failures, EpnetError *error) {
    if (run->shard.count > 1)
        snprintf(run->summary->journal, sizeof run->summary->journal, "%s", run->journal_path);
    /* A damaged end is cut off by now: whatever happens next, it must be told. */
    run->summary->damaged = epnet_journal_content(run->journal)->damaged;
    EpnetStatus status = check_fallback(run, error);
    if (status == EPNET_OK)
        status = queue_fill(run, error);
    if (status != EPNET_OK)
        return status;
    run->summary->already_done = run->shard.count > 1 && run->queue.missing == 0;
    if (run->summary->already_done) {
        const EpnetJournalSource source = journal_source(run);
        status = epnet_journal_failures(run->spec, &source, &run->asked, failures, error);
        return status == EPNET_INTERRUPTED ? tell_kept(run, status, error) : status;
    }
    if (run->shard.count == 1)
        epnet_outfile_clean(run->output);
    watch(run);
    if (run->queue.missing > 0)
        status = check_room(run, error);
    if (status == EPNET_OK && run->queue.missing > 0 && run->shard.count == 1)
        status = epnet_outfile_try(run->output, error); /* before the work, not after it */
    if (status == EPNET_OK && run->queue.missing > 0 && run->options->table != NULL)
        status = epnet_outfile_try(run->options->table, error);
    if (status == EPNET_OK && run->queue.missing > 0)
        status = solve_missing(run, error);
    if (status == EPNET_OK)
        status = finish(run, failures, error);
    if (status == EPNET_OK)
        return run->shard.count > 1 ? EPNET_OK : journal_drop(run, error);
    if (status != EPNET_INTERRUPTED && run->done == 0 && run->summary->damaged == 0) {
        EpnetError reason = {.status = EPNET_OK};
        if (error != NULL)
            reason = *error;
        epnet_journal_remove(run->journal, NULL); /* nothing is in it */
        return device_failed(run)
                   ? epnet_fail(error, status, "%.1900s; with --fallback cpu the CPU goes on", reason.message)
                   : status;
    }
    return tell_kept(run, status, error);
}

/* A journal that a complete grid file has made useless, left by a process that was killed in its last moment,
 * goes, unless a run holds it. */
static void remove_leftover(const Run *run) {
    int fd;
    bool created;
    struct stat info;
    EpnetJournalHeader found;
    if (epnet_journal_lock(run->journal_path, false, &created, &fd, NULL) != EPNET_OK || fd < 0)
        return;
    if (fstat(fd, &info) == 0 && info.st_size == 0) {
        unlink(run->journal_path); /* the lock of a merge */
    } else if (epnet_journal_header_read(fd, run->journal_path, &found, NULL) == EPNET_OK) {
        if (epnet_journal_header_compare(&found, &run->header, run->journal_path, NULL) == EPNET_OK)
            unlink(run->journal_path);
        epnet_journal_header_free(&found);
    }
    epnet_journal_unlock(fd);
}

/* Add to the message of a run that was stopped before its work that what stands in `path` stays. */
static EpnetStatus tell_reading(const Run *run, const char *path, EpnetStatus status, EpnetError *error) {
    if (status != EPNET_INTERRUPTED)
        return status;
    return epnet_fail(error, status, "%s while %s was read; what it holds is kept, run again to go on",
                      why_stopped(run), path);
}

static EpnetStatus run_files(Run *run, EpnetFailures *failures, EpnetError *error) {
    const EpnetRunOptions *options = run->options;
    bool *done = &run->summary->already_done;
    size_t *failed = &run->summary->failed;
    EpnetStatus status =
        epnet_output_examine(run->spec, run->output, options->force, &run->asked, done, failed, error);
    if (status == EPNET_OK && *done)
        remove_leftover(run);
    if (status == EPNET_OK && !*done)
        status = epnet_shard_check_division(run->output, run->shard, error);
    if (status != EPNET_OK || *done)
        return tell_reading(run, run->output, status, error);
    status = epnet_journal_open(run->journal_path, &run->header,
                                options->restart ? EPNET_JOURNAL_RESTART : EPNET_JOURNAL_RESUME, &run->asked,
                                &run->journal, error);
    if (status != EPNET_OK)
        return tell_reading(run, run->journal_path, status, error);
    /* another run may have finished before we got the lock */
    status = epnet_output_examine(run->spec, run->output, options->force, &run->asked, done, failed, error);
    if (status != EPNET_OK)
        return tell_reading(run, run->output, status, error);
    return *done ? journal_drop(run, error) : run_locked(run, failures, error);
}

/* The device, and the CPU in its place where that is asked for. */
static EpnetStatus choose_devices(Run *run, EpnetError *error) {
    const EpnetRunOptions *options = run->options;
    const EpnetProblem *problem = &run->problem.problem;
    if (options->fallback != NULL && strcmp(options->fallback, "cpu") != 0)
        return epnet_fail(error, EPNET_USAGE, "'%s' is not a fallback: cpu", options->fallback);
    EpnetStatus status = epnet_device_choose(options->device, options->threads, problem, &run->device, error);
    const EpnetBackend *asked =
        status == EPNET_DEVICE ? epnet_device_backend(options->device) : run->device.backend;
    if (options->fallback == NULL || asked == NULL || !asked->has_own_memory)
        return status;
    if (status != EPNET_OK && error != NULL)
        run->failure = *error;
    if (status != EPNET_OK)
        run->device = (EpnetDevice){.backend = NULL};
    return epnet_device_choose("cpu", options->threads, problem, &run->fallback, error);
}

/* What the journal is of. */
static const char *backend_name(const Run *run) {
    return run->device.backend != NULL ? run->device.backend->name
                                       : epnet_device_backend(run->options->device)->name;
}

static EpnetStatus run_prepare(Run *run, const char *output, EpnetError *error) {
    const EpnetRunOptions *options = run->options;
    run->shard = options->shards == 0 ? (EpnetShard){1, 1}
                                      : (EpnetShard){(uint32_t)options->shard, (uint32_t)options->shards};
    if (options->shards != 0 && (options->shard < 1 || options->shard > options->shards))
        return epnet_fail(error, EPNET_USAGE, "there is no shard %d of %d", options->shard, options->shards);
    EpnetStatus status = epnet_problem_make(run->spec, &run->problem, error);
    if (status == EPNET_OK)
        status = choose_devices(run, error);
    if (status == EPNET_OK)
        status = epnet_journal_header_make(run->spec, backend_name(run), run->shard.number, run->shard.count,
                                           &run->header, error);
    if (status != EPNET_OK)
        return status;
    status = epnet_path_resolve(output, &run->output, error);
    if (status != EPNET_OK)
        return status;
    run->journal_path = epnet_journal_path(run->output, run->shard);
    return run->journal_path != NULL ? EPNET_OK : epnet_fail_memory(error, PATH_MAX, "the name of a journal");
}

/* What did the work. */
static void tell_devices(const Run *run) {
    EpnetRunSummary *summary = run->summary;
    const char *device = run->device.backend != NULL ? run->device.name : "";
    summary->fallback = run->fallen_back;
    if (!run->falls_back) {
        snprintf(summary->device, sizeof summary->device, "%s", device);
        return;
    }
    snprintf(summary->device, sizeof summary->device, "%.110s%s%.110s", device,
             device[0] != '\0' ? ", then " : "", run->fallback.name);
    snprintf(summary->note, sizeof summary->note, "the CPU has taken over: %.480s", run->failure.message);
}

EpnetStatus epnet_run(const EpnetSpec *spec, const char *output, const EpnetRunOptions *options,
                      EpnetRunSummary *summary, EpnetError *error) {
    static const EpnetRunOptions defaults = {0};
    EpnetRunSummary ignored;
    EpnetFailures failures = {0};
    summary = summary != NULL ? summary : &ignored;
    memset(summary, 0, sizeof *summary);
    Run run = {.spec = spec,
               .options = options != NULL ? options : &defaults,
               .summary = summary,
               .start = epnet_seconds_now(),
               .points = epnet_grid_points(spec->axes, spec->axis_count)};
    run.asked =
        (EpnetStop){run.options->stop, run.options->seconds > 0 ? run.start + run.options->seconds : 0};
    pthread_mutex_init(&run.lock, NULL);
    EpnetStatus status = run_prepare(&run, output, error);
    if (status == EPNET_OK)
        status = run_files(&run, &failures, error);
    summary->points = run.points;
    if (failures.total > 0)
        summary->failed = failures.total;
    summary->states = (size_t)1 << spec->network.nodes;
    summary->elapsed = epnet_seconds_now() - run.start;
    snprintf(summary->method, sizeof summary->method, "%s",
             spec->kind == EPNET_STATIONARY ? epnet_kind_name(spec->kind) : epnet_method_name(spec->method));
    epnet_failures_describe(&failures, spec, summary->failures, sizeof summary->failures);
    tell_devices(&run);

    epnet_journal_close(run.journal);
    epnet_journal_header_free(&run.header);
    epnet_queue_free(&run.queue);
    epnet_problem_free(&run.problem);
    pthread_mutex_destroy(&run.lock);
    free(run.output);
    free(run.journal_path);
    if (status == EPNET_OK && failures.total > 0)
        return epnet_failures_report(&failures, summary->points, summary->failures, error);
    return status;
}

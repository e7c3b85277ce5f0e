#include "workers.h"

#include "envelope.h"
#include "status.h"
#include "threading.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Pool {
    const EpnetWork *work;
    size_t most; /* points of a chunk */
    pthread_mutex_t lock;
    pthread_cond_t ended;   /* a worker has */
    size_t running, opened; /* workers that have not ended; those that could open their device */
    size_t kept;            /* points */
    EpnetStatus status;     /* of the first worker that failed in its work */
    EpnetError error;
    char note[256];       /* of the first backend context that has one */
    EpnetError absence;   /* why a worker is missing, EPNET_OK: none is */
    EpnetError loss;      /* why a worker ended alone (EpnetWork.spares), EPNET_OK: none has */
    volatile int abandon; /* what the backends watch: chunks in flight are given up */
} Pool;

typedef struct Worker {
    Pool *pool;
    int device;
    pthread_t thread;
    void *context;                 /* the backend's */
    EpnetChunk chunk, handed_over; /* a piece being solved; one being kept, where there is a ticket */
    void *ticket;
    size_t ticket_points;
    EpnetEnvelope envelope;
    size_t kept; /* points */
    bool lost;   /* its device failed */
} Worker;

size_t epnet_workers_most(const EpnetSpec *spec, const EpnetDevice *device, size_t batch, size_t points) {
    const size_t longest = 65536;
    const uint64_t bytes = (uint64_t)64 << 20;           /* of all workers, which have two pieces each */
    size_t most = batch > 0 ? batch : 2 * device->chunk; /* a chunk is solved in two pieces */
    if (most == 0) {
        const uint64_t room = bytes / 2 / device->worker_count / epnet_chunk_bytes(spec, 1);
        most = room < longest ? (size_t)room : longest;
    }
    most = most < points ? most : points;
    return most > 0 ? most : 1;
}

/* ---- one worker -------------------------------------------------------------------------------------- */

static EpnetStatus worker_open(Worker *worker, EpnetError *error) {
    const EpnetWork *work = worker->pool->work;
    EpnetStatus status = epnet_chunk_alloc(work->spec, worker->pool->most, &worker->chunk, error);
    if (status == EPNET_OK)
        status = epnet_chunk_alloc(work->spec, worker->pool->most, &worker->handed_over, error);
    if (status == EPNET_OK && !epnet_envelope_alloc(&worker->envelope, work->problem->nodes))
        status = epnet_fail_memory(error, 2 * sizeof(double) * (size_t)work->problem->nodes, "the envelope");
    if (status == EPNET_OK)
        status = work->device->backend->open(work->problem, worker->device, work->device->worker_threads,
                                             &worker->context, error);
    return status;
}

static void worker_close(Worker *worker) {
    if (worker->context != NULL)
        worker->pool->work->device->backend->close(worker->context);
    epnet_chunk_free(&worker->chunk);
    epnet_chunk_free(&worker->handed_over);
    epnet_envelope_free(&worker->envelope);
}

/* The host's own columns of a chunk; NaN where a point failed. */
static void fill_envelope(Worker *worker, size_t count) {
    const EpnetProblem *problem = worker->pool->work->problem;
    const size_t width = epnet_envelope_width(problem->cut_count),
                 row_width = epnet_row_width(problem->cut_count);
    EpnetRows *rows = &worker->chunk.rows;
    for (size_t k = 0; k < count; k++) {
        double *columns = rows->envelope + k * width;
        if (rows->status[k] == EPNET_POINT_OK)
            epnet_envelope_fill(&worker->envelope, problem, &worker->chunk.points[k],
                                rows->last + k * row_width, rows->point + k * EPNET_POINT_COLUMNS, columns);
        for (size_t c = 0; c < width && rows->status[k] != EPNET_POINT_OK; c++)
            columns[c] = NAN;
    }
}

/* Wait for what was handed over. */
static EpnetStatus worker_settle(Worker *worker, EpnetError *error) {
    const EpnetWork *work = worker->pool->work;
    if (worker->ticket == NULL)
        return EPNET_OK;
    EpnetStatus status = work->kept(worker->ticket, work->context, error);
    worker->ticket = NULL;
    worker->kept += status == EPNET_OK ? worker->ticket_points : 0;
    return status;
}

/* Hand solved points over, once those before are kept: one piece may be on its way. */
static EpnetStatus worker_hand_over(Worker *worker, size_t first, size_t count, EpnetError *error) {
    const EpnetWork *work = worker->pool->work;
    EpnetStatus status = worker_settle(worker, error);
    if (status != EPNET_OK)
        return status;
    const EpnetChunk solved = worker->chunk;
    worker->chunk = worker->handed_over;
    worker->handed_over = solved;
    worker->ticket_points = count;
    worker->ticket = work->keep(first, count, &worker->handed_over, work->context);
    return worker->ticket != NULL ? EPNET_OK
                                  : epnet_fail(error, EPNET_DEVICE, "out of memory: handing points over");
}

/* Solve points [first, first + count) and hand them over. */
static EpnetStatus worker_solve_piece(Worker *worker, size_t first, size_t count, EpnetError *error) {
    Pool *pool = worker->pool;
    const EpnetWork *work = pool->work;
    epnet_chunk_set(&worker->chunk, work->spec, first, count);
    EpnetBatch batch = {work->problem, count, worker->chunk.points, &pool->abandon};
    EpnetStatus status = work->device->backend->solve(worker->context, &batch, &worker->chunk.rows, error);
    worker->lost = status == EPNET_DEVICE && work->spares;
    if (status != EPNET_OK || pool->abandon)
        return status; /* what an abandoned piece holds is not to be used */
    fill_envelope(worker, count);
    return worker_hand_over(worker, first, count, error);
}

/* The worker's device has failed: points [first, first + count) are for others. */
static void worker_give_up(Worker *worker, size_t first, size_t count, const EpnetError *error) {
    Pool *pool = worker->pool;
    epnet_queue_return(pool->work->queue, first, count);
    pthread_mutex_lock(&pool->lock);
    if (pool->loss.status == EPNET_OK)
        pool->loss = *error;
    pthread_mutex_unlock(&pool->lock);
}

/* Chunk after chunk until the queue has no more, each in two pieces: with one of them on its way and one in
 * work, what ends the process costs a worker no more than a chunk. */
static EpnetStatus worker_solve(Worker *worker, EpnetError *error) {
    const Pool *pool = worker->pool;
    EpnetQueue *queue = pool->work->queue;
    EpnetStatus status = EPNET_OK;
    for (size_t first, count;
         status == EPNET_OK && !pool->abandon && epnet_queue_take(queue, &first, &count);) {
        const double start = epnet_seconds_now();
        const size_t half = count / 2;
        if (half > 0)
            status = worker_solve_piece(worker, first, half, error);
        const size_t solved = status == EPNET_OK ? half : 0;
        if (status == EPNET_OK && !pool->abandon)
            status = worker_solve_piece(worker, first + half, count - half, error);
        if (worker->lost) {
            worker_give_up(worker, first + solved, count - solved, error);
            status = EPNET_OK;
            break;
        }
        if (status == EPNET_OK && !pool->abandon)
            epnet_queue_learn(queue, count, epnet_seconds_now() - start);
        if (status == EPNET_OK && half == 0) /* one point has no halves */
            status = worker_settle(worker, error);
    }
    EpnetError late;
    EpnetStatus settled = worker_settle(worker, &late);
    if (status == EPNET_OK && settled != EPNET_OK)
        return epnet_fail(error, settled, "%s", late.message);
    return status;
}

static void *worker_main(void *argument) {
    Worker *worker = argument;
    Pool *pool = worker->pool;
    EpnetError error = {.status = EPNET_OK};
    EpnetStatus status = worker_open(worker, &error);
    const bool opened = status == EPNET_OK;
    if (opened)
        status = worker_solve(worker, &error);
    char note[sizeof pool->note] = "";
    if (opened && pool->work->device->backend->note != NULL)
        pool->work->device->backend->note(worker->context, note, sizeof note);
    worker_close(worker);

    pthread_mutex_lock(&pool->lock);
    if (pool->note[0] == '\0') /* said once */
        memcpy(pool->note, note, sizeof note);
    const bool absent = !opened && status == EPNET_DEVICE; /* the others may do without it */
    if (absent && pool->absence.status == EPNET_OK)
        pool->absence = error;
    if (!absent && status != EPNET_OK && pool->status == EPNET_OK) {
        pool->status = status;
        pool->error = error;
        pool->abandon = 1;
        epnet_queue_close(pool->work->queue);
    }
    pool->opened += opened;
    pool->kept += worker->kept;
    pool->running--;
    pthread_cond_signal(&pool->ended);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* ---- the pool ---------------------------------------------------------------------------------------- */

/* Wait for the last worker, looking around ten times a second. Holds the lock but while it waits. */
static void pool_wait(Pool *pool) {
    const EpnetWork *work = pool->work;
    const double patience = 1; /* [s] that chunks in flight get once the run is to stop */
    double stopped = 0;        /* when that was */
    while (pool->running > 0) {
        if (work->stop != NULL && *work->stop != 0) {
            epnet_queue_close(work->queue);
            stopped = stopped > 0 ? stopped : epnet_seconds_now();
            if (epnet_seconds_now() - stopped >= patience)
                pool->abandon = 1;
        }
        const struct timespec until = epnet_moment(epnet_seconds_now() + 0.1);
        if (pthread_cond_timedwait(&pool->ended, &pool->lock, &until) == ETIMEDOUT && work->watch != NULL) {
            pthread_mutex_unlock(&pool->lock);
            work->watch(work->context);
            pthread_mutex_lock(&pool->lock);
        }
    }
}

static EpnetStatus pool_run(Pool *pool, Worker *workers, size_t count) {
    size_t started = 0;
    pthread_mutex_lock(&pool->lock);
    for (int code = 0; started < count && code == 0; started += code == 0) {
        workers[started].pool = pool;
        workers[started].device = epnet_device_of_worker(pool->work->device, started);
        code = epnet_thread_start(&workers[started].thread, worker_main, &workers[started]);
        pool->running += code == 0;
        if (code != 0)
            epnet_fail(&pool->absence, EPNET_DEVICE, "cannot start a thread: %s", strerror(code));
    }
    pool_wait(pool);
    pthread_mutex_unlock(&pool->lock);
    for (size_t k = 0; k < started; k++)
        pthread_join(workers[k].thread, NULL);
    return pool->status;
}

/* Points of every chunk where they are not chosen by time, else 0. A device's own wish leaves no worker idle.
 */
static size_t forced_chunk(const EpnetWork *work, size_t most, size_t missing, size_t workers) {
    const size_t share = (missing + workers - 1) / workers;
    if (work->batch > 0)
        return most;
    if (work->device->chunk == 0)
        return 0;
    return share < most ? share : most;
}

EpnetStatus epnet_workers_run(const EpnetWork *work, char *note, size_t note_size, EpnetError *error) {
    EpnetQueue *queue = work->queue;
    const size_t missing = queue->missing, workers_most = work->device->worker_count,
                 count = workers_most < missing ? workers_most : missing;
    note[0] = '\0';
    if (count == 0)
        return EPNET_OK;
    if (work->stop != NULL && *work->stop != 0)
        return EPNET_INTERRUPTED;
    Pool pool = {.work = work,
                 .most = epnet_workers_most(work->spec, work->device, work->batch, queue->points)};
    Worker *workers = epnet_calloc(count, sizeof *workers);
    if (workers == NULL)
        return epnet_fail_memory(error, count * sizeof *workers, "the workers");
    queue->workers = count;
    queue->most = pool.most;
    queue->longest = 0; /* what was learned of another device */
    queue->solved = queue->seconds = 0;
    queue->forced = forced_chunk(work, pool.most, missing, count);
    epnet_condition_make(&pool.ended);
    pthread_mutex_init(&pool.lock, NULL);

    EpnetStatus status = pool_run(&pool, workers, count);

    pthread_mutex_destroy(&pool.lock);
    pthread_cond_destroy(&pool.ended);
    free(workers);
    if (status != EPNET_OK)
        return epnet_fail(error, status, "%s", pool.error.message);
    if (pool.opened == 0)
        return epnet_fail(error, EPNET_DEVICE, "%s", pool.absence.message);
    const bool stopped = work->stop != NULL && *work->stop != 0;
    if (pool.loss.status != EPNET_OK && pool.kept < missing && !stopped)
        return epnet_fail(error, EPNET_DEVICE, "%s", pool.loss.message);
    if (pool.loss.status != EPNET_OK)
        snprintf(note, note_size, "a worker has failed, the others did its work: %.400s", pool.loss.message);
    else if (pool.absence.status != EPNET_OK)
        snprintf(note, note_size, "%zu of %zu workers: %.400s", pool.opened, count, pool.absence.message);
    else
        snprintf(note, note_size, "%s", pool.note);
    return pool.kept == missing ? EPNET_OK : EPNET_INTERRUPTED;
}

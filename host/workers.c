#include "workers.h"

#include "envelope.h"
#include "status.h"
#include "threading.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Worker Worker;

typedef struct Pool {
    const EpnetWork *work;
    size_t most; /* points of a chunk */
    Worker *workers;
    size_t started; /* of them */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a worker has ended, or closed its device */
    size_t running;         /* workers that have not ended */
    size_t absent;          /* workers that were left out */
    size_t kept;            /* points */
    EpnetStatus status;     /* of the first worker that failed in its work */
    EpnetError error;
    char note[256];       /* of the first backend context that has one */
    EpnetError absence;   /* why a worker is missing, EPNET_OK: none is */
    EpnetError loss;      /* why a worker ended alone (EpnetWork.spares), EPNET_OK: none has */
    volatile int abandon; /* what the backends watch: chunks in flight are given up */
} Pool;

struct Worker {
    Pool *pool;
    int device;
    pthread_t thread;
    void *context;                 /* the backend's */
    EpnetChunk chunk, handed_over; /* a piece being solved; one being kept, where there is a ticket */
    void *ticket;
    size_t ticket_points;
    EpnetEnvelope envelope;
    size_t kept;            /* points */
    bool lost;              /* its device failed */
    bool lacks_room;        /* its device has no memory left for it */
    size_t first, unsolved; /* points that it took and others are to solve */
    /* For the others, under the pool's lock. */
    bool active;           /* will look into the queue again */
    bool holds;            /* its device, open or being opened or closed */
    size_t closed, before; /* how often it closed its device; how often others had when it last began */
};

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
    const EpnetBackend *backend = work->device->backend;
    worker->lacks_room =
        status == EPNET_DEVICE && backend->lacks_room != NULL && backend->lacks_room(worker->context);
    worker->lost = status == EPNET_DEVICE && work->spares && !worker->lacks_room;
    if (status != EPNET_OK || pool->abandon)
        return status; /* what an abandoned piece holds is not to be used */
    fill_envelope(worker, count);
    return worker_hand_over(worker, first, count, error);
}

/* The next chunk. Who finds none looks again under the lock by which points are given back, and is from then
 * on not one of those who would take them: no point is given back to nobody. */
static bool worker_take(Worker *worker, size_t *first, size_t *count) {
    Pool *pool = worker->pool;
    if (epnet_queue_take(pool->work->queue, first, count))
        return true;
    pthread_mutex_lock(&pool->lock);
    worker->active = epnet_queue_take(pool->work->queue, first, count);
    pthread_mutex_unlock(&pool->lock);
    return worker->active;
}

/* Chunk after chunk until the queue has no more, each in two pieces: with one of them on its way and one in
 * work, what ends the process costs a worker no more than a chunk. */
static EpnetStatus worker_solve(Worker *worker, EpnetError *error) {
    const Pool *pool = worker->pool;
    EpnetQueue *queue = pool->work->queue;
    EpnetStatus status = EPNET_OK;
    for (size_t first, count; status == EPNET_OK && !pool->abandon && worker_take(worker, &first, &count);) {
        const double start = epnet_seconds_now();
        const size_t half = count / 2;
        if (half > 0)
            status = worker_solve_piece(worker, first, half, error);
        const size_t solved = status == EPNET_OK ? half : 0;
        if (status == EPNET_OK && !pool->abandon)
            status = worker_solve_piece(worker, first + half, count - half, error);
        if (worker->lost || worker->lacks_room) {
            worker->first = first + solved;
            worker->unsolved = count - solved;
            break;
        }
        if (status == EPNET_OK && !pool->abandon)
            epnet_queue_learn(queue, count, epnet_seconds_now() - start);
        if (status == EPNET_OK && half == 0) /* one point has no halves */
            status = worker_settle(worker, error);
    }
    EpnetError late;
    EpnetStatus settled = worker_settle(worker, &late);
    if (settled == EPNET_OK || (status != EPNET_OK && worker->unsolved == 0))
        return status;
    worker->lost = worker->lacks_room = false; /* what ends the run counts for more */
    return epnet_fail(error, settled, "%s", late.message);
}

/* ---- what workers know of each other: under the pool's lock ------------------------------------------ */

/* Whether another one will look into the queue again, on the same device or on any. */
static bool others_are_active(const Worker *worker, bool on_any_device) {
    const Pool *pool = worker->pool;
    for (size_t k = 0; k < pool->started; k++) {
        const Worker *other = &pool->workers[k];
        if (other != worker && other->active && (on_any_device || other->device == worker->device))
            return true;
    }
    return false;
}

static bool others_hold_the_device(const Worker *worker) {
    const Pool *pool = worker->pool;
    for (size_t k = 0; k < pool->started; k++) {
        const Worker *other = &pool->workers[k];
        if (other != worker && other->holds && other->device == worker->device)
            return true;
    }
    return false;
}

/* How often others have closed the worker's device. */
static size_t closed_by_others(const Worker *worker) {
    const Pool *pool = worker->pool;
    size_t closed = 0;
    for (size_t k = 0; k < pool->started; k++) {
        const Worker *other = &pool->workers[k];
        closed += other != worker && other->device == worker->device ? other->closed : 0;
    }
    return closed;
}

/* A device had no room for the worker, which has given its points back. While the device has another one,
 * this one is left out, and the other has the more room. The last one of a device waits until it has the
 * device to itself, and tries again if that is more room than it had before. */
static bool tries_again(Worker *worker) {
    Pool *pool = worker->pool;
    if (pool->abandon || epnet_queue_missing(pool->work->queue) == 0 || others_are_active(worker, false))
        return false;
    while (others_hold_the_device(worker))
        pthread_cond_wait(&pool->changed, &pool->lock);
    return closed_by_others(worker) > worker->before;
}

/* ---- the thread -------------------------------------------------------------------------------------- */

/* Open the device, solve what there is, close it. */
static EpnetStatus worker_attempt(Worker *worker, EpnetError *error) {
    Pool *pool = worker->pool;
    const EpnetBackend *backend = pool->work->device->backend;
    pthread_mutex_lock(&pool->lock);
    worker->holds = true;
    worker->before = closed_by_others(worker);
    pthread_mutex_unlock(&pool->lock);
    EpnetStatus status = worker_open(worker, error);
    char note[sizeof pool->note] = "";
    worker->lacks_room = status == EPNET_DEVICE;
    if (status == EPNET_OK) {
        status = worker_solve(worker, error);
        if (backend->note != NULL)
            backend->note(worker->context, note, sizeof note);
    }
    worker_close(worker);
    pthread_mutex_lock(&pool->lock);
    worker->holds = false;
    worker->closed++;
    if (pool->note[0] == '\0') /* said once */
        memcpy(pool->note, note, sizeof note);
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    return status;
}

static void keep_first(EpnetError *kept, const EpnetError *error) {
    if (kept->status == EPNET_OK)
        *kept = *error;
}

/* The worker is done, under the pool's lock: what its end means for the others. */
static void worker_end(Worker *worker, EpnetStatus status, const EpnetError *error) {
    Pool *pool = worker->pool;
    const bool last = !others_are_active(worker, true) && epnet_queue_missing(pool->work->queue) > 0;
    worker->active = false;
    if (worker->lacks_room && !last) {
        pool->absent++;
        keep_first(&pool->absence, error);
    } else if (worker->lost || (worker->lacks_room && pool->work->spares)) {
        keep_first(&pool->loss, error);
    } else if (status != EPNET_OK && pool->status == EPNET_OK) {
        pool->status = status;
        pool->error = *error;
        pool->abandon = 1;
        epnet_queue_close(pool->work->queue);
    }
    pool->kept += worker->kept;
    pool->running--;
    pthread_cond_broadcast(&pool->changed);
}

static void *worker_main(void *argument) {
    Worker *worker = argument;
    Pool *pool = worker->pool;
    for (bool again = true; again;) {
        EpnetError error = {.status = EPNET_OK};
        const EpnetStatus status = worker_attempt(worker, &error);
        pthread_mutex_lock(&pool->lock);
        if (worker->lost || worker->lacks_room)
            epnet_queue_return(pool->work->queue, worker->first, worker->unsolved);
        worker->unsolved = 0;
        again = worker->lacks_room && tries_again(worker);
        if (!again)
            worker_end(worker, status, &error);
        pthread_mutex_unlock(&pool->lock);
    }
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
        if (pthread_cond_timedwait(&pool->changed, &pool->lock, &until) == ETIMEDOUT && work->watch != NULL) {
            pthread_mutex_unlock(&pool->lock);
            work->watch(work->context);
            pthread_mutex_lock(&pool->lock);
        }
    }
}

static EpnetStatus pool_run(Pool *pool, size_t count) {
    pthread_mutex_lock(&pool->lock);
    for (int code = 0; pool->started < count && code == 0; pool->started += code == 0) {
        Worker *worker = &pool->workers[pool->started];
        worker->pool = pool;
        worker->device = epnet_device_of_worker(pool->work->device, pool->started);
        worker->active = true;
        code = epnet_thread_start(&worker->thread, worker_main, worker);
        pool->running += code == 0;
        if (code != 0)
            epnet_fail(&pool->absence, EPNET_DEVICE, "cannot start a thread: %s", strerror(code));
    }
    pool->absent += count - pool->started;
    pool_wait(pool);
    pthread_mutex_unlock(&pool->lock);
    for (size_t k = 0; k < pool->started; k++)
        pthread_join(pool->workers[k].thread, NULL);
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
    pool.workers = epnet_calloc(count, sizeof *pool.workers);
    if (pool.workers == NULL)
        return epnet_fail_memory(error, count * sizeof *pool.workers, "the workers");
    queue->workers = count;
    queue->most = pool.most;
    queue->longest = 0; /* what was learned of another device */
    queue->solved = queue->seconds = 0;
    queue->forced = forced_chunk(work, pool.most, missing, count);
    epnet_condition_make(&pool.changed);
    pthread_mutex_init(&pool.lock, NULL);

    EpnetStatus status = pool_run(&pool, count);

    pthread_mutex_destroy(&pool.lock);
    pthread_cond_destroy(&pool.changed);
    free(pool.workers);
    if (status != EPNET_OK)
        return epnet_fail(error, status, "%s", pool.error.message);
    if (pool.started == 0)
        return epnet_fail(error, EPNET_DEVICE, "%s", pool.absence.message);
    const bool stopped = work->stop != NULL && *work->stop != 0;
    if (pool.loss.status != EPNET_OK && pool.kept < missing && !stopped)
        return epnet_fail(error, EPNET_DEVICE, "%s", pool.loss.message);
    if (pool.loss.status != EPNET_OK)
        snprintf(note, note_size, "a worker has failed, the others did its work: %.400s", pool.loss.message);
    else if (pool.absence.status != EPNET_OK)
        snprintf(note, note_size, "%zu of %zu workers: %.400s", count - pool.absent, count,
                 pool.absence.message);
    else
        snprintf(note, note_size, "%s", pool.note);
    return pool.kept == missing ? EPNET_OK : EPNET_INTERRUPTED;
}

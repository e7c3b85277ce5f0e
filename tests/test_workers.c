/* The queue hands out every point once; the pool keeps every point, whatever the workers do, and ends when
 * one fails or the run is to stop. A backend made here stands for the hardware. */
#include "support/check.h"
#include "support/made_grid.h"
#include "support/made_spec.h"

#include "status.h"
#include "workers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the queue -------------------------------------------------------------------------------------------
 */

static EpnetQueue make_queue(size_t points) {
    EpnetQueue queue;
    EpnetError error;
    assert_int_equal(epnet_queue_make(&queue, points, &error), EPNET_OK);
    return queue;
}

static void forced_chunks_skip_what_is_there(void **state) {
    (void)state;
    EpnetQueue queue = make_queue(20);
    queue.forced = 6;
    epnet_queue_remove(&queue, 0, 3);
    epnet_queue_remove(&queue, 8, 1);
    epnet_queue_remove(&queue, 2, 2); /* overlaps */
    epnet_queue_remove(&queue, 19, 1);
    assert_int_equal(queue.missing, 14);
    static const size_t expected[][2] = {{4, 4}, {9, 6}, {15, 4}};
    size_t first, count;
    for (size_t k = 0; k < 3; k++) {
        assert_true(epnet_queue_take(&queue, &first, &count));
        assert_int_equal(first, expected[k][0]);
        assert_int_equal(count, expected[k][1]);
    }
    assert_false(epnet_queue_take(&queue, &first, &count));
    epnet_queue_free(&queue);
    queue = make_queue(5);
    epnet_queue_close(&queue);
    assert_false(epnet_queue_take(&queue, &first, &count));
    epnet_queue_free(&queue);
}

/* Chunks of 1, 8, 64, ... up to 0.2 s, and shorter ones in the end. */
static void chunks_follow_the_time_of_a_point(void **state) {
    (void)state;
    const double per_point = 1e-4;
    EpnetQueue queue = make_queue(1000000);
    queue.workers = 3;
    queue.most = 5000;
    size_t next = 0, longest = 0, last = 0, chunks = 0;
    for (size_t first, count; epnet_queue_take(&queue, &first, &count); chunks++) {
        assert_int_equal(first, next);
        next += count;
        if (chunks < 4)
            assert_int_equal(count, 1u << 3 * chunks);
        longest = count > longest ? count : longest;
        last = count;
        epnet_queue_learn(&queue, count, per_point * (double)count);
    }
    assert_int_equal(next, 1000000);
    check_near(per_point * (double)longest, 0.2, 0.001, "the longest chunk");
    assert_true(last <= 50);
    assert_true(chunks < 600);
    epnet_queue_free(&queue);
    assert_int_equal(epnet_queue_chunk(1e-12, 1000000000, 1, 77), 77);
    assert_int_equal(epnet_queue_chunk(0, 1000000000, 1, 77), 77);
    assert_int_equal(epnet_queue_chunk(1e3, 1000000000, 1, 77), 1);
    assert_int_equal(epnet_queue_chunk(0.01, 80, 4, 77), 5); /* four for each worker */
}

/* ---- the pool --------------------------------------------------------------------------------------------
 */

/* What the made backend is told to do. */
static struct {
    int room;           /* contexts that memory has room for */
    int working_room;   /* contexts that may be open while one solves, 0: any number */
    int alone;          /* contexts that were refused to solve with no other open */
    bool fails;         /* to solve */
    volatile int *stop; /* set by the first chunk, which then ends once no more are handed out; NULL: not */
    const EpnetQueue *queue;
    bool endless;     /* that chunk ends only when it is told to */
    int open, opened; /* contexts now and in all */
    pthread_mutex_t lock;
} made = {.lock = PTHREAD_MUTEX_INITIALIZER};

static EpnetStatus made_open(const EpnetProblem *problem, int device, int threads, void **context,
                             EpnetError *error) {
    (void)problem;
    assert_int_equal(device, 5);
    assert_int_equal(threads, 2);
    pthread_mutex_lock(&made.lock);
    const bool room = made.open < made.room;
    made.open += room;
    int *number = room ? malloc(sizeof *number) : NULL;
    if (room)
        *number = ++made.opened;
    pthread_mutex_unlock(&made.lock);
    *context = number;
    return room ? EPNET_OK : epnet_fail(error, EPNET_DEVICE, "no room on device %d", device);
}

static void made_close(void *context) {
    pthread_mutex_lock(&made.lock);
    made.open--;
    pthread_mutex_unlock(&made.lock);
    free(context);
}

enum { LACKS_ROOM = -1 }; /* in the place of a context's number */

static bool made_lacks_room(const void *context) {
    return *(const int *)context == LACKS_ROOM;
}

/* A point's drive as its result; waits a little so that several workers get chunks. */
static EpnetStatus made_solve(void *context, const EpnetBatch *batch, EpnetRows *rows, EpnetError *error) {
    usleep(500);
    if (made.fails)
        return epnet_fail(error, EPNET_DEVICE, "context %d is lost", *(int *)context);
    pthread_mutex_lock(&made.lock);
    const bool room = made.working_room == 0 || made.open <= made.working_room;
    *(int *)context = room ? *(int *)context : LACKS_ROOM;
    made.alone += !room && made.open == 1;
    pthread_mutex_unlock(&made.lock);
    if (!room)
        return epnet_fail(error, EPNET_DEVICE, "no room to work");
    if (made.stop != NULL)
        *made.stop = 1;
    while (made.stop != NULL && (made.endless ? !*batch->stop : !*(volatile bool *)&made.queue->closed))
        usleep(1000);
    const size_t width = epnet_row_width(batch->problem->cut_count);
    for (size_t k = 0; k < batch->count && !*batch->stop; k++) {
        rows->status[k] = EPNET_POINT_NOT_CONVERGED; /* no envelope to fill in */
        rows->last[k * width] = batch->points[k].drive[0];
    }
    return EPNET_OK;
}

static const EpnetBackend made_backend = {.name = "made",
                                          .open = made_open,
                                          .close = made_close,
                                          .solve = made_solve,
                                          .lacks_room = made_lacks_room};

typedef struct Kept {
    pthread_mutex_t lock;
    size_t points, chunks, watched;
    double *drive;        /* of every point; NULL: not kept */
    unsigned char *times; /* that a point was kept */
    volatile int stop;    /* for the run */
    size_t fail_after;    /* points; 0: never */
    bool spares;          /* of the work */
} Kept;

/* Chunks that were handed over are looked at late: nothing may have written into them. */
typedef struct Ticket {
    size_t first, count;
    const EpnetChunk *chunk;
} Ticket;

static void *keep(size_t first, size_t count, const EpnetChunk *chunk, void *context) {
    (void)context;
    Ticket *ticket = malloc(sizeof *ticket);
    *ticket = (Ticket){first, count, chunk};
    return ticket;
}

static EpnetStatus chunk_kept(void *handed_over, void *context, EpnetError *error) {
    Kept *kept = context;
    Ticket *ticket = handed_over;
    pthread_mutex_lock(&kept->lock);
    for (size_t k = 0; k < ticket->count; k++) {
        kept->times[ticket->first + k]++;
        kept->drive[ticket->first + k] = ticket->chunk->rows.last[k * epnet_row_width(2)];
    }
    kept->points += ticket->count;
    kept->chunks++;
    const bool fail = kept->fail_after > 0 && kept->points >= kept->fail_after;
    pthread_mutex_unlock(&kept->lock);
    free(ticket);
    return fail ? epnet_fail(error, EPNET_IO, "the disk is full") : EPNET_OK;
}

static void watch(void *context) {
    ((Kept *)context)->watched++;
}

enum { POINTS = 105 };

static EpnetStatus run_pool(size_t workers, size_t batch, Kept *kept, EpnetSpec *spec, char *note,
                            EpnetError *error) {
    const EpnetProblem problem = {.nodes = spec->network.nodes, .cut_count = spec->cut_count};
    const EpnetDevice device = {
        .backend = &made_backend, .count = 1, .index = {5}, .worker_count = workers, .worker_threads = 2};
    EpnetQueue queue = make_queue(POINTS);
    const EpnetWork work = {.spec = spec,
                            .problem = &problem,
                            .device = &device,
                            .batch = batch,
                            .spares = kept->spares,
                            .stop = &kept->stop,
                            .queue = &queue,
                            .keep = keep,
                            .kept = chunk_kept,
                            .watch = watch,
                            .context = kept};
    made.opened = 0;
    made.queue = &queue;
    pthread_mutex_init(&kept->lock, NULL);
    kept->drive = calloc(POINTS, sizeof *kept->drive);
    kept->times = calloc(POINTS, 1);
    EpnetStatus status = epnet_workers_run(&work, note, 200, error);
    assert_int_equal(made.open, 0);
    epnet_queue_free(&queue);
    return status;
}

static void kept_free(Kept *kept) {
    free(kept->drive);
    free(kept->times);
}

static EpnetSpec *three_axes(void) {
    MadeSpec shape = made_shape(3);
    return made_spec(&shape);
}

static void every_point_is_kept_once(void **state) {
    (void)state;
    static const size_t workers[] = {1, 2, 7, 200}, batches[] = {0, 1, 13, 1000};
    EpnetSpec *spec = three_axes();
    assert_int_equal(epnet_grid_points(spec->axes, spec->axis_count), POINTS);
    made.room = 1000;
    for (size_t w = 0; w < 4; w++) {
        for (size_t b = 0; b < 4; b++) {
            Kept kept = {0};
            char note[200];
            EpnetError error;
            assert_int_equal(run_pool(workers[w], batches[b], &kept, spec, note, &error), EPNET_OK);
            assert_string_equal(note, "");
            assert_int_equal(made.opened, workers[w] < POINTS ? workers[w] : POINTS);
            assert_int_equal(kept.points, POINTS);
            if (batches[b] > 0) /* a chunk of more than one point is kept in two pieces */
                assert_int_equal(kept.chunks, POINTS / batches[b] * (batches[b] > 1 ? 2 : 1) +
                                                  (POINTS % batches[b] > 1 ? 2 : POINTS % batches[b]));
            for (size_t k = 0; k < POINTS; k++) {
                assert_int_equal(kept.times[k], 1);
                assert_true(kept.drive[k] == spec->axes[0].values[k / 21]);
            }
            kept_free(&kept);
        }
    }
    made_spec_free(spec);
}

static void workers_without_room_are_left_out(void **state) {
    (void)state;
    EpnetSpec *spec = three_axes();
    Kept kept = {0};
    char note[200];
    EpnetError error = {0};
    made.room = 2;
    /* A context that is closed makes room for a late one, so two at least. */
    assert_int_equal(run_pool(6, 1, &kept, spec, note, &error), EPNET_OK);
    assert_int_equal(kept.points, POINTS);
    assert_true(made.opened >= 2);
    if (made.opened < 6)
        assert_non_null(strstr(note, " of 6 workers: no room on device 5"));
    kept_free(&kept);

    made.room = 0;
    Kept none = {0};
    assert_int_equal(run_pool(3, 1, &none, spec, note, &error), EPNET_DEVICE);
    assert_string_equal(error.message, "no room on device 5");
    assert_int_equal(none.points, 0);
    kept_free(&none);
    made_spec_free(spec);
}

/* A worker that runs out of memory in its work gives its points back and leaves; the last one has all the
 * room, and only where that is not enough the run fails. */
static void workers_that_run_out_of_room_leave_their_points_to_others(void **state) {
    (void)state;
    enum { TIMES = 20 };
    EpnetSpec *spec = three_axes();
    char note[200];
    EpnetError error = {0};
    made.room = 1000;
    for (int k = 0; k < TIMES; k++) {
        static const size_t workers[] = {2, 3, 8}, batches[] = {1, 4, 1000};
        Kept kept = {0};
        made.working_room = 1 + k % 2;
        made.alone = 0;
        assert_int_equal(run_pool(workers[k % 3], batches[k / 3 % 3], &kept, spec, note, &error), EPNET_OK);
        assert_int_equal(kept.points, POINTS);
        for (size_t p = 0; p < POINTS; p++)
            assert_int_equal(kept.times[p], 1);
        assert_int_equal(made.alone, 0);
        if (strlen(note) > 0)
            assert_non_null(strstr(note, " workers: no room to work"));
        kept_free(&kept);
    }
    for (int spares = 0; spares <= 1; spares++) {
        Kept none = {.spares = spares != 0};
        made.working_room = -1;
        made.alone = 0;
        assert_int_equal(run_pool(3, 4, &none, spec, note, &error), EPNET_DEVICE);
        assert_string_equal(error.message, "no room to work");
        assert_true(made.alone > 0);
        assert_int_equal(none.points, 0);
        kept_free(&none);
    }
    made.working_room = 0;
    made_spec_free(spec);
}

static void a_failure_ends_the_run(void **state) {
    (void)state;
    EpnetSpec *spec = three_axes();
    char note[200];
    EpnetError error = {0};
    Kept lost = {0};
    made.room = 1000;
    made.fails = true;
    assert_int_equal(run_pool(3, 1, &lost, spec, note, &error), EPNET_DEVICE);
    assert_non_null(strstr(error.message, "is lost"));
    assert_int_equal(lost.points, 0);
    kept_free(&lost);
    made.fails = false;
    Kept full = {.fail_after = 30};
    assert_int_equal(run_pool(3, 4, &full, spec, note, &error), EPNET_IO);
    assert_string_equal(error.message, "the disk is full");
    assert_true(full.points < POINTS);
    kept_free(&full);
    made_spec_free(spec);
}

/* A chunk in flight is kept, and no other is begun; if it takes too long, it is given up. */
static void a_stop_ends_the_run(void **state) {
    (void)state;
    EpnetSpec *spec = three_axes();
    char note[200];
    EpnetError error = {0};
    made.room = 1000;
    for (int endless = 0; endless <= 1; endless++) {
        Kept kept = {0};
        made.stop = &kept.stop;
        made.endless = endless != 0;
        assert_int_equal(run_pool(1, 4, &kept, spec, note, &error), EPNET_INTERRUPTED);
        assert_int_equal(kept.points, endless ? 0 : 4);
        kept_free(&kept);
    }
    made.stop = NULL;
    made_spec_free(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forced_chunks_skip_what_is_there),
        cmocka_unit_test(chunks_follow_the_time_of_a_point),
        cmocka_unit_test(every_point_is_kept_once),
        cmocka_unit_test(workers_without_room_are_left_out),
        cmocka_unit_test(workers_that_run_out_of_room_leave_their_points_to_others),
        cmocka_unit_test(a_failure_ends_the_run),
        cmocka_unit_test(a_stop_ends_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

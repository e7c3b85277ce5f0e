#include "drive_batch.h"

#include "drive_search.h"
#include "law_problem.h"
#include "status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Searches {
    const EpnetBatch *batch;
    EpnetDriveSearch *search; /* batch->count, as the two that follow */
    double *drive;            /* x edge_count: the one that a point has, for every edge */
    EpnetPoint *points;       /* those of a round, or those that are solved */
    size_t *who;              /* which of the batch they are */
} Searches;

static void searches_free(Searches *s) {
    free(s->search);
    free(s->drive);
    free(s->points);
    free(s->who);
}

static EpnetStatus searches_alloc(Searches *s, const EpnetBatch *batch, EpnetError *error) {
    const size_t count = batch->count, edges = batch->problem->edge_count;
    *s = (Searches){.batch = batch,
                    .search = epnet_calloc(count, sizeof *s->search),
                    .drive = epnet_calloc(count * edges + 1, sizeof *s->drive),
                    .points = epnet_calloc(count, sizeof *s->points),
                    .who = epnet_calloc(count, sizeof *s->who)};
    if (s->search != NULL && s->drive != NULL && s->points != NULL && s->who != NULL)
        return EPNET_OK;
    searches_free(s);
    return epnet_fail_memory(error, count * (edges * sizeof *s->drive + sizeof *s->search),
                             "the search for drives");
}

/* Point `at` of the next round is point k of the batch with this drive. */
static void set_point(Searches *s, size_t at, size_t k, double drive) {
    const size_t edges = s->batch->problem->edge_count;
    double *const own = s->drive + k * edges;
    for (size_t e = 0; e < edges; e++)
        own[e] = drive;
    s->points[at] = s->batch->points[k];
    s->points[at].drive = own;
    s->who[at] = k;
}

static bool stopped(const EpnetBatch *batch) {
    return batch->stop != NULL && *batch->stop;
}

/* Round after round, until no search asks. */
static EpnetStatus search_all(Searches *s, EpnetBatchSolver laws, void *context, EpnetError *error) {
    const EpnetBatch *batch = s->batch;
    const EpnetProblem trial = epnet_law_problem(batch->problem);
    const size_t width = epnet_row_width(trial.cut_count);
    EpnetRows rows = {.status = epnet_calloc(batch->count, sizeof *rows.status),
                      .last = epnet_calloc(batch->count * width, sizeof *rows.last),
                      .point = epnet_calloc(batch->count * EPNET_POINT_COLUMNS, sizeof *rows.point)};
    EpnetStatus status = EPNET_OK;
    if (rows.status == NULL || rows.last == NULL || rows.point == NULL)
        status = epnet_fail_memory(error, batch->count * width * sizeof *rows.last, "the search for drives");
    for (size_t k = 0; k < batch->count; k++)
        epnet_drive_begin(&s->search[k], batch->problem, &batch->points[k], batch->points[k].sigma);
    while (status == EPNET_OK && !stopped(batch)) {
        size_t count = 0;
        for (size_t k = 0; k < batch->count; k++)
            if (!s->search[k].done)
                set_point(s, count++, k, s->search[k].asked);
        if (count == 0)
            break;
        const EpnetBatch round = {&trial, count, s->points, batch->stop};
        status = laws(context, &round, &rows, error);
        for (size_t i = 0; i < count && status == EPNET_OK && !stopped(batch); i++)
            epnet_drive_answer(&s->search[s->who[i]], (EpnetPointStatus)rows.status[i],
                               rows.last[i * width + EPNET_COLUMNS + EPNET_CUT_ENTROPY_PRODUCTION]);
    }
    free(rows.status);
    free(rows.last);
    free(rows.point);
    return status;
}

/* Move item `from` of an array of items of `count` values to `to`, or fill the latter with NaN. */
static void move(double *values, size_t count, size_t to, size_t from, bool there) {
    for (size_t c = 0; values != NULL && c < count; c++)
        values[to * count + c] = there ? values[from * count + c] : NAN;
}

static void move_row(const Searches *s, EpnetRows *rows, size_t to, size_t from, bool there) {
    const EpnetProblem *problem = s->batch->problem;
    const size_t width = epnet_row_width(problem->cut_count);
    const EpnetDriveSearch *search = &s->search[to];
    rows->status[to] = there ? rows->status[from] : (int)search->status;
    move(rows->last, width, to, from, there);
    move(rows->extremes, EPNET_EXTREMES, to, from, there);
    move(rows->trajectory, problem->time_count * width, to, from, there);
    move(rows->applications, 1, to, from, there);
    if (rows->point == NULL)
        return;
    double *const columns = rows->point + to * EPNET_POINT_COLUMNS;
    move(rows->point, EPNET_POINT_COLUMNS, to, from, there);
    columns[EPNET_DRIVE] = rows->status[to] == EPNET_POINT_OK ? search->drive : NAN;
    columns[EPNET_ATTAINABLE] = search->attainable;
}

EpnetStatus epnet_drive_batch_solve(const EpnetBatch *batch, EpnetRows *rows, EpnetBatchSolver laws,
                                    void *laws_context, EpnetBatchSolver points, void *points_context,
                                    EpnetError *error) {
    Searches s;
    EpnetStatus status = searches_alloc(&s, batch, error);
    if (status != EPNET_OK)
        return status;
    status = search_all(&s, laws, laws_context, error);
    /* Those that have a drive are solved as one batch, into the first rows. */
    size_t count = 0;
    for (size_t k = 0; k < batch->count && status == EPNET_OK; k++)
        if (s.search[k].done && s.search[k].status == EPNET_POINT_OK)
            set_point(&s, count++, k, s.search[k].drive);
    if (status == EPNET_OK && count > 0 && !stopped(batch)) {
        const EpnetProblem given = epnet_given_problem(batch->problem);
        const EpnetBatch found = {&given, count, s.points, batch->stop};
        status = points(points_context, &found, rows, error);
    }
    /* From the last to the first, each to its place, which is no earlier than where it is. */
    for (size_t k = batch->count; k-- > 0 && status == EPNET_OK && !stopped(batch);) {
        const bool there = count > 0 && s.who[count - 1] == k;
        move_row(&s, rows, k, there ? --count : 0, there);
    }
    searches_free(&s);
    return status;
}

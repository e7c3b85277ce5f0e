#include "solve.h"

#include "oracle.h"

#include <stdlib.h>
#include <string.h>

/* Every byte 0xA5: a status that does not exist, and numbers of -1e-128. */
static void *unwritten(size_t count, size_t size) {
    void *memory = oracle_allocate(count, size);
    memset(memory, 0xA5, count * size);
    return memory;
}

GpuRows gpu_rows_make(const EpnetProblem *problem, size_t count, bool keeps) {
    GpuRows rows = {count, epnet_row_width(problem->cut_count), problem->time_count, {0}};
    rows.rows.status = unwritten(count, sizeof(int));
    rows.rows.last = unwritten(count * rows.width, sizeof(double));
    rows.rows.point = unwritten(count * EPNET_POINT_COLUMNS, sizeof(double));
    if (problem->kind == EPNET_TRAJECTORY)
        rows.rows.extremes = unwritten(count * EPNET_EXTREMES, sizeof(double));
    if (problem->kind == EPNET_TRAJECTORY && keeps)
        rows.rows.trajectory = unwritten(count * problem->time_count * rows.width, sizeof(double));
    return rows;
}

void gpu_rows_free(GpuRows *rows) {
    free(rows->rows.status);
    free(rows->rows.last);
    free(rows->rows.point);
    free(rows->rows.extremes);
    free(rows->rows.trajectory);
    memset(rows, 0, sizeof *rows);
}

static void copy_part(double *one, size_t to, const double *other, size_t from, size_t values) {
    if (one != NULL && other != NULL)
        memcpy(one + to * values, other + from * values, values * sizeof *one);
}

void gpu_rows_copy(GpuRows *one, size_t to, const GpuRows *other, size_t from) {
    EpnetRows *x = &one->rows;
    const EpnetRows *y = &other->rows;
    x->status[to] = y->status[from];
    copy_part(x->last, to, y->last, from, one->width);
    copy_part(x->point, to, y->point, from, EPNET_POINT_COLUMNS);
    copy_part(x->extremes, to, y->extremes, from, EPNET_EXTREMES);
    copy_part(x->trajectory, to, y->trajectory, from, one->time_count * one->width);
}

/* The rows from point `first` on. */
static EpnetRows rows_from(const GpuRows *rows, size_t first) {
    EpnetRows part = rows->rows;
    part.status += first;
    part.last += first * rows->width;
    part.point += first * EPNET_POINT_COLUMNS;
    if (part.extremes != NULL)
        part.extremes += first * EPNET_EXTREMES;
    if (part.trajectory != NULL)
        part.trajectory += first * rows->time_count * rows->width;
    return part;
}

EpnetStatus gpu_solve_in(const GpuEngine *engine, void *context, const EpnetProblem *problem,
                         const EpnetPoint *points, size_t chunk, GpuRows *rows, EpnetError *error) {
    EpnetStatus status = EPNET_OK;
    for (size_t first = 0; first < rows->count && status == EPNET_OK; first += chunk) {
        const size_t left = rows->count - first;
        const EpnetBatch batch = {problem, left < chunk ? left : chunk, points + first, NULL};
        EpnetRows part = rows_from(rows, first);
        status = engine->backend->solve(context, &batch, &part, error);
    }
    return status;
}

EpnetStatus gpu_solve(const GpuEngine *engine, const EpnetProblem *problem, const EpnetPoint *points,
                      GpuRows *rows, EpnetError *error) {
    void *context = NULL;
    EpnetStatus status = engine->backend->open(problem, engine->device, engine->threads, &context, error);
    if (status == EPNET_OK) {
        status = gpu_solve_in(engine, context, problem, points, rows->count, rows, error);
        engine->backend->close(context);
    }
    return status;
}

static bool same_part(const double *one, size_t a, const double *other, size_t b, size_t values) {
    return one == NULL || memcmp(one + a * values, other + b * values, values * sizeof *one) == 0;
}

bool gpu_rows_same(const GpuRows *one, size_t a, const GpuRows *other, size_t b) {
    const EpnetRows *x = &one->rows, *y = &other->rows;
    return x->status[a] == y->status[b] && same_part(x->last, a, y->last, b, one->width) &&
           same_part(x->point, a, y->point, b, EPNET_POINT_COLUMNS) &&
           same_part(x->extremes, a, y->extremes, b, EPNET_EXTREMES) &&
           same_part(x->trajectory, a, y->trajectory, b, one->time_count * one->width);
}

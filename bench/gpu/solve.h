/* A backend asked for rows: what it gave, or why not. */
#ifndef EPNET_BENCH_GPU_SOLVE_H
#define EPNET_BENCH_GPU_SOLVE_H

#include "cases.h"

/* A backend and how it is opened. */
typedef struct GpuEngine {
    const EpnetBackend *backend;
    int device, threads;
} GpuEngine;

typedef struct GpuRows {
    size_t count, width, time_count;
    EpnetRows rows;
} GpuRows;

/* Rows for `count` points of a problem, filled with a pattern that no backend writes: what is not written
 * shows. `keeps` the trajectory. */
GpuRows gpu_rows_make(const EpnetProblem *problem, size_t count, bool keeps);
void gpu_rows_free(GpuRows *rows);

/* The rows of point `from` of one become those of point `to` of another, as far as that keeps them. */
void gpu_rows_copy(GpuRows *one, size_t to, const GpuRows *other, size_t from);

/* Solve the points in an open context, by chunks of `chunk` points in their order. */
EpnetStatus gpu_solve_in(const GpuEngine *engine, void *context, const EpnetProblem *problem,
                         const EpnetPoint *points, size_t chunk, GpuRows *rows, EpnetError *error);

/* Open a context, solve all points in one batch, close it. */
EpnetStatus gpu_solve(const GpuEngine *engine, const EpnetProblem *problem, const EpnetPoint *points,
                      GpuRows *rows, EpnetError *error);

/* Whether the rows of point a of one and point b of another are the same bytes, status included. */
bool gpu_rows_same(const GpuRows *one, size_t a, const GpuRows *other, size_t b);

#endif

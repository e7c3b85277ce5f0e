/* A backend against itself: the same points, batched, ordered and scheduled differently, give the same bytes.
 */
#include "checks.h"

#include "oracle.h"
#include "threading.h"

#include <stdlib.h>
#include <string.h>

/* Points whose rows differ, `order[k]` being the number in `first` of point k of `other`. */
static size_t points_different(const GpuRows *first, const GpuRows *other, const size_t *order) {
    size_t different = 0;
    for (size_t k = 0; k < other->count; k++)
        different += !gpu_rows_same(first, order[k], other, k);
    return different;
}

static void put_order(size_t *order, size_t count, bool backwards, uint64_t shuffle) {
    TestRandom random = test_random(shuffle);
    for (size_t k = 0; k < count; k++)
        order[k] = backwards ? count - 1 - k : k;
    for (size_t k = count; shuffle != 0 && k > 1; k--) {
        const size_t other = test_random_below(&random, k), kept = order[k - 1];
        order[k - 1] = order[other];
        order[other] = kept;
    }
}

/* One way of solving the points: in which order, by how many at a time. */
typedef struct Way {
    const char *name;
    size_t chunk; /* 0: all */
    bool backwards;
    uint64_t shuffle; /* seed; 0: not */
} Way;

/* Points that come out otherwise than in `first`, solved in an open context. */
static EpnetStatus solve_way(const GpuChecks *checks, void *context, const GpuCase *item,
                             const GpuRows *first, const Way *way, size_t *different, EpnetError *error) {
    const size_t count = item->shape.points;
    size_t *order = oracle_allocate(count, sizeof(size_t));
    EpnetPoint *points = oracle_allocate(count, sizeof(EpnetPoint));
    GpuRows rows = gpu_rows_make(&item->problem, count, true);
    put_order(order, count, way->backwards, way->shuffle);
    for (size_t k = 0; k < count; k++)
        points[k] = item->points[order[k]];
    const EpnetStatus status = gpu_solve_in(&checks->subject, context, &item->problem, points,
                                            way->chunk > 0 ? way->chunk : count, &rows, error);
    *different = points_different(first, &rows, order);
    gpu_rows_free(&rows);
    free(points);
    free(order);
    return status;
}

/* ---- two contexts at a time ---------------------------------------------------------------------------- */

typedef struct Twin {
    const GpuChecks *checks;
    const GpuCase *item;
    GpuRows rows;
    EpnetStatus status;
    EpnetError error;
} Twin;

static void *twin_main(void *argument) {
    Twin *twin = argument;
    twin->status = gpu_solve(&twin->checks->subject, &twin->item->problem, twin->item->points, &twin->rows,
                             &twin->error);
    return NULL;
}

static EpnetStatus solve_twins(const GpuChecks *checks, const GpuCase *item, const GpuRows *first,
                               size_t *different, EpnetError *error) {
    const size_t count = item->shape.points;
    size_t *order = oracle_allocate(count, sizeof(size_t));
    Twin twins[2];
    pthread_t threads[2];
    EpnetStatus status = EPNET_OK;
    put_order(order, count, false, 0);
    for (size_t t = 0; t < 2; t++) {
        twins[t] = (Twin){.checks = checks, .item = item};
        twins[t].rows = gpu_rows_make(&item->problem, count, true);
        if (epnet_thread_start(&threads[t], twin_main, &twins[t]) != 0)
            exit(EXIT_FAILURE);
    }
    *different = 0;
    for (size_t t = 0; t < 2; t++) {
        pthread_join(threads[t], NULL);
        *different += points_different(first, &twins[t].rows, order);
        gpu_rows_free(&twins[t].rows);
        if (twins[t].status != EPNET_OK) {
            status = twins[t].status;
            *error = twins[t].error;
        }
    }
    free(order);
    return status;
}

/* ---- all ways ------------------------------------------------------------------------------------------ */

static void check_ways(const GpuChecks *checks, void *context, const GpuCase *item, const GpuRows *first) {
    static const Way ways[] = {{"same bytes: again", 0, false, 0},
                               {"same bytes: one point at a time", 1, false, 0},
                               {"same bytes: backwards, by five", 5, true, 0},
                               {"same bytes: shuffled, by sixteen", 16, false, 7}};
    const int nodes = item->shape.nodes;
    const size_t count = item->shape.points;
    EpnetError error = {.status = EPNET_OK};
    size_t different;
    for (size_t w = 0; w < sizeof ways / sizeof ways[0]; w++) {
        if (solve_way(checks, context, item, first, &ways[w], &different, &error) != EPNET_OK)
            gpu_report_failure(checks->report, ways[w].name, nodes, error.message);
        else
            gpu_report_check(checks->report, ways[w].name, nodes, count, (double)different, 0,
                             "points that differ");
    }
    if (solve_twins(checks, item, first, &different, &error) != EPNET_OK)
        gpu_report_failure(checks->report, "same bytes: two contexts at a time", nodes, error.message);
    else
        gpu_report_check(checks->report, "same bytes: two contexts at a time", nodes, count,
                         (double)different, 0, "points that differ");
}

static void check_shape(const GpuChecks *checks, const GpuShape *shape) {
    if (!gpu_checks_go_on(checks, "same bytes", shape->nodes))
        return;
    const EpnetBackend *backend = checks->subject.backend;
    GpuCase item = gpu_case_make(shape);
    if (!gpu_checks_accepts(checks, "same bytes", &item.problem)) {
        gpu_case_free(&item);
        return;
    }
    GpuRows first = gpu_rows_make(&item.problem, shape->points, true);
    EpnetError error = {.status = EPNET_OK};
    void *context = NULL;
    EpnetStatus status =
        backend->open(&item.problem, checks->subject.device, checks->subject.threads, &context, &error);
    if (status == EPNET_OK)
        status = gpu_solve_in(&checks->subject, context, &item.problem, item.points, shape->points, &first,
                              &error);
    if (status == EPNET_OK)
        check_ways(checks, context, &item, &first);
    else
        gpu_report_failure(checks->report, "same bytes", shape->nodes, error.message);
    if (context != NULL)
        backend->close(context);
    gpu_rows_free(&first);
    gpu_case_free(&item);
}

void gpu_check_bytes(const GpuChecks *checks) {
    static const int tiny[] = {3, 8}, small[] = {5, 11}, full[] = {2, 3, 5, 8, 9, 10, 12, 13, 14, 17};
    static const int *const sizes[] = {tiny, small, full};
    static const size_t counts[] = {2, 2, 10};
    for (size_t i = 0; i < counts[checks->size]; i++) {
        const int nodes = sizes[checks->size][i];
        const size_t points = checks->size != GPU_FULL ? (nodes <= 5 ? 18 : 3)
                              : nodes <= 9             ? 201
                              : nodes <= 12            ? 37
                                                       : 5;
        const GpuShape trajectory = {nodes,
                                     points,
                                     i % 2 == 0 ? GPU_ONE_WAY : GPU_ZERO_RATES,
                                     GPU_PURE,
                                     EPNET_TRAJECTORY,
                                     EPNET_CHEBYSHEV,
                                     1e-9,
                                     1,
                                     3,
                                     2,
                                     41,
                                     0};
        check_shape(checks, &trajectory);
        GpuShape stationary = trajectory;
        stationary.kind = EPNET_STATIONARY;
        stationary.network = GPU_GENERIC;
        check_shape(checks, &stationary);
    }
}

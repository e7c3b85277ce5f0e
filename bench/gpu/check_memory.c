/* A device whose memory is nearly full. */
#include "checks.h"

#include "oracle.h"

#include <stdio.h>
#include <string.h>

/* 1 for every point that is not as in `first`; a refusal must say why, and is noted. */
static size_t solve_again(const GpuChecks *checks, const GpuCase *item, const GpuRows *first, bool may_refuse,
                          char *note, size_t size) {
    const size_t count = item->shape.points;
    size_t wrong = 0;
    EpnetError error = {.status = EPNET_OK, .message = ""};
    GpuRows rows = gpu_rows_make(&item->problem, count, true);
    const EpnetStatus status = gpu_solve(&checks->subject, &item->problem, item->points, &rows, &error);
    if (status == EPNET_OK) {
        for (size_t k = 0; k < count; k++)
            wrong += !gpu_rows_same(first, k, &rows, k);
        snprintf(note, size, "solved");
    } else {
        wrong = may_refuse && status == EPNET_DEVICE && error.message[0] != '\0' ? 0 : count;
        snprintf(note, size, "refused: %.150s", error.message);
    }
    gpu_rows_free(&rows);
    return wrong;
}

static void check_left(const GpuChecks *checks, const GpuCase *item, const GpuRows *first, size_t mebibytes) {
    char name[96], note[200];
    EpnetError error = {.status = EPNET_OK};
    void *held = checks->holder->hold(checks->subject.device, mebibytes << 20, &error);
    snprintf(name, sizeof name, "memory: about %zu MiB are left", mebibytes);
    if (held == NULL) {
        gpu_report_failure(checks->report, name, item->shape.nodes, error.message);
        return;
    }
    const size_t wrong = solve_again(checks, item, first, true, note, sizeof note);
    checks->holder->release(held);
    gpu_report_check(checks->report, name, item->shape.nodes, item->shape.points, (double)wrong, 0, note);
    snprintf(name, sizeof name, "memory: free again after %zu MiB", mebibytes);
    gpu_report_check(checks->report, name, item->shape.nodes, item->shape.points,
                     (double)solve_again(checks, item, first, false, note, sizeof note), 0, note);
}

static void check_shape(const GpuChecks *checks, const GpuShape *shape) {
    static const size_t left[] = {32, 4, 0};
    EpnetError error = {.status = EPNET_OK};
    GpuCase item = gpu_case_make(shape);
    if (!gpu_checks_accepts(checks, "memory", &item.problem)) {
        gpu_case_free(&item);
        return;
    }
    GpuRows first = gpu_rows_make(&item.problem, shape->points, true);
    if (gpu_solve(&checks->subject, &item.problem, item.points, &first, &error) != EPNET_OK)
        gpu_report_failure(checks->report, "memory", shape->nodes, error.message);
    else
        for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
            check_left(checks, &item, &first, left[i]);
    gpu_rows_free(&first);
    gpu_case_free(&item);
}

void gpu_check_memory(const GpuChecks *checks) {
    if (checks->holder == NULL) {
        gpu_report_absence(checks->report, "check", "memory", 0, "the backend has no memory of its own");
        return;
    }
    if (checks->size == GPU_SMALL) {
        gpu_report_absence(checks->report, "check", "memory", 0, "compute-sanitizer needs some itself");
        return;
    }
    if (!gpu_checks_go_on(checks, "memory", 0))
        return;
    const bool full = checks->size == GPU_FULL;
    const GpuShape many = {full ? 8 : 3,
                           full ? 20000 : 40,
                           GPU_GENERIC,
                           GPU_PURE,
                           EPNET_TRAJECTORY,
                           EPNET_CHEBYSHEV,
                           1e-9,
                           1,
                           full ? 21 : 3,
                           2,
                           61,
                           0},
                   large = {18, 1, GPU_GENERIC, GPU_PURE, EPNET_TRAJECTORY, EPNET_CHEBYSHEV, 1e-9, 0.1,
                            2,  1, 67,          0};
    check_shape(checks, &many);
    if (full)
        check_shape(checks, &large);
}

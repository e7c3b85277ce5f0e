/* Leaks, by quench and by decay: the subject's against the reference's. */
#include "checks.h"

#include "compare.h"

#include <math.h>
#include <stdio.h>

typedef struct Leak {
    const char *name;
    EpnetLeakKind kind;
    EpnetKind of; /* a stationary law's, or at the end of a trajectory or along it */
    bool constant_drive;
} Leak;

static const Leak leaks[] = {
    {"leak, quench of the stationary law", EPNET_LEAK_QUENCH, EPNET_STATIONARY, false},
    {"leak, quench of a trajectory", EPNET_LEAK_QUENCH, EPNET_TRAJECTORY, false},
    {"leak, decay of a trajectory", EPNET_LEAK_DECAY, EPNET_TRAJECTORY, false},
    {"leak, quench at constant drive", EPNET_LEAK_QUENCH, EPNET_STATIONARY, true},
};

enum { LEAKS = sizeof leaks / sizeof *leaks };

static GpuCase make_case(const Leak *leak, int nodes, size_t points) {
    const bool stationary = leak->of == EPNET_STATIONARY;
    const GpuShape shape = {.nodes = nodes,
                            .points = points,
                            .network = GPU_COMPLETE,
                            .start = stationary ? GPU_STATIONARY : GPU_PURE,
                            .kind = leak->of,
                            .method = EPNET_CHEBYSHEV,
                            .tolerance = 1e-11,
                            .t_end = stationary ? 0 : 12, /* [s]: decays are over by then */
                            .samples = stationary ? 0 : 60,
                            .cuts = 1,
                            .seed = 59};
    GpuCase item = gpu_case_make(&shape);
    item.problem.leak = (EpnetLeakSettings){leak->kind, {0.5, 0.02}, nodes <= 9 ? 20 : 5, 200, 3};
    item.problem.constant_drive = leak->constant_drive;
    for (size_t k = 0; k < points && leak->constant_drive; k++)
        item.points[k].sigma = 0.4 * (double)(1 + k % 8); /* [nat/s] */
    return item;
}

/* Leaks follow the state by the digits of its faint information: 1e-6 of themselves. */
static void check_leak(const GpuChecks *checks, const Leak *leak, int nodes, size_t points) {
    const double limit = 1e-6;
    if (!gpu_checks_go_on(checks, leak->name, nodes))
        return;
    char where[160], note[200];
    GpuCase item = make_case(leak, nodes, points);
    GpuRows subject = gpu_rows_make(&item.problem, points, false),
            reference = gpu_rows_make(&item.problem, points, false);
    if (gpu_checks_solve_both(checks, leak->name, &item, &subject, &reference)) {
        const double rows = gpu_rows_difference(&item.problem, &subject, &reference, where),
                     columns = gpu_point_columns_difference(&subject, &reference);
        size_t fitted = 0;
        for (size_t k = 0; k < points; k++)
            fitted += reference.rows.status[k] == EPNET_POINT_OK;
        snprintf(note, sizeof note, "leaks with their intervals, and rows; %zu of %zu points fitted", fitted,
                 points);
        gpu_report_check(checks->report, leak->name, nodes, points, fmax(rows, columns), limit, note);
    }
    gpu_rows_free(&subject);
    gpu_rows_free(&reference);
    gpu_case_free(&item);
}

void gpu_check_leaks(const GpuChecks *checks) {
    static const int tiny[] = {2}, small[] = {2, 5, 8},
                     full[] = {2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 16, 17};
    static const int *const sizes[] = {tiny, small, full};
    static const size_t counts[] = {sizeof tiny / sizeof *tiny, sizeof small / sizeof *small,
                                    sizeof full / sizeof *full};
    for (size_t i = 0; i < counts[checks->size]; i++) {
        const int nodes = sizes[checks->size][i];
        const size_t points = checks->size != GPU_FULL ? 2 : nodes <= 9 ? 16 : 1;
        for (size_t k = 0; k < (nodes <= 9 ? LEAKS : 1); k++)
            check_leak(checks, &leaks[k], nodes, points);
    }
}

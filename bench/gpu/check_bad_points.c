/* Bad points among good ones. */
#include "checks.h"

#include "oracle.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What makes a point bad: changes to its parameters, for a kind of job. */
typedef struct Defect {
    const char *name;
    EpnetKind kind;
    EpnetMethod method;
    double flips, rates; /* every flip and rate of the point is multiplied by it */
} Defect;

static const Defect defects[] = {
    {"bad points: several stationary laws", EPNET_STATIONARY, EPNET_CHEBYSHEV, 0, 0},
    {"bad points: steps too long for euler", EPNET_TRAJECTORY, EPNET_EULER, 1e4, 1e4},
    {"bad points: steps too long for rk4", EPNET_TRAJECTORY, EPNET_RK4, 1e6, 1e6},
};

static void spoil(const GpuCase *item, size_t k, const Defect *defect) {
    const size_t nodes = (size_t)item->shape.nodes, edges = item->network.edge_count;
    double *parameters = gpu_case_parameters(item, k);
    for (size_t i = 0; i < 2 * nodes; i++)
        parameters[i] *= defect->flips;
    for (size_t e = 0; e < edges; e++)
        parameters[2 * nodes + e] *= defect->rates;
}

static bool is_bad(size_t k) {
    return k % 3 == 1;
}

/* Whether a failed point's rows are NaN throughout. */
static bool all_nan(const GpuRows *rows, size_t k) {
    for (size_t c = 0; c < rows->width; c++)
        if (!isnan(rows->rows.last[k * rows->width + c]))
            return false;
    for (size_t c = 0; rows->rows.extremes != NULL && c < EPNET_EXTREMES; c++)
        if (!isnan(rows->rows.extremes[k * EPNET_EXTREMES + c]))
            return false;
    const size_t cells = rows->time_count * rows->width;
    for (size_t c = 0; rows->rows.trajectory != NULL && c < cells; c++)
        if (!isnan(rows->rows.trajectory[k * cells + c]))
            return false;
    return true;
}

/* Points that are not as they should be: another status than the reference's, a failed point with numbers, a
 * good point that is not as it was without bad neighbours. */
static size_t count_wrong(const GpuRows *mixed, const GpuRows *good, const GpuRows *reference, char *note,
                          size_t size) {
    size_t wrong = 0, failed = 0;
    int status = EPNET_POINT_OK;
    for (size_t k = 0; k < mixed->count; k++) {
        const bool fails = reference->rows.status[k] != EPNET_POINT_OK;
        wrong += mixed->rows.status[k] != reference->rows.status[k] || (fails && !all_nan(mixed, k)) ||
                 (!is_bad(k) && !gpu_rows_same(mixed, k, good, k));
        failed += fails;
        status = fails ? reference->rows.status[k] : status;
    }
    snprintf(note, size, "points that are wrong; %zu should fail, with status %d", failed, status);
    return failed > 0 ? wrong : mixed->count; /* a defect that spoils nothing checks nothing */
}

static void check_defect(const GpuChecks *checks, const Defect *defect, int nodes, size_t points) {
    if (!gpu_checks_go_on(checks, defect->name, nodes))
        return;
    const GpuShape shape = {nodes, points, GPU_GENERIC, GPU_RANDOM, defect->kind, defect->method,
                            1e-9,  1,      3,           1,          53,           0};
    char note[120];
    EpnetError error = {.status = EPNET_OK};
    GpuCase item = gpu_case_make(&shape);
    GpuRows good = gpu_rows_make(&item.problem, points, true),
            mixed = gpu_rows_make(&item.problem, points, true),
            reference = gpu_rows_make(&item.problem, points, true);
    EpnetStatus status = gpu_solve(&checks->subject, &item.problem, item.points, &good, &error);
    for (size_t k = 0; k < points; k++)
        if (is_bad(k))
            spoil(&item, k, defect);
    if (status == EPNET_OK)
        status = gpu_solve(&checks->subject, &item.problem, item.points, &mixed, &error);
    if (status == EPNET_OK)
        status = gpu_solve(&checks->reference, &item.problem, item.points, &reference, &error);
    if (status != EPNET_OK) {
        gpu_report_failure(checks->report, defect->name, nodes, error.message);
    } else {
        const size_t wrong = count_wrong(&mixed, &good, &reference, note, sizeof note);
        gpu_report_check(checks->report, defect->name, nodes, points, (double)wrong, 0, note);
    }
    gpu_rows_free(&good);
    gpu_rows_free(&mixed);
    gpu_rows_free(&reference);
    gpu_case_free(&item);
}

void gpu_check_bad_points(const GpuChecks *checks) {
    static const int sizes[] = {3, 8, 5, 10, 12};
    const size_t count = checks->size == GPU_FULL ? 5 : 2;
    for (size_t i = 0; i < count; i++)
        for (size_t d = 0; d < sizeof defects / sizeof defects[0]; d++)
            check_defect(checks, &defects[d], sizes[i], checks->size == GPU_FULL ? 32 : 5);
}

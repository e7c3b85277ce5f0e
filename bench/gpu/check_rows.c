/* Rows of trajectories and stationary laws: the subject's against the reference's. */
#include "checks.h"

#include "compare.h"
#include "oracle.h"

#include <math.h>
#include <stdio.h>

static size_t points_ok(const GpuRows *rows) {
    size_t count = 0;
    for (size_t k = 0; k < rows->count; k++)
        count += rows->rows.status[k] == EPNET_POINT_OK;
    return count;
}

static void check_case(const GpuChecks *checks, const char *name, const GpuShape *shape) {
    if (!gpu_checks_go_on(checks, name, shape->nodes))
        return;
    char where[160], note[200];
    GpuCase item = gpu_case_make(shape);
    GpuRows subject = gpu_rows_make(&item.problem, shape->points, true),
            reference = gpu_rows_make(&item.problem, shape->points, true);
    if (gpu_checks_solve_both(checks, name, &item, &subject, &reference)) {
        const double worst = gpu_rows_difference(&item.problem, &subject, &reference, where);
        snprintf(note, sizeof note, "%zu of %zu points solved; %s", points_ok(&reference), shape->points,
                 worst > 0 ? where : "all bytes agree");
        gpu_report_check(checks->report, name, shape->nodes, shape->points, worst,
                         gpu_rows_limit(&item.problem), note);
        if (shape->network == GPU_NEAR_EQUILIBRIUM && shape->kind == EPNET_STATIONARY && shape->nodes <= 7)
            gpu_report_check(checks->report, "relative: production near equilibrium", shape->nodes,
                             shape->points, gpu_production_difference(&subject, &reference), 1e-8,
                             "entropy_production and _channels");
    }
    gpu_rows_free(&subject);
    gpu_rows_free(&reference);
    gpu_case_free(&item);
}

/* ---- trajectories -------------------------------------------------------------------------------------- */

typedef struct Trajectory {
    GpuNetworkKind network;
    GpuStart start;
    EpnetMethod method;
    double tolerance;
} Trajectory;

static void check_trajectory(const GpuChecks *checks, const Trajectory *kind, int nodes, size_t points,
                             size_t samples) {
    char name[96];
    snprintf(name, sizeof name, "%s, %s, from %s", gpu_method_name(kind->method),
             gpu_network_name(kind->network), gpu_start_name(kind->start));
    const GpuShape shape = {nodes,
                            points,
                            kind->network,
                            kind->start,
                            EPNET_TRAJECTORY,
                            kind->method,
                            kind->tolerance,
                            checks->size == GPU_FULL ? 4.0 : 0.5,
                            samples,
                            3,
                            23,
                            0};
    check_case(checks, name, &shape);
}

static const Trajectory trajectories[] = {
    {GPU_GENERIC, GPU_PURE, EPNET_CHEBYSHEV, 1e-9},
    {GPU_ONE_WAY, GPU_RANDOM, EPNET_CHEBYSHEV, 1e-9},
    {GPU_ZERO_RATES, GPU_PURE, EPNET_UNIFORMIZATION, 1e-9},
    {GPU_NEAR_EQUILIBRIUM, GPU_UNIFORM, EPNET_CHEBYSHEV, 1e-9},
    {GPU_ZERO_RATES, GPU_PURE, EPNET_CHEBYSHEV, 1e-9},
    {GPU_RING, GPU_PURE, EPNET_CHEBYSHEV, 1e-9},
    {GPU_GENERIC, GPU_STATIONARY, EPNET_CHEBYSHEV, 1e-9},
    {GPU_ONE_WAY, GPU_PURE, EPNET_RK4, 1e-9},
    {GPU_GENERIC, GPU_RANDOM, EPNET_EULER, 1e-9},
    {GPU_GENERIC, GPU_PURE, EPNET_CHEBYSHEV, 1e-12},
    {GPU_ONE_WAY, GPU_RANDOM, EPNET_UNIFORMIZATION, 1e-6},
};

enum { TRAJECTORIES = sizeof trajectories / sizeof trajectories[0] };

void gpu_check_trajectories(const GpuChecks *checks) {
    if (checks->size == GPU_FULL) {
        for (int nodes = 2; nodes <= 10; nodes++)
            for (size_t k = 0; k < TRAJECTORIES; k++)
                check_trajectory(checks, &trajectories[k], nodes, nodes <= 8 ? 24 : 6, 9);
        for (int nodes = 11; nodes <= 16; nodes++)
            for (size_t k = 0; k < (nodes <= 13 ? TRAJECTORIES : 5); k++)
                check_trajectory(checks, &trajectories[k], nodes, nodes <= 13 ? 3 : 2, 4);
        check_trajectory(checks, &trajectories[0], 1, 5, 9);
        check_trajectory(checks, &trajectories[1], 17, 2, 4);
        check_trajectory(checks, &trajectories[1], 18, 1, 3);
        return;
    }
    static const int sizes[] = {2, 3, 5, 9};
    for (size_t k = 0; k < TRAJECTORIES; k++)
        check_trajectory(checks, &trajectories[k], sizes[k % 4], 3, 3);
    if (checks->size == GPU_SMALL) {
        check_trajectory(checks, &trajectories[1], 8, 3, 3);
        check_trajectory(checks, &trajectories[2], 12, 2, 2);
        check_trajectory(checks, &trajectories[1], 14, 1, 2);
        check_trajectory(checks, &trajectories[1], 17, 1, 2);
    }
}

/* ---- stationary laws ----------------------------------------------------------------------------------- */

/* A drive is found to 1e-9 of the production that is asked for, and often better; rows follow it. */
static void check_constant_drive(const GpuChecks *checks, int nodes, size_t points) {
    static const char name[] = "stationary law, constant drive";
    const double limit = 1e-7;
    if (!gpu_checks_go_on(checks, name, nodes))
        return;
    char where[160];
    const GpuShape shape = {
        nodes, points, GPU_COMPLETE, GPU_STATIONARY, EPNET_STATIONARY, EPNET_CHEBYSHEV, 1e-9, 0, 0, 2, 53, 0};
    GpuCase item = gpu_case_make(&shape);
    item.problem.constant_drive = true;
    for (size_t k = 0; k < points; k++)
        item.points[k].sigma = 0.4 * (double)(1 + k % 8); /* [nat/s] */
    GpuRows subject = gpu_rows_make(&item.problem, points, false),
            reference = gpu_rows_make(&item.problem, points, false);
    if (gpu_checks_solve_both(checks, name, &item, &subject, &reference)) {
        const double rows = gpu_rows_difference(&item.problem, &subject, &reference, where),
                     columns = gpu_point_columns_difference(&subject, &reference);
        gpu_report_check(checks->report, name, nodes, points, fmax(rows, columns), limit, "drives and rows");
    }
    gpu_rows_free(&subject);
    gpu_rows_free(&reference);
    gpu_case_free(&item);
}

void gpu_check_stationary(const GpuChecks *checks) {
    check_constant_drive(checks, 2, 3);
    for (int nodes = 3; nodes <= 9 && checks->size == GPU_FULL; nodes += 2)
        check_constant_drive(checks, nodes, 16);
    static const GpuNetworkKind kinds[] = {GPU_GENERIC, GPU_ONE_WAY, GPU_NEAR_EQUILIBRIUM, GPU_ZERO_RATES,
                                           GPU_RING};
    static const int tiny[] = {2, 5, 8}, small[] = {3, 7, 9, 11},
                     full[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17};
    static const int *const sizes[] = {tiny, small, full};
    static const size_t counts[] = {sizeof tiny / sizeof *tiny, sizeof small / sizeof *small,
                                    sizeof full / sizeof *full};
    for (size_t i = 0; i < counts[checks->size]; i++) {
        const int nodes = sizes[checks->size][i];
        for (size_t k = 0; k < (nodes <= 11 ? 5 : 2); k++) {
            char name[96];
            snprintf(name, sizeof name, "stationary law, %s", gpu_network_name(kinds[k]));
            const size_t points = checks->size == GPU_FULL && nodes <= 9 ? 16 : 2;
            const GpuShape shape = {
                nodes, points, kinds[k], GPU_STATIONARY, EPNET_STATIONARY, EPNET_CHEBYSHEV, 1e-9, 0, 0,
                2,     37,     0};
            check_case(checks, name, &shape);
        }
    }
}

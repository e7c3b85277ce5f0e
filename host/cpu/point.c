#include "point.h"

#include "../row.h"
#include "../status.h"
#include "apply.h"
#include "drive.h"
#include "vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool needs_stationary(const EpnetProblem *problem) {
    return problem->kind == EPNET_STATIONARY || problem->initial == NULL || problem->constant_drive ||
           problem->leak.kind == EPNET_LEAK_DECAY;
}

static bool reports_euler_rate(const EpnetProblem *problem) {
    return problem->kind == EPNET_TRAJECTORY && problem->method == EPNET_EULER;
}

bool epnet_workspace_alloc(EpnetWorkspace *ws, const EpnetProblem *problem, EpnetTeam *team) {
    size_t states = (size_t)1 << problem->nodes;
    bool ok =
        epnet_generator_alloc(&ws->generator, problem->nodes) && epnet_observer_alloc(&ws->observer, problem);
    ok =
        ok && epnet_generator_share(&ws->generator, team) && epnet_weights_share(&ws->observer.weights, team);
    if (ok && needs_stationary(problem))
        ok = epnet_stationary_alloc(&ws->stationary, problem->nodes);
    if (ok && problem->kind == EPNET_TRAJECTORY)
        ok = epnet_evolution_alloc(&ws->evolution, problem);
    if (ok)
        ok = (ws->rate_of_change = epnet_vector_new(states)) != NULL;
    if (ok && reports_euler_rate(problem))
        ok = (ws->euler_state = epnet_calloc(states, sizeof(double))) != NULL;
    if (ok && problem->constant_drive)
        ok = (ws->drive = epnet_calloc(problem->edge_count, sizeof(double))) != NULL;
    if (ok && problem->leak.kind != EPNET_LEAK_NONE)
        ok = epnet_leak_alloc(&ws->leak, &problem->leak, problem->time_count);
    if (ok && problem->leak.kind == EPNET_LEAK_QUENCH)
        ok = epnet_quench_alloc(&ws->quench, problem->nodes);
    if (ok && problem->leak.kind == EPNET_LEAK_DECAY)
        ok = (ws->information = epnet_calloc(problem->time_count, sizeof(double))) != NULL;
    return ok;
}

void epnet_workspace_free(EpnetWorkspace *ws, const EpnetProblem *problem) {
    epnet_generator_free(&ws->generator);
    if (needs_stationary(problem))
        epnet_stationary_free(&ws->stationary);
    if (problem->kind == EPNET_TRAJECTORY)
        epnet_evolution_free(&ws->evolution);
    epnet_observer_free(&ws->observer);
    free(ws->rate_of_change);
    free(ws->euler_state);
    free(ws->drive);
    epnet_leak_free(&ws->leak);
    epnet_quench_free(&ws->quench);
    free(ws->information);
}

uint64_t epnet_workspace_bytes(const EpnetProblem *problem, int threads) {
    uint64_t states = (uint64_t)1 << problem->nodes, vectors = 1;
    if (problem->kind == EPNET_TRAJECTORY)
        vectors += reports_euler_rate(problem) ? 6u : 5u;
    if (needs_stationary(problem))
        vectors += problem->nodes <= EPNET_STATIONARY_DIRECT_NODES ? states + 2 : 1 + EPNET_RELAXATION_WORK;
    if (problem->leak.kind == EPNET_LEAK_QUENCH)
        vectors++;
    uint64_t bytes = (vectors * states + epnet_generator_size(problem->nodes) +
                      (1 + problem->cut_count) * epnet_generator_packs_size(problem->nodes, threads)) *
                     sizeof(double);
    if (problem->leak.kind != EPNET_LEAK_NONE)
        bytes += epnet_leak_bytes(&problem->leak, problem->time_count);
    return bytes + epnet_observer_bytes(problem);
}

/* ---- one point --------------------------------------------------------------------------------------- */

static void observe(EpnetWorkspace *ws, const double *p, double *row) {
    epnet_cpu_apply(&ws->generator, p, ws->rate_of_change);
    epnet_observe(&ws->observer, p, ws->rate_of_change, row);
}

/* The paper's finite difference (I(p + dt pL) - I(p))/dt. False if the step leaves the probabilities. */
static bool observe_euler_rate(EpnetWorkspace *ws, const EpnetProblem *problem, const double *p,
                               double *row) {
    for (size_t s = 0; s < ws->generator.states; s++) {
        ws->euler_state[s] = p[s] + problem->dt * ws->rate_of_change[s];
        if (ws->euler_state[s] < 0)
            return false;
    }
    double next = epnet_observe_multiinformation(&ws->observer, ws->euler_state);
    row[EPNET_MULTIINFORMATION_RATE_EULER] = (next - row[EPNET_MULTIINFORMATION]) / problem->dt;
    return true;
}

/* Of the row that observe() has filled; `steps` as in invariant.h. */
static EpnetPointStatus check_row(const EpnetWorkspace *ws, const EpnetProblem *problem, const double *row,
                                  double steps) {
    const EpnetLawSums sums = {ws->observer.mass, ws->observer.least, ws->observer.mass_rate};
    return epnet_row_check(problem, row, &sums, steps);
}

/* The drive of a constant-drive point: solved, kept in its column, and in the generator and the stationary
 * law. */
static EpnetPointStatus solve_drive(EpnetWorkspace *ws, const EpnetProblem *problem, const EpnetPoint *point,
                                    double *columns) {
    EpnetDriveWork work = {problem, &ws->generator, &ws->stationary, &ws->observer, *point, ws->drive};
    return epnet_drive_solve(&work, point->sigma, &columns[EPNET_DRIVE], &columns[EPNET_ATTAINABLE]);
}

/* The leak of a quench from p, or of the samples' own decay. The error of p is 0 for a stationary law. */
static EpnetPointStatus measure_leak(EpnetWorkspace *ws, const EpnetProblem *problem, const EpnetPoint *point,
                                     double *columns) {
    EpnetLeakFit fit = {NAN, NAN, NAN};
    EpnetPointStatus status = EPNET_POINT_OK;
    const bool stationary = problem->kind == EPNET_STATIONARY;
    const double error = stationary ? 0 : problem->tolerance;
    if (problem->leak.kind == EPNET_LEAK_QUENCH) {
        const double *p = stationary ? ws->stationary.p : ws->evolution.p;
        status = epnet_quench_solve(&ws->quench, &ws->leak, &ws->observer, point, p,
                                    epnet_quench_noise(problem->nodes, error), &fit);
    } else if (problem->leak.kind == EPNET_LEAK_DECAY) {
        status = epnet_stationary_solve(&ws->stationary, &ws->generator);
        if (status == EPNET_POINT_OK) {
            const double limit = epnet_observe_multiinformation(&ws->observer, ws->stationary.p);
            status = epnet_leak_decay(&ws->leak, problem->time_count, problem->times, ws->information, limit,
                                      epnet_decay_noise(problem->nodes, error), &fit);
        }
    }
    epnet_leak_set_columns(&fit, columns);
    return status;
}

static EpnetPointStatus solve_trajectory(EpnetWorkspace *ws, const EpnetProblem *problem, double *last,
                                         double *extremes, double *trajectory) {
    const size_t width = epnet_row_width(problem->cut_count);
    const double *initial = problem->initial;
    EpnetPointStatus status = EPNET_POINT_OK;
    if (initial == NULL) {
        status = epnet_stationary_solve(&ws->stationary, &ws->generator);
        initial = ws->stationary.p;
    }
    if (status == EPNET_POINT_OK)
        status = epnet_evolution_start(&ws->evolution, &ws->generator, initial);
    epnet_extremes_begin(extremes);
    for (size_t k = 0; k < problem->time_count && status == EPNET_POINT_OK; k++) {
        status = epnet_evolution_advance(&ws->evolution, k);
        if (status != EPNET_POINT_OK)
            break;
        observe(ws, ws->evolution.p, last);
        if (problem->method == EPNET_EULER && !observe_euler_rate(ws, problem, ws->evolution.p, last))
            return EPNET_POINT_NOT_POSITIVE;
        status = check_row(ws, problem, last,
                           (double)ws->evolution.applications + ws->generator.exit_max * problem->times[k]);
        if (status != EPNET_POINT_OK)
            break;
        epnet_extremes_update(extremes, last, problem->times[k]);
        if (ws->information != NULL)
            ws->information[k] = last[EPNET_MULTIINFORMATION];
        if (trajectory != NULL)
            memcpy(trajectory + k * width, last, width * sizeof *last);
    }
    return status;
}

static EpnetPointStatus solve_stationary(EpnetWorkspace *ws, const EpnetProblem *problem, double *last) {
    EpnetPointStatus status = EPNET_POINT_OK;
    if (!problem->constant_drive) /* its search has left the law */
        status = epnet_stationary_solve(&ws->stationary, &ws->generator);
    if (status != EPNET_POINT_OK)
        return status;
    observe(ws, ws->stationary.p, last);
    return check_row(ws, problem, last, 0);
}

void epnet_workspace_solve(EpnetWorkspace *ws, const EpnetBatch *batch, size_t k, EpnetRows *rows) {
    const EpnetProblem *problem = batch->problem;
    const EpnetPoint *point = &batch->points[k];
    const size_t width = epnet_row_width(problem->cut_count);
    const bool stationary = problem->kind == EPNET_STATIONARY;
    double *last = rows->last + k * width;
    double *extremes = rows->extremes == NULL ? NULL : rows->extremes + k * EPNET_EXTREMES;
    double *trajectory = rows->trajectory == NULL ? NULL : rows->trajectory + k * problem->time_count * width;
    double columns[EPNET_POINT_COLUMNS];
    EpnetPointStatus status = EPNET_POINT_OK;
    epnet_fill_nan(columns, EPNET_POINT_COLUMNS);
    ws->evolution.stop = ws->stationary.relaxation.stop = ws->generator.stop = ws->leak.stop =
        batch->stop; /* an interrupted batch is discarded by the driver */
    if (problem->constant_drive)
        status = solve_drive(ws, problem, point, columns);
    else
        epnet_generator_set(&ws->generator, problem, point, NULL, true);
    if (status == EPNET_POINT_OK)
        epnet_observer_set(&ws->observer, &ws->generator);
    if (status == EPNET_POINT_OK)
        status = stationary ? solve_stationary(ws, problem, last)
                            : solve_trajectory(ws, problem, last, extremes, trajectory);
    if (status == EPNET_POINT_OK && problem->leak.kind != EPNET_LEAK_NONE)
        status = measure_leak(ws, problem, point, columns);
    rows->status[k] = (int)status;
    if (rows->applications != NULL)
        rows->applications[k] =
            (double)(stationary ? ws->stationary.relaxation.applications : ws->evolution.applications);
    if (status != EPNET_POINT_OK) {
        epnet_fill_nan(last, width);
        epnet_fill_nan(extremes, EPNET_EXTREMES);
        epnet_fill_nan(trajectory, problem->time_count * width);
        epnet_fill_nan(columns, EPNET_ATTAINABLE); /* which stays: it is the reason */
    }
    if (rows->point != NULL)
        memcpy(rows->point + k * EPNET_POINT_COLUMNS, columns, sizeof columns);
    if (rows->leak_curve != NULL && status == EPNET_POINT_OK)
        epnet_leak_copy_curve(&ws->leak, rows->leak_curve);
}

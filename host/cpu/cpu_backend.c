#include "cpu_backend.h"

#include "../status.h"
#include "apply.h"
#include "estimate.h"
#include "evolve.h"
#include "observe.h"
#include "stationary.h"

#include <inttypes.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* What one thread needs to work on one point. */
typedef struct Workspace {
    EpnetGenerator generator;
    EpnetEvolution evolution;   /* trajectories only */
    EpnetStationary stationary; /* stationary kind or start only */
    EpnetObserver observer;
    double *rate_of_change; /* 2^N: dp = pL */
    double *euler_state;    /* 2^N: the next Euler step; NULL unless method = euler */
} Workspace;

typedef struct Context {
    const EpnetProblem *problem;
    int threads;
    Workspace *workspaces; /* threads */
} Context;

static bool needs_stationary(const EpnetProblem *problem) {
    return problem->kind == EPNET_STATIONARY || problem->initial == NULL;
}

static bool reports_euler_rate(const EpnetProblem *problem) {
    return problem->kind == EPNET_TRAJECTORY && problem->method == EPNET_EULER;
}

static bool workspace_alloc(Workspace *ws, const EpnetProblem *problem) {
    size_t states = (size_t)1 << problem->nodes;
    bool ok =
        epnet_generator_alloc(&ws->generator, problem->nodes) && epnet_observer_alloc(&ws->observer, problem);
    if (ok && needs_stationary(problem))
        ok = epnet_stationary_alloc(&ws->stationary, problem->nodes);
    if (ok && problem->kind == EPNET_TRAJECTORY)
        ok = epnet_evolution_alloc(&ws->evolution, problem);
    if (ok)
        ok = (ws->rate_of_change = epnet_calloc(states, sizeof(double))) != NULL;
    if (ok && reports_euler_rate(problem))
        ok = (ws->euler_state = epnet_calloc(states, sizeof(double))) != NULL;
    return ok;
}

static void workspace_free(Workspace *ws, const EpnetProblem *problem) {
    epnet_generator_free(&ws->generator);
    if (needs_stationary(problem))
        epnet_stationary_free(&ws->stationary);
    if (problem->kind == EPNET_TRAJECTORY)
        epnet_evolution_free(&ws->evolution);
    epnet_observer_free(&ws->observer);
    free(ws->rate_of_change);
    free(ws->euler_state);
}

static uint64_t cpu_memory(const EpnetProblem *problem, int threads, int *in_flight) {
    uint64_t states = (uint64_t)1 << problem->nodes, vectors = 1;
    if (problem->kind == EPNET_TRAJECTORY)
        vectors += reports_euler_rate(problem) ? 7u : 6u;
    if (needs_stationary(problem))
        vectors += problem->nodes <= EPNET_STATIONARY_DIRECT_NODES ? states + 2 : 9;
    *in_flight = threads > 0 ? threads : omp_get_max_threads();
    return (vectors * states + epnet_generator_size(problem->nodes)) * sizeof(double) +
           epnet_observer_bytes(problem);
}

static void cpu_close(void *context) {
    Context *cpu = context;
    if (cpu == NULL)
        return;
    for (int t = 0; t < cpu->threads; t++)
        workspace_free(&cpu->workspaces[t], cpu->problem);
    free(cpu->workspaces);
    free(cpu);
}

static EpnetStatus cpu_open(const EpnetProblem *problem, int device, int threads, void **context,
                            EpnetError *error) {
    (void)device; /* there is one host */
    int in_flight;
    uint64_t bytes = cpu_memory(problem, threads, &in_flight);
    Context *cpu = epnet_calloc(1, sizeof *cpu);
    *context = cpu;
    if (cpu == NULL)
        return epnet_fail_memory(error, sizeof *cpu, "the CPU backend");
    cpu->problem = problem;
    cpu->workspaces = epnet_calloc((size_t)in_flight, sizeof *cpu->workspaces);
    bool ok = cpu->workspaces != NULL;
    while (ok && cpu->threads < in_flight)
        ok = workspace_alloc(&cpu->workspaces[cpu->threads++], problem);
    if (!ok) {
        cpu_close(cpu);
        *context = NULL;
        return epnet_fail(error, EPNET_DEVICE,
                          "out of memory: %d threads need %" PRIu64
                          " bytes each for %d nodes; try fewer threads",
                          in_flight, bytes, problem->nodes);
    }
    return EPNET_OK;
}

/* ---- one point --------------------------------------------------------------------------------------- */

static void observe(Workspace *ws, const double *p, double *row) {
    epnet_cpu_apply(&ws->generator, p, ws->rate_of_change);
    epnet_observe(&ws->observer, &ws->generator, p, ws->rate_of_change, row);
}

/* The paper's finite difference (I(p + dt pL) - I(p))/dt. False if the step leaves the probabilities. */
static bool observe_euler_rate(Workspace *ws, const EpnetProblem *problem, const double *p, double *row) {
    for (size_t s = 0; s < ws->generator.states; s++) {
        ws->euler_state[s] = p[s] + problem->dt * ws->rate_of_change[s];
        if (ws->euler_state[s] < 0)
            return false;
    }
    double next = epnet_observe_multiinformation(&ws->observer, ws->euler_state);
    row[EPNET_MULTIINFORMATION_RATE_EULER] = (next - row[EPNET_MULTIINFORMATION]) / problem->dt;
    return true;
}

static void begin_extremes(double *extremes) {
    extremes[EPNET_MULTIINFORMATION_MAX] = -INFINITY;
    extremes[EPNET_MULTIINFORMATION_RATE_MAX] = -INFINITY;
    extremes[EPNET_NETWORK_BOUND_MARGIN_MIN] = INFINITY;
    extremes[EPNET_MULTIINFORMATION_MAX_TIME] = NAN;
    extremes[EPNET_MULTIINFORMATION_RATE_MAX_TIME] = NAN;
    extremes[EPNET_NETWORK_BOUND_MARGIN_MIN_TIME] = NAN;
}

/* Keep `value` in extremes[at] and its time beside it if it is beyond (sign = 1: above, -1: below) all
 * before; the first sample always is. */
static void update_extreme(double *extremes, int at, double sign, double value, double time) {
    if (isnan(extremes[at + 1]) || sign * value > sign * extremes[at]) {
        extremes[at] = value;
        extremes[at + 1] = time;
    }
}

static void update_extremes(double *extremes, const double *row, double time) {
    const double rate = row[EPNET_MULTIINFORMATION_RATE];
    update_extreme(extremes, EPNET_MULTIINFORMATION_MAX, 1, row[EPNET_MULTIINFORMATION], time);
    update_extreme(extremes, EPNET_MULTIINFORMATION_RATE_MAX, 1, rate, time);
    update_extreme(extremes, EPNET_NETWORK_BOUND_MARGIN_MIN, -1, row[EPNET_ENTROPY_PRODUCTION] - rate, time);
}

static bool row_is_number(const double *row, size_t width) {
    for (size_t c = 0; c < width; c++) {
        if (isnan(row[c]) && c != EPNET_MULTIINFORMATION_RATE_EULER)
            return false;
    }
    return true;
}

static EpnetPointStatus solve_trajectory(Workspace *ws, const EpnetProblem *problem, const volatile int *stop,
                                         double *last, double *extremes, double *trajectory) {
    const size_t width = epnet_row_width(problem->cut_count);
    const double *initial = problem->initial;
    EpnetPointStatus status = EPNET_POINT_OK;
    if (initial == NULL) {
        status = epnet_stationary_solve(&ws->stationary, &ws->generator);
        initial = ws->stationary.p;
    }
    if (status == EPNET_POINT_OK)
        status = epnet_evolution_start(&ws->evolution, &ws->generator, initial);
    begin_extremes(extremes);
    for (size_t k = 0; k < problem->time_count && status == EPNET_POINT_OK; k++) {
        if (stop != NULL && *stop)
            return EPNET_POINT_NOT_CONVERGED; /* the driver discards an interrupted batch */
        status = epnet_evolution_advance(&ws->evolution, k);
        if (status != EPNET_POINT_OK)
            break;
        observe(ws, ws->evolution.p, last);
        if (problem->method == EPNET_EULER && !observe_euler_rate(ws, problem, ws->evolution.p, last))
            return EPNET_POINT_NOT_POSITIVE;
        if (!row_is_number(last, width))
            return EPNET_POINT_NOT_FINITE;
        update_extremes(extremes, last, problem->times[k]);
        if (trajectory != NULL)
            memcpy(trajectory + k * width, last, width * sizeof *last);
    }
    return status;
}

static EpnetPointStatus solve_stationary(Workspace *ws, const EpnetProblem *problem, double *last) {
    EpnetPointStatus status = epnet_stationary_solve(&ws->stationary, &ws->generator);
    if (status != EPNET_POINT_OK)
        return status;
    observe(ws, ws->stationary.p, last);
    return row_is_number(last, epnet_row_width(problem->cut_count)) ? EPNET_POINT_OK : EPNET_POINT_NOT_FINITE;
}

static void fill_nan(double *values, size_t count) {
    for (size_t i = 0; values != NULL && i < count; i++)
        values[i] = NAN;
}

static void solve_point(Workspace *ws, const EpnetBatch *batch, size_t k, EpnetRows *rows) {
    const EpnetProblem *problem = batch->problem;
    const size_t width = epnet_row_width(problem->cut_count);
    double *last = rows->last + k * width;
    double *extremes = rows->extremes == NULL ? NULL : rows->extremes + k * EPNET_EXTREMES;
    double *trajectory = rows->trajectory == NULL ? NULL : rows->trajectory + k * problem->time_count * width;
    epnet_generator_set(&ws->generator, problem, &batch->points[k], NULL, true);
    EpnetPointStatus status = problem->kind == EPNET_STATIONARY
                                  ? solve_stationary(ws, problem, last)
                                  : solve_trajectory(ws, problem, batch->stop, last, extremes, trajectory);
    rows->status[k] = (int)status;
    if (status != EPNET_POINT_OK) {
        fill_nan(last, width);
        fill_nan(extremes, EPNET_EXTREMES);
        fill_nan(trajectory, problem->time_count * width);
    }
}

static EpnetStatus cpu_solve(void *context, const EpnetBatch *batch, EpnetRows *rows, EpnetError *error) {
    (void)error; /* every failure is a point's own */
    Context *cpu = context;
#pragma omp parallel for schedule(dynamic, 1) num_threads(cpu->threads)
    for (size_t k = 0; k < batch->count; k++) {
        if (batch->stop == NULL || !*batch->stop)
            solve_point(&cpu->workspaces[omp_get_thread_num()], batch, k, rows);
    }
    return EPNET_OK;
}

static EpnetStatus cpu_apply(void *context, const EpnetPoint *point, const double *p, double *q,
                             EpnetError *error) {
    (void)error;
    Context *cpu = context;
    epnet_generator_set(&cpu->workspaces[0].generator, cpu->problem, point, NULL, true);
    epnet_cpu_apply(&cpu->workspaces[0].generator, p, q);
    return EPNET_OK;
}

const EpnetBackend epnet_cpu_backend = {
    .name = "cpu",
    .open = cpu_open,
    .close = cpu_close,
    .solve = cpu_solve,
    .apply = cpu_apply,
    .estimate = epnet_cpu_estimate,
    .memory = cpu_memory,
};

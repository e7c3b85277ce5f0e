/* Times: one application of L, whole trajectories, stationary laws, the points of a spec. */
#include "../cpu/apply.h"
#include "../cpu/stationary.h"
#include "../status.h"
#include "applied.h"
#include "bench.h"
#include "limits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Seconds that one repeat of a measurement takes at least. */
static double round_seconds(const EpnetBench *bench) {
    return bench->options->quick ? 2e-3 : 5e-2;
}

EpnetStatus epnet_bench_limits(EpnetBench *bench, EpnetError *error) {
    const bool brief = bench->options->quick || bench->options->spec != NULL;
    const double seconds = brief ? 0.05 : 0.5;
    const size_t count = (size_t)1 << (brief ? 23 : 25); /* doubles, beyond most caches and beyond all */
    const char *how;
    EpnetBenchRow row = epnet_bench_row("limit", "multiply-adds", 0, 0, 1);
    bench->fma_peak = epnet_bench_fma_peak(seconds, &how);
    row.value = bench->fma_peak / 1e9;
    row.unit = "GFLOP/s";
    row.note = how;
    epnet_bench_report(bench, &row);
    row = epnet_bench_row("limit", "copy of memory", 0, 0, 1);
    const double copy = epnet_bench_copy_seconds(count, NULL, seconds);
    if (copy < 0)
        return epnet_fail_memory(error, 2 * sizeof(double) * count, "the copy that is timed");
    row.value = 2 * sizeof(double) * (double)count / copy / 1e9;
    row.unit = "GB/s";
    row.note =
        brief ? "memcpy of 64 MiB, bytes read and written" : "memcpy of 256 MiB, bytes read and written";
    epnet_bench_report(bench, &row);
    return EPNET_OK;
}

/* Fill in the figures of a row: a point takes `timing` / points, in it `applications` (NaN: unknown); `copy`
 * is how long the row's threads take to copy a vector [s]. */
static void set_figures(const EpnetBench *bench, EpnetBenchRow *row, const EpnetBenchTiming *timing,
                        double applications, double copy) {
    const double states = ldexp(1, row->nodes), points = (double)row->points,
                 seconds = timing->median / points;
    row->value = 1e6 * seconds;
    row->low = 1e6 * timing->low / points;
    row->high = 1e6 * timing->high / points;
    row->unit = "us a point";
    row->applications = applications;
    row->ns_per_state_bit = 1e9 * seconds / (applications * states * row->nodes);
    row->of_peak = applications * 2 * states * (row->nodes + 1) / seconds / (bench->fma_peak * row->threads);
    row->of_copy = applications * copy / seconds;
}

/* Seconds in which a vector is copied by threads that have points of their own and copy at once. */
static double copy_of_points(const EpnetBench *bench, int nodes, int threads) {
    const double copy =
        epnet_bench_copy_seconds((size_t)1 << nodes, NULL, bench->options->quick ? 1e-3 : 2e-2);
    return copy < 0 ? NAN : copy / threads;
}

/* The row that says how many times as fast several threads are. */
static void report_threads(const EpnetBench *bench, const char *name, int nodes, size_t points,
                           const EpnetBenchTiming *ratio) {
    EpnetBenchRow row = epnet_bench_row("threads", name, nodes, points, bench->threads);
    row.value = ratio->median;
    row.low = ratio->low;
    row.high = ratio->high;
    row.unit = "times one thread";
    epnet_bench_report(bench, &row);
}

/* ---- one application ----------------------------------------------------------------------------------- */

typedef struct Application {
    EpnetBenchApplied *applied;
    EpnetTeam *team;
} Application;

static EpnetStatus apply_once(void *argument, EpnetError *error) {
    const Application *application = argument;
    EpnetBenchApplied *applied = application->applied;
    (void)error;
    applied->generator.team = application->team; /* or none, with the memory of the first of its threads */
    epnet_cpu_apply(&applied->generator, applied->p, applied->q);
    return EPNET_OK;
}

static EpnetStatus copy_once(void *argument, EpnetError *error) {
    const Application *application = argument;
    const EpnetBenchApplied *applied = application->applied;
    (void)error;
    epnet_bench_copy(applied->q, applied->p, (size_t)1 << applied->item.problem.nodes, application->team);
    return EPNET_OK;
}

/* By one thread, and by those of a team (NULL: none), beside copies of its vector by the same. */
static EpnetStatus time_application(EpnetBench *bench, EpnetBenchApplied *applied, int nodes, EpnetTeam *team,
                                    EpnetError *error) {
    Application alone = {applied, NULL}, shared = {applied, team};
    const size_t count = team != NULL ? 2 : 1;
    EpnetBenchBody bodies[EPNET_BENCH_BODIES] = {{apply_once, &alone, true}, {apply_once, &shared, false}};
    EpnetBenchTiming timings[EPNET_BENCH_BODIES], ratio;
    bodies[count] = (EpnetBenchBody){copy_once, &alone, true};
    if (count == 2)
        bodies[3] = (EpnetBenchBody){copy_once, &shared, false};
    const EpnetStatus status =
        epnet_bench_measure(bench, bodies, 2 * count, round_seconds(bench), timings, &ratio, error);
    for (size_t i = 0; i < count && status == EPNET_OK; i++) {
        EpnetBenchRow row =
            epnet_bench_row("application", "q = pL, one point alone", nodes, 1, i == 0 ? 1 : bench->threads);
        set_figures(bench, &row, &timings[i], 1, timings[count + i].median);
        row.unit = "us";
        epnet_bench_report(bench, &row);
    }
    if (status == EPNET_OK && team != NULL)
        report_threads(bench, "one application", nodes, 1, &ratio);
    return status;
}

EpnetStatus epnet_bench_application(EpnetBench *bench, int nodes, EpnetError *error) {
    enum { SHARED_NODES = 18 }; /* from here on the threads share a point */
    EpnetBenchApplied applied;
    EpnetTeam *team = NULL;
    if (!epnet_bench_applied_fits(nodes)) {
        EpnetBenchRow row = epnet_bench_row("application", "q = pL, one point alone", nodes, 1, 1);
        row.note = "left out: this host's memory is too small";
        epnet_bench_report(bench, &row);
        return EPNET_OK;
    }
    EpnetStatus status = epnet_bench_applied_make(&applied, nodes, error);
    if (status == EPNET_OK && nodes >= SHARED_NODES && bench->threads > 1)
        status = epnet_team_open(bench->threads, &team, error);
    if (status == EPNET_OK && !epnet_generator_share(&applied.generator, team))
        status = epnet_fail(error, EPNET_DEVICE, "out of memory: what threads pack");
    if (status == EPNET_OK)
        status = time_application(bench, &applied, nodes, team, error);
    epnet_team_close(team);
    epnet_bench_applied_free(&applied);
    return status;
}

/* ---- points -------------------------------------------------------------------------------------------- */

/* Applications of L that a point took in the last solve, one for dp/dt at every sampled time among them: the
 * mean. NaN where they are not counted. */
static double count_applications(const EpnetBenchEngine *engine) {
    const EpnetBenchCase *item = engine->item;
    double sum = 0;
    for (size_t k = 0; k < item->count; k++)
        sum += engine->rows.applications[k] + (double)item->problem.time_count;
    return sum / (double)item->count;
}

typedef struct Solve {
    const EpnetBench *bench;
    EpnetBenchEngine engine;
} Solve;

static EpnetStatus solve_once(void *argument, EpnetError *error) {
    Solve *solve = argument;
    return epnet_bench_solve(solve->bench, &solve->engine, error);
}

/* Whether one thread does all of its work. */
static bool is_host(const EpnetBenchEngine *engine) {
    return engine->device.backend != NULL && !engine->device.backend->has_own_memory;
}

enum { SOLVES = 3 };

/* Time solving cases (at most SOLVES) side by side, each with its number of threads; `ratio` of the first
 * two. */
static EpnetStatus time_solves(EpnetBench *bench, const EpnetBenchCase *const *items, const int *threads,
                               size_t count, EpnetBenchTiming *timings, EpnetBenchTiming *ratio,
                               double *applications, EpnetError *error) {
    Solve solves[SOLVES];
    EpnetBenchBody bodies[SOLVES];
    EpnetStatus status = EPNET_OK;
    size_t opened = 0;
    while (opened < count && status == EPNET_OK) {
        Solve *solve = &solves[opened];
        solve->bench = bench;
        status = epnet_bench_open(bench, items[opened], threads[opened], false, &solve->engine, error);
        bodies[opened] = (EpnetBenchBody){solve_once, solve, threads[opened] == 1 && is_host(&solve->engine)};
        opened++;
    }
    if (status == EPNET_OK)
        status = epnet_bench_measure(bench, bodies, count, round_seconds(bench), timings, ratio, error);
    if (status == EPNET_OK)
        *applications = count_applications(&solves[0].engine);
    for (size_t i = 0; i < opened; i++)
        epnet_bench_close(&solves[i].engine);
    return status;
}

/* Points enough for some tens of milliseconds, beside which the last point of a thread, for which the others
 * may wait, is little. */
static size_t points_of(const EpnetBench *bench, int nodes) {
    const size_t points = nodes <= 6 ? 1024 : nodes <= 8 ? 256 : nodes <= 10 ? 64 : 16;
    return bench->options->quick && points > 16 ? 16 : points;
}

EpnetStatus epnet_bench_trajectories(EpnetBench *bench, int nodes, EpnetError *error) {
    static const char plain[] = "without a cut", cut[] = "with a cut";
    EpnetBenchShape shape = {.nodes = nodes, .points = points_of(bench, nodes), .samples = 101, .t_end = 10};
    EpnetBenchCase without, with;
    EpnetBenchTiming timings[SOLVES], ratio;
    double applications = NAN;
    const bool threaded = bench->threads > 1;
    EpnetStatus status = epnet_bench_random(&shape, &without, error);
    shape.has_cut = true;
    const EpnetStatus second = epnet_bench_random(&shape, &with, error);
    status = status == EPNET_OK ? second : status;
    const EpnetBenchCase *items[] = {&without, threaded ? &without : &with, &with};
    const int threads[] = {1, threaded ? bench->threads : 1, 1};
    const size_t count = threaded ? 3 : 2;
    if (status == EPNET_OK)
        status = time_solves(bench, items, threads, count, timings, &ratio, &applications, error);
    for (size_t i = 0; i < count && status == EPNET_OK; i++) {
        EpnetBenchRow row =
            epnet_bench_row("trajectory", items[i] == &with ? cut : plain, nodes, shape.points, threads[i]);
        set_figures(bench, &row, &timings[i], applications, copy_of_points(bench, nodes, threads[i]));
        row.note = items[i] == &with
                       ? "and the eight columns of a cut"
                       : "101 times over 10 s: H, marginals, I, dI/dt, EP, channels, flow, activity";
        epnet_bench_report(bench, &row);
    }
    if (status == EPNET_OK && threaded)
        report_threads(bench, "trajectories", nodes, shape.points, &ratio);
    epnet_bench_case_free(&without);
    epnet_bench_case_free(&with);
    return status;
}

/* Fill in what part of the limits a stationary law reaches: by its applications of L, or by the 2/3 n^3 flop
 * of an elimination over n states. */
static void set_stationary(const EpnetBench *bench, EpnetBenchRow *row, const EpnetBenchTiming *timing,
                           double applications) {
    const double n = ldexp(1, row->nodes);
    const bool eliminated = row->nodes <= EPNET_STATIONARY_DIRECT_NODES;
    set_figures(bench, row, timing, eliminated ? NAN : applications,
                copy_of_points(bench, row->nodes, row->threads));
    if (eliminated)
        row->of_peak = 2 * n * n * n / 3 / (row->value * 1e-6) / (bench->fma_peak * row->threads);
    row->note =
        eliminated ? "by elimination: its share of the peak is that of 2/3 n^3 flop" : "by relaxation";
}

EpnetStatus epnet_bench_stationary(EpnetBench *bench, int nodes, EpnetError *error) {
    const EpnetBenchShape shape = {.nodes = nodes,
                                   .points = nodes <= 6    ? 512
                                             : nodes <= 8  ? 64
                                             : nodes <= 10 ? 16
                                             : nodes <= 12 ? 4
                                                           : 2};
    EpnetBenchCase item;
    EpnetBenchTiming timings[SOLVES], ratio;
    double applications;
    const bool threaded = bench->threads > 1;
    const int threads[] = {1, bench->threads};
    EpnetStatus status = epnet_bench_random(&shape, &item, error);
    const EpnetBenchCase *items[] = {&item, &item};
    if (status == EPNET_OK)
        status = time_solves(bench, items, threads, threaded ? 2 : 1, timings, &ratio, &applications, error);
    for (size_t i = 0; i < (threaded ? 2 : 1) && status == EPNET_OK; i++) {
        EpnetBenchRow row = epnet_bench_row("stationary", "law and columns", nodes, shape.points, threads[i]);
        set_stationary(bench, &row, &timings[i], applications);
        epnet_bench_report(bench, &row);
    }
    if (status == EPNET_OK && threaded)
        report_threads(bench, "stationary laws", nodes, shape.points, &ratio);
    epnet_bench_case_free(&item);
    return status;
}

EpnetStatus epnet_bench_sweep(EpnetBench *bench, const EpnetBenchCase *item, EpnetError *error) {
    const EpnetBenchCase *items[] = {item, item};
    const int threads[] = {1, bench->threads}, nodes = item->problem.nodes;
    const bool threaded = bench->threads > 1;
    EpnetBenchTiming timings[SOLVES], ratio;
    double applications;
    EpnetStatus status = epnet_bench_limits(bench, error);
    if (status == EPNET_OK)
        status = time_solves(bench, items, threads, threaded ? 2 : 1, timings, &ratio, &applications, error);
    for (size_t i = 0; i < (threaded ? 2 : 1) && status == EPNET_OK; i++) {
        EpnetBenchRow row = epnet_bench_row("sweep", "points of the spec", nodes, item->count, threads[i]);
        set_figures(bench, &row, &timings[i], applications, copy_of_points(bench, nodes, threads[i]));
        epnet_bench_report(bench, &row);
    }
    if (status == EPNET_OK && threaded)
        report_threads(bench, "points of the spec", nodes, item->count, &ratio);
    return status;
}

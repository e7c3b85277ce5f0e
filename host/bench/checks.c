/* What the engine must reproduce before it is timed: reference numbers, closed forms, equations that do
 * without 2^N, and each integrator the other. */
#include "../cpu/apply.h"
#include "../start.h"
#include "../status.h"
#include "applied.h"
#include "bench.h"
#include "counts.h"
#include "moments.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double AT_TOLERANCE = 10; /* what an observable may deviate by, in tolerances of p */

static double larger(double a, double b) {
    return a >= b || isnan(a) ? a : b; /* a NaN stays */
}

/* ---- reference numbers --------------------------------------------------------------------------------- */

/* The worked example at 0.1, 0.4, 1 and 10 s, from dense exponentials in double (docs/theory.md). */
static EpnetStatus check_worked_example(EpnetBench *bench, EpnetError *error) {
    static const struct {
        EpnetColumn column;
        double value[4]; /* [nat], [nat/s]; 0: none is given */
    } known[] = {
        {EPNET_MULTIINFORMATION, {0.0015648990352, 0.0143550467571, 0.0313963047291, 0.0354341117876}},
        {EPNET_MULTIINFORMATION_RATE, {0.0284205055, 0.0451645092, 0.0128404170, 0}},
        {EPNET_ENTROPY_PRODUCTION, {7.5256188076, 1.6272132062, 0.1356686237, 0}},
        {EPNET_COLUMNS + EPNET_CUT_MUTUAL_INFORMATION,
         {0.000922240372, 0.008157679680, 0.017401724440, 0.019547001493}},
    };
    static const int samples[] = {1, 4, 10, 100};
    const EpnetBenchShape shape = {.nodes = 5, .samples = 101, .t_end = 10, .has_cut = true};
    const EpnetBenchEqual equal = {0.2, INFINITY, 1, 1};
    EpnetBenchCase item;
    EpnetBenchEngine engine = {.context = NULL};
    double worst = 0;
    EpnetStatus status = epnet_bench_equal(&shape, equal, &item, error);
    if (status == EPNET_OK)
        status = epnet_bench_open(bench, &item, 1, true, &engine, error);
    if (status == EPNET_OK)
        status = epnet_bench_solve(bench, &engine, error);
    const size_t width = epnet_row_width(1);
    for (size_t i = 0; i < 4 && status == EPNET_OK; i++) {
        const double *row = engine.rows.trajectory + (size_t)samples[i] * width;
        for (size_t c = 0; c < sizeof known / sizeof *known; c++)
            if (known[c].value[i] != 0)
                worst = larger(epnet_bench_deviation(row[known[c].column], known[c].value[i]), worst);
    }
    if (status == EPNET_OK)
        epnet_bench_check(bench, "worked example: reference numbers", 5, 1, worst, 1e-9,
                          "I, dI/dt, EP and I(S;Sc) at 0.1, 0.4, 1 and 10 s, given to 1e-10");
    epnet_bench_close(&engine);
    epnet_bench_case_free(&item);
    return status;
}

/* Two nodes, both edges alike, equal flips g: P(aligned) = A = (g + b)/(2 g + b (1 + k)), k = e^-F. */
static EpnetStatus check_two_nodes(EpnetBench *bench, EpnetError *error) {
    static const double rates[] = {0.01, 1, 100}, drives[] = {0.1, 1, 5}, flips[] = {0.3, 2};
    const EpnetBenchShape shape = {.nodes = 2};
    EpnetStatus status = EPNET_OK;
    double worst = 0;
    for (size_t i = 0; i < 18 && status == EPNET_OK; i++) {
        const double b = rates[i % 3], drive = drives[i / 3 % 3], g = flips[i / 9], k = exp(-drive);
        const double aligned = (g + b) / (2 * g + b * (1 + k)), apart = (g + b * k) / (2 * g + b * (1 + k));
        const double information = log(2) + aligned * log(aligned) + apart * log(apart);
        const double work = 2 * b * drive * (apart - k * aligned);
        EpnetBenchCase item;
        EpnetBenchEngine engine = {.context = NULL};
        status = epnet_bench_equal(&shape, (EpnetBenchEqual){b, drive, g, g}, &item, error);
        if (status == EPNET_OK)
            status = epnet_bench_open(bench, &item, 1, false, &engine, error);
        if (status == EPNET_OK)
            status = epnet_bench_solve(bench, &engine, error);
        if (status == EPNET_OK) {
            const double *row = engine.rows.last;
            worst = larger(epnet_bench_deviation(row[EPNET_MULTIINFORMATION], information), worst);
            worst = larger(epnet_bench_deviation(row[EPNET_ENTROPY_PRODUCTION_CHANNELS], work), worst);
            worst = larger(epnet_bench_deviation(row[EPNET_ENVIRONMENT_ENTROPY_FLOW], work), worst);
        }
        epnet_bench_close(&engine);
        epnet_bench_case_free(&item);
    }
    if (status == EPNET_OK)
        epnet_bench_check(bench, "two nodes: stationary law", 2, 18, worst, 1e-12,
                          "I and the entropy production of the channels, closed forms");
    return status;
}

EpnetStatus epnet_bench_check_references(EpnetBench *bench, EpnetError *error) {
    const EpnetStatus status = check_worked_example(bench, error);
    return status == EPNET_OK ? check_two_nodes(bench, error) : status;
}

/* ---- the complete graph, counted ----------------------------------------------------------------------- */

/* Compare the columns that counting gives. */
static double compare_counts(const EpnetCounts *counts, const EpnetBenchCase *item, const double *row) {
    double expected[EPNET_COLUMNS + EPNET_CUT_COLUMNS], worst = 0;
    const size_t width = epnet_row_width(item->problem.cut_count);
    epnet_counts_row(counts, counts->nodes > 2 ? 2 : 1, expected);
    for (size_t c = 0; c < width; c++)
        if (!isnan(expected[c]))
            worst = larger(epnet_bench_deviation(row[c], expected[c]), worst);
    return worst;
}

static EpnetStatus check_counts(EpnetBench *bench, int nodes, bool stationary, EpnetError *error) {
    const EpnetBenchEqual equal = {1.3 / nodes, 1.7, 0.9, 1.4};
    const EpnetBenchShape shape = {
        .nodes = nodes, .samples = stationary ? 0 : 101, .t_end = 10, .has_cut = true};
    const size_t width = epnet_row_width(1);
    EpnetBenchCase item;
    EpnetBenchEngine engine = {.context = NULL};
    double worst = 0;
    EpnetStatus status = epnet_bench_equal(&shape, equal, &item, error);
    if (status == EPNET_OK)
        status = epnet_bench_open(bench, &item, 1, !stationary, &engine, error);
    if (status == EPNET_OK)
        status = epnet_bench_solve(bench, &engine, error);
    EpnetCounts counts = stationary ? epnet_counts_stationary(nodes, equal) : epnet_counts_zero(nodes, equal);
    if (status == EPNET_OK && stationary)
        worst = compare_counts(&counts, &item, engine.rows.last);
    for (size_t t = 1; t < shape.samples && status == EPNET_OK; t++) {
        epnet_counts_advance(&counts, item.times[t] - item.times[t - 1]);
        worst = larger(compare_counts(&counts, &item, engine.rows.trajectory + t * width), worst);
    }
    if (status == EPNET_OK)
        epnet_bench_check(bench, stationary ? "complete graph: stationary law" : "complete graph: trajectory",
                          nodes, 1, worst, stationary ? 1e-11 : AT_TOLERANCE * item.problem.tolerance,
                          "14 columns, from the birth-death chain of the number of ones");
    epnet_bench_close(&engine);
    epnet_bench_case_free(&item);
    return status;
}

/* ---- moments ------------------------------------------------------------------------------------------- */

static double compare_columns(const EpnetMomentColumns *expected, const double *row, bool at_start) {
    double worst = epnet_bench_deviation(row[EPNET_ACTIVITY], expected->activity);
    worst = larger(
        epnet_bench_deviation(row[EPNET_ENTROPY] + row[EPNET_MULTIINFORMATION], expected->node_entropy),
        worst);
    if (!at_start || isfinite(expected->environment_entropy_flow))
        worst = larger(
            epnet_bench_deviation(row[EPNET_ENVIRONMENT_ENTROPY_FLOW], expected->environment_entropy_flow),
            worst);
    if (!at_start && isfinite(expected->node_entropy_rate))
        worst =
            larger(epnet_bench_deviation(row[EPNET_NODE_ENTROPY_RATE], expected->node_entropy_rate), worst);
    return worst;
}

/* Advance from sampled time t - 1 (or 0) to t as the problem's method does. */
static void advance(EpnetMoments *moments, const EpnetProblem *problem, size_t t) {
    if (problem->steps != NULL && problem->method != EPNET_SPLIT)
        epnet_moments_step(moments, problem->dt, problem->method == EPNET_EULER ? 1 : 4,
                           problem->steps[t] - (t > 0 ? problem->steps[t - 1] : 0));
    else
        epnet_moments_advance(moments, problem->times[t] - (t > 0 ? problem->times[t - 1] : 0));
}

/* Set moments to those of the start; false: no memory, or several stationary laws. */
static bool begin(EpnetMoments *moments, const EpnetProblem *problem) {
    if (problem->initial != NULL)
        epnet_moments_of(moments, problem->initial);
    if (problem->initial != NULL)
        return true;
    if (problem->start == NULL)
        return epnet_moments_stationary(moments);
    double *p = epnet_calloc((size_t)1 << problem->nodes, sizeof *p);
    if (p == NULL)
        return false;
    epnet_start_fill(problem->start, problem->nodes, 0, problem->nodes, p);
    epnet_moments_of(moments, p);
    free(p);
    return true;
}

/* The rows of point k against its moment equations. False when there are none: no memory, or several laws. */
static bool compare_moments(const EpnetBenchEngine *engine, size_t k, double *worst) {
    const EpnetProblem *problem = &engine->item->problem;
    const size_t width = epnet_row_width(problem->cut_count);
    EpnetPoint point = engine->item->points[k];
    EpnetMoments moments;
    double *drive = epnet_calloc(problem->edge_count, sizeof *drive);
    bool good = drive != NULL;
    if (good && problem->constant_drive) {
        for (size_t e = 0; e < problem->edge_count; e++)
            drive[e] = engine->rows.point[k * EPNET_POINT_COLUMNS + EPNET_DRIVE];
        point.drive = drive;
    }
    good = epnet_moments_make(&moments, problem, &point) && good;
    good = good && begin(&moments, problem);
    for (size_t t = 0; t < problem->time_count && good; t++) {
        advance(&moments, problem, t);
        const EpnetMomentColumns columns = epnet_moments_columns(&moments, problem, &point);
        *worst =
            larger(compare_columns(&columns, engine->rows.trajectory + (k * problem->time_count + t) * width,
                                   problem->times[t] == 0),
                   *worst);
    }
    if (good && problem->kind == EPNET_STATIONARY) {
        const EpnetMomentColumns columns = epnet_moments_columns(&moments, problem, &point);
        *worst = larger(compare_columns(&columns, engine->rows.last + k * width, false), *worst);
    }
    epnet_moments_free(&moments);
    free(drive);
    return good;
}

/* The same points by the other integrator, all columns at all times. */
static EpnetStatus compare_integrators(const EpnetBench *bench, const EpnetBenchEngine *engine, double *worst,
                                       EpnetError *error) {
    EpnetBenchCase other = *engine->item;
    EpnetBenchEngine second = {.context = NULL};
    other.problem.method = EPNET_UNIFORMIZATION;
    const size_t values = other.count * other.problem.time_count * epnet_row_width(other.problem.cut_count);
    EpnetStatus status = epnet_bench_open(bench, &other, 1, true, &second, error);
    if (status == EPNET_OK)
        status = epnet_bench_solve(bench, &second, error);
    for (size_t i = 0; i < values && status == EPNET_OK; i++) {
        const double a = engine->rows.trajectory[i], b = second.rows.trajectory[i];
        if (!(isnan(a) && isnan(b))) /* a column that does not apply */
            *worst = larger(epnet_bench_deviation(a, b), *worst);
    }
    epnet_bench_close(&second);
    return status;
}

EpnetStatus epnet_bench_check_case(EpnetBench *bench, const char *name, const EpnetBenchCase *item,
                                   EpnetError *error) {
    enum { POINTS = 8 };
    const size_t most = item->problem.nodes <= 9 ? POINTS : 1;
    EpnetPoint points[POINTS];
    EpnetBenchCase few = *item;
    EpnetBenchEngine engine;
    few.count = item->count < most ? item->count : most;
    few.points = points;
    for (size_t i = 0; i < few.count; i++)
        points[i] = item->points[few.count == 1 ? 0 : i * (item->count - 1) / (few.count - 1)];
    const bool trajectory = few.problem.kind == EPNET_TRAJECTORY;
    const bool given_split = few.problem.method == EPNET_SPLIT && few.problem.steps != NULL;
    double limit = !trajectory || few.problem.steps != NULL ? 1e-9 : AT_TOLERANCE * few.problem.tolerance;
    char text[96];
    double worst = 0;
    EpnetStatus status = epnet_bench_open(bench, &few, 1, trajectory, &engine, error);
    if (status == EPNET_OK)
        status = epnet_bench_solve(bench, &engine, error);
    for (size_t k = 0; k < few.count && status == EPNET_OK && given_split; k++)
        limit = fmax(limit, AT_TOLERANCE * engine.rows.point[k * EPNET_POINT_COLUMNS + EPNET_SPLIT_ERROR]);
    for (size_t k = 0; k < few.count && status == EPNET_OK; k++)
        if (!compare_moments(&engine, k, &worst))
            status = epnet_fail(error, EPNET_DEVICE, "out of memory: moment equations of %d nodes",
                                few.problem.nodes);
    if (status == EPNET_OK) {
        snprintf(text, sizeof text, "%s: moment equations", name);
        epnet_bench_check(bench, text, few.problem.nodes, few.count, worst, limit,
                          "sum of H_i and its rate, activity, environment flow, at every time");
    }
    worst = 0;
    if (status == EPNET_OK && trajectory && few.problem.method == EPNET_CHEBYSHEV) {
        status = compare_integrators(bench, &engine, &worst, error);
        snprintf(text, sizeof text, "%s: uniformization", name);
        if (status == EPNET_OK)
            epnet_bench_check(bench, text, few.problem.nodes, few.count, worst, limit,
                              "all columns at every time");
    }
    epnet_bench_close(&engine);
    return status;
}

/* ---- a size -------------------------------------------------------------------------------------------- */

static EpnetStatus check_random(EpnetBench *bench, int nodes, bool stationary, EpnetError *error) {
    const EpnetBenchShape shape = {
        .nodes = nodes, .points = 16, .samples = stationary ? 0 : 101, .t_end = 10, .has_cut = true};
    EpnetBenchCase item;
    EpnetStatus status = epnet_bench_random(&shape, &item, error);
    if (status == EPNET_OK)
        status = epnet_bench_check_case(bench, stationary ? "random networks, stationary" : "random networks",
                                        &item, error);
    epnet_bench_case_free(&item);
    return status;
}

/* Without copies nodes stay independent: entropies add up, and nothing is shared. */
static EpnetStatus check_independent(EpnetBench *bench, int nodes, EpnetError *error) {
    const EpnetBenchShape shape = {.nodes = nodes, .points = 4, .samples = 11, .t_end = 2};
    EpnetBenchCase item;
    EpnetBenchEngine engine = {.context = NULL};
    double worst = 0;
    EpnetStatus status = epnet_bench_random(&shape, &item, error);
    item.problem.edge_count = 0;
    if (status == EPNET_OK)
        status = epnet_bench_open(bench, &item, 1, true, &engine, error);
    if (status == EPNET_OK)
        status = epnet_bench_solve(bench, &engine, error);
    for (size_t i = 0; i < item.count * shape.samples && status == EPNET_OK; i++) {
        const double *row = engine.rows.trajectory + i * epnet_row_width(0),
                     t = item.times[i % shape.samples];
        const EpnetPoint *point = &item.points[i / shape.samples];
        double entropy = 0;
        for (int j = 0; j < nodes; j++) {
            const double both = point->flip_up[j] + point->flip_down[j];
            const double one = point->flip_up[j] / both * -expm1(-both * t);
            entropy -= one > 0 ? one * log(one) + (1 - one) * log1p(-one) : 0;
        }
        worst = larger(epnet_bench_deviation(row[EPNET_ENTROPY], entropy), worst);
        worst = larger(fabs(row[EPNET_MULTIINFORMATION]), worst);
    }
    if (status == EPNET_OK)
        epnet_bench_check(bench, "independent nodes", nodes, item.count, worst,
                          AT_TOLERANCE * item.problem.tolerance, "H is the sum of the nodes', and I = 0");
    epnet_bench_close(&engine);
    epnet_bench_case_free(&item);
    return status;
}

EpnetStatus epnet_bench_check_size(EpnetBench *bench, int nodes, EpnetError *error) {
    EpnetStatus status = check_independent(bench, nodes, error);
    for (int stationary = 0; stationary < 2 && status == EPNET_OK; stationary++) {
        status = check_counts(bench, nodes, stationary, error);
        if (status == EPNET_OK)
            status = check_random(bench, nodes, stationary, error);
    }
    return status;
}

/* ---- one application ----------------------------------------------------------------------------------- */

enum { LOOKS = 2048 }; /* states of a large network that are looked at */

/* Apply L, and compare entries of the result with the sums over channels that they are. */
static double compare_application(const EpnetBenchApplied *applied, int nodes) {
    const size_t states = (size_t)1 << nodes, looks = states < LOOKS ? states : LOOKS;
    const EpnetProblem *problem = &applied->item.problem;
    const EpnetPoint *point = applied->item.points;
    double worst = 0;
    epnet_cpu_apply(&applied->generator, applied->p, applied->q);
    for (size_t i = 0; i < looks; i++) {
        const uint64_t s = i * (states / looks) + (i * 40503 & (states / looks - 1));
        double sum = 0, scale = 0;
        for (int j = 0; j < nodes; j++) {
            const uint64_t flipped = s ^ (uint64_t)1 << j;
            const double in = epnet_bench_rate(problem, point, j, flipped) * applied->p[flipped],
                         out = epnet_bench_rate(problem, point, j, s) * applied->p[s];
            sum += in - out;
            scale += in + out;
        }
        worst = larger(fabs(applied->q[s] - sum) / scale, worst);
    }
    return worst;
}

EpnetStatus epnet_bench_check_application(EpnetBench *bench, int nodes, EpnetError *error) {
    EpnetBenchApplied applied;
    EpnetTeam *team = NULL;
    if (!epnet_bench_applied_fits(nodes))
        return EPNET_OK; /* and is not timed */
    EpnetStatus status = epnet_bench_applied_make(&applied, nodes, error);
    double worst = status == EPNET_OK ? compare_application(&applied, nodes) : 0;
    if (status == EPNET_OK && bench->threads > 1) {
        status = epnet_team_open(bench->threads, &team, error);
        if (status == EPNET_OK && !epnet_generator_share(&applied.generator, team))
            status = epnet_fail(error, EPNET_DEVICE, "out of memory: what threads pack");
        if (status == EPNET_OK)
            worst = larger(compare_application(&applied, nodes), worst);
    }
    if (status == EPNET_OK)
        epnet_bench_check(
            bench, "application of L: the definition", nodes, 1, worst, 16 * DBL_EPSILON,
            "its entries (2,048 of a large vector) as sums over channels, by one thread and by all");
    epnet_bench_applied_free(&applied);
    epnet_team_close(team);
    return status;
}

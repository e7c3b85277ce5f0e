#include "estimate.h"

#include "../status.h"
#include "apply.h"
#include "evolve.h"
#include "lanes.h"
#include "observe.h"
#include "split.h"
#include "stationary.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

/* The Krylov solve takes some ten to hundreds of applications, by coupling and topology. */
static const double STATIONARY_APPLICATIONS = 100;

static int least_int(int a, int b) {
    return a < b ? a : b;
}

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Applications of L between two samples `dt` apart; negative when memory is exhausted. */
static double interval_applications(const EpnetProblem *problem, const EpnetGenerator *g, double dt,
                                    EpnetSeries *series) {
    enum { X_TYPICAL = 1024 }; /* Lambda dt that Chebyshev steps grow to in most networks */
    const double x = g->exit_max * dt,
                 share = problem->tolerance * dt / problem->times[problem->time_count - 1] / 8;
    if (x == 0)
        return 0;
    switch (problem->method) {
    case EPNET_EULER:
        return dt / problem->dt;
    case EPNET_RK4:
        return 4 * dt / problem->dt;
    case EPNET_UNIFORMIZATION:
        return epnet_series_poisson(series, 1.05 * x, share, 1) ? (double)series->degree : -1;
    case EPNET_CHEBYSHEV:
    case EPNET_SPLIT: /* counted by its own trial run */
        break;
    }
    const double steps = ceil(x / X_TYPICAL);
    if (!epnet_series_chebyshev(series, x / steps, share / steps, (size_t)problem->nodes))
        return -1;
    return steps * (double)series->degree;
}

/* Applications of L that the point needs in all; negative when memory is exhausted. */
static double count_applications(const EpnetProblem *problem, const EpnetGenerator *g) {
    EpnetSeries series = {0};
    double total =
        problem->kind == EPNET_STATIONARY || problem->initial == NULL ? STATIONARY_APPLICATIONS : 0;
    double time = 0, last_dt = -1, last_count = 0;
    for (size_t k = 0; k < problem->time_count && last_count >= 0; k++) {
        const double dt = problem->times[k] - time;
        if (dt > 0 && fabs(dt - last_dt) > 1e-9 * dt)
            last_count = interval_applications(problem, g, dt, &series);
        last_dt = dt;
        time = problem->times[k];
        total += (dt > 0 ? last_count : 0) + 1; /* and one for dp at the sample */
    }
    epnet_series_free(&series);
    return last_count < 0 ? -1 : total;
}

/* Mean seconds of one application and of one row of observables. */
static void time_kernels(EpnetObserver *observer, const EpnetGenerator *g, const double *p, double *dp,
                         double *row, double *apply_seconds, double *observe_seconds) {
    const double enough = 2e-3;
    int repeats = 0;
    double start = seconds_now(), elapsed;
    do {
        epnet_cpu_apply(g, p, dp);
        repeats++;
    } while ((elapsed = seconds_now() - start) < enough);
    *apply_seconds = elapsed / repeats;
    repeats = 0;
    epnet_observer_set(observer, g);
    start = seconds_now();
    do {
        epnet_observe(observer, p, dp, row);
        repeats++;
    } while ((elapsed = seconds_now() - start) < enough);
    *observe_seconds = elapsed / repeats;
}

/* The part of a point on its first nodes: what is timed in the place of a large network. */
typedef struct Sample {
    EpnetProblem problem;
    EpnetPoint point;
    int *ends;      /* owns the edges' ends */
    double *rates;  /* owns their rates and drives */
    uint64_t *cuts; /* owns the cuts */
} Sample;

static void sample_free(Sample *sample) {
    free(sample->ends);
    free(sample->rates);
    free(sample->cuts);
}

static bool sample_make(const EpnetProblem *problem, const EpnetPoint *point, int nodes, Sample *sample) {
    const size_t edges = problem->edge_count;
    *sample = (Sample){*problem, *point, epnet_calloc(2 * edges, sizeof *sample->ends),
                       epnet_calloc(2 * edges, sizeof *sample->rates),
                       epnet_calloc(problem->cut_count, sizeof *sample->cuts)};
    if (sample->ends == NULL || sample->rates == NULL || sample->cuts == NULL)
        return false;
    size_t count = 0;
    for (size_t e = 0; e < edges; e++) {
        if (problem->source[e] >= nodes || problem->target[e] >= nodes)
            continue;
        sample->ends[count] = problem->source[e];
        sample->ends[edges + count] = problem->target[e];
        sample->rates[count] = point->rate[e];
        sample->rates[edges + count++] = point->drive[e];
    }
    for (size_t c = 0; c < problem->cut_count; c++)
        sample->cuts[c] = problem->cuts[c] & (((uint64_t)1 << nodes) - 1);
    sample->problem.nodes = nodes;
    sample->problem.edge_count = count;
    sample->problem.source = sample->ends;
    sample->problem.target = sample->ends + edges;
    sample->problem.cuts = sample->cuts;
    sample->point.rate = sample->rates;
    sample->point.drive = sample->rates + edges;
    return true;
}

/* Sum of the largest rates of all nodes: it grows with the network as Lambda does. */
static double total_rate(const EpnetProblem *problem, const EpnetPoint *point) {
    double total = 0;
    for (int j = 0; j < problem->nodes; j++)
        total += fmax(point->flip_up[j], point->flip_down[j]);
    for (size_t e = 0; e < problem->edge_count; e++)
        total += point->rate[e];
    return total;
}

/* Time and count on a network of at most SAMPLE_NODES nodes. `stretch` multiplies Lambda. */
static bool estimate(const EpnetProblem *problem, const EpnetPoint *point, double stretch,
                     double *applications, double *apply_seconds, double *other_seconds) {
    const size_t states = (size_t)1 << problem->nodes;
    EpnetGenerator generator;
    EpnetObserver observer;
    double observe_seconds = 0;
    double *p = epnet_calloc(2 * states + epnet_row_width(problem->cut_count), sizeof *p);
    bool ok = epnet_generator_alloc(&generator, problem->nodes);
    ok = epnet_observer_alloc(&observer, problem) && ok && p != NULL;
    if (ok) {
        const double start = seconds_now();
        epnet_generator_set(&generator, problem, point, NULL, true);
        const double set_seconds = seconds_now() - start;
        for (size_t s = 0; s < states; s++)
            p[s] = 2 * (double)(s + 1) / ((double)states * (double)(states + 1));
        time_kernels(&observer, &generator, p, p + states, p + 2 * states, apply_seconds, &observe_seconds);
        generator.exit_max *= stretch;
        *applications = count_applications(problem, &generator);
        ok = *applications >= 0;
        *other_seconds =
            set_seconds + (double)(problem->time_count > 0 ? problem->time_count : 1) * observe_seconds;
    }
    free(p);
    epnet_observer_free(&observer);
    epnet_generator_free(&generator);
    return ok;
}

/* Let a sample begin as the problem does, node by node. `p_one` has an entry for each of its nodes. */
static void sample_start(const EpnetProblem *problem, Sample *sample, EpnetStart *start, double *p_one) {
    for (int i = 0; i < sample->problem.nodes; i++)
        p_one[i] = problem->start != NULL && problem->start->p_one != NULL ? problem->start->p_one[i] : 0.5;
    *start = (EpnetStart){.p_one = p_one};
    sample->problem.initial = NULL;
    sample->problem.start = start;
}

/* Steps of a split run in all: the sample is solved to a loose tolerance, whose steps say how many the true
 * one takes: errors fall with the square of the step and grow with the number of nodes. */
static bool count_steps(const EpnetProblem *problem, Sample *sample, double *steps) {
    enum { FIRST_MOST = 4000 }; /* steps that are tried */
    const double loose = 0.03, grown = (double)problem->nodes / sample->problem.nodes;
    double p_one[EPNET_NODE_TERMS], columns[EPNET_POINT_COLUMNS], extremes[EPNET_EXTREMES];
    EpnetStart start;
    EpnetSplit split;
    int status = EPNET_POINT_OK;
    double *last = epnet_calloc(epnet_row_width(problem->cut_count), sizeof *last);
    sample_start(problem, sample, &start, p_one);
    if (problem->steps == NULL)
        sample->problem.tolerance = loose;
    EpnetRows rows = {.status = &status, .last = last, .extremes = extremes, .point = columns};
    const EpnetBatch batch = {&sample->problem, 1, &sample->point, NULL};
    const bool good = epnet_split_alloc(&split, &sample->problem, NULL) && last != NULL;
    if (good) {
        const double first = epnet_split_first_steps(&split, &sample->point);
        const bool tried = first <= FIRST_MOST && problem->steps == NULL;
        if (tried)
            epnet_split_solve(&split, &batch, 0, &rows);
        if (problem->steps != NULL) {
            *steps = 3 * first; /* its own run, and one with half as long steps */
        } else if (tried && status == EPNET_POINT_OK) {
            const double shorter = sqrt(columns[EPNET_SPLIT_ERROR] * grown / problem->tolerance);
            *steps = first + 1.4 * split.last_steps * fmax(1, shorter);
        } else {
            *steps = first + 1.4 * 2 * first * fmax(1, sqrt(loose / problem->tolerance));
        }
    }
    free(last);
    epnet_split_free(&split);
    return good;
}

/* Seconds of one step and of one row of a split run at its beginning; infinite where the steps are too many.
 */
static bool time_split(const EpnetProblem *problem, Sample *sample, double *step_seconds,
                       double *row_seconds) {
    const double enough = 2e-3, growth = (double)problem->nodes / sample->problem.nodes *
                                         ldexp(1, problem->nodes - sample->problem.nodes);
    double p_one[EPNET_NODE_TERMS], began, elapsed;
    EpnetStart start;
    EpnetSplit split;
    double *row = epnet_calloc(epnet_row_width(problem->cut_count), sizeof *row);
    int repeats = 0;
    sample_start(problem, sample, &start, p_one);
    const bool good = epnet_split_alloc(&split, &sample->problem, NULL) && row != NULL;
    *step_seconds = *row_seconds = INFINITY;
    if (good && epnet_split_begin(&split, &sample->point)) {
        /* Once untimed: no state is empty then, and memory is there. */
        epnet_split_advance(&split.step, split.p, 1, NULL);
        began = seconds_now();
        do {
            epnet_split_advance(&split.step, split.p, 1, NULL);
            repeats++;
        } while ((elapsed = seconds_now() - began) < enough);
        *step_seconds = growth * elapsed / repeats;
        began = seconds_now();
        epnet_split_observe(&split.observer, split.p, row);
        *row_seconds = growth * (seconds_now() - began);
    }
    free(row);
    epnet_split_free(&split);
    return good;
}

/* Split: how many steps on few nodes, how long one takes on so many that its blocks are full. A step is two
 * applications' worth of flips. */
static bool estimate_split(const EpnetProblem *problem, const EpnetPoint *point, double *applications,
                           double *seconds) {
    enum { COUNTED_NODES = 10, TIMED_NODES = 18 };
    double steps = 0, step_seconds = 0, row_seconds = 0;
    Sample few, many;
    bool ok = sample_make(problem, point, least_int(problem->nodes, COUNTED_NODES), &few);
    ok = sample_make(problem, point, least_int(problem->nodes, TIMED_NODES), &many) && ok;
    ok = ok && count_steps(problem, &few, &steps) && time_split(problem, &many, &step_seconds, &row_seconds);
    sample_free(&few);
    sample_free(&many);
    *applications = 2 * steps;
    *seconds = steps * step_seconds + (double)problem->time_count * row_seconds;
    return ok;
}

/* Copies of one small point in a batch, solved as a sweep does, which takes less time than to tell how long
 * it would. Over the first samples of a trajectory alone; false if it is not for lanes or memory is
 * exhausted. */
static bool solve_small(const EpnetProblem *problem, const EpnetPoint *point, double *applications,
                        double *seconds) {
    enum { SAMPLES = 101, REPEATS = 3 };
    EpnetProblem first = *problem;
    if (problem->time_count > SAMPLES)
        first.time_count = SAMPLES;
    const size_t count = epnet_lanes_points(problem), width = epnet_row_width(problem->cut_count);
    const double share = (double)problem->time_count / (double)first.time_count;
    int status[EPNET_LANES];
    EpnetPoint points[EPNET_LANES];
    bool done[EPNET_LANES] = {false};
    EpnetLanes lanes = {0};
    double *values = epnet_calloc(count * (width + EPNET_EXTREMES + 1), sizeof *values);
    bool ok = epnet_lanes_alloc(&lanes, &first) && values != NULL;
    for (size_t l = 0; l < count; l++)
        points[l] = *point;
    EpnetRows rows = {.status = status, .last = values};
    const EpnetBatch batch = {&first, count, points, NULL};
    if (ok) {
        rows.extremes = values + count * width;
        rows.applications = rows.extremes + count * EPNET_EXTREMES;
        *seconds = INFINITY;
    }
    for (int repeat = 0; repeat < REPEATS && ok; repeat++) { /* the first one warms the caches */
        const double start = seconds_now();
        epnet_lanes_solve(&lanes, &batch, 0, count, &rows, done);
        *seconds = fmin(*seconds, share * (seconds_now() - start) / (double)count);
        ok = done[0];
    }
    if (ok)
        *applications = share * (rows.applications[0] + (double)first.time_count);
    epnet_lanes_free(&lanes);
    free(values);
    return ok;
}

bool epnet_cpu_estimate(const EpnetProblem *problem, const EpnetPoint *point, double *applications,
                        double *seconds) {
    enum { SAMPLE_NODES = 16 };
    if (epnet_lanes_serve(problem) && solve_small(problem, point, applications, seconds))
        return true;
    if (epnet_split_serves(problem))
        return estimate_split(problem, point, applications, seconds);
    const int nodes = least_int(problem->nodes, SAMPLE_NODES);
    double apply_seconds = 0, other_seconds = 0;
    Sample sample;
    bool ok = sample_make(problem, point, nodes, &sample);
    if (ok) {
        const double stretch = total_rate(problem, point) / total_rate(&sample.problem, &sample.point);
        ok = estimate(&sample.problem, &sample.point, isfinite(stretch) ? stretch : 1, applications,
                      &apply_seconds, &other_seconds);
        /* N 2^N for an application, a row adds the edges; beside each application an integrator updates two
         * vectors, about as much again at small N. */
        const double growth = ldexp((double)problem->nodes / nodes, problem->nodes - nodes);
        const double edges = (double)(problem->edge_count + 1) / (double)(sample.problem.edge_count + 1);
        *seconds = growth * (1.5 * *applications * apply_seconds + fmax(1, edges) * other_seconds);
    }
    sample_free(&sample);
    return ok;
}

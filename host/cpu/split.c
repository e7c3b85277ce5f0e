#include "split.h"
#include "split_block.h"

#include "../row.h"
#include "../start.h"
#include "../status.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const double GIVEN_WEIGHT = 2;

enum { COMPARED_MOST = 64, RATIO_MOST = 4, HUGE_PAGE = 2 << 20 };

/* Steps over all runs of a point after which it is given up. */
static const double STEPS_MOST = EPNET_MAX_APPLICATIONS;

/* The longest step: the fastest node keeps 1/e of what it remembers. Much longer ones would all give the same
 * wrong law, so that comparing two of them would say nothing. */
static const double TURNOVERS_MOST = 1;

bool epnet_split_serves(const EpnetProblem *problem) {
    return problem->kind == EPNET_TRAJECTORY && problem->method == EPNET_SPLIT;
}

/* ---- memory ------------------------------------------------------------------------------------------ */

static size_t compared_count(const EpnetProblem *problem) {
    return problem->time_count < COMPARED_MOST ? problem->time_count : COMPARED_MOST;
}

static uint64_t state_bytes(const EpnetProblem *problem) {
    return (uint64_t)sizeof(double) << problem->nodes;
}

/* Large pages where the system has them: strides of 2^k states otherwise miss in the page tables. */
static double *state_alloc(const EpnetProblem *problem) {
    const uint64_t bytes = state_bytes(problem);
    if (bytes < HUGE_PAGE)
        return aligned_alloc(64, bytes < 64 ? 64 : bytes);
    double *p = aligned_alloc(HUGE_PAGE, bytes);
    if (p != NULL)
        madvise(p, bytes, MADV_HUGEPAGE);
    return p;
}

bool epnet_split_alloc(EpnetSplit *split, const EpnetProblem *problem, EpnetTeam *team) {
    const EpnetSplitShape shape = epnet_split_shape(problem->nodes);
    memset(split, 0, sizeof *split);
    split->problem = problem;
    split->team = team;
    split->compared_count = compared_count(problem);
    split->turnover = epnet_calloc((size_t)problem->nodes, sizeof *split->turnover);
    split->steps = epnet_calloc(problem->time_count, sizeof *split->steps);
    split->compared = epnet_calloc(split->compared_count, sizeof *split->compared);
    split->p = state_alloc(problem);
    for (size_t i = 0; split->compared != NULL && i < split->compared_count; i++)
        split->compared[i] = (i + 1) * problem->time_count / split->compared_count - 1;
    return split->p != NULL && split->turnover != NULL && split->steps != NULL && split->compared != NULL &&
           epnet_split_step_alloc(&split->step, &shape, team) &&
           epnet_split_observer_alloc(&split->observer, problem, team) &&
           epnet_split_probe_alloc(&split->probe, problem->nodes, split->compared_count, team) &&
           epnet_split_means_alloc(&split->means, problem);
}

void epnet_split_free(EpnetSplit *split) {
    free(split->p);
    free(split->turnover);
    free(split->steps);
    free(split->compared);
    epnet_split_step_free(&split->step);
    epnet_split_observer_free(&split->observer);
    epnet_split_probe_free(&split->probe);
    epnet_split_means_free(&split->means);
    memset(split, 0, sizeof *split);
}

uint64_t epnet_split_bytes(const EpnetProblem *problem, int threads) {
    const EpnetSplitShape shape = epnet_split_shape(problem->nodes);
    return state_bytes(problem) + epnet_split_step_bytes(&shape, threads) +
           epnet_split_observer_bytes(problem, threads) +
           epnet_split_probe_bytes(problem->nodes, compared_count(problem));
}

/* ---- one run ----------------------------------------------------------------------------------------- */

typedef struct Run {
    const EpnetPoint *point;
    const volatile int *stop;
    uint64_t factor; /* steps are so many times as many, and as much shorter, as the longest */
    bool draws;      /* leaves the states that later runs are compared at */
    double weight;   /* error per distance from the run before; 0: there is none */
    double limit;    /* beyond this error no more rows are made */
    double steps;    /* so far */
    double error;    /* estimated, the largest of all compared times */
    /* Rows, NULL: none are made. */
    double *last, *extremes, *trajectory;
} Run;

static void fill_start(void *context, int thread, size_t first, size_t end) {
    (void)thread;
    EpnetSplit *split = context;
    const int nodes = split->problem->nodes, bits = split->step.shape.low;
    for (size_t block = first; block < end; block++) {
        const size_t at = block << bits;
        if (split->problem->initial != NULL)
            memcpy(split->p + at, split->problem->initial + at, sizeof(double) << bits);
        else
            epnet_start_fill(split->problem->start, nodes, at, bits, split->p + at);
    }
}

/* p as the trajectory begins. */
static void fill(EpnetSplit *split) {
    epnet_team_share(split->team, (size_t)1 << (split->problem->nodes - split->step.shape.low), 64,
                     fill_start, split);
}

static double time_before(const EpnetProblem *problem, size_t k) {
    return k > 0 ? problem->times[k - 1] : 0;
}

/* From the sampled time before to number k; `dt` is that of the steps at hand, and becomes that of the next.
 */
static void advance(EpnetSplit *split, Run *run, size_t k, double *dt) {
    const uint64_t count = split->steps[k] * run->factor;
    if (count == 0)
        return;
    const double step = (split->problem->times[k] - time_before(split->problem, k)) / (double)count;
    if (step != *dt)
        epnet_split_step_set(&split->step, &split->observer.rates, split->turnover, step);
    *dt = step;
    epnet_split_advance(&split->step, split->p, count, run->stop);
    run->steps += (double)count;
    split->spent += (double)count;
}

/* The error at compared time number i: from the distance to the run before, and never less than what the
 * exact marginals show. */
static void compare(EpnetSplit *split, Run *run, size_t i) {
    if (run->draws)
        epnet_split_probe_draw(&split->probe, i, split->p);
    if (run->weight == 0)
        return;
    double error = run->weight * epnet_split_probe_compare(&split->probe, i, split->p);
    epnet_split_marginals(&split->observer, split->p);
    for (int j = 0; j < split->problem->nodes; j++)
        error = fmax(error, 2 * fabs(split->observer.marginal[j][1] - split->means.mean[j]));
    error +=
        2 * DBL_EPSILON * sqrt(2 * split->problem->nodes * run->steps); /* rounding, like a random walk */
    if (!(error <= run->error))
        run->error = error;
}

static EpnetPointStatus make_row(EpnetSplit *split, Run *run, size_t k) {
    const EpnetProblem *problem = split->problem;
    const EpnetSplitObserver *o = &split->observer;
    const size_t width = epnet_row_width(problem->cut_count);
    epnet_split_observe(&split->observer, split->p, run->last);
    if (epnet_split_stopped(o))
        return EPNET_POINT_NOT_CONVERGED;
    if (o->fills && problem->times[k] > 0)
        return EPNET_POINT_NOT_POSITIVE;
    const EpnetLawSums sums = {o->mass, o->least, o->mass_rate};
    const EpnetPointStatus status =
        epnet_row_check(problem, run->last, &sums, 2 * problem->nodes * run->steps);
    if (status != EPNET_POINT_OK)
        return status;
    epnet_extremes_update(run->extremes, run->last, problem->times[k]);
    if (run->trajectory != NULL)
        memcpy(run->trajectory + k * width, run->last, width * sizeof *run->last);
    return EPNET_POINT_OK;
}

static EpnetPointStatus run_once(EpnetSplit *split, Run *run) {
    const EpnetProblem *problem = split->problem;
    double dt = NAN;
    size_t next = 0; /* compared time */
    run->error = run->steps = 0;
    fill(split);
    epnet_split_marginals(&split->observer, split->p);
    epnet_split_means_begin(&split->means, run->point, split->observer.marginal);
    if (run->last != NULL)
        epnet_extremes_begin(run->extremes);
    for (size_t k = 0; k < problem->time_count; k++) {
        advance(split, run, k, &dt);
        if ((run->stop != NULL && *run->stop) || split->spent > STEPS_MOST)
            return EPNET_POINT_NOT_CONVERGED;
        epnet_split_means_advance(&split->means, problem->times[k] - time_before(problem, k));
        if (split->compared[next] == k)
            compare(split, run, next++);
        if (run->last != NULL && run->error <= run->limit) {
            const EpnetPointStatus status = make_row(split, run, k);
            if (status != EPNET_POINT_OK)
                return status;
        }
    }
    return isfinite(run->error) ? EPNET_POINT_OK : EPNET_POINT_NOT_FINITE;
}

/* ---- the point --------------------------------------------------------------------------------------- */

/* Steps between the samples at the longest step that a run may have. False: more than can be taken. */
static bool set_steps(EpnetSplit *split, const EpnetPoint *point) {
    const EpnetProblem *problem = split->problem;
    double fastest = 0, total = 0;
    for (int j = 0; j < problem->nodes; j++) {
        split->turnover[j] = epnet_split_turnover(problem, point, j);
        fastest = fmax(fastest, split->turnover[j]);
    }
    for (size_t k = 0; k < problem->time_count; k++) {
        const double interval = problem->times[k] - time_before(problem, k),
                     count = ceil(interval * fastest / TURNOVERS_MOST);
        if (!(count <= STEPS_MOST))
            return false;
        split->steps[k] = interval > 0 ? (uint64_t)fmax(count, 1) : 0;
        if (problem->steps != NULL)
            split->steps[k] = problem->steps[k] - (k > 0 ? problem->steps[k - 1] : 0);
        total += (double)split->steps[k];
    }
    return total <= STEPS_MOST;
}

bool epnet_split_begin(EpnetSplit *split, const EpnetPoint *point) {
    const EpnetProblem *problem = split->problem;
    size_t k = 0;
    epnet_split_observer_set(&split->observer, point);
    if (!set_steps(split, point))
        return false;
    while (k + 1 < problem->time_count && split->steps[k] == 0)
        k++;
    fill(split);
    epnet_split_step_set(&split->step, &split->observer.rates, split->turnover,
                         (problem->times[k] - time_before(problem, k)) / fmax(1, (double)split->steps[k]));
    return true;
}

/* How many times as short a run's steps must be to bring its error to the tolerance, 2 .. RATIO_MOST. */
static uint64_t next_ratio(double error, double tolerance) {
    const double ratio = ceil(sqrt(1.2 * error / tolerance));
    return ratio > 2 ? ratio < RATIO_MOST ? (uint64_t)ratio : RATIO_MOST : 2;
}

/* The error of a run of `factor` steps is 1/(ratio^2 - 1) of its distance from the one before, where errors
 * fall with the square of the step; twice that is reported. */
static double weight_of(double ratio) {
    return 2 / (ratio * ratio - 1);
}

/* Run with shorter and shorter steps until the estimate meets the tolerance. */
static EpnetPointStatus refine(EpnetSplit *split, Run *run) {
    const double tolerance = split->problem->tolerance;
    double *const last = run->last;
    run->factor = 1;
    run->draws = true;
    run->last = NULL;
    EpnetPointStatus status = run_once(split, run);
    run->draws = false;
    run->last = last;
    run->limit = tolerance;
    uint64_t ratio = 2;
    double before = INFINITY;
    int stalled = 0; /* runs in a row that brought next to nothing */
    while (status == EPNET_POINT_OK) {
        run->factor *= ratio;
        run->weight = weight_of((double)ratio);
        status = run_once(split, run);
        if (status == EPNET_POINT_OK && run->error <= tolerance)
            return EPNET_POINT_OK;
        if (status == EPNET_POINT_NOT_POSITIVE) { /* states that take more flips than there were sweeps */
            status = EPNET_POINT_OK;
            ratio = RATIO_MOST;
            if (++stalled > 3)
                return EPNET_POINT_NOT_POSITIVE;
            continue;
        }
        stalled = run->error > 0.7 * before ? stalled + 1 : 0;
        if (status == EPNET_POINT_OK && stalled > 1) /* rounding is as large */
            return EPNET_POINT_INACCURATE;
        before = run->error;
        ratio = next_ratio(run->error, tolerance);
    }
    return status;
}

/* The steps are given: a run with shorter ones, then theirs. Their error is 4/3 of the distance or less where
 * errors fall with the square of the step, and less than twice of it if halved steps halve the error. */
static EpnetPointStatus take_given_steps(EpnetSplit *split, Run *run) {
    double fastest = 0, *const last = run->last;
    for (int j = 0; j < split->problem->nodes; j++)
        fastest = fmax(fastest, split->turnover[j]);
    const double ratio = fmax(2, ceil(fastest * split->problem->dt / TURNOVERS_MOST));
    if (!(ratio <= STEPS_MOST))
        return EPNET_POINT_NOT_CONVERGED;
    run->factor = (uint64_t)ratio;
    run->draws = true;
    run->last = NULL;
    EpnetPointStatus status = run_once(split, run);
    run->factor = 1;
    run->draws = false;
    run->last = last;
    run->weight = GIVEN_WEIGHT;
    run->limit = INFINITY;
    return status == EPNET_POINT_OK ? run_once(split, run) : status;
}

void epnet_split_solve(EpnetSplit *split, const EpnetBatch *batch, size_t k, EpnetRows *rows) {
    const EpnetProblem *problem = split->problem;
    const size_t width = epnet_row_width(problem->cut_count);
    double *trajectory = rows->trajectory == NULL ? NULL : rows->trajectory + k * problem->time_count * width;
    Run run = {.point = &batch->points[k],
               .stop = batch->stop,
               .last = rows->last + k * width,
               .extremes = rows->extremes + k * EPNET_EXTREMES,
               .trajectory = trajectory};
    double columns[EPNET_POINT_COLUMNS], *last = run.last;
    epnet_fill_nan(columns, EPNET_POINT_COLUMNS);
    split->spent = 0;
    split->observer.stop = batch->stop;
    epnet_split_observer_set(&split->observer, run.point);
    EpnetPointStatus status = EPNET_POINT_NOT_CONVERGED;
    if (set_steps(split, run.point))
        status = problem->steps != NULL ? take_given_steps(split, &run) : refine(split, &run);
    columns[EPNET_SPLIT_ERROR] = run.error;
    split->last_steps = run.steps;
    rows->status[k] = (int)status;
    if (rows->applications != NULL)
        rows->applications[k] = 2 * split->spent; /* a step flips every node twice */
    if (status != EPNET_POINT_OK) {
        epnet_fill_nan(last, width);
        epnet_fill_nan(run.extremes, EPNET_EXTREMES);
        epnet_fill_nan(trajectory, problem->time_count * width);
        epnet_fill_nan(columns, EPNET_POINT_COLUMNS);
    }
    if (rows->point != NULL)
        memcpy(rows->point + k * EPNET_POINT_COLUMNS, columns, sizeof columns);
}

void epnet_split_apply(EpnetSplit *split, const EpnetPoint *point, const double *p, double *q) {
    const int low = split->step.shape.low;
    epnet_split_observer_set(&split->observer, point);
    split->observer.p = p;
    for (uint64_t block = 0; block < (uint64_t)1 << (split->problem->nodes - low); block++)
        memcpy(q + (block << low), epnet_split_block_rate(&split->observer, 0, block), sizeof *q << low);
}

double epnet_split_first_steps(EpnetSplit *split, const EpnetPoint *point) {
    double total = 0;
    if (!set_steps(split, point))
        return INFINITY;
    for (size_t k = 0; k < split->problem->time_count; k++)
        total += (double)split->steps[k];
    return total;
}

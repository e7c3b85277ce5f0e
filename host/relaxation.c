#include "relaxation.h"

#include "krylov.h"
#include "relaxation_limits.h"

#include <float.h>
#include <math.h>

enum { BEST = EPNET_RELAXATION_WORK - 1 }; /* the work vector that keeps the best law so far */

EpnetPointStatus epnet_relaxation_find_class(EpnetRelaxation *rx, const EpnetSpace *space, size_t *count) {
    *count = space->states;
    rx->member = NULL;
    if (!space->has_zero_rates)
        return EPNET_POINT_OK;
    return space->operations->closed_class(space->engine, &rx->member, count);
}

/* q = pL into work[0]. */
static void apply(EpnetRelaxation *rx, const EpnetSpace *space) {
    const EpnetSpaceStep step = {.in = rx->p, .out = rx->work[0], .rate_factor = 1};
    space->operations->step(space->engine, &step);
    rx->applications++;
}

/* The same; returns |pL|_1 [1/s]. */
static double residual(EpnetRelaxation *rx, const EpnetSpace *space) {
    apply(rx, space);
    return space->operations->norm1(space->engine, rx->work[0]);
}

static void normalise(EpnetRelaxation *rx, const EpnetSpace *space) {
    const double sum = space->operations->sum(space->engine, rx->p);
    space->operations->combine(space->engine, rx->p, 1 / sum, rx->p, 0, NULL);
}

/* 2-norm of the rounding of pL: each entry's, from its largest term pi_s exit_s [1/s]. Overwrites work[1]. */
static double rounding_floor(EpnetRelaxation *rx, const EpnetSpace *space) {
    double *outflow = rx->work[1];
    space->operations->multiply_exit(space->engine, outflow, rx->p);
    return DBL_EPSILON * sqrt(space->operations->dot(space->engine, outflow, outflow));
}

static bool stopped(const EpnetRelaxation *rx, const EpnetSpace *space) {
    return (rx->stop != NULL && *rx->stop) || epnet_space_failed(space);
}

/* Krylov corrections until the residual is at rounding level or stops falling. Each starts from the residual
 * computed anew, so it refines the last; one that made it worse is taken back. */
static void correct(EpnetRelaxation *rx, const EpnetSpace *space) {
    enum { CORRECTIONS = 60, IDLE = 3 };
    double *best = rx->work[BEST];
    double best_residual = INFINITY;
    for (int i = 0, idle = 0; i < CORRECTIONS && idle < IDLE && !stopped(rx, space); i++) {
        rx->residual = residual(rx, space);
        idle = rx->residual < 0.5 * best_residual ? 0 : idle + 1;
        if (rx->residual < best_residual) {
            best_residual = rx->residual;
            space->operations->copy(space->engine, best, rx->p);
        }
        const double activity = space->operations->dot(space->engine, rx->p, space->exit);
        if (rx->residual <= 4 * DBL_EPSILON * activity)
            break;
        rx->applications += epnet_krylov_correct(space, rounding_floor(rx, space), rx->stop, rx->work[0],
                                                 rx->p, rx->work + 1);
        normalise(rx, space);
    }
    space->operations->copy(space->engine, rx->p, best);
    rx->residual = best_residual;
}

/* Entries that rounding left at or below zero: replaced by the balance of their neighbours, sweep after sweep
 * until all are positive. Returns false if they will not be. */
static bool make_positive(EpnetRelaxation *rx, const EpnetSpace *space) {
    enum { SWEEPS = 200 };
    for (int sweep = 0; sweep < SWEEPS && !stopped(rx, space); sweep++) {
        if (space->operations->least(space->engine, rx->p, rx->member) > 0)
            return true;
        space->operations->mend(space->engine, rx->p, rx->work[0], rx->member);
    }
    return space->operations->least(space->engine, rx->p, rx->member) > 0;
}

/* A correction is as good as the whole vector, so that what it leaves in entries far below the largest may
 * exceed them. Sweeps p_s += w (inflow / exit - p_s) carry such errors to where the probability is, about a
 * flip a sweep, as a chain that jumps would: then every entry is good to its own digits, as far as no slow
 * mode carries the error. Faint correlations are all in such digits. */
static void settle(EpnetRelaxation *rx, const EpnetSpace *space) {
    for (int i = 0; i < epnet_relaxation_sweeps(space->nodes) && !stopped(rx, space); i++) {
        apply(rx, space);
        space->operations->divide_exit(space->engine, rx->work[0], rx->work[0]);
        space->operations->combine(space->engine, rx->p, 1, rx->p, EPNET_RELAXATION_DAMPING, rx->work[0]);
    }
}

EpnetPointStatus epnet_relaxation_check(EpnetRelaxation *rx, const EpnetSpace *space) {
    rx->residual = residual(rx, space);
    if (!isfinite(rx->residual))
        return EPNET_POINT_NOT_FINITE;
    const double activity = space->operations->dot(space->engine, rx->p, space->exit);
    return rx->residual <= EPNET_RESIDUAL_ACCEPTED * activity ? EPNET_POINT_OK : EPNET_POINT_NOT_CONVERGED;
}

/* Corrections stall where nodes differ in speed by many decades; sweeps, which see to the fast ones, then let
 * the next corrections go on. */
static EpnetPointStatus solve(EpnetRelaxation *rx, const EpnetSpace *space, size_t count) {
    if (!rx->from_last)
        space->operations->fill(space->engine, rx->p, 1 / (double)count, rx->member);
    if (count == 1) /* absorbing: nothing moves */
        return EPNET_POINT_OK;
    EpnetPointStatus status = EPNET_POINT_NOT_CONVERGED;
    for (int i = 0; i < EPNET_RELAXATION_ROUNDS && status == EPNET_POINT_NOT_CONVERGED; i++) {
        correct(rx, space);
        if (stopped(rx, space))
            return EPNET_POINT_NOT_CONVERGED;
        if (!isfinite(rx->residual))
            return EPNET_POINT_NOT_FINITE;
        if (!make_positive(rx, space))
            return EPNET_POINT_NOT_POSITIVE;
        settle(rx, space);
        normalise(rx, space);
        status = epnet_relaxation_check(rx, space);
    }
    return status;
}

EpnetPointStatus epnet_relax(EpnetRelaxation *rx, const EpnetSpace *space) {
    size_t count;
    rx->applications = 0;
    const EpnetPointStatus status = epnet_relaxation_find_class(rx, space, &count);
    return status == EPNET_POINT_OK ? solve(rx, space, count) : status;
}

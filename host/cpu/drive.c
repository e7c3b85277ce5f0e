#include "drive.h"

#include <math.h>

static const double SMALLEST = 1e-9;                    /* drives below it are lost in rounding, or F = 0 */
static const double STEP = 0.25, STEP_RELATIVE = 0.2;   /* of the scan: [nat], and of the drive itself */
static const double ACCURACY = 1e-12, ACCEPTED = 9e-10; /* of the production, relative to sigma */

typedef struct Trial {
    double drive, production; /* [nat], [nat/s] across cut 0 */
} Trial;

/* The stationary law and the production of cut 0 at F = drive. */
static EpnetPointStatus evaluate(EpnetDriveSearch *search, double drive, Trial *trial) {
    for (size_t e = 0; e < search->problem->edge_count; e++)
        search->drive[e] = drive;
    search->point.drive = search->drive;
    epnet_generator_set(search->generator, search->problem, &search->point, NULL, true);
    EpnetPointStatus status = epnet_stationary_solve(search->stationary, search->generator);
    search->stationary->relaxation.from_last =
        status == EPNET_POINT_OK; /* neighbouring drives have neighbouring laws */
    if (status != EPNET_POINT_OK)
        return status;
    trial->drive = drive;
    trial->production =
        epnet_observe_cut_production(search->observer, search->generator, search->stationary->p, 0);
    return isfinite(trial->production) ? EPNET_POINT_OK : EPNET_POINT_NOT_FINITE;
}

/* Whether sigma lies between the productions of two trials. */
static bool is_crossed(double sigma, const Trial *a, const Trial *b) {
    return (a->production < sigma) != (b->production < sigma);
}

/* Whether a trial is as good as a solution: a minimum, or F = 0, whose production is sigma itself. */
static bool is_accepted(double sigma, const Trial *trial) {
    return fabs(trial->production / sigma - 1) <= ACCEPTED;
}

/* Between two drives with sigma between their productions: Illinois' false position in the logarithms, with a
 * bisection every third step, until the production is sigma to ACCURACY, or after a while to ACCEPTED. */
static EpnetPointStatus refine(EpnetDriveSearch *search, double sigma, Trial one, Trial other, Trial *found) {
    enum { PATIENCE = 20, STEPS = 200 };
    double a = log(one.drive), b = log(other.drive);
    double f_a = fmax(log(one.production / sigma), -40), f_b = fmax(log(other.production / sigma), -40);
    for (int step = 0, side = 0; step < STEPS; step++) {
        const double at = step % 3 == 2 ? a + (b - a) / 2 : (a * f_b - b * f_a) / (f_b - f_a);
        EpnetPointStatus status = evaluate(search, exp(at), found);
        const double miss = fabs(found->production / sigma - 1);
        if (status != EPNET_POINT_OK || miss <= ACCURACY || (step >= PATIENCE && miss <= ACCEPTED))
            return status;
        const double f = fmax(log(found->production / sigma), -40);
        if ((f < 0) == (f_a < 0)) {
            a = at;
            f_a = f;
            f_b /= side == 1 ? 2 : 1; /* the end that stayed twice counts half */
            side = 1;
        } else {
            b = at;
            f_b = f;
            f_a /= side == -1 ? 2 : 1;
            side = -1;
        }
    }
    return EPNET_POINT_INACCURATE;
}

/* The production turned between three trials, `middle` nearest to sigma: golden-section search for the
 * extremum, ended early once it is beyond sigma. */
static EpnetPointStatus approach(EpnetDriveSearch *search, double sigma, const Trial *upper,
                                 const Trial *lower, Trial *middle) {
    enum { STEPS = 60 };
    const double golden = 0.3819660112501051, sign = upper->production < sigma ? -1 : 1;
    double a = log(lower->drive), b = log(upper->drive);
    for (int step = 0; step < STEPS && !is_crossed(sigma, upper, middle) && b - a > 1e-7; step++) {
        const double at = log(middle->drive);
        const double next = b - at > at - a ? at + golden * (b - at) : at - golden * (at - a);
        Trial trial;
        EpnetPointStatus status = evaluate(search, exp(next), &trial);
        if (status != EPNET_POINT_OK)
            return status;
        if (sign * trial.production < sign * middle->production) {
            *(next > at ? &a : &b) = at;
            *middle = trial;
        } else {
            *(next > at ? &b : &a) = next;
        }
    }
    return EPNET_POINT_OK;
}

/* Down from `here` to the first drive with sigma between its production and that at `here`, the turning
 * points on the way included; then the solution next to it. */
static EpnetPointStatus scan(EpnetDriveSearch *search, double sigma, Trial here, Trial *found,
                             double *attainable) {
    const double sign = here.production < sigma ? -1 : 1; /* sign * production is to come down to sigma */
    Trial upper = here, lower;
    *attainable = here.production;
    while (here.drive > SMALLEST) {
        const double step = fmin(STEP, STEP_RELATIVE * here.drive);
        EpnetPointStatus status = evaluate(search, here.drive - step, &lower);
        if (status == EPNET_POINT_OK && !is_crossed(sigma, &here, &lower) &&
            sign * here.production < fmin(sign * upper.production, sign * lower.production)) {
            Trial nearest = here;
            status = approach(search, sigma, &upper, &lower, &nearest);
            *attainable = sign * fmin(sign * *attainable, sign * nearest.production);
            if (status == EPNET_POINT_OK && is_crossed(sigma, &upper, &nearest))
                return refine(search, sigma, upper, nearest, found);
            if (status == EPNET_POINT_OK && is_accepted(sigma, &nearest))
                return evaluate(search, nearest.drive, found);
        }
        if (status != EPNET_POINT_OK)
            return status;
        if (is_crossed(sigma, &here, &lower))
            return refine(search, sigma, here, lower, found);
        *attainable = sign * fmin(sign * *attainable, sign * lower.production);
        upper = here;
        here = lower;
    }
    EpnetPointStatus status = evaluate(search, 0, &lower);
    if (status != EPNET_POINT_OK)
        return status;
    if (is_accepted(sigma, &lower)) {
        *found = lower;
        return EPNET_POINT_OK;
    }
    if (is_crossed(sigma, &here, &lower))
        return EPNET_POINT_INACCURATE; /* the solution is a drive below SMALLEST */
    *attainable = sign * fmin(sign * *attainable, sign * lower.production);
    return EPNET_POINT_NO_BRACKET;
}

/* A drive beyond which reverse copies are too slow beside every other transition to bend EP(F): from there on
 * it rises linearly with F or, where the flips leave the copies at rest, dies out with exp(-F). */
static double straight_drive(const EpnetDriveSearch *search) {
    const EpnetProblem *problem = search->problem;
    const EpnetPoint *point = &search->point;
    double copies = 0, slowest = INFINITY;
    for (size_t e = 0; e < problem->edge_count; e++) {
        copies += point->rate[e];
        slowest = point->rate[e] > 0 ? fmin(slowest, point->rate[e]) : slowest;
    }
    for (int i = 0; i < problem->nodes; i++) {
        slowest = point->flip_up[i] > 0 ? fmin(slowest, point->flip_up[i]) : slowest;
        slowest = point->flip_down[i] > 0 ? fmin(slowest, point->flip_down[i]) : slowest;
    }
    return copies > 0 ? 10 + log(copies / slowest) : 10;
}

/* Up from `start` as long as that leads towards sigma. found->drive stays NaN where it does not get there. */
static EpnetPointStatus climb(EpnetDriveSearch *search, double sigma, Trial start, Trial *found) {
    const double underflow = 700; /* of exp(-F) */
    Trial next;
    EpnetPointStatus status = evaluate(search, 2 * start.drive, &next);
    const bool rises = status == EPNET_POINT_OK && next.production > start.production;
    while (status == EPNET_POINT_OK && (start.production < sigma) == rises) {
        if (is_crossed(sigma, &start, &next))
            return refine(search, sigma, start, next, found);
        if (rises ? !(next.production > start.production) : next.drive > underflow)
            break;
        start = next;
        status = evaluate(search, 2 * start.drive, &next);
    }
    return status;
}

EpnetPointStatus epnet_drive_solve(EpnetDriveSearch *search, double sigma, double *drive,
                                   double *attainable) {
    Trial start, found = {NAN, NAN};
    /* Nothing is carried from point to point: any order gives the same bytes. */
    search->stationary->relaxation.from_last = false;
    *attainable = NAN;
    EpnetPointStatus status = evaluate(search, straight_drive(search), &start);
    if (status == EPNET_POINT_OK)
        status = climb(search, sigma, start, &found);
    if (status == EPNET_POINT_OK && isnan(found.drive))
        status = scan(search, sigma, start, &found, attainable);
    search->stationary->relaxation.from_last = false;
    *drive = found.drive;
    return status;
}

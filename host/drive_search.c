#include "drive_search.h"

#include <math.h>

static const double SMALLEST = 1e-9;                    /* drives below it are lost in rounding, or F = 0 */
static const double STEP = 0.25, STEP_RELATIVE = 0.2;   /* of the scan: [nat], and of the drive itself */
static const double ACCURACY = 1e-12, ACCEPTED = 9e-10; /* of the production, relative to sigma */
static const double GOLDEN = 0.3819660112501051;

static void ask(EpnetDriveSearch *search, EpnetDriveStage stage, double drive) {
    search->stage = stage;
    search->asked = drive;
}

static void end(EpnetDriveSearch *search, EpnetPointStatus status, double drive) {
    search->done = true;
    search->status = status;
    search->drive = drive;
}

/* Whether sigma lies between the productions of two trials. */
static bool is_crossed(double sigma, const EpnetDriveTrial *a, const EpnetDriveTrial *b) {
    return (a->production < sigma) != (b->production < sigma);
}

/* Whether a trial is as good as a solution: a minimum, or F = 0, whose production is sigma itself. */
static bool is_accepted(double sigma, const EpnetDriveTrial *trial) {
    return fabs(trial->production / sigma - 1) <= ACCEPTED;
}

/* 1 where productions are to come down to sigma, -1 where up. */
static double towards(double sigma, const EpnetDriveTrial *from) {
    return from->production < sigma ? -1 : 1;
}

static void note_attainable(EpnetDriveSearch *search, double production) {
    const double sign = towards(search->sigma, &search->origin);
    search->attainable = sign * fmin(sign * search->attainable, sign * production);
}

/* ---- between two drives with sigma between their productions ------------------------------------------- */

static double log_ratio(const EpnetDriveSearch *search, double production) {
    return fmax(log(production / search->sigma), -40);
}

/* Illinois' false position in the logarithms, with a bisection every third step. */
static void refine_next(EpnetDriveSearch *search) {
    enum { STEPS = 200 };
    const double a = search->a, b = search->b;
    if (search->steps == STEPS) {
        end(search, EPNET_POINT_INACCURATE, search->asked);
        return;
    }
    const double at = search->steps % 3 == 2
                          ? a + (b - a) / 2
                          : (a * search->f_b - b * search->f_a) / (search->f_b - search->f_a);
    search->at = at;
    ask(search, EPNET_DRIVE_REFINES, exp(at));
}

static void refine_begin(EpnetDriveSearch *search, const EpnetDriveTrial *one, const EpnetDriveTrial *other) {
    search->a = log(one->drive);
    search->b = log(other->drive);
    search->f_a = log_ratio(search, one->production);
    search->f_b = log_ratio(search, other->production);
    search->steps = search->side = 0;
    refine_next(search);
}

/* Until the production is sigma to ACCURACY, or after a while to ACCEPTED. */
static void refine_answer(EpnetDriveSearch *search, const EpnetDriveTrial *trial) {
    enum { PATIENCE = 20 };
    const double at = search->at, miss = fabs(trial->production / search->sigma - 1);
    if (miss <= ACCURACY || (search->steps >= PATIENCE && miss <= ACCEPTED)) {
        end(search, EPNET_POINT_OK, trial->drive);
        return;
    }
    const double f = log_ratio(search, trial->production);
    if ((f < 0) == (search->f_a < 0)) {
        search->a = at;
        search->f_a = f;
        search->f_b /= search->side == 1 ? 2 : 1; /* the end that stayed twice counts half */
        search->side = 1;
    } else {
        search->b = at;
        search->f_b = f;
        search->f_a /= search->side == -1 ? 2 : 1;
        search->side = -1;
    }
    search->steps++;
    refine_next(search);
}

/* ---- down to the first drive with sigma between its production and that at the origin -------------------
 */

static void scan_next(EpnetDriveSearch *search) {
    const double drive = search->here.drive;
    if (drive > SMALLEST)
        ask(search, EPNET_DRIVE_SCANS, drive - fmin(STEP, STEP_RELATIVE * drive));
    else
        ask(search, EPNET_DRIVE_AT_ZERO, 0);
}

/* From `here` to `lower`, with no turning point that reaches sigma between them. */
static void scan_on(EpnetDriveSearch *search) {
    if (is_crossed(search->sigma, &search->here, &search->lower)) {
        refine_begin(search, &search->here, &search->lower);
        return;
    }
    note_attainable(search, search->lower.production);
    search->upper = search->here;
    search->here = search->lower;
    scan_next(search);
}

/* The production turned between three trials, `nearest` to sigma in the middle: golden-section search for the
 * extremum, ended early once it is beyond sigma. */
static void approach_next(EpnetDriveSearch *search) {
    enum { STEPS = 60 };
    const double sigma = search->sigma, a = search->a, b = search->b;
    const bool crossed = is_crossed(sigma, &search->upper, &search->nearest);
    if (search->steps < STEPS && !crossed && b - a > 1e-7) {
        const double at = log(search->nearest.drive);
        ask(search, EPNET_DRIVE_APPROACHES,
            exp(b - at > at - a ? at + GOLDEN * (b - at) : at - GOLDEN * (at - a)));
        return;
    }
    note_attainable(search, search->nearest.production);
    if (crossed)
        refine_begin(search, &search->upper, &search->nearest);
    else if (is_accepted(sigma, &search->nearest))
        ask(search, EPNET_DRIVE_REPEATS, search->nearest.drive);
    else
        scan_on(search);
}

static void approach_answer(EpnetDriveSearch *search, const EpnetDriveTrial *trial) {
    const double sign = towards(search->sigma, &search->upper), at = log(search->nearest.drive),
                 next = log(trial->drive);
    if (sign * trial->production < sign * search->nearest.production) {
        *(next > at ? &search->a : &search->b) = at;
        search->nearest = *trial;
    } else {
        *(next > at ? &search->b : &search->a) = next;
    }
    search->steps++;
    approach_next(search);
}

static void scan_answer(EpnetDriveSearch *search, const EpnetDriveTrial *lower) {
    const double sigma = search->sigma, sign = towards(sigma, &search->origin);
    search->lower = *lower;
    if (is_crossed(sigma, &search->here, lower) ||
        !(sign * search->here.production < fmin(sign * search->upper.production, sign * lower->production))) {
        scan_on(search);
        return;
    }
    search->nearest = search->here;
    search->a = log(lower->drive);
    search->b = log(search->upper.drive);
    search->steps = 0;
    approach_next(search);
}

static void answer_at_zero(EpnetDriveSearch *search, const EpnetDriveTrial *zero) {
    if (is_accepted(search->sigma, zero)) {
        end(search, EPNET_POINT_OK, zero->drive);
    } else if (is_crossed(search->sigma, &search->here, zero)) {
        end(search, EPNET_POINT_INACCURATE, NAN); /* the solution is a drive below SMALLEST */
    } else {
        note_attainable(search, zero->production);
        end(search, EPNET_POINT_NO_BRACKET, NAN);
    }
}

/* ---- up from the origin as long as that leads towards sigma ---------------------------------------------
 */

static void climb_answer(EpnetDriveSearch *search, const EpnetDriveTrial *next) {
    const double underflow = 700; /* of exp(-F) */
    if (!search->climbed)
        search->rises = next->production > search->here.production;
    search->climbed = true;
    const bool leads = (search->here.production < search->sigma) == search->rises;
    if (leads && is_crossed(search->sigma, &search->here, next)) {
        refine_begin(search, &search->here, next);
        return;
    }
    if (!leads || (search->rises ? !(next->production > search->here.production) : next->drive > underflow)) {
        search->here = search->upper = search->origin;
        search->attainable = search->origin.production;
        scan_next(search);
        return;
    }
    search->here = *next;
    ask(search, EPNET_DRIVE_CLIMBS, 2 * next->drive);
}

/* ---- questions and answers ------------------------------------------------------------------------------
 */

/* A drive beyond which reverse copies are too slow beside every other transition to bend EP(F): from there on
 * it rises linearly with F or, where the flips leave the copies at rest, dies out with exp(-F). */
static double straight_drive(const EpnetProblem *problem, const EpnetPoint *point) {
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

void epnet_drive_begin(EpnetDriveSearch *search, const EpnetProblem *problem, const EpnetPoint *point,
                       double sigma) {
    *search = (EpnetDriveSearch){.sigma = sigma, .drive = NAN, .attainable = NAN};
    ask(search, EPNET_DRIVE_STARTS, straight_drive(problem, point));
}

void epnet_drive_answer(EpnetDriveSearch *search, EpnetPointStatus status, double production) {
    const EpnetDriveTrial trial = {search->asked, production};
    if (status == EPNET_POINT_OK && !isfinite(production))
        status = EPNET_POINT_NOT_FINITE;
    if (status != EPNET_POINT_OK) {
        if (search->stage == EPNET_DRIVE_APPROACHES)
            note_attainable(search, search->nearest.production);
        end(search, status, NAN);
        return;
    }
    switch (search->stage) {
    case EPNET_DRIVE_STARTS:
        search->origin = search->here = trial;
        ask(search, EPNET_DRIVE_CLIMBS, 2 * trial.drive);
        break;
    case EPNET_DRIVE_CLIMBS:
        climb_answer(search, &trial);
        break;
    case EPNET_DRIVE_SCANS:
        scan_answer(search, &trial);
        break;
    case EPNET_DRIVE_APPROACHES:
        approach_answer(search, &trial);
        break;
    case EPNET_DRIVE_REPEATS:
        end(search, EPNET_POINT_OK, trial.drive);
        break;
    case EPNET_DRIVE_REFINES:
        refine_answer(search, &trial);
        break;
    case EPNET_DRIVE_AT_ZERO:
        answer_at_zero(search, &trial);
        break;
    }
}

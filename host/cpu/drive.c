#include "drive.h"

#include <math.h>

/* Beyond this drive exp(-F) no longer changes the rates and production grows linearly with F; below the
 * second, even at equilibrium-like flips it is under 1e-16 of the activity. */
static const double DRIVE_LINEAR = 40, DRIVE_SMALLEST = 1e-9;
static const double SCAN_RATIO = 0.8; /* from one scanned drive to the next lower one */
static const double ACCURACY = 1e-12; /* of production relative to sigma */

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
    search->stationary->from_last = status == EPNET_POINT_OK; /* neighbouring drives have neighbouring laws */
    if (status != EPNET_POINT_OK)
        return status;
    trial->drive = drive;
    trial->production =
        epnet_observe_cut_production(search->observer, search->generator, search->stationary->p, 0);
    return isfinite(trial->production) ? EPNET_POINT_OK : EPNET_POINT_NOT_FINITE;
}

static bool is_solution(const Trial *trial, double sigma) {
    return fabs(trial->production - sigma) <= ACCURACY * sigma;
}

/* Between a drive whose production is below sigma and one where it is above: Illinois' false position in the
 * logarithms, with a bisection whenever the bracket does not halve. Ends on the solution. */
static EpnetPointStatus refine(EpnetDriveSearch *search, double sigma, Trial below, Trial above,
                               Trial *found) {
    enum { STEPS = 200 };
    double f_below = below.production > 0 ? log(below.production / sigma) : -40,
           f_above = log(above.production / sigma);
    for (int step = 0; step < STEPS; step++) {
        const double a = log(below.drive), b = log(above.drive);
        const double middle = step % 3 == 2 ? (a + b) / 2 : (a * f_above - b * f_below) / (f_above - f_below);
        EpnetPointStatus status = evaluate(search, exp(middle), found);
        if (status != EPNET_POINT_OK || is_solution(found, sigma))
            return status;
        if (found->production < sigma) {
            below = *found;
            f_below = found->production > 0 ? log(found->production / sigma) : -40;
            f_above /= 2;
        } else {
            above = *found;
            f_above = log(found->production / sigma);
            f_below /= 2;
        }
    }
    return fabs(found->production - sigma) <= 1e-9 * sigma ? EPNET_POINT_OK : EPNET_POINT_NOT_CONVERGED;
}

/* Golden-section search for the least production between three trials whose middle one is the least, ended
 * early once it is below sigma. */
static EpnetPointStatus descend(EpnetDriveSearch *search, double sigma, const Trial *upper,
                                const Trial *lower, Trial *least) {
    enum { STEPS = 60 };
    const double golden = 0.3819660112501051;
    double a = log(lower->drive), b = log(upper->drive);
    for (int step = 0; step < STEPS && least->production >= sigma && b - a > 1e-7; step++) {
        const double at = log(least->drive);
        const double next = b - at > at - a ? at + golden * (b - at) : at - golden * (at - a);
        Trial trial;
        EpnetPointStatus status = evaluate(search, exp(next), &trial);
        if (status != EPNET_POINT_OK)
            return status;
        if (trial.production < least->production) {
            *(next > at ? &a : &b) = at;
            *least = trial;
        } else {
            *(next > at ? &b : &a) = next;
        }
    }
    return EPNET_POINT_OK;
}

/* Production rises linearly from DRIVE_LINEAR on: one step, then once more against rounding. */
static EpnetPointStatus extrapolate(EpnetDriveSearch *search, double sigma, Trial from, Trial *found) {
    for (int step = 0; step < 3; step++) {
        const double drive = from.drive * 2;
        Trial beyond;
        EpnetPointStatus status = evaluate(search, drive, &beyond);
        if (status != EPNET_POINT_OK)
            return status;
        const double slope = (beyond.production - from.production) / (beyond.drive - from.drive);
        if (!(slope > 0))
            return EPNET_POINT_NO_BRACKET;
        status = evaluate(search, from.drive + (sigma - from.production) / slope, found);
        if (status != EPNET_POINT_OK || is_solution(found, sigma))
            return status;
        from = *found;
    }
    return EPNET_POINT_NOT_CONVERGED;
}

/* Scan down from DRIVE_LINEAR, where production exceeds sigma, to the first drive where it does not. */
static EpnetPointStatus scan(EpnetDriveSearch *search, double sigma, Trial here, Trial *found,
                             double *attainable) {
    Trial upper = here, lower;
    while (here.drive > DRIVE_SMALLEST) {
        EpnetPointStatus status = evaluate(search, here.drive * SCAN_RATIO, &lower);
        if (status == EPNET_POINT_OK && lower.production >= sigma &&
            here.production < fmin(upper.production, lower.production)) {
            Trial least = here; /* a dip between the scanned drives may reach below sigma */
            status = descend(search, sigma, &upper, &lower, &least);
            *attainable = fmin(*attainable, least.production);
            if (status == EPNET_POINT_OK && least.production < sigma)
                return refine(search, sigma, least, upper, found);
        }
        if (status != EPNET_POINT_OK)
            return status;
        *attainable = fmin(*attainable, lower.production);
        if (lower.production < sigma)
            return refine(search, sigma, lower, here, found);
        upper = here;
        here = lower;
    }
    return EPNET_POINT_NO_BRACKET;
}

EpnetPointStatus epnet_drive_solve(EpnetDriveSearch *search, double sigma, double *drive,
                                   double *attainable) {
    Trial start, found = {NAN, NAN};
    search->stationary->from_last =
        false; /* nothing is carried from point to point: any order gives the same bytes */
    *attainable = NAN;
    EpnetPointStatus status = evaluate(search, DRIVE_LINEAR, &start);
    if (status == EPNET_POINT_OK) {
        *attainable = start.production;
        status = start.production < sigma ? extrapolate(search, sigma, start, &found)
                                          : scan(search, sigma, start, &found, attainable);
    }
    search->stationary->from_last = false;
    *drive = found.drive;
    return status;
}

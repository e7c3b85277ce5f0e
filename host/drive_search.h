/* The search for the drive at which a cut dissipates a given amount, as questions and answers: it names a
 * drive, and is told what the cut dissipates there in the stationary state. So one point can be searched at a
 * time (host/cpu/drive.c) or thousands side by side (kernels/cuda_drive.c), in the same steps.
 *
 *     epnet_drive_begin(&search, problem, point, sigma);
 *     while (!search.done)
 *         epnet_drive_answer(&search, status, production at F = search.asked);
 *
 * EP(F) is not monotone: with asymmetric flips it can start above zero, dip and rise, and without flips it
 * dies out at large F. It is scanned downward from where it is straight, in steps of 0.25 nat and less: a
 * turn and return within one step is not seen. */
#ifndef EPNET_HOST_DRIVE_SEARCH_H
#define EPNET_HOST_DRIVE_SEARCH_H

#include "backend.h"

typedef struct EpnetDriveTrial {
    double drive, production; /* [nat], [nat/s] across the cut */
} EpnetDriveTrial;

typedef enum EpnetDriveStage {
    EPNET_DRIVE_STARTS,
    EPNET_DRIVE_CLIMBS,     /* up from the straight part, while that leads towards sigma */
    EPNET_DRIVE_SCANS,      /* down from there */
    EPNET_DRIVE_APPROACHES, /* a turning point on the way */
    EPNET_DRIVE_REPEATS,    /* the law at a turning point whose production is sigma */
    EPNET_DRIVE_REFINES,    /* between two drives with sigma between their productions */
    EPNET_DRIVE_AT_ZERO
} EpnetDriveStage;

typedef struct EpnetDriveSearch {
    double asked; /* [nat]: the drive whose production is to be answered */
    bool done;
    /* Then: EPNET_POINT_OK: `drive` is the largest F > 0 whose production is sigma, to 1e-9 sigma.
     * EPNET_POINT_NO_BRACKET: none is, `attainable` [nat/s] is the production nearest to it.
     * EPNET_POINT_INACCURATE: rounding hides the solution (F below about 1e-6). Or what was answered. */
    EpnetPointStatus status;
    double drive, attainable;

    double sigma; /* what follows is the search's own */
    EpnetDriveStage stage;
    int steps;
    EpnetDriveTrial origin, upper, here, lower, nearest;
    bool climbed, rises;
    double a, b, at, f_a, f_b; /* logarithms of two drives and of one between, and of productions / sigma */
    int side;                  /* whose end moved last */
} EpnetDriveSearch;

/* Begin for the rates of a point; its drives are not looked at. sigma > 0 [nat/s]. */
void epnet_drive_begin(EpnetDriveSearch *search, const EpnetProblem *problem, const EpnetPoint *point,
                       double sigma);

/* What became of the stationary law at search->asked, and what cut 0 dissipates in it if that is ok. */
void epnet_drive_answer(EpnetDriveSearch *search, EpnetPointStatus status, double production);

#endif

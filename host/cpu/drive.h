/* Constant drive: the one F of all edges at which a cut dissipates a given amount in the stationary state. */
#ifndef EPNET_HOST_CPU_DRIVE_H
#define EPNET_HOST_CPU_DRIVE_H

#include "observe.h"
#include "stationary.h"

typedef struct EpnetDriveSearch {
    const EpnetProblem *problem;
    EpnetGenerator *generator;   /* set for the solved drive on success */
    EpnetStationary *stationary; /* its law on success */
    EpnetObserver *observer;
    EpnetPoint point; /* rates of the point; its drive is `drive` */
    double *drive;    /* edge_count: all equal to the trial F [nat] */
} EpnetDriveSearch;

/* Find the largest F > 0 whose stationary entropy production across cut 0 is sigma [nat/s] > 0, to 1e-9
 * sigma. EP(F) is not monotone: with asymmetric flips it can start above zero, dip and rise, and without
 * flips it dies out at large F. It is scanned downward from where it is straight, in steps of 0.25 nat and
 * less: a turn and return within one step is not seen. *drive is F. EPNET_POINT_NO_BRACKET: no F gives sigma,
 * *attainable is the production nearest to it. EPNET_POINT_INACCURATE: rounding hides the solution (F below
 * about 1e-6). */
EpnetPointStatus epnet_drive_solve(EpnetDriveSearch *search, double sigma, double *drive, double *attainable);

#endif

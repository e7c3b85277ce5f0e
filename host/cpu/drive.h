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

/* Find the largest F > 0 whose stationary entropy production across cut 0 is sigma [nat/s] > 0, to 1e-9 sigma
 * (EP(F) is not monotone: with asymmetric flips it can start above zero, dip and rise). *drive is F; on
 * EPNET_POINT_NO_BRACKET, *attainable is the smallest production found on that branch. */
EpnetPointStatus epnet_drive_solve(EpnetDriveSearch *search, double sigma, double *drive, double *attainable);

#endif

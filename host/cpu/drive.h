/* Constant drive: the one F of all edges at which a cut dissipates a given amount in the stationary state
 * (host/drive_search.h), of one point on the CPU. */
#ifndef EPNET_HOST_CPU_DRIVE_H
#define EPNET_HOST_CPU_DRIVE_H

#include "drive_search.h"
#include "observe.h"
#include "stationary.h"

typedef struct EpnetDriveWork {
    const EpnetProblem *problem;
    EpnetGenerator *generator;   /* set for the solved drive on success */
    EpnetStationary *stationary; /* its law on success */
    EpnetObserver *observer;
    EpnetPoint point; /* rates of the point; its drive is `drive` */
    double *drive;    /* edge_count: all equal to the trial F [nat] */
} EpnetDriveWork;

/* Find the largest F > 0 whose stationary entropy production across cut 0 is sigma [nat/s] > 0: the status
 * and the values of the search. */
EpnetPointStatus epnet_drive_solve(EpnetDriveWork *work, double sigma, double *drive, double *attainable);

#endif

/* How long one point takes on the CPU. */
#ifndef EPNET_HOST_CPU_ESTIMATE_H
#define EPNET_HOST_CPU_ESTIMATE_H

#include "backend.h"

/* See EpnetBackend.estimate. Small trajectories are solved; else one application of L and one row of
 * observables are timed, and how many the point needs is counted. Takes some milliseconds at any N: a large
 * network is timed on its first nodes and scaled. */
bool epnet_cpu_estimate(const EpnetProblem *problem, const EpnetPoint *point, double *applications,
                        double *seconds);

#endif

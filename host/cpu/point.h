/* One parameter point: everything that is computed of it, by one thread or by the threads of a team. */
#ifndef EPNET_HOST_CPU_POINT_H
#define EPNET_HOST_CPU_POINT_H

#include "evolve.h"
#include "observe.h"
#include "quench.h"
#include "stationary.h"

/* What it takes to work on one point, reused for the next. */
typedef struct EpnetWorkspace {
    EpnetGenerator generator;
    EpnetEvolution evolution;   /* trajectories only */
    EpnetStationary stationary; /* stationary kind, start, drive or decay only */
    EpnetObserver observer;
    double *rate_of_change; /* 2^N: dp = pL */
    double *euler_state;    /* 2^N: the next Euler step; NULL unless method = euler */
    double *drive;          /* edge_count: the solved drive of every edge; NULL unless constant_drive */
    EpnetLeakWork leak;     /* [leak] only */
    EpnetQuench quench;     /* of its kind quench only */
    double *information;    /* time_count: I at the samples; NULL unless its decay is fitted */
} EpnetWorkspace;

/* `team` (borrowed) shares the states of large points; NULL: the caller alone. False when memory is
 * exhausted; free in any case. */
bool epnet_workspace_alloc(EpnetWorkspace *workspace, const EpnetProblem *problem, EpnetTeam *team);
void epnet_workspace_free(EpnetWorkspace *workspace, const EpnetProblem *problem);
uint64_t epnet_workspace_bytes(const EpnetProblem *problem, int threads); /* of the team */

/* Solve point k of the batch into its rows; a failed point has its status and NaN in all columns. */
void epnet_workspace_solve(EpnetWorkspace *workspace, const EpnetBatch *batch, size_t k, EpnetRows *rows);

#endif

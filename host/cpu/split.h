/* method = "split": one trajectory in one vector of 2^N, for networks whose states leave room for no second
 * one. Strang steps (split_step.h), rows made from p alone (split_observe.h), and the error estimated by
 * running the trajectory again with shorter steps (split_probe.h, split_means.h). */
#ifndef EPNET_HOST_CPU_SPLIT_H
#define EPNET_HOST_CPU_SPLIT_H

#include "split_means.h"
#include "split_observe.h"
#include "split_probe.h"
#include "split_step.h"

typedef struct EpnetSplit {
    const EpnetProblem *problem;
    EpnetTeam *team;
    double *p;
    EpnetSplitStep step;
    EpnetSplitObserver observer;
    EpnetSplitProbe probe;
    EpnetSplitMeans means;
    double *turnover;      /* nodes: 2 A_j [1/s] */
    uint64_t *steps;       /* time_count: steps from the time before to this one, at the longest step */
    size_t compared_count; /* sampled times at which runs are compared */
    size_t *compared;      /* their numbers, rising; the last one is among them */
    double spent;          /* steps, all runs of the point together */
    double last_steps;     /* those of its last run */
} EpnetSplit;

/* Whether this is how a problem's points are solved. */
bool epnet_split_serves(const EpnetProblem *problem);

/* `team` is borrowed, NULL: one thread. False when memory is exhausted; free in any case. */
bool epnet_split_alloc(EpnetSplit *split, const EpnetProblem *problem, EpnetTeam *team);
void epnet_split_free(EpnetSplit *split);
uint64_t epnet_split_bytes(const EpnetProblem *problem, int threads);

/* Solve point k of the batch into its rows, EPNET_SPLIT_ERROR included. */
void epnet_split_solve(EpnetSplit *split, const EpnetBatch *batch, size_t k, EpnetRows *rows);

/* q = pL */
void epnet_split_apply(EpnetSplit *split, const EpnetPoint *point, const double *p, double *q);

/* Stand at a point's start, with steps as in its first run; false if it needs more than can be taken. */
bool epnet_split_begin(EpnetSplit *split, const EpnetPoint *point);

/* Steps of a point's first run, the one with the longest steps; INFINITY if more than can be taken. */
double epnet_split_first_steps(EpnetSplit *split, const EpnetPoint *point);

#endif

/* Problems and points that the bench works on. Random networks are asymmetric in everything: every rate and
 * drive of every point is a number of its own. */
#ifndef EPNET_HOST_BENCH_CASES_H
#define EPNET_HOST_BENCH_CASES_H

#include "../spec.h"

typedef struct EpnetBenchCase {
    EpnetProblem problem;
    size_t count;
    EpnetPoint *points;
    int *ends;                            /* owns the problem's edges */
    double *parameters, *initial, *times; /* own the points' numbers, the start, the sampled times */
    uint64_t cut;
} EpnetBenchCase;

/* What most cases have in common; a field of 0 takes what is said of it. */
typedef struct EpnetBenchShape {
    int nodes;
    size_t points;  /* 1 */
    size_t samples; /* of a trajectory over t_end, 0 included; 0: stationary laws; 1: t_end alone */
    double t_end;   /* [s] */
    bool has_cut;   /* S = {0, 1}, {0} of two nodes */
} EpnetBenchShape;

/* A complete graph with random rates: flips log-uniform in 0.3 .. 3 /s, copies log-uniform over two decades
 * and scaled so that they add up to 0.5 .. 5 /s, drives uniform in 0.5 .. 4 nat; from the all-zero state,
 * Chebyshev at 1e-9. EPNET_DEVICE: memory is exhausted; free the case in any event. */
EpnetStatus epnet_bench_random(const EpnetBenchShape *shape, EpnetBenchCase *item, EpnetError *error);

/* The same graph with one copy rate, drive, and pair of flips for all: what can be computed by counting. */
typedef struct EpnetBenchEqual {
    double copy_rate, drive, flip_up, flip_down;
} EpnetBenchEqual;

EpnetStatus epnet_bench_equal(const EpnetBenchShape *shape, EpnetBenchEqual equal, EpnetBenchCase *item,
                              EpnetError *error);

void epnet_bench_case_free(EpnetBenchCase *item);

/* Total rate of flipping node j in state s from the definition of the channels, edge by edge [1/s]. */
double epnet_bench_rate(const EpnetProblem *problem, const EpnetPoint *point, int j, uint64_t s);

/* The largest exit rate of a point [1/s], over all its states. */
double epnet_bench_exit_max(const EpnetProblem *problem, const EpnetPoint *point);

#endif

/* The state of one trajectory, from sampled time to sampled time. */
#ifndef EPNET_HOST_CPU_EVOLVE_H
#define EPNET_HOST_CPU_EVOLVE_H

#include "../generator.h"
#include "../integrator.h"

typedef struct EpnetEvolution {
    const EpnetProblem *problem;
    const EpnetGenerator *generator;
    const volatile int *stop; /* nonzero: give up soon, with EPNET_POINT_NOT_CONVERGED; NULL: never */
    double *p;                /* 2^N: the state at the current sample */
    double *previous;         /* 2^N: at the sample before, for recomputation */
    double *work[4];          /* 2^N each */
    unsigned char *reached;   /* 2^N: states that are positive at t > 0; NULL while that is all of them */
    unsigned char *reached_storage;
    uint32_t *queue;   /* for the search; NULL until a generator has zero rates */
    size_t degree_min; /* flips that the farthest reachable state needs */
    EpnetSeries chebyshev, poisson;
    double x_cap, x_ceiling; /* largest Lambda dt of one Chebyshev step: adapted, never above the ceiling */
    double margin;           /* how far below its share the Chebyshev tail is cut, against growing norms */
    double error;            /* bound on the L1 error of p so far, from truncation */
    double rounding_square;  /* sum of squares of the steps' rounding errors in L1 */
    uint64_t applications;   /* of L, so far */
    double time;             /* [s] of p */
} EpnetEvolution;

/* Allocate for a problem; false when memory is exhausted (free in any case). Reused for many points. */
bool epnet_evolution_alloc(EpnetEvolution *evolution, const EpnetProblem *problem);
void epnet_evolution_free(EpnetEvolution *evolution);

/* Begin at t = 0 from p0 (2^N probabilities) under `generator`. */
EpnetPointStatus epnet_evolution_start(EpnetEvolution *evolution, const EpnetGenerator *generator,
                                       const double *p0);

/* Advance p to the problem's sampled time number `sample` (0, 1, ... in order) by the problem's method. At t
 * > 0 every reachable state is positive (but in euler's first N steps), or the status says why not. */
EpnetPointStatus epnet_evolution_advance(EpnetEvolution *evolution, size_t sample);

#endif

/* The state of one trajectory, from sampled time to sampled time, in the vectors of an engine. */
#ifndef EPNET_HOST_EVOLUTION_H
#define EPNET_HOST_EVOLUTION_H

#include "integrator.h"
#include "series.h"
#include "space.h"

typedef struct EpnetEvolution {
    const EpnetProblem *problem;
    EpnetSpace space;
    const volatile int *stop; /* nonzero: give up soon, with EPNET_POINT_NOT_CONVERGED; NULL: never */
    double *p;                /* the state at the current sample; trades places with the work vectors */
    double *previous;         /* at the sample before, for recomputation */
    double *work[3];
    const unsigned char *reached; /* states that are positive at t > 0; NULL while that is all of them */
    size_t degree_min;            /* flips that the farthest reachable state needs */
    EpnetSeries chebyshev, poisson;
    EpnetChebyshevTry next_try;
    double error;              /* bound on the L1 error of p so far, from truncation */
    double rounding_square;    /* sum of squares of the steps' rounding errors in L1 */
    uint64_t applications;     /* of L, so far */
    double time;               /* [s] of p */
    struct EpnetCpuSpace *cpu; /* host/cpu/evolve.h: the vectors are in host memory; else NULL */
} EpnetEvolution;

/* Begin at t = 0 from the probabilities in p, under the generator of evolution->space. The engine has set
 * problem, space and the vectors. */
EpnetPointStatus epnet_evolution_begin(EpnetEvolution *evolution);

/* Advance p to the problem's sampled time number `sample` (0, 1, ... in order) by the problem's method. At t
 * > 0 every reachable state is positive (but in euler's first N steps), or the status says why not. */
EpnetPointStatus epnet_evolution_advance(EpnetEvolution *evolution, size_t sample);

#endif

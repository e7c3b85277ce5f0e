/* The stationary law pi L = 0 in the vectors of an engine: Krylov corrections, then sweeps that make it
 * positive. */
#ifndef EPNET_HOST_RELAXATION_H
#define EPNET_HOST_RELAXATION_H

#include "space.h"

enum { EPNET_RELAXATION_WORK = 8 };

typedef struct EpnetRelaxation {
    double *p; /* the result */
    double *work[EPNET_RELAXATION_WORK];
    const volatile int *stop;    /* nonzero: give up soon, with EPNET_POINT_NOT_CONVERGED; NULL: never */
    uint64_t applications;       /* of L, for the last generator */
    double residual;             /* |pi L|_1 of the last result [1/s] */
    bool from_last;              /* begin from the law in p, of a generator with the same zero rates */
    const unsigned char *member; /* states of the closed class; NULL: all */
} EpnetRelaxation;

/* Find pi into relaxation->p with |pi L|_1 <= 1e-13 times its activity, positive on the unique closed class
 * and zero elsewhere. EPNET_POINT_NOT_UNIQUE if there are several classes. */
EpnetPointStatus epnet_relax(EpnetRelaxation *relaxation, const EpnetSpace *space);

/* Its parts, for laws that are found otherwise: the closed class into relaxation->member and its size;
 * whether the law in p is accurate enough. */
EpnetPointStatus epnet_relaxation_find_class(EpnetRelaxation *relaxation, const EpnetSpace *space,
                                             size_t *count);
EpnetPointStatus epnet_relaxation_check(EpnetRelaxation *relaxation, const EpnetSpace *space);

#endif

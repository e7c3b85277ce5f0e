/* The stationary law pi L = 0 of one generator, in host memory. */
#ifndef EPNET_HOST_CPU_STATIONARY_H
#define EPNET_HOST_CPU_STATIONARY_H

#include "../generator.h"
#include "../relaxation.h"

typedef struct EpnetStationary {
    int nodes;
    double *p;                  /* 2^N: the result */
    EpnetRelaxation relaxation; /* its vector p is this p; from_last is for large N alone */
    struct EpnetCpuSpace *cpu;
    double *matrix; /* small N: dense, 2^N x 2^N */
} EpnetStationary;

/* Up to this N the law comes from a direct elimination. */
#define EPNET_STATIONARY_DIRECT_NODES 7

bool epnet_stationary_alloc(EpnetStationary *stationary, int nodes);
void epnet_stationary_free(EpnetStationary *stationary);

/* Find pi into stationary->p with |pi L|_1 <= 1e-13 times its activity, positive on the unique closed class
 * and zero elsewhere. EPNET_POINT_NOT_UNIQUE if there are several classes. */
EpnetPointStatus epnet_stationary_solve(EpnetStationary *stationary, const EpnetGenerator *generator);

/* gth.c: elimination of Grassmann, Taksar and Heyman on `n` states (no subtraction: every entry of pi is
 * accurate to a few ulp at any coupling). matrix[a n + b] = rate a -> b, overwritten; the diagonal is
 * ignored. pi has n entries. False if a state cannot be left towards lower ones in double precision. O(n^3 /
 * 3). */
bool epnet_gth_solve(size_t n, double *matrix, double *pi);

#endif

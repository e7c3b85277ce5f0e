/* Krylov correction of an approximate stationary law. */
#ifndef EPNET_HOST_KRYLOV_H
#define EPNET_HOST_KRYLOV_H

#include "space.h"

/* Given q = pL, find d with dL = -q by BiCGStab on y D^-1 L = -q, d = y D^-1 (D: exit rates, Jacobi's
 * preconditioner), and add d to p. Vectors with total 0 stay so: the singular system is consistent. Stops
 * when the 2-norm of the residual has fallen a thousandmillionfold or to `floor` [1/s], the rounding of pL
 * itself, on breakdown, after 500 steps, or when *stop is nonzero (stop may be NULL); the caller computes the
 * residual anew and may call again. q is overwritten; work: 6 vectors. Returns the number of applications of
 * L. */
uint64_t epnet_krylov_correct(const EpnetSpace *space, double floor, const volatile int *stop, double *q,
                              double *p, double *const *work);

#endif

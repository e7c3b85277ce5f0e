/* q = pL on the CPU, matrix-free. */
#ifndef EPNET_HOST_CPU_APPLY_H
#define EPNET_HOST_CPU_APPLY_H

#include "../generator.h"

/* q[t] = sum_s p[s] L_st: inflow over every bit minus exit[t] p[t]. p and q have g->states entries and do not
 * overlap. N 2^N multiplications and twice as many additions; reads p, exit and the cached tables. */
void epnet_cpu_apply(const EpnetGenerator *g, const double *p, double *q);

#endif

/* One application of the generator: q = pL, alone or with the update around it. */
#ifndef EPNET_HOST_CPU_APPLY_H
#define EPNET_HOST_CPU_APPLY_H

#include "../generator.h"
#include "space.h"

/* q = pL for p, q of 2^nodes entries that do not overlap. Rates come from the generator's tables: N 2^N
 * additions and multiplications in cache. */
void epnet_cpu_apply(const EpnetGenerator *generator, const double *p, double *q);

/* A step as in space.h, in the same sweep over the vectors. */
void epnet_cpu_step(const EpnetGenerator *generator, const EpnetSpaceStep *step);

/* Doubles of the pack of states that each thread keeps in a generator; 0 where vectors fit the caches. */
size_t epnet_cpu_pack_size(int nodes);

#endif

/* Trajectories in host memory. */
#ifndef EPNET_HOST_CPU_EVOLVE_H
#define EPNET_HOST_CPU_EVOLVE_H

#include "../evolution.h"
#include "../generator.h"

/* Allocate for a problem; false when memory is exhausted (free in any case). Reused for many points. */
bool epnet_evolution_alloc(EpnetEvolution *evolution, const EpnetProblem *problem);
void epnet_evolution_free(EpnetEvolution *evolution);

/* Begin at t = 0 from p0 (2^N probabilities) under `generator`. */
EpnetPointStatus epnet_evolution_start(EpnetEvolution *evolution, const EpnetGenerator *generator,
                                       const double *p0);

#endif

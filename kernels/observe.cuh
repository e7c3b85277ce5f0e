/* All observables of one state, by the group that works on its point: the row of EpnetColumn and
 * EpnetCutColumn values of host/cpu/observe.h (docs/theory.md). */
#ifndef EPNET_KERNELS_OBSERVE_CUH
#define EPNET_KERNELS_OBSERVE_CUH

#include "point.cuh"

/* Fill `row` (problem.width values) for the state point.p, which every thread of the group can read; leaves
 * dp = pL and ln p in the point. The euler column is left NaN. Ends with the group in step. */
__device__ void epnet_observe(const EpnetGroup &group, const EpnetCudaProblem &problem,
                              const EpnetDevicePoint &point, double *row);

/* The paper's finite difference (I(p + dt pL) - I(p))/dt, of the state that epnet_observe() saw,
 * `information` its multiinformation; NaN if the step leaves the probabilities. Overwrites dp and ln p. */
__device__ double epnet_observe_euler_rate(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                           const EpnetDevicePoint &point, double information);

#endif

/* All observables of one state, by the group that works on its point: the row of EpnetColumn and
 * EpnetCutColumn values of host/cpu/observe.h (docs/theory.md). What of it follows from sums over the states
 * is here for those who have the sums: epnet_observe(), and epnet_observe_stored() of small networks. */
#ifndef EPNET_KERNELS_OBSERVE_CUH
#define EPNET_KERNELS_OBSERVE_CUH

#include "limit.h"
#include "point.cuh"

/* What must hold of an observed state (invariant.h): its sum and least entry, and the sum of dp = pL. */
struct EpnetLawSums {
    double mass, least, mass_rate;
};

/* dp = pL, and the change of p by the crossing copies of each cut alone (map.cut_change), for the state
 * point.p, which every thread of the group can read: what epnet_observe() starts from. A thread has written
 * what it reads of them. */
__device__ void epnet_observe_changes(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                      const EpnetDevicePoint &point);

/* Fill `row` (problem.width values) for the state point.p and its changes; leaves ln p in the point. The
 * euler column is left NaN. Ends with the group in step. */
__device__ EpnetLawSums epnet_observe(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                      const EpnetDevicePoint &point, double *row);

/* Multiinformation of a state that every thread of the group can read; overwrites ln p and the marginals. */
__device__ double epnet_observe_information(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                            const EpnetDevicePoint &point, const double *state);

/* The paper's finite difference (I(p + dt pL) - I(p))/dt, of the state that was observed, `information` its
 * multiinformation; NaN if the step leaves the probabilities. Overwrites dp and ln p. */
__device__ double epnet_observe_euler_rate(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                           const EpnetDevicePoint &point, double information);

/* ---- from sums to columns ------------------------------------------------------------------------------ */

/* Of all states. */
struct EpnetStateSums {
    double activity, entropy;
    EpnetLimit entropy_rate;
    double entropy_rate_gross;           /* what dH/dt is rounded against: sum of exit p |ln p| */
    double empty;                        /* states with p = 0 */
    double production, production_gross; /* c.p, sum of its absolute terms */
    double flow, flow_gross;             /* e.p */
};

struct EpnetNodeSums {
    EpnetLimit entropy_rate; /* sum of dH_i/dt */
    double divergence_rate;  /* sum of d/dt D(p_i || pi_i); NaN without a product law in detailed balance */
    double flip_divergence;  /* sum of D(p_i || pi_0i); NaN if a node has no flips */
};

/* Of a cut. The change of p by the crossing copies alone times logarithms: of p, and of the two sides. */
struct EpnetCutSums {
    double information;
    EpnetLimit sides_rate; /* dH/dt of both sides */
    double change_log_p, change_gross;
    EpnetLimit information_flow, local_rate;
    double flow, flow_gross; /* e.p */
};

/* From the marginals of p and dp in scratch; leaves ln of those of p there, for all to read. */
__device__ EpnetNodeSums epnet_observe_nodes(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                             const EpnetDevicePoint &point, double activity);

/* The columns of the network, and of one cut. Where sums cancel they are taken anew pair by pair, from p and
 * ln p in the point. Written by rank 0: the group is not in step at the end. */
__device__ void epnet_observe_row(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                  const EpnetDevicePoint &point, const EpnetStateSums &sums,
                                  const EpnetNodeSums &nodes, double information, double *row);
__device__ void epnet_observe_cut_columns(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                          const EpnetDevicePoint &point, int cut, const EpnetStateSums &sums,
                                          const EpnetCutSums &of_cut, double *columns);

#endif

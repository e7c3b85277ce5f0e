/* The sweeps over all states that a row of observables needs, on the team of the generator. */
#ifndef EPNET_HOST_CPU_OBSERVE_SUMS_H
#define EPNET_HOST_CPU_OBSERVE_SUMS_H

#include "observe.h"

/* Sums over the states. */
typedef struct EpnetStateSums {
    double p_log_p;          /* of p ln p [nat] */
    double dp_log_p;         /* of dp ln p, finite part [nat/s] */
    double activity;         /* of p exit [1/s] */
    double gross;            /* of |p exit ln p| [nat/s]: what sums over jumps are rounded against */
    double flow, flow_gross; /* of flow p, and of its size [nat/s] */
    double dp_fills;         /* of dp over the states whose ln p has a ln t [1/s] */
    double fills, empty;     /* numbers of those states, and of those without probability */
} EpnetStateSums;

/* One sweep: ln p of every state into observer->log_p and fills, and the sums. */
EpnetStateSums epnet_observe_states(EpnetObserver *observer, const double *p, const double *dp);

/* ln p alone, 0 where p is. */
void epnet_observe_logarithms(EpnetObserver *observer, const double *p);

/* P(x_i = 0), P(x_i = 1) of every node, or their rates of change. */
void epnet_observe_node_sums(EpnetObserver *observer, const double *p, double (*marginal)[2]);

/* I = D(p || product of the marginals), term by term: small values keep their relative accuracy, which a
 * difference of entropies would lose. Takes ln p from observer->log_p. */
double epnet_observe_product_divergence(EpnetObserver *observer, const double *p, double (*marginal)[2]);

/* Doubles of observer->scratch and of observer->product. */
size_t epnet_observe_scratch_size(int nodes);
size_t epnet_observe_product_size(int nodes);

#endif

/* What the states of one point share, so that the dissipative columns of a state are scalar products
 * (docs/theory.md, "Observables without edges"):
 *
 * entropy_production_channels = dH/dt + e.p, e(s): entropy that the environment gains by the channels leaving
 * s
 *
 * entropy_production = dH/dt + c.p, c(s) = sum_j r_j(s) ln(r_j(s)/r_j(s^j))
 *
 * and the same for the copies that cross a cut, with their own generator in place of L. */
#ifndef EPNET_HOST_CPU_WEIGHTS_H
#define EPNET_HOST_CPU_WEIGHTS_H

#include "../generator.h"

/* The copies that cross one cut. */
typedef struct EpnetCrossing {
    unsigned char *use;       /* edge_count: which they are */
    EpnetGenerator generator; /* theirs alone */
    double *flow;             /* 2^N: their e(s) [nat/s] */
    double capacity;          /* sum of beta [1/s] */
    double flow_bound;        /* sum of beta c(F) [nat/s] */
} EpnetCrossing;

typedef struct EpnetWeights {
    const EpnetProblem *problem;
    double *flow; /* 2^N: e(s) of all channels [nat/s]; infinite where a channel without reverse leaves s */
    double *production; /* 2^N: room for epnet_weights_production(); NULL where few states are observed per
                           point */
    bool has_production;
    EpnetNodeTables tables; /* of one e(s) at a time */
    EpnetCrossing *cuts;
} EpnetWeights;

/* Whether c(s) is computed: when enough states are observed per point. */
bool epnet_weights_have_production(const EpnetProblem *problem);

/* False when memory is exhausted; free in any case. */
bool epnet_weights_alloc(EpnetWeights *weights, const EpnetProblem *problem);
void epnet_weights_free(EpnetWeights *weights);

/* As epnet_generator_share(). */
bool epnet_weights_share(EpnetWeights *weights, EpnetTeam *team);

/* c(s) of the point, computed when it is first asked for: 2^N values [nat/s], infinite where the reverse of a
 * jump that leaves s is impossible; NULL where few states are observed per point. */
const double *epnet_weights_production(EpnetWeights *weights, const EpnetGenerator *generator);

/* Compute all else for the point that `generator` was set to. */
void epnet_weights_set(EpnetWeights *weights, const EpnetGenerator *generator);

/* Bytes of arrays over the states. */
uint64_t epnet_weights_bytes(const EpnetProblem *problem);

/* production.c: c(s) of all states. */
void epnet_production_weights(const EpnetGenerator *generator, double *production);

#endif

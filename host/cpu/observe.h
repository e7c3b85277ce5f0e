/* All observables of one state: a row of EpnetColumn and EpnetCutColumn values (docs/theory.md). */
#ifndef EPNET_HOST_CPU_OBSERVE_H
#define EPNET_HOST_CPU_OBSERVE_H

#include "limit.h"
#include "weights.h"

/* One side of a cut: a set of n nodes, its 2^n sub-states and their law. */
typedef struct EpnetSide {
    size_t states;
    uint32_t *low, *high;  /* sub-state of s = low[s % 2^low_bits] + high[s >> low_bits] */
    uint32_t *order;       /* s >> low_bits, in the order of high[] */
    size_t low_states;     /* 2^(nodes of the side below low_bits) */
    double *p, *dp;        /* marginal law and its rate of change */
    double *log_p, *fills; /* ln p: finite part, and coefficient of ln t (0 or 1) */
} EpnetSide;

/* Sums over channels and their pairs of states [nat/s]. */
typedef struct EpnetChannelSums {
    double production, environment_flow;
} EpnetChannelSums;

typedef struct EpnetObserver {
    const EpnetProblem *problem;
    const EpnetGenerator *generator;
    EpnetTeam *team;           /* borrowed, may be NULL: that of the generator */
    double *log_p;             /* 2^N: ln p, finite part (limit.h) */
    unsigned char *fills;      /* 2^N: coefficient of ln t in ln p, 0 or 1 */
    bool any_empty;            /* some p is 0 */
    double mass, least;        /* sum of p, and its least entry */
    double mass_rate;          /* [1/s] sum of dp */
    double *scratch, *product; /* of observe_sums.c */
    double *crossing_rate;     /* 2^N: pL of the crossing copies of the cut at hand; NULL without cuts */
    double *pieces;            /* of projections onto a side (observe_cut.c) */
    EpnetWeights weights;      /* of the point */
    double cancellation;       /* epnet_cancellation() */
    EpnetSide *sides;          /* 2 per cut: S, its complement */
} EpnetObserver;

bool epnet_observer_alloc(EpnetObserver *observer, const EpnetProblem *problem);
void epnet_observer_free(EpnetObserver *observer);

/* Turn to the point that `generator` is set to, which is borrowed until the next turn. */
void epnet_observer_set(EpnetObserver *observer, const EpnetGenerator *generator);

/* Fill `row` (epnet_row_width() values) for the state p of that point with dp = pL, and observer->mass, least
 * and mass_rate; the euler column is left NaN. Entries of p are positive or exact zeros. */
void epnet_observe(EpnetObserver *observer, const double *p, const double *dp, double *row);

/* Multiinformation of p alone [nat]; overwrites the logarithms that epnet_observe() left. */
double epnet_observe_multiinformation(EpnetObserver *observer, const double *p);

/* Entropy production of cut `cut` alone, of a positive p under `generator` [nat/s]. */
double epnet_observe_cut_production(EpnetObserver *observer, const EpnetGenerator *generator, const double *p,
                                    size_t cut);

/* P(x_i = 0), P(x_i = 1) of every node from a vector over 2^nodes states; `fold` has 2^(nodes-1) entries. */
void epnet_observe_marginals(int nodes, const double *p, double *fold, double (*marginal)[2]);

/* The law of `nodes` independent nodes and its logarithm, 2^nodes entries each (0 and -inf where a
 * marginal is 0). */
void epnet_observe_fill_product(int nodes, double (*marginal)[2], double *product, double *log_product);

/* sum over nodes of dH_i/dt, from the marginals and their rates of change. */
EpnetLimit epnet_observe_node_entropy_rates(int nodes, double (*p)[2], double (*dp)[2]);

/* Bytes that an observer of a problem takes, arrays of 2^N and larger. */
uint64_t epnet_observer_bytes(const EpnetProblem *problem);

/* observe_channels.c: sums over the pairs of states of each channel, where scalar products will not do. */
EpnetChannelSums epnet_observe_flips(const EpnetObserver *observer, const double *p);
EpnetChannelSums epnet_observe_copies(const EpnetObserver *observer, const unsigned char *use,
                                      const double *p);
double epnet_observe_node_production(const EpnetObserver *observer, const double *p, int node);
double epnet_observe_total_production(const EpnetObserver *observer, const double *p); /* of all nodes */

/* Whether a sum has lost too many digits to cancellation against `gross` (epnet_cancellation()), or is no
 * number. */
static inline bool epnet_cancels(double cancellation, double sum, double gross) {
    return !(fabs(sum) >= cancellation * gross);
}

/* observe_nodes.c: the nodes against laws of their own: law, the product stationary law in detailed balance,
 * which exists without copies or with F = 0 on every edge into the node (else NaN), and flip_law, that of the
 * flips alone (NaN if there are none); P(x = 0), P(x = 1). */
void epnet_observe_node_laws(const EpnetObserver *observer, int node, double *law, double *flip_law);
/* From the marginals [nodes][2] and their rates of change: sum over nodes of d/dt D(p_i || law_i), NaN if a
 * law has no two positive values; sum of D(p_i || flip_law_i). */
double epnet_observe_node_divergence_rate(const EpnetObserver *observer, double (*p)[2], double (*dp)[2],
                                          double activity);
double epnet_observe_flip_divergence(const EpnetObserver *observer, double (*p)[2]);

/* observe_cut.c: the columns of cut number `cut`, given dH/dt of the whole and the activity. */
void epnet_observe_cut(EpnetObserver *observer, size_t cut, const double *p, const double *dp,
                       EpnetLimit entropy_rate, double activity, double *columns);
bool epnet_side_alloc(EpnetSide *side, int nodes, int low_bits, uint64_t mask);
void epnet_side_free(EpnetSide *side);
size_t epnet_projection_size(int nodes); /* doubles of observer->pieces */

#endif

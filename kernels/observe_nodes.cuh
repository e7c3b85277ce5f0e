/* The single nodes of a state: marginals, their entropies and divergences, and the multiinformation, which
 * measures the state against the product of its marginals (host/cpu/observe.c, observe_nodes.c). */
#ifndef EPNET_KERNELS_OBSERVE_NODES_CUH
#define EPNET_KERNELS_OBSERVE_NODES_CUH

#include "formula.h"
#include "limit.h"
#include "point.cuh"

/* P(x_i = 0), P(x_i = 1) of every node into marginal[2 i], marginal[2 i + 1], from a vector over the states:
 * its upper half is folded onto its lower one, highest bit first. `fold` has 2^(nodes - 1) entries. */
__device__ static void epnet_marginals(const EpnetGroup &group, int nodes, const double *p, double *fold,
                                       double *marginal) {
    for (int i = nodes - 1; i >= 0; i--) {
        const int half = 1 << i;
        const double *from = i == nodes - 1 ? p : fold;
        double sums[2] = {0, 0};
        for (int k = group.rank; k < half; k += group.size) {
            const double lower = from[k], upper = from[half + k];
            sums[0] += lower;
            sums[1] += upper;
            fold[k] = lower + upper;
        }
        epnet_group_sums(group, sums);
        if (group.rank == 0) {
            marginal[2 * i] = sums[0];
            marginal[2 * i + 1] = sums[1];
        }
        epnet_group_sync(group);
    }
}

/* d/dt D(p_i || pi_i); NaN without pi_i, the law of the node's flips and undriven copies. Adds the
 * coefficient of ln t to *log_t. */
__device__ static inline double epnet_node_divergence_rate(const EpnetNodeLaws &laws, const double *dp,
                                                           const EpnetLimit *log_p, double *log_t) {
    double sum = 0;
    for (int x = 0; x < 2; x++) {
        sum += dp[x] * (log_p[x].finite - laws.log_undriven[x]);
        *log_t += dp[x] * log_p[x].log_t;
    }
    return sum;
}

/* D(p_i || pi_0i), pi_0i the law of the flips alone. */
__device__ static inline double epnet_node_flip_divergence(const EpnetNodeLaws &laws, const double *p,
                                                           const EpnetLimit *log_p) {
    double sum = 0;
    for (int x = 0; x < 2; x++) {
        const double law = laws.flips[x];
        if (law > 0)
            sum += epnet_divergence_term(p[x], law, p[x] > 0 ? log_p[x].finite - laws.log_flips[x] : 0);
        else if (isnan(law) || p[x] > 0)
            sum += isnan(law) ? NAN : INFINITY;
    }
    return sum;
}

/* I = D(p || product of its marginals), term by term, from the marginals, their logarithms and ln p. */
__device__ static double epnet_multiinformation(const EpnetGroup &group, int nodes, const double *p,
                                                const double *log_p, const double *marginal,
                                                const double *log_marginal) {
    double sum = 0;
    for (uint32_t s = (uint32_t)group.rank; s < 1u << nodes; s += (uint32_t)group.size) {
        double product = 1, log_product = 0;
        for (int i = 0; i < nodes; i++) {
            const int at = 2 * i + epnet_bit(s, i);
            product *= marginal[at];
            log_product += log_marginal[at];
        }
        if (p[s] > 0 || product > 0)
            sum += epnet_divergence_term(p[s], product, log_p[s] - log_product);
    }
    return epnet_group_sum(group, sum);
}

#endif

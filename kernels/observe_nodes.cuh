/* The single nodes of a state: marginals, their entropies and divergences, and the multiinformation, which
 * measures the state against the product of its marginals (host/cpu/observe.c, observe_nodes.c). */
#ifndef EPNET_KERNELS_OBSERVE_NODES_CUH
#define EPNET_KERNELS_OBSERVE_NODES_CUH

#include "formula.h"
#include "limit.h"
#include "point.cuh"

/* Of K <= 2 vectors over the states: the sums over x_i = 0 and x_i = 1 of every node into marginal[2 i],
 * marginal[2 i + 1]. A vector is folded onto its lower quarter, the two highest bits first. `fold` has
 * 2^(nodes - 1) entries. */
template <int K>
__device__ static void epnet_marginals(const EpnetGroup &group, int nodes, const double *const (&vector)[K],
                                       double *const (&fold)[K], double *const (&marginal)[K]) {
    for (int bits = nodes; bits > 0; bits -= 2) {
        const int rest = bits > 1 ? bits - 2 : 0, quarter = 1 << rest;
        double sums[4 * K] = {};
        for (int k = group.rank; k < quarter; k += group.size) {
            for (int i = 0; i < K; i++) {
                const double *const from = bits == nodes ? vector[i] : fold[i];
                const double a = from[k], b = from[k + quarter], c = bits > 1 ? from[k + 2 * quarter] : 0,
                             d = bits > 1 ? from[k + 3 * quarter] : 0;
                sums[4 * i] += a + c;
                sums[4 * i + 1] += b + d;
                sums[4 * i + 2] += a + b;
                sums[4 * i + 3] += c + d;
                fold[i][k] = (a + b) + (c + d);
            }
        }
        epnet_group_sums(group, sums);
        if (group.rank == 0) {
            for (int i = 0; i < K; i++) {
                for (int m = 0; m < (bits > 1 ? 4 : 2); m++)
                    marginal[i][2 * rest + m] = sums[4 * i + m];
            }
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

/* I = D(p || product of its marginals), term by term, from the marginals, their logarithms and ln p. The
 * product is that of the lower and that of the upper nodes, which `products` takes: 4 x 2^((nodes + 1) / 2).
 */
__device__ static double epnet_multiinformation(const EpnetGroup &group, int nodes, const double *p,
                                                const double *log_p, const double *marginal,
                                                const double *log_marginal, double *products) {
    const int low_bits = (nodes + 1) / 2, high_bits = nodes - low_bits, size = 1 << low_bits;
    double *const low = products, *const log_low = low + size, *const high = log_low + size,
                  *const log_high = high + size;
    for (int k = group.rank; k < size + (1 << high_bits); k += group.size) {
        const int upper = k >= size, values = upper ? k - size : k, first = upper ? low_bits : 0,
                  bits = upper ? high_bits : low_bits;
        double product = 1, log_product = 0;
        for (int i = 0; i < bits; i++) {
            const int at = 2 * (first + i) + (values >> i & 1);
            product *= marginal[at];
            log_product += log_marginal[at];
        }
        (upper ? high : low)[values] = product;
        (upper ? log_high : log_low)[values] = log_product;
    }
    epnet_group_sync(group);
    double sum = 0;
    for (uint32_t s = (uint32_t)group.rank; s < 1u << nodes; s += (uint32_t)group.size) {
        const uint32_t a = s & (uint32_t)(size - 1), b = s >> low_bits;
        const double product = low[a] * high[b];
        if (p[s] > 0 || product > 0)
            sum += epnet_divergence_term(p[s], product, log_p[s] - (log_low[a] + log_high[b]));
    }
    return epnet_group_sum(group, sum);
}

#endif

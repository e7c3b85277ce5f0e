/* The single nodes of a state: marginals, their entropies and divergences, and the multiinformation, which
 * measures the state against the product of its marginals (host/cpu/observe.c, observe_nodes.c). */
#ifndef EPNET_KERNELS_OBSERVE_NODES_CUH
#define EPNET_KERNELS_OBSERVE_NODES_CUH

#include "formula.h"
#include "limit.h"
#include "point.cuh"

struct EpnetNodeSums {
    EpnetLimit entropy_rate; /* sum of dH_i/dt */
    double divergence_rate;  /* sum of d/dt D(p_i || pi_i); NaN without a product law in detailed balance */
    double flip_divergence;  /* sum of D(p_i || pi_0i); NaN if a node has no flips */
};

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

/* d/dt D(p_i || pi_i): undriven copies flip their target at beta whatever the source shows, so they add to
 * both flips; NaN if a driven copy enters, or the law has an empty value. Adds the coefficient of ln t to
 * *log_t. */
__device__ static inline double epnet_node_divergence_rate(const EpnetCudaProblem &problem,
                                                           const EpnetRates &rates, int i, const double *p,
                                                           const double *dp, double *log_t) {
    double copies = 0;
    for (int e = problem.first_edge[i]; e < problem.first_edge[i + 1]; e++) {
        if (rates.rate[e] > 0)
            copies += rates.drive[e] == 0 ? rates.rate[e] : NAN;
    }
    const double up = rates.flip_up[i] + copies, down = rates.flip_down[i] + copies;
    double sum = 0;
    for (int x = 0; x < 2; x++) {
        const double law = (x == 0 ? down : up) / (up + down);
        if (!(law > 0))
            return NAN;
        const EpnetLimit log_p = epnet_limit_log(p[x], dp[x]);
        sum += dp[x] * (log_p.finite - log(law));
        *log_t += dp[x] * log_p.log_t;
    }
    return sum;
}

/* D(p_i || pi_0i), pi_0i the law of the flips alone. */
__device__ static inline double epnet_node_flip_divergence(const EpnetRates &rates, int i, const double *p) {
    const double up = rates.flip_up[i], down = rates.flip_down[i];
    double sum = 0;
    for (int x = 0; x < 2; x++) {
        const double law = (x == 0 ? down : up) / (up + down);
        if (law > 0)
            sum += epnet_divergence_term(p[x], law, p[x] > 0 ? log(p[x]) - log(law) : 0);
        else if (isnan(law) || p[x] > 0)
            sum += isnan(law) ? NAN : INFINITY;
    }
    return sum;
}

/* The nodes' columns of the state p with dp; leaves the marginals of p and their logarithms in scratch. */
__device__ static EpnetNodeSums epnet_observe_nodes(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                                    const EpnetDevicePoint &point, double activity) {
    double *p = point.scratch + point.map.marginal, *dp = point.scratch + point.map.marginal_rate,
           *log_p = point.scratch + point.map.log_marginal, *fold = point.scratch + point.map.side[0];
    epnet_marginals(group, problem.nodes, point.p, fold, p);
    epnet_marginals(group, problem.nodes, point.dp, fold, dp);
    double sums[5] = {0, 0, 0, 0, 0};
    for (int i = group.rank; i < problem.nodes; i += group.size) {
        for (int x = 0; x < 2; x++) {
            const EpnetLimit log_x = epnet_limit_log(p[2 * i + x], dp[2 * i + x]);
            sums[0] -= dp[2 * i + x] * log_x.finite;
            sums[1] -= dp[2 * i + x] * log_x.log_t;
            log_p[2 * i + x] = p[2 * i + x] > 0 ? log_x.finite : -INFINITY;
        }
        sums[2] += epnet_node_divergence_rate(problem, point.rates, i, p + 2 * i, dp + 2 * i, &sums[3]);
        sums[4] += epnet_node_flip_divergence(point.rates, i, p + 2 * i);
    }
    epnet_group_sums(group, sums);
    epnet_group_sync(group);
    const EpnetLimit divergence = {sums[2], sums[3]};
    const EpnetNodeSums nodes = {
        {sums[0], sums[1]}, isnan(sums[2]) ? NAN : epnet_limit_value(divergence, activity), sums[4]};
    return nodes;
}

/* I = D(p || product of its marginals), term by term, from what epnet_observe_nodes() left and ln p. */
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

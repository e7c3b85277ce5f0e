/* The rows of eight states, all of whose entries are positive: the scalar products of docs/theory.md,
 * "Observables without edges", in every lane. */
#include "instruction_levels.h"
#include "lanes.h"

#include <math.h>

/* ln(p/q) near p = q is what a divergence lives on: epnet_divergence_term() of formula.h, both branches. */
EPNET_INLINE EpnetVector divergence_term(EpnetVector p, EpnetVector q, EpnetVector log_ratio) {
    const EpnetVector d = (p - q) / q;
    EpnetVector series = epnet_vector_all(1.0 / 90);
    series = 1.0 / 72 - d * series;
    series = 1.0 / 56 - d * series;
    series = 1.0 / 42 - d * series;
    series = 1.0 / 30 - d * series;
    series = 1.0 / 20 - d * series;
    series = 1.0 / 12 - d * series;
    series = 1.0 / 6 - d * series;
    series = 1.0 / 2 - d * series;
    return epnet_vector_select(epnet_vector_absolute(d) > 0.02, p * log_ratio - (p - q), q * d * d * series);
}

/* Whether a sum has lost digits, as epnet_cancels() of observe.h. */
EPNET_INLINE EpnetMask cancels(const EpnetLanes *lanes, EpnetVector sum, EpnetVector gross) {
    return ~(epnet_vector_absolute(sum) >= lanes->observer[0].cancellation * gross);
}

/* Inflow into state s: sum over j of inflow[j][s] p[s^j]. */
EPNET_INLINE EpnetVector inflow_of(int nodes, const EpnetVector *inflow, const EpnetVector *p, size_t s) {
    EpnetVector sum = inflow[s] * p[s ^ 1];
    for (int j = 1; j < nodes; j++)
        sum += inflow[((size_t)j << nodes) + s] * p[s ^ (size_t)1 << j];
    return sum;
}

/* ---- single nodes -------------------------------------------------------------------------------------- */

/* Sums of the lower and the upper half of a vector over the states at every fold: the marginals of all nodes.
 */
EPNET_INLINE void marginals(int nodes, const EpnetVector *p, EpnetVector *fold, EpnetVector (*marginal)[2]) {
    for (int i = nodes - 1; i >= 0; i--) {
        const size_t half = (size_t)1 << i;
        const EpnetVector *from = i == nodes - 1 ? p : fold;
        EpnetVector lower = epnet_vector_all(0), upper = lower;
        for (size_t k = 0; k < half; k++) {
            lower += from[k];
            upper += from[half + k];
            fold[k] = from[k] + from[half + k];
        }
        marginal[i][0] = lower;
        marginal[i][1] = upper;
    }
}

/* I = D(p || product of the marginals). product and log_product have 2^nodes entries to spare. */
EPNET_INLINE EpnetVector multiinformation(int nodes, const EpnetLanes *lanes, EpnetVector (*marginal)[2],
                                          EpnetVector (*log_marginal)[2], EpnetVector *product,
                                          EpnetVector *log_product) {
    product[0] = epnet_vector_all(1);
    log_product[0] = epnet_vector_all(0);
    for (int i = 0; i < nodes; i++) {
        const size_t half = (size_t)1 << i;
        for (size_t k = 0; k < half; k++) {
            product[half + k] = product[k] * marginal[i][1];
            product[k] *= marginal[i][0];
            log_product[half + k] = log_product[k] + log_marginal[i][1];
            log_product[k] += log_marginal[i][0];
        }
    }
    EpnetVector sum = epnet_vector_all(0);
    for (size_t s = 0; s < (size_t)1 << nodes; s++)
        sum += divergence_term(lanes->p[s], product[s], lanes->log_p[s] - log_product[s]);
    return sum;
}

/* ---- production pair by pair --------------------------------------------------------------------------- */

EPNET_INLINE bool any_lane(EpnetMask mask) {
    int64_t some = 0;
    for (int l = 0; l < EPNET_LANES; l++)
        some |= mask[l];
    return some != 0;
}

/* (x - y) ln(x/y), both branches of epnet_flux_entropy() of formula.h. */
EPNET_INLINE EpnetVector flux_entropy(EpnetVector x, EpnetVector y) {
    const EpnetVector net = x - y, u = net / (x + y), v = u * u;
    const EpnetMask balanced = epnet_vector_absolute(net) < 0.1 * (x + y);
    EpnetVector series = epnet_vector_all(1.0 / 15);
    series = series * v + 1.0 / 13;
    series = series * v + 1.0 / 11;
    series = series * v + 1.0 / 9;
    series = series * v + 1.0 / 7;
    series = series * v + 1.0 / 5;
    series = series * v + 1.0 / 3;
    series = series * v + 1.0;
    const EpnetVector near = 2 * net * u * series;
    if (!any_lane(~balanced))
        return near;
    return epnet_vector_select(balanced, near, net * (epnet_vector_log(x) - epnet_vector_log(y)));
}

/* entropy_production; lanes with a flux so small that it may have lost digits to underflow are added to
 * *alone. */
EPNET_INLINE EpnetVector production_of_pairs(int nodes, const EpnetLanes *lanes, EpnetMask *alone) {
    const EpnetVector scale = *lanes->exit_max, smallest = epnet_vector_all(1e-290) / scale;
    EpnetVector sum = epnet_vector_all(0);
    for (int j = 0; j < nodes; j++) {
        const EpnetVector *inflow = lanes->inflow + ((size_t)j << nodes);
        for (size_t k = 0; k < (size_t)1 << nodes >> 1; k++) {
            const size_t a = epnet_insert_zero(k, j), b = epnet_flip(a, j);
            const EpnetVector x = inflow[b] * lanes->p[a], y = inflow[a] * lanes->p[b];
            *alone |= (x < smallest) | (y < smallest);
            sum += flux_entropy(x, y);
        }
    }
    return scale * sum;
}

/* ---- cuts ------------------------------------------------------------------------------------------------
 */

/* The law of one side of a cut and its logarithm; returns the rate of its entropy. */
EPNET_INLINE EpnetVector project(int nodes, const EpnetLanes *lanes, size_t mask, EpnetVector *p,
                                 EpnetVector *dp, EpnetVector *log_p) {
    const size_t states = (size_t)1 << nodes;
    EpnetVector rate = epnet_vector_all(0);
    for (size_t a = mask;; a = (a - 1) & mask) { /* every sub-state */
        p[a] = dp[a] = epnet_vector_all(0);
        if (a == 0)
            break;
    }
    for (size_t s = 0; s < states; s++) {
        p[s & mask] += lanes->p[s];
        dp[s & mask] += lanes->dp[s];
    }
    for (size_t a = mask;; a = (a - 1) & mask) {
        log_p[a] = epnet_vector_log(p[a]);
        rate -= dp[a] * log_p[a];
        if (a == 0)
            break;
    }
    return rate;
}

EPNET_INLINE EpnetMask observe_cut(int nodes, const EpnetLanes *lanes, const EpnetLanesCut *cut, size_t mask,
                                   EpnetVector entropy_rate, EpnetVector *columns) {
    const size_t states = (size_t)1 << nodes, rest = (states - 1) & ~mask;
    const EpnetVector rate = project(nodes, lanes, mask, cut->p[0], cut->dp[0], cut->log_p[0]) +
                             project(nodes, lanes, rest, cut->p[1], cut->dp[1], cut->log_p[1]);
    EpnetVector information = epnet_vector_all(0), whole = information, local = information,
                gross = information, flow = information, flow_gross = information, between = information;
    for (size_t s = 0; s < states; s++) {
        const EpnetVector p = lanes->p[s], log_p = lanes->log_p[s], exit = cut->exit[s] * p;
        const EpnetVector log_local = cut->log_p[0][s & mask] + cut->log_p[1][s & rest];
        const EpnetVector change = inflow_of(nodes, cut->inflow, lanes->p, s) - exit;
        information += divergence_term(p, cut->p[0][s & mask] * cut->p[1][s & rest], log_p - log_local);
        whole += change * log_p;
        between += change * (log_p - log_local);
        local -= change * log_local;
        gross += epnet_vector_absolute(exit * log_p);
        flow += cut->flow[s] * p;
        flow_gross += epnet_vector_absolute(cut->flow[s]) * p;
    }
    columns[EPNET_CUT_MUTUAL_INFORMATION] = information;
    columns[EPNET_CUT_MUTUAL_INFORMATION_RATE] = rate - entropy_rate;
    columns[EPNET_CUT_ENTROPY_PRODUCTION] = flow - whole;
    columns[EPNET_CUT_ENVIRONMENT_ENTROPY_FLOW] = flow;
    columns[EPNET_CUT_INFORMATION_FLOW] = between;
    columns[EPNET_CUT_LOCAL_ENTROPY_RATE] = local;
    columns[EPNET_CUT_FLOW_BOUND] = *cut->flow_bound;
    columns[EPNET_CUT_CAPACITY] = *cut->capacity;
    return cancels(lanes, flow - whole, gross + flow_gross) | cancels(lanes, flow, flow_gross);
}

/* ---- the rows
 * ---------------------------------------------------------------------------------------------- */

EPNET_INLINE EpnetMask observe(int nodes, EpnetLanes *lanes, EpnetVector *row) {
    const size_t states = (size_t)1 << nodes;
    const EpnetVector zero = epnet_vector_all(0), exit_max = *lanes->exit_max;
    EpnetVector activity = zero, entropy = zero, rate = zero, gross = zero, production = zero,
                production_gross = zero, flow = zero, flow_gross = zero, least = lanes->p[0];
    for (size_t s = 0; s < states; s++) {
        const EpnetVector p = lanes->p[s], log_p = epnet_vector_log(p);
        const EpnetVector dp = exit_max * (inflow_of(nodes, lanes->inflow, lanes->p, s) + lanes->stay[s] * p);
        const EpnetVector exit = -lanes->stay[s] * p;
        lanes->log_p[s] = log_p;
        lanes->dp[s] = dp;
        least = epnet_vector_select(p < least, p, least);
        activity += exit;
        entropy -= p * log_p;
        rate -= dp * log_p;
        gross += epnet_vector_absolute(exit * log_p);
        production += lanes->production[s] * p;
        production_gross += epnet_vector_absolute(lanes->production[s]) * p;
        flow += lanes->flow[s] * p;
        flow_gross += epnet_vector_absolute(lanes->flow[s]) * p;
    }
    gross *= exit_max;
    EpnetMask alone = cancels(lanes, rate + flow, gross + flow_gross) | cancels(lanes, flow, flow_gross);
    /* Copies of like nodes balance node by node however they are driven, so this one is often wanted. */
    EpnetVector total = rate + production;
    const EpnetMask cancelled = cancels(lanes, total, gross + production_gross);
    if (any_lane(cancelled)) {
        EpnetMask tiny = {0};
        total = epnet_vector_select(cancelled, production_of_pairs(nodes, lanes, &tiny), total);
        alone |= cancelled & tiny;
    }

    EpnetVector marginal[EPNET_LANES_NODES][2], marginal_rate[EPNET_LANES_NODES][2],
        log_marginal[EPNET_LANES_NODES][2];
    EpnetVector node_rate = zero, divergence_rate = zero, flip_divergence = zero;
    marginals(nodes, lanes->p, lanes->fold, marginal);
    marginals(nodes, lanes->dp, lanes->fold, marginal_rate);
    *lanes->mass = marginal[nodes - 1][0] + marginal[nodes - 1][1];
    *lanes->mass_rate = marginal_rate[nodes - 1][0] + marginal_rate[nodes - 1][1];
    *lanes->least = least;
    for (int i = 0; i < nodes; i++) {
        for (int x = 0; x < 2; x++) {
            const EpnetVector p = marginal[i][x], dp = marginal_rate[i][x], log_p = epnet_vector_log(p);
            const size_t at = 2 * (size_t)i + (size_t)x;
            log_marginal[i][x] = log_p;
            node_rate -= dp * log_p;
            divergence_rate += dp * (log_p - lanes->log_law[at]);
            flip_divergence += divergence_term(p, lanes->flip_law[at], log_p - lanes->log_flip_law[at]);
        }
    }
    /* now and before are free between steps */
    const EpnetVector information =
        multiinformation(nodes, lanes, marginal, log_marginal, lanes->now, lanes->before);
    row[EPNET_ENTROPY] = entropy;
    row[EPNET_MULTIINFORMATION] = information;
    row[EPNET_MULTIINFORMATION_RATE] = node_rate - rate;
    row[EPNET_ENTROPY_PRODUCTION] = total;
    row[EPNET_ENTROPY_PRODUCTION_CHANNELS] = rate + flow;
    row[EPNET_ENVIRONMENT_ENTROPY_FLOW] = flow;
    row[EPNET_ACTIVITY] = exit_max * activity;
    row[EPNET_MULTIINFORMATION_RATE_EULER] = epnet_vector_all(__builtin_nan(""));
    row[EPNET_ENTROPY_RATE] = rate;
    row[EPNET_NODE_ENTROPY_RATE] = node_rate;
    row[EPNET_NODE_DIVERGENCE_RATE] = divergence_rate;
    row[EPNET_FLIP_DIVERGENCE] = information + flip_divergence;
    for (size_t c = 0; c < lanes->problem->cut_count; c++)
        alone |= observe_cut(nodes, lanes, &lanes->cuts[c], (size_t)lanes->problem->cuts[c], rate,
                             row + EPNET_COLUMNS + c * EPNET_CUT_COLUMNS);
    return alone;
}

EPNET_INSTRUCTION_LEVELS(extern, void, epnet_lanes_observe,
                         (EpnetLanes * lanes, EpnetVector *row, EpnetMask *alone), (lanes, row, alone)) {
    if (lanes->nodes == 5) /* the paper's network: a constant lets the compiler unroll the bits */
        *alone = observe(5, lanes, row);
    else
        *alone = observe(lanes->nodes, lanes, row);
}

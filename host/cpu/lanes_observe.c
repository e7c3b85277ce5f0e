/* The rows of points or states side by side, all of whose entries are positive: the scalar products of
 * docs/theory.md, "Observables without edges", in every lane. */
#include "lanes_terms.h"

/* Sums of the lower and the upper half of a vector over the states at every fold: the marginals of all nodes,
 * [node][2]. */
EPNET_INLINE void marginals(int nodes, int inner, const EpnetVector *p, EpnetVector *fold,
                            EpnetVector (*marginal)[2]) {
    for (int i = nodes - inner - 1; i >= 0; i--) {
        const size_t half = (size_t)1 << i;
        const EpnetVector *from = i == nodes - inner - 1 ? p : fold;
        EpnetVector lower = epnet_vector_all(0), upper = lower;
        for (size_t k = 0; k < half; k++) {
            const EpnetVector a = from[k], b = from[half + k];
            lower += a;
            upper += b;
            fold[k] = a + b;
        }
        marginal[inner + i][0] = epnet_lanes_total(inner, lower);
        marginal[inner + i][1] = epnet_lanes_total(inner, upper);
    }
    for (int j = 0; j < inner; j++) { /* all bits of the index are folded away */
        const EpnetVector each = epnet_lanes_project(inner, (size_t)1 << j, fold[0]);
        marginal[j][0] = epnet_vector_all(each[0]);
        marginal[j][1] = epnet_vector_all(each[1 << j]);
    }
}

/* The factor of node i in the states of vector v, of two values of the node. */
EPNET_INLINE EpnetVector factor(int inner, int i, size_t v, const EpnetVector value[2]) {
    if (i >= inner)
        return value[v >> (i - inner) & 1];
    EpnetVector factors;
    for (int l = 0; l < EPNET_LANES; l++)
        factors[l] = value[l >> i & 1][l];
    return factors;
}

/* I = D(p || product of the marginals), term by term, where a difference of entropies has lost its digits. */
EPNET_INLINE EpnetVector small_multiinformation(int nodes, int inner, const EpnetLanes *lanes,
                                                EpnetVector (*marginal)[2]) {
    EpnetVector sum = epnet_vector_all(0), within = epnet_vector_all(1), log_within = sum,
                log_marginal[EPNET_LANES_NODES][2];
    for (int i = 0; i < nodes; i++) {
        for (int x = 0; x < 2; x++)
            log_marginal[i][x] = epnet_vector_log_normal(marginal[i][x]);
    }
    for (int i = 0; i < inner; i++) {
        within *= factor(inner, i, 0, marginal[i]);
        log_within += factor(inner, i, 0, log_marginal[i]);
    }
    for (size_t v = 0; v < lanes->vectors; v++) {
        EpnetVector product = within, log_product = log_within;
        for (int i = inner; i < nodes; i++) {
            product *= factor(inner, i, v, marginal[i]);
            log_product += factor(inner, i, v, log_marginal[i]);
        }
        sum += epnet_lanes_divergence_term(lanes->p[v], product, 1 / product, lanes->log_p[v] - log_product);
    }
    return epnet_lanes_total(inner, sum);
}

/* ---- production -------------------------------------------------------------------------------------- */

/* (x - y) ln(x/y), both branches of epnet_flux_entropy() of formula.h. */
EPNET_INLINE EpnetVector flux_entropy(EpnetVector x, EpnetVector y) {
    const EpnetVector net = x - y, u = net / (x + y), v = u * u;
    const EpnetMask balanced = epnet_vector_below(epnet_vector_absolute(net), 0.1 * (x + y));
    EpnetVector series = epnet_vector_all(1.0 / 15);
    series = series * v + 1.0 / 13;
    series = series * v + 1.0 / 11;
    series = series * v + 1.0 / 9;
    series = series * v + 1.0 / 7;
    series = series * v + 1.0 / 5;
    series = series * v + 1.0 / 3;
    series = series * v + 1.0;
    const EpnetVector near = 2 * net * u * series;
    if (!epnet_mask_any(~balanced))
        return near;
    return epnet_vector_select(balanced, near,
                               net * (epnet_vector_log_normal(x) - epnet_vector_log_normal(y)));
}

/* entropy_production pair by pair; points with a flux so small that it may have lost digits to underflow are
 * added to *alone. */
EPNET_INLINE EpnetVector production_of_pairs(int nodes, int inner, const EpnetLanes *lanes,
                                             EpnetMask *alone) {
    const EpnetVector scale = *lanes->exit_max, smallest = epnet_vector_all(1e-290) / scale;
    EpnetVector sum = epnet_vector_all(0), twice = sum;
    EpnetMask tiny = {0};
    for (int j = 0; j < nodes; j++) {
        const EpnetVector *inflow = lanes->inflow + (size_t)j * lanes->vectors;
        for (size_t k = 0; k < (j < inner ? lanes->vectors : lanes->vectors / 2); k++) {
            const size_t v = j < inner ? k : epnet_insert_zero(k, j - inner);
            const EpnetVector from = epnet_lanes_neighbour(inner, j, lanes->p, v),
                              rate = epnet_lanes_neighbour(inner, j, inflow, v);
            const EpnetVector x = rate * lanes->p[v], y = inflow[v] * from, term = flux_entropy(x, y);
            tiny |= epnet_vector_below(x, smallest) | epnet_vector_below(y, smallest);
            if (j < inner)
                twice += term; /* both ends of a pair are lanes of the vector */
            else
                sum += term;
        }
    }
    for (int l = 1; l < EPNET_LANES && inner > 0; l++)
        tiny[0] |= tiny[l];
    *alone |= inner > 0 ? (EpnetMask){0} + tiny[0] : tiny;
    return scale * epnet_lanes_total(inner, sum + 0.5 * twice);
}

EPNET_INLINE void fill_production(int nodes, int inner, EpnetLanes *lanes, EpnetMask *alive) {
    EpnetBits abnormal = {0};
    for (size_t v = 0; v < lanes->vectors; v++)
        lanes->production[v] = epnet_vector_all(0);
    for (int j = 0; j < nodes; j++) {
        const EpnetVector *inflow = lanes->inflow + (size_t)j * lanes->vectors;
        EpnetVector *log_inflow = lanes->log_p;
        for (size_t v = 0; v < lanes->vectors; v++) {
            abnormal |= epnet_vector_abnormal(inflow[v]);
            log_inflow[v] = epnet_vector_log_normal(inflow[v]);
        }
        for (size_t v = 0; v < lanes->vectors; v++)
            lanes->production[v] += epnet_lanes_neighbour(inner, j, inflow, v) *
                                    (epnet_lanes_neighbour(inner, j, log_inflow, v) - log_inflow[v]);
    }
    for (size_t v = 0; v < lanes->vectors; v++)
        lanes->production[v] *= *lanes->exit_max;
    const EpnetMask bad = epnet_mask_of_signs(abnormal);
    *alive &= inner > 0 && epnet_mask_any(bad) ? (EpnetMask){0} : ~bad;
}

/* ---- the rows ---------------------------------------------------------------------------------------- */

/* Sums over the single nodes. */
typedef struct NodeSums {
    EpnetVector entropy, entropy_rate, divergence_rate, flip_divergence;
} NodeSums;

/* One value for each value of each node, [node][2], as the laws of nodes lie (lanes.h). */
EPNET_INLINE void lay_out_nodes(int nodes, int inner, EpnetVector (*value)[2], double spare,
                                EpnetVector *laid_out) {
    for (int at = 0; at < 2 * nodes; at++) {
        if (inner == 0)
            laid_out[at] = value[at / 2][at % 2];
        else
            laid_out[at / EPNET_LANES][at % EPNET_LANES] = value[at / 2][at % 2][0];
    }
    for (int at = 2 * nodes; inner > 0 && at % EPNET_LANES != 0; at++)
        laid_out[at / EPNET_LANES][at % EPNET_LANES] = spare;
}

EPNET_INLINE NodeSums observe_nodes(int nodes, int inner, const EpnetLanes *lanes, EpnetVector (*marginal)[2],
                                    EpnetVector (*marginal_rate)[2]) {
    const EpnetVector zero = epnet_vector_all(0);
    const size_t count = EPNET_LANES_NODE_VECTORS(nodes, inner);
    EpnetVector p[2 * EPNET_LANES_NODES], dp[2 * EPNET_LANES_NODES];
    NodeSums sums = {zero, zero, zero, zero};
    lay_out_nodes(nodes, inner, marginal, 1, p);
    lay_out_nodes(nodes, inner, marginal_rate, 0, dp);
    for (size_t k = 0; k < count; k++) {
        const EpnetVector log_p = epnet_vector_log_normal(p[k]);
        sums.entropy -= p[k] * log_p;
        sums.entropy_rate -= dp[k] * log_p;
        sums.divergence_rate += dp[k] * (log_p - lanes->log_law[k]);
        sums.flip_divergence += epnet_lanes_divergence_term(
            p[k], lanes->flip_law[k], lanes->inverse_flip_law[k], log_p - lanes->log_flip_law[k]);
    }
    return (NodeSums){epnet_lanes_total(inner, sums.entropy), epnet_lanes_total(inner, sums.entropy_rate),
                      epnet_lanes_total(inner, sums.divergence_rate),
                      epnet_lanes_total(inner, sums.flip_divergence)};
}

/* Sums over the states, terms of one block after the other. */
typedef struct StateSums {
    EpnetVector activity, entropy, rate, gross, production, production_gross, flow, flow_gross;
    EpnetBits abnormal; /* sign bits: some p is (epnet_vector_abnormal()) */
} StateSums;

/* ln p and dp = pL of every state, and the sums. */
EPNET_INLINE StateSums observe_states(int nodes, int inner, const EpnetLanes *lanes) {
    const EpnetVector zero = epnet_vector_all(0), exit_max = *lanes->exit_max;
    StateSums sums = {zero, zero, zero, zero, zero, zero, zero, zero, {0}};
    for (size_t v = 0; v < lanes->vectors; v++) {
        const EpnetVector p = lanes->p[v], log_p = epnet_vector_log_normal(p);
        const EpnetVector inflow =
            epnet_lanes_inflow(nodes, inner, lanes->vectors, lanes->inflow, lanes->p, v);
        const EpnetVector exit = -lanes->stay[v] * p, dp = exit_max * (inflow - exit);
        lanes->log_p[v] = log_p;
        lanes->dp[v] = dp;
        sums.abnormal |= epnet_vector_abnormal(p);
        sums.activity += exit;
        sums.entropy -= p * log_p;
        sums.rate -= dp * log_p;
        sums.gross += epnet_vector_absolute(exit * log_p);
        sums.production += lanes->production[v] * p;
        sums.production_gross += epnet_vector_absolute(lanes->production[v]) * p;
        sums.flow += lanes->flow[v] * p;
        sums.flow_gross += epnet_vector_absolute(lanes->flow[v]) * p;
    }
    sums.activity = exit_max * epnet_lanes_total(inner, sums.activity);
    sums.gross = exit_max * epnet_lanes_total(inner, sums.gross);
    sums.entropy = epnet_lanes_total(inner, sums.entropy);
    sums.rate = epnet_lanes_total(inner, sums.rate);
    sums.production = epnet_lanes_total(inner, sums.production);
    sums.production_gross = epnet_lanes_total(inner, sums.production_gross);
    sums.flow = epnet_lanes_total(inner, sums.flow);
    sums.flow_gross = epnet_lanes_total(inner, sums.flow_gross);
    return sums;
}

EPNET_INLINE void observe(int nodes, int inner, EpnetLanes *lanes, EpnetVector *row, EpnetMask *alone,
                          EpnetMask *alive) {
    const StateSums sums = observe_states(nodes, inner, lanes);
    const EpnetMask abnormal = epnet_mask_of_signs(sums.abnormal);
    *alive &= inner > 0 && epnet_mask_any(abnormal) ? (EpnetMask){0} : ~abnormal;
    *alone = epnet_lanes_cancels(lanes, sums.rate + sums.flow, sums.gross + sums.flow_gross) |
             epnet_lanes_cancels(lanes, sums.flow, sums.flow_gross);
    /* Copies of like nodes balance node by node however they are driven, so this one is often wanted. */
    EpnetVector total = sums.rate + sums.production;
    const EpnetMask cancelled = epnet_lanes_cancels(lanes, total, sums.gross + sums.production_gross);
    if (epnet_mask_any(cancelled)) {
        EpnetMask tiny = {0};
        total = epnet_vector_select(cancelled, production_of_pairs(nodes, inner, lanes, &tiny), total);
        *alone |= cancelled & tiny;
    }
    EpnetVector marginal[EPNET_LANES_NODES][2], marginal_rate[EPNET_LANES_NODES][2];
    marginals(nodes, inner, lanes->p, lanes->fold, marginal);
    marginals(nodes, inner, lanes->dp, lanes->fold, marginal_rate);
    *lanes->mass = marginal[nodes - 1][0] + marginal[nodes - 1][1];
    *lanes->mass_rate = marginal_rate[nodes - 1][0] + marginal_rate[nodes - 1][1];
    const NodeSums node = observe_nodes(nodes, inner, lanes, marginal, marginal_rate);
    EpnetVector information = node.entropy - sums.entropy;
    const EpnetMask small = epnet_lanes_cancels(lanes, information, node.entropy + sums.entropy);
    if (epnet_mask_any(small))
        information =
            epnet_vector_select(small, small_multiinformation(nodes, inner, lanes, marginal), information);
    row[EPNET_ENTROPY] = sums.entropy;
    row[EPNET_MULTIINFORMATION] = information;
    row[EPNET_MULTIINFORMATION_RATE] = node.entropy_rate - sums.rate;
    row[EPNET_ENTROPY_PRODUCTION] = total;
    row[EPNET_ENTROPY_PRODUCTION_CHANNELS] = sums.rate + sums.flow;
    row[EPNET_ENVIRONMENT_ENTROPY_FLOW] = sums.flow;
    row[EPNET_ACTIVITY] = sums.activity;
    row[EPNET_MULTIINFORMATION_RATE_EULER] = epnet_vector_all(NAN);
    row[EPNET_ENTROPY_RATE] = sums.rate;
    row[EPNET_NODE_ENTROPY_RATE] = node.entropy_rate;
    row[EPNET_NODE_DIVERGENCE_RATE] = node.divergence_rate;
    row[EPNET_FLIP_DIVERGENCE] = information + node.flip_divergence;
}

EPNET_INSTRUCTION_LEVELS(static, void, observe_network,
                         (EpnetLanes * lanes, EpnetVector *row, EpnetMask *alone, EpnetMask *alive),
                         (lanes, row, alone, alive)) {
    if (lanes->inner > 0)
        observe(lanes->nodes, EPNET_LANES_INNER, lanes, row, alone, alive);
    else if (lanes->nodes == 5) /* a constant number of nodes lets the compiler unroll the bits */
        observe(5, 0, lanes, row, alone, alive);
    else
        observe(lanes->nodes, 0, lanes, row, alone, alive);
}

void epnet_lanes_observe(EpnetLanes *lanes, EpnetVector *row, EpnetMask *alone, EpnetMask *alive) {
    observe_network(lanes, row, alone, alive);
    for (size_t c = 0; c < lanes->problem->cut_count; c++)
        epnet_lanes_observe_cut(lanes, c, row, row + EPNET_COLUMNS + c * EPNET_CUT_COLUMNS, alone);
}

EPNET_INSTRUCTION_LEVELS(extern, void, epnet_lanes_production, (EpnetLanes * lanes, EpnetMask *alive),
                         (lanes, alive)) {
    if (lanes->inner > 0)
        fill_production(lanes->nodes, EPNET_LANES_INNER, lanes, alive);
    else
        fill_production(lanes->nodes, 0, lanes, alive);
}

/* The columns of a cut of points or states side by side: host/cpu/observe_cut.c in every lane. */
#include "lanes_terms.h"

/* A cut, S = the nodes of `mask` and their complement: bits of the vectors' index and bits within them. */
typedef struct Sides {
    size_t outer[2], inner[2];
} Sides;

EPNET_INLINE Sides sides_of(int nodes, int inner, size_t mask) {
    const size_t rest = (((size_t)1 << nodes) - 1) & ~mask, within = ((size_t)1 << inner) - 1;
    return (Sides){{mask >> inner, rest >> inner}, {mask & within, rest & within}};
}

/* The laws of both sides and their rates of change. */
EPNET_INLINE void project(const EpnetLanes *lanes, int inner, const Sides *sides, const EpnetLanesCut *cut) {
    const EpnetVector zero = epnet_vector_all(0);
    const size_t mask = sides->outer[0], rest = sides->outer[1];
    for (size_t a = mask;; a = (a - 1) & mask) { /* every sub-state */
        cut->p[0][a] = cut->dp[0][a] = zero;
        if (a == 0)
            break;
    }
    for (size_t b = rest;; b = (b - 1) & rest) {
        EpnetVector p = zero, dp = zero;
        for (size_t a = mask;; a = (a - 1) & mask) {
            p += lanes->p[a | b];
            dp += lanes->dp[a | b];
            cut->p[0][a] += lanes->p[a | b];
            cut->dp[0][a] += lanes->dp[a | b];
            if (a == 0)
                break;
        }
        cut->p[1][b] = epnet_lanes_project(inner, sides->inner[1], p);
        cut->dp[1][b] = epnet_lanes_project(inner, sides->inner[1], dp);
        if (b == 0)
            break;
    }
    for (size_t a = mask;; a = (a - 1) & mask) {
        cut->p[0][a] = epnet_lanes_project(inner, sides->inner[0], cut->p[0][a]);
        cut->dp[0][a] = epnet_lanes_project(inner, sides->inner[0], cut->dp[0][a]);
        if (a == 0)
            break;
    }
}

/* The logarithms of side number `k`; adds its entropy and the rate of that. */
EPNET_INLINE void take_logarithms(int inner, const Sides *sides, const EpnetLanesCut *cut, int k,
                                  EpnetVector *entropy, EpnetVector *rate) {
    const EpnetVector *p = cut->p[k], *dp = cut->dp[k];
    EpnetVector sum = epnet_vector_all(0), sum_rate = sum;
    const size_t outer = sides->outer[k];
    for (size_t a = outer;; a = (a - 1) & outer) {
        const EpnetVector log_p = epnet_vector_log_normal(p[a]);
        cut->log_p[k][a] = log_p;
        sum -= p[a] * log_p;
        sum_rate -= dp[a] * log_p;
        if (a == 0)
            break;
    }
    /* every sub-state stands in as many lanes as the other side has values within the vector */
    const double copies = (double)((size_t)1 << __builtin_popcountll(sides->inner[1 - k]));
    *entropy += epnet_lanes_total(inner, sum) / copies;
    *rate += epnet_lanes_total(inner, sum_rate) / copies;
}

/* I(S; Sc) = D(p || p_S p_Sc), term by term, where a difference of entropies has lost its digits. */
EPNET_INLINE EpnetVector small_information(const EpnetLanes *lanes, int inner, const Sides *sides,
                                           const EpnetLanesCut *cut) {
    EpnetVector sum = epnet_vector_all(0);
    for (size_t v = 0; v < lanes->vectors; v++) {
        const size_t a = v & sides->outer[0], b = v & sides->outer[1];
        const EpnetVector product = cut->p[0][a] * cut->p[1][b],
                          log_product = cut->log_p[0][a] + cut->log_p[1][b];
        sum += epnet_lanes_divergence_term(lanes->p[v], product, 1 / product, lanes->log_p[v] - log_product);
    }
    return epnet_lanes_total(inner, sum);
}

EPNET_INLINE void observe(int nodes, int inner, const EpnetLanes *lanes, size_t number,
                          const EpnetVector *network, EpnetVector *columns, EpnetMask *alone) {
    const EpnetLanesCut *cut = &lanes->cuts[number];
    const Sides sides = sides_of(nodes, inner, (size_t)lanes->problem->cuts[number]);
    const EpnetVector zero = epnet_vector_all(0), entropy = network[EPNET_ENTROPY];
    EpnetVector whole = zero, local = zero, gross = zero, flow = zero, flow_gross = zero, between = zero,
                parts = zero, parts_rate = zero;
    project(lanes, inner, &sides, cut);
    take_logarithms(inner, &sides, cut, 0, &parts, &parts_rate);
    take_logarithms(inner, &sides, cut, 1, &parts, &parts_rate);
    for (size_t v = 0; v < lanes->vectors; v++) {
        const EpnetVector p = lanes->p[v], log_p = lanes->log_p[v], exit = cut->exit[v] * p;
        const EpnetVector log_local = cut->log_p[0][v & sides.outer[0]] + cut->log_p[1][v & sides.outer[1]];
        const EpnetVector change =
            epnet_lanes_inflow(nodes, inner, lanes->vectors, cut->inflow, lanes->p, v) - exit;
        whole += change * log_p;
        between += change * (log_p - log_local);
        local -= change * log_local;
        gross += epnet_vector_absolute(exit * log_p);
        flow += cut->flow[v] * p;
        flow_gross += epnet_vector_absolute(cut->flow[v]) * p;
    }
    whole = epnet_lanes_total(inner, whole);
    flow = epnet_lanes_total(inner, flow);
    flow_gross = epnet_lanes_total(inner, flow_gross);
    gross = epnet_lanes_total(inner, gross);
    EpnetVector information = parts - entropy;
    const EpnetMask small = epnet_lanes_cancels(lanes, information, parts + entropy);
    if (epnet_mask_any(small))
        information = epnet_vector_select(small, small_information(lanes, inner, &sides, cut), information);
    columns[EPNET_CUT_MUTUAL_INFORMATION] = information;
    columns[EPNET_CUT_MUTUAL_INFORMATION_RATE] = parts_rate - network[EPNET_ENTROPY_RATE];
    columns[EPNET_CUT_ENTROPY_PRODUCTION] = flow - whole;
    columns[EPNET_CUT_ENVIRONMENT_ENTROPY_FLOW] = flow;
    columns[EPNET_CUT_INFORMATION_FLOW] = epnet_lanes_total(inner, between);
    columns[EPNET_CUT_LOCAL_ENTROPY_RATE] = epnet_lanes_total(inner, local);
    columns[EPNET_CUT_FLOW_BOUND] = *cut->flow_bound;
    columns[EPNET_CUT_CAPACITY] = *cut->capacity;
    *alone |= epnet_lanes_cancels(lanes, flow - whole, gross + flow_gross) |
              epnet_lanes_cancels(lanes, flow, flow_gross);
}

EPNET_INSTRUCTION_LEVELS(extern, void, epnet_lanes_observe_cut,
                         (const EpnetLanes *lanes, size_t cut, const EpnetVector *network,
                          EpnetVector *columns, EpnetMask *alone),
                         (lanes, cut, network, columns, alone)) {
    if (lanes->inner > 0)
        observe(lanes->nodes, EPNET_LANES_INNER, lanes, cut, network, columns, alone);
    else if (lanes->nodes == 5) /* a constant number of nodes lets the compiler unroll the bits */
        observe(5, 0, lanes, cut, network, columns, alone);
    else
        observe(lanes->nodes, 0, lanes, cut, network, columns, alone);
}

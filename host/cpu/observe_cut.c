/* Observables of a cut (S, Sc): mutual information, its rate, and the share of the crossing copies in it. */
#include "observe.h"

#include "../status.h"
#include "formula.h"

#include <stdlib.h>
#include <string.h>

bool epnet_side_alloc(EpnetSide *side, int nodes, int low_bits, uint64_t mask) {
    const size_t low_states = (size_t)1 << low_bits, high_states = (size_t)1 << (nodes - low_bits);
    const uint64_t low_mask = mask & (low_states - 1);
    side->states = (size_t)1 << __builtin_popcountll(mask);
    side->low = epnet_calloc(low_states + high_states, sizeof *side->low);
    side->p = epnet_calloc(2 * side->states, sizeof *side->p);
    if (side->low == NULL || side->p == NULL)
        return false;
    side->high = side->low + low_states;
    side->dp = side->p + side->states;
    for (size_t s = 0; s < low_states; s++)
        side->low[s] = (uint32_t)epnet_extract(s, low_mask);
    for (size_t s = 0; s < high_states; s++)
        side->high[s] = (uint32_t)(epnet_extract(s, mask >> low_bits) << __builtin_popcountll(low_mask));
    return true;
}

void epnet_side_free(EpnetSide *side) {
    free(side->low);
    free(side->p);
}

/* Marginal law of a side and its rate of change. */
static void project(const EpnetObserver *o, EpnetSide *side, const double *p, const double *dp) {
    const int low_bits = o->problem->nodes / 2;
    const size_t low_states = (size_t)1 << low_bits;
    memset(side->p, 0, 2 * side->states * sizeof *side->p);
    for (size_t s = 0; s < o->generator->states; s++) {
        const uint32_t at = side->low[s & (low_states - 1)] + side->high[s >> low_bits];
        side->p[at] += p[s];
        side->dp[at] += dp[s];
    }
}

/* Entropy of a side; its rate is added to *rate, and ln of its law to the local logarithms of every state. */
static double side_entropy(EpnetObserver *o, EpnetSide *side, EpnetLimit *rate) {
    const int low_bits = o->problem->nodes / 2;
    const size_t low_states = (size_t)1 << low_bits;
    double entropy = 0;
    for (size_t a = 0; a < side->states; a++) {
        const EpnetLimit log_p = epnet_limit_log(side->p[a], side->dp[a]);
        entropy -= side->p[a] * log_p.finite;
        rate->finite -= side->dp[a] * log_p.finite;
        rate->log_t -= side->dp[a] * log_p.log_t;
        side->p[a] = log_p.finite; /* from here on the logarithms: */
        side->dp[a] = log_p.log_t; /* finite part and coefficient of ln t */
    }
    for (size_t s = 0; s < o->generator->states; s++) {
        const uint32_t at = side->low[s & (low_states - 1)] + side->high[s >> low_bits];
        o->local[s] += side->p[at];
        o->local_fills[s] = (unsigned char)(o->local_fills[s] + (side->dp[at] > 0));
    }
    return entropy;
}

/* Sum over the pairs of a crossing edge of flux x (local logarithm after - before): minus its share of
 * cut_local_entropy_rate. */
static EpnetLimit edge_local_logarithms(const EpnetObserver *o, size_t e, const double *p) {
    const EpnetGenerator *g = o->generator;
    const int i = g->source[e], j = g->target[e];
    const double backward = exp(-g->drive[e]);
    EpnetLimit sum = {0, 0};
    for (uint64_t k = 0; k < g->states / 2; k++) {
        const uint64_t s = epnet_insert_zero(k, j);
        const int x_i = epnet_bit(s, i);
        const uint64_t before = s | (uint64_t)(1 - x_i) << j, after = s | (uint64_t)x_i << j;
        const double flux = g->rate[e] * (p[before] - backward * p[after]);
        sum.finite += flux * (o->local[after] - o->local[before]);
        sum.log_t += flux * (o->local_fills[after] - o->local_fills[before]);
    }
    return sum;
}

void epnet_observe_cut(EpnetObserver *o, size_t cut, const double *p, const double *dp,
                       const EpnetWhole *whole, double *columns) {
    const EpnetGenerator *g = o->generator;
    const uint64_t mask = o->problem->cuts[cut];
    EpnetLimit rate = {-whole->entropy_rate.finite, -whole->entropy_rate.log_t};
    double information = -whole->entropy;
    memset(o->local, 0, g->states * sizeof *o->local);
    memset(o->local_fills, 0, g->states);
    for (size_t side = 2 * cut; side < 2 * cut + 2; side++) {
        project(o, &o->sides[side], p, dp);
        information += side_entropy(o, &o->sides[side], &rate);
    }

    double production = 0, environment_flow = 0, capacity = 0, flow_bound = 0;
    EpnetLimit flow = {0, 0}, local = {0, 0};
    for (size_t e = 0; e < g->edge_count; e++) {
        if (epnet_bit(mask, g->source[e]) == epnet_bit(mask, g->target[e]))
            continue;
        const EpnetCopySums *edge = &o->edges[e];
        const EpnetLimit local_logarithms = edge_local_logarithms(o, e, p);
        production += edge->production;
        environment_flow += edge->net != 0 ? g->drive[e] * edge->net : 0;
        capacity += g->rate[e];
        flow_bound += g->rate[e] * epnet_copy_information(g->drive[e]);
        flow.finite += edge->log_p.finite - local_logarithms.finite;
        flow.log_t += edge->log_p.log_t - local_logarithms.log_t;
        local.finite -= local_logarithms.finite;
        local.log_t -= local_logarithms.log_t;
    }
    columns[EPNET_CUT_MUTUAL_INFORMATION] = information;
    columns[EPNET_CUT_MUTUAL_INFORMATION_RATE] = epnet_limit_value(rate, whole->activity);
    columns[EPNET_CUT_ENTROPY_PRODUCTION] = production;
    columns[EPNET_CUT_ENVIRONMENT_ENTROPY_FLOW] = environment_flow;
    columns[EPNET_CUT_INFORMATION_FLOW] = epnet_limit_value(flow, whole->activity);
    columns[EPNET_CUT_LOCAL_ENTROPY_RATE] = epnet_limit_value(local, whole->activity);
    columns[EPNET_CUT_FLOW_BOUND] = flow_bound;
    columns[EPNET_CUT_CAPACITY] = capacity;
}

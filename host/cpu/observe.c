#include "observe.h"

#include "../status.h"
#include "formula.h"
#include "observe_sums.h"
#include "vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool epnet_observer_alloc(EpnetObserver *o, const EpnetProblem *problem) {
    size_t states = (size_t)1 << problem->nodes;
    int low_bits = problem->nodes / 2;
    memset(o, 0, sizeof *o);
    o->problem = problem;
    o->cancellation = epnet_cancellation(problem->kind == EPNET_TRAJECTORY ? problem->tolerance : 0);
    o->log_p = epnet_vector_new(states);
    o->fills = epnet_calloc(states, 1);
    o->scratch = epnet_vector_new(epnet_observe_scratch_size(problem->nodes));
    o->product = epnet_vector_new(epnet_observe_product_size(problem->nodes));
    o->sides = epnet_calloc(2 * problem->cut_count, sizeof *o->sides);
    if (o->log_p == NULL || o->fills == NULL || o->scratch == NULL || o->product == NULL ||
        o->sides == NULL || !epnet_weights_alloc(&o->weights, problem))
        return false;
    if (problem->cut_count > 0) {
        o->crossing_rate = epnet_vector_new(states);
        o->pieces = epnet_vector_new(epnet_projection_size(problem->nodes));
        if (o->crossing_rate == NULL || o->pieces == NULL)
            return false;
    }
    for (size_t c = 0; c < problem->cut_count; c++) {
        uint64_t all = states - 1, mask = problem->cuts[c];
        if (!epnet_side_alloc(&o->sides[2 * c], problem->nodes, low_bits, mask) ||
            !epnet_side_alloc(&o->sides[2 * c + 1], problem->nodes, low_bits, all & ~mask))
            return false;
    }
    return true;
}

void epnet_observer_free(EpnetObserver *o) {
    if (o->sides != NULL) {
        for (size_t i = 0; i < 2 * o->problem->cut_count; i++)
            epnet_side_free(&o->sides[i]);
    }
    free(o->log_p);
    free(o->fills);
    free(o->scratch);
    free(o->product);
    free(o->crossing_rate);
    free(o->pieces);
    epnet_weights_free(&o->weights);
    free(o->sides);
    memset(o, 0, sizeof *o);
}

uint64_t epnet_observer_bytes(const EpnetProblem *problem) {
    uint64_t states = (uint64_t)1 << problem->nodes, bytes = states * (sizeof(double) + 1);
    bytes += (epnet_observe_scratch_size(problem->nodes) + epnet_observe_product_size(problem->nodes)) *
             sizeof(double);
    if (problem->cut_count > 0)
        bytes += (states + epnet_projection_size(problem->nodes)) * sizeof(double);
    for (size_t c = 0; c < problem->cut_count; c++) {
        uint64_t side = (uint64_t)1 << __builtin_popcountll(problem->cuts[c]);
        bytes += (side + states / side) * 4 * sizeof(double);
    }
    return bytes + epnet_weights_bytes(problem);
}

/* ---- marginals --------------------------------------------------------------------------------------- */

/* Halves the vector by folding its upper half onto its lower one, highest bit first (2^(N+1) additions in
 * all).
 */
void epnet_observe_marginals(int nodes, const double *p, double *fold, double (*marginal)[2]) {
    for (int i = nodes - 1; i >= 0; i--) {
        size_t half = (size_t)1 << i;
        const double *from = i == nodes - 1 ? p : fold;
        marginal[i][0] = epnet_sum(NULL, half, from);
        marginal[i][1] = epnet_sum(NULL, half, from + half);
        for (size_t k = 0; k < half; k++)
            fold[k] = from[k] + from[half + k];
    }
}

EpnetLimit epnet_observe_node_entropy_rates(int nodes, double (*p)[2], double (*dp)[2]) {
    EpnetLimit sum = {0, 0};
    for (int i = 0; i < nodes; i++) {
        for (int x = 0; x < 2; x++) {
            EpnetLimit log_p = epnet_limit_log(p[i][x], dp[i][x]);
            sum.finite -= dp[i][x] * log_p.finite;
            sum.log_t -= dp[i][x] * log_p.log_t;
        }
    }
    return sum;
}

double epnet_observe_multiinformation(EpnetObserver *o, const double *p) {
    double marginal[64][2];
    epnet_observe_logarithms(o, p);
    epnet_observe_node_sums(o, p, marginal);
    return epnet_observe_product_divergence(o, p, marginal);
}

/* ---- the whole row ----------------------------------------------------------------------------------- */

/* entropy_production: c.p where that keeps its digits, else pair by pair. */
static double production(EpnetObserver *o, const double *p, double entropy_rate, double gross) {
    const double *weights = o->any_empty ? NULL : epnet_weights_production(&o->weights, o->generator);
    if (weights != NULL) {
        double size;
        const double sum =
            entropy_rate + epnet_dot_with_size(o->team, o->generator->states, weights, p, &size);
        if (!epnet_cancels(o->cancellation, sum, gross + size))
            return sum;
    }
    return epnet_observe_total_production(o, p);
}

/* entropy_production_channels and environment_entropy_flow, likewise by e.p. */
static EpnetChannelSums channels(const EpnetObserver *o, const double *p, const EpnetStateSums *sums) {
    const double entropy_rate = 0 - sums->dp_log_p;
    if (!o->any_empty && !epnet_cancels(o->cancellation, sums->flow, sums->flow_gross) &&
        !epnet_cancels(o->cancellation, entropy_rate + sums->flow, sums->gross + sums->flow_gross))
        return (EpnetChannelSums){entropy_rate + sums->flow, sums->flow};
    const EpnetChannelSums flips = epnet_observe_flips(o, p), copies = epnet_observe_copies(o, NULL, p);
    return (EpnetChannelSums){flips.production + copies.production,
                              flips.environment_flow + copies.environment_flow};
}

void epnet_observer_set(EpnetObserver *o, const EpnetGenerator *generator) {
    o->generator = generator;
    o->team = generator->team;
    epnet_weights_set(&o->weights, generator);
}

void epnet_observe(EpnetObserver *o, const double *p, const double *dp, double *row) {
    const int nodes = o->problem->nodes;
    double marginal[64][2], marginal_rate[64][2];
    const EpnetStateSums sums = epnet_observe_states(o, p, dp);
    o->any_empty = sums.empty > 0;
    o->least = epnet_least(o->team, o->generator->states, p, NULL);
    epnet_observe_node_sums(o, p, marginal);
    epnet_observe_node_sums(o, dp, marginal_rate);
    o->mass = marginal[nodes - 1][0] + marginal[nodes - 1][1];
    o->mass_rate = marginal_rate[nodes - 1][0] + marginal_rate[nodes - 1][1];
    const double activity = sums.activity, gross = sums.gross;
    const EpnetLimit dh = {0 - sums.dp_log_p, sums.fills > 0 ? 0 - sums.dp_fills : 0},
                     dh_nodes = epnet_observe_node_entropy_rates(nodes, marginal, marginal_rate);
    const EpnetLimit rate = {dh_nodes.finite - dh.finite, dh_nodes.log_t - dh.log_t};
    const EpnetChannelSums by_channels = channels(o, p, &sums);

    row[EPNET_ENTROPY] = 0 - sums.p_log_p; /* 0, not -0, of a pure state */
    row[EPNET_MULTIINFORMATION] = epnet_observe_product_divergence(o, p, marginal);
    row[EPNET_MULTIINFORMATION_RATE] = epnet_limit_value(rate, activity);
    row[EPNET_ENTROPY_PRODUCTION] = production(o, p, dh.finite, gross);
    row[EPNET_ENTROPY_PRODUCTION_CHANNELS] = by_channels.production;
    row[EPNET_ENVIRONMENT_ENTROPY_FLOW] = by_channels.environment_flow;
    row[EPNET_ACTIVITY] = activity;
    row[EPNET_MULTIINFORMATION_RATE_EULER] = NAN;
    row[EPNET_ENTROPY_RATE] = epnet_limit_value(dh, activity);
    row[EPNET_NODE_ENTROPY_RATE] = epnet_limit_value(dh_nodes, activity);
    row[EPNET_NODE_DIVERGENCE_RATE] =
        epnet_observe_node_divergence_rate(o, marginal, marginal_rate, activity);
    row[EPNET_FLIP_DIVERGENCE] = row[EPNET_MULTIINFORMATION] + epnet_observe_flip_divergence(o, marginal);
    for (size_t c = 0; c < o->problem->cut_count; c++)
        epnet_observe_cut(o, c, p, dp, dh, activity, row + EPNET_COLUMNS + c * EPNET_CUT_COLUMNS);
}

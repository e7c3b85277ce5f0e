#include "observe.h"

#include "../status.h"
#include "formula.h"
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
    o->log_p = epnet_calloc(4 * states, sizeof(double));
    o->fills = epnet_calloc(2 * states, 1);
    o->sides = epnet_calloc(2 * problem->cut_count, sizeof *o->sides);
    if (o->log_p == NULL || o->fills == NULL || o->sides == NULL ||
        !epnet_weights_alloc(&o->weights, problem))
        return false;
    o->local = o->log_p + states;
    o->fold[0] = o->local + states;
    o->fold[1] = o->fold[0] + states / 2;
    o->crossing_rate = o->fold[1] + states / 2;
    o->local_fills = o->fills + states;
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
    epnet_weights_free(&o->weights);
    free(o->sides);
    memset(o, 0, sizeof *o);
}

uint64_t epnet_observer_bytes(const EpnetProblem *problem) {
    uint64_t states = (uint64_t)1 << problem->nodes, bytes = states * (4 * sizeof(double) + 2);
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

/* I = D(p || product of the marginals), term by term: small values keep their relative accuracy, which a
 * difference of entropies would lose. Takes ln p from log_p; overwrites local and fold. */
static double multiinformation(EpnetObserver *o, const double *p, double (*marginal)[2]) {
    const size_t states = (size_t)1 << o->problem->nodes;
    double *product = o->local, *log_product = o->fold[0], *term = product;
    product[0] = 1;
    log_product[0] = 0;
    for (int i = 0; i < o->problem->nodes; i++) {
        const size_t half = (size_t)1 << i;
        const double p0 = marginal[i][0], p1 = marginal[i][1], log_p0 = log(p0), log_p1 = log(p1);
        for (size_t k = 0; k < half; k++) {
            product[half + k] = product[k] * p1;
            product[k] *= p0;
            log_product[half + k] = log_product[k] + log_p1;
            log_product[k] += log_p0;
        }
    }
    for (size_t s = 0; s < states; s++)
        term[s] = p[s] > 0 || product[s] > 0
                      ? epnet_divergence_term(p[s], product[s], o->log_p[s] - log_product[s])
                      : 0;
    return epnet_sum(NULL, states, term);
}

double epnet_observe_multiinformation(EpnetObserver *o, const double *p) {
    const size_t states = (size_t)1 << o->problem->nodes;
    double marginal[64][2];
    for (size_t s = 0; s < states; s++)
        o->log_p[s] = p[s] > 0 ? log(p[s]) : 0;
    epnet_observe_marginals(o->problem->nodes, p, o->fold[0], marginal);
    return multiinformation(o, p, marginal);
}

/* ---- the whole row ----------------------------------------------------------------------------------- */

static void take_logarithms(EpnetObserver *o, const double *p, const double *dp) {
    const size_t states = o->generator->states;
    o->any_fills = o->any_empty = false;
    o->least = p[0];
    for (size_t s = 0; s < states; s++) {
        EpnetLimit log_p = epnet_limit_log(p[s], dp[s]);
        o->least = p[s] < o->least ? p[s] : o->least;
        o->log_p[s] = log_p.finite;
        o->fills[s] = log_p.log_t > 0;
        o->any_fills |= o->fills[s];
        o->any_empty |= !(p[s] > 0);
    }
}

static EpnetLimit entropy_rate(const EpnetObserver *o, const double *dp) {
    EpnetLimit rate = {0 - epnet_dot(o->generator->team, o->generator->states, dp, o->log_p), 0};
    for (size_t s = 0; o->any_fills && s < o->generator->states; s++)
        rate.log_t -= o->fills[s] ? dp[s] : 0;
    return rate;
}

/* entropy_production: c.p where that keeps its digits, else pair by pair. */
static double production(EpnetObserver *o, const double *p, double entropy_rate, double gross) {
    const double *weights = o->any_empty ? NULL : epnet_weights_production(&o->weights, o->generator);
    const size_t states = o->generator->states;
    EpnetTeam *team = o->generator->team;
    if (weights != NULL) {
        const double sum = entropy_rate + epnet_dot(team, states, weights, p);
        if (!epnet_cancels(o->cancellation, sum, gross + epnet_dot_absolute(team, states, weights, p)))
            return sum;
    }
    double sum = 0;
    for (int j = 0; j < o->problem->nodes; j++)
        sum += epnet_observe_node_production(o, p, j);
    return sum;
}

/* entropy_production_channels and environment_entropy_flow, likewise by e.p. */
static EpnetChannelSums channels(const EpnetObserver *o, const double *p, double entropy_rate, double gross) {
    const size_t states = o->generator->states;
    EpnetTeam *team = o->generator->team;
    if (!o->any_empty) {
        const double flow = epnet_dot(team, states, o->weights.flow, p),
                     flow_gross = epnet_dot_absolute(team, states, o->weights.flow, p);
        if (!epnet_cancels(o->cancellation, flow, flow_gross) &&
            !epnet_cancels(o->cancellation, entropy_rate + flow, gross + flow_gross))
            return (EpnetChannelSums){entropy_rate + flow, flow};
    }
    const EpnetChannelSums flips = epnet_observe_flips(o, p), copies = epnet_observe_copies(o, NULL, p);
    return (EpnetChannelSums){flips.production + copies.production,
                              flips.environment_flow + copies.environment_flow};
}

void epnet_observer_set(EpnetObserver *o, const EpnetGenerator *generator) {
    o->generator = generator;
    epnet_weights_set(&o->weights, generator);
}

void epnet_observe(EpnetObserver *o, const double *p, const double *dp, double *row) {
    const int nodes = o->problem->nodes;
    const size_t states = o->generator->states;
    EpnetTeam *team = o->generator->team;
    double marginal[64][2], marginal_rate[64][2];
    take_logarithms(o, p, dp);
    epnet_observe_marginals(nodes, p, o->fold[0], marginal);
    epnet_observe_marginals(nodes, dp, o->fold[1], marginal_rate);
    const double activity = epnet_dot(team, states, p, o->generator->exit);
    const double gross = epnet_dot3_absolute(team, states, p, o->generator->exit, o->log_p);
    o->mass = marginal[nodes - 1][0] + marginal[nodes - 1][1];
    o->mass_rate = marginal_rate[nodes - 1][0] + marginal_rate[nodes - 1][1];
    const EpnetLimit dh = entropy_rate(o, dp),
                     dh_nodes = epnet_observe_node_entropy_rates(nodes, marginal, marginal_rate);
    const EpnetLimit rate = {dh_nodes.finite - dh.finite, dh_nodes.log_t - dh.log_t};
    const EpnetChannelSums sums = channels(o, p, dh.finite, gross);

    row[EPNET_ENTROPY] = 0 - epnet_dot(team, states, p, o->log_p); /* 0, not -0, of a pure state */
    row[EPNET_MULTIINFORMATION] = multiinformation(o, p, marginal);
    row[EPNET_MULTIINFORMATION_RATE] = epnet_limit_value(rate, activity);
    row[EPNET_ENTROPY_PRODUCTION] = production(o, p, dh.finite, gross);
    row[EPNET_ENTROPY_PRODUCTION_CHANNELS] = sums.production;
    row[EPNET_ENVIRONMENT_ENTROPY_FLOW] = sums.environment_flow;
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

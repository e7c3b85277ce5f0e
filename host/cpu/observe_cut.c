/* Observables of a cut (S, Sc): mutual information, its rate, and the share of the crossing copies in it. */
#include "observe.h"

#include "../status.h"
#include "apply.h"
#include "formula.h"
#include "vector.h"

#include <stdlib.h>
#include <string.h>

bool epnet_side_alloc(EpnetSide *side, int nodes, int low_bits, uint64_t mask) {
    const size_t low_states = (size_t)1 << low_bits, high_states = (size_t)1 << (nodes - low_bits);
    const uint64_t low_mask = mask & (low_states - 1);
    side->states = (size_t)1 << __builtin_popcountll(mask);
    side->low = epnet_calloc(low_states + high_states, sizeof *side->low);
    side->p = epnet_calloc(4 * side->states, sizeof *side->p);
    if (side->low == NULL || side->p == NULL)
        return false;
    side->high = side->low + low_states;
    side->dp = side->p + side->states;
    side->log_p = side->dp + side->states;
    side->fills = side->log_p + side->states;
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

/* The logarithms of a side; its share of the rate of S's and Sc's entropies is added to *rate. */
static void take_logarithms(EpnetSide *side, EpnetLimit *rate) {
    for (size_t a = 0; a < side->states; a++) {
        const EpnetLimit log_p = epnet_limit_log(side->p[a], side->dp[a]);
        rate->finite -= side->dp[a] * log_p.finite;
        rate->log_t -= side->dp[a] * log_p.log_t;
        side->log_p[a] = log_p.finite;
        side->fills[a] = log_p.log_t;
    }
}

/* I(X_S; X_Sc) = D(p || p_S p_Sc), term by term so that a small value keeps its digits. Leaves the local
 * logarithm ln p_S + ln p_Sc of every state. */
static double mutual_information(EpnetObserver *o, const EpnetSide *inside, const EpnetSide *outside,
                                 const double *p) {
    const int low_bits = o->problem->nodes / 2;
    const size_t low_states = (size_t)1 << low_bits, high_states = o->generator->states >> low_bits;
    double information = 0;
    for (size_t h = 0; h < high_states; h++) {
        double block = 0; /* blocked like epnet_sum, for the same reason */
        for (size_t l = 0; l < low_states; l++) {
            const size_t s = h * low_states + l;
            const uint32_t a = inside->low[l] + inside->high[h], b = outside->low[l] + outside->high[h];
            const double product = inside->p[a] * outside->p[b];
            o->local[s] = inside->log_p[a] + outside->log_p[b];
            o->local_fills[s] = (unsigned char)(inside->fills[a] + outside->fills[b]);
            if (p[s] > 0 || product > 0)
                block += epnet_divergence_term(p[s], product, o->log_p[s] - o->local[s]);
        }
        information += block;
    }
    return information;
}

/* sum over s of change(s) times a sum over logarithms, of finite part `finite` and coefficient of ln t
 * `fills`. */
static EpnetLimit change_of(const EpnetObserver *o, const double *change, const double *finite,
                            const unsigned char *fills) {
    EpnetLimit sum = {epnet_dot(o->generator->team, o->generator->states, change, finite), 0};
    for (size_t s = 0; o->any_empty && s < o->generator->states; s++)
        sum.log_t += fills[s] * change[s];
    return sum;
}

void epnet_observe_cut(EpnetObserver *o, size_t cut, const double *p, const double *dp,
                       EpnetLimit entropy_rate, double activity, double *columns) {
    const EpnetGenerator *g = o->generator;
    EpnetLimit rate = {-entropy_rate.finite, -entropy_rate.log_t};
    EpnetSide *inside = &o->sides[2 * cut], *outside = inside + 1;
    project(o, inside, p, dp);
    project(o, outside, p, dp);
    take_logarithms(inside, &rate);
    take_logarithms(outside, &rate);
    const double information = mutual_information(o, inside, outside, p);

    /* What the crossing copies alone change, and what that does to ln p and to ln p_S + ln p_Sc. */
    const EpnetCrossing *crossing = &o->weights.cuts[cut];
    const size_t states = g->states;
    epnet_cpu_apply(&crossing->generator, p, o->crossing_rate);
    const EpnetLimit whole = change_of(o, o->crossing_rate, o->log_p, o->fills),
                     local = change_of(o, o->crossing_rate, o->local, o->local_fills);
    const EpnetLimit flow = {whole.finite - local.finite, whole.log_t - local.log_t},
                     local_rate = {-local.finite, -local.log_t};
    const double flow_in = epnet_dot(g->team, states, crossing->flow, p);
    EpnetChannelSums sums = {flow_in - whole.finite, flow_in};
    const double flow_gross = epnet_dot_absolute(g->team, states, crossing->flow, p),
                 gross =
                     flow_gross + epnet_dot3_absolute(g->team, states, p, crossing->generator.exit, o->log_p);
    if (o->any_empty || epnet_cancels(o->cancellation, sums.production, gross) ||
        epnet_cancels(o->cancellation, flow_in, flow_gross))
        sums = epnet_observe_copies(o, crossing->use, p);
    columns[EPNET_CUT_MUTUAL_INFORMATION] = information;
    columns[EPNET_CUT_MUTUAL_INFORMATION_RATE] = epnet_limit_value(rate, activity);
    columns[EPNET_CUT_ENTROPY_PRODUCTION] = sums.production;
    columns[EPNET_CUT_ENVIRONMENT_ENTROPY_FLOW] = sums.environment_flow;
    columns[EPNET_CUT_INFORMATION_FLOW] = epnet_limit_value(flow, activity);
    columns[EPNET_CUT_LOCAL_ENTROPY_RATE] = epnet_limit_value(local_rate, activity);
    columns[EPNET_CUT_FLOW_BOUND] = crossing->flow_bound;
    columns[EPNET_CUT_CAPACITY] = crossing->capacity;
}

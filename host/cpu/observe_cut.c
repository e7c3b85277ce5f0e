/* Observables of a cut (S, Sc): mutual information, its rate, and the share of the crossing copies in it. */
#include "observe.h"

#include "../status.h"
#include "apply.h"
#include "formula.h"
#include "tiles.h"

#include <stdlib.h>
#include <string.h>

bool epnet_side_alloc(EpnetSide *side, int nodes, int low_bits, uint64_t mask) {
    const size_t low_states = (size_t)1 << low_bits, high_states = (size_t)1 << (nodes - low_bits);
    const uint64_t low_mask = mask & (low_states - 1);
    side->states = (size_t)1 << __builtin_popcountll(mask);
    side->low = epnet_calloc(low_states + 2 * high_states, sizeof *side->low);
    side->p = epnet_calloc(4 * side->states, sizeof *side->p);
    if (side->low == NULL || side->p == NULL)
        return false;
    side->high = side->low + low_states;
    side->order = side->high + high_states;
    side->low_states = (size_t)1 << __builtin_popcountll(low_mask);
    side->dp = side->p + side->states;
    side->log_p = side->dp + side->states;
    side->fills = side->log_p + side->states;
    for (size_t s = 0; s < low_states; s++)
        side->low[s] = (uint32_t)epnet_extract(s, low_mask);
    for (size_t s = 0; s < high_states; s++)
        side->high[s] = (uint32_t)(epnet_extract(s, mask >> low_bits) << __builtin_popcountll(low_mask));
    /* by counting: so many upper halves share each value of high[] */
    const size_t sharing = high_states * side->low_states / side->states;
    for (size_t s = 0; s < high_states; s++) {
        const uint64_t rank = epnet_extract(s, ~(mask >> low_bits) & (high_states - 1));
        side->order[side->high[s] / side->low_states * sharing + rank] = (uint32_t)s;
    }
    return true;
}

void epnet_side_free(EpnetSide *side) {
    free(side->low);
    free(side->p);
}

/* ---- the law of a side --------------------------------------------------------------------------------- */

/* Pieces of a projection, so that a side of few states is work for several threads: each is a part of the
 * upper halves that have the same high[], and their sums are added in order. */
enum { PIECES = 16 };

typedef struct Projection {
    const EpnetSide *side;
    const double *p, *dp;
    double *pieces; /* [piece][2][low_states] */
    size_t sharing; /* upper halves of a piece */
    int low_bits;
} Projection;

size_t epnet_projection_size(int nodes) {
    return 2 * ((size_t)PIECES << nodes / 2);
}

/* Adds up the states of some upper halves. */
static void add_halves(const Projection *work, const uint32_t *halves, double *p, double *dp) {
    const EpnetSide *side = work->side;
    const size_t n = (size_t)1 << work->low_bits;
    memset(p, 0, side->low_states * sizeof *p);
    memset(dp, 0, side->low_states * sizeof *dp);
    for (size_t k = 0; k < work->sharing; k++) {
        const double *from = work->p + halves[k] * n, *rate = work->dp + halves[k] * n;
        for (size_t l = 0; l < n; l++) {
            p[side->low[l]] += from[l];
            dp[side->low[l]] += rate[l];
        }
    }
}

static void project_share(void *context, int thread, size_t first, size_t end) {
    (void)thread;
    const Projection *work = context;
    const EpnetSide *side = work->side;
    for (size_t piece = first; piece < end; piece++) {
        const uint32_t *halves = side->order + piece * work->sharing;
        double *p = work->pieces + 2 * piece * side->low_states, *dp = p + side->low_states;
        if (work->pieces == NULL) { /* a piece is all that there is of its sub-states */
            p = side->p + piece * side->low_states;
            dp = side->dp + piece * side->low_states;
        }
        add_halves(work, halves, p, dp);
    }
}

/* Marginal law of a side and its rate of change. */
static void project(const EpnetObserver *o, EpnetSide *side, const double *p, const double *dp) {
    const int low_bits = o->problem->nodes / 2;
    const size_t halves = o->generator->states >> low_bits, values = side->states / side->low_states;
    const size_t all = halves / values; /* that share a value of high[] */
    size_t parts = 1;
    while (parts * values < PIECES && parts < all)
        parts *= 2;
    Projection work = {side, p, dp, parts > 1 ? o->pieces : NULL, all / parts, low_bits};
    epnet_team_share(o->team, values * parts, 1, project_share, &work);
    if (parts == 1)
        return;
    for (size_t value = 0; value < values; value++) {
        double *law = side->p + value * side->low_states, *rate = side->dp + value * side->low_states;
        const double *piece = o->pieces + 2 * value * parts * side->low_states;
        memcpy(law, piece, side->low_states * sizeof *law);
        memcpy(rate, piece + side->low_states, side->low_states * sizeof *rate);
        for (size_t part = 1; part < parts; part++) {
            piece += 2 * side->low_states;
            for (size_t k = 0; k < side->low_states; k++) {
                law[k] += piece[k];
                rate[k] += piece[side->low_states + k];
            }
        }
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

/* ---- sums over the states ------------------------------------------------------------------------------ */

/* I(X_S; X_Sc) = D(p || p_S p_Sc), term by term so that a small value keeps its digits; what the crossing
 * copies change of ln p and of the local logarithm ln p_S + ln p_Sc, finite parts and coefficients of ln t;
 * their flow e.p and what it and the production are rounded against. */
enum { INFORMATION, WHOLE, LOCAL, WHOLE_FILLS, LOCAL_FILLS, FLOW, FLOW_GROSS, JUMPS_GROSS, KINDS };

typedef struct Cut {
    const EpnetObserver *observer;
    const EpnetSide *inside, *outside;
    const EpnetCrossing *crossing;
    const double *p;
} Cut;

static void add_states(const Cut *cut, size_t h, double *sums) {
    const EpnetObserver *o = cut->observer;
    const EpnetSide *inside = cut->inside, *outside = cut->outside;
    const int low_bits = o->problem->nodes / 2;
    double block[KINDS] = {0}; /* blocked like epnet_sum, for the same reason */
    for (size_t l = 0; l < (size_t)1 << low_bits; l++) {
        const size_t s = (h << low_bits) + l;
        const uint32_t a = inside->low[l] + inside->high[h], b = outside->low[l] + outside->high[h];
        const double p = cut->p[s], log_p = o->log_p[s], change = o->crossing_rate[s];
        const double product = inside->p[a] * outside->p[b], local = inside->log_p[a] + outside->log_p[b];
        const double flow = cut->crossing->flow[s] * p;
        if (p > 0 || product > 0)
            block[INFORMATION] += epnet_divergence_term(p, product, log_p - local);
        block[WHOLE] += change * log_p;
        block[LOCAL] += change * local;
        if (o->any_empty) {
            block[WHOLE_FILLS] += o->fills[s] * change;
            block[LOCAL_FILLS] += (inside->fills[a] + outside->fills[b]) * change;
        }
        block[FLOW] += flow;
        block[FLOW_GROSS] += fabs(flow);
        block[JUMPS_GROSS] += fabs(p * cut->crossing->generator.exit[s] * log_p);
    }
    for (int k = 0; k < KINDS; k++)
        sums[k] += block[k];
}

static void states_tile(void *context, size_t first, size_t end, double *sums) {
    const Cut *cut = context;
    const int low_bits = cut->observer->problem->nodes / 2;
    memset(sums, 0, KINDS * sizeof *sums);
    for (size_t h = first >> low_bits; h < end >> low_bits; h++)
        add_states(cut, h, sums);
}

void epnet_observe_cut(EpnetObserver *o, size_t cut, const double *p, const double *dp,
                       EpnetLimit entropy_rate, double activity, double *columns) {
    EpnetLimit rate = {-entropy_rate.finite, -entropy_rate.log_t};
    EpnetSide *inside = &o->sides[2 * cut], *outside = inside + 1;
    project(o, inside, p, dp);
    project(o, outside, p, dp);
    take_logarithms(inside, &rate);
    take_logarithms(outside, &rate);
    const EpnetCrossing *crossing = &o->weights.cuts[cut];
    epnet_cpu_apply(&crossing->generator, p, o->crossing_rate);
    Cut states = {o, inside, outside, crossing, p};
    double sum[KINDS];
    epnet_tiles_sum(o->team, o->generator->states, KINDS, states_tile, &states, sum);

    const EpnetLimit flow = {sum[WHOLE] - sum[LOCAL], sum[WHOLE_FILLS] - sum[LOCAL_FILLS]},
                     local_rate = {-sum[LOCAL], -sum[LOCAL_FILLS]};
    EpnetChannelSums sums = {sum[FLOW] - sum[WHOLE], sum[FLOW]};
    if (o->any_empty || epnet_cancels(o->cancellation, sums.production, sum[FLOW_GROSS] + sum[JUMPS_GROSS]) ||
        epnet_cancels(o->cancellation, sum[FLOW], sum[FLOW_GROSS]))
        sums = epnet_observe_copies(o, crossing->use, p);
    columns[EPNET_CUT_MUTUAL_INFORMATION] = sum[INFORMATION];
    columns[EPNET_CUT_MUTUAL_INFORMATION_RATE] = epnet_limit_value(rate, activity);
    columns[EPNET_CUT_ENTROPY_PRODUCTION] = sums.production;
    columns[EPNET_CUT_ENVIRONMENT_ENTROPY_FLOW] = sums.environment_flow;
    columns[EPNET_CUT_INFORMATION_FLOW] = epnet_limit_value(flow, activity);
    columns[EPNET_CUT_LOCAL_ENTROPY_RATE] = epnet_limit_value(local_rate, activity);
    columns[EPNET_CUT_FLOW_BOUND] = crossing->flow_bound;
    columns[EPNET_CUT_CAPACITY] = crossing->capacity;
}

/* Entropy production and environment flow, pair of states by pair of states; capacity of a copy; decay of one
 * node. */
#include "oracle.h"
#include "oracle_limit.h"

#include <math.h>
#include <stdlib.h>

/* Opposite fluxes x = p_a r_ab and y = p_b r_ba between a pair of states. Whether one is zero is decided by
 * the logarithms, which do not underflow. */
typedef struct Pair {
    Real x, y, log_x, log_y, log_rates; /* log_rates = ln(r_ab / r_ba) */
} Pair;

static Pair make_pair(Real p_a, Real p_b, Real r_ab, Real r_ba, Real log_ab, Real log_ba) {
    return (Pair){p_a * r_ab, p_b * r_ba, logl(p_a) + log_ab, logl(p_b) + log_ba, log_ab - log_ba};
}

static void add_production(OracleValue *sum, Pair pair) {
    bool forward = pair.log_x > -INFINITY, backward = pair.log_y > -INFINITY;
    if (!forward && !backward)
        return;
    if (forward != backward) {
        sum->value = sum->scale = INFINITY;
        return;
    }
    Real net = pair.x - pair.y, logarithm = pair.log_x - pair.log_y;
    if (pair.y > 0 && fabsl(net) < 0.5L * pair.y)
        logarithm = log1pl(net / pair.y);
    sum->value += net * logarithm;
    sum->scale += (pair.x + pair.y) * fabsl(logarithm);
}

static void add_environment(OracleValue *sum, Pair pair) {
    bool forward = pair.log_x > -INFINITY, backward = pair.log_y > -INFINITY;
    if (!forward && !backward)
        return;
    sum->value += (pair.x - pair.y) * pair.log_rates; /* a one-way flux goes along its infinite ratio: +inf */
    sum->scale += (pair.x + pair.y) * fabsl(pair.log_rates);
}

OracleLedger oracle_channel_ledger(const OracleChain *chain, const OracleChannel *channel, const Real *p) {
    OracleLedger ledger = {0};
    OracleLimit entropy = {0};
    Real jumps = 0;
    Real *dp = oracle_allocate(chain->states, sizeof(Real)); /* of all channels: how empty states fill */
    oracle_derivative(chain, p, dp, NULL);
    for (size_t a = 0; a < chain->states; a++) {
        size_t b = a ^ (size_t)1 << channel->node;
        if (b < a)
            continue;
        Pair pair = make_pair(p[a], p[b], channel->rate[a], channel->rate[b], channel->log_rate[a],
                              channel->log_rate[b]);
        add_production(&ledger.entropy_production, pair);
        add_environment(&ledger.environment_flow, pair);
        jumps += pair.x + pair.y;
        oracle_limit_add(&entropy, pair.x - pair.y, pair.x + pair.y, p[a], dp[a]);
        oracle_limit_add(&entropy, pair.y - pair.x, pair.x + pair.y, p[b], dp[b]);
    }
    free(dp);
    ledger.entropy_rate = oracle_limit_value(entropy, jumps);
    return ledger;
}

OracleValue oracle_node_entropy_production(const OracleChain *chain, int j, const Real *p) {
    OracleValue sum = {0, 0};
    for (size_t a = 0; a < chain->states; a++) {
        size_t b = a ^ (size_t)1 << j;
        if (b < a)
            continue;
        add_production(&sum, make_pair(p[a], p[b], oracle_rate(chain, j, a), oracle_rate(chain, j, b),
                                       oracle_log_rate(chain, j, a), oracle_log_rate(chain, j, b)));
    }
    return sum;
}

Real oracle_copy_information(Real drive) {
    if (drive == 0)
        return 0;
    if (isinf(drive))
        return expl(-1);
    Real k = expl(-drive), gap = -expm1l(-drive); /* 1 - k; ln k = -F */
    return expl(drive * k / gap - 1) - drive * k / gap;
}

/* Information per attempted copy when the source differs with probability q: q f(1) + (1-q) f(k) - f(mean),
 * f(x) = x ln x. Concave in q. */
static Real copy_information_at(Real k, Real drive, Real q) {
    Real mean = q + (1 - q) * k;
    return (k > 0 ? (1 - q) * -drive * k : 0) - (mean > 0 ? mean * logl(mean) : 0);
}

Real oracle_copy_information_by_search(Real drive) {
    Real low = 0, high = 1, k = expl(-drive);
    for (int step = 0; step < 200; step++) {
        Real third = (high - low) / 3;
        if (copy_information_at(k, drive, low + third) < copy_information_at(k, drive, high - third))
            low += third;
        else
            high -= third;
    }
    return copy_information_at(k, drive, (low + high) / 2);
}

/* EP/(2 D) of a node with odds p/(1-p) = e^logit times the stationary odds. */
static Real decay_at(Real up, Real down, Real logit) {
    Real odds = expl(logit), total = up + down;
    Real one = odds * up / (down + odds * up), zero = down / (down + odds * up);
    Real production = (one * down - zero * up) * logit; /* ln(one down / (zero up)) = logit */
    Real divergence = one * logl(one * total / up) + zero * logl(zero * total / down);
    return production / (2 * divergence);
}

Real oracle_node_decay(Real up, Real down) {
    Real best = up + down, at = 0; /* the limit at the stationary law */
    for (int k = -6000; k <= 6000; k++) {
        Real logit = k / 200.0L;
        if (abs(k) > 20 && decay_at(up, down, logit) < best) {
            best = decay_at(up, down, logit);
            at = logit;
        }
    }
    Real low = at - 0.005L, high = at + 0.005L;
    for (int step = 0; at != 0 && step < 100; step++) {
        Real third = (high - low) / 3;
        if (decay_at(up, down, low + third) > decay_at(up, down, high - third))
            low += third;
        else
            high -= third;
    }
    return at == 0 ? best : fminl(best, decay_at(up, down, (low + high) / 2));
}

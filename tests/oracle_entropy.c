/* Entropies, informations and their rates, from their definitions. */
#include "oracle.h"
#include "oracle_limit.h"

#include <math.h>
#include <stdlib.h>

void oracle_limit_add(OracleLimit *sum, Real weight, Real gross, Real value, Real derivative) {
    if (value > 0) {
        sum->finite += weight * logl(value);
        sum->scale += gross * fabsl(logl(value));
    } else if (derivative > 0) { /* fills as derivative * t: its logarithm is ln(derivative) + ln t */
        sum->finite += weight * logl(derivative);
        sum->scale += gross * fabsl(logl(derivative));
        sum->log_time += weight;
    }
    /* Else it stays empty to first order, and so does its weight: t ln t tends to 0. */
}

OracleValue oracle_limit_value(OracleLimit sum, Real activity) {
    if (fabsl(sum.log_time) <= 1e-12L * activity)
        return (OracleValue){sum.finite, sum.scale};
    return (OracleValue){sum.log_time > 0 ? -INFINITY : INFINITY, sum.scale};
}

size_t oracle_pack(size_t s, size_t mask) {
    size_t packed = 0, place = 1;
    for (size_t bit = 1; bit <= mask; bit <<= 1)
        if (mask & bit) {
            packed += s & bit ? place : 0;
            place <<= 1;
        }
    return packed;
}

void oracle_marginal(const OracleChain *chain, const Real *p, size_t mask, Real *out) {
    size_t size = oracle_pack(mask, mask) + 1;
    for (size_t a = 0; a < size; a++)
        out[a] = 0;
    for (size_t s = 0; s < chain->states; s++)
        out[oracle_pack(s, mask)] += p[s];
}

static OracleValue entropy(size_t n, const Real *p) {
    OracleValue sum = {0, 0};
    for (size_t s = 0; s < n; s++)
        if (p[s] > 0)
            sum.value -= p[s] * logl(p[s]);
    sum.scale = sum.value;
    return sum;
}

/* Entropy of the nodes in `mask`. */
static OracleValue marginal_entropy(const OracleChain *chain, const Real *p, size_t mask) {
    Real *marginal = oracle_allocate(chain->states, sizeof(Real));
    oracle_marginal(chain, p, mask, marginal);
    OracleValue value = entropy(oracle_pack(mask, mask) + 1, marginal);
    free(marginal);
    return value;
}

/* Add sign * sum over the states a of `mask` of dp(a) ln p(a), that is -sign times the entropy's rate. */
static void add_entropy_rate(const OracleChain *chain, const Real *p, size_t mask, Real sign,
                             OracleLimit *sum) {
    size_t n = chain->states, size = oracle_pack(mask, mask) + 1;
    Real *dp = oracle_allocate(n, sizeof(Real)), *gross = oracle_allocate(n, sizeof(Real));
    Real *law = oracle_allocate(n, sizeof(Real)), *d_law = oracle_allocate(n, sizeof(Real));
    Real *gross_law = oracle_allocate(n, sizeof(Real));
    oracle_derivative(chain, p, dp, gross);
    oracle_marginal(chain, p, mask, law);
    oracle_marginal(chain, dp, mask, d_law);
    oracle_marginal(chain, gross, mask, gross_law);
    for (size_t a = 0; a < size; a++)
        oracle_limit_add(sum, sign * d_law[a], gross_law[a], law[a], d_law[a]);
    free(gross_law);
    free(d_law);
    free(law);
    free(gross);
    free(dp);
}

static Real activity(const OracleChain *chain, const Real *p) {
    Real sum = 0;
    for (size_t s = 0; s < chain->states; s++)
        for (int j = 0; j < chain->nodes; j++)
            sum += p[s] * oracle_rate(chain, j, s);
    return sum;
}

Real oracle_multiinformation(const OracleChain *chain, const Real *p) {
    Real sum = -entropy(chain->states, p).value;
    for (int i = 0; i < chain->nodes; i++)
        sum += marginal_entropy(chain, p, (size_t)1 << i).value;
    return sum;
}

Real oracle_divergence(size_t n, const Real *p, const Real *q) {
    Real sum = 0;
    for (size_t s = 0; s < n; s++)
        if (p[s] > 0)
            sum += p[s] * logl(p[s] / q[s]);
    return sum;
}

OracleRow oracle_row(const OracleChain *chain, const Real *p) {
    OracleRow row = {0};
    size_t all = chain->states - 1;
    Real jumps = activity(chain, p);
    OracleLimit joint = {0}, marginals = {0}, information = {0};
    row.activity = (OracleValue){jumps, jumps};
    row.entropy = entropy(chain->states, p);
    row.multiinformation = (OracleValue){-row.entropy.value, row.entropy.value};
    add_entropy_rate(chain, p, all, -1, &joint);
    add_entropy_rate(chain, p, all, 1, &information);
    for (int i = 0; i < chain->nodes; i++) {
        size_t node = (size_t)1 << i;
        Real part = marginal_entropy(chain, p, node).value;
        row.multiinformation.value += part;
        row.multiinformation.scale += part;
        add_entropy_rate(chain, p, node, -1, &marginals);
        add_entropy_rate(chain, p, node, -1, &information);
        OracleValue production = oracle_node_entropy_production(chain, i, p);
        row.entropy_production.value += production.value;
        row.entropy_production.scale += production.scale;
    }
    row.entropy_rate = oracle_limit_value(joint, jumps);
    row.marginal_entropy_rate = oracle_limit_value(marginals, jumps);
    row.multiinformation_rate = oracle_limit_value(information, jumps);
    for (size_t c = 0; c < chain->channel_count; c++) {
        OracleLedger ledger = oracle_channel_ledger(chain, &chain->channels[c], p);
        row.entropy_production_channels.value += ledger.entropy_production.value;
        row.entropy_production_channels.scale += ledger.entropy_production.scale;
        row.environment_entropy_flow.value += ledger.environment_flow.value;
        row.environment_entropy_flow.scale += ledger.environment_flow.scale;
    }
    return row;
}

static bool crosses(const OracleChannel *channel, size_t mask) {
    return (channel->set & mask) != 0 && (channel->set & ~mask) != 0;
}

/* The crossing channels' change of p, weighted with ln[p/(p_S p_Sc)] and with -[ln p_S + ln p_Sc]. */
static void add_crossing(const OracleChain *chain, const Real *p, size_t s_mask, OracleCutRow *row) {
    size_t n = chain->states, rest = (n - 1) & ~s_mask;
    Real *dp = oracle_allocate(n, sizeof(Real));
    Real *law[2], *d_law[2];
    const size_t masks[2] = {s_mask, rest};
    oracle_derivative(chain, p, dp, NULL);
    for (int side = 0; side < 2; side++) {
        law[side] = oracle_allocate(n, sizeof(Real));
        d_law[side] = oracle_allocate(n, sizeof(Real));
        oracle_marginal(chain, p, masks[side], law[side]);
        oracle_marginal(chain, dp, masks[side], d_law[side]);
    }
    OracleLimit flow = {0}, local = {0};
    for (size_t c = 0; c < chain->channel_count; c++) {
        const OracleChannel *channel = &chain->channels[c];
        for (size_t s = 0; crosses(channel, s_mask) && s < n; s++) {
            size_t t = s ^ (size_t)1 << channel->node;
            Real in = p[t] * channel->rate[t], out = p[s] * channel->rate[s];
            oracle_limit_add(&flow, in - out, in + out, p[s], dp[s]);
            for (int side = 0; side < 2; side++) {
                size_t a = oracle_pack(s, masks[side]);
                oracle_limit_add(&flow, out - in, in + out, law[side][a], d_law[side][a]);
                oracle_limit_add(&local, out - in, in + out, law[side][a], d_law[side][a]);
            }
        }
    }
    Real jumps = activity(chain, p);
    row->information_flow = oracle_limit_value(flow, jumps);
    row->local_entropy_rate = oracle_limit_value(local, jumps);
    for (int side = 0; side < 2; side++) {
        free(law[side]);
        free(d_law[side]);
    }
    free(dp);
}

OracleCutRow oracle_cut_row(const OracleChain *chain, const OracleNetwork *network, const Real *p,
                            size_t s_mask) {
    OracleCutRow row = {0};
    size_t all = chain->states - 1, rest = all & ~s_mask;
    Real h_s = marginal_entropy(chain, p, s_mask).value, h_rest = marginal_entropy(chain, p, rest).value;
    Real h = entropy(chain->states, p).value;
    row.mutual_information = (OracleValue){h_s + h_rest - h, h_s + h_rest + h};
    OracleLimit rate = {0};
    add_entropy_rate(chain, p, all, 1, &rate);
    add_entropy_rate(chain, p, s_mask, -1, &rate);
    add_entropy_rate(chain, p, rest, -1, &rate);
    row.mutual_information_rate = oracle_limit_value(rate, activity(chain, p));
    add_crossing(chain, p, s_mask, &row);
    for (size_t c = 0; c < chain->channel_count; c++) {
        const OracleChannel *channel = &chain->channels[c];
        if (!crosses(channel, s_mask))
            continue;
        OracleLedger ledger = oracle_channel_ledger(chain, channel, p);
        row.entropy_production.value += ledger.entropy_production.value;
        row.entropy_production.scale += ledger.entropy_production.scale;
        row.environment_entropy_flow.value += ledger.environment_flow.value;
        row.environment_entropy_flow.scale += ledger.environment_flow.scale;
        Real beta = network->rate[channel->edge];
        row.capacity.value += beta;
        row.flow_bound.value += beta * oracle_copy_information(network->drive[channel->edge]);
    }
    row.capacity.scale = row.capacity.value;
    row.flow_bound.scale = row.flow_bound.value;
    return row;
}

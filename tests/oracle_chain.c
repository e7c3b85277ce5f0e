/* The channels of a network, state by state, and the generator that they add up to. */
#include "oracle.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void *oracle_allocate(size_t count, size_t size) {
    void *memory = calloc(count + 1, size);
    if (memory == NULL) {
        fprintf(stderr, "oracle: out of memory\n");
        exit(EXIT_FAILURE);
    }
    return memory;
}

static int value_of(size_t s, int node) {
    return (int)((s >> node) & 1u);
}

static OracleChannel make_channel(size_t states, int node, size_t set, size_t edge) {
    OracleChannel channel = {.node = node, .set = set, .edge = edge};
    channel.rate = oracle_allocate(states, sizeof(Real));
    channel.log_rate = oracle_allocate(states, sizeof(Real));
    return channel;
}

static OracleChannel flip_channel(const OracleNetwork *network, size_t states, int j) {
    OracleChannel channel = make_channel(states, j, (size_t)1 << j, SIZE_MAX);
    for (size_t s = 0; s < states; s++) {
        channel.rate[s] = value_of(s, j) == 0 ? network->flip_up[j] : network->flip_down[j];
        channel.log_rate[s] = logl(channel.rate[s]);
    }
    return channel;
}

static OracleChannel copy_channel(const OracleNetwork *network, size_t states, size_t edge) {
    int i = network->source[edge], j = network->target[edge];
    Real beta = network->rate[edge], drive = network->drive[edge];
    OracleChannel channel = make_channel(states, j, (size_t)1 << i | (size_t)1 << j, edge);
    for (size_t s = 0; s < states; s++) {
        bool copies = value_of(s, i) != value_of(s, j);
        channel.rate[s] = copies ? beta : beta * expl(-drive);
        channel.log_rate[s] = copies ? logl(beta) : logl(beta) - drive;
    }
    return channel;
}

OracleChain oracle_chain(const OracleNetwork *network) {
    size_t nodes = (size_t)network->nodes;
    OracleChain chain = {
        .nodes = network->nodes, .states = (size_t)1 << nodes, .channel_count = nodes + network->edge_count};
    chain.channels = oracle_allocate(chain.channel_count, sizeof(OracleChannel));
    for (size_t j = 0; j < nodes; j++)
        chain.channels[j] = flip_channel(network, chain.states, (int)j);
    for (size_t edge = 0; edge < network->edge_count; edge++)
        chain.channels[nodes + edge] = copy_channel(network, chain.states, edge);
    return chain;
}

void oracle_chain_free(OracleChain *chain) {
    for (size_t c = 0; c < chain->channel_count; c++) {
        free(chain->channels[c].rate);
        free(chain->channels[c].log_rate);
    }
    free(chain->channels);
}

Real oracle_rate(const OracleChain *chain, int j, size_t s) {
    Real sum = 0;
    for (size_t c = 0; c < chain->channel_count; c++)
        if (chain->channels[c].node == j)
            sum += chain->channels[c].rate[s];
    return sum;
}

Real oracle_log_rate(const OracleChain *chain, int j, size_t s) {
    Real largest = -INFINITY, sum = 0;
    for (size_t c = 0; c < chain->channel_count; c++)
        if (chain->channels[c].node == j)
            largest = fmaxl(largest, chain->channels[c].log_rate[s]);
    if (isinf(largest))
        return largest;
    for (size_t c = 0; c < chain->channel_count; c++)
        if (chain->channels[c].node == j)
            sum += expl(chain->channels[c].log_rate[s] - largest);
    return largest + logl(sum);
}

Real *oracle_generator(const OracleChain *chain) {
    size_t n = chain->states;
    Real *matrix = oracle_allocate(n * n, sizeof(Real));
    for (size_t c = 0; c < chain->channel_count; c++) {
        const OracleChannel *channel = &chain->channels[c];
        for (size_t s = 0; s < n; s++) {
            size_t t = s ^ (size_t)1 << channel->node;
            matrix[s * n + t] += channel->rate[s];
            matrix[s * n + s] -= channel->rate[s];
        }
    }
    return matrix;
}

void oracle_derivative(const OracleChain *chain, const Real *p, Real *dp, Real *gross) {
    for (size_t s = 0; s < chain->states; s++) {
        dp[s] = 0;
        if (gross != NULL)
            gross[s] = 0;
    }
    for (size_t c = 0; c < chain->channel_count; c++) {
        const OracleChannel *channel = &chain->channels[c];
        for (size_t s = 0; s < chain->states; s++) {
            size_t t = s ^ (size_t)1 << channel->node;
            Real flux = p[s] * channel->rate[s];
            dp[s] -= flux;
            dp[t] += flux;
            if (gross != NULL) {
                gross[s] += flux;
                gross[t] += flux;
            }
        }
    }
}

Real oracle_exit_max(const OracleChain *chain) {
    Real largest = 0;
    for (size_t s = 0; s < chain->states; s++) {
        Real exit = 0;
        for (int j = 0; j < chain->nodes; j++)
            exit += oracle_rate(chain, j, s);
        largest = fmaxl(largest, exit);
    }
    return largest;
}

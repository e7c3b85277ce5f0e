/* Constant drive by brute force: the stationary production across a cut as a function of one drive for all
 * edges, scanned densely. */
#include "oracle.h"

#include <math.h>
#include <stdlib.h>

Real oracle_production_at(const OracleNetwork *network, size_t s_mask, Real drive) {
    double *drives = oracle_allocate(network->edge_count, sizeof(double));
    for (size_t edge = 0; edge < network->edge_count; edge++)
        drives[edge] = (double)drive;
    OracleNetwork driven = *network;
    driven.drive = drives;
    OracleChain chain = oracle_chain(&driven);
    Real *pi = oracle_allocate(chain.states, sizeof(Real)), sum = 0;
    if (!oracle_chain_stationary(&chain, pi))
        sum = NAN;
    for (size_t c = 0; c < chain.channel_count; c++) {
        const OracleChannel *channel = &chain.channels[c];
        if ((channel->set & s_mask) != 0 && (channel->set & ~s_mask) != 0)
            sum += oracle_channel_ledger(&chain, channel, pi).entropy_production.value;
    }
    free(pi);
    oracle_chain_free(&chain);
    free(drives);
    return sum;
}

Real oracle_largest_drive(const OracleNetwork *network, size_t s_mask, Real sigma, Real top, Real step) {
    Real high = top, at_high = oracle_production_at(network, s_mask, top);
    Real low = high;
    for (; high > 0; high = low) {
        low = fmaxl(high - fmaxl(step, 0.01L * high), 0);
        Real at_low = oracle_production_at(network, s_mask, low);
        if ((at_low < sigma) != (at_high < sigma))
            break;
        at_high = at_low;
    }
    if (high <= 0)
        return NAN;
    for (int k = 0; k < 60; k++) {
        Real middle = low + (high - low) / 2;
        if ((oracle_production_at(network, s_mask, middle) < sigma) == (at_high < sigma))
            high = middle;
        else
            low = middle;
    }
    return high;
}

Real oracle_nearest_production(const OracleNetwork *network, size_t s_mask, Real sigma, Real top, Real step) {
    Real nearest = oracle_production_at(network, s_mask, 0), at = 0;
    for (Real drive = top; drive > 0; drive -= step) {
        Real production = oracle_production_at(network, s_mask, drive);
        if (fabsl(production - sigma) < fabsl(nearest - sigma)) {
            nearest = production;
            at = drive;
        }
    }
    Real low = fmaxl(at - step, 0), high = at + step;
    for (int k = 0; k < 60; k++) {
        Real third = (high - low) / 3;
        Real left = oracle_production_at(network, s_mask, low + third);
        Real right = oracle_production_at(network, s_mask, high - third);
        nearest = fabsl(left - sigma) < fabsl(nearest - sigma) ? left : nearest;
        nearest = fabsl(right - sigma) < fabsl(nearest - sigma) ? right : nearest;
        if (fabsl(left - sigma) > fabsl(right - sigma))
            low += third;
        else
            high -= third;
    }
    return nearest;
}

/* The complete graph with equal rates: the number of ones m is a birth-death chain, and every observable of a
 * law that depends on m alone is a sum over m, or over the ones a in S and b outside it. */
#include "oracle.h"

#include <math.h>
#include <stdlib.h>

static Real choose(int n, int k) {
    Real value = 1;
    if (k < 0 || k > n)
        return 0;
    for (int i = 1; i <= k; i++)
        value = value * (n - k + i) / i;
    return roundl(value);
}

/* Rate at which one copy channel of every source, `ones` of them 1 and `zeros` of them 0, sets a node. */
static Real pulled_up(const OracleComplete *c, int ones, int zeros) {
    return c->rate * ones + c->rate * expl(-c->drive) * zeros;
}

static Real pulled_down(const OracleComplete *c, int ones, int zeros) {
    return c->rate * zeros + c->rate * expl(-c->drive) * ones;
}

/* Total rate of a zero among m ones going up, and of a one among m ones going down. */
static Real rate_up(const OracleComplete *c, int m) {
    return c->flip_up + pulled_up(c, m, c->nodes - 1 - m);
}

static Real rate_down(const OracleComplete *c, int m) {
    return c->flip_down + pulled_down(c, m - 1, c->nodes - m);
}

static Real *count_generator(const OracleComplete *c) {
    size_t n = (size_t)c->nodes + 1;
    Real *matrix = oracle_allocate(n * n, sizeof(Real));
    for (int m = 0; m <= c->nodes; m++) {
        size_t row = (size_t)m * n + (size_t)m;
        Real up = (c->nodes - m) * rate_up(c, m), down = m > 0 ? m * rate_down(c, m) : 0;
        if (m < c->nodes)
            matrix[row + 1] = up;
        if (m > 0)
            matrix[row - 1] = down;
        matrix[row] = -(up + down);
    }
    return matrix;
}

void oracle_complete_at(const OracleComplete *complete, const Real *start, Real t, Real *out) {
    size_t n = (size_t)complete->nodes + 1;
    Real *generator = count_generator(complete), *evolution = oracle_allocate(n * n, sizeof(Real));
    oracle_exponential(n, generator, t, evolution);
    oracle_advance(n, start, evolution, out);
    free(evolution);
    free(generator);
}

void oracle_complete_stationary(const OracleComplete *complete, Real *out) {
    Real *generator = count_generator(complete);
    if (!oracle_stationary((size_t)complete->nodes + 1, generator, NULL, out))
        abort();
    free(generator);
}

/* Probability of one state with m ones. */
static Real state_law(const OracleComplete *c, const Real *law, int m) {
    return law[m] / choose(c->nodes, m);
}

/* Probability that given `size` nodes are in a given state with `ones` ones. */
static Real part_law(const OracleComplete *c, const Real *law, int size, int ones) {
    Real sum = 0;
    for (int m = ones; m <= c->nodes - size + ones; m++)
        sum += choose(c->nodes - size, m - ones) * state_law(c, law, m);
    return sum;
}

/* Entropy of `size` nodes, and minus the sum of dp ln p over their states. */
static Real part_entropy(const OracleComplete *c, const Real *law, const Real *weight, int size) {
    Real sum = 0;
    for (int ones = 0; ones <= size; ones++)
        sum -= choose(size, ones) * part_law(c, weight, size, ones) * logl(part_law(c, law, size, ones));
    return sum;
}

/* count * (x - y) ln(x/y), count pairs of states with equal fluxes. */
static void add_pairs(OracleValue *sum, Real count, Real x, Real y) {
    if (count == 0 || (x == 0 && y == 0))
        return;
    Real logarithm = fabsl(x - y) < 0.5L * y ? log1pl((x - y) / y) : logl(x) - logl(y);
    sum->value += count * (x - y) * logarithm; /* one flux alone: +inf */
    sum->scale += count * (x + y) * fabsl(logarithm);
}

/* Production and environment flow of `edges` copy channels: two nodes and m ones among the other N - 2. */
static void add_copies(const OracleComplete *c, const Real *law, Real edges, OracleValue *production,
                       OracleValue *flow) {
    Real back = c->rate * expl(-c->drive);
    for (int m = 0; m <= c->nodes - 2; m++)
        for (int source = 0; source < 2; source++) {
            Real low = state_law(c, law, m + source), high = state_law(c, law, m + source + 1);
            Real copy = c->rate * (source == 1 ? low : high), reverse = back * (source == 1 ? high : low);
            Real count = edges * choose(c->nodes - 2, m);
            add_pairs(production, count, copy, reverse);
            if (count * copy > 0) {
                flow->value += count * (copy - reverse) * c->drive;
                flow->scale += count * (copy + reverse) * c->drive;
            }
        }
}

static void add_flips(const OracleComplete *c, const Real *law, OracleValue *production, OracleValue *flow) {
    for (int m = 0; m < c->nodes; m++) {
        Real up = c->flip_up * state_law(c, law, m), down = c->flip_down * state_law(c, law, m + 1);
        Real count = choose(c->nodes, m) * (c->nodes - m);
        add_pairs(production, count, up, down);
        flow->value += count * (up - down) * logl(c->flip_up / c->flip_down);
        flow->scale += count * (up + down) * fabsl(logl(c->flip_up / c->flip_down));
    }
}

/* d law / dt. */
static Real *law_derivative(const OracleComplete *c, const Real *law) {
    size_t n = (size_t)c->nodes + 1;
    Real *generator = count_generator(c), *derivative = oracle_allocate(n, sizeof(Real));
    oracle_advance(n, law, generator, derivative);
    free(generator);
    return derivative;
}

OracleRow oracle_complete_row(const OracleComplete *c, const Real *law) {
    OracleRow row = {0};
    int n = c->nodes;
    Real *derivative = law_derivative(c, law);
    Real joint = part_entropy(c, law, law, n), single = part_entropy(c, law, law, 1);
    row.entropy = (OracleValue){joint, joint};
    row.multiinformation = (OracleValue){n * single - joint, n * single + joint};
    row.entropy_rate.value = part_entropy(c, law, derivative, n);
    row.marginal_entropy_rate.value = n * part_entropy(c, law, derivative, 1);
    row.multiinformation_rate.value = row.marginal_entropy_rate.value - row.entropy_rate.value;
    for (int m = 0; m <= n; m++) {
        row.activity.value += m < n ? law[m] * (n - m) * rate_up(c, m) : 0;
        row.activity.value += m > 0 ? law[m] * m * rate_down(c, m) : 0;
    }
    row.activity.scale = row.activity.value;
    for (int m = 0; m < n; m++)
        add_pairs(&row.entropy_production, choose(n, m) * (n - m), state_law(c, law, m) * rate_up(c, m),
                  state_law(c, law, m + 1) * rate_down(c, m + 1));
    add_flips(c, law, &row.entropy_production_channels, &row.environment_entropy_flow);
    add_copies(c, law, (Real)n * (n - 1), &row.entropy_production_channels, &row.environment_entropy_flow);
    free(derivative);
    return row;
}

/* The crossing copies that flip a node of one side (`size` nodes, `ones` of them 1) with the other side's
 * `others` nodes, `other_ones` of them 1, as sources: their share of information flow and local rate. */
static void add_side(const OracleComplete *c, const Real *law, int size, OracleCutRow *row) {
    int others = c->nodes - size;
    for (int ones = 0; ones < size; ones++)
        for (int other_ones = 0; other_ones <= others; other_ones++) {
            int m = ones + other_ones;
            Real low = state_law(c, law, m), high = state_law(c, law, m + 1);
            Real up = low * pulled_up(c, other_ones, others - other_ones);
            Real down = high * pulled_down(c, other_ones, others - other_ones);
            Real count = choose(size, ones) * (size - ones) * choose(others, other_ones);
            Real local = logl(part_law(c, law, size, ones + 1) / part_law(c, law, size, ones));
            Real joint = logl(high / low);
            row->information_flow.value += count * (up - down) * (joint - local);
            row->information_flow.scale += count * (up + down) * (fabsl(joint) + fabsl(local));
            row->local_entropy_rate.value -= count * (up - down) * local;
            row->local_entropy_rate.scale += count * (up + down) * fabsl(local);
        }
}

OracleCutRow oracle_complete_cut_row(const OracleComplete *c, const Real *law) {
    OracleCutRow row = {0};
    int size = c->cut_nodes, rest = c->nodes - size;
    Real *derivative = law_derivative(c, law), edges = 2 * (Real)size * rest;
    Real h_s = part_entropy(c, law, law, size), h_rest = part_entropy(c, law, law, rest);
    Real h = part_entropy(c, law, law, c->nodes);
    row.mutual_information = (OracleValue){h_s + h_rest - h, h_s + h_rest + h};
    row.mutual_information_rate.value = part_entropy(c, law, derivative, size) +
                                        part_entropy(c, law, derivative, rest) -
                                        part_entropy(c, law, derivative, c->nodes);
    add_copies(c, law, edges, &row.entropy_production, &row.environment_entropy_flow);
    add_side(c, law, size, &row);
    add_side(c, law, rest, &row);
    row.capacity.value = row.capacity.scale = edges * c->rate;
    row.flow_bound.value = row.flow_bound.scale = edges * c->rate * oracle_copy_information(c->drive);
    free(derivative);
    return row;
}

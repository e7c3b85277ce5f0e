/* Means and pair moments of z_i = 1 - 2 x_i, at any number of nodes.
 *
 * z_j flips sign at rate r_j, so d<z_j>/dt = -2 <z_j r_j> and d<z_a z_b>/dt = -2 <z_a z_b (r_a + r_b)>. A
 * flip contributes (up + down)/2 + z_j (up - down)/2 to r_j and a copy i -> j contributes beta (1 + k)/2 -
 * beta (1 - k)/2 z_i z_j, k = e^-F. As z_j^2 = 1, no moment of higher order appears. */
#include "oracle.h"

#include <math.h>
#include <stdlib.h>

size_t oracle_moment_count(int nodes) {
    return (size_t)nodes + (size_t)nodes * (size_t)(nodes - 1) / 2;
}

/* Place of <z_a z_b>, a != b. */
static size_t pair_place(int nodes, int a, int b) {
    int low = a < b ? a : b, high = a < b ? b : a;
    size_t place = (size_t)nodes;
    for (int row = 0; row < low; row++)
        place += (size_t)(nodes - 1 - row);
    return place + (size_t)(high - low - 1);
}

void oracle_moments_of(int nodes, const double *p, Real *out) {
    size_t states = (size_t)1 << nodes;
    for (size_t place = 0; place < oracle_moment_count(nodes); place++)
        out[place] = 0;
    for (size_t s = 0; s < states; s++)
        for (int a = 0; a < nodes; a++) {
            int z = s >> a & 1 ? -1 : 1;
            out[a] += z * (Real)p[s];
            for (int b = a + 1; b < nodes; b++)
                out[pair_place(nodes, a, b)] += z * (s >> b & 1 ? -1 : 1) * (Real)p[s];
        }
}

/* Add -2 <w z_j r_j> to row `row`, where w is 1 (other < 0) or z_other. `matrix` acts on (moments, 1). */
static void add_flips_of(const OracleNetwork *network, Real *matrix, size_t row, int other, int j) {
    size_t one = oracle_moment_count(network->nodes), width = one + 1;
    Real *entries = matrix + row * width;
    size_t self = other < 0 ? (size_t)j : pair_place(network->nodes, other, j); /* <w z_j> */
    size_t alone = other < 0 ? one : (size_t)other;                             /* <w> */
    Real up = network->flip_up[j], down = network->flip_down[j];
    entries[self] -= up + down;
    entries[alone] -= up - down;
    for (size_t edge = 0; edge < network->edge_count; edge++) {
        if (network->target[edge] != j)
            continue;
        int i = network->source[edge];
        Real beta = network->rate[edge], k = expl(-(Real)network->drive[edge]);
        size_t with_source = i == other ? one : other < 0 ? (size_t)i : pair_place(network->nodes, other, i);
        entries[self] -= beta * (1 + k);
        entries[with_source] += beta * (1 - k);
    }
}

/* d(moments, 1)/dt = matrix (moments, 1); the last row is 0. The caller frees it. */
static Real *moment_matrix(const OracleNetwork *network) {
    size_t width = oracle_moment_count(network->nodes) + 1;
    Real *matrix = oracle_allocate(width * width, sizeof(Real));
    for (int a = 0; a < network->nodes; a++) {
        add_flips_of(network, matrix, (size_t)a, -1, a);
        for (int b = a + 1; b < network->nodes; b++) {
            size_t row = pair_place(network->nodes, a, b);
            add_flips_of(network, matrix, row, a, b);
            add_flips_of(network, matrix, row, b, a);
        }
    }
    return matrix;
}

void oracle_moments_at(const OracleNetwork *network, const Real *start, Real t, Real *out) {
    size_t count = oracle_moment_count(network->nodes), width = count + 1;
    Real *matrix = moment_matrix(network), *evolution = oracle_allocate(width * width, sizeof(Real));
    oracle_exponential_general(width, matrix, t, evolution);
    for (size_t row = 0; row < count; row++) {
        out[row] = evolution[row * width + count];
        for (size_t column = 0; column < count; column++)
            out[row] += evolution[row * width + column] * start[column];
    }
    free(evolution);
    free(matrix);
}

void oracle_moments_stationary(const OracleNetwork *network, Real *out) {
    size_t count = oracle_moment_count(network->nodes), width = count + 1;
    Real *matrix = moment_matrix(network), *square = oracle_allocate(count * count, sizeof(Real));
    for (size_t row = 0; row < count; row++) {
        for (size_t column = 0; column < count; column++)
            square[row * count + column] = matrix[row * width + column];
        out[row] = -matrix[row * width + count];
    }
    if (!oracle_solve(count, square, out))
        abort();
    free(square);
    free(matrix);
}

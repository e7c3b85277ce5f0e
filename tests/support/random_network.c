#include "random_network.h"

#include <math.h>
#include <stdlib.h>

TestRandom test_random(uint64_t seed) {
    return (TestRandom){seed, 0};
}

/* splitmix64 of seed and counter. */
uint64_t test_random_bits(TestRandom *random) {
    uint64_t z =
        random->seed * UINT64_C(0xD1342543DE82EF95) + ++random->counter * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

double test_random_uniform(TestRandom *random) {
    return ((double)(test_random_bits(random) >> 12) + 0.5) * 0x1p-52;
}

double test_random_log(TestRandom *random, double low, double high) {
    return low * pow(high / low, test_random_uniform(random));
}

size_t test_random_below(TestRandom *random, size_t count) {
    return test_random_bits(random) % count;
}

TestNetwork test_network_empty(int nodes) {
    size_t n = (size_t)nodes;
    TestNetwork network = {.nodes = nodes};
    network.source = oracle_allocate(n * n, sizeof(int));
    network.target = oracle_allocate(n * n, sizeof(int));
    network.rate = oracle_allocate(n * n, sizeof(double));
    network.drive = oracle_allocate(n * n, sizeof(double));
    network.flip_up = oracle_allocate(n, sizeof(double));
    network.flip_down = oracle_allocate(n, sizeof(double));
    test_network_set_flips(&network, 1, 1);
    return network;
}

void test_network_add(TestNetwork *network, int source, int target, double rate, double drive) {
    size_t edge = network->edge_count++;
    network->source[edge] = source;
    network->target[edge] = target;
    network->rate[edge] = rate;
    network->drive[edge] = drive;
}

static double random_drive(TestRandom *random, TestDrives drives) {
    size_t kind = drives == TEST_DRIVES_FINITE ? 3 : test_random_below(random, 8);
    switch (kind) {
    case 0:
        return 0;
    case 1:
        return 745 + 400 * test_random_uniform(random);
    case 2:
        return INFINITY;
    default:
        return 8 * test_random_uniform(random);
    }
}

TestNetwork test_network_random(TestRandom *random, int nodes, double density, double slow, double fast,
                                TestDrives drives) {
    TestNetwork network = test_network_empty(nodes);
    for (int i = 0; i < nodes; i++) {
        network.flip_up[i] = test_random_log(random, slow, fast);
        network.flip_down[i] = test_random_log(random, slow, fast);
        for (int j = 0; j < nodes; j++) {
            if (i == j || test_random_uniform(random) > density)
                continue;
            double rate = test_random_log(random, slow, fast);
            test_network_add(&network, i, j, rate, random_drive(random, drives));
        }
    }
    return network;
}

TestNetwork test_network_complete(int nodes, double rate, double drive) {
    TestNetwork network = test_network_empty(nodes);
    for (int i = 0; i < nodes; i++)
        for (int j = 0; j < nodes; j++)
            if (i != j)
                test_network_add(&network, i, j, rate, drive);
    return network;
}

TestNetwork test_network_ring(int nodes, double rate, double drive) {
    TestNetwork network = test_network_empty(nodes);
    for (int i = 0; i < nodes; i++)
        test_network_add(&network, i, (i + 1) % nodes, rate, drive);
    return network;
}

void test_network_set_flips(TestNetwork *network, double up, double down) {
    for (int i = 0; i < network->nodes; i++) {
        network->flip_up[i] = up;
        network->flip_down[i] = down;
    }
}

void test_network_free(TestNetwork *network) {
    free(network->source);
    free(network->target);
    free(network->rate);
    free(network->drive);
    free(network->flip_up);
    free(network->flip_down);
}

OracleNetwork test_network_oracle(const TestNetwork *network) {
    return (OracleNetwork){network->nodes, network->edge_count, network->source,  network->target,
                           network->rate,  network->drive,      network->flip_up, network->flip_down};
}

EpnetPoint test_network_point(const TestNetwork *network) {
    return (EpnetPoint){network->flip_up, network->flip_down, network->rate, network->drive, 0};
}

EpnetProblem test_network_problem(const TestNetwork *network, const double *initial) {
    return (EpnetProblem){.nodes = network->nodes,
                          .edge_count = network->edge_count,
                          .source = network->source,
                          .target = network->target,
                          .initial = initial,
                          .kind = EPNET_TRAJECTORY,
                          .method = EPNET_CHEBYSHEV,
                          .tolerance = 1e-9};
}

double *test_law_random(TestRandom *random, size_t states, double empty) {
    double *p = oracle_allocate(states, sizeof(double)), sum = 0;
    size_t kept = test_random_below(random, states);
    for (size_t s = 0; s < states; s++) {
        bool is_empty = test_random_uniform(random) < empty && s != kept;
        p[s] = is_empty ? 0 : test_random_log(random, 1e-4, 1);
        sum += p[s];
    }
    for (size_t s = 0; s < states; s++)
        p[s] /= sum;
    return p;
}

double *test_law_pure(size_t states, size_t state) {
    double *p = oracle_allocate(states, sizeof(double));
    p[state] = 1;
    return p;
}

double *test_law_uniform(size_t states) {
    double *p = oracle_allocate(states, sizeof(double));
    for (size_t s = 0; s < states; s++)
        p[s] = 1 / (double)states;
    return p;
}

Real *test_law_widen(const double *p, size_t states) {
    Real *wide = oracle_allocate(states, sizeof(Real));
    for (size_t s = 0; s < states; s++)
        wide[s] = p[s];
    return wide;
}

/* Seeded random networks, laws and problems for tests: asymmetric in everything, so that no mix-up of
 * indices, directions or signs can pass. */
#ifndef EPNET_TESTS_RANDOM_NETWORK_H
#define EPNET_TESTS_RANDOM_NETWORK_H

#include "backend.h"
#include "oracle.h"

/* A counter-based generator: the k-th number of a seed is a hash of both. */
typedef struct TestRandom {
    uint64_t seed, counter;
} TestRandom;

TestRandom test_random(uint64_t seed);
uint64_t test_random_bits(TestRandom *random);
double test_random_uniform(TestRandom *random);                      /* in (0, 1) */
double test_random_log(TestRandom *random, double low, double high); /* log-uniform in (low, high) */
size_t test_random_below(TestRandom *random, size_t count);          /* 0 .. count - 1 */

/* Which drives an edge may draw. */
typedef enum TestDrives {
    TEST_DRIVES_FINITE, /* uniform in (0, 8) */
    TEST_DRIVES_MIXED   /* 0, (0, 8), beyond 745 (exp(-F) underflows in double), inf */
} TestDrives;

typedef struct TestNetwork {
    int nodes;
    size_t edge_count;
    int *source, *target;
    double *rate, *drive, *flip_up, *flip_down;
} TestNetwork;

/* Every directed pair is an edge with probability `density`; rates and flips are log-uniform in [slow, fast].
 */
TestNetwork test_network_random(TestRandom *random, int nodes, double density, double slow, double fast,
                                TestDrives drives);
/* No edges, flips of 1: for networks that a test fills itself. */
TestNetwork test_network_empty(int nodes);
void test_network_add(TestNetwork *network, int source, int target, double rate, double drive);
/* Every link of a complete graph or a directed ring 0 -> 1 -> ... -> 0, one rate and drive. */
TestNetwork test_network_complete(int nodes, double rate, double drive);
TestNetwork test_network_ring(int nodes, double rate, double drive);
void test_network_set_flips(TestNetwork *network, double up, double down);
void test_network_free(TestNetwork *network);

/* The same network as the oracle and as the engine know it; both borrow. */
OracleNetwork test_network_oracle(const TestNetwork *network);
EpnetPoint test_network_point(const TestNetwork *network);
/* A problem over the network: chebyshev at 1e-9, no cut, no times, `initial` borrowed. */
EpnetProblem test_network_problem(const TestNetwork *network, const double *initial);

/* A random law of `states` states; a state is empty with probability `empty` (one at least is not). */
double *test_law_random(TestRandom *random, size_t states, double empty);
double *test_law_pure(size_t states, size_t state);
double *test_law_uniform(size_t states);
/* The same numbers in long double. */
Real *test_law_widen(const double *p, size_t states);

#endif

/* Stationary laws against direct elimination in long double (N <= 10), and by their residual up to N = 20.
 * EPNET_TEST_LONG=1 adds networks and sizes. */
#include "support/check.h"
#include "support/engine.h"

#include <math.h>
#include <stdlib.h>

/* Compare with the oracle: |pi - exact|_1, and pL = 0 to 1e-13 Lambda. Returns the distance. */
static double check_law(const TestNetwork *network, double within) {
    OracleNetwork oracle = test_network_oracle(network);
    OracleChain chain = oracle_chain(&oracle);
    Real *exact = oracle_allocate(chain.states, sizeof(Real));
    double *pi = oracle_allocate(chain.states, sizeof(double)), residual;
    assert_true(oracle_chain_stationary(&chain, exact));
    assert_int_equal(test_stationary(network, pi, &residual), EPNET_POINT_OK);
    assert_true(residual <= 1e-13);
    double distance = test_distance(chain.states, pi, exact);
    check_near(distance, 0, within, "stationary law");
    for (size_t s = 0; s < chain.states; s++)
        assert_int_equal(pi[s] > 0, exact[s] > 0);
    free(pi);
    free(exact);
    oracle_chain_free(&chain);
    return distance;
}

static void agrees_with_elimination(void **state) {
    (void)state;
    TestRandom random = test_random(301);
    for (int nodes = 1; nodes <= 10; nodes++) {
        int trials = nodes <= 7 ? 30 : nodes < 10 ? 6 : check_long() ? 20 : 2;
        double worst = 0;
        for (int trial = 0; trial < trials; trial++) {
            TestNetwork network = test_network_random(&random, nodes, 0.5, 1e-2, 1e2, TEST_DRIVES_MIXED);
            worst = fmax(worst, check_law(&network, nodes <= 7 ? 1e-14 : 1e-12));
            test_network_free(&network);
        }
        print_message("N = %d: worst distance %.3g\n", nodes, worst);
    }
}

static void scale_copies(TestNetwork *network, double copy_total) {
    double total = 0;
    for (size_t edge = 0; edge < network->edge_count; edge++)
        total += network->rate[edge];
    for (size_t edge = 0; edge < network->edge_count; edge++)
        network->rate[edge] *= copy_total / total;
}

/* copy_total up to 1e4 times the flips: nearly all nodes agree, and the chain is slow between two states. */
static void bears_strong_coupling(void **state) {
    (void)state;
    TestRandom random = test_random(302);
    for (int nodes = 2; nodes <= 10; nodes++)
        for (int trial = 0; trial < (nodes < 9 ? 6 : 2); trial++) {
            TestNetwork network = test_network_random(&random, nodes, 0.7, 0.5, 2, TEST_DRIVES_MIXED);
            scale_copies(&network, 1e4);
            if (trial % 2 == 1)
                for (int j = 0; j < nodes; j++)
                    network.flip_up[j] = 1e-6 * (j + 1);
            check_law(&network, nodes <= 7 ? 1e-14 : 1e-11);
            test_network_free(&network);
        }
}

/* Every entry, not just their sum: elimination without subtraction is accurate entry by entry, and beyond it
 * the last sweeps leave each entry its digits. */
static void small_entries_are_accurate(void **state) {
    (void)state;
    TestRandom random = test_random(303);
    for (int nodes = 2; nodes <= 9; nodes++) {
        TestNetwork network = test_network_random(&random, nodes, 0.6, 1e-2, 1e2, TEST_DRIVES_FINITE);
        for (int j = 0; j < nodes; j++)
            network.flip_down[j] *= 1e6;
        OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        Real exact[512];
        double pi[512], residual;
        assert_true(oracle_chain_stationary(&chain, exact));
        assert_int_equal(test_stationary(&network, pi, &residual), EPNET_POINT_OK);
        for (size_t s = 0; s < chain.states; s++)
            check_near(pi[s], exact[s], (nodes <= 7 ? 1e-13L : 1e-12L) * exact[s],
                       "entry of the stationary law");
        oracle_chain_free(&chain);
        test_network_free(&network);
    }
}

/* Entries far below rounding of the largest, in networks too large for elimination: positive all the same. */
static void tiny_entries_stay_positive(void **state) {
    (void)state;
    TestRandom random = test_random(306);
    for (int nodes = 8; nodes <= 10; nodes++) {
        TestNetwork network = test_network_random(&random, nodes, 0.4, 1e-6, 1e-4, TEST_DRIVES_FINITE);
        for (int j = 0; j < nodes; j++)
            network.flip_down[j] = 5 + j;
        check_law(&network, 1e-12);
        test_network_free(&network);
    }
}

/* Nodes a million times faster than others, whose states are rare: a residual that is small beside the
 * fastest rate says nothing. The law is right, or not taken for one. */
static void rare_fast_states(void **state) {
    (void)state;
    static const struct {
        double rate, flips;
    } cases[] = {{1e4, 1e-4}, {1e6, 1e-4}, {1e4, 1e-2}, {1e2, 1e-4}, {1e4, 1}, {1, 1}};
    size_t solved = 0;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        TestNetwork network = test_network_complete(8, cases[k].rate, 20);
        for (size_t e = 0; e < network.edge_count; e++)
            network.rate[e] *= network.target[e] < 2 ? 1e6 : 1;
        for (int j = 0; j < 8; j++) {
            network.flip_up[j] = cases[k].flips * (1 + 0.1 * j);
            network.flip_down[j] = cases[k].flips * (1.3 - 0.05 * j);
        }
        OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        Real exact[256];
        double pi[256], residual;
        assert_true(oracle_chain_stationary(&chain, exact));
        const EpnetPointStatus status = test_stationary(&network, pi, &residual);
        assert_true(status == EPNET_POINT_OK || status == EPNET_POINT_NOT_CONVERGED);
        solved += status == EPNET_POINT_OK;
        print_message("rate %g, flips %g: status %d, distance %.3g\n", cases[k].rate, cases[k].flips, status,
                      test_distance(256, pi, exact));
        if (status == EPNET_POINT_OK)
            check_near(test_distance(256, pi, exact), 0, 1e-6, "stationary law");
        oracle_chain_free(&chain);
        test_network_free(&network);
    }
    assert_true(solved > 0);
}

/* Absorbing states, transient states, and laws that are not unique. */
static void structure_is_respected(void **state) {
    (void)state;
    TestRandom random = test_random(304);
    int unique = 0, several = 0;
    for (int trial = 0; trial < 400; trial++) {
        int nodes = 1 + (int)test_random_below(&random, 8);
        TestNetwork network = test_network_random(&random, nodes, 0.5, 1e-1, 1e1, TEST_DRIVES_FINITE);
        for (size_t edge = 0; edge < network.edge_count; edge++)
            if (test_random_below(&random, 3) > 0)
                network.drive[edge] = INFINITY;
        for (int j = 0; j < nodes; j++) {
            network.flip_up[j] *= test_random_below(&random, 4) == 0;
            network.flip_down[j] *= test_random_below(&random, 4) == 0;
        }
        OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        Real exact[256];
        double pi[256], residual;
        if (oracle_chain_stationary(&chain, exact)) {
            unique++;
            check_law(&network, 1e-12);
        } else {
            several++;
            assert_int_equal(test_stationary(&network, pi, &residual), EPNET_POINT_NOT_UNIQUE);
        }
        oracle_chain_free(&chain);
        test_network_free(&network);
    }
    assert_true(unique > 40 && several > 40);
}

/* No flips: all nodes equal is absorbing twice over. Flips up alone: everything ends in all ones. */
static void chains_without_flips_are_refused(void **state) {
    (void)state;
    for (int nodes = 2; nodes <= 10; nodes += 4) {
        TestNetwork network = test_network_complete(nodes, 0.3, INFINITY);
        EpnetProblem problem = test_network_problem(&network, NULL);
        EpnetPoint point = test_network_point(&network);
        double *pi = oracle_allocate((size_t)1 << nodes, sizeof(double)), residual;
        test_network_set_flips(&network, 0, 0);
        problem.kind = EPNET_STATIONARY;
        TestRows rows = test_rows(&problem, &point, 1, 1);
        assert_int_equal(rows.rows.status[0], EPNET_POINT_NOT_UNIQUE);
        for (size_t c = 0; c < rows.width; c++)
            assert_true(isnan(rows.rows.last[c]));
        test_rows_free(&rows);
        test_network_set_flips(&network, 1e-3, 0);
        assert_int_equal(test_stationary(&network, pi, &residual), EPNET_POINT_OK);
        assert_true(pi[((size_t)1 << nodes) - 1] == 1);
        free(pi);
        test_network_free(&network);
    }
}

/* The residual, positive entries, and every mean and pair moment against the closed equations for them. */
static void check_large(const TestNetwork *network) {
    const int nodes = network->nodes;
    OracleNetwork oracle = test_network_oracle(network);
    double *pi = oracle_allocate((size_t)1 << nodes, sizeof(double)), residual;
    Real moments[210], expected[210];
    assert_int_equal(test_stationary(network, pi, &residual), EPNET_POINT_OK);
    assert_true(residual <= 1e-13);
    oracle_moments_of(nodes, pi, moments);
    oracle_moments_stationary(&oracle, expected);
    for (size_t m = 0; m < oracle_moment_count(nodes); m++)
        check_near(moments[m], expected[m], 1e-11L, "stationary moment");
    for (size_t s = 0; s < (size_t)1 << nodes; s++)
        assert_true(pi[s] > 0);
    free(pi);
}

static void large_networks_converge(void **state) {
    (void)state;
    TestRandom random = test_random(305);
    const int sizes[] = {11, 13, 16, 18};
    const int trials[] = {4, 3, 2, 1};
    for (size_t k = 0; k < (CHECK_SANITIZED ? 3 : 4); k++)
        for (int trial = 0; trial < trials[k] * (check_long() ? 5 : 1); trial++) {
            TestNetwork network = test_network_random(&random, sizes[k], 0.3, 0.1, 10, TEST_DRIVES_MIXED);
            check_large(&network);
            test_network_free(&network);
            network = test_network_random(&random, sizes[k], 0.2, 0.5, 2, TEST_DRIVES_MIXED);
            scale_copies(&network, 1e4);
            check_large(&network);
            test_network_free(&network);
            network = test_network_ring(sizes[k], 1e4 / sizes[k], INFINITY);
            network.flip_up[trial % sizes[k]] = 1e-6;
            check_large(&network);
            test_network_free(&network);
        }
    if (CHECK_SANITIZED)
        return;
    TestNetwork network = test_network_random(&random, 20, 0.3, 0.1, 10, TEST_DRIVES_MIXED);
    check_large(&network);
    test_network_free(&network);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_elimination),
        cmocka_unit_test(bears_strong_coupling),
        cmocka_unit_test(small_entries_are_accurate),
        cmocka_unit_test(tiny_entries_stay_positive),
        cmocka_unit_test(rare_fast_states),
        cmocka_unit_test(structure_is_respected),
        cmocka_unit_test(chains_without_flips_are_refused),
        cmocka_unit_test(large_networks_converge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

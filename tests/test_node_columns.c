/* The columns that carry statements 4 and 9 of docs/theory.md: node_divergence_rate and flip_divergence,
 * against the oracle, and the statements through them. */
#include "support/check.h"
#include "support/engine.h"

#include <math.h>
#include <stdlib.h>

static const Real WITHIN = 1e-12L;

/* Law of node i relaxing alone with these two rates. */
static void node_law(Real up, Real down, Real law[2]) {
    law[0] = down / (up + down);
    law[1] = up / (up + down);
}

/* D(p || product of the nodes' laws). */
static Real divergence_from(const OracleChain *chain, const Real *p, Real (*laws)[2]) {
    Real *product = oracle_allocate(chain->states, sizeof(Real));
    for (size_t s = 0; s < chain->states; s++) {
        product[s] = 1;
        for (int i = 0; i < chain->nodes; i++)
            product[s] *= laws[i][s >> i & 1];
    }
    Real divergence = oracle_divergence(chain->states, p, product);
    free(product);
    return divergence;
}

/* Sum over the nodes of d/dt D(p_i || law_i). */
static OracleValue node_divergence_rate(const OracleChain *chain, const Real *p, Real (*laws)[2]) {
    OracleValue sum = {0, 0};
    Real *dp = oracle_allocate(chain->states, sizeof(Real)),
         *gross = oracle_allocate(chain->states, sizeof(Real));
    oracle_derivative(chain, p, dp, gross);
    for (int i = 0; i < chain->nodes; i++) {
        Real law[2], change[2], moved[2];
        oracle_marginal(chain, p, (size_t)1 << i, law);
        oracle_marginal(chain, dp, (size_t)1 << i, change);
        oracle_marginal(chain, gross, (size_t)1 << i, moved);
        for (int x = 0; x < 2; x++) {
            sum.value += change[x] * logl(law[x] / laws[i][x]);
            sum.scale += moved[x] * (fabsl(logl(law[x])) + fabsl(logl(laws[i][x])));
        }
    }
    free(gross);
    free(dp);
    return sum;
}

/* Statement 4 where it applies: no copies (every third network), else F = 0 on every edge. */
static void nodes_relax_to_their_product_law(void **state) {
    (void)state;
    TestRandom random = test_random(801);
    for (int trial = 0; trial < 60; trial++) {
        TestNetwork network = test_network_random(&random, 1 + trial % 6, 0.7, 1e-2, 1e2, TEST_DRIVES_FINITE);
        const size_t n = (size_t)1 << network.nodes;
        Real laws[6][2];
        for (size_t e = 0; e < network.edge_count; e++)
            network.drive[e] = 0;
        network.edge_count = trial % 3 == 0 ? 0 : network.edge_count;
        for (int i = 0; i < network.nodes; i++) {
            Real copies = 0;
            for (size_t e = 0; e < network.edge_count; e++)
                copies += network.target[e] == i ? network.rate[e] : 0;
            node_law(network.flip_up[i] + copies, network.flip_down[i] + copies, laws[i]);
        }
        double *p = test_law_random(&random, n, 0), *row = test_row_of(&network, p, NULL, 0);
        Real *wide = test_law_widen(p, n);
        OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        const OracleValue expected = node_divergence_rate(&chain, wide, laws);
        const OracleRow all = oracle_row(&chain, wide);
        check_near(row[EPNET_NODE_DIVERGENCE_RATE], expected.value, WITHIN * expected.scale,
                   "node_divergence_rate");
        check_near((Real)row[EPNET_MULTIINFORMATION_RATE] + row[EPNET_ENTROPY_PRODUCTION],
                   -(Real)row[EPNET_NODE_DIVERGENCE_RATE],
                   WITHIN * (all.multiinformation_rate.scale + all.entropy_production.scale), "statement 4");
        oracle_chain_free(&chain);
        free(wide);
        free(row);
        free(p);
        test_network_free(&network);
    }
}

/* One driven edge of positive rate anywhere, or a node whose law is a corner: there is no such law. */
static void no_product_law_with_driven_copies(void **state) {
    (void)state;
    const double p[4] = {0.1, 0.2, 0.3, 0.4};
    TestNetwork network = test_network_complete(2, 1, 0);
    double *row = test_row_of(&network, p, NULL, 0);
    assert_true(isfinite(row[EPNET_NODE_DIVERGENCE_RATE]));
    free(row);
    network.drive[1] = 1e-9;
    row = test_row_of(&network, p, NULL, 0);
    assert_true(isnan(row[EPNET_NODE_DIVERGENCE_RATE]));
    free(row);
    network.rate[1] = 0; /* copies that do not happen have no drive */
    row = test_row_of(&network, p, NULL, 0);
    assert_true(isfinite(row[EPNET_NODE_DIVERGENCE_RATE]));
    free(row);
    network.flip_up[0] = 0;
    row = test_row_of(&network, p, NULL, 0);
    assert_true(isnan(row[EPNET_NODE_DIVERGENCE_RATE]));
    free(row);
    test_network_free(&network);
}

/* D(p || flips alone), whatever the copies; empty states count nothing. */
static void divergence_from_the_flips(void **state) {
    (void)state;
    TestRandom random = test_random(802);
    for (int trial = 0; trial < 80; trial++) {
        TestNetwork network = test_network_random(&random, 1 + trial % 6, 0.7, 1e-2, 1e2, TEST_DRIVES_MIXED);
        const size_t n = (size_t)1 << network.nodes;
        Real laws[6][2];
        for (int i = 0; i < network.nodes; i++)
            node_law(network.flip_up[i], network.flip_down[i], laws[i]);
        double *p = test_law_random(&random, n, trial % 2 ? 0.5 : 0),
               *row = test_row_of(&network, p, NULL, 0);
        Real *wide = test_law_widen(p, n);
        OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        const Real expected = divergence_from(&chain, wide, laws);
        check_near(row[EPNET_FLIP_DIVERGENCE], expected, WITHIN * (1 + expected), "flip_divergence");
        oracle_chain_free(&chain);
        free(wide);
        free(row);
        free(p);
        test_network_free(&network);
    }
}

static void flips_of_rate_zero(void **state) {
    (void)state;
    const double p[4] = {0.1, 0.2, 0.3, 0.4}, corner[4] = {0, 0.3, 0, 0.7};
    TestNetwork network = test_network_complete(2, 1, 2);
    network.flip_down[0] = 0; /* its law is 1, so any 0 is infinitely far */
    double *row = test_row_of(&network, p, NULL, 0);
    assert_true(row[EPNET_FLIP_DIVERGENCE] == INFINITY);
    free(row);
    row = test_row_of(&network, corner, NULL, 0);
    check_near(row[EPNET_FLIP_DIVERGENCE], 0.3L * logl(0.6L) + 0.7L * logl(1.4L), 1e-15L, "in the corner");
    free(row);
    network.flip_up[0] = 0; /* no flips, no law */
    row = test_row_of(&network, p, NULL, 0);
    assert_true(isnan(row[EPNET_FLIP_DIVERGENCE]));
    free(row);
    test_network_free(&network);
}

/* From a pure state entropies rise without bound at first. */
static void entropy_rates_of_a_pure_state(void **state) {
    (void)state;
    TestNetwork network = test_network_complete(3, 0.7, 1);
    double *pure = test_law_pure(8, 5), *row = test_row_of(&network, pure, NULL, 0);
    assert_true(row[EPNET_ENTROPY_RATE] == INFINITY && row[EPNET_NODE_ENTROPY_RATE] == INFINITY);
    assert_true(row[EPNET_MULTIINFORMATION_RATE] == 0);
    free(row);
    free(pure);
    test_network_free(&network);
}

/* Statement 9 through its columns, and dH/dt = 0 at the stationary law. */
static void statement_nine(void **state) {
    (void)state;
    TestRandom random = test_random(803);
    for (int trial = 0; trial < 100; trial++) {
        TestNetwork network = test_network_random(&random, 2 + trial % 5, 0.7, 1e-2, 1e2, TEST_DRIVES_FINITE);
        EpnetProblem problem = test_network_problem(&network, NULL);
        EpnetPoint point = test_network_point(&network);
        problem.kind = EPNET_STATIONARY;
        TestRows rows = test_rows(&problem, &point, 1, 1);
        const double *row = rows.rows.last;
        Real decay = INFINITY;
        for (int i = 0; i < network.nodes; i++)
            decay = fminl(decay, oracle_node_decay(network.flip_up[i], network.flip_down[i]));
        const double slack = 1e-13;
        assert_true(row[EPNET_MULTIINFORMATION] <= row[EPNET_FLIP_DIVERGENCE] + slack);
        assert_true(row[EPNET_FLIP_DIVERGENCE] <=
                    row[EPNET_ENTROPY_PRODUCTION_CHANNELS] / (2 * (double)decay) * (1 + 1e-12) + slack);
        assert_true(fabs(row[EPNET_ENTROPY_RATE]) <= 1e-11 * row[EPNET_ACTIVITY]);
        assert_true(fabs(row[EPNET_NODE_ENTROPY_RATE]) <= 1e-11 * row[EPNET_ACTIVITY]);
        test_rows_free(&rows);
        test_network_free(&network);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_relax_to_their_product_law),
        cmocka_unit_test(no_product_law_with_driven_copies),
        cmocka_unit_test(divergence_from_the_flips),
        cmocka_unit_test(flips_of_rate_zero),
        cmocka_unit_test(entropy_rates_of_a_pure_state),
        cmocka_unit_test(statement_nine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

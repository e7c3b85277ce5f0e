/* The exact statements of docs/theory.md (4 to 9) and the ledger of every channel, on random networks and
 * laws. Identities hold to 1e-12 of the scale of their terms: the sum of flux times |logarithm|
 * (OracleValue.scale). */
#include "cpu/apply.h"
#include "cpu/observe.h"
#include "support/check.h"
#include "support/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const Real WITHIN = 1e-12L;

/* A random network with a random positive law, a random cut, and what engine and oracle say of them. */
typedef struct Case {
    TestNetwork network;
    OracleNetwork oracle;
    OracleChain chain;
    double *p, *row;
    Real *wide;
    uint64_t cut;
    OracleRow expected;
    OracleCutRow expected_cut;
} Case;

static Case make_case(TestRandom *random, TestNetwork network) {
    Case c = {.network = network};
    size_t n = (size_t)1 << network.nodes;
    c.oracle = test_network_oracle(&c.network);
    c.chain = oracle_chain(&c.oracle);
    c.p = test_law_random(random, n, 0);
    c.wide = test_law_widen(c.p, n);
    c.cut = 1 + test_random_below(random, n - 2);
    c.row = test_row_of(&c.network, c.p, &c.cut, 1);
    c.expected = oracle_row(&c.chain, c.wide);
    c.expected_cut = oracle_cut_row(&c.chain, &c.oracle, c.wide, (size_t)c.cut);
    return c;
}

static void free_case(Case *c) {
    free(c->row);
    free(c->wide);
    free(c->p);
    oracle_chain_free(&c->chain);
    test_network_free(&c->network);
}

static double cut_column(const Case *c, EpnetCutColumn column) {
    return c->row[EPNET_COLUMNS + (size_t)column];
}

static TestNetwork random_network(TestRandom *random, TestDrives drives) {
    return test_network_random(random, 2 + (int)test_random_below(random, 6), 0.6, 1e-2, 1e2, drives);
}

/* Every channel: EP = environment flow + dH/dt of that channel; channels add up to the network's columns,
 * nodes to entropy_production, and each agrees with the oracle's. */
static void ledger_closes_channel_by_channel(void **state) {
    (void)state;
    TestRandom random = test_random(501);
    for (int trial = 0; trial < 60; trial++) {
        Case c = make_case(&random, random_network(&random, TEST_DRIVES_FINITE));
        const size_t nodes = (size_t)c.network.nodes, n = c.chain.states;
        EpnetProblem problem = test_network_problem(&c.network, c.p);
        EpnetPoint point = test_network_point(&c.network);
        EpnetGenerator generator;
        EpnetObserver observer;
        double row[EPNET_COLUMNS], *dp = oracle_allocate(n, sizeof(double));
        assert_true(epnet_generator_alloc(&generator, c.network.nodes));
        assert_true(epnet_observer_alloc(&observer, &problem));
        epnet_generator_set(&generator, &problem, &point, NULL, true);
        epnet_cpu_apply(&generator, c.p, dp);
        epnet_observer_set(&observer, &generator);
        epnet_observe(&observer, c.p, dp, row);

        const EpnetChannelSums flips = epnet_observe_flips(&observer, c.p);
        double channels = flips.production, flow = flips.environment_flow;
        Real scale = 0;
        unsigned char *use = oracle_allocate(c.network.edge_count, 1);
        for (size_t edge = 0; edge < c.network.edge_count; edge++) {
            memset(use, 0, c.network.edge_count);
            use[edge] = 1;
            const EpnetChannelSums sums = epnet_observe_copies(&observer, use, c.p);
            OracleLedger ledger = oracle_channel_ledger(&c.chain, &c.chain.channels[nodes + edge], c.wide);
            Real size = ledger.environment_flow.scale + ledger.entropy_rate.scale;
            check_near(sums.production, sums.environment_flow + ledger.entropy_rate.value, WITHIN * size,
                       "EP = flow + dH/dt");
            check_near(sums.production, ledger.entropy_production.value,
                       WITHIN * ledger.entropy_production.scale, "EP of an edge");
            check_near(sums.environment_flow, ledger.environment_flow.value,
                       WITHIN * ledger.environment_flow.scale, "environment flow of an edge");
            channels += sums.production;
            flow += sums.environment_flow;
        }
        free(use);
        const Real entropy_rate = channels - flow;
        for (size_t channel = 0; channel < c.chain.channel_count; channel++)
            scale += oracle_channel_ledger(&c.chain, &c.chain.channels[channel], c.wide).entropy_rate.scale;
        check_near(channels, c.row[EPNET_ENTROPY_PRODUCTION_CHANNELS], WITHIN * channels, "sum of channels");
        check_near(flow, c.row[EPNET_ENVIRONMENT_ENTROPY_FLOW],
                   WITHIN * c.expected.environment_entropy_flow.scale, "sum of flows");
        check_near(entropy_rate, c.expected.entropy_rate.value,
                   WITHIN * (scale + c.expected.environment_entropy_flow.scale), "dH/dt over channels");
        double production = 0;
        for (int j = 0; j < c.network.nodes; j++) {
            OracleValue node = oracle_node_entropy_production(&c.chain, j, c.wide);
            double got = epnet_observe_node_production(&observer, c.p, j);
            check_near(got, node.value, WITHIN * node.scale, "EP of a node");
            production += got;
        }
        check_near(production, c.row[EPNET_ENTROPY_PRODUCTION], WITHIN * production, "sum over nodes");
        assert_true(c.row[EPNET_ENTROPY_PRODUCTION_CHANNELS] >= production * (1 - 1e-12));
        free(dp);
        epnet_observer_free(&observer);
        epnet_generator_free(&generator);
        free_case(&c);
    }
}

/* P(x_i = 1) of node i, and its rate. */
static void node_law(const Case *c, int i, Real *one, Real *rate) {
    Real *dp = oracle_allocate(c->chain.states, sizeof(Real)), law[2], change[2];
    oracle_derivative(&c->chain, c->wide, dp, NULL);
    oracle_marginal(&c->chain, c->wide, (size_t)1 << i, law);
    oracle_marginal(&c->chain, dp, (size_t)1 << i, change);
    *one = law[1];
    *rate = change[1];
    free(dp);
}

/* 4: without copies, or at F = 0 on every edge, dI/dt + EP = sum over nodes of -d/dt D(p_i || pi_i). */
static void product_laws_relax_node_by_node(void **state) {
    (void)state;
    TestRandom random = test_random(504);
    for (int trial = 0; trial < 60; trial++) {
        TestNetwork network = random_network(&random, TEST_DRIVES_FINITE);
        for (size_t edge = 0; edge < network.edge_count; edge++)
            network.drive[edge] = 0;
        if (trial % 3 == 0)
            network.edge_count = 0;
        Case c = make_case(&random, network);
        Real relaxation = 0, scale = c.expected.multiinformation_rate.scale;
        for (int i = 0; i < network.nodes; i++) {
            Real incoming = 0, one, rate;
            for (size_t edge = 0; edge < network.edge_count; edge++)
                incoming += network.target[edge] == i ? network.rate[edge] : 0;
            Real pi = (network.flip_up[i] + incoming) /
                      ((Real)network.flip_up[i] + network.flip_down[i] + 2 * incoming);
            node_law(&c, i, &one, &rate);
            relaxation -= rate * (logl(one / pi) - logl((1 - one) / (1 - pi)));
        }
        check_near(c.row[EPNET_MULTIINFORMATION_RATE] + c.row[EPNET_ENTROPY_PRODUCTION], relaxation,
                   WITHIN * (scale + c.expected.entropy_production.scale), "statement 4");
        free_case(&c);
    }
}

/* 5 and 6: the second laws of a cut and of the network. */
static void second_laws_are_identities(void **state) {
    (void)state;
    TestRandom random = test_random(505);
    for (int trial = 0; trial < 100; trial++) {
        Case c = make_case(&random, random_network(&random, TEST_DRIVES_FINITE));
        check_near(
            cut_column(&c, EPNET_CUT_INFORMATION_FLOW),
            (Real)cut_column(&c, EPNET_CUT_ENVIRONMENT_ENTROPY_FLOW) +
                cut_column(&c, EPNET_CUT_LOCAL_ENTROPY_RATE) - cut_column(&c, EPNET_CUT_ENTROPY_PRODUCTION),
            WITHIN * (c.expected_cut.information_flow.scale + c.expected_cut.environment_entropy_flow.scale),
            "statement 5");
        check_near(c.row[EPNET_MULTIINFORMATION_RATE],
                   c.expected.marginal_entropy_rate.value + c.row[EPNET_ENVIRONMENT_ENTROPY_FLOW] -
                       c.row[EPNET_ENTROPY_PRODUCTION_CHANNELS],
                   WITHIN *
                       (c.expected.multiinformation_rate.scale + c.expected.environment_entropy_flow.scale),
                   "statement 6");
        free_case(&c);
    }
}

/* 7: dI(S;Sc)/dt <= information flow <= sum of beta c(F) <= C_cut / e, and dI/dt <= the sum over all edges.
 */
static void capacity_theorem_holds(void **state) {
    (void)state;
    TestRandom random = test_random(507);
    for (int trial = 0; trial < 300; trial++) {
        Case c =
            make_case(&random, random_network(&random, trial % 2 ? TEST_DRIVES_MIXED : TEST_DRIVES_FINITE));
        Real slack = WITHIN * c.expected_cut.information_flow.scale, bound = 0;
        for (size_t edge = 0; edge < c.network.edge_count; edge++)
            bound += c.network.rate[edge] * oracle_copy_information(c.network.drive[edge]);
        double flow = cut_column(&c, EPNET_CUT_INFORMATION_FLOW),
               cut_bound = cut_column(&c, EPNET_CUT_FLOW_BOUND);
        assert_true(cut_column(&c, EPNET_CUT_MUTUAL_INFORMATION_RATE) <= flow + slack);
        assert_true(flow <= cut_bound + slack);
        assert_true(cut_bound <= cut_column(&c, EPNET_CUT_CAPACITY) * (double)expl(-1) * (1 + 1e-15));
        assert_true(c.row[EPNET_MULTIINFORMATION_RATE] <= bound + slack);
        free_case(&c);
    }
}

/* 7, sharp: one edge whose target is reset and whose source differs with probability 1/e; and two that
 * compete. */
static void capacity_is_reached(void **state) {
    (void)state;
    const uint64_t cut = 1;
    TestNetwork network = test_network_empty(2);
    test_network_set_flips(&network, 0, 0);
    test_network_add(&network, 0, 1, 3, INFINITY);
    const double reset[4] = {1 - exp(-1), exp(-1), 0, 0};
    double *row = test_row_of(&network, reset, &cut, 1);
    check_near(row[EPNET_COLUMNS + EPNET_CUT_INFORMATION_FLOW], 3 * expl(-1), 1e-15, "beta / e");
    check_near(row[EPNET_COLUMNS + EPNET_CUT_MUTUAL_INFORMATION_RATE], 3 * expl(-1), 1e-15, "beta / e");
    free(row);
    test_network_add(&network, 1, 0, 3, INFINITY);
    double largest = 0;
    for (int k = 1; k < 1000; k++) {
        const double apart = k / 1000.0, p[4] = {(1 - apart) / 2, apart / 2, apart / 2, (1 - apart) / 2};
        row = test_row_of(&network, p, &cut, 1);
        largest = fmax(largest, row[EPNET_COLUMNS + EPNET_CUT_MUTUAL_INFORMATION_RATE]);
        free(row);
    }
    check_near(largest / 6, 0.278465, 1e-6, "W(1/e)");
    test_network_free(&network);
}

static Real smallest_decay(const TestNetwork *network) {
    Real smallest = INFINITY;
    for (int i = 0; i < network->nodes; i++)
        smallest = fminl(smallest, oracle_node_decay(network->flip_up[i], network->flip_down[i]));
    return smallest;
}

/* 8: without copies dI/dt <= 0 and EP >= 2 min alpha I. */
static void information_leaks_without_copies(void **state) {
    (void)state;
    TestRandom random = test_random(508);
    for (int trial = 0; trial < 60; trial++) {
        TestNetwork network = random_network(&random, TEST_DRIVES_FINITE);
        network.edge_count = 0;
        Case c = make_case(&random, network);
        assert_true(c.row[EPNET_MULTIINFORMATION_RATE] <= 0);
        assert_true(c.row[EPNET_ENTROPY_PRODUCTION] >=
                    2 * (double)smallest_decay(&network) * c.row[EPNET_MULTIINFORMATION]);
        assert_true(c.row[EPNET_ENTROPY_PRODUCTION] == c.row[EPNET_ENTROPY_PRODUCTION_CHANNELS] ||
                    fabs(c.row[EPNET_ENTROPY_PRODUCTION] / c.row[EPNET_ENTROPY_PRODUCTION_CHANNELS] - 1) <
                        1e-12);
        free_case(&c);
    }
}

/* 9: at the stationary law I(S;Sc) <= I <= D(pi || pi_0) <= channels' EP / (2 min alpha); the total work is
 * the total environment flow. */
static void steady_state_energy_theorem_holds(void **state) {
    (void)state;
    TestRandom random = test_random(509);
    for (int trial = 0; trial < 150; trial++) {
        TestNetwork network = random_network(&random, TEST_DRIVES_FINITE);
        const size_t n = (size_t)1 << network.nodes;
        const uint64_t cut = 1 + test_random_below(&random, n - 2);
        EpnetProblem problem = test_network_problem(&network, NULL);
        EpnetPoint point = test_network_point(&network);
        double *pi = oracle_allocate(n, sizeof(double)), residual;
        Real *wide, *free_law = oracle_allocate(n, sizeof(Real));
        problem.kind = EPNET_STATIONARY;
        problem.cuts = &cut;
        problem.cut_count = 1;
        TestRows rows = test_rows(&problem, &point, 1, 1);
        const double *row = rows.rows.last;
        assert_int_equal(test_stationary(&network, pi, &residual), EPNET_POINT_OK);
        wide = test_law_widen(pi, n);
        for (size_t s = 0; s < n; s++) {
            free_law[s] = 1;
            for (int i = 0; i < network.nodes; i++)
                free_law[s] *= (s >> i & 1 ? network.flip_up[i] : network.flip_down[i]) /
                               ((Real)network.flip_up[i] + network.flip_down[i]);
        }
        double divergence = (double)oracle_divergence(n, wide, free_law);
        double production = row[EPNET_ENTROPY_PRODUCTION_CHANNELS], slack = 1e-13;
        assert_true(row[EPNET_COLUMNS + EPNET_CUT_MUTUAL_INFORMATION] <= row[EPNET_MULTIINFORMATION] + slack);
        assert_true(row[EPNET_MULTIINFORMATION] <= divergence + slack);
        assert_true(divergence <= production / (2 * (double)smallest_decay(&network)) + slack);
        check_near(production, row[EPNET_ENVIRONMENT_ENTROPY_FLOW], 1e-11L * row[EPNET_ACTIVITY], "work");
        assert_true(fabs(row[EPNET_MULTIINFORMATION_RATE]) <= 1e-11 * row[EPNET_ACTIVITY]);
        test_rows_free(&rows);
        free(free_law);
        free(wide);
        free(pi);
        test_network_free(&network);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ledger_closes_channel_by_channel),
        cmocka_unit_test(product_laws_relax_node_by_node),
        cmocka_unit_test(second_laws_are_identities),
        cmocka_unit_test(capacity_theorem_holds),
        cmocka_unit_test(capacity_is_reached),
        cmocka_unit_test(information_leaks_without_copies),
        cmocka_unit_test(steady_state_energy_theorem_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

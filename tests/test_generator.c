/* Rates, exit rates, assembled forms and pL of the engine against the oracle's channels, N = 1..8. */
#include "cpu/cpu_backend.h"
#include "generator.h"
#include "support/check.h"
#include "support/random_network.h"

#include <math.h>
#include <stdlib.h>

enum { TRIALS = 12 };

/* One random network as engine and oracle see it. */
typedef struct Fixture {
    TestNetwork network;
    OracleNetwork oracle;
    OracleChain chain;
    EpnetProblem problem;
    EpnetPoint point;
    EpnetGenerator generator;
} Fixture;

static void set_up(Fixture *f, TestNetwork network) {
    f->network = network;
    f->oracle = test_network_oracle(&f->network);
    f->chain = oracle_chain(&f->oracle);
    f->problem = test_network_problem(&f->network, NULL);
    f->point = test_network_point(&f->network);
    assert_true(epnet_generator_alloc(&f->generator, network.nodes));
    epnet_generator_set(&f->generator, &f->problem, &f->point, NULL, true);
}

static void tear_down(Fixture *f) {
    epnet_generator_free(&f->generator);
    oracle_chain_free(&f->chain);
    test_network_free(&f->network);
}

/* A network in which some flips and copies have rate 0. */
static TestNetwork with_zeros(TestRandom *random, int nodes) {
    TestNetwork network = test_network_random(random, nodes, 0.5, 1e-2, 1e2, TEST_DRIVES_MIXED);
    for (int j = 0; j < nodes; j++) {
        if (test_random_below(random, 2) == 0)
            network.flip_up[j] = 0;
        if (test_random_below(random, 3) == 0)
            network.flip_down[j] = 0;
    }
    for (size_t edge = 0; edge < network.edge_count; edge++)
        if (test_random_below(random, 4) == 0)
            network.rate[edge] = 0;
    return network;
}

static void check_rates(const Fixture *f) {
    const EpnetGenerator *g = &f->generator;
    Real largest = 0;
    bool any_impossible = false;
    for (size_t s = 0; s < f->chain.states; s++) {
        Real exit = 0;
        for (int j = 0; j < f->chain.nodes; j++) {
            Real rate = oracle_rate(&f->chain, j, s), log_rate = oracle_log_rate(&f->chain, j, s);
            exit += rate;
            any_impossible = any_impossible || isinf(log_rate);
            check_near(epnet_generator_rate(g, j, s), rate, 4e-15L * rate + 5e-324L, "rate");
            check_near(epnet_generator_log_rate(g, j, s), log_rate, 1e-14L * fmaxl(1, fabsl(log_rate)),
                       "log rate");
            assert_int_equal(epnet_generator_possible(g, j, s), !isinf(log_rate));
        }
        largest = fmaxl(largest, exit);
        check_near(g->exit[s], exit, 4e-15L * exit + 1e-320L, "exit rate");
    }
    check_near(g->exit_max, largest, 4e-15L * largest, "Lambda");
    assert_true(g->has_zero_rates || !any_impossible);
    assert_true(oracle_exit_max(&f->chain) == largest);
}

static void check_assembled(const Fixture *f) {
    const size_t n = f->chain.states, entries = n * (size_t)(f->chain.nodes + 1);
    Real *expected = oracle_generator(&f->chain);
    double *dense = oracle_allocate(n * n, sizeof(double)),
           *values = oracle_allocate(entries, sizeof(double));
    size_t *offsets = oracle_allocate(n + 1, sizeof(size_t)),
           *columns = oracle_allocate(entries, sizeof(size_t));
    epnet_generator_dense(&f->generator, dense);
    size_t count = epnet_generator_sparse(&f->generator, offsets, columns, values);
    assert_int_equal(offsets[0], 0);
    assert_int_equal(offsets[n], count);
    for (size_t s = 0; s < n; s++) {
        for (size_t t = 0; t < n; t++)
            check_near(dense[s * n + t], expected[s * n + t], 4e-15L * fabsl(expected[s * n + t]) + 5e-324L,
                       "dense entry");
        for (size_t k = offsets[s]; k < offsets[s + 1]; k++) {
            assert_true(k == offsets[s] || columns[k] > columns[k - 1]);
            assert_true(columns[k] == s || values[k] > 0);
            assert_true(values[k] == dense[s * n + columns[k]]);
            dense[s * n + columns[k]] = 0; /* what is left must be zero */
        }
        for (size_t t = 0; t < n; t++)
            assert_true(dense[s * n + t] == 0);
    }
    free(columns);
    free(offsets);
    free(values);
    free(dense);
    free(expected);
}

static void check_apply(const Fixture *f, TestRandom *random) {
    const size_t n = f->chain.states;
    double *p = test_law_random(random, n, 0.2), *q = oracle_allocate(n, sizeof(double));
    Real *wide = test_law_widen(p, n), *dp = oracle_allocate(n, sizeof(Real)),
         *gross = oracle_allocate(n, sizeof(Real));
    EpnetError error;
    void *context = NULL;
    assert_int_equal(epnet_cpu_backend.open(&f->problem, 0, 1, &context, &error), EPNET_OK);
    assert_int_equal(epnet_cpu_backend.apply(context, &f->point, p, q, &error), EPNET_OK);
    epnet_cpu_backend.close(context);
    oracle_derivative(&f->chain, wide, dp, gross);
    for (size_t s = 0; s < n; s++)
        check_near(q[s], dp[s], 1e-14L * gross[s] + 1e-320L, "pL");
    free(gross);
    free(dp);
    free(wide);
    free(q);
    free(p);
}

static void agrees_on_random_networks(void **state) {
    (void)state;
    TestRandom random = test_random(101);
    for (int nodes = 1; nodes <= 8; nodes++)
        for (int trial = 0; trial < TRIALS; trial++) {
            Fixture f;
            if (trial % 3 == 0)
                set_up(&f, with_zeros(&random, nodes));
            else
                set_up(&f, test_network_random(&random, nodes, 0.6, 1e-2, 1e2, TEST_DRIVES_MIXED));
            check_rates(&f);
            check_assembled(&f);
            check_apply(&f, &random);
            tear_down(&f);
        }
}

/* pL beyond the low-bit tables, where states are visited block by block. */
static void applies_beyond_one_block(void **state) {
    (void)state;
    TestRandom random = test_random(102);
    for (int nodes = 9; nodes <= 12; nodes++) {
        Fixture f;
        set_up(&f, test_network_random(&random, nodes, 0.3, 1e-2, 1e2, TEST_DRIVES_MIXED));
        check_apply(&f, &random);
        for (int sample = 0; sample < 200; sample++) {
            size_t s = test_random_below(&random, f.chain.states);
            int j = (int)test_random_below(&random, (size_t)nodes);
            Real rate = oracle_rate(&f.chain, j, s);
            check_near(epnet_generator_rate(&f.generator, j, s), rate, 4e-15L * rate, "rate");
        }
        tear_down(&f);
    }
}

/* The crossing channels of a cut alone: only edges in use, no flips. */
static void takes_a_part_of_the_channels(void **state) {
    (void)state;
    TestRandom random = test_random(103);
    for (int nodes = 2; nodes <= 6; nodes++) {
        Fixture f;
        set_up(&f, test_network_random(&random, nodes, 0.7, 1e-2, 1e2, TEST_DRIVES_MIXED));
        unsigned char *use = oracle_allocate(f.network.edge_count, 1);
        for (size_t edge = 0; edge < f.network.edge_count; edge++)
            use[edge] = test_random_below(&random, 2) == 1;
        epnet_generator_set(&f.generator, &f.problem, &f.point, use, false);
        for (size_t s = 0; s < f.chain.states; s++)
            for (int j = 0; j < nodes; j++) {
                Real rate = 0;
                bool possible = false;
                for (size_t c = (size_t)nodes; c < f.chain.channel_count; c++) {
                    const OracleChannel *channel = &f.chain.channels[c];
                    if (channel->node == j && use[channel->edge]) {
                        rate += channel->rate[s];
                        possible = possible || !isinf(channel->log_rate[s]);
                    }
                }
                check_near(epnet_generator_rate(&f.generator, j, s), rate, 4e-15L * rate + 5e-324L, "part");
                assert_int_equal(epnet_generator_possible(&f.generator, j, s), possible);
            }
        free(use);
        tear_down(&f);
    }
}

/* exp(-F) is 0 in double beyond F = 745, but the reverse stays possible and ln r is finite. */
static void survives_underflow(void **state) {
    (void)state;
    Fixture f;
    TestNetwork network = test_network_empty(2);
    test_network_set_flips(&network, 0, 0);
    test_network_add(&network, 0, 1, 3, 1e5);
    test_network_add(&network, 1, 0, 2, INFINITY);
    set_up(&f, network);
    assert_true(epnet_generator_rate(&f.generator, 1, 0) == 0);
    assert_true(epnet_generator_possible(&f.generator, 1, 0));
    check_near(epnet_generator_log_rate(&f.generator, 1, 0), logl(3) - 1e5L, 1e-10L, "ln r");
    assert_false(epnet_generator_possible(&f.generator, 0, 0));
    assert_true(epnet_generator_log_rate(&f.generator, 0, 0) == -INFINITY);
    assert_true(f.generator.has_zero_rates);
    tear_down(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_on_random_networks),
        cmocka_unit_test(applies_beyond_one_block),
        cmocka_unit_test(takes_a_part_of_the_channels),
        cmocka_unit_test(survives_underflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

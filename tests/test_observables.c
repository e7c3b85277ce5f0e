/* Every column against the oracle, on random laws: positive, with empty states, pure, stationary; any drive.
 * Tolerances are relative to the scale of the terms that a column is a sum of (OracleValue.scale). */
#include "support/check.h"
#include "support/compare.h"
#include "support/engine.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_CUTS = 4 };

static const Real WITHIN = 1e-12L;

/* Up to four random cuts, none of them empty or whole; none at all for one node. */
static size_t random_cuts(TestRandom *random, int nodes, uint64_t *cuts) {
    size_t proper = ((size_t)1 << nodes) - 2, count = nodes < 2 ? 0 : 1 + test_random_below(random, MAX_CUTS);
    for (size_t c = 0; c < count; c++)
        cuts[c] = 1 + test_random_below(random, proper);
    return count;
}

/* The row of p, and of a law whose entries are known better than double can hold them, `exact`. */
static void check_columns(const TestNetwork *network, const double *row, const Real *exact,
                          const uint64_t *cuts, size_t cut_count) {
    OracleNetwork oracle = test_network_oracle(network);
    OracleChain chain = oracle_chain(&oracle);
    compare_row(row, oracle_row(&chain, exact), WITHIN);
    for (size_t c = 0; c < cut_count; c++)
        compare_cut_row(row + EPNET_COLUMNS + c * EPNET_CUT_COLUMNS,
                        oracle_cut_row(&chain, &oracle, exact, (size_t)cuts[c]), WITHIN);
    oracle_chain_free(&chain);
}

static void check_law(const TestNetwork *network, const double *p, const uint64_t *cuts, size_t cut_count) {
    Real *exact = test_law_widen(p, (size_t)1 << network->nodes);
    double *row = test_row_of(network, p, cuts, cut_count);
    check_columns(network, row, exact, cuts, cut_count);
    free(row);
    free(exact);
}

/* Drives that underflow, on every edge: exp(-F) = 0 in double, but nothing may turn infinite. */
static void make_drives_huge(TestNetwork *network, TestRandom *random) {
    for (size_t edge = 0; edge < network->edge_count; edge++)
        network->drive[edge] = 700 + 300 * test_random_uniform(random);
}

static TestNetwork random_network(TestRandom *random, int nodes, int kind) {
    TestNetwork network = test_network_random(random, nodes, 0.6, 1e-2, 1e2,
                                              kind % 3 == 1 ? TEST_DRIVES_MIXED : TEST_DRIVES_FINITE);
    if (kind % 3 == 2)
        make_drives_huge(&network, random);
    return network;
}

static void columns_of_random_laws(void **state) {
    (void)state;
    TestRandom random = test_random(401);
    for (int nodes = 1; nodes <= 7; nodes++)
        for (int trial = 0; trial < 24; trial++) {
            TestNetwork network = random_network(&random, nodes, trial);
            size_t n = (size_t)1 << nodes;
            uint64_t cuts[MAX_CUTS];
            size_t cut_count = random_cuts(&random, nodes, cuts);
            double *positive = test_law_random(&random, n, 0), *holes = test_law_random(&random, n, 0.4);
            double *pure = test_law_pure(n, test_random_below(&random, n)), *uniform = test_law_uniform(n);
            check_law(&network, positive, cuts, cut_count);
            check_law(&network, holes, cuts, cut_count);
            check_law(&network, pure, cuts, cut_count);
            check_law(&network, uniform, cuts, cut_count);
            free(uniform);
            free(pure);
            free(holes);
            free(positive);
            test_network_free(&network);
        }
}

/* Flips and copies that cannot happen, at laws with empty states: every +inf, -inf and finite limit. */
static void columns_with_impossible_transitions(void **state) {
    (void)state;
    TestRandom random = test_random(402);
    for (int trial = 0; trial < 300; trial++) {
        int nodes = 1 + (int)test_random_below(&random, 5);
        TestNetwork network = random_network(&random, nodes, trial);
        size_t n = (size_t)1 << nodes;
        uint64_t cuts[MAX_CUTS];
        size_t cut_count = random_cuts(&random, nodes, cuts);
        for (int j = 0; j < nodes; j++) {
            network.flip_up[j] *= test_random_below(&random, 2) ? 1 : 0;
            network.flip_down[j] *= test_random_below(&random, 2) ? 1 : 0;
        }
        for (size_t edge = 0; edge < network.edge_count; edge++)
            network.rate[edge] *= test_random_below(&random, 3) ? 1 : 0;
        double *p = test_law_random(&random, n, trial % 4 * 0.3);
        check_law(&network, p, cuts, cut_count);
        free(p);
        test_network_free(&network);
    }
}

/* Laws with entries down to 1e-300, where fluxes underflow. */
static void columns_of_tiny_probabilities(void **state) {
    (void)state;
    TestRandom random = test_random(403);
    for (int trial = 0; trial < 60; trial++) {
        int nodes = 2 + (int)test_random_below(&random, 4);
        TestNetwork network = random_network(&random, nodes, trial);
        size_t n = (size_t)1 << nodes;
        uint64_t cuts[MAX_CUTS];
        size_t cut_count = random_cuts(&random, nodes, cuts);
        double *p = test_law_random(&random, n, 0);
        double sum = 0;
        for (size_t s = 0; s < n; s++)
            sum += p[s] *= s > 0 && test_random_below(&random, 2) ? test_random_log(&random, 1e-300, 1) : 1;
        for (size_t s = 0; s < n; s++)
            p[s] /= sum;
        check_law(&network, p, cuts, cut_count);
        free(p);
        test_network_free(&network);
    }
}

static void columns_of_stationary_laws(void **state) {
    (void)state;
    TestRandom random = test_random(404);
    for (int nodes = 1; nodes <= 7; nodes++)
        for (int trial = 0; trial < 6; trial++) {
            TestNetwork network = random_network(&random, nodes, trial);
            OracleNetwork oracle = test_network_oracle(&network);
            OracleChain chain = oracle_chain(&oracle);
            EpnetProblem problem = test_network_problem(&network, NULL);
            EpnetPoint point = test_network_point(&network);
            uint64_t cuts[MAX_CUTS];
            Real exact[128];
            problem.cut_count = random_cuts(&random, nodes, cuts);
            problem.cuts = cuts;
            problem.kind = EPNET_STATIONARY;
            assert_true(oracle_chain_stationary(&chain, exact));
            TestRows rows = test_rows(&problem, &point, 1, 1);
            assert_int_equal(rows.rows.status[0], EPNET_POINT_OK);
            check_columns(&network, rows.rows.last, exact, cuts, problem.cut_count);
            test_rows_free(&rows);
            oracle_chain_free(&chain);
            test_network_free(&network);
        }
}

/* A stationary start stays: the same row at every time, and the same as the stationary kind's. */
static void stationary_start_stays(void **state) {
    (void)state;
    TestRandom random = test_random(405);
    TestNetwork network = test_network_random(&random, 5, 0.6, 0.1, 10, TEST_DRIVES_FINITE);
    OracleNetwork oracle = test_network_oracle(&network);
    OracleChain chain = oracle_chain(&oracle);
    const double times[] = {0, 0.5, 3};
    const uint64_t cut = 11;
    EpnetProblem problem = test_network_problem(&network, NULL);
    EpnetPoint point = test_network_point(&network);
    Real pi[32];
    assert_true(oracle_chain_stationary(&chain, pi));
    problem.tolerance = 1e-13;
    problem.times = times;
    problem.time_count = 3;
    problem.cuts = &cut;
    problem.cut_count = 1;
    TestRows rows = test_rows(&problem, &point, 1, 1);
    assert_int_equal(rows.rows.status[0], EPNET_POINT_OK);
    for (size_t k = 0; k < 3; k++)
        check_columns(&network, rows.rows.trajectory + k * rows.width, pi, &cut, 1);
    test_rows_free(&rows);
    oracle_chain_free(&chain);
    test_network_free(&network);
}

/* Near equilibrium entropy production is a small sum of squares: its own digits must survive. */
static void production_near_equilibrium_keeps_its_digits(void **state) {
    (void)state;
    for (double drive = 1e-1; drive > 1e-5; drive /= 10) {
        TestNetwork network = test_network_ring(5, 0.7, drive);
        network.flip_up[2] = 1.5;
        OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        EpnetProblem problem = test_network_problem(&network, NULL);
        EpnetPoint point = test_network_point(&network);
        Real pi[32];
        assert_true(oracle_chain_stationary(&chain, pi));
        problem.kind = EPNET_STATIONARY;
        TestRows rows = test_rows(&problem, &point, 1, 1);
        OracleRow row = oracle_row(&chain, pi);
        /* Terms are (relative current)^2: a current of 1e-16/drive relative error each. */
        Real within = 1e-14L + 1e-14L / drive;
        check_near(rows.rows.last[EPNET_ENTROPY_PRODUCTION] / row.entropy_production.value, 1, within,
                   "total");
        check_near(rows.rows.last[EPNET_ENTROPY_PRODUCTION_CHANNELS] / row.entropy_production_channels.value,
                   1, within, "channels");
        test_rows_free(&rows);
        oracle_chain_free(&chain);
        test_network_free(&network);
    }
}

/* I = D(p || q), q the product of the laws of the nodes (or of the two sides), without cancellation. */
static Real small_information(const OracleChain *chain, const Real *p, const size_t *parts,
                              size_t part_count) {
    Real *law = oracle_allocate(chain->states, sizeof(Real)),
         *part = oracle_allocate(chain->states, sizeof(Real));
    Real sum = 0;
    for (size_t s = 0; s < chain->states; s++)
        law[s] = 1;
    for (size_t k = 0; k < part_count; k++) {
        oracle_marginal(chain, p, parts[k], part);
        for (size_t s = 0; s < chain->states; s++)
            law[s] *= part[oracle_pack(s, parts[k])];
    }
    for (size_t s = 0; s < chain->states; s++)
        sum += p[s] * log1pl((p[s] - law[s]) / law[s]) - (p[s] - law[s]);
    free(part);
    free(law);
    return sum;
}

static void small_informations_keep_their_digits(void **state) {
    (void)state;
    const uint64_t cut = 5;
    const size_t nodes[] = {1, 2, 4, 8}, sides[] = {5, 10};
    for (double rate = 1e-1; rate > 1e-7; rate /= 10) {
        TestNetwork network = test_network_complete(4, rate, 1.5);
        test_network_set_flips(&network, 0.75, 2);
        OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        EpnetProblem problem = test_network_problem(&network, NULL);
        EpnetPoint point = test_network_point(&network);
        Real pi[16];
        assert_true(oracle_chain_stationary(&chain, pi));
        problem.kind = EPNET_STATIONARY;
        problem.cuts = &cut;
        problem.cut_count = 1;
        TestRows rows = test_rows(&problem, &point, 1, 1);
        Real all = small_information(&chain, pi, nodes, 4), across = small_information(&chain, pi, sides, 2);
        check_near(rows.rows.last[EPNET_MULTIINFORMATION], all, 1e-14L * sqrtl(all), "small I");
        check_near(rows.rows.last[EPNET_COLUMNS + EPNET_CUT_MUTUAL_INFORMATION], across,
                   1e-14L * sqrtl(across), "small I(S;Sc)");
        test_rows_free(&rows);
        oracle_chain_free(&chain);
        test_network_free(&network);
    }
}

/* c(F) over its whole range, through cut_flow_bound of one edge with beta = 1. */
static void flow_bound_is_accurate(void **state) {
    (void)state;
    const double p[4] = {0.25, 0.25, 0.25, 0.25};
    const uint64_t cut = 1;
    for (double drive = 1e-6; drive < 2000; drive *= 1.07) {
        TestNetwork network = test_network_empty(2);
        test_network_add(&network, 0, 1, 1, drive);
        double *row = test_row_of(&network, p, &cut, 1);
        Real expected = oracle_copy_information(drive);
        if (drive < 1e-3) { /* where the oracle's form cancels: its expansion, good to F^3 */
            expected = (Real)drive * drive / 8 * (1 - (Real)drive / 2 + 19 * (Real)drive * drive / 144);
            check_near(row[EPNET_COLUMNS + EPNET_CUT_FLOW_BOUND], expected, 1e-9L * expected, "c(F)");
        } else {
            check_near(row[EPNET_COLUMNS + EPNET_CUT_FLOW_BOUND], expected, 2e-14L * expected + 4e-19L,
                       "c(F)");
        }
        free(row);
        test_network_free(&network);
    }
}

/* The paper's finite difference, beside the analytic rate. */
static void euler_column_is_the_finite_difference(void **state) {
    (void)state;
    TestRandom random = test_random(407);
    for (int nodes = 1; nodes <= 6; nodes++) {
        TestNetwork network = random_network(&random, nodes, 0);
        OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        const size_t n = chain.states;
        const double now = 0;
        const uint64_t step = 0;
        double *p = test_law_random(&random, n, 0.3);
        Real *wide = test_law_widen(p, n), *dp = oracle_allocate(n, sizeof(Real)),
             before = oracle_multiinformation(&chain, wide);
        EpnetProblem problem = test_network_problem(&network, p);
        EpnetPoint point = test_network_point(&network);
        problem.method = EPNET_EULER;
        problem.dt = (double)(0.1L / oracle_exit_max(&chain));
        problem.times = &now;
        problem.time_count = 1;
        problem.steps = &step;
        TestRows rows = test_rows(&problem, &point, 1, 1);
        assert_int_equal(rows.rows.status[0], EPNET_POINT_OK);
        oracle_derivative(&chain, wide, dp, NULL);
        for (size_t s = 0; s < n; s++)
            wide[s] += problem.dt * dp[s];
        check_near(rows.rows.last[EPNET_MULTIINFORMATION_RATE_EULER],
                   (oracle_multiinformation(&chain, wide) - before) / problem.dt, 1e-14L * nodes / problem.dt,
                   "multiinformation_rate_euler");
        test_rows_free(&rows);
        free(dp);
        free(wide);
        free(p);
        oracle_chain_free(&chain);
        test_network_free(&network);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_of_random_laws),
        cmocka_unit_test(columns_with_impossible_transitions),
        cmocka_unit_test(columns_of_tiny_probabilities),
        cmocka_unit_test(columns_of_stationary_laws),
        cmocka_unit_test(stationary_start_stays),
        cmocka_unit_test(production_near_equilibrium_keeps_its_digits),
        cmocka_unit_test(small_informations_keep_their_digits),
        cmocka_unit_test(flow_bound_is_accurate),
        cmocka_unit_test(euler_column_is_the_finite_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The oracle itself against the reference numbers of docs/theory.md, which two other programs computed, and
 * its parts against each other: before it judges the engine. */
#include "support/check.h"
#include "support/random_network.h"

#include <math.h>
#include <stdlib.h>

/* State of a network at time t from a given start; the caller frees it. */
static Real *state_at(const OracleChain *chain, const double *start, Real t) {
    size_t n = chain->states;
    Real *generator = oracle_generator(chain), *evolution = oracle_allocate(n * n, sizeof(Real));
    Real *from = test_law_widen(start, n), *p = oracle_allocate(n, sizeof(Real));
    oracle_exponential(n, generator, t, evolution);
    oracle_advance(n, from, evolution, p);
    free(from);
    free(evolution);
    free(generator);
    return p;
}

typedef struct Reference {
    double time, multiinformation, rate, production, mutual_information; /* NaN: not in the table */
} Reference;

static void check_reference(const OracleNetwork *network, const double *start, Reference expected) {
    OracleChain chain = oracle_chain(network);
    Real *p = state_at(&chain, start, expected.time);
    OracleRow row = oracle_row(&chain, p);
    OracleCutRow cut = oracle_cut_row(&chain, network, p, 3);
    check_near(row.multiinformation.value, expected.multiinformation, 2e-13, "multiinformation");
    check_near(row.multiinformation_rate.value, expected.rate, 1e-10, "multiinformation_rate");
    check_near(row.entropy_production.value, expected.production, 1e-10, "entropy_production");
    if (!isnan(expected.mutual_information))
        check_near(cut.mutual_information.value, expected.mutual_information, 1e-12,
                   "cut_mutual_information");
    free(p);
    oracle_chain_free(&chain);
}

static void reproduces_the_worked_example(void **state) {
    (void)state;
    TestNetwork network = test_network_complete(5, 0.2, INFINITY);
    OracleNetwork oracle = test_network_oracle(&network);
    double *pure = test_law_pure(32, 0), *uniform = test_law_uniform(32);
    const Reference from_pure[] = {
        {0.1, 0.0015648990352, 0.0284205055, 7.5256188076, 0.000922240372},
        {0.4, 0.0143550467571, 0.0451645092, 1.6272132062, 0.008157679680},
        {1, 0.0313963047291, 0.0128404170, 0.1356686237, 0.017401724440},
        {10, 0.0354341117876, 0, 0, 0.019547001493},
    };
    for (size_t k = 0; k < 4; k++)
        check_reference(&oracle, pure, from_pure[k]);
    check_reference(&oracle, uniform,
                    (Reference){0.5, 0.0284325819166, 0.0293056986361, 0.0029798934494, NAN});
    check_reference(&oracle, uniform, (Reference){1, 0.0346250819626, 0.0035417105868, 0.0000359957484, NAN});
    free(uniform);
    free(pure);
    test_network_free(&network);
}

static void reproduces_stationary_productions(void **state) {
    (void)state;
    TestNetwork ring = test_network_ring(5, 0.2, INFINITY);
    TestNetwork star = test_network_empty(5), path = test_network_empty(5);
    for (int i = 1; i < 5; i++) {
        test_network_add(&star, 0, i, 0.2, INFINITY);
        test_network_add(&star, i, 0, 0.2, INFINITY);
        test_network_add(&path, i - 1, i, 0.2, INFINITY);
        test_network_add(&path, i, i - 1, 0.2, INFINITY);
    }
    const TestNetwork *networks[] = {&ring, &star, &path};
    const double expected[] = {0.0455, 0.0016, 0.00011}, within[] = {5e-5, 5e-5, 5e-6};
    for (size_t k = 0; k < 3; k++) {
        OracleNetwork oracle = test_network_oracle(networks[k]);
        OracleChain chain = oracle_chain(&oracle);
        Real pi[32];
        assert_true(oracle_chain_stationary(&chain, pi));
        check_near(oracle_row(&chain, pi).entropy_production.value, expected[k], within[k], "stationary EP");
        oracle_chain_free(&chain);
    }
    test_network_free(&ring);
    test_network_free(&star);
    test_network_free(&path);
}

static void reproduces_the_constant_drive_table(void **state) {
    (void)state;
    const double table[4][5] = {
        {1, 3.5624257256, 0.002658715017, 0.001558870436, 0.0125159732},
        {1.4427, 2.6400148373, 0.004755950028, 0.002766929591, 0.0223723089},
        {10, 0.8028869706, 0.020424032010, 0.011496541946, 0.1285731506},
        {100, 0.2260147345, 0.003971804983, 0.002316870487, 0.1368753998},
    };
    for (size_t k = 0; k < 4; k++) {
        TestNetwork network = test_network_complete(5, table[k][0] / 20, table[k][1]);
        OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        Real pi[32];
        assert_true(oracle_chain_stationary(&chain, pi));
        OracleCutRow cut = oracle_cut_row(&chain, &oracle, pi, 3);
        check_near(oracle_row(&chain, pi).multiinformation.value, table[k][2], 2e-12, "I");
        check_near(cut.mutual_information.value, table[k][3], 2e-12, "I(S;Sc)");
        check_near(cut.information_flow.value, table[k][4], 1e-10, "information flow");
        check_near(cut.entropy_production.value, 1, 1e-9, "sigma");
        oracle_chain_free(&chain);
        test_network_free(&network);
    }
}

static void agrees_with_two_nodes_in_closed_form(void **state) {
    (void)state;
    Real gamma = 0.7L, beta = 2.5L, drive = 1.3L, k = expl(-drive), t = 0.37L;
    TestNetwork network = test_network_complete(2, (double)beta, (double)drive);
    test_network_set_flips(&network, (double)gamma, (double)gamma);
    gamma = network.flip_up[0];
    beta = network.rate[0];
    k = expl(-(Real)network.drive[0]);
    OracleNetwork oracle = test_network_oracle(&network);
    OracleChain chain = oracle_chain(&oracle);
    Real aligned = (gamma + beta) / (2 * gamma + beta * (1 + k)), pi[4];
    assert_true(oracle_chain_stationary(&chain, pi));
    check_near(pi[0] + pi[3], aligned, 1e-18, "P(aligned)");
    check_near(oracle_row(&chain, pi).multiinformation.value,
               logl(2) + aligned * logl(aligned) + (1 - aligned) * logl(1 - aligned), 1e-17, "I*");
    double *pure = test_law_pure(4, 2);
    Real *p = state_at(&chain, pure, t);
    check_near(p[0] + p[3], aligned * (1 - expl(-2 * t * (2 * gamma + beta * (1 + k)))), 1e-17,
               "P(aligned)(t)");
    free(p);
    free(pure);
    oracle_chain_free(&chain);
    test_network_free(&network);
}

/* The exponential of a stiff generator against the plain power series of the uniformised chain. */
static void exponential_agrees_with_a_power_series(void **state) {
    (void)state;
    TestRandom random = test_random(11);
    for (int nodes = 2; nodes <= 5; nodes++) {
        TestNetwork network = test_network_random(&random, nodes, 0.6, 1e-2, 1e2, TEST_DRIVES_MIXED);
        OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        size_t n = chain.states;
        double *start = test_law_random(&random, n, 0.3);
        Real *p = state_at(&chain, start, 2), *term = test_law_widen(start, n);
        Real *sum = oracle_allocate(n, sizeof(Real)), *change = oracle_allocate(n, sizeof(Real));
        Real mean = 2 * oracle_exit_max(&chain), log_weight = -mean, difference = 0;
        for (int k = 0; k < (int)(mean + 15 * sqrtl(mean) + 60); k++) {
            for (size_t s = 0; s < n; s++)
                sum[s] += expl(log_weight) * term[s];
            oracle_derivative(&chain, term, change, NULL);
            for (size_t s = 0; s < n; s++)
                term[s] += change[s] * 2 / mean;
            log_weight += logl(mean / (k + 1));
        }
        for (size_t s = 0; s < n; s++)
            difference += fabsl(sum[s] - p[s]);
        check_near(difference, 0, 1e-14, "exponential against series");
        free(change);
        free(sum);
        free(term);
        free(p);
        free(start);
        oracle_chain_free(&chain);
        test_network_free(&network);
    }
}

static void stationary_law_satisfies_balance(void **state) {
    (void)state;
    TestRandom random = test_random(12);
    for (int nodes = 1; nodes <= 7; nodes++) {
        TestNetwork network = test_network_random(&random, nodes, 0.6, 1e-2, 1e2, TEST_DRIVES_MIXED);
        OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        Real *pi = oracle_allocate(chain.states, sizeof(Real)),
             *dp = oracle_allocate(chain.states, sizeof(Real));
        Real residual = 0;
        assert_true(oracle_chain_stationary(&chain, pi));
        oracle_derivative(&chain, pi, dp, NULL);
        for (size_t s = 0; s < chain.states; s++)
            residual += fabsl(dp[s]);
        check_near(residual / oracle_exit_max(&chain), 0, 1e-17, "residual of the stationary law");
        free(dp);
        free(pi);
        oracle_chain_free(&chain);
        test_network_free(&network);
    }
}

/* Moments from 2^N states and from their own equations; the birth-death law and all 2^N states. */
static void small_oracles_agree_with_the_dense_one(void **state) {
    (void)state;
    TestRandom random = test_random(13);
    TestNetwork network = test_network_random(&random, 5, 0.7, 1e-1, 1e1, TEST_DRIVES_MIXED);
    OracleNetwork oracle = test_network_oracle(&network);
    OracleChain chain = oracle_chain(&oracle);
    double *start = test_law_random(&random, 32, 0.5), narrow[32];
    Real *p = state_at(&chain, start, 0.3L), before[15], after[15], expected[15];
    for (size_t s = 0; s < 32; s++)
        narrow[s] = (double)p[s];
    assert_int_equal(oracle_moment_count(5), 15);
    oracle_moments_of(5, start, before);
    oracle_moments_of(5, narrow, expected);
    oracle_moments_at(&oracle, before, 0.3L, after);
    for (size_t k = 0; k < 15; k++)
        check_near(after[k], expected[k], 1e-15, "moment in time");
    Real pi[32];
    assert_true(oracle_chain_stationary(&chain, pi));
    for (size_t s = 0; s < 32; s++)
        narrow[s] = (double)pi[s];
    oracle_moments_of(5, narrow, expected);
    oracle_moments_stationary(&oracle, after);
    for (size_t k = 0; k < 15; k++)
        check_near(after[k], expected[k], 1e-14, "stationary moment");
    free(p);
    free(start);
    oracle_chain_free(&chain);
    test_network_free(&network);
}

static void check_value(OracleValue a, OracleValue b, const char *what) {
    check_near(a.value, b.value, 1e-15L * (1 + fmaxl(a.scale, b.scale)), what);
}

static void check_complete(double drive) {
    TestNetwork network = test_network_complete(6, 0.3, drive);
    test_network_set_flips(&network, 1.25, 0.375);
    OracleNetwork oracle = test_network_oracle(&network);
    OracleChain chain = oracle_chain(&oracle);
    OracleComplete complete = {6, 2, 0.3, drive, 1.25, 0.375};
    Real start[7] = {1}, law[7];
    double *pure = test_law_pure(64, 0);
    complete.rate = network.rate[0];
    for (int stationary = 0; stationary < 2; stationary++) {
        Real *p = state_at(&chain, pure, stationary ? 400 : 0.4L);
        if (stationary)
            oracle_complete_stationary(&complete, law);
        else
            oracle_complete_at(&complete, start, 0.4L, law);
        OracleRow row = oracle_row(&chain, p), other = oracle_complete_row(&complete, law);
        OracleCutRow cut = oracle_cut_row(&chain, &oracle, p, 18);
        OracleCutRow other_cut = oracle_complete_cut_row(&complete, law);
        check_value(other.entropy, row.entropy, "entropy");
        check_value(other.multiinformation, row.multiinformation, "multiinformation");
        check_value(other.multiinformation_rate, row.multiinformation_rate, "multiinformation_rate");
        check_value(other.entropy_production, row.entropy_production, "entropy_production");
        check_value(other.activity, row.activity, "activity");
        check_value(other_cut.mutual_information, cut.mutual_information, "cut information");
        check_value(other_cut.mutual_information_rate, cut.mutual_information_rate, "cut information rate");
        check_value(other_cut.information_flow, cut.information_flow, "flow");
        check_value(other_cut.local_entropy_rate, cut.local_entropy_rate, "local");
        check_value(other_cut.flow_bound, cut.flow_bound, "flow bound");
        check_value(other_cut.capacity, cut.capacity, "capacity");
        if (isinf(drive)) {
            assert_true(isinf(row.entropy_production_channels.value) && isinf(cut.entropy_production.value));
            assert_true(isinf(row.environment_entropy_flow.value) &&
                        isinf(cut.environment_entropy_flow.value));
        } else {
            check_value(other.entropy_production_channels, row.entropy_production_channels, "channels");
            check_value(other.environment_entropy_flow, row.environment_entropy_flow, "environment");
            check_value(other_cut.entropy_production, cut.entropy_production, "cut production");
            check_value(other_cut.environment_entropy_flow, cut.environment_entropy_flow, "cut environment");
        }
        free(p);
    }
    free(pure);
    oracle_chain_free(&chain);
    test_network_free(&network);
}

static void birth_death_law_agrees_with_the_dense_one(void **state) {
    (void)state;
    check_complete(1.75);
    check_complete(INFINITY);
    check_complete(0);
}

/* Channel by channel, EP = environment flow + dH/dt, and the parts add up to the whole. */
static void ledger_closes(void **state) {
    (void)state;
    TestRandom random = test_random(14);
    TestNetwork network = test_network_random(&random, 4, 0.7, 1e-1, 1e1, TEST_DRIVES_FINITE);
    OracleNetwork oracle = test_network_oracle(&network);
    OracleChain chain = oracle_chain(&oracle);
    double *start = test_law_random(&random, 16, 0);
    Real *p = test_law_widen(start, 16), total = 0;
    for (size_t c = 0; c < chain.channel_count; c++) {
        OracleLedger ledger = oracle_channel_ledger(&chain, &chain.channels[c], p);
        check_near(ledger.entropy_production.value, ledger.environment_flow.value + ledger.entropy_rate.value,
                   1e-17L * ledger.entropy_rate.scale, "EP of a channel");
        total += ledger.entropy_rate.value;
    }
    OracleRow row = oracle_row(&chain, p);
    check_near(total, row.entropy_rate.value, 1e-17L * row.entropy_rate.scale, "dH/dt over channels");
    check_near(row.multiinformation_rate.value,
               row.environment_entropy_flow.value + row.marginal_entropy_rate.value -
                   row.entropy_production_channels.value,
               1e-17L * row.multiinformation_rate.scale, "network second law");
    free(p);
    free(start);
    oracle_chain_free(&chain);
    test_network_free(&network);
}

/* The rates of a law with empty states against those a very short time later. */
static void limits_are_approached(void **state) {
    (void)state;
    TestRandom random = test_random(15);
    int finite = 0, infinite = 0;
    for (int trial = 0; trial < 60; trial++) {
        TestNetwork network = test_network_random(&random, 3, 0.7, 1e-1, 1e1, TEST_DRIVES_FINITE);
        OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        double *start =
            trial % 2 ? test_law_pure(8, (size_t)trial / 2 % 8) : test_law_random(&random, 8, 0.5);
        Real *p = test_law_widen(start, 8);
        Real *soon = state_at(&chain, start, 1e-13L), *sooner = state_at(&chain, start, 1e-15L);
        Real limit[3], near[3], nearer[3];
        const Real *laws[3] = {p, soon, sooner};
        Real *values[3] = {limit, near, nearer};
        for (int k = 0; k < 3; k++) {
            OracleCutRow cut = oracle_cut_row(&chain, &oracle, laws[k], 5);
            values[k][0] = oracle_row(&chain, laws[k]).multiinformation_rate.value;
            values[k][1] = cut.information_flow.value;
            values[k][2] = cut.local_entropy_rate.value;
        }
        for (int k = 0; k < 3; k++) {
            if (isinf(limit[k]))
                assert_true(limit[k] > 0 ? nearer[k] > near[k] + 1e-9L : nearer[k] < near[k] - 1e-9L);
            else
                check_near(nearer[k], limit[k], 1e-10L * (1 + fabsl(limit[k])), "right-hand limit");
            if (isinf(limit[k]))
                infinite++;
            else
                finite++;
        }
        free(sooner);
        free(soon);
        free(p);
        free(start);
        oracle_chain_free(&chain);
        test_network_free(&network);
    }
    assert_true(finite > 30 && infinite > 30);
}

static void constants_match_theory(void **state) {
    (void)state;
    const double drives[] = {INFINITY, 2, 1, 0.5},
                 values[] = {0.36787944117144233, 0.1900655, 0.0763702, 0.0243803};
    for (size_t k = 0; k < 4; k++)
        check_near(oracle_copy_information(drives[k]), values[k], 5e-8, "c(F)");
    for (double drive = 0.01; drive < 2000; drive *= 1.7)
        check_near(oracle_copy_information_by_search(drive), oracle_copy_information(drive), 1e-17,
                   "c(F) searched");
    check_near(oracle_copy_information(1e-3L) / (1e-6L / 8), 1, 1e-3, "c(F) at small F");
    check_near(oracle_node_decay(1, 1), 2, 1e-9, "alpha 1/1");
    check_near(oracle_node_decay(1, 3), 3.81883, 5e-6, "alpha 1/3");
    check_near(oracle_node_decay(0.1L, 2), 1.66610, 5e-6, "alpha 0.1/2");
    check_near(oracle_node_decay(1, 100), 70.1709, 5e-5, "alpha 1/100");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reproduces_the_worked_example),
        cmocka_unit_test(reproduces_stationary_productions),
        cmocka_unit_test(reproduces_the_constant_drive_table),
        cmocka_unit_test(agrees_with_two_nodes_in_closed_form),
        cmocka_unit_test(exponential_agrees_with_a_power_series),
        cmocka_unit_test(stationary_law_satisfies_balance),
        cmocka_unit_test(small_oracles_agree_with_the_dense_one),
        cmocka_unit_test(birth_death_law_agrees_with_the_dense_one),
        cmocka_unit_test(ledger_closes),
        cmocka_unit_test(limits_are_approached),
        cmocka_unit_test(constants_match_theory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The integrators against dense exponentials: tolerances met on random networks, orders of the fixed-step
 * methods, the paper's Euler recipe, stiff points, empty states. EPNET_TEST_LONG=1 runs all sizes evenly. */
#include "series.h"
#include "support/check.h"
#include "support/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NETWORKS = CHECK_SANITIZED ? 250 : 1000, TIMES = 7 };

/* The exact states at t0, 2 t0, 4 t0 ...: each evolution is the square of the one before. */
static Real *exact_states(const OracleChain *chain, const double *start, double t0, size_t times) {
    size_t n = chain->states;
    Real *generator = oracle_generator(chain), *evolution = oracle_allocate(n * n, sizeof(Real));
    Real *next = oracle_allocate(n * n, sizeof(Real)), *from = test_law_widen(start, n);
    Real *states = oracle_allocate(times * n, sizeof(Real));
    oracle_exponential(n, generator, t0, evolution);
    for (size_t k = 0; k < times; k++) {
        oracle_advance(n, from, evolution, states + k * n);
        if (k + 1 < times) {
            oracle_multiply(n, evolution, evolution, next);
            memcpy(evolution, next, n * n * sizeof(Real));
        }
    }
    free(from);
    free(next);
    free(evolution);
    free(generator);
    return states;
}

/* Largest L1 error over the sampled times; -1 if the point has another status than ok. */
static double largest_error(const EpnetProblem *problem, const EpnetPoint *point, const Real *exact) {
    size_t n = (size_t)1 << problem->nodes;
    double *states = oracle_allocate(problem->time_count * n, sizeof(double)), largest = 0;
    EpnetPointStatus status = test_states(problem, point, states);
    for (size_t k = 0; k < problem->time_count; k++)
        largest = fmax(largest, test_distance(n, states + k * n, exact + k * n));
    free(states);
    return status == EPNET_POINT_OK ? largest : -1;
}

typedef struct Tally {
    EpnetMethod method;
    double tolerance;
    int within, beyond, failed;
    double worst; /* error / tolerance */
} Tally;

static void count_error(Tally *tally, double error) {
    tally->worst = fmax(tally->worst, error / tally->tolerance);
    if (error < 0)
        tally->failed++;
    else if (error <= tally->tolerance)
        tally->within++;
    else
        tally->beyond++;
}

static int random_nodes(TestRandom *random) {
    if (check_long())
        return 2 + (int)test_random_below(random, 7);
    size_t draw = test_random_below(random, 100); /* large ones rarely: the exact solution takes long there */
    return draw < 3 ? 8 : draw < 9 ? 7 : 2 + (int)test_random_below(random, 5);
}

static void random_network(TestRandom *random, Tally *tallies, size_t tally_count) {
    int nodes = random_nodes(random);
    TestNetwork network = test_network_random(random, nodes, 0.5, 1e-2, 1e2, TEST_DRIVES_MIXED);
    OracleNetwork oracle = test_network_oracle(&network);
    OracleChain chain = oracle_chain(&oracle);
    size_t n = chain.states;
    double t0 = test_random_log(random, 1e-3, 1), times[TIMES];
    double *start = test_random_below(random, 2) ? test_law_pure(n, test_random_below(random, n))
                                                 : test_law_random(random, n, 0.3);
    for (size_t k = 0; k < TIMES; k++)
        times[k] = ldexp(t0, (int)k);
    Real *exact = exact_states(&chain, start, t0, TIMES);
    EpnetProblem problem = test_network_problem(&network, start);
    EpnetPoint point = test_network_point(&network);
    problem.times = times;
    problem.time_count = TIMES;
    for (size_t k = 0; k < tally_count; k++) {
        problem.method = tallies[k].method;
        problem.tolerance = tallies[k].tolerance;
        count_error(&tallies[k], largest_error(&problem, &point, exact));
    }
    free(exact);
    free(start);
    oracle_chain_free(&chain);
    test_network_free(&network);
}

static void tolerance_is_met_on_random_networks(void **state) {
    (void)state;
    TestRandom random = test_random(201);
    Tally tallies[] = {
        {.method = EPNET_CHEBYSHEV, .tolerance = 1e-6},
        {.method = EPNET_CHEBYSHEV, .tolerance = 1e-9},
        {.method = EPNET_CHEBYSHEV, .tolerance = 1e-12},
        {.method = EPNET_UNIFORMIZATION, .tolerance = 1e-6},
        {.method = EPNET_UNIFORMIZATION, .tolerance = 1e-9},
        {.method = EPNET_UNIFORMIZATION, .tolerance = 1e-12},
    };
    const size_t count = sizeof tallies / sizeof *tallies;
    for (int k = 0; k < NETWORKS; k++)
        random_network(&random, tallies, count);
    for (size_t k = 0; k < count; k++) {
        const Tally *tally = &tallies[k];
        print_message(
            "method %d, tolerance %g: %d within, %d beyond, %d without result, worst error %.3g tolerances\n",
            (int)tally->method, tally->tolerance, tally->within, tally->beyond, tally->failed, tally->worst);
        assert_int_equal(tally->within + tally->beyond + tally->failed, NETWORKS);
        assert_true(tally->within >= NETWORKS * 99 / 100);
        assert_true(tally->worst <= 10);
    }
}

/* The worked case of a spectrum far from the real axis: a directed ring with copies a hundred times its
 * flips. */
static void stiff_rings_are_solved(void **state) {
    (void)state;
    for (int nodes = 3; nodes <= 7; nodes++) {
        TestNetwork network = test_network_ring(nodes, 10, INFINITY);
        test_network_set_flips(&network, 0.1, 0.1);
        OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        double *start = test_law_pure(chain.states, 1);
        const double times[] = {5, 10};
        Real *exact = exact_states(&chain, start, 5, 2);
        EpnetProblem problem = test_network_problem(&network, start);
        EpnetPoint point = test_network_point(&network);
        for (int shots = 1; shots <= 2; shots++)
            for (int method = EPNET_CHEBYSHEV; method <= EPNET_UNIFORMIZATION; method++)
                for (problem.tolerance = 1e-6; problem.tolerance > 1e-12; problem.tolerance *= 1e-5) {
                    problem.method = (EpnetMethod)method;
                    problem.times = shots == 1 ? times + 1 : times;
                    problem.time_count = (size_t)shots;
                    double error = largest_error(&problem, &point, shots == 1 ? exact + chain.states : exact);
                    assert_true(error >= 0);
                    check_near(error, 0, problem.tolerance, "error on a stiff ring");
                }
        free(exact);
        free(start);
        oracle_chain_free(&chain);
        test_network_free(&network);
    }
}

/* L1 error at t = 1 of a fixed-step method with 2^level steps. */
static double fixed_step_error(EpnetProblem *problem, const EpnetPoint *point, const Real *exact, int level) {
    const double time = 1;
    const uint64_t steps = (uint64_t)1 << level;
    problem->times = &time;
    problem->time_count = 1;
    problem->steps = &steps;
    problem->dt = 1 / (double)steps;
    double error = largest_error(problem, point, exact);
    assert_true(error > 0);
    return error;
}

/* Steps of Chebyshev's series grow while they are good, are cut more finely where vectors grow beyond the
 * margin, and become shorter where rounding, or a growth that the margin covers, spoils them. */
static void steps_adapt(void **state) {
    (void)state;
    EpnetChebyshevTry next = epnet_chebyshev_first();
    assert_true(epnet_chebyshev_judge(&next, 64, 1e-9, 1, 1e-10, 1e-15));
    assert_true(next.x_cap == 128 && next.margin == 4);
    assert_true(epnet_chebyshev_judge(&next, 100, 1e-9, 1, 1e-10, 1e-15)); /* not the longest that may be */
    assert_true(next.x_cap == 128);
    assert_false(epnet_chebyshev_judge(&next, 128, 1e-9, 5, 1e-8, 1e-15));
    assert_true(next.x_cap == 128 && next.margin == 40);
    assert_false(epnet_chebyshev_judge(&next, 128, 1e-9, 5, 1e-8, 1e-15));
    assert_true(next.x_cap == 64 && next.x_ceiling == 64 && next.margin == 40);
    assert_false(epnet_chebyshev_judge(&next, 60, 1e-9, 1e9, 1e-8, 1e-6));
    assert_true(next.x_cap == 30 && next.x_ceiling == 30 && next.margin == 40);
    assert_false(epnet_chebyshev_judge(&next, 30, 1e-9, NAN, NAN, NAN));
    assert_true(next.x_cap == 15);
    assert_true(epnet_chebyshev_judge(&next, 15, 1e-15, 1, 0, 1e-15)); /* rounding below which none can be */
    assert_true(next.x_cap == 15);
}

static void fixed_steps_have_their_order(void **state) {
    (void)state;
    TestRandom random = test_random(203);
    for (int nodes = 2; nodes <= 6; nodes++) {
        TestNetwork network = test_network_random(&random, nodes, 0.5, 0.2, 1.5, TEST_DRIVES_MIXED);
        OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        double *start = test_law_pure(chain.states, test_random_below(&random, chain.states));
        Real *exact = exact_states(&chain, start, 1, 1);
        EpnetProblem problem = test_network_problem(&network, start);
        EpnetPoint point = test_network_point(&network);
        problem.method = EPNET_EULER;
        double ratio =
            fixed_step_error(&problem, &point, exact, 10) / fixed_step_error(&problem, &point, exact, 11);
        check_near(log2(ratio), 1, 0.02L, "order of euler");
        problem.method = EPNET_RK4;
        ratio = fixed_step_error(&problem, &point, exact, 6) / fixed_step_error(&problem, &point, exact, 7);
        check_near(log2(ratio), 4, 0.2L, "order of rk4");
        free(exact);
        free(start);
        oracle_chain_free(&chain);
        test_network_free(&network);
    }
}

/* The paper's loop p <- p + dt pL, and the classical four stages, written out with the dense generator. */
static void recipes_are_followed(void **state) {
    (void)state;
    TestRandom random = test_random(204);
    const double dt = 1.0 / 256, times[] = {0, 3 * dt, 100 * dt};
    const uint64_t steps[] = {0, 3, 100};
    TestNetwork network = test_network_random(&random, 5, 0.5, 0.1, 8, TEST_DRIVES_MIXED);
    OracleNetwork oracle = test_network_oracle(&network);
    OracleChain chain = oracle_chain(&oracle);
    const size_t n = chain.states;
    double *start = test_law_pure(n, 9), *states = oracle_allocate(3 * n, sizeof(double));
    EpnetProblem problem = test_network_problem(&network, start);
    EpnetPoint point = test_network_point(&network);
    problem.times = times;
    problem.time_count = 3;
    problem.steps = steps;
    problem.dt = dt;
    for (int order = 1; order <= 4; order += 3) {
        Real *p = test_law_widen(start, n), *stage = oracle_allocate(n, sizeof(Real));
        Real *slope = oracle_allocate(n, sizeof(Real)), *sum = oracle_allocate(n, sizeof(Real));
        const Real ahead[4] = {0.5L, 0.5L, 1, 0}, share[4] = {1 / 6.0L, 1 / 3.0L, 1 / 3.0L, 1 / 6.0L};
        problem.method = order == 1 ? EPNET_EULER : EPNET_RK4;
        assert_int_equal(test_states(&problem, &point, states), EPNET_POINT_OK);
        for (uint64_t step = 0, sample = 0; sample < 3; step++) {
            if (step == steps[sample]) {
                check_near(test_distance(n, states + sample * n, p), 0, 1e-14L, "recipe");
                sample++;
            }
            memcpy(stage, p, n * sizeof(Real));
            memcpy(sum, p, n * sizeof(Real));
            for (int k = 0; k < order; k++) {
                oracle_derivative(&chain, stage, slope, NULL);
                for (size_t s = 0; s < n; s++) {
                    sum[s] += dt * (order == 1 ? 1 : share[k]) * slope[s];
                    stage[s] = p[s] + dt * ahead[k] * slope[s];
                }
            }
            memcpy(p, sum, n * sizeof(Real));
        }
        free(sum);
        free(slope);
        free(stage);
        free(p);
    }
    free(states);
    free(start);
    oracle_chain_free(&chain);
    test_network_free(&network);
}

/* At t > 0 exactly the states that can be reached are positive, however early the sample. */
static void empty_states_are_structural(void **state) {
    (void)state;
    TestRandom random = test_random(205);
    const double times[] = {1e-9, 2e-9, 4e-9};
    for (int trial = 0; trial < 300; trial++) {
        int nodes = 1 + (int)test_random_below(&random, 7);
        TestNetwork network = test_network_random(&random, nodes, 0.4, 1e-2, 1e2, TEST_DRIVES_MIXED);
        for (int j = 0; j < nodes; j++) {
            network.flip_up[j] *= test_random_below(&random, 2) ? 1 : 0;
            network.flip_down[j] *= test_random_below(&random, 2) ? 1 : 0;
        }
        OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        const size_t n = chain.states;
        double *start = test_law_pure(n, test_random_below(&random, n)), states[3 * 128], scaled[3];
        EpnetProblem problem = test_network_problem(&network, start);
        EpnetPoint point = test_network_point(&network);
        Real stretch = trial % 3 == 0 ? 1 : trial % 3 == 1 ? 1e5L : 1e9L;
        for (int k = 0; k < 3; k++)
            scaled[k] = (double)(times[k] * stretch);
        Real *exact = exact_states(&chain, start, scaled[0], 3);
        problem.method = trial % 2 ? EPNET_CHEBYSHEV : EPNET_UNIFORMIZATION;
        problem.times = scaled;
        problem.time_count = 3;
        EpnetPointStatus status = test_states(&problem, &point, states);
        /* A drive beyond 745 opens states whose probability no double holds: that point has a status. */
        bool representable = true;
        for (size_t s = 0; s < 3 * n; s++)
            representable = representable && (exact[s] == 0 || exact[s] > 1e-290L);
        if (representable)
            assert_int_equal(status, EPNET_POINT_OK);
        for (size_t s = 0; s < 3 * n && representable; s++)
            assert_int_equal(states[s] > 0, exact[s] > 0);
        free(exact);
        free(start);
        oracle_chain_free(&chain);
        test_network_free(&network);
    }
}

/* Flips that fall a thousand times faster than they rise leave laws with entries of 1e-20: rounding of a
 * Chebyshev sum exceeds them, but no sample may show a negative or empty state. */
static void tiny_entries_stay_positive(void **state) {
    (void)state;
    TestRandom random = test_random(206);
    for (int nodes = 6; nodes <= 8; nodes++) {
        TestNetwork network = test_network_random(&random, nodes, 0, 1e-6, 1e-4, TEST_DRIVES_FINITE);
        for (int j = 0; j < nodes; j++)
            network.flip_down[j] = 5 + j;
        OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        double *start = test_law_uniform(chain.states), times[] = {4, 8};
        Real *exact = exact_states(&chain, start, times[0], 2);
        EpnetProblem problem = test_network_problem(&network, start);
        EpnetPoint point = test_network_point(&network);
        problem.times = times;
        problem.time_count = 2;
        for (int method = EPNET_CHEBYSHEV; method <= EPNET_UNIFORMIZATION; method++) {
            double states[2 * 256];
            problem.method = (EpnetMethod)method;
            check_near(largest_error(&problem, &point, exact), 0, problem.tolerance, "error");
            assert_int_equal(test_states(&problem, &point, states), EPNET_POINT_OK);
            for (size_t s = 0; s < 2 * chain.states; s++)
                assert_true(states[s] > 0);
        }
        free(exact);
        free(start);
        oracle_chain_free(&chain);
        test_network_free(&network);
    }
}

static void check_failure(const EpnetProblem *problem, const EpnetPoint *point, EpnetPointStatus expected) {
    TestRows rows = test_rows(problem, point, 1, 1);
    assert_int_equal(rows.rows.status[0], expected);
    for (size_t c = 0; c < rows.width * problem->time_count; c++)
        assert_true(isnan(rows.rows.trajectory[c]));
    for (size_t c = 0; c < rows.width; c++)
        assert_true(isnan(rows.rows.last[c]));
    for (size_t c = 0; c < EPNET_EXTREMES; c++)
        assert_true(isnan(rows.rows.extremes[c]));
    test_rows_free(&rows);
}

/* What cannot be done is said, and its columns are NaN. */
static void failures_have_a_status(void **state) {
    (void)state;
    TestNetwork network = test_network_complete(3, 2, 1.5);
    double *start = test_law_pure(8, 0);
    EpnetProblem problem = test_network_problem(&network, start);
    EpnetPoint point = test_network_point(&network);
    const double times[] = {0, 20}, endless = 1e11;
    const uint64_t steps[] = {0, 10}, many[] = {0, 2000};
    problem.times = times;
    problem.time_count = 2;
    problem.tolerance = 1e-17;
    check_failure(&problem, &point, EPNET_POINT_INACCURATE);
    problem.method = EPNET_UNIFORMIZATION;
    check_failure(&problem, &point, EPNET_POINT_INACCURATE);
    problem.dt = 2;
    problem.steps = steps;
    problem.method = EPNET_EULER;
    check_failure(&problem, &point, EPNET_POINT_NOT_POSITIVE);
    problem.method = EPNET_RK4;
    check_failure(&problem, &point, EPNET_POINT_NOT_POSITIVE);
    problem.steps = many;
    check_failure(&problem, &point, EPNET_POINT_NOT_FINITE);
    problem.method = EPNET_UNIFORMIZATION;
    problem.tolerance = 1e-6;
    problem.times = &endless;
    problem.time_count = 1;
    check_failure(&problem, &point, EPNET_POINT_NOT_CONVERGED);
    free(start);
    test_network_free(&network);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tolerance_is_met_on_random_networks),
        cmocka_unit_test(stiff_rings_are_solved),
        cmocka_unit_test(steps_adapt),
        cmocka_unit_test(fixed_steps_have_their_order),
        cmocka_unit_test(recipes_are_followed),
        cmocka_unit_test(empty_states_are_structural),
        cmocka_unit_test(tiny_entries_stay_positive),
        cmocka_unit_test(failures_have_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

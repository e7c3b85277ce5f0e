/* Whole points by the streaming engine: trajectories, stationary laws and every column of their rows, against
 * the CPU backend and the oracle. */
#include "stream_run.h"

#include "support/compare.h"

#include <math.h>
#include <stdlib.h>

enum { TIMES = 4, CUTS = 3 };
static const double times[TIMES] = {0, 0.02, 0.3, 1.5};
static const double step_times[TIMES] = {0, 0.003, 0.02, 0.05}; /* of methods with steps of 1e-3 s */
static const uint64_t steps[TIMES] = {0, 3, 20, 50};

/* A problem over the network with three cuts: one node, every second node, and the low half. */
static EpnetProblem make_problem(const TestNetwork *network, const double *initial, EpnetMethod method,
                                 uint64_t *cuts) {
    EpnetProblem problem = test_network_problem(network, initial);
    const uint64_t all = ((uint64_t)1 << network->nodes) - 1;
    cuts[0] = 4;
    cuts[1] = 0x55555555 & all;
    cuts[2] = ((uint64_t)1 << network->nodes / 2) - 1;
    problem.cuts = cuts;
    problem.cut_count = CUTS;
    problem.kind = EPNET_TRAJECTORY;
    problem.method = method;
    problem.tolerance = 1e-10;
    problem.dt = 1e-3;
    const bool stepped = method == EPNET_EULER || method == EPNET_RK4;
    problem.times = stepped ? step_times : times;
    problem.steps = stepped ? steps : NULL;
    problem.time_count = TIMES;
    return problem;
}

/* Infinities and NaN (columns that do not apply) must agree; numbers up to `within` of the column's own size,
 * of 1 and of the activity, which bounds what the rates are differences of. */
static void check_rows(const double *got, const double *expected, size_t width, double within) {
    for (size_t c = 0; c < width; c++) {
        char what[64];
        snprintf(what, sizeof what, "column %zu against the CPU", c);
        if (isnan(expected[c]))
            assert_true(isnan(got[c]) != 0);
        else
            check_near(got[c], expected[c],
                       isinf(expected[c]) ? 0 : within * (1 + fabs(expected[c]) + expected[EPNET_ACTIVITY]),
                       what);
    }
}

static void compare_points(const EpnetProblem *problem, const EpnetPoint *points, size_t count,
                           double within) {
    TestRows got = stream_run_rows(problem, points, count), expected = test_rows(problem, points, count, 1);
    const size_t width = got.width;
    for (size_t k = 0; k < count; k++) {
        assert_int_equal(got.rows.status[k], expected.rows.status[k]);
        check_rows(got.rows.last + k * width, expected.rows.last + k * width, width, within);
        if (problem->kind == EPNET_STATIONARY)
            continue;
        for (size_t t = 0; t < problem->time_count; t++) {
            const size_t row = (k * problem->time_count + t) * width;
            check_rows(got.rows.trajectory + row, expected.rows.trajectory + row, width, within);
        }
        /* Along a trajectory that does not move, which sample is the largest is up to rounding. */
        for (size_t e = 0; e < EPNET_EXTREMES && problem->initial != NULL; e++) {
            const double value = expected.rows.extremes[k * EPNET_EXTREMES + e];
            if (isnan(value))
                assert_true(isnan(got.rows.extremes[k * EPNET_EXTREMES + e]) != 0);
            else
                check_near(got.rows.extremes[k * EPNET_EXTREMES + e], value,
                           isinf(value) ? 0 : 100 * within * (1 + fabs(value)), "an extreme");
        }
    }
    test_rows_free(&got);
    test_rows_free(&expected);
}

/* Some flips impossible, some copies one-way or absent. */
static TestNetwork network_with_zeros(TestRandom *random, int nodes) {
    TestNetwork network = test_network_random(random, nodes, 0.5, 0.1, 5, TEST_DRIVES_MIXED);
    for (int j = 0; j < nodes; j++) {
        if (test_random_below(random, 2) == 0)
            network.flip_up[j] = 0;
        else if (test_random_below(random, 3) == 0)
            network.flip_down[j] = 0;
    }
    return network;
}

static const EpnetMethod methods[] = {EPNET_EULER, EPNET_RK4, EPNET_CHEBYSHEV, EPNET_UNIFORMIZATION};

/* All methods from a law without and one with empty states, which fill at t = 0. */
static void test_trajectories(void **state) {
    (void)state;
    const int sizes[] = {5, 8};
    TestRandom random = test_random(411);
    epnet_emulation_reset();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t states = (size_t)1 << sizes[i];
        for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
            TestNetwork network = test_network_random(&random, sizes[i], 0.5, 0.1, 5, TEST_DRIVES_FINITE);
            const EpnetPoint point = test_network_point(&network);
            uint64_t cuts[CUTS];
            double *initials[] = {test_law_random(&random, states, 0), test_law_pure(states, 3),
                                  test_law_random(&random, states, 0.5)};
            for (size_t k = 0; k < sizeof initials / sizeof *initials; k++) {
                const EpnetProblem problem = make_problem(&network, initials[k], methods[m], cuts);
                compare_points(&problem, &point, 1, 1e-11);
                free(initials[k]);
            }
            test_network_free(&network);
        }
    }
}

/* Impossible flips: reachable states alone become positive, others stay empty. */
static void test_zero_rates(void **state) {
    (void)state;
    const int sizes[] = {5, 6, 8};
    TestRandom random = test_random(412);
    epnet_emulation_reset();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int trial = 0; trial < 4; trial++) {
            const size_t states = (size_t)1 << sizes[i];
            TestNetwork network = network_with_zeros(&random, sizes[i]);
            const EpnetPoint point = test_network_point(&network);
            uint64_t cuts[CUTS];
            double *pure = test_law_pure(states, 1);
            const EpnetProblem problem =
                make_problem(&network, pure, trial % 2 == 0 ? EPNET_CHEBYSHEV : EPNET_UNIFORMIZATION, cuts);
            compare_points(&problem, &point, 1, 1e-10);
            free(pure);
            test_network_free(&network);
        }
    }
}

static EpnetProblem make_stationary(const TestNetwork *network, uint64_t *cuts) {
    EpnetProblem problem = make_problem(network, NULL, EPNET_CHEBYSHEV, cuts);
    problem.kind = EPNET_STATIONARY;
    problem.time_count = 0;
    problem.times = NULL;
    return problem;
}

/* Stationary laws: plain, one-way, with impossible flips (several classes, or one that is small), and as the
 * start of a trajectory. */
static void test_laws(void **state) {
    (void)state;
    const int sizes[] = {5, 8};
    TestRandom random = test_random(413);
    epnet_emulation_reset();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int trial = 0; trial < 6; trial++) {
            TestNetwork network =
                trial < 4 ? test_network_random(&random, sizes[i], 0.5, 0.1, 5,
                                                trial % 2 == 0 ? TEST_DRIVES_FINITE : TEST_DRIVES_MIXED)
                          : network_with_zeros(&random, sizes[i]);
            const EpnetPoint point = test_network_point(&network);
            uint64_t cuts[CUTS];
            EpnetProblem problem = make_stationary(&network, cuts);
            compare_points(&problem, &point, 1, 1e-10);
            if (trial == 0) {
                problem = make_problem(&network, NULL, EPNET_CHEBYSHEV, cuts);
                compare_points(&problem, &point, 1, 1e-10);
            }
            test_network_free(&network);
        }
    }
}

/* Laws with entries far below rounding, which the corrections leave at or below zero: mended, so positive. */
static void test_tiny_entries(void **state) {
    (void)state;
    TestRandom random = test_random(418);
    epnet_emulation_reset();
    for (int nodes = 6; nodes <= 8; nodes += 2) {
        TestNetwork network = test_network_random(&random, nodes, 0.3, 1e-3, 1e-2, TEST_DRIVES_FINITE);
        for (int j = 0; j < nodes; j++) {
            network.flip_up[j] = 1e-5 * (1 + j);
            network.flip_down[j] = 1 + 0.1 * j;
        }
        const EpnetPoint point = test_network_point(&network);
        uint64_t cuts[CUTS];
        const EpnetProblem problem = make_stationary(&network, cuts);
        TestRows got = stream_run_rows(&problem, &point, 1);
        assert_int_equal(got.rows.status[0], EPNET_POINT_OK);
        assert_true(isfinite(got.rows.last[EPNET_ENTROPY_PRODUCTION_CHANNELS]) != 0); /* no entry is empty */
        test_rows_free(&got);
        compare_points(&problem, &point, 1, 1e-10);
        test_network_free(&network);
    }
}

/* Near equilibrium the production is a sum of tiny terms: its own digits count, not those of the activity. */
static void test_near_equilibrium(void **state) {
    (void)state;
    TestRandom random = test_random(414);
    epnet_emulation_reset();
    for (int nodes = 5; nodes <= 8; nodes++) {
        TestNetwork network = test_network_random(&random, nodes, 0.7, 0.5, 2, TEST_DRIVES_FINITE);
        for (size_t e = 0; e < network.edge_count; e++)
            network.drive[e] *= 1e-4;
        for (int j = 0; j < nodes; j++)
            network.flip_up[j] = network.flip_down[j] = 1;
        const EpnetPoint point = test_network_point(&network);
        uint64_t cuts[CUTS];
        const EpnetProblem problem = make_stationary(&network, cuts);
        TestRows got = stream_run_rows(&problem, &point, 1), expected = test_rows(&problem, &point, 1, 1);
        assert_int_equal(got.rows.status[0], EPNET_POINT_OK);
        const int columns[] = {EPNET_ENTROPY_PRODUCTION,
                               EPNET_ENTROPY_PRODUCTION_CHANNELS,
                               EPNET_ENVIRONMENT_ENTROPY_FLOW,
                               EPNET_MULTIINFORMATION,
                               EPNET_COLUMNS + EPNET_CUT_ENTROPY_PRODUCTION,
                               EPNET_COLUMNS + EPNET_CUT_MUTUAL_INFORMATION};
        assert_true(expected.rows.last[EPNET_ENTROPY_PRODUCTION_CHANNELS] < 1e-4);
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
            const double value = expected.rows.last[columns[c]];
            check_near(got.rows.last[columns[c]], value, 1e-7 * fabs(value), "near equilibrium");
        }
        test_rows_free(&got);
        test_rows_free(&expected);
        test_network_free(&network);
    }
}

/* Rows of given laws against the oracle, which shares no code: dense and with empty states. */
static void test_oracle(void **state) {
    (void)state;
    const double now = 0;
    TestRandom random = test_random(415);
    epnet_emulation_reset();
    for (int trial = 0; trial < 8; trial++) {
        const int nodes = 5 + trial % 2;
        const size_t states = (size_t)1 << nodes;
        TestNetwork network = trial < 6 ? test_network_random(&random, nodes, 0.6, 0.1, 10, TEST_DRIVES_MIXED)
                                        : network_with_zeros(&random, nodes);
        double *p = trial == 0 ? test_law_pure(states, 9) : test_law_random(&random, states, trial % 2 * 0.4);
        const EpnetPoint point = test_network_point(&network);
        uint64_t cuts[CUTS];
        EpnetProblem problem = make_problem(&network, p, EPNET_CHEBYSHEV, cuts);
        problem.time_count = 1;
        problem.times = &now;
        TestRows rows = stream_run_rows(&problem, &point, 1);
        const OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        Real *wide = test_law_widen(p, states);
        assert_int_equal(rows.rows.status[0], EPNET_POINT_OK);
        compare_row(rows.rows.last, oracle_row(&chain, wide), 1e-12L);
        for (size_t c = 0; c < CUTS; c++)
            compare_cut_row(rows.rows.last + EPNET_COLUMNS + c * EPNET_CUT_COLUMNS,
                            oracle_cut_row(&chain, &oracle, wide, cuts[c]), 1e-12L);
        test_rows_free(&rows);
        oracle_chain_free(&chain);
        free(wide);
        free(p);
        test_network_free(&network);
    }
}

/* The sizes that the engine is for: wide tiles, several points by one engine. */
static void test_large(void **state) {
    (void)state;
    const int longest = check_long() ? 16 : CHECK_SANITIZED ? 13 : 14;
    TestRandom random = test_random(416);
    epnet_emulation_reset();
    for (int nodes = 13; nodes <= longest; nodes++) {
        TestNetwork networks[2];
        EpnetPoint points[2];
        for (int k = 0; k < 2; k++) {
            networks[k] = test_network_ring(nodes, 0.5 + k, 1 + k);
            test_network_set_flips(&networks[k], 0.3, 0.7 + k);
            points[k] = test_network_point(&networks[k]);
        }
        uint64_t cuts[CUTS];
        double *initial = test_law_random(&random, (size_t)1 << nodes, 0.3);
        EpnetProblem problem = make_problem(&networks[0], initial, EPNET_CHEBYSHEV, cuts);
        compare_points(&problem, points, 2, 1e-10);
        problem = make_stationary(&networks[0], cuts);
        compare_points(&problem, points, 1, 1e-10);
        free(initial);
        test_network_free(&networks[0]);
        test_network_free(&networks[1]);
    }
}

/* The same bytes for every order of threads. */
static void test_orders(void **state) {
    (void)state;
    TestRandom random = test_random(417);
    TestNetwork network = test_network_random(&random, 8, 0.5, 0.1, 5, TEST_DRIVES_FINITE);
    const EpnetPoint point = test_network_point(&network);
    uint64_t cuts[CUTS];
    double *initial = test_law_random(&random, 256, 0.3);
    const EpnetProblem problem = make_problem(&network, initial, EPNET_CHEBYSHEV, cuts);
    epnet_emulation_reset();
    TestRows first = stream_run_rows(&problem, &point, 1);
    for (int order = 1; order < EPNET_EMULATION_ORDERS; order++) {
        epnet_emulation_order((EpnetEmulationOrder)order, 5);
        TestRows again = stream_run_rows(&problem, &point, 1);
        assert_memory_equal(again.rows.trajectory, first.rows.trajectory,
                            TIMES * first.width * sizeof(double));
        test_rows_free(&again);
    }
    test_rows_free(&first);
    free(initial);
    test_network_free(&network);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trajectories),
        cmocka_unit_test(test_zero_rates),
        cmocka_unit_test(test_laws),
        cmocka_unit_test(test_tiny_entries),
        cmocka_unit_test(test_near_equilibrium),
        cmocka_unit_test(test_oracle),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

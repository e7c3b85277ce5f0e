/* The leak on the device: quenches and decays of the CPU and of the oracle, by either engine, with the same
 * bytes in any order of the threads. */
#include "cuda_backend.h"
#include "emulation.h"
#include "leak_run.h"
#include "support/check.h"

#include <stdlib.h>

/* ---- against the CPU ----------------------------------------------------------------------------------- */

static void quenches_are_those_of_the_cpu(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1, 2};
    static const struct {
        int nodes;
        size_t points, samples, bootstrap;
    } sizes[] = {{1, 1, 3, 10},   {2, 9, 101, 1000}, {3, 5, 4, 10},  {4, 1, 5, 300}, {5, 3, 6, 37},
                 {6, 1, 30, 100}, {7, 2, 7, 50},     {8, 1, 3, 20},  {9, 1, 3, 20},  {10, 1, 3, 20},
                 {11, 1, 3, 20},  {12, 1, 3, 20},    {13, 1, 3, 20}, {14, 1, 3, 20}, {16, 1, 3, 20}};
    TestRandom random = test_random(81);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const int nodes = sizes[i].nodes;
        TestPoints p = leak_run_points(&random, nodes, sizes[i].points);
        const size_t cut_count = nodes < 2 ? 0 : nodes < 6 ? 2 : 1;
        const EpnetProblem problem = leak_run_quench(two_backends_stationary(&p, cuts, cut_count),
                                                     sizes[i].samples, sizes[i].bootstrap);
        if (nodes < (CHECK_SANITIZED ? 8 : 11) || check_long())
            assert_int_equal(leak_run_check(&problem, &p, 1e-8), nodes == 1 ? 0 : p.count);
        test_points_free(&p);
    }
}

/* At the end of a trajectory, wherever it began, by every method. */
static void quenches_of_trajectories(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1, 2};
    static const uint64_t steps[] = {0, 15, 60};
    TestRandom random = test_random(82);
    for (int nodes = 2; nodes <= (CHECK_SANITIZED ? 5 : 9); nodes += nodes < 5 ? 1 : 4) {
        TestPoints p = leak_run_points(&random, nodes, nodes < 9 ? 3 : 1);
        double *initial = test_law_random(&random, (size_t)1 << nodes, 0.2);
        EpnetProblem problem =
            leak_run_quench(two_backends_trajectory(&p, initial, 3, cuts, 1), 5, nodes < 9 ? 40 : 20);
        assert_int_equal(leak_run_check(&problem, &p, 1e-7), p.count);
        if (nodes == 3) {
            problem.dt = 0.01;
            problem.steps = steps;
            for (problem.method = EPNET_EULER; problem.method <= EPNET_RK4; problem.method++)
                assert_int_equal(leak_run_check(&problem, &p, 1e-7), p.count);
            problem = leak_run_quench(two_backends_trajectory(&p, NULL, 2, cuts, 2), 5, 40);
            assert_int_equal(leak_run_check(&problem, &p, 1e-7), p.count);
        }
        free(initial);
        test_points_free(&p);
    }
}

static void decays_are_those_of_the_cpu(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1, 2};
    TestRandom random = test_random(83);
    size_t solved = 0, count = 0;
    for (int nodes = 2; nodes <= 6; nodes++) {
        TestPoints p = leak_run_points(&random, nodes, 5);
        double *pure = test_law_pure((size_t)1 << nodes, 0);
        const EpnetProblem problem = leak_run_decay(&p, pure, cuts, (size_t)nodes % 3);
        solved += leak_run_check(&problem, &p, 1e-6);
        count += p.count;
        const EpnetProblem at_rest = leak_run_decay(&p, NULL, cuts, 1);
        assert_int_equal(leak_run_check(&at_rest, &p, 1e-6), 0);
        free(pure);
        test_points_free(&p);
    }
    assert_true(solved > count / 2 && solved < count);
}

static void with_a_constant_drive(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1, 2};
    TestRandom random = test_random(84);
    TestPoints p =
        test_points_make(&random, test_network_random(&random, 3, 1, 0.3, 3, TEST_DRIVES_FINITE), 6);
    for (size_t k = 0; k < p.count; k++)
        p.points[k].sigma = k == 2 ? 1e-7 : test_random_log(&random, 0.5, 10);
    double *pure = test_law_pure(8, 0);
    EpnetProblem quench = leak_run_quench(two_backends_stationary(&p, cuts, 2), 9, 50),
                 decay = leak_run_decay(&p, pure, cuts, 2);
    quench.constant_drive = decay.constant_drive = true;
    const size_t solved = leak_run_check(&quench, &p, 1e-6);
    assert_true(solved > 2 && solved < p.count);
    assert_true(leak_run_check(&decay, &p, 1e-5) > 0);
    TestPoints one = {p.network, 1, p.points, p.storage}; /* which has a curve */
    assert_int_equal(leak_run_check(&quench, &one, 1e-6), 1);
    free(pure);
    test_points_free(&p);
}

/* Where a block has too little shared memory for the other engine. */
static void by_the_streaming_engine(void **state) {
    (void)state;
    static const uint64_t cuts[] = {3};
    TestRandom random = test_random(85);
    for (int nodes = 5; nodes <= 8;
         nodes += CHECK_SANITIZED ? 2 : 1) { /* the last launch of a relaxation has 2, 3, 1 nodes */
        TestPoints p = leak_run_points(&random, nodes, nodes == 5 ? 3 : 1);
        double *pure = test_law_pure((size_t)1 << nodes, 0);
        const EpnetProblem quench = leak_run_quench(two_backends_stationary(&p, cuts, 1), 5, 30),
                           last = leak_run_quench(two_backends_trajectory(&p, pure, 2, cuts, 1), 5, 30),
                           decay = leak_run_decay(&p, pure, cuts, 1);
        epnet_emulation_device(0, "small", 9, 0, 2, 1 << 26, 2 << 10);
        if (nodes > 5) {
            assert_int_equal(epnet_cuda_backend.need(&quench, 0, 1).in_flight, 1);
            assert_int_equal(leak_run_check(&quench, &p, 1e-8), p.count);
        } else { /* of stationary laws alone a block would fit */
            assert_int_equal(epnet_cuda_backend.need(&last, 0, 1).in_flight, 1);
            assert_int_equal(leak_run_check(&last, &p, 1e-7), p.count);
            leak_run_check(&decay, &p, 1e-6);
        }
        epnet_emulation_reset();
        free(pure);
        test_points_free(&p);
    }
}

/* ---- against the oracle -------------------------------------------------------------------------------- */

static void a_quench_of_the_oracle(void **state) {
    (void)state;
    enum { SAMPLES = 50 };
    TestRandom random = test_random(86);
    TestPoints p = leak_run_points(&random, 4, 1);
    const EpnetProblem problem = leak_run_quench(two_backends_stationary(&p, NULL, 0), SAMPLES, 200);
    TestRows cuda = two_backends_solve(&epnet_cuda_backend, 0, &problem, p.points, 1, false);
    TestNetwork network = p.network;
    network.flip_up = (double *)p.points->flip_up;
    network.flip_down = (double *)p.points->flip_down;
    network.rate = (double *)p.points->rate;
    network.drive = (double *)p.points->drive;
    OracleNetwork oracle = test_network_oracle(&network);
    OracleChain chain = oracle_chain(&oracle);
    Real pi[16], t[SAMPLES], y[SAMPLES], low, high;
    assert_true(oracle_chain_stationary(&chain, pi));
    const Real slope = oracle_quench(&oracle, pi, problem.leak.window, SAMPLES, t, y);
    oracle_leak_interval(SAMPLES, t, y, 200, problem.leak.seed, &low, &high);
    assert_int_equal(cuda.rows.status[0], EPNET_POINT_OK);
    check_near(cuda.rows.point[EPNET_LEAK], slope, 1e-9L * slope, "leak");
    check_near(cuda.rows.point[EPNET_LEAK_LOW], low, 1e-9L * slope, "leak_low");
    check_near(cuda.rows.point[EPNET_LEAK_HIGH], high, 1e-9L * slope, "leak_high");
    for (size_t k = 0; k < SAMPLES; k++) {
        check_near(cuda.rows.leak_curve[k], t[k], 1e-9L * t[SAMPLES - 1], "time of a sample");
        check_near(cuda.rows.leak_curve[SAMPLES + k], y[k], 1e-8L, "ln I of a sample");
    }
    oracle_chain_free(&chain);
    test_rows_free(&cuda);
    test_points_free(&p);
}

/* ---- bytes --------------------------------------------------------------------------------------------- */

static void same_bytes_in_any_order_and_batch(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1};
    TestRandom random = test_random(88);
    for (int nodes = 3; nodes <= (CHECK_SANITIZED ? 6 : 9); nodes += 3) {
        TestPoints p = leak_run_points(&random, nodes, nodes < 9 ? 7 : 2);
        double *pure = test_law_pure((size_t)1 << nodes, 0);
        const EpnetProblem problems[] = {leak_run_quench(two_backends_stationary(&p, cuts, 1), 4, 30),
                                         leak_run_decay(&p, pure, cuts, 1)};
        for (size_t i = 0; i < (nodes < 9 ? 2 : 1); i++) {
            const EpnetProblem *problem = &problems[i];
            TestRows all = two_backends_solve(&epnet_cuda_backend, 0, problem, p.points, p.count, true);
            for (int order = EPNET_EMULATION_BACKWARD; order <= EPNET_EMULATION_SHUFFLED; order++) {
                epnet_emulation_order((EpnetEmulationOrder)order, 9);
                TestRows again = two_backends_solve(&epnet_cuda_backend, 0, problem, p.points, p.count, true);
                two_backends_same_bytes(problem, &all, &again, 0);
                test_rows_free(&again);
            }
            epnet_emulation_reset();
            TestRows part =
                two_backends_solve(&epnet_cuda_backend, 0, problem, p.points + 1, p.count - 1, true);
            two_backends_same_bytes(problem, &all, &part, 1);
            test_rows_free(&part);
            test_rows_free(&all);
        }
        free(pure);
        test_points_free(&p);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, two_backends_set_up, two_backends_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(quenches_are_those_of_the_cpu),     TEST(quenches_of_trajectories),
        TEST(decays_are_those_of_the_cpu),       TEST(with_a_constant_drive),
        TEST(by_the_streaming_engine),           TEST(a_quench_of_the_oracle),
        TEST(same_bytes_in_any_order_and_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

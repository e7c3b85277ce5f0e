/* The leak on the device: quenches and decays of the CPU and of the oracle, by either engine, and what cannot
 * be fitted. */
#include "cpu/cpu_backend.h"
#include "cuda_backend.h"
#include "emulation.h"
#include "support/check.h"
#include "two_backends.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TIMES = 70 };

/* Long enough for small networks to decay. */
static const double *decay_times(void) {
    static double times[TIMES];
    for (size_t k = 0; k < TIMES; k++)
        times[k] = 0.25 * (double)k;
    return times;
}

static EpnetProblem with_quench(EpnetProblem problem, size_t samples, size_t bootstrap) {
    problem.leak = (EpnetLeakSettings){EPNET_LEAK_QUENCH, {0.5, 0.01}, samples, bootstrap, 77};
    return problem;
}

static EpnetProblem decaying(const TestPoints *p, const double *initial, const uint64_t *cuts,
                             size_t cut_count) {
    EpnetProblem problem = two_backends_trajectory(p, initial, 1, cuts, cut_count);
    problem.times = decay_times();
    problem.time_count = TIMES;
    problem.leak = (EpnetLeakSettings){EPNET_LEAK_DECAY, {0.5, 0.02}, 3, 101, UINT64_C(5) << 33 | 1};
    return problem;
}

static TestPoints some_points(TestRandom *random, int nodes, size_t count) {
    return test_points_make(random, test_network_random(random, nodes, 0.8, 0.5, 3, TEST_DRIVES_MIXED),
                            count);
}

/* Statuses, rows and leaks are the CPU's; returns how many points are ok. */
static size_t check_same(const EpnetProblem *problem, const TestPoints *p, double relative) {
    TestRows cpu = two_backends_solve(&epnet_cpu_backend, 0, problem, p->points, p->count, true);
    TestRows cuda = two_backends_solve(&epnet_cuda_backend, 0, problem, p->points, p->count, true);
    two_backends_compare(problem, &cpu, &cuda, relative, 1e-9);
    size_t solved = 0;
    for (size_t k = 0; k < p->count; k++) {
        const double *columns = cuda.rows.point + k * EPNET_POINT_COLUMNS;
        if (cuda.rows.status[k] != EPNET_POINT_OK)
            continue;
        assert_true(columns[EPNET_LEAK] > 0 && columns[EPNET_LEAK_LOW] <= columns[EPNET_LEAK_HIGH]);
        solved++;
    }
    test_rows_free(&cpu);
    test_rows_free(&cuda);
    return solved;
}

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
        TestPoints p = some_points(&random, nodes, sizes[i].points);
        const size_t cut_count = nodes < 2 ? 0 : nodes < 6 ? 2 : 1;
        const EpnetProblem problem =
            with_quench(two_backends_stationary(&p, cuts, cut_count), sizes[i].samples, sizes[i].bootstrap);
        if (nodes < (CHECK_SANITIZED ? 8 : 10) || check_long())
            assert_int_equal(check_same(&problem, &p, 1e-8), nodes == 1 ? 0 : p.count);
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
        TestPoints p = some_points(&random, nodes, nodes < 9 ? 3 : 1);
        double *initial = test_law_random(&random, (size_t)1 << nodes, 0.2);
        EpnetProblem problem =
            with_quench(two_backends_trajectory(&p, initial, 3, cuts, 1), 5, nodes < 9 ? 40 : 20);
        assert_int_equal(check_same(&problem, &p, 1e-7), p.count);
        if (nodes == 3) {
            problem.dt = 0.01;
            problem.steps = steps;
            for (problem.method = EPNET_EULER; problem.method <= EPNET_RK4; problem.method++)
                assert_int_equal(check_same(&problem, &p, 1e-7), p.count);
            problem = with_quench(two_backends_trajectory(&p, NULL, 2, cuts, 2), 5, 40);
            assert_int_equal(check_same(&problem, &p, 1e-7), p.count);
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
        TestPoints p = some_points(&random, nodes, 5);
        double *pure = test_law_pure((size_t)1 << nodes, 0);
        const EpnetProblem problem = decaying(&p, pure, cuts, (size_t)nodes % 3);
        solved += check_same(&problem, &p, 1e-6);
        count += p.count;
        const EpnetProblem at_rest = decaying(&p, NULL, cuts, 1);
        assert_int_equal(check_same(&at_rest, &p, 1e-6), 0);
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
    EpnetProblem quench = with_quench(two_backends_stationary(&p, cuts, 2), 9, 50),
                 decay = decaying(&p, pure, cuts, 2);
    quench.constant_drive = decay.constant_drive = true;
    const size_t solved = check_same(&quench, &p, 1e-6);
    assert_true(solved > 2 && solved < p.count);
    assert_true(check_same(&decay, &p, 1e-5) > 0);
    TestPoints one = {p.network, 1, p.points, p.storage}; /* which has a curve */
    assert_int_equal(check_same(&quench, &one, 1e-6), 1);
    free(pure);
    test_points_free(&p);
}

/* Where a block has too little shared memory for the other engine. */
static void by_the_streaming_engine(void **state) {
    (void)state;
    static const uint64_t cuts[] = {3};
    TestRandom random = test_random(85);
    for (int nodes = 5; nodes <= 8; nodes++) { /* the last launch of a relaxation has 2, 3, 1 nodes */
        TestPoints p = some_points(&random, nodes, nodes == 5 ? 3 : 1);
        double *pure = test_law_pure((size_t)1 << nodes, 0);
        const EpnetProblem quench = with_quench(two_backends_stationary(&p, cuts, 1), 5, 30),
                           last = with_quench(two_backends_trajectory(&p, pure, 2, cuts, 1), 5, 30),
                           decay = decaying(&p, pure, cuts, 1);
        epnet_emulation_device(0, "small", 9, 0, 2, 1 << 26, 2 << 10);
        assert_int_equal(check_same(&quench, &p, 1e-8), p.count);
        if (nodes == 5) {
            assert_int_equal(check_same(&last, &p, 1e-7), p.count);
            check_same(&decay, &p, 1e-6);
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
    TestPoints p = some_points(&random, 4, 1);
    const EpnetProblem problem = with_quench(two_backends_stationary(&p, NULL, 0), SAMPLES, 200);
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

/* ---- what cannot be fitted ----------------------------------------------------------------------------- */

/* Good points among points without correlation, without flips, and, for decays, without a unique law. */
static void points_without_a_leak(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1};
    TestRandom random = test_random(87);
    TestPoints p =
        test_points_make(&random, test_network_random(&random, 3, 1, 0.5, 3, TEST_DRIVES_FINITE), 7);
    double *rates = p.storage;
    const size_t each = 6 + 2 * p.network.edge_count;
    memset(rates + 1 * each + 6, 0, p.network.edge_count * sizeof *rates); /* no copies */
    memset(rates + 3 * each, 0,
           4 * sizeof *rates); /* nodes 0 to 2 without flips 0 -> 1, and node 0 without any */
    memset(rates + 5 * each, 0, 6 * sizeof *rates); /* no flips, no errors: all equal is for good */
    for (size_t e = 0; e < p.network.edge_count; e++)
        rates[5 * each + 6 + p.network.edge_count + e] = INFINITY;
    double *pure = test_law_pure(8, 1);
    const EpnetProblem quench = with_quench(two_backends_stationary(&p, cuts, 1), 5, 20),
                       last = with_quench(two_backends_trajectory(&p, pure, 2, cuts, 1), 5, 20),
                       decay = decaying(&p, pure, cuts, 1);
    TestRows rows = two_backends_solve(&epnet_cuda_backend, 0, &decay, p.points, p.count, true);
    assert_int_equal(rows.rows.status[5], EPNET_POINT_NOT_UNIQUE);
    assert_true(isnan(rows.rows.last[5 * rows.width]) && isnan(rows.rows.extremes[5 * EPNET_EXTREMES]));
    assert_true(isnan(rows.rows.trajectory[5 * TIMES * rows.width]));
    test_rows_free(&rows);
    assert_int_equal(check_same(&quench, &p, 1e-7), 5);
    check_same(&last, &p, 1e-6);
    check_same(&decay, &p, 1e-5);
    for (size_t i = 0; i < 6; i++) /* too fast for this step: its trajectory fails, before any leak */
        rates[2 * each + i] *= 100;
    static const uint64_t steps[] = {0, 1};
    EpnetProblem euler = last;
    euler.method = EPNET_EULER;
    euler.dt = 0.15;
    euler.steps = steps;
    rows = two_backends_solve(&epnet_cuda_backend, 0, &euler, p.points, p.count, true);
    assert_int_equal(rows.rows.status[2], EPNET_POINT_NOT_POSITIVE);
    test_rows_free(&rows);
    assert_true(check_same(&euler, &p, 1e-6) > 0);
    free(pure);
    test_points_free(&p);
}

/* ---- bytes --------------------------------------------------------------------------------------------- */

static void same_bytes_in_any_order_and_batch(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1};
    TestRandom random = test_random(88);
    for (int nodes = 3; nodes <= 9; nodes += 3) {
        TestPoints p = some_points(&random, nodes, nodes < 9 ? 7 : 2);
        double *pure = test_law_pure((size_t)1 << nodes, 0);
        const EpnetProblem problems[] = {with_quench(two_backends_stationary(&p, cuts, 1), 4, 30),
                                         decaying(&p, pure, cuts, 1)};
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

/* ---- failures ------------------------------------------------------------------------------------------ */

/* Calls of a kind fail in turn: a device error, and nothing is left. */
static void failures_are_returned(void **state) {
    (void)state;
    static const EpnetEmulationCall calls[] = {EPNET_EMULATION_MALLOC, EPNET_EMULATION_HOST_MALLOC,
                                               EPNET_EMULATION_LAUNCH, EPNET_EMULATION_MEMCPY};
    TestRandom random = test_random(89);
    TestPoints p = some_points(&random, 2, 1);
    double *pure = test_law_pure(4, 0);
    const EpnetProblem problems[] = {with_quench(two_backends_stationary(&p, NULL, 0), 3, 10),
                                     decaying(&p, pure, NULL, 0)};
    for (size_t i = 0; i < 2 * sizeof calls / sizeof *calls; i++) {
        const EpnetBatch batch = {&problems[i % 2], 1, p.points, NULL};
        size_t failed = 0;
        for (long call = 1; call <= 60; call++) {
            TestRows rows = two_backends_rows(batch.problem, 1, false);
            EpnetError error;
            void *context = NULL;
            epnet_emulation_reset();
            epnet_emulation_fail(calls[i / 2], call, cudaErrorUnknown, false);
            EpnetStatus status = epnet_cuda_backend.open(batch.problem, 0, 1, &context, &error);
            if (status == EPNET_OK)
                status = epnet_cuda_backend.solve(context, &batch, &rows.rows, &error);
            epnet_cuda_backend.close(context);
            assert_int_equal(status, epnet_emulation_failed() ? EPNET_DEVICE : EPNET_OK);
            assert_int_equal(epnet_emulation_held().allocations, 0);
            failed += status == EPNET_DEVICE;
            test_rows_free(&rows);
        }
        assert_true(failed >= 2 && failed < 60);
    }
    epnet_emulation_reset();
    free(pure);
    test_points_free(&p);
}

/* On a device that is nearly full laws and points make room for each other. */
static void nearly_full(void **state) {
    (void)state;
    enum { POINTS = 600 };
    TestRandom random = test_random(90);
    TestPoints p = some_points(&random, 2, POINTS);
    double *pure = test_law_pure(4, 0);
    const EpnetProblem problem = decaying(&p, pure, NULL, 0);
    TestRows all = two_backends_solve(&epnet_cuda_backend, 0, &problem, p.points, POINTS, true);
    size_t solved = 0;
    for (size_t bytes = 4900000; bytes < 7000000; bytes += 400000) {
        EpnetError error;
        int threads = 1;
        epnet_emulation_device(0, "Nearly full", 9, 0, 2, bytes, 227 << 10);
        if (epnet_cuda_backend.accept(&problem, 0, &threads, &error) != EPNET_OK)
            continue;
        TestRows rows = two_backends_solve(&epnet_cuda_backend, 0, &problem, p.points, POINTS, true);
        two_backends_same_bytes(&problem, &all, &rows, 0);
        test_rows_free(&rows);
        solved++;
    }
    assert_true(solved >= 3);
    epnet_emulation_reset();
    test_rows_free(&all);
    free(pure);
    test_points_free(&p);
}

static volatile int stop;

static void a_stop_ends_it(void **state) {
    (void)state;
    TestRandom random = test_random(91);
    TestPoints p = some_points(&random, 3, 2);
    double *pure = test_law_pure(8, 0);
    const EpnetProblem problems[] = {with_quench(two_backends_stationary(&p, NULL, 0), 10000, 1000000),
                                     decaying(&p, pure, NULL, 0)};
    stop = 1;
    for (size_t i = 0; i < 2; i++) {
        const EpnetBatch batch = {&problems[i], 2, p.points, &stop};
        TestRows rows = two_backends_rows(batch.problem, 2, false);
        EpnetError error;
        void *context = NULL;
        assert_int_equal(epnet_cuda_backend.open(batch.problem, 0, 1, &context, &error), EPNET_OK);
        assert_int_equal(epnet_cuda_backend.solve(context, &batch, &rows.rows, &error), EPNET_OK);
        epnet_cuda_backend.close(context);
        test_rows_free(&rows);
    }
    free(pure);
    test_points_free(&p);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, two_backends_set_up, two_backends_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(quenches_are_those_of_the_cpu),
        TEST(quenches_of_trajectories),
        TEST(decays_are_those_of_the_cpu),
        TEST(with_a_constant_drive),
        TEST(by_the_streaming_engine),
        TEST(a_quench_of_the_oracle),
        TEST(points_without_a_leak),
        TEST(same_bytes_in_any_order_and_batch),
        TEST(failures_are_returned),
        TEST(nearly_full),
        TEST(a_stop_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

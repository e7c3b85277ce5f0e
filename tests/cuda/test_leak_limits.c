/* The leak on the device: what cannot be fitted, what is hidden by a tolerance, memory, failures, a stop. */
#include "cuda_backend.h"
#include "emulation.h"
#include "leak_run.h"
#include "one_point.h"
#include "support/check.h"
#include "trials.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    const EpnetProblem quench = leak_run_quench(two_backends_stationary(&p, cuts, 1), 5, 20),
                       last = leak_run_quench(two_backends_trajectory(&p, pure, 2, cuts, 1), 5, 20),
                       decay = leak_run_decay(&p, pure, cuts, 1);
    TestRows rows = two_backends_solve(&epnet_cuda_backend, 0, &decay, p.points, p.count, true);
    assert_int_equal(rows.rows.status[5], EPNET_POINT_NOT_UNIQUE);
    assert_true(isnan(rows.rows.last[5 * rows.width]) && isnan(rows.rows.extremes[5 * EPNET_EXTREMES]));
    assert_true(isnan(rows.rows.trajectory[5 * LEAK_RUN_TIMES * rows.width]));
    test_rows_free(&rows);
    assert_int_equal(leak_run_check(&quench, &p, 1e-7), 5);
    leak_run_check(&last, &p, 1e-6);
    leak_run_check(&decay, &p, 1e-5);
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
    assert_true(leak_run_check(&euler, &p, 1e-6) > 0);
    free(pure);
    test_points_free(&p);
}

/* Rare nodes beyond elimination, on either engine: the faintest information decays as a pair's does. */
static void faint_information(void **state) {
    (void)state;
    const double up = 2e-5, down = 0.5, rates[] = {1e-10, 1e-8};
    for (int i = 0; i < 4; i++) {
        const int nodes = i < 2 && !CHECK_SANITIZED ? 9 : 8;
        TestNetwork network = test_network_ring(nodes, rates[i % 2], 3);
        test_network_set_flips(&network, up, down);
        const EpnetPoint point = test_network_point(&network);
        EpnetProblem problem = test_network_problem(&network, NULL);
        problem.kind = EPNET_STATIONARY;
        problem = leak_run_quench(problem, 5, 10);
        if (i >= 2)
            epnet_emulation_device(0, "small", 9, 0, 2, 1 << 26, 2 << 10);
        TestRows rows = two_backends_solve(&epnet_cuda_backend, 0, &problem, &point, 1, false);
        check_near(rows.rows.point[EPNET_LEAK], 4 * (up + down), 1e-4, "leak");
        test_rows_free(&rows);
        test_network_free(&network);
    }
}

/* Information is a signal above what the tolerance makes of nothing, at the end of a trajectory; a stationary
 * law has none but its rounding. */
static void what_a_tolerance_hides(void **state) {
    (void)state;
    const double now = 0, faint = 1e-4, p0[] = {0.25 + faint, 0.25 - faint, 0.25 - faint, 0.25 + faint};
    const double information = 8 * faint * faint; /* to second order */
    TestNetwork network = test_network_complete(2, 1e-4, 3);
    EpnetPoint point = test_network_point(&network);
    TestPoints p = {network, 1, &point, NULL};
    for (int streaming = 0; streaming < 2; streaming++) {
        for (int hidden = 0; hidden < 2 && !streaming; hidden++) {
            EpnetProblem problem = test_network_problem(&network, p0);
            problem.times = &now;
            problem.time_count = 1;
            problem.tolerance = sqrt(information * (hidden ? 1.1 : 0.9) / 4);
            problem = leak_run_quench(problem, 5, 10);
            assert_int_equal(leak_run_check(&problem, &p, 1e-7), hidden ? 0 : 1);
        }
    }
    EpnetProblem law = test_network_problem(&network, NULL);
    law.kind = EPNET_STATIONARY;
    law.tolerance = 0.1;
    law = leak_run_quench(law, 5, 10);
    assert_int_equal(leak_run_check(&law, &p, 1e-7), 1);
    test_network_free(&network);
}

/* Two nodes that flip never, among one that does, keep what they know of each other: no level is reached. */
static void correlation_that_stays(void **state) {
    (void)state;
    static const double times[] = {0, 0.5};
    TestNetwork network = test_network_complete(3, 0, 1);
    memset(network.flip_up, 0, 2 * sizeof(double));
    memset(network.flip_down, 0, 2 * sizeof(double));
    TestRandom random = test_random(92);
    EpnetPoint point = test_network_point(&network);
    TestPoints p = {network, 1, &point, NULL};
    double *initial = test_law_random(&random, 8, 0);
    EpnetProblem problem = test_network_problem(&network, initial);
    problem.tolerance = 1e-11;
    problem.times = times;
    problem.time_count = 2;
    problem = leak_run_quench(problem, 5, 10);
    assert_int_equal(leak_run_check(&problem, &p, 1e-7), 0);
    free(initial);
    test_network_free(&network);
}

/* A node that flips never keeps the law from being unique, while the correlation of the others decays to
 * nothing: there is no stationary value to measure it from, whatever it looks like. What else is wrong comes
 * first. */
static void a_decay_without_a_law(void **state) {
    (void)state;
    static const uint64_t steps[] = {0, 1};
    TestNetwork network = test_network_complete(3, 0, 1);
    test_network_set_flips(&network, 0.05, 0.07);
    network.flip_up[2] = network.flip_down[2] = 0;
    TestRandom random = test_random(93);
    EpnetPoint point = test_network_point(&network);
    TestPoints p = {network, 1, &point, NULL};
    double *initial = test_law_random(&random, 8, 0);
    initial[0] += initial[4]; /* node 2 is 0 */
    for (size_t s = 0; s < 4; s++) {
        initial[s] += s > 0 ? initial[s + 4] : 0;
        initial[s + 4] = 0;
    }
    EpnetProblem decay = leak_run_decay(&p, initial, NULL, 0);
    TestRows rows = two_backends_solve(&epnet_cuda_backend, 0, &decay, &point, 1, true);
    assert_int_equal(rows.rows.status[0], EPNET_POINT_NOT_UNIQUE);
    test_rows_free(&rows);
    assert_int_equal(leak_run_check(&decay, &p, 1e-7), 0);
    network.flip_up[2] = 0.05; /* with it the decay can be told */
    assert_int_equal(leak_run_check(&decay, &p, 1e-7), 1);
    network.flip_up[2] = 0;
    const double all_up[] = {0, 0, 0, 1, 0, 0, 0, 0};
    EpnetProblem euler = leak_run_decay(&p, all_up, NULL, 0);
    euler.method = EPNET_EULER;
    euler.time_count = 2;
    euler.dt = 0.25;
    euler.steps = steps;
    network.flip_down[0] = 100;
    rows = two_backends_solve(&epnet_cuda_backend, 0, &euler, &point, 1, true);
    assert_int_equal(rows.rows.status[0], EPNET_POINT_NOT_POSITIVE);
    test_rows_free(&rows);
    assert_int_equal(leak_run_check(&euler, &p, 1e-7), 0);
    free(initial);
    test_network_free(&network);
}

/* What leaks and the laws of decays take of a device is counted: scratch once for those at work. */
static void memory_is_counted(void **state) {
    (void)state;
    TestRandom random = test_random(94);
    TestPoints p = leak_run_points(&random, 2, 1);
    double *pure = test_law_pure(4, 0);
    const EpnetProblem law = two_backends_stationary(&p, NULL, 0), few = leak_run_quench(law, 5, 10),
                       many = leak_run_quench(law, 5, 1000000), huge = leak_run_quench(law, 5, 100000000);
    EpnetProblem decay = leak_run_decay(&p, pure, NULL, 0), plain = decay;
    plain.leak.kind = EPNET_LEAK_NONE;
    const EpnetMemoryNeed of_few = epnet_cuda_backend.need(&few, 0, 1),
                          of_many = epnet_cuda_backend.need(&many, 0, 1),
                          of_decay = epnet_cuda_backend.need(&decay, 0, 1),
                          of_plain = epnet_cuda_backend.need(&plain, 0, 1),
                          of_law = epnet_cuda_backend.need(&law, 0, 1);
    assert_int_equal(of_many.of_point, of_few.of_point);
    assert_int_equal(of_many.of_work - of_few.of_work, (1000000 - 10) * sizeof(double));
    assert_true(of_many.at_work < of_few.at_work); /* which is what keeps their scratch below 2 GiB */
    assert_true(of_many.of_work * (uint64_t)of_many.at_work <= (uint64_t)3 << 30);
    assert_true(of_decay.of_point >= of_plain.of_point + of_law.of_point + LEAK_RUN_TIMES * sizeof(double));
    EpnetError error;
    int threads = 1;
    assert_int_equal(epnet_cuda_backend.accept(&few, 0, &threads, &error), EPNET_OK);
    assert_int_equal(epnet_cuda_backend.accept(&huge, 0, &threads, &error), EPNET_DEVICE);
    assert_non_null(strstr(error.message, "with fewer leak.bootstrap or leak.samples they would"));
    free(pure);
    test_points_free(&p);
}

/* ---- failures ------------------------------------------------------------------------------------------ */

/* Calls of a kind fail in turn: a device error, and nothing is left. */
static void failures_are_returned(void **state) {
    (void)state;
    static const EpnetEmulationCall calls[] = {EPNET_EMULATION_MALLOC, EPNET_EMULATION_HOST_MALLOC,
                                               EPNET_EMULATION_LAUNCH, EPNET_EMULATION_MEMCPY};
    TestRandom random = test_random(89);
    TestPoints p = leak_run_points(&random, 2, 1);
    double *pure = test_law_pure(4, 0);
    const EpnetProblem problems[] = {leak_run_quench(two_backends_stationary(&p, NULL, 0), 3, 10),
                                     leak_run_decay(&p, pure, NULL, 0)};
    for (size_t i = 0; i < 2 * sizeof calls / sizeof *calls; i++) {
        const EpnetBatch batch = {&problems[i % 2], 1, p.points, NULL};
        size_t failed = 0;
        for (long call = 1; call <= 60; call++) {
            TestRows rows = two_backends_rows(batch.problem, 1, false);
            EpnetError error;
            epnet_emulation_reset();
            epnet_emulation_fail(calls[i / 2], call, cudaErrorUnknown, false);
            const EpnetStatus status = trial_solve(&batch, &rows.rows, &error);
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
    TestPoints p = leak_run_points(&random, 2, POINTS);
    double *pure = test_law_pure(4, 0);
    const EpnetProblem problem = leak_run_decay(&p, pure, NULL, 0);
    assert_true(trial_of_nearly_full_devices(&problem, &p, true, 4900000, 7000000, 400000) >= 3);
    free(pure);
    test_points_free(&p);
}

static volatile int stop;

static void a_stop_from_the_start(void **state) {
    (void)state;
    TestRandom random = test_random(91);
    TestPoints p = leak_run_points(&random, 3, 2);
    double *pure = test_law_pure(8, 0);
    const EpnetProblem problems[] = {leak_run_quench(two_backends_stationary(&p, NULL, 0), 10000, 1000000),
                                     leak_run_decay(&p, pure, NULL, 0)};
    stop = 1;
    for (size_t i = 0; i < 2; i++) {
        const EpnetBatch batch = {&problems[i], 2, p.points, &stop};
        TestRows rows = two_backends_rows(batch.problem, 2, false);
        EpnetError error;
        assert_int_equal(trial_solve(&batch, &rows.rows, &error), EPNET_OK);
        assert_int_equal(epnet_emulation_calls(EPNET_EMULATION_LAUNCH), 0);
        test_rows_free(&rows);
    }
    free(pure);
    test_points_free(&p);
}

/* The kernel alone, from a law at hand, with a flag somewhere in memory: its status. */
static int status_of_leak(const EpnetProblem *problem, const EpnetPoint *point, bool flag_on_curve,
                          int flag_before) {
    TestOnePoint one = test_one_point(problem, point);
    EpnetCudaLayout layout;
    void *scratch, *flag;
    const double law[] = {0.4, 0.1, 0.1, 0.4};
    const int ok = EPNET_POINT_OK;
    assert_int_equal(epnet_cuda_leak_layout(problem, &layout), cudaSuccess);
    assert_int_equal(cudaMalloc(&scratch, test_one_block(&layout)), cudaSuccess);
    assert_int_equal(cudaMalloc(&flag, sizeof(int)), cudaSuccess);
    assert_int_equal(cudaMemcpy(flag, &flag_before, sizeof(int), cudaMemcpyHostToDevice), cudaSuccess);
    EpnetCudaBatch given = epnet_cuda_slots_batch(&one.slots, flag);
    if (given.law != NULL)
        assert_int_equal(cudaMemcpy(given.law, law, sizeof law, cudaMemcpyHostToDevice), cudaSuccess);
    assert_int_equal(cudaMemcpy(given.status, &ok, sizeof ok, cudaMemcpyHostToDevice), cudaSuccess);
    assert_int_equal(cudaMemset(given.next, 0, sizeof *given.next), cudaSuccess);
    assert_int_equal(cudaMemset(given.leak_curve, 0, one.slots.leak_curve.bytes), cudaSuccess);
    if (flag_on_curve) /* the upper half of a number that is written between sampling and fitting */
        given.stop = (const volatile int *)given.leak_curve + 1;
    assert_int_equal(epnet_cuda_leak(&layout, &one.shared.problem, &given, scratch, NULL), cudaSuccess);
    const int status = test_one_point_finish(&one, problem);
    cudaFree(flag);
    cudaFree(scratch);
    test_one_point_free(&one);
    return status;
}

/* It is heard before a point, by quenches and decays, and behind a bootstrap. */
static void kernels_hear_a_stop(void **state) {
    (void)state;
    TestRandom random = test_random(95);
    TestPoints p = leak_run_points(&random, 2, 1);
    const EpnetProblem quench = leak_run_quench(two_backends_stationary(&p, NULL, 0), 5, 20);
    assert_int_equal(status_of_leak(&quench, p.points, false, 0), EPNET_POINT_OK);
    assert_int_equal(status_of_leak(&quench, p.points, false, 1), EPNET_POINT_NOT_CONVERGED);
    assert_int_equal(status_of_leak(&quench, p.points, true, 0), EPNET_POINT_NOT_CONVERGED);
    double *pure = test_law_pure(4, 0);
    const EpnetProblem decay = leak_run_decay(&p, pure, NULL, 0);
    assert_int_equal(status_of_leak(&decay, p.points, false, 1), EPNET_POINT_NOT_CONVERGED);
    free(pure);
    test_points_free(&p);
}

/* The engine whose quenches the host drives hears it between two of them. */
static void the_streaming_engine_hears_a_stop(void **state) {
    (void)state;
    TestRandom random = test_random(96);
    TestPoints p = leak_run_points(&random, 6, 1);
    double *initial = test_law_random(&random, 64, 0);
    const EpnetProblem quench = leak_run_quench(two_backends_trajectory(&p, initial, 1, NULL, 0), 10000, 10);
    const EpnetBatch batch = {&quench, 1, p.points, &stop};
    TestRows rows = two_backends_rows(&quench, 1, false);
    EpnetError error;
    TrialStop trial;
    epnet_emulation_device(0, "small", 9, 0, 2, 1 << 26, 2 << 10);
    trial_stop_begin(&trial, 600, &stop);
    assert_int_equal(trial_solve(&batch, &rows.rows, &error), EPNET_OK);
    trial_stop_join(&trial);
    assert_true(epnet_emulation_calls(EPNET_EMULATION_LAUNCH) < 20000); /* of 40,000 and more */
    test_rows_free(&rows);
    free(initial);
    test_points_free(&p);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, two_backends_set_up, two_backends_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(points_without_a_leak),
        TEST(faint_information),
        TEST(what_a_tolerance_hides),
        TEST(correlation_that_stays),
        TEST(a_decay_without_a_law),
        TEST(memory_is_counted),
        TEST(failures_are_returned),
        TEST(nearly_full),
        TEST(a_stop_from_the_start),
        TEST(kernels_hear_a_stop),
        TEST(the_streaming_engine_hears_a_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

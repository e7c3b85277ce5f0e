/* Constant drive on the device: the drives, statuses and rows of the CPU, of points that are searched side by
 * side, by either engine. */
#include "cpu/cpu_backend.h"
#include "cuda_backend.h"
#include "emulation.h"
#include "support/check.h"
#include "trials.h"

#include <stdlib.h>

/* Productions that some drive gives, and, where flips are asymmetric, some that none does. */
static void set_sigmas(TestRandom *random, TestPoints *p) {
    for (size_t k = 0; k < p->count; k++)
        p->points[k].sigma = k % 4 == 3 ? 1e-7 : test_random_log(random, 0.3, 20);
}

static EpnetProblem driven(EpnetProblem problem) {
    problem.constant_drive = true;
    return problem;
}

/* Statuses, rows, drives and what is attainable; returns how many points are ok. */
static size_t check_same(const EpnetProblem *problem, const TestPoints *p) {
    TestRows cpu = two_backends_solve(&epnet_cpu_backend, 0, problem, p->points, p->count, true);
    TestRows cuda = two_backends_solve(&epnet_cuda_backend, 0, problem, p->points, p->count, true);
    two_backends_compare(problem, &cpu, &cuda, 1e-6, 1e-8);
    size_t solved = 0;
    for (size_t k = 0; k < p->count; k++)
        solved += cuda.rows.status[k] == EPNET_POINT_OK;
    test_rows_free(&cpu);
    test_rows_free(&cuda);
    return solved;
}

static void drives_are_those_of_the_cpu(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1, 2};
    static const struct {
        int nodes;
        size_t points;
    } sizes[] = {{2, 9}, {3, 5}, {5, 4}, {8, 1}};
    TestRandom random = test_random(71);
    size_t solved = 0, count = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const int nodes = sizes[i].nodes;
        TestPoints p = test_points_make(
            &random, test_network_random(&random, nodes, 1, 0.3, 3, TEST_DRIVES_FINITE), sizes[i].points);
        set_sigmas(&random, &p);
        double *initial = test_law_random(&random, (size_t)1 << nodes, 0);
        const EpnetProblem stationary = driven(two_backends_stationary(&p, cuts, 2)),
                           trajectory = driven(two_backends_trajectory(&p, initial, 3, cuts, 2)),
                           from_law = driven(two_backends_trajectory(&p, NULL, 2, cuts, 1));
        solved += check_same(&stationary, &p);
        count += p.count;
        if (nodes < 8) {
            solved += check_same(&trajectory, &p) + check_same(&from_law, &p);
            count += 2 * p.count;
        }
        free(initial);
        test_points_free(&p);
    }
    assert_true(solved > count / 2 && solved < count);
}

/* The streaming engine, where a block has too little shared memory for the other. */
static void by_the_streaming_engine(void **state) {
    (void)state;
    static const uint64_t cuts[] = {3};
    TestRandom random = test_random(72);
    TestPoints p =
        test_points_make(&random, test_network_random(&random, 5, 0.8, 0.3, 3, TEST_DRIVES_FINITE), 2);
    p.points[0].sigma = p.points[1].sigma = 2;
    const EpnetProblem problem = driven(two_backends_stationary(&p, cuts, 1));
    epnet_emulation_device(0, "small", 9, 0, 2, 1 << 26, 2 << 10);
    assert_int_equal(check_same(&problem, &p), 2);
    epnet_emulation_reset();
    test_points_free(&p);
}

/* Every allocation and every launch of a solution fails in turn: a device error, and nothing is left. */
static void failures_are_returned(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1};
    static const EpnetEmulationCall calls[] = {EPNET_EMULATION_MALLOC, EPNET_EMULATION_LAUNCH,
                                               EPNET_EMULATION_MEMCPY};
    TestRandom random = test_random(73);
    TestPoints p =
        test_points_make(&random, test_network_random(&random, 2, 1, 0.3, 3, TEST_DRIVES_FINITE), 1);
    p.points[0].sigma = 2;
    const EpnetProblem problem = driven(two_backends_stationary(&p, cuts, 1));
    const EpnetBatch batch = {&problem, 1, p.points, NULL};
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
        size_t failed = 0;
        for (long call = 1; call <= 250; call += call < 40 ? 1 : 5) {
            TestRows rows = two_backends_rows(&problem, 1, false);
            EpnetError error;
            epnet_emulation_reset();
            epnet_emulation_fail(calls[c], call, cudaErrorUnknown, false);
            const EpnetStatus status = trial_solve(&batch, &rows.rows, &error);
            assert_true(status == EPNET_OK || status == EPNET_DEVICE);
            assert_int_equal(epnet_emulation_held().allocations, 0);
            failed += status == EPNET_DEVICE;
            test_rows_free(&rows);
        }
        assert_true(failed >= 10);
    }
    epnet_emulation_reset();
    test_points_free(&p);
}

/* On a device that is nearly full the search and the points that are solved make room for each other: where
 * one point can be solved, many can. */
static void engines_make_room_for_each_other(void **state) {
    (void)state;
    enum { POINTS = 300 };
    static const uint64_t cuts[] = {1, 2};
    TestRandom random = test_random(75);
    TestPoints p =
        test_points_make(&random, test_network_random(&random, 2, 1, 0.5, 2, TEST_DRIVES_FINITE), POINTS);
    for (size_t k = 0; k < POINTS; k++)
        p.points[k].sigma = 3;
    const EpnetProblem problem = driven(two_backends_stationary(&p, cuts, 2));
    assert_true(trial_of_nearly_full_devices(&problem, &p, false, 84000, 120000, 9000) >= 3);
    test_points_free(&p);
}

static volatile int stop;

/* Before it has begun, and in its midst: a search takes some sixty rounds. */
static void a_stop_ends_the_search(void **state) {
    (void)state;
    enum { POINTS = 12 };
    static const uint64_t cuts[] = {1};
    TestRandom random = test_random(74);
    TestPoints p =
        test_points_make(&random, test_network_random(&random, 3, 1, 0.3, 3, TEST_DRIVES_FINITE), POINTS);
    set_sigmas(&random, &p);
    const EpnetProblem problem = driven(two_backends_stationary(&p, cuts, 1));
    const EpnetBatch batch = {&problem, POINTS, p.points, &stop};
    TestRows all = two_backends_solve(&epnet_cuda_backend, 0, &problem, p.points, POINTS, false);
    test_rows_free(&all);
    const long launches = epnet_emulation_calls(EPNET_EMULATION_LAUNCH);
    assert_true(launches > 50);
    for (int in_midst = 0; in_midst < 2; in_midst++) {
        TestRows rows = two_backends_rows(&problem, POINTS, false);
        EpnetError error;
        TrialStop trial;
        epnet_emulation_reset();
        if (in_midst) /* while the second round of laws, or a later one, is on its way */
            trial_stop_begin(&trial, 2, &stop);
        else
            stop = 1;
        assert_int_equal(trial_solve(&batch, &rows.rows, &error), EPNET_OK);
        if (in_midst)
            trial_stop_join(&trial);
        assert_in_range(epnet_emulation_calls(EPNET_EMULATION_LAUNCH), 2 * in_midst,
                        in_midst * (launches - 1));
        test_rows_free(&rows);
    }
    test_points_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(drives_are_those_of_the_cpu, two_backends_set_up,
                                        two_backends_tear_down),
        cmocka_unit_test_setup_teardown(by_the_streaming_engine, two_backends_set_up, two_backends_tear_down),
        cmocka_unit_test_setup_teardown(failures_are_returned, two_backends_set_up, two_backends_tear_down),
        cmocka_unit_test_setup_teardown(engines_make_room_for_each_other, two_backends_set_up,
                                        two_backends_tear_down),
        cmocka_unit_test_setup_teardown(a_stop_ends_the_search, two_backends_set_up, two_backends_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

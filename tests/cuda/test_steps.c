/* The device's ways out of the usual step: intervals of next to no length, series that fail their own check,
 * states that rounding empties, Euler steps that leave the probabilities; and laws whose smallest entries
 * rounding loses. */
#include "cpu/cpu_backend.h"
#include "cuda_backend.h"
#include "stream_run.h"
#include "two_backends.h"

#include <math.h>
#include <stdlib.h>

static const uint64_t cuts[] = {1};

static EpnetProblem problem_of(const TestNetwork *network, const double *initial, const double *times,
                               size_t count) {
    EpnetProblem problem = test_network_problem(network, initial);
    problem.cuts = cuts;
    problem.cut_count = 1;
    problem.times = times;
    problem.time_count = count;
    return problem;
}

/* Both backends say `status`, and the same numbers if that is success. */
static void check_both(const EpnetProblem *problem, const EpnetPoint *point, EpnetPointStatus status,
                       double relative, double absolute) {
    TestRows cpu = two_backends_solve(&epnet_cpu_backend, 0, problem, point, 1, true);
    TestRows cuda = two_backends_solve(&epnet_cuda_backend, 0, problem, point, 1, true);
    assert_int_equal(cpu.rows.status[0], status);
    two_backends_compare(problem, &cpu, &cuda, relative, absolute);
    test_rows_free(&cpu);
    test_rows_free(&cuda);
}

/* So little time that a Poisson series of a few terms is exact. */
static void tiny_intervals(void **state) {
    (void)state;
    static const double times[] = {0, 1e-5, 2e-5};
    TestRandom random = test_random(61);
    for (int nodes = 3; nodes <= 10; nodes += 7) {
        TestNetwork network = test_network_ring(nodes, 0.8, 1);
        test_network_set_flips(&network, 0.7, 1.1);
        double *initial = test_law_random(&random, (size_t)1 << nodes, 0);
        const EpnetPoint point = test_network_point(&network);
        const EpnetProblem problem = problem_of(&network, initial, times, 3);
        check_both(&problem, &point, EPNET_POINT_OK, 1e-8, 1e-9);
        free(initial);
        test_network_free(&network);
    }
}

/* Nodes that are almost never up: states with most of them up have less probability than rounding leaves of
 * 1, and Chebyshev's sums may be negative there. Uniformization's are not. */
static void states_below_rounding(void **state) {
    (void)state;
    TestRandom random = test_random(63);
    static const double times[] = {0, 12, 40};
    for (int nodes = 6; nodes <= 10; nodes += 2) {
        TestNetwork network = test_network_ring(nodes, 1e-4, 1);
        test_network_set_flips(&network, 1e-5, 1);
        double *initial = test_law_random(&random, (size_t)1 << nodes, 0);
        const EpnetPoint point = test_network_point(&network);
        const EpnetProblem problem = problem_of(&network, initial, times, 3);
        check_both(&problem, &point, EPNET_POINT_OK, 1e-8, 1e-9);
        free(initial);
        test_network_free(&network);
    }
}

/* The streaming engine finds the law of such nodes by iteration, and mends what rounding left at or below
 * zero. */
static void laws_below_rounding(void **state) {
    (void)state;
    for (int nodes = 5; nodes <= 8; nodes++) {
        TestNetwork network = test_network_ring(nodes, 1e-4, 1);
        test_network_set_flips(&network, 1e-5, 1);
        const EpnetPoint point = test_network_point(&network);
        EpnetProblem problem = test_network_problem(&network, NULL);
        problem.kind = EPNET_STATIONARY;
        problem.cuts = cuts;
        problem.cut_count = 1;
        TestRows cpu = test_rows(&problem, &point, 1, 1), stream = stream_run_rows(&problem, &point, 1);
        assert_int_equal(cpu.rows.status[0], EPNET_POINT_OK);
        assert_int_equal(stream.rows.status[0], EPNET_POINT_OK);
        for (size_t c = 0; c < cpu.width; c++) {
            const double expected = cpu.rows.last[c], got = stream.rows.last[c];
            if (!(isnan(expected) ? isnan(got) : fabs(got - expected) <= 1e-11 + 1e-8 * fabs(expected)))
                fail_msg("%d nodes, column %zu: %.17g for %.17g", nodes, c, got, expected);
        }
        test_rows_free(&cpu);
        test_rows_free(&stream);
        test_network_free(&network);
    }
}

/* One-way copies around a ring: the spectrum is far from the real line, and vectors grow in a long step. */
static void growing_vectors(void **state) {
    (void)state;
    static const double times[] = {0, 10, 25};
    TestRandom random = test_random(62);
    for (int nodes = 4; nodes <= 8; nodes += 2) {
        TestNetwork network = test_network_ring(nodes, 10, INFINITY);
        test_network_set_flips(&network, 0.01, 0.02);
        double *initial = test_law_random(&random, (size_t)1 << nodes, 0);
        const EpnetPoint point = test_network_point(&network);
        EpnetProblem problem = problem_of(&network, initial, times, 3);
        problem.tolerance = 1e-11;
        check_both(&problem, &point, EPNET_POINT_OK, 1e-7, 1e-9);
        free(initial);
        test_network_free(&network);
    }
}

/* Steps too long for Euler, several between two samples. */
static void euler_leaves_the_probabilities(void **state) {
    (void)state;
    static const double times[] = {20};
    static const uint64_t steps[] = {20};
    TestNetwork network = test_network_ring(4, 2, 1);
    test_network_set_flips(&network, 1, 1);
    double *initial = test_law_pure(16, 5);
    const EpnetPoint point = test_network_point(&network);
    EpnetProblem problem = problem_of(&network, initial, times, 1);
    problem.method = EPNET_EULER;
    problem.dt = 1;
    problem.steps = steps;
    check_both(&problem, &point, EPNET_POINT_NOT_POSITIVE, 0, 0);
    free(initial);
    test_network_free(&network);
}

static int set_up(void **state) {
    (void)state;
    epnet_emulation_reset();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(tiny_intervals, set_up),
        cmocka_unit_test_setup(states_below_rounding, set_up),
        cmocka_unit_test_setup(laws_below_rounding, set_up),
        cmocka_unit_test_setup(growing_vectors, set_up),
        cmocka_unit_test_setup(euler_leaves_the_probabilities, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

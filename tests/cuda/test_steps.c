/* The device's ways out of the usual step: intervals of next to no length, series that fail their own check,
 * states that rounding empties, Euler steps that leave the probabilities; and laws whose smallest entries
 * rounding loses. */
#include "cpu/cpu_backend.h"
#include "cuda_backend.h"
#include "cuda_batch.h"
#include "engine.h"
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

/* ---- the trajectory kernel, launched by itself ----------------------------------------------------------
 */

/* The status of a point whose kernel has room for `series_length` coefficients (0: as the layout says) and
 * finds `before` as the status of its stationary law. */
static int status_of_launch(const EpnetProblem *problem, const EpnetPoint *point, int series_length,
                            int before) {
    const EpnetBatch batch = {.problem = problem, .count = 1, .points = point};
    TestRows rows = two_backends_rows(problem, 1, false);
    EpnetCudaProblemStorage shared;
    EpnetCudaReach reach = {0};
    EpnetCudaSlots slots;
    EpnetCudaLayout layout;
    EpnetError error;
    void *scratch, *stop;
    assert_int_equal(epnet_cuda_problem_make(problem, NULL, &shared, &error), EPNET_OK);
    assert_true(epnet_cuda_ok(epnet_cuda_slots_alloc(problem, 1, false, false, &slots)));
    epnet_cuda_slots_pack(&slots, &shared, &reach, &batch, NULL, 0, 1, &rows.rows);
    assert_true(epnet_cuda_ok(epnet_cuda_slots_upload(&slots, problem, NULL)));
    assert_int_equal(cudaMemcpy(slots.status.device, &before, sizeof before, cudaMemcpyHostToDevice),
                     cudaSuccess);
    assert_int_equal(epnet_cuda_trajectory_layout(problem, slots.exit_bound, slots.degree_min, &layout),
                     cudaSuccess);
    layout.blocks = 1;
    const size_t bytes = layout.scratch_per_group * (size_t)layout.groups * sizeof(double);
    if (series_length > 0)
        layout.series_length = series_length;
    assert_int_equal(cudaMalloc(&scratch, bytes), cudaSuccess);
    assert_int_equal(cudaMalloc(&stop, sizeof(int)), cudaSuccess);
    assert_int_equal(cudaMemset(stop, 0, sizeof(int)), cudaSuccess);
    const EpnetCudaBatch given = epnet_cuda_slots_batch(&slots, stop);
    assert_int_equal(cudaMemset(given.next, 0, sizeof *given.next), cudaSuccess);
    assert_int_equal(epnet_cuda_trajectory(&layout, &shared.problem, &given, scratch, NULL), cudaSuccess);
    assert_true(epnet_cuda_ok(epnet_cuda_slots_download(&slots, problem, NULL)));
    assert_int_equal(cudaDeviceSynchronize(), cudaSuccess);
    const int status = *(int *)slots.status.host;
    cudaFree(stop);
    cudaFree(scratch);
    epnet_cuda_slots_free(&slots);
    epnet_cuda_problem_free(&shared);
    epnet_cuda_reach_free(&reach);
    test_rows_free(&rows);
    return status;
}

/* No room for as many coefficients as the farthest state takes: a status, not a write past the room. */
static void no_room_for_coefficients(void **state) {
    (void)state;
    static const double times[] = {0, 1};
    TestRandom random = test_random(64);
    TestNetwork network = test_network_ring(4, 0.8, 1);
    test_network_set_flips(&network, 0.7, 1.1);
    double *initial = test_law_random(&random, 16, 0);
    const EpnetPoint point = test_network_point(&network);
    EpnetProblem problem = problem_of(&network, initial, times, 2);
    static const EpnetMethod methods[] = {EPNET_CHEBYSHEV, EPNET_UNIFORMIZATION};
    for (int m = 0; m < 2; m++) {
        problem.method = methods[m];
        assert_int_equal(status_of_launch(&problem, &point, 0, EPNET_POINT_OK), EPNET_POINT_OK);
        assert_int_equal(status_of_launch(&problem, &point, 40, EPNET_POINT_OK), EPNET_POINT_OUT_OF_MEMORY);
    }
    free(initial);
    test_network_free(&network);
}

/* What has no stationary law has no trajectory from it. */
static void no_law_to_start_from(void **state) {
    (void)state;
    static const double times[] = {0, 1};
    TestNetwork network = test_network_ring(4, 0.8, 1);
    test_network_set_flips(&network, 0.7, 1.1);
    const EpnetPoint point = test_network_point(&network);
    const EpnetProblem problem = problem_of(&network, NULL, times, 2);
    assert_int_equal(status_of_launch(&problem, &point, 0, EPNET_POINT_NOT_FINITE), EPNET_POINT_NOT_FINITE);
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
        cmocka_unit_test_setup(no_room_for_coefficients, set_up),
        cmocka_unit_test_setup(no_law_to_start_from, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

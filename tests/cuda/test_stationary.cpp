/* The stationary kernel where it does not go well: laws that cannot be found, work that is stopped, a device
 * with little shared memory. That its laws are right is shown by test_backend.c. */
extern "C" {
#include "cpu/cpu_backend.h"
#include "cuda_backend.h"
#include "emulation.h"
#include "one_point.h"
#include "support/check.h"
#include "two_backends.h"
}

#include "point.cuh"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

EpnetProblem stationary_problem(const TestNetwork *network) {
    EpnetProblem problem = test_network_problem(network, nullptr);
    problem.kind = EPNET_STATIONARY;
    return problem;
}

/* The statuses of both backends, which must be one, and, if it is ok, their rows. */
int status_of_both(const EpnetProblem &problem, const TestNetwork &network, double relative,
                   double absolute) {
    const EpnetPoint point = test_network_point(&network);
    TestRows cpu = two_backends_solve(&epnet_cpu_backend, 0, &problem, &point, 1, true);
    TestRows cuda = two_backends_solve(&epnet_cuda_backend, 0, &problem, &point, 1, true);
    two_backends_compare(&problem, &cpu, &cuda, relative, absolute);
    const int status = cuda.rows.status[0];
    test_rows_free(&cpu);
    test_rows_free(&cuda);
    return status;
}

/* Without flips and with drives of 800 nat the law is unique, but the rates that make it so underflow. */
void rates_that_underflow(void **) {
    for (int nodes : {2, 5, 8}) {
        TestNetwork network = test_network_ring(nodes, 0.7, 800);
        test_network_set_flips(&network, 0, 0);
        const EpnetProblem problem = stationary_problem(&network);
        assert_int_not_equal(status_of_both(problem, network, 0, 0), EPNET_POINT_OK);
        test_network_free(&network);
    }
}

/* Copies a million times faster than flips: most states have probabilities that corrections leave at rounding
 * level, on either side of zero. */
void entries_below_rounding(void **) {
    for (int nodes : {8, 9}) {
        TestNetwork network = test_network_ring(nodes, 1e6, INFINITY);
        test_network_set_flips(&network, 0.9, 0.4);
        const EpnetProblem problem = stationary_problem(&network);
        assert_int_equal(status_of_both(problem, network, 1e-6, 1e-9), EPNET_POINT_OK);
        test_network_free(&network);
    }
}

/* States that only empty: the law is on the one that nothing leaves. */
void an_absorbing_state(void **) {
    for (int nodes : {3, 8}) {
        TestNetwork network = test_network_ring(nodes, 0.7, INFINITY);
        test_network_set_flips(&network, 0.5, 0);
        const EpnetProblem problem = stationary_problem(&network);
        assert_int_equal(status_of_both(problem, network, 1e-12, 1e-12), EPNET_POINT_OK);
        test_network_free(&network);
    }
}

/* The uniform law is exact, or one step of the corrections is: their quotients are 0/0. */
void corrections_that_break_down(void **) {
    TestNetwork network = test_network_empty(8);
    const EpnetProblem problem = stationary_problem(&network);
    assert_int_equal(status_of_both(problem, network, 1e-12, 1e-12), EPNET_POINT_OK);
    network.flip_up[3] = 3;
    assert_int_equal(status_of_both(problem, network, 1e-12, 1e-12), EPNET_POINT_OK);
    test_network_free(&network);
}

/* Laws that are none: seen before a row of them is kept. */
void starts_that_are_no_laws(void **) {
    static const double now = 0;
    TestRandom random = test_random(41);
    TestNetwork network = test_network_random(&random, 3, 0.8, 0.2, 2, TEST_DRIVES_FINITE);
    double *initial = test_law_random(&random, 8, 0);
    EpnetProblem problem = test_network_problem(&network, initial);
    problem.times = &now;
    problem.time_count = 1;
    assert_int_equal(status_of_both(problem, network, 1e-9, 1e-9), EPNET_POINT_OK);
    initial[3] += 1e-6;
    assert_int_equal(status_of_both(problem, network, 0, 0), EPNET_POINT_INVARIANT_BROKEN);
    initial[3] = NAN;
    assert_int_equal(status_of_both(problem, network, 0, 0), EPNET_POINT_NOT_FINITE);
    free(initial);
    test_network_free(&network);
}

/* Where the matrix does not fit shared memory, and where nothing does: the same bytes. */
void little_shared_memory(void **) {
    TestRandom random = test_random(42);
    for (int nodes : {6, 7, 10}) {
        TestNetwork network = test_network_random(&random, nodes, 0.5, 0.2, 2, TEST_DRIVES_FINITE);
        const EpnetPoint point = test_network_point(&network);
        const EpnetProblem problem = stationary_problem(&network);
        TestRows much = two_backends_solve(&epnet_cuda_backend, 0, &problem, &point, 1, false);
        for (size_t kib : {48, 8}) {
            epnet_emulation_device(0, "small", 8, 0, 2, 1 << 26, kib << 10);
            TestRows little = two_backends_solve(&epnet_cuda_backend, 0, &problem, &point, 1, false);
            two_backends_same_bytes(&problem, &much, &little, 0);
            test_rows_free(&little);
        }
        epnet_emulation_reset();
        test_rows_free(&much);
        test_network_free(&network);
    }
}

/* ---- stops
 * ------------------------------------------------------------------------------------------------- */

/* Solve one point with a stop flag that lies on entry `at` of the group's scratch memory: 0 until the kernel
 * writes there. Returns the status. */
int status_with_stop_at(const TestNetwork &network, size_t at) {
    const EpnetProblem problem = stationary_problem(&network);
    const EpnetPoint point = test_network_point(&network);
    TestOnePoint one = test_one_point(&problem, &point);
    EpnetCudaLayout layout;
    void *scratch;
    assert_int_equal(epnet_cuda_stationary_layout(&problem, &layout), cudaSuccess);
    const size_t bytes = test_one_block(&layout);
    assert_int_equal(cudaMalloc(&scratch, bytes), cudaSuccess);
    assert_int_equal(cudaMemset(scratch, 0, bytes), cudaSuccess);
    const EpnetCudaBatch given = epnet_cuda_slots_batch(
        &one.slots, reinterpret_cast<const int *>(static_cast<double *>(scratch) + at));
    assert_int_equal(
        epnet_cuda_stationary(&layout, &one.shared.problem, &given, static_cast<double *>(scratch), nullptr),
        cudaSuccess);
    const int status = test_one_point_finish(&one, &problem);
    cudaFree(scratch);
    test_one_point_free(&one);
    return status;
}

void work_is_stopped_within_a_point(void **) {
    TestRandom random = test_random(43);
    TestNetwork network = test_network_random(&random, 8, 0.4, 0.2, 2, TEST_DRIVES_FINITE);
    const EpnetPointMap map = epnet_point_map(8, (int)network.edge_count, 0, 7, EpnetCudaStage{}, 0);
    /* Exit rates come before the first correction, the shadow residual within it, marginals after the law. */
    assert_int_equal(status_with_stop_at(network, map.exit), EPNET_POINT_NOT_CONVERGED);
    assert_int_equal(status_with_stop_at(network, map.previous), EPNET_POINT_NOT_CONVERGED);
    assert_int_equal(status_with_stop_at(network, map.marginal), EPNET_POINT_OK);
    test_network_free(&network);
}

} // namespace

int main() {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rates_that_underflow, two_backends_set_up, two_backends_tear_down),
        cmocka_unit_test_setup_teardown(entries_below_rounding, two_backends_set_up, two_backends_tear_down),
        cmocka_unit_test_setup_teardown(an_absorbing_state, two_backends_set_up, two_backends_tear_down),
        cmocka_unit_test_setup_teardown(corrections_that_break_down, two_backends_set_up,
                                        two_backends_tear_down),
        cmocka_unit_test_setup_teardown(starts_that_are_no_laws, two_backends_set_up, two_backends_tear_down),
        cmocka_unit_test_setup_teardown(little_shared_memory, two_backends_set_up, two_backends_tear_down),
        cmocka_unit_test_setup_teardown(work_is_stopped_within_a_point, two_backends_set_up,
                                        two_backends_tear_down),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}

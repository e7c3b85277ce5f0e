/* The time loop of the device and the CPU's integrator take the same steps: as many applications of L for a
 * point, in intervals of any length, and the same status. The bench counts on it. */
extern "C" {
#include "cpu/cpu_backend.h"
#include "cpu/evolve.h"
#include "cuda_backend.h"
#include "emulation.h"
#include "generator.h"
#include "one_point.h"
#include "support/check.h"
#include "two_backends.h"
}

#include "trajectory.cuh"

#include <cfloat>
#include <cmath>
#include <cstdlib>

namespace {

typedef EpnetShape<2, 0, 0> ShapeOf2;
typedef EpnetShape<3, 2, 0> ShapeOf5;
typedef EpnetShape<4, 5, 0> ShapeOf9;

/* What a point took, and by how much its probabilities sum to more than 1. */
struct EpnetTaken {
    uint32_t applications;
    double excess;
};

/* The first point of the batch, without rows. */
template <class S>
__global__ void counting_kernel(EpnetCudaLayout layout, EpnetCudaProblem problem, EpnetCudaBatch batch,
                                double *scratch, EpnetTaken *taken) {
    EPNET_DYNAMIC_SHARED(double, shared);
    EpnetDevicePoint point;
    uint32_t *next;
    const EpnetGroup group = epnet_resident_group(layout, problem, 1 << S::THREAD_BITS, S::THREAD_BITS,
                                                  shared, scratch, &point, &next);
    if (epnet_take_point(group, batch, next) > 0)
        return;
    EpnetDeviceEvolution ev;
    epnet_point_setup(group, problem, batch, 0, point);
    epnet_evolution_start(point, layout.series_length, (int)batch.degree_min[0], nullptr, batch.stop, ev);
    for (uint32_t s = (uint32_t)group.rank; s < 1u << S::NODES; s += (uint32_t)group.size)
        point.p[s] = problem.initial[s];
    EpnetPointStatus status = EPNET_POINT_OK;
    for (int sample = 0; sample < problem.time_count && status == EPNET_POINT_OK; sample++) {
        epnet_group_sync(group);
        status = epnet_evolution_advance<S>(group, problem, point, ev, sample);
    }
    epnet_group_sync(group);
    if (group.rank == 0) {
        batch.status[0] = (int)status;
        *taken = {ev.applications, -1};
        for (int s = 0; s < 1 << S::NODES; s++)
            taken->excess += point.p[s];
    }
}

template <class S> EpnetTaken take_on_device(const EpnetProblem &problem, const EpnetPoint &point) {
    TestOnePoint one = test_one_point(&problem, &point);
    EpnetCudaLayout layout;
    EpnetCudaArray count, stop, scratch;
    assert_int_equal(
        epnet_cuda_trajectory_layout(&problem, one.slots.exit_bound, one.slots.degree_min, &layout),
        cudaSuccess);
    assert_true(epnet_cuda_ok(epnet_cuda_array_alloc(&count, sizeof(EpnetTaken))));
    assert_true(epnet_cuda_ok(epnet_cuda_array_alloc(&stop, sizeof(int))));
    assert_true(epnet_cuda_ok(epnet_cuda_array_alloc_device(&scratch, test_one_block(&layout))));
    assert_int_equal(cudaMemset(stop.device, 0, sizeof(int)), cudaSuccess);
    assert_int_equal(cudaFuncSetAttribute((const void *)counting_kernel<S>,
                                          cudaFuncAttributeMaxDynamicSharedMemorySize, layout.shared_bytes),
                     cudaSuccess);
    const EpnetCudaBatch given = epnet_cuda_slots_batch(&one.slots, static_cast<const int *>(stop.device));
    EPNET_LAUNCH(counting_kernel<S>, 1, layout.threads, layout.shared_bytes, nullptr, layout,
                 one.shared.problem, given, static_cast<double *>(scratch.device),
                 static_cast<EpnetTaken *>(count.device));
    assert_int_equal(cudaGetLastError(), cudaSuccess);
    assert_true(epnet_cuda_ok(epnet_cuda_array_download(&count, sizeof(EpnetTaken), nullptr)));
    assert_int_equal(test_one_point_finish(&one, &problem), EPNET_POINT_OK);
    const EpnetTaken taken = *static_cast<EpnetTaken *>(count.host);
    for (EpnetCudaArray *array : {&count, &stop, &scratch})
        epnet_cuda_array_free(array);
    test_one_point_free(&one);
    return taken;
}

uint64_t count_on_cpu(const EpnetProblem &problem, const EpnetPoint &point) {
    EpnetGenerator generator;
    EpnetEvolution evolution;
    assert_true(epnet_generator_alloc(&generator, problem.nodes));
    assert_true(epnet_evolution_alloc(&evolution, &problem));
    epnet_generator_set(&generator, &problem, &point, nullptr, true);
    assert_int_equal(epnet_evolution_start(&evolution, &generator, problem.initial), EPNET_POINT_OK);
    for (size_t t = 0; t < problem.time_count; t++)
        assert_int_equal(epnet_evolution_advance(&evolution, t), EPNET_POINT_OK);
    const uint64_t applications = evolution.applications;
    epnet_evolution_free(&evolution);
    epnet_generator_free(&generator);
    return applications;
}

/* Intervals of Lambda t from below the least step to above the largest of the first. A degree may differ by
 * one where a tail is at its limit; where vectors grow, rounding decides which steps are tried again. */
template <class S>
void check_counts(TestRandom *random, TestNetwork network, EpnetMethod method, double last, double relative) {
    const double times[] = {1e-5, 0.3, 3, 3.5, last};
    double *initial = test_law_random(random, (size_t)1 << S::NODES, 0);
    EpnetProblem problem = test_network_problem(&network, initial);
    problem.method = method;
    problem.tolerance = 1e-8;
    problem.times = times;
    problem.time_count = sizeof times / sizeof *times;
    const EpnetPoint point = test_network_point(&network);
    const double cpu = (double)count_on_cpu(problem, point),
                 device = take_on_device<S>(problem, point).applications;
    if (fabs(device - cpu) > 2 + relative * cpu)
        fail_msg("%d nodes, method %d: %.0f applications on the device, %.0f on the CPU", S::NODES,
                 (int)method, device, cpu);
    free(initial);
    test_network_free(&network);
}

void as_many_applications(void **) {
    TestRandom random = test_random(47);
    for (EpnetMethod method : {EPNET_CHEBYSHEV, EPNET_UNIFORMIZATION}) {
        const double last = method == EPNET_CHEBYSHEV ? 2e4 : 1e3;
        check_counts<ShapeOf2>(&random, test_network_random(&random, 2, 1, 1, 3, TEST_DRIVES_FINITE), method,
                               last, 1e-3);
        check_counts<ShapeOf5>(&random, test_network_random(&random, 5, 0.8, 0.3, 3, TEST_DRIVES_FINITE),
                               method, last / 4, 1e-3);
        check_counts<ShapeOf9>(&random, test_network_random(&random, 9, 0.3, 0.3, 2, TEST_DRIVES_FINITE),
                               method, last / 20, 1e-3);
    }
    TestNetwork ring = test_network_ring(5, 10, 6); /* a spectrum far from the real axis */
    test_network_set_flips(&ring, 0.1, 0.12);
    check_counts<ShapeOf5>(&random, ring, EPNET_CHEBYSHEV, 100, 0.1);
}

/* Rounding moves the sum of p the same way in every application: by no more than the CPU's, a fraction of a
 * rounding error per unit of Lambda t. */
template <class S> void check_mass(TestRandom *random) {
    for (int trial = 0; trial < 20; trial++) {
        TestNetwork network = test_network_random(random, S::NODES, 0.8, 0.3, 3, TEST_DRIVES_FINITE);
        double *initial = test_law_random(random, (size_t)1 << S::NODES, 0), exit_max = 0;
        const double time = 1e4;
        for (int i = 0; i < S::NODES; i++)
            exit_max += fmax(network.flip_up[i], network.flip_down[i]);
        for (size_t e = 0; e < network.edge_count; e++)
            exit_max += network.rate[e];
        EpnetProblem problem = test_network_problem(&network, initial);
        problem.times = &time;
        problem.time_count = 1;
        const EpnetPoint point = test_network_point(&network);
        const double excess = take_on_device<S>(problem, point).excess,
                     unit = 1e-14 + DBL_EPSILON * exit_max * time;
        if (!(fabs(excess) <= (S::NODES == 1 ? 0.05 : 0.2) * unit))
            fail_msg("%d nodes: the sum is off by %.3g, %.3g of a rounding error per unit of time", S::NODES,
                     excess, excess / unit);
        free(initial);
        test_network_free(&network);
    }
}

void probability_is_kept(void **) {
    TestRandom random = test_random(49);
    check_mass<EpnetShape<1, 0, 0>>(&random);
    check_mass<ShapeOf2>(&random);
    check_mass<ShapeOf5>(&random);
}

/* Times that the largest steps reach and smaller ones do not: either backend says the same. */
void long_intervals_end_alike(void **) {
    static const struct {
        EpnetMethod method;
        double tolerance, time;
    } cases[] = {
        {EPNET_CHEBYSHEV, 1e-9, 3e6}, {EPNET_CHEBYSHEV, 1e-12, 1e6}, {EPNET_UNIFORMIZATION, 1e-9, 1e5}};
    TestRandom random = test_random(48);
    TestNetwork network = test_network_complete(2, 1, INFINITY);
    double *initial = test_law_random(&random, 4, 0);
    const EpnetPoint point = test_network_point(&network);
    for (const auto &item : cases) {
        EpnetProblem problem = test_network_problem(&network, initial);
        problem.method = item.method;
        problem.tolerance = item.tolerance;
        problem.times = &item.time;
        problem.time_count = 1;
        TestRows cpu = two_backends_solve(&epnet_cpu_backend, 0, &problem, &point, 1, true);
        TestRows cuda = two_backends_solve(&epnet_cuda_backend, 0, &problem, &point, 1, true);
        two_backends_compare(&problem, &cpu, &cuda, 1e-7, 1e-8);
        test_rows_free(&cpu);
        test_rows_free(&cuda);
    }
    free(initial);
    test_network_free(&network);
}

} // namespace

int main() {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(as_many_applications, two_backends_set_up, two_backends_tear_down),
        cmocka_unit_test_setup_teardown(probability_is_kept, two_backends_set_up, two_backends_tear_down),
        cmocka_unit_test_setup_teardown(long_intervals_end_alike, two_backends_set_up,
                                        two_backends_tear_down),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}

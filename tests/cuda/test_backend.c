/* The CUDA backend against the CPU backend: the same points, the same columns, through the whole of its C
 * side; and against the oracle. */
#include "cpu/cpu_backend.h"
#include "cuda_backend.h"
#include "emulation.h"
#include "support/check.h"
#include "support/compare.h"
#include "two_backends.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t steps[] = {0, 15, 60, 61, 250}; /* of 0.01 s: two_backends_trajectory() */

/* ---- columns ------------------------------------------------------------------------------------------- */

static void trajectories_of_every_size(void **state) {
    (void)state;
    TestRandom random = test_random(11);
    for (int nodes = 1; nodes <= 16; nodes++) {
        const uint64_t cuts[] = {1, UINT64_C(0x155) & ((UINT64_C(1) << nodes) - 1)};
        const double density = nodes <= 6 ? 0.7 : 2.0 / nodes;
        const bool large = nodes > 7;
        TestNetwork network = test_network_random(&random, nodes, density, 0.2, 2, TEST_DRIVES_FINITE);
        TestPoints p = test_points_make(&random, network, large ? 1 : 5);
        double *initial = test_law_random(&random, (size_t)1 << nodes, 0);
        const EpnetProblem problem = two_backends_trajectory(&p, initial, large ? 2 : 5, cuts,
                                                             nodes < 2 ? 0
                                                             : large   ? 1
                                                                       : 2);
        two_backends_check(&problem, &p, EPNET_POINT_OK, 1e-8, 1e-9);
        free(initial);
        test_points_free(&p);
    }
}

static void every_method(void **state) {
    (void)state;
    static const EpnetMethod methods[] = {EPNET_EULER, EPNET_RK4, EPNET_CHEBYSHEV, EPNET_UNIFORMIZATION};
    static const uint64_t cuts[] = {2, 5};
    TestRandom random = test_random(12);
    for (int nodes = 2; nodes <= 5; nodes++) {
        for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
            TestNetwork network = test_network_random(&random, nodes, 0.8, 0.2, 2, TEST_DRIVES_FINITE);
            TestPoints p = test_points_make(&random, network, 3);
            double *initial = test_law_random(&random, (size_t)1 << nodes, 0);
            EpnetProblem problem = two_backends_trajectory(&p, initial, 4, cuts, nodes < 3 ? 1 : 2);
            problem.method = methods[m];
            problem.dt = 0.01;
            problem.steps = steps;
            two_backends_check(&problem, &p, EPNET_POINT_OK, 1e-8, 1e-9);
            free(initial);
            test_points_free(&p);
        }
    }
}

/* Where the sum of a polynomial is not in registers but takes several terms at once: degrees that leave one,
 * two and three of them for the end. */
static void every_method_and_degree_beyond_registers(void **state) {
    (void)state;
    static const EpnetMethod methods[] = {EPNET_EULER, EPNET_RK4, EPNET_CHEBYSHEV, EPNET_UNIFORMIZATION};
    static const double short_times[] = {0, 0.02};
    static const uint64_t short_steps[] = {0, 2};
    TestRandom random = test_random(27);
    for (int nodes = 13; nodes <= 14; nodes++) {
        TestPoints p = test_points_make(&random, test_network_ring(nodes, 0.7, 1.5), 1);
        double *initial = test_law_random(&random, (size_t)1 << nodes, 0);
        for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
            const bool series = methods[m] == EPNET_CHEBYSHEV || methods[m] == EPNET_UNIFORMIZATION;
            for (int i = 0; i < (series ? 4 : 1); i++) {
                EpnetProblem problem = two_backends_trajectory(&p, initial, 2, NULL, 0);
                problem.method = methods[m];
                problem.dt = 0.01;
                problem.steps = short_steps;
                problem.times = short_times;
                problem.tolerance = pow(10, -6 - 2 * i);
                two_backends_check(&problem, &p, EPNET_POINT_OK, 1e-3 * problem.tolerance + 1e-10, 1e-10);
            }
        }
        free(initial);
        test_points_free(&p);
    }
}

static void stationary_laws_of_every_size(void **state) {
    (void)state;
    TestRandom random = test_random(13);
    for (int nodes = 1; nodes <= (CHECK_SANITIZED ? 14 : 16); nodes++) {
        const uint64_t cuts[] = {1, UINT64_C(0x2a5) & ((UINT64_C(1) << nodes) - 1)};
        const double density = nodes <= 6 ? 0.7 : 2.0 / nodes;
        TestNetwork network = test_network_random(&random, nodes, density, 0.05, 5, TEST_DRIVES_MIXED);
        TestPoints p = test_points_make(&random, network, nodes <= 6 ? 7 : nodes <= 8 ? 2 : 1);
        const EpnetProblem problem = two_backends_stationary(&p, cuts, nodes < 2 ? 0 : nodes <= 6 ? 2 : 1);
        two_backends_check(&problem, &p, EPNET_POINT_OK, 1e-9, 1e-11);
        test_points_free(&p);
    }
}

/* Against the oracle, which shares no code with either backend: the row of a law at t = 0, and of the law at
 * a later time and of the stationary one, which the oracle computes by dense matrices in long double. */
static void rows_of_the_oracle(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1, 6};
    static const double now[] = {0}, later[] = {0.7};
    TestRandom random = test_random(24);
    for (int nodes = 3; nodes <= 5; nodes++) {
        const size_t states = (size_t)1 << nodes;
        TestNetwork network = test_network_random(&random, nodes, 0.7, 0.2, 2, TEST_DRIVES_FINITE);
        const OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        Real *generator = oracle_generator(&chain), *law = oracle_allocate(states, sizeof *law),
             *matrix = oracle_allocate(states * states, sizeof *matrix);
        double *initial = test_law_random(&random, states, 0);
        Real *start = test_law_widen(initial, states);
        const EpnetPoint point = test_network_point(&network);
        TestPoints p = {.network = network, .count = 1};
        for (int kind = 0; kind < 3; kind++) {
            EpnetProblem problem = kind == 2 ? two_backends_stationary(&p, cuts, 2)
                                             : two_backends_trajectory(&p, initial, 1, cuts, 2);
            problem.tolerance = 1e-13;
            problem.times = kind == 0 ? now : later;
            memcpy(law, start, states * sizeof *law);
            if (kind == 1) {
                oracle_exponential(states, generator, later[0], matrix);
                oracle_advance(states, start, matrix, law);
            } else if (kind == 2) {
                assert_true(oracle_stationary(states, generator, NULL, law));
            }
            TestRows rows = two_backends_solve(&epnet_cuda_backend, 0, &problem, &point, 1, false);
            assert_int_equal(rows.rows.status[0], EPNET_POINT_OK);
            const Real within = kind == 0 ? 1e-12L : 1e-10L;
            compare_row(rows.rows.last, oracle_row(&chain, law), within);
            for (size_t c = 0; c < 2; c++)
                compare_cut_row(rows.rows.last + EPNET_COLUMNS + c * EPNET_CUT_COLUMNS,
                                oracle_cut_row(&chain, &oracle, law, (size_t)cuts[c]), within);
            test_rows_free(&rows);
        }
        free(start);
        free(initial);
        free(matrix);
        free(law);
        free(generator);
        oracle_chain_free(&chain);
        test_network_free(&network);
    }
}

/* Rates over seven decades: elimination keeps every entry of the law, corrections their residual. */
static void stationary_laws_of_strong_coupling(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1};
    TestRandom random = test_random(22);
    for (int nodes = 2; nodes <= 9; nodes++) {
        TestNetwork network = test_network_random(&random, nodes, 0.6, 1e-3, 1e4, TEST_DRIVES_FINITE);
        TestPoints p = test_points_make(&random, network, nodes <= 6 ? 5 : 1);
        const EpnetProblem problem = two_backends_stationary(&p, cuts, 1);
        two_backends_check(&problem, &p, EPNET_POINT_OK, 1e-7, 1e-11);
        test_points_free(&p);
    }
}

/* Nodes a million times faster than others take corrections and sweeps by turns; with eleven decades between
 * them there is no law to be had, and none is given. */
static void stationary_laws_of_fast_and_slow_nodes(void **state) {
    (void)state;
    static const struct {
        double faster, flips;
        EpnetPointStatus status;
    } cases[] = {{1e6, 1, EPNET_POINT_OK}, {1e11, 1, EPNET_POINT_NOT_CONVERGED}};
    for (size_t k = 0; k < (CHECK_SANITIZED ? 1 : check_long() ? 4 : 3); k++) {
        TestNetwork network = test_network_complete(8, 1e4, 20);
        for (size_t e = 0; e < network.edge_count; e++)
            network.rate[e] *= network.target[e] < 2 ? cases[k % 2].faster : 1;
        for (int j = 0; j < 8; j++) {
            network.flip_up[j] = cases[k % 2].flips * (1 + 0.1 * j);
            network.flip_down[j] = cases[k % 2].flips * (1.3 - 0.05 * j);
        }
        EpnetPoint point = test_network_point(&network);
        const TestPoints p = {network, 1, &point, NULL};
        const EpnetProblem problem = two_backends_stationary(&p, NULL, 0);
        if (k >= 2) /* by the streaming engine */
            epnet_emulation_device(0, "small", 9, 0, 2, 1 << 26, 2 << 10);
        two_backends_check(&problem, &p, cases[k % 2].status, 1e-5, 1e-9);
        test_network_free(&network);
    }
}

/* Entropy production of 1e-7 and less keeps its relative accuracy. */
static void near_equilibrium(void **state) {
    (void)state;
    static const uint64_t cuts[] = {3};
    TestRandom random = test_random(14);
    for (int nodes = 2; nodes <= 8; nodes += 3) {
        TestNetwork network = test_network_complete(nodes, 0.7, 1e-5);
        TestPoints p = test_points_make(&random, network, nodes <= 5 ? 3 : 1);
        for (size_t k = 0; k < p.count; k++) {
            memcpy((double *)p.points[k].flip_down, p.points[k].flip_up, (size_t)nodes * sizeof(double));
            ((double *)p.points[k].drive)[0] = 3e-5;
        }
        const EpnetProblem problem = two_backends_stationary(&p, cuts, nodes > 2);
        TestRows cpu = two_backends_solve(&epnet_cpu_backend, 0, &problem, p.points, p.count, false);
        TestRows cuda = two_backends_solve(&epnet_cuda_backend, 0, &problem, p.points, p.count, false);
        two_backends_compare(&problem, &cpu, &cuda, 1e-9, 1e-11);
        for (size_t k = 0; k < p.count; k++) {
            const double *a = cpu.rows.last + k * cpu.width, *b = cuda.rows.last + k * cuda.width;
            assert_true(a[EPNET_ENTROPY_PRODUCTION_CHANNELS] < 1e-7);
            check_near(b[EPNET_ENTROPY_PRODUCTION_CHANNELS], a[EPNET_ENTROPY_PRODUCTION_CHANNELS],
                       1e-6 * a[EPNET_ENTROPY_PRODUCTION_CHANNELS], "entropy production of the channels");
        }
        test_rows_free(&cpu);
        test_rows_free(&cuda);
        test_points_free(&p);
    }
}

static void trajectories_from_stationary_laws(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1};
    TestRandom random = test_random(15);
    for (int nodes = 2; nodes <= 8; nodes += 3) {
        TestNetwork network = test_network_random(&random, nodes, 0.6, 0.2, 2, TEST_DRIVES_MIXED);
        TestPoints p = test_points_make(&random, network, nodes <= 5 ? 3 : 1);
        const EpnetProblem problem = two_backends_trajectory(&p, NULL, 2, cuts, 1);
        two_backends_check(&problem, &p, EPNET_POINT_OK, 1e-8, 1e-9);
        test_points_free(&p);
    }
}

/* Where one point fills the device: the same context, another engine (test_stream_points.c has its laws). */
static void networks_beyond_the_chip(void **state) {
    (void)state;
    static const uint64_t cuts[] = {UINT64_C(0x1234)};
    TestRandom random = test_random(23);
    TestNetwork network = test_network_ring(17, 0.6, 1.5);
    test_network_add(&network, 0, 7, 0.9, INFINITY);
    TestPoints p = test_points_make(&random, network, 1);
    double *initial = test_law_random(&random, (size_t)1 << 17, 0);
    const EpnetProblem trajectory = two_backends_trajectory(&p, initial, 2, cuts, 1);
    two_backends_check(&trajectory, &p, EPNET_POINT_OK, 1e-8, 1e-9);
    free(initial);
    test_points_free(&p);
}

static void check_accepted(const EpnetProblem *problem, bool streamed) {
    EpnetError error;
    int threads = 1, count = 0;
    size_t chunk = 0;
    assert_int_equal(epnet_cuda_backend.accept(problem, 0, &threads, &error), EPNET_OK);
    epnet_cuda_backend.workers(problem, 0, 1, &count, &threads, &chunk);
    assert_int_equal(chunk == 1, streamed);
    const EpnetMemoryNeed need = epnet_cuda_backend.need(problem, 0, 1);
    assert_true(need.of_point > 0);
    assert_int_equal(need.in_flight == 1, streamed);
}

/* 99 KiB of shared memory for a block (compute capability 8.6, 8.9, 12.0) hold one of the resident kernels
 * for 15 nodes, not for 16; 48 KiB none for 13: the states of such points are streamed. */
static void devices_with_little_shared_memory(void **state) {
    (void)state;
    static const struct {
        int nodes;
        size_t shared;
        bool streamed, from_stationary;
    } cases[] = {{15, 99 << 10, false, false},  {16, 99 << 10, true, false},   {17, 99 << 10, true, false},
                 {16, 227 << 10, false, false}, {16, 138 << 10, false, false}, {15, 227 << 10, false, false},
                 {14, 227 << 10, false, false}, {14, 163 << 10, false, false}, {12, 48 << 10, false, true},
                 {13, 48 << 10, true, true}};
    static const uint64_t cuts[] = {UINT64_C(0x123)};
    TestRandom random = test_random(26);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int nodes = cases[i].nodes;
        epnet_emulation_device(0, "small", 12, 0, 24, (size_t)1 << 30, cases[i].shared);
        TestNetwork network = test_network_random(&random, nodes, 2.0 / nodes, 0.2, 2, TEST_DRIVES_FINITE);
        TestPoints p = test_points_make(&random, network, 1);
        double *initial = test_law_random(&random, (size_t)1 << nodes, 0);
        const EpnetProblem problem =
            two_backends_trajectory(&p, cases[i].from_stationary ? NULL : initial, 2, cuts, 1);
        check_accepted(&problem, cases[i].streamed);
        two_backends_check(&problem, &p, EPNET_POINT_OK, 1e-8, 1e-9);
        free(initial);
        test_points_free(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(trajectories_of_every_size, two_backends_set_up,
                                        two_backends_tear_down),
        cmocka_unit_test_setup_teardown(every_method, two_backends_set_up, two_backends_tear_down),
        cmocka_unit_test_setup_teardown(every_method_and_degree_beyond_registers, two_backends_set_up,
                                        two_backends_tear_down),
        cmocka_unit_test_setup_teardown(stationary_laws_of_every_size, two_backends_set_up,
                                        two_backends_tear_down),
        cmocka_unit_test_setup_teardown(rows_of_the_oracle, two_backends_set_up, two_backends_tear_down),
        cmocka_unit_test_setup_teardown(stationary_laws_of_strong_coupling, two_backends_set_up,
                                        two_backends_tear_down),
        cmocka_unit_test_setup_teardown(stationary_laws_of_fast_and_slow_nodes, two_backends_set_up,
                                        two_backends_tear_down),
        cmocka_unit_test_setup_teardown(near_equilibrium, two_backends_set_up, two_backends_tear_down),
        cmocka_unit_test_setup_teardown(trajectories_from_stationary_laws, two_backends_set_up,
                                        two_backends_tear_down),
        cmocka_unit_test_setup_teardown(networks_beyond_the_chip, two_backends_set_up,
                                        two_backends_tear_down),
        cmocka_unit_test_setup_teardown(devices_with_little_shared_memory, two_backends_set_up,
                                        two_backends_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

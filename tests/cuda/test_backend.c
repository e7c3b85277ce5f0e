/* The CUDA backend against the CPU backend: the same points, the same columns, through the whole of its C
 * side. The CPU backend is what the oracle has checked. */
#include "cpu/cpu_backend.h"
#include "cuda_backend.h"
#include "emulation.h"
#include "support/check.h"
#include "two_backends.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Points of one network with rates of their own. */
typedef struct Points {
    TestNetwork network;
    size_t count;
    EpnetPoint *points;
    double *storage;
} Points;

static Points points_make(TestRandom *random, TestNetwork network, size_t count) {
    const size_t nodes = (size_t)network.nodes, edges = network.edge_count, each = 2 * nodes + 2 * edges;
    Points p = {network, count, oracle_allocate(count, sizeof(EpnetPoint)),
                oracle_allocate(count * each + 1, sizeof(double))};
    for (size_t k = 0; k < count; k++) {
        double *up = p.storage + k * each, *down = up + nodes, *rate = down + nodes, *drive = rate + edges;
        for (size_t i = 0; i < nodes; i++) {
            up[i] = network.flip_up[i] * test_random_log(random, 0.3, 3);
            down[i] = network.flip_down[i] * test_random_log(random, 0.3, 3);
        }
        for (size_t e = 0; e < edges; e++) {
            rate[e] = network.rate[e] * test_random_log(random, 0.3, 3);
            drive[e] = network.drive[e] * test_random_uniform(random);
        }
        p.points[k] = (EpnetPoint){up, down, rate, drive, 0};
    }
    return p;
}

static void points_free(Points *p) {
    test_network_free(&p->network);
    free(p->points);
    free(p->storage);
}

static int set_up(void **state) {
    (void)state;
    epnet_emulation_reset();
    return 0;
}

/* Everything was given back. */
static int tear_down(void **state) {
    (void)state;
    const EpnetEmulationHeld held = epnet_emulation_held();
    return held.allocations == 0 && held.streams == 0 && held.events == 0 ? 0 : -1;
}

static const double times[] = {0, 0.15, 0.6, 0.61, 2.5};
static const uint64_t steps[] = {0, 15, 60, 61, 250};

static EpnetProblem trajectory_problem(const Points *p, const double *initial, size_t time_count,
                                       const uint64_t *cuts, size_t cut_count) {
    EpnetProblem problem = test_network_problem(&p->network, initial);
    problem.tolerance = 1e-11;
    problem.times = times;
    problem.time_count = time_count;
    problem.cuts = cuts;
    problem.cut_count = cut_count;
    return problem;
}

static EpnetProblem stationary_problem(const Points *p, const uint64_t *cuts, size_t cut_count) {
    EpnetProblem problem = test_network_problem(&p->network, NULL);
    problem.kind = EPNET_STATIONARY;
    problem.cuts = cuts;
    problem.cut_count = cut_count;
    return problem;
}

/* All points are solved, or all fail with the same status. */
static void check_both(const EpnetProblem *problem, const Points *p, EpnetPointStatus status, double relative,
                       double absolute) {
    TestRows cpu = two_backends_solve(&epnet_cpu_backend, 0, problem, p->points, p->count, true);
    for (size_t k = 0; k < p->count; k++)
        assert_int_equal(cpu.rows.status[k], status);
    TestRows cuda = two_backends_solve(&epnet_cuda_backend, 0, problem, p->points, p->count, true);
    two_backends_compare(problem, &cpu, &cuda, relative, absolute);
    test_rows_free(&cpu);
    test_rows_free(&cuda);
}

/* ---- columns ------------------------------------------------------------------------------------------- */

static void trajectories_of_every_size(void **state) {
    (void)state;
    TestRandom random = test_random(11);
    for (int nodes = 1; nodes <= 13; nodes++) {
        const uint64_t cuts[] = {1, UINT64_C(0x155) & ((UINT64_C(1) << nodes) - 1)};
        const double density = nodes <= 6 ? 0.7 : 2.0 / nodes;
        const bool large = nodes > 7;
        TestNetwork network = test_network_random(&random, nodes, density, 0.2, 2, TEST_DRIVES_FINITE);
        Points p = points_make(&random, network, large ? 1 : 5);
        double *initial = test_law_random(&random, (size_t)1 << nodes, 0);
        const EpnetProblem problem = trajectory_problem(&p, initial, large ? 2 : 5, cuts,
                                                        nodes < 2 ? 0
                                                        : large   ? 1
                                                                  : 2);
        check_both(&problem, &p, EPNET_POINT_OK, 1e-8, 1e-9);
        free(initial);
        points_free(&p);
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
            Points p = points_make(&random, network, 3);
            double *initial = test_law_random(&random, (size_t)1 << nodes, 0);
            EpnetProblem problem = trajectory_problem(&p, initial, 4, cuts, nodes < 3 ? 1 : 2);
            problem.method = methods[m];
            problem.dt = 0.01;
            problem.steps = steps;
            check_both(&problem, &p, EPNET_POINT_OK, 1e-8, 1e-9);
            free(initial);
            points_free(&p);
        }
    }
}

static void stationary_laws_of_every_size(void **state) {
    (void)state;
    TestRandom random = test_random(13);
    for (int nodes = 1; nodes <= 13; nodes++) {
        const uint64_t cuts[] = {1, UINT64_C(0x2a5) & ((UINT64_C(1) << nodes) - 1)};
        const double density = nodes <= 6 ? 0.7 : 2.0 / nodes;
        TestNetwork network = test_network_random(&random, nodes, density, 0.05, 5, TEST_DRIVES_MIXED);
        Points p = points_make(&random, network, nodes <= 6 ? 7 : nodes <= 8 ? 2 : 1);
        const EpnetProblem problem = stationary_problem(&p, cuts, nodes < 2 ? 0 : nodes <= 6 ? 2 : 1);
        check_both(&problem, &p, EPNET_POINT_OK, 1e-9, 1e-11);
        points_free(&p);
    }
}

/* Rates over seven decades: elimination keeps every entry of the law, corrections their residual. */
static void stationary_laws_of_strong_coupling(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1};
    TestRandom random = test_random(22);
    for (int nodes = 2; nodes <= 9; nodes++) {
        TestNetwork network = test_network_random(&random, nodes, 0.6, 1e-3, 1e4, TEST_DRIVES_FINITE);
        Points p = points_make(&random, network, nodes <= 6 ? 5 : 1);
        const EpnetProblem problem = stationary_problem(&p, cuts, 1);
        check_both(&problem, &p, EPNET_POINT_OK, 1e-7, 1e-11);
        points_free(&p);
    }
}

/* Entropy production of 1e-7 and less keeps its relative accuracy. */
static void near_equilibrium(void **state) {
    (void)state;
    static const uint64_t cuts[] = {3};
    TestRandom random = test_random(14);
    for (int nodes = 2; nodes <= 8; nodes += 3) {
        TestNetwork network = test_network_complete(nodes, 0.7, 1e-5);
        Points p = points_make(&random, network, nodes <= 5 ? 3 : 1);
        for (size_t k = 0; k < p.count; k++) {
            memcpy((double *)p.points[k].flip_down, p.points[k].flip_up, (size_t)nodes * sizeof(double));
            ((double *)p.points[k].drive)[0] = 3e-5;
        }
        const EpnetProblem problem = stationary_problem(&p, cuts, nodes > 2);
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
        points_free(&p);
    }
}

static void trajectories_from_stationary_laws(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1};
    TestRandom random = test_random(15);
    for (int nodes = 2; nodes <= 8; nodes += 3) {
        TestNetwork network = test_network_random(&random, nodes, 0.6, 0.2, 2, TEST_DRIVES_MIXED);
        Points p = points_make(&random, network, nodes <= 5 ? 3 : 1);
        const EpnetProblem problem = trajectory_problem(&p, NULL, 2, cuts, 1);
        check_both(&problem, &p, EPNET_POINT_OK, 1e-8, 1e-9);
        points_free(&p);
    }
}

/* Where states lie in device memory: the same context, another engine. */
static void networks_beyond_the_chip(void **state) {
    (void)state;
    static const uint64_t cuts[] = {UINT64_C(0x1234)};
    TestRandom random = test_random(23);
    TestNetwork network = test_network_ring(14, 0.6, 1.5);
    test_network_add(&network, 0, 7, 0.9, INFINITY);
    Points p = points_make(&random, network, 2);
    double *initial = test_law_random(&random, (size_t)1 << 14, 0);
    const EpnetProblem trajectory = trajectory_problem(&p, initial, 2, cuts, 1);
    check_both(&trajectory, &p, EPNET_POINT_OK, 1e-8, 1e-9);
    p.count = 1;
    const EpnetProblem stationary = stationary_problem(&p, cuts, 1);
    check_both(&stationary, &p, EPNET_POINT_OK, 1e-8, 1e-10);
    free(initial);
    points_free(&p);
}

/* ---- impossible flips, failing points --------------------------------------------------------------------
 */

/* Every third point has flips that are impossible in one direction, so that copies alone move those nodes. */
static void forbid_flips(Points *p) {
    for (size_t k = 0; k < p->count; k += 3) {
        for (int i = 0; i < p->network.nodes; i++)
            ((double *)(i % 2 ? p->points[k].flip_up : p->points[k].flip_down))[i] = 0;
    }
}

static void impossible_flips_from_a_pure_state(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1, 6};
    TestRandom random = test_random(16);
    for (int nodes = 3; nodes <= 8; nodes += 1) {
        TestNetwork network = test_network_ring(nodes, 0.8, INFINITY);
        Points p = points_make(&random, network, nodes <= 6 ? 5 : 1);
        forbid_flips(&p);
        double *initial = test_law_pure((size_t)1 << nodes, 1);
        const EpnetProblem problem = trajectory_problem(&p, initial, 3, cuts, 2);
        check_both(&problem, &p, EPNET_POINT_OK, 1e-8, 1e-9);
        const EpnetProblem stationary = stationary_problem(&p, cuts, 2);
        check_both(&stationary, &p, EPNET_POINT_OK, 1e-9, 1e-11);
        free(initial);
        points_free(&p);
    }
}

/* Without flips the copies have two absorbing states: no unique law. The points beside them are solved. */
static void failing_points_among_good_ones(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1};
    TestRandom random = test_random(17);
    TestNetwork network = test_network_ring(4, 0.8, INFINITY);
    Points p = points_make(&random, network, 7);
    for (size_t k = 1; k < p.count; k += 3) {
        memset((double *)p.points[k].flip_up, 0, 4 * sizeof(double));
        memset((double *)p.points[k].flip_down, 0, 4 * sizeof(double));
    }
    ((double *)p.points[5].rate)[2] = 1e308;
    ((double *)p.points[5].rate)[3] = 1.7e308;
    const EpnetProblem stationary = stationary_problem(&p, cuts, 1);
    const EpnetProblem from_law = trajectory_problem(&p, NULL, 3, cuts, 1);
    const EpnetProblem *const problems[] = {&stationary, &from_law};
    for (size_t i = 0; i < 2; i++) {
        TestRows rows = two_backends_solve(&epnet_cuda_backend, 0, problems[i], p.points, p.count, true);
        for (size_t k = 0; k < p.count; k++) {
            const int expected = k == 5       ? EPNET_POINT_NOT_FINITE
                                 : k % 3 == 1 ? EPNET_POINT_NOT_UNIQUE
                                              : EPNET_POINT_OK;
            assert_int_equal(rows.rows.status[k], expected);
            assert_int_equal(isnan(rows.rows.last[k * rows.width + EPNET_ENTROPY]),
                             expected != EPNET_POINT_OK);
        }
        test_rows_free(&rows);
    }
    points_free(&p);
}

/* A tolerance that double precision cannot meet, and an Euler step that leaves the probabilities. */
static void failing_methods(void **state) {
    (void)state;
    TestRandom random = test_random(18);
    Points p = points_make(&random, test_network_complete(3, 0.7, 2), 3);
    double *initial = test_law_pure(8, 3);
    EpnetProblem problem = trajectory_problem(&p, initial, 4, NULL, 0);
    problem.tolerance = 1e-16;
    check_both(&problem, &p, EPNET_POINT_INACCURATE, 1e-8, 1e-9);
    problem.tolerance = 1e-9;
    problem.method = EPNET_EULER;
    problem.dt = 5;
    static const uint64_t few[] = {0, 1, 2, 3};
    problem.steps = few;
    check_both(&problem, &p, EPNET_POINT_NOT_POSITIVE, 1e-8, 1e-9);
    free(initial);
    points_free(&p);
}

/* ---- bytes ----------------------------------------------------------------------------------------------
 */

/* In one piece, point by point, in odd pieces and backwards; threads and blocks in any order. */
static void check_bytes(const EpnetProblem *problem, const Points *p) {
    TestRows all = two_backends_solve(&epnet_cuda_backend, 0, problem, p->points, p->count, true);
    for (size_t piece = 1; piece < p->count; piece += 2) {
        for (size_t first = 0; first < p->count; first += piece) {
            const size_t rest = p->count - first, count = rest < piece ? rest : piece;
            TestRows part =
                two_backends_solve(&epnet_cuda_backend, 0, problem, p->points + first, count, true);
            two_backends_same_bytes(problem, &all, &part, first);
            test_rows_free(&part);
        }
    }
    for (int order = EPNET_EMULATION_BACKWARD; order < EPNET_EMULATION_ORDERS; order++) {
        epnet_emulation_order((EpnetEmulationOrder)order, 7);
        epnet_emulation_resident_blocks(order == EPNET_EMULATION_BACKWARD ? 1 : 5);
        TestRows again = two_backends_solve(&epnet_cuda_backend, 0, problem, p->points, p->count, true);
        two_backends_same_bytes(problem, &all, &again, 0);
        test_rows_free(&again);
    }
    epnet_emulation_reset();
    EpnetPoint *backwards = oracle_allocate(p->count, sizeof *backwards);
    for (size_t k = 0; k < p->count; k++)
        backwards[k] = p->points[p->count - 1 - k];
    TestRows reversed = two_backends_solve(&epnet_cuda_backend, 0, problem, backwards, p->count, false);
    for (size_t k = 0; k < p->count; k++)
        assert_memory_equal(all.rows.last + k * all.width,
                            reversed.rows.last + (p->count - 1 - k) * all.width, all.width * sizeof(double));
    test_rows_free(&reversed);
    free(backwards);
    test_rows_free(&all);
}

static void bytes_depend_on_the_point_alone(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1, 6};
    TestRandom random = test_random(19);
    for (int nodes = 3; nodes <= 5; nodes += 2) {
        Points p =
            points_make(&random, test_network_random(&random, nodes, 0.8, 0.1, 9, TEST_DRIVES_MIXED), 7);
        forbid_flips(&p);
        double *initial = test_law_random(&random, (size_t)1 << nodes, 0.3);
        const EpnetProblem trajectory = trajectory_problem(&p, initial, 3, cuts, 2);
        const EpnetProblem from_law = trajectory_problem(&p, NULL, 2, cuts, 1);
        const EpnetProblem stationary = stationary_problem(&p, cuts, 2);
        check_bytes(&trajectory, &p);
        check_bytes(&from_law, &p);
        check_bytes(&stationary, &p);
        free(initial);
        points_free(&p);
    }
}

/* ---- one application, stop --------------------------------------------------------------------------------
 */

static void one_application(void **state) {
    (void)state;
    TestRandom random = test_random(20);
    for (int nodes = 1; nodes <= 14; nodes++) {
        const size_t states = (size_t)1 << nodes;
        TestNetwork network = test_network_random(&random, nodes, 0.5, 0.05, 5, TEST_DRIVES_MIXED);
        const EpnetPoint point = test_network_point(&network);
        double *p = test_law_random(&random, states, 0.1), *image[2];
        const EpnetProblem problem = test_network_problem(&network, p);
        const EpnetBackend *const backends[] = {&epnet_cpu_backend, &epnet_cuda_backend};
        for (size_t b = 0; b < 2; b++) {
            EpnetError error;
            void *context;
            image[b] = oracle_allocate(states, sizeof(double));
            assert_int_equal(backends[b]->open(&problem, 0, 1, &context, &error), EPNET_OK);
            assert_int_equal(backends[b]->apply(context, &point, p, image[b], &error), EPNET_OK);
            backends[b]->close(context);
        }
        double largest = 0, difference = 0;
        for (size_t s = 0; s < states; s++) {
            largest += fabs(image[0][s]);
            difference += fabs(image[0][s] - image[1][s]);
        }
        assert_true(difference <= 1e-12 * largest);
        free(image[0]);
        free(image[1]);
        free(p);
        test_network_free(&network);
    }
}

static void stopped_batches_end(void **state) {
    (void)state;
    TestRandom random = test_random(21);
    Points p = points_make(&random, test_network_complete(3, 0.7, 2), 5);
    double *initial = test_law_pure(8, 3);
    const EpnetProblem problem = trajectory_problem(&p, initial, 4, NULL, 0);
    const volatile int stop = 1;
    const EpnetBatch batch = {&problem, p.count, p.points, &stop};
    TestRows rows = two_backends_rows(&problem, p.count, false);
    EpnetError error;
    void *context;
    assert_int_equal(epnet_cuda_backend.open(&problem, 0, 1, &context, &error), EPNET_OK);
    assert_int_equal(epnet_cuda_backend.solve(context, &batch, &rows.rows, &error), EPNET_OK);
    assert_int_equal(epnet_emulation_calls(EPNET_EMULATION_LAUNCH), 0);
    epnet_cuda_backend.close(context);
    test_rows_free(&rows);
    free(initial);
    points_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(trajectories_of_every_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_method, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stationary_laws_of_every_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stationary_laws_of_strong_coupling, set_up, tear_down),
        cmocka_unit_test_setup_teardown(near_equilibrium, set_up, tear_down),
        cmocka_unit_test_setup_teardown(trajectories_from_stationary_laws, set_up, tear_down),
        cmocka_unit_test_setup_teardown(networks_beyond_the_chip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(impossible_flips_from_a_pure_state, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failing_points_among_good_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failing_methods, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_depend_on_the_point_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_application, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stopped_batches_end, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

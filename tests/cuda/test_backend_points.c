/* Points among others on the CUDA backend: impossible flips, failing ones among good ones, the same bytes
 * however a batch is divided and run, batches that are stopped. */
#include "cpu/cpu_backend.h"
#include "cuda_backend.h"
#include "emulation.h"
#include "engine.h"
#include "support/check.h"
#include "two_backends.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- impossible flips, failing points --------------------------------------------------------------------
 */

/* Every third point has flips that are impossible in one direction, so that copies alone move those nodes. */
static void forbid_flips(TestPoints *p) {
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
        TestPoints p = test_points_make(&random, network, nodes <= 6 ? 5 : 1);
        forbid_flips(&p);
        double *initial = test_law_pure((size_t)1 << nodes, 1);
        const EpnetProblem problem = two_backends_trajectory(&p, initial, 3, cuts, 2);
        two_backends_check(&problem, &p, EPNET_POINT_OK, 1e-8, 1e-9);
        const EpnetProblem stationary = two_backends_stationary(&p, cuts, 2);
        two_backends_check(&stationary, &p, EPNET_POINT_OK, 1e-9, 1e-11);
        free(initial);
        test_points_free(&p);
    }
}

/* Without flips the copies have two absorbing states: no unique law. The points beside them are solved. */
static void failing_points_among_good_ones(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1};
    TestRandom random = test_random(17);
    TestNetwork network = test_network_ring(4, 0.8, INFINITY);
    TestPoints p = test_points_make(&random, network, 7);
    for (size_t k = 1; k < p.count; k += 3) {
        memset((double *)p.points[k].flip_up, 0, 4 * sizeof(double));
        memset((double *)p.points[k].flip_down, 0, 4 * sizeof(double));
    }
    ((double *)p.points[5].rate)[2] = 1e308;
    ((double *)p.points[5].rate)[3] = 1.7e308;
    const EpnetProblem stationary = two_backends_stationary(&p, cuts, 1);
    const EpnetProblem from_law = two_backends_trajectory(&p, NULL, 3, cuts, 1);
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
    test_points_free(&p);
}

/* A tolerance that double precision cannot meet, and an Euler step that leaves the probabilities. */
static void failing_methods(void **state) {
    (void)state;
    TestRandom random = test_random(18);
    TestPoints p = test_points_make(&random, test_network_complete(3, 0.7, 2), 3);
    double *initial = test_law_pure(8, 3);
    EpnetProblem problem = two_backends_trajectory(&p, initial, 4, NULL, 0);
    problem.tolerance = 1e-16;
    two_backends_check(&problem, &p, EPNET_POINT_INACCURATE, 1e-8, 1e-9);
    problem.tolerance = 1e-9;
    problem.method = EPNET_EULER;
    problem.dt = 5;
    static const uint64_t few[] = {0, 1, 2, 3};
    problem.steps = few;
    two_backends_check(&problem, &p, EPNET_POINT_NOT_POSITIVE, 1e-8, 1e-9);
    free(initial);
    test_points_free(&p);
}

/* ---- bytes ----------------------------------------------------------------------------------------------
 */

/* In one piece, point by point, in odd pieces and backwards; threads and blocks in any order. */
static void check_bytes(const EpnetProblem *problem, const TestPoints *p) {
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
        TestPoints p =
            test_points_make(&random, test_network_random(&random, nodes, 0.8, 0.1, 9, TEST_DRIVES_MIXED), 7);
        forbid_flips(&p);
        double *initial = test_law_random(&random, (size_t)1 << nodes, 0.3);
        const EpnetProblem trajectory = two_backends_trajectory(&p, initial, 3, cuts, 2);
        const EpnetProblem from_law = two_backends_trajectory(&p, NULL, 2, cuts, 1);
        const EpnetProblem stationary = two_backends_stationary(&p, cuts, 2);
        check_bytes(&trajectory, &p);
        check_bytes(&from_law, &p);
        check_bytes(&stationary, &p);
        free(initial);
        test_points_free(&p);
    }
}

/* Threads and blocks in any order, every resident kernel: trajectories and, as far as that takes a moment,
 * stationary laws. */
static void check_orders(const EpnetProblem *problem, const TestPoints *p) {
    TestRows forward = two_backends_solve(&epnet_cuda_backend, 0, problem, p->points, p->count, true);
    for (int order = EPNET_EMULATION_BACKWARD; order < EPNET_EMULATION_ORDERS; order++) {
        epnet_emulation_order((EpnetEmulationOrder)order, 9);
        TestRows again = two_backends_solve(&epnet_cuda_backend, 0, problem, p->points, p->count, true);
        two_backends_same_bytes(problem, &forward, &again, 0);
        test_rows_free(&again);
    }
    epnet_emulation_reset();
    test_rows_free(&forward);
}

static void any_order_at_every_size(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1};
    TestRandom random = test_random(26);
    for (int nodes = 1; nodes <= EPNET_RESIDENT_NODES; nodes++) {
        const size_t count = nodes <= 6 ? 5 : nodes <= 10 ? 3 : 1;
        TestPoints p = test_points_make(
            &random, test_network_random(&random, nodes, 0.3, 0.4, 2, TEST_DRIVES_FINITE), count);
        double *initial = test_law_random(&random, (size_t)1 << nodes, nodes % 2 == 0 ? 0 : 0.1);
        const EpnetProblem trajectory = two_backends_trajectory(&p, initial, 2, cuts, nodes > 1),
                           stationary = two_backends_stationary(&p, cuts, nodes > 1);
        check_orders(&trajectory, &p);
        if (nodes <= 11)
            check_orders(&stationary, &p);
        free(initial);
        test_points_free(&p);
    }
}

/* ---- one application, stop --------------------------------------------------------------------------------
 */

static void one_application(void **state) {
    (void)state;
    TestRandom random = test_random(20);
    for (int nodes = 1; nodes <= 17; nodes++) {
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
    TestPoints p = test_points_make(&random, test_network_complete(3, 0.7, 2), 5);
    double *initial = test_law_pure(8, 3);
    const EpnetProblem problem = two_backends_trajectory(&p, initial, 4, NULL, 0);
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
    test_points_free(&p);
}

/* A stop that comes after the work was begun reaches the kernels: here it is raised by the first point, which
 * has no unique law, and the flag is where its status goes. The next batch is solved. */
static void a_stop_reaches_the_kernels(void **state) {
    (void)state;
    TestRandom random = test_random(22);
    for (int nodes = 4; nodes <= 8; nodes += 4) {
        TestPoints p = test_points_make(&random, test_network_ring(nodes, 0.7, INFINITY), 3);
        memset((double *)p.points[0].flip_up, 0, (size_t)nodes * sizeof(double));
        memset((double *)p.points[0].flip_down, 0, (size_t)nodes * sizeof(double));
        const EpnetProblem stationary = two_backends_stationary(&p, NULL, 0);
        const EpnetProblem trajectory = two_backends_trajectory(&p, NULL, 3, NULL, 0);
        const EpnetProblem *const problems[] = {&stationary, &trajectory};
        for (size_t i = 0; i < 2; i++) {
            TestRows rows = two_backends_rows(problems[i], p.count, false);
            EpnetBatch batch = {problems[i], p.count, p.points, rows.rows.status};
            EpnetError error;
            void *context;
            assert_int_equal(epnet_cuda_backend.open(problems[i], 0, 1, &context, &error), EPNET_OK);
            assert_int_equal(epnet_cuda_backend.solve(context, &batch, &rows.rows, &error), EPNET_OK);
            for (size_t k = 1; k < p.count; k++)
                assert_int_equal(rows.rows.status[k], EPNET_POINT_NOT_CONVERGED);
            batch.stop = NULL;
            assert_int_equal(epnet_cuda_backend.solve(context, &batch, &rows.rows, &error), EPNET_OK);
            for (size_t k = 1; k < p.count; k++)
                assert_int_equal(rows.rows.status[k], EPNET_POINT_OK);
            epnet_cuda_backend.close(context);
            test_rows_free(&rows);
        }
        test_points_free(&p);
    }
}

/* ---- side by side ----------------------------------------------------------------------------------------
 */

/* Points that leave most of a device idle are worked on side by side, as far as there are threads. */
static void workers_of_streamed_points(void **state) {
    (void)state;
    static const struct {
        int nodes, threads, workers;
    } cases[] = {{17, 16, 8}, {17, 5, 5},  {17, 1, 2},  {18, 16, 4},
                 {18, 3, 3},  {19, 16, 2}, {23, 16, 2}, {24, 16, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const EpnetProblem problem = {.nodes = cases[i].nodes, .kind = EPNET_TRAJECTORY};
        int count, again, threads_each;
        size_t chunk;
        epnet_cuda_backend.workers(&problem, 0, cases[i].threads, &count, &threads_each, &chunk);
        assert_int_equal(count, cases[i].workers);
        assert_int_equal(chunk, 1);
        /* The answer is what the device is then asked with. */
        epnet_cuda_backend.workers(&problem, 0, count, &again, &threads_each, &chunk);
        assert_int_equal(again, count);
    }
}

/* Two contexts of a device have streams of their own. Once they have their memory, a batch neither allocates
 * nor waits for the device, and what it copies is page-locked: so one computes while the other's data are on
 * their way. */
static void batches_do_not_wait_for_each_other(void **state) {
    (void)state;
    static const uint64_t cuts[] = {1};
    TestRandom random = test_random(25);
    const int sizes[] = {4, 14};
    for (size_t i = 0; i < 2; i++) {
        TestPoints p = test_points_make(&random, test_network_ring(sizes[i], 0.7, 2), 2);
        double *initial = test_law_random(&random, (size_t)1 << sizes[i], 0);
        const EpnetProblem problem = two_backends_trajectory(&p, initial, 2, cuts, 1);
        const EpnetBatch batch = {&problem, p.count, p.points, NULL};
        TestRows rows = two_backends_rows(&problem, p.count, true);
        EpnetError error;
        void *contexts[2];
        int count, threads_each;
        size_t chunk;
        epnet_cuda_backend.workers(&problem, 0, 16, &count, &threads_each, &chunk);
        assert_int_equal(count, 2);
        for (size_t c = 0; c < 2; c++) {
            const int before = epnet_emulation_held().streams;
            assert_int_equal(epnet_cuda_backend.open(&problem, 0, 1, &contexts[c], &error), EPNET_OK);
            assert_true(epnet_emulation_held().streams > before);
            assert_int_equal(epnet_cuda_backend.solve(contexts[c], &batch, &rows.rows, &error), EPNET_OK);
        }
        const EpnetEmulationWork before = epnet_emulation_work();
        for (size_t c = 0; c < 2; c++)
            assert_int_equal(epnet_cuda_backend.solve(contexts[c], &batch, &rows.rows, &error), EPNET_OK);
        const EpnetEmulationWork after = epnet_emulation_work();
        assert_int_equal(after.launches, before.launches + 2);
        assert_int_equal(after.serial, before.serial);
        assert_int_equal(after.pageable, before.pageable);
        for (size_t c = 0; c < 2; c++)
            epnet_cuda_backend.close(contexts[c]);
        test_rows_free(&rows);
        free(initial);
        test_points_free(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(impossible_flips_from_a_pure_state, two_backends_set_up,
                                        two_backends_tear_down),
        cmocka_unit_test_setup_teardown(failing_points_among_good_ones, two_backends_set_up,
                                        two_backends_tear_down),
        cmocka_unit_test_setup_teardown(failing_methods, two_backends_set_up, two_backends_tear_down),
        cmocka_unit_test_setup_teardown(bytes_depend_on_the_point_alone, two_backends_set_up,
                                        two_backends_tear_down),
        cmocka_unit_test_setup_teardown(any_order_at_every_size, two_backends_set_up, two_backends_tear_down),
        cmocka_unit_test_setup_teardown(one_application, two_backends_set_up, two_backends_tear_down),
        cmocka_unit_test_setup_teardown(workers_of_streamed_points, two_backends_set_up,
                                        two_backends_tear_down),
        cmocka_unit_test_setup_teardown(batches_do_not_wait_for_each_other, two_backends_set_up,
                                        two_backends_tear_down),
        cmocka_unit_test_setup_teardown(stopped_batches_end, two_backends_set_up, two_backends_tear_down),
        cmocka_unit_test_setup_teardown(a_stop_reaches_the_kernels, two_backends_set_up,
                                        two_backends_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

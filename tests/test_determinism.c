/* The same bytes for any number of threads, batch size, order of points and instruction set; points that fail
 * do not disturb their neighbours; a batch that is told to stop stops. */
#include "cpu/cpu_backend.h"
#include "cpu/instruction_levels.h"
#include "support/check.h"
#include "support/engine.h"

#include <stdlib.h>
#include <string.h>

enum { POINTS = 23, TIMES = 4 };

/* Points that share their edges and differ in every rate and drive. */
typedef struct Sweep {
    TestNetwork network;
    double *parameters[POINTS];
    EpnetPoint points[POINTS];
    double *start;
    EpnetProblem problem;
} Sweep;

static const double times[TIMES] = {0, 0.125, 0.5, 2};
static const uint64_t steps[TIMES] = {0, 125, 500, 2000};
static const uint64_t cuts[2] = {5, 6};

static Sweep make_sweep(uint64_t seed, int nodes) {
    TestRandom random = test_random(seed);
    Sweep sweep = {.network = test_network_random(&random, nodes, 0.5, 0.1, 10, TEST_DRIVES_MIXED)};
    const size_t n = (size_t)nodes, edges = sweep.network.edge_count;
    for (size_t k = 0; k < POINTS; k++) {
        double *values = sweep.parameters[k] = oracle_allocate(2 * n + 2 * edges, sizeof(double));
        for (size_t i = 0; i < 2 * n + edges; i++)
            values[i] = test_random_log(&random, 1e-2, 10);
        for (size_t e = 0; e < edges; e++)
            values[2 * n + edges + e] = sweep.network.drive[e];
        if (k % 5 == 3) /* no flips: no unique stationary law */
            memset(values, 0, 2 * n * sizeof(double));
        sweep.points[k] = (EpnetPoint){values, values + n, values + 2 * n, values + 2 * n + edges, 0};
    }
    sweep.start = test_law_random(&random, (size_t)1 << nodes, 0.5);
    sweep.problem = test_network_problem(&sweep.network, sweep.start);
    sweep.problem.cuts = cuts;
    sweep.problem.cut_count = 2;
    sweep.problem.times = times;
    sweep.problem.steps = steps;
    sweep.problem.dt = 1e-3;
    sweep.problem.time_count = TIMES;
    return sweep;
}

static void free_sweep(Sweep *sweep) {
    for (size_t k = 0; k < POINTS; k++)
        free(sweep->parameters[k]);
    free(sweep->start);
    test_network_free(&sweep->network);
}

/* Point `at` of `rows` has the bytes of point `as` of `reference`. */
static void check_same(const EpnetProblem *problem, const TestRows *rows, size_t at,
                       const TestRows *reference, size_t as) {
    const size_t width = rows->width, length = width * problem->time_count;
    assert_int_equal(rows->rows.status[at], reference->rows.status[as]);
    assert_true(rows->rows.applications[at] == reference->rows.applications[as]);
    assert_memory_equal(rows->rows.last + at * width, reference->rows.last + as * width,
                        width * sizeof(double));
    if (problem->kind == EPNET_STATIONARY)
        return;
    assert_memory_equal(rows->rows.extremes + at * EPNET_EXTREMES,
                        reference->rows.extremes + as * EPNET_EXTREMES, EPNET_EXTREMES * sizeof(double));
    assert_memory_equal(rows->rows.trajectory + at * length, reference->rows.trajectory + as * length,
                        length * sizeof(double));
}

static void check_problem(const EpnetProblem *problem, const EpnetPoint *points) {
    TestRows reference = test_rows(problem, points, POINTS, 1);
    size_t ok = 0;
    for (size_t k = 0; k < POINTS; k++)
        ok += reference.rows.status[k] == EPNET_POINT_OK;
    assert_true(ok > POINTS / 2);
    for (int threads = 2; threads <= 7; threads += 5) {
        TestRows rows = test_rows(problem, points, POINTS, threads);
        for (size_t k = 0; k < POINTS; k++)
            check_same(problem, &rows, k, &reference, k);
        test_rows_free(&rows);
    }
    for (size_t batch = 1; batch <= 6; batch += 5) { /* one at a time, and in sixes */
        for (size_t first = 0; first < POINTS; first += batch) {
            size_t count = POINTS - first < batch ? POINTS - first : batch;
            TestRows rows = test_rows(problem, points + first, count, 2);
            for (size_t k = 0; k < count; k++)
                check_same(problem, &rows, k, &reference, first + k);
            test_rows_free(&rows);
        }
    }
    const EpnetInstructionLevel usual = epnet_instruction_level();
    for (int level = 0; level < EPNET_LEVELS; level++) {
        if (level == (int)usual || !epnet_instruction_level_use((EpnetInstructionLevel)level))
            continue;
        TestRows rows = test_rows(problem, points, POINTS, 1);
        for (size_t k = 0; k < POINTS; k++)
            check_same(problem, &rows, k, &reference, k);
        test_rows_free(&rows);
    }
    assert_true(epnet_instruction_level_use(usual));
    EpnetPoint reordered[POINTS];
    for (size_t k = 0; k < POINTS; k++)
        reordered[k] = points[(7 * k + 3) % POINTS];
    TestRows rows = test_rows(problem, reordered, POINTS, 1);
    for (size_t k = 0; k < POINTS; k++)
        check_same(problem, &rows, k, &reference, (7 * k + 3) % POINTS);
    test_rows_free(&rows);
    test_rows_free(&reference);
}

static void bytes_do_not_depend_on_the_schedule(void **state) {
    (void)state;
    const int sizes[] = {3, 6, 9};
    for (size_t k = 0; k < 3; k++) {
        Sweep sweep = make_sweep(600 + k, sizes[k]);
        const bool many_steps = sizes[k] < 9 || !CHECK_SANITIZED;
        for (int method = many_steps ? EPNET_EULER : EPNET_CHEBYSHEV; method <= EPNET_UNIFORMIZATION;
             method++) {
            sweep.problem.method = (EpnetMethod)method;
            check_problem(&sweep.problem, sweep.points);
        }
        sweep.problem.kind = EPNET_STATIONARY;
        check_problem(&sweep.problem, sweep.points);
        sweep.problem.kind = EPNET_TRAJECTORY;
        sweep.problem.method = EPNET_CHEBYSHEV;
        sweep.problem.initial = NULL;
        check_problem(&sweep.problem, sweep.points);
        free_sweep(&sweep);
    }
}

/* Many equal intervals, which are taken several at a time; points of very different rates side by side. */
static void bytes_do_not_depend_on_the_schedule_of_equal_intervals(void **state) {
    (void)state;
    const int sizes[] = {4, 8};
    double equal[TIMES * 8];
    for (size_t k = 0; k < TIMES * 8; k++)
        equal[k] = 0.05 * (double)k;
    for (size_t k = 0; k < 2; k++) {
        Sweep sweep = make_sweep(620 + k, sizes[k]);
        sweep.problem.times = equal;
        sweep.problem.steps = NULL;
        sweep.problem.time_count = TIMES * 8;
        check_problem(&sweep.problem, sweep.points);
        free_sweep(&sweep);
    }
}

/* The extremes are those of the trajectory; a trajectory that is not kept changes nothing else. */
static void extremes_are_those_of_the_trajectory(void **state) {
    (void)state;
    Sweep sweep = make_sweep(610, 4);
    TestRows kept = test_rows(&sweep.problem, sweep.points, POINTS, 2);
    TestRows rows = {.count = POINTS, .width = kept.width};
    EpnetBatch batch = {.problem = &sweep.problem, .count = POINTS, .points = sweep.points};
    EpnetError error;
    void *context;
    rows.rows.status = oracle_allocate(POINTS, sizeof(int));
    rows.rows.last = oracle_allocate(POINTS * rows.width, sizeof(double));
    rows.rows.extremes = oracle_allocate(POINTS * EPNET_EXTREMES, sizeof(double));
    assert_int_equal(epnet_cpu_backend.open(&sweep.problem, 0, 2, &context, &error), EPNET_OK);
    assert_int_equal(epnet_cpu_backend.solve(context, &batch, &rows.rows, &error), EPNET_OK);
    epnet_cpu_backend.close(context);
    assert_memory_equal(rows.rows.status, kept.rows.status, POINTS * sizeof(int));
    assert_memory_equal(rows.rows.last, kept.rows.last, POINTS * rows.width * sizeof(double));
    assert_memory_equal(rows.rows.extremes, kept.rows.extremes, POINTS * EPNET_EXTREMES * sizeof(double));
    for (size_t k = 0; k < POINTS; k++) {
        const double *row = kept.rows.trajectory + k * TIMES * kept.width;
        const double *extremes = kept.rows.extremes + k * EPNET_EXTREMES;
        size_t highest = 0, steepest = 0, tightest = 0;
        double margin[TIMES];
        for (size_t t = 0; t < TIMES; t++) {
            const double *now = row + t * kept.width;
            margin[t] = now[EPNET_ENTROPY_PRODUCTION] - now[EPNET_MULTIINFORMATION_RATE];
            highest = now[EPNET_MULTIINFORMATION] > row[highest * kept.width + EPNET_MULTIINFORMATION]
                          ? t
                          : highest;
            steepest =
                now[EPNET_MULTIINFORMATION_RATE] > row[steepest * kept.width + EPNET_MULTIINFORMATION_RATE]
                    ? t
                    : steepest;
            tightest = margin[t] < margin[tightest] ? t : tightest;
        }
        assert_true(extremes[EPNET_MULTIINFORMATION_MAX] ==
                    row[highest * kept.width + EPNET_MULTIINFORMATION]);
        assert_true(extremes[EPNET_MULTIINFORMATION_MAX_TIME] == times[highest]);
        assert_true(extremes[EPNET_MULTIINFORMATION_RATE_MAX] ==
                    row[steepest * kept.width + EPNET_MULTIINFORMATION_RATE]);
        assert_true(extremes[EPNET_MULTIINFORMATION_RATE_MAX_TIME] == times[steepest]);
        assert_true(extremes[EPNET_NETWORK_BOUND_MARGIN_MIN] == margin[tightest]);
        assert_true(extremes[EPNET_NETWORK_BOUND_MARGIN_MIN_TIME] == times[tightest]);
    }
    test_rows_free(&rows);
    test_rows_free(&kept);
    free_sweep(&sweep);
}

/* A stop that is already set: the call returns without work that would take hours. */
static void stop_is_obeyed(void **state) {
    (void)state;
    Sweep sweep = make_sweep(611, 8);
    const double forever = 1e8;
    volatile int stop = 1;
    TestRows rows = {.count = POINTS, .width = epnet_row_width(2)};
    EpnetBatch batch = {.problem = &sweep.problem, .count = POINTS, .points = sweep.points, .stop = &stop};
    EpnetError error;
    void *context;
    sweep.problem.times = &forever;
    sweep.problem.time_count = 1;
    sweep.problem.method = EPNET_UNIFORMIZATION;
    rows.rows.status = oracle_allocate(POINTS, sizeof(int));
    rows.rows.last = oracle_allocate(POINTS * rows.width, sizeof(double));
    rows.rows.extremes = oracle_allocate(POINTS * EPNET_EXTREMES, sizeof(double));
    assert_int_equal(epnet_cpu_backend.open(&sweep.problem, 0, 2, &context, &error), EPNET_OK);
    assert_int_equal(epnet_cpu_backend.solve(context, &batch, &rows.rows, &error), EPNET_OK);
    epnet_cpu_backend.close(context);
    test_rows_free(&rows);
    free_sweep(&sweep);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_do_not_depend_on_the_schedule),
        cmocka_unit_test(bytes_do_not_depend_on_the_schedule_of_equal_intervals),
        cmocka_unit_test(extremes_are_those_of_the_trajectory),
        cmocka_unit_test(stop_is_obeyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Points side by side (host/cpu/lanes.h) against the same points alone: the logarithm, the rows, and who is
 * left to be solved alone. */
#include "cpu/instruction_levels.h"
#include "cpu/lanes.h"
#include "cpu/point.h"
#include "support/check.h"
#include "support/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TIMES = 6, EQUAL_TIMES = 45, POINTS = 11 };

static const double times[TIMES] = {0, 0.1, 0.2, 0.30000000000000004, 0.7, 3};
static double equal_times[EQUAL_TIMES]; /* for windows of many samples (lanes_window.h) */

static int fill_times(void **state) {
    (void)state;
    for (int k = 0; k < EQUAL_TIMES; k++)
        equal_times[k] = 0.07 * k;
    return 0;
}

/* ---- the logarithm ------------------------------------------------------------------------------------- */

EPNET_INSTRUCTION_LEVELS(static, void, take_log, (const double *x, double *y), (x, y)) {
    EpnetVector v;
    memcpy(&v, x, sizeof v);
    v = epnet_vector_log(v);
    memcpy(y, &v, sizeof v);
}

/* Error in units in the last place of the true value. */
static double log_error(double x, double got) {
    const long double truth = logl(x);
    const double rounded = (double)truth;
    if (rounded == 0)
        return got == 0 ? 0 : INFINITY;
    return (double)(fabsl(got - truth) / (long double)(nextafter(fabs(rounded), INFINITY) - fabs(rounded)));
}

static void check_logarithm(void) {
    TestRandom random = test_random(811);
    double worst = 0;
    for (int trial = 0; trial < 200000; trial++) {
        double x[EPNET_LANES], y[EPNET_LANES];
        for (int l = 0; l < EPNET_LANES; l++) {
            const uint64_t bits = test_random_bits(&random) >> 1; /* no sign: all positive numbers, and NaN */
            memcpy(&x[l], &bits, sizeof bits);
            switch (trial % 4) {
            case 0:
                x[l] = test_random_uniform(&random);
                break;
            case 1: /* where the result is small */
                x[l] = 0.5 + test_random_uniform(&random);
                break;
            case 2: /* subnormal */
                x[l] = (double)(bits >> 12) * 0x1p-1074;
                break;
            default:
                x[l] = isfinite(x[l]) ? x[l] : 1;
            }
        }
        take_log(x, y);
        for (int l = 0; l < EPNET_LANES; l++)
            worst = fmax(worst, x[l] > 0 ? log_error(x[l], y[l]) : 0);
    }
    assert_true(worst < 1);
    const double edges[EPNET_LANES] = {0, -0.0, INFINITY, -1, NAN, 1, 0x1p-1074, 0x1.fffffffffffffp1023};
    double y[EPNET_LANES];
    take_log(edges, y);
    assert_true(y[0] == -INFINITY && y[1] == -INFINITY && y[2] == INFINITY && isnan(y[3]) && isnan(y[4]));
    assert_true(y[5] == 0 && log_error(edges[6], y[6]) < 1 && log_error(edges[7], y[7]) < 1);
}

static void logarithm_is_within_an_ulp_at_every_level(void **state) {
    (void)state;
    const EpnetInstructionLevel usual = epnet_instruction_level();
    for (int level = 0; level < EPNET_LEVELS; level++) {
        if (epnet_instruction_level_use((EpnetInstructionLevel)level))
            check_logarithm();
    }
    assert_true(epnet_instruction_level_use(usual));
}

/* ---- points ---------------------------------------------------------------------------------------------
 */

typedef struct Points {
    TestNetwork network[POINTS];
    EpnetPoint points[POINTS];
    double *start;
    uint64_t cuts[2];
    EpnetProblem problem;
} Points;

/* Points on one set of edges that differ in every rate and drive. */
static Points make_points(uint64_t seed, int nodes, double strongest_drive, bool pure) {
    TestRandom random = test_random(seed);
    Points made = {.cuts = {1, ((uint64_t)1 << nodes) / 3}};
    made.network[0] = test_network_random(&random, nodes, 0.6, 0.1, 5, TEST_DRIVES_FINITE);
    const size_t edges = made.network[0].edge_count;
    for (size_t k = 0; k < POINTS; k++) {
        if (k > 0)
            made.network[k] = test_network_empty(nodes);
        for (size_t e = 0; k > 0 && e < edges; e++)
            test_network_add(&made.network[k], made.network[0].source[e], made.network[0].target[e], 1, 0);
        for (size_t e = 0; e < edges; e++) {
            made.network[k].rate[e] = test_random_log(&random, 0.05, 3);
            made.network[k].drive[e] =
                k == 4 ? INFINITY
                       : strongest_drive * test_random_uniform(&random); /* one-way among the others */
        }
        for (int i = 0; i < nodes; i++) {
            made.network[k].flip_up[i] = test_random_log(&random, 0.2, 2);
            made.network[k].flip_down[i] = test_random_log(&random, 0.2, 2);
        }
        made.points[k] = test_network_point(&made.network[k]);
    }
    const size_t states = (size_t)1 << nodes;
    made.start = pure ? test_law_pure(states, states / 2) : test_law_random(&random, states, 0);
    made.problem = test_network_problem(&made.network[0], made.start);
    made.problem.tolerance = 1e-12; /* alone and side by side do not take the same steps */
    made.problem.time_count = TIMES;
    made.problem.times = times;
    return made;
}

static void use_cuts(Points *points) {
    points->problem.cuts = points->cuts;
    points->problem.cut_count = points->problem.nodes > 2 ? 2 : (size_t)points->problem.nodes - 1;
}

static void free_points(Points *points) {
    for (size_t k = 0; k < POINTS; k++)
        test_network_free(&points->network[k]);
    free(points->start);
}

/* The rows of every point solved alone. */
static TestRows rows_alone(const Points *points) {
    TestRows rows = test_rows(&points->problem, points->points, POINTS, 1); /* for its memory: overwritten */
    EpnetWorkspace workspace = {0};
    const EpnetBatch batch = {.problem = &points->problem, .count = POINTS, .points = points->points};
    assert_true(epnet_workspace_alloc(&workspace, &points->problem, NULL));
    for (size_t k = 0; k < POINTS; k++)
        epnet_workspace_solve(&workspace, &batch, k, &rows.rows);
    epnet_workspace_free(&workspace, &points->problem);
    return rows;
}

static void check_values(const double *got, const double *expected, size_t count, const char *what) {
    for (size_t i = 0; i < count; i++) {
        const bool same = got[i] == expected[i] || (isnan(got[i]) && isnan(expected[i]));
        if (!same && !(fabs(got[i] - expected[i]) <= 1e-11 * (1 + fabs(expected[i]))))
            fail_msg("%s, value %zu: %.17g side by side, %.17g alone", what, i, got[i], expected[i]);
    }
}

static void rows_are_those_of_points_alone(void **state) {
    (void)state;
    const double drives[3] = {6, 1e-3, 0};      /* far from equilibrium, near it, in it */
    for (int nodes = 1; nodes <= 10; nodes++) { /* larger ones: test_large.c */
        for (int variant = 0; variant < (nodes <= 8 ? 6 : 2); variant++) {
            Points points = make_points((uint64_t)(900 + 10 * nodes + variant), nodes, drives[variant / 2],
                                        variant % 2 == 1);
            use_cuts(&points);
            if (variant % 3 != 0) {
                points.problem.times = equal_times;
                points.problem.time_count = EQUAL_TIMES;
            }
            assert_true(epnet_lanes_serve(&points.problem));
            TestRows got = test_rows(&points.problem, points.points, POINTS, 1), alone = rows_alone(&points);
            for (size_t k = 0; k < POINTS; k++)
                assert_int_equal(got.rows.status[k], alone.rows.status[k]);
            check_values(got.rows.trajectory, alone.rows.trajectory,
                         POINTS * points.problem.time_count * got.width, "trajectory");
            check_values(got.rows.last, alone.rows.last, POINTS * got.width, "last row");
            for (size_t i = 0; i < POINTS * EPNET_EXTREMES;
                 i += 2) /* the times may differ where values tie */
                check_values(got.rows.extremes + i, alone.rows.extremes + i, 1, "extreme");
            test_rows_free(&got);
            test_rows_free(&alone);
            free_points(&points);
        }
    }
}

/* One-way rings, whose vectors grow in late windows too: those are summed again, from the state that they
 * began with, and whatever the points beside ask for. */
static void windows_that_are_summed_again_begin_where_they_did(void **state) {
    (void)state;
    TestRandom random = test_random(733);
    for (int trial = 0; trial < 90; trial++) {
        const int nodes = 3 + trial % 6;
        const size_t states = (size_t)1 << nodes;
        TestNetwork networks[POINTS];
        EpnetPoint points[POINTS];
        for (int k = 0; k < POINTS; k++) {
            networks[k] = test_network_ring(nodes, 1, INFINITY);
            for (size_t e = 0; e < networks[k].edge_count; e++)
                networks[k].rate[e] = test_random_log(&random, 0.5, 4);
            for (int i = 0; i < nodes; i++) {
                networks[k].flip_up[i] = test_random_log(&random, 0.01, 1);
                networks[k].flip_down[i] = test_random_log(&random, 0.01, 1);
            }
            points[k] = test_network_point(&networks[k]);
        }
        double *start = test_law_pure(states, test_random_below(&random, states)), some_times[32];
        const double interval = test_random_log(&random, 0.01, 0.2);
        for (int k = 0; k < 32; k++)
            some_times[k] = interval * k;
        Points made = {.start = start, .problem = test_network_problem(&networks[0], start)};
        memcpy(made.points, points, sizeof points);
        made.problem.times = some_times;
        made.problem.time_count = 32;
        assert_true(epnet_lanes_serve(&made.problem));
        TestRows got = test_rows(&made.problem, points, POINTS, 1), alone = rows_alone(&made);
        const size_t length = made.problem.time_count * got.width;
        for (size_t i = 0; i < POINTS * length; i++) {
            const double a = got.rows.trajectory[i], b = alone.rows.trajectory[i];
            if (i % got.width != EPNET_ENTROPY && i % got.width != EPNET_MULTIINFORMATION)
                continue;
            if (!(fabs(a - b) <= 1e-7))
                fail_msg("trial %d, value %zu: %.12g, alone %.12g", trial, i, a, b);
        }
        for (size_t k = 0; k < POINTS; k += 5) { /* the same bytes without the others */
            TestRows one = test_rows(&made.problem, points + k, 1, 1);
            assert_memory_equal(one.rows.trajectory, got.rows.trajectory + k * length,
                                length * sizeof(double));
            assert_true(one.rows.applications[0] == got.rows.applications[k]);
            test_rows_free(&one);
        }
        test_rows_free(&got);
        test_rows_free(&alone);
        free(start);
        for (int k = 0; k < POINTS; k++)
            test_network_free(&networks[k]);
    }
}

/* Whether each of eight points is served by its lane. */
static void serve(const Points *points, size_t count, bool *done, double *last) {
    EpnetLanes lanes;
    TestRows rows = test_rows(&points->problem, points->points, POINTS, 1);
    const EpnetBatch batch = {.problem = &points->problem, .count = POINTS, .points = points->points};
    assert_true(epnet_lanes_alloc(&lanes, &points->problem));
    epnet_lanes_solve(&lanes, &batch, 0, count, &rows.rows, done);
    memcpy(last, rows.rows.last, count * rows.width * sizeof *last);
    epnet_lanes_free(&lanes);
    test_rows_free(&rows);
}

static void what_asks_for_more_is_left_and_disturbs_nobody(void **state) {
    (void)state;
    Points points = make_points(77, 4, 5, false);
    use_cuts(&points);
    const size_t width = epnet_row_width(points.problem.cut_count);
    bool done[EPNET_LANES];
    double *before = oracle_allocate(EPNET_LANES * width, sizeof(double)),
           *after = oracle_allocate(EPNET_LANES * width, sizeof(double));
    serve(&points, EPNET_LANES, done, before);
    for (int l = 0; l < EPNET_LANES; l++)
        assert_true(done[l]);
    points.network[2].flip_up[0] = 1e3;  /* Lambda dt beyond what a lane takes */
    points.network[5].flip_up[1] = 1e-7; /* slow, but ordinary */
    for (int i = 0; i < 4; i++)          /* impossible flips */
        points.network[6].flip_up[i] = points.network[6].flip_down[i] = 0;
    for (size_t e = 0; e < points.network[6].edge_count; e++)
        points.network[6].drive[e] = INFINITY;
    serve(&points, EPNET_LANES, done, after);
    for (size_t l = 0; l < EPNET_LANES; l++) {
        assert_int_equal(done[l], l != 2 && l != 6);
        if (l != 2 && l != 5 && l != 6)
            assert_memory_equal(before + l * width, after + l * width, width * sizeof *before);
    }
    serve(&points, 2, done, after); /* with six lanes to spare */
    assert_memory_equal(before, after, 2 * width * sizeof *before);
    free(before);
    free(after);
    free_points(&points);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logarithm_is_within_an_ulp_at_every_level),
        cmocka_unit_test(rows_are_those_of_points_alone),
        cmocka_unit_test(windows_that_are_summed_again_begin_where_they_did),
        cmocka_unit_test(what_asks_for_more_is_left_and_disturbs_nobody),
    };
    return cmocka_run_group_tests(tests, fill_times, NULL);
}

/* method = "split": its rows, made without a second vector, against the oracle and the ordinary ones; its
 * order, its estimated error against the true one; the same bytes for any number of threads and instruction
 * set. */
#include "cpu/cpu_backend.h"
#include "cpu/instruction_levels.h"
#include "cpu/split.h"
#include "device.h"
#include "start.h"
#include "support/check.h"
#include "support/compare.h"
#include "support/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CUTS = 3 };

static const double REFERENCE = 1e-11; /* error of what trajectories are compared with */

static const Real WITHIN = 1e-12L;

static size_t random_cuts(TestRandom *random, int nodes, uint64_t *cuts) {
    size_t proper = ((size_t)1 << nodes) - 2, count = nodes < 2 ? 0 : 1 + test_random_below(random, MAX_CUTS);
    for (size_t c = 0; c < count; c++)
        cuts[c] = 1 + test_random_below(random, proper);
    return count;
}

/* ---- rows ---- */

/* The row of p by a method, to full precision; the caller frees it. */
static double *row_by(EpnetMethod method, const TestNetwork *network, const double *p, const uint64_t *cuts,
                      size_t cut_count) {
    const double now = 0;
    EpnetProblem problem = test_network_problem(network, p);
    EpnetPoint point = test_network_point(network);
    problem.method = method;
    problem.tolerance = 1e-12;
    problem.time_count = 1;
    problem.times = &now;
    problem.cuts = cuts;
    problem.cut_count = cut_count;
    TestRows rows = test_rows(&problem, &point, 1, 1);
    assert_int_equal(rows.rows.status[0], EPNET_POINT_OK);
    double *row = oracle_allocate(rows.width, sizeof(double));
    memcpy(row, rows.rows.last, rows.width * sizeof(double));
    test_rows_free(&rows);
    return row;
}

static void check_oracle(const TestNetwork *network, const double *p, const uint64_t *cuts,
                         size_t cut_count) {
    Real *exact = test_law_widen(p, (size_t)1 << network->nodes);
    double *row = row_by(EPNET_SPLIT, network, p, cuts, cut_count);
    OracleNetwork oracle = test_network_oracle(network);
    OracleChain chain = oracle_chain(&oracle);
    compare_row(row, oracle_row(&chain, exact), WITHIN);
    for (size_t c = 0; c < cut_count; c++)
        compare_cut_row(row + EPNET_COLUMNS + c * EPNET_CUT_COLUMNS,
                        oracle_cut_row(&chain, &oracle, exact, (size_t)cuts[c]), WITHIN);
    oracle_chain_free(&chain);
    free(row);
    free(exact);
}

static void make_impossible(TestNetwork *network, TestRandom *random) {
    for (int j = 0; j < network->nodes; j++) {
        network->flip_up[j] *= test_random_below(random, 2) ? 1 : 0;
        network->flip_down[j] *= test_random_below(random, 2) ? 1 : 0;
    }
    for (size_t edge = 0; edge < network->edge_count; edge++)
        network->rate[edge] *= test_random_below(random, 3) ? 1 : 0;
}

static void rows_agree_with_the_oracle(void **state) {
    (void)state;
    TestRandom random = test_random(901);
    for (int nodes = 1; nodes <= 7; nodes++)
        for (int trial = 0; trial < 16; trial++) {
            TestNetwork network = test_network_random(&random, nodes, 0.6, 1e-2, 1e2,
                                                      trial % 2 ? TEST_DRIVES_MIXED : TEST_DRIVES_FINITE);
            const size_t n = (size_t)1 << nodes;
            uint64_t cuts[MAX_CUTS];
            const size_t cut_count = random_cuts(&random, nodes, cuts);
            if (trial % 4 == 3)
                make_impossible(&network, &random);
            double *laws[] = {test_law_random(&random, n, 0), test_law_random(&random, n, 0.4),
                              test_law_pure(n, test_random_below(&random, n)), test_law_uniform(n)};
            for (size_t k = 0; k < sizeof laws / sizeof *laws; k++) {
                check_oracle(&network, laws[k], cuts, cut_count);
                free(laws[k]);
            }
            test_network_free(&network);
        }
}

static double *stationary_law(const TestNetwork *network) {
    double *pi = oracle_allocate((size_t)1 << network->nodes, sizeof *pi), residual;
    assert_int_equal(test_stationary(network, pi, &residual), EPNET_POINT_OK);
    return pi;
}

/* Near equilibrium scalar products cancel, and the pairs must be taken. */
static void rows_near_equilibrium_keep_their_digits(void **state) {
    (void)state;
    for (double drive = 1e-1; drive > 1e-5; drive /= 10) {
        TestNetwork network = test_network_ring(5, 0.7, drive);
        network.flip_up[2] = 1.5;
        const uint64_t cut = 3;
        double *pi = stationary_law(&network), *row = row_by(EPNET_SPLIT, &network, pi, &cut, 1),
               *other = row_by(EPNET_CHEBYSHEV, &network, pi, &cut, 1);
        const size_t columns[] = {EPNET_ENTROPY_PRODUCTION, EPNET_ENTROPY_PRODUCTION_CHANNELS,
                                  EPNET_COLUMNS + EPNET_CUT_ENTROPY_PRODUCTION};
        for (size_t k = 0; k < 3; k++)
            check_near(row[columns[k]] / other[columns[k]], 1, 1e-13, "small production");
        check_near(row[EPNET_MULTIINFORMATION] / other[EPNET_MULTIINFORMATION], 1, 1e-12, "small I");
        free(pi);
        free(row);
        free(other);
        test_network_free(&network);
    }
}

/* Beyond the oracle's reach: every column as the ordinary observer has it, relative to the activity (or 1).
 */
static void rows_agree_with_the_ordinary_ones(void **state) {
    (void)state;
    TestRandom random = test_random(902);
    for (int nodes = 8; nodes <= 16; nodes += nodes < 10 ? 1 : 3)
        for (int trial = 0; trial < 3; trial++) {
            TestNetwork network = test_network_random(&random, nodes, 0.4, 1e-1, 1e1, TEST_DRIVES_MIXED);
            const size_t n = (size_t)1 << nodes;
            uint64_t cuts[MAX_CUTS];
            const size_t cut_count = random_cuts(&random, nodes, cuts), width = epnet_row_width(cut_count);
            double *p = trial == 2 ? test_law_pure(n, test_random_below(&random, n))
                                   : test_law_random(&random, n, trial == 1 ? 0.4 : 0);
            double *row = row_by(EPNET_SPLIT, &network, p, cuts, cut_count),
                   *other = row_by(EPNET_CHEBYSHEV, &network, p, cuts, cut_count);
            for (size_t c = 0; c < width; c++) {
                if (isnan(other[c]) || isinf(other[c]))
                    assert_true(isnan(other[c]) ? isnan(row[c]) : row[c] == other[c]);
                else
                    check_near(row[c], other[c], 1e-11 * fmax(1, other[EPNET_ACTIVITY]), "column");
            }
            free(p);
            free(row);
            free(other);
            test_network_free(&network);
        }
}

/* ---- errors ---- */

typedef struct Solved {
    EpnetPointStatus status;
    double estimate;
    double *p; /* at the last time, the caller's to free */
} Solved;

static Solved solve(const EpnetProblem *problem, const EpnetPoint *point) {
    EpnetSplit split;
    const size_t states = (size_t)1 << problem->nodes;
    double last[EPNET_COLUMNS], extremes[EPNET_EXTREMES], columns[EPNET_POINT_COLUMNS];
    int status;
    EpnetRows rows = {.status = &status, .last = last, .extremes = extremes, .point = columns};
    const EpnetBatch batch = {.problem = problem, .count = 1, .points = point};
    assert_true(epnet_split_alloc(&split, problem, NULL));
    epnet_split_solve(&split, &batch, 0, &rows);
    Solved solved = {(EpnetPointStatus)status, columns[EPNET_SPLIT_ERROR],
                     oracle_allocate(states, sizeof(double))};
    memcpy(solved.p, split.p, states * sizeof(double));
    epnet_split_free(&split);
    return solved;
}

static double *reference(const EpnetProblem *problem, const EpnetPoint *point) {
    const size_t states = (size_t)1 << problem->nodes, count = problem->time_count;
    EpnetProblem exact = *problem;
    double *all = oracle_allocate(count * states, sizeof(double));
    exact.method = EPNET_UNIFORMIZATION;
    exact.tolerance = REFERENCE;
    exact.steps = NULL;
    assert_int_equal(test_states(&exact, point, all), EPNET_POINT_OK);
    memmove(all, all + (count - 1) * states, states * sizeof(double));
    return all;
}

static double distance(size_t states, const double *a, const double *b) {
    double sum = 0;
    for (size_t s = 0; s < states; s++)
        sum += fabs(a[s] - b[s]);
    return sum;
}

/* The estimate is honest: the true error at the last of three times is not larger, and mostly a good part of
 * it. Networks from mild to stiff: rates over four decades. */
static void estimates_hold(void **state) {
    (void)state;
    enum { NETWORKS = 120 };
    TestRandom random = test_random(903);
    double worst = 0;
    int close = 0, solved_count = 0;
    for (int trial = 0; trial < NETWORKS; trial++) {
        const int nodes = 2 + (int)test_random_below(&random, trial % 10 == 0 ? 10 : 6);
        const double spread = trial % 3 == 0 ? 100 : 10;
        TestNetwork network = test_network_random(&random, nodes, 0.5, 1 / spread, spread, TEST_DRIVES_MIXED);
        const size_t n = (size_t)1 << nodes;
        const double t = test_random_log(&random, 0.03, 3), times[] = {t / 7, t / 2, t};
        double *start =
            trial % 2 ? test_law_pure(n, test_random_below(&random, n)) : test_law_random(&random, n, 0);
        EpnetProblem problem = test_network_problem(&network, start);
        EpnetPoint point = test_network_point(&network);
        problem.times = times;
        problem.time_count = 3;
        double *exact = reference(&problem, &point);
        problem.method = EPNET_SPLIT;
        problem.tolerance = test_random_log(&random, 1e-5, 1e-1);
        Solved solved = solve(&problem, &point);
        assert_int_equal(solved.status, EPNET_POINT_OK);
        assert_true(solved.estimate <= problem.tolerance);
        const double error = distance(n, solved.p, exact);
        worst = fmax(worst, (error - REFERENCE) / solved.estimate);
        close += error > solved.estimate / 10;
        solved_count++;
        free(solved.p);
        free(exact);
        free(start);
        test_network_free(&network);
    }
    print_message("true error at most %.3g of the estimate; above a tenth of it in %d of %d\n", worst, close,
                  solved_count);
    assert_true(worst <= 1);
    assert_true(close >= solved_count / 2);
}

/* With dt the step is as given: second order, and the estimate holds for steps of any length. */
static void given_steps(void **state) {
    (void)state;
    TestRandom random = test_random(904);
    for (int trial = 0; trial < 12; trial++) {
        const int nodes = 2 + trial % 6;
        TestNetwork network = test_network_random(&random, nodes, 0.6, 0.1, 4, TEST_DRIVES_MIXED);
        const size_t n = (size_t)1 << nodes;
        const double t = 1;
        double *start = test_law_random(&random, n, 0), before = INFINITY;
        EpnetProblem problem = test_network_problem(&network, start);
        EpnetPoint point = test_network_point(&network);
        problem.times = &t;
        problem.time_count = 1;
        double *exact = reference(&problem, &point);
        problem.method = EPNET_SPLIT;
        for (uint64_t steps = 1; steps <= 256; steps *= 4) {
            problem.dt = t / (double)steps;
            problem.steps = &steps;
            Solved solved = solve(&problem, &point);
            assert_int_equal(solved.status, EPNET_POINT_OK);
            const double error = distance(n, solved.p, exact);
            assert_true(error <= solved.estimate + REFERENCE);
            if (steps == 256)
                assert_true(error > before / 18 && error < before / 14);
            before = error;
            free(solved.p);
        }
        free(exact);
        free(start);
        test_network_free(&network);
    }
}

/* Flips and copies that cannot happen: states that are not reached stay empty, and no artefact of too few
 * steps is taken for one of them. Where the other method has a result, so has this one. */
static void impossible_transitions(void **state) {
    (void)state;
    TestRandom random = test_random(908);
    int compared = 0;
    for (int trial = 0; trial < 60; trial++) {
        const int nodes = 2 + (int)test_random_below(&random, 5);
        TestNetwork network = test_network_random(&random, nodes, 0.6, 0.1, 10, TEST_DRIVES_MIXED);
        const size_t n = (size_t)1 << nodes;
        const double times[] = {0.02, 0.3};
        make_impossible(&network, &random);
        double *start = test_law_pure(n, test_random_below(&random, n));
        EpnetProblem problem = test_network_problem(&network, start);
        EpnetPoint point = test_network_point(&network);
        problem.times = times;
        problem.time_count = 2;
        TestRows exact = test_rows(&problem, &point, 1, 1);
        if (exact.rows.status[0] == EPNET_POINT_OK) {
            double *states = reference(&problem, &point);
            problem.method = EPNET_SPLIT;
            problem.tolerance = 1e-4;
            TestRows rows = test_rows(&problem, &point, 1, 1);
            Solved solved = solve(&problem, &point);
            assert_int_equal(rows.rows.status[0], EPNET_POINT_OK);
            for (size_t s = 0; s < n; s++)
                assert_true((solved.p[s] > 0) == (states[s] > 0));
            assert_true(distance(n, solved.p, states) <= solved.estimate + REFERENCE);
            for (size_t c = 0; c < 2 * rows.width; c++)
                assert_int_equal(isinf(rows.rows.trajectory[c]), isinf(exact.rows.trajectory[c]));
            compared++;
            test_rows_free(&rows);
            free(solved.p);
            free(states);
        }
        test_rows_free(&exact);
        free(start);
        test_network_free(&network);
    }
    assert_true(compared > 30);
}

/* A tolerance that rounding does not let be met. */
static void impossible_tolerances(void **state) {
    (void)state;
    TestNetwork network = test_network_complete(3, 1, 1);
    const double t = 1;
    double *start = test_law_pure(8, 3);
    EpnetProblem problem = test_network_problem(&network, start);
    EpnetPoint point = test_network_point(&network);
    problem.times = &t;
    problem.time_count = 1;
    problem.method = EPNET_SPLIT;
    problem.tolerance = 1e-15;
    Solved solved = solve(&problem, &point);
    assert_int_equal(solved.status, EPNET_POINT_INACCURATE);
    assert_true(isnan(solved.estimate));
    free(solved.p);
    free(start);
    test_network_free(&network);
}

/* ---- large networks ---- */

/* Every shape of tiles and rows: the marginals are the exact ones within the error, the rows those of
 * chebyshev. */
static void shapes(void **state) {
    (void)state;
    TestRandom random = test_random(906);
    for (int nodes = 13; nodes <= 18; nodes++) {
        TestNetwork network = test_network_random(&random, nodes, 0.2, 0.2, 2, TEST_DRIVES_MIXED);
        const double times[] = {0, 0.3};
        const uint64_t cut = 0x155;
        double p_one[18];
        for (int i = 0; i < nodes; i++)
            p_one[i] = test_random_uniform(&random);
        const EpnetStart start = {.p_one = p_one};
        double *law = oracle_allocate((size_t)1 << nodes, sizeof *law);
        epnet_start_fill(&start, nodes, 0, nodes, law);
        EpnetProblem problem = test_network_problem(&network, law);
        EpnetPoint point = test_network_point(&network);
        problem.times = times;
        problem.time_count = 2;
        problem.cuts = &cut;
        problem.cut_count = 1;
        TestRows exact = test_rows(&problem, &point, 1, 2);
        problem.method = EPNET_SPLIT;
        problem.tolerance = 3e-3;
        TestRows dense = test_rows(&problem, &point, 1, 1);
        problem.initial = NULL;
        problem.start = &start;
        TestRows rows = test_rows(&problem, &point, 1, 3);
        assert_int_equal(exact.rows.status[0], EPNET_POINT_OK);
        assert_int_equal(rows.rows.status[0], EPNET_POINT_OK);
        assert_memory_equal(rows.rows.trajectory, dense.rows.trajectory, 2 * rows.width * sizeof(double));
        assert_memory_equal(rows.rows.point, dense.rows.point, EPNET_POINT_COLUMNS * sizeof(double));
        assert_true(rows.rows.point[EPNET_SPLIT_ERROR] <= 3e-3);
        for (size_t c = 0; c < 2 * rows.width; c++) {
            const double value = rows.rows.trajectory[c], expected = exact.rows.trajectory[c];
            if (isnan(expected) || isinf(expected))
                assert_true(isnan(expected) ? isnan(value) : value == expected);
            else
                check_near(value, expected, c < rows.width ? 1e-10 : 3e-3 * exact.rows.last[EPNET_ACTIVITY],
                           "column");
        }
        test_rows_free(&exact);
        test_rows_free(&dense);
        test_rows_free(&rows);
        free(law);
        test_network_free(&network);
    }
}

/* The same bytes at every instruction level, and from a batch. */
static void bytes(void **state) {
    (void)state;
    TestRandom random = test_random(907);
    const EpnetInstructionLevel best = epnet_instruction_level();
    for (int nodes = 2; nodes <= 15; nodes += nodes < 9 ? 1 : 3) {
        TestNetwork network = test_network_random(&random, nodes, 0.5, 0.2, 2, TEST_DRIVES_MIXED);
        const double times[] = {0, 0.1, 0.3};
        const uint64_t cut = 1;
        double *start = test_law_pure((size_t)1 << nodes, 1);
        EpnetProblem problem = test_network_problem(&network, start);
        const EpnetPoint point = test_network_point(&network), points[] = {point, point};
        problem.times = times;
        problem.time_count = 3;
        problem.cuts = &cut;
        problem.cut_count = 1;
        problem.method = EPNET_SPLIT;
        problem.tolerance = 1e-2;
        TestRows one = test_rows(&problem, &point, 1, 1);
        assert_int_equal(one.rows.status[0], EPNET_POINT_OK);
        for (int level = 0; level < EPNET_LEVELS; level++) {
            if (!epnet_instruction_level_use((EpnetInstructionLevel)level))
                continue;
            TestRows two = test_rows(&problem, points, 2, 1 + level);
            for (size_t k = 0; k < 2; k++)
                assert_memory_equal(two.rows.trajectory + k * 3 * one.width, one.rows.trajectory,
                                    3 * one.width * sizeof(double));
            test_rows_free(&two);
        }
        epnet_instruction_level_use(best);
        test_rows_free(&one);
        free(start);
        test_network_free(&network);
    }
}

/* What a point of 31 nodes takes, beside its states: little. */
static void memory(void **state) {
    (void)state;
    const double gibibyte = 1u << 30;
    const uint64_t cuts[] = {0xffff, 0x7ffe};
    const double times[101] = {0};
    EpnetProblem problem = {.nodes = 31,
                            .edge_count = 930,
                            .kind = EPNET_TRAJECTORY,
                            .method = EPNET_SPLIT,
                            .time_count = 101,
                            .times = times,
                            .cut_count = 2,
                            .cuts = cuts};
    const double bytes = (double)epnet_split_bytes(&problem, 2) / gibibyte;
    assert_true(bytes > 16 && bytes < 16.25);
    problem.cuts = (const uint64_t[]){1, 2}; /* the other side's law has 2^30 entries each */
    assert_true((double)epnet_split_bytes(&problem, 2) / gibibyte > 32);
}

/* Where the vectors of the other methods do not fit this host, the refusal says what this one needs. */
static void refusals_name_it(void **state) {
    (void)state;
    const double now = 1, none = 0; /* `initial` is not looked at */
    int refused = 0;
    for (int nodes = 20; nodes <= 34; nodes++) {
        EpnetProblem problem = {.nodes = nodes,
                                .initial = &none,
                                .kind = EPNET_TRAJECTORY,
                                .method = EPNET_CHEBYSHEV,
                                .tolerance = 1e-9,
                                .time_count = 1,
                                .times = &now};
        EpnetError error = {.message = ""};
        int threads = 1;
        if (epnet_cpu_backend.accept(&problem, 0, &threads, &error) == EPNET_OK)
            continue;
        problem.method = EPNET_SPLIT;
        const bool fits = epnet_split_bytes(&problem, 1) <= epnet_host_memory();
        assert_true((strstr(error.message, "; solve.method = \"split\" needs") != NULL) == fits);
        EpnetError other;
        assert_int_equal(epnet_cpu_backend.accept(&problem, 0, &threads, &other),
                         fits ? EPNET_OK : EPNET_DEVICE);
        refused += fits;
    }
    assert_true(refused > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_agree_with_the_oracle),
        cmocka_unit_test(rows_near_equilibrium_keep_their_digits),
        cmocka_unit_test(rows_agree_with_the_ordinary_ones),
        cmocka_unit_test(estimates_hold),
        cmocka_unit_test(given_steps),
        cmocka_unit_test(impossible_transitions),
        cmocka_unit_test(impossible_tolerances),
        cmocka_unit_test(refusals_name_it),
        cmocka_unit_test(shapes),
        cmocka_unit_test(bytes),
        cmocka_unit_test(memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

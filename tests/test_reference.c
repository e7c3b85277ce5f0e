/* The reference numbers of docs/theory.md, through the backend, to the digits in which they are given. */
#include "support/check.h"
#include "support/engine.h"

#include <math.h>
#include <stdlib.h>

/* Cut columns of the first cut. */
static double cut_column(const double *row, EpnetCutColumn column) {
    return row[EPNET_COLUMNS + (size_t)column];
}

/* Solve one point; the caller frees the rows. */
static TestRows solve(const EpnetProblem *problem, const TestNetwork *network) {
    EpnetPoint point = test_network_point(network);
    TestRows rows = test_rows(problem, &point, 1, 1);
    assert_int_equal(rows.rows.status[0], EPNET_POINT_OK);
    return rows;
}

static void worked_example(void **state) {
    (void)state;
    const double table[4][5] = {
        {0.1, 0.0015648990352, 0.0284205055, 7.5256188076, 0.000922240372},
        {0.4, 0.0143550467571, 0.0451645092, 1.6272132062, 0.008157679680},
        {1, 0.0313963047291, 0.0128404170, 0.1356686237, 0.017401724440},
        {10, 0.0354341117876, 0, 0, 0.019547001493},
    };
    const double times[] = {0.1, 0.4, 1, 10};
    const uint64_t cut = 3;
    TestNetwork network = test_network_complete(5, 0.2, INFINITY);
    double *start = test_law_pure(32, 0);
    EpnetProblem problem = test_network_problem(&network, start);
    problem.tolerance = 1e-13;
    problem.times = times;
    problem.time_count = 4;
    problem.cuts = &cut;
    problem.cut_count = 1;
    for (int method = EPNET_CHEBYSHEV; method <= EPNET_UNIFORMIZATION; method++) {
        problem.method = (EpnetMethod)method;
        TestRows rows = solve(&problem, &network);
        for (size_t k = 0; k < 4; k++) {
            const double *row = rows.rows.trajectory + k * rows.width;
            check_near(row[EPNET_MULTIINFORMATION], table[k][1], 1e-12, "I");
            check_near(row[EPNET_MULTIINFORMATION_RATE], table[k][2], 1e-10, "dI/dt");
            check_near(row[EPNET_ENTROPY_PRODUCTION], table[k][3], 1e-10, "EP");
            check_near(cut_column(row, EPNET_CUT_MUTUAL_INFORMATION), table[k][4], 1e-12, "I(S;Sc)");
        }
        test_rows_free(&rows);
    }
    free(start);
    test_network_free(&network);
}

static void worked_example_from_uniform(void **state) {
    (void)state;
    const double times[] = {0.5, 1};
    TestNetwork network = test_network_complete(5, 0.2, INFINITY);
    double *start = test_law_uniform(32);
    EpnetProblem problem = test_network_problem(&network, start);
    problem.tolerance = 1e-13;
    problem.times = times;
    problem.time_count = 2;
    TestRows rows = solve(&problem, &network);
    const double *half = rows.rows.trajectory, *one = half + rows.width;
    check_near(half[EPNET_MULTIINFORMATION], 0.0284325819166, 1e-12, "I");
    check_near(half[EPNET_MULTIINFORMATION_RATE], 0.0293056986361, 1e-12, "dI/dt");
    check_near(half[EPNET_ENTROPY_PRODUCTION], 0.0029798934494, 1e-12, "EP");
    check_near(one[EPNET_MULTIINFORMATION], 0.0346250819626, 1e-12, "I");
    check_near(one[EPNET_MULTIINFORMATION_RATE], 0.0035417105868, 1e-12, "dI/dt");
    check_near(one[EPNET_ENTROPY_PRODUCTION], 0.0000359957484, 1e-12, "EP");
    check_near(rows.rows.extremes[EPNET_NETWORK_BOUND_MARGIN_MIN], 0.0029798934494 - 0.0293056986361, 1e-12,
               "bound 1 is broken");
    test_rows_free(&rows);
    free(start);
    test_network_free(&network);
}

static void rate_peaks_at_its_time(void **state) {
    (void)state;
    enum { SAMPLES = 401 };
    double times[SAMPLES];
    TestNetwork network = test_network_complete(5, 0.2, INFINITY);
    double *start = test_law_pure(32, 0);
    EpnetProblem problem = test_network_problem(&network, start);
    for (size_t k = 0; k < SAMPLES; k++)
        times[k] = (double)k / 200;
    problem.times = times;
    problem.time_count = SAMPLES;
    problem.tolerance = 1e-12;
    TestRows rows = solve(&problem, &network);
    const double *extremes = rows.rows.extremes;
    assert_true(extremes[EPNET_MULTIINFORMATION_RATE_MAX_TIME] == times[63]); /* 0.315 s */
    check_near(extremes[EPNET_MULTIINFORMATION_RATE_MAX], 0.0468036, 5e-8, "largest dI/dt");
    assert_true(extremes[EPNET_MULTIINFORMATION_MAX_TIME] == 2);
    assert_true(rows.rows.trajectory[EPNET_MULTIINFORMATION_RATE] == 0); /* at 0+ */
    assert_true(isinf(rows.rows.trajectory[EPNET_ENTROPY_PRODUCTION]));
    for (size_t k = 1; k < SAMPLES; k++) { /* monotone, and no infinity but the channels' */
        const double *row = rows.rows.trajectory + k * rows.width;
        assert_true(row[EPNET_MULTIINFORMATION] > (row - rows.width)[EPNET_MULTIINFORMATION]);
        assert_true(isfinite(row[EPNET_ENTROPY_PRODUCTION]));
        assert_true(isinf(row[EPNET_ENTROPY_PRODUCTION_CHANNELS]));
    }
    test_rows_free(&rows);
    free(start);
    test_network_free(&network);
}

static void paper_euler_figures(void **state) {
    (void)state;
    enum { SAMPLES = 2000 };
    double times[SAMPLES];
    uint64_t steps[SAMPLES];
    TestNetwork network = test_network_complete(5, 0.2, INFINITY);
    double *start = test_law_pure(32, 0);
    EpnetProblem problem = test_network_problem(&network, start);
    for (size_t k = 0; k < SAMPLES; k++) {
        steps[k] = k;
        times[k] = 5e-3 * (double)k;
    }
    problem.method = EPNET_EULER;
    problem.dt = 5e-3;
    problem.times = times;
    problem.steps = steps;
    problem.time_count = SAMPLES;
    TestRows rows = solve(&problem, &network);
    const double *first = rows.rows.trajectory;
    check_near(first[EPNET_MULTIINFORMATION_RATE_EULER], 0.0505065575, 5e-11, "(I_1 - I_0)/dt");
    assert_true(first[EPNET_MULTIINFORMATION_RATE] == 0);
    for (size_t k = 0; k < SAMPLES; k++) {
        assert_int_equal(isinf(first[k * rows.width + EPNET_ENTROPY_PRODUCTION]) != 0, k < 5);
        assert_true(k == 0 ||
                    first[k * rows.width + EPNET_MULTIINFORMATION_RATE_EULER] <
                        first[EPNET_MULTIINFORMATION_RATE_EULER]); /* the artefact: the first is largest */
    }
    check_near(rows.rows.last[EPNET_MULTIINFORMATION], 0.0354341118, 5e-11, "I at 9.995 s");
    test_rows_free(&rows);
    free(start);
    test_network_free(&network);
}

static void constant_drive_table(void **state) {
    (void)state;
    const double table[4][5] = {
        {1, 3.5624257256, 0.002658715017, 0.001558870436, 0.0125159732},
        {1.4427, 2.6400148373, 0.004755950028, 0.002766929591, 0.0223723089},
        {10, 0.8028869706, 0.020424032010, 0.011496541946, 0.1285731506},
        {100, 0.2260147345, 0.003971804983, 0.002316870487, 0.1368753998},
    };
    const uint64_t cut = 3;
    for (size_t k = 0; k < 4; k++) {
        TestNetwork network = test_network_complete(5, table[k][0] / 20, table[k][1]);
        EpnetProblem problem = test_network_problem(&network, NULL);
        problem.kind = EPNET_STATIONARY;
        problem.cuts = &cut;
        problem.cut_count = 1;
        TestRows rows = solve(&problem, &network);
        const double *row = rows.rows.last;
        check_near(row[EPNET_MULTIINFORMATION], table[k][2], 2e-12, "I");
        check_near(cut_column(row, EPNET_CUT_MUTUAL_INFORMATION), table[k][3], 2e-12, "I(S;Sc)");
        check_near(cut_column(row, EPNET_CUT_INFORMATION_FLOW), table[k][4], 1e-10, "information flow");
        check_near(cut_column(row, EPNET_CUT_ENTROPY_PRODUCTION), 1, 1e-9, "sigma");
        check_near(cut_column(row, EPNET_CUT_CAPACITY), 0.6 * table[k][0], 1e-13 * table[k][0], "C_cut");
        test_rows_free(&rows);
        test_network_free(&network);
    }
}

static void two_nodes_in_closed_form(void **state) {
    (void)state;
    const double cases[][3] = {{1, 10, 0.5}, {0.3, 2, 1.75}, {1e-3, 50, INFINITY}, {2, 0.01, 800}, {1, 1, 0}};
    const uint64_t cut = 1;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        Real gamma = cases[k][0], beta = cases[k][1], back = expl(-(Real)cases[k][2]);
        Real aligned = (gamma + beta) / (2 * gamma + beta * (1 + back)), apart = 1 - aligned;
        Real information = logl(2) + aligned * logl(aligned) + apart * logl(apart);
        TestNetwork network = test_network_complete(2, cases[k][1], cases[k][2]);
        test_network_set_flips(&network, cases[k][0], cases[k][0]);
        EpnetProblem problem = test_network_problem(&network, NULL);
        problem.kind = EPNET_STATIONARY;
        problem.cuts = &cut;
        problem.cut_count = 1;
        TestRows rows = solve(&problem, &network);
        check_near(rows.rows.last[EPNET_MULTIINFORMATION], information, 1e-15, "I*");
        check_near(cut_column(rows.rows.last, EPNET_CUT_MUTUAL_INFORMATION), information, 1e-15, "I(S;Sc)*");
        test_rows_free(&rows);
        const double time = 0.3; /* from unlike nodes: P(aligned) relaxes from 0 */
        Real share = aligned * -expm1l(-2 * (Real)time * (2 * gamma + beta + beta * back));
        double *start = test_law_pure(4, 1), states[4];
        EpnetPoint point = test_network_point(&network);
        problem.kind = EPNET_TRAJECTORY;
        problem.initial = start;
        problem.times = &time;
        problem.time_count = 1;
        problem.tolerance = 1e-13;
        assert_int_equal(test_states(&problem, &point, states), EPNET_POINT_OK);
        check_near(states[0] + states[3], share, 1e-13, "P(aligned)");
        free(start);
        test_network_free(&network);
    }
}

/* Where bounds that are not theorems break, and by how much. */
static void known_violations(void **state) {
    (void)state;
    const double late = 1;
    const uint64_t cut = 1;
    double *uniform = test_law_uniform(4), *pure = test_law_pure(32, 0);
    TestNetwork pair = test_network_complete(2, 1, 2);
    test_network_set_flips(&pair, 0.01, 0.01);
    EpnetProblem problem = test_network_problem(&pair, uniform);
    problem.times = &late;
    problem.time_count = 1;
    problem.cuts = &cut;
    problem.cut_count = 1;
    TestRows rows = solve(&problem, &pair);
    check_near(cut_column(rows.rows.last, EPNET_CUT_MUTUAL_INFORMATION_RATE), 0.1404, 5e-5, "dI(S;Sc)/dt");
    check_near(cut_column(rows.rows.last, EPNET_CUT_ENTROPY_PRODUCTION), 0.0361, 5e-5, "EP_across");
    test_rows_free(&rows);
    test_network_free(&pair);
    pair = test_network_complete(2, 10, 0.5);
    problem = test_network_problem(&pair, NULL);
    problem.kind = EPNET_STATIONARY;
    problem.cuts = &cut;
    problem.cut_count = 1;
    rows = solve(&problem, &pair);
    check_near(cut_column(rows.rows.last, EPNET_CUT_MUTUAL_INFORMATION), 0.02391, 5e-6, "I*");
    check_near(cut_column(rows.rows.last, EPNET_CUT_ENTROPY_PRODUCTION), 0.02496, 5e-6, "EP_across");
    test_rows_free(&rows);
    test_network_free(&pair);

    /* Bound 1 at gamma_down = 1.2 breaks at 2.58096 s, bound 2 of the paper's own run at 1.36294 s. */
    TestNetwork five = test_network_complete(5, 0.2, INFINITY);
    const double around[2][2] = {{1.36293, 1.36295}, {2.58095, 2.58097}};
    for (int bound = 2; bound >= 1; bound--) {
        test_network_set_flips(&five, 1, bound == 1 ? 1.2 : 1);
        problem = test_network_problem(&five, pure);
        problem.tolerance = 1e-12;
        problem.times = around[2 - bound];
        problem.time_count = 2;
        rows = solve(&problem, &five);
        for (int k = 0; k < 2; k++) {
            const double *row = rows.rows.trajectory + (size_t)k * rows.width;
            double margin = row[EPNET_ENTROPY_PRODUCTION] - row[EPNET_MULTIINFORMATION_RATE] -
                            (bound == 2 ? 0.8 * row[EPNET_MULTIINFORMATION] : 0);
            assert_true(k == 0 ? margin > 0 : margin < 0);
        }
        test_rows_free(&rows);
    }
    test_network_free(&five);
    free(pure);
    free(uniform);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_example),         cmocka_unit_test(worked_example_from_uniform),
        cmocka_unit_test(rate_peaks_at_its_time), cmocka_unit_test(paper_euler_figures),
        cmocka_unit_test(constant_drive_table),   cmocka_unit_test(two_nodes_in_closed_form),
        cmocka_unit_test(known_violations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

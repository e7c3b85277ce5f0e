/* Constant drive: the solved F against the reference table, the oracle's production at it, and the oracle's
 * dense scan for the largest solution. */
#include "support/check.h"
#include "support/engine.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A stationary problem over a network whose one drive is solved for, with one cut. */
static EpnetProblem driven_problem(const TestNetwork *network, const uint64_t *cut) {
    EpnetProblem problem = test_network_problem(network, NULL);
    problem.kind = EPNET_STATIONARY;
    problem.constant_drive = true;
    problem.cuts = cut;
    problem.cut_count = 1;
    return problem;
}

typedef struct Solved {
    EpnetPointStatus status;
    double drive, attainable, information, cut_information, flow, production;
} Solved;

static Solved solve(const TestNetwork *network, uint64_t cut, double sigma) {
    EpnetProblem problem = driven_problem(network, &cut);
    EpnetPoint point = test_network_point(network);
    point.sigma = sigma;
    TestRows rows = test_rows(&problem, &point, 1, 1);
    const double *columns = rows.rows.point, *row = rows.rows.last;
    Solved solved = {.status = (EpnetPointStatus)rows.rows.status[0],
                     .drive = columns[EPNET_DRIVE],
                     .attainable = columns[EPNET_ATTAINABLE],
                     .information = row[EPNET_MULTIINFORMATION],
                     .cut_information = row[EPNET_COLUMNS + EPNET_CUT_MUTUAL_INFORMATION],
                     .flow = row[EPNET_COLUMNS + EPNET_CUT_INFORMATION_FLOW],
                     .production = row[EPNET_COLUMNS + EPNET_CUT_ENTROPY_PRODUCTION]};
    test_rows_free(&rows);
    return solved;
}

static bool has_crossing_edge(const TestNetwork *network, uint64_t cut) {
    for (size_t e = 0; e < network->edge_count; e++)
        if ((cut >> network->source[e] & 1) != (cut >> network->target[e] & 1))
            return true;
    return false;
}

/* A random network with an edge across a random cut. */
static TestNetwork crossed_network(TestRandom *random, int nodes, double slow, double fast, uint64_t *cut) {
    for (;;) {
        TestNetwork network = test_network_random(random, nodes, 0.7, slow, fast, TEST_DRIVES_FINITE);
        *cut = 1 + test_random_below(random, ((size_t)1 << nodes) - 2);
        if (has_crossing_edge(&network, *cut))
            return network;
        test_network_free(&network);
    }
}

/* The definition: |production - sigma| <= 1e-9 sigma, as the oracle sees it at the solved drive. */
static void check_solves(const TestNetwork *network, uint64_t cut, double sigma, const Solved *solved) {
    OracleNetwork oracle = test_network_oracle(network);
    check_near(oracle_production_at(&oracle, (size_t)cut, solved->drive), sigma, 1e-9L * sigma,
               "production at the solved drive");
    check_near(solved->production, sigma, 1e-9L * sigma, "cut_entropy_production");
}

static void reference_table(void **state) {
    (void)state;
    const double table[4][5] = {
        {1, 3.5624257256, 0.002658715017, 0.001558870436, 0.0125159732},
        {1.4427, 2.6400148373, 0.004755950028, 0.002766929591, 0.0223723089},
        {10, 0.8028869706, 0.020424032010, 0.011496541946, 0.1285731506},
        {100, 0.2260147345, 0.003971804983, 0.002316870487, 0.1368753998},
    };
    for (size_t k = 0; k < 4; k++) {
        TestNetwork network = test_network_complete(5, table[k][0] / 20, 0);
        Solved solved = solve(&network, 3, 1);
        assert_int_equal(solved.status, EPNET_POINT_OK);
        check_near(solved.drive, table[k][1], 6e-11, "F");
        check_near(solved.information, table[k][2], 1e-12, "I");
        check_near(solved.cut_information, table[k][3], 1e-12, "I(S;Sc)");
        check_near(solved.flow, table[k][4], 6e-11, "information flow");
        check_solves(&network, 3, 1, &solved);
        test_network_free(&network);
    }
}

/* I(S;Sc) turns over at copy_total = 9.2687, at the value of theory.md. */
static void turnover_at_constant_drive(void **state) {
    (void)state;
    double best = 0, at = 0;
    for (int k = -20; k <= 20; k++) {
        const double total = 9.2687 + 0.001 * k;
        TestNetwork network = test_network_complete(5, total / 20, 0);
        Solved solved = solve(&network, 3, 1);
        if (solved.cut_information > best) {
            best = solved.cut_information;
            at = total;
        }
        test_network_free(&network);
    }
    check_near(at, 9.2687, 0.002, "copy_total of the turnover");
    check_near(best, 0.0115254, 5e-8, "I(S;Sc) at the turnover");
}

/* sigma over eleven decades, on symmetric flips, where every value has a drive. */
static void every_sigma_on_symmetric_flips(void **state) {
    (void)state;
    for (int nodes = 2; nodes <= 6; nodes += 2) {
        for (double total = 0.1; total < 2000; total *= 10) {
            for (double sigma = 1e-8; sigma < 2e3; sigma *= 10) {
                TestNetwork network = test_network_complete(nodes, total / (nodes * (nodes - 1)), 0);
                Solved solved = solve(&network, 1, sigma);
                assert_int_equal(solved.status, EPNET_POINT_OK);
                check_solves(&network, 1, sigma, &solved);
                test_network_free(&network);
            }
        }
    }
}

/* Random asymmetric networks. Where there is a drive it solves; where there is none the oracle finds none. */
static void every_sigma_on_random_networks(void **state) {
    (void)state;
    TestRandom random = test_random(601);
    size_t solved_count = 0, none = 0;
    for (int trial = 0; trial < 400; trial++) {
        uint64_t cut;
        TestNetwork network = crossed_network(&random, 2 + trial % 5, 0.1, 10, &cut);
        const double sigma = test_random_log(&random, 1e-8, 1e3);
        Solved solved = solve(&network, cut, sigma);
        if (solved.status == EPNET_POINT_OK) {
            check_solves(&network, cut, sigma, &solved);
            solved_count++;
        } else {
            assert_int_equal(solved.status, EPNET_POINT_NO_BRACKET);
            assert_true(isnan(solved.drive) && isnan(solved.production));
            assert_true(solved.attainable > sigma);
            OracleNetwork oracle = test_network_oracle(&network);
            if (network.nodes <= 4)
                assert_true(isnan(oracle_largest_drive(&oracle, (size_t)cut, sigma, 12, 0.1L)));
            none++;
        }
        test_network_free(&network);
    }
    assert_true(solved_count > 100 && none > 100);
}

/* The largest solution, on networks whose production turns up to three times. sigma is a production at a
 * random drive, so that there is a solution. */
static void largest_of_several(void **state) {
    (void)state;
    TestRandom random = test_random(602);
    const int trials = check_long() ? 400 : 80;
    size_t several = 0;
    for (int trial = 0; trial < trials; trial++) {
        uint64_t cut;
        TestNetwork network = crossed_network(&random, 2 + trial % 2, 1e-2, 1e2, &cut);
        OracleNetwork oracle = test_network_oracle(&network);
        const Real there = 9 * test_random_uniform(&random);
        const double sigma = (double)oracle_production_at(&oracle, (size_t)cut, there);
        const Real largest = oracle_largest_drive(&oracle, (size_t)cut, sigma, 1e6L, 0.05L);
        Solved solved = solve(&network, cut, sigma);
        assert_int_equal(solved.status, EPNET_POINT_OK);
        check_solves(&network, cut, sigma, &solved);
        check_near(solved.drive, largest, 1e-6L * largest, "the largest drive");
        several += largest > there + 0.1L;
        test_network_free(&network);
    }
    assert_true(several > (size_t)trials / 10); /* where a smaller drive would have done as well */
}

static void three_solutions(void **state) {
    (void)state;
    /* EP(F): 0.8973 at 0, up to 4.9629 near 3.5, down to 0.9722 near 8.5, then up for ever. */
    TestNetwork network = test_network_empty(2);
    test_network_add(&network, 0, 1, 100, 0);
    test_network_add(&network, 1, 0, 100, 0);
    test_network_set_flips(&network, 10, 0.01);
    network.flip_down[1] = 0.1;
    OracleNetwork oracle = test_network_oracle(&network);
    const struct {
        double sigma;
        int roots;
    } cases[] = {{2, 3}, {0.93, 1}, {4.9, 3}, {6, 1}, {0.98, 3}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const Real sigma = cases[c].sigma;
        int roots = 0;
        Real largest = NAN, before = oracle_production_at(&oracle, 1, 0);
        for (int k = 1; k <= 10000; k++) {
            const Real production = oracle_production_at(&oracle, 1, k / 100.0L);
            if ((production < sigma) != (before < sigma)) {
                roots++;
                largest = k / 100.0L;
            }
            before = production;
        }
        assert_int_equal(roots, cases[c].roots);
        Solved solved = solve(&network, 1, cases[c].sigma);
        assert_int_equal(solved.status, EPNET_POINT_OK);
        check_solves(&network, 1, cases[c].sigma, &solved);
        check_near(solved.drive, largest - 0.005L, 0.0051L, "the largest drive");
    }
    /* Below all: the nearest is the end F = 0. */
    Solved solved = solve(&network, 1, 0.5);
    assert_int_equal(solved.status, EPNET_POINT_NO_BRACKET);
    check_near(solved.attainable, oracle_production_at(&oracle, 1, 0), 1e-12, "attainable");
    test_network_free(&network);
}

/* Three turns: down from 7.4848 at F = 0 to 6.812, up to 7.800, down to 6.541 near 4, up. */
static void four_solutions(void **state) {
    (void)state;
    const int edges[6][2] = {{0, 1}, {0, 2}, {1, 0}, {1, 2}, {2, 0}, {2, 1}};
    const double rates[6] = {1, 1, 10, 0.01, 100, 1}, up[3] = {1, 0.1, 0.1}, down[3] = {10, 100, 1};
    TestNetwork network = test_network_empty(3);
    for (size_t e = 0; e < 6; e++)
        test_network_add(&network, edges[e][0], edges[e][1], rates[e], 0);
    memcpy(network.flip_up, up, sizeof up);
    memcpy(network.flip_down, down, sizeof down);
    OracleNetwork oracle = test_network_oracle(&network);
    const double sigmas[] = {7, 6.6, 7.7, 7.9, 6.55};
    for (size_t k = 0; k < sizeof sigmas / sizeof *sigmas; k++) {
        Solved solved = solve(&network, 2, sigmas[k]);
        assert_int_equal(solved.status, EPNET_POINT_OK);
        check_near(solved.drive, oracle_largest_drive(&oracle, 2, sigmas[k], 20, 0.02L), 1e-8L, "largest");
    }
    Solved solved = solve(&network, 2, 6.5);
    assert_int_equal(solved.status, EPNET_POINT_NO_BRACKET);
    check_near(solved.attainable, oracle_nearest_production(&oracle, 2, 6.5L, 12, 0.05L), 1e-9L,
               "attainable");
    test_network_free(&network);
}

/* One slow edge between nodes that are both nearly always 1: 0.6191 at F = 0, and a dip of more than three
 * decades near F = 6.86, which no scanned drive falls into. */
static void deep_dip(void **state) {
    (void)state;
    TestNetwork network = test_network_empty(2);
    test_network_add(&network, 0, 1, 0.1, 0);
    test_network_set_flips(&network, 100, 0.01);
    network.flip_down[1] = 0.1;
    OracleNetwork oracle = test_network_oracle(&network);
    check_near(oracle_production_at(&oracle, 1, 0), 0.6190819532558844L, 1e-12L, "EP(0)");
    const Real least = oracle_nearest_production(&oracle, 1, 0, 12, 0.01L);
    Solved none = solve(&network, 1, (double)least * (1 - 1e-6));
    assert_int_equal(none.status, EPNET_POINT_NO_BRACKET);
    check_near(none.attainable, least, 1e-9L * least, "attainable");
    for (double above = 1e-6; above < 1e7; above *= 10) {
        const double sigma = (double)least * (1 + above);
        Solved solved = solve(&network, 1, sigma);
        assert_int_equal(solved.status, EPNET_POINT_OK);
        check_solves(&network, 1, sigma, &solved);
        assert_true(solved.drive > 6.85); /* right of the dip, not between 0 and it */
    }
    test_network_free(&network);
}

/* Without flips production dies out at large F: a largest production, beyond which there is no drive. */
static void production_that_dies_out(void **state) {
    (void)state;
    TestNetwork network = test_network_complete(3, 1, 0);
    network.rate[0] = 2;
    network.rate[4] = 0.3;
    test_network_set_flips(&network, 0, 0);
    OracleNetwork oracle = test_network_oracle(&network);
    const Real most = oracle_nearest_production(&oracle, 1, 1e3L, 20, 0.05L);
    const double parts[] = {1e-9, 1e-6, 1e-3, 0.5, 0.99};
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        const double sigma = (double)most * parts[k];
        Solved solved = solve(&network, 1, sigma);
        assert_int_equal(solved.status, EPNET_POINT_OK);
        check_solves(&network, 1, sigma, &solved);
        check_near(solved.drive, oracle_largest_drive(&oracle, 1, sigma, 60, 0.05L), 1e-6L, "largest drive");
    }
    Solved none = solve(&network, 1, (double)most * 1.001);
    assert_int_equal(none.status, EPNET_POINT_NO_BRACKET);
    check_near(none.attainable, most, 1e-9L * most, "largest production");
    test_network_free(&network);
}

/* Flips far slower than copies: production rises slowly and straight, to drives in the millions. */
static void drives_in_the_millions(void **state) {
    (void)state;
    TestNetwork network = test_network_complete(3, 2, 0);
    test_network_set_flips(&network, 1e-6, 2e-6);
    const double sigmas[] = {1e-3, 1, 50};
    for (size_t k = 0; k < 3; k++) {
        Solved solved = solve(&network, 1, sigmas[k]);
        assert_int_equal(solved.status, EPNET_POINT_OK);
        check_solves(&network, 1, sigmas[k], &solved);
        assert_true(solved.drive > 1e5 * sigmas[k]);
    }
    test_network_free(&network);
}

/* No copies at all: nothing is produced, whatever the drive. */
static void copies_of_rate_zero(void **state) {
    (void)state;
    TestNetwork network = test_network_complete(3, 0, 0);
    Solved solved = solve(&network, 1, 1);
    assert_int_equal(solved.status, EPNET_POINT_NO_BRACKET);
    assert_true(solved.attainable == 0);
    test_network_free(&network);
}

/* Where rounding hides the net copies there is a status, not a drive. */
static void production_below_rounding(void **state) {
    (void)state;
    TestNetwork network = test_network_complete(2, 1, 0);
    Solved solved = solve(&network, 1, 1e-30);
    assert_int_equal(solved.status, EPNET_POINT_INACCURATE);
    assert_true(isnan(solved.drive));
    test_network_free(&network);
}

/* Above seven nodes the laws come from Krylov corrections, each from the last trial's. */
/* Unequal flips dissipate without drive: a sigma within its accuracy of that least production is solved by F
 * = 0. */
static void least_production_itself(void **state) {
    (void)state;
    const double off[] = {-5e-10, -1e-12, 0, 1e-15, 1e-12, 1e-10};
    const uint64_t cut = 1;
    TestNetwork network = test_network_complete(2, 3, 0);
    network.flip_up[0] = 0.3;
    network.flip_up[1] = 2;
    network.flip_down[0] = 1.5;
    network.flip_down[1] = 0.4;
    EpnetProblem problem = driven_problem(&network, &cut);
    problem.constant_drive = false;
    EpnetPoint point = test_network_point(&network);
    TestRows rows = test_rows(&problem, &point, 1, 1);
    const double least = rows.rows.last[EPNET_COLUMNS + EPNET_CUT_ENTROPY_PRODUCTION];
    test_rows_free(&rows);
    check_near(least, 0.36352698891191726L, 1e-14, "production without drive");
    for (size_t k = 0; k < sizeof off / sizeof *off; k++)
        check_solves(&network, cut, least * (1 + off[k]),
                     &(Solved[]){solve(&network, cut, least * (1 + off[k]))}[0]);
    assert_int_equal(solve(&network, cut, least * (1 - 2e-9)).status, EPNET_POINT_NO_BRACKET);
    test_network_free(&network);
}

static void nine_nodes(void **state) {
    (void)state;
    const double sigmas[] = {1e-8, 1e-6, 1e-4, 1e-2, 1, 30}, down[] = {1, 1, 1, 1, 1.3, 1.3};
    for (size_t k = 0; k < 6; k++) {
        TestNetwork network = test_network_complete(9, 0.05, 0);
        test_network_set_flips(&network, 1, down[k]);
        Solved solved = solve(&network, 0x1f, sigmas[k]);
        assert_int_equal(solved.status, EPNET_POINT_OK);
        OracleComplete complete = {9, 5, 0.05, solved.drive, 1, down[k]};
        Real law[10];
        oracle_complete_stationary(&complete, law);
        check_near(oracle_complete_cut_row(&complete, law).entropy_production.value, sigmas[k],
                   1e-9L * sigmas[k], "production at the solved drive");
        check_near(solved.production, sigmas[k], 1e-9L * sigmas[k], "cut_entropy_production");
        test_network_free(&network);
    }
    TestRandom random = test_random(609);
    for (int trial = 0; trial < 2; trial++) {
        uint64_t cut;
        TestNetwork network = crossed_network(&random, 8 + trial, 0.3, 3, &cut);
        Solved solved = solve(&network, cut, 20);
        assert_int_equal(solved.status, EPNET_POINT_OK);
        check_solves(&network, cut, 20, &solved);
        test_network_free(&network);
    }
}

/* A trajectory runs under the same drive as the stationary law, which need not be its end. */
static void trajectories_run_under_the_drive(void **state) {
    (void)state;
    TestRandom random = test_random(603);
    const double times[] = {0.2, 1.5};
    for (int trial = 0; trial < 20; trial++) {
        uint64_t cut;
        TestNetwork network = crossed_network(&random, 4, 0.3, 3, &cut);
        double *start = test_law_random(&random, 16, 0.3);
        Solved solved = solve(&network, cut, 3);
        EpnetProblem problem = driven_problem(&network, &cut);
        EpnetPoint point = test_network_point(&network);
        problem.kind = EPNET_TRAJECTORY;
        problem.initial = start;
        problem.times = times;
        problem.time_count = 2;
        point.sigma = 3;
        TestRows rows = test_rows(&problem, &point, 1, 1);
        assert_int_equal(rows.rows.status[0], solved.status);
        if (solved.status == EPNET_POINT_OK) {
            assert_true(rows.rows.point[EPNET_DRIVE] == solved.drive);
            for (size_t e = 0; e < network.edge_count; e++)
                network.drive[e] = solved.drive;
            problem.constant_drive = false;
            TestRows same = test_rows(&problem, &point, 1, 1);
            assert_memory_equal(rows.rows.trajectory, same.rows.trajectory, 2 * rows.width * sizeof(double));
            test_rows_free(&same);
        }
        test_rows_free(&rows);
        free(start);
        test_network_free(&network);
    }
}

/* The same bytes whatever the threads, the batches and the order of the points. */
static void check_same_bytes(int nodes, const double *sigmas, size_t count) {
    enum { MOST = 24 };
    TestRandom random = test_random(604);
    uint64_t cut;
    TestNetwork network = crossed_network(&random, nodes, 0.3, 3, &cut);
    EpnetProblem problem = driven_problem(&network, &cut);
    EpnetPoint points[MOST], reversed[MOST];
    assert_true(count <= MOST);
    for (size_t k = 0; k < count; k++) {
        points[k] = test_network_point(&network);
        points[k].sigma = sigmas[k];
        reversed[count - 1 - k] = points[k];
    }
    TestRows one = test_rows(&problem, points, count, 1), two = test_rows(&problem, points, count, 2);
    TestRows back = test_rows(&problem, reversed, count, 2);
    const size_t row = one.width * sizeof(double), columns = EPNET_POINT_COLUMNS * sizeof(double);
    assert_memory_equal(one.rows.last, two.rows.last, count * row);
    assert_memory_equal(one.rows.point, two.rows.point, count * columns);
    for (size_t k = 0; k < count; k++) {
        TestRows alone = test_rows(&problem, &points[k], 1, 1);
        const size_t mirror = count - 1 - k;
        assert_memory_equal(one.rows.last + k * one.width, alone.rows.last, row);
        assert_memory_equal(one.rows.point + k * EPNET_POINT_COLUMNS, alone.rows.point, columns);
        assert_memory_equal(one.rows.last + k * one.width, back.rows.last + mirror * back.width, row);
        assert_memory_equal(one.rows.point + k * EPNET_POINT_COLUMNS,
                            back.rows.point + mirror * EPNET_POINT_COLUMNS, columns);
        assert_int_equal(one.rows.status[k], back.rows.status[mirror]);
        test_rows_free(&alone);
    }
    test_rows_free(&back);
    test_rows_free(&two);
    test_rows_free(&one);
    test_network_free(&network);
}

static void same_bytes(void **state) {
    (void)state;
    const double sigmas[] = {0.02, 700, 3, 1e-7, 0.5, 11, 0.3, 90, 5, 1, 42, 2, 8, 0.1, 300, 30};
    check_same_bytes(5, sigmas, 16);
    check_same_bytes(8, sigmas, 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_table),
        cmocka_unit_test(turnover_at_constant_drive),
        cmocka_unit_test(every_sigma_on_symmetric_flips),
        cmocka_unit_test(every_sigma_on_random_networks),
        cmocka_unit_test(largest_of_several),
        cmocka_unit_test(three_solutions),
        cmocka_unit_test(four_solutions),
        cmocka_unit_test(deep_dip),
        cmocka_unit_test(production_that_dies_out),
        cmocka_unit_test(drives_in_the_millions),
        cmocka_unit_test(copies_of_rate_zero),
        cmocka_unit_test(production_below_rounding),
        cmocka_unit_test(least_production_itself),
        cmocka_unit_test(nine_nodes),
        cmocka_unit_test(trajectories_run_under_the_drive),
        cmocka_unit_test(same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* N = 12..20, where no dense oracle reaches: the complete graph's birth-death law (every column, any drive)
 * and the closed moment equations of asymmetric networks. EPNET_TEST_LONG=1 adds sizes. */
#include "cpu/lanes.h"
#include "support/check.h"
#include "support/engine.h"

#include <math.h>
#include <stdlib.h>

static const double TOLERANCE = 1e-12;

static int ones_of(uint64_t mask) {
    return __builtin_popcountll(mask);
}

/* `row` against the law of the number of ones. `within`: relative to each column's own size plus `scale`. */
static void check_column(double got, OracleValue expected, Real within, Real scale, const char *column) {
    Real size = isfinite(expected.value) ? fabsl(expected.value) + expected.scale + scale : 0;
    check_near(got, expected.value, within * size, column);
}

static void check_row(const double *row, const OracleComplete *complete, const Real *law, Real within) {
    OracleRow expected = oracle_complete_row(complete, law);
    OracleCutRow cut = oracle_complete_cut_row(complete, law);
    const double *columns = row + EPNET_COLUMNS;
    Real jumps = expected.activity.value;
    check_column(row[EPNET_ENTROPY], expected.entropy, within, 0, "entropy");
    check_column(row[EPNET_MULTIINFORMATION], expected.multiinformation, within, 0, "multiinformation");
    check_column(row[EPNET_MULTIINFORMATION_RATE], expected.multiinformation_rate, within, jumps, "dI/dt");
    check_column(row[EPNET_ENTROPY_PRODUCTION], expected.entropy_production, within, jumps, "EP");
    check_column(row[EPNET_ENTROPY_PRODUCTION_CHANNELS], expected.entropy_production_channels, within, jumps,
                 "EP of channels");
    check_column(row[EPNET_ENVIRONMENT_ENTROPY_FLOW], expected.environment_entropy_flow, within, jumps,
                 "environment flow");
    check_column(row[EPNET_ACTIVITY], expected.activity, within, 0, "activity");
    check_column(columns[EPNET_CUT_MUTUAL_INFORMATION], cut.mutual_information, within, 0, "I(S;Sc)");
    check_column(columns[EPNET_CUT_MUTUAL_INFORMATION_RATE], cut.mutual_information_rate, within, jumps,
                 "dI(S;Sc)/dt");
    check_column(columns[EPNET_CUT_ENTROPY_PRODUCTION], cut.entropy_production, within, jumps, "EP across");
    check_column(columns[EPNET_CUT_ENVIRONMENT_ENTROPY_FLOW], cut.environment_entropy_flow, within, jumps,
                 "environment flow across");
    check_column(columns[EPNET_CUT_INFORMATION_FLOW], cut.information_flow, within, jumps,
                 "information flow");
    check_column(columns[EPNET_CUT_LOCAL_ENTROPY_RATE], cut.local_entropy_rate, within, jumps, "local rate");
    check_column(columns[EPNET_CUT_FLOW_BOUND], cut.flow_bound, within, 0, "flow bound");
    check_column(columns[EPNET_CUT_CAPACITY], cut.capacity, within, 0, "capacity");
}

static void check_complete(int nodes, double rate, double drive, double up, double down, uint64_t cut) {
    OracleComplete complete = {nodes, ones_of(cut), rate, drive, up, down};
    TestNetwork network = test_network_complete(nodes, rate, drive);
    double *start = test_law_pure((size_t)1 << nodes, 0);
    EpnetProblem problem = test_network_problem(&network, start);
    EpnetPoint point = test_network_point(&network);
    const double times[] = {0.5, 1.5,  1.75,
                            2,   2.25, 2.5}; /* small networks: windows of several (lanes_window.h) */
    const size_t time_count = nodes <= EPNET_LANES_NODES ? 6 : 2;
    Real first[21] = {1}, law[21];
    test_network_set_flips(&network, up, down);
    problem.tolerance = TOLERANCE;
    problem.times = times;
    problem.time_count = time_count;
    problem.cuts = &cut;
    problem.cut_count = 1;
    TestRows rows = test_rows(&problem, &point, 1, 1);
    assert_int_equal(rows.rows.status[0], EPNET_POINT_OK);
    for (size_t k = 0; k < time_count; k++) {
        oracle_complete_at(&complete, first, times[k], law);
        check_row(rows.rows.trajectory + k * rows.width, &complete, law, 1e-10L);
    }
    test_rows_free(&rows);
    problem.kind = EPNET_STATIONARY;
    rows = test_rows(&problem, &point, 1, 1);
    assert_int_equal(rows.rows.status[0], EPNET_POINT_OK);
    oracle_complete_stationary(&complete, law);
    check_row(rows.rows.last, &complete, law, 1e-11L);
    test_rows_free(&rows);
    free(start);
    test_network_free(&network);
}

static void complete_graphs_follow_their_birth_death_law(void **state) {
    (void)state;
    check_complete(12, 0.125, 1.75, 1.25, 0.5, 0x015);
    check_complete(12, 0.25, INFINITY, 0.75, 1, 0xfe0);
    check_complete(13, 0.0625, 0, 2, 0.5, 0x1003);
    check_complete(14, 0.5, 800, 1, 0.25, 0x1);
    check_complete(15, 2, 0.125, 0.5, 1.5, 0x7f00);
    check_complete(16, 0.03125, 3, 1, 1.5, 0xa5a5);
    check_complete(18, 0.25, 2, 1, 0.5, 0x30f0f);
    check_complete(20, 0.0625, INFINITY, 1, 2, 0xf0f0f);
    if (check_long()) {
        check_complete(17, 1, 0.5, 2, 0.125, 0x1f);
        check_complete(19, 0.125, 900, 0.5, 0.75, 0x55555);
        check_complete(20, 0.5, 0.25, 1, 1, 0x7);
    }
}

static void check_moments(TestRandom *random, int nodes, EpnetMethod method) {
    TestNetwork network = test_network_random(random, nodes, 0.25, 0.05, 5, TEST_DRIVES_MIXED);
    OracleNetwork oracle = test_network_oracle(&network);
    const size_t n = (size_t)1 << nodes, count = oracle_moment_count(nodes);
    const double times[] = {0.125, 1};
    double *start = test_law_random(random, n, 0.5), *states = oracle_allocate(2 * n, sizeof(double));
    Real before[210], after[210], expected[210];
    EpnetProblem problem = test_network_problem(&network, start);
    EpnetPoint point = test_network_point(&network);
    problem.method = method;
    problem.tolerance = TOLERANCE;
    problem.times = times;
    problem.time_count = 2;
    assert_int_equal(test_states(&problem, &point, states), EPNET_POINT_OK);
    oracle_moments_of(nodes, start, before);
    for (size_t k = 0; k < 2; k++) {
        oracle_moments_of(nodes, states + k * n, after);
        oracle_moments_at(&oracle, before, times[k], expected);
        for (size_t m = 0; m < count; m++)
            check_near(after[m], expected[m], TOLERANCE, "moment in time");
    }
    free(states);
    free(start);
    test_network_free(&network);
}

static void moments_follow_their_equations(void **state) {
    (void)state;
    TestRandom random = test_random(701);
    check_moments(&random, 12, EPNET_CHEBYSHEV);
    check_moments(&random, 12, EPNET_UNIFORMIZATION);
    check_moments(&random, 14, EPNET_CHEBYSHEV);
    check_moments(&random, 16, EPNET_UNIFORMIZATION);
    check_moments(&random, 18, EPNET_CHEBYSHEV);
    check_moments(&random, 20, EPNET_CHEBYSHEV);
    if (check_long())
        for (int nodes = 12; nodes <= 20; nodes++)
            check_moments(&random, nodes, nodes % 2 ? EPNET_CHEBYSHEV : EPNET_UNIFORMIZATION);
}

/* From 18 nodes on the threads share each point: the bytes are those of one. */
static void threads_within_a_point_change_no_byte(void **state) {
    (void)state;
    enum { NODES = 18, TIMES = 2 };
    TestRandom random = test_random(702);
    TestNetwork network = test_network_random(&random, NODES, 0.2, 0.05, 5, TEST_DRIVES_MIXED);
    double *start = test_law_random(&random, (size_t)1 << NODES, 0.5);
    EpnetProblem problem = test_network_problem(&network, start);
    EpnetPoint point = test_network_point(&network);
    const double times[TIMES] = {0, 0.25};
    const uint64_t cuts[2] = {0x0aaaa, 0x30007};
    problem.times = times;
    problem.time_count = TIMES;
    problem.cuts = cuts;
    problem.cut_count = 2;
    for (int kind = 0; kind < 2; kind++) {
        problem.kind = kind == 0 ? EPNET_TRAJECTORY : EPNET_STATIONARY;
        TestRows alone = test_rows(&problem, &point, 1, 1);
        assert_int_equal(alone.rows.status[0], EPNET_POINT_OK);
        for (int threads = 2; threads <= 5; threads += threads == 3 ? 2 : 1) {
            TestRows shared = test_rows(&problem, &point, 1, threads);
            assert_memory_equal(shared.rows.last, alone.rows.last, alone.width * sizeof(double));
            if (problem.kind == EPNET_TRAJECTORY)
                assert_memory_equal(shared.rows.trajectory, alone.rows.trajectory,
                                    TIMES * alone.width * sizeof(double));
            test_rows_free(&shared);
        }
        test_rows_free(&alone);
    }
    free(start);
    test_network_free(&network);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complete_graphs_follow_their_birth_death_law),
        cmocka_unit_test(moments_follow_their_equations),
        cmocka_unit_test(threads_within_a_point_change_no_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

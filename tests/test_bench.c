/* epnet bench: the equations that it checks the engine by agree with the oracle, a wrong value fails, and a
 * quick run has every check and every row. Times are looked at by no test. */
#include "../host/bench/bench.h"
#include "../host/bench/counts.h"
#include "../host/bench/moments.h"
#include "support/check.h"
#include "support/program.h"
#include "support/random_network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void assert_near(double value, Real expected, double tolerance) {
    if (!(fabs(value - (double)expected) <= tolerance * (1 + fabs((double)expected))))
        fail_msg("%.17g, expected %.17g", value, (double)expected);
}

/* ---- equations ----------------------------------------------------------------------------------------- */

static void assert_columns(EpnetMoments *moments, const EpnetProblem *problem, const EpnetPoint *point,
                           const OracleRow *row) {
    const EpnetMomentColumns columns = epnet_moments_columns(moments, problem, point);
    assert_near(columns.node_entropy, row->entropy.value + row->multiinformation.value, 1e-12);
    assert_near(columns.node_entropy_rate, row->marginal_entropy_rate.value, 1e-11);
    assert_near(columns.activity, row->activity.value, 1e-12);
    assert_near(columns.environment_entropy_flow, row->environment_entropy_flow.value, 1e-11);
}

static void moments_agree_with_the_oracle(void **state) {
    (void)state;
    for (int nodes = 1; nodes <= 6; nodes++) {
        const size_t states = (size_t)1 << nodes;
        TestRandom random = test_random((uint64_t)nodes);
        TestNetwork network = test_network_random(&random, nodes, 0.8, 0.2, 4, TEST_DRIVES_FINITE);
        double *p = test_law_random(&random, states, 0.1);
        const EpnetProblem problem = test_network_problem(&network, p);
        const EpnetPoint point = test_network_point(&network);
        const OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        Real *generator = oracle_generator(&chain),
             *evolution = oracle_allocate(states * states, sizeof(Real)), *start = test_law_widen(p, states),
             *law = oracle_allocate(states, sizeof(Real));
        EpnetMoments moments;
        assert_true(epnet_moments_make(&moments, &problem, &point));

        epnet_moments_of(&moments, p);
        epnet_moments_advance(&moments, 0.3);
        epnet_moments_advance(&moments, 0.4);
        oracle_exponential(states, generator, 0.7L, evolution);
        oracle_advance(states, start, evolution, law);
        OracleRow row = oracle_row(&chain, law);
        assert_columns(&moments, &problem, &point, &row);

        assert_true(epnet_moments_stationary(&moments));
        assert_true(oracle_chain_stationary(&chain, law));
        row = oracle_row(&chain, law);
        assert_columns(&moments, &problem, &point, &row);

        epnet_moments_free(&moments);
        free(generator), free(evolution), free(start), free(law), free(p);
        oracle_chain_free(&chain);
        test_network_free(&network);
    }
}

/* Euler's step of p is Euler's step of the moments. */
static void moments_step_as_the_law_does(void **state) {
    (void)state;
    enum { NODES = 3, STATES = 8 };
    TestRandom random = test_random(7);
    TestNetwork network = test_network_random(&random, NODES, 1, 0.2, 4, TEST_DRIVES_FINITE);
    double *p = test_law_random(&random, STATES, 0);
    const EpnetProblem problem = test_network_problem(&network, p);
    const EpnetPoint point = test_network_point(&network);
    const OracleNetwork oracle = test_network_oracle(&network);
    OracleChain chain = oracle_chain(&oracle);
    Real law[STATES], change[STATES];
    EpnetMoments moments;
    assert_true(epnet_moments_make(&moments, &problem, &point));
    epnet_moments_of(&moments, p);
    epnet_moments_step(&moments, 0.01, 1, 50);
    for (size_t s = 0; s < STATES; s++)
        law[s] = p[s];
    for (int k = 0; k < 50; k++) {
        oracle_derivative(&chain, law, change, NULL);
        for (size_t s = 0; s < STATES; s++)
            law[s] += 0.01L * change[s];
    }
    const OracleRow row = oracle_row(&chain, law);
    assert_columns(&moments, &problem, &point, &row);
    epnet_moments_free(&moments);
    free(p);
    oracle_chain_free(&chain);
    test_network_free(&network);
}

static void assert_counts(const EpnetCounts *counts, const OracleComplete *complete, const Real *law) {
    double row[EPNET_COLUMNS + EPNET_CUT_COLUMNS];
    const OracleRow expected = oracle_complete_row(complete, law);
    const OracleCutRow cut = oracle_complete_cut_row(complete, law);
    epnet_counts_row(counts, complete->cut_nodes, row);
    assert_near(row[EPNET_ENTROPY], expected.entropy.value, 1e-12);
    assert_near(row[EPNET_MULTIINFORMATION], expected.multiinformation.value, 1e-12);
    assert_near(row[EPNET_MULTIINFORMATION_RATE], expected.multiinformation_rate.value, 1e-11);
    assert_near(row[EPNET_ENTROPY_PRODUCTION], expected.entropy_production.value, 1e-11);
    assert_near(row[EPNET_ENTROPY_PRODUCTION_CHANNELS], expected.entropy_production_channels.value, 1e-11);
    assert_near(row[EPNET_ENVIRONMENT_ENTROPY_FLOW], expected.environment_entropy_flow.value, 1e-11);
    assert_near(row[EPNET_ACTIVITY], expected.activity.value, 1e-12);
    const double *mine = row + EPNET_COLUMNS;
    assert_near(mine[EPNET_CUT_MUTUAL_INFORMATION], cut.mutual_information.value, 1e-12);
    assert_near(mine[EPNET_CUT_MUTUAL_INFORMATION_RATE], cut.mutual_information_rate.value, 1e-11);
    assert_near(mine[EPNET_CUT_ENTROPY_PRODUCTION], cut.entropy_production.value, 1e-11);
    assert_near(mine[EPNET_CUT_ENVIRONMENT_ENTROPY_FLOW], cut.environment_entropy_flow.value, 1e-11);
    assert_near(mine[EPNET_CUT_CAPACITY], cut.capacity.value, 1e-12);
}

static void counts_agree_with_the_oracle(void **state) {
    (void)state;
    const EpnetBenchEqual rates = {0.4, 1.1, 0.7, 1.3};
    for (int nodes = 2; nodes <= 9; nodes++) {
        const OracleComplete complete = {nodes,       nodes > 2 ? 2 : 1, rates.copy_rate,
                                         rates.drive, rates.flip_up,     rates.flip_down};
        Real start[10] = {1}, law[10];
        EpnetCounts counts = epnet_counts_zero(nodes, rates);
        epnet_counts_advance(&counts, 0.2);
        epnet_counts_advance(&counts, 0.5);
        oracle_complete_at(&complete, start, 0.7L, law);
        assert_counts(&counts, &complete, law);
        counts = epnet_counts_stationary(nodes, rates);
        oracle_complete_stationary(&complete, law);
        assert_counts(&counts, &complete, law);
    }
}

/* ---- a wrong value ------------------------------------------------------------------------------------- */

static int rows_failed;

static void count_failed(const EpnetBenchRow *row, void *context) {
    (void)context;
    rows_failed += row->failed;
}

static void a_deviation_beyond_the_limit_fails(void **state) {
    (void)state;
    const EpnetBenchOptions options = {.row = count_failed};
    EpnetBench bench = {.options = &options};
    rows_failed = 0;
    epnet_bench_check(&bench, "equal", 2, 1, 1e-9, 1e-9, "");
    assert_false(bench.wrong);
    epnet_bench_check(&bench, "larger", 2, 1, 1.1e-9, 1e-9, "");
    assert_true(bench.wrong);
    epnet_bench_check(&bench, "not a number", 2, 1, NAN, 1e-9, "");
    assert_int_equal(rows_failed, 2);
    assert_non_null(strstr(bench.what, "larger"));
    assert_true(epnet_bench_deviation(INFINITY, INFINITY) == 0);
    assert_true(isinf(epnet_bench_deviation(INFINITY, 1)));
    assert_true(isinf(epnet_bench_deviation(NAN, 1)));
    assert_true(isinf(epnet_bench_deviation(1, NAN)));
}

/* Beyond what a quick run has: vectors that are swept in packs, of every thread. */
static void a_large_application(void **state) {
    (void)state;
    const EpnetBenchOptions options = {.quick = true, .row = count_failed};
    EpnetBench bench = {.options = &options, .repeats = 1, .threads = 2, .fma_peak = 1e9};
    EpnetError error;
    rows_failed = 0;
    assert_int_equal(epnet_bench_check_application(&bench, 22, &error), EPNET_OK);
    assert_int_equal(epnet_bench_application(&bench, 22, &error), EPNET_OK);
    assert_int_equal(rows_failed, 0);
    assert_false(bench.wrong);
}

/* ---- the program --------------------------------------------------------------------------------------- */

static size_t count(const char *text, const char *part) {
    size_t found = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        found++;
    return found;
}

static void a_quick_run_has_every_row(void **state) {
    (void)state;
    char *folder = test_folder_make();
    const char *const command[] = {EPNET_PROGRAM, "bench",     "--quick", "--json", "--threads",
                                   "2",           "--repeats", "1",       NULL};
    TestOutput output = test_program_run(folder, NULL, command);
    assert_string_equal(output.err, "");
    assert_int_equal(output.code, 0);
    assert_int_equal(count(output.out, "\"section\": \"check\""), 2 + 6 * 7 + 8);
    assert_int_equal(count(output.out, "\"section\": \"limit\""), 2);
    assert_int_equal(count(output.out, "\"section\": \"trajectory\""), 3 * 7);
    assert_int_equal(count(output.out, "\"section\": \"stationary\""), 2 * 7);
    assert_int_equal(count(output.out, "\"section\": \"application\""), 9);
    assert_int_equal(count(output.out, "\"section\": \"threads\""), 1 + 2 * 7);
    assert_int_equal(count(output.out, "\"section\": \"split\""), 2 + 4);
    assert_int_equal(count(output.out, "\"failed\": true"), 0);
    assert_int_equal(count(output.out, "\"event\": \"done\""), 1);
    assert_int_equal(count(output.out, "\n"), count(output.out, "{\"event\": "));
    assert_int_equal(test_folder_count(folder), 0);
    test_output_free(&output);
    test_folder_remove(folder);
}

static const char sweep[] = "[network]\nnodes = 3\nflip_down = 1.5\ndrive = 2\n"
                            "[observe]\ncut = [0]\n"
                            "[sweep]\ncopy_total = { from = 0.5, to = 5.0, points = 20 }\n";

/* Of every kind and method: what is checked depends on them. */
static void the_points_of_a_spec(void **state) {
    (void)state;
    static const struct {
        const char *setting;
        size_t checks;
    } cases[] = {
        {"solve.method=chebyshev", 2},       {"solve.method=uniformization", 1},
        {"solve.kind=stationary", 1},        {"initial.distribution=stationary", 2},
        {"initial.distribution=uniform", 2}, {"network.drive=inf", 2},
    };
    char *folder = test_folder_make();
    test_file_write(folder, "sweep.toml", sweep);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const command[] = {EPNET_PROGRAM,    "bench",   "sweep.toml", "--set",
                                       cases[i].setting, "--quick", "--json",     NULL};
        TestOutput output = test_program_run(folder, NULL, command);
        assert_string_equal(output.err, "");
        assert_int_equal(output.code, 0);
        assert_int_equal(count(output.out, "\"section\": \"check\""), cases[i].checks);
        assert_true(count(output.out,
                          "\"section\": \"sweep\", \"name\": \"points of the spec\", \"nodes\": 3, "
                          "\"points\": 20, \"threads\": 1") == 1);
        test_output_free(&output);
    }
    const char *const euler[] = {EPNET_PROGRAM, "bench",          "sweep.toml", "--set", "solve.method=euler",
                                 "--set",       "solve.dt=0.005", "--quick",    NULL};
    test_output_expect(test_program_run(folder, NULL, euler), 0, "moment equations", "");
    const char *const split[] = {EPNET_PROGRAM, "bench",         "sweep.toml", "--set", "solve.method=split",
                                 "--set",       "solve.dt=0.05", "--quick",    NULL};
    test_output_expect(test_program_run(folder, NULL, split), 0, "moment equations", "");
    const char *const sigma[] = {EPNET_PROGRAM,
                                 "bench",
                                 "sweep.toml",
                                 "--set",
                                 "solve.kind=stationary",
                                 "--set",
                                 "sweep.sigma={values=[0.1]}",
                                 "--quick",
                                 NULL};
    test_output_expect(test_program_run(folder, NULL, sigma), 0, "moment equations", "");
    const char *const fails[] = {
        EPNET_PROGRAM,           "bench",   "sweep.toml", "--set", "sweep.sigma={values=[0.01]}", "--set",
        "solve.kind=stationary", "--quick", NULL};
    test_output_expect(test_program_run(folder, NULL, fails), 4, "", "point 0 of 3 nodes failed: no_bracket");
    assert_int_equal(test_folder_count(folder), 1);
    test_folder_remove(folder);
}

static void wrong_usage_and_specs(void **state) {
    (void)state;
    char *folder = test_folder_make();
    test_file_write(folder, "wrong.toml", "[network]\nnodes = 3\ncopy_totl = 1.0\n");
#define epnet(...)                                                                                           \
    test_program_run(folder, NULL, (const char *const[]){EPNET_PROGRAM, "bench", __VA_ARGS__, NULL})
    test_output_expect(epnet("--wrong"), 2, "", "--wrong");
    test_output_expect(epnet("--threads", "0"), 2, "", "--threads expects a whole number from 1");
    test_output_expect(epnet("--repeats", "x"), 2, "", "--repeats expects a whole number from 1");
    test_output_expect(epnet("--set", "network.drive=1"), 2, "", "--set goes with a SPEC");
    test_output_expect(epnet("--quick", "--device", "abacus"), 2, "", "abacus");
    test_output_expect(epnet("wrong.toml"), 3, "", "wrong.toml:3:1: error: ");
    test_output_expect(epnet("absent.toml"), 5, "", "absent.toml");
#undef epnet
    test_folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_agree_with_the_oracle), cmocka_unit_test(moments_step_as_the_law_does),
        cmocka_unit_test(counts_agree_with_the_oracle),  cmocka_unit_test(a_deviation_beyond_the_limit_fails),
        cmocka_unit_test(a_large_application),           cmocka_unit_test(a_quick_run_has_every_row),
        cmocka_unit_test(the_points_of_a_spec),          cmocka_unit_test(wrong_usage_and_specs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The specs of docs/examples, run whole: spec to grid file, and numbers of theory.md and of the oracle in it.
 */
#include "epnet.h"
#include "oracle.h"
#include "support/check.h"
#include "support/scratch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Run an example with one override (NULL: as it is). */
static EpnetResult *run_example_with(const char *name, const char *override) {
    char path[1024];
    EpnetSpec *spec = NULL;
    EpnetResult *result = NULL;
    EpnetRunSummary summary;
    EpnetError error = {.message = ""};
    const char *output = scratch_path("example.nc");
    EpnetRunOptions options = {.force = true};
    snprintf(path, sizeof path, EPNET_SOURCE_DIR "/docs/examples/%s.toml", name);
    if (epnet_spec_read(path, &override, override != NULL, &spec, &error) != EPNET_OK ||
        epnet_run(spec, output, &options, &summary, &error) != EPNET_OK ||
        epnet_result_open(output, &result, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    assert_int_equal(summary.failed, 0);
    epnet_spec_free(spec);
    return result;
}

static EpnetResult *run_example(const char *name) {
    return run_example_with(name, NULL);
}

/* A column of the points table, to free(). */
static double *points_column(const EpnetResult *result, const char *name) {
    double *values = calloc(epnet_result_points(result), sizeof *values);
    EpnetError error;
    if (epnet_result_column(result, name, values, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    return values;
}

/* A column of the trajectory of the only point, to free(). */
static double *trajectory_column(const EpnetResult *result, const char *name) {
    double *values = calloc(epnet_result_time_count(result), sizeof *values);
    EpnetError error;
    if (epnet_result_trajectory(result, name, 0, values, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    return values;
}

/* Number of the sample at time t, which is sampled. */
static size_t sample_at(const EpnetResult *result, double t) {
    const double *times = epnet_result_times(result);
    for (size_t k = 0; k < epnet_result_time_count(result); k++) {
        if (fabs(times[k] - t) < 1e-9)
            return k;
    }
    fail_msg("no sample at t = %g s", t);
    return 0;
}

static void worked_example(void **state) {
    (void)state;
    const double table[4][5] = {{0.1, 0.0015648990352, 0.0284205055, 7.5256188076, 0.000922240372},
                                {0.4, 0.0143550467571, 0.0451645092, 1.6272132062, 0.008157679680},
                                {1, 0.0313963047291, 0.0128404170, 0.1356686237, 0.017401724440},
                                {10, 0.0354341117876, 0, 0, 0.019547001493}};
    EpnetResult *result = run_example("worked-example");
    double *information = trajectory_column(result, "multiinformation");
    double *rate = trajectory_column(result, "multiinformation_rate");
    double *production = trajectory_column(result, "entropy_production");
    double *cut = trajectory_column(result, "cut_mutual_information");
    for (size_t row = 0; row < 4; row++) {
        size_t k = sample_at(result, table[row][0]);
        check_near(information[k], table[row][1], 1e-10, "I");
        check_near(rate[k], table[row][2], 1e-9, "dI/dt");
        check_near(production[k], table[row][3], 1e-8, "EP");
        check_near(cut[k], table[row][4], 1e-10, "I(S;Sc)");
    }
    double *most = points_column(result, "multiinformation_rate_max");
    double *when = points_column(result, "multiinformation_rate_max_time");
    check_near(most[0], 0.0468036, 1e-7, "largest dI/dt");
    check_near(when[0], 0.315, 1e-9, "its time");
    double *columns[] = {information, rate, production, cut, most, when};
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
        free(columns[c]);
    epnet_result_close(result);
}

static void worked_example_euler(void **state) {
    (void)state;
    EpnetResult *result = run_example("worked-example-euler");
    double *information = trajectory_column(result, "multiinformation");
    double *finite = trajectory_column(result, "multiinformation_rate_euler");
    double *production = trajectory_column(result, "entropy_production");
    check_near(finite[0], 0.0505065575, 1e-10, "the paper's first finite difference");
    check_near(information[sample_at(result, 9.995)], 0.0354341118, 1e-10, "I at 9.995 s");
    for (size_t k = 0; k < 6; k++)
        assert_int_equal(isinf(production[k]), k < 5);
    for (size_t k = 0; k + 1 < epnet_result_time_count(result); k++)
        check_near(finite[k], (information[k + 1] - information[k]) / 5e-3, 1e-12, "finite difference");
    free(information);
    free(finite);
    free(production);
    epnet_result_close(result);
}

/* Against the complete graph's law of the number of ones, exact at any drive. */
static void envelope(void **state) {
    (void)state;
    EpnetResult *result = run_example("envelope");
    const double *drives, *totals;
    size_t drive_count, total_count;
    assert_int_equal(epnet_result_axis(result, 0, NULL, &drive_count, &drives, NULL, NULL), EPNET_OK);
    assert_int_equal(epnet_result_axis(result, 1, NULL, &total_count, &totals, NULL, NULL), EPNET_OK);
    assert_int_equal(drive_count * total_count, 64 * 64);
    double *information = points_column(result, "multiinformation");
    double *cut = points_column(result, "cut_mutual_information");
    double *production = points_column(result, "cut_entropy_production");
    for (size_t k = 0; k < drive_count * total_count; k += 37) {
        const OracleComplete complete = {5, 2, totals[k % total_count] / 20, drives[k / total_count], 1, 1};
        Real law[6];
        oracle_complete_stationary(&complete, law);
        const OracleRow row = oracle_complete_row(&complete, law);
        const OracleCutRow cut_row = oracle_complete_cut_row(&complete, law);
        check_near(information[k], row.multiinformation.value, 1e-13, "I");
        check_near(cut[k], cut_row.mutual_information.value, 1e-13, "I(S;Sc)");
        check_near(production[k], cut_row.entropy_production.value, 1e-12L * cut_row.entropy_production.value,
                   "EP across");
    }
    free(information);
    free(cut);
    free(production);
    epnet_result_close(result);
}

/* Equal flips: every family is 0 or 1 with probability 1/2, so H + I = 15 ln 2; at the stationary law all
 * that is produced flows to the environment; the second law of the cut and its capacity. */
static void florentine(void **state) {
    (void)state;
    static const char *const names[] = {"entropy",
                                        "multiinformation",
                                        "entropy_production_channels",
                                        "environment_entropy_flow",
                                        "cut_mutual_information",
                                        "cut_information_flow",
                                        "cut_environment_entropy_flow",
                                        "cut_local_entropy_rate",
                                        "cut_entropy_production",
                                        "cut_flow_bound"};
    enum { H, I, CHANNELS, ENVIRONMENT, CUT, FLOW, CUT_ENVIRONMENT, LOCAL, ACROSS, BOUND, COLUMNS };
    EpnetResult *result = run_example("florentine");
    double *c[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++)
        c[i] = points_column(result, names[i]);
    assert_int_equal(epnet_result_points(result), 16 * 16);
    for (size_t k = 0; k < 16 * 16; k++) {
        check_near(c[H][k] + c[I][k], 15 * M_LN2, 1e-12, "H + I");
        check_near(c[ENVIRONMENT][k], c[CHANNELS][k], 1e-12 * (1 + c[CHANNELS][k]), "environment flow");
        check_near(c[FLOW][k], c[CUT_ENVIRONMENT][k] + c[LOCAL][k] - c[ACROSS][k],
                   1e-12 * (1 + c[CUT_ENVIRONMENT][k]), "second law of the cut");
        assert_true(c[CUT][k] > 0 && c[CUT][k] < c[I][k]);
        assert_true(c[FLOW][k] > 0 && c[FLOW][k] < c[BOUND][k]);
    }
    for (size_t i = 0; i < COLUMNS; i++)
        free(c[i]);
    epnet_result_close(result);
}

/* Three rows: no kink, and a maximum that moves up with sigma. */
static void kink(void **state) {
    (void)state;
    EpnetResult *result = run_example_with("kink", "sweep.sigma={values=[0.5, 1.0, 4.0]}");
    EpnetError error;
    double last = 0;
    assert_int_equal(epnet_result_points(result), 3 * 64);
    for (size_t row = 0; row < 3; row++) {
        EpnetKink shape;
        assert_int_equal(epnet_kink(result, NULL, 64 * row, &shape, &error), EPNET_OK);
        assert_int_not_equal(shape.verdict, EPNET_KINK_FOUND);
        assert_int_equal(shape.maxima, 1);
        assert_true(shape.maximum > last);
        last = shape.maximum;
        if (row == 1)
            check_near(shape.maximum, 9.2687, 0.01, "turnover");
    }
    epnet_result_close(result);
}

/* The reference table of constant sigma, and bounds in their order: information, the paper's bound, theorem.
 */
static void kink_row(void **state) {
    (void)state;
    static const double table[3][4] = {{1, 3.5624257256, 0.001558870436, 0.0125159732},
                                       {10, 0.8028869706, 0.011496541946, 0.1285731506},
                                       {100, 0.2260147345, 0.002316870487, 0.1368753998}};
    EpnetResult *result = run_example_with("kink-row", "sweep.copy_total.points=5"); /* 0.1, 1, ... 1000 */
    double *drive = points_column(result, "drive"), *cut = points_column(result, "cut_mutual_information");
    double *flow = points_column(result, "cut_information_flow");
    double *bound = points_column(result, "envelope_bound"), *theorem = points_column(result, "energy_bound");
    for (size_t row = 0; row < 3; row++) {
        check_near(drive[row + 1], table[row][1], 1e-7, "drive");
        check_near(cut[row + 1], table[row][2], 1e-10, "I(S;Sc)");
        check_near(flow[row + 1], table[row][3], 1e-8, "flow");
    }
    for (size_t k = 0; k < 5; k++)
        assert_true(cut[k] < bound[k] / 10 && cut[k] < theorem[k]);
    double *columns[] = {drive, cut, flow, bound, theorem};
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
        free(columns[c]);
    epnet_result_close(result);
}

static void leak(void **state) {
    (void)state;
    EpnetResult *result = run_example("leak");
    double *value = points_column(result, "leak"), *low = points_column(result, "leak_low");
    double *high = points_column(result, "leak_high");
    assert_string_equal(epnet_result_text(result, "seed"), "1");
    check_near(*value, 7.8595, 5e-5, "leak");
    assert_true(*low < *value && *value < *high && *high - *low < 0.05);
    free(value);
    free(low);
    free(high);
    epnet_result_close(result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_example), cmocka_unit_test(worked_example_euler),
        cmocka_unit_test(envelope),       cmocka_unit_test(florentine),
        cmocka_unit_test(kink),           cmocka_unit_test(kink_row),
        cmocka_unit_test(leak),
    };
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}

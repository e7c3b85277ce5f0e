/* Kinks of grid files: the rows along the copy axis of a grid of any shape, the table of kinks, and the
 * five-node network, which has none. */
#include "columns.h"
#include "dataset.h"
#include "epnet.h"
#include "kink_row.h"
#include "support/audited.h"
#include "support/check.h"
#include "support/made_spec.h"
#include "support/scratch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- grids made by hand
 * --------------------------------------------------------------------------------- */

enum { FLIPS = 3, COPIES = 41, DRIVES = 2 };

/* A kink at 0.7 + 0.2 flip_up (found on the first cut alone), and a maximum at the drive on the second cut;
 * the copy axis, 0.1 to 10, is neither the fastest nor the slowest. */
static double information(size_t cut, double flip, double copies, double drive) {
    if (cut == 0) {
        double kink = 0.7 + 0.2 * flip;
        return 0.01 * (copies < kink ? pow(copies / kink, 1.5) : pow(copies / kink, -0.4));
    }
    double away = log(copies / (0.5 + 0.1 * drive));
    return 0.02 * exp(-0.3 * away * away);
}

static void grid_write(size_t cuts, const char *path) {
    const MadeSpec made = {.title = "kinks",
                           .nodes = 3,
                           .kind = EPNET_STATIONARY,
                           .cut_count = cuts,
                           .axis_count = 3,
                           .keys = {EPNET_AXIS_FLIP_UP, EPNET_AXIS_COPY_TOTAL, EPNET_AXIS_DRIVE},
                           .log = {false, true, false},
                           .sizes = {FLIPS, COPIES, DRIVES}};
    EpnetSpec *spec = made_spec(&made);
    size_t points = FLIPS * COPIES * DRIVES, width = epnet_row_width(cuts);
    EpnetRows rows = made_rows(spec, 0, points, false);
    for (size_t k = 0; k < points; k++) {
        double axes[EPNET_AXIS_KEYS];
        epnet_grid_values(spec->axes, 3, k, axes);
        bool failed = k / DRIVES % COPIES < 4; /* the four least rates have no result */
        rows.status[k] = failed ? EPNET_POINT_NOT_CONVERGED : EPNET_POINT_OK;
        rows.last[k * width + EPNET_MULTIINFORMATION] = information(0, axes[0], axes[1], axes[2]);
        for (size_t cut = 0; cut < cuts; cut++)
            rows.last[k * width + EPNET_COLUMNS + cut * EPNET_CUT_COLUMNS + EPNET_CUT_MUTUAL_INFORMATION] =
                failed ? NAN : information(cut, axes[0], axes[1], axes[2]);
    }
    EpnetDataset *dataset;
    EpnetError error;
    if (epnet_dataset_create(spec, path, "cpu", &dataset, &error) != EPNET_OK ||
        epnet_dataset_write(dataset, 0, points, &rows, &error) != EPNET_OK ||
        epnet_dataset_commit(dataset, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    made_rows_free(&rows);
    made_spec_free(spec);
}

static EpnetResult *open_grid(const char *path) {
    EpnetResult *result;
    EpnetError error;
    if (epnet_result_open(path, &result, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    return result;
}

static void test_any_point_names_its_row(void **state) {
    (void)state;
    EpnetError error;
    EpnetKink kink;
    grid_write(2, scratch_path("a.nc"));
    EpnetResult *result = open_grid(scratch_path("a.nc"));
    const double *flips, *drives;
    assert_int_equal(epnet_result_axis(result, 0, NULL, NULL, &flips, NULL, &error), EPNET_OK);
    assert_int_equal(epnet_result_axis(result, 2, NULL, NULL, &drives, NULL, &error), EPNET_OK);
    for (size_t point = 0; point < epnet_result_points(result); point += 7) {
        double flip = flips[point / (COPIES * DRIVES)], drive = drives[point % DRIVES];
        assert_int_equal(epnet_kink(result, NULL, point, &kink, &error), EPNET_OK);
        assert_int_equal(kink.samples, COPIES - 4);
        double place = 0.7 + 0.2 * flip;
        bool middle = place < 2.5; /* third of what did not fail, 0.158 to 10: 0.63 to 2.5 */
        assert_int_equal(kink.verdict, middle ? EPNET_KINK_FOUND : EPNET_KINK_MOVES);
        if (middle) {
            check_near(kink.position, place, 1e-8, "kink");
            assert_true(kink.low < place && place < kink.high && kink.delta_bic > 10);
        }
        assert_int_equal(epnet_kink(result, "cut_mutual_information_1", point, &kink, &error), EPNET_OK);
        assert_int_not_equal(kink.verdict, EPNET_KINK_FOUND);
        assert_true(isnan(kink.position) && isnan(kink.low) && isnan(kink.high));
        assert_int_equal(kink.maxima, 1);
        check_near(kink.maximum, 0.5 + 0.1 * drive, 1e-9, "maximum"); /* of a parabola in the logarithms */
        check_near(kink.maximum_value, 0.02, 1e-11, "its value");
    }
    epnet_result_close(result);
}

static void check_usage(const EpnetResult *result, const char *quantity, size_t point, const char *reason) {
    EpnetError error = {.message = ""};
    EpnetKink kink;
    assert_int_equal(epnet_kink(result, quantity, point, &kink, &error), EPNET_USAGE);
    if (strstr(error.message, reason) == NULL)
        fail_msg("%s: no \"%s\"", error.message, reason);
}

static void test_wrong_questions(void **state) {
    (void)state;
    EpnetError error = {.message = ""};
    grid_write(1, scratch_path("a.nc"));
    EpnetResult *result = open_grid(scratch_path("a.nc"));
    check_usage(result, "information", 0, "\"information\"");
    check_usage(result, NULL, FLIPS * COPIES * DRIVES, "no point 246, it has 246");
    epnet_result_close(result);
    const char *grid = run_text("[network]\nnodes = 2\ncopy_total = 1.0\n[observe]\ncut = [0]\n"
                                "[solve]\nkind = \"stationary\"\n"
                                "[sweep]\ndrive = { from = 0.1, to = 1.0, points = 9 }\n");
    result = open_grid(grid);
    check_usage(result, NULL, 0, "sweep copy_total or copy_rate");
    epnet_result_close(result);
    assert_int_equal(epnet_export(grid, "kinks", scratch_path("no.csv"), &error), EPNET_USAGE);
    assert_non_null(strstr(error.message, "sweep copy_total or copy_rate"));
    assert_false(file_exists(scratch_path("no.csv")));
}

/* Nothing is measured across a gap: 20 of 32 points between 0.1 and 10 have a result, on both sides of a gap
 * in which a maximum would seem to be; the row is the longer side. */
static void test_gap(void **state) {
    (void)state;
    double axis_values[32], values[32];
    EpnetResultAxis axis = {.size = 32, .values = axis_values};
    const EpnetGridRows rows = {&axis, 1, 32, 1};
    EpnetRowShape shape;
    EpnetError error;
    for (size_t k = 0; k < 32; k++) {
        axis_values[k] = 0.1 * pow(100, (double)k / 31);
        values[k] = k < 8 ? 0.01 * axis_values[k] : k < 20 ? NAN : 0.0121 / axis_values[k];
    }
    assert_int_equal(epnet_row_measure(&rows, values, 1, &shape, &error), EPNET_OK);
    assert_int_equal(shape.kink.samples, 12);
    assert_int_equal(shape.kink.maxima, 0);
    assert_true(isnan(shape.kink.maximum) && isnan(shape.kink.maximum_value));
    assert_int_equal(shape.kink.verdict, EPNET_KINK_CUBIC); /* a power law */
    for (size_t k = 8; k < 20; k++) /* without the gap: the corner of two power laws, where they cross */
        values[k] = fmin(0.01 * axis_values[k], 0.0121 / axis_values[k]);
    assert_int_equal(epnet_row_measure(&rows, values, 1, &shape, &error), EPNET_OK);
    assert_int_equal(shape.kink.samples, 32);
    assert_int_equal(shape.kink.maxima, 1);
    check_near(shape.kink.maximum, 1.1, 0.17, "maximum"); /* within a sample */
    assert_int_equal(shape.kink.verdict, EPNET_KINK_FOUND);
    check_near(shape.kink.position, 1.1, 1e-9, "kink");

    /* more maxima than a row keeps: all are counted, and the highest of all is the one reported */
    for (size_t k = 0; k < 32; k++)
        values[k] = k % 2 == 1 ? 1 + 0.01 * (double)k : 0.5;
    assert_int_equal(epnet_row_measure(&rows, values, 1, &shape, &error), EPNET_OK);
    assert_int_equal(shape.kink.maxima, 15);
    assert_true(shape.kink.maximum_value > 1.28 && shape.kink.maximum > axis_values[28]);
}

/* ---- the table
 * ------------------------------------------------------------------------------------------ */

static void export_kinks(const char *grid, char **text) {
    EpnetError error;
    if (epnet_export(grid, "kinks", scratch_path("kinks.csv"), &error) != EPNET_OK)
        fail_msg("%s", error.message);
    *text = file_bytes(scratch_path("kinks.csv"), NULL);
    assert_non_null(*text);
}

/* The table is what epnet_kink says, row by row. */
static void test_table(void **state) {
    (void)state;
    char *text, *line, *rest;
    grid_write(2, scratch_path("a.nc"));
    export_kinks(scratch_path("a.nc"), &text);
    line = strtok_r(text, "\n", &rest);
    assert_string_equal(line,
                        "flip_up,drive,quantity,samples,kink,reason,position,position_low,position_high,"
                        "delta_bic,maxima,maximum_position,maximum");
    EpnetResult *result = open_grid(scratch_path("a.nc"));
    const double *flips, *drives;
    size_t found = 0;
    EpnetError error;
    assert_int_equal(epnet_result_axis(result, 0, NULL, NULL, &flips, NULL, &error), EPNET_OK);
    assert_int_equal(epnet_result_axis(result, 2, NULL, NULL, &drives, NULL, &error), EPNET_OK);
    for (int cut = 0; cut < 2; cut++)
        for (size_t row = 0; row < FLIPS * DRIVES; row++) {
            EpnetKink kink;
            char quantity[64], name[64], verdict[16], reason[16];
            double flip, drive, position, low, high, bic, maximum, value;
            size_t samples, maxima;
            snprintf(quantity, sizeof quantity, "cut_mutual_information_%d", cut);
            size_t point = row / DRIVES * DRIVES * COPIES + row % DRIVES;
            assert_int_equal(epnet_kink(result, quantity, point, &kink, &error), EPNET_OK);
            line = strtok_r(NULL, "\n", &rest);
            assert_non_null(line);
            assert_int_equal(sscanf(line, "%lf,%lf,%63[^,],%zu,%15[^,],%15[^,],%lf,%lf,%lf,%lf,%zu,%lf,%lf",
                                    &flip, &drive, name, &samples, verdict, reason, &position, &low, &high,
                                    &bic, &maxima, &maximum, &value),
                             13);
            bool is_found = kink.verdict == EPNET_KINK_FOUND;
            found += is_found;
            assert_string_equal(name, quantity);
            assert_string_equal(verdict, is_found ? "found" : "none");
            assert_int_equal(strcmp(reason, "corner") == 0, is_found);
            assert_true(flip == flips[row / DRIVES] && drive == drives[row % DRIVES]);
            assert_true(samples == kink.samples && maxima == kink.maxima && bic == kink.delta_bic);
            assert_int_equal(isnan(position), !is_found);
            if (is_found)
                assert_true(position == kink.position && low == kink.low && high == kink.high);
            assert_true(maximum == kink.maximum && value == kink.maximum_value);
        }
    assert_null(strtok_r(NULL, "\n", &rest));
    assert_int_equal(found, 2 * DRIVES); /* the kink of the last flip is outside the middle third */
    epnet_result_close(result);
    free(text);
}

/* Without a cut the rows are those of the multiinformation; on a linear axis, which may begin at 0. */
static void test_without_cut(void **state) {
    (void)state;
    char *text;
    export_kinks(run_text("[network]\nnodes = 3\ndrive = 1.0\n[solve]\nkind = \"stationary\"\n"
                          "[sweep]\ncopy_rate = { from = 0.0, to = 1.0, points = 12 }\n"),
                 &text);
    assert_non_null(strstr(text, "\nmultiinformation,11,none,"));
    free(text);
}

/* ---- five nodes
 * ----------------------------------------------------------------------------------------- */

/* The row of sigma = 1 has no kink in any window and with any number of samples. Its maximum is that of
 * docs/theory.md, 0.0115254 nat at 9.2687 bit/s. */
static void test_five_nodes(void **state) {
    (void)state;
    static const double windows[][2] = {{0.2, 5}, {1, 100}, {0.1, 1000}};
    static const size_t counts[] = {8, 12, 30, 64, 113, 200};
    for (size_t w = 0; w < 3; w++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            char text[512];
            EpnetKink kink;
            EpnetError error;
            snprintf(text, sizeof text,
                     "[network]\nnodes = 5\nsigma = 1.0\n[observe]\ncut = [0, 1]\n[solve]\n"
                     "kind = \"stationary\"\n[sweep]\n"
                     "copy_total = { from = %.1f, to = %.1f, points = %zu, scale = \"log\" }\n",
                     windows[w][0], windows[w][1], counts[c]);
            EpnetResult *result = open_grid(run_text(text));
            assert_int_equal(epnet_kink(result, NULL, 0, &kink, &error), EPNET_OK);
            assert_int_equal(kink.samples, counts[c]);
            assert_int_equal(kink.verdict, EPNET_KINK_CUBIC);
            assert_int_equal(kink.maxima, w > 0);
            if (w > 0 && counts[c] >= 30) {
                check_near(kink.maximum, 9.2687, counts[c] > 60 ? 0.01 : 0.03, "turnover");
                check_near(kink.maximum_value, 0.0115254, 2e-6, "its height");
            }
            epnet_result_close(result);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_point_names_its_row),
        cmocka_unit_test(test_wrong_questions),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_without_cut),
        cmocka_unit_test(test_five_nodes),
    };
    return cmocka_run_group_tests_name("kink_rows", tests, audited_setup, audited_teardown);
}

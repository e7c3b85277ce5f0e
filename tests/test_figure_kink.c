/* The figures about the kink: where their lines and marks stand is recomputed from definitions, on grids
 * whose kinks are known and on the five-node network. */
#include "columns.h"
#include "dataset.h"
#include "epnet.h"
#include "support/audited.h"
#include "support/check.h"
#include "support/made_figure.h"
#include "support/made_spec.h"
#include "support/scratch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- looking at figures
 * --------------------------------------------------------------------------------- */

enum { MOST_ROWS = 512, MOST_COLUMNS = 8 };

typedef struct Block {
    size_t count;
    double values[MOST_ROWS][MOST_COLUMNS];
} Block;

static Block block; /* large: not on the stack */

/* The numbers of a block of a data file; false if there is no such block. */
static bool block_read(const char *name, const char *heading) {
    char title[64], *bytes = file_bytes(scratch_path(name), NULL), *line;
    assert_non_null(bytes);
    snprintf(title, sizeof title, "# %s\n", heading);
    char *start = strstr(bytes, title);
    block = (Block){0};
    if (start == NULL) {
        free(bytes);
        return false;
    }
    for (line = start + strlen(title); *line != '\0' && *line != '#' && *line != '\n';
         line += strcspn(line, "\n") + 1) {
        char *at = line, *end;
        assert_true(block.count < MOST_ROWS);
        for (size_t c = 0; c < MOST_COLUMNS && *at != '\n'; c++, at = end)
            block.values[block.count][c] = strtod(at, &end);
        block.count++;
    }
    free(bytes);
    return true;
}

/* ---- grids made by hand
 * --------------------------------------------------------------------------------- */

/* sigma x copy_total or the other way round: a kink at sigma^0.15 (with = true) or a maximum there. */
static double information(bool with, double sigma, double copies) {
    double away = log(copies / pow(sigma, 0.15));
    if (with)
        return 0.01 * sigma * exp(away < 0 ? 1.5 * away : -0.4 * away);
    return 0.01 * sigma * exp(-0.3 * away * away);
}

static void made_grid(bool with, bool copies_first) {
    MadeSpec made = {.title = "kinks",
                     .nodes = 3,
                     .kind = EPNET_STATIONARY,
                     .constant_drive = true,
                     .cut_count = 1,
                     .axis_count = 2,
                     .keys = {EPNET_AXIS_SIGMA, EPNET_AXIS_COPY_TOTAL},
                     .log = {true, true},
                     .sizes = {7, 31}};
    if (copies_first) {
        made.keys[0] = EPNET_AXIS_COPY_TOTAL;
        made.keys[1] = EPNET_AXIS_SIGMA;
        made.sizes[0] = 31;
        made.sizes[1] = 7;
    }
    EpnetSpec *spec = made_spec(&made);
    size_t points = 7 * 31, width = epnet_row_width(1);
    EpnetRows rows = made_rows(spec, 0, points, false);
    for (size_t k = 0; k < points; k++) {
        double axes[EPNET_AXIS_KEYS], *cut = rows.last + k * width + EPNET_COLUMNS;
        epnet_grid_values(spec->axes, 2, k, axes);
        double sigma = axes[copies_first], copies = axes[!copies_first];
        rows.status[k] = EPNET_POINT_OK;
        cut[EPNET_CUT_MUTUAL_INFORMATION] = information(with, sigma, copies);
        cut[EPNET_CUT_CAPACITY] = 0.4 * copies;
        cut[EPNET_CUT_ENTROPY_PRODUCTION] = sigma;
    }
    EpnetDataset *dataset;
    EpnetError error;
    if (epnet_dataset_create(spec, scratch_path("made.nc"), "cpu", &dataset, &error) != EPNET_OK ||
        epnet_dataset_write(dataset, 0, points, &rows, &error) != EPNET_OK ||
        epnet_dataset_commit(dataset, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    made_rows_free(&rows);
    made_spec_free(spec);
}

/* Both lines, and the measured kinks or maxima; the axes run from 0.1 to 10. */
static void check_lines(bool with) {
    double half = pow(100, 0.5 / 30), half_sigma = pow(100, 0.5 / 6);
    assert_true(block_read("a.dat", "paper kink"));
    for (size_t k = 0; k < block.count; k++)
        check_near(block.values[k][1] / block.values[k][0], log(2), 1e-10, "sigma / copy_total");
    check_near(block.values[0][1], fmax(0.1 / half_sigma, 0.1 / half * log(2)), 1e-9, "it begins");
    check_near(block.values[block.count - 1][1], 10 * half * log(2), 1e-8, "it ends");
    assert_true(block_read("a.dat", "kink"));
    assert_true(block.count > 10);
    for (size_t k = 0; k < block.count; k++)
        check_near(0.4 * block.values[k][0] * log(2) / block.values[k][1], 1, 1e-9, "capacity ln 2 / sigma");
    assert_true(block_read("a.dat", with ? "measured kinks" : "maxima"));
    assert_int_equal(block.count, 7);
    for (size_t k = 0; k < block.count; k++) {
        check_near(block.values[k][1], 0.1 * pow(100, (double)k / 6), 1e-9, "sigma of the row");
        check_near(block.values[k][0] / pow(block.values[k][1], 0.15), 1, 1e-9, "its place");
    }
    assert_int_equal(block_read("a.dat", "measured kinks"), with);
    assert_true(
        figure_contains("a.gp", with ? "measured kinks (7 of 7 rows)" : "measured kinks: none in 7 rows"));
    assert_true(figure_contains("a.gp", "{/:Italic C}_{total} = σ / ln 2"));
    assert_true(figure_contains("a.gp", "{/:Italic C}_{cut} = σ / ln 2"));
}

static void test_rows_of_constant_sigma(void **state) {
    (void)state;
    for (int copies_first = 0; copies_first <= 1; copies_first++)
        for (int with = 0; with <= 1; with++) {
            made_grid(with, copies_first);
            figure_draw("made.nc", NULL, "a.png");
            figure_check_png("a.png");
            check_lines(with);
            /* copies run from left to right, whichever axis is the faster, and every cell has its value */
            assert_true(figure_contains("a.gp", "{/:Italic C}_{total} [bit/s]'\nset format x"));
            assert_true(block_read("a.dat", "cells"));
            assert_int_equal(block.count, 7 * 31);
            for (size_t k = 0; k < block.count; k++)
                check_near(block.values[k][6] / information(with, block.values[k][1], block.values[k][0]), 1,
                           1e-9, "value");
        }
}

/* Rows of fewer than eight points are not looked at. */
static void test_short_rows(void **state) {
    (void)state;
    run_text("[network]\nnodes = 2\n[observe]\ncut = [0]\n[solve]\nkind = \"stationary\"\n[sweep]\n"
             "sigma = { values = [0.5, 1.0, 2.0] }\n"
             "copy_total = { from = 1.0, to = 100.0, points = 7, scale = \"log\" }\n");
    figure_draw("grid.nc", NULL, "a.svg");
    assert_true(figure_contains("a.gp", "measured kinks: too few points"));
    assert_true(block_read("a.dat", "paper kink"));
}

/* Labels of contours stand off the lines. */
static void test_labels_keep_off(void **state) {
    (void)state;
    double places[16][2];
    made_grid(false, false);
    figure_draw("made.nc", NULL, "a.svg");
    assert_true(block_read("a.dat", "contour labels"));
    size_t labels = block.count;
    assert_in_range(labels, 1, 15);
    for (size_t k = 0; k < labels; k++)
        for (int c = 0; c < 2; c++)
            places[k][c] = log10(block.values[k][c]) / 2; /* in parts of the picture */
    static const char *const lines[] = {"kink", "paper kink", "maxima"};
    for (size_t l = 0; l < 3; l++) {
        assert_true(block_read("a.dat", lines[l]));
        for (size_t k = 0; k < block.count; k++)
            for (size_t label = 0; label < labels; label++) {
                double across = log10(block.values[k][0]) / 2 - places[label][0];
                double up = log10(block.values[k][1]) / 2 - places[label][1];
                assert_true(hypot(across / 0.045, up / 0.025) >= 1);
            }
    }
}

/* ---- the envelope of a row
 * ------------------------------------------------------------------------------ */

static const char five_nodes[] = "[network]\nnodes = 5\nsigma = 1.0\n[observe]\ncut = [0, 1]\n"
                                 "[solve]\nkind = \"stationary\"\n[leak]\n";

static const char *five_nodes_row(const char *axis) {
    char text[512];
    snprintf(text, sizeof text, "%s[sweep]\n%s\n", five_nodes, axis);
    return run_text(text);
}

static double *column(const EpnetResult *result, const char *name) {
    double *values = calloc(epnet_result_points(result), sizeof *values);
    EpnetError error;
    if (epnet_result_column(result, name, values, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    return values;
}

/* The bound is min(EP_across, C_cut ln 2) / leak; C_cut = 0.6 C_total for S = {0, 1} of five complete nodes,
 * so its kink is at C_total = 1 / (0.6 ln 2). */
static void test_envelope(void **state) {
    (void)state;
    const char *grid =
        five_nodes_row("copy_total = { from = 0.1, to = 1000.0, points = 33, scale = \"log\" }");
    EpnetResult *result;
    EpnetError error;
    figure_draw("grid.nc", NULL, "a.png");
    figure_check_png("a.png");
    assert_int_equal(epnet_result_open(grid, &result, &error), EPNET_OK);
    double *leak = column(result, "leak"), *cut = column(result, "cut_mutual_information");
    double *theorem = column(result, "energy_bound");
    const double kink = 1 / (0.6 * log(2));
    assert_true(block_read("a.dat", "information"));
    assert_int_equal(block.count, 33);
    for (size_t k = 0; k < 33; k++) {
        check_near(block.values[k][0], 0.1 * pow(1e4, (double)k / 32), 1e-8, "copies");
        check_near(block.values[k][1] / cut[k], 1, 1e-10, "information");
        check_near(block.values[k][2] / theorem[k], 1, 1e-10, "theorem");
        assert_true(cut[k] < theorem[k]);
    }
    assert_true(block_read("a.dat", "bound"));
    assert_int_equal(block.count, 34);
    for (size_t k = 0, point = 0; k < 34; k++) {
        double copies = block.values[k][0], top = fmin(1, 0.6 * copies * log(2));
        if (fabs(copies / kink - 1) < 1e-6) {
            check_near(copies, kink, 1e-7, "the kink");
            check_near(block.values[k][1] * (leak[point] + leak[point - 1]) / 2, 1, 1e-3, "its height");
        } else {
            check_near(block.values[k][1] * leak[point++], top, 1e-8, "the bound");
        }
    }
    assert_true(figure_contains("a.gp", "at first 2.40449")); /* the ring on the kink, 2.404492 */
    EpnetKink measured;
    char maximum[64];
    assert_int_equal(epnet_kink(result, NULL, 0, &measured, &error), EPNET_OK);
    check_near(measured.maximum, 9.2687, 0.05, "the turnover");
    snprintf(maximum, sizeof maximum, "maximum 0.0115 nat at %.3g bit/s", measured.maximum);
    assert_true(figure_contains("a.gp", maximum));
    assert_true(figure_contains("a.gp", "no kink measured"));
    assert_true(figure_contains("a.gp", "set logscale y"));
    free(leak);
    free(cut);
    free(theorem);
    epnet_result_close(result);

    /* another column of the same file is drawn as before; so is a row along another axis */
    figure_draw("grid.nc", "entropy", "b.svg");
    assert_true(block_read("b.dat", "curves"));
    five_nodes_row("flip_up = { values = [1.0, 1.5, 2.0] }\ncopy_total = { values = [3.0] }");
    figure_draw("grid.nc", NULL, "c.svg");
    assert_true(block_read("c.dat", "curves"));
}

/* ---- the leak
 * ------------------------------------------------------------------------------------------- */

static void test_leak(void **state) {
    (void)state;
    const char *grid = five_nodes_row("copy_total = { values = [10.0] }");
    EpnetResult *result;
    EpnetError error;
    figure_draw("grid.nc", "leak", "a.png");
    figure_check_png("a.png");
    assert_int_equal(epnet_result_open(grid, &result, &error), EPNET_OK);
    double *leak = column(result, "leak"), *low = column(result, "leak_low");
    double *high = column(result, "leak_high"), *start = column(result, "multiinformation");
    check_near(*leak, 7.8595, 5e-5, "leak");
    assert_true(block_read("a.dat", "quench"));
    assert_int_equal(block.count, 101);
    const double *first = block.values[0], *last = block.values[100];
    check_near(first[1] - log(*start), log(0.5), 1e-9, "the window begins");
    check_near(last[1] - log(*start), log(0.01), 1e-9, "the window ends");
    /* the fit is least squares: its residuals have no mean and no slope; the interval turns about the mean */
    double mean = 0, slope = 0, middle = (first[0] + last[0]) / 2;
    for (size_t k = 0; k < 101; k++) {
        const double *row = block.values[k];
        check_near(row[0], first[0] + (last[0] - first[0]) * (double)k / 100, 1e-11, "equal steps");
        mean += row[1] - row[2];
        slope += (row[1] - row[2]) * (row[0] - middle);
        check_near(row[3] - row[2], (*leak - *low) * (row[0] - middle), 1e-9, "slow end of the interval");
        check_near(row[4] - row[2], (*leak - *high) * (row[0] - middle), 1e-9, "fast end of the interval");
    }
    check_near(mean, 0, 1e-8, "mean residual");
    check_near(slope, 0, 1e-8, "slope of the residuals");
    check_near((first[2] - last[2]) / (last[0] - first[0]), *leak, 1e-8, "slope of the fit");
    assert_true(figure_contains("a.gp", "fit: leak = 7.8595"));
    assert_true(figure_contains("a.gp", "0.5 to 0.01 of {/:Italic I}(0)"));
    figure_draw("grid.nc", NULL, "b.svg"); /* a single point has nothing else to show */
    assert_true(block_read("b.dat", "quench"));
    free(leak);
    free(low);
    free(high);
    free(start);
    epnet_result_close(result);
}

static void test_no_leak(void **state) {
    (void)state;
    run_text("[network]\nnodes = 2\ncopy_total = 1.0\n[solve]\nt_end = 1.0\nsamples = 3\n");
    figure_draw_fails(EPNET_USAGE, "grid.nc", "leak", "no.png", "holds no quench");
    const char *spec = scratch_path("failed.toml");
    const char text[] = "[network]\nnodes = 2\ntopology = \"none\"\n[solve]\nkind = \"stationary\"\n[leak]\n";
    file_write(spec, text, strlen(text));
    run_file(spec, EPNET_POINTS_FAILED);
    figure_draw_fails(EPNET_USAGE, "grid.nc", "leak", "no.png", "has no leak to draw");
    assert_false(file_exists(scratch_path("no.png")));
}

/* ---- the cut in the subtitle
 * ---------------------------------------------------------------------------- */

static void test_long_cut(void **state) {
    (void)state;
    const char ties[] = "source,target\nMedici,Acciaiuoli\nAcciaiuoli,Barbadori\nBarbadori,Ridolfi\n"
                        "Ridolfi,Strozzi\n";
    file_write(scratch_path("ties.csv"), ties, strlen(ties));
    run_text("[network]\nedges_file = \"ties.csv\"\ncopy_total = 1.0\n[observe]\n"
             "cut = [\"Medici\", \"Acciaiuoli\", \"Barbadori\", \"Ridolfi\"]\n"
             "[solve]\nt_end = 1.0\nsamples = 3\n");
    figure_draw("grid.nc", NULL, "a.svg");
    assert_true(figure_contains("a.gp", "\\{Medici, Acciaiuoli, … 4 nodes\\}"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_of_constant_sigma),
        cmocka_unit_test(test_short_rows),
        cmocka_unit_test(test_labels_keep_off),
        cmocka_unit_test(test_envelope),
        cmocka_unit_test(test_leak),
        cmocka_unit_test(test_no_leak),
        cmocka_unit_test(test_long_cut),
    };
    return cmocka_run_group_tests_name("figure_kink", tests, audited_setup, audited_teardown);
}

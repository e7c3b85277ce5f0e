/* What figures show is recomputed from what was written: cells, contours, kink, curves and their bounds,
 * trajectories, and the words that say what is left out. */
#include "columns.h"
#include "support/check.h"
#include "support/made_figure.h"
#include "support/scratch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double infinite_above(size_t index, double x, double y, double t) {
    (void)index;
    (void)t;
    return y > 5 ? INFINITY : x * y;
}

static double infinite_everywhere(size_t index, double x, double y, double t) {
    (void)index;
    (void)x;
    (void)y;
    (void)t;
    return INFINITY;
}

typedef struct Block {
    size_t count, width;
    double values[4096][8];
    bool follows[4096]; /* no empty line before this row */
} Block;

/* The numbers of a block of a data file. */
static void block_read(const char *name, const char *block, Block *found) {
    char heading[64], *bytes = file_bytes(scratch_path(name), NULL), *line, *next;
    assert_non_null(bytes);
    snprintf(heading, sizeof heading, "# %s\n", block);
    char *start = strstr(bytes, heading);
    if (start == NULL)
        fail_msg("%s has no block %s", name, block);
    if (start != bytes && (start < bytes + 3 || strncmp(start - 3, "\n\n\n", 3) != 0))
        fail_msg("%s: block %s is not set apart by two empty lines, as gnuplot wants it", name, block);
    *found = (Block){0};
    bool follows = false;
    for (line = start + strlen(heading); *line != '\0' && *line != '#'; line = next + 1) {
        next = line + strcspn(line, "\n");
        if (next == line) {
            follows = false;
            continue;
        }
        assert_true(found->count < 4096);
        char *at = line, *end;
        size_t column = 0;
        for (double value; column < 8 && (value = strtod(at, &end), end != at) && end <= next; at = end)
            found->values[found->count][column++] = value;
        assert_true(found->width == 0 || found->width == column);
        found->width = column;
        found->follows[found->count++] = follows;
        follows = true;
    }
    free(bytes);
}

static bool block_exists(const char *name, const char *block) {
    char heading[64];
    snprintf(heading, sizeof heading, "# %s\n", block);
    return figure_contains(name, heading);
}

/* ---- heatmap ------------------------------------------------------------------------------------------- */

static Block block; /* large: not on the stack */

static void test_heatmap(void **state) {
    (void)state;
    const MadeSpec made = figure_shape(EPNET_STATIONARY, 2);
    scratch_make();
    figure_grid_write(&made, figure_powers, scratch_path("a.nc"));
    figure_draw("a.nc", NULL, "a.png");
    figure_check_png("a.png");
    assert_true(figure_contains("a.gp", "set logscale cb"));
    assert_true(figure_contains("a.gp", "1 of 99 points failed (1 not\\_converged)"));
    assert_true(figure_contains("a.gp", "title 'failed (1)'"));
    assert_true(figure_contains("a.gp", "set logscale x"));
    assert_true(figure_contains("a.gp", "set logscale y"));

    /* every cell with its value, its borders at geometric midpoints; the axes run from 0.1 to 10 */
    block_read("a.dat", "cells", &block);
    assert_int_equal(block.count, 98);
    assert_int_equal(block.width, 7);
    double half_x = pow(100, 0.5 / 10), half_y = pow(100, 0.5 / 8);
    for (size_t k = 0; k < block.count; k++) {
        const double *cell = block.values[k];
        check_near(cell[2], cell[0] / half_x, 1e-10, "left");
        check_near(cell[3], cell[0] * half_x, 1e-10, "right");
        check_near(cell[4], cell[1] / half_y, 1e-10, "bottom");
        check_near(cell[5], cell[1] * half_y, 1e-10, "top");
        check_near(cell[6] / figure_powers(EPNET_COLUMNS, cell[0], cell[1], 0), 1, 1e-10, "value");
    }
    block_read("a.dat", "failed", &block);
    assert_int_equal(block.count, 1);
    check_near(block.values[0][0], 0.1 * pow(100, 5.0 / 10), 1e-10, "the failed point");
    assert_false(block_exists("a.dat", "infinite"));
    scratch_remove();
}

/* In powers of x and y the kink is a straight line of the logarithms: its points are exact. */
static void test_kink(void **state) {
    (void)state;
    const MadeSpec made = figure_shape(EPNET_STATIONARY, 2);
    double least = INFINITY, most = 0;
    scratch_make();
    figure_grid_write(&made, figure_powers, scratch_path("a.nc"));
    figure_draw("a.nc", "entropy", "a.svg");
    block_read("a.dat", "kink", &block);
    assert_true(block.count > 11);
    for (size_t k = 0; k < block.count; k++) {
        double x = block.values[k][0], y = block.values[k][1];
        check_near(y / (0.7 * pow(x, 0.25)), 1, 1e-9, "the kink");
        least = fmin(least, x);
        most = fmax(most, x);
    }
    check_near(least, 0.1, 1e-9, "the kink begins at the left border");
    check_near(most, 10, 1e-9, "the kink ends at the right border");
    assert_true(figure_contains("a.gp", "paper''s kink"));

    figure_grid_write(&made, infinite_everywhere, scratch_path("b.nc")); /* nothing to compare */
    figure_draw("b.nc", NULL, "b.svg");
    assert_false(block_exists("b.dat", "kink"));
    assert_false(figure_contains("b.gp", "kink"));
    scratch_remove();
}

/* Contour lines of a power law are straight in the logarithms, broken only for their labels. */
static void test_contours(void **state) {
    (void)state;
    const MadeSpec made = figure_shape(EPNET_STATIONARY, 2);
    scratch_make();
    figure_grid_write(&made, figure_powers, scratch_path("a.nc"));
    figure_draw("a.nc", "entropy", "a.svg");
    block_read("a.dat", "contours", &block);
    assert_true(block.count > 30);
    for (size_t k = 0; k < block.count; k++) {
        double level = log10(figure_powers(EPNET_ENTROPY, block.values[k][0], block.values[k][1], 0));
        check_near(level, round(level), 1e-9, "a power of ten");
        if (block.follows[k])
            check_near(figure_powers(EPNET_ENTROPY, block.values[k][0], block.values[k][1], 0) /
                           figure_powers(EPNET_ENTROPY, block.values[k - 1][0], block.values[k - 1][1], 0),
                       1, 1e-9, "one line, one level");
    }
    assert_true(block_exists("a.dat", "contour labels"));
    scratch_remove();
}

static void test_linear_colours_and_axes(void **state) {
    (void)state;
    MadeSpec made = figure_shape(EPNET_STATIONARY, 2);
    made.log[0] = made.log[1] = false;
    scratch_make();
    figure_grid_write(&made, figure_linear, scratch_path("a.nc"));
    figure_draw("a.nc", "activity", "a.svg");
    assert_false(figure_contains("a.gp", "set logscale"));
    block_read("a.dat", "cells", &block);
    for (size_t k = 0; k < block.count; k++) {
        check_near(block.values[k][2], block.values[k][0] - 0.495, 1e-10, "left");
        check_near(block.values[k][5], block.values[k][1] + 9.9 / 16, 1e-10, "top");
    }
    block_read("a.dat", "contours", &block);
    for (size_t k = 0; k < block.count; k++) {
        double level = figure_linear(EPNET_ACTIVITY, block.values[k][0], block.values[k][1], 0) / 0.05;
        check_near(level, round(level), 1e-7, "a round number");
    }
    scratch_remove();
}

/* Infinite cells have their own sign; where nothing else is left there is no colour to explain. */
static void test_infinite_cells(void **state) {
    (void)state;
    const MadeSpec made = figure_shape(EPNET_STATIONARY, 2);
    scratch_make();
    figure_grid_write(&made, infinite_above, scratch_path("a.nc"));
    figure_draw("a.nc", NULL, "a.png");
    figure_check_png("a.png");
    block_read("a.dat", "infinite", &block);
    assert_int_equal(block.count, 22); /* drives of 5.6 and 10 at 11 rates */
    assert_true(figure_contains("a.gp", "title 'infinite (22)'"));
    figure_grid_write(&made, infinite_everywhere, scratch_path("b.nc"));
    figure_draw("b.nc", NULL, "b.png");
    figure_check_png("b.png");
    assert_true(figure_contains("b.gp", "title 'infinite (98)'"));
    assert_false(figure_contains("b.gp", "cbrange"));
    scratch_remove();
}

/* An axis of one value is no axis of a figure. */
static void test_single_valued_axis(void **state) {
    (void)state;
    MadeSpec made = figure_shape(EPNET_STATIONARY, 3);
    scratch_make();
    figure_grid_write(&made, figure_linear, scratch_path("a.nc"));
    figure_draw_fails(EPNET_USAGE, "a.nc", NULL, "a.png", "3 axes and a figure shows two");
    assert_int_equal(scratch_entries(), 1);
    made.sizes[0] = 1;
    figure_grid_write(&made, figure_linear, scratch_path("a.nc"));
    figure_draw("a.nc", NULL, "a.png");
    block_read("a.dat", "cells", &block);
    assert_int_equal(block.count, 32);
    made.sizes[2] = 1;
    figure_grid_write(&made, figure_linear, scratch_path("a.nc"));
    figure_draw("a.nc", NULL, "a.png");
    block_read("a.dat", "curves", &block);
    assert_int_equal(block.count, 11);
    scratch_remove();
}

/* ---- curves -------------------------------------------------------------------------------------------- */

static void test_curves(void **state) {
    (void)state;
    MadeSpec made = figure_shape(EPNET_STATIONARY, 1);
    scratch_make();
    figure_grid_write(&made, figure_powers, scratch_path("a.nc"));
    figure_draw("a.nc", NULL, "a.png");
    figure_check_png("a.png");
    block_read("a.dat", "curves", &block);
    assert_int_equal(block.count, 9);
    assert_int_equal(block.width, 6);
    for (size_t k = 0; k < block.count; k++) {
        const size_t cut = EPNET_COLUMNS;
        const double *row = block.values[k], x = row[0];
        if (k == 5) {
            for (int c = 1; c < 6; c++)
                assert_true(isnan(row[c])); /* the failed point */
            continue;
        }
        check_near(row[1] / figure_powers(cut + EPNET_CUT_MUTUAL_INFORMATION, x, x, 0), 1, 1e-9, "quantity");
        check_near(row[2] / figure_powers(cut + EPNET_CUT_INFORMATION_FLOW, x, x, 0), 1, 1e-9, "flow");
        check_near(row[3] / figure_powers(cut + EPNET_CUT_FLOW_BOUND, x, x, 0), 1, 1e-9, "theorem");
        check_near(row[4] / (log(2) * figure_powers(cut + EPNET_CUT_CAPACITY, x, x, 0)), 1, 1e-9, "capacity");
        check_near(row[5] / figure_powers(cut + EPNET_CUT_ENTROPY_PRODUCTION, x, x, 0), 1, 1e-9,
                   "production");
    }
    /* capacity and production cross where x = 0.7 x^0.25 */
    char arrow[64];
    snprintf(arrow, sizeof arrow, "set arrow 1 from first %.12g,", pow(0.7, 4.0 / 3));
    assert_true(figure_contains("a.gp", arrow));

    figure_grid_write(&made, infinite_everywhere, scratch_path("b.nc"));
    figure_draw("b.nc", NULL, "b.png");
    assert_true(figure_contains("b.gp", "EP_{across} (infinite)"));
    assert_true(figure_contains("b.gp", "infinite at 8 of 9 points"));
    made.cut_count = 0;
    figure_grid_write(&made, figure_linear, scratch_path("c.nc"));
    figure_draw("c.nc", NULL, "c.png");
    assert_false(figure_contains("c.gp", "multiplot"));
    block_read("c.dat", "curves", &block);
    assert_int_equal(block.width, 2);
    scratch_remove();
}

/* With several cuts the bounds are those of the cut that is asked for. */
static void test_bounds_follow_the_cut(void **state) {
    (void)state;
    MadeSpec made = figure_shape(EPNET_STATIONARY, 1);
    made.cut_count = 2;
    scratch_make();
    figure_grid_write(&made, figure_linear, scratch_path("a.nc"));
    for (size_t cut = 0; cut < 2; cut++) {
        const char *const names[] = {NULL, "cut_entropy_production_1"};
        size_t of_cut = EPNET_COLUMNS + cut * EPNET_CUT_COLUMNS;
        figure_draw("a.nc", names[cut], "a.png");
        block_read("a.dat", "curves", &block);
        double x = block.values[0][0];
        check_near(block.values[0][4], log(2) * figure_linear(of_cut + EPNET_CUT_CAPACITY, x, x, 0), 1e-9,
                   "capacity");
        assert_true(figure_contains("a.gp", cut == 0 ? "\\{0\\}" : "\\{0,1\\}"));
    }
    scratch_remove();
}

/* ---- trajectory ---------------------------------------------------------------------------------------- */

static void test_trajectory(void **state) {
    (void)state;
    MadeSpec made = figure_shape(EPNET_TRAJECTORY, 0);
    scratch_make();
    figure_grid_write(&made, figure_course, scratch_path("a.nc"));
    figure_draw("a.nc", NULL, "a.png");
    figure_check_png("a.png");
    block_read("a.dat", "trajectory", &block);
    assert_int_equal(block.count, 21);
    assert_int_equal(block.width, 5);
    for (size_t k = 0; k < block.count; k++) {
        double t = 0.5 * (double)k;
        check_near(block.values[k][0], t, 1e-10, "time");
        check_near(block.values[k][1], figure_course(EPNET_MULTIINFORMATION_RATE, 1, 1, t), 1e-10, "rate");
        assert_int_equal(isnan(block.values[k][2]), k == 0);
        check_near(block.values[k][4], figure_course(EPNET_MULTIINFORMATION_RATE_EULER, 1, 1, t), 1e-10,
                   "euler");
    }
    assert_true(figure_contains("a.gp", "maximum 0.4 nat/s at {/:Italic t} = 2 s"));
    assert_true(figure_contains("a.gp", "EP is infinite at {/:Italic t} = 0"));
    assert_true(figure_contains("a.gp", "> EP at 5 of 21 samples")); /* t = 8 .. 10 */
    made.method = EPNET_RK4;
    figure_grid_write(&made, figure_course, scratch_path("b.nc"));
    figure_draw("b.nc", NULL, "b.png");
    assert_false(figure_contains("b.gp", "finite difference"));
    figure_draw("b.nc", "entropy_production", "b.png");
    block_read("b.dat", "trajectory", &block);
    assert_int_equal(block.width, 2);
    assert_true(figure_contains("b.gp", "infinite at 1 of 21 samples"));
    figure_draw_fails(EPNET_USAGE, "b.nc", "multiinformation_max", "b.png", "cut_capacity");
    scratch_remove();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heatmap),        cmocka_unit_test(test_kink),
        cmocka_unit_test(test_contours),       cmocka_unit_test(test_linear_colours_and_axes),
        cmocka_unit_test(test_infinite_cells), cmocka_unit_test(test_single_valued_axis),
        cmocka_unit_test(test_curves),         cmocka_unit_test(test_bounds_follow_the_cut),
        cmocka_unit_test(test_trajectory),
    };
    return cmocka_run_group_tests_name("figure", tests, NULL, NULL);
}

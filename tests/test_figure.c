/* Figures: script, data and picture are made, the same every time and by hand; what they show is recomputed
 * from what was written; and whatever is in the way of a figure is said. */
#include "columns.h"
#include "dataset.h"
#include "support/check.h"
#include "support/made_spec.h"
#include "support/scratch.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- grid files
 * ---------------------------------------------------------------------------------------------- */

static MadeSpec shape(EpnetKind kind, size_t axis_count) {
    return (MadeSpec){.title = "A made sweep",
                      .nodes = 3,
                      .kind = kind,
                      .method = EPNET_EULER,
                      .keep = EPNET_KEEP_YES,
                      .cut_count = 1,
                      .time_count = kind == EPNET_TRAJECTORY ? 21 : 0,
                      .axis_count = axis_count,
                      .keys = {EPNET_AXIS_DRIVE, EPNET_AXIS_COPY_TOTAL, EPNET_AXIS_FLIP_UP},
                      .log = {true, true, false},
                      .sizes = {9, 11, 3}};
}

/* Value of one column: `x` and `y` are the axes' values (y the first axis), `t` the time. */
typedef double Formula(size_t index, double x, double y, double t);

static void row_fill(const EpnetSpec *spec, Formula *formula, size_t point, double t, double *row) {
    double axes[EPNET_AXIS_KEYS] = {1, 1};
    epnet_grid_values(spec->axes, spec->axis_count, point, axes);
    double y = axes[0], x = spec->axis_count > 1 ? axes[1] : axes[0];
    for (size_t c = 0; c < epnet_row_width(spec->cut_count); c++)
        row[c] = formula(c, x, y, t);
}

/* Write the grid file of a spec with rows from a formula; point 5 of several has failed. */
static void grid_write(const MadeSpec *made, Formula *formula, const char *path) {
    EpnetSpec *spec = made_spec(made);
    size_t points = epnet_grid_points(spec->axes, spec->axis_count), times = spec->time_count;
    size_t width = epnet_row_width(spec->cut_count);
    EpnetRows rows = made_rows(spec, 0, points, times > 0);
    for (size_t k = 0; k < points; k++) {
        bool failed = points > 1 && k == 5;
        rows.status[k] = failed ? EPNET_POINT_NOT_CONVERGED : EPNET_POINT_OK;
        row_fill(spec, formula, k, times > 0 ? spec->times[times - 1] : 0, rows.last + k * width);
        for (size_t t = 0; t < times; t++)
            row_fill(spec, formula, k, spec->times[t], rows.trajectory + (k * times + t) * width);
        for (size_t c = 0; failed && c < width; c++)
            rows.last[k * width + c] = NAN;
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

/* Capacity and production across the cut such that capacity ln 2 = production where y = 0.7 x^0.25;
 * everything else spans decades. */
static double powers(size_t index, double x, double y, double t) {
    (void)t;
    if (index == EPNET_COLUMNS + EPNET_CUT_CAPACITY)
        return 0.6 * x;
    if (index == EPNET_COLUMNS + EPNET_CUT_ENTROPY_PRODUCTION)
        return 0.6 * log(2) * x * pow(y / (0.7 * pow(x, 0.25)), 2);
    return 1e-3 * pow(x, 1.5) * y * (1 + (double)index);
}

static double linear(size_t index, double x, double y, double t) {
    (void)t;
    return (double)index + 0.01 * x - 0.02 * y;
}

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

/* A trajectory as the paper's: dI/dt peaks at t = 2 with 0.4, the production is infinite at t = 0 and falls
 * below dI/dt from t = 8 on. */
static double course(size_t index, double x, double y, double t) {
    (void)x;
    (void)y;
    if (index == EPNET_MULTIINFORMATION_RATE)
        return 0.4 * t / 2 * exp(1 - t / 2);
    if (index == EPNET_ENTROPY_PRODUCTION)
        return t == 0 ? INFINITY : t < 7.9 ? 3 * exp(-t / 4) : 1e-3;
    return 0.1 + t + (double)index;
}

/* ---- looking at figures
 * -------------------------------------------------------------------------------------- */

static void draw(const char *grid, const char *quantity, const char *figure) {
    EpnetError error;
    if (epnet_plot(scratch_path(grid), quantity, scratch_path(figure), &error) != EPNET_OK)
        fail_msg("%s", error.message);
}

static void draw_fails(EpnetStatus status, const char *grid, const char *quantity, const char *figure,
                       const char *reason) {
    EpnetError error = {0};
    assert_int_equal(epnet_plot(scratch_path(grid), quantity, scratch_path(figure), &error), status);
    if (strstr(error.message, reason) == NULL)
        fail_msg("%s: no \"%s\"", error.message, reason);
}

static bool file_contains(const char *name, const char *text) {
    char *bytes = file_bytes(scratch_path(name), NULL);
    assert_non_null(bytes);
    bool found = strstr(bytes, text) != NULL;
    free(bytes);
    return found;
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
    return file_contains(name, heading);
}

/* A picture of the size that all have, complete to its last byte. */
static void check_png(const char *name) {
    size_t size;
    unsigned char *bytes = (unsigned char *)file_bytes(scratch_path(name), &size);
    assert_non_null(bytes);
    assert_true(size > 5000);
    assert_memory_equal(bytes, "\x89PNG\r\n\x1a\n", 8);
    assert_memory_equal(bytes + 16, "\0\0\x06\x40\0\0\x04\xb0", 8); /* 1600 x 1200 */
    assert_memory_equal(bytes + size - 8, "IEND\xae\x42\x60\x82", 8);
    free(bytes);
}

/* ---- heatmap
 * ------------------------------------------------------------------------------------------------- */

static Block block; /* large: not on the stack */

static void test_heatmap(void **state) {
    (void)state;
    const MadeSpec made = shape(EPNET_STATIONARY, 2);
    scratch_make();
    grid_write(&made, powers, scratch_path("a.nc"));
    draw("a.nc", NULL, "a.png");
    check_png("a.png");
    assert_true(file_contains("a.gp", "set logscale cb"));
    assert_true(file_contains("a.gp", "1 of 99 points failed (1 not\\_converged)"));
    assert_true(file_contains("a.gp", "title 'failed (1)'"));
    assert_true(file_contains("a.gp", "set logscale x"));
    assert_true(file_contains("a.gp", "set logscale y"));

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
        check_near(cell[6] / powers(EPNET_COLUMNS, cell[0], cell[1], 0), 1, 1e-10, "value");
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
    const MadeSpec made = shape(EPNET_STATIONARY, 2);
    double least = INFINITY, most = 0;
    scratch_make();
    grid_write(&made, powers, scratch_path("a.nc"));
    draw("a.nc", "entropy", "a.svg");
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
    assert_true(file_contains("a.gp", "paper''s kink"));

    grid_write(&made, infinite_everywhere, scratch_path("b.nc")); /* nothing to compare */
    draw("b.nc", NULL, "b.svg");
    assert_false(block_exists("b.dat", "kink"));
    assert_false(file_contains("b.gp", "kink"));
    scratch_remove();
}

/* Contour lines of a power law are straight in the logarithms, broken only for their labels. */
static void test_contours(void **state) {
    (void)state;
    const MadeSpec made = shape(EPNET_STATIONARY, 2);
    scratch_make();
    grid_write(&made, powers, scratch_path("a.nc"));
    draw("a.nc", "entropy", "a.svg");
    block_read("a.dat", "contours", &block);
    assert_true(block.count > 30);
    for (size_t k = 0; k < block.count; k++) {
        double level = log10(powers(EPNET_ENTROPY, block.values[k][0], block.values[k][1], 0));
        check_near(level, round(level), 1e-9, "a power of ten");
        if (block.follows[k])
            check_near(powers(EPNET_ENTROPY, block.values[k][0], block.values[k][1], 0) /
                           powers(EPNET_ENTROPY, block.values[k - 1][0], block.values[k - 1][1], 0),
                       1, 1e-9, "one line, one level");
    }
    assert_true(block_exists("a.dat", "contour labels"));
    scratch_remove();
}

static void test_linear_colours_and_axes(void **state) {
    (void)state;
    MadeSpec made = shape(EPNET_STATIONARY, 2);
    made.log[0] = made.log[1] = false;
    scratch_make();
    grid_write(&made, linear, scratch_path("a.nc"));
    draw("a.nc", "activity", "a.svg");
    assert_false(file_contains("a.gp", "set logscale"));
    block_read("a.dat", "cells", &block);
    for (size_t k = 0; k < block.count; k++) {
        check_near(block.values[k][2], block.values[k][0] - 0.495, 1e-10, "left");
        check_near(block.values[k][5], block.values[k][1] + 9.9 / 16, 1e-10, "top");
    }
    block_read("a.dat", "contours", &block);
    for (size_t k = 0; k < block.count; k++) {
        double level = linear(EPNET_ACTIVITY, block.values[k][0], block.values[k][1], 0) / 0.05;
        check_near(level, round(level), 1e-7, "a round number");
    }
    scratch_remove();
}

/* Infinite cells have their own sign; where nothing else is left there is no colour to explain. */
static void test_infinite_cells(void **state) {
    (void)state;
    const MadeSpec made = shape(EPNET_STATIONARY, 2);
    scratch_make();
    grid_write(&made, infinite_above, scratch_path("a.nc"));
    draw("a.nc", NULL, "a.png");
    check_png("a.png");
    block_read("a.dat", "infinite", &block);
    assert_int_equal(block.count, 22); /* drives of 5.6 and 10 at 11 rates */
    assert_true(file_contains("a.gp", "title 'infinite (22)'"));
    grid_write(&made, infinite_everywhere, scratch_path("b.nc"));
    draw("b.nc", NULL, "b.png");
    check_png("b.png");
    assert_true(file_contains("b.gp", "title 'infinite (98)'"));
    assert_false(file_contains("b.gp", "cbrange"));
    scratch_remove();
}

/* An axis of one value is no axis of a figure. */
static void test_single_valued_axis(void **state) {
    (void)state;
    MadeSpec made = shape(EPNET_STATIONARY, 3);
    scratch_make();
    grid_write(&made, linear, scratch_path("a.nc"));
    draw_fails(EPNET_USAGE, "a.nc", NULL, "a.png", "3 axes and a figure shows two");
    assert_int_equal(scratch_entries(), 1);
    made.sizes[0] = 1;
    grid_write(&made, linear, scratch_path("a.nc"));
    draw("a.nc", NULL, "a.png");
    block_read("a.dat", "cells", &block);
    assert_int_equal(block.count, 32);
    made.sizes[2] = 1;
    grid_write(&made, linear, scratch_path("a.nc"));
    draw("a.nc", NULL, "a.png");
    block_read("a.dat", "curves", &block);
    assert_int_equal(block.count, 11);
    scratch_remove();
}

/* ---- curves
 * -------------------------------------------------------------------------------------------------- */

static void test_curves(void **state) {
    (void)state;
    MadeSpec made = shape(EPNET_STATIONARY, 1);
    scratch_make();
    grid_write(&made, powers, scratch_path("a.nc"));
    draw("a.nc", NULL, "a.png");
    check_png("a.png");
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
        check_near(row[1] / powers(cut + EPNET_CUT_MUTUAL_INFORMATION, x, x, 0), 1, 1e-9, "quantity");
        check_near(row[2] / powers(cut + EPNET_CUT_INFORMATION_FLOW, x, x, 0), 1, 1e-9, "flow");
        check_near(row[3] / powers(cut + EPNET_CUT_FLOW_BOUND, x, x, 0), 1, 1e-9, "theorem");
        check_near(row[4] / (log(2) * powers(cut + EPNET_CUT_CAPACITY, x, x, 0)), 1, 1e-9, "capacity");
        check_near(row[5] / powers(cut + EPNET_CUT_ENTROPY_PRODUCTION, x, x, 0), 1, 1e-9, "production");
    }
    /* capacity and production cross where x = 0.7 x^0.25 */
    char arrow[64];
    snprintf(arrow, sizeof arrow, "set arrow 1 from first %.12g,", pow(0.7, 4.0 / 3));
    assert_true(file_contains("a.gp", arrow));

    grid_write(&made, infinite_everywhere, scratch_path("b.nc"));
    draw("b.nc", NULL, "b.png");
    assert_true(file_contains("b.gp", "EP_{across} (infinite)"));
    assert_true(file_contains("b.gp", "infinite at 8 of 9 points"));
    made.cut_count = 0;
    grid_write(&made, linear, scratch_path("c.nc"));
    draw("c.nc", NULL, "c.png");
    assert_false(file_contains("c.gp", "multiplot"));
    block_read("c.dat", "curves", &block);
    assert_int_equal(block.width, 2);
    scratch_remove();
}

/* With several cuts the bounds are those of the cut that is asked for. */
static void test_bounds_follow_the_cut(void **state) {
    (void)state;
    MadeSpec made = shape(EPNET_STATIONARY, 1);
    made.cut_count = 2;
    scratch_make();
    grid_write(&made, linear, scratch_path("a.nc"));
    for (size_t cut = 0; cut < 2; cut++) {
        const char *const names[] = {NULL, "cut_entropy_production_1"};
        size_t of_cut = EPNET_COLUMNS + cut * EPNET_CUT_COLUMNS;
        draw("a.nc", names[cut], "a.png");
        block_read("a.dat", "curves", &block);
        double x = block.values[0][0];
        check_near(block.values[0][4], log(2) * linear(of_cut + EPNET_CUT_CAPACITY, x, x, 0), 1e-9,
                   "capacity");
        assert_true(file_contains("a.gp", cut == 0 ? "\\{0\\}" : "\\{0,1\\}"));
    }
    scratch_remove();
}

/* ---- trajectory
 * ---------------------------------------------------------------------------------------------- */

static void test_trajectory(void **state) {
    (void)state;
    MadeSpec made = shape(EPNET_TRAJECTORY, 0);
    scratch_make();
    grid_write(&made, course, scratch_path("a.nc"));
    draw("a.nc", NULL, "a.png");
    check_png("a.png");
    block_read("a.dat", "trajectory", &block);
    assert_int_equal(block.count, 21);
    assert_int_equal(block.width, 5);
    for (size_t k = 0; k < block.count; k++) {
        double t = 0.5 * (double)k;
        check_near(block.values[k][0], t, 1e-10, "time");
        check_near(block.values[k][1], course(EPNET_MULTIINFORMATION_RATE, 1, 1, t), 1e-10, "rate");
        assert_int_equal(isnan(block.values[k][2]), k == 0);
        check_near(block.values[k][4], course(EPNET_MULTIINFORMATION_RATE_EULER, 1, 1, t), 1e-10, "euler");
    }
    assert_true(file_contains("a.gp", "maximum 0.4 nat/s at {/:Italic t} = 2 s"));
    assert_true(file_contains("a.gp", "EP is infinite at {/:Italic t} = 0"));
    assert_true(file_contains("a.gp", "> EP at 5 of 21 samples")); /* t = 8 .. 10 */
    made.method = EPNET_RK4;
    grid_write(&made, course, scratch_path("b.nc"));
    draw("b.nc", NULL, "b.png");
    assert_false(file_contains("b.gp", "finite difference"));
    draw("b.nc", "entropy_production", "b.png");
    block_read("b.dat", "trajectory", &block);
    assert_int_equal(block.width, 2);
    assert_true(file_contains("b.gp", "infinite at 1 of 21 samples"));
    draw_fails(EPNET_USAGE, "b.nc", "multiinformation_max", "b.png", "cut_capacity");
    scratch_remove();
}

/* ---- files
 * --------------------------------------------------------------------------------------------------- */

static int shell(const char *format, const char *argument) {
    char command[1024];
    assert_true(snprintf(command, sizeof command, format, argument) < (int)sizeof command);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Twice the same bytes, and a third time by running the script by hand in its folder. */
static void reproduces(const MadeSpec *made, Formula *formula) {
    const char *const extensions[] = {"png", "svg"};
    const char *folder = scratch_make();
    grid_write(made, formula, scratch_path("a.nc"));
    for (int k = 0; k < 2; k++) {
        char one[16], other[16];
        snprintf(one, sizeof one, "a.%s", extensions[k]);
        snprintf(other, sizeof other, "b.%s", extensions[k]);
        draw("a.nc", NULL, one);
        assert_int_equal(rename(scratch_path(one), scratch_path(other)), 0);
        draw("a.nc", NULL, one);
        assert_true(files_equal(scratch_path(one), scratch_path(other)));
        assert_int_equal(unlink(scratch_path(one)), 0);
        assert_int_equal(shell("cd '%s' && gnuplot -d a.gp", folder), 0);
        assert_true(files_equal(scratch_path(one), scratch_path(other)));
    }
    scratch_remove();
}

static void test_reproducible(void **state) {
    (void)state;
    const MadeSpec heatmap = shape(EPNET_STATIONARY, 2), curves = shape(EPNET_STATIONARY, 1);
    const MadeSpec trajectory = shape(EPNET_TRAJECTORY, 0);
    reproduces(&heatmap, powers);
    reproduces(&curves, powers);
    reproduces(&trajectory, course);
}

/* A title is text and nothing else: no command of gnuplot or the shell, no markup. */
static void test_hostile_title(void **state) {
    (void)state;
    MadeSpec made = shape(EPNET_STATIONARY, 1);
    char title[256];
    const char *folder = scratch_make();
    snprintf(title, sizeof title, "_a^b {x} @y & ~z it's \"q\" `touch %s/b` \\\n!", folder);
    made.title = title;
    grid_write(&made, linear, scratch_path("a.nc"));
    draw("a.nc", NULL, "a.png");
    check_png("a.png");
    assert_int_equal(scratch_entries(), 4);
    assert_true(file_contains("a.gp", "\\_a\\^b \\{x\\} \\@y \\& \\~z"));
    scratch_remove();
}

static void test_names(void **state) {
    (void)state;
    const MadeSpec made = shape(EPNET_STATIONARY, 1);
    const char *const names[] = {"it's a figure.png", "-d.png", "A.PNG", ".hidden.svg"};
    const char *folder = scratch_make();
    char here[512];
    grid_write(&made, linear, scratch_path("a.nc"));
    for (int k = 0; k < 4; k++) {
        draw("a.nc", NULL, names[k]);
        assert_true(file_exists(scratch_path(names[k])));
    }
    assert_int_equal(scratch_entries(), 13);
    draw_fails(EPNET_USAGE, "a.nc", NULL, "a.pdf", "ends in .png or .svg");
    draw_fails(EPNET_USAGE, "a.nc", NULL, "png", "ends in .png or .svg");
    draw_fails(EPNET_USAGE, "a.nc", NULL, "a\n.png", "control character");
    /* in the current folder, and through a link to a picture elsewhere */
    EpnetError error;
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(epnet_plot("a.nc", NULL, "here.png", &error), EPNET_OK);
    assert_int_equal(symlink("here.png", "link.png"), 0);
    assert_int_equal(epnet_plot("a.nc", NULL, "link.png", &error), EPNET_OK);
    assert_int_equal(chdir(here), 0);
    assert_true(files_equal(scratch_path("here.png"), scratch_path("link.png")));
    check_png("here.png");
    scratch_remove();
}

/* A program called gnuplot that is not gnuplot. */
static void impostor_make(const char *script) {
    file_write(scratch_path("gnuplot"), script, strlen(script));
    assert_int_equal(chmod(scratch_path("gnuplot"), 0755), 0);
}

static void test_gnuplot_failures(void **state) {
    (void)state;
    const MadeSpec made = shape(EPNET_STATIONARY, 1);
    char *path = strdup(getenv("PATH"));
    const char *folder = scratch_make();
    grid_write(&made, linear, scratch_path("a.nc"));
    file_write(scratch_path("a.png"), "old", 3);
    assert_int_equal(setenv("PATH", folder, 1), 0);
    draw_fails(EPNET_IO, "a.nc", NULL, "a.png", "install gnuplot-nox");
    impostor_make("#!/bin/sh\necho 'a b' >&2\necho c\nexit 3\n");
    draw_fails(EPNET_IO, "a.nc", NULL, "a.png", "a b c");
    impostor_make("#!/bin/sh\nexit 3\n");
    draw_fails(EPNET_IO, "a.nc", NULL, "a.png", "it says nothing");
    impostor_make("#!/bin/sh\nexit 0\n");
    draw_fails(EPNET_IO, "a.nc", NULL, "a.png", "incomplete");
    impostor_make("#!/bin/sh\nkill -9 $$\n");
    draw_fails(EPNET_IO, "a.nc", NULL, "a.png", "gnuplot failed");
    assert_int_equal(setenv("PATH", path, 1), 0);
    free(path);
    /* the old picture is untouched; script and data stay for a look */
    char *old = file_bytes(scratch_path("a.png"), NULL);
    assert_string_equal(old, "old");
    free(old);
    assert_int_equal(scratch_entries(), 5);
    scratch_remove();
}

static void test_failures(void **state) {
    (void)state;
    MadeSpec made = shape(EPNET_STATIONARY, 2);
    scratch_make();
    grid_write(&made, linear, scratch_path("a.nc"));
    draw_fails(EPNET_USAGE, "a.nc", "capacity", "a.png", "cut_capacity");
    draw_fails(EPNET_USAGE, "a.nc", "capacity", "a.png", "\"capacity\"");
    draw_fails(EPNET_IO, "missing.nc", NULL, "a.png", strerror(ENOENT));
    draw_fails(EPNET_IO, "a.nc", NULL, "no/a.png", strerror(ENOENT));
    assert_int_equal(mkdir(scratch_path("b.png"), 0755), 0);
    draw_fails(EPNET_IO, "a.nc", NULL, "b.png", "it is a directory");
    assert_int_equal(mkdir(scratch_path("c.dat"), 0755), 0);
    draw_fails(EPNET_IO, "a.nc", NULL, "c.png", "it is a directory");
    assert_int_equal(scratch_entries(), 3);
    made = shape(EPNET_STATIONARY, 0);
    grid_write(&made, linear, scratch_path("a.nc"));
    draw_fails(EPNET_USAGE, "a.nc", NULL, "a.png", "sweep a key of [network];");
    made = shape(EPNET_TRAJECTORY, 0);
    made.keep = EPNET_KEEP_NO;
    grid_write(&made, linear, scratch_path("a.nc"));
    draw_fails(EPNET_USAGE, "a.nc", NULL, "a.png", "[output] trajectories = true");
    scratch_remove();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heatmap),          cmocka_unit_test(test_kink),
        cmocka_unit_test(test_contours),         cmocka_unit_test(test_linear_colours_and_axes),
        cmocka_unit_test(test_infinite_cells),   cmocka_unit_test(test_single_valued_axis),
        cmocka_unit_test(test_curves),           cmocka_unit_test(test_bounds_follow_the_cut),
        cmocka_unit_test(test_trajectory),       cmocka_unit_test(test_reproducible),
        cmocka_unit_test(test_hostile_title),    cmocka_unit_test(test_names),
        cmocka_unit_test(test_gnuplot_failures), cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests_name("figure", tests, NULL, NULL);
}

/* Contour lines: on functions whose lines are known, on saddles, round holes, and nowhere else. */
#include "contour.h"
#include "support/check.h"

#include <math.h>
#include <stdlib.h>

enum { NX = 31, NY = 23 };

typedef struct Grid {
    double x[NX], y[NY], z[NX * NY];
} Grid;

/* Unequal steps in both directions, x in [-1.1, 1.3], y in [-1.2, 1]. */
static void grid_fill(Grid *grid, double (*f)(double x, double y)) {
    for (int i = 0; i < NX; i++)
        grid->x[i] = -1.1 + 2.4 * (i + 0.2 * sin(i * 6.28318530717958648 * 2 / (NX - 1))) / (NX - 1);
    for (int j = 0; j < NY; j++)
        grid->y[j] = -1.2 + 2.2 * pow((double)j / (NY - 1), 1.2);
    for (int j = 0; j < NY; j++)
        for (int i = 0; i < NX; i++)
            grid->z[j * NX + i] = f(grid->x[i], grid->y[j]);
}

static EpnetContour contour_of(const Grid *grid, double level) {
    EpnetContour contour;
    EpnetError error;
    assert_int_equal(epnet_contour_find(NX, NY, grid->x, grid->y, grid->z, level, &contour, &error),
                     EPNET_OK);
    return contour;
}

static bool line_closed(const EpnetPolyline *line) {
    return line->x[0] == line->x[line->count - 1] && line->y[0] == line->y[line->count - 1];
}

static bool on_border(const Grid *grid, double x, double y) {
    return x == grid->x[0] || x == grid->x[NX - 1] || y == grid->y[0] || y == grid->y[NY - 1];
}

static double plane(double x, double y) {
    return 0.3 + 2 * x - 1.5 * y;
}
static double cone(double x, double y) {
    return hypot(x - 0.1, y + 0.05);
}
static double saddle(double x, double y) {
    return x * y;
}

/* A plane is linear along every edge: the line is exact, one piece, from border to border. */
static void test_plane(void **state) {
    (void)state;
    Grid grid;
    grid_fill(&grid, plane);
    EpnetContour contour = contour_of(&grid, 0.7);
    assert_int_equal(contour.count, 1);
    const EpnetPolyline *line = &contour.lines[0];
    assert_true(line->count > NY);
    for (size_t k = 0; k < line->count; k++)
        check_near(plane(line->x[k], line->y[k]), 0.7, 1e-14, "the plane on its line");
    assert_true(on_border(&grid, line->x[0], line->y[0]));
    assert_true(on_border(&grid, line->x[line->count - 1], line->y[line->count - 1]));
    epnet_contour_free(&contour);
    contour = contour_of(&grid, 1e3);
    assert_int_equal(contour.count, 0);
    epnet_contour_free(&contour);
}

/* The lines of a cone are circles: closed, and as near to them as linear interpolation allows. */
static void test_circle(void **state) {
    (void)state;
    Grid grid;
    grid_fill(&grid, cone);
    EpnetContour contour = contour_of(&grid, 0.8);
    assert_int_equal(contour.count, 1);
    const EpnetPolyline *line = &contour.lines[0];
    assert_true(line_closed(line));
    double length = 0;
    for (size_t k = 0; k < line->count; k++)
        check_near(cone(line->x[k], line->y[k]), 0.8, 3e-3, "radius");
    for (size_t k = 1; k < line->count; k++)
        length += hypot(line->x[k] - line->x[k - 1], line->y[k] - line->y[k - 1]);
    check_near(length, 2 * acos(-1) * 0.8, 0.02, "circumference");
    epnet_contour_free(&contour);
}

/* Two branches, and they never touch, though cells near the origin have four crossed edges. */
static void test_saddle(void **state) {
    (void)state;
    Grid grid;
    grid_fill(&grid, saddle);
    for (double level = -1e-3; level <= 1e-3; level += 2e-3) {
        EpnetContour contour = contour_of(&grid, level);
        assert_int_equal(contour.count, 2);
        for (size_t k = 0; k < contour.count; k++)
            for (size_t p = 1; p < contour.lines[k].count; p++)
                assert_true((contour.lines[k].x[p] > 0) == (contour.lines[k].x[0] > 0) ||
                            fabs(contour.lines[k].x[p]) < 0.1);
        epnet_contour_free(&contour);
    }
}

/* A cell with a corner that is not finite has no line: the circle opens there. */
static void test_hole(void **state) {
    (void)state;
    const double holes[] = {NAN, INFINITY, -INFINITY};
    for (int hole = 0; hole < 3; hole++) {
        Grid grid;
        grid_fill(&grid, cone);
        size_t nearest = 0;
        for (size_t i = 0; i < NX; i++)
            if (fabs(grid.x[i] - 0.9) < fabs(grid.x[nearest] - 0.9))
                nearest = i;
        size_t row = NY / 2;
        while (grid.y[row] < -0.05)
            row++;
        grid.z[row * NX + nearest] = holes[hole];
        EpnetContour contour = contour_of(&grid, 0.8);
        assert_int_equal(contour.count, 1);
        const EpnetPolyline *line = &contour.lines[0];
        assert_false(line_closed(line));
        for (size_t k = 0; k < line->count; k++) {
            assert_true(isfinite(line->x[k]) && isfinite(line->y[k]));
            assert_false(line->x[k] > grid.x[nearest - 1] && line->x[k] < grid.x[nearest + 1] &&
                         line->y[k] > grid.y[row - 1] && line->y[k] < grid.y[row + 1]);
        }
        epnet_contour_free(&contour);
    }
}

/* Values that equal the level lie on its lower side: nothing is lost or doubled. */
static void test_level_on_nodes(void **state) {
    (void)state;
    const double x[] = {0, 1, 2}, y[] = {0, 1, 2};
    const double z[] = {0, 0, 0, 0, 1, 0, 0, 0, 0};
    EpnetContour contour;
    assert_int_equal(epnet_contour_find(3, 3, x, y, z, 0, &contour, NULL), EPNET_OK);
    assert_int_equal(contour.count, 1);
    assert_int_equal(contour.lines[0].count, 5);
    assert_true(line_closed(&contour.lines[0]));
    epnet_contour_free(&contour);
    assert_int_equal(epnet_contour_find(3, 3, x, y, z, 1, &contour, NULL), EPNET_OK);
    assert_int_equal(contour.count, 0);
    epnet_contour_free(&contour);
    assert_int_equal(epnet_contour_find(3, 1, x, y, z, 0.5, &contour, NULL), EPNET_OK);
    assert_int_equal(contour.count, 0);
    epnet_contour_free(&contour);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plane), cmocka_unit_test(test_circle),         cmocka_unit_test(test_saddle),
        cmocka_unit_test(test_hole),  cmocka_unit_test(test_level_on_nodes),
    };
    return cmocka_run_group_tests_name("contour", tests, NULL, NULL);
}

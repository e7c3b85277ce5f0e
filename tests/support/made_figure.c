#include "made_figure.h"

#include "check.h"
#include "scratch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

MadeSpec figure_shape(EpnetKind kind, size_t axis_count) {
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

static void row_fill(const EpnetSpec *spec, Formula *formula, size_t point, double t, double *row) {
    double axes[EPNET_AXIS_KEYS] = {1, 1};
    epnet_grid_values(spec->axes, spec->axis_count, point, axes);
    double y = axes[0], x = spec->axis_count > 1 ? axes[1] : axes[0];
    for (size_t c = 0; c < epnet_row_width(spec->cut_count); c++)
        row[c] = formula(c, x, y, t);
}

void figure_grid_write(const MadeSpec *made, Formula *formula, const char *path) {
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

double figure_powers(size_t index, double x, double y, double t) {
    (void)t;
    if (index == EPNET_COLUMNS + EPNET_CUT_CAPACITY)
        return 0.6 * x;
    if (index == EPNET_COLUMNS + EPNET_CUT_ENTROPY_PRODUCTION)
        return 0.6 * log(2) * x * pow(y / (0.7 * pow(x, 0.25)), 2);
    return 1e-3 * pow(x, 1.5) * y * (1 + (double)index);
}

double figure_linear(size_t index, double x, double y, double t) {
    (void)t;
    return (double)index + 0.01 * x - 0.02 * y;
}

double figure_course(size_t index, double x, double y, double t) {
    (void)x;
    (void)y;
    if (index == EPNET_MULTIINFORMATION_RATE)
        return 0.4 * t / 2 * exp(1 - t / 2);
    if (index == EPNET_ENTROPY_PRODUCTION)
        return t == 0 ? INFINITY : t < 7.9 ? 3 * exp(-t / 4) : 1e-3;
    return 0.1 + t + (double)index;
}

void figure_draw(const char *grid, const char *quantity, const char *figure) {
    EpnetError error;
    if (epnet_plot(scratch_path(grid), quantity, scratch_path(figure), &error) != EPNET_OK)
        fail_msg("%s", error.message);
}

void figure_draw_fails(EpnetStatus status, const char *grid, const char *quantity, const char *figure,
                       const char *reason) {
    EpnetError error = {0};
    assert_int_equal(epnet_plot(scratch_path(grid), quantity, scratch_path(figure), &error), status);
    if (strstr(error.message, reason) == NULL)
        fail_msg("%s: no \"%s\"", error.message, reason);
}

bool figure_contains(const char *name, const char *text) {
    char *bytes = file_bytes(scratch_path(name), NULL);
    assert_non_null(bytes);
    bool found = strstr(bytes, text) != NULL;
    free(bytes);
    return found;
}

void figure_check_png(const char *name) {
    size_t size;
    unsigned char *bytes = (unsigned char *)file_bytes(scratch_path(name), &size);
    assert_non_null(bytes);
    assert_true(size > 5000);
    assert_memory_equal(bytes, "\x89PNG\r\n\x1a\n", 8);
    assert_memory_equal(bytes + 16, "\0\0\x06\x40\0\0\x04\xb0", 8); /* 1600 x 1200 */
    assert_memory_equal(bytes + size - 8, "IEND\xae\x42\x60\x82", 8);
    free(bytes);
}

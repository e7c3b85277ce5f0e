#include "kink_row.h"

#include "status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

EpnetStatus epnet_grid_rows(const EpnetResult *result, EpnetGridRows *rows, EpnetError *error) {
    size_t stride = result->points;
    for (size_t a = 0; a < result->axis_count; a++) {
        const EpnetResultAxis *axis = &result->axes[a];
        stride /= axis->size;
        if (strcmp(axis->name, "copy_total") != 0 && strcmp(axis->name, "copy_rate") != 0)
            continue;
        *rows = (EpnetGridRows){axis, result->points / axis->size, axis->size, stride};
        return EPNET_OK;
    }
    return epnet_fail(error, EPNET_USAGE,
                      "%s has no rows along a copy axis: sweep copy_total or copy_rate to look for kinks",
                      result->path);
}

size_t epnet_grid_row_start(const EpnetGridRows *rows, size_t row) {
    return row / rows->stride * rows->stride * rows->size + row % rows->stride;
}

/* Samples ln C, ln I where both exist, in increasing order of C and no C twice. Returns their number. */
static size_t samples_take(const EpnetGridRows *rows, const double *values, size_t step, double *x,
                           double *y) {
    size_t count = 0;
    for (size_t k = 0; k < rows->size; k++) {
        double log_c = log(rows->axis->values[k]), log_i = log(values[k * step]);
        size_t at = count;
        while (at > 0 && x[at - 1] > log_c)
            at--;
        if (!isfinite(log_c) || !isfinite(log_i) || (at > 0 && x[at - 1] == log_c))
            continue;
        memmove(x + at + 1, x + at, (count - at) * sizeof *x);
        memmove(y + at + 1, y + at, (count - at) * sizeof *y);
        x[at] = log_c;
        y[at] = log_i;
        count++;
    }
    return count;
}

static void maxima_set(size_t n, const double *x, const double *y, EpnetRowShape *shape) {
    EpnetKink *kink = &shape->kink;
    kink->maxima = epnet_maxima_find(n, x, y, EPNET_ROW_MAXIMA, shape->maxima);
    for (size_t k = 0; k < kink->maxima && k < EPNET_ROW_MAXIMA; k++) {
        shape->maxima[k] = (EpnetMaximum){exp(shape->maxima[k].x), exp(shape->maxima[k].y)};
        if (k > 0 && shape->maxima[k].y <= kink->maximum_value)
            continue;
        kink->maximum = shape->maxima[k].x;
        kink->maximum_value = shape->maxima[k].y;
    }
}

EpnetStatus epnet_row_measure(const EpnetGridRows *rows, const double *values, size_t step,
                              EpnetRowShape *shape, EpnetError *error) {
    EpnetCorner corner;
    *shape = (EpnetRowShape){
        .kink = {.position = NAN, .low = NAN, .high = NAN, .maximum = NAN, .maximum_value = NAN}};
    double *x = epnet_calloc(rows->size, 2 * sizeof *x);
    if (x == NULL)
        return epnet_fail_memory(error, rows->size * 2 * sizeof *x, "a row of the grid");
    double *y = x + rows->size;
    size_t n = samples_take(rows, values, step, x, y);
    EpnetStatus status = epnet_corner_find(n, x, y, &corner, error);
    if (status == EPNET_OK) {
        shape->kink.verdict = corner.verdict;
        shape->kink.samples = n;
        shape->kink.delta_bic = corner.delta_bic;
        if (corner.verdict == EPNET_KINK_FOUND) {
            shape->kink.position = exp(corner.position);
            shape->kink.low = exp(corner.low);
            shape->kink.high = exp(corner.high);
        }
        maxima_set(n, x, y, shape);
    }
    free(x);
    return status;
}

EpnetStatus epnet_kink(const EpnetResult *result, const char *quantity, size_t point, EpnetKink *kink,
                       EpnetError *error) {
    EpnetGridRows rows;
    EpnetRowShape shape;
    size_t column = quantity != NULL ? epnet_result_find(result, quantity) : epnet_result_natural(result);
    EpnetStatus status = epnet_grid_rows(result, &rows, error);
    if (status == EPNET_OK && column == result->column_count)
        status = epnet_result_fail_column(result, EPNET_TABLE_POINTS,
                                          quantity != NULL ? quantity : "multiinformation", error);
    if (status == EPNET_OK && point >= result->points)
        status = epnet_fail(error, EPNET_USAGE, "%s: no point %zu, it has %zu", result->path, point,
                            result->points);
    if (status != EPNET_OK)
        return status;
    double *values = epnet_calloc(rows.size, sizeof *values);
    if (values == NULL)
        return epnet_fail_memory(error, rows.size * sizeof *values, "a row of the grid");
    size_t block = rows.stride * rows.size, first = point / block * block + point % rows.stride;
    for (size_t k = 0; k < rows.size && status == EPNET_OK; k++)
        status = epnet_result_rows(result, EPNET_TABLE_POINTS, column, first + k * rows.stride, 1, values + k,
                                   error);
    if (status == EPNET_OK)
        status = epnet_row_measure(&rows, values, 1, &shape, error);
    if (status == EPNET_OK)
        *kink = shape.kink;
    free(values);
    return status;
}

const char *epnet_kink_name(EpnetKinkVerdict verdict) {
    return verdict == EPNET_KINK_FOUND ? "found" : "none";
}

const char *epnet_kink_reason(EpnetKinkVerdict verdict) {
    switch (verdict) {
    case EPNET_KINK_FOUND:
        return "corner";
    case EPNET_KINK_TOO_FEW:
        return "samples";
    case EPNET_KINK_CUBIC:
        return "cubic";
    case EPNET_KINK_MOVES:
        return "window";
    case EPNET_KINK_SMOOTH:
        return "smooth";
    }
    return "";
}

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

/* ln C and ln I in increasing order of C and no C twice; ln I is NaN where a point has none. Returns their
 * number.
 */
static size_t samples_take(const EpnetGridRows *rows, const double *values, size_t step, double *x,
                           double *y) {
    size_t count = 0;
    for (size_t k = 0; k < rows->size; k++) {
        double log_c = log(rows->axis->values[k]), log_i = log(values[k * step]);
        size_t at = count;
        while (at > 0 && x[at - 1] > log_c)
            at--;
        if (!isfinite(log_c) || (at > 0 && x[at - 1] == log_c))
            continue;
        memmove(x + at + 1, x + at, (count - at) * sizeof *x);
        memmove(y + at + 1, y + at, (count - at) * sizeof *y);
        x[at] = log_c;
        y[at] = isfinite(log_i) ? log_i : NAN;
        count++;
    }
    return count;
}

/* The next stretch of samples without a gap, from *first on: its number of samples, 0 at the end. What
 * happens in a gap is not known: nothing is measured across it. */
static size_t stretch_find(size_t n, const double *y, size_t *first) {
    while (*first < n && isnan(y[*first]))
        ++*first;
    size_t last = *first;
    while (last < n && !isnan(y[last]))
        last++;
    return last - *first;
}

/* Add the maxima of a stretch; `work` has room for one per sample. */
static void maxima_add(size_t n, const double *x, const double *y, EpnetMaximum *work, EpnetRowShape *shape) {
    EpnetKink *kink = &shape->kink;
    size_t found = epnet_maxima_find(n, x, y, n, work);
    for (size_t k = 0; k < found; k++) {
        const EpnetMaximum maximum = {exp(work[k].x), exp(work[k].y)};
        if (kink->maxima < EPNET_ROW_MAXIMA)
            shape->maxima[kink->maxima] = maximum;
        if (kink->maxima++ == 0 || maximum.y > kink->maximum_value) {
            kink->maximum = maximum.x;
            kink->maximum_value = maximum.y;
        }
    }
}

/* Look for a kink in a stretch. */
static EpnetStatus kink_measure(size_t n, const double *x, const double *y, EpnetKink *kink,
                                EpnetError *error) {
    EpnetCorner corner;
    EpnetStatus status = epnet_corner_find(n, x, y, &corner, error);
    if (status != EPNET_OK)
        return status;
    kink->verdict = corner.verdict;
    kink->samples = n;
    kink->delta_bic = corner.delta_bic;
    if (corner.verdict == EPNET_KINK_FOUND) {
        kink->position = exp(corner.position);
        kink->low = exp(corner.low);
        kink->high = exp(corner.high);
    }
    return EPNET_OK;
}

EpnetStatus epnet_row_measure(const EpnetGridRows *rows, const double *values, size_t step,
                              EpnetRowShape *shape, EpnetError *error) {
    *shape = (EpnetRowShape){
        .kink = {.position = NAN, .low = NAN, .high = NAN, .maximum = NAN, .maximum_value = NAN}};
    double *x = epnet_calloc(rows->size, 2 * sizeof *x);
    EpnetMaximum *work = epnet_calloc(rows->size, sizeof *work);
    if (x == NULL || work == NULL) {
        free(x);
        free(work);
        return epnet_fail_memory(error, rows->size * 4 * sizeof *x, "a row of the grid");
    }
    double *y = x + rows->size;
    size_t n = samples_take(rows, values, step, x, y), longest = 0, longest_first = 0, length;
    for (size_t first = 0; (length = stretch_find(n, y, &first)) > 0; first += length) {
        maxima_add(length, x + first, y + first, work, shape);
        if (length > longest) {
            longest = length;
            longest_first = first;
        }
    }
    EpnetStatus status = kink_measure(longest, x + longest_first, y + longest_first, &shape->kink, error);
    free(x);
    free(work);
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

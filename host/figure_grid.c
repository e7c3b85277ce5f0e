#include "figure_grid.h"

#include "status.h"

#include <math.h>
#include <stdlib.h>

static double scale(const EpnetDirection *direction, double value) {
    return direction->log ? log10(value) : value;
}

double epnet_direction_unscale(const EpnetDirection *direction, double scaled) {
    return direction->log ? pow(10, scaled) : scaled;
}

static void direction_sort(EpnetDirection *direction) {
    const double *values = direction->axis->values;
    for (size_t k = 0; k < direction->axis->size; k++) {
        if (!isfinite(values[k]))
            continue;
        size_t at = direction->size++;
        for (; at > 0 && values[direction->order[at - 1]] > values[k]; at--)
            direction->order[at] = direction->order[at - 1];
        direction->order[at] = k;
    }
}

static void borders_set(EpnetDirection *d) {
    size_t n = d->size;
    for (size_t k = 1; k < n; k++)
        d->borders[k] = epnet_direction_unscale(d, (d->scaled[k - 1] + d->scaled[k]) / 2);
    double first = n > 1 ? (d->scaled[1] - d->scaled[0]) / 2 : 0.5;
    double last = n > 1 ? (d->scaled[n - 1] - d->scaled[n - 2]) / 2 : 0.5;
    d->borders[0] = epnet_direction_unscale(d, d->scaled[0] - first);
    d->borders[n] = epnet_direction_unscale(d, d->scaled[n - 1] + last);
}

EpnetStatus epnet_direction_make(EpnetDirection *direction, const EpnetResultAxis *axis, EpnetError *error) {
    *direction = (EpnetDirection){.axis = axis, .log = axis->log};
    direction->order = epnet_calloc(axis->size, sizeof(size_t));
    direction->values = epnet_calloc(3 * axis->size + 1, sizeof(double));
    if (direction->order == NULL || direction->values == NULL)
        return epnet_fail_memory(error, 4 * axis->size * sizeof(double), "an axis");
    direction->scaled = direction->values + axis->size;
    direction->borders = direction->scaled + axis->size;
    direction_sort(direction);
    if (direction->size == 0)
        return epnet_fail(error, EPNET_USAGE, "axis %s has no finite value to draw", axis->name);
    for (size_t k = 0; k < direction->size; k++) {
        direction->values[k] = axis->values[direction->order[k]];
        direction->log = direction->log && direction->values[k] > 0;
    }
    for (size_t k = 0; k < direction->size; k++)
        direction->scaled[k] = scale(direction, direction->values[k]);
    borders_set(direction);
    return EPNET_OK;
}

void epnet_direction_free(EpnetDirection *direction) {
    free(direction->order);
    free(direction->values);
}

void epnet_direction_note(const EpnetDirection *direction, char *text) {
    const EpnetResultAxis *axis = direction->axis;
    char name[EPNET_FIGURE_TEXT];
    *text = '\0';
    for (size_t k = 0; k < axis->size && *text == '\0'; k++)
        if (!isfinite(axis->values[k])) {
            epnet_figure_escape(axis->name, 60, name);
            snprintf(text, EPNET_FIGURE_TEXT, "%.120s = %g not drawn", name, axis->values[k]);
        }
}

EpnetStatus epnet_direction_column(const EpnetDirection *direction, const EpnetFigure *figure, size_t column,
                                   double factor, double **values, EpnetError *error) {
    double *all = NULL;
    *values = epnet_calloc(direction->size, sizeof **values);
    if (*values == NULL)
        return epnet_fail_memory(error, direction->size * sizeof **values, "a curve");
    EpnetStatus status = epnet_figure_values(figure, column, &all, error);
    for (size_t k = 0; status == EPNET_OK && k < direction->size; k++)
        (*values)[k] = factor * all[direction->order[k]];
    free(all);
    return status;
}

double epnet_direction_crossing(const EpnetDirection *direction, const double *a, const double *b,
                                size_t *before, double *part) {
    for (size_t k = 0; k + 1 < direction->size; k++) {
        double here = log(a[k]) - log(b[k]), there = log(a[k + 1]) - log(b[k + 1]);
        if (!isfinite(here) || !isfinite(there) || (here > 0) == (there > 0))
            continue;
        *before = k;
        *part = here / (here - there);
        return epnet_direction_unscale(
            direction, direction->scaled[k] + *part * (direction->scaled[k + 1] - direction->scaled[k]));
    }
    return NAN;
}

/* How far apart the points of the file are along an axis. */
static size_t stride_of(const EpnetResult *result, const EpnetResultAxis *axis) {
    size_t stride = 1;
    for (size_t a = result->axis_count; &result->axes[--a] != axis;)
        stride *= result->axes[a].size;
    return stride;
}

/* The file's point of cell (column, row) of the picture. */
static size_t point_of(const EpnetHeatmap *map, size_t column, size_t row) {
    const EpnetResult *result = map->figure->result;
    return map->y.order[row] * stride_of(result, map->y.axis) +
           map->x.order[column] * stride_of(result, map->x.axis);
}

EpnetStatus epnet_heatmap_column(const EpnetHeatmap *map, size_t column, double **values, EpnetError *error) {
    double *all = NULL;
    EpnetStatus status = EPNET_OK;
    *values = epnet_calloc(map->x.size * map->y.size, sizeof **values);
    if (*values == NULL)
        status =
            epnet_fail_memory(error, map->x.size * map->y.size * sizeof **values, "the cells of a figure");
    if (status == EPNET_OK)
        status = epnet_figure_values(map->figure, column, &all, error);
    for (size_t row = 0; status == EPNET_OK && row < map->y.size; row++)
        for (size_t k = 0; k < map->x.size; k++)
            (*values)[row * map->x.size + k] = all[point_of(map, k, row)];
    free(all);
    return status;
}

/* Logarithmic colours for values that span decades, none of them negative beyond rounding. What lies below
 * the floor has no colour then: zeros and rounding would take the whole scale. */
static void colours_choose(EpnetHeatmap *map) {
    const double decades = 2.5, deepest = 1e-12;
    map->floor = map->most * deepest;
    double least = INFINITY;
    size_t below = 0;
    for (size_t k = 0; k < map->x.size * map->y.size; k++) {
        if (!isfinite(map->values[k]))
            continue;
        if (map->values[k] < map->floor)
            below++;
        else
            least = fmin(least, map->values[k]);
    }
    map->log =
        map->finite > 0 && map->most > 0 && map->least >= -map->floor && log10(map->most / least) > decades;
    if (map->log) {
        map->least = least;
        map->below = below;
    }
}

static void values_survey(EpnetHeatmap *map) {
    map->least = INFINITY;
    map->most = -INFINITY;
    for (size_t k = 0; k < map->x.size * map->y.size; k++) {
        double value = map->values[k];
        if (isnan(value)) {
            map->failed++;
            continue;
        }
        if (isinf(value)) {
            map->infinite++;
            continue;
        }
        map->finite++;
        map->least = fmin(map->least, value);
        map->most = fmax(map->most, value);
    }
    colours_choose(map);
}

EpnetStatus epnet_heatmap_make(const EpnetFigure *figure, EpnetHeatmap *map, EpnetError *error) {
    *map = (EpnetHeatmap){.figure = figure};
    EpnetStatus status = epnet_direction_make(&map->x, figure->axes[1], error);
    if (status == EPNET_OK)
        status = epnet_direction_make(&map->y, figure->axes[0], error);
    if (status == EPNET_OK)
        status = epnet_heatmap_column(map, figure->column, &map->values, error);
    if (status == EPNET_OK)
        values_survey(map);
    return status;
}

void epnet_heatmap_free(EpnetHeatmap *map) {
    epnet_direction_free(&map->x);
    epnet_direction_free(&map->y);
    free(map->values);
    free(map->marks);
}

double epnet_direction_part(const EpnetDirection *d, double scaled) {
    return (scaled - d->scaled[0]) / (d->scaled[d->size - 1] - d->scaled[0]);
}

EpnetStatus epnet_heatmap_mark(EpnetHeatmap *map, double x0, double y0, double x1, double y1,
                               EpnetError *error) {
    const double spacing = 0.02; /* of the marks on a line */
    double left = epnet_direction_part(&map->x, x0), up = epnet_direction_part(&map->y, y0);
    double right = epnet_direction_part(&map->x, x1) - left, rise = epnet_direction_part(&map->y, y1) - up;
    double length = hypot(right, rise);
    size_t count = isfinite(length) && length > spacing ? (size_t)fmin(length / spacing, 1e4) + 1 : 1;
    if (map->mark_count + count > map->mark_room) {
        size_t room = 2 * (map->mark_count + count);
        double(*marks)[2] = realloc(map->marks, room * sizeof *marks);
        if (marks == NULL)
            return epnet_fail_memory(error, room * sizeof *marks, "the lines of a figure");
        map->marks = marks;
        map->mark_room = room;
    }
    for (size_t k = 0; k < count; k++) {
        double part = ((double)k + 0.5) / (double)count;
        map->marks[map->mark_count][0] = left + part * right;
        map->marks[map->mark_count++][1] = up + part * rise;
    }
    return EPNET_OK;
}

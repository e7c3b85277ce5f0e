/* Lines over a heatmap: contours of the quantity with their labels, and the kink of the paper's bound. */
#include "contour.h"
#include "figure_grid.h"
#include "status.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_LEVELS = 12 };

/* One point of a line. */
static void point_write(const EpnetHeatmap *map, double x, double y) {
    epnet_figure_number(map->figure, epnet_direction_unscale(&map->x, x));
    epnet_figure_number(map->figure, epnet_direction_unscale(&map->y, y));
}

/* ---- contours ------------------------------------------------------------------------------------------ */

/* Powers of ten, no more than about seven of them. */
static size_t levels_log(const EpnetHeatmap *map, double *levels) {
    int first = (int)ceil(log10(map->least)), last = (int)floor(log10(map->most));
    int step = (last - first) / 7 + 1;
    size_t count = 0;
    for (int power = first; power <= last && count < MOST_LEVELS; power += step)
        levels[count++] = pow(10, power);
    return count;
}

/* Multiples of 1, 2 or 5 times a power of ten, about six of them, and none that only rounding puts inside the
 * range of the values. */
static size_t levels_linear(const EpnetHeatmap *map, double *levels) {
    double slack = 1e-6 * (map->most - map->least), raw = (map->most - map->least) / 6;
    if (!(raw > 0))
        return 0;
    double power = pow(10, floor(log10(raw))), digit = raw / power;
    double step = power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
    size_t count = 0;
    for (double k = floor((map->least + slack) / step) + 1;
         k * step < map->most - slack && count < MOST_LEVELS; k++)
        levels[count++] = k * step;
    return count;
}

/* A label of a contour line. */
typedef struct Label {
    double x, y;     /* on the scales of the axes */
    double left, up; /* in fractions of the picture's width and height */
    double level;
} Label;

/* How free a place is: the distance to the nearest label, or to the border of the picture. */
static double freedom(double x, double y, const Label *labels, size_t count) {
    double nearest = 2 * fmin(fmin(x, 1 - x), fmin(y, 1 - y));
    for (size_t k = 0; k < count; k++)
        nearest = fmin(nearest, hypot(x - labels[k].left, y - labels[k].up));
    return nearest;
}

/* Whether a label at a place would stand on a line of the picture. */
static bool is_covered(const EpnetHeatmap *map, double x, double y) {
    const double half_width = 0.05, half_height = 0.03;
    for (size_t k = 0; k < map->mark_count; k++)
        if (hypot((map->marks[k][0] - x) / half_width, (map->marks[k][1] - y) / half_height) < 1)
            return true;
    return false;
}

/* Put the label of a level on the freest point of its lines; false where there is no room. */
static bool label_place(const EpnetHeatmap *map, const EpnetContour *contour, const Label *labels,
                        size_t count, Label *placed) {
    const double room = 0.06, enough = 0.35;
    double best = room;
    for (size_t k = 0; k < contour->count; k++)
        for (size_t p = 0; p < contour->lines[k].count; p++) {
            double x = contour->lines[k].x[p], y = contour->lines[k].y[p];
            double left = epnet_direction_part(&map->x, x), up = epnet_direction_part(&map->y, y);
            double found = fmin(freedom(left, up, labels, count), enough);
            if (found > best && !is_covered(map, left, up)) {
                best = found;
                placed->x = x;
                placed->y = y;
                placed->left = left;
                placed->up = up;
            }
        }
    return best > room;
}

/* What stands out from the colour of a level: white from the dark ones, nearly black from the bright ones. */
static unsigned ink(const EpnetHeatmap *map, double level) {
    double part = map->log ? log10(level / map->least) / log10(map->most / map->least)
                           : (level - map->least) / (map->most - map->least);
    return part < 0.65 ? 0xffffff : 0x202020;
}

/* Where the segment from a to b is inside the ellipse around a label: parts *enter to *leave of the way,
 * which lie in [0, 1]; false where it stays outside. */
static bool label_crossing(const EpnetHeatmap *map, const Label *label, const double a[2], const double b[2],
                           double *enter, double *leave) {
    const double half_width = 0.042, half_height = 0.02;
    double u = (epnet_direction_part(&map->x, a[0]) - label->left) / half_width;
    double v = (epnet_direction_part(&map->y, a[1]) - label->up) / half_height;
    double du = (epnet_direction_part(&map->x, b[0]) - label->left) / half_width - u;
    double dv = (epnet_direction_part(&map->y, b[1]) - label->up) / half_height - v;
    double square = du * du + dv * dv, along = u * du + v * dv, inside = 1 - u * u - v * v;
    double root = along * along + square * inside;
    if (!(square > 0 && root > 0))
        return false;
    *enter = fmax((-along - sqrt(root)) / square, 0);
    *leave = fmin((-along + sqrt(root)) / square, 1);
    return *enter < *leave;
}

/* The lines of a level as rows x y colour, each line ended by an empty row and broken where the label stands
 * (NULL: nowhere). */
static void lines_write(const EpnetHeatmap *map, const EpnetContour *contour, const Label *label,
                        unsigned colour) {
    FILE *data = map->figure->data;
    for (size_t k = 0; k < contour->count; k++) {
        const EpnetPolyline *line = &contour->lines[k];
        for (size_t p = 0; p < line->count; p++) {
            double a[2] = {line->x[p], line->y[p]}, enter, leave;
            point_write(map, a[0], a[1]);
            fprintf(data, " %u\n", colour);
            if (p + 1 == line->count || label == NULL)
                continue;
            double b[2] = {line->x[p + 1], line->y[p + 1]};
            if (!label_crossing(map, label, a, b, &enter, &leave))
                continue;
            point_write(map, a[0] + enter * (b[0] - a[0]), a[1] + enter * (b[1] - a[1]));
            fprintf(data, " %u\n\n", colour);
            point_write(map, a[0] + leave * (b[0] - a[0]), a[1] + leave * (b[1] - a[1]));
            fprintf(data, " %u\n", colour);
        }
        fputc('\n', data);
    }
}

static void labels_write(const EpnetHeatmap *map, const Label *labels, size_t count) {
    epnet_figure_block(map->figure, "contour labels");
    for (size_t k = 0; k < count; k++) {
        char text[EPNET_FIGURE_TEXT];
        epnet_figure_value(labels[k].level, text);
        point_write(map, labels[k].x, labels[k].y);
        fprintf(map->figure->data, " %s %u\n", text, ink(map, labels[k].level));
    }
}

/* The quantity as contours follow it: its logarithm where the colours are logarithmic, NaN below their floor.
 * To free(). */
static double *heights(const EpnetHeatmap *map) {
    double *z = epnet_calloc(map->x.size * map->y.size, sizeof *z);
    for (size_t k = 0; z != NULL && k < map->x.size * map->y.size; k++)
        z[k] = !map->log ? map->values[k] : map->values[k] < map->floor ? NAN : log10(map->values[k]);
    return z;
}

EpnetStatus epnet_heatmap_contours(const EpnetHeatmap *map, bool *drawn, EpnetError *error) {
    enum { MOST_LINES = 40 }; /* of one level: beyond, it is rounding noise that is drawn */
    double levels[MOST_LEVELS];
    Label labels[MOST_LEVELS];
    size_t label_count = 0, level_count = 0;
    double *z = heights(map);
    *drawn = false;
    if (z == NULL)
        return epnet_fail_memory(error, map->x.size * map->y.size * sizeof *z, "contour lines");
    if (map->finite > 0)
        level_count = map->log ? levels_log(map, levels) : levels_linear(map, levels);
    EpnetStatus status = EPNET_OK;
    for (size_t k = 0; k < level_count && status == EPNET_OK; k++) {
        EpnetContour contour;
        status = epnet_contour_find(map->x.size, map->y.size, map->x.scaled, map->y.scaled, z,
                                    map->log ? log10(levels[k]) : levels[k], &contour, error);
        if (status != EPNET_OK)
            break;
        if (contour.count > 0 && contour.count <= MOST_LINES) {
            if (!*drawn)
                epnet_figure_block(map->figure, "contours");
            *drawn = true;
            Label *label = &labels[label_count];
            label->level = levels[k];
            bool labelled = label_place(map, &contour, labels, label_count, label);
            label_count += labelled;
            lines_write(map, &contour, labelled ? label : NULL, ink(map, levels[k]));
        }
        epnet_contour_free(&contour);
    }
    if (*drawn)
        labels_write(map, labels, label_count);
    free(z);
    return status;
}

/* ---- kink ---------------------------------------------------------------------------------------------- */

EpnetStatus epnet_heatmap_kink(EpnetHeatmap *map, bool *drawn, EpnetError *error) {
    const size_t none = map->figure->result->column_count;
    size_t capacity_column = epnet_figure_cut_column(map->figure, "cut_capacity");
    size_t energy_column = epnet_figure_cut_column(map->figure, "cut_entropy_production");
    *drawn = false;
    if (capacity_column == none || energy_column == none)
        return EPNET_OK;
    double *capacity = NULL, *energy = NULL;
    EpnetStatus status = epnet_heatmap_column(map, capacity_column, &capacity, error);
    if (status == EPNET_OK)
        status = epnet_heatmap_column(map, energy_column, &energy, error);
    EpnetContour contour = {0, NULL};
    /* Both sides vary over decades: the difference of their logarithms is what is nearly linear between
     * points. */
    for (size_t k = 0; status == EPNET_OK && k < map->x.size * map->y.size; k++)
        capacity[k] = log(capacity[k] * log(2)) - log(energy[k]);
    if (status == EPNET_OK)
        status = epnet_contour_find(map->x.size, map->y.size, map->x.scaled, map->y.scaled, capacity, 0,
                                    &contour, error);
    if (status == EPNET_OK && contour.count > 0) {
        epnet_figure_block(map->figure, "kink");
        lines_write(map, &contour, NULL, 0xd7191c);
        *drawn = true;
    }
    for (size_t k = 0; k < contour.count; k++)
        for (size_t p = 0; p + 1 < contour.lines[k].count && status == EPNET_OK; p++) {
            const double *x = contour.lines[k].x + p, *y = contour.lines[k].y + p;
            status = epnet_heatmap_mark(map, x[0], y[0], x[1], y[1], error);
        }
    epnet_contour_free(&contour);
    free(capacity);
    free(energy);
    return status;
}

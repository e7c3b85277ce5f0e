/* Over a heatmap of sigma and copies: the paper's kink, and what the rows of constant sigma really show. */
#include "figure_grid.h"
#include "kink_row.h"
#include "status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void point_write(const EpnetFigure *figure, double x, double y) {
    epnet_figure_number(figure, x);
    epnet_figure_number(figure, y);
    fputc('\n', figure->data);
}

/* Keep labels away from a point of the picture. */
static EpnetStatus mark(EpnetHeatmap *map, double x, double y, EpnetError *error) {
    double across = map->x.log ? log10(x) : x, up = map->y.log ? log10(y) : y;
    return epnet_heatmap_mark(map, across, up, across, up, error);
}

/* Whether the figure is about the cut that sigma refers to, the first. */
static bool is_first_cut(const EpnetFigure *figure) {
    const EpnetResultColumn *column = &figure->result->columns[figure->column];
    const char *suffix = strrchr(column->name, '_');
    return *column->cut == '\0' || suffix == NULL || suffix[1] < '1' || suffix[1] > '9';
}

/* The paper's line copy_total = sigma / ln 2 as far as it runs through the picture; a straight line on two
 * logarithmic axes and on two linear ones, and drawn in steps for the others. */
static EpnetStatus paper_write(EpnetHeatmap *map, bool *drawn, EpnetError *error) {
    enum { STEPS = 100 };
    const EpnetDirection *x = &map->x, *y = &map->y;
    if (strcmp(x->axis->name, "copy_total") != 0 || !is_first_cut(map->figure))
        return EPNET_OK;
    double low = fmax(y->borders[0], x->borders[0] * log(2));
    double high = fmin(y->borders[y->size], x->borders[x->size] * log(2));
    if (!(low < high) || !(low > 0))
        return EPNET_OK;
    epnet_figure_block(map->figure, "paper kink");
    *drawn = true;
    EpnetStatus status = EPNET_OK;
    for (int k = 0; k <= STEPS && status == EPNET_OK; k++) {
        double sigma = low * pow(high / low, (double)k / STEPS);
        point_write(map->figure, sigma / log(2), sigma);
        status = mark(map, sigma / log(2), sigma, error);
    }
    return status;
}

/* A row for every value of sigma, in the order of the file. */
static EpnetStatus rows_measure(const EpnetHeatmap *map, const EpnetGridRows *grid, EpnetRowShape *shapes,
                                EpnetError *error) {
    double *values;
    EpnetStatus status = epnet_figure_values(map->figure, map->figure->column, &values, error);
    for (size_t row = 0; row < grid->count && status == EPNET_OK; row++)
        status = epnet_row_measure(grid, values + epnet_grid_row_start(grid, row), grid->stride, &shapes[row],
                                   error);
    free(values);
    return status;
}

static EpnetStatus shapes_write(EpnetHeatmap *map, const EpnetRowShape *shapes, EpnetHeatmapRows *rows,
                                EpnetError *error) {
    const EpnetDirection *y = &map->y;
    EpnetStatus status = EPNET_OK;
    for (size_t r = 0; r < y->size && status == EPNET_OK; r++) {
        const EpnetRowShape *shape = &shapes[y->order[r]];
        for (size_t k = 0; k < shape->kink.maxima && k < EPNET_ROW_MAXIMA && status == EPNET_OK; k++) {
            if (rows->maxima++ == 0)
                epnet_figure_block(map->figure, "maxima");
            point_write(map->figure, shape->maxima[k].x, y->values[r]);
            status = mark(map, shape->maxima[k].x, y->values[r], error);
        }
        rows->too_few += shape->kink.verdict == EPNET_KINK_TOO_FEW;
    }
    for (size_t r = 0; r < y->size && status == EPNET_OK; r++) {
        const EpnetKink *kink = &shapes[y->order[r]].kink;
        if (kink->verdict != EPNET_KINK_FOUND)
            continue;
        if (rows->kinks++ == 0)
            epnet_figure_block(map->figure, "measured kinks");
        point_write(map->figure, kink->position, y->values[r]);
        status = mark(map, kink->position, y->values[r], error);
    }
    return status;
}

EpnetStatus epnet_heatmap_rows(EpnetHeatmap *map, EpnetHeatmapRows *rows, EpnetError *error) {
    EpnetGridRows grid;
    *rows = (EpnetHeatmapRows){.rows = map->y.size, .first_cut = is_first_cut(map->figure)};
    if (strcmp(map->y.axis->name, "sigma") != 0 || strncmp(map->x.axis->name, "copy_", 5) != 0)
        return EPNET_OK;
    rows->constant_sigma = true;
    EpnetStatus status = epnet_grid_rows(map->figure->result, &grid, error);
    if (status != EPNET_OK)
        return status;
    EpnetRowShape *shapes = epnet_calloc(grid.count, sizeof *shapes);
    if (shapes == NULL)
        return epnet_fail_memory(error, grid.count * sizeof *shapes, "the rows of a figure");
    status = paper_write(map, &rows->paper, error);
    if (status == EPNET_OK)
        status = rows_measure(map, &grid, shapes, error);
    if (status == EPNET_OK)
        status = shapes_write(map, shapes, rows, error);
    free(shapes);
    return status;
}

/* The grid of a heatmap: values in the order of the picture, the borders of its cells, and what is in them.
 */
#ifndef EPNET_HOST_FIGURE_GRID_H
#define EPNET_HOST_FIGURE_GRID_H

#include "figure.h"

/* One direction of the picture: the finite values of an axis in increasing order. */
typedef struct EpnetDirection {
    const EpnetResultAxis *axis;
    bool log;
    size_t size;
    size_t *order;   /* size: which value of the axis stands k-th */
    double *values;  /* size */
    double *scaled;  /* size: log10 of the values on a log axis, else the values */
    double *borders; /* size + 1: where cell k begins and ends, halfway between values on the axis's scale */
} EpnetDirection;

typedef struct EpnetHeatmap {
    const EpnetFigure *figure;
    EpnetDirection x, y;             /* x: the faster axis */
    double *values;                  /* y.size x x.size in the picture's order; NaN: failed */
    size_t finite, infinite, failed; /* cells */
    double least, most;              /* of the finite values */
    bool log;                        /* logarithmic colours: the values span decades, all of them positive */
} EpnetHeatmap;

EpnetStatus epnet_heatmap_make(const EpnetFigure *figure, EpnetHeatmap *map, EpnetError *error);
void epnet_heatmap_free(EpnetHeatmap *map); /* also after a failed make */

/* A column of the file in the picture's order: *values is to free() in every case. */
EpnetStatus epnet_heatmap_column(const EpnetHeatmap *map, size_t column, double **values, EpnetError *error);

/* EPNET_USAGE: the axis has no finite value. */
EpnetStatus epnet_direction_make(EpnetDirection *direction, const EpnetResultAxis *axis, EpnetError *error);
void epnet_direction_free(EpnetDirection *direction); /* also after a failed make */

/* "drive = inf not drawn", if the axis has values that are not finite; else "". */
void epnet_direction_note(const EpnetDirection *direction, char *text);

/* From the scale of a direction to the values of its axis. */
double epnet_direction_unscale(const EpnetDirection *direction, double scaled);

/* Contour lines of the quantity as block "contours" and their labels as "contour labels"; *drawn is false and
 * nothing is written where there are none. */
EpnetStatus epnet_heatmap_contours(const EpnetHeatmap *map, bool *drawn, EpnetError *error);

/* The kink of the paper's bound, where cut_capacity ln 2 = cut_entropy_production, as block "kink". */
EpnetStatus epnet_heatmap_kink(const EpnetHeatmap *map, bool *drawn, EpnetError *error);

#endif

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
    size_t below;                    /* of the finite ones, those under the floor of logarithmic colours */
    double least, most;              /* of the finite values that have a colour */
    double floor; /* decades below the largest: with log, rounding and zeros are under it */
    bool log;     /* logarithmic colours: the values span decades, all of them positive */
    size_t mark_count, mark_room;
    double (*marks)[2]; /* what labels keep away from, as parts of the picture's width and height */
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

/* A column over the only axis of a figure, in the picture's order and times `factor`: *values has size
 * doubles, to free() in every case. */
EpnetStatus epnet_direction_column(const EpnetDirection *direction, const EpnetFigure *figure, size_t column,
                                   double factor, double **values, EpnetError *error);

/* Where a curve first crosses another: ln(a/b) changes sign, linear between the points on the axis's scale.
 * The point before it and the part of the way to the next go into *before and *part. NaN: nowhere. */
double epnet_direction_crossing(const EpnetDirection *direction, const double *a, const double *b,
                                size_t *before, double *part);

/* From the scale of a direction to the values of its axis. */
double epnet_direction_unscale(const EpnetDirection *direction, double scaled);

/* Where a place on the scale of a direction stands, as a part of the picture: 0 at the first value, 1 at the
 * last. */
double epnet_direction_part(const EpnetDirection *direction, double scaled);

/* Keep labels away from the line between two places on the scales of the axes (a point: twice the same). */
EpnetStatus epnet_heatmap_mark(EpnetHeatmap *map, double x0, double y0, double x1, double y1,
                               EpnetError *error);

/* Contour lines of the quantity as block "contours" and their labels as "contour labels"; *drawn is false and
 * nothing is written where there are none. */
EpnetStatus epnet_heatmap_contours(const EpnetHeatmap *map, bool *drawn, EpnetError *error);

/* The kink of the paper's bound, where cut_capacity ln 2 = cut_entropy_production, as block "kink". */
EpnetStatus epnet_heatmap_kink(EpnetHeatmap *map, bool *drawn, EpnetError *error);

/* What the rows of constant sigma of a heatmap show, along the axis of copies. */
typedef struct EpnetHeatmapRows {
    bool constant_sigma; /* the other axis is sigma: if not, nothing below is drawn */
    bool first_cut;      /* the one that sigma is the production of */
    bool paper;          /* block "paper kink": copy_total = sigma / ln 2, inside the picture */
    size_t rows, maxima; /* maxima: points of block "maxima" */
    size_t kinks;        /* points of block "measured kinks" */
    size_t too_few;      /* rows with too few samples to look for a kink */
} EpnetHeatmapRows;

/* Measure the rows and write the blocks (figure_rows.c). */
EpnetStatus epnet_heatmap_rows(EpnetHeatmap *map, EpnetHeatmapRows *rows, EpnetError *error);

#endif

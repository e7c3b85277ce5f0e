/* The rows of a grid along its copy axis, and what each of them shows. */
#ifndef EPNET_HOST_KINK_ROW_H
#define EPNET_HOST_KINK_ROW_H

#include "kink.h"
#include "result.h"

/* How the grid is made of rows: row r has `size` points, `stride` apart. */
typedef struct EpnetGridRows {
    const EpnetResultAxis *axis; /* the copy axis */
    size_t count, size, stride;
} EpnetGridRows;

/* EPNET_USAGE: neither copy_total nor copy_rate is an axis. */
EpnetStatus epnet_grid_rows(const EpnetResult *result, EpnetGridRows *rows, EpnetError *error);

/* The first grid point of row `row`. */
size_t epnet_grid_row_start(const EpnetGridRows *rows, size_t row);

enum { EPNET_ROW_MAXIMA = 8 }; /* that a row keeps; more are counted */

/* What a row shows, with every maximum: x on the axis, y the quantity. */
typedef struct EpnetRowShape {
    EpnetKink kink;
    EpnetMaximum maxima[EPNET_ROW_MAXIMA]; /* the first of kink.maxima */
} EpnetRowShape;

/* Measure the row whose values are values[0], values[step], ... in the order of the axis. */
EpnetStatus epnet_row_measure(const EpnetGridRows *rows, const double *values, size_t step,
                              EpnetRowShape *shape, EpnetError *error);

/* "found" or "none", and why: "corner", "samples", "cubic", "window", "smooth". */
const char *epnet_kink_name(EpnetKinkVerdict verdict);
const char *epnet_kink_reason(EpnetKinkVerdict verdict);

#endif

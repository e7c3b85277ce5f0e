/* Contour lines of values on a rectangular grid by marching squares: linear interpolation along the edges of
 * the cells, segments joined to polylines. Figures compute their own, so that a line stands where its values
 * say and not where a version of a plotting program puts it. */
#ifndef EPNET_HOST_CONTOUR_H
#define EPNET_HOST_CONTOUR_H

#include "epnet.h"

typedef struct EpnetPolyline {
    size_t count;
    double *x, *y; /* count each; first = last point where the line is closed */
} EpnetPolyline;

typedef struct EpnetContour {
    size_t count;
    EpnetPolyline *lines;
} EpnetContour;

/* The lines where z = level. z[row * nx + column] stands at (x[column], y[row]); a cell with a corner that is
 * not finite has no line. EPNET_DEVICE when memory is exhausted. */
EpnetStatus epnet_contour_find(size_t nx, size_t ny, const double *x, const double *y, const double *z,
                               double level, EpnetContour *contour, EpnetError *error);

void epnet_contour_free(EpnetContour *contour); /* its lines, not the struct */

#endif

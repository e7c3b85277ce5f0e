#include "contour.h"

#include "status.h"

#include <math.h>
#include <stdlib.h>

/* A line crosses cells through their edges. Edges are numbered: the horizontal one from node (column, row) to
 * the right is row * nx + column, the vertical one upwards from there is that plus nx * ny. In each of its
 * two cells an edge is linked to the edge through which the line leaves that cell. */
typedef struct Tracer {
    size_t nx, ny;
    const double *x, *y, *z;
    double level;
    size_t *links; /* 2 per edge: NONE or the number of an edge */
} Tracer;

#define NONE SIZE_MAX

static void edges_link(Tracer *tracer, size_t a, size_t b) {
    size_t *of_a = tracer->links + 2 * a, *of_b = tracer->links + 2 * b;
    of_a[of_a[0] != NONE] = b;
    of_b[of_b[0] != NONE] = a;
}

/* Link the edges of the cell whose lower left node is (column, row). */
static void cell_link(Tracer *tracer, size_t column, size_t row) {
    size_t nx = tracer->nx, node = row * nx + column, vertical = nx * tracer->ny;
    const double *z = tracer->z;
    double corner[4] = {z[node], z[node + 1], z[node + 1 + nx], z[node + nx]};
    size_t edge[4] = {node, vertical + node + 1, node + nx, vertical + node}; /* from corner k to k + 1 */
    size_t crossed[4], count = 0;
    double mean = 0;
    for (int k = 0; k < 4; k++) {
        if (!isfinite(corner[k]))
            return;
        mean += corner[k] / 4;
        if ((corner[k] > tracer->level) != (corner[(k + 1) % 4] > tracer->level))
            crossed[count++] = edge[k];
    }
    if (count == 2) {
        edges_link(tracer, crossed[0], crossed[1]);
    } else if (count == 4) { /* a saddle: the line keeps the corners on the middle's side together */
        bool joined = (corner[0] > tracer->level) == (mean > tracer->level);
        edges_link(tracer, crossed[0], crossed[joined ? 1 : 3]);
        edges_link(tracer, crossed[2], crossed[joined ? 3 : 1]);
    }
}

/* Where the line crosses an edge. */
static void edge_point(const Tracer *tracer, size_t edge, double *x, double *y) {
    size_t nodes = tracer->nx * tracer->ny, node = edge % nodes;
    size_t column = node % tracer->nx, row = node / tracer->nx;
    bool vertical = edge >= nodes;
    double here = tracer->z[node], there = tracer->z[node + (vertical ? tracer->nx : 1)];
    double part = (tracer->level - here) / (there - here);
    *x = tracer->x[column];
    *y = tracer->y[row];
    if (vertical)
        *y += part * (tracer->y[row + 1] - *y);
    else
        *x += part * (tracer->x[column + 1] - *x);
}

/* Remove one side of a link. */
static void link_drop(Tracer *tracer, size_t edge, size_t other) {
    size_t *link = tracer->links + 2 * edge;
    if (link[0] == other)
        link[0] = link[1];
    link[1] = NONE;
}

/* Follow the line from `start`, taking its links away, and list its edges in `trail`. Returns their number; a
 * closed line ends where it starts. */
static size_t line_follow(Tracer *tracer, size_t start, size_t *trail) {
    size_t count = 0, edge = start, next;
    trail[count++] = start;
    while ((next = tracer->links[2 * edge]) != NONE) {
        link_drop(tracer, edge, next);
        link_drop(tracer, next, edge);
        trail[count++] = next;
        edge = next;
    }
    return count;
}

/* Append the line through `count` edges. False: memory is exhausted. */
static bool line_append(const Tracer *tracer, const size_t *trail, size_t count, EpnetContour *contour) {
    EpnetPolyline line = {count, epnet_calloc(count, sizeof(double)), epnet_calloc(count, sizeof(double))};
    EpnetPolyline *lines = realloc(contour->lines, (contour->count + 1) * sizeof *lines);
    if (lines != NULL)
        contour->lines = lines;
    if (lines == NULL || line.x == NULL || line.y == NULL) {
        free(line.x);
        free(line.y);
        return false;
    }
    for (size_t k = 0; k < count; k++)
        edge_point(tracer, trail[k], &line.x[k], &line.y[k]);
    contour->lines[contour->count++] = line;
    return true;
}

/* Take all lines: first those that end at the border or at a cell that has none, then the closed ones. */
static bool lines_take(Tracer *tracer, size_t edges, size_t *trail, EpnetContour *contour) {
    for (int closed = 0; closed <= 1; closed++)
        for (size_t edge = 0; edge < edges; edge++) {
            const size_t *link = tracer->links + 2 * edge;
            if (link[0] == NONE || (!closed && link[1] != NONE))
                continue;
            if (!line_append(tracer, trail, line_follow(tracer, edge, trail), contour))
                return false;
        }
    return true;
}

EpnetStatus epnet_contour_find(size_t nx, size_t ny, const double *x, const double *y, const double *z,
                               double level, EpnetContour *contour, EpnetError *error) {
    size_t edges = 2 * nx * ny;
    Tracer tracer = {nx, ny, x, y, z, level, epnet_calloc(edges, 2 * sizeof(size_t))};
    size_t *trail = epnet_calloc(edges + 1, sizeof *trail);
    *contour = (EpnetContour){0, NULL};
    bool good = tracer.links != NULL && trail != NULL;
    for (size_t k = 0; good && k < 2 * edges; k++)
        tracer.links[k] = NONE;
    for (size_t row = 0; good && row + 1 < ny; row++)
        for (size_t column = 0; column + 1 < nx; column++)
            cell_link(&tracer, column, row);
    good = good && lines_take(&tracer, edges, trail, contour);
    free(tracer.links);
    free(trail);
    if (good)
        return EPNET_OK;
    epnet_contour_free(contour);
    return epnet_fail_memory(error, edges * 3 * sizeof(size_t), "contour lines");
}

void epnet_contour_free(EpnetContour *contour) {
    for (size_t k = 0; k < contour->count; k++) {
        free(contour->lines[k].x);
        free(contour->lines[k].y);
    }
    free(contour->lines);
    *contour = (EpnetContour){0, NULL};
}

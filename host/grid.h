/* The grid of a sweep: axes over numeric keys of [network], and the parameters at a grid point. */
#ifndef EPNET_HOST_GRID_H
#define EPNET_HOST_GRID_H

#include "backend.h"
#include "network.h"

typedef enum EpnetAxisKey {
    EPNET_AXIS_COPY_TOTAL,
    EPNET_AXIS_COPY_RATE,
    EPNET_AXIS_DRIVE,
    EPNET_AXIS_FLIP_UP,
    EPNET_AXIS_FLIP_DOWN,
    EPNET_AXIS_KEYS
} EpnetAxisKey;

typedef struct EpnetAxis {
    EpnetAxisKey key;
    bool log; /* log scale: how figures draw it */
    size_t size;
    double *values; /* size; owned by the spec */
} EpnetAxis;

const char *epnet_axis_name(EpnetAxisKey key);      /* the spec key, as "copy_total" */
const char *epnet_axis_unit(EpnetAxisKey key);      /* "bit/s", "1/s", "nat" */
const char *epnet_axis_long_name(EpnetAxisKey key); /* for figures and long_name attributes */

/* Product of the axis sizes, 1 without axes; 0 when it overflows 2^48. */
size_t epnet_grid_points(const EpnetAxis *axes, size_t axis_count);

/* Values of the axes at grid point `point`, first axis slowest: fills axis_count values. */
void epnet_grid_values(const EpnetAxis *axes, size_t axis_count, size_t point, double *values);

/* Doubles that the parameters of one point take: 2 nodes + 2 edges. */
size_t epnet_grid_parameter_count(const EpnetNetwork *network);

/* Parameters of grid point `point`: the network's, with the axes' values in their keys' place. `storage` has
 * epnet_grid_parameter_count() doubles; the returned struct points into it. */
EpnetPoint epnet_grid_point(const EpnetNetwork *network, const EpnetAxis *axes, size_t axis_count,
                            size_t point, double *storage);

#endif

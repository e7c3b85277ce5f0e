/* Flat row-major ranges of an array as hyperslabs: netCDF reads and writes boxes, the program thinks in runs
 * of points. */
#ifndef EPNET_HOST_SLAB_H
#define EPNET_HOST_SLAB_H

#include <stddef.h>

#define EPNET_MAX_RANK 16 /* axes and time */

typedef struct EpnetSlab {
    size_t start[EPNET_MAX_RANK], count[EPNET_MAX_RANK];
    size_t size; /* elements: product of count */
} EpnetSlab;

/* The largest box of an array of `rank` dimensions `shape` whose elements are consecutive in row-major order
 * from element `first` on and no more than `remaining` > 0. Rank 0 is a single element. */
EpnetSlab epnet_slab_next(size_t rank, const size_t *shape, size_t first, size_t remaining);

#endif

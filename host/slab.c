#include "slab.h"

EpnetSlab epnet_slab_next(size_t rank, const size_t *shape, size_t first, size_t remaining) {
    EpnetSlab slab = {.size = 1};
    /* The outermost dimension that a whole step fits in: the box runs along it and is full inside it. */
    size_t stride = 1, along = rank;
    for (size_t d = rank; d-- > 0;) {
        if (first % stride != 0 || stride > remaining)
            break;
        along = d;
        slab.size = stride;
        stride *= shape[d];
    }
    size_t inner = 1;
    for (size_t d = rank; d-- > 0; inner *= shape[d]) {
        slab.start[d] = first / inner % shape[d];
        slab.count[d] = d > along ? shape[d] : 1;
        if (d == along) {
            size_t steps = remaining / inner;
            size_t left = shape[d] - slab.start[d];
            slab.count[d] = steps < left ? steps : left;
        }
    }
    if (along < rank)
        slab.size *= slab.count[along];
    return slab;
}

#include "cuda_reach.h"

#include "cpu/reach.h"
#include "status.h"

#include <stdlib.h>
#include <string.h>

size_t epnet_cuda_mask_words(int nodes) {
    return (((size_t)1 << nodes) + 31) / 32;
}

static bool reach_alloc(EpnetCudaReach *reach, int nodes) {
    const size_t states = (size_t)1 << nodes;
    if (reach->queue != NULL)
        return true;
    reach->marked = epnet_calloc(states, 1);
    reach->queue = epnet_calloc(states, sizeof *reach->queue);
    if (reach->marked != NULL && reach->queue != NULL && epnet_generator_alloc(&reach->generator, nodes))
        return true;
    epnet_cuda_reach_free(reach);
    return false;
}

void epnet_cuda_reach_free(EpnetCudaReach *reach) {
    epnet_generator_free(&reach->generator);
    free(reach->marked);
    free(reach->queue);
    memset(reach, 0, sizeof *reach);
}

EpnetPointStatus epnet_cuda_reach_find(EpnetCudaReach *reach, const EpnetProblem *problem,
                                       const EpnetPoint *point, uint32_t *mask, uint32_t *degree_min) {
    const size_t states = (size_t)1 << problem->nodes;
    if (!reach_alloc(reach, problem->nodes))
        return EPNET_POINT_OUT_OF_MEMORY;
    epnet_generator_set(&reach->generator, problem, point, NULL, true);
    *degree_min = (uint32_t)problem->nodes;
    if (problem->initial == NULL) { /* a stationary law never leaves its class */
        size_t count;
        if (!epnet_reach_closed_class(&reach->generator, reach->marked, &count, reach->queue))
            return EPNET_POINT_NOT_UNIQUE;
    } else {
        const size_t depth =
            epnet_reach_forward(&reach->generator, problem->initial, reach->marked, reach->queue);
        *degree_min = depth > *degree_min ? (uint32_t)depth : *degree_min;
    }
    memset(mask, 0, epnet_cuda_mask_words(problem->nodes) * sizeof *mask);
    for (size_t s = 0; s < states; s++)
        mask[s / 32] |= (uint32_t)reach->marked[s] << s % 32;
    return EPNET_POINT_OK;
}

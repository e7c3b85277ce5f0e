/* Vectors in host memory (include/space.h). */
#ifndef EPNET_HOST_CPU_CPU_SPACE_H
#define EPNET_HOST_CPU_CPU_SPACE_H

#include "../generator.h"
#include "space.h"

typedef struct EpnetCpuSpace {
    const EpnetGenerator *generator; /* borrowed */
    size_t states;
    double *vectors;     /* as many as asked for, contiguous */
    unsigned char *mask; /* of the last search; NULL until a generator has zero rates */
    uint32_t *queue;
} EpnetCpuSpace;

/* Room for `count` vectors of 2^nodes; NULL when memory is exhausted. */
EpnetCpuSpace *epnet_cpu_space_new(int nodes, size_t count);
void epnet_cpu_space_free(EpnetCpuSpace *cpu); /* NULL is allowed */

/* The space under `generator`, which must stay as it is while the space is used. */
EpnetSpace epnet_cpu_space(EpnetCpuSpace *cpu, const EpnetGenerator *generator);

#endif

/* Vectors over states. Sums are taken in a fixed order: eight lanes within blocks of 1024, block after block
 * within a tile, and tiles in a tree (tiles.h). The order, and so every byte, is the same for any instruction
 * set and number of threads, and rounding grows with the blocks of a tile rather than with the terms. `team`
 * may be NULL. */
#ifndef EPNET_HOST_CPU_VECTOR_H
#define EPNET_HOST_CPU_VECTOR_H

#include "../team.h"

/* n entries that are not set, on a boundary of cache lines, and of huge pages if they are many; to free().
 * NULL when memory is exhausted. */
double *epnet_vector_new(size_t n);

double epnet_sum(EpnetTeam *team, size_t n, const double *a);                  /* sum of a */
double epnet_norm1(EpnetTeam *team, size_t n, const double *a);                /* sum of |a| */
double epnet_dot(EpnetTeam *team, size_t n, const double *a, const double *b); /* sum of a b */
/* sum of a b; that of |a b| into *size. */
double epnet_dot_with_size(EpnetTeam *team, size_t n, const double *a, const double *b, double *size);

/* Smallest entry over those marked in `mask` (NULL: all), infinity over none; NaN if one of them is. */
double epnet_least(EpnetTeam *team, size_t n, const double *a, const unsigned char *mask);

/* Largest entry of a vector without negative ones or NaN. */
double epnet_greatest(EpnetTeam *team, size_t n, const double *a);

#endif

/* The law that trajectories start from, filled part by part from its compact form (EpnetStart). */
#ifndef EPNET_HOST_START_H
#define EPNET_HOST_START_H

#include "spec.h"

/* What a start points to. */
typedef struct EpnetStartStorage {
    EpnetStart start;
    double *p_one;         /* nodes values, or NULL */
    uint64_t *states;      /* rising; with the next: start.count values, or NULL */
    double *probabilities; /* over their sum */
} EpnetStartStorage;

/* The compact form of a spec's initial law; not for EPNET_INITIAL_STATIONARY. False when memory is exhausted;
 * free in any case. */
bool epnet_start_make(const EpnetSpec *spec, EpnetStartStorage *storage);
void epnet_start_free(EpnetStartStorage *storage);

/* p[k] = probability of state first + k, k < count = 2^bits, first a multiple of count. */
void epnet_start_fill(const EpnetStart *start, int nodes, uint64_t first, int bits, double *p);

#endif

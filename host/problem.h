/* From a spec to what a backend works on: the shared problem and the parameters of a range of grid points. */
#ifndef EPNET_HOST_PROBLEM_H
#define EPNET_HOST_PROBLEM_H

#include "start.h"

typedef struct EpnetProblemStorage {
    EpnetProblem problem; /* borrows from the spec and from what follows */
    EpnetStartStorage start;
    double *initial;
    uint64_t *cuts;
} EpnetProblemStorage;

/* EPNET_DEVICE when memory is exhausted. The spec must outlive the storage. */
EpnetStatus epnet_problem_make(const EpnetSpec *spec, EpnetProblemStorage *storage, EpnetError *error);
void epnet_problem_free(EpnetProblemStorage *storage);

#endif

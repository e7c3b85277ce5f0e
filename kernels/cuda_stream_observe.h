/* All observables of one state in device memory: a row of EpnetColumn and EpnetCutColumn values. */
#ifndef EPNET_KERNELS_CUDA_STREAM_OBSERVE_H
#define EPNET_KERNELS_CUDA_STREAM_OBSERVE_H

#include "cuda_stream_space.h"
#include "row.h"

typedef struct EpnetStreamObserver {
    EpnetStreamSpace *space;
    EpnetCudaArray fold;   /* device: what is between the folds of a vector */
    EpnetCudaArray sides;  /* device: laws of the two sides of the cut at hand */
    EpnetCudaArray halves; /* laws of the low and of the high half of the nodes, then of independent nodes */
    EpnetCudaArray production; /* device: c(s) of the point (host/cpu/weights.h), if it is worth its room */
    EpnetCudaArray numbers;    /* sub-states: of the two halves, then of the two sides of each cut */
    double *marginal_fold;     /* host, for the marginals of a half */
} EpnetStreamObserver;

/* Device memory of an observer. */
uint64_t epnet_stream_observer_bytes(const EpnetProblem *problem);

/* Free in any case. */
EpnetStatus epnet_stream_observer_alloc(EpnetStreamObserver *observer, EpnetStreamSpace *space,
                                        EpnetError *error);
void epnet_stream_observer_free(EpnetStreamObserver *observer);

/* Begin with the point that the space has been set to. */
void epnet_stream_observer_set(EpnetStreamObserver *observer);

/* Fill `row` and *sums for the state p of the space's point; NaN after a failure. state->dp is pL,
 * state->log_p room for a vector. The euler column is left NaN. */
void epnet_stream_observe(EpnetStreamObserver *observer, const EpnetPoint *point,
                          const EpnetStreamState *state, double *row, EpnetLawSums *sums);

/* Multiinformation of state->p alone [nat]; overwrites state->log_p, state->dp is not used. */
double epnet_stream_observe_multiinformation(EpnetStreamObserver *observer, const EpnetStreamState *state);

#endif

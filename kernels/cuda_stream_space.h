/* Vectors in device memory (include/space.h) and what belongs to them: the point, its tables, room for sums.
 */
#ifndef EPNET_KERNELS_CUDA_STREAM_SPACE_H
#define EPNET_KERNELS_CUDA_STREAM_SPACE_H

#include "cuda_problem.h"
#include "generator.h"
#include "stream_kernels.h"

typedef struct EpnetStreamSpace {
    const EpnetProblem *problem;
    cudaStream_t stream;
    int multiprocessors;
    size_t states;
    EpnetCudaProblemStorage shared;
    EpnetStreamPlan plan;
    EpnetStreamPoint point, flows;             /* with tables of r_j(s), of e_j(s), of all channels */
    EpnetStreamPoint crossing, crossing_flows; /* and of the copies that cross the cut at hand */
    EpnetCudaArray parameters, tables;
    EpnetCudaArray vectors;           /* the exit rates, then as many as asked for */
    EpnetCudaArray partials, results; /* of sums; results: EPNET_STREAM_SUMS */
    EpnetCudaArray mask;              /* device: states that a search has marked */
    const EpnetPoint *current;        /* borrowed, for searches */
    EpnetGenerator generator;         /* host, as the next three: allocated for the first search */
    unsigned char *marked;
    uint32_t *queue;
    double *law;             /* whose support is asked for */
    EpnetCudaResult failure; /* the first failed call: after it nothing is done any more */
} EpnetStreamSpace;

/* Make a call that returns cudaError_t unless one has failed; a failure is kept. */
#define EPNET_STREAM_DO(space, function, ...)                                                                \
    do {                                                                                                     \
        if (epnet_cuda_ok((space)->failure))                                                                 \
            (space)->failure = EPNET_CUDA(function, __VA_ARGS__);                                            \
    } while (0)

/* Device memory for `count` vectors and what belongs to them. */
uint64_t epnet_stream_space_bytes(const EpnetProblem *problem, size_t count);

/* Room for `count` vectors; what fails is in space->failure, or EPNET_DEVICE. Free in any case. */
EpnetStatus epnet_stream_space_alloc(EpnetStreamSpace *space, const EpnetProblem *problem,
                                     cudaStream_t stream, size_t count, EpnetError *error);
void epnet_stream_space_free(EpnetStreamSpace *space);
double *epnet_stream_space_vector(const EpnetStreamSpace *space, size_t vector);

/* Upload a point, which stays the caller's, build its tables and exit rates; the space under its generator.
 */
EpnetSpace epnet_stream_space_set(EpnetStreamSpace *space, const EpnetPoint *point);

/* The first `count` results of the sums that were enqueued last, after waiting for them: NaN after a failure.
 */
void epnet_stream_space_results(EpnetStreamSpace *space, size_t count, double *results);

/* The least entry of a vector, NaN after a failure. */
double epnet_stream_space_least(EpnetStreamSpace *space, const double *v);

#endif

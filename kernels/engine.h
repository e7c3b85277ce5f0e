/* What the CUDA backend's C side (cuda_*.c) asks of the kernels (*.cu): one launcher per operation. Nothing
 * here blocks: launchers enqueue on a stream and return what the launch returned. All pointers inside the
 * structs are device memory unless said otherwise.
 *
 * Two engines:
 *   resident, N <= EPNET_RESIDENT_NODES nodes: one launch per batch; a group of threads keeps its point from
 *     the first sample to the last (trajectory.cu), or solves its stationary law (stationary.cu), or measures
 *     its leak (leak.cu);
 *   streaming, N above, and where a block of the resident kernels takes more shared memory than the device
 *     has (N = 16 takes 131 KiB): a point's states lie in device memory, an application of L takes one to
 *     three launches (stream_*.cu), and the host drives them. */
#ifndef EPNET_KERNELS_ENGINE_H
#define EPNET_KERNELS_ENGINE_H

#include "backend.h"
#include "leak.h"

#include <cuda_runtime_api.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { EPNET_RESIDENT_NODES = 16 };

/* The problem as kernels see it, passed by value. Edges are sorted by target. */
typedef struct EpnetCudaProblem {
    int nodes, edge_count, cut_count;
    int width;             /* of a row: epnet_row_width(cut_count) */
    int method;            /* EpnetMethod */
    int time_count;        /* sampled times; 0: stationary kind */
    double tolerance, dt;  /* as in EpnetProblem */
    const int *first_edge; /* nodes + 1: edges first_edge[j] .. first_edge[j+1]-1 enter node j */
    const int *source;     /* edge_count */
    const uint64_t *cuts;  /* cut_count */
    const double *times;   /* time_count */
    const uint64_t *steps; /* time_count; NULL unless euler or rk4 */
    const double *initial; /* 2^nodes; NULL: every point starts from its stationary law (field `law` below) */
    EpnetLeakSettings leak;
} EpnetCudaProblem;

/* A batch on the device. Parameters of one point: flip_up[nodes], flip_down[nodes], rate[edge_count],
 * drive[edge_count], edges in the order of EpnetCudaProblem. */
typedef struct EpnetCudaBatch {
    int count;
    const uint32_t *order; /* count: points from the stiffest to the mildest, so that neighbours are alike */
    uint32_t *next;        /* the queue: how many entries of `order` are taken; 0 at the launch */
    const double *parameters; /* count x (2 nodes + 2 edge_count) */
    const int64_t *mask;      /* count: first word in `masks` of the states that can be occupied (bit s of
                                 2^nodes bits), -1: all of them. NULL: all of all points */
    const uint32_t *masks;
    const uint32_t *degree_min; /* count: flips that the farthest reachable state needs (host/cpu/reach.h) */
    double *law; /* count x 2^nodes: stationary laws, written by epnet_cuda_stationary() if not NULL,
                    read by epnet_cuda_trajectory() where the problem has no initial law; of trajectories
                    whose leak is a quench the state at the end, written in their place */
    const volatile int *stop; /* set by the host while kernels run; nonzero: leave soon */
    int *status;         /* count: EpnetPointStatus; -1 before. A trajectory whose stationary law is not ok
                            keeps its status */
    double *last;        /* count x width */
    double *extremes;    /* count x EPNET_EXTREMES, trajectories */
    double *trajectory;  /* count x time_count x width, or NULL: not kept */
    double *information; /* count x time_count: I at the samples, for the fit of a decay; else NULL */
    const double *limit; /* count: the stationary I of a decay [nat]; NaN: there is none */
    EpnetLeakFit *leak;  /* count */
    double *leak_curve;  /* of a batch of one: leak.samples times [s], then as many ln I; or NULL */
} EpnetCudaBatch;

/* Shared memory that a group's time loop works through, in doubles. */
typedef struct EpnetCudaStage {
    int exchange;        /* through which its threads exchange; from 14 nodes on a tile of the states */
    bool exchange_lends; /* that has room for all states, and is that of ln p between the steps */
    int exit_parts;      /* from 14 nodes on, where there is room: tables to make exit rates of */
    int near;            /* the same: tiles of a vector */
} EpnetCudaStage;

/* How a resident kernel is laid out on a device. */
typedef struct EpnetCudaLayout {
    int threads;      /* of a block */
    int groups;       /* points that a block works on at once */
    int blocks;       /* that fill the device */
    int shared_bytes; /* dynamic shared memory of a block */
    EpnetCudaStage stage;
    bool vectors_in_scratch;  /* p, dp and ln p do not fit into shared memory */
    bool matrix_in_scratch;   /* nor does the matrix of an elimination (stationary.cu) */
    size_t scratch_per_group; /* doubles of device memory */
    int series_length;        /* coefficients that a group has room for */
    int local_bytes;          /* of local memory that a thread of the kernel has */
} EpnetCudaLayout;

/* Choose the layout of the resident trajectory kernel for the current device, for points whose largest exit
 * rate is at most `exit_bound` [1/s] and whose degree_min is at most `degree_min`: both set the room for
 * coefficients. Scratch that a launch needs: blocks x groups x scratch_per_group doubles. */
cudaError_t epnet_cuda_trajectory_layout(const EpnetProblem *problem, double exit_bound, uint32_t degree_min,
                                         EpnetCudaLayout *layout);

/* The same for the resident stationary kernel. */
cudaError_t epnet_cuda_stationary_layout(const EpnetProblem *problem, EpnetCudaLayout *layout);

/* The same for the resident kernel of leaks. */
cudaError_t epnet_cuda_leak_layout(const EpnetProblem *problem, EpnetCudaLayout *layout);

/* Solve every point of the batch: rows and statuses. Leaks are those of the points that are ok until then:
 * quenches from batch.law, decays of batch.information. */
cudaError_t epnet_cuda_trajectory(const EpnetCudaLayout *layout, const EpnetCudaProblem *problem,
                                  const EpnetCudaBatch *batch, double *scratch, cudaStream_t stream);
cudaError_t epnet_cuda_stationary(const EpnetCudaLayout *layout, const EpnetCudaProblem *problem,
                                  const EpnetCudaBatch *batch, double *scratch, cudaStream_t stream);
cudaError_t epnet_cuda_leak(const EpnetCudaLayout *layout, const EpnetCudaProblem *problem,
                            const EpnetCudaBatch *batch, double *scratch, cudaStream_t stream);

/* q = pL of point 0 of a batch of one, by the hot loop of the trajectories and in their layout (tests,
 * benches). */
cudaError_t epnet_cuda_apply(const EpnetCudaLayout *layout, const EpnetCudaProblem *problem,
                             const EpnetCudaBatch *batch, const double *p, double *q, double *scratch,
                             cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif

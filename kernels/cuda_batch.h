/* A batch on its way to a device and back: points into slots, rows out of them. */
#ifndef EPNET_KERNELS_CUDA_BATCH_H
#define EPNET_KERNELS_CUDA_BATCH_H

#include "cuda_problem.h"
#include "cuda_reach.h"

/* Where a point stands in the order of a launch. */
typedef struct EpnetCudaPlace {
    double stiffness; /* [1/s] bound of its largest exit rate */
    uint32_t slot;
} EpnetCudaPlace;

/* Slots for the points of one launch, on the host and on the device. */
typedef struct EpnetCudaSlots {
    size_t capacity;
    bool keeps_trajectories, has_masks;
    EpnetCudaArray order, next, parameters, mask, masks, degree_mins, law, status, last, extremes, trajectory,
        information, limit, leak, leak_curve;
    size_t *point;          /* capacity: which point of the batch a slot holds */
    EpnetCudaPlace *places; /* capacity */
    size_t count, mask_count;
    double exit_bound;   /* [1/s] of the stiffest point */
    uint32_t degree_min; /* the largest */
} EpnetCudaSlots;

/* Bytes on the device that a point takes while it waits, is solved, or its row is fetched. */
size_t epnet_cuda_point_bytes(const EpnetProblem *problem, bool keeps_trajectories);

/* Room for `capacity` points; cudaErrorMemoryAllocation as well when it is the host's memory that is
 * exhausted. After a failure there is nothing to free. */
EpnetCudaResult epnet_cuda_slots_alloc(const EpnetProblem *problem, size_t capacity, bool keeps_trajectories,
                                       bool has_masks, EpnetCudaSlots *slots);
void epnet_cuda_slots_free(EpnetCudaSlots *slots);

/* Whether a point of [first, first + count) has impossible flips, so that slots need masks. */
bool epnet_cuda_slots_need_masks(const EpnetBatch *batch, size_t first, size_t count);

/* Fill slots with points [first, first + count), count <= capacity, from the stiffest to the mildest.
 * `limits` are the stationary multiinformations of the batch's points where decays are fitted, else NULL. A
 * point that cannot be begun (no unique stationary law, infinite rates) gets its status in `rows` and no
 * slot. */
void epnet_cuda_slots_pack(EpnetCudaSlots *slots, const EpnetCudaProblemStorage *shared,
                           EpnetCudaReach *reach, const EpnetBatch *batch, const double *limits, size_t first,
                           size_t count, EpnetRows *rows);

/* Put one point, whatever its rates, into slot 0 (for q = pL). */
void epnet_cuda_slots_pack_one(EpnetCudaSlots *slots, const EpnetCudaProblemStorage *shared,
                               const EpnetProblem *problem, const EpnetPoint *point);

/* Enqueue the copies of what is packed, and of what the kernels leave. Statuses are set to -1 before. */
EpnetCudaResult epnet_cuda_slots_upload(const EpnetCudaSlots *slots, const EpnetProblem *problem,
                                        cudaStream_t stream);
EpnetCudaResult epnet_cuda_slots_download(const EpnetCudaSlots *slots, const EpnetProblem *problem,
                                          cudaStream_t stream);

/* What the kernels are given. */
EpnetCudaBatch epnet_cuda_slots_batch(const EpnetCudaSlots *slots, const volatile int *stop);

/* Move rows and statuses to those of points [first, first + count); a failed point has NaN. Returns the
 * number of slots that the kernels left without a status: the launch was stopped. */
size_t epnet_cuda_slots_unpack(const EpnetCudaSlots *slots, const EpnetProblem *problem, size_t first,
                               size_t count, EpnetRows *rows);

#endif

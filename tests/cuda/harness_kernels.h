/* Small kernels with and without faults, for the harness's test of itself. */
#ifndef EPNET_TESTS_CUDA_HARNESS_KERNELS_H
#define EPNET_TESTS_CUDA_HARNESS_KERNELS_H

#include <cuda_runtime.h>

/* sum[b] = sum of the block's part of x, through shuffles and shared memory; n = blocks * threads. */
cudaError_t harness_block_sum(const double *x, double *sum, int blocks, int threads, cudaStream_t stream);

/* y[i] = x[(i + 1) % threads] in every block, through dynamic shared memory. `wait`: with the barrier it
 * needs. */
cudaError_t harness_rotate(const double *x, double *y, int blocks, int threads, bool wait, int shared_bytes,
                           cudaStream_t stream);

/* Groups of `size` lanes (2..32) that each run a number of rounds of their own: y = sum over the group, once
 * per round. */
cudaError_t harness_groups(const int *rounds, double *y, int groups, int size, cudaStream_t stream);

/* ranks[i] = how many of the values are smaller; vote[warp] = lanes with an odd value. */
cudaError_t harness_rank(const int *x, int *ranks, unsigned *vote, int n, cudaStream_t stream);

/* Every block takes numbers from a queue until `count`: owner[k] = its block. */
cudaError_t harness_queue(unsigned *next, unsigned *owner, unsigned count, int blocks, cudaStream_t stream);

/* out[3 i .. 3 i + 2] = the index that thread i of a grid of 3 dimensions sees, packed. */
cudaError_t harness_indices(unsigned *out, dim3 grid, dim3 block, cudaStream_t stream);

typedef enum HarnessFault {
    HARNESS_SHARED_OVERRUN,
    HARNESS_ARRAY_OVERRUN,
    HARNESS_DIVERGENT_BARRIER,
    HARNESS_MISSED_BARRIER,
    HARNESS_ABSENT_LANE,
    HARNESS_OUTSIDE_MASK,
    HARNESS_WRONG_MASK,
    HARNESS_DEVICE_OVERRUN,
    HARNESS_FAULTS
} HarnessFault;

/* A kernel of 64 threads with one fault; out has 64 values. */
cudaError_t harness_fault(HarnessFault fault, double *out, cudaStream_t stream);

#endif

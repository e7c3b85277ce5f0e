/* Stationary laws pi L = 0 of up to 16 nodes, and their rows: one group of threads takes a point from the
 * queue and solves it in the chip. Up to EPNET_ELIMINATION_NODES by elimination, beyond by Krylov corrections
 * and positive sweeps, as host/cpu/stationary.c does and says why.
 *
 * Invariants: every thread of a group takes the same decisions (they follow from group sums); a point's bytes
 * depend on nothing but the point. The law is positive on the unique closed class (the mask, which the host
 * finds) and zero elsewhere, with |pi L|_1 <= EPNET_RESIDUAL_ACCEPTED times its activity. */
#include "gth.cuh"
#include "krylov.cuh"
#include "observe.cuh"
#include "relaxation_limits.h"
#include "resident.cuh"

#include <float.h>

enum { EPNET_ELIMINATION_NODES = 7 };

/* The matrix of an elimination: n rows of n + 1, so that a column is spread over the banks of shared memory.
 */
__host__ __device__ static inline size_t epnet_matrix_size(int nodes) {
    return ((size_t)1 << nodes) * (((size_t)1 << nodes) + 1);
}

__device__ static inline bool epnet_in_class(const uint32_t *mask, uint32_t s) {
    return mask == NULL || (mask[s >> 5] >> (s & 31) & 1) != 0;
}

/* How many states below s are in the class: the number of s in it, or, for s = 2^N, its size. */
__device__ static inline int epnet_class_number(const uint32_t *mask, uint32_t s) {
    if (mask == NULL)
        return (int)s;
    int number = 0;
    for (uint32_t word = 0; word < s >> 5; word++)
        number += __popc(mask[word]);
    return (s & 31) == 0 ? number : number + __popc(mask[s >> 5] & ((1u << (s & 31)) - 1));
}

/* ---- elimination --------------------------------------------------------------------------------------- */

__device__ static EpnetPointStatus epnet_solve_directly(const EpnetGroup &group,
                                                        const EpnetDevicePoint &point, const uint32_t *mask,
                                                        double *matrix) {
    const int nodes = point.tables.nodes, pitch = (1 << nodes) + 1;
    const uint32_t states = 1u << nodes;
    const int count = epnet_class_number(mask, states);
    for (int i = group.rank; i < count * pitch; i += group.size)
        matrix[i] = 0;
    epnet_group_sync(group);
    for (uint32_t s = (uint32_t)group.rank; s < states; s += (uint32_t)group.size) {
        const int row = epnet_class_number(mask, s) * pitch;
        for (int j = 0; j < nodes && epnet_in_class(mask, s); j++) {
            const uint32_t t = s ^ 1u << j;
            if (epnet_in_class(mask, t))
                matrix[row + epnet_class_number(mask, t)] = epnet_tables_rate(point.tables, j, s);
        }
    }
    epnet_group_sync(group);
    if (!epnet_gth_solve(group, count, pitch, matrix, point.dp))
        return EPNET_POINT_NOT_CONVERGED;
    for (uint32_t s = (uint32_t)group.rank; s < states; s += (uint32_t)group.size)
        point.p[s] = epnet_in_class(mask, s) ? point.dp[epnet_class_number(mask, s)] : 0;
    return EPNET_POINT_OK;
}

/* ---- Krylov corrections, then positive sweeps ------------------------------------------------------------
 */

/* q = pL into k.residual; returns |pL|_1 [1/s]. */
__device__ static inline double epnet_residual(const EpnetGroup &group, const EpnetKrylov &k) {
    double norm = 0;
    epnet_krylov_apply(group, k, k.p, k.residual);
    for (uint32_t s = (uint32_t)group.rank; s < k.states; s += (uint32_t)group.size)
        norm += fabs(k.residual[s]);
    return epnet_group_sum(group, norm);
}

__device__ static inline void epnet_normalise(const EpnetGroup &group, const EpnetKrylov &k) {
    double sum = 0;
    for (uint32_t s = (uint32_t)group.rank; s < k.states; s += (uint32_t)group.size)
        sum += k.p[s];
    sum = epnet_group_sum(group, sum);
    for (uint32_t s = (uint32_t)group.rank; s < k.states; s += (uint32_t)group.size)
        k.p[s] /= sum;
}

/* Corrections until the residual is at rounding level or stops falling; one that made it worse is taken back.
 */
__device__ static void epnet_correct(const EpnetGroup &group, const EpnetKrylov &k) {
    enum { CORRECTIONS = 60, IDLE = 3 };
    double best = INFINITY;
    for (int i = 0, idle = 0; i < CORRECTIONS && idle < IDLE; i++) {
        if (epnet_group_any(group, *k.stop != 0))
            break;
        const double residual = epnet_residual(group, k);
        idle = residual < 0.5 * best ? 0 : idle + 1;
        /* The size of the terms of pL: their sum, and the 2-norm of their rounding. */
        double sums[2] = {0, 0};
        for (uint32_t s = (uint32_t)group.rank; s < k.states; s += (uint32_t)group.size) {
            const double term = k.p[s] * k.exit[s];
            sums[0] += term;
            sums[1] += term * term;
            if (residual < best)
                k.best[s] = k.p[s];
        }
        epnet_group_sums(group, sums);
        best = residual < best ? residual : best;
        if (residual <= 4 * DBL_EPSILON * sums[0])
            break;
        epnet_krylov_correct(group, k, DBL_EPSILON * sqrt(sums[1]));
        epnet_normalise(group, k);
    }
    for (uint32_t s = (uint32_t)group.rank; s < k.states && isfinite(best); s += (uint32_t)group.size)
        k.p[s] = k.best[s];
}

/* Entries that rounding left at or below zero: replaced by the balance of their neighbours,
 * pi_s = inflow / exit, all at once, sweep after sweep until all are positive. False if they will not be. */
__device__ static bool epnet_make_positive(const EpnetGroup &group, const EpnetKrylov &k,
                                           const uint32_t *mask) {
    enum { SWEEPS = 200 };
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        double left = 0;
        epnet_group_sync(group);
        for (uint32_t s = (uint32_t)group.rank; s < k.states; s += (uint32_t)group.size) {
            k.best[s] = k.p[s];
            if (k.p[s] > 0 || !epnet_in_class(mask, s))
                continue;
            double inflow = 0;
            for (int j = 0; j < k.tables->nodes; j++) {
                const uint32_t from = s ^ 1u << j;
                inflow += epnet_tables_rate(*k.tables, j, from) * fmax(k.p[from], 0.0);
            }
            k.best[s] = inflow / k.exit[s];
            left += !(k.best[s] > 0);
        }
        left = epnet_group_sum(group, left);
        epnet_group_sync(group); /* p is read */
        for (uint32_t s = (uint32_t)group.rank; s < k.states; s += (uint32_t)group.size)
            k.p[s] = k.best[s];
        if (left == 0)
            return true;
    }
    return false;
}

/* Errors in entries far below the largest go to where the probability is (host/relaxation.c). */
__device__ static void epnet_settle(const EpnetGroup &group, const EpnetKrylov &k) {
    for (int sweep = 0; sweep < epnet_relaxation_sweeps(k.tables->nodes); sweep++) {
        epnet_krylov_apply(group, k, k.p, k.residual);
        for (uint32_t s = (uint32_t)group.rank; s < k.states; s += (uint32_t)group.size) {
            if (k.exit[s] > 0)
                k.p[s] += EPNET_RELAXATION_DAMPING * k.residual[s] / k.exit[s];
        }
    }
}

/* Whether a law is taken for one. */
__device__ static bool epnet_law_is_accurate(const EpnetGroup &group, const EpnetKrylov &k) {
    const double residual = epnet_residual(group, k), activity = epnet_krylov_dot(group, k, k.p, k.exit);
    return residual <= EPNET_RESIDUAL_ACCEPTED * activity;
}

__device__ static EpnetPointStatus epnet_solve_iteratively(const EpnetGroup &group, const EpnetKrylov &k,
                                                           const uint32_t *mask) {
    const int count = epnet_class_number(mask, k.states);
    for (uint32_t s = (uint32_t)group.rank; s < k.states; s += (uint32_t)group.size)
        k.p[s] = epnet_in_class(mask, s) ? 1 / (double)count : 0;
    if (count == 1) /* absorbing: nothing moves */
        return EPNET_POINT_OK;
    for (int i = 0; i < EPNET_RELAXATION_ROUNDS; i++) {
        epnet_correct(group, k);
        if (epnet_group_any(group, *k.stop != 0))
            return EPNET_POINT_NOT_CONVERGED; /* an interrupted batch is discarded */
        if (!epnet_make_positive(group, k, mask))
            return EPNET_POINT_NOT_POSITIVE;
        epnet_settle(group, k);
        epnet_normalise(group, k);
        if (epnet_law_is_accurate(group, k))
            return EPNET_POINT_OK;
    }
    return EPNET_POINT_NOT_CONVERGED;
}

/* ---- one point ------------------------------------------------------------------------------------------
 */

/* The vectors of a solve lie where those of a row will: only p lasts. */
__device__ static inline EpnetKrylov epnet_krylov_vectors(const EpnetDevicePoint &point,
                                                          const volatile int *stop) {
    double *const scratch = point.scratch;
    EpnetKrylov k;
    k.states = 1u << point.tables.nodes;
    k.tables = &point.tables;
    k.exit = scratch + point.map.exit;
    k.stop = stop;
    k.p = point.p;
    k.scaled = point.dp;
    k.residual = point.log_p;
    k.shadow = scratch + point.map.previous;
    k.direction = scratch + point.map.side[0];
    k.image = scratch + point.map.side[1];
    k.half_image = scratch + point.map.log_side[0];
    k.best = scratch + point.map.log_side[1];
    return k;
}

/* The law into point.p. `matrix` is the elimination's, NULL beyond its sizes. */
__device__ static EpnetPointStatus epnet_stationary_solve(const EpnetGroup &group,
                                                          const EpnetCudaBatch &batch, uint32_t slot,
                                                          const EpnetDevicePoint &point, double *matrix) {
    const uint32_t *const mask =
        batch.mask != NULL && batch.mask[slot] >= 0 ? batch.masks + batch.mask[slot] : NULL;
    const EpnetKrylov k = epnet_krylov_vectors(point, batch.stop);
    if (matrix == NULL)
        return epnet_solve_iteratively(group, k, mask);
    const EpnetPointStatus status = epnet_solve_directly(group, point, mask, matrix);
    if (status != EPNET_POINT_OK)
        return status;
    return epnet_law_is_accurate(group, k) ? EPNET_POINT_OK : EPNET_POINT_NOT_CONVERGED;
}

/* The law to where trajectories begin, or its row. */
__device__ static EpnetPointStatus epnet_stationary_keep(const EpnetGroup &group,
                                                         const EpnetCudaProblem &problem,
                                                         const EpnetCudaBatch &batch, uint32_t slot,
                                                         const EpnetDevicePoint &point) {
    const uint32_t states = 1u << problem.nodes;
    for (uint32_t s = (uint32_t)group.rank; batch.law != NULL && s < states; s += (uint32_t)group.size)
        batch.law[(size_t)slot * states + s] = point.p[s];
    if (problem.time_count > 0)
        return EPNET_POINT_OK;
    double *const row = batch.last + (size_t)slot * (size_t)problem.width;
    epnet_observe_changes(group, problem, point);
    return epnet_check_row(group, problem, epnet_observe(group, problem, point, row), row, 0);
}

/* ---- kernel ---------------------------------------------------------------------------------------------
 */

/* `direct`: by elimination. The matrix follows the groups' vectors in shared memory, or in scratch. */
template <bool direct>
__global__ void __launch_bounds__(512)
    stationary_kernel(EpnetCudaLayout layout, int thread_bits, EpnetCudaProblem problem, EpnetCudaBatch batch,
                      double *scratch) {
    EPNET_DYNAMIC_SHARED(double, shared);
    EpnetDevicePoint point;
    uint32_t *next;
    const EpnetGroup group =
        epnet_resident_group(layout, problem, 1 << thread_bits, thread_bits, shared, scratch, &point, &next);
    double *matrix = NULL;
    if (direct) {
        const size_t size = epnet_matrix_size(problem.nodes);
        matrix = layout.matrix_in_scratch
                     ? point.scratch + (layout.scratch_per_group - size)
                     : shared +
                           ((size_t)layout.shared_bytes / sizeof(double) - (size_t)layout.groups * size) +
                           (threadIdx.x >> thread_bits) * size;
    }
    for (;;) {
        const uint32_t at = epnet_take_point(group, batch, next);
        if (at >= (uint32_t)batch.count)
            return;
        const uint32_t slot = batch.order[at];
        EpnetPointStatus status = EPNET_POINT_NOT_CONVERGED; /* an interrupted batch is discarded */
        if (!epnet_group_any(group, *batch.stop != 0)) {
            epnet_point_setup(group, problem, batch, slot, point);
            status = epnet_stationary_solve(group, batch, slot, point, matrix);
        }
        epnet_group_sync(group); /* the law is there for all */
        if (status == EPNET_POINT_OK)
            status = epnet_stationary_keep(group, problem, batch, slot, point);
        if (group.rank == 0)
            batch.status[slot] = (int)status;
        if (status != EPNET_POINT_OK && problem.time_count == 0)
            epnet_fill_nan(group, batch.last + (size_t)slot * (size_t)problem.width, (size_t)problem.width);
    }
}

/* ---- launcher -------------------------------------------------------------------------------------------
 */

typedef void (*StationaryKernel)(EpnetCudaLayout, int, EpnetCudaProblem, EpnetCudaBatch, double *);

static StationaryKernel kernel_of(int nodes) {
    return nodes <= EPNET_ELIMINATION_NODES ? stationary_kernel<true> : stationary_kernel<false>;
}

extern "C" cudaError_t epnet_cuda_stationary_layout(const EpnetProblem *problem, EpnetCudaLayout *layout) {
    const void *const kernel = (const void *)kernel_of(problem->nodes);
    cudaError_t error =
        epnet_resident_layout(problem, kernel, epnet_whole_group_bits(problem->nodes), 0, 0, layout);
    if (error != cudaSuccess || problem->nodes > EPNET_ELIMINATION_NODES)
        return error;
    const size_t matrix = epnet_matrix_size(problem->nodes);
    const size_t bytes = (size_t)layout->shared_bytes + (size_t)layout->groups * matrix * sizeof(double);
    int limit;
    error = epnet_shared_limit(&limit);
    layout->matrix_in_scratch = bytes > (size_t)limit;
    if (layout->matrix_in_scratch)
        layout->scratch_per_group += matrix;
    else
        layout->shared_bytes = (int)bytes;
    return error == cudaSuccess ? epnet_resident_blocks(kernel, layout) : error;
}

extern "C" cudaError_t epnet_cuda_stationary(const EpnetCudaLayout *layout, const EpnetCudaProblem *problem,
                                             const EpnetCudaBatch *batch, double *scratch,
                                             cudaStream_t stream) {
    const StationaryKernel kernel = kernel_of(problem->nodes);
    EPNET_LAUNCH(kernel, layout->blocks, layout->threads, layout->shared_bytes, stream, *layout,
                 epnet_whole_group_bits(problem->nodes), *problem, *batch, scratch);
    return cudaGetLastError();
}

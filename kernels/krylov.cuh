/* Krylov correction of an approximate stationary law by a group: host/cpu/krylov.c, which says what it does.
 * A thread owns the states s = rank, rank + size, ...; only an application of L reads those of others. */
#ifndef EPNET_KERNELS_KRYLOV_CUH
#define EPNET_KERNELS_KRYLOV_CUH

#include "point.cuh"

#define EPNET_KRYLOV_REDUCTION 1e-9 /* of the 2-norm of the residual, per call */

enum { EPNET_KRYLOV_STEPS_MAX = 500 };

/* Vectors of a stationary solve, 2^nodes each. `scaled` is what L is applied to beside p. */
struct EpnetKrylov {
    uint32_t states;
    const EpnetTables *tables;
    const double *exit;
    const volatile int *stop;
    double *p, *residual, *scaled, *shadow, *direction, *image, *half_image, *best;
};

/* q = xL, x complete for the whole group only after the barrier with which this begins. */
__device__ static inline void epnet_krylov_apply(const EpnetGroup &group, const EpnetKrylov &k,
                                                 const double *x, double *q) {
    epnet_group_sync(group);
    for (uint32_t s = (uint32_t)group.rank; s < k.states; s += (uint32_t)group.size)
        q[s] = epnet_tables_inflow(*k.tables, x, s) - k.exit[s] * x[s];
    epnet_group_sync(group); /* x may be overwritten */
}

__device__ static inline double epnet_krylov_dot(const EpnetGroup &group, const EpnetKrylov &k,
                                                 const double *a, const double *b) {
    double sum = 0;
    for (uint32_t s = (uint32_t)group.rank; s < k.states; s += (uint32_t)group.size)
        sum += a[s] * b[s];
    return epnet_group_sum(group, sum);
}

/* scaled = v D^-1; states that are never left (exit 0) carry nothing. */
__device__ static inline void epnet_krylov_precondition(const EpnetGroup &group, const EpnetKrylov &k,
                                                        const double *v) {
    for (uint32_t s = (uint32_t)group.rank; s < k.states; s += (uint32_t)group.size)
        k.scaled[s] = k.exit[s] > 0 ? v[s] / k.exit[s] : 0;
}

/* residual -= f image, p += f scaled. */
__device__ static inline void epnet_krylov_step(const EpnetGroup &group, const EpnetKrylov &k, double f,
                                                const double *image) {
    for (uint32_t s = (uint32_t)group.rank; s < k.states; s += (uint32_t)group.size) {
        k.residual[s] -= f * image[s];
        k.p[s] += f * k.scaled[s];
    }
}

/* Given q = pL in `residual`, add to p the d of dL = -q, by BiCGStab. `floor` [1/s]: the 2-norm of the
 * rounding of pL. */
__device__ static inline void epnet_krylov_correct(const EpnetGroup &group, const EpnetKrylov &k,
                                                   double floor) {
    double rho = 0;
    for (uint32_t s = (uint32_t)group.rank; s < k.states; s += (uint32_t)group.size) {
        const double r = -k.residual[s];
        k.residual[s] = k.shadow[s] = k.direction[s] = r;
        rho += r * r;
    }
    rho = epnet_group_sum(group, rho);
    const double target =
        fmax(EPNET_KRYLOV_REDUCTION * EPNET_KRYLOV_REDUCTION * rho, floor * floor); /* of the squared norm */
    for (int step = 0; step < EPNET_KRYLOV_STEPS_MAX && rho != 0; step++) {
        if (epnet_group_any(group, *k.stop != 0))
            return;
        epnet_krylov_precondition(group, k, k.direction);
        epnet_krylov_apply(group, k, k.scaled, k.image);
        const double alpha = rho / epnet_krylov_dot(group, k, k.shadow, k.image);
        if (!isfinite(alpha))
            return;
        epnet_krylov_step(group, k, alpha, k.image);
        epnet_krylov_precondition(group, k, k.residual);
        epnet_krylov_apply(group, k, k.scaled, k.half_image);
        const double omega = epnet_krylov_dot(group, k, k.half_image, k.residual) /
                             epnet_krylov_dot(group, k, k.half_image, k.half_image);
        if (!isfinite(omega))
            return;
        epnet_krylov_step(group, k, omega, k.half_image);
        double sums[2] = {0, 0};
        for (uint32_t s = (uint32_t)group.rank; s < k.states; s += (uint32_t)group.size) {
            sums[0] += k.residual[s] * k.residual[s];
            sums[1] += k.shadow[s] * k.residual[s];
        }
        epnet_group_sums(group, sums);
        if (sums[0] <= target || omega == 0)
            return;
        const double beta = sums[1] / rho * (alpha / omega);
        for (uint32_t s = (uint32_t)group.rank; s < k.states; s += (uint32_t)group.size)
            k.direction[s] = k.residual[s] + beta * (k.direction[s] - omega * k.image[s]);
        rho = sums[1];
    }
}

#endif

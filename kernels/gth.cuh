/* Elimination of Grassmann, Taksar and Heyman by a group (host/cpu/gth.c): no subtraction, so every entry of
 * the law is accurate to a few ulp at any coupling.
 *
 * Why not cuBLAS: its batched LU subtracts, so that a law loses, in all its entries, as many digits as some
 * nodes are decades faster than others, and it keeps the matrices in device memory, where here they never
 * leave the chip. Whether it is faster all the same is measured by bench/gpu/bench_dense.c. Its batched
 * products would serve several initial laws of one generator; a sweep has one initial law for many
 * generators, and a product by a dense propagator costs 2^N a state where an application of L costs N + 1. */
#ifndef EPNET_KERNELS_GTH_CUH
#define EPNET_KERNELS_GTH_CUH

#include "group.cuh"

/* Solve pi L = 0 for n states. matrix[a pitch + b] = rate a -> b, overwritten; the diagonal is ignored. False
 * if a state cannot be left towards lower ones in double precision. Begins and ends with the group in step.
 */
__device__ static inline bool epnet_gth_solve(const EpnetGroup &group, int n, int pitch, double *matrix,
                                              double *pi) {
    /* Remove states from the last: the chain watched only on the states below k has the rates
     * a_st + a_sk a_kt / (sum over r < k of a_kr). */
    for (int k = n - 1; k > 0; k--) {
        const double *const from_k = matrix + k * pitch;
        double leaving = 0;
        for (int t = group.rank; t < k; t += group.size)
            leaving += from_k[t];
        leaving = epnet_group_sum(group, leaving);
        if (!(leaving > 0))
            return false;
        for (int s = group.rank; s < k; s += group.size)
            matrix[s * pitch + k] /= leaving;
        epnet_group_sync(group); /* the shares are there */
        for (int t = group.rank; t < k; t += group.size) {
            const double rate = from_k[t];
            for (int s = 0; s < k; s++)
                matrix[s * pitch + t] += matrix[s * pitch + k] * rate;
        }
        epnet_group_sync(group);
    }
    double sum = 1;
    if (group.rank == 0)
        pi[0] = 1;
    for (int k = 1; k < n; k++) {
        epnet_group_sync(group); /* pi[k - 1] is there */
        double part = 0;
        for (int s = group.rank; s < k; s += group.size)
            part += pi[s] * matrix[s * pitch + k];
        part = epnet_group_sum(group, part);
        if (group.rank == 0)
            pi[k] = part;
        sum += part;
    }
    epnet_group_sync(group);
    for (int k = group.rank; k < n; k += group.size)
        pi[k] /= sum;
    epnet_group_sync(group);
    return true;
}

#endif

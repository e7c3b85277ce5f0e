/* The generator L of one point on the device: r_j(s), the rate at which node j flips in state s, from tables
 * over the low and the high bits (host/generator.h says why). Edges are sorted by target (EpnetCudaProblem).
 */
#ifndef EPNET_KERNELS_GENERATOR_CUH
#define EPNET_KERNELS_GENERATOR_CUH

#include "bits.h"
#include "engine.h"
#include "group.cuh"

#include <math.h>

/* low: [nodes][2][2^low_bits], high: [nodes][2][high_pitch], of which 2^(nodes - low_bits) are used; the
 * middle index is x_j. */
struct EpnetTables {
    int nodes, low_bits, high_pitch;
    const double *low, *high;
};

/* Parameters of one point, and the rates of its reverse copies. */
struct EpnetRates {
    const double *flip_up, *flip_down; /* nodes */
    const double *rate, *drive;        /* edge_count */
    const double *backward;            /* edge_count: rate exp(-drive) */
};

__host__ __device__ static inline size_t epnet_low_size(int nodes, int low_bits) {
    return (size_t)2 * (size_t)nodes << low_bits;
}

/* The pitch of high tables in shared memory: threads that read the rows of both values of x_j at once find
 * them in different banks, and all rows begin at multiples of 16 bytes. */
__host__ __device__ static constexpr int epnet_high_pitch(int high_bits) {
    return (1 << high_bits) + 2;
}

__device__ static inline double epnet_tables_rate(const EpnetTables &t, int j, uint32_t s) {
    const int table = 2 * j + (int)(s >> j & 1);
    return t.low[(table << t.low_bits) + (int)(s & ((1u << t.low_bits) - 1))] +
           t.high[table * t.high_pitch + (int)(s >> t.low_bits)];
}

/* sum over j of r_j(s) [1/s]. */
__device__ static inline double epnet_tables_exit(const EpnetTables &t, uint32_t s) {
    double exit = 0;
    for (int j = 0; j < t.nodes; j++)
        exit += epnet_tables_rate(t, j, s);
    return exit;
}

/* Inflow of probability into s: (pL)_s + exit(s) p_s. */
__device__ static inline double epnet_tables_inflow(const EpnetTables &t, const double *p, uint32_t s) {
    double inflow = 0;
    for (int j = 0; j < t.nodes; j++) {
        const uint32_t from = s ^ 1u << j;
        inflow += epnet_tables_rate(t, j, from) * p[from];
    }
    return inflow;
}

/* Which channels take part: all, or the copies that cross a cut. */
struct EpnetChannels {
    bool all;
    uint64_t cut; /* mask of S, unless all */
};

__device__ static inline bool epnet_channels_have(const EpnetChannels &channels, int source, int target) {
    return channels.all || epnet_bit(channels.cut, source) != epnet_bit(channels.cut, target);
}

/* One table entry: the rate of flipping j with x_j = x from the channels whose sources are the nodes
 * first_bit <= i < first_bit + bits with the values `values`, on top of `start`. Sums of non-negative terms.
 */
__device__ static inline double epnet_table_entry(const EpnetCudaProblem &problem, const EpnetRates &rates,
                                                  const EpnetChannels &channels, int j, int x, int first_bit,
                                                  int bits, uint32_t values, double start) {
    double sum = start;
    for (int e = problem.first_edge[j]; e < problem.first_edge[j + 1]; e++) {
        const int i = problem.source[e] - first_bit;
        if (i >= 0 && i < bits && epnet_channels_have(channels, problem.source[e], j))
            sum += epnet_bit(values, i) != x ? rates.rate[e] : rates.backward[e];
    }
    return sum;
}

/* Fill low and high for the channels. The caller synchronises the group before they are read. */
__device__ static inline void epnet_tables_fill(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                                const EpnetRates &rates, const EpnetChannels &channels,
                                                int low_bits, int high_pitch, double *low, double *high) {
    const int nodes = problem.nodes, high_bits = nodes - low_bits;
    for (int k = group.rank; k < 2 * nodes << low_bits; k += group.size) {
        const int table = k >> low_bits, j = table / 2, x = table & 1;
        const double flips = !channels.all ? 0 : x == 0 ? rates.flip_up[j] : rates.flip_down[j];
        low[k] = epnet_table_entry(problem, rates, channels, j, x, 0, low_bits,
                                   (uint32_t)(k & ((1 << low_bits) - 1)), flips);
    }
    for (int k = group.rank; k < 2 * nodes << high_bits; k += group.size) {
        const int table = k >> high_bits, values = k & ((1 << high_bits) - 1);
        high[table * high_pitch + values] = epnet_table_entry(problem, rates, channels, table / 2, table & 1,
                                                              low_bits, high_bits, (uint32_t)values, 0);
    }
}

/* Whether node j can flip in state s at all, decided on the structure (host/generator.h). */
__device__ static inline bool epnet_flip_is_possible(const EpnetCudaProblem &problem, const EpnetRates &rates,
                                                     int j, uint32_t s) {
    const int x = epnet_bit(s, j);
    if ((x == 0 ? rates.flip_up[j] : rates.flip_down[j]) > 0)
        return true;
    for (int e = problem.first_edge[j]; e < problem.first_edge[j + 1]; e++) {
        if (rates.rate[e] > 0 && (epnet_bit(s, problem.source[e]) != x || !isinf(rates.drive[e])))
            return true;
    }
    return false;
}

/* ln of the rate of edge e, which enters j, in state s. */
__device__ static inline double epnet_log_copy_rate(const EpnetCudaProblem &problem, const EpnetRates &rates,
                                                    int j, int e, uint32_t s) {
    const bool differ = epnet_bit(s, problem.source[e]) != epnet_bit(s, j);
    return log(rates.rate[e]) - (differ ? 0 : rates.drive[e]);
}

/* ln r_j(s), correct where r_j(s) underflows; -inf where the flip is impossible. */
__device__ static inline double epnet_log_rate(const EpnetCudaProblem &problem, const EpnetRates &rates,
                                               const EpnetTables &tables, int j, uint32_t s) {
    const double rate = epnet_tables_rate(tables, j, s);
    if (rate >= 1e-290) /* no term of weight has lost digits to underflow */
        return log(rate);
    const double log_flip = log(epnet_bit(s, j) == 0 ? rates.flip_up[j] : rates.flip_down[j]);
    double largest = log_flip;
    for (int e = problem.first_edge[j]; e < problem.first_edge[j + 1]; e++)
        largest = fmax(largest, epnet_log_copy_rate(problem, rates, j, e, s));
    if (isinf(largest))
        return largest;
    double sum = exp(log_flip - largest);
    for (int e = problem.first_edge[j]; e < problem.first_edge[j + 1]; e++)
        sum += exp(epnet_log_copy_rate(problem, rates, j, e, s) - largest);
    return largest + log(sum);
}

/* c(s) = sum_j r_j(s) ln(r_j(s)/r_j(s^j)) (host/cpu/weights.h); infinite where a flip that cannot be reversed
 * leaves s. */
__device__ static inline double epnet_production_weight(const EpnetCudaProblem &problem,
                                                        const EpnetRates &rates, const EpnetTables &tables,
                                                        uint32_t s) {
    double sum = 0;
    for (int j = 0; j < problem.nodes; j++) {
        const double rate = epnet_tables_rate(tables, j, s);
        if (rate > 0)
            sum += rate * (epnet_log_rate(problem, rates, tables, j, s) -
                           epnet_log_rate(problem, rates, tables, j, s ^ 1u << j));
    }
    return sum;
}

#endif

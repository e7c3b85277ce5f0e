/* Terms and sums of points side by side, and of states side by side (lanes.h). `inner` is the number of bits
 * of a state within a vector. */
#ifndef EPNET_HOST_CPU_LANES_TERMS_H
#define EPNET_HOST_CPU_LANES_TERMS_H

#include "lanes.h"

/* The sum over the states of a vector, in each of their lanes. */
EPNET_INLINE EpnetVector epnet_lanes_total(int inner, EpnetVector a) {
    EPNET_UNROLL
    for (int j = 0; j < inner; j++)
        a += epnet_vector_flip(a, j);
    return a;
}

/* The sum over those bits within the vector that are not in `mask`, in each of their lanes. */
EPNET_INLINE EpnetVector epnet_lanes_project(int inner, size_t mask, EpnetVector a) {
    EPNET_UNROLL
    for (int j = 0; j < inner; j++)
        a = mask >> j & 1 ? a : a + epnet_vector_flip(a, j);
    return a;
}

/* What the states of vector `at` have in those with node j flipped. `all` are all vectors, or a
 * block of them, aligned to its length, that holds both. */
EPNET_INLINE EpnetVector epnet_lanes_neighbour(int inner, int j, const EpnetVector *all, size_t at) {
    return j < inner ? epnet_vector_flip(all[at], j) : all[at ^ (size_t)1 << (j - inner)];
}

/* ln(p/q) near p = q is what a divergence lives on: epnet_divergence_term() of formula.h, both branches.
 * inverse: 1/q. */
EPNET_INLINE EpnetVector epnet_lanes_divergence_term(EpnetVector p, EpnetVector q, EpnetVector inverse,
                                                     EpnetVector log_ratio) {
    const EpnetVector d = (p - q) * inverse;
    EpnetVector series = epnet_vector_all(1.0 / 90);
    series = 1.0 / 72 - d * series;
    series = 1.0 / 56 - d * series;
    series = 1.0 / 42 - d * series;
    series = 1.0 / 30 - d * series;
    series = 1.0 / 20 - d * series;
    series = 1.0 / 12 - d * series;
    series = 1.0 / 6 - d * series;
    series = 1.0 / 2 - d * series;
    return epnet_vector_select(epnet_vector_below(epnet_vector_all(0.02), epnet_vector_absolute(d)),
                               p * log_ratio - (p - q), q * d * d * series);
}

/* Whether a sum has lost digits, as epnet_cancels() of observe.h. */
EPNET_INLINE EpnetMask epnet_lanes_cancels(const EpnetLanes *lanes, EpnetVector sum, EpnetVector gross) {
    const EpnetVector left = epnet_vector_absolute(sum) - lanes->observer[0].cancellation * gross;
    return epnet_mask_of_signs((EpnetBits)left) | epnet_vector_is_nan(left);
}

/* Inflow into the states of vector `at`: sum over j of inflow[j][s] p[s^j]. */
EPNET_INLINE EpnetVector epnet_lanes_inflow(int nodes, int inner, size_t vectors, const EpnetVector *inflow,
                                            const EpnetVector *p, size_t at) {
    EpnetVector sum = inflow[at] * epnet_lanes_neighbour(inner, 0, p, at);
    for (int j = 1; j < nodes; j++)
        sum += inflow[(size_t)j * vectors + at] * epnet_lanes_neighbour(inner, j, p, at);
    return sum;
}

#endif

/* The trajectories side by side, window after window: the Chebyshev steps of host/evolution.c in every lane,
 * each of which serves several samples (lanes_window.h). */
#include "lanes_terms.h"
#include "series.h"

#include <float.h>
#include <math.h>

/* Lambda t of a window of one sample, and of one of more: beyond, more samples save nothing. */
static const double X_MAX = EPNET_WINDOW_X_MAX, X_WINDOW = 24;
/* Growth from which on a smaller step is what a point needs. */
static const double GROWTH_MAX = 1e6;

/* ---- vectors ----------------------------------------------------------------------------------------- */

/* v_k from v_{k-1} (now) and v_{k-2} (before): f (now + now L/Lambda) - g before into next, which may be
 * before. Returns the sum of |v_k|. A block of vectors at a time stays in registers, where the lowest bits of
 * their index find each other. */
EPNET_INLINE EpnetVector step(int nodes, int inner, const EpnetVector *restrict inflow,
                              const EpnetVector *restrict stay, const EpnetVector *restrict now,
                              const EpnetVector *before, double f, double g, EpnetVector *next) {
    enum { BLOCK_BITS = 2, BLOCK = 1 << BLOCK_BITS };
    const int index_bits = nodes - inner, low = index_bits < BLOCK_BITS ? index_bits : BLOCK_BITS;
    const size_t vectors = (size_t)1 << index_bits, block = (size_t)1 << low;
    EpnetVector norm = epnet_vector_all(0);
    for (size_t v = 0; v < vectors; v += block) {
        EpnetVector own[BLOCK], sum[BLOCK];
        EPNET_UNROLL
        for (size_t k = 0; k < block; k++) {
            own[k] = now[v + k];
            sum[k] = own[k] + stay[v + k] * own[k];
        }
        EPNET_UNROLL
        for (int j = 0; j < inner + low; j++) {
            EPNET_UNROLL
            for (size_t k = 0; k < block; k++)
                sum[k] += inflow[(size_t)j * vectors + v + k] * epnet_lanes_neighbour(inner, j, own, k);
        }
        for (int j = inner + low; j < nodes; j++) {
            const EpnetVector *other = now + (v ^ (size_t)1 << (j - inner));
            EPNET_UNROLL
            for (size_t k = 0; k < block; k++)
                sum[k] += inflow[(size_t)j * vectors + v + k] * other[k];
        }
        EPNET_UNROLL
        for (size_t k = 0; k < block; k++) {
            const EpnetVector value = f * sum[k] - g * before[v + k];
            next[v + k] = value;
            norm += epnet_vector_absolute(value);
        }
    }
    return norm;
}

/* Vectors that are added to the samples together. */
enum { RING = EPNET_LANES_RING, TERMS = RING - 2 };

/* Add c[k] terms[k], k < TERMS, to two samples. c: [k][EPNET_WINDOW_SAMPLES], from the first of them on. */
EPNET_INLINE void add_terms(size_t vectors, const EpnetVector *const *terms, const EpnetVector *c,
                            EpnetVector *restrict one, EpnetVector *restrict other) {
    EpnetVector c_one[TERMS], c_other[TERMS];
    EPNET_UNROLL
    for (int k = 0; k < TERMS; k++) {
        c_one[k] = c[k * EPNET_WINDOW_SAMPLES];
        c_other[k] = c[k * EPNET_WINDOW_SAMPLES + 1];
    }
    for (size_t v = 0; v < vectors; v++) {
        EpnetVector sum_one = one[v], sum_other = other[v];
        EPNET_UNROLL
        for (int k = 0; k < TERMS; k++) {
            const EpnetVector term = terms[k][v];
            sum_one += c_one[k] * term;
            sum_other += c_other[k] * term;
        }
        one[v] = sum_one;
        other[v] = sum_other;
    }
}

/* The states at all samples of the window into ahead[], from p. growth: the largest sum of |T_k| of each
 * point, k up to the point's own degree, whatever the others take. */
EPNET_INLINE void sum_series(int nodes, int inner, EpnetLanes *lanes, EpnetVector *growth) {
    const size_t vectors = lanes->vectors, samples = lanes->window_samples;
    const EpnetWindow *window = &lanes->window;
    EpnetVector *ring[RING], own_degree = epnet_vector_all(0);
    size_t degree = 0;
    for (size_t r = 0; r < RING; r++)
        ring[r] = lanes->ring + r * vectors;
    for (size_t m = 0; m < samples; m++)
        degree = window->degree_max[m] > degree ? window->degree_max[m] : degree;
    for (size_t m = 0; m < samples; m++) {
        for (size_t l = 0; l < EPNET_LANES; l++)
            own_degree[l] = fmax(own_degree[l], (double)window->degree[m][l < lanes->points ? l : 0]);
    }
    memcpy(ring[0], lanes->p, vectors * sizeof *ring[0]);
    memset(lanes->ahead, 0, (samples + samples % 2) * vectors * sizeof *lanes->ahead);
    *growth = epnet_vector_all(0);
    size_t at = 0; /* of the vector k in the ring */
    for (size_t k = 0; k <= degree; k++) {
        if (k > 0) {
            const size_t before = (at + RING - 1) % RING, next = (at + 1) % RING;
            const EpnetVector norm =
                k == 1 ? step(nodes, inner, lanes->inflow, lanes->stay, ring[at], ring[at], 1, 0, ring[next])
                       : step(nodes, inner, lanes->inflow, lanes->stay, ring[at], ring[before], 2, 1,
                              ring[next]);
            const EpnetVector total = epnet_lanes_total(inner, norm);
            const EpnetMask larger = epnet_vector_below(*growth, total) | epnet_vector_is_nan(total),
                            beyond = epnet_vector_below(own_degree, epnet_vector_all((double)k));
            *growth = epnet_vector_select(larger & ~beyond, total, *growth);
            at = next;
        }
        if (k % TERMS != TERMS - 1 && k != degree)
            continue;
        const size_t first = k / TERMS * TERMS;
        const EpnetVector *terms[TERMS];
        for (size_t r = 0; r < TERMS; r++) /* those beyond the degree have coefficients of 0 */
            terms[r] = ring[(at + RING - (k - first) + (first + r <= k ? r : k - first)) % RING];
        for (size_t m = 0; m < samples; m += 2) {
            const size_t other = m + 1 < samples ? m + 1 : m;
            if (first <= window->degree_max[m] || first <= window->degree_max[other])
                add_terms(vectors, terms, window->c + first * EPNET_WINDOW_SAMPLES + m,
                          lanes->ahead + m * vectors, lanes->ahead + (m + 1) * vectors);
        }
    }
}

EPNET_INSTRUCTION_LEVELS(static, void, sum_window, (EpnetLanes * lanes, EpnetVector *growth),
                         (lanes, growth)) {
    switch (lanes->nodes) { /* a constant number of nodes lets the compiler unroll the bits */
    case 1:
        sum_series(1, 0, lanes, growth);
        break;
    case 2:
        sum_series(2, 0, lanes, growth);
        break;
    case 3:
        sum_series(3, 0, lanes, growth);
        break;
    case 4:
        sum_series(4, 0, lanes, growth);
        break;
    case 5:
        sum_series(5, 0, lanes, growth);
        break;
    case 6:
        sum_series(6, 0, lanes, growth);
        break;
    case 7:
        sum_series(7, EPNET_LANES_INNER, lanes, growth);
        break;
    case 8:
        sum_series(8, EPNET_LANES_INNER, lanes, growth);
        break;
    default:
        sum_series(lanes->nodes, EPNET_LANES_INNER, lanes, growth);
    }
}

/* ---- windows ----------------------------------------------------------------------------------------- */

/* Samples of the window after `taken` samples: few at first, where probabilities are still small. */
static size_t samples_after(size_t taken, size_t most) {
    size_t samples = 1;
    while (2 * samples <= most && 2 * samples <= taken)
        samples *= 2;
    return samples;
}

/* The longest window of at most `most` samples [s], and the shortest interval. */
static void spans_of(const EpnetProblem *problem, size_t most, double *longest, double *shortest) {
    size_t taken = 0, first = 0;
    double start = 0;
    *longest = 0;
    *shortest = INFINITY;
    while (first < problem->time_count && !(problem->times[first] > 0))
        first++;
    for (size_t k = first; k < problem->time_count;) {
        const size_t rest = problem->time_count - k, wished = samples_after(taken, most),
                     samples = wished < rest ? wished : rest;
        const double end = problem->times[k + samples - 1];
        *longest = end - start > *longest ? end - start : *longest;
        *shortest = problem->times[k] - start < *shortest ? problem->times[k] - start : *shortest;
        start = end;
        taken += samples;
        k += samples;
    }
}

double epnet_lanes_window_longest(const EpnetProblem *problem, size_t most) {
    double longest, shortest;
    spans_of(problem, most, &longest, &shortest);
    return longest;
}

size_t epnet_lanes_window_samples(const EpnetProblem *problem, double exit_max) {
    double longest, shortest;
    for (size_t samples = EPNET_WINDOW_SAMPLES; samples > 0; samples /= 2) {
        spans_of(problem, samples, &longest, &shortest);
        if (exit_max * longest <= (samples > 1 ? X_WINDOW : X_MAX))
            return exit_max * shortest >= EPNET_CHEBYSHEV_X_LEAST ? samples : 0;
    }
    return 0;
}

/* Whether the coefficients serve the window from lanes->time on: sampled times are rounded, so equal
 * intervals differ by that. Sets by how much [s] they are off at most. */
static bool serves(EpnetLanes *lanes, size_t sample, size_t samples) {
    const EpnetWindow *window = &lanes->window;
    const double *times = lanes->problem->times, rounding = 4 * DBL_EPSILON * times[sample + samples - 1];
    lanes->window_off = 0;
    for (size_t m = 0; m < samples && m < window->samples; m++)
        lanes->window_off = fmax(lanes->window_off, fabs(times[sample + m] - lanes->time - window->tau[m]));
    return samples <= window->samples && lanes->window_off <= rounding;
}

static void make(EpnetLanes *lanes, const double *tau, size_t samples, const EpnetMask *alive) {
    const EpnetProblem *problem = lanes->problem;
    double exit_max[EPNET_LANES];
    size_t some = 0;
    while (some < lanes->points - 1 && !(*alive)[some])
        some++;
    for (size_t l = 0; l < lanes->points; l++) /* what is not served must not matter */
        exit_max[l] = (*lanes->exit_max)[(*alive)[l] ? l : some];
    epnet_window_make(&lanes->window, samples, tau, exit_max,
                      0.5 * problem->tolerance / problem->times[problem->time_count - 1]);
}

/* Make coefficients for the window from lanes->time on, and for as many samples more as later windows of
 * equal intervals take. */
static void prepare(EpnetLanes *lanes, size_t sample, const EpnetMask *alive) {
    const double *times = lanes->problem->times;
    const size_t rest = lanes->problem->time_count - sample;
    size_t samples = lanes->window_most < rest ? lanes->window_most : rest;
    double tau[EPNET_WINDOW_SAMPLES];
    if (serves(lanes, sample, lanes->window_samples))
        return;
    for (size_t m = 0; m < samples; m++)
        tau[m] = times[sample + m] - lanes->time;
    while (samples > lanes->window_samples && tau[samples - 1] > lanes->window_longest)
        samples--;
    lanes->window_off = 0;
    make(lanes, tau, samples, alive);
}

/* Sum the window, with coefficients that allow for the growth that its vectors show: where a point's grow
 * more, it is summed again. The other points come to the same sums, for their coefficients are the same. */
static void take_window(EpnetLanes *lanes, const EpnetMask *alive) {
    for (bool again = true; again;) {
        EpnetVector growth;
        again = false;
        sum_window(lanes, &growth);
        for (size_t l = 0; l < lanes->points; l++) {
            if ((*alive)[l] && growth[l] > lanes->window.growth[l] && growth[l] < GROWTH_MAX) {
                lanes->window.growth[l] = 4 * growth[l];
                again = true;
            }
            lanes->grew[l] = growth[l];
        }
        double tau[EPNET_WINDOW_SAMPLES];
        memcpy(tau, lanes->window.tau, sizeof tau);
        if (again)
            make(lanes, tau, lanes->window.samples, alive);
    }
}

/* Add the errors of sample m of the window to those of its start; a point beyond its tolerance is cleared. */
static void add_errors(EpnetLanes *lanes, size_t m, EpnetMask *alive) {
    const EpnetProblem *problem = lanes->problem;
    const EpnetWindow *window = &lanes->window;
    const double share = 0.5 * problem->tolerance * window->tau[m] / problem->times[problem->time_count - 1];
    for (size_t l = 0; l < lanes->points; l++) {
        if (!(*alive)[l])
            continue;
        const double tail = window->tail[m][l], rounding = window->rounding[m][l],
                     per_application = 2 * DBL_EPSILON;
        lanes->error[l] = lanes->error_before[l] + tail + 2 * (*lanes->exit_max)[l] * lanes->window_off;
        lanes->rounding_square[l] = lanes->rounding_square_before[l] + rounding * rounding;
        lanes->applications[l] = lanes->applications_before[l] + (double)window->degree[m][l];
        const double noise =
            sqrt(lanes->rounding_square[l] + per_application * per_application * lanes->applications[l]);
        if (!(lanes->grew[l] <= window->growth[l] && tail <= share &&
              rounding <= fmax(share, 64 * DBL_EPSILON) && lanes->error[l] + noise <= problem->tolerance))
            (*alive)[l] = 0;
    }
}

void epnet_lanes_advance(EpnetLanes *lanes, size_t sample, EpnetMask *alive) {
    const EpnetProblem *problem = lanes->problem;
    if (!(problem->times[sample] > lanes->time))
        return;
    if (sample == lanes->window_end) { /* or the first with a time above 0 */
        const size_t rest = problem->time_count - sample,
                     wished = samples_after(lanes->taken, lanes->window_most);
        lanes->window_samples = wished < rest ? wished : rest;
        memcpy(lanes->error_before, lanes->error, sizeof lanes->error);
        memcpy(lanes->rounding_square_before, lanes->rounding_square, sizeof lanes->rounding_square);
        memcpy(lanes->applications_before, lanes->applications, sizeof lanes->applications);
        if (lanes->p !=
            lanes->start) { /* one of `ahead`, which the window's sums replace, more than once maybe */
            memcpy(lanes->start, lanes->p, lanes->vectors * sizeof *lanes->start);
            lanes->p = lanes->start;
        }
        prepare(lanes, sample, alive);
        take_window(lanes, alive);
        lanes->window_end = sample + lanes->window_samples;
        lanes->taken += lanes->window_samples;
    }
    const size_t m = sample - (lanes->window_end - lanes->window_samples);
    lanes->p = lanes->ahead + m * lanes->vectors;
    lanes->time = problem->times[sample];
    add_errors(lanes, m, alive);
}

/* One interval of eight trajectories: a Chebyshev step of host/evolution.c in every lane. */
#include "instruction_levels.h"
#include "lanes.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* Lambda dt that a lane takes in one step, and by how much the tail is cut below its share, as a point starts
 * out alone (host/evolution.c). */
static const double X_LEAST = 1e-3, X_MAX = 64, MARGIN = 4;

typedef struct Norms {
    EpnetVector now, before;
} Norms;

/* v_k from v_{k-1} (now) and v_{k-2} (before, overwritten): f (now + now L/Lambda) - g before, times c onto
 * the sum. */
EPNET_INLINE void step(int nodes, const EpnetVector *restrict inflow, const EpnetVector *restrict stay,
                       const EpnetVector *restrict now, EpnetVector *restrict before,
                       EpnetVector *restrict sum, double f, double g, EpnetVector c) {
    const size_t states = (size_t)1 << nodes;
    for (size_t s = 0; s < states; s++) {
        EpnetVector change = stay[s] * now[s];
        for (int j = 0; j < nodes; j++)
            change += inflow[((size_t)j << nodes) + s] * now[s ^ (size_t)1 << j];
        const EpnetVector next = f * (now[s] + change) - g * before[s];
        before[s] = next;
        sum[s] += c * next;
    }
}

EPNET_INLINE Norms norms(size_t states, const EpnetVector *now, const EpnetVector *before) {
    Norms n = {epnet_vector_all(0), epnet_vector_all(0)};
    for (size_t s = 0; s < states; s++) {
        n.now += epnet_vector_absolute(now[s]);
        n.before += epnet_vector_absolute(before[s]);
    }
    return n;
}

/* The sum of the series of `degree` (the largest of the lanes') into sum. growth: per lane, the larger norm
 * of the last two vectors of its own degree. */
EPNET_INLINE void series_sum(int nodes, EpnetLanes *lanes, size_t degree, EpnetVector *growth) {
    const size_t states = (size_t)1 << nodes;
    EpnetVector *now = lanes->now, *before = lanes->before;
    for (size_t s = 0; s < states; s++) {
        now[s] = lanes->p[s];
        before[s] = epnet_vector_all(0);
        lanes->sum[s] = lanes->c[0] * now[s];
    }
    for (size_t k = 1; k <= degree; k++) {
        step(nodes, lanes->inflow, lanes->stay, now, before, lanes->sum, k == 1 ? 1 : 2, k == 1 ? 0 : 1,
             lanes->c[k]);
        EpnetVector *swap = before;
        before = now;
        now = swap;
        bool last = false;
        for (int l = 0; l < EPNET_LANES; l++)
            last |= lanes->series[l].degree == k;
        if (!last)
            continue;
        const Norms n = norms(states, now, before);
        const EpnetVector larger = epnet_vector_maximum(n.now, n.before);
        for (int l = 0; l < EPNET_LANES; l++)
            (*growth)[l] = lanes->series[l].degree == k ? larger[l] : (*growth)[l];
    }
}

EPNET_INSTRUCTION_LEVELS(static, void, sum_series, (EpnetLanes * lanes, size_t degree, EpnetVector *growth),
                         (lanes, degree, growth)) {
    switch (lanes->nodes) { /* a constant number of nodes lets the compiler unroll the bits */
    case 1:
        series_sum(1, lanes, degree, growth);
        break;
    case 2:
        series_sum(2, lanes, degree, growth);
        break;
    case 3:
        series_sum(3, lanes, degree, growth);
        break;
    case 4:
        series_sum(4, lanes, degree, growth);
        break;
    case 5:
        series_sum(5, lanes, degree, growth);
        break;
    case 6:
        series_sum(6, lanes, degree, growth);
        break;
    case 7:
        series_sum(7, lanes, degree, growth);
        break;
    default:
        series_sum(EPNET_LANES_NODES, lanes, degree, growth);
    }
}

/* Clear the lanes that have an entry which is not a positive number. */
EPNET_INSTRUCTION_LEVELS(static, void, keep_positive, (size_t states, const EpnetVector *p, EpnetMask *alive),
                         (states, p, alive)) {
    EpnetMask good = *alive;
    for (size_t s = 0; s < states; s++)
        good &= (p[s] > 0) & (p[s] < INFINITY);
    *alive = good;
}

/* Sampled times are rounded, so equal intervals differ by that: a series serves all of them. */
static bool serves(const EpnetSeries *series, double x, double tolerance, double rounding) {
    return series->length > 0 && fabs(series->x - x) <= rounding &&
           fabs(series->tolerance - tolerance) <= 1e-3 * tolerance;
}

static bool reserve(EpnetLanes *lanes, size_t length) {
    if (length <= lanes->c_length)
        return true;
    void *grown = NULL;
    if (posix_memalign(&grown, sizeof(EpnetVector), length * sizeof(EpnetVector)) != 0)
        return false;
    free(lanes->c);
    lanes->c = grown;
    lanes->c_length = length;
    return true;
}

/* Every lane's coefficients for a step of dt side by side; lanes for which a plain step will not do are
 * cleared. Sets the largest degree. False when memory is exhausted. */
static bool prepare(EpnetLanes *lanes, double dt, double share, EpnetMask *alive, size_t *degree) {
    bool changed = false;
    *degree = 0;
    for (int l = 0; l < EPNET_LANES; l++) {
        EpnetSeries *series = &lanes->series[l];
        const double x = (*lanes->exit_max)[l] * dt;
        (*alive)[l] = x >= X_LEAST && x <= X_MAX ? (*alive)[l] : 0;
        if ((*alive)[l] &&
            !serves(series, x, share / MARGIN, 4 * DBL_EPSILON * (*lanes->exit_max)[l] * lanes->time)) {
            if (!epnet_series_chebyshev(series, x, share / MARGIN, (size_t)lanes->nodes))
                return false;
            changed = true;
        }
        if (series->length > 0 && series->degree > *degree)
            *degree = series->degree;
    }
    if (!changed)
        return true;
    if (!reserve(lanes, *degree + 1))
        return false;
    for (size_t k = 0; k <= *degree; k++) {
        for (int l = 0; l < EPNET_LANES; l++)
            lanes->c[k][l] =
                lanes->series[l].length > 0 && k <= lanes->series[l].degree ? lanes->series[l].c[k] : 0;
    }
    return true;
}

bool epnet_lanes_advance(EpnetLanes *lanes, size_t sample, EpnetMask *alive) {
    const EpnetProblem *problem = lanes->problem;
    const double dt = problem->times[sample] - lanes->time;
    lanes->time = problem->times[sample];
    if (!(dt > 0))
        return true;
    const double share = 0.5 * problem->tolerance * dt / problem->times[problem->time_count - 1];
    size_t degree;
    EpnetVector growth = epnet_vector_all(0);
    if (!prepare(lanes, dt, share, alive, &degree))
        return false;
    sum_series(lanes, degree, &growth);
    for (int l = 0; l < EPNET_LANES; l++) {
        if (!(*alive)[l])
            continue;
        double tail, rounding;
        epnet_series_chebyshev_error(&lanes->series[l], growth[l], &tail, &rounding);
        lanes->applications[l] += (double)lanes->series[l].degree;
        lanes->error[l] += tail;
        lanes->rounding_square[l] += rounding * rounding;
        const double per_application = 2 * DBL_EPSILON,
                     noise = sqrt(lanes->rounding_square[l] +
                                  per_application * per_application * lanes->applications[l]);
        if (!(tail <= share && rounding <= fmax(share, 64 * DBL_EPSILON) &&
              lanes->error[l] + noise <= problem->tolerance))
            (*alive)[l] = 0;
    }
    EpnetVector *swap = lanes->p;
    lanes->p = lanes->sum;
    lanes->sum = swap;
    keep_positive(lanes->states, lanes->p, alive);
    return true;
}

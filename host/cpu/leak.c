#include "leak.h"

#include "../philox.h"
#include "../status.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- fit --------------------------------------------------------------------------------------------- */

static size_t capacity_of(const EpnetLeakSettings *settings, size_t time_count) {
    return settings->samples > time_count ? settings->samples : time_count;
}

uint64_t epnet_leak_bytes(const EpnetLeakSettings *settings, int nodes, size_t time_count) {
    return (((uint64_t)1 << nodes) + 2 * capacity_of(settings, time_count) + settings->bootstrap) *
           sizeof(double);
}

bool epnet_leak_alloc(EpnetLeakWork *work, const EpnetLeakSettings *settings, int nodes, size_t time_count) {
    memset(work, 0, sizeof *work);
    work->settings = settings;
    work->capacity = capacity_of(settings, time_count);
    work->p = epnet_calloc(epnet_leak_bytes(settings, nodes, time_count), 1);
    if (work->p == NULL)
        return false;
    work->t = work->p + ((size_t)1 << nodes);
    work->y = work->t + work->capacity;
    work->replicates = work->y + work->capacity;
    return true;
}

void epnet_leak_free(EpnetLeakWork *work) {
    free(work->p);
    memset(work, 0, sizeof *work);
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The q-quantile of sorted values, linear between order statistics. */
static double quantile(size_t n, const double *sorted, double q) {
    const double at = q * (double)(n - 1);
    const size_t below = (size_t)at, above = below + 1 < n ? below + 1 : below;
    return sorted[below] + (at - (double)below) * (sorted[above] - sorted[below]);
}

void epnet_leak_fit(const EpnetLeakWork *work, size_t n, const double *t, const double *y,
                    EpnetLeakFit *fit) {
    const EpnetLeakSettings *settings = work->settings;
    double mean_t = 0, mean_y = 0, spread = 0, covariance = 0;
    for (size_t k = 0; k < n; k++) {
        mean_t += t[k] / (double)n;
        mean_y += y[k] / (double)n;
    }
    for (size_t k = 0; k < n; k++) {
        spread += (t[k] - mean_t) * (t[k] - mean_t);
        covariance += (t[k] - mean_t) * (y[k] - mean_y);
    }
    const double slope = covariance / spread;
    /* A replicate adds resampled residuals to the line; only their own slope moves. Draw k of replicate b is
     * word k mod 4 of the counter (k / 4, b). */
    for (size_t b = 0; b < settings->bootstrap; b++) {
        EpnetPhiloxWords random = {{0}};
        double moved = 0;
        for (size_t k = 0; k < n; k++) {
            if (k % 4 == 0) {
                const EpnetPhiloxWords counter = {{(uint32_t)(k / 4), (uint32_t)b, 0, 0}};
                random = epnet_philox(counter, settings->seed);
            }
            const size_t from = (size_t)((uint64_t)random.v[k % 4] * n >> 32);
            moved += (t[k] - mean_t) * (y[from] - mean_y - slope * (t[from] - mean_t));
        }
        work->replicates[b] = slope + moved / spread;
    }
    qsort(work->replicates, settings->bootstrap, sizeof(double), compare);
    fit->leak = -slope;
    fit->low = -quantile(settings->bootstrap, work->replicates, 0.975);
    fit->high = -quantile(settings->bootstrap, work->replicates, 0.025);
}

/* ---- quench ------------------------------------------------------------------------------------------ */

/* State at time t after the quench into work->p, and its multiinformation; NaN if the run is to stop. */
static double information_at(EpnetLeakWork *work, EpnetObserver *observer, const EpnetPoint *point,
                             const double *p0, double t) {
    const int nodes = observer->problem->nodes;
    const size_t states = (size_t)1 << nodes;
    if (work->stop != NULL && *work->stop)
        return NAN;
    memcpy(work->p, p0, states * sizeof *p0);
    for (int i = 0; i < nodes; i++) {
        const double total = point->flip_up[i] + point->flip_down[i];
        const double relaxed = total > 0 ? -expm1(-total * t) / total : 0;
        const double up = point->flip_up[i] * relaxed,
                     down = point->flip_down[i] * relaxed; /* P(0->1), P(1->0) */
        const size_t stride = (size_t)1 << i;
        for (size_t base = 0; base < states; base += 2 * stride) {
            for (size_t a = base; a < base + stride; a++) {
                const double p_a = work->p[a], p_b = work->p[a + stride];
                work->p[a] = (1 - up) * p_a + down * p_b;
                work->p[a + stride] = up * p_a + (1 - down) * p_b;
            }
        }
    }
    return epnet_observe_multiinformation(observer, work->p);
}

/* Time at which I has fallen to `level`: I(t) never rises without copies, so a bracket by doubling and
 * bisection in time find the only crossing. Negative if it is not reached. */
static double crossing(EpnetLeakWork *work, EpnetObserver *observer, const EpnetPoint *point,
                       const double *p0, double level, double start) {
    enum { DOUBLINGS = 100, STEPS = 200 };
    double low = 0, high = start;
    for (int i = 0; information_at(work, observer, point, p0, high) > level; i++) {
        if (i == DOUBLINGS)
            return -1;
        low = high;
        high *= 2;
    }
    for (int i = 0; i < STEPS && high - low > 1e-13 * high; i++) {
        const double middle = low + (high - low) / 2;
        *(information_at(work, observer, point, p0, middle) > level ? &low : &high) = middle;
    }
    return high;
}

EpnetPointStatus epnet_leak_quench(EpnetLeakWork *work, EpnetObserver *observer, const EpnetPoint *point,
                                   const double *p0, double noise, EpnetLeakFit *fit) {
    const EpnetLeakSettings *settings = work->settings;
    const double rounding = observer->problem->nodes * DBL_EPSILON; /* of an entry of p, relative */
    double fastest = 0;
    for (int i = 0; i < observer->problem->nodes; i++)
        fastest = fmax(fastest, point->flip_up[i] + point->flip_down[i]);
    const double initial = information_at(work, observer, point, p0, 0);
    /* The last sample stands 1e4 times above the information that rounding makes out of nothing. */
    if (!(initial > noise && settings->window[1] * initial > 1e4 * rounding * rounding) || !(fastest > 0))
        return EPNET_POINT_NO_DECAY;
    const double start = 0.1 / fastest;
    const double first = crossing(work, observer, point, p0, settings->window[0] * initial, start);
    const double last = crossing(work, observer, point, p0, settings->window[1] * initial, start);
    if (!(first >= 0) || !(last > first))
        return EPNET_POINT_NO_DECAY;
    for (size_t k = 0; k < settings->samples; k++) {
        work->t[k] = first + (last - first) * (double)k / (double)(settings->samples - 1);
        work->y[k] = log(information_at(work, observer, point, p0, work->t[k]));
    }
    epnet_leak_fit(work, settings->samples, work->t, work->y, fit);
    return EPNET_POINT_OK;
}

/* ---- decay ------------------------------------------------------------------------------------------- */

/* Index of the last turning point of the samples, 0 if there is none; a rise or fall by less than `noise` is
 * not one. */
static size_t last_turn(size_t n, const double *values, double noise) {
    size_t turn = 0, highest = 0, lowest = 0;
    bool rising = true, falling = true; /* which way it may be going; both until it has moved */
    for (size_t k = 1; k < n; k++) {
        highest = values[k] > values[highest] ? k : highest;
        lowest = values[k] < values[lowest] ? k : lowest;
        if (rising && values[highest] - values[k] > noise) {
            turn = highest;
            lowest = k;
            rising = false;
            falling = true;
        } else if (falling && values[k] - values[lowest] > noise) {
            turn = lowest;
            highest = k;
            rising = true;
            falling = false;
        }
    }
    return turn;
}

EpnetPointStatus epnet_leak_decay(EpnetLeakWork *work, size_t n, const double *times,
                                  const double *information, double stationary, double noise,
                                  EpnetLeakFit *fit) {
    const double *window = work->settings->window;
    const size_t from = last_turn(n, information, noise);
    const double amplitude = information[from] - stationary;
    size_t used = 0;
    bool through = false; /* it has left the window at its far end */
    if (!(window[1] * fabs(amplitude) > noise))
        return EPNET_POINT_NO_DECAY;
    for (size_t k = from; k < n; k++) {
        const double part = (information[k] - stationary) / amplitude;
        if (part < -window[1]) /* through the stationary value: there will be another turn */
            return EPNET_POINT_NO_DECAY;
        through |= part < window[1];
        if (through || part > window[0])
            continue;
        work->t[used] = times[k];
        work->y[used++] = log(part * fabs(amplitude));
    }
    if (used < 3 || !through)
        return EPNET_POINT_NO_DECAY;
    epnet_leak_fit(work, used, work->t, work->y, fit);
    return EPNET_POINT_OK;
}

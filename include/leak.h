/* How a leak is measured, step by step, for every backend: when a quench is sampled, which samples of a
 * trajectory are a decay, what a bootstrap draws. Host and device. Definitions: docs/theory.md. */
#ifndef EPNET_LEAK_H
#define EPNET_LEAK_H

#include "bits.h"
#include "philox.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

/* A straight line through ln I(t) and its 95 % interval. */
typedef struct EpnetLeakFit {
    double leak, low, high; /* [1/s] */
} EpnetLeakFit;

/* ---- quench ------------------------------------------------------------------------------------------ */

/* Information [nat] that an error of p, in L1, makes out of nothing: of second order. */
EPNET_HOST_DEVICE double epnet_quench_noise(int nodes, double error) {
    return error * error * ldexp(1.0, nodes);
}

/* Whether I(0) and the faintest sample, `last_part` of it, tell of the network: the one stands above `noise`,
 * the other 1e4 times above the information that rounding makes out of nothing. */
EPNET_HOST_DEVICE int epnet_quench_has_signal(int nodes, double initial, double last_part, double noise) {
    const double rounding = nodes * DBL_EPSILON; /* of an entry of p, relative */
    return initial > noise && last_part * initial > 1e4 * rounding * rounding;
}

/* P(0 -> 1) and P(1 -> 0) of a node that is left to its flips for a time t. */
EPNET_HOST_DEVICE void epnet_quench_transitions(double flip_up, double flip_down, double t, double *up,
                                                double *down) {
    const double total = flip_up + flip_down;
    const double relaxed = total > 0 ? -expm1(-total * t) / total : 0;
    *up = flip_up * relaxed;
    *down = flip_down * relaxed;
}

/* The time at which I has fallen to a level. I(t) never rises without copies, so doubling encloses the only
 * crossing, and bisection finds it. Ask whether I(at) is above the level, and answer, until it is done. */
typedef struct EpnetLevelSearch {
    double low, high, at; /* [s] */
    int doublings, bisections;
    int enclosed, done;
} EpnetLevelSearch;

/* `start` > 0: no later than this, or half of the time that is found, is asked for first. */
EPNET_HOST_DEVICE EpnetLevelSearch epnet_level_begin(double start) {
    const EpnetLevelSearch search = {0, start, start, 0, 0, 0, 0};
    return search;
}

EPNET_HOST_DEVICE void epnet_level_answer(EpnetLevelSearch *c, int above) {
    enum { DOUBLINGS = 100, BISECTIONS = 200 };
    if (!c->enclosed && above) {
        c->done = c->doublings == DOUBLINGS;
        c->doublings++;
        c->low = c->high;
        c->at = c->high = 2 * c->high;
        return;
    }
    if (!c->enclosed)
        c->enclosed = 1;
    else if (c->bisections++, above)
        c->low = c->at;
    else
        c->high = c->at;
    c->at = c->low + (c->high - c->low) / 2;
    c->done = c->bisections == BISECTIONS || !(c->high - c->low > 1e-13 * c->high);
}

/* The time that was found, negative if the level is not reached. */
EPNET_HOST_DEVICE double epnet_level_time(const EpnetLevelSearch *c) {
    return c->enclosed ? c->high : -1;
}

/* Sample k of `samples` equally spaced times from `first` to `last`. */
EPNET_HOST_DEVICE double epnet_quench_time(double first, double last, size_t k, size_t samples) {
    return first + (last - first) * (double)k / (double)(samples - 1);
}

/* ---- decay ------------------------------------------------------------------------------------------- */

/* What an error of p, in L1, moves information by [nat]: the continuity of entropies. */
EPNET_HOST_DEVICE double epnet_decay_noise(int nodes, double error) {
    return error * (nodes * 0.693147180559945309417 - log(error));
}

/* Index of the last turning point of the samples, 0 if there is none; a rise or fall by less than `noise` is
 * not one. */
EPNET_HOST_DEVICE size_t epnet_decay_begins(size_t n, const double *values, double noise) {
    size_t turn = 0, highest = 0, lowest = 0;
    int rising = 1, falling = 1; /* which way it may be going; both until it has moved */
    for (size_t k = 1; k < n; k++) {
        highest = values[k] > values[highest] ? k : highest;
        lowest = values[k] < values[lowest] ? k : lowest;
        if (rising && values[highest] - values[k] > noise) {
            turn = highest;
            lowest = k;
            rising = 0;
            falling = 1;
        } else if (falling && values[k] - values[lowest] > noise) {
            turn = lowest;
            highest = k;
            rising = 1;
            falling = 0;
        }
    }
    return turn;
}

/* The samples to fit, their times and ln |I - stationary|, into t and y (room for n); returns how many, or 0
 * if there is nothing to fit: the window reaches into the noise, has fewer than 3 samples, or is not passed
 * before the last sample, or I goes through its stationary value and will turn again. */
EPNET_HOST_DEVICE size_t epnet_decay_select(size_t n, const double *times, const double *information,
                                            double stationary, const double *window, double noise, double *t,
                                            double *y) {
    const size_t from = epnet_decay_begins(n, information, noise);
    const double amplitude = information[from] - stationary;
    size_t used = 0;
    int through = 0; /* it has left the window at its far end */
    if (!(window[1] * fabs(amplitude) > noise))
        return 0;
    for (size_t k = from; k < n; k++) {
        const double part = (information[k] - stationary) / amplitude;
        if (part < -window[1])
            return 0;
        through |= part < window[1];
        if (through || part > window[0])
            continue;
        t[used] = times[k];
        y[used++] = log(part * fabs(amplitude));
    }
    return through && used >= 3 ? used : 0;
}

/* ---- bootstrap ---------------------------------------------------------------------------------------- */

/* What replicate b adds to the slope of a line through n samples, times the spread of their times: their
 * residuals, drawn anew, and their times less the mean. Draw k of replicate b is word k mod 4 of Philox at
 * the counter (k / 4, b). */
EPNET_HOST_DEVICE double epnet_leak_replicate(uint64_t seed, size_t b, size_t n, const double *centred_t,
                                              const double *residual) {
    double moved = 0;
    for (size_t first = 0; first < n; first += 4) {
        const EpnetPhiloxWords counter = {{(uint32_t)(first / 4), (uint32_t)b, 0, 0}};
        const EpnetPhiloxWords random = epnet_philox(counter, seed);
        for (size_t w = 0; w < 4 && first + w < n; w++)
            moved += centred_t[first + w] * residual[(size_t)((uint64_t)random.v[w] * n >> 32)];
    }
    return moved;
}

/* The q-quantile lies between two order statistics: number `below` of 0 .. n - 1 and the next, by this part
 * of their distance. */
EPNET_HOST_DEVICE double epnet_leak_quantile_place(size_t n, double q, size_t *below) {
    const double at = q * (double)(n - 1);
    *below = (size_t)at;
    return at - (double)*below;
}

#endif

/* Sampled times that one Chebyshev expansion serves, and its coefficients for each of them: the vectors
 * T_k(1 + L/Lambda) p are the same for all, and eight equal intervals together take about three times as many
 * of them as one alone. */
#ifndef EPNET_HOST_CPU_LANES_WINDOW_H
#define EPNET_HOST_CPU_LANES_WINDOW_H

#include "simd.h"

/* Samples of a window, at most; as many as lanes, for they are computed side by side where points are not. */
#define EPNET_WINDOW_SAMPLES 8

/* Lambda t of a window, at most. */
#define EPNET_WINDOW_X_MAX 64.0

/* For `points` points: 8, or one whose coefficients stand in every lane. */
typedef struct EpnetWindow {
    size_t points, samples;                             /* samples it is made for; 0: none yet */
    double tau[EPNET_WINDOW_SAMPLES];                   /* [s] since the window's start, increasing */
    double growth[EPNET_LANES];                         /* L1 norm that the vectors of a point may grow to */
    size_t degree[EPNET_WINDOW_SAMPLES][EPNET_LANES];   /* of each sample and point */
    size_t degree_max[EPNET_WINDOW_SAMPLES];            /* of the points */
    double tail[EPNET_WINDOW_SAMPLES][EPNET_LANES];     /* L1 error of cutting the series there, ... */
    double rounding[EPNET_WINDOW_SAMPLES][EPNET_LANES]; /* ... and of rounding, if they grow so far */
    size_t degree_min, capacity; /* least degree; coefficients that there is room for */
    EpnetVector *c;              /* [k][EPNET_WINDOW_SAMPLES]: coefficients, 0 beyond the degree */
    EpnetVector *series;         /* of one sample at a time */
} EpnetWindow;

/* For degrees of at least `degree_min`. False when memory is exhausted; free in any case. */
bool epnet_window_alloc(EpnetWindow *window, size_t points, size_t degree_min);
void epnet_window_free(EpnetWindow *window);

uint64_t epnet_window_bytes(size_t degree_min);

/* Coefficients for the first `samples` times tau[] of points with exit rates exit_max[] [1/s], exit_max tau
 * <= EPNET_WINDOW_X_MAX: tails of at most tolerance_rate tau / (2 growth), so that growth leaves a tail below
 * tolerance_rate tau. */
void epnet_window_make(EpnetWindow *window, size_t samples, const double *tau, const double *exit_max,
                       double tolerance_rate);

#endif

/* Sampled times that one Chebyshev expansion serves, and its coefficients for each of them: the vectors
 * T_k(1 + L/Lambda) p are the same for all, and eight equal intervals together take about three times as many
 * of them as one alone. */
#ifndef EPNET_HOST_CPU_LANES_WINDOW_H
#define EPNET_HOST_CPU_LANES_WINDOW_H

#include "simd.h"

/* Samples of a window, at most; as many as lanes, for they are computed side by side where points are not. */
#define EPNET_WINDOW_SAMPLES 8

/* For `points` points: 8, or one whose coefficients stand in every lane. */
typedef struct EpnetWindow {
    size_t points, samples;                             /* samples it is made for; 0: none yet */
    double tau[EPNET_WINDOW_SAMPLES];                   /* [s] since the window's start, increasing */
    double growth[EPNET_LANES];                         /* L1 norm that the vectors of a point may grow to */
    size_t degree[EPNET_WINDOW_SAMPLES][EPNET_LANES];   /* of each sample and point */
    size_t degree_max[EPNET_WINDOW_SAMPLES];            /* of the points */
    double tail[EPNET_WINDOW_SAMPLES][EPNET_LANES];     /* L1 error of cutting the series there, ... */
    double rounding[EPNET_WINDOW_SAMPLES][EPNET_LANES]; /* ... and of rounding, if they grow so far */
    EpnetVector *c;  /* [k][EPNET_WINDOW_SAMPLES]: coefficients, 0 beyond the degree */
    size_t capacity; /* of k */
    EpnetVector *series;
    size_t series_capacity;
} EpnetWindow;

void epnet_window_begin(EpnetWindow *window, size_t points);
void epnet_window_free(EpnetWindow *window);

/* Coefficients for the first `samples` times tau[] of points with exit rates exit_max[] [1/s]: tails of at
 * most tolerance_rate tau / (2 growth), so that growth leaves a tail below tolerance_rate tau, and degrees of
 * at least `degree_min`. False when memory is exhausted. */
bool epnet_window_make(EpnetWindow *window, size_t samples, const double *tau, const double *exit_max,
                       double tolerance_rate, size_t degree_min);

#endif

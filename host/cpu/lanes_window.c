#include "lanes_window.h"

#include <float.h>
#include <stdlib.h>

/* Coefficients of 0 that are there beyond a series. */
enum { BEYOND = 8 };

/* Coefficients that a series is computed with: beyond, they are below 1e-24 (epnet_chebyshev_length() of
 * series.h is as far again, at small x). */
static size_t length_for(double x, size_t degree_min) {
    return degree_min + 24 + (size_t)ceil(sqrt(160 * x));
}

/* Of any x up to EPNET_WINDOW_X_MAX, and a little more: spans are rounded. */
static size_t capacity_for(size_t degree_min) {
    return length_for(1.001 * EPNET_WINDOW_X_MAX, degree_min) + BEYOND;
}

uint64_t epnet_window_bytes(size_t degree_min) {
    return capacity_for(degree_min) * (EPNET_WINDOW_SAMPLES + 1) * sizeof(EpnetVector);
}

bool epnet_window_alloc(EpnetWindow *window, size_t points, size_t degree_min) {
    void *vectors = NULL;
    memset(window, 0, sizeof *window);
    window->points = points;
    window->degree_min = degree_min;
    window->capacity = capacity_for(degree_min);
    if (posix_memalign(&vectors, sizeof(EpnetVector), epnet_window_bytes(degree_min)) != 0)
        return false;
    memset(vectors, 0, epnet_window_bytes(degree_min));
    window->c = vectors;
    window->series = window->c + window->capacity * EPNET_WINDOW_SAMPLES;
    return true;
}

void epnet_window_free(EpnetWindow *window) {
    free(window->c);
    window->c = NULL;
}

/* Eight series side by side, one per lane. */
typedef struct Eight {
    EpnetVector x, tolerance, growth;
    EpnetVector length, degree, ratio; /* of the full series, and what is kept of it; growth^(1/degree) */
    EpnetVector tail;
    EpnetVector *c;
} Eight;

/* c[k] = (2 - [k = 0]) e^-x I_k(x), k < length, scaled to sum to 1, from the ratios I_k / I_(k-1) =
 * 1 / (2k/x + I_(k+1)/I_k), computed downwards. A lane's bytes do not depend on the others: its ratios begin
 * at its own length. */
EPNET_INLINE void fill(Eight *e, size_t length) {
    const EpnetVector zero = epnet_vector_all(0), two_over_x = 2 / e->x;
    EpnetVector ratio = zero, sum = zero, here = epnet_vector_all(1);
    for (size_t k = length; k-- > 1;) {
        const EpnetVector inside = 1 / ((double)k * two_over_x + ratio);
        ratio = epnet_vector_select(epnet_vector_below(epnet_vector_all((double)k), e->length), inside, zero);
        e->c[k] = ratio;
    }
    for (size_t k = 1; k < length; k++) {
        here *= e->c[k];
        e->c[k] = 2 * here;
    }
    for (size_t k = length; k-- > 1;) /* small terms first */
        sum += e->c[k];
    const EpnetVector scale = 1 / (1 + sum);
    e->c[0] = scale;
    for (size_t k = 1; k < length; k++)
        e->c[k] *= scale;
}

/* The smallest degree >= degree_min whose tail is <= tolerance. */
EPNET_INLINE void truncate(Eight *e, size_t length, size_t degree_min) {
    EpnetVector cut = epnet_vector_all(0);
    EpnetMask goes_on = ~(EpnetMask){0};
    e->degree = epnet_vector_all((double)length - 1);
    for (size_t k = length - 1; k > degree_min && epnet_mask_any(goes_on); k--) {
        const EpnetVector more = cut + e->c[k];
        goes_on &= epnet_vector_below(more, e->tolerance);
        cut = epnet_vector_select(goes_on, more, cut);
        e->degree = epnet_vector_select(goes_on, epnet_vector_all((double)k - 1), e->degree);
    }
}

/* What is cut if vector k grows to growth^(k / degree), and coefficients that are 0 there and sum to 1
 * again. */
EPNET_INLINE void cut_off(Eight *e, size_t length, size_t degree_min) {
    EpnetVector factor = e->growth, tail = epnet_vector_all(0), kept = epnet_vector_all(0);
    for (size_t k = degree_min + 1; k < length; k++) {
        const EpnetMask beyond = epnet_vector_below(e->degree, epnet_vector_all((double)k));
        factor = epnet_vector_select(beyond, factor * e->ratio, factor);
        tail += epnet_vector_select(beyond, e->c[k] * factor, epnet_vector_all(0));
        e->c[k] = epnet_vector_select(beyond, epnet_vector_all(0), e->c[k]);
    }
    for (size_t k = length; k-- > 0;)
        kept += e->c[k];
    for (size_t k = 0; k < length; k++)
        e->c[k] /= kept;
    e->tail = tail / kept;
}

EPNET_INSTRUCTION_LEVELS(static, void, make_eight, (Eight * e, size_t length, size_t degree_min),
                         (e, length, degree_min)) {
    fill(e, length);
    truncate(e, length, degree_min);
    for (int l = 0; l < EPNET_LANES; l++)
        e->ratio[l] = pow(e->growth[l], 1 / e->degree[l]);
    cut_off(e, length, degree_min);
}

/* Series for the exit rates and times in its lanes; returns the length of the longest. */
static size_t make_series(EpnetWindow *w, const double *x, const double *tolerance, const double *growth,
                          Eight *e) {
    size_t length = 0;
    for (int l = 0; l < EPNET_LANES; l++) {
        const size_t own = length_for(x[l], w->degree_min);
        e->x[l] = x[l];
        e->tolerance[l] = tolerance[l];
        e->growth[l] = growth[l];
        e->length[l] = (double)own;
        length = own > length ? own : length;
    }
    e->c = w->series;
    make_eight(e, length, w->degree_min);
    return length;
}

/* Lane `lane` of what was made is sample m of point l. */
static void take_errors(EpnetWindow *w, const Eight *e, int lane, size_t m, size_t l) {
    const double ratio = e->ratio[lane];
    const size_t degree = (size_t)e->degree[lane];
    w->degree[m][l] = degree;
    w->tail[m][l] = e->tail[lane];
    /* sum_k c_k ratio^k = exp(x (cosh ln ratio - 1)) */
    w->rounding[m][l] = 4 * DBL_EPSILON * exp(e->x[lane] * ((ratio + 1 / ratio) / 2 - 1));
    w->degree_max[m] = degree > w->degree_max[m] ? degree : w->degree_max[m];
}

/* Samples side by side; lanes to spare repeat the last. */
static void make_samples(EpnetWindow *w, size_t samples, const double *tau, double exit_max,
                         double tolerance_rate) {
    double x[EPNET_LANES], tolerance[EPNET_LANES], growth[EPNET_LANES];
    Eight eight;
    for (size_t m = 0; m < EPNET_LANES; m++) {
        const double t = tau[m < samples ? m : samples - 1];
        x[m] = exit_max * t;
        growth[m] = w->growth[0];
        tolerance[m] = tolerance_rate * t / (2 * growth[m]);
    }
    const size_t length = make_series(w, x, tolerance, growth, &eight);
    for (size_t k = 0; k < w->capacity; k++) {
        for (size_t m = 0; m < EPNET_WINDOW_SAMPLES; m++)
            w->c[k * EPNET_WINDOW_SAMPLES + m] = epnet_vector_all(k < length ? eight.c[k][m] : 0);
    }
    for (size_t m = 0; m < samples; m++)
        take_errors(w, &eight, (int)m, m, 0);
}

/* Points side by side, for sample m. */
static void make_points(EpnetWindow *w, size_t m, double tau, const double *exit_max, double tolerance_rate) {
    double x[EPNET_LANES], tolerance[EPNET_LANES], growth[EPNET_LANES];
    Eight eight;
    for (size_t l = 0; l < w->points; l++) {
        x[l] = exit_max[l] * tau;
        growth[l] = w->growth[l];
        tolerance[l] = tolerance_rate * tau / (2 * growth[l]);
    }
    const size_t length = make_series(w, x, tolerance, growth, &eight);
    for (size_t k = 0; k < w->capacity; k++)
        w->c[k * EPNET_WINDOW_SAMPLES + m] = k < length ? eight.c[k] : epnet_vector_all(0);
    for (size_t l = 0; l < w->points; l++)
        take_errors(w, &eight, (int)l, m, l);
}

void epnet_window_make(EpnetWindow *w, size_t samples, const double *tau, const double *exit_max,
                       double tolerance_rate) {
    memset(w->degree_max, 0, sizeof w->degree_max);
    if (w->points == 1)
        make_samples(w, samples, tau, exit_max[0], tolerance_rate);
    for (size_t m = 0; m < samples && w->points > 1; m++)
        make_points(w, m, tau[m], exit_max, tolerance_rate);
    memmove(w->tau, tau, samples * sizeof *tau);
    w->samples = samples;
}

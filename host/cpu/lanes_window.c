#include "lanes_window.h"

#include <float.h>
#include <stdlib.h>

/* Coefficients of 0 that are there beyond a series. */
enum { BEYOND = 8 };

void epnet_window_begin(EpnetWindow *window, size_t points) {
    memset(window, 0, sizeof *window);
    window->points = points;
}

void epnet_window_free(EpnetWindow *window) {
    free(window->c);
    free(window->series);
    window->c = window->series = NULL;
}

static bool reserve(EpnetVector **vectors, size_t *capacity, size_t count, size_t width) {
    if (count <= *capacity)
        return true;
    void *grown = NULL;
    if (posix_memalign(&grown, sizeof(EpnetVector), count * width * sizeof(EpnetVector)) != 0)
        return false;
    if (*vectors != NULL)
        memcpy(grown, *vectors, *capacity * width * sizeof(EpnetVector));
    free(*vectors);
    *vectors = grown;
    *capacity = count;
    return true;
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

/* Coefficients that a series is computed with: beyond, they are below 1e-24 (epnet_chebyshev_length() of
 * series.h is as far again, at small x). */
static size_t length_for(double x, size_t degree_min) {
    return degree_min + 24 + (size_t)ceil(sqrt(160 * x));
}

/* Series for the exit rates and times in its lanes; the length of the longest. False when memory is
 * exhausted.
 */
static bool make_series(EpnetWindow *w, const double *x, const double *tolerance, const double *growth,
                        size_t degree_min, Eight *e, size_t *length) {
    *length = 0;
    for (int l = 0; l < EPNET_LANES; l++) {
        const size_t own = length_for(x[l], degree_min);
        e->x[l] = x[l];
        e->tolerance[l] = tolerance[l];
        e->growth[l] = growth[l];
        e->length[l] = (double)own;
        *length = own > *length ? own : *length;
    }
    if (!reserve(&w->series, &w->series_capacity, *length, 1))
        return false;
    e->c = w->series;
    make_eight(e, *length, degree_min);
    return true;
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

bool epnet_window_make(EpnetWindow *w, size_t samples, const double *tau, const double *exit_max,
                       double tolerance_rate, size_t degree_min) {
    double x[EPNET_LANES], tolerance[EPNET_LANES], growth[EPNET_LANES];
    Eight eight;
    size_t length;
    w->samples = 0;
    memset(w->degree_max, 0, sizeof w->degree_max);
    if (w->points == 1) { /* samples side by side; lanes to spare repeat the last */
        for (size_t m = 0; m < EPNET_LANES; m++) {
            const double t = tau[m < samples ? m : samples - 1];
            x[m] = exit_max[0] * t;
            growth[m] = w->growth[0];
            tolerance[m] = tolerance_rate * t / (2 * growth[m]);
        }
        if (!make_series(w, x, tolerance, growth, degree_min, &eight, &length) ||
            !reserve(&w->c, &w->capacity, length + BEYOND, EPNET_WINDOW_SAMPLES))
            return false;
        for (size_t k = 0; k < w->capacity; k++) {
            for (size_t m = 0; m < EPNET_WINDOW_SAMPLES; m++)
                w->c[k * EPNET_WINDOW_SAMPLES + m] = epnet_vector_all(k < length ? eight.c[k][m] : 0);
        }
        for (size_t m = 0; m < samples; m++)
            take_errors(w, &eight, (int)m, m, 0);
    } else {                                 /* points side by side, sample after sample */
        for (size_t m = samples; m-- > 0;) { /* the longest first */
            for (size_t l = 0; l < w->points; l++) {
                x[l] = exit_max[l] * tau[m];
                growth[l] = w->growth[l];
                tolerance[l] = tolerance_rate * tau[m] / (2 * growth[l]);
            }
            if (!make_series(w, x, tolerance, growth, degree_min, &eight, &length) ||
                !reserve(&w->c, &w->capacity, length + BEYOND, EPNET_WINDOW_SAMPLES))
                return false;
            for (size_t k = 0; k < w->capacity; k++)
                w->c[k * EPNET_WINDOW_SAMPLES + m] = k < length ? eight.c[k] : epnet_vector_all(0);
            for (size_t l = 0; l < w->points; l++)
                take_errors(w, &eight, (int)l, m, l);
        }
    }
    memcpy(w->tau, tau, samples * sizeof *tau);
    w->samples = samples;
    return true;
}

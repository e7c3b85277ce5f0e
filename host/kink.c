#include "kink.h"

#include "broken_line.h"
#include "status.h"

#include <math.h>
#include <stdlib.h>

/* ---- kink
 * ----------------------------------------------------------------------------------------------- */

static const double decisive = 10;         /* Delta BIC */
static const double left_over_most = 0.04; /* rms of the broken line over that of a straight one */
static const double profile_drop = 3.841;  /* 95 % of chi^2 with one degree of freedom */

enum { ZOOM_LEAST = 10 }; /* samples of the narrowest window */

/* The part of `all` with numbers [first, last). */
static EpnetSamples part_of(const EpnetSamples *all, size_t first, size_t last) {
    return (EpnetSamples){last - first, all->x + first, all->y + first, all->work};
}

/* Number of samples below `x`. */
static size_t count_below(const EpnetSamples *samples, double x) {
    size_t count = 0;
    while (count < samples->n && samples->x[count] < x)
        count++;
    return count;
}

/* How far the profile is above what the interval allows, with the break at `position`. */
static double profile_excess(const EpnetSamples *samples, const EpnetBrokenLine *line, double position) {
    double square = epnet_broken_line_square(samples, position);
    return (double)samples->n * log(square / line->broken) - profile_drop;
}

/* The end of the interval on one side (direction -1 or 1) of the break: the first place where the profile
 * leaves it, or the last place where a break can be. */
static double interval_end(const EpnetSamples *samples, const EpnetBrokenLine *line, double direction) {
    size_t n = samples->n;
    double limit = direction < 0 ? samples->x[1] : samples->x[n - 2];
    double step = (samples->x[n - 1] - samples->x[0]) / (8 * (double)n);
    double inside = line->position, outside = inside;
    do {
        inside = outside;
        if ((limit - inside) * direction <= 0)
            return limit;
        outside = direction < 0 ? fmax(inside - step, limit) : fmin(inside + step, limit);
    } while (profile_excess(samples, line, outside) <= 0);
    for (int k = 0; k < 50; k++) {
        double middle = (inside + outside) / 2;
        if (profile_excess(samples, line, middle) <= 0)
            inside = middle;
        else
            outside = middle;
    }
    return outside;
}

static void interval_set(const EpnetSamples *samples, const EpnetBrokenLine *line, EpnetCorner *corner) {
    size_t above = count_below(samples, line->position);
    double half = (samples->x[above] - samples->x[above - 1]) / 2;
    corner->low = fmin(interval_end(samples, line, -1), line->position - half);
    corner->high = fmax(interval_end(samples, line, 1), line->position + half);
}

/* Whether the break stays within its interval in samples [first, last) alone. */
static bool stays_in(const EpnetSamples *samples, size_t first, size_t last, const EpnetCorner *corner) {
    EpnetSamples part = part_of(samples, first, last);
    EpnetBrokenLine line;
    if (part.n < EPNET_BROKEN_LINE_SAMPLES)
        return false;
    epnet_broken_line_fit(&part, &line);
    return fabs(line.position - corner->position) < corner->high - corner->low;
}

/* Whether the break stays when either end third of the window is dropped. */
static bool is_steady(const EpnetSamples *samples, const EpnetCorner *corner) {
    size_t n = samples->n;
    double first = samples->x[0], third = (samples->x[n - 1] - first) / 3, slack = 1e-9 * third;
    return stays_in(samples, 0, count_below(samples, first + 2 * third + slack), corner) &&
           stays_in(samples, count_below(samples, first + third - slack), n, corner);
}

/* Whether no window around the break prefers the cubic. */
static bool is_sharp(const EpnetSamples *samples, double position) {
    size_t middle = count_below(samples, position);
    for (size_t size = samples->n; size > ZOOM_LEAST;) {
        size = size / 2 > ZOOM_LEAST ? size / 2 : ZOOM_LEAST;
        size_t first = middle > size / 2 ? middle - size / 2 : 0;
        size_t last = middle + size / 2 < samples->n ? middle + size / 2 : samples->n;
        EpnetSamples part = part_of(samples, first, last);
        EpnetBrokenLine line;
        epnet_broken_line_fit(&part, &line);
        if (epnet_broken_line_advantage(&line, part.n) < -decisive)
            return false;
    }
    return true;
}

static EpnetKinkVerdict verdict_of(const EpnetSamples *samples, const EpnetBrokenLine *line,
                                   const EpnetCorner *corner) {
    if (!(corner->delta_bic > decisive))
        return EPNET_KINK_CUBIC;
    if (sqrt(line->broken / line->straight) > left_over_most)
        return EPNET_KINK_SMOOTH;
    if (!is_steady(samples, corner))
        return EPNET_KINK_MOVES;
    return is_sharp(samples, corner->position) ? EPNET_KINK_FOUND : EPNET_KINK_SMOOTH;
}

EpnetStatus epnet_corner_find(size_t n, const double *x, const double *y, EpnetCorner *corner,
                              EpnetError *error) {
    *corner = (EpnetCorner){EPNET_KINK_TOO_FEW, NAN, NAN, NAN, NAN};
    if (n < EPNET_KINK_SAMPLES)
        return EPNET_OK;
    EpnetSamples samples = {n, x, y, epnet_calloc(n, 5 * sizeof(double))};
    if (samples.work == NULL)
        return epnet_fail_memory(error, n * 5 * sizeof(double), "the fit of a kink");
    EpnetBrokenLine line;
    epnet_broken_line_fit(&samples, &line);
    corner->position = line.position;
    corner->delta_bic = epnet_broken_line_advantage(&line, n);
    interval_set(&samples, &line, corner);
    corner->verdict = verdict_of(&samples, &line, corner);
    free(samples.work);
    return EPNET_OK;
}

/* ---- maxima
 * --------------------------------------------------------------------------------------------- */

/* How deep y falls on one side (step -1 or 1) of sample k before it rises above y[k] again or ends. */
static double depth(size_t n, const double *y, size_t k, int step) {
    double least = y[k];
    for (size_t at = step < 0 ? k - 1 : k + 1; at < n && y[at] <= y[k]; at = step < 0 ? at - 1 : at + 1)
        least = fmin(least, y[at]); /* below 0, `at` wraps around to above n */
    return y[k] - least;
}

/* The vertex of the parabola through samples k - 1, k and k + 1, the middle one not below the others. */
static EpnetMaximum vertex(const double *x, const double *y, size_t k) {
    double left = x[k] - x[k - 1], right = x[k + 1] - x[k];
    double rise = (y[k] - y[k - 1]) / left, fall = (y[k] - y[k + 1]) / right; /* both >= 0, one > 0 */
    double slope = (rise * right - fall * left) / (left + right);             /* of the parabola at x[k] */
    double curvature = (rise + fall) / (left + right); /* minus half its second derivative */
    double shift = slope / (2 * curvature);
    return (EpnetMaximum){x[k] + shift, y[k] + curvature * shift * shift};
}

size_t epnet_maxima_find(size_t n, const double *x, const double *y, size_t most, EpnetMaximum *maxima) {
    const double stands_out = 1e-7;
    size_t count = 0;
    for (size_t k = 1; k + 1 < n; k++) {
        if (!(y[k] > y[k - 1] && y[k] >= y[k + 1]))
            continue;
        if (fmin(depth(n, y, k, -1), depth(n, y, k, 1)) <= stands_out)
            continue;
        if (count < most)
            maxima[count] = vertex(x, y, k);
        count++;
    }
    return count;
}

#include "broken_line.h"

#include <math.h>
#include <string.h>

enum { COLUMNS = 4 }; /* the most of a model; the work space holds them and a residual */

static double dot(size_t n, const double *a, const double *b) {
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += a[k] * b[k];
    return sum;
}

/* Take the part along the unit vector `along` out of `vector`. */
static void project_out(size_t n, const double *along, double *vector) {
    double part = dot(n, along, vector);
    for (size_t k = 0; k < n; k++)
        vector[k] -= part * along[k];
}

/* Mean square of what `count` columns at the start of the work space leave of y. Gram and Schmidt, every
 * projection twice, so that the residual of an exact fit is at rounding level. Overwrites the columns. */
static double residual_square(const EpnetSamples *samples, size_t count) {
    size_t n = samples->n;
    double *residual = samples->work + COLUMNS * n;
    memcpy(residual, samples->y, n * sizeof(double));
    for (size_t c = 0; c < count; c++) {
        double *column = samples->work + c * n;
        for (int pass = 0; pass < 2; pass++)
            for (size_t earlier = 0; earlier < c; earlier++)
                project_out(n, samples->work + earlier * n, column);
        double norm = sqrt(dot(n, column, column));
        for (size_t k = 0; k < n; k++)
            column[k] = norm > 0 ? column[k] / norm : 0;
    }
    for (int pass = 0; pass < 2; pass++)
        for (size_t c = 0; c < count; c++)
            project_out(n, samples->work + c * n, residual);
    return dot(n, residual, residual) / (double)n + EPNET_BROKEN_LINE_FLOOR * EPNET_BROKEN_LINE_FLOOR;
}

/* Columns 1, x, x^2, ... up to `count`, of x measured from the middle of the window. */
static void powers_set(const EpnetSamples *samples, size_t count) {
    size_t n = samples->n;
    double first = samples->x[0], span = samples->x[n - 1] - first;
    for (size_t k = 0; k < n; k++) {
        double x = 2 * (samples->x[k] - first) / span - 1, power = 1;
        for (size_t c = 0; c < count; c++, power *= x)
            samples->work[c * n + k] = power;
    }
}

double epnet_broken_line_square(const EpnetSamples *samples, double position) {
    powers_set(samples, 2);
    for (size_t k = 0; k < samples->n; k++)
        samples->work[2 * samples->n + k] = fmax(0, samples->x[k] - position);
    return residual_square(samples, 3);
}

/* The least-squares line through samples [first, last]: its value at `at` and its slope. */
static void line_through(const EpnetSamples *samples, size_t first, size_t last, double at, double *value,
                         double *slope) {
    double x_mean = 0, y_mean = 0, xx = 0, xy = 0, n = (double)(last - first + 1);
    for (size_t k = first; k <= last; k++) {
        x_mean += samples->x[k] / n;
        y_mean += samples->y[k] / n;
    }
    for (size_t k = first; k <= last; k++) {
        double x = samples->x[k] - x_mean;
        xx += x * x;
        xy += x * (samples->y[k] - y_mean);
    }
    *slope = xy / xx;
    *value = y_mean + *slope * (at - x_mean);
}

/* Where the lines through the samples up to k and from k + 1 on cross, if that is between the two. D. J.
 * Hudson (1966): the optimum with the break between two samples is there, or else at one of the samples. */
static bool crossing_find(const EpnetSamples *samples, size_t k, double *position) {
    double here = samples->x[k], there = samples->x[k + 1], left, right, left_slope, right_slope;
    line_through(samples, 0, k, here, &left, &left_slope);
    line_through(samples, k + 1, samples->n - 1, here, &right, &right_slope);
    double ahead = (left - right) / (right_slope - left_slope);
    *position = here + ahead;
    return ahead > 0 && *position < there;
}

static void break_try(const EpnetSamples *samples, double position, EpnetBrokenLine *line) {
    double square = epnet_broken_line_square(samples, position);
    if (square < line->broken) {
        line->broken = square;
        line->position = position;
    }
}

void epnet_broken_line_fit(const EpnetSamples *samples, EpnetBrokenLine *line) {
    double crossing;
    *line = (EpnetBrokenLine){.position = samples->x[1], .broken = INFINITY};
    for (size_t k = 1; k + 1 < samples->n; k++) { /* at least two samples on either side */
        break_try(samples, samples->x[k], line);
        if (k + 2 < samples->n && crossing_find(samples, k, &crossing))
            break_try(samples, crossing, line);
    }
    powers_set(samples, 4);
    line->cubic = residual_square(samples, 4);
    powers_set(samples, 2);
    line->straight = residual_square(samples, 2);
}

double epnet_broken_line_advantage(const EpnetBrokenLine *line, size_t n) {
    return (double)n * log(line->cubic / line->broken);
}

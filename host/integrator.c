#include "integrator.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_current(const EpnetSeries *series, double x, double tolerance, size_t minimum_degree) {
    return series->length > 0 && series->x == x && series->tolerance == tolerance &&
           series->minimum_degree == minimum_degree;
}

static bool reserve(EpnetSeries *series, size_t length) {
    if (length > series->capacity) {
        double *grown = realloc(series->c, length * sizeof *grown);
        if (grown == NULL)
            return false;
        series->c = grown;
        series->capacity = length;
    }
    series->length = length;
    return true;
}

/* Cut the coefficients, which sum to 1, at the smallest allowed degree and restore the sum. */
static void truncate(EpnetSeries *series, double tolerance, size_t minimum_degree) {
    size_t degree = series->length - 1;
    double tail = 0;
    while (degree > minimum_degree && tail + series->c[degree] <= tolerance)
        tail += series->c[degree--];
    double kept = 0;
    for (size_t k = degree + 1; k-- > 0;)
        kept += series->c[k];
    for (size_t k = 0; k < series->length; k++)
        series->c[k] /= kept;
    series->degree = degree;
    series->tail = tail / kept;
}

static void remember(EpnetSeries *series, double x, double tolerance, size_t minimum_degree) {
    series->x = x;
    series->tolerance = tolerance;
    series->minimum_degree = minimum_degree;
}

bool epnet_series_chebyshev(EpnetSeries *series, double x, double tolerance, size_t minimum_degree) {
    if (is_current(series, x, tolerance, minimum_degree))
        return true;
    /* e^-x I_k(x) falls like exp(-k^2 / 2x) for k << x and faster beyond: past this index it is below 1e-30.
     */
    size_t length = minimum_degree + 60 + (size_t)ceil(sqrt(160 * x));
    if (!reserve(series, length))
        return false;
    /* I_{k-1} = I_{k+1} + (2k/x) I_k, stable downwards from any start; only ratios matter. */
    double above = 0, here = DBL_MIN;
    for (size_t k = length; k-- > 0;) {
        series->c[k] = here;
        double below = above + 2 * (double)k / x * here;
        above = here;
        here = below;
        if (here > 1e200) {
            here *= 1e-200;
            above *= 1e-200;
            for (size_t i = k; i < length; i++)
                series->c[i] *= 1e-200;
        }
    }
    double sum = 0;
    for (size_t k = length; k-- > 0;)
        sum += k > 0 ? 2 * series->c[k] : series->c[0];
    for (size_t k = 0; k < length; k++)
        series->c[k] *= (k > 0 ? 2 : 1) / sum;
    truncate(series, tolerance, minimum_degree);
    remember(series, x, tolerance, minimum_degree);
    return true;
}

bool epnet_series_poisson(EpnetSeries *series, double x, double tolerance, size_t minimum_degree) {
    if (is_current(series, x, tolerance, minimum_degree))
        return true;
    /* Beyond mode + 10 standard deviations + 60 a weight is below 1e-20 of the largest, for any x. */
    size_t mode = (size_t)floor(x);
    size_t length = mode + minimum_degree + 60 + (size_t)ceil(10 * sqrt(x));
    if (!reserve(series, length))
        return false;
    series->c[mode] = 1;
    for (size_t k = mode; k-- > 0;)
        series->c[k] = series->c[k + 1] * (double)(k + 1) / x;
    for (size_t k = mode + 1; k < length; k++)
        series->c[k] = series->c[k - 1] * x / (double)k;
    double sum = 0; /* small terms first: from both ends towards the mode */
    for (size_t k = 0; k < mode; k++)
        sum += series->c[k];
    double right = 0;
    for (size_t k = length; k-- > mode;)
        right += series->c[k];
    sum += right;
    for (size_t k = 0; k < length; k++)
        series->c[k] /= sum;
    truncate(series, tolerance, minimum_degree);
    remember(series, x, tolerance, minimum_degree);
    return true;
}

void epnet_series_chebyshev_error(const EpnetSeries *series, double growth, double *tail, double *rounding) {
    double factor = growth > 1 ? growth : 1;
    double ratio = pow(factor, 1 / (double)(series->degree > 0 ? series->degree : 1));
    *tail = 0;
    for (size_t k = series->degree + 1; k < series->length; k++) {
        factor *= ratio;
        *tail += series->c[k] * factor;
    }
    /* sum_k c_k ratio^k = exp(x (cosh ln ratio - 1)) */
    *rounding = 4 * DBL_EPSILON * exp(series->x * ((ratio + 1 / ratio) / 2 - 1));
}

void epnet_series_free(EpnetSeries *series) {
    free(series->c);
    memset(series, 0, sizeof *series);
}

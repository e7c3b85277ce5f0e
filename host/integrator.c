#include "integrator.h"

#include "series.h"

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

static void truncate(EpnetSeries *series, double tolerance, size_t minimum_degree) {
    series->degree =
        epnet_series_truncate(series->c, series->length, tolerance, minimum_degree, &series->tail);
}

static void remember(EpnetSeries *series, double x, double tolerance, size_t minimum_degree) {
    series->x = x;
    series->tolerance = tolerance;
    series->minimum_degree = minimum_degree;
}

bool epnet_series_chebyshev(EpnetSeries *series, double x, double tolerance, size_t minimum_degree) {
    if (is_current(series, x, tolerance, minimum_degree))
        return true;
    if (!reserve(series, epnet_chebyshev_length(x, minimum_degree)))
        return false;
    epnet_chebyshev_fill(x, series->length, series->c);
    truncate(series, tolerance, minimum_degree);
    remember(series, x, tolerance, minimum_degree);
    return true;
}

bool epnet_series_poisson(EpnetSeries *series, double x, double tolerance, size_t minimum_degree) {
    if (is_current(series, x, tolerance, minimum_degree))
        return true;
    if (!reserve(series, epnet_poisson_length(x, minimum_degree)))
        return false;
    epnet_poisson_fill(x, series->length, series->c);
    truncate(series, tolerance, minimum_degree);
    remember(series, x, tolerance, minimum_degree);
    return true;
}

void epnet_series_chebyshev_error(const EpnetSeries *series, double growth, double *tail, double *rounding) {
    epnet_chebyshev_error(series->x, series->c, series->length, series->degree, growth, tail, rounding);
}

void epnet_series_free(EpnetSeries *series) {
    free(series->c);
    memset(series, 0, sizeof *series);
}

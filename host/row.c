#include "row.h"

#include "invariant.h"

#include <math.h>

void epnet_extremes_begin(double *extremes) {
    extremes[EPNET_MULTIINFORMATION_MAX] = -INFINITY;
    extremes[EPNET_MULTIINFORMATION_RATE_MAX] = -INFINITY;
    extremes[EPNET_NETWORK_BOUND_MARGIN_MIN] = INFINITY;
    extremes[EPNET_MULTIINFORMATION_MAX_TIME] = NAN;
    extremes[EPNET_MULTIINFORMATION_RATE_MAX_TIME] = NAN;
    extremes[EPNET_NETWORK_BOUND_MARGIN_MIN_TIME] = NAN;
}

/* Keep `value` in extremes[at] and its time beside it if it is beyond (sign = 1: above, -1: below) all
 * before; the first sample always is. */
static void update_extreme(double *extremes, int at, double sign, double value, double time) {
    if (isnan(extremes[at + 1]) || sign * value > sign * extremes[at]) {
        extremes[at] = value;
        extremes[at + 1] = time;
    }
}

void epnet_extremes_update(double *extremes, const double *row, double time) {
    const double rate = row[EPNET_MULTIINFORMATION_RATE];
    update_extreme(extremes, EPNET_MULTIINFORMATION_MAX, 1, row[EPNET_MULTIINFORMATION], time);
    update_extreme(extremes, EPNET_MULTIINFORMATION_RATE_MAX, 1, rate, time);
    update_extreme(extremes, EPNET_NETWORK_BOUND_MARGIN_MIN, -1, row[EPNET_ENTROPY_PRODUCTION] - rate, time);
}

/* Columns that are NaN where they do not apply. */
static bool may_not_apply(size_t column) {
    return column == EPNET_MULTIINFORMATION_RATE_EULER || column == EPNET_NODE_DIVERGENCE_RATE ||
           column == EPNET_FLIP_DIVERGENCE;
}

static bool row_is_number(const double *row, size_t width) {
    for (size_t c = 0; c < width; c++) {
        if (isnan(row[c]) && !may_not_apply(c))
            return false;
    }
    return true;
}

EpnetPointStatus epnet_row_check(const EpnetProblem *problem, const double *row, const EpnetLawSums *sums,
                                 double steps) {
    if (!isfinite(sums->mass) || !isfinite(sums->mass_rate) ||
        !row_is_number(row, epnet_row_width(problem->cut_count)))
        return EPNET_POINT_NOT_FINITE;
    if (!epnet_invariant_law(sums->mass, sums->least, steps) ||
        !epnet_invariant_rate(sums->mass_rate, row[EPNET_ACTIVITY]) ||
        !epnet_invariant_row(row, problem->cut_count, problem->nodes))
        return EPNET_POINT_INVARIANT_BROKEN;
    const bool controlled = problem->method == EPNET_CHEBYSHEV || problem->method == EPNET_UNIFORMIZATION ||
                            (problem->method == EPNET_SPLIT && problem->steps == NULL);
    return controlled && fabs(sums->mass - 1) > problem->tolerance ? EPNET_POINT_INACCURATE : EPNET_POINT_OK;
}

void epnet_fill_nan(double *values, size_t count) {
    for (size_t i = 0; values != NULL && i < count; i++)
        values[i] = NAN;
}

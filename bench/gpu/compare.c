#include "compare.h"

#include <math.h>
#include <stdio.h>

double gpu_difference(double a, double b, double scale) {
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b) ? 0 : INFINITY;
    if (isinf(a) || isinf(b))
        return a == b ? 0 : INFINITY;
    return fabs(a - b) / scale;
}

/* What is being compared, and the worst so far. */
typedef struct Comparison {
    const EpnetProblem *problem;
    const GpuRows *subject, *reference;
    size_t point;
    double worst;
    char *what;
} Comparison;

static void keep_worst(Comparison *at, double difference, const char *part, size_t column, size_t time) {
    if (difference <= at->worst)
        return;
    at->worst = isnan(difference) ? INFINITY : difference;
    snprintf(at->what, 160, "point %zu, %s %zu, time %zu", at->point, part, column, time);
}

/* 1 + the largest finite |value| of a column over the point's samples. */
static double column_scale(const GpuRows *rows, size_t point, size_t column) {
    const double last = rows->rows.last[point * rows->width + column];
    double scale = isfinite(last) ? fabs(last) : 0;
    for (size_t t = 0; rows->rows.trajectory != NULL && t < rows->time_count; t++) {
        const double value = rows->rows.trajectory[(point * rows->time_count + t) * rows->width + column];
        if (isfinite(value))
            scale = fmax(scale, fabs(value));
    }
    return 1 + scale;
}

static void compare_column(Comparison *at, size_t column) {
    const GpuRows *subject = at->subject, *reference = at->reference;
    const size_t width = subject->width, times = subject->time_count;
    const double scale = column_scale(reference, at->point, column);
    const size_t last = at->point * width + column;
    keep_worst(at, gpu_difference(subject->rows.last[last], reference->rows.last[last], scale), "last column",
               column, times);
    for (size_t t = 0; subject->rows.trajectory != NULL && reference->rows.trajectory != NULL && t < times;
         t++) {
        const size_t cell = (at->point * times + t) * width + column;
        keep_worst(at,
                   gpu_difference(subject->rows.trajectory[cell], reference->rows.trajectory[cell], scale),
                   "column", column, t);
    }
}

/* The value of the quantity behind an extreme at a sampled time. */
static double value_at(const GpuRows *rows, size_t point, size_t time, EpnetExtreme extreme) {
    const double *row = rows->rows.trajectory + (point * rows->time_count + time) * rows->width;
    switch (extreme) {
    case EPNET_MULTIINFORMATION_MAX:
        return row[EPNET_MULTIINFORMATION];
    case EPNET_MULTIINFORMATION_RATE_MAX:
        return row[EPNET_MULTIINFORMATION_RATE];
    default:
        return row[EPNET_ENTROPY_PRODUCTION] - row[EPNET_MULTIINFORMATION_RATE];
    }
}

/* The reference's value at the time that the subject names. */
static double value_at_named_time(const Comparison *at, EpnetExtreme extreme, double time) {
    for (size_t t = 0; t < at->problem->time_count; t++) {
        if (at->problem->times[t] == time)
            return value_at(at->reference, at->point, t, extreme);
    }
    return NAN;
}

static void compare_extreme(Comparison *at, EpnetExtreme extreme) {
    const double *subject = at->subject->rows.extremes + at->point * EPNET_EXTREMES,
                 *reference = at->reference->rows.extremes + at->point * EPNET_EXTREMES;
    const double expected = reference[extreme], scale = 1 + (isfinite(expected) ? fabs(expected) : 0);
    keep_worst(at, gpu_difference(subject[extreme], expected, scale), "extreme", (size_t)extreme, 0);
    if (subject[extreme + 1] == reference[extreme + 1] || at->reference->rows.trajectory == NULL)
        return;
    keep_worst(at, gpu_difference(value_at_named_time(at, extreme, subject[extreme + 1]), expected, scale),
               "time of extreme", (size_t)extreme, 0);
}

double gpu_rows_difference(const EpnetProblem *problem, const GpuRows *subject, const GpuRows *reference,
                           char *what) {
    Comparison at = {problem, subject, reference, 0, 0, what};
    what[0] = '\0';
    for (; at.point < subject->count; at.point++) {
        const int got = subject->rows.status[at.point], expected = reference->rows.status[at.point];
        if (got != expected) {
            snprintf(what, 160, "point %zu has status %d, not %d", at.point, got, expected);
            return INFINITY;
        }
        for (size_t column = 0; column < subject->width; column++)
            compare_column(&at, column);
        if (subject->rows.extremes == NULL || got != EPNET_POINT_OK)
            continue;
        compare_extreme(&at, EPNET_MULTIINFORMATION_MAX);
        compare_extreme(&at, EPNET_MULTIINFORMATION_RATE_MAX);
        compare_extreme(&at, EPNET_NETWORK_BOUND_MARGIN_MIN);
    }
    return at.worst;
}

double gpu_rows_limit(const EpnetProblem *problem) {
    const bool adapts = problem->kind == EPNET_TRAJECTORY &&
                        (problem->method == EPNET_CHEBYSHEV || problem->method == EPNET_UNIFORMIZATION);
    return adapts ? 10 * problem->tolerance : 1e-10;
}

double gpu_production_difference(const GpuRows *subject, const GpuRows *reference) {
    static const EpnetColumn columns[] = {EPNET_ENTROPY_PRODUCTION, EPNET_ENTROPY_PRODUCTION_CHANNELS};
    double worst = 0;
    for (size_t k = 0; k < subject->count; k++) {
        for (size_t c = 0; c < 2; c++) {
            const size_t cell = k * subject->width + (size_t)columns[c];
            const double expected = reference->rows.last[cell], scale = expected > 0 ? expected : 1;
            const double difference = gpu_difference(subject->rows.last[cell], expected, scale);
            worst = difference > worst ? difference : worst;
        }
    }
    return worst;
}

double gpu_point_columns_difference(const GpuRows *subject, const GpuRows *reference) {
    double worst = 0;
    for (size_t i = 0; i < reference->count * EPNET_POINT_COLUMNS; i++) {
        const double expected = reference->rows.point[i];
        const double off = gpu_difference(subject->rows.point[i], expected, fabs(expected));
        if (subject->rows.point[i] != expected && !(off <= worst))
            worst = isnan(off) ? INFINITY : off;
    }
    return worst;
}

#include "failures.h"

#include "columns.h"
#include "status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Keep a failed point if it is one of the first in the order of the grid. */
static void keep_first(EpnetFailures *failures, size_t point, int status, double attainable, double sigma) {
    size_t at = failures->total < EPNET_FAILURES_TOLD ? failures->total : EPNET_FAILURES_TOLD;
    for (; at > 0 && failures->first[at - 1].point > point; at--)
        if (at < EPNET_FAILURES_TOLD)
            failures->first[at] = failures->first[at - 1];
    if (at == EPNET_FAILURES_TOLD)
        return;
    failures->first[at].point = point;
    failures->first[at].status = status;
    failures->first[at].attainable = attainable;
    failures->first[at].sigma = sigma;
}

void epnet_failures_add(EpnetFailures *failures, size_t first, size_t count, const EpnetPoint *points,
                        const EpnetRows *rows) {
    for (size_t k = 0; k < count; k++) {
        if (rows->status[k] == EPNET_POINT_OK)
            continue;
        keep_first(failures, first + k, rows->status[k],
                   rows->point[k * EPNET_POINT_COLUMNS + EPNET_ATTAINABLE], points[k].sigma);
        failures->total++;
        failures->count[rows->status[k]]++;
    }
}

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size, const char *format, ...) {
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

void epnet_failures_describe(const EpnetFailures *failures, const EpnetSpec *spec, char *text, size_t size) {
    double values[EPNET_AXIS_KEYS];
    text[0] = 0;
    for (int s = 1; s < EPNET_POINT_STATUSES; s++) {
        if (failures->count[s] > 0)
            append(text, size, "%s%zu %s", text[0] != 0 ? ", " : "", failures->count[s],
                   epnet_point_status_names[s]);
    }
    if (spec->axis_count == 0 && failures->count[EPNET_POINT_NO_BRACKET] == 0)
        return; /* the one point there is */
    for (size_t f = 0; f < failures->total && f < EPNET_FAILURES_TOLD; f++) {
        const int status = failures->first[f].status;
        const double attainable = failures->first[f].attainable;
        epnet_grid_values(spec->axes, spec->axis_count, failures->first[f].point, values);
        append(text, size, "%s", f == 0 ? "; first:" : ",");
        for (size_t a = 0; a < spec->axis_count; a++)
            append(text, size, " %s=%g", epnet_axis_name(spec->axes[a].key), values[a]);
        append(text, size, " (%s", epnet_point_status_names[status]);
        if (status == EPNET_POINT_NO_BRACKET)
            append(text, size, ": attainable %s %.10g nat/s",
                   attainable > failures->first[f].sigma ? "from" : "up to", attainable);
        append(text, size, ")");
    }
}

EpnetStatus epnet_failures_report(const EpnetFailures *failures, size_t points, const char *description,
                                  EpnetError *error) {
    return epnet_fail(
        error, EPNET_POINTS_FAILED, "%zu of %zu points failed: %s%s", failures->total, points, description,
        failures->count[EPNET_POINT_OUT_OF_MEMORY] > 0
            ? " (to try again where there is memory: remove the grid file, or use --restart for a "
              "shard, and run again)"
            : "");
}

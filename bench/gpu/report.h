/* What the program found, a line at a time: to the terminal, and to a CSV file that is complete up to the
 * last line whatever happens next. */
#ifndef EPNET_BENCH_GPU_REPORT_H
#define EPNET_BENCH_GPU_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct GpuReport {
    FILE *csv; /* NULL: none */
    size_t checks, failed;
} GpuReport;

/* One line. `name` says what was looked at, `quantity` which number `value` is. */
typedef struct GpuLine {
    const char *section, *name;
    int nodes;
    size_t points;
    const char *quantity;
    double value, low, high; /* of repeats: median, least, largest; NaN: no repeats */
    const char *unit;
    double limit; /* what a check allows, or a bound; NaN: none */
    const char *verdict, *note;
} GpuLine;

/* Append to `path` (NULL: to the terminal alone), with a header if the file is new. False, with the reason on
 * standard error, if it cannot be written. */
bool gpu_report_open(GpuReport *report, const char *path);
bool gpu_report_close(GpuReport *report); /* false: not everything could be written */

void gpu_report_line(GpuReport *report, const GpuLine *line);

/* A check: it holds where worst <= limit; NaN never does. */
bool gpu_report_check(GpuReport *report, const char *name, int nodes, size_t points, double worst,
                      double limit, const char *note);

/* A check that could not be made at all. */
void gpu_report_failure(GpuReport *report, const char *name, int nodes, const char *reason);

/* Something that was left out, and why: no failure. */
void gpu_report_absence(GpuReport *report, const char *section, const char *name, int nodes,
                        const char *reason);

#endif

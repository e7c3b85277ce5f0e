#include "report.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static const char header[] = "section,name,nodes,points,quantity,value,low,high,unit,limit,verdict,note\n";

bool gpu_report_open(GpuReport *report, const char *path) {
    *report = (GpuReport){0};
    if (path == NULL)
        return true;
    report->csv = fopen(path, "a");
    if (report->csv == NULL || fseek(report->csv, 0, SEEK_END) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    if (ftell(report->csv) == 0)
        fputs(header, report->csv);
    return true;
}

bool gpu_report_close(GpuReport *report) {
    if (report->csv == NULL)
        return true;
    const bool written = !ferror(report->csv);
    return fclose(report->csv) == 0 && written;
}

/* A field in quotes, quotes doubled. */
static void put_text(FILE *csv, const char *text) {
    putc('"', csv);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"')
            putc('"', csv);
        putc(*c == '\n' ? ' ' : *c, csv);
    }
    putc('"', csv);
}

static void put_csv(FILE *csv, const GpuLine *line) {
    const double numbers[] = {line->value, line->low, line->high};
    fprintf(csv, "%s,", line->section);
    put_text(csv, line->name);
    fprintf(csv, ",%d,%zu,", line->nodes, line->points);
    put_text(csv, line->quantity);
    for (size_t i = 0; i < 3; i++)
        isnan(numbers[i]) ? fputs(",", csv) : fprintf(csv, ",%.6g", numbers[i]);
    fprintf(csv, ",%s", line->unit);
    isnan(line->limit) ? fputs(",", csv) : fprintf(csv, ",%.6g", line->limit);
    fprintf(csv, ",%s,", line->verdict);
    put_text(csv, line->note);
    putc('\n', csv);
    fflush(csv);
}

void gpu_report_line(GpuReport *report, const GpuLine *line) {
    printf("%-11s %-40s N=%-2d %8zu points  ", line->section, line->name, line->nodes, line->points);
    if (!isnan(line->value))
        printf("%s %.4g %s", line->quantity, line->value, line->unit);
    if (!isnan(line->low))
        printf(" (%.4g..%.4g)", line->low, line->high);
    if (!isnan(line->limit))
        printf(" [limit %.4g]", line->limit);
    printf("%s%s%s%s\n", line->verdict[0] != '\0' ? "  " : "", line->verdict,
           line->note[0] != '\0' ? "  " : "", line->note);
    fflush(stdout);
    if (report->csv != NULL)
        put_csv(report->csv, line);
}

bool gpu_report_check(GpuReport *report, const char *name, int nodes, size_t points, double worst,
                      double limit, const char *note) {
    const bool holds = worst <= limit;
    const GpuLine line = {
        "check", name, nodes, points, "worst", worst, NAN, NAN, "", limit, holds ? "ok" : "FAILED", note};
    report->checks++;
    report->failed += !holds;
    gpu_report_line(report, &line);
    return holds;
}

void gpu_report_failure(GpuReport *report, const char *name, int nodes, const char *reason) {
    const GpuLine line = {"check", name, nodes, 0, "worst", NAN, NAN, NAN, "", NAN, "FAILED", reason};
    report->checks++;
    report->failed++;
    gpu_report_line(report, &line);
}

void gpu_report_absence(GpuReport *report, const char *section, const char *name, int nodes,
                        const char *reason) {
    const GpuLine line = {section, name, nodes, 0, "", NAN, NAN, NAN, "", NAN, "left out", reason};
    gpu_report_line(report, &line);
}

/* epnet audit: which of the paper's bounds and of the exact statements hold in a grid file. */
#include "cli.h"
#include "json.h"
#include "units.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JSON_OPTION = 256 };
enum { CELL_SIZE = 512 };

typedef struct Arguments {
    const char *grid;
    bool json;
} Arguments;

/* ---- places ------------------------------------------------------------------------------------------ */

/* The value of an axis at a grid point, and its name and unit. */
static double axis_value(const EpnetResult *result, size_t axis, size_t point, const char **name,
                         const char **unit) {
    size_t size = 1;
    const double *values = NULL;
    for (size_t a = epnet_result_axis_count(result); a-- > axis;) {     /* the last axis is the fastest */
        epnet_result_axis(result, a, name, &size, &values, unit, NULL); /* it exists */
        if (a > axis)
            point /= size;
    }
    return values[point % size];
}

/* Append to a text of a cell; what does not fit is cut. */
__attribute__((format(printf, 2, 3))) static void cell_add(char *cell, const char *format, ...) {
    const size_t length = strlen(cell);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cell + length, CELL_SIZE - length, format, arguments);
    va_end(arguments);
}

/* "drive = 2 nat, t = 0.5 s"; nothing where there is neither an axis nor a time. */
static void place_add(char *cell, const EpnetResult *result, size_t point, double time) {
    const char *name, *unit, *separator = "";
    for (size_t a = 0; a < epnet_result_axis_count(result); a++) {
        const double value = axis_value(result, a, point, &name, &unit);
        cell_add(cell, "%s%s = %.6g %s", separator, name, value, unit);
        separator = ", ";
    }
    if (!isnan(time))
        cell_add(cell, "%st = %.6g s", separator, time);
}

/* ---- page -------------------------------------------------------------------------------------------- */

enum { CELLS = 10 };

typedef struct Line {
    char cell[CELLS][CELL_SIZE];
} Line;

static const Line heading = {{"", "statement", "points", "checks", "violated", "fraction", "smallest margin",
                              "left", "right", "where"}};

static void where_set(char *cell, const EpnetResult *result, const EpnetAuditRow *row) {
    place_add(cell, result, row->point, row->time);
    const bool same_time = isnan(row->time) || row->first_time == row->time;
    if (row->violations > 0 && !(row->first_point == row->point && same_time)) {
        cell_add(cell, "; first at ");
        place_add(cell, result, row->first_point, row->first_time);
    }
}

static void line_set(Line *line, const EpnetResult *result, const EpnetAuditRow *row) {
    EpnetText text;
    memset(line, 0, sizeof *line);
    snprintf(line->cell[0], CELL_SIZE, "%d", row->number);
    snprintf(line->cell[1], CELL_SIZE, "%s%s%s%s", row->statement, row->cut != NULL ? "  [S = " : "",
             row->cut != NULL ? row->cut : "", row->cut != NULL ? "]" : "");
    if (row->checks == 0) {
        snprintf(line->cell[CELLS - 1], CELL_SIZE, "not applicable (%s)", row->reason);
        return;
    }
    snprintf(line->cell[2], CELL_SIZE, "%s", epnet_text_count(&text, row->points));
    snprintf(line->cell[3], CELL_SIZE, "%s", epnet_text_count(&text, row->checks));
    snprintf(line->cell[4], CELL_SIZE, "%s", epnet_text_count(&text, row->violations));
    snprintf(line->cell[5], CELL_SIZE, "%.4g", row->fraction);
    snprintf(line->cell[6], CELL_SIZE, "%.6g %-5s", row->margin, row->unit);
    snprintf(line->cell[7], CELL_SIZE, "%.6g", row->left);
    snprintf(line->cell[8], CELL_SIZE, "%.6g", row->right);
    where_set(line->cell[9], result, row);
}

/* A statement that could not be checked has no numbers: its reason follows it. */
static void line_print(const Line *line, const int *widths, bool checked) {
    const int last = CELLS - 1, numbers = checked ? last : 2;
    for (int c = 0; c < numbers; c++)
        printf(c < 2 ? "  %-*s" : "  %*s", widths[c], line->cell[c]);
    printf("%s%s\n", line->cell[last][0] != '\0' ? "  " : "", line->cell[last]);
}

/* The rows of one kind, under the table's heading. */
static void rows_print(const EpnetAudit *audit, const Line *lines, const int *widths, bool exact) {
    line_print(&heading, widths, true);
    for (size_t r = 0; r < audit->row_count; r++)
        if (audit->rows[r].exact == exact)
            line_print(&lines[r], widths, audit->rows[r].checks > 0);
}

static size_t rows_violated(const EpnetAudit *audit, bool exact, size_t *checked) {
    size_t violated = 0;
    *checked = 0;
    for (size_t r = 0; r < audit->row_count; r++) {
        *checked += audit->rows[r].exact == exact && audit->rows[r].checks > 0;
        violated += audit->rows[r].exact == exact && audit->rows[r].violations > 0;
    }
    return violated;
}

static void head_print(const char *grid, const EpnetAudit *audit) {
    EpnetText a, b;
    printf("%s\n", grid);
    printf("  points      %s", epnet_text_count(&a, audit->points));
    if (audit->points_failed > 0)
        printf(", of which %s failed and are left out", epnet_text_count(&b, audit->points_failed));
    if (audit->stationary)
        printf("\n  rows        the stationary law of each point\n");
    else if (audit->trajectories)
        printf("\n  rows        %s sampled times of each point\n", epnet_text_count(&a, audit->times));
    else
        printf(
            "\n  rows        the last time of each point: the file does not hold the trajectories, so that "
            "earlier\n              times enter only through the column network_bound_margin_min\n");
    printf("  equality    within 1e-12 of the terms, plus 1e-13 nat per jump (rates) or 1e-14 nat\n");
}

static void page_print(const char *grid, const EpnetResult *result, const EpnetAudit *audit, Line *lines) {
    int widths[CELLS] = {0};
    for (int c = 0; c < CELLS - 1; c++)
        widths[c] = (int)strlen(heading.cell[c]);
    for (size_t r = 0; r < audit->row_count; r++) {
        line_set(&lines[r], result, &audit->rows[r]);
        for (int c = 0; c < CELLS - 1; c++)
            if (widths[c] < (int)strlen(lines[r].cell[c]))
                widths[c] = (int)strlen(lines[r].cell[c]);
    }
    size_t bounds, statements;
    const size_t violated = rows_violated(audit, false, &bounds),
                 broken = rows_violated(audit, true, &statements);
    head_print(grid, audit);
    printf("\nBounds that the paper states: %zu of %zu violated\n", violated, bounds);
    rows_print(audit, lines, widths, false);
    if (broken == 0)
        printf("\nExact statements: all %zu hold\n", statements);
    else
        printf("\nExact statements: %zu of %zu BROKEN\n", broken, statements);
    rows_print(audit, lines, widths, true);
}

/* ---- objects ----------------------------------------------------------------------------------------- */

static void place_put(const char *name, const EpnetResult *result, size_t point, double time) {
    const char *axis, *unit;
    epnet_json_object_begin(name);
    epnet_json_count("point", point);
    for (size_t a = 0; a < epnet_result_axis_count(result); a++) {
        const double value = axis_value(result, a, point, &axis, &unit);
        epnet_json_number(axis, value);
    }
    epnet_json_number("time", time);
    epnet_json_object_end();
}

static void row_put(const EpnetResult *result, const EpnetAuditRow *row) {
    epnet_json_object_begin(NULL);
    epnet_json_text("event", "statement");
    epnet_json_count("number", (uint64_t)row->number);
    epnet_json_text("name", row->name);
    epnet_json_text("statement", row->statement);
    epnet_json_flag("exact", row->exact);
    epnet_json_text("cut", row->cut);
    epnet_json_flag("applicable", row->checks > 0);
    epnet_json_text("reason", row->checks > 0 ? NULL : row->reason);
    epnet_json_count("points", row->points);
    epnet_json_count("checks", row->checks);
    epnet_json_count("skipped", row->skipped);
    epnet_json_count("violations", row->violations);
    epnet_json_count("points_violated", row->points_violated);
    epnet_json_number("fraction", row->fraction);
    epnet_json_text("unit", row->unit);
    epnet_json_number("margin", row->margin);
    epnet_json_number("left", row->left);
    epnet_json_number("right", row->right);
    epnet_json_number("tolerance", row->tolerance);
    if (row->checks > 0)
        place_put("where", result, row->point, row->time);
    if (row->violations > 0)
        place_put("first_violation", result, row->first_point, row->first_time);
    epnet_json_object_end();
    epnet_json_line_end();
}

static void objects_print(const char *grid, const EpnetResult *result, const EpnetAudit *audit) {
    epnet_json_object_begin(NULL);
    epnet_json_text("event", "audit");
    epnet_json_text("file", grid);
    epnet_json_count("points", audit->points);
    epnet_json_count("points_failed", audit->points_failed);
    epnet_json_count("times", audit->times);
    epnet_json_flag("stationary", audit->stationary);
    epnet_json_flag("trajectories", audit->trajectories);
    epnet_json_object_end();
    epnet_json_line_end();
    for (size_t r = 0; r < audit->row_count; r++)
        row_put(result, &audit->rows[r]);
}

/* ---- verb -------------------------------------------------------------------------------------------- */

static EpnetStatus report(const Arguments *arguments, const EpnetResult *result, EpnetError *error) {
    EpnetAudit *audit = NULL;
    EpnetStatus status = epnet_audit(result, &audit, error);
    if (audit == NULL)
        return status;
    Line *lines = arguments->json ? NULL : calloc(audit->row_count, sizeof *lines);
    if (arguments->json) {
        objects_print(arguments->grid, result, audit);
    } else if (lines != NULL) {
        page_print(arguments->grid, result, audit, lines);
    } else {
        error->status = status = EPNET_DEVICE;
        strcpy(error->message, "out of memory: the table of an audit");
    }
    free(lines);
    epnet_audit_free(audit);
    return status;
}

static EpnetStatus audit(void *context, EpnetError *error) {
    const Arguments *arguments = context;
    EpnetResult *result = NULL;
    EpnetStatus status = epnet_result_open(arguments->grid, &result, error);
    if (status == EPNET_OK)
        status = report(arguments, result, error);
    epnet_result_close(result);
    return status;
}

static error_t parse(int key, char *value, struct argp_state *state) {
    Arguments *arguments = state->input;
    switch (key) {
    case JSON_OPTION:
        arguments->json = true;
        return 0;
    case ARGP_KEY_ARG:
        epnet_cli_take_argument(state, &arguments->grid, value, "grid file");
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a grid file is expected, as `epnet run' writes it");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int epnet_cli_audit(int argc, char **argv) {
    static const struct argp_option options[] = {
        {"json", JSON_OPTION, NULL, 0, "Print one JSON object a line: the file, then every statement", 0},
        {0},
    };
    static const struct argp parser = {
        .options = options,
        .parser = parse,
        .args_doc = "OUT.nc",
        .doc = "Check the bounds that the paper states (1 to 3) and the exact statements (4 to 9 of "
               "docs/theory.md) on every row of a grid file: how often each was checked and violated, its "
               "smallest margin (right side minus left side) and where."
               "\vEvery sampled time is checked where the file holds its trajectories ([output] trajectories "
               "= true), else the last one. Points that failed are left out."
               "\n\n"
               "Sides that agree within 1e-12 of the sum of their terms, plus 1e-13 nat x activity for rates "
               "(the rounding of flux x ln p) or 1e-14 nat for informations, count as equal; an infinite "
               "right side holds."
               "\n\n"
               "A violated bound is a result: exit code 0. An exact statement that is broken beyond rounding "
               "is a defect of the program or of the file: exit code 1, after the whole report.",
    };
    Arguments arguments = {0};
    epnet_cli_parse(&parser, argc, argv, 0, &arguments);
    EpnetError error;
    if (epnet_cli_isolate(audit, &arguments, arguments.grid, NULL, &error) != EPNET_OK)
        return epnet_cli_fail(&error, arguments.json);
    return EPNET_OK;
}

/* No axis: one trajectory over time. The paper's Figure 2 (the growth of the multiinformation under the
 * entropy production, and the growth alone), or one column. */
#include "columns.h"
#include "figure.h"
#include "figure_panel.h"
#include "status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum Line { RATE, PRODUCTION, SIZE, EULER, LINES } Line; /* SIZE: |RATE| */

enum { DECADES = 12 }; /* that a logarithmic axis shows at most */

typedef struct Trajectory {
    const EpnetFigure *figure;
    size_t count;
    const double *times;
    double *values[LINES]; /* count each; EULER is NULL unless the file has it */
    size_t peak;           /* sample of the largest finite rate */
    size_t infinite;       /* samples at which the production is infinite */
    size_t broken;         /* samples on the logarithmic axis at which the rate is above the production */
    EpnetPanel upper, lower;
} Trajectory;

/* A column of the (only) point's trajectory: *values is to free() in every case. */
static EpnetStatus line_read(const EpnetFigure *figure, const char *name, double **values,
                             EpnetError *error) {
    *values = epnet_calloc(figure->result->time_count, sizeof **values);
    if (*values == NULL)
        return epnet_fail_memory(error, figure->result->time_count * sizeof **values, "a trajectory");
    return epnet_result_trajectory(figure->result, name, 0, *values, error);
}

static void survey(Trajectory *trajectory) {
    const double *rate = trajectory->values[RATE], *production = trajectory->values[PRODUCTION];
    const double *shown[] = {trajectory->values[SIZE], production};
    const double *zoomed[] = {rate, trajectory->values[EULER]};
    trajectory->upper = epnet_panel_survey(DECADES, 2, shown, trajectory->count);
    trajectory->lower = epnet_panel_survey(DECADES, zoomed[1] != NULL ? 2 : 1, zoomed, trajectory->count);
    trajectory->upper.log = trajectory->upper.most > 0;
    trajectory->lower.log = false;
    for (size_t k = 0; k < trajectory->count; k++) {
        if (isfinite(rate[k]) && !(rate[k] <= rate[trajectory->peak]))
            trajectory->peak = k;
        if (isinf(production[k]))
            trajectory->infinite++;
        if (rate[k] > production[k] && rate[k] >= trajectory->upper.floor)
            trajectory->broken++;
    }
}

static EpnetStatus trajectory_read(const EpnetFigure *figure, Trajectory *trajectory, EpnetError *error) {
    const EpnetResult *result = figure->result;
    *trajectory = (Trajectory){.figure = figure, .count = result->time_count, .times = result->times};
    static const char *const names[LINES] = {"multiinformation_rate", "entropy_production",
                                             "multiinformation_rate", "multiinformation_rate_euler"};
    EpnetStatus status = EPNET_OK;
    for (int c = 0; c < LINES && status == EPNET_OK; c++)
        if (c != EULER || epnet_result_find(result, names[c]) < result->column_count)
            status = line_read(figure, names[c], &trajectory->values[c], error);
    if (status != EPNET_OK)
        return status;
    for (size_t k = 0; k < trajectory->count; k++)
        trajectory->values[SIZE][k] = fabs(trajectory->values[SIZE][k]);
    survey(trajectory);
    return EPNET_OK;
}

static void data_write(const EpnetFigure *figure, size_t lines, double *const *values) {
    epnet_figure_block(figure, "trajectory");
    for (size_t k = 0; k < figure->result->time_count; k++) {
        epnet_figure_number(figure, figure->result->times[k]);
        for (size_t c = 0; c < lines; c++)
            if (values[c] != NULL)
                epnet_figure_number(figure, values[c][k]);
        fputc('\n', figure->data);
    }
}

/* The third line of the titles: where the bound breaks, and what is not shown. */
static void note_make(const Trajectory *trajectory, char *note) {
    char remark[EPNET_FIGURE_TEXT] = "";
    *note = '\0';
    if (trajectory->broken > 0)
        snprintf(remark, sizeof remark, "d{/:Italic I}/d{/:Italic t} > EP at %zu of %zu samples",
                 trajectory->broken, trajectory->count);
    epnet_figure_remark(note, remark);
    *remark = '\0';
    if (trajectory->infinite == 1 && isinf(trajectory->values[PRODUCTION][0]))
        snprintf(remark, sizeof remark, "EP is infinite at {/:Italic t} = %g", trajectory->times[0]);
    else if (trajectory->infinite > 0)
        snprintf(remark, sizeof remark, "EP is infinite at %zu samples", trajectory->infinite);
    epnet_figure_remark(note, remark);
    epnet_panel_note(&trajectory->upper, remark);
    epnet_figure_remark(note, remark);
}

static const char *line_style(size_t count) {
    return count <= 80 ? "linespoints pointtype 7 pointsize 0.4" : "lines";
}

static void time_describe(const EpnetResult *result, FILE *script) {
    double first = result->times[0], last = result->times[result->time_count - 1];
    if (last > first)
        fprintf(script, "set xrange [%.12g:%.12g]\n", first, last);
}

static void upper_plot(const Trajectory *trajectory, FILE *script) {
    const char *style = line_style(trajectory->count);
    bool negative = false;
    for (size_t k = 0; k < trajectory->count; k++)
        negative = negative || trajectory->values[RATE][k] <= -trajectory->upper.floor;
    epnet_panel_describe(&trajectory->upper, EPNET_PANEL_UPPER, "rate [nat/s]", script);
    fputs("set format x ''\nset key top right reverse Left\nplot \\\n", script);
    if (trajectory->broken > 0)
        fputs("  data index 'trajectory' using 1:($2 > $3 ? $2 : NaN):3 with filledcurves fillstyle solid "
              "noborder linecolor rgb '#fbd0cb' title 'd{/:Italic I}/d{/:Italic t} > EP', \\\n",
              script);
    fprintf(
        script,
        "  data index 'trajectory' using 1:3 with %s linewidth 1.6 linecolor rgb '#d55e00' title 'entropy "
        "production EP', \\\n"
        "  data index 'trajectory' using 1:($2 > 0 ? $2 : NaN) with %s linewidth 1.6 linecolor rgb '#0072b2' "
        "title 'growth of multiinformation d{/:Italic I}/d{/:Italic t}'",
        style, style);
    if (negative)
        fprintf(script,
                ", \\\n  data index 'trajectory' using 1:($2 < 0 ? -$2 : NaN) with %s linewidth 1.6 dashtype "
                "(4,3) linecolor rgb '#56b4e9' title '−d{/:Italic I}/d{/:Italic t}, where negative'",
                style);
    fputc('\n', script);
}

/* The largest rate as a ring with its value and time beside it, on the side where there is more room. */
static void peak_mark(const Trajectory *trajectory, bool left, FILE *script) {
    double time = trajectory->times[trajectory->peak], rate = trajectory->values[RATE][trajectory->peak];
    char value[EPNET_FIGURE_TEXT], when[EPNET_FIGURE_TEXT], text[EPNET_FIGURE_TEXT];
    if (!isfinite(rate))
        return;
    epnet_figure_value(rate, value);
    epnet_figure_value(time, when);
    snprintf(text, sizeof text, "maximum %.100s nat/s at {/:Italic t} = %.100s s", value, when);
    fputs("set label 10 ", script);
    epnet_figure_quote(script, text);
    fprintf(script,
            " at first %.12g, first %.12g %s offset char %g, char -0.2 point pointtype 6 pointsize 1 "
            "linewidth 1.6 "
            "linecolor rgb '#000000'\n",
            time, rate, left ? "left" : "right", left ? 1.5 : -1.5);
}

static void lower_plot(const Trajectory *trajectory, FILE *script) {
    const double *times = trajectory->times;
    bool left = times[trajectory->peak] < (times[0] + times[trajectory->count - 1]) / 2;
    epnet_panel_describe(&trajectory->lower, EPNET_PANEL_LOWER, "d{/:Italic I}/d{/:Italic t} [nat/s]",
                         script);
    fputs("unset label\nset format x '%h'\nset xlabel 'time {/:Italic t} [s]'\nset xzeroaxis linewidth 0.8 "
          "linecolor rgb '#999999'\n",
          script);
    if (trajectory->values[EULER] == NULL)
        fputs("unset key\n", script);
    else
        fprintf(script, "set key at graph %s, graph 0.6 %s center\n", left ? "0.985" : "0.015",
                left ? "right" : "left");
    peak_mark(trajectory, left, script);
    fputs("plot \\\n", script);
    if (trajectory->values[EULER] != NULL)
        fputs("  data index 'trajectory' using 1:5 with points pointtype 7 pointsize 0.45 linecolor rgb "
              "'#e69f00' "
              "title 'finite difference of the Euler steps, as in the paper', \\\n",
              script);
    fprintf(script,
            "  data index 'trajectory' using 1:2 with %s linewidth 1.6 linecolor rgb '#0072b2' title "
            "'d{/:Italic I}/d{/:Italic t} at the same {/:Italic p}, exact'\n",
            line_style(trajectory->count));
}

EpnetStatus epnet_figure_trajectory(const EpnetFigure *figure, EpnetError *error) {
    Trajectory trajectory;
    char note[EPNET_FIGURE_TEXT];
    EpnetStatus status = trajectory_read(figure, &trajectory, error);
    if (status == EPNET_OK) {
        data_write(figure, LINES, trajectory.values);
        note_make(&trajectory, note);
        epnet_figure_titles(figure, note);
        time_describe(figure->result, figure->script);
        fputs("set multiplot\n", figure->script);
        upper_plot(&trajectory, figure->script);
        lower_plot(&trajectory, figure->script);
        fputs("unset multiplot\n", figure->script);
    }
    for (int c = 0; c < LINES; c++)
        free(trajectory.values[c]);
    return status;
}

/* Remarks on a single column: infinite samples, and those under a logarithmic axis. */
static void course_note(const EpnetPanel *panel, const double *values, size_t count, char *note) {
    char remark[EPNET_FIGURE_TEXT] = "";
    size_t infinite = 0;
    for (size_t k = 0; k < count; k++)
        if (isinf(values[k]))
            infinite++;
    *note = '\0';
    if (infinite > 0)
        snprintf(remark, sizeof remark, "infinite at %zu of %zu samples", infinite, count);
    epnet_figure_remark(note, remark);
    epnet_panel_note(panel, remark);
    epnet_figure_remark(note, remark);
}

EpnetStatus epnet_figure_course(const EpnetFigure *figure, EpnetError *error) {
    const EpnetResult *result = figure->result;
    const EpnetResultColumn *column = &result->columns[figure->column];
    FILE *script = figure->script;
    char label[EPNET_FIGURE_TEXT], note[EPNET_FIGURE_TEXT];
    double *values;
    EpnetStatus status = line_read(figure, column->name, &values, error);
    if (status == EPNET_OK) {
        EpnetPanel panel =
            epnet_panel_survey(DECADES, 1, (const double *const[]){values}, result->time_count);
        course_note(&panel, values, result->time_count, note);
        data_write(figure, 1, &values);
        epnet_figure_titles(figure, note);
        time_describe(result, script);
        epnet_figure_column_label(column, 60, label);
        epnet_panel_describe(&panel, EPNET_PANEL_ALONE, label, script);
        fprintf(
            script,
            "set format x '%%h'\nset xlabel 'time {/:Italic t} [s]'\n"
            "plot data index 'trajectory' using 1:2 with %s linewidth 1.6 linecolor rgb '#0072b2' notitle\n",
            line_style(result->time_count));
    }
    free(values);
    return status;
}

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

/* A column of the (only) point's trajectory; NULL after filling `error`. */
static double *line_read(const EpnetFigure *figure, const char *name, EpnetError *error) {
    double *values = epnet_calloc(figure->result->time_count, sizeof *values);
    if (values == NULL) {
        epnet_fail_memory(error, figure->result->time_count * sizeof *values, "a trajectory");
    } else if (epnet_result_trajectory(figure->result, name, 0, values, error) != EPNET_OK) {
        free(values);
        values = NULL;
    }
    return values;
}

static void survey(Trajectory *trajectory) {
    const double decades = 12;
    const double *rate = trajectory->values[RATE], *production = trajectory->values[PRODUCTION];
    const double *shown[] = {trajectory->values[SIZE], production};
    const double *zoomed[] = {rate, trajectory->values[EULER]};
    trajectory->upper = epnet_panel_survey(decades, 2, shown, trajectory->count);
    trajectory->lower = epnet_panel_survey(decades, zoomed[1] != NULL ? 2 : 1, zoomed, trajectory->count);
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
    trajectory->values[RATE] = line_read(figure, "multiinformation_rate", error);
    if (trajectory->values[RATE] != NULL)
        trajectory->values[PRODUCTION] = line_read(figure, "entropy_production", error);
    if (trajectory->values[PRODUCTION] != NULL)
        trajectory->values[SIZE] = line_read(figure, "multiinformation_rate", error);
    if (trajectory->values[SIZE] == NULL)
        return error != NULL ? error->status : EPNET_IO;
    for (size_t k = 0; k < trajectory->count; k++)
        trajectory->values[SIZE][k] = fabs(trajectory->values[SIZE][k]);
    if (epnet_result_find(result, "multiinformation_rate_euler") < result->column_count) {
        trajectory->values[EULER] = line_read(figure, "multiinformation_rate_euler", error);
        if (trajectory->values[EULER] == NULL)
            return error != NULL ? error->status : EPNET_IO;
    }
    survey(trajectory);
    return EPNET_OK;
}

static void data_write(const EpnetFigure *figure, size_t count, const double *times, size_t lines,
                       double *const *values) {
    epnet_figure_block(figure, "trajectory");
    for (size_t k = 0; k < count; k++) {
        epnet_figure_number(figure, times[k]);
        for (size_t c = 0; c < lines; c++)
            if (values[c] != NULL)
                epnet_figure_number(figure, values[c][k]);
        fputc('\n', figure->data);
    }
}

/* The third line of the titles: where the bound breaks, and what is not shown. */
static void note_make(const Trajectory *trajectory, char *text) {
    char left_out[EPNET_FIGURE_TEXT], broken[EPNET_FIGURE_TEXT] = "", infinite[EPNET_FIGURE_TEXT] = "";
    epnet_panel_note(&trajectory->upper, left_out);
    if (trajectory->broken > 0)
        snprintf(broken, sizeof broken, "d{/:Italic I}/d{/:Italic t} > EP at %zu of %zu samples",
                 trajectory->broken, trajectory->count);
    if (trajectory->infinite == 1 && isinf(trajectory->values[PRODUCTION][0]))
        snprintf(infinite, sizeof infinite, "EP is infinite at {/:Italic t} = %g", trajectory->times[0]);
    else if (trajectory->infinite > 0)
        snprintf(infinite, sizeof infinite, "EP is infinite at %zu samples", trajectory->infinite);
    const char *first = *broken != '\0' && (*infinite != '\0' || *left_out != '\0') ? "; " : "";
    const char *second = *infinite != '\0' && *left_out != '\0' ? "; " : "";
    snprintf(text, EPNET_FIGURE_TEXT, "%.120s%s%.120s%s%.200s", broken, first, infinite, second, left_out);
}

static const char *line_style(size_t count) {
    return count <= 80 ? "linespoints pointtype 7 pointsize 0.4" : "lines";
}

static void time_describe(const Trajectory *trajectory, FILE *script) {
    double first = trajectory->times[0], last = trajectory->times[trajectory->count - 1];
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
        data_write(figure, trajectory.count, trajectory.times, LINES, trajectory.values);
        note_make(&trajectory, note);
        epnet_figure_titles(figure, note);
        time_describe(&trajectory, figure->script);
        fputs("set multiplot\n", figure->script);
        upper_plot(&trajectory, figure->script);
        lower_plot(&trajectory, figure->script);
        fputs("unset multiplot\n", figure->script);
    }
    for (int c = 0; c < LINES; c++)
        free(trajectory.values[c]);
    return status;
}

EpnetStatus epnet_figure_course(const EpnetFigure *figure, EpnetError *error) {
    const EpnetResult *result = figure->result;
    const EpnetResultColumn *column = &result->columns[figure->column];
    char label[EPNET_FIGURE_TEXT], note[EPNET_FIGURE_TEXT];
    double *values = line_read(figure, column->name, error);
    if (values == NULL)
        return error != NULL ? error->status : EPNET_IO;
    Trajectory trajectory = {.figure = figure, .count = result->time_count, .times = result->times};
    EpnetPanel panel = epnet_panel_survey(12, 1, (const double *const[]){values}, result->time_count);
    size_t infinite = 0;
    for (size_t k = 0; k < result->time_count; k++)
        if (isinf(values[k]))
            infinite++;
    epnet_panel_note(&panel, note);
    if (infinite > 0)
        snprintf(note, sizeof note, "infinite at %zu of %zu samples", infinite, result->time_count);
    data_write(figure, result->time_count, result->times, 1, &values);
    epnet_figure_titles(figure, note);
    time_describe(&trajectory, figure->script);
    epnet_figure_column_label(column, 60, label);
    epnet_panel_describe(&panel, EPNET_PANEL_ALONE, label, figure->script);
    fprintf(figure->script,
            "set format x '%%h'\nset xlabel 'time {/:Italic t} [s]'\nplot data index 'trajectory' using 1:2 "
            "with %s linewidth 1.6 "
            "linecolor rgb '#0072b2' notitle\n",
            line_style(result->time_count));
    free(values);
    return EPNET_OK;
}

/* One axis: the quantity over it, and with a cut the information flow under its bounds. */
#include "columns.h"
#include "figure_grid.h"
#include "figure_panel.h"
#include "status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum Curve { QUANTITY, FLOW, FLOW_BOUND, CAPACITY, ENERGY, CURVES } Curve;

typedef struct Curves {
    const EpnetFigure *figure;
    EpnetDirection x;
    double *values[CURVES]; /* x.size each in the picture's order; all but QUANTITY are NULL without a cut */
    double kink;            /* where capacity and energy cross, NaN if they do not */
} Curves;

static EpnetStatus curves_read(const EpnetFigure *figure, Curves *curves, EpnetError *error) {
    static const char *const names[CURVES] = {NULL, "cut_information_flow", "cut_flow_bound", "cut_capacity",
                                              "cut_entropy_production"};
    size_t before;
    double part;
    *curves = (Curves){.figure = figure, .kink = NAN};
    EpnetStatus status = epnet_direction_make(&curves->x, figure->axes[0], error);
    if (status == EPNET_OK)
        status =
            epnet_direction_column(&curves->x, figure, figure->column, 1, &curves->values[QUANTITY], error);
    for (int c = FLOW; c < CURVES && status == EPNET_OK; c++) {
        size_t column = epnet_figure_cut_column(figure, names[c]);
        if (column == figure->result->column_count)
            return EPNET_OK; /* no cut: nothing more to show */
        status = epnet_direction_column(&curves->x, figure, column, c == CAPACITY ? log(2) : 1,
                                        &curves->values[c], error);
    }
    if (status == EPNET_OK)
        curves->kink = epnet_direction_crossing(&curves->x, curves->values[CAPACITY], curves->values[ENERGY],
                                                &before, &part);
    return status;
}

static void curves_free(Curves *curves) {
    for (int c = 0; c < CURVES; c++)
        free(curves->values[c]);
    epnet_direction_free(&curves->x);
}

static bool has_cut(const Curves *curves) {
    return curves->values[ENERGY] != NULL;
}

static size_t infinite_count(const Curves *curves, Curve curve) {
    size_t count = 0;
    for (size_t k = 0; k < curves->x.size; k++)
        if (isinf(curves->values[curve][k]))
            count++;
    return count;
}

static bool has_finite(const Curves *curves, Curve curve) {
    bool found = false;
    for (size_t k = 0; k < curves->x.size; k++)
        found = found || isfinite(curves->values[curve][k]);
    return found;
}

/* The axis, the quantity, the flow and its three bounds. */
static void data_write(const Curves *curves) {
    epnet_figure_block(curves->figure, "curves");
    for (size_t k = 0; k < curves->x.size; k++) {
        epnet_figure_number(curves->figure, curves->x.values[k]);
        for (int c = 0; c < (has_cut(curves) ? CURVES : FLOW); c++)
            epnet_figure_number(curves->figure, curves->values[c][k]);
        fputc('\n', curves->figure->data);
    }
}

static void axis_describe(const Curves *curves, FILE *script) {
    const EpnetDirection *x = &curves->x;
    fprintf(script, "set xrange [%.12g:%.12g]\n", x->size > 1 ? x->values[0] : x->borders[0],
            x->size > 1 ? x->values[x->size - 1] : x->borders[1]);
    if (x->log)
        fputs("set logscale x\nset mxtics 10\n", script);
}

/* The label of the horizontal axis, below the last panel. */
static void axis_label(const Curves *curves, FILE *script) {
    char label[EPNET_FIGURE_TEXT];
    epnet_figure_axis_label(curves->x.axis, label);
    fputs("set xlabel ", script);
    epnet_figure_quote(script, label);
    fputs("\nset format x '%h'\n", script);
}

/* A line through both panels; its name stands where the upper curve seldom is. */
static void kink_line(const Curves *curves, FILE *script) {
    if (isfinite(curves->kink))
        fprintf(
            script,
            "set arrow 1 from first %.12g, graph 0 to first %.12g, graph 1 nohead back linewidth 1 dashtype "
            "(6,4) linecolor rgb '#999999'\n"
            "set label 9 'paper''s kink' at first %.12g, graph 0.08 left offset char 0.5,0 textcolor rgb "
            "'#777777'\n",
            curves->kink, curves->kink, curves->kink);
}

/* A bound of the lower panel; one that is finite nowhere is in the key alone. */
static void bound_plot(const Curves *curves, Curve curve, const char *title, const char *style,
                       FILE *script) {
    size_t infinite = infinite_count(curves, curve);
    char full[EPNET_FIGURE_TEXT];
    if (infinite == 0)
        snprintf(full, sizeof full, "%s", title);
    else if (!has_finite(curves, curve))
        snprintf(full, sizeof full, "%s (infinite)", title);
    else
        snprintf(full, sizeof full, "%s (infinite at %zu of %zu)", title, infinite, curves->x.size);
    if (!has_finite(curves, curve))
        fprintf(script, "  NaN with lines %s title ", style);
    else
        fprintf(script, "  data index 'curves' using 1:%d with lines %s title ", 2 + (int)curve, style);
    epnet_figure_quote(script, full);
}

static void quantity_plot(const Curves *curves, EpnetPanelPlace place, const EpnetPanel *panel) {
    FILE *script = curves->figure->script;
    char label[EPNET_FIGURE_TEXT];
    epnet_figure_column_label(&curves->figure->result->columns[curves->figure->column],
                              place == EPNET_PANEL_ALONE ? 60 : 30, label);
    epnet_panel_describe(panel, place, label, script);
    if (place != EPNET_PANEL_ALONE)
        fputs("set format x ''\n", script);
    else
        axis_label(curves, script);
    fprintf(script,
            "plot data index 'curves' using 1:2 with linespoints linewidth 1.6 pointtype 7 pointsize %g "
            "linecolor rgb '#0072b2' notitle\n",
            curves->x.size <= 80 ? 0.45 : 0.0);
}

static void flow_plot(const Curves *curves, const EpnetPanel *panel) {
    FILE *script = curves->figure->script;
    epnet_panel_describe(panel, EPNET_PANEL_LOWER_OVER_KEY, "information flow\nacross the cut [nat/s]",
                         script);
    axis_label(curves, script);
    fputs(
        "unset label\nset key at screen 0.5575, screen 0.012 bottom center horizontal maxcols 2 reverse Left "
        "samplen 2.5 width 3 spacing 1.1\n",
        script);
    fprintf(script,
            "plot data index 'curves' using 1:3 with linespoints linewidth 1.6 pointtype 7 pointsize %g "
            "linecolor "
            "rgb '#0072b2' title 'information flow', \\\n",
            curves->x.size <= 80 ? 0.45 : 0.0);
    bound_plot(curves, FLOW_BOUND, "theorem: Σ β{/:Italic c}({/:Italic F})",
               "linewidth 1.6 linecolor rgb '#009e73'", script);
    fputs(", \\\n", script);
    bound_plot(curves, CAPACITY, "paper: {/:Italic C}_{cut} ln 2",
               "linewidth 1.6 dashtype (8,4) linecolor rgb '#d55e00'", script);
    fputs(", \\\n", script);
    bound_plot(curves, ENERGY, "paper: EP_{across}", "linewidth 1.6 dashtype (2,3) linecolor rgb '#cc79a7'",
               script);
    fputc('\n', script);
}

/* The third line of the titles: failures, and what is not shown. */
static EpnetStatus note_make(const Curves *curves, const EpnetPanel *upper, const EpnetPanel *lower,
                             char *note, EpnetError *error) {
    char remark[EPNET_FIGURE_TEXT];
    double *state;
    EpnetStatus status = epnet_figure_values(curves->figure, 0, &state, error);
    *note = '\0';
    if (status == EPNET_OK) {
        epnet_figure_failures(curves->figure, state, remark);
        epnet_figure_remark(note, remark);
        epnet_direction_note(&curves->x, remark);
        epnet_figure_remark(note, remark);
        if (infinite_count(curves, QUANTITY) > 0) {
            snprintf(remark, sizeof remark, "infinite at %zu of %zu points", infinite_count(curves, QUANTITY),
                     curves->x.size);
            epnet_figure_remark(note, remark);
        }
        epnet_panel_note(upper, remark);
        epnet_figure_remark(note, remark);
        epnet_panel_note(lower, remark);
        epnet_figure_remark(note, remark);
    }
    free(state);
    return status;
}

static EpnetStatus curves_write(const Curves *curves, EpnetError *error) {
    const double decades = 12;
    FILE *script = curves->figure->script;
    char note[EPNET_FIGURE_TEXT];
    const double *const *values = (const double *const *)curves->values;
    EpnetPanel upper = epnet_panel_survey(decades, 1, values, curves->x.size), lower = {0};
    if (has_cut(curves))
        lower = epnet_panel_survey(decades, CURVES - FLOW, values + FLOW, curves->x.size);
    data_write(curves);
    EpnetStatus status = note_make(curves, &upper, &lower, note, error);
    if (status != EPNET_OK)
        return status;
    epnet_figure_titles(curves->figure, note);
    axis_describe(curves, script);
    kink_line(curves, script);
    if (!has_cut(curves)) {
        quantity_plot(curves, EPNET_PANEL_ALONE, &upper);
        return EPNET_OK;
    }
    fputs("set multiplot\n", script);
    quantity_plot(curves, EPNET_PANEL_UPPER_OVER_KEY, &upper);
    flow_plot(curves, &lower);
    fputs("unset multiplot\n", script);
    return EPNET_OK;
}

EpnetStatus epnet_figure_curves(const EpnetFigure *figure, EpnetError *error) {
    Curves curves;
    EpnetStatus status = curves_read(figure, &curves, error);
    if (status == EPNET_OK)
        status = curves_write(&curves, error);
    curves_free(&curves);
    return status;
}

/* One axis of copies with the leak measured: the information across the cut, the paper's bound with its kink,
 * and the theorem that takes its place. */
#include "figure_grid.h"
#include "figure_panel.h"
#include "kink_row.h"
#include "status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum Curve { INFORMATION, THEOREM, BOUND, LEAK, CAPACITY, ENERGY, CURVES } Curve;

static const char *const columns[CURVES] = {"cut_mutual_information", "energy_bound",
                                            "envelope_bound",         "leak",
                                            "cut_capacity",           "cut_entropy_production"};

typedef struct Envelope {
    const EpnetFigure *figure;
    EpnetDirection x;
    double *values[CURVES]; /* x.size each; CAPACITY in nat/s */
    double kink, height;    /* of the paper's bound: where, and its value there [nat]; NaN: none in the row */
    size_t before;          /* point before it */
    EpnetRowShape shape;    /* what the information shows */
} Envelope;

bool epnet_figure_has_envelope(const EpnetFigure *figure) {
    if (figure->axis_count != 1 || strncmp(figure->axes[0]->name, "copy_", 5) != 0)
        return false;
    for (int c = 0; c < CURVES; c++)
        if (epnet_figure_cut_column(figure, columns[c]) == figure->result->column_count)
            return false;
    return epnet_figure_cut_column(figure, columns[INFORMATION]) == figure->column;
}

static EpnetStatus envelope_read(const EpnetFigure *figure, Envelope *envelope, EpnetError *error) {
    *envelope = (Envelope){.figure = figure, .kink = NAN, .height = NAN};
    EpnetStatus status = epnet_direction_make(&envelope->x, figure->axes[0], error);
    for (int c = 0; c < CURVES && status == EPNET_OK; c++)
        status = epnet_direction_column(&envelope->x, figure, epnet_figure_cut_column(figure, columns[c]),
                                        c == CAPACITY ? log(2) : 1, &envelope->values[c], error);
    return status;
}

/* The kink of the bound: its value there by the same interpolation as its place. */
static void kink_set(Envelope *envelope) {
    const double *energy = envelope->values[ENERGY], *leak = envelope->values[LEAK];
    double part;
    envelope->kink =
        epnet_direction_crossing(&envelope->x, envelope->values[CAPACITY], energy, &envelope->before, &part);
    if (isnan(envelope->kink))
        return;
    size_t k = envelope->before;
    double here = log(energy[k] / leak[k]), there = log(energy[k + 1] / leak[k + 1]);
    envelope->height = exp(here + part * (there - here));
}

static EpnetStatus shape_measure(Envelope *envelope, EpnetError *error) {
    EpnetGridRows rows;
    double *values;
    EpnetStatus status = epnet_grid_rows(envelope->figure->result, &rows, error);
    if (status != EPNET_OK)
        return status;
    status = epnet_figure_values(envelope->figure, envelope->figure->column, &values, error);
    if (status == EPNET_OK)
        status = epnet_row_measure(&rows, values, rows.stride, &envelope->shape, error);
    free(values);
    return status;
}

/* Information and theorem at every point; the bound also at its kink. */
static void data_write(const Envelope *envelope) {
    const EpnetFigure *figure = envelope->figure;
    const EpnetDirection *x = &envelope->x;
    epnet_figure_block(figure, "information");
    for (size_t k = 0; k < x->size; k++) {
        epnet_figure_number(figure, x->values[k]);
        epnet_figure_number(figure, envelope->values[INFORMATION][k]);
        epnet_figure_number(figure, envelope->values[THEOREM][k]);
        fputc('\n', figure->data);
    }
    epnet_figure_block(figure, "bound");
    for (size_t k = 0; k < x->size; k++) {
        epnet_figure_number(figure, x->values[k]);
        epnet_figure_number(figure, envelope->values[BOUND][k]);
        fputc('\n', figure->data);
        if (isnan(envelope->kink) || k != envelope->before)
            continue;
        epnet_figure_number(figure, envelope->kink);
        epnet_figure_number(figure, envelope->height);
        fputc('\n', figure->data);
    }
}

/* ---- script
 * -------------------------------------------------------------------------------------------- */

static void axis_describe(const EpnetDirection *x, FILE *script) {
    char label[EPNET_FIGURE_TEXT];
    fprintf(script, "set xrange [%.12g:%.12g]\n", x->values[0], x->values[x->size - 1]);
    if (x->log)
        fputs("set logscale x\nset mxtics 10\n", script);
    epnet_figure_axis_label(x->axis, label);
    fputs("set xlabel ", script);
    epnet_figure_quote(script, label);
    fputs("\nset format x '%h'\n", script);
}

/* "9.27 bit/s" */
static void place_text(const Envelope *envelope, double place, char *text) {
    char value[EPNET_FIGURE_TEXT];
    epnet_figure_value(place, value);
    snprintf(text, EPNET_FIGURE_TEXT, "%.100s %.60s", value, envelope->x.axis->unit);
}

/* A ring with a text under or over it; `number` tells rings apart. */
static void ring_draw(const Envelope *envelope, int number, double x, double y, double above,
                      const char *colour, const char *text) {
    const EpnetDirection *direction = &envelope->x;
    FILE *script = envelope->figure->script;
    double first = direction->scaled[0], last = direction->scaled[direction->size - 1];
    double part = ((direction->log ? log10(x) : x) - first) / (last - first);
    const char *side = part < 0.25 ? "left" : part > 0.75 ? "right" : "center";
    fprintf(script,
            "set label %d '' at first %.12g, first %.12g point pointtype 6 pointsize 1.1 linewidth 1.8 "
            "linecolor rgb '%s' front\nset label %d ",
            number, x, y, colour, number + 1);
    epnet_figure_quote(script, text);
    fprintf(script, " at first %.12g, first %.12g %s offset char 0, char %g textcolor rgb '%s' front\n", x, y,
            side, above, colour);
}

static void marks_draw(const Envelope *envelope) {
    enum { FIRST_LABEL = 20 };
    const EpnetKink *kink = &envelope->shape.kink;
    char place[EPNET_FIGURE_TEXT], value[EPNET_FIGURE_TEXT], text[2 * EPNET_FIGURE_TEXT];
    if (!isnan(envelope->kink)) {
        place_text(envelope, envelope->kink, place);
        snprintf(text, sizeof text, "kink of the bound at %.200s", place);
        ring_draw(envelope, FIRST_LABEL, envelope->kink, envelope->height, 1.1, "#d55e00", text);
    }
    if (kink->maxima > 0) {
        place_text(envelope, kink->maximum, place);
        epnet_figure_value(kink->maximum_value, value);
        snprintf(text, sizeof text, "maximum %.100s nat at %.200s", value, place);
        ring_draw(envelope, FIRST_LABEL + 2, kink->maximum, kink->maximum_value, 1.1, "#0072b2", text);
    }
    if (kink->verdict == EPNET_KINK_FOUND) {
        double height = envelope->values[INFORMATION][0];
        for (size_t k = 0; k + 1 < envelope->x.size; k++) /* the sample before it is near enough for a ring */
            if (envelope->x.values[k] <= kink->position)
                height = envelope->values[INFORMATION][k];
        place_text(envelope, kink->position, place);
        snprintf(text, sizeof text, "measured kink at %.200s", place);
        ring_draw(envelope, FIRST_LABEL + 4, kink->position, height, -2.4, "#000000", text);
    }
}

/* What the key says of the measurement. */
static const char *finding(const EpnetKink *kink) {
    switch (kink->verdict) {
    case EPNET_KINK_FOUND:
        return "a kink";
    case EPNET_KINK_TOO_FEW:
        return "too few points to look for a kink";
    default:
        return "no kink measured";
    }
}

static void curves_plot(const Envelope *envelope) {
    FILE *script = envelope->figure->script;
    char title[EPNET_FIGURE_TEXT];
    fputs("set key at screen 0.5575, screen 0.012 bottom center vertical maxrows 3 reverse Left samplen 3 "
          "spacing 1.15\nplot \\\n"
          "  data index 'information' using 1:3 with lines linewidth 1.8 linecolor rgb '#009e73' title "
          "'theorem: EP_{channels} / (2 min α)', \\\n"
          "  data index 'bound' using 1:2 with lines linewidth 1.8 dashtype (8,4) linecolor rgb '#d55e00' "
          "title "
          "'paper: min(EP_{across}, {/:Italic C}_{cut} ln 2) / leak, not a theorem', \\\n",
          script);
    fprintf(script,
            "  data index 'information' using 1:2 with linespoints linewidth 1.8 pointtype 7 pointsize %g "
            "linecolor rgb '#0072b2' title ",
            envelope->x.size <= 80 ? 0.4 : 0.0);
    snprintf(title, sizeof title, "stationary {/:Italic I}({/:Italic S};{/:Italic S}^c): %s",
             finding(&envelope->shape.kink));
    epnet_figure_quote(script, title);
    fputc('\n', script);
}

/* The third line of the titles: failures, and what is not shown. */
static EpnetStatus note_make(const Envelope *envelope, const EpnetPanel *panel, char *note,
                             EpnetError *error) {
    char remark[EPNET_FIGURE_TEXT];
    double *state;
    size_t broken = 0;
    EpnetStatus status = epnet_figure_values(envelope->figure, 0, &state, error);
    *note = '\0';
    for (size_t k = 0; k < envelope->x.size; k++)
        broken += envelope->values[INFORMATION][k] > envelope->values[BOUND][k];
    if (status == EPNET_OK) {
        epnet_figure_failures(envelope->figure, state, remark);
        epnet_figure_remark(note, remark);
        epnet_panel_note(panel, remark);
        epnet_figure_remark(note, remark);
    }
    if (broken > 0) {
        snprintf(remark, sizeof remark, "the paper's bound is broken at %zu of %zu points", broken,
                 envelope->x.size);
        epnet_figure_remark(note, remark);
    }
    free(state);
    return status;
}

static EpnetStatus envelope_write(const Envelope *envelope, EpnetError *error) {
    const double decades = 12;
    FILE *script = envelope->figure->script;
    char note[EPNET_FIGURE_TEXT];
    const double *const *values = (const double *const *)envelope->values;
    EpnetPanel panel = epnet_panel_survey(decades, LEAK, values, envelope->x.size); /* those before LEAK */
    panel.log = panel.most > 0;
    EpnetStatus status = note_make(envelope, &panel, note, error);
    if (status != EPNET_OK)
        return status;
    data_write(envelope);
    epnet_figure_titles(envelope->figure, note);
    epnet_panel_describe(&panel, EPNET_PANEL_OVER_KEY, "information across the cut [nat]", script);
    axis_describe(&envelope->x, script);
    marks_draw(envelope);
    curves_plot(envelope);
    return EPNET_OK;
}

EpnetStatus epnet_figure_envelope(const EpnetFigure *figure, EpnetError *error) {
    Envelope envelope;
    EpnetStatus status = envelope_read(figure, &envelope, error);
    if (status == EPNET_OK)
        status = shape_measure(&envelope, error);
    if (status == EPNET_OK) {
        kink_set(&envelope);
        status = envelope_write(&envelope, error);
    }
    for (int c = 0; c < CURVES; c++)
        free(envelope.values[c]);
    epnet_direction_free(&envelope.x);
    return status;
}

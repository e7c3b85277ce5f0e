/* A single point with a quench: ln I(t), the line fitted to it with its 95 % interval, and what the line
 * leaves. */
#include "figure.h"
#include "figure_panel.h"
#include "status.h"

#include <math.h>
#include <stdlib.h>

typedef struct Quench {
    const EpnetFigure *figure;
    const EpnetResultLeak *samples;
    double leak, low, high;      /* [1/s] */
    double start;                /* ln I at t = 0, when the copies stop */
    double mean_time, mean;      /* the point that the lines of the interval pass through */
    double residual, half_width; /* the largest of ln I - fit, and of the interval */
} Quench;

static EpnetStatus quench_read(const EpnetFigure *figure, Quench *quench, EpnetError *error) {
    const EpnetResultLeak *samples = &figure->result->leak;
    const double n = (double)samples->count;
    double information = NAN;
    *quench = (Quench){.figure = figure, .samples = samples};
    EpnetStatus status = epnet_result_column(figure->result, "leak", &quench->leak, error);
    if (status == EPNET_OK)
        status = epnet_result_column(figure->result, "leak_low", &quench->low, error);
    if (status == EPNET_OK)
        status = epnet_result_column(figure->result, "leak_high", &quench->high, error);
    if (status == EPNET_OK)
        status = epnet_result_column(figure->result, "multiinformation", &information, error);
    if (status != EPNET_OK)
        return status;
    if (!isfinite(quench->leak))
        return epnet_fail(error, EPNET_USAGE, "%s has no leak to draw: its point has failed",
                          figure->result->path);
    quench->start = log(information);
    for (size_t k = 0; k < samples->count; k++) {
        quench->mean_time += samples->times[k] / n;
        quench->mean += samples->logarithms[k] / n;
    }
    for (size_t k = 0; k < samples->count; k++) {
        double arm = fabs(samples->times[k] - quench->mean_time);
        quench->residual = fmax(quench->residual, fabs(samples->logarithms[k] - samples->fit[k]));
        quench->half_width =
            fmax(quench->half_width, arm * fmax(quench->high - quench->leak, quench->leak - quench->low));
    }
    return EPNET_OK;
}

/* The line through the mean that falls with `rate`, at time t. */
static double line_at(const Quench *quench, double rate, double t) {
    return quench->mean - rate * (t - quench->mean_time);
}

/* Time, ln I, fit, both ends of the interval. */
static void data_write(const Quench *quench) {
    const EpnetFigure *figure = quench->figure;
    const EpnetResultLeak *samples = quench->samples;
    epnet_figure_block(figure, "quench");
    for (size_t k = 0; k < samples->count; k++) {
        double t = samples->times[k];
        epnet_figure_number(figure, t);
        epnet_figure_number(figure, samples->logarithms[k]);
        epnet_figure_number(figure, samples->fit[k]);
        epnet_figure_number(figure, line_at(quench, quench->low, t));
        epnet_figure_number(figure, line_at(quench, quench->high, t));
        fputc('\n', figure->data);
    }
}

/* The window as a shade behind both panels, its ends as parts of I(0) in words. */
static void window_draw(const Quench *quench) {
    const EpnetResultLeak *samples = quench->samples;
    FILE *script = quench->figure->script;
    size_t last = samples->count - 1;
    char high[EPNET_FIGURE_TEXT], low[EPNET_FIGURE_TEXT], text[2 * EPNET_FIGURE_TEXT];
    fprintf(script,
            "set object 1 rectangle from first %.12g, graph 0 to first %.12g, graph 1 behind fillcolor rgb "
            "'#f0f0f0' fillstyle solid noborder\n",
            samples->times[0], samples->times[last]);
    epnet_figure_value(exp(samples->logarithms[0] - quench->start), high);
    epnet_figure_value(exp(samples->logarithms[last] - quench->start), low);
    snprintf(text, sizeof text, "window of the fit: %.100s to %.100s of {/:Italic I}(0)", high, low);
    fputs("set label 20 ", script);
    epnet_figure_quote(script, text);
    fprintf(
        script,
        " at first %.12g, graph 0.07 center textcolor rgb '#777777'\n"
        "set label 21 '{/:Italic I}(0), copies switched off' at first 0, first %.12g left offset char 1.2, "
        "char 0.1 point pointtype 6 pointsize 1 linewidth 1.6 linecolor rgb '#0072b2' textcolor rgb "
        "'#0072b2' front\n",
        (samples->times[0] + samples->times[last]) / 2, quench->start);
}

static void upper_plot(const Quench *quench) {
    const double air = 0.08;
    const EpnetResultLeak *samples = quench->samples;
    FILE *script = quench->figure->script;
    double last = samples->logarithms[samples->count - 1];
    EpnetPanel panel = {.least = last, .most = quench->start + air * (quench->start - last)};
    window_draw(quench);
    epnet_panel_describe(&panel, EPNET_PANEL_UPPER_OVER_KEY, "ln ({/:Italic I} / nat)", script);
    fputs("set format x ''\nunset key\n"
          "plot \\\n"
          "  data index 'quench' using 1:4:5 with filledcurves fillcolor rgb '#f5c9a8' notitle, \\\n"
          "  data index 'quench' using 1:2 with lines linewidth 5 linecolor rgb '#8fc1e3' notitle, \\\n"
          "  data index 'quench' using 1:3 with lines linewidth 1.4 linecolor rgb '#d55e00' notitle\n",
          script);
}

static void lower_plot(const Quench *quench) {
    FILE *script = quench->figure->script;
    double most = fmax(quench->residual, quench->half_width);
    EpnetPanel panel = {.least = -most, .most = most};
    epnet_panel_describe(&panel, EPNET_PANEL_LOWER_OVER_KEY, "ln {/:Italic I} − fit", script);
    fputs("unset label\nset format x '%h'\nset xlabel 'time after the quench, {/:Italic t} [s]'\n"
          "set key at screen 0.5575, screen 0.02 bottom center horizontal maxcols 3 reverse Left samplen 2 "
          "width 1\n"
          "plot \\\n"
          "  data index 'quench' using 1:($4-$3):($5-$3) with filledcurves fillcolor rgb '#f5c9a8' notitle, "
          "\\\n"
          "  data index 'quench' using 1:($2-$3) with lines linewidth 5 linecolor rgb '#8fc1e3' notitle, \\\n"
          "  0 with lines linewidth 1.4 linecolor rgb '#d55e00' notitle, \\\n"
          "  keyentry with lines linewidth 5 linecolor rgb '#8fc1e3' title 'exact', \\\n",
          script);
    fprintf(
        script,
        "  keyentry with lines linewidth 1.4 linecolor rgb '#d55e00' title 'fit: leak = %.5g s^{−1}', \\\n"
        "  keyentry with filledcurves fillcolor rgb '#f5c9a8' title '95 %%: %.5g to %.5g s^{−1}'\n",
        quench->leak, quench->low, quench->high);
}

EpnetStatus epnet_figure_leak(const EpnetFigure *figure, EpnetError *error) {
    Quench quench;
    EpnetStatus status = quench_read(figure, &quench, error);
    if (status != EPNET_OK)
        return status;
    data_write(&quench);
    epnet_figure_titles(figure, "");
    fprintf(figure->script, "set xrange [0:%.12g]\nset multiplot\n",
            1.02 * quench.samples->times[quench.samples->count - 1]);
    upper_plot(&quench);
    lower_plot(&quench);
    fputs("unset multiplot\n", figure->script);
    return EPNET_OK;
}

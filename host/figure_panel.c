#include "figure_panel.h"

#include <math.h>

EpnetPanel epnet_panel_survey(double decades, size_t arrays, const double *const *values, size_t count) {
    const double span_of_log = 2.5, few = 0.1;
    EpnetPanel panel = {.floor = INFINITY, .least = INFINITY, .most = -INFINITY};
    size_t finite = 0, small = 0; /* small: decades under the largest */
    for (size_t a = 0; a < arrays; a++)
        for (size_t k = 0; k < count; k++)
            if (isfinite(values[a][k])) {
                finite++;
                panel.least = fmin(panel.least, values[a][k]);
                panel.most = fmax(panel.most, values[a][k]);
            }
    double lowest = pow(10, ceil(log10(panel.most) - decades));
    for (size_t a = 0; a < arrays; a++)
        for (size_t k = 0; k < count; k++) {
            if (isfinite(values[a][k]) && values[a][k] > 0)
                panel.floor = fmin(panel.floor, values[a][k]);
            if (isfinite(values[a][k]) && !(values[a][k] > 0 && values[a][k] >= lowest))
                panel.below++;
            if (isfinite(values[a][k]) && values[a][k] < panel.most * pow(10, -span_of_log))
                small++;
        }
    panel.floor = fmax(panel.floor, lowest);
    panel.log =
        panel.most > 0 && (double)small > few * (double)finite && (double)panel.below <= few * (double)finite;
    return panel;
}

/* A linear axis with some air above and below; down to zero where that is near. */
static void linear_range(const EpnetPanel *panel, FILE *script) {
    const double air = 0.07, near_zero = 0.3;
    double least = panel->least, most = panel->most;
    if (!(least <= most)) { /* nothing to show */
        least = 0;
        most = 1;
    }
    if (least > 0 && least < near_zero * most)
        least = 0;
    double span = most > least ? most - least : fmax(fabs(most), 1e-300);
    fprintf(script, "unset logscale y\nset format y '%%h'\nset ytics autofreq\nset yrange [%.6g:%.6g]\n",
            least - air * span, most + air * span);
}

void epnet_panel_describe(const EpnetPanel *panel, EpnetPanelPlace place, const char *label, FILE *script) {
    static const struct {
        double bottom, top;
    } places[] = {{0.12, 0.86}, {0.235, 0.86}, {0.505, 0.86}, {0.11, 0.465}, {0.535, 0.86}, {0.19, 0.505}};
    fprintf(script,
            "set lmargin at screen 0.15\nset rmargin at screen 0.965\n"
            "set bmargin at screen %g\nset tmargin at screen %g\nset ylabel ",
            places[place].bottom, places[place].top);
    epnet_figure_quote(script, label);
    fputs(" font ',10'\n", script);
    if (!panel->log) {
        linear_range(panel, script);
        return;
    }
    bool many = log10(panel->most / panel->floor) > 8;
    fprintf(script, "set logscale y\nset format y '10^{%%T}'\nset ytics %d\n%s\nset yrange [%.6g:%.6g]\n",
            many ? 100 : 10, many ? "unset mytics" : "set mytics 10", panel->floor / 1.3, panel->most * 1.5);
}

void epnet_panel_note(const EpnetPanel *panel, char *text) {
    char floor_text[EPNET_FIGURE_TEXT];
    *text = '\0';
    if (!panel->log || panel->below == 0)
        return;
    epnet_figure_value(panel->floor, floor_text);
    snprintf(text, EPNET_FIGURE_TEXT, "%zu value%s below %.100s not shown", panel->below,
             panel->below == 1 ? "" : "s", floor_text);
}

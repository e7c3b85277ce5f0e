/* Two axes: the quantity as coloured cells, its contour lines, and the kink of the paper's bound. */
#include "figure_grid.h"
#include "status.h"

#include <math.h>
#include <stdlib.h>

/* ---- data ---------------------------------------------------------------------------------------------- */

typedef enum CellKind { CELL_COLOURED, CELL_BELOW, CELL_INFINITE, CELL_FAILED } CellKind;

static CellKind kind_of(const EpnetHeatmap *map, double value) {
    if (isnan(value))
        return CELL_FAILED;
    if (isinf(value))
        return CELL_INFINITE;
    return map->log && value < map->floor ? CELL_BELOW : CELL_COLOURED;
}

/* x, y, left, right, bottom, top, value of every cell of a kind. */
static void cells_write(const EpnetHeatmap *map, CellKind kind, const char *block) {
    epnet_figure_block(map->figure, block);
    for (size_t row = 0; row < map->y.size; row++)
        for (size_t k = 0; k < map->x.size; k++) {
            double value = map->values[row * map->x.size + k];
            if (kind_of(map, value) != kind)
                continue;
            epnet_figure_number(map->figure, map->x.values[k]);
            epnet_figure_number(map->figure, map->y.values[row]);
            epnet_figure_number(map->figure, map->x.borders[k]);
            epnet_figure_number(map->figure, map->x.borders[k + 1]);
            epnet_figure_number(map->figure, map->y.borders[row]);
            epnet_figure_number(map->figure, map->y.borders[row + 1]);
            epnet_figure_number(map->figure, value);
            fputc('\n', map->figure->data);
        }
}

/* ---- script -------------------------------------------------------------------------------------------- */

static void direction_describe(const EpnetDirection *direction, char letter, FILE *script) {
    char label[EPNET_FIGURE_TEXT];
    epnet_figure_axis_label(direction->axis, label);
    fprintf(script, "set %clabel ", letter);
    epnet_figure_quote(script, label);
    double first = direction->borders[0], last = direction->borders[direction->size];
    bool wide = direction->log && (first < 0.008 || last > 12000); /* "0.001" would push the label out */
    fprintf(script, "\nset format %c '%s'\nset %crange [%.12g:%.12g]\n", letter, wide ? "10^{%T}" : "%h",
            letter, first, last);
    if (direction->log)
        fprintf(script, "set logscale %c\nset m%ctics 10\n", letter, letter);
}

/* Viridis (S. van der Walt and N. Smith, 2015): even steps of value look like even steps of colour. */
static void colours_describe(const EpnetHeatmap *map, FILE *script) {
    char label[EPNET_FIGURE_TEXT];
    fputs(
        "set palette defined (0 '#440154', 1 '#482475', 2 '#414487', 3 '#355f8d', 4 '#2a788e', 5 '#21918c', "
        "6 '#22a884', 7 '#44bf70', 8 '#7ad151', 9 '#bddf26', 10 '#fde725')\n",
        script);
    epnet_figure_column_label(&map->figure->result->columns[map->figure->column], 45, label);
    fputs("set cblabel ", script);
    epnet_figure_quote(script, label);
    double least = map->least, most = map->most;
    if (!(most > least)) { /* a single colour, in the middle of a range that shows its value */
        double around = least != 0 ? fabs(least) / 2 : 1;
        least -= around;
        most += around;
    }
    fprintf(script, " offset char 0.8,0\nset cbrange [%.12g:%.12g]\nset format cb '%%h'\n", least, most);
    if (map->log)
        fputs("set logscale cb\nset format cb '10^{%T}'\n", script);
}

/* What stands over the cells. */
typedef struct Lines {
    bool contours, kink;
    EpnetHeatmapRows rows;
} Lines;

/* A line on a white one, so that it stands out from every colour. */
static void line_plot(const char *block, const char *style, const char *title, FILE *script) {
    fprintf(script,
            "  data index '%s' using 1:2 with lines linewidth 4 linecolor rgb '#ffffff' notitle, \\\n"
            "  data index '%s' using 1:2 with lines linewidth 2.2 %s title ",
            block, block, style);
    epnet_figure_quote(script, title);
    fputs(", \\\n", script);
}

/* The kinks and maxima of rows of constant sigma; a search that found none is in the key alone. */
static void rows_plot(const EpnetHeatmapRows *rows, FILE *script) {
    if (rows->maxima > 0)
        fputs(
            "  data index 'maxima' using 1:2 with points pointtype 7 pointsize 0.45 linecolor rgb '#ffffff' "
            "notitle, \\\n"
            "  data index 'maxima' using 1:2 with points pointtype 6 pointsize 0.5 linewidth 1.2 linecolor "
            "rgb "
            "'#202020' title 'maximum at each σ', \\\n",
            script);
    size_t looked = rows->rows - rows->too_few;
    if (rows->kinks > 0)
        fprintf(script,
                "  data index 'measured kinks' using 1:2 with points pointtype 2 pointsize 0.8 linewidth 2 "
                "linecolor rgb '#000000' title 'measured kinks (%zu of %zu rows)', \\\n",
                rows->kinks, looked);
    else if (looked > 0)
        fprintf(script,
                "  NaN with points pointtype 2 pointsize 0.8 linewidth 2 linecolor rgb '#000000' title "
                "'measured kinks: none in %zu rows', \\\n",
                looked);
    else
        fputs("  NaN with points pointtype 2 pointsize 0.8 linewidth 2 linecolor rgb '#000000' title "
              "'measured kinks: too few points', \\\n",
              script);
}

static void plot_describe(const EpnetHeatmap *map, const Lines *lines, FILE *script) {
    fputs("plot \\\n", script);
    if (map->finite > 0)
        /* cells reach under their right and upper neighbours, drawn later: no seams */
        fputs("  data index 'cells' using 1:2:3:($4 + ($4 - $3) / 5):5:($6 + ($6 - $5) / 5):7 with "
              "boxxyerror fillstyle solid noborder linecolor "
              "palette notitle, \\\n",
              script);
    if (map->below > 0)
        fprintf(
            script,
            "  data index 'below' using 1:2:3:4:5:6 with boxxyerror fillstyle solid noborder linecolor rgb "
            "'#f0f0f0' title 'below 10^{-12} of the largest (%zu)', \\\n",
            map->below);
    if (map->failed > 0)
        fprintf(
            script,
            "  data index 'failed' using 1:2:3:4:5:6 with boxxyerror fillstyle solid noborder linecolor rgb "
            "'#b0b0b0' title 'failed (%zu)', \\\n",
            map->failed);
    if (map->infinite > 0)
        fprintf(
            script,
            "  data index 'infinite' using 1:2:3:4:5:6 with boxxyerror fillstyle pattern 4 border linecolor "
            "rgb '#303030' title 'infinite (%zu)', \\\n",
            map->infinite);
    if (lines->contours)
        fputs("  data index 'contours' using 1:2:3 with lines linewidth 0.7 linecolor rgb variable notitle, "
              "\\\n"
              "  data index 'contour labels' using 1:2:3:4 with labels font ',9' textcolor rgb variable "
              "notitle, \\\n",
              script);
    if (lines->rows.paper)
        line_plot("paper kink", "linecolor rgb '#d7191c'", "paper's kink: {/:Italic C}_{total} = σ / ln 2",
                  script);
    if (lines->kink && lines->rows.constant_sigma)
        line_plot("kink", "dashtype (6,3) linecolor rgb '#d7191c'",
                  lines->rows.first_cut ? "for the cut: {/:Italic C}_{cut} = σ / ln 2"
                                        : "for the cut: {/:Italic C}_{cut} = EP_{across} / ln 2",
                  script);
    else if (lines->kink)
        line_plot("kink", "linecolor rgb '#d7191c'", "paper's kink: {/:Italic C}_{cut} = EP_{across} / ln 2",
                  script);
    if (lines->rows.constant_sigma)
        rows_plot(&lines->rows, script);
    fputs("  NaN notitle\n", script);
}

/* The third line of the titles: failures, and what is not drawn. */
static EpnetStatus note_make(const EpnetHeatmap *map, char *note, EpnetError *error) {
    char remark[EPNET_FIGURE_TEXT];
    double *state;
    EpnetStatus status = epnet_figure_values(map->figure, 0, &state, error);
    *note = '\0';
    if (status == EPNET_OK) {
        epnet_figure_failures(map->figure, state, remark);
        epnet_figure_remark(note, remark);
        epnet_direction_note(&map->x, remark);
        epnet_figure_remark(note, remark);
        epnet_direction_note(&map->y, remark);
        epnet_figure_remark(note, remark);
    }
    free(state);
    return status;
}

static EpnetStatus data_write(EpnetHeatmap *map, Lines *lines, EpnetError *error) {
    if (map->finite > 0)
        cells_write(map, CELL_COLOURED, "cells");
    if (map->below > 0)
        cells_write(map, CELL_BELOW, "below");
    if (map->failed > 0)
        cells_write(map, CELL_FAILED, "failed");
    if (map->infinite > 0)
        cells_write(map, CELL_INFINITE, "infinite");
    /* the contours last: their labels keep away from the other lines */
    EpnetStatus status = epnet_heatmap_kink(map, &lines->kink, error);
    if (status == EPNET_OK)
        status = epnet_heatmap_rows(map, &lines->rows, error);
    return status == EPNET_OK ? epnet_heatmap_contours(map, &lines->contours, error) : status;
}

static EpnetStatus picture_write(EpnetHeatmap *map, EpnetError *error) {
    FILE *script = map->figure->script;
    Lines lines;
    char note[EPNET_FIGURE_TEXT];
    EpnetStatus status = data_write(map, &lines, error);
    if (status == EPNET_OK)
        status = note_make(map, note, error);
    if (status != EPNET_OK)
        return status;
    epnet_figure_titles(map->figure, note);
    fprintf(script, "set tmargin %s\n", *note != '\0' ? "5.5" : "4.5");
    direction_describe(&map->x, 'x', script);
    direction_describe(&map->y, 'y', script);
    if (map->finite > 0)
        colours_describe(map, script);
    fputs("set lmargin at screen 0.1\nset rmargin at screen 0.81\n", script);
    const int entries = lines.kink + (map->below > 0) + (map->infinite > 0) + (map->failed > 0);
    if (lines.rows.constant_sigma || entries > 1)
        fputs(
            "set bmargin at screen 0.22\n"
            "set key at screen 0.455, screen 0.02 bottom center vertical maxrows 3 reverse Left samplen 2.5 "
            "width -4 spacing 1.15\n",
            script);
    else
        fputs("set key bmargin center horizontal reverse Left samplen 3\n", script);
    plot_describe(map, &lines, script);
    return EPNET_OK;
}

EpnetStatus epnet_figure_heatmap(const EpnetFigure *figure, EpnetError *error) {
    EpnetHeatmap map;
    EpnetStatus status = epnet_heatmap_make(figure, &map, error);
    if (status == EPNET_OK)
        status = picture_write(&map, error);
    epnet_heatmap_free(&map);
    return status;
}

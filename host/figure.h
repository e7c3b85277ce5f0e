/* A figure is a gnuplot script and its data, written side by side and then drawn. figure.c opens, runs and
 * names things; figure_heatmap.c, figure_curves.c and figure_trajectory.c say what is in them; figure_text.c
 * puts numbers, units and names into words. */
#ifndef EPNET_HOST_FIGURE_H
#define EPNET_HOST_FIGURE_H

#include "result.h"

#include <stdio.h>

typedef struct EpnetFigure {
    const EpnetResult *result;
    size_t column;     /* the quantity, a column of the result */
    size_t axis_count; /* of the axes with more than one value, which are what a figure has to show */
    const EpnetResultAxis *axes[2]; /* the first is the vertical one of a heatmap */
    FILE *script;                   /* the script finds the data file's name in its variable `data` */
    FILE *data;                     /* blocks of rows; the script takes them by name: data index 'NAME' */
} EpnetFigure;

/* The kinds of figures: each writes its part of script and data. */
EpnetStatus epnet_figure_heatmap(const EpnetFigure *figure, EpnetError *error); /* two axes */
EpnetStatus epnet_figure_curves(const EpnetFigure *figure, EpnetError *error);  /* one axis */
EpnetStatus epnet_figure_envelope(const EpnetFigure *figure,
                                  EpnetError *error);                        /* one axis of copies, [leak] */
EpnetStatus epnet_figure_leak(const EpnetFigure *figure, EpnetError *error); /* none: the quench */
EpnetStatus epnet_figure_trajectory(const EpnetFigure *figure,
                                    EpnetError *error); /* none: the paper's Figure 2 */
EpnetStatus epnet_figure_course(const EpnetFigure *figure,
                                EpnetError *error); /* none: one column over time */

/* Begin a block of the data file. */
void epnet_figure_block(const EpnetFigure *figure, const char *name);

/* A number in the data file; what is not finite becomes NaN, which gnuplot leaves out. */
void epnet_figure_number(const EpnetFigure *figure, double value);

/* Column `name` with the same cut's suffix as the figure's quantity (the first cut's if that has none); the
 * number of the column or column_count. */
size_t epnet_figure_cut_column(const EpnetFigure *figure, const char *name);

/* A whole column of the points table: *values has points doubles, to free() in every case. */
EpnetStatus epnet_figure_values(const EpnetFigure *figure, size_t column, double **values, EpnetError *error);

/* Whether the envelope can be drawn: the information across a cut over copies, with its bounds in the file.
 */
bool epnet_figure_has_envelope(const EpnetFigure *figure);

/* ---- words (figure_text.c) ----------------------------------------------------------------------------- */

enum { EPNET_FIGURE_TEXT = 512 }; /* size of the buffers below */

/* Plain text as it is to be read, in gnuplot's enhanced mode; no more than `most` bytes of it, at most 160.
 */
void epnet_figure_escape(const char *plain, size_t most, char *text);

/* Enhanced text as a string of the script, in quotes. */
void epnet_figure_quote(FILE *script, const char *text);

/* "total copy rate, {/:Italic C} [bit/s]" */
void epnet_figure_axis_label(const EpnetResultAxis *axis, char *text);
/* The same of a column, in two lines where its name has more than `room` letters. */
void epnet_figure_column_label(const EpnetResultColumn *column, size_t room, char *text);

/* The unit as in "[nat/s]". */
void epnet_figure_unit(const char *unit, char *text);

/* A number for a label: "0.32", "4.1×10^{-5}". */
void epnet_figure_value(double value, char *text);

/* What was computed: nodes, edges, law or time, cut of the figure's quantity. */
void epnet_figure_subject(const EpnetFigure *figure, char *text);

/* How many of the points failed and with what status, "" if none did. `status` has one value per point. */
void epnet_figure_failures(const EpnetFigure *figure, const double *status, char *text);

/* Append a remark to a note, after "; " where it is not the first. An empty remark changes nothing. */
void epnet_figure_remark(char *note, const char *remark);

/* Title and subject, and a third line `note` ("" for none), at the upper left above the (first) plot. */
void epnet_figure_titles(const EpnetFigure *figure, const char *note);

#endif

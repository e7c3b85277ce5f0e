/* Words of a figure: names, units and numbers in gnuplot's enhanced text. */
#include "columns.h"
#include "figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void epnet_figure_escape(const char *plain, size_t most, char *text) {
    char *end = text;
    size_t length = strlen(plain), kept = length;
    if (length > most)
        for (kept = most; ((unsigned char)plain[kept] & 0xC0) == 0x80;) /* not inside a character */
            kept--;
    for (size_t k = 0; k < kept; k++) {
        unsigned char c = (unsigned char)plain[k];
        if (c < ' ')
            c = ' ';
        if (strchr("_^{}@&~\\", c) != NULL)
            *end++ = '\\';
        *end++ = (char)c;
    }
    strcpy(end, kept < length ? "…" : "");
}

void epnet_figure_quote(FILE *script, const char *text) {
    fputc('\'', script);
    for (; *text != '\0'; text++) {
        if (*text == '\n') { /* only double quotes know the new line, and they run commands in backquotes */
            fputs("'.\"\\n\".'", script);
            continue;
        }
        if (*text == '\'')
            fputc('\'', script);
        fputc(*text, script);
    }
    fputc('\'', script);
}

void epnet_figure_unit(const char *unit, char *text) {
    if (*unit == '\0')
        *text = '\0';
    else
        snprintf(text, EPNET_FIGURE_TEXT, " [%s]", unit);
}

static const char *axis_symbol(const char *name) {
    static const char *const symbols[][2] = {
        {"copy_total", "{/:Italic C}_{total}"},
        {"copy_rate", "β"},
        {"drive", "{/:Italic F}"},
        {"sigma", "σ"},
        {"flip_up", "γ_{+}"},
        {"flip_down", "γ_{−}"},
    };
    for (size_t k = 0; k < sizeof symbols / sizeof *symbols; k++)
        if (strcmp(symbols[k][0], name) == 0)
            return symbols[k][1];
    return NULL;
}

void epnet_figure_axis_label(const EpnetResultAxis *axis, char *text) {
    char words[EPNET_FIGURE_TEXT], unit[EPNET_FIGURE_TEXT];
    const char *symbol = axis_symbol(axis->name);
    epnet_figure_escape(*axis->long_name != '\0' ? axis->long_name : axis->name, 100, words);
    epnet_figure_unit(axis->unit, unit);
    snprintf(text, EPNET_FIGURE_TEXT, "%.300s%s%s%.60s", words, symbol != NULL ? ", " : "",
             symbol != NULL ? symbol : "", unit);
}

/* Break a text of more than `room` bytes at the blank that is nearest to its middle. */
static void text_break(char *text, size_t room) {
    size_t length = strlen(text), best = 0, middle = length / 2;
    for (size_t k = 1; length > room && k < length; k++) {
        size_t distance = k > middle ? k - middle : middle - k;
        if (text[k] == ' ' && (best == 0 || distance < (best > middle ? best - middle : middle - best)))
            best = k;
    }
    if (best > 0)
        text[best] = '\n';
}

void epnet_figure_column_label(const EpnetResultColumn *column, size_t room, char *text) {
    char words[EPNET_FIGURE_TEXT], unit[EPNET_FIGURE_TEXT];
    const char *symbol = epnet_column_symbol(column->name);
    epnet_figure_escape(*column->long_name != '\0' ? column->long_name : column->name, 100, words);
    epnet_figure_unit(column->unit, unit);
    text_break(words, room);
    snprintf(text, EPNET_FIGURE_TEXT, "%.300s%s%s%.60s", words, symbol != NULL ? ", " : "",
             symbol != NULL ? symbol : "", unit);
}

void epnet_figure_value(double value, char *text) {
    char plain[64];
    bool scientific = value != 0 && (fabs(value) < 1e-3 || fabs(value) >= 1e5);
    snprintf(plain, sizeof plain, scientific ? "%.2e" : "%.3g", fabs(value));
    char *exponent = strchr(plain, 'e');
    const char *sign = value < 0 ? "−" : "";
    if (exponent == NULL) {
        snprintf(text, EPNET_FIGURE_TEXT, "%s%s", sign, plain);
        return;
    }
    long power = strtol(exponent + 1, NULL, 10);
    while (exponent[-1] == '0') /* "1.20e-05": the mantissa has a point */
        exponent--;
    exponent[exponent[-1] == '.' ? -1 : 0] = '\0';
    bool one = strcmp(plain, "1") == 0;
    snprintf(text, EPNET_FIGURE_TEXT, "%s%s%s10^{%s%ld}", sign, one ? "" : plain, one ? "" : "×",
             power < 0 ? "−" : "", labs(power));
}

/* The nodes of a cut, "0,1", or the first of them and how many there are: "Medici, Acciaiuoli, … 7 nodes". */
static void cut_text(const char *label, char *text) {
    enum { ROOM = 24, LONGEST = 20 }; /* bytes of names */
    char name[EPNET_FIGURE_TEXT];
    size_t nodes = 1, kept = 0, length = 0;
    if (strlen(label) <= ROOM) {
        epnet_figure_escape(label, ROOM, text);
        return;
    }
    for (const char *c = label; *c != '\0'; c++)
        nodes += *c == ',';
    *text = '\0';
    while (kept < nodes - 1) {
        size_t size = strcspn(label, ",");
        if (kept > 0 && length + size + 2 > ROOM)
            break;
        char plain[EPNET_FIGURE_TEXT];
        snprintf(plain, sizeof plain, "%.*s", (int)(size < LONGEST * 4 ? size : LONGEST * 4), label);
        epnet_figure_escape(plain, LONGEST, name);
        strcat(strcat(text, name), ", ");
        length += size + 2;
        label += size + 1;
        kept++;
    }
    if (kept > 0)
        sprintf(text + strlen(text), "… %zu nodes", nodes);
    else
        epnet_figure_escape(label, ROOM, text);
}

void epnet_figure_subject(const EpnetFigure *figure, char *text) {
    const EpnetResult *result = figure->result;
    const char *nodes = epnet_result_text(result, "nodes"), *edges = epnet_result_text(result, "edge_count");
    char law[EPNET_FIGURE_TEXT] = "stationary law", cut[2 * EPNET_FIGURE_TEXT] = "";
    if (!isnan(result->last_time))
        snprintf(law, sizeof law, "trajectory to {/:Italic t} = %g s", result->last_time);
    /* the cut of the quantity, else the one whose bounds the figure shows */
    size_t column = *result->columns[figure->column].cut != '\0'
                        ? figure->column
                        : epnet_figure_cut_column(figure, "cut_capacity");
    if (column < result->column_count) {
        char label[EPNET_FIGURE_TEXT];
        cut_text(result->columns[column].cut, label);
        snprintf(cut, sizeof cut, ", cut {/:Italic S} = \\{%s\\}", label);
    }
    snprintf(text, EPNET_FIGURE_TEXT, "{/:Italic N} = %.20s nodes, %.20s copy edges, %.100s%.300s",
             nodes != NULL ? nodes : "?", edges != NULL ? edges : "?", law, cut);
}

void epnet_figure_failures(const EpnetFigure *figure, const double *status, char *text) {
    const EpnetResult *result = figure->result;
    size_t failed = 0, length = 0;
    char kinds[EPNET_FIGURE_TEXT] = "";
    for (size_t f = 0; f < result->flag_count; f++) {
        size_t count = 0;
        for (size_t k = 0; k < result->points; k++)
            count += (int)status[k] == result->flags[f].value;
        if (result->flags[f].value == 0 || count == 0)
            continue;
        char name[EPNET_FIGURE_TEXT];
        epnet_figure_escape(result->flags[f].name, 40, name);
        failed += count;
        int added =
            snprintf(kinds + length, sizeof kinds - length, "%s%zu %s", length > 0 ? ", " : "", count, name);
        length += added > 0 && (size_t)added < sizeof kinds - length ? (size_t)added : 0;
    }
    if (failed == 0)
        *text = '\0';
    else
        snprintf(text, EPNET_FIGURE_TEXT, "%zu of %zu points failed (%.300s)", failed, result->points, kinds);
}

void epnet_figure_remark(char *note, const char *remark) {
    size_t length = strlen(note);
    if (*remark != '\0')
        snprintf(note + length, EPNET_FIGURE_TEXT - length, "%s%s", length > 0 ? "; " : "", remark);
}

void epnet_figure_titles(const EpnetFigure *figure, const char *note) {
    const EpnetResultColumn *column = &figure->result->columns[figure->column];
    const char *given = epnet_result_text(figure->result, "title");
    char title[EPNET_FIGURE_TEXT], bold[EPNET_FIGURE_TEXT + 16], subject[EPNET_FIGURE_TEXT];
    const char *lines[3] = {bold, subject, note};
    epnet_figure_escape(given != NULL && *given != '\0' ? given : column->long_name, 80, title);
    snprintf(bold, sizeof bold, "{/:Bold %s}", title);
    epnet_figure_subject(figure, subject);
    double height = *note != '\0' ? 3.7 : 2.5; /* of the first line above the plot, in characters */
    for (int k = 0; k < 3; k++, height -= 1.25) {
        if (*lines[k] == '\0')
            continue;
        fprintf(figure->script, "set label %d ", k + 1);
        epnet_figure_quote(figure->script, lines[k]);
        fprintf(figure->script, " at graph 0, graph 1 left offset char 0, char %g%s\n", height,
                k == 0 ? " font ',13'" : " textcolor rgb '#555555'");
    }
}

#include "progress.h"
#include "json.h"
#include "units.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR_CELLS_MAX = 40, LINE_TEXT = 256 };

static const double BAR_INTERVAL = 0.1;   /* [s], also of JSON events */
static const double LINE_INTERVAL = 2.0;  /* [s], no two lines are closer */
static const double SILENCE_LONGEST = 60; /* [s], a line comes even if little was done */

static bool is_screen(void) {
    const char *terminal = getenv("TERM");
    return isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

EpnetProgressView epnet_progress_view(bool json, bool quiet) {
    EpnetProgressView view = {.style = json          ? EPNET_PROGRESS_JSON
                                       : quiet       ? EPNET_PROGRESS_NONE
                                       : is_screen() ? EPNET_PROGRESS_BAR
                                                     : EPNET_PROGRESS_LINES};
    setlocale(LC_CTYPE, "");
    view.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    return view;
}

static double fraction_done(const EpnetProgress *progress) {
    return progress->points_total > 0 ? (double)progress->points_done / (double)progress->points_total : 1;
}

static bool is_due(const EpnetProgressView *view, const EpnetProgress *progress) {
    double waited = progress->elapsed - view->shown_at;
    size_t advance = progress->points_done - view->shown_points;
    bool finished = progress->points_done == progress->points_total;
    if (view->style == EPNET_PROGRESS_LINES)
        return waited >= LINE_INTERVAL && !finished &&
               (advance >= progress->points_total / 10 || waited >= SILENCE_LONGEST);
    return waited >= BAR_INTERVAL || finished || progress->points_done == progress->points_resumed;
}

/* " 52 %  133 of 256 points  4.32 points/s  3 failed  ETA 28.5 s" */
static void describe(const EpnetProgress *progress, char *text, size_t size) {
    EpnetText done, total, rate, failed, eta;
    size_t length = (size_t)snprintf(text, size, "%3.0f %%  %s of %s points", 100 * fraction_done(progress),
                                     epnet_text_count(&done, progress->points_done),
                                     epnet_text_count(&total, progress->points_total));
    if (progress->points_done > 0)
        length += (size_t)snprintf(text + length, size - length, "  %s points/s",
                                   epnet_text_quantity(&rate, progress->rate));
    if (progress->points_failed > 0)
        length += (size_t)snprintf(text + length, size - length, "  %s failed",
                                   epnet_text_count(&failed, progress->points_failed));
    if (progress->eta >= 0 && progress->points_done < progress->points_total)
        snprintf(text + length, size - length, "  ETA %s", epnet_text_seconds(&eta, progress->eta));
}

static int screen_columns(void) {
    struct winsize window;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 ? window.ws_col : 80;
}

/* The bar in eighths of a cell, or in whole cells where blocks cannot be shown. */
static void draw_bar(double fraction, int cells, bool unicode) {
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int full = (int)(fraction * cells);
    int part = unicode ? (int)((fraction * cells - full) * 8) : 0;
    for (int cell = 0; cell < full; cell++)
        fputs(unicode ? "█" : "#", stderr);
    fputs(eighths[part], stderr);
    for (int cell = full + (part > 0); cell < cells; cell++)
        fputc(unicode ? ' ' : '.', stderr);
}

static void show_bar(EpnetProgressView *view, const EpnetProgress *progress) {
    char text[LINE_TEXT];
    describe(progress, text, sizeof text);
    int columns = screen_columns();
    int cells = columns - (int)strlen(text) - 5;
    if (cells > BAR_CELLS_MAX)
        cells = BAR_CELLS_MAX;
    fputs("\r", stderr);
    if (cells >= 8) {
        fputs(view->unicode ? "▕" : "|", stderr);
        draw_bar(fraction_done(progress), cells, view->unicode);
        fputs(view->unicode ? "▏ " : "| ", stderr);
    }
    fprintf(stderr, "%.*s\033[K", columns - 1, text);
    fflush(stderr);
    view->shown = true;
}

static void show_event(const EpnetProgress *progress) {
    epnet_json_object_begin(NULL);
    epnet_json_text("event", "progress");
    epnet_json_count("points_done", progress->points_done);
    epnet_json_count("points_total", progress->points_total);
    epnet_json_count("points_failed", progress->points_failed);
    epnet_json_count("points_resumed", progress->points_resumed);
    epnet_json_number("elapsed", progress->elapsed);
    epnet_json_number("points_per_second", progress->rate);
    epnet_json_number("eta", progress->eta >= 0 ? progress->eta : (double)NAN);
    epnet_json_object_end();
    epnet_json_line_end();
}

static void tell_resumed(const EpnetProgress *progress) {
    EpnetText resumed, total;
    fprintf(stderr, "going on: %s of %s points are in the journal\n",
            epnet_text_count(&resumed, progress->points_resumed),
            epnet_text_count(&total, progress->points_total));
}

void epnet_progress_tell_damage(EpnetProgressView *view, uint64_t damaged) {
    if (damaged == 0 || view->damaged)
        return;
    view->damaged = true;
    fprintf(stderr,
            "epnet: warning: the journal was damaged in %" PRIu64
            " place%s; the points there are computed again\n",
            damaged, damaged == 1 ? "" : "s");
}

void epnet_progress_show(const EpnetProgress *progress, void *context) {
    EpnetProgressView *view = context;
    if (progress->points_resumed > 0 && !view->resumed &&
        (view->style == EPNET_PROGRESS_BAR || view->style == EPNET_PROGRESS_LINES))
        tell_resumed(progress);
    view->resumed = true;
    epnet_progress_tell_damage(view, progress->damaged);
    if (view->style == EPNET_PROGRESS_NONE || !is_due(view, progress))
        return;
    if (view->style == EPNET_PROGRESS_BAR) {
        show_bar(view, progress);
    } else if (view->style == EPNET_PROGRESS_JSON) {
        show_event(progress);
    } else {
        char text[LINE_TEXT];
        describe(progress, text, sizeof text);
        fprintf(stderr, "%s\n", text);
    }
    view->shown_at = progress->elapsed;
    view->shown_points = progress->points_done;
}

void epnet_progress_clear(EpnetProgressView *view) {
    if (view->shown)
        fputs("\r\033[K", stderr);
    view->shown = false;
}

#include "figure.h"

#include "bytes.h"
#include "gnuplot.h"
#include "outfile.h"
#include "plain_locale.h"
#include "status.h"
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a figure can be drawn as: its gnuplot terminal, and how a complete file of it ends. */
typedef struct Format {
    const char *extension, *terminal, *end;
} Format;

static const Format formats[] = {
    {".png",
     "set terminal pngcairo size 1600,1200 enhanced font 'DejaVu Sans,11' fontscale 2 linewidth 2 pointscale "
     "2",
     "IEND\xae\x42\x60\x82"},
    {".svg", "set terminal svg size 800,600 enhanced font 'DejaVu Sans,11' linewidth 1 background '#ffffff'",
     "</svg>\n\n"},
};

/* The files of a figure; names without folder are as the script says them. */
typedef struct FigureFiles {
    const Format *format;
    char *folder; /* of all three, "" or ending in '/' */
    char *stem;   /* file name without extension */
    EpnetOutfile script, data, picture;
} FigureFiles;

/* ---- what the kinds of figures share ------------------------------------------------------------------- */

void epnet_figure_block(const EpnetFigure *figure, const char *name) {
    fprintf(figure->data, "%s# %s\n", ftell(figure->data) > 0 ? "\n\n" : "", name);
}

void epnet_figure_number(const EpnetFigure *figure, double value) {
    if (isfinite(value))
        fprintf(figure->data, " %.12g", value);
    else
        fputs(" NaN", figure->data);
}

size_t epnet_figure_cut_column(const EpnetFigure *figure, const char *name) {
    const EpnetResult *result = figure->result;
    const char *cut = result->columns[figure->column].cut;
    const char *suffix = strrchr(result->columns[figure->column].name, '_');
    char suffixed[128];
    size_t column = result->column_count;
    if (*cut != '\0' && suffix != NULL) {
        snprintf(suffixed, sizeof suffixed, "%s%s", name, suffix);
        column = epnet_result_find(result, suffixed);
    }
    if (column == result->column_count)
        column = epnet_result_find(result, name);
    if (column == result->column_count) {
        snprintf(suffixed, sizeof suffixed, "%s_0", name);
        column = epnet_result_find(result, suffixed);
    }
    return column;
}

EpnetStatus epnet_figure_values(const EpnetFigure *figure, size_t column, double **values,
                                EpnetError *error) {
    const EpnetResult *result = figure->result;
    *values = epnet_calloc(result->points, sizeof **values);
    if (*values == NULL)
        return epnet_fail_memory(error, result->points * sizeof **values, "a column");
    return epnet_result_rows(result, EPNET_TABLE_POINTS, column, 0, result->points, *values, error);
}

/* ---- what to draw -------------------------------------------------------------------------------------- */

static void axes_choose(EpnetFigure *figure) {
    const EpnetResult *result = figure->result;
    for (size_t a = 0; a < result->axis_count; a++)
        if (result->axes[a].size > 1) {
            if (figure->axis_count < 2)
                figure->axes[figure->axis_count] = &result->axes[a];
            figure->axis_count++;
        }
    /* rows of constant sigma run from left to right, whichever axis is the faster */
    if (figure->axis_count == 2 && strcmp(figure->axes[1]->name, "sigma") == 0 &&
        strncmp(figure->axes[0]->name, "copy_", 5) == 0) {
        const EpnetResultAxis *copies = figure->axes[0];
        figure->axes[0] = figure->axes[1];
        figure->axes[1] = copies;
    }
}

/* The quantity asked for, or else the natural one. */
static EpnetStatus quantity_choose(EpnetFigure *figure, const char *quantity, EpnetError *error) {
    const EpnetResult *result = figure->result;
    EpnetTable table = figure->axis_count == 0 ? EPNET_TABLE_TRAJECTORY : EPNET_TABLE_POINTS;
    figure->column = quantity != NULL ? epnet_result_find(result, quantity) : epnet_result_natural(result);
    if (epnet_result_has(result, table, figure->column))
        return EPNET_OK;
    return epnet_result_fail_column(result, table, quantity != NULL ? quantity : "multiinformation", error);
}

/* Whether the figure is that of the quench: asked for, or all that a single point has. */
static bool is_leak(const EpnetFigure *figure, const char *quantity) {
    const EpnetResult *result = figure->result;
    if (figure->axis_count > 0)
        return false;
    return quantity != NULL ? strcmp(quantity, "leak") == 0
                            : result->leak.count > 0 && result->trajectory < 0;
}

static EpnetStatus leak_choose(EpnetFigure *figure, EpnetError *error) {
    const EpnetResult *result = figure->result;
    figure->column = epnet_result_find(result, "leak");
    if (figure->column < result->column_count && result->leak.count > 0)
        return EPNET_OK;
    return epnet_fail(error, EPNET_USAGE,
                      "%s holds no quench to draw: a single point with [leak] kind = \"quench\" has one",
                      result->path);
}

static EpnetStatus content_choose(EpnetFigure *figure, const char *quantity, EpnetError *error) {
    const EpnetResult *result = figure->result;
    axes_choose(figure);
    if (is_leak(figure, quantity))
        return leak_choose(figure, error);
    if (figure->axis_count > 2)
        return epnet_fail(error, EPNET_USAGE,
                          "%s has %zu axes and a figure shows two: give each of the others a single value in "
                          "[sweep], as in KEY = { values = [1.0] }",
                          result->path, figure->axis_count);
    if (figure->axis_count == 0 && result->trajectory < 0)
        return epnet_fail(
            error, EPNET_USAGE,
            "%s holds a single point and no trajectory, nothing to draw: sweep a key of "
            "[network]%s; epnet export prints the point",
            result->path,
            isnan(result->last_time) ? "" : ", or keep the trajectory ([output] trajectories = true)");
    return quantity_choose(figure, quantity, error);
}

/* Write the whole script and the whole data. */
static EpnetStatus content_write(const EpnetFigure *figure, const FigureFiles *files, bool chosen,
                                 EpnetError *error) {
    FILE *script = figure->script;
    fprintf(script, "# Made by epnet %s. To draw it again: gnuplot -d %s.gp\n", epnet_version(), files->stem);
    fputs("if (!exists('figure')) figure = ", script);
    epnet_figure_quote(script, files->stem);
    fprintf(script, ".'%s'\ndata = ", files->format->extension);
    epnet_figure_quote(script, files->stem);
    fprintf(script, ".'.dat'\nset encoding utf8\n%s\nset output figure\n", files->format->terminal);
    fputs("set border linewidth 0.8\nset tics out nomirror scale 0.7,0.35\nset minussign\n", script);
    EpnetStatus status;
    if (figure->axis_count == 2)
        status = epnet_figure_heatmap(figure, error);
    else if (figure->axis_count == 1)
        status = epnet_figure_has_envelope(figure) ? epnet_figure_envelope(figure, error)
                                                   : epnet_figure_curves(figure, error);
    else if (is_leak(figure, chosen ? figure->result->columns[figure->column].name : NULL))
        status = epnet_figure_leak(figure, error);
    else if (chosen)
        status = epnet_figure_course(figure, error);
    else
        status = epnet_figure_trajectory(figure, error);
    fputs("unset output\n", script);
    return status;
}

/* ---- files --------------------------------------------------------------------------------------------- */

static const Format *format_find(const char *figure) {
    const char *extension = strrchr(epnet_path_base(figure), '.');
    for (size_t k = 0; extension != NULL && k < sizeof formats / sizeof *formats; k++)
        if (strcasecmp(extension, formats[k].extension) == 0)
            return &formats[k];
    return NULL;
}

static EpnetStatus sibling_create(const FigureFiles *files, const char *extension, EpnetOutfile *file,
                                  EpnetError *error) {
    char *path;
    if (asprintf(&path, "%s%s%s", files->folder, files->stem, extension) < 0)
        return epnet_fail_memory(error, strlen(files->stem), "the name of a file");
    EpnetStatus status = epnet_outfile_create_locked(file, path, error);
    free(path);
    return status;
}

/* Names, and the temporary files of script, data and picture. */
static EpnetStatus files_create(FigureFiles *files, const char *figure, EpnetError *error) {
    const char *base = epnet_path_base(figure);
    files->format = format_find(figure);
    if (files->format == NULL)
        return epnet_fail(error, EPNET_USAGE, "cannot draw %s: the name of a figure ends in .png or .svg",
                          figure);
    for (const char *c = base; *c != '\0'; c++)
        if ((unsigned char)*c < ' ')
            return epnet_fail(error, EPNET_USAGE, "the name of a figure holds a control character");
    files->folder = epnet_path_folder(figure);
    files->stem = strndup(base, strlen(base) - strlen(files->format->extension));
    if (files->folder == NULL || files->stem == NULL)
        return epnet_fail_memory(error, strlen(figure), "the name of a file");
    EpnetStatus status = epnet_outfile_create_locked(&files->picture, figure, error);
    if (status == EPNET_OK)
        status = sibling_create(files, ".gp", &files->script, error);
    if (status == EPNET_OK)
        status = sibling_create(files, ".dat", &files->data, error);
    return status;
}

static void files_free(FigureFiles *files) {
    epnet_outfile_discard(&files->picture);
    epnet_outfile_discard(&files->script);
    epnet_outfile_discard(&files->data);
    free(files->folder);
    free(files->stem);
}

static EpnetStatus fail_write(const EpnetOutfile *file, EpnetError *error) {
    return epnet_fail_system(error, "cannot write %s", file->path);
}

/* Write script and data and give them their names. */
static EpnetStatus files_write(EpnetFigure *figure, FigureFiles *files, bool chosen, EpnetError *error) {
    EpnetStream script, data;
    if (!epnet_stream_open(&script, files->script.temporary))
        return fail_write(&files->script, error);
    if (!epnet_stream_open(&data, files->data.temporary)) {
        EpnetStatus status = fail_write(&files->data, error);
        epnet_stream_close(&script);
        return status;
    }
    figure->script = script.file;
    figure->data = data.file;
    EpnetStatus status = content_write(figure, files, chosen, error);
    /* The first failure is the one to report. */
    if (!epnet_stream_close(&script) && status == EPNET_OK)
        status = fail_write(&files->script, error);
    if (!epnet_stream_close(&data) && status == EPNET_OK)
        status = fail_write(&files->data, error);
    if (status == EPNET_OK)
        status = epnet_outfile_commit(&files->script, error);
    if (status == EPNET_OK)
        status = epnet_outfile_commit(&files->data, error);
    return status;
}

/* Whether gnuplot has written the picture to its end: it does not say when a disk is full. */
static EpnetStatus picture_check(const FigureFiles *files, EpnetError *error) {
    char tail[16];
    struct stat info;
    const size_t length = strlen(files->format->end);
    const int picture = open(files->picture.temporary, O_RDONLY | O_CLOEXEC);
    bool read = picture >= 0 && fstat(picture, &info) == 0;
    const bool ends = read && (size_t)info.st_size >= length;
    if (ends)
        read = epnet_bytes_read(picture, tail, length, (uint64_t)info.st_size - length);
    const int reason = errno;
    if (picture >= 0)
        close(picture);
    errno = reason;
    if (!read)
        return epnet_fail_system(error, "cannot read %s", files->picture.path);
    if (ends && memcmp(tail, files->format->end, length) == 0)
        return EPNET_OK;
    return epnet_fail(error, EPNET_IO, "cannot write %s: gnuplot left it incomplete (disk full?)",
                      files->picture.path);
}

/* Run the script into the picture's temporary file: by its full name where that is known, else by its name in
 * the folder that gnuplot runs in. */
static EpnetStatus picture_draw(FigureFiles *files, EpnetError *error) {
    const char *temporary = files->picture.temporary;
    char *script;
    if (asprintf(&script, "%s.gp", files->stem) < 0)
        return epnet_fail_memory(error, strlen(files->stem), "the name of a file");
    EpnetStatus status = epnet_gnuplot_run(files->folder, script,
                                           *temporary == '/' ? temporary : epnet_path_base(temporary), error);
    free(script);
    if (status == EPNET_OK)
        status = picture_check(files, error);
    return status == EPNET_OK ? epnet_outfile_commit(&files->picture, error) : status;
}

EpnetStatus epnet_plot(const char *path, const char *quantity, const char *figure, EpnetError *error) {
    EpnetResult *result;
    EpnetStatus status = epnet_result_open(path, &result, error);
    if (status != EPNET_OK)
        return status;
    EpnetFigure drawn = {.result = result};
    FigureFiles files = {0};
    EpnetLocale locale = epnet_locale_enter();
    status = content_choose(&drawn, quantity, error);
    if (status == EPNET_OK)
        status = files_create(&files, figure, error);
    if (status == EPNET_OK)
        status = files_write(&drawn, &files, quantity != NULL, error);
    if (status == EPNET_OK)
        status = picture_draw(&files, error);
    epnet_locale_leave(locale);
    files_free(&files);
    epnet_result_close(result);
    return status;
}

/* epnet plot: a figure of a grid file. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

typedef struct Arguments {
    const char *grid, *quantity, *figure;
} Arguments;

static error_t parse(int key, char *value, struct argp_state *state) {
    Arguments *arguments = state->input;
    switch (key) {
    case 'q':
        arguments->quantity = value;
        return 0;
    case 'o':
        arguments->figure = value;
        return 0;
    case ARGP_KEY_ARG:
        epnet_cli_take_argument(state, &arguments->grid, value, "grid file");
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a grid file is expected, as `epnet run' writes it");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The figure beside the grid file: its name with ".png" for ".nc". NULL when memory is exhausted. */
static char *default_figure(const char *grid) {
    size_t length = strlen(grid);
    if (length > 3 && strcmp(grid + length - 3, ".nc") == 0)
        length -= 3;
    char *figure = malloc(length + sizeof ".png");
    if (figure != NULL) {
        memcpy(figure, grid, length);
        memcpy(figure + length, ".png", sizeof ".png");
    }
    return figure;
}

static EpnetStatus plot(void *context, EpnetError *error) {
    const Arguments *arguments = context;
    return epnet_plot(arguments->grid, arguments->quantity, arguments->figure, error);
}

static int draw(Arguments *arguments) {
    EpnetError error;
    if (epnet_cli_isolate(plot, arguments, arguments->grid, NULL, &error) != EPNET_OK)
        return epnet_cli_fail(&error, false);
    puts(arguments->figure);
    return EPNET_OK;
}

int epnet_cli_plot(int argc, char **argv) {
    static const struct argp_option options[] = {
        {"quantity", 'q', "COLUMN", 0,
         "Column to draw (default: the natural one of the grid); `leak' of a single point: the quench", 0},
        {"output", 'o', "FIGURE", 0,
         "Figure, .png or .svg by its ending (default: the grid file's name, .png)", 0},
        {0},
    };
    static const struct argp parser = {
        .options = options,
        .parser = parse,
        .args_doc = "OUT.nc",
        .doc = "Draw a figure of a grid file and print its name. Two axes: a heatmap; one axis: curves; "
               "none: the "
               "trajectory."
               "\vThe gnuplot script and its data are kept beside the figure under the same name, ending in "
               ".gp and "
               ".dat, to be changed and drawn again.",
    };
    Arguments arguments = {0};
    epnet_cli_parse(&parser, argc, argv, 0, &arguments);
    if (arguments.figure != NULL)
        return draw(&arguments);
    char *figure = default_figure(arguments.grid);
    const EpnetError error = {.status = EPNET_DEVICE, .message = "out of memory: the name of the figure"};
    arguments.figure = figure;
    int code = figure != NULL ? draw(&arguments) : epnet_cli_fail(&error, false);
    free(figure);
    return code;
}

/* epnet export: a table of a grid file as CSV. */
#include "cli.h"

enum { TABLE_OPTION = 256 };

typedef struct Arguments {
    const char *grid, *table, *output;
} Arguments;

static error_t parse(int key, char *value, struct argp_state *state) {
    Arguments *arguments = state->input;
    switch (key) {
    case TABLE_OPTION:
        arguments->table = value;
        return 0;
    case 'o':
        arguments->output = value;
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

static EpnetStatus export(void *context, EpnetError *error) {
    const Arguments *arguments = context;
    return epnet_export(arguments->grid, arguments->table, arguments->output, error);
}

int epnet_cli_export(int argc, char **argv) {
    static const struct argp_option options[] = {
        {"table", TABLE_OPTION, "TABLE", 0,
         "points (default): one row per grid point; trajectory: one row per grid point and time; kinks: one "
         "row per row of the grid along its copy axis, with its measured kink and maximum; margins: one row "
         "per "
         "grid point, with the smallest margin of every statement of the audit and its time",
         0},
        {"output", 'o', "FILE.csv", 0, "Write to a file instead of standard output", 0},
        {0},
    };
    static const struct argp parser = {
        .options = options,
        .parser = parse,
        .args_doc = "OUT.nc",
        .doc = "Write a table of a grid file as CSV: the axes, then every column."
               "\vNumbers have 17 significant digits, infinities are `inf', failed points `nan'.",
    };
    Arguments arguments = {.table = "points"};
    epnet_cli_parse(&parser, argc, argv, 0, &arguments);
    EpnetError error;
    if (epnet_cli_isolate(export, &arguments, arguments.grid, NULL, &error) != EPNET_OK)
        return epnet_cli_fail(&error, false);
    return EPNET_OK;
}

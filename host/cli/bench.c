/* epnet bench: check the program, then time it. */
#include "cli.h"
#include "interrupt.h"
#include "json.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    QUICK_OPTION = 256,
    REPEATS_OPTION,
    SET_OPTION,
    DEVICE_OPTION,
    THREADS_OPTION,
    JSON_OPTION
}; /* no short forms */

enum { MAX_REPEATS = 99, OVERRIDES_MOST = 64 };

typedef struct Arguments {
    const char *spec; /* NULL: the program's own suite */
    const char *overrides[OVERRIDES_MOST];
    size_t override_count;
    EpnetBenchOptions options;
    bool json;
    const char *section; /* of the last row */
    size_t checks, failed;
} Arguments;

static int read_repeats(const struct argp_state *state, const char *text) {
    char *end = NULL;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < 1 || value > MAX_REPEATS)
        argp_error(state, "--repeats expects a whole number from 1 to %d, not '%s'", MAX_REPEATS, text);
    return (int)value;
}

static error_t parse(int key, char *value, struct argp_state *state) {
    Arguments *arguments = state->input;
    switch (key) {
    case QUICK_OPTION:
        arguments->options.quick = true;
        return 0;
    case REPEATS_OPTION:
        arguments->options.repeats = read_repeats(state, value);
        return 0;
    case SET_OPTION:
        if (arguments->override_count == OVERRIDES_MOST)
            argp_error(state, "no more than %d times --set", OVERRIDES_MOST);
        arguments->overrides[arguments->override_count++] = value;
        return 0;
    case DEVICE_OPTION:
        arguments->options.device = value;
        return 0;
    case THREADS_OPTION:
        arguments->options.threads = epnet_cli_take_threads(state, value);
        return 0;
    case JSON_OPTION:
        arguments->json = true;
        return 0;
    case ARGP_KEY_ARG:
        epnet_cli_take_argument(state, &arguments->spec, value, "SPEC");
        return 0;
    case ARGP_KEY_END:
        if (arguments->spec == NULL && arguments->override_count > 0)
            argp_error(state, "--set goes with a SPEC");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option option_list[] = {
    {"quick", QUICK_OPTION, NULL, 0, "Small sizes and short measurements: whether it works, not how fast", 0},
    {"repeats", REPEATS_OPTION, "R", 0, "Repeats of every measurement (default: 5; 3 if quick)", 0},
    {"set", SET_OPTION, "KEY=VALUE", 0, "Replace or add a key of the spec; repeatable", 0},
    {"device", DEVICE_OPTION, "NAME", 0, "cpu (default), auto, cuda or cuda:I", 0},
    {"threads", THREADS_OPTION, "T", 0, "Threads measured beside one (default: one per core)", 0},
    {"json", JSON_OPTION, NULL, 0, "Print JSON, one object a line, on standard output", 0},
    {0},
};

static const struct argp parser = {
    .options = option_list,
    .parser = parse,
    .args_doc = "[SPEC]",
    .doc =
        "Check the program on this machine, then time it: by closed forms, moment equations and one "
        "integrator against the other; then one application of the generator, whole trajectories and "
        "stationary laws by number of nodes, as fractions of the multiply-add peak and of the copy bandwidth "
        "of a core, which are measured in the same run. With a SPEC the points of its sweep are checked and "
        "timed instead (at most 4,096 of them)."
        "\v"
        "Times are those of computing, inside this process: neither start-up nor files are in them. Medians "
        "of repeats (least .. largest). docs/bench.md says how each figure is found. Nothing is timed after "
        "a check that fails: exit code 1.",
};

/* ---- rows ---------------------------------------------------------------------------------------------- */

static void print_json(const EpnetBenchRow *row) {
    epnet_json_object_begin(NULL);
    epnet_json_text("event", "row");
    epnet_json_text("section", row->section);
    epnet_json_text("name", row->name);
    epnet_json_count("nodes", (uint64_t)row->nodes);
    epnet_json_count("points", row->points);
    epnet_json_count("threads", (uint64_t)row->threads);
    epnet_json_number("value", row->value);
    epnet_json_number("low", row->low);
    epnet_json_number("high", row->high);
    epnet_json_text("unit", row->unit);
    epnet_json_number("limit", row->limit);
    epnet_json_flag("failed", row->failed);
    epnet_json_number("applications", row->applications);
    epnet_json_number("ns_per_state_bit", row->ns_per_state_bit);
    epnet_json_number("of_peak", row->of_peak);
    epnet_json_number("of_copy", row->of_copy);
    epnet_json_text("note", row->note);
    epnet_json_object_end();
    epnet_json_line_end();
}

static void print_check(const EpnetBenchRow *row) {
    printf("  %3d  %-48s %10.2e  (%.0e)  %s\n", row->nodes, row->name, row->value, row->limit,
           row->failed ? "FAILED" : "ok");
}

/* A figure in `width` places with three digits, blank where there is none. */
static void print_figure(double value, int width) {
    if (isnan(value))
        printf("  %*s", width, "");
    else
        printf("  %*.3g", width, value);
}

static void print_percent(double fraction) {
    if (isnan(fraction))
        printf("  %6s", "");
    else
        printf("  %5.1f%%", 100 * fraction);
}

static void print_time(const EpnetBenchRow *row) {
    char figure[80];
    if (isnan(row->value)) {
        printf("  %3d  %-22s %s\n", row->nodes, row->name, row->note);
        return;
    }
    if (isnan(row->low))
        snprintf(figure, sizeof figure, "%.4g %s", row->value, row->unit);
    else
        snprintf(figure, sizeof figure, "%.4g %s (%.4g .. %.4g)", row->value, row->unit, row->low, row->high);
    printf("  %3d  %-22s %3d  %-42s", row->nodes, row->name, row->threads, figure);
    print_figure(row->ns_per_state_bit, 6);
    print_percent(row->of_peak);
    print_percent(row->of_copy);
    printf("\n");
}

/* What stands above the rows of a section. */
static void print_heading(const char *section) {
    static const struct {
        const char *section, *heading;
    } headings[] = {
        {"check", "Checks: largest deviation, |a - b| / (1 + |b|), and what it may be\n    N"},
        {"limit", "Limits of one core"},
        {"application", "One application of L"},
        {"trajectory", "Trajectories"},
        {"stationary", "Stationary laws"},
        {"split", "Method split"},
        {"sweep", "Points of the spec"},
    };
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        if (strcmp(headings[i].section, section) == 0)
            printf("%s\n", headings[i].heading);
    if (strcmp(section, "check") != 0 && strcmp(section, "limit") != 0)
        printf("    N  %-22s thr  %-42s  %6s  %6s  %6s\n", "", "median (least .. largest)", "ns/s/b", "peak",
               "copy");
}

static void show_row(const EpnetBenchRow *row, void *context) {
    Arguments *arguments = context;
    arguments->checks += isnan(row->limit) ? 0 : 1;
    arguments->failed += row->failed ? 1 : 0;
    if (arguments->json) {
        print_json(row);
        return;
    }
    const bool continues = strcmp(row->section, "threads") == 0; /* stands among what it is about */
    if (!continues && (arguments->section == NULL || strcmp(arguments->section, row->section) != 0)) {
        printf("%s", arguments->section == NULL ? "" : "\n");
        print_heading(row->section);
        arguments->section = row->section;
    }
    if (strcmp(row->section, "check") == 0)
        print_check(row);
    else if (strcmp(row->section, "limit") == 0)
        printf("  %-16s %8.4g %-8s %s\n", row->name, row->value, row->unit, row->note);
    else
        print_time(row);
    fflush(stdout);
}

static void print_done(const Arguments *arguments) {
    if (!arguments->json) {
        printf(
            "\n%zu checks passed. ns/s/b: ns per state and bit of an application. peak, copy: fractions of "
            "the\nmultiply-adds, and of copying the vector once an application, on as many cores.\n",
            arguments->checks);
        return;
    }
    epnet_json_object_begin(NULL);
    epnet_json_text("event", "done");
    epnet_json_text("version", epnet_version());
    epnet_json_text("build", epnet_build_info());
    epnet_json_count("checks", arguments->checks);
    epnet_json_count("failed", arguments->failed);
    epnet_json_object_end();
    epnet_json_line_end();
}

int epnet_cli_bench(int argc, char **argv) {
    Arguments arguments = {0};
    EpnetSpec *spec = NULL;
    EpnetError error;
    EpnetStatus status = EPNET_OK;
    epnet_cli_parse(&parser, argc, argv, 0, &arguments);
    signal(SIGPIPE, SIG_IGN);
    epnet_interrupt_catch();
    if (arguments.spec != NULL)
        status =
            epnet_spec_read(arguments.spec, arguments.overrides, arguments.override_count, &spec, &error);
    arguments.options.spec = spec;
    arguments.options.stop = epnet_interrupt_flag();
    arguments.options.row = show_row;
    arguments.options.context = &arguments;
    if (status == EPNET_OK)
        status = epnet_bench(&arguments.options, &error);
    epnet_spec_free(spec);
    if (status != EPNET_OK)
        return epnet_cli_fail(&error, arguments.json);
    print_done(&arguments);
    return EPNET_OK;
}

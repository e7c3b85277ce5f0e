/* epnet falsify: search for the worst case of a bound. */
#include "cli.h"
#include "interrupt.h"
#include "json.h"
#include "progress.h"
#include "units.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
    NODES_OPTION = 256,
    EDGES_OPTION,
    CUT_OPTION,
    STATES_OPTION,
    LEFT_OPTION,
    MIN_EP_OPTION,
    FLIP_MIN_OPTION,
    FLIP_MAX_OPTION,
    COPY_MIN_OPTION,
    COPY_MAX_OPTION,
    DRIVE_MIN_OPTION,
    DRIVE_MAX_OPTION,
    STARTS_OPTION,
    REFINE_OPTION,
    SEED_OPTION,
    THREADS_OPTION,
    JSON_OPTION,
    QUIET_OPTION
};

typedef struct Arguments {
    EpnetFalsifyOptions options;
    const char *output; /* NULL: worst-BOUND.toml */
    bool json, quiet;
} Arguments;

/* ---- numbers on the command line ------------------------------------------------------------------------
 */

static unsigned long long read_whole(const struct argp_state *state, const char *text, const char *option,
                                     unsigned long long most) {
    char *end = NULL;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > most)
        argp_error(state, "%s expects a whole number up to %llu, not '%s'", option, most, text);
    return value;
}

static double read_number(const struct argp_state *state, const char *text, const char *option) {
    char *end = NULL;
    const double value = strtod(text, &end);
    if (text[0] == '\0' || text[0] == ' ' || *end != '\0' || isnan(value))
        argp_error(state, "%s expects a number, not '%s'", option, text);
    return value;
}

/* ---- options --------------------------------------------------------------------------------------------
 */

static const struct argp_option option_list[] = {
    {NULL, 0, NULL, 0, "What is searched:", 1},
    {"nodes", NODES_OPTION, "N", 0, "Nodes, 2 to 6 (default 2)", 1},
    {"edges", EDGES_OPTION, "EDGES", 0,
     "complete (default), ring, path, star, or a list as \"0>1 1>2\", source>target", 1},
    {"cut", CUT_OPTION, "NODES", 0,
     "S of the cut bounds and the envelope, as 0,1 (default: 0 of two nodes, else every cut in turn)", 1},
    {"states", STATES_OPTION, "WHICH", 0,
     "reachable along a trajectory from independent nodes (default), or any law", 1},
    {"left", LEFT_OPTION, "SIDE", 0, "Of the cut bounds: rate of the cut's information (default), or flow",
     1},
    {"min-ep", MIN_EP_OPTION, "NAT", 0,
     "Floor on the entropy production per jump, of network, leak and cut_energy (default 0.001)", 1},
    {NULL, 0, NULL, 0, "Limits (equal ones fix a value):", 2},
    {"flip-min", FLIP_MIN_OPTION, "RATE", 0, "Slowest flip [1/s] (default 0.1)", 2},
    {"flip-max", FLIP_MAX_OPTION, "RATE", 0, "Fastest flip [1/s] (default 10)", 2},
    {"copy-min", COPY_MIN_OPTION, "RATE", 0, "Slowest copy of an edge [1/s] (default 0.01)", 2},
    {"copy-max", COPY_MAX_OPTION, "RATE", 0, "Fastest copy of an edge [1/s] (default 100)", 2},
    {"drive-min", DRIVE_MIN_OPTION, "NAT", 0, "Weakest drive of an edge [nat] (default 0.01)", 2},
    {"drive-max", DRIVE_MAX_OPTION, "NAT", 0, "Strongest drive of an edge [nat] (default 20)", 2},
    {NULL, 0, NULL, 0, "How:", 3},
    {"starts", STARTS_OPTION, "K", 0, "Random cases that are tried first (default 10000)", 3},
    {"refine", REFINE_OPTION, "R", 0, "The best of them, which are climbed from (default 256)", 3},
    {"seed", SEED_OPTION, "S", 0, "Seed of the random numbers (default 1)", 3},
    {"threads", THREADS_OPTION, "T", 0, "Threads (default: one per core); never changes the result", 3},
    {"output", 'o', "WORST.toml", 0, "Where the worst case goes (default worst-BOUND.toml); is replaced", 3},
    {"json", JSON_OPTION, NULL, 0, "Print JSON, one object a line, on standard output", 3},
    {"quiet", QUIET_OPTION, NULL, 0, "Print errors only", 3},
    {0},
};

static const char *option_name(int key) {
    for (const struct argp_option *option = option_list; option->name != NULL || option->doc != NULL;
         option++)
        if (option->key == key && option->name != NULL)
            return option->name;
    return "";
}

static double *limit_of(EpnetFalsifyOptions *options, int key) {
    switch (key) {
    case MIN_EP_OPTION:
        return &options->min_ep;
    case FLIP_MIN_OPTION:
        return &options->flip_min;
    case FLIP_MAX_OPTION:
        return &options->flip_max;
    case COPY_MIN_OPTION:
        return &options->copy_min;
    case COPY_MAX_OPTION:
        return &options->copy_max;
    case DRIVE_MIN_OPTION:
        return &options->drive_min;
    default:
        return &options->drive_max;
    }
}

static error_t parse(int key, char *value, struct argp_state *state) {
    Arguments *arguments = state->input;
    EpnetFalsifyOptions *options = &arguments->options;
    char name[32];
    snprintf(name, sizeof name, "--%s", option_name(key));
    switch (key) {
    case NODES_OPTION:
        options->nodes = (int)read_whole(state, value, name, 1000000);
        return 0;
    case EDGES_OPTION:
        options->edges = value;
        return 0;
    case CUT_OPTION:
        options->cut = value;
        return 0;
    case STATES_OPTION:
        options->states = value;
        return 0;
    case LEFT_OPTION:
        options->left = value;
        return 0;
    case MIN_EP_OPTION:
    case FLIP_MIN_OPTION:
    case FLIP_MAX_OPTION:
    case COPY_MIN_OPTION:
    case COPY_MAX_OPTION:
    case DRIVE_MIN_OPTION:
    case DRIVE_MAX_OPTION:
        *limit_of(options, key) = read_number(state, value, name);
        return 0;
    case STARTS_OPTION:
        options->starts = (size_t)read_whole(state, value, name, 1000000000);
        return 0;
    case REFINE_OPTION:
        options->refine = (size_t)read_whole(state, value, name, 1000000000);
        return 0;
    case SEED_OPTION:
        options->seed = read_whole(state, value, name, UINT64_MAX);
        return 0;
    case THREADS_OPTION:
        options->threads = epnet_cli_take_threads(state, value);
        return 0;
    case 'o':
        arguments->output = value;
        return 0;
    case JSON_OPTION:
        arguments->json = true;
        return 0;
    case QUIET_OPTION:
        arguments->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        epnet_cli_take_argument(state, &options->bound, value, "BOUND");
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a BOUND is expected: network, leak, cut_energy, cut_bandwidth or envelope");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    .options = option_list,
    .parser = parse,
    .args_doc = "BOUND",
    .doc =
        "Search networks and states for the worst case of one of the paper's bounds: the largest left side "
        "over right side. Above 1 the bound is broken."
        "\v"
        "BOUND is one of\n"
        "  network        dI/dt <= EP\n"
        "  leak           dI/dt <= EP - alpha_eff I, as (dI/dt + alpha_eff I) / EP\n"
        "  cut_energy     dI(S;Sc)/dt <= EP across the cut\n"
        "  cut_bandwidth  dI(S;Sc)/dt <= C_cut ln 2\n"
        "  envelope       stationary I(S;Sc) <= min(EP across, C_cut ln 2) / measured leak\n"
        "\n"
        "The first three are broken without limit where little entropy is produced, so a floor is kept: "
        "--min-ep nat per jump.\n\n"
        "The worst case is written as a spec, which `epnet run' reproduces. The same arguments give the "
        "same file, whatever the number of threads. With --json the lines are the events `progress', "
        "`done' or `error'.",
};

/* ---- what was found -------------------------------------------------------------------------------------
 */

static void print_done(const Arguments *arguments, const EpnetFalsifyResult *result) {
    const EpnetFalsifyOptions *options = &arguments->options;
    epnet_json_object_begin(NULL);
    epnet_json_text("event", "done");
    epnet_json_text("bound", options->bound);
    epnet_json_number("ratio", result->ratio);
    epnet_json_flag("broken", result->ratio > 1);
    epnet_json_text("left", result->left_text);
    epnet_json_number("left_value", result->left);
    epnet_json_text("right", result->right_text);
    epnet_json_number("right_value", result->right);
    epnet_json_number("min_ep", result->min_ep);
    epnet_json_number("production_per_jump", result->per_jump);
    epnet_json_number("leak", result->leak);
    epnet_json_number("time", result->time);
    epnet_json_text("cut", result->cut);
    epnet_json_count("nodes", (uint64_t)options->nodes);
    epnet_json_count("seed", options->seed);
    epnet_json_count("starts", result->starts);
    epnet_json_count("starts_admissible", result->admissible);
    epnet_json_count("refined", result->refined);
    epnet_json_count("evaluations", result->evaluations);
    epnet_json_number("elapsed", result->elapsed);
    epnet_json_text("output", arguments->output);
    epnet_json_object_end();
    epnet_json_line_end();
}

static void print_summary(const Arguments *arguments, const EpnetFalsifyResult *result) {
    EpnetText a, b, c;
    printf("%s\n", arguments->output);
    printf("  bound     %s at %d nodes: left / right = %.6g, %s\n", arguments->options.bound,
           arguments->options.nodes, result->ratio, result->ratio > 1 ? "broken" : "not broken");
    printf("  left      %.6g = %s\n", result->left, result->left_text);
    printf("  right     %.6g = %s\n", result->right, result->right_text);
    if (result->min_ep > 0)
        printf("  floor     %.6g nat per jump, of at least %g\n", result->per_jump, result->min_ep);
    if (result->cut[0] != '\0')
        printf("  cut       S = {%s}\n", result->cut);
    if (!isnan(result->leak))
        printf("  leak      %.6g /s\n", result->leak);
    printf("  search    %s starts, %s admissible; %s refined; %s cases\n",
           epnet_text_count(&a, result->starts), epnet_text_count(&b, result->admissible),
           epnet_text_count(&c, result->refined), epnet_text_count(&(EpnetText){{0}}, result->evaluations));
    printf("  time      %s\n", epnet_text_seconds(&a, result->elapsed));
}

int epnet_cli_falsify(int argc, char **argv) {
    static EpnetFalsifyResult result; /* too large for a stack */
    Arguments arguments = {.options = epnet_falsify_defaults()};
    epnet_cli_parse(&parser, argc, argv, 0, &arguments);
    signal(SIGPIPE, SIG_IGN); /* a reader of the events that goes away must not cost the result */
    epnet_interrupt_catch();
    char output[64];
    if (arguments.output == NULL) {
        snprintf(output, sizeof output, "worst-%.30s.toml", arguments.options.bound);
        arguments.output = output;
    }
    EpnetProgressView view = epnet_progress_view(arguments.json, arguments.quiet);
    arguments.options.stop = epnet_interrupt_flag();
    arguments.options.progress = epnet_progress_show;
    arguments.options.context = &view;
    EpnetError error;
    EpnetStatus status = epnet_falsify(&arguments.options, arguments.output, &result, &error);
    epnet_progress_clear(&view);
    if (status != EPNET_OK)
        return epnet_cli_fail(&error, arguments.json);
    if (arguments.json)
        print_done(&arguments, &result);
    else if (!arguments.quiet)
        print_summary(&arguments, &result);
    return EPNET_OK;
}

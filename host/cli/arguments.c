/* Arguments that several verbs take. Wrong ones end the program with exit code 2, as argp does. */
#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { SET_OPTION = 256, DEVICE_OPTION, THREADS_OPTION, BATCH_OPTION, JSON_OPTION }; /* no short forms */

enum { MAX_THREADS = 4096 };

/* A whole number in [1, largest], or a usage error that says what was given to which option. */
static unsigned long long parse_positive(const struct argp_state *state, const char *text, const char *option,
                                         unsigned long long largest) {
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    bool digits = text[0] >= '0' && text[0] <= '9';
    if (!digits || *end != '\0' || errno != 0 || value == 0 || value > largest)
        argp_error(state, "%s expects a whole number from 1 to %llu, not '%s'", option, largest, text);
    return value;
}

static void add_override(const struct argp_state *state, EpnetJobArguments *arguments, const char *text) {
    const char **longer =
        realloc(arguments->overrides, (arguments->override_count + 1) * sizeof *arguments->overrides);
    if (longer == NULL)
        argp_failure(state, EPNET_DEVICE, ENOMEM, "--set");
    arguments->overrides = longer;
    arguments->overrides[arguments->override_count++] = text;
}

int epnet_cli_take_threads(const struct argp_state *state, const char *text) {
    const int threads = (int)parse_positive(state, text, "--threads", MAX_THREADS), cores = epnet_cores();
    if (threads > cores)
        fprintf(stderr, "epnet: warning: --threads %d, but this process may use %d core%s\n", threads, cores,
                cores == 1 ? "" : "s");
    return threads;
}

void epnet_cli_take_argument(struct argp_state *state, const char **argument, char *value, const char *what) {
    if (*argument != NULL)
        argp_error(state, "one %s expected, but '%s' follows '%s'", what, value, *argument);
    *argument = value;
}

static error_t parse(int key, char *value, struct argp_state *state) {
    EpnetJobArguments *arguments = state->input;
    switch (key) {
    case SET_OPTION:
        add_override(state, arguments, value);
        return 0;
    case DEVICE_OPTION:
        arguments->device = value;
        return 0;
    case THREADS_OPTION:
        arguments->threads = epnet_cli_take_threads(state, value);
        return 0;
    case BATCH_OPTION:
        arguments->batch = (size_t)parse_positive(state, value, "--batch", INT_MAX);
        return 0;
    case JSON_OPTION:
        arguments->json = true;
        return 0;
    case ARGP_KEY_ARG:
        epnet_cli_take_argument(state, &arguments->spec, value, "SPEC");
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a SPEC is expected, the TOML file that says what to compute");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void epnet_cli_parse(const struct argp *parser, int argc, char **argv, unsigned flags, void *input) {
    static const EpnetError error = {EPNET_DEVICE, "out of memory: reading the command line"};
    if (argp_parse(parser, argc, argv, flags, NULL, input) != 0)
        exit(epnet_cli_fail(&error, false));
}

EpnetStatus epnet_cli_isolate(EpnetStatus (*work)(void *context, EpnetError *error), void *context,
                              const char *grid, const volatile int *stop, EpnetError *error) {
    char action[1024];
    snprintf(action, sizeof action, "cannot read %.1000s", grid);
    return epnet_isolate(&(EpnetIsolated){.work = work, .context = context, .action = action, .stop = stop},
                         error);
}

static const struct argp_option options[] = {
    {"set", SET_OPTION, "KEY=VALUE", 0,
     "Replace or add a key of the spec, as --set network.drive=2.5; repeatable", 2},
    {"device", DEVICE_OPTION, "NAME", 0, "auto (default), cpu, cuda or cuda:I", 2},
    {"threads", THREADS_OPTION, "T", 0, "Threads (default: one per core); never changes a result", 2},
    {"batch", BATCH_OPTION, "POINTS", 0,
     "Points that a thread takes at a time (default: by time); never changes a result", 2},
    {"json", JSON_OPTION, NULL, 0, "Print JSON, one object a line, on standard output", 2},
    {0},
};

const struct argp epnet_cli_job_argp = {.options = options, .parser = parse};

const struct argp_child epnet_cli_job_children[] = {{.argp = &epnet_cli_job_argp}, {0}};

EpnetRunOptions epnet_cli_job_options(const EpnetJobArguments *arguments) {
    return (EpnetRunOptions){
        .device = arguments->device, .threads = arguments->threads, .batch = arguments->batch};
}

/* The command line program: finds the verb and hands over. Exit codes are the values of EpnetStatus. */
#include "cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

typedef struct Verb {
    const char *name;
    int (*execute)(int argc, char **argv);
} Verb;

static const Verb verbs[] = {
    {"run", epnet_cli_run},     {"plan", epnet_cli_plan},     {"status", epnet_cli_status},
    {"merge", epnet_cli_merge}, {"export", epnet_cli_export}, {"plot", epnet_cli_plot},
    {"info", epnet_cli_info},   {"audit", epnet_cli_audit},   {"falsify", epnet_cli_falsify},
    {"bench", epnet_cli_bench},
};

static const char documentation[] =
    "Batched master equations of binary networks and their energy-bandwidth envelope.\v"
    "Verbs:\n"
    "  run SPEC        run the sweep of a spec and write its grid file\n"
    "  plan SPEC       say what a run would do and take; run nothing\n"
    "  status OUT.nc   say how far a run is, from its journal\n"
    "  merge OUT.nc    write the grid file of a sweep that was run in shards\n"
    "  export OUT.nc   write a grid file's table as CSV\n"
    "  plot OUT.nc     draw a figure of a grid file\n"
    "  audit OUT.nc    check the paper's bounds and the exact statements in a grid file\n"
    "  falsify BOUND   search networks and states for the worst case of a bound\n"
    "  bench [SPEC]    check the program, then time it, or the points of a spec\n"
    "  info            version, build and backends\n"
    "\n"
    "`epnet VERB --help' explains the arguments of a verb.\n"
    "\n"
    "Exit codes: 0 ok; 1 internal; 2 usage; 3 spec; 4 some points failed; 5 input or output; 6 device or "
    "memory; "
    "75 interrupted, run again to go on.";

/* The verb and what follows it. */
typedef struct Command {
    const char *verb;
    int argc;
    char **argv;
} Command;

static error_t parse(int key, char *value, struct argp_state *state) {
    Command *command = state->input;
    switch (key) {
    case ARGP_KEY_ARG: /* the rest is the verb's own */
        command->verb = value;
        command->argc = state->argc - state->next + 1;
        command->argv = state->argv + state->next - 1;
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(
            state,
            "a verb is expected: run, plan, status, merge, export, plot, audit, falsify, bench or info");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_version(FILE *stream, struct argp_state *state) {
    (void)state;
    fprintf(stream, "epnet %s\n", epnet_version());
}

static int execute(const Verb *verb, Command *command) {
    EpnetError error = {.status = EPNET_USAGE};
    if (epnet_instruction_set(NULL, &error) != EPNET_OK)
        return epnet_cli_fail(&error, false);
    char name[32]; /* what the messages of the verb's parser begin with */
    snprintf(name, sizeof name, "epnet %s", verb->name);
    command->argv[0] = name;
    return verb->execute(command->argc, command->argv);
}

int main(int argc, char **argv) {
    static const struct argp parser = {
        .parser = parse, .args_doc = "VERB [ARGUMENT...]", .doc = documentation};
    epnet_cli_guard_output();
    signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files is a failed write, with a message */
    argp_err_exit_status = EPNET_USAGE;
    argp_program_version_hook = print_version;
    Command command = {0};
    epnet_cli_parse(&parser, argc, argv, ARGP_IN_ORDER, &command);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verbs[i].name, command.verb) == 0)
            return execute(&verbs[i], &command);
    EpnetError error = {.status = EPNET_USAGE};
    snprintf(error.message, sizeof error.message,
             "no verb `%.100s'; the verbs are run, plan, status, merge, export, plot, audit, falsify, bench "
             "and info",
             command.verb);
    return epnet_cli_fail(&error, false);
}

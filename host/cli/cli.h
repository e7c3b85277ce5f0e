/* What the verbs of the program share. The program knows the library through epnet.h alone. */
#ifndef EPNET_CLI_H
#define EPNET_CLI_H

#include "epnet.h"

#include <argp.h>

/* The verbs. Each gets its own arguments, argv[0] being "epnet VERB", and returns the exit code. */
int epnet_cli_run(int argc, char **argv);
int epnet_cli_plan(int argc, char **argv);
int epnet_cli_export(int argc, char **argv);
int epnet_cli_plot(int argc, char **argv);
int epnet_cli_audit(int argc, char **argv);
int epnet_cli_falsify(int argc, char **argv);
int epnet_cli_bench(int argc, char **argv);
int epnet_cli_info(int argc, char **argv);
int epnet_cli_status(int argc, char **argv);
int epnet_cli_merge(int argc, char **argv);

/* ---- arguments that several verbs take (arguments.c) ---- */

/* argp_parse(); ends the program (EPNET_DEVICE) when there is no memory for it. */
void epnet_cli_parse(const struct argp *parser, int argc, char **argv, unsigned flags, void *input);

/* A spec with its overrides, and where and how to compute it. */
typedef struct EpnetJobArguments {
    const char *spec;
    const char **overrides; /* values of --set, in order */
    size_t override_count;
    const char *device;
    int threads;  /* 0: one per core */
    size_t batch; /* 0: chosen by the library */
    bool json;
} EpnetJobArguments;

/* Parser for --set, --device, --threads, --batch, --json and the argument SPEC; a child of the parsers of
 * `run` and `plan`, its input an EpnetJobArguments. */
extern const struct argp epnet_cli_job_argp;

/* The children of a parser whose only child is the one above. */
extern const struct argp_child epnet_cli_job_children[];

/* The run options that the arguments stand for. */
EpnetRunOptions epnet_cli_job_options(const EpnetJobArguments *arguments);

/* The value of --threads, a whole number from 1; more than there are cores is worth a warning. */
int epnet_cli_take_threads(const struct argp_state *state, const char *text);

/* Take the one positional argument of a verb, named `what` in messages; a second one is a usage error. */
void epnet_cli_take_argument(struct argp_state *state, const char **argument, char *value, const char *what);

/* Do work that reads grid file `grid` in a process of its own (epnet_isolate()). */
EpnetStatus epnet_cli_isolate(EpnetStatus (*work)(void *context, EpnetError *error), void *context,
                              const char *grid, const volatile int *stop, EpnetError *error);

/* ---- messages (output.c) ---- */

/* Print the error on standard error (spec errors as they are, for they begin with file:line:column) and, with
 * `json`, as an error event on standard output. Returns the exit code. */
int epnet_cli_fail(const EpnetError *error, bool json);

/* The same of a run: the event also tells the damage of its journal (`journal_damage`, as `done` does). */
int epnet_cli_fail_run(const EpnetError *error, const EpnetRunSummary *summary, bool json);

/* Make sure that descriptors 0 to 2 are open, so that no file that is opened later takes the place of
 * standard output, and that the output is flushed and checked at exit, whoever calls exit(): a failure is
 * exit code 5. */
void epnet_cli_guard_output(void);

#endif

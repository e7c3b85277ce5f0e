/* epnet run: run the sweep of a spec and write its grid file. */
#include "cli.h"
#include "interrupt.h"
#include "json.h"
#include "progress.h"
#include "shard_argument.h"
#include "units.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    TABLE_OPTION = 256,
    FORCE_OPTION,
    QUIET_OPTION,
    RESTART_OPTION,
    HOURS_OPTION,
    SHARD_OPTION,
    FALLBACK_OPTION
};

typedef struct Arguments {
    EpnetJobArguments job;
    const char *output, *table, *fallback;
    bool force, quiet, restart;
    double hours;
    EpnetShardArgument shard;
} Arguments;

static double parse_hours(const struct argp_state *state, const char *text) {
    char *end = NULL;
    double hours = strtod(text, &end);
    if (end == text || *end != '\0' || !(hours > 0) || isinf(hours))
        argp_error(state, "--max-hours expects a number of hours above 0, not '%s'", text);
    return hours;
}

static error_t parse(int key, char *value, struct argp_state *state) {
    Arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->job;
        return 0;
    case 'o':
        arguments->output = value;
        return 0;
    case TABLE_OPTION:
        arguments->table = value;
        return 0;
    case FORCE_OPTION:
        arguments->force = true;
        return 0;
    case QUIET_OPTION:
        arguments->quiet = true;
        return 0;
    case RESTART_OPTION:
        arguments->restart = true;
        return 0;
    case HOURS_OPTION:
        arguments->hours = parse_hours(state, value);
        return 0;
    case FALLBACK_OPTION:
        if (strcmp(value, "cpu") != 0)
            argp_error(state, "--fallback expects cpu, not '%s'", value);
        arguments->fallback = value;
        return 0;
    case SHARD_OPTION:
        epnet_cli_parse_shard(state, value, &arguments->shard);
        return 0;
    case ARGP_KEY_END:
        if (arguments->shard.count > 0 && arguments->table != NULL)
            argp_error(state,
                       "--table needs the grid file, and a shard writes none: use it after epnet merge");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    .options =
        (const struct argp_option[]){
            {"output", 'o', "OUT.nc", 0,
             "Grid file (default: the spec's name with .nc, in the current folder)", 1},
            {"table", TABLE_OPTION, "FILE.csv", 0, "Also write the points table as CSV", 1},
            {"force", FORCE_OPTION, NULL, 0, "Replace a grid file that belongs to another spec", 1},
            {"restart", RESTART_OPTION, NULL, 0, "Give up the points that the journal holds, and start over",
             1},
            {"max-hours", HOURS_OPTION, "H", 0, "Stop after H hours, to go on in another run", 1},
            {"shard", SHARD_OPTION, "I/N", 0,
             "Solve part I of N alone (from 1), for `epnet merge'; `slurm': as the job array says", 1},
            {"fallback", FALLBACK_OPTION, "cpu", 0,
             "Where a CUDA device fails, or is not to be had, the CPU computes what it leaves", 1},
            {"quiet", QUIET_OPTION, NULL, 0, "Print errors only", 1},
            {0},
        },
    .parser = parse,
    .children = epnet_cli_job_children,
    .args_doc = "SPEC",
    .doc = "Run the sweep of a spec (TOML) and write its grid file (NetCDF-4)."
           "\vSolved points are kept in OUT.nc.journal at once: a run that was stopped or killed goes on "
           "from it "
           "when it is run again. Ctrl-C stops the run within seconds, a second one at once. The grid file "
           "appears "
           "complete or not at all; a complete one of the same spec is left as it is.\n\n"
           "With --json the lines are the events `start', `progress', `done' or `error'; infinities are the "
           "strings "
           "\"inf\" and \"-inf\", NaN is null.",
};

static void print_start(const Arguments *arguments, const EpnetSpec *spec) {
    epnet_json_object_begin(NULL);
    epnet_json_text("event", "start");
    epnet_json_text("version", epnet_version());
    epnet_json_text("spec", arguments->job.spec);
    epnet_json_text("title", epnet_spec_title(spec));
    epnet_json_text("sha256", epnet_spec_sha256(spec));
    epnet_json_text("output", arguments->output);
    epnet_json_object_end();
    epnet_json_line_end();
}

static double points_per_second(const EpnetRunSummary *summary) {
    return summary->elapsed > 0 ? (double)(summary->points - summary->resumed) / summary->elapsed : 0;
}

static void print_done(const Arguments *arguments, const EpnetRunSummary *summary, EpnetStatus status) {
    double rate = points_per_second(summary);
    epnet_json_object_begin(NULL);
    epnet_json_text("event", "done");
    epnet_json_count("status", (uint64_t)status);
    epnet_json_text("output", arguments->output);
    epnet_json_text("table", arguments->table);
    epnet_json_flag("already_done", summary->already_done);
    epnet_json_count("points", summary->points);
    epnet_json_count("points_failed", summary->failed);
    epnet_json_text("failures", summary->failures);
    epnet_json_count("points_resumed", summary->resumed);
    epnet_json_count("points_fallback", summary->fallback);
    epnet_json_count("journal_damage", summary->damaged);
    epnet_json_number("journal_wait", summary->journal_wait);
    epnet_json_text("journal", summary->journal[0] != '\0' ? summary->journal : NULL);
    epnet_json_count("states", summary->states);
    epnet_json_text("method", summary->method);
    epnet_json_text("device", summary->device);
    epnet_json_text("note", summary->note);
    epnet_json_number("elapsed", summary->elapsed);
    if (!summary->already_done) {
        epnet_json_number("points_per_second", rate);
        epnet_json_number("states_per_second", rate * (double)summary->states);
    }
    epnet_json_object_end();
    epnet_json_line_end();
}

static void print_summary(const Arguments *arguments, const EpnetRunSummary *summary) {
    EpnetText a, b, c;
    double rate = points_per_second(summary);
    const bool shard = summary->journal[0] != '\0';
    const char *written = shard ? summary->journal : arguments->output;
    if (summary->already_done) {
        printf("%s is complete and belongs to this spec: left as it is%s\n", written,
               !shard && (arguments->restart || arguments->force) ? "; remove it to compute it anew" : "");
        if (summary->failed > 0)
            printf("  points    %s, %s failed\n", epnet_text_count(&a, summary->points),
                   epnet_text_count(&b, summary->failed));
    } else {
        printf("%s\n", written);
        printf("  points    %s, each of %s states, %s%s\n", epnet_text_count(&a, summary->points),
               epnet_text_count(&b, summary->states),
               summary->failed == 0 ? "all ok" : epnet_text_count(&c, summary->failed),
               summary->failed == 0 ? "" : " failed");
        printf("  method    %s\n", summary->method);
        printf("  device    %s\n", summary->device);
        if (summary->fallback > 0)
            printf("  fallback  %s of the points on the CPU\n", epnet_text_count(&a, summary->fallback));
        printf("  time      %s\n", epnet_text_seconds(&a, summary->elapsed));
        printf("  speed     %s points/s, %s states/s\n", epnet_text_quantity(&a, rate),
               epnet_text_quantity(&b, rate * (double)summary->states));
    }
    if (shard)
        printf("  next      epnet merge %s, when all shards are complete\n", arguments->output);
    if (arguments->table != NULL)
        printf("  table     %s\n", arguments->table);
}

/* Whether two paths are one file, there or yet to be made. */
static bool same_file(const char *one, const char *other) {
    struct stat a, b;
    if (stat(one, &a) == 0 && stat(other, &b) == 0)
        return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    return strcmp(one, other) == 0;
}

/* The spec, the grid file and the table must be three files. */
static EpnetStatus check_paths(const Arguments *arguments, EpnetError *error) {
    const char *spec = arguments->job.spec, *output = arguments->output, *table = arguments->table;
    const char *clash = NULL;
    if (same_file(output, spec))
        clash = "the grid file and the spec";
    else if (table != NULL && same_file(table, output))
        clash = "--table and the grid file";
    else if (table != NULL && same_file(table, spec))
        clash = "--table and the spec";
    if (clash == NULL)
        return EPNET_OK;
    error->status = EPNET_USAGE;
    snprintf(error->message, sizeof error->message, "%s are the same file", clash);
    return EPNET_USAGE;
}

/* Run the sweep with progress and its first event. */
static EpnetStatus run_job(const Arguments *arguments, const EpnetSpec *spec, EpnetRunSummary *summary,
                           EpnetError *error) {
    EpnetProgressView view = epnet_progress_view(arguments->job.json, arguments->quiet);
    EpnetRunOptions options = epnet_cli_job_options(&arguments->job);
    options.force = arguments->force;
    options.restart = arguments->restart;
    options.fallback = arguments->fallback;
    options.seconds = 3600 * arguments->hours;
    options.shard = arguments->shard.number;
    options.shards = arguments->shard.count;
    options.table = arguments->table;
    options.stop = epnet_interrupt_flag();
    options.progress = epnet_progress_show;
    options.context = &view;
    if (arguments->job.json)
        print_start(arguments, spec);
    EpnetStatus status = epnet_run(spec, arguments->output, &options, summary, error);
    epnet_progress_clear(&view);
    epnet_progress_tell_damage(&view, summary->damaged); /* of a run that had no progress to tell */
    return status;
}

static EpnetStatus export(void *context, EpnetError *error) {
    const Arguments *arguments = context;
    return epnet_export(arguments->output, "points", arguments->table, error);
}

static EpnetStatus execute(Arguments *arguments, EpnetRunSummary *summary, EpnetError *error) {
    EpnetSpec *spec = NULL;
    EpnetStatus status = epnet_spec_read(arguments->job.spec, arguments->job.overrides,
                                         arguments->job.override_count, &spec, error);
    if (status != EPNET_OK)
        return status;
    char default_output[4096];
    if (arguments->output == NULL) {
        status = epnet_run_output(spec, default_output, sizeof default_output, error);
        arguments->output = default_output;
    }
    if (status == EPNET_OK)
        status = check_paths(arguments, error);
    if (status == EPNET_OK)
        status = run_job(arguments, spec, summary, error);
    /* EPNET_POINTS_FAILED is a success that is told in the exit code. */
    if (status == EPNET_OK || status == EPNET_POINTS_FAILED) {
        EpnetError table_error;
        EpnetStatus exported = EPNET_OK;
        if (arguments->table != NULL)
            exported =
                epnet_cli_isolate(export, arguments, arguments->output, epnet_interrupt_flag(), &table_error);
        if (exported != EPNET_OK)
            arguments->table = NULL;
        if (arguments->job.json)
            print_done(arguments, summary, status);
        else if (!arguments->quiet)
            print_summary(arguments, summary);
        if (summary->note[0] != '\0')
            fprintf(stderr, "epnet: warning: %s\n", summary->note);
        if (status == EPNET_POINTS_FAILED)
            fprintf(stderr, "epnet: warning: %s\n", error->message);
        if (exported != EPNET_OK) { /* the grid file is there all the same, and the summary says so */
            status = exported;
            *error = table_error;
        }
    }
    epnet_spec_free(spec);
    return status;
}

int epnet_cli_run(int argc, char **argv) {
    Arguments arguments = {0};
    epnet_cli_parse(&parser, argc, argv, 0, &arguments);
    signal(SIGPIPE, SIG_IGN); /* a reader of the events that goes away must not cost the grid file */
    epnet_interrupt_catch();
    EpnetError error;
    EpnetRunSummary summary = {0};
    EpnetStatus status = execute(&arguments, &summary, &error);
    free(arguments.job.overrides);
    if (status == EPNET_OK || status == EPNET_POINTS_FAILED)
        return (int)status;
    return epnet_cli_fail_run(&error, &summary, arguments.job.json);
}

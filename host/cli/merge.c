/* epnet merge: the grid file from the journals of all shards. */
#include "cli.h"
#include "interrupt.h"
#include "json.h"
#include "units.h"

#include <stdio.h>
#include <stdlib.h>

enum { SPEC_OPTION = 256, FORCE_OPTION, JSON_OPTION };

typedef struct Arguments {
    const char *output, *spec;
    const char **journals;
    size_t journal_count;
    bool force, json;
} Arguments;

static void add_journal(const struct argp_state *state, Arguments *arguments, const char *path) {
    const char **longer =
        realloc(arguments->journals, (arguments->journal_count + 1) * sizeof *arguments->journals);
    if (longer == NULL)
        argp_failure(state, EPNET_DEVICE, 0, "out of memory");
    arguments->journals = longer;
    arguments->journals[arguments->journal_count++] = path;
}

static error_t parse(int key, char *value, struct argp_state *state) {
    Arguments *arguments = state->input;
    switch (key) {
    case SPEC_OPTION:
        arguments->spec = value;
        return 0;
    case FORCE_OPTION:
        arguments->force = true;
        return 0;
    case JSON_OPTION:
        arguments->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->output == NULL)
            arguments->output = value;
        else
            add_journal(state, arguments, value);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "OUT.nc is expected, the output that the shards were run for");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_done(const Arguments *arguments, const EpnetRunSummary *summary, EpnetStatus status) {
    EpnetText a, b, c, d;
    if (arguments->json) {
        epnet_json_object_begin(NULL);
        epnet_json_text("event", "done");
        epnet_json_count("status", (uint64_t)status);
        epnet_json_text("output", arguments->output);
        epnet_json_flag("already_done", summary->already_done);
        epnet_json_count("points", summary->points);
        epnet_json_count("points_failed", summary->failed);
        epnet_json_text("failures", summary->failures);
        epnet_json_number("elapsed", summary->elapsed);
        epnet_json_object_end();
        epnet_json_line_end();
    } else if (summary->already_done) {
        printf("%s is complete: left as it is\n", arguments->output);
    } else {
        printf("%s\n  points    %s, each of %s states, %s%s\n  time      %s\n", arguments->output,
               epnet_text_count(&a, summary->points), epnet_text_count(&b, summary->states),
               summary->failed == 0 ? "all ok" : epnet_text_count(&c, summary->failed),
               summary->failed == 0 ? "" : " failed", epnet_text_seconds(&d, summary->elapsed));
    }
}

int epnet_cli_merge(int argc, char **argv) {
    static const struct argp_option options[] = {
        {"spec", SPEC_OPTION, "SPEC", 0,
         "Where the spec stands now, beside the files that it names (default: where it stood)", 0},
        {"force", FORCE_OPTION, NULL, 0, "Replace a grid file that belongs to another spec", 0},
        {"json", JSON_OPTION, NULL, 0, "Print JSON, one object a line", 0},
        {0},
    };
    static const struct argp parser = {
        .options = options,
        .parser = parse,
        .args_doc = "OUT.nc [JOURNAL...]",
        .doc =
            "Write the grid file of a sweep that was run in shards (epnet run --shard). All of them must be "
            "complete; the file has the bytes of an undivided run. Then the journals of the shards are "
            "removed."
            "\vWithout JOURNAL the shards are those beside the output, OUT.nc.shard-I-of-N.journal.",
    };
    Arguments arguments = {0};
    epnet_cli_parse(&parser, argc, argv, 0, &arguments);
    epnet_interrupt_catch();
    const EpnetMergeOptions merge = {.journals = arguments.journals,
                                     .journal_count = arguments.journal_count,
                                     .spec = arguments.spec,
                                     .force = arguments.force,
                                     .stop = epnet_interrupt_flag()};
    EpnetRunSummary summary;
    EpnetError error;
    EpnetStatus status = epnet_merge(arguments.output, &merge, &summary, &error);
    free(arguments.journals);
    if (status != EPNET_OK && status != EPNET_POINTS_FAILED)
        return epnet_cli_fail(&error, arguments.json);
    print_done(&arguments, &summary, status);
    if (status == EPNET_POINTS_FAILED)
        fprintf(stderr, "epnet: warning: %s\n", error.message);
    return (int)status;
}

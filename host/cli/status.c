/* epnet status: how far a run is, and whether anyone is at work on it. */
#include "cli.h"
#include "json.h"
#include "units.h"

#include <inttypes.h>
#include <stdio.h>

enum { JSON_OPTION = 256 };

typedef struct Arguments {
    const char *output;
    bool json;
} Arguments;

static error_t parse(int key, char *value, struct argp_state *state) {
    Arguments *arguments = state->input;
    switch (key) {
    case JSON_OPTION:
        arguments->json = true;
        return 0;
    case ARGP_KEY_ARG:
        epnet_cli_take_argument(state, &arguments->output, value, "OUT.nc");
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "OUT.nc is expected, the grid file of the run");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_journal_json(const EpnetJournalStatus *journal) {
    epnet_json_object_begin(NULL);
    epnet_json_text("path", journal->path);
    epnet_json_count("shard", (uint64_t)journal->shard);
    epnet_json_count("shards", (uint64_t)journal->shards);
    epnet_json_text("problem", journal->problem);
    epnet_json_flag("unreadable", journal->unreadable);
    epnet_json_count("points", journal->points);
    epnet_json_count("points_done", journal->points_done);
    epnet_json_count("points_failed", journal->points_failed);
    epnet_json_count("points_fallback", journal->points_fallback);
    epnet_json_count("bytes", journal->bytes);
    epnet_json_count("damaged", journal->damaged);
    epnet_json_count("damaged_bytes", journal->damaged_bytes);
    epnet_json_flag("running", journal->running);
    epnet_json_count("pid", (uint64_t)journal->pid);
    epnet_json_text("host", journal->host);
    epnet_json_text("device", journal->device);
    epnet_json_text("spec", journal->spec);
    epnet_json_text("sha256", journal->sha256);
    epnet_json_text("version", journal->version);
    epnet_json_number("points_per_second", journal->rate);
    epnet_json_number("age", journal->age);
    epnet_json_object_end();
}

static void print_json(const char *output, const EpnetJobStatus *job) {
    epnet_json_object_begin(NULL);
    epnet_json_text("output", output);
    epnet_json_flag("complete", job->complete);
    epnet_json_count("points", job->points);
    if (job->complete) {
        epnet_json_count("points_failed", job->points_failed);
        epnet_json_text("sha256", job->sha256);
    }
    epnet_json_array_begin("journals");
    for (size_t k = 0; k < job->journal_count; k++)
        print_journal_json(&job->journals[k]);
    epnet_json_array_end();
    epnet_json_object_end();
    epnet_json_line_end();
}

static void print_journal(const EpnetJournalStatus *journal) {
    EpnetText a, b, c;
    const double percent =
        journal->points > 0 ? 100 * (double)journal->points_done / (double)journal->points : 100;
    printf("%s\n", journal->path);
    if (journal->shards > 1)
        printf("  shard     %d of %d\n", journal->shard, journal->shards);
    if (journal->unreadable) {
        printf("  problem   %s\n", journal->problem);
        return;
    }
    if (journal->problem[0] != '\0') {
        printf("  damage    header: %s; run again\n", journal->problem);
        return;
    }
    printf("  points    %s of %s, %.0f %%", epnet_text_count(&a, journal->points_done),
           epnet_text_count(&b, journal->points), percent);
    if (journal->points_failed > 0)
        printf(", %s failed", epnet_text_count(&c, journal->points_failed));
    printf("\n  size      %s\n", epnet_text_bytes(&a, journal->bytes));
    if (journal->damaged > 0)
        printf("  damage    %s place%s, %s: the points there are computed again\n",
               epnet_text_count(&a, journal->damaged), journal->damaged == 1 ? "" : "s",
               epnet_text_bytes(&b, journal->damaged_bytes));
    if (journal->running)
        printf("  run       goes on, process %" PRId64 " on %s\n", journal->pid, journal->host);
    else
        printf("  run       none%s\n",
               journal->points_done == journal->points ? "; complete" : "; run again to go on");
    printf("  device    %s\n", journal->device[0] != '\0' ? journal->device : "unknown");
    if (journal->points_fallback > 0)
        printf("  fallback  %s of the points on the CPU\n", epnet_text_count(&a, journal->points_fallback));
    if (journal->rate > 0)
        printf("  speed     %s points/s in the last run\n", epnet_text_quantity(&a, journal->rate));
    printf("  written   %s ago\n", epnet_text_seconds(&a, journal->age > 0 ? journal->age : 0));
}

/* The shards as a whole: they are listed in order, so that gaps show. */
static void print_shards(const EpnetJobStatus *job) {
    EpnetText a, b;
    size_t shards = 0, done = 0, complete = 0;
    int count = 0;
    for (size_t k = 0; k < job->journal_count; k++) {
        const EpnetJournalStatus *journal = &job->journals[k];
        if (journal->shards < 2)
            continue;
        shards++;
        count = journal->shards;
        done += journal->points_done;
        complete += journal->problem[0] == '\0' && journal->points_done == journal->points;
    }
    if (shards > 0)
        printf("shards: %zu of %d begun, %zu complete, %s of %s points\n", shards, count, complete,
               epnet_text_count(&a, done), epnet_text_count(&b, job->points));
}

static void print_page(const char *output, const EpnetJobStatus *job) {
    EpnetText a, b;
    if (job->complete)
        printf("%s is complete: %s points, %s failed\n", output, epnet_text_count(&a, job->points),
               epnet_text_count(&b, job->points_failed));
    else
        printf("%s is not written yet\n", output);
    for (size_t k = 0; k < job->journal_count; k++)
        print_journal(&job->journals[k]);
    print_shards(job);
}

int epnet_cli_status(int argc, char **argv) {
    static const struct argp_option options[] = {
        {"json", JSON_OPTION, NULL, 0, "Print one JSON object", 0},
        {0},
    };
    static const struct argp parser = {
        .options = options,
        .parser = parse,
        .args_doc = "OUT.nc",
        .doc = "Print how far a run is: the points in its journal or in those of its shards, damage in them, "
               "the speed, and whether a run holds them. Changes nothing; runs need not be stopped for it.",
    };
    Arguments arguments = {0};
    epnet_cli_parse(&parser, argc, argv, 0, &arguments);
    EpnetError error;
    EpnetJobStatus *job;
    EpnetStatus status = epnet_job_status(arguments.output, &job, &error);
    if (status != EPNET_OK)
        return epnet_cli_fail(&error, arguments.json);
    if (arguments.json)
        print_json(arguments.output, job);
    else
        print_page(arguments.output, job);
    for (size_t k = 0; k < job->journal_count && status == EPNET_OK; k++) {
        if (!job->journals[k].unreadable)
            continue;
        status = error.status = EPNET_IO;
        snprintf(error.message, sizeof error.message, "%s", job->journals[k].problem);
    }
    epnet_job_status_free(job);
    return status == EPNET_OK ? EPNET_OK : epnet_cli_fail(&error, arguments.json);
}

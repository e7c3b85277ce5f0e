/* epnet plan: what a run would do and take. */
#include "cli.h"
#include "json.h"
#include "units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

static error_t parse(int key, char *value, struct argp_state *state) {
    (void)value;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = state->input;
    return 0;
}

static void print_json(const EpnetSpec *spec, const EpnetPlan *plan, const char *output) {
    epnet_json_object_begin(NULL);
    epnet_json_text("title", epnet_spec_title(spec));
    epnet_json_text("sha256", epnet_spec_sha256(spec));
    epnet_json_text("output", output);
    epnet_json_count("nodes", (uint64_t)plan->nodes);
    epnet_json_count("edges", plan->edges);
    epnet_json_count("states", plan->states);
    epnet_json_count("axes", plan->axis_count);
    epnet_json_count("points", plan->points);
    epnet_json_count("times", plan->times);
    epnet_json_flag("trajectories", plan->trajectories);
    epnet_json_text("method", plan->method);
    epnet_json_text("device", plan->device);
    epnet_json_count("threads", (uint64_t)plan->threads);
    epnet_json_count("batch", plan->batch);
    epnet_json_count("memory_bytes", plan->memory);
    epnet_json_count("device_memory_bytes", plan->device_memory);
    epnet_json_count("disk_bytes", plan->disk);
    epnet_json_count("journal_bytes", plan->journal);
    epnet_json_number("applications", plan->applications);
    epnet_json_number("seconds", plan->seconds);
    epnet_json_object_end();
    epnet_json_line_end();
}

/* A line if the file system of the output has no room for what a run would write. */
static void print_room(const EpnetPlan *plan, const char *output) {
    struct statvfs system;
    char folder[4096];
    EpnetText a;
    const char *slash = strrchr(output, '/');
    snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - output) + 1,
             slash == NULL ? "." : output);
    if (statvfs(folder, &system) != 0)
        return; /* a run will say why */
    const double room = (double)system.f_bavail * (double)system.f_frsize;
    if ((double)plan->disk + (double)plan->journal > room)
        printf("  room        %s are free there: a run would be refused\n",
               epnet_text_bytes(&a, (uint64_t)room));
}

static void print_page(const char *path, const EpnetSpec *spec, const EpnetPlan *plan, const char *output) {
    EpnetText a, b;
    const char *title = epnet_spec_title(spec);
    printf("%s\n\n", title[0] != '\0' ? title : path);
    printf("  network     %d nodes, %s edges, 2^%d = %s states\n", plan->nodes,
           epnet_text_count(&a, plan->edges), plan->nodes, epnet_text_count(&b, plan->states));
    printf("  grid        %s point%s on %zu %s\n", epnet_text_count(&a, plan->points),
           plan->points == 1 ? "" : "s", plan->axis_count, plan->axis_count == 1 ? "axis" : "axes");
    if (plan->times == 0)
        printf("  solve       stationary law\n");
    else
        printf("  solve       trajectory, %s sampled times, %s in the grid file\n",
               epnet_text_count(&a, plan->times), plan->trajectories ? "kept" : "not kept");
    printf("  method      %s\n", plan->method);
    printf("  device      %s\n", plan->device);
    printf("  batch       %s point%s at a time for each worker\n", epnet_text_count(&a, plan->batch),
           plan->batch == 1 ? "" : "s");
    printf("  memory      %s (set by the batches, not by the grid)\n", epnet_text_bytes(&a, plan->memory));
    if (plan->device_memory > 0)
        printf("  on devices  %s\n", epnet_text_bytes(&a, plan->device_memory));
    printf("  disk        %s in %s\n", epnet_text_bytes(&a, plan->disk), output);
    printf("  journal     %s beside it, until it is written\n", epnet_text_bytes(&a, plan->journal));
    print_room(plan, output);
    printf("  work        about %s applications of the generator\n",
           epnet_text_quantity(&a, plan->applications));
    if (isnan(plan->seconds))
        printf("  time        not estimated on this device\n");
    else
        printf("  time        about %s\n", epnet_text_seconds(&a, plan->seconds));
}

static EpnetStatus plan_job(const EpnetJobArguments *job, const EpnetSpec *spec, EpnetError *error) {
    EpnetPlan plan;
    char output[4096];
    EpnetRunOptions options = epnet_cli_job_options(job);
    EpnetStatus status = epnet_run_output(spec, output, sizeof output, error);
    if (status == EPNET_OK)
        status = epnet_plan(spec, &options, &plan, error);
    if (status != EPNET_OK)
        return status;
    if (job->json)
        print_json(spec, &plan, output);
    else
        print_page(job->spec, spec, &plan, output);
    return EPNET_OK;
}

int epnet_cli_plan(int argc, char **argv) {
    static const struct argp parser = {
        .parser = parse,
        .children = epnet_cli_job_children,
        .args_doc = "SPEC",
        .doc = "Check a spec and print what a run of it would do: points, states, memory, disk, method and "
               "an estimate "
               "of the time. Computes no point and writes nothing.",
    };
    EpnetJobArguments job = {0};
    epnet_cli_parse(&parser, argc, argv, 0, &job);
    EpnetSpec *spec = NULL;
    EpnetError error;
    EpnetStatus status = epnet_spec_read(job.spec, job.overrides, job.override_count, &spec, &error);
    if (status == EPNET_OK)
        status = plan_job(&job, spec, &error);
    if (status != EPNET_OK)
        epnet_cli_fail(&error, job.json);
    epnet_spec_free(spec);
    free(job.overrides);
    return (int)status;
}

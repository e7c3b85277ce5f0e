#include "cpu_backend.h"

#include "../status.h"
#include "../team.h"
#include "apply.h"
#include "cpu_device.h"
#include "estimate.h"
#include "lanes.h"
#include "point.h"
#include "split.h"

#include <inttypes.h>
#include <stdlib.h>

/* From so many nodes on a point is solved by all threads together: it is work enough for them, and memory is
 * needed for one at a time. */
enum { TOGETHER_NODES = 18 };

typedef struct Context {
    const EpnetProblem *problem;
    EpnetTeam *team;
    int in_flight;              /* points at a time: threads, or 1 that all share */
    EpnetWorkspace *workspaces; /* in_flight */
    EpnetLanes *lanes;          /* in_flight; NULL where points are solved one by one */
    EpnetSplit *split;          /* one point at a time, by the whole team; NULL: by workspaces */
} Context;

static bool share_points(const EpnetProblem *problem) {
    if (epnet_split_serves(problem))
        return epnet_split_shape(problem->nodes).high > 0;
    return problem->nodes >= TOGETHER_NODES;
}

static EpnetMemoryNeed cpu_need(const EpnetProblem *problem, int device, int threads) {
    const int all = threads > 0 ? threads : epnet_cores();
    const bool split = epnet_split_serves(problem), shared = share_points(problem);
    (void)device;
    EpnetMemoryNeed need = {.in_flight = shared || split ? 1 : all};
    if (split)
        need.of_point = epnet_split_bytes(problem, all);
    else
        need.of_point = epnet_workspace_bytes(problem, shared ? all : 1) +
                        (epnet_lanes_serve(problem) ? epnet_lanes_bytes(problem) : 0);
    return need;
}

/* A worker per thread, for points do not wait for each other; or one with all threads. */
static void cpu_workers(const EpnetProblem *problem, int device, int threads, int *count, int *threads_each,
                        size_t *chunk) {
    (void)device;
    *count = share_points(problem) ? 1 : threads;
    *threads_each = share_points(problem) ? threads : 1;
    *chunk = 0;
}

static void cpu_close(void *context) {
    Context *cpu = context;
    if (cpu == NULL)
        return;
    for (int t = 0; t < cpu->in_flight; t++)
        epnet_workspace_free(&cpu->workspaces[t], cpu->problem);
    for (int t = 0; cpu->lanes != NULL && t < cpu->in_flight; t++)
        epnet_lanes_free(&cpu->lanes[t]);
    if (cpu->split != NULL)
        epnet_split_free(cpu->split);
    epnet_team_close(cpu->team);
    free(cpu->split);
    free(cpu->workspaces);
    free(cpu->lanes);
    free(cpu);
}

static EpnetStatus cpu_open(const EpnetProblem *problem, int device, int threads, void **context,
                            EpnetError *error) {
    const EpnetMemoryNeed need = cpu_need(problem, device, threads); /* there is one host */
    const uint64_t bytes = need.of_point;
    const int in_flight = need.in_flight;
    Context *cpu = epnet_calloc(1, sizeof *cpu);
    *context = cpu;
    if (cpu == NULL)
        return epnet_fail_memory(error, sizeof *cpu, "the CPU backend");
    cpu->problem = problem;
    EpnetStatus status = epnet_team_open(threads > 0 ? threads : epnet_cores(), &cpu->team, error);
    if (status == EPNET_OK && epnet_split_serves(problem)) {
        cpu->split = epnet_calloc(1, sizeof *cpu->split);
        if (cpu->split == NULL || !epnet_split_alloc(cpu->split, problem, cpu->team))
            status = epnet_fail(error, EPNET_DEVICE,
                                "out of memory: method = \"split\" needs %" PRIu64 " bytes for %d nodes",
                                bytes, problem->nodes);
    }
    if (status != EPNET_OK || cpu->split != NULL) {
        if (status != EPNET_OK)
            cpu_close(cpu);
        *context = status == EPNET_OK ? cpu : NULL;
        return status;
    }
    cpu->workspaces = epnet_calloc((size_t)in_flight, sizeof *cpu->workspaces);
    if (epnet_lanes_serve(problem))
        cpu->lanes = epnet_calloc((size_t)in_flight, sizeof *cpu->lanes);
    bool ok = cpu->workspaces != NULL && (cpu->lanes != NULL || !epnet_lanes_serve(problem));
    while (ok && cpu->in_flight < in_flight) {
        const int t = cpu->in_flight++;
        ok = epnet_workspace_alloc(&cpu->workspaces[t], problem, share_points(problem) ? cpu->team : NULL) &&
             (cpu->lanes == NULL || epnet_lanes_alloc(&cpu->lanes[t], problem));
    }
    if (!ok) {
        cpu_close(cpu);
        *context = NULL;
        return epnet_fail(error, EPNET_DEVICE,
                          "out of memory: %d nodes need %" PRIu64 " bytes for each of %d points at a time%s",
                          problem->nodes, bytes, in_flight, in_flight > 1 ? "; try fewer threads" : "");
    }
    return EPNET_OK;
}

static size_t points_together(const Context *cpu) {
    return cpu->lanes != NULL ? epnet_lanes_points(cpu->problem) : 1;
}

/* Points first .. first + count - 1: side by side where that serves, then alone those that ask for more. */
static void solve_few(Context *cpu, int thread, const EpnetBatch *batch, size_t first, size_t count,
                      EpnetRows *rows) {
    bool done[EPNET_LANES] = {false};
    if (cpu->lanes != NULL)
        epnet_lanes_solve(&cpu->lanes[thread], batch, first, count, rows, done);
    for (size_t l = 0; l < count; l++) {
        if (!done[l] && (batch->stop == NULL || !*batch->stop))
            epnet_workspace_solve(&cpu->workspaces[thread], batch, first + l, rows);
    }
}

typedef struct Share {
    Context *cpu;
    const EpnetBatch *batch;
    EpnetRows *rows;
} Share;

static void solve_share(void *context, int thread, size_t first, size_t end) {
    const Share *share = context;
    const size_t few = points_together(share->cpu);
    for (; first < end; first += few)
        solve_few(share->cpu, thread, share->batch, first, end - first < few ? end - first : few,
                  share->rows);
}

static EpnetStatus cpu_solve(void *context, const EpnetBatch *batch, EpnetRows *rows, EpnetError *error) {
    (void)error; /* every failure is a point's own */
    Context *cpu = context;
    Share share = {cpu, batch, rows};
    if (cpu->split != NULL) {
        for (size_t k = 0; k < batch->count && (batch->stop == NULL || !*batch->stop); k++)
            epnet_split_solve(cpu->split, batch, k, rows);
        return EPNET_OK;
    }
    epnet_team_share(cpu->in_flight > 1 ? cpu->team : NULL, batch->count, points_together(cpu), solve_share,
                     &share);
    return EPNET_OK;
}

static EpnetStatus cpu_apply(void *context, const EpnetPoint *point, const double *p, double *q,
                             EpnetError *error) {
    (void)error;
    Context *cpu = context;
    if (cpu->split != NULL) {
        epnet_split_apply(cpu->split, point, p, q);
        return EPNET_OK;
    }
    epnet_generator_set(&cpu->workspaces[0].generator, cpu->problem, point, NULL, true);
    epnet_cpu_apply(&cpu->workspaces[0].generator, p, q);
    return EPNET_OK;
}

const EpnetBackend epnet_cpu_backend = {
    .name = "cpu",
    .devices = epnet_cpu_devices,
    .describe = epnet_cpu_describe,
    .accept = epnet_cpu_accept,
    .workers = cpu_workers,
    .open = cpu_open,
    .close = cpu_close,
    .solve = cpu_solve,
    .apply = cpu_apply,
    .estimate = epnet_cpu_estimate,
    .need = cpu_need,
};

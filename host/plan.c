/* What a run would take, from operation counts and a short calibration. */
#include "dataset.h"
#include "journal_grid.h"
#include "problem.h"
#include "status.h"
#include "workers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Mean estimate over a few grid points spread evenly, first and last included. */
static EpnetStatus estimate_points(const EpnetSpec *spec, const EpnetDevice *device,
                                   const EpnetProblem *problem, size_t points, double *applications,
                                   double *seconds, EpnetError *error) {
    enum { PROBES = 5 };
    size_t probes = points < PROBES ? points : PROBES;
    double *storage = epnet_calloc(epnet_grid_parameter_count(&spec->network), sizeof *storage);
    *applications = *seconds = 0;
    if (storage == NULL)
        return epnet_fail_memory(error, epnet_grid_parameter_count(&spec->network) * sizeof *storage,
                                 "a point");
    bool ok = true;
    for (size_t i = 0; i < probes && ok; i++) {
        size_t at = probes == 1 ? 0 : (size_t)((double)(points - 1) * (double)i / (double)(probes - 1));
        EpnetPoint point = epnet_grid_point(&spec->network, spec->axes, spec->axis_count, at, storage);
        double point_applications, point_seconds;
        ok = device->backend->estimate(problem, &point, &point_applications, &point_seconds);
        *applications += ok ? point_applications / (double)probes : 0;
        *seconds += ok ? point_seconds / (double)probes : 0;
    }
    free(storage);
    return ok ? EPNET_OK
              : epnet_fail(error, EPNET_DEVICE, "out of memory while calibrating %d nodes", problem->nodes);
}

EpnetStatus epnet_plan(const EpnetSpec *spec, const EpnetRunOptions *options, EpnetPlan *plan,
                       EpnetError *error) {
    static const EpnetRunOptions defaults = {0};
    EpnetProblemStorage storage;
    EpnetDevice device;
    if (options == NULL)
        options = &defaults;
    EpnetStatus status = epnet_problem_make(spec, &storage, error);
    if (status != EPNET_OK)
        return status;
    memset(plan, 0, sizeof *plan);
    plan->nodes = spec->network.nodes;
    plan->edges = spec->network.edge_count;
    plan->states = (size_t)1 << spec->network.nodes;
    plan->points = epnet_grid_points(spec->axes, spec->axis_count);
    plan->times = storage.problem.time_count;
    plan->axis_count = spec->axis_count;
    plan->trajectories = epnet_spec_keeps_trajectories(spec);
    snprintf(plan->method, sizeof plan->method, "%s",
             spec->kind == EPNET_STATIONARY ? epnet_kind_name(spec->kind) : epnet_method_name(spec->method));
    status = epnet_device_choose(options->device, options->threads, &storage.problem, &device, error);
    double applications, seconds;
    if (status == EPNET_OK)
        status =
            estimate_points(spec, &device, &storage.problem, plan->points, &applications, &seconds, error);
    if (status == EPNET_OK) {
        const EpnetMemoryNeed need =
            device.backend->need(&storage.problem, device.index[0], device.worker_threads);
        snprintf(plan->device, sizeof plan->device, "%s", device.name);
        plan->threads = device.threads;
        const size_t workers = device.worker_count < plan->points ? device.worker_count : plan->points;
        plan->batch = epnet_workers_most(spec, &device, options->batch, plan->points);
        if (options->batch == 0 && device.chunk == 0)
            plan->batch = epnet_queue_chunk(seconds, plan->points, workers, plan->batch);
        const size_t at_once = (size_t)need.in_flight < plan->batch ? (size_t)need.in_flight : plan->batch,
                     at_work = (size_t)need.at_work < at_once ? (size_t)need.at_work : at_once;
        uint64_t solved = workers * (need.of_point * at_once + need.of_work * at_work);
        for (size_t i = 0; i < device.count && i < workers; i++)
            solved +=
                device.backend->need(&storage.problem, device.index[i], device.worker_threads).of_device;
        plan->memory = 2 * workers * epnet_chunk_bytes(spec, plan->batch) +
                       (storage.initial != NULL ? plan->states * sizeof(double) : 0);
        if (device.backend->has_own_memory)
            plan->device_memory = solved;
        else
            plan->memory += solved;
        plan->disk = epnet_dataset_bytes(spec);
        plan->journal = epnet_journal_size(spec, plan->points);
        plan->applications = applications * (double)plan->points;
        plan->seconds = seconds * (double)plan->points / (double)device.threads;
    }
    epnet_problem_free(&storage);
    return status;
}

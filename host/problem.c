#include "problem.h"

#include "status.h"

#include <stdlib.h>
#include <string.h>

EpnetStatus epnet_problem_make(const EpnetSpec *spec, EpnetProblemStorage *storage, EpnetError *error) {
    const size_t states = (size_t)1 << spec->network.nodes;
    memset(storage, 0, sizeof *storage);
    storage->problem = (EpnetProblem){
        .nodes = spec->network.nodes,
        .edge_count = spec->network.edge_count,
        .source = spec->network.source,
        .target = spec->network.target,
        .cut_count = spec->cut_count,
        .kind = spec->kind,
        .method = spec->method,
        .tolerance = spec->tolerance,
        .dt = spec->dt,
        .time_count = spec->kind == EPNET_TRAJECTORY ? spec->time_count : 0,
        .times = spec->times,
        .steps = spec->steps,
        .keeps_trajectories = epnet_spec_keeps_trajectories(spec),
        .constant_drive = spec->network.constant_drive,
        .leak = spec->leak,
    };
    storage->cuts = epnet_calloc(spec->cut_count, sizeof *storage->cuts);
    if (storage->cuts == NULL)
        return epnet_fail_memory(error, spec->cut_count * sizeof *storage->cuts, "the cuts");
    for (size_t c = 0; c < spec->cut_count; c++)
        storage->cuts[c] = spec->cuts[c].mask;
    storage->problem.cuts = storage->cuts;
    if (spec->kind == EPNET_STATIONARY || spec->initial.kind == EPNET_INITIAL_STATIONARY)
        return EPNET_OK;
    const bool dense = spec->method != EPNET_SPLIT; /* whose states leave no room for another vector */
    if (dense)
        storage->initial = epnet_calloc(states, sizeof *storage->initial);
    if (!epnet_start_make(spec, &storage->start) || (dense && storage->initial == NULL)) {
        epnet_problem_free(storage);
        return epnet_fail_memory(error, dense ? states * sizeof *storage->initial : 0,
                                 "the initial distribution");
    }
    if (dense)
        epnet_start_fill(&storage->start.start, spec->network.nodes, 0, spec->network.nodes,
                         storage->initial);
    storage->problem.start = &storage->start.start;
    storage->problem.initial = storage->initial;
    return EPNET_OK;
}

void epnet_problem_free(EpnetProblemStorage *storage) {
    epnet_start_free(&storage->start);
    free(storage->initial);
    free(storage->cuts);
    memset(storage, 0, sizeof *storage);
}

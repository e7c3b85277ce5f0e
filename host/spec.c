#include "spec.h"

#include <stdlib.h>

#define AUTO_TRAJECTORY_ROWS 100000 /* trajectories = "auto" keeps the table up to this many rows */

void epnet_spec_free(EpnetSpec *spec) {
    if (spec == NULL)
        return;
    free(spec->path);
    free(spec->title);
    free(spec->text);
    free(spec->files);
    epnet_network_free(&spec->network);
    free(spec->initial.p_one);
    free(spec->initial.states);
    free(spec->initial.probabilities);
    for (size_t c = 0; spec->cuts != NULL && c < spec->cut_count; c++)
        free(spec->cuts[c].label);
    free(spec->cuts);
    free(spec->times);
    free(spec->steps);
    for (size_t a = 0; spec->axes != NULL && a < spec->axis_count; a++)
        free(spec->axes[a].values);
    free(spec->axes);
    free(spec);
}

const char *epnet_spec_title(const EpnetSpec *spec) {
    return spec->title;
}
const char *epnet_spec_sha256(const EpnetSpec *spec) {
    return spec->sha256;
}

bool epnet_spec_keeps_trajectories(const EpnetSpec *spec) {
    if (spec->kind != EPNET_TRAJECTORY || spec->keep_trajectories == EPNET_KEEP_NO)
        return false;
    return spec->keep_trajectories == EPNET_KEEP_YES ||
           epnet_grid_points(spec->axes, spec->axis_count) <= AUTO_TRAJECTORY_ROWS / spec->time_count;
}

const char *epnet_method_name(EpnetMethod method) {
    static const char *const names[] = {[EPNET_EULER] = "euler",
                                        [EPNET_RK4] = "rk4",
                                        [EPNET_CHEBYSHEV] = "chebyshev",
                                        [EPNET_UNIFORMIZATION] = "uniformization",
                                        [EPNET_SPLIT] = "split"};
    return names[method];
}

const char *epnet_kind_name(EpnetKind kind) {
    return kind == EPNET_TRAJECTORY ? "trajectory" : "stationary";
}

#include "spec.h"

#include "bits.h"

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

/* Product law of independent nodes: the law of nodes 0..i from that of nodes 0..i-1. */
static void set_product(const double *p_one, int nodes, double *p) {
    p[0] = 1;
    for (int i = 0; i < nodes; i++) {
        for (uint64_t s = 0; s < (uint64_t)1 << i; s++) {
            p[epnet_flip(s, i)] = p[s] * p_one[i];
            p[s] *= 1 - p_one[i];
        }
    }
}

/* The listed probabilities over their sum, which differs from 1 by rounding in the file. */
static void set_listed(const EpnetInitial *initial, double *p) {
    double sum = 0, lost = 0; /* compensated: `lost` gathers what each addition rounds off */
    for (size_t k = 0; k < initial->count; k++) {
        double term = initial->probabilities[k], next = sum + term;
        lost += sum >= term ? (sum - next) + term : (term - next) + sum;
        sum = next;
    }
    for (size_t k = 0; k < initial->count; k++)
        p[initial->states[k]] = initial->probabilities[k] / (sum + lost);
}

void epnet_spec_initial(const EpnetSpec *spec, double *p) {
    const EpnetInitial *initial = &spec->initial;
    size_t states = (size_t)1 << spec->network.nodes;
    double background = initial->kind == EPNET_INITIAL_UNIFORM ? 1 / (double)states : 0;
    for (size_t s = 0; s < states; s++)
        p[s] = background;
    switch (initial->kind) {
    case EPNET_INITIAL_STATE:
        p[initial->state] = 1;
        break;
    case EPNET_INITIAL_P_ONE:
        set_product(initial->p_one, spec->network.nodes, p);
        break;
    case EPNET_INITIAL_PROBABILITIES:
        set_listed(initial, p);
        break;
    case EPNET_INITIAL_UNIFORM:
    case EPNET_INITIAL_STATIONARY: /* found by the backend */
        break;
    }
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
                                        [EPNET_UNIFORMIZATION] = "uniformization"};
    return names[method];
}

const char *epnet_kind_name(EpnetKind kind) {
    return kind == EPNET_TRAJECTORY ? "trajectory" : "stationary";
}

#include "weights.h"

#include "../status.h"
#include "formula.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Samples of a point from which on c(s), a logarithm per state and node, costs less than it saves. */
enum { PRODUCTION_SAMPLES = 4 };

bool epnet_weights_have_production(const EpnetProblem *problem) {
    return problem->kind == EPNET_TRAJECTORY && problem->time_count >= PRODUCTION_SAMPLES;
}

/* ---- memory -------------------------------------------------------------------------------------------- */

static bool crossing_alloc(EpnetCrossing *crossing, const EpnetProblem *problem, uint64_t mask) {
    crossing->use = epnet_calloc(problem->edge_count, 1);
    crossing->flow = epnet_calloc((size_t)1 << problem->nodes, sizeof(double));
    if (crossing->use == NULL || crossing->flow == NULL ||
        !epnet_generator_alloc(&crossing->generator, problem->nodes))
        return false;
    for (size_t e = 0; e < problem->edge_count; e++)
        crossing->use[e] = epnet_bit(mask, problem->source[e]) != epnet_bit(mask, problem->target[e]);
    return true;
}

bool epnet_weights_alloc(EpnetWeights *w, const EpnetProblem *problem) {
    const size_t states = (size_t)1 << problem->nodes;
    memset(w, 0, sizeof *w);
    w->problem = problem;
    w->flow = epnet_calloc(states, sizeof(double));
    const bool tables = epnet_node_tables_alloc(&w->tables, problem->nodes);
    w->cuts = epnet_calloc(problem->cut_count, sizeof *w->cuts);
    if (epnet_weights_have_production(problem))
        w->production = epnet_calloc(states, sizeof(double));
    if (w->flow == NULL || !tables || w->cuts == NULL ||
        (epnet_weights_have_production(problem) && w->production == NULL))
        return false;
    for (size_t c = 0; c < problem->cut_count; c++) {
        if (!crossing_alloc(&w->cuts[c], problem, problem->cuts[c]))
            return false;
    }
    return true;
}

bool epnet_weights_share(EpnetWeights *w, EpnetTeam *team) {
    bool ok = true;
    for (size_t c = 0; c < w->problem->cut_count; c++)
        ok = epnet_generator_share(&w->cuts[c].generator, team) && ok;
    return ok;
}

void epnet_weights_free(EpnetWeights *w) {
    for (size_t c = 0; w->cuts != NULL && c < w->problem->cut_count; c++) {
        free(w->cuts[c].use);
        free(w->cuts[c].flow);
        epnet_generator_free(&w->cuts[c].generator);
    }
    free(w->flow);
    free(w->production);
    epnet_node_tables_free(&w->tables);
    free(w->cuts);
    memset(w, 0, sizeof *w);
}

uint64_t epnet_weights_bytes(const EpnetProblem *problem) {
    const uint64_t states = (uint64_t)1 << problem->nodes, size = epnet_generator_size(problem->nodes);
    const uint64_t doubles = states * (epnet_weights_have_production(problem) ? 2 : 1) +
                             epnet_node_tables_size(problem->nodes) + problem->cut_count * (states + size);
    return doubles * sizeof(double);
}

/* ---- e(s) ---------------------------------------------------------------------------------------------- */

/* term[x][i]: what the environment gains per second by the jumps of node j with x_j = x that the edge from i
 * makes, where i shows 0, and where it shows 1; of all edges, or of those in `use`. */
static void flow_terms(const EpnetGenerator *g, const unsigned char *use, int j,
                       double (*term)[EPNET_NODE_TERMS][2]) {
    memset(term, 0, 2 * sizeof *term);
    for (size_t e = 0; e < g->edge_count; e++) {
        if (g->target[e] != j || (use != NULL && !use[e]))
            continue;
        const double rate = g->rate[e], drive = g->drive[e], reverse = rate * exp(-drive);
        for (int x = 0; x < 2; x++) {
            term[x][g->source[e]][x] -= reverse != 0 ? reverse * drive : 0;
            term[x][g->source[e]][1 - x] += rate != 0 ? rate * drive : 0;
        }
    }
}

static double flip_flow(double rate, double reverse) {
    return rate > 0 ? rate * (log(rate) - log(reverse)) : 0;
}

/* e(s) of the flips and all copies, or (use) of some copies alone. */
static void fill_flow(EpnetWeights *w, const EpnetGenerator *g, const unsigned char *use, double *flow) {
    for (int j = 0; j < g->nodes; j++) {
        double term[2][EPNET_NODE_TERMS][2];
        flow_terms(g, use, j, term);
        for (int x = 0; x < 2; x++) {
            const double up = g->flip_up[j], down = g->flip_down[j];
            const double flips = use != NULL ? 0 : x == 0 ? flip_flow(up, down) : flip_flow(down, up);
            epnet_node_tables_fill(&w->tables, j, x, flips, term[x]);
        }
    }
    epnet_node_sums(&w->tables, g->team, flow);
}

/* ---- all ----------------------------------------------------------------------------------------------- */

const double *epnet_weights_production(EpnetWeights *w, const EpnetGenerator *generator) {
    if (w->production != NULL && !w->has_production)
        epnet_production_weights(generator, w->production);
    w->has_production = true;
    return w->production;
}

void epnet_weights_set(EpnetWeights *w, const EpnetGenerator *generator) {
    const EpnetProblem *problem = w->problem;
    const EpnetPoint point = {generator->flip_up, generator->flip_down, generator->rate, generator->drive, 0};
    fill_flow(w, generator, NULL, w->flow);
    w->has_production = false;
    for (size_t c = 0; c < problem->cut_count; c++) {
        EpnetCrossing *crossing = &w->cuts[c];
        epnet_generator_set(&crossing->generator, problem, &point, crossing->use, false);
        fill_flow(w, generator, crossing->use, crossing->flow);
        crossing->capacity = crossing->flow_bound = 0;
        for (size_t e = 0; e < problem->edge_count; e++) {
            if (crossing->use[e]) {
                crossing->capacity += generator->rate[e];
                crossing->flow_bound += generator->rate[e] * epnet_copy_information(generator->drive[e]);
            }
        }
    }
}

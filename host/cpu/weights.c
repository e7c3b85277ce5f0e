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

/* ---- memory ------------------------------------------------------------------------------------------ */

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

/* What the environment gains per second by the jumps of edge e with x_j = x and the source's value `bit`. */
static double edge_flow(const EpnetGenerator *g, size_t e, int x, int bit) {
    const double rate = bit != x ? g->rate[e] : -(g->rate[e] * exp(-g->drive[e]));
    return rate != 0 ? rate * g->drive[e] : 0;
}

static double flip_flow(double rate, double reverse) {
    return rate > 0 ? rate * (log(rate) - log(reverse)) : 0;
}

typedef struct Flows {
    const EpnetGenerator *generator;
    const unsigned char *use; /* NULL: all copies */
} Flows;

/* Additive over bits like the rates. */
static void flow_terms(const void *context, int j, int x, int i, double *both) {
    const Flows *flows = context;
    const EpnetGenerator *g = flows->generator;
    both[0] = both[1] = 0;
    for (size_t e = 0; e < g->edge_count; e++) {
        if (g->target[e] == j && g->source[e] == i && (flows->use == NULL || flows->use[e])) {
            both[0] += edge_flow(g, e, x, 0);
            both[1] += edge_flow(g, e, x, 1);
        }
    }
}

/* e(s) of the flips and all copies, or (use) of some copies alone. */
static void fill_flow(EpnetWeights *w, const EpnetGenerator *g, const unsigned char *use, double *flow) {
    const Flows flows = {g, use};
    for (int j = 0; j < g->nodes; j++) {
        for (int x = 0; x < 2; x++) {
            const double up = g->flip_up[j], down = g->flip_down[j];
            const double flips = use != NULL ? 0 : x == 0 ? flip_flow(up, down) : flip_flow(down, up);
            epnet_node_tables_fill(&w->tables, j, x, flips, flow_terms, &flows);
        }
    }
    epnet_node_sums(&w->tables, g->team, flow);
}

/* ---- c(s) ---------------------------------------------------------------------------------------------- */

static void fill_production(const EpnetGenerator *g, double *production) {
    memset(production, 0, g->states * sizeof *production);
    for (int j = 0; j < g->nodes; j++) {
        for (uint64_t k = 0; k < g->states / 2; k++) {
            const uint64_t a = epnet_insert_zero(k, j), b = epnet_flip(a, j);
            const double up = epnet_generator_rate(g, j, a), down = epnet_generator_rate(g, j, b);
            const double log_ratio = epnet_generator_log_rate(g, j, a) - epnet_generator_log_rate(g, j, b);
            production[a] += up > 0 ? up * log_ratio : 0;
            production[b] -= down > 0 ? down * log_ratio : 0;
        }
    }
}

void epnet_weights_set(EpnetWeights *w, const EpnetGenerator *generator) {
    const EpnetProblem *problem = w->problem;
    const EpnetPoint point = {generator->flip_up, generator->flip_down, generator->rate, generator->drive, 0};
    fill_flow(w, generator, NULL, w->flow);
    if (w->production != NULL)
        fill_production(generator, w->production);
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

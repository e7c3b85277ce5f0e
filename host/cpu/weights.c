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
    w->tables = epnet_calloc(epnet_generator_size(problem->nodes) - states, sizeof(double));
    w->cuts = epnet_calloc(problem->cut_count, sizeof *w->cuts);
    if (epnet_weights_have_production(problem))
        w->production = epnet_calloc(states, sizeof(double));
    if (w->flow == NULL || w->tables == NULL || w->cuts == NULL ||
        (epnet_weights_have_production(problem) && w->production == NULL))
        return false;
    for (size_t c = 0; c < problem->cut_count; c++) {
        if (!crossing_alloc(&w->cuts[c], problem, problem->cuts[c]))
            return false;
    }
    return true;
}

void epnet_weights_free(EpnetWeights *w) {
    for (size_t c = 0; w->cuts != NULL && c < w->problem->cut_count; c++) {
        free(w->cuts[c].use);
        free(w->cuts[c].flow);
        epnet_generator_free(&w->cuts[c].generator);
    }
    free(w->flow);
    free(w->production);
    free(w->tables);
    free(w->cuts);
    memset(w, 0, sizeof *w);
}

uint64_t epnet_weights_bytes(const EpnetProblem *problem) {
    const uint64_t states = (uint64_t)1 << problem->nodes, size = epnet_generator_size(problem->nodes);
    const uint64_t doubles = states * (epnet_weights_have_production(problem) ? 2 : 1) + (size - states) +
                             problem->cut_count * (states + size);
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

/* table[k] = start + the flows of the sources whose values are the bits of k: additive over bits like the
 * rates (host/generator.h). */
static void fill_table(const EpnetGenerator *g, const unsigned char *use, int j, int x, int first_bit,
                       int bits, double start, double *table) {
    table[0] = start;
    for (int i = 0; i < bits; i++) {
        double term[2] = {0, 0};
        for (size_t e = 0; e < g->edge_count; e++) {
            if (g->target[e] == j && g->source[e] == first_bit + i && (use == NULL || use[e])) {
                term[0] += edge_flow(g, e, x, 0);
                term[1] += edge_flow(g, e, x, 1);
            }
        }
        const size_t half = (size_t)1 << i;
        for (size_t k = 0; k < half; k++) {
            table[half + k] = table[k] + term[1];
            table[k] += term[0];
        }
    }
}

/* e(s) of the flips and all copies, or (use) of some copies alone. */
static void fill_flow(EpnetWeights *w, const EpnetGenerator *g, const unsigned char *use, double *flow) {
    const int low_bits = g->low_bits, high_bits = g->nodes - low_bits;
    const size_t block = (size_t)1 << low_bits;
    double *low = w->tables, *high = low + ((size_t)2 * (size_t)g->nodes << low_bits);
    for (int j = 0; j < g->nodes; j++) {
        for (int x = 0; x < 2; x++) {
            const size_t table = 2 * (size_t)j + (size_t)x;
            const double up = g->flip_up[j], down = g->flip_down[j];
            const double flips = use != NULL ? 0 : x == 0 ? flip_flow(up, down) : flip_flow(down, up);
            fill_table(g, use, j, x, 0, low_bits, flips, low + (table << low_bits));
            fill_table(g, use, j, x, low_bits, high_bits, 0, high + (table << high_bits));
        }
    }
    memset(flow, 0, g->states * sizeof *flow);
    for (size_t h = 0; h < g->states >> low_bits; h++) {
        for (int j = 0; j < g->nodes; j++) {
            for (size_t k = 0; k < block; k++) {
                const size_t table = 2 * (size_t)j + (size_t)epnet_bit(h << low_bits | k, j);
                flow[(h << low_bits) + k] += low[(table << low_bits) + k] + high[(table << high_bits) + h];
            }
        }
    }
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
        crossing->generator.team = generator->team;
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

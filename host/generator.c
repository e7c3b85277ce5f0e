#include "generator.h"

#include "cpu/apply.h"
#include "cpu/vector.h"
#include "status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FLIP_SIDES = 2 };

size_t epnet_generator_size(int nodes) {
    const size_t low = (size_t)(nodes < EPNET_LOW_BITS ? nodes : EPNET_LOW_BITS);
    return epnet_node_tables_size(nodes) + (low << low) + ((size_t)1 << nodes);
}

bool epnet_generator_alloc(EpnetGenerator *generator, int nodes) {
    memset(generator, 0, sizeof *generator);
    generator->nodes = nodes;
    generator->states = (size_t)1 << nodes;
    const bool ok = epnet_node_tables_alloc(&generator->rates, nodes);
    const size_t low = (size_t)generator->rates.low_bits;
    generator->arrival = epnet_vector_new(low << low);
    generator->exit = epnet_vector_new(generator->states);
    if (ok && generator->arrival != NULL && generator->exit != NULL && epnet_generator_share(generator, NULL))
        return true;
    epnet_generator_free(generator);
    return false;
}

void epnet_generator_free(EpnetGenerator *generator) {
    epnet_node_tables_free(&generator->rates);
    free(generator->arrival);
    free(generator->exit);
    free(generator->packs);
    generator->arrival = generator->exit = generator->packs = NULL;
}

size_t epnet_generator_packs_size(int nodes, int threads) {
    return epnet_cpu_pack_size(nodes) * (size_t)threads;
}

bool epnet_generator_share(EpnetGenerator *generator, EpnetTeam *team) {
    const size_t size = epnet_generator_packs_size(generator->nodes, epnet_team_threads(team));
    free(generator->packs);
    generator->team = team;
    generator->packs = size > 0 ? epnet_vector_new(size) : NULL;
    return size == 0 || generator->packs != NULL;
}

static bool edge_used(const EpnetGenerator *g, size_t e) {
    return g->use == NULL || g->use[e] != 0;
}

/* term[x][i]: what the edge from i adds to the rate of flipping node j with x_j = x where i shows 0, and
 * where it shows 1. Non-negative, so that every sum of them is accurate to a few ulp. */
static void copy_terms(const EpnetGenerator *g, int j, double (*term)[EPNET_NODE_TERMS][2]) {
    memset(term, 0, FLIP_SIDES * sizeof *term);
    for (size_t e = 0; e < g->edge_count; e++) {
        if (g->target[e] != j || !edge_used(g, e))
            continue;
        const double reverse = g->rate[e] * exp(-g->drive[e]);
        for (int x = 0; x < FLIP_SIDES; x++) {
            term[x][g->source[e]][x] += reverse;
            term[x][g->source[e]][1 - x] += g->rate[e];
        }
    }
}

static double flip_rate(const EpnetGenerator *g, int j, int x) {
    if (!g->with_flips)
        return 0;
    return x == 0 ? g->flip_up[j] : g->flip_down[j];
}

static void fill_arrival(EpnetGenerator *g) {
    const int bits = g->rates.low_bits;
    for (int j = 0; j < bits; j++) {
        for (size_t k = 0; k < (size_t)1 << bits; k++) {
            const size_t from = epnet_flip(k, j), at = 2 * (size_t)j + (size_t)epnet_bit(from, j);
            g->arrival[((size_t)j << bits) + k] = g->rates.low[(at << bits) + from];
        }
    }
}

/* A node can flip in every state if its own flips are both possible or a copy enters it whose reverse has a
 * rate that a double can hold. */
static bool always_flips(const EpnetGenerator *g, int j) {
    if (flip_rate(g, j, 0) > 0 && flip_rate(g, j, 1) > 0)
        return true;
    for (size_t e = 0; e < g->edge_count; e++) {
        if (g->target[e] == j && edge_used(g, e) && g->rate[e] * exp(-g->drive[e]) > 0)
            return true;
    }
    return false;
}

/* The channels, without their tables. */
static void set_channels(EpnetGenerator *g, const EpnetProblem *problem, const EpnetPoint *point,
                         const unsigned char *use, bool with_flips) {
    g->edge_count = problem->edge_count;
    g->source = problem->source;
    g->target = problem->target;
    g->flip_up = point->flip_up;
    g->flip_down = point->flip_down;
    g->rate = point->rate;
    g->drive = point->drive;
    g->use = use;
    g->with_flips = with_flips;
    g->has_zero_rates = false;
    for (int j = 0; j < problem->nodes; j++)
        g->has_zero_rates |= !always_flips(g, j);
}

bool epnet_point_has_zero_rates(const EpnetProblem *problem, const EpnetPoint *point) {
    EpnetGenerator channels = {.nodes = problem->nodes};
    set_channels(&channels, problem, point, NULL, true);
    return channels.has_zero_rates;
}

void epnet_generator_set(EpnetGenerator *g, const EpnetProblem *problem, const EpnetPoint *point,
                         const unsigned char *use, bool with_flips) {
    set_channels(g, problem, point, use, with_flips);
    for (int j = 0; j < g->nodes; j++) {
        double term[FLIP_SIDES][EPNET_NODE_TERMS][2];
        copy_terms(g, j, term);
        for (int x = 0; x < FLIP_SIDES; x++)
            epnet_node_tables_fill(&g->rates, j, x, flip_rate(g, j, x), term[x]);
    }
    fill_arrival(g);
    epnet_node_sums(&g->rates, g->team, g->exit);
    g->exit_max = epnet_greatest(g->team, g->states, g->exit);
}

bool epnet_generator_possible(const EpnetGenerator *g, int j, uint64_t s) {
    int x = epnet_bit(s, j);
    if (flip_rate(g, j, x) > 0)
        return true;
    for (size_t e = 0; e < g->edge_count; e++) {
        if (g->target[e] == j && edge_used(g, e) && g->rate[e] > 0 &&
            (epnet_bit(s, g->source[e]) != x || !isinf(g->drive[e])))
            return true;
    }
    return false;
}

/* ln of the rate that edge e contributes to flipping node j in state s; -inf where it contributes nothing. */
static double log_edge_term(const EpnetGenerator *g, size_t e, int j, uint64_t s) {
    if (g->target[e] != j || !edge_used(g, e))
        return -INFINITY;
    bool differ = epnet_bit(s, g->source[e]) != epnet_bit(s, j);
    return log(g->rate[e]) - (differ ? 0 : g->drive[e]);
}

double epnet_generator_log_rate(const EpnetGenerator *g, int j, uint64_t s) {
    return epnet_generator_log_of_rate(g, j, s, epnet_generator_rate(g, j, s));
}

double epnet_generator_log_of_rate(const EpnetGenerator *g, int j, uint64_t s, double rate) {
    if (rate >= 1e-290) /* no term of weight has lost digits to underflow */
        return log(rate);
    double log_flip = log(flip_rate(g, j, epnet_bit(s, j)));
    double largest = log_flip;
    for (size_t e = 0; e < g->edge_count; e++)
        largest = fmax(largest, log_edge_term(g, e, j, s));
    if (isinf(largest))
        return largest;
    double sum = exp(log_flip - largest);
    for (size_t e = 0; e < g->edge_count; e++)
        sum += exp(log_edge_term(g, e, j, s) - largest);
    return largest + log(sum);
}

void epnet_generator_dense(const EpnetGenerator *g, double *matrix) {
    memset(matrix, 0, g->states * g->states * sizeof *matrix);
    for (size_t s = 0; s < g->states; s++) {
        for (int j = 0; j < g->nodes; j++)
            matrix[s * g->states + epnet_flip(s, j)] = epnet_generator_rate(g, j, s);
        matrix[s * g->states + s] = -g->exit[s];
    }
}

size_t epnet_generator_sparse(const EpnetGenerator *g, size_t *offsets, size_t *columns, double *values) {
    size_t count = 0;
    for (size_t s = 0; s < g->states; s++) {
        offsets[s] = count;
        /* Increasing columns: clear set bits from the top down, then the diagonal, then set clear bits. */
        for (int j = g->nodes - 1; j >= 0; j--) {
            double rate = epnet_generator_rate(g, j, s);
            if (epnet_bit(s, j) == 1 && rate > 0) {
                columns[count] = epnet_flip(s, j);
                values[count++] = rate;
            }
        }
        columns[count] = s;
        values[count++] = -g->exit[s];
        for (int j = 0; j < g->nodes; j++) {
            double rate = epnet_generator_rate(g, j, s);
            if (epnet_bit(s, j) == 0 && rate > 0) {
                columns[count] = epnet_flip(s, j);
                values[count++] = rate;
            }
        }
    }
    offsets[g->states] = count;
    return count;
}

#include "generator.h"

#include "status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Low tables of 2^8 entries stay in the first-level cache together with the block of states they serve. */
enum { LOW_BITS_MAX = 8, FLIP_SIDES = 2 };

static int low_bits_of(int nodes) {
    return nodes < LOW_BITS_MAX ? nodes : LOW_BITS_MAX;
}

size_t epnet_generator_size(int nodes) {
    int low = low_bits_of(nodes);
    size_t tables = FLIP_SIDES * (size_t)nodes * (((size_t)1 << low) + ((size_t)1 << (nodes - low)));
    return tables + ((size_t)1 << nodes);
}

bool epnet_generator_alloc(EpnetGenerator *generator, int nodes) {
    memset(generator, 0, sizeof *generator);
    generator->nodes = nodes;
    generator->low_bits = low_bits_of(nodes);
    generator->states = (size_t)1 << nodes;
    generator->storage = epnet_calloc(epnet_generator_size(nodes), sizeof(double));
    generator->low = generator->storage;
    if (generator->storage == NULL)
        return false;
    generator->high = generator->low + (FLIP_SIDES * (size_t)nodes << generator->low_bits);
    generator->exit = generator->high + (FLIP_SIDES * (size_t)nodes << (nodes - generator->low_bits));
    return true;
}

void epnet_generator_free(EpnetGenerator *generator) {
    free(generator->storage);
    generator->storage = NULL;
}

static bool edge_used(const EpnetGenerator *g, size_t e) {
    return g->use == NULL || g->use[e] != 0;
}

/* Rate of flipping node j with x_j = x that edge e, which enters j, contributes when its source shows `bit`.
 */
static double edge_term(const EpnetGenerator *g, size_t e, int x, int bit) {
    return bit != x ? g->rate[e] : g->rate[e] * exp(-g->drive[e]);
}

/* Add to table[k], k < 2^bits, the sum of the terms of the sources first_bit <= i < first_bit + bits whose
 * values are the bits of k. Sums of non-negative terms only: every entry is accurate to a few ulp. */
static void fill_table(const EpnetGenerator *g, int j, int x, int first_bit, int bits, double start,
                       double *table) {
    table[0] = start;
    for (int i = 0; i < bits; i++) {
        double term[2] = {0, 0};
        for (size_t e = 0; e < g->edge_count; e++) {
            if (g->target[e] == j && g->source[e] == first_bit + i && edge_used(g, e)) {
                term[0] += edge_term(g, e, x, 0);
                term[1] += edge_term(g, e, x, 1);
            }
        }
        size_t half = (size_t)1 << i;
        for (size_t k = 0; k < half; k++) {
            table[half + k] = table[k] + term[1];
            table[k] += term[0];
        }
    }
}

static double flip_rate(const EpnetGenerator *g, int j, int x) {
    if (!g->with_flips)
        return 0;
    return x == 0 ? g->flip_up[j] : g->flip_down[j];
}

static void fill_exit_rates(EpnetGenerator *g) {
    size_t block = (size_t)1 << g->low_bits;
    memset(g->exit, 0, g->states * sizeof *g->exit);
    for (size_t first = 0; first < g->states; first += block) {
        for (int j = 0; j < g->nodes; j++) {
            for (size_t k = 0; k < block; k++)
                g->exit[first + k] += epnet_generator_rate(g, j, first + k);
        }
    }
    g->exit_max = 0;
    for (size_t s = 0; s < g->states; s++)
        g->exit_max = g->exit[s] > g->exit_max ? g->exit[s] : g->exit_max;
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
    int high_bits = g->nodes - g->low_bits;
    for (int j = 0; j < g->nodes; j++) {
        for (int x = 0; x < FLIP_SIDES; x++) {
            size_t table = FLIP_SIDES * (size_t)j + (size_t)x;
            fill_table(g, j, x, 0, g->low_bits, flip_rate(g, j, x), g->low + (table << g->low_bits));
            fill_table(g, j, x, g->low_bits, high_bits, 0, g->high + (table << high_bits));
        }
    }
    fill_exit_rates(g);
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

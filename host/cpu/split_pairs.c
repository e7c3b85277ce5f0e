/* Sums over the pairs of states that each channel connects: for laws with empty states, and near equilibrium,
 * where scalar products would lose the digits (the counterpart of observe_channels.c). */
#include "split_observe.h"

#include "formula.h"

#include <math.h>
#include <string.h>

/* Sums of a chunk: of every node in the total rates; its flips' production and net flux; those of every edge.
 */
typedef struct Layout {
    size_t node, flip, flip_net, edge, edge_net, width;
} Layout;

static Layout layout_of(const EpnetProblem *problem) {
    const size_t nodes = (size_t)problem->nodes, edges = problem->edge_count;
    return (Layout){0, nodes, 2 * nodes, 3 * nodes, 3 * nodes + edges, 3 * nodes + 2 * edges};
}

size_t epnet_split_pairs_width(const EpnetProblem *problem) {
    return layout_of(problem).width;
}

/* The two states of a pair: a with x_j = 0, b = a with node j flipped; ln p is 0 where p is. */
typedef struct Pair {
    uint64_t a, b;
    double p_a, p_b, log_a, log_b;
} Pair;

/* ---- channels ---------------------------------------------------------------------------------------- */

/* A pair of total rates of which a flux is zero, or so small that it underflows: decided on the structure. */
static double boundary_pair(const EpnetGenerator *g, int j, const Pair *pair, double up, double down,
                            double net) {
    const bool forward = pair->p_a > 0 && epnet_generator_possible(g, j, pair->a);
    const bool backward = pair->p_b > 0 && epnet_generator_possible(g, j, pair->b);
    if (!forward && !backward)
        return 0;
    if (forward != backward)
        return INFINITY;
    return net * (pair->log_a + epnet_generator_log_of_rate(g, j, pair->a, up) - pair->log_b -
                  epnet_generator_log_of_rate(g, j, pair->b, down));
}

static double total_production(const EpnetGenerator *g, int j, const Pair *pair, double up, double down) {
    const double smallest = 1e-290; /* below it a product may have lost digits to underflow */
    const double x = up * pair->p_a, y = down * pair->p_b;
    if (x < smallest || y < smallest)
        return boundary_pair(g, j, pair, up, down, x - y);
    if (epnet_flux_is_balanced(x, y))
        return epnet_flux_entropy_balanced(x, y);
    return (x - y) * (log(x) - log(y));
}

static void add_flip(const EpnetGenerator *g, int j, const Pair *pair, double *production, double *net) {
    const double up = g->flip_up[j], down = g->flip_down[j], x = up * pair->p_a, y = down * pair->p_b;
    if (up == 0 && down == 0)
        return;
    *production += epnet_pair_production(x, y, up > 0 && pair->p_a > 0, down > 0 && pair->p_b > 0,
                                         pair->log_a - pair->log_b + (log(up) - log(down)));
    *net += x - y;
}

/* A copy edge i -> j joins the state with x_i != x_j with that after the copy; per unit of beta. */
static void add_copy(double drive, bool source_shows_one, const Pair *pair, double *production, double *net) {
    const double before = source_shows_one ? pair->p_a : pair->p_b,
                 after = source_shows_one ? pair->p_b : pair->p_a;
    const double log_ratio = source_shows_one ? pair->log_a - pair->log_b : pair->log_b - pair->log_a;
    const double x = before, y = exp(-drive) * after;
    *production += epnet_pair_production(x, y, x > 0, after > 0 && !isinf(drive), log_ratio + drive);
    *net += x - y;
}

/* ---- the walk ---------------------------------------------------------------------------------------- */

static double log_of(double p) {
    return p > 0 ? log(p) : 0;
}

static void add_pair(const EpnetSplitObserver *o, int j, const Pair *pair, double up, double down,
                     double *sum) {
    const EpnetGenerator *g = &o->channels;
    const Layout layout = layout_of(o->problem);
    if (pair->p_a == 0 && pair->p_b == 0)
        return;
    sum[layout.node + (size_t)j] += total_production(g, j, pair, up, down);
    add_flip(g, j, pair, &sum[layout.flip + (size_t)j], &sum[layout.flip_net + (size_t)j]);
    for (size_t e = 0; e < g->edge_count; e++) {
        if (g->target[e] == j && g->rate[e] != 0)
            add_copy(g->drive[e], epnet_bit(pair->a, g->source[e]) != 0, pair, &sum[layout.edge + e],
                     &sum[layout.edge_net + e]);
    }
}

/* The pairs of node j of which the state with x_j = 0 lies in the block. */
static void add_pairs(const EpnetSplitObserver *o, int j, uint64_t block, double *sum) {
    const int low = o->shape.low;
    const double up = epnet_split_upper(&o->rates, j, 0, block),
                 down = epnet_split_upper(&o->rates, j, 1, block);
    for (uint64_t k = 0; k < (uint64_t)1 << low; k++) {
        const uint64_t a = block << low | k, b = epnet_flip(a, j);
        if (epnet_bit(a, j))
            continue;
        const Pair pair = {a, b, o->p[a], o->p[b], log_of(o->p[a]), log_of(o->p[b])};
        add_pair(o, j, &pair, epnet_split_low(&o->rates, j, 0)[k] + up,
                 epnet_split_low(&o->rates, j, 1)[k] + down, sum);
    }
}

static void pairs_of_chunks(void *context, int thread, size_t first, size_t end) {
    EpnetSplitObserver *o = context;
    (void)thread;
    const int low = o->shape.low;
    const size_t each = ((size_t)1 << (o->problem->nodes - low)) / epnet_split_chunks(&o->shape);
    for (size_t chunk = first; chunk < end; chunk++) {
        double *sum = o->partial + chunk * epnet_split_pairs_width(o->problem);
        for (uint64_t block = chunk * each; block < (chunk + 1) * each && !epnet_split_stopped(o); block++) {
            for (int j = 0; j < o->problem->nodes; j++) {
                if (j < low || !epnet_bit(block, j - low))
                    add_pairs(o, j, block, sum);
            }
        }
    }
}

void epnet_split_pairs(EpnetSplitObserver *o, EpnetSplitPairs *pairs) {
    const EpnetGenerator *g = &o->channels;
    const Layout layout = layout_of(o->problem);
    double *sum = o->pair_sums;
    epnet_split_sum_chunks(o, layout.width, pairs_of_chunks, sum);
    pairs->production = pairs->channels = pairs->environment = 0;
    memset(pairs->cut_production, 0, o->problem->cut_count * sizeof(double));
    memset(pairs->cut_environment, 0, o->problem->cut_count * sizeof(double));
    for (int j = 0; j < g->nodes; j++) {
        const double net = sum[layout.flip_net + (size_t)j];
        pairs->production += sum[layout.node + (size_t)j];
        pairs->channels += sum[layout.flip + (size_t)j];
        pairs->environment += net != 0 ? net * (log(g->flip_up[j]) - log(g->flip_down[j])) : 0;
    }
    for (size_t e = 0; e < g->edge_count; e++) {
        const double net = sum[layout.edge_net + e], production = g->rate[e] * sum[layout.edge + e],
                     environment = net != 0 ? g->rate[e] * net * g->drive[e] : 0;
        if (g->rate[e] == 0)
            continue;
        pairs->channels += production;
        pairs->environment += environment;
        for (size_t c = 0; c < o->problem->cut_count; c++) {
            pairs->cut_production[c] += o->cuts[c].use[e] ? production : 0;
            pairs->cut_environment[c] += o->cuts[c].use[e] ? environment : 0;
        }
    }
}

/* Entropy production and environment flow summed over the pairs of states that each channel connects: for
 * states with empty entries, and near equilibrium, where scalar products would lose the digits. */
#include "observe_sums.h"

#include "formula.h"

#include <math.h>

/* A copy edge i -> j joins, for every setting of the other nodes, the state `before` (x_i != x_j) with
 * `after` (x_j = x_i): forward rate beta, backward beta exp(-F). */
static void add_edge(const EpnetObserver *o, size_t e, const double *p, EpnetChannelSums *sums) {
    const EpnetGenerator *g = o->generator;
    const int i = g->source[e], j = g->target[e];
    const double drive = g->drive[e], beta = g->rate[e], backward = exp(-drive);
    double production = 0, net = 0;
    if (beta == 0)
        return;
    for (uint64_t k = 0; k < g->states / 2; k++) {
        const uint64_t s = epnet_insert_zero(k, j);
        const int x_i = epnet_bit(s, i);
        const uint64_t before = s | (uint64_t)(1 - x_i) << j, after = s | (uint64_t)x_i << j;
        const double x = p[before], y = backward * p[after];
        production += epnet_pair_production(x, y, x > 0, p[after] > 0 && !isinf(drive),
                                            o->log_p[before] - o->log_p[after] + drive);
        net += x - y;
    }
    sums->production += beta * production;
    sums->environment_flow += net != 0 ? beta * net * drive : 0;
}

/* Sums of all nodes, each by one thread, added in the order of the nodes. */
typedef struct Nodes {
    const EpnetObserver *observer;
    const double *p;
    const unsigned char *use; /* of copies, NULL: all */
    EpnetChannelSums sums[64];
} Nodes;

static EpnetChannelSums sum_of_nodes(const EpnetObserver *o, EpnetTeamBody *body, Nodes *nodes) {
    EpnetChannelSums total = {0, 0};
    const size_t count = (size_t)o->problem->nodes;
    epnet_team_share(o->team, count, 1, body, nodes);
    for (size_t j = 0; j < count; j++) {
        total.production += nodes->sums[j].production;
        total.environment_flow += nodes->sums[j].environment_flow;
    }
    return total;
}

/* The copies that enter some nodes. */
static void copies_share(void *context, int thread, size_t first, size_t end) {
    (void)thread;
    Nodes *nodes = context;
    const EpnetGenerator *g = nodes->observer->generator;
    for (size_t j = first; j < end; j++) {
        nodes->sums[j] = (EpnetChannelSums){0, 0};
        for (size_t e = 0; e < g->edge_count && !epnet_generator_stopped(g); e++) {
            if ((size_t)g->target[e] == j && (nodes->use == NULL || nodes->use[e]))
                add_edge(nodes->observer, e, nodes->p, &nodes->sums[j]);
        }
    }
}

/* The copy channels marked in `use` (NULL: all). */
EpnetChannelSums epnet_observe_copies(const EpnetObserver *o, const unsigned char *use, const double *p) {
    Nodes nodes = {.observer = o, .p = p, .use = use};
    return sum_of_nodes(o, copies_share, &nodes);
}

double epnet_observe_cut_production(EpnetObserver *o, const EpnetGenerator *generator, const double *p,
                                    size_t cut) {
    o->generator = generator;
    o->team = generator->team;
    epnet_observe_logarithms(o, p);
    return epnet_observe_copies(o, o->weights.cuts[cut].use, p).production;
}

static EpnetChannelSums flips_of(const EpnetObserver *o, int j, const double *p) {
    const EpnetGenerator *g = o->generator;
    const double up = g->flip_up[j], down = g->flip_down[j], log_rates = log(up) - log(down);
    EpnetChannelSums sums = {0, 0};
    double net = 0;
    if (up == 0 && down == 0)
        return sums;
    for (uint64_t k = 0; k < g->states / 2; k++) {
        const uint64_t a = epnet_insert_zero(k, j), b = epnet_flip(a, j);
        const double x = up * p[a], y = down * p[b];
        sums.production += epnet_pair_production(x, y, up > 0 && p[a] > 0, down > 0 && p[b] > 0,
                                                 o->log_p[a] - o->log_p[b] + log_rates);
        net += x - y;
    }
    sums.environment_flow = net != 0 ? net * log_rates : 0;
    return sums;
}

static void flips_share(void *context, int thread, size_t first, size_t end) {
    (void)thread;
    Nodes *nodes = context;
    for (size_t j = first; j < end && !epnet_generator_stopped(nodes->observer->generator); j++)
        nodes->sums[j] = flips_of(nodes->observer, (int)j, nodes->p);
}

/* The intrinsic flips of all nodes. */
EpnetChannelSums epnet_observe_flips(const EpnetObserver *o, const double *p) {
    Nodes nodes = {.observer = o, .p = p};
    return sum_of_nodes(o, flips_share, &nodes);
}

/* A pair of total rates of which a flux is zero, or so small that it underflows: decided on the structure. */
static double boundary_pair(const EpnetObserver *o, const double *p, int j, uint64_t a, uint64_t b,
                            double net) {
    const EpnetGenerator *g = o->generator;
    const bool forward = p[a] > 0 && epnet_generator_possible(g, j, a);
    const bool backward = p[b] > 0 && epnet_generator_possible(g, j, b);
    if (!forward && !backward)
        return 0;
    if (forward != backward)
        return INFINITY;
    return net * (o->log_p[a] + epnet_generator_log_rate(g, j, a) - o->log_p[b] -
                  epnet_generator_log_rate(g, j, b));
}

double epnet_observe_node_production(const EpnetObserver *o, const double *p, int j) {
    const EpnetGenerator *g = o->generator;
    const double smallest = 1e-290;                /* below it a product may have lost digits to underflow */
    const uint64_t look = ((uint64_t)1 << 16) - 1; /* so many pairs from one look at the stop to the next */
    double production = 0;
    for (uint64_t k = 0; k < g->states / 2; k++) {
        if ((k & look) == look && epnet_generator_stopped(g))
            break;
        const uint64_t a = epnet_insert_zero(k, j), b = epnet_flip(a, j);
        const double x = epnet_generator_rate(g, j, a) * p[a], y = epnet_generator_rate(g, j, b) * p[b];
        if (x < smallest || y < smallest)
            production += boundary_pair(o, p, j, a, b, x - y);
        else if (epnet_flux_is_balanced(x, y))
            production += epnet_flux_entropy_balanced(x, y);
        else
            production += (x - y) * (log(x) - log(y));
    }
    return production;
}

static void productions_share(void *context, int thread, size_t first, size_t end) {
    (void)thread;
    Nodes *nodes = context;
    for (size_t j = first; j < end; j++)
        nodes->sums[j] =
            (EpnetChannelSums){epnet_observe_node_production(nodes->observer, nodes->p, (int)j), 0};
}

double epnet_observe_total_production(const EpnetObserver *o, const double *p) {
    Nodes nodes = {.observer = o, .p = p};
    return sum_of_nodes(o, productions_share, &nodes).production;
}

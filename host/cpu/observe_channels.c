/* Sums over the pairs of states that each channel connects: net copies, entropy production, environment flow.
 */
#include "observe.h"

#include "formula.h"

#include <math.h>
#include <string.h>

/* A copy edge i -> j joins, for every setting of the other nodes, the state `before` (x_i != x_j) with
 * `after` (x_j = x_i): forward rate beta, backward beta exp(-F). */
static void observe_edge(const EpnetObserver *o, size_t e, const double *p, EpnetCopySums *sums) {
    const EpnetGenerator *g = o->generator;
    const int i = g->source[e], j = g->target[e];
    const double drive = g->drive[e], beta = g->rate[e], backward = exp(-drive);
    const bool one_way = isinf(drive);
    memset(sums, 0, sizeof *sums);
    if (beta == 0)
        return;
    for (uint64_t k = 0; k < g->states / 2; k++) {
        const uint64_t s = epnet_insert_zero(k, j);
        const int x_i = epnet_bit(s, i);
        const uint64_t before = s | (uint64_t)(1 - x_i) << j, after = s | (uint64_t)x_i << j;
        const double x = p[before], y = backward * p[after];
        const double log_difference = o->log_p[before] - o->log_p[after];
        const bool forward_flux = x > 0, backward_flux = p[after] > 0 && !one_way;
        if (forward_flux && backward_flux)
            sums->production += epnet_flux_entropy(x, y, log_difference + drive);
        else if (forward_flux || backward_flux)
            sums->production = INFINITY;
        sums->net += x - y;
        sums->log_p.finite -= (x - y) * log_difference;
        if (o->any_fills)
            sums->log_p.log_t += (x - y) * (o->fills[after] - o->fills[before]);
    }
    sums->net *= beta;
    sums->production *= beta;
    sums->log_p.finite *= beta;
    sums->log_p.log_t *= beta;
}

void epnet_observe_edges(EpnetObserver *o, const double *p) {
    for (size_t e = 0; e < o->generator->edge_count; e++)
        observe_edge(o, e, p, &o->edges[e]);
}

double epnet_observe_cut_production(EpnetObserver *o, const EpnetGenerator *generator, const double *p,
                                    size_t cut) {
    const uint64_t mask = o->problem->cuts[cut];
    double production = 0;
    o->generator = generator;
    o->any_fills = false;
    for (size_t s = 0; s < generator->states; s++)
        o->log_p[s] = p[s] > 0 ? log(p[s]) : 0;
    for (size_t e = 0; e < generator->edge_count; e++) {
        if (epnet_bit(mask, generator->source[e]) == epnet_bit(mask, generator->target[e]))
            continue;
        observe_edge(o, e, p, &o->edges[e]);
        production += o->edges[e].production;
    }
    return production;
}

/* Entropy production of the intrinsic flips, summed over nodes; adds up their environment flow. */
double epnet_observe_flips(const EpnetObserver *o, const double *p, double *environment_flow) {
    const EpnetGenerator *g = o->generator;
    double production = 0;
    *environment_flow = 0;
    for (int j = 0; j < g->nodes; j++) {
        const double up = g->flip_up[j], down = g->flip_down[j], log_rates = log(up) - log(down);
        double node = 0, net = 0;
        if (up == 0 && down == 0)
            continue;
        for (uint64_t k = 0; k < g->states / 2; k++) {
            const uint64_t a = epnet_insert_zero(k, j), b = epnet_flip(a, j);
            const double x = up * p[a], y = down * p[b];
            const bool up_flux = up > 0 && p[a] > 0, down_flux = down > 0 && p[b] > 0;
            if (up_flux && down_flux)
                node += epnet_flux_entropy(x, y, o->log_p[a] - o->log_p[b] + log_rates);
            else if (up_flux || down_flux)
                node = INFINITY;
            net += x - y;
        }
        production += node;
        *environment_flow += net != 0 ? net * log_rates : 0;
    }
    return production;
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
    const double smallest = 1e-290; /* below it a product may have lost digits to underflow */
    double production = 0;
    for (uint64_t k = 0; k < g->states / 2; k++) {
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

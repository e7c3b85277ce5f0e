#include "counts.h"

#include <math.h>
#include <string.h>

static double choose(int n, int k) {
    double value = 1;
    if (k < 0 || k > n)
        return 0;
    for (int i = 1; i <= k; i++)
        value = value * (n - k + i) / i;
    return round(value);
}

/* Rate at which a zero among m ones goes up, and a one among m ones down. */
static double rate_up(const EpnetCounts *c, int m) {
    const double back = exp(-c->rates.drive);
    return c->rates.flip_up + c->rates.copy_rate * (m + back * (c->nodes - 1 - m));
}

static double rate_down(const EpnetCounts *c, int m) {
    const double back = exp(-c->rates.drive);
    return c->rates.flip_down + c->rates.copy_rate * (c->nodes - m + back * (m - 1));
}

EpnetCounts epnet_counts_zero(int nodes, EpnetBenchEqual rates) {
    EpnetCounts counts = {.nodes = nodes, .rates = rates};
    counts.law[0] = 1;
    return counts;
}

EpnetCounts epnet_counts_stationary(int nodes, EpnetBenchEqual rates) {
    EpnetCounts counts = {.nodes = nodes, .rates = rates};
    double sum = counts.law[0] = 1;
    for (int m = 0; m < nodes; m++) {
        counts.law[m + 1] =
            counts.law[m] * (nodes - m) * rate_up(&counts, m) / ((m + 1) * rate_down(&counts, m + 1));
        sum += counts.law[m + 1];
    }
    for (int m = 0; m <= nodes; m++)
        counts.law[m] /= sum;
    return counts;
}

/* d law/dt of `in`. */
static void derive(const EpnetCounts *c, const double *in, double *out) {
    memset(out, 0, sizeof(double) * (size_t)(c->nodes + 1));
    for (int m = 0; m < c->nodes; m++) {
        const double flux =
            (c->nodes - m) * rate_up(c, m) * in[m] - (m + 1) * rate_down(c, m + 1) * in[m + 1];
        out[m] -= flux;
        out[m + 1] += flux;
    }
}

void epnet_counts_advance(EpnetCounts *counts, double dt) {
    enum { DEGREE = 24 };
    double largest = 0, terms[2][EPNET_COUNTS_MOST];
    for (int m = 0; m <= counts->nodes; m++)
        largest = fmax(largest, (counts->nodes - m) * rate_up(counts, m) + m * rate_down(counts, m));
    const double steps = fmax(1, ceil(4 * largest * dt)), h = dt / steps;
    for (double k = 0; k < steps; k++) {
        double factor = 1;
        memcpy(terms[0], counts->law, sizeof counts->law);
        for (int d = 1; d <= DEGREE; d++) {
            derive(counts, terms[(d - 1) % 2], terms[d % 2]);
            factor *= h / d;
            for (int m = 0; m <= counts->nodes; m++)
                counts->law[m] += factor * terms[d % 2][m];
        }
    }
}

/* ---- observables --------------------------------------------------------------------------------------- */

/* Probability (or any weight by counts) that given `size` nodes are in a given state with `ones` ones. */
static double part(const EpnetCounts *c, const double *weight, int size, int ones) {
    double sum = 0;
    for (int m = ones; m <= c->nodes - size + ones; m++)
        sum += choose(c->nodes - size, m - ones) * weight[m] / choose(c->nodes, m);
    return sum;
}

/* -sum over the states of `size` nodes of weight ln law. */
static double part_entropy(const EpnetCounts *c, const double *weight, int size) {
    double sum = 0;
    for (int ones = 0; ones <= size; ones++)
        sum -= choose(size, ones) * part(c, weight, size, ones) * log(part(c, c->law, size, ones));
    return sum;
}

/* What pairs of fluxes add up to. */
typedef struct Fluxes {
    double production, flow, activity;
} Fluxes;

/* `count` pairs of states with the rates r from a to b and back from b to a. */
static void add(Fluxes *sum, double count, double a, double r, double b, double back) {
    const double x = a * r, y = b * back;
    if (count == 0 || x + y == 0)
        return;
    sum->activity += count * (x + y);
    sum->production += count * (x - y) * (log(x) - log(y)); /* one flux alone: infinite */
    sum->flow += count * (x - y) * (log(r) - log(back));
}

/* All pairs by total rates, by the flips, and by the copies. */
static void add_all(const EpnetCounts *c, Fluxes *total, Fluxes *flips, Fluxes *copies) {
    const int n = c->nodes;
    const double rate = c->rates.copy_rate, reverse = rate * exp(-c->rates.drive);
    double state[EPNET_COUNTS_MOST]; /* probability of one state with m ones */
    for (int m = 0; m <= n; m++)
        state[m] = c->law[m] / choose(n, m);
    for (int m = 0; m < n; m++) {
        const double pairs = choose(n, m) * (n - m);
        add(total, pairs, state[m], rate_up(c, m), state[m + 1], rate_down(c, m + 1));
        add(flips, pairs, state[m], c->rates.flip_up, state[m + 1], c->rates.flip_down);
    }
    for (int m = 0; m <= n - 2; m++) { /* ones among the nodes that are neither source nor target */
        const double edges = (double)n * (n - 1) * choose(n - 2, m);
        add(copies, edges, state[m + 1], rate, state[m + 2], reverse); /* source 1, target 0 to 1 */
        add(copies, edges, state[m + 1], rate, state[m], reverse);     /* source 0, target 1 to 0 */
    }
}

void epnet_counts_row(const EpnetCounts *c, int cut_nodes, double *row) {
    const int n = c->nodes, rest = n - cut_nodes;
    double change[EPNET_COUNTS_MOST] = {0};
    Fluxes total = {0, 0, 0}, flips = {0, 0, 0}, copies = {0, 0, 0};
    add_all(c, &total, &flips, &copies);
    derive(c, c->law, change);
    const double entropy = part_entropy(c, c->law, n), entropy_rate = part_entropy(c, change, n);
    const double node = n * part_entropy(c, c->law, 1), node_rate = n * part_entropy(c, change, 1);
    for (size_t i = 0; i < epnet_row_width(1); i++)
        row[i] = NAN;
    row[EPNET_ENTROPY] = entropy;
    row[EPNET_MULTIINFORMATION] = node - entropy;
    row[EPNET_MULTIINFORMATION_RATE] = node_rate - entropy_rate;
    row[EPNET_ENTROPY_PRODUCTION] = total.production;
    row[EPNET_ENTROPY_PRODUCTION_CHANNELS] = flips.production + copies.production;
    row[EPNET_ENVIRONMENT_ENTROPY_FLOW] = flips.flow + copies.flow;
    row[EPNET_ACTIVITY] = total.activity;
    row[EPNET_ENTROPY_RATE] = entropy_rate;
    row[EPNET_NODE_ENTROPY_RATE] = node_rate;
    double *cut = row + EPNET_COLUMNS;
    const double crossing = 2.0 * cut_nodes * rest / ((double)n * (n - 1)); /* of all edges */
    cut[EPNET_CUT_MUTUAL_INFORMATION] =
        part_entropy(c, c->law, cut_nodes) + part_entropy(c, c->law, rest) - entropy;
    cut[EPNET_CUT_MUTUAL_INFORMATION_RATE] =
        part_entropy(c, change, cut_nodes) + part_entropy(c, change, rest) - entropy_rate;
    cut[EPNET_CUT_ENTROPY_PRODUCTION] = crossing * copies.production;
    cut[EPNET_CUT_ENVIRONMENT_ENTROPY_FLOW] = crossing * copies.flow;
    cut[EPNET_CUT_CAPACITY] = 2.0 * cut_nodes * rest * c->rates.copy_rate;
}

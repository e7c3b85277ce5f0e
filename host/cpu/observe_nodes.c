/* The nodes against laws of their own: product laws in detailed balance, and that of the flips alone. */
#include "observe.h"

#include "formula.h"

#include <math.h>

/* Total rate of the copies that enter node i; NaN if a driven one does, so that no product law is in balance.
 */
static double undriven_copies(const EpnetGenerator *g, int i) {
    double sum = 0;
    for (size_t e = 0; e < g->edge_count; e++) {
        if (g->target[e] == i && g->rate[e] > 0)
            sum += g->drive[e] == 0 ? g->rate[e] : NAN;
    }
    return sum;
}

double epnet_observe_node_divergence_rate(const EpnetObserver *o, double (*p)[2], double (*dp)[2],
                                          double activity) {
    const EpnetGenerator *g = o->generator;
    EpnetLimit sum = {0, 0};
    for (int i = 0; i < g->nodes; i++) {
        /* An undriven copy flips its target at beta whatever the source shows: it adds to both flips. */
        const double copies = undriven_copies(g, i), up = g->flip_up[i] + copies,
                     down = g->flip_down[i] + copies;
        const double law[2] = {down / (up + down), up / (up + down)};
        for (int x = 0; x < 2; x++) {
            if (!(law[x] > 0))
                return NAN;
            const EpnetLimit log_p = epnet_limit_log(p[i][x], dp[i][x]);
            sum.finite += dp[i][x] * (log_p.finite - log(law[x]));
            sum.log_t += dp[i][x] * log_p.log_t;
        }
    }
    return epnet_limit_value(sum, activity);
}

double epnet_observe_flip_divergence(const EpnetObserver *o, double (*p)[2]) {
    const EpnetGenerator *g = o->generator;
    double sum = 0;
    for (int i = 0; i < g->nodes; i++) {
        const double up = g->flip_up[i], down = g->flip_down[i];
        const double law[2] = {down / (up + down), up / (up + down)};
        for (int x = 0; x < 2; x++) {
            if (law[x] > 0)
                sum += epnet_divergence_term(p[i][x], law[x], p[i][x] > 0 ? log(p[i][x]) - log(law[x]) : 0);
            else if (isnan(law[x]) || p[i][x] > 0)
                sum += isnan(law[x]) ? NAN : INFINITY;
        }
    }
    return sum;
}

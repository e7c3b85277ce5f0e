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

void epnet_observe_node_laws(const EpnetObserver *o, int node, double *law, double *flip_law) {
    const EpnetGenerator *g = o->generator;
    /* An undriven copy flips its target at beta whatever the source shows: it adds to both flips. */
    const double copies = undriven_copies(g, node), up = g->flip_up[node], down = g->flip_down[node];
    law[0] = (down + copies) / (up + copies + (down + copies));
    law[1] = (up + copies) / (up + copies + (down + copies));
    flip_law[0] = down / (up + down);
    flip_law[1] = up / (up + down);
}

double epnet_observe_node_divergence_rate(const EpnetObserver *o, double (*p)[2], double (*dp)[2],
                                          double activity) {
    EpnetLimit sum = {0, 0};
    for (int i = 0; i < o->generator->nodes; i++) {
        double law[2], flip_law[2];
        epnet_observe_node_laws(o, i, law, flip_law);
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
    double sum = 0;
    for (int i = 0; i < o->generator->nodes; i++) {
        double unused[2], law[2];
        epnet_observe_node_laws(o, i, unused, law);
        for (int x = 0; x < 2; x++) {
            if (law[x] > 0)
                sum += epnet_divergence_term(p[i][x], law[x], p[i][x] > 0 ? log(p[i][x]) - log(law[x]) : 0);
            else if (isnan(law[x]) || p[i][x] > 0)
                sum += isnan(law[x]) ? NAN : INFINITY;
        }
    }
    return sum;
}

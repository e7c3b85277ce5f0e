#include "entropy_decay.h"

#include "formula.h"

#include <math.h>

/* EP(q) / (2 D(q || pi)) of a node with log odds `y` of being 1. Both are sums of terms that keep their
 * digits near equilibrium; at it, the limit is up + down. */
static double decay_ratio(double up, double down, double y) {
    const double one = 1 / (1 + exp(-y)), zero = 1 / (1 + exp(y));
    const double pi_one = up / (up + down), pi_zero = down / (up + down);
    const double x = up * zero, z = down * one, log_odds = log(up) - log(down);
    const double production = epnet_flux_entropy(x, z, log_odds - y);
    const double log_one = -log1p(exp(-y)), log_zero = -log1p(exp(y));
    const double divergence = epnet_divergence_term(one, pi_one, log_one - log(pi_one)) +
                              epnet_divergence_term(zero, pi_zero, log_zero - log(pi_zero));
    return divergence > 0 ? production / (2 * divergence) : up + down;
}

double epnet_entropy_decay(double flip_up, double flip_down) {
    enum { STEPS = 100 };
    if (!(flip_up > 0 && flip_down > 0))
        return 0;
    /* The ratio has one minimum in the log odds, between equilibrium and even odds (within one unit). */
    const double golden = 0.3819660112501051, equilibrium = log(flip_up) - log(flip_down);
    double a = fmin(equilibrium, 0) - 1, b = fmax(equilibrium, 0) + 1;
    double left = a + golden * (b - a), right = b - golden * (b - a);
    double at_left = decay_ratio(flip_up, flip_down, left), at_right = decay_ratio(flip_up, flip_down, right);
    for (int step = 0; step < STEPS && b - a > 1e-9; step++) {
        if (at_left <= at_right) {
            b = right;
            right = left;
            at_right = at_left;
            left = a + golden * (b - a);
            at_left = decay_ratio(flip_up, flip_down, left);
        } else {
            a = left;
            left = right;
            at_left = at_right;
            right = b - golden * (b - a);
            at_right = decay_ratio(flip_up, flip_down, right);
        }
    }
    return fmin(fmin(at_left, at_right), flip_up + flip_down);
}

#include "bounds.h"

#include <math.h>

double gpu_bound_steps(int nodes) {
    static const double bounds[] = {[5] = 65e9,    [6] = 22e9,    [7] = 8.2e9, [8] = 3.3e9, [9] = 1.1e9,
                                    [10] = 0.54e9, [11] = 0.19e9, [12] = 85e6, [13] = 40e6};
    return nodes >= 5 && nodes <= 13 ? bounds[nodes] : NAN;
}

double gpu_bound_bytes(int nodes) {
    return 16 * ldexp(1, nodes);
}

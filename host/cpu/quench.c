#include "quench.h"

#include "leak.h"
#include "status.h"

#include <stdlib.h>
#include <string.h>

bool epnet_quench_alloc(EpnetQuench *quench, int nodes) {
    memset(quench, 0, sizeof *quench);
    quench->p = epnet_calloc((size_t)1 << nodes, sizeof *quench->p);
    return quench->p != NULL;
}

void epnet_quench_free(EpnetQuench *quench) {
    free(quench->p);
    memset(quench, 0, sizeof *quench);
}

/* p0 after the time t, into quench->p. */
static void relax(EpnetQuench *quench, double t) {
    const int nodes = quench->observer->problem->nodes;
    const size_t states = (size_t)1 << nodes;
    double *p = quench->p;
    memcpy(p, quench->p0, states * sizeof *p);
    for (int i = 0; i < nodes; i++) {
        double up, down;
        epnet_quench_transitions(quench->point->flip_up[i], quench->point->flip_down[i], t, &up, &down);
        const size_t stride = (size_t)1 << i;
        for (size_t base = 0; base < states; base += 2 * stride) {
            for (size_t a = base; a < base + stride; a++) {
                const double p_a = p[a], p_b = p[a + stride];
                p[a] = (1 - up) * p_a + down * p_b;
                p[a + stride] = up * p_a + (1 - down) * p_b;
            }
        }
    }
}

static double information_after(void *context, double t) {
    EpnetQuench *quench = context;
    relax(quench, t);
    return epnet_observe_multiinformation(quench->observer, quench->p);
}

EpnetPointStatus epnet_quench_solve(EpnetQuench *quench, EpnetLeakWork *work, EpnetObserver *observer,
                                    const EpnetPoint *point, const double *p0, double noise,
                                    EpnetLeakFit *fit) {
    quench->observer = observer;
    quench->point = point;
    quench->p0 = p0;
    return epnet_leak_quench(work, observer->problem, point, noise, information_after, quench, fit);
}

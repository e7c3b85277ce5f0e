#include "evolve.h"

#include "../status.h"
#include "cpu_space.h"

#include <string.h>

bool epnet_evolution_alloc(EpnetEvolution *ev, const EpnetProblem *problem) {
    enum { VECTORS = 5 };
    const size_t states = (size_t)1 << problem->nodes;
    memset(ev, 0, sizeof *ev);
    ev->problem = problem;
    ev->cpu = epnet_cpu_space_new(problem->nodes, VECTORS);
    if (ev->cpu == NULL)
        return false;
    ev->p = ev->cpu->vectors;
    ev->previous = ev->p + states;
    for (size_t i = 0; i < 3; i++)
        ev->work[i] = ev->p + (2 + i) * states;
    return true;
}

void epnet_evolution_free(EpnetEvolution *ev) {
    epnet_cpu_space_free(ev->cpu);
    epnet_series_free(&ev->chebyshev);
    epnet_series_free(&ev->poisson);
    memset(ev, 0, sizeof *ev);
}

EpnetPointStatus epnet_evolution_start(EpnetEvolution *ev, const EpnetGenerator *generator,
                                       const double *p0) {
    ev->space = epnet_cpu_space(ev->cpu, generator);
    memcpy(ev->p, p0, generator->states * sizeof *p0);
    return epnet_evolution_begin(ev);
}

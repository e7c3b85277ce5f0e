#include "stationary.h"

#include "../status.h"
#include "cpu_space.h"

#include <stdlib.h>
#include <string.h>

bool epnet_stationary_alloc(EpnetStationary *st, int nodes) {
    const size_t states = (size_t)1 << nodes;
    const bool direct = nodes <= EPNET_STATIONARY_DIRECT_NODES;
    const size_t work = direct ? 1 : EPNET_RELAXATION_WORK;
    memset(st, 0, sizeof *st);
    st->nodes = nodes;
    st->cpu = epnet_cpu_space_new(nodes, 1 + work);
    st->matrix = direct ? epnet_calloc(states * states, sizeof(double)) : NULL;
    if (st->cpu == NULL || (direct && st->matrix == NULL))
        return false;
    st->p = st->relaxation.p = st->cpu->vectors;
    for (size_t i = 0; i < work; i++)
        st->relaxation.work[i] = st->p + (1 + i) * states;
    return true;
}

void epnet_stationary_free(EpnetStationary *st) {
    epnet_cpu_space_free(st->cpu);
    free(st->matrix);
    memset(st, 0, sizeof *st);
}

static bool is_member(const EpnetStationary *st, size_t s) {
    return st->relaxation.member == NULL || st->relaxation.member[s];
}

static bool is_odd(size_t s) {
    return __builtin_popcountll(s) % 2 != 0;
}

/* Small N: elimination over the `count` states of the closed class. A flip leads from an even number of ones
 * to an odd one: with the odd states last, and so eliminated first, half of the states cost N rows of half
 * the length each, and what is left to fill is a matrix of half the size. */
static EpnetPointStatus eliminate(EpnetStationary *st, const EpnetGenerator *g, size_t count) {
    double *pi = st->relaxation.work[0], *matrix = st->matrix;
    memset(matrix, 0, count * count * sizeof *matrix);
    /* Numbers ride in work[0] until the law replaces them. */
    size_t number = 0;
    for (int odd = 0; odd <= 1; odd++) {
        for (size_t s = 0; s < g->states; s++) {
            if (is_odd(s) == odd)
                pi[s] = is_member(st, s) ? (double)number++ : -1;
        }
    }
    for (size_t s = 0; s < g->states; s++) {
        for (int j = 0; j < g->nodes && pi[s] >= 0; j++) {
            uint64_t t = epnet_flip(s, j);
            if (pi[t] >= 0)
                matrix[(size_t)pi[s] * count + (size_t)pi[t]] = epnet_generator_rate(g, j, s);
        }
    }
    if (!epnet_gth_solve(count, matrix, pi))
        return EPNET_POINT_NOT_CONVERGED;
    number = 0;
    for (int odd = 0; odd <= 1; odd++) {
        for (size_t s = 0; s < g->states; s++) {
            if (is_odd(s) == odd)
                st->p[s] = is_member(st, s) ? pi[number++] : 0;
        }
    }
    return EPNET_POINT_OK;
}

static EpnetPointStatus solve_direct(EpnetStationary *st, const EpnetGenerator *g, const EpnetSpace *space) {
    size_t count;
    st->relaxation.applications = 0;
    EpnetPointStatus status = epnet_relaxation_find_class(&st->relaxation, space, &count);
    if (status == EPNET_POINT_OK)
        status = eliminate(st, g, count);
    return status == EPNET_POINT_OK ? epnet_relaxation_check(&st->relaxation, space) : status;
}

EpnetPointStatus epnet_stationary_solve(EpnetStationary *st, const EpnetGenerator *g) {
    const EpnetSpace space = epnet_cpu_space(st->cpu, g);
    return st->matrix != NULL ? solve_direct(st, g, &space) : epnet_relax(&st->relaxation, &space);
}

#include "stationary.h"

#include "../status.h"
#include "apply.h"
#include "krylov.h"
#include "reach.h"
#include "vector.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BEST = 7 };                             /* the work vector that keeps the best law so far */
static const double RESIDUAL_ACCEPTED = 1e-13; /* times Lambda */

bool epnet_stationary_alloc(EpnetStationary *st, int nodes) {
    size_t states = (size_t)1 << nodes;
    bool direct = nodes <= EPNET_STATIONARY_DIRECT_NODES;
    memset(st, 0, sizeof *st);
    st->nodes = nodes;
    st->p =
        epnet_calloc(states * (direct ? states + 2 : 1 + sizeof st->work / sizeof *st->work), sizeof(double));
    if (st->p == NULL)
        return false;
    st->work[0] = st->p + states;
    st->work[1] = direct ? st->work[0] + states : NULL; /* the matrix */
    for (size_t i = 1; !direct && i < sizeof st->work / sizeof *st->work; i++)
        st->work[i] = st->work[0] + i * states;
    return true;
}

void epnet_stationary_free(EpnetStationary *st) {
    free(st->p);
    free(st->member);
    free(st->queue);
    memset(st, 0, sizeof *st);
}

/* The closed class in st->member and its size, or a status. */
static EpnetPointStatus find_class(EpnetStationary *st, const EpnetGenerator *g, size_t *count) {
    *count = g->states;
    if (!g->has_zero_rates)
        return EPNET_POINT_OK;
    if (st->queue == NULL) {
        st->member = epnet_calloc(g->states, 1);
        st->queue = epnet_calloc(g->states, sizeof *st->queue);
        if (st->member == NULL || st->queue == NULL)
            return EPNET_POINT_OUT_OF_MEMORY;
    }
    return epnet_reach_closed_class(g, st->member, count, st->queue) ? EPNET_POINT_OK
                                                                     : EPNET_POINT_NOT_UNIQUE;
}

static bool is_member(const EpnetStationary *st, const EpnetGenerator *g, size_t s) {
    return !g->has_zero_rates || st->member[s];
}

/* ---- small N: elimination ---------------------------------------------------------------------------- */

static EpnetPointStatus solve_direct(EpnetStationary *st, const EpnetGenerator *g, size_t count) {
    double *pi = st->work[0], *matrix = st->work[1];
    memset(matrix, 0, count * count * sizeof *matrix);
    /* Members are numbered in order of state; numbers ride in work[0] until the law replaces them. */
    size_t number = 0;
    for (size_t s = 0; s < g->states; s++)
        pi[s] = is_member(st, g, s) ? (double)number++ : -1;
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
    for (size_t s = 0; s < g->states; s++)
        st->p[s] = is_member(st, g, s) ? pi[number++] : 0;
    return EPNET_POINT_OK;
}

/* ---- large N: Krylov correction, then positive sweeps -------------------------------------------------- */

/* q = pL into work[0]; returns |pL|_1 [1/s]. */
static double residual(EpnetStationary *st, const EpnetGenerator *g) {
    epnet_cpu_apply(g, st->p, st->work[0]);
    st->applications++;
    return epnet_norm1(g->states, st->work[0]);
}

static void normalise(EpnetStationary *st, const EpnetGenerator *g) {
    double sum = epnet_sum(g->states, st->p);
    for (size_t s = 0; s < g->states; s++)
        st->p[s] /= sum;
}

/* 2-norm of the rounding of pL: each entry's, from its largest term pi_s exit_s [1/s]. */
static double rounding_floor(const EpnetStationary *st, const EpnetGenerator *g) {
    double square = 0;
    for (size_t s = 0; s < g->states; s++)
        square += st->p[s] * g->exit[s] * (st->p[s] * g->exit[s]);
    return DBL_EPSILON * sqrt(square);
}

static bool stopped(const EpnetStationary *st) {
    return st->stop != NULL && *st->stop;
}

/* Krylov corrections until the residual is at rounding level or stops falling. Each starts from the residual
 * computed anew, so it refines the last; one that made it worse is taken back. */
static void correct(EpnetStationary *st, const EpnetGenerator *g) {
    enum { CORRECTIONS = 60, IDLE = 3 };
    double *best = st->work[BEST];
    double best_residual = INFINITY;
    for (int i = 0, idle = 0; i < CORRECTIONS && idle < IDLE && !stopped(st); i++) {
        st->residual = residual(st, g);
        idle = st->residual < 0.5 * best_residual ? 0 : idle + 1;
        if (st->residual < best_residual) {
            best_residual = st->residual;
            memcpy(best, st->p, g->states * sizeof *best);
        }
        if (st->residual <= 4 * DBL_EPSILON * epnet_dot(g->states, st->p, g->exit))
            break;
        st->applications +=
            epnet_krylov_correct(g, rounding_floor(st, g), st->stop, st->work[0], st->p, st->work + 1);
        normalise(st, g);
    }
    memcpy(st->p, best, g->states * sizeof *best);
    st->residual = best_residual;
}

/* Entries that rounding left at or below zero: replaced by the balance of their neighbours,
 * pi_s = inflow / exit, sweep after sweep until all are positive. Returns false if they will not be. */
static bool make_positive(EpnetStationary *st, const EpnetGenerator *g) {
    enum { SWEEPS = 200 };
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        size_t left = 0;
        for (size_t s = 0; s < g->states; s++) {
            if (st->p[s] > 0 || !is_member(st, g, s))
                continue;
            double inflow = 0;
            for (int j = 0; j < g->nodes; j++)
                inflow += epnet_generator_rate(g, j, epnet_flip(s, j)) * fmax(st->p[epnet_flip(s, j)], 0);
            st->p[s] = inflow / g->exit[s];
            left += !(st->p[s] > 0);
        }
        if (left == 0)
            return true;
    }
    return false;
}

static EpnetPointStatus solve_iterative(EpnetStationary *st, const EpnetGenerator *g, size_t count) {
    for (size_t s = 0; s < g->states && !st->from_last; s++)
        st->p[s] = is_member(st, g, s) ? 1 / (double)count : 0;
    if (count == 1) /* absorbing: nothing moves */
        return EPNET_POINT_OK;
    correct(st, g);
    if (stopped(st))
        return EPNET_POINT_NOT_CONVERGED;
    if (!isfinite(st->residual))
        return EPNET_POINT_NOT_FINITE;
    if (!make_positive(st, g))
        return EPNET_POINT_NOT_POSITIVE;
    normalise(st, g);
    return EPNET_POINT_OK;
}

EpnetPointStatus epnet_stationary_solve(EpnetStationary *st, const EpnetGenerator *g) {
    size_t count;
    st->applications = 0;
    EpnetPointStatus status = find_class(st, g, &count);
    if (status != EPNET_POINT_OK)
        return status;
    status = g->nodes <= EPNET_STATIONARY_DIRECT_NODES ? solve_direct(st, g, count)
                                                       : solve_iterative(st, g, count);
    if (status != EPNET_POINT_OK)
        return status;
    st->residual = residual(st, g);
    return st->residual <= RESIDUAL_ACCEPTED * g->exit_max ? EPNET_POINT_OK : EPNET_POINT_NOT_CONVERGED;
}

#include "split_means.h"

#include "../status.h"
#include "split_tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool epnet_split_means_alloc(EpnetSplitMeans *m, const EpnetProblem *problem) {
    const size_t size = (size_t)problem->nodes + 1;
    memset(m, 0, sizeof *m);
    m->problem = problem;
    m->matrix = epnet_calloc(3 * size * size + 2 * size, sizeof *m->matrix);
    if (m->matrix == NULL)
        return false;
    m->evolution = m->matrix + size * size;
    m->next = m->evolution + size * size;
    m->mean = m->next + size * size;
    m->moved = m->mean + size;
    return true;
}

void epnet_split_means_free(EpnetSplitMeans *m) {
    free(m->matrix);
    memset(m, 0, sizeof *m);
}

void epnet_split_means_begin(EpnetSplitMeans *m, const EpnetPoint *point, double (*marginal)[2]) {
    const EpnetProblem *problem = m->problem;
    const size_t nodes = (size_t)problem->nodes, size = nodes + 1;
    memset(m->matrix, 0, size * size * sizeof *m->matrix);
    for (size_t j = 0; j < nodes; j++) {
        m->matrix[j * size + nodes] = point->flip_up[j];
        m->matrix[j * size + j] = -epnet_split_turnover(problem, point, (int)j);
        m->mean[j] = marginal[j][1];
    }
    for (size_t e = 0; e < problem->edge_count; e++) {
        const size_t j = (size_t)problem->target[e], i = (size_t)problem->source[e];
        const double back = exp(-point->drive[e]);
        m->matrix[j * size + nodes] += point->rate[e] * back;
        m->matrix[j * size + i] += point->rate[e] * -expm1(-point->drive[e]);
    }
    m->mean[nodes] = 1;
    m->dt = NAN;
}

/* c = a b */
static void multiply(size_t size, const double *a, const double *b, double *c) {
    memset(c, 0, size * size * sizeof *c);
    for (size_t i = 0; i < size; i++) {
        for (size_t k = 0; k < size; k++) {
            for (size_t j = 0; j < size; j++)
                c[i * size + j] += a[i * size + k] * b[k * size + j];
        }
    }
}

static void swap(double **a, double **b) {
    double *kept = *a;
    *a = *b;
    *b = kept;
}

/* exp(dt matrix) by a power series over dt / 2^k and k squarings. No diagonal entry is positive and no other
 * one negative, so the exponential has no negative entry and squaring cancels nothing. */
static void exponentiate(EpnetSplitMeans *m, double dt) {
    enum { DEGREE = 14 }; /* 0.5^15 / 15! < 3e-17 */
    const size_t size = (size_t)m->problem->nodes + 1;
    double norm = 0;
    for (size_t j = 0; j + 1 < size; j++)
        norm = fmax(norm, -2 * m->matrix[j * size + j]);
    const int squarings = norm * dt > 0.5 ? (int)ceil(log2(norm * dt / 0.5)) : 0;
    const double part = ldexp(dt, -squarings);
    memset(m->evolution, 0, size * size * sizeof *m->evolution);
    for (size_t j = 0; j < size; j++)
        m->evolution[j * size + j] = 1;
    for (int order = DEGREE; order >= 1; order--) { /* Horner: 1 + A (1 + A/2 (1 + ...)) */
        multiply(size, m->matrix, m->evolution, m->next);
        for (size_t k = 0; k < size * size; k++)
            m->next[k] *= part / order;
        for (size_t j = 0; j < size; j++)
            m->next[j * size + j] += 1;
        swap(&m->evolution, &m->next);
    }
    for (int k = 0; k < squarings; k++) {
        multiply(size, m->evolution, m->evolution, m->next);
        swap(&m->evolution, &m->next);
    }
    m->dt = dt;
}

void epnet_split_means_advance(EpnetSplitMeans *m, double dt) {
    const size_t size = (size_t)m->problem->nodes + 1;
    if (!(dt > 0))
        return;
    if (m->dt != dt)
        exponentiate(m, dt);
    memset(m->moved, 0, size * sizeof *m->moved);
    for (size_t j = 0; j < size; j++) {
        for (size_t i = 0; i < size; i++)
            m->moved[j] += m->evolution[j * size + i] * m->mean[i];
    }
    swap(&m->mean, &m->moved);
    m->mean[size - 1] = 1;
}

#include "moments.h"

#include "../status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool epnet_moments_make(EpnetMoments *m, const EpnetProblem *problem, const EpnetPoint *point) {
    const size_t n = (size_t)problem->nodes, values = n + n * n;
    memset(m, 0, sizeof *m);
    m->nodes = problem->nodes;
    m->storage = epnet_calloc(2 * n + n * n + 4 * values, sizeof *m->storage);
    if (m->storage == NULL)
        return false;
    m->a = m->storage;
    m->g = m->a + n;
    m->b = m->g + n;
    m->mean = m->b + n * n;
    m->pair = m->mean + n;
    for (int k = 0; k < 3; k++)
        m->work[k] = m->mean + (size_t)(k + 1) * values;
    for (size_t j = 0; j < n; j++) {
        m->a[j] = (point->flip_up[j] + point->flip_down[j]) / 2;
        m->g[j] = (point->flip_up[j] - point->flip_down[j]) / 2;
    }
    for (size_t e = 0; e < problem->edge_count; e++) {
        const size_t i = (size_t)problem->source[e], j = (size_t)problem->target[e];
        m->a[j] += point->rate[e] * (1 + exp(-point->drive[e])) / 2;
        m->b[i * n + j] += -point->rate[e] * expm1(-point->drive[e]) / 2;
    }
    return true;
}

void epnet_moments_free(EpnetMoments *m) {
    free(m->storage);
    memset(m, 0, sizeof *m);
}

/* out = the derivative of the moments `in` (means, then pairs), with its constant part where `one` is 1 and
 * without where it is 0. */
static void derive(const EpnetMoments *m, const double *in, double one, double *out) {
    const size_t n = (size_t)m->nodes;
    const double *mean = in, *pair = in + n;
    for (size_t j = 0; j < n; j++) {
        double sum = -m->a[j] * mean[j] - m->g[j] * one;
        for (size_t i = 0; i < n; i++)
            sum += m->b[i * n + j] * mean[i];
        out[j] = 2 * sum;
    }
    for (size_t a = 0; a < n; a++) {
        for (size_t b = a; b < n; b++) {
            double sum = -(m->a[a] + m->a[b]) * pair[a * n + b] - m->g[a] * mean[b] - m->g[b] * mean[a];
            for (size_t i = 0; i < n; i++)
                sum += m->b[i * n + a] * (i == b ? one : pair[i * n + b]) +
                       m->b[i * n + b] * (i == a ? one : pair[i * n + a]);
            out[n + a * n + b] = out[n + b * n + a] = a == b ? 0 : 2 * sum;
        }
    }
}

void epnet_moments_of(EpnetMoments *m, const double *p) {
    const size_t n = (size_t)m->nodes;
    memset(m->mean, 0, (n + n * n) * sizeof *m->mean);
    for (size_t s = 0; s < (size_t)1 << n; s++) {
        if (p[s] == 0)
            continue;
        for (size_t a = 0; a < n; a++) {
            const double za = 1 - 2 * (double)(s >> a & 1);
            m->mean[a] += za * p[s];
            for (size_t b = 0; b < n; b++)
                m->pair[a * n + b] += za * (1 - 2 * (double)(s >> b & 1)) * p[s];
        }
    }
    for (size_t a = 0; a < n; a++)
        m->pair[a * n + a] = 1;
}

void epnet_moments_step(EpnetMoments *m, double h, int degree, uint64_t steps) {
    const size_t n = (size_t)m->nodes, values = n + n * n;
    double *term = m->work[0], *next = m->work[1];
    for (uint64_t k = 0; k < steps; k++) {
        double factor = 1;
        memcpy(term, m->mean, values * sizeof *term);
        for (int d = 1; d <= degree; d++) {
            derive(m, term, d == 1 ? 1 : 0, next);
            factor *= h / d;
            double *swap = term;
            term = next;
            next = swap;
            for (size_t i = 0; i < values; i++)
                m->mean[i] += factor * term[i];
        }
    }
}

void epnet_moments_advance(EpnetMoments *m, double dt) {
    enum { DEGREE = 20 };
    double largest = 0; /* a bound of the equations' norm */
    for (int j = 0; j < m->nodes; j++)
        largest = fmax(largest, m->a[j]);
    const double steps = fmax(1, ceil(8 * largest * dt)); /* 8 A h <= 1: the tail is below 1e-19 */
    epnet_moments_step(m, dt / steps, DEGREE, (uint64_t)steps);
}

/* Solve matrix x = right by elimination with partial pivoting; x lands in `right`. False: singular. */
static bool eliminate(size_t n, double *matrix, double *right) {
    for (size_t k = 0; k < n; k++) {
        size_t pivot = k;
        for (size_t i = k + 1; i < n; i++)
            pivot = fabs(matrix[i * n + k]) > fabs(matrix[pivot * n + k]) ? i : pivot;
        if (!(fabs(matrix[pivot * n + k]) > 0))
            return false;
        for (size_t j = k; j < n && pivot != k; j++) {
            const double kept = matrix[k * n + j];
            matrix[k * n + j] = matrix[pivot * n + j];
            matrix[pivot * n + j] = kept;
        }
        const double kept = right[k];
        right[k] = right[pivot];
        right[pivot] = kept;
        for (size_t i = k + 1; i < n; i++) {
            const double factor = matrix[i * n + k] / matrix[k * n + k];
            for (size_t j = k; j < n; j++)
                matrix[i * n + j] -= factor * matrix[k * n + j];
            right[i] -= factor * right[k];
        }
    }
    for (size_t k = n; k-- > 0;) {
        for (size_t j = k + 1; j < n; j++)
            right[k] -= matrix[k * n + j] * right[j];
        right[k] /= matrix[k * n + k];
    }
    return true;
}

/* Where unknown u stands among means and pairs: the means, then the pairs a < b. */
static void places(size_t n, size_t u, size_t *first, size_t *second) {
    if (u < n) {
        *first = *second = u;
        return;
    }
    size_t a = 0, rest = u - n;
    while (rest >= n - 1 - a)
        rest -= n - 1 - a++;
    *first = n + a * n + (a + 1 + rest);
    *second = n + (a + 1 + rest) * n + a;
}

bool epnet_moments_stationary(EpnetMoments *m) {
    const size_t n = (size_t)m->nodes, unknowns = n + n * (n - 1) / 2, values = n + n * n;
    double *matrix = epnet_calloc(unknowns * (unknowns + 1), sizeof *matrix);
    double *right = matrix + unknowns * unknowns, *in = m->work[0], *out = m->work[1];
    if (matrix == NULL)
        return false;
    for (size_t u = 0; u <= unknowns; u++) { /* a column each, and at last the constant part */
        size_t first = 0, second = 0, row, other;
        memset(in, 0, values * sizeof *in);
        if (u < unknowns) {
            places(n, u, &first, &second);
            in[first] = in[second] = 1;
        }
        derive(m, in, u < unknowns ? 0 : 1, out);
        for (size_t v = 0; v < unknowns; v++) {
            places(n, v, &row, &other);
            if (u < unknowns)
                matrix[v * unknowns + u] = out[row];
            else
                right[v] = -out[row];
        }
    }
    const bool good = eliminate(unknowns, matrix, right);
    for (size_t u = 0; u < unknowns && good; u++) {
        size_t first, second;
        places(n, u, &first, &second);
        m->mean[first] = m->mean[second] = right[u];
    }
    for (size_t a = 0; a < n; a++)
        m->pair[a * n + a] = 1;
    free(matrix);
    return good;
}

static double minus_x_log_x(double x) {
    return x > 0 ? -x * log(x) : 0;
}

EpnetMomentColumns epnet_moments_columns(EpnetMoments *m, const EpnetProblem *problem,
                                         const EpnetPoint *point) {
    const size_t n = (size_t)m->nodes;
    EpnetMomentColumns columns = {0, 0, 0, 0};
    derive(m, m->mean, 1, m->work[0]);
    for (size_t j = 0; j < n; j++) {
        const double zero = (1 + m->mean[j]) / 2, one = (1 - m->mean[j]) / 2;
        const double up = point->flip_up[j] * zero, down = point->flip_down[j] * one;
        columns.node_entropy += minus_x_log_x(zero) + minus_x_log_x(one);
        columns.node_entropy_rate -= m->work[0][j] / 2 * log(zero / one);
        columns.activity += up + down;
        if (up != down && point->flip_up[j] != point->flip_down[j])
            columns.environment_entropy_flow += (up - down) * log(point->flip_up[j] / point->flip_down[j]);
    }
    for (size_t e = 0; e < problem->edge_count; e++) {
        const double together = m->pair[(size_t)problem->source[e] * n + (size_t)problem->target[e]];
        const double copies = point->rate[e] * (1 - together) / 2,
                     reverses = point->rate[e] * exp(-point->drive[e]) * (1 + together) / 2;
        columns.activity += copies + reverses;
        if (copies != reverses)
            columns.environment_entropy_flow += (copies - reverses) * point->drive[e];
    }
    return columns;
}

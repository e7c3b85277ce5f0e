/* The straightforward program in C: rates in a table, one loop over states inside one over bits, an
 * integrator from a textbook, one point after the other. Usage: plain CASE ROWS rk4 STEPS | chebyshev
 * TOLERANCE [RUNS]; STEPS are those of an interval between two samples. Prints the seconds of one run. */
#include "case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Work {
    size_t states;
    double *rate, *p, *dp, *a, *b, *c, *sum;
} Work;

static void rk4(int nodes, Work *w, double dt, int steps) {
    const double h = dt / steps;
    for (int k = 0; k < steps; k++) {
        peer_change(nodes, w->rate, w->p, w->a);
        for (size_t s = 0; s < w->states; s++) {
            w->sum[s] = w->p[s] + h / 6 * w->a[s];
            w->b[s] = w->p[s] + h / 2 * w->a[s];
        }
        peer_change(nodes, w->rate, w->b, w->a);
        for (size_t s = 0; s < w->states; s++) {
            w->sum[s] += h / 3 * w->a[s];
            w->b[s] = w->p[s] + h / 2 * w->a[s];
        }
        peer_change(nodes, w->rate, w->b, w->a);
        for (size_t s = 0; s < w->states; s++) {
            w->sum[s] += h / 3 * w->a[s];
            w->b[s] = w->p[s] + h * w->a[s];
        }
        peer_change(nodes, w->rate, w->b, w->a);
        for (size_t s = 0; s < w->states; s++)
            w->p[s] = w->sum[s] + h / 6 * w->a[s];
    }
}

enum { DEGREE_MOST = 1000 };

/* e^-x I_k(x) (2 - [k = 0]), k = 0 .. degree, by the backward recurrence I_(k-1) = I_(k+1) + 2k/x I_k; they
 * sum to 1. Returns the degree beyond which what is left is below the tolerance. */
static int coefficients(double x, double tolerance, double *c) {
    const int top = (int)(x + 40 + 8 * sqrt(x));
    double next = 0, now = 1e-300, sum = 0, tail = 0;
    int degree = top;
    for (int k = top; k > 0; k--) {
        c[k] = 2 * now;
        sum += c[k];
        const double before = next + 2 * k / x * now;
        next = now;
        now = before;
    }
    c[0] = now;
    sum += now;
    for (int k = 0; k <= top; k++)
        c[k] /= sum;
    while (degree > 1 && tail + c[degree] < tolerance)
        tail += c[degree--];
    return degree;
}

/* exp(dt L) p = sum c_k T_k(1 + L/Lambda) p. */
static void chebyshev(int nodes, Work *w, double lambda, const double *c, int degree) {
    double *before = w->a, *now = w->b, *next = w->c;
    peer_change(nodes, w->rate, w->p, w->dp);
    for (size_t s = 0; s < w->states; s++) {
        before[s] = w->p[s];
        now[s] = w->p[s] + w->dp[s] / lambda;
        w->sum[s] = c[0] * before[s] + c[1] * now[s];
    }
    for (int k = 2; k <= degree; k++) {
        peer_change(nodes, w->rate, now, w->dp);
        for (size_t s = 0; s < w->states; s++) {
            next[s] = 2 * (now[s] + w->dp[s] / lambda) - before[s];
            w->sum[s] += c[k] * next[s];
        }
        double *swap = before;
        before = now;
        now = next;
        next = swap;
    }
    memcpy(w->p, w->sum, w->states * sizeof *w->p);
}

static void solve(const PeerCase *item, int point, const char *method, double setting, Work *w,
                  double *rows) {
    static double c[DEGREE_MOST];
    const double dt = item->time[1] - item->time[0];
    double lambda = 0;
    int degree = 0;
    peer_rates(item, point, w->rate);
    for (size_t s = 0; s < w->states; s++) {
        double exit = 0;
        for (int j = 0; j < item->nodes; j++)
            exit += w->rate[(size_t)j * w->states + s];
        lambda = fmax(lambda, exit);
        w->p[s] = s == 0;
    }
    if (strcmp(method, "chebyshev") == 0)
        degree = coefficients(lambda * dt, setting * dt / item->time[item->times - 1], c);
    for (int t = 0; t < item->times; t++) {
        if (t > 0 && degree > 0)
            chebyshev(item->nodes, w, lambda, c, degree);
        else if (t > 0)
            rk4(item->nodes, w, dt, (int)setting);
        peer_observe(item->nodes, w->rate, w->p, w->dp, rows + (size_t)t * PEER_COLUMNS);
    }
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "plain CASE ROWS rk4 STEPS | chebyshev TOLERANCE [RUNS]\n");
        return 2;
    }
    const PeerCase item = peer_case_read(argv[1]);
    const int runs = argc > 5 ? atoi(argv[5]) : 1;
    const size_t states = (size_t)1 << item.nodes, row = (size_t)item.times * PEER_COLUMNS;
    double *storage = calloc(states * (size_t)(item.nodes + 6), sizeof(double)),
           *rows = calloc((size_t)item.points * row, sizeof(double));
    if (storage == NULL || rows == NULL)
        return 1;
    double *next = storage + states * (size_t)item.nodes;
    Work w = {states,
              storage,
              next,
              next + states,
              next + 2 * states,
              next + 3 * states,
              next + 4 * states,
              next + 5 * states};
    const double start = peer_seconds();
    for (int k = 0; k < runs; k++)
        for (int point = 0; point < item.points; point++)
            solve(&item, point, argv[3], atof(argv[4]), &w, rows + (size_t)point * row);
    printf("%.9g\n", (peer_seconds() - start) / runs);
    peer_rows_write(argv[2], rows, (size_t)item.points * row);
    return 0;
}

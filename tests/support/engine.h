/* Asking the engine: rows through the backend seam, and the states that the seam hides. Every call here must
 * succeed as a call; what became of a point is its status. */
#ifndef EPNET_TESTS_ENGINE_H
#define EPNET_TESTS_ENGINE_H

#include "backend.h"
#include "random_network.h"

typedef struct TestRows {
    size_t count, width;
    EpnetRows rows;
} TestRows;

/* Solve a batch of points on the CPU with `threads` threads, trajectories kept. */
TestRows test_rows(const EpnetProblem *problem, const EpnetPoint *points, size_t count, int threads);
void test_rows_free(TestRows *rows);

/* The row of the law p (all columns, then those of each cut), as a sample at t = 0; the caller frees it. */
double *test_row_of(const TestNetwork *network, const double *p, const uint64_t *cuts, size_t cut_count);

/* p at every sampled time of the problem: time_count x 2^nodes values. Stops at the first status that is not
 * ok. */
EpnetPointStatus test_states(const EpnetProblem *problem, const EpnetPoint *point, double *states);

/* The stationary law (2^nodes values) and |pi L|_1 / Lambda as the engine's own L sees it. */
EpnetPointStatus test_stationary(const TestNetwork *network, double *pi, double *residual);

/* sum |a - b|, b in long double. */
double test_distance(size_t states, const double *a, const Real *b);

#endif

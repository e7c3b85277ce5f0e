/* The complete graph with equal rates: the number of ones m is a birth-death chain, up at the rate
 * (N - m) (flip_up + beta m + beta k (N - 1 - m)), down at m (flip_down + beta (N - m) + beta k (m - 1)), k =
 * e^-F, and every observable of a law that depends on m alone is a sum over m: closed forms free of 2^N and
 * of the engine's code. */
#ifndef EPNET_HOST_BENCH_COUNTS_H
#define EPNET_HOST_BENCH_COUNTS_H

#include "cases.h"

enum { EPNET_COUNTS_MOST = 32 };

typedef struct EpnetCounts {
    int nodes;
    EpnetBenchEqual rates;
    double law[EPNET_COUNTS_MOST]; /* of the number of ones: nodes + 1 values */
} EpnetCounts;

/* All nodes 0, or the stationary law (up(m) law(m) = down(m+1) law(m+1)). */
EpnetCounts epnet_counts_zero(int nodes, EpnetBenchEqual rates);
EpnetCounts epnet_counts_stationary(int nodes, EpnetBenchEqual rates);

/* Over dt [s], to rounding. */
void epnet_counts_advance(EpnetCounts *counts, double dt);

/* A row of backend.h, the columns that this knows, the others NaN; `cut_nodes` nodes are in S. Every count
 * must be possible (t > 0). */
void epnet_counts_row(const EpnetCounts *counts, int cut_nodes, double *row);

#endif

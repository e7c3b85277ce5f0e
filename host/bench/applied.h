/* One application of L on the host, q = pL, as it is checked and timed: with one random network, and with
 * vectors of 2^N doubles. */
#ifndef EPNET_HOST_BENCH_APPLIED_H
#define EPNET_HOST_BENCH_APPLIED_H

#include "../generator.h"
#include "cases.h"

typedef struct EpnetBenchApplied {
    EpnetBenchCase item;
    EpnetGenerator generator;
    double *p, *q; /* 2^nodes each */
} EpnetBenchApplied;

/* Whether this host has room for it beside what else it does. */
bool epnet_bench_applied_fits(int nodes);

/* EPNET_DEVICE: memory is exhausted. Free it in any event. */
EpnetStatus epnet_bench_applied_make(EpnetBenchApplied *applied, int nodes, EpnetError *error);
void epnet_bench_applied_free(EpnetBenchApplied *applied);

#endif

/* How far apart two runs are, with one vector in memory: the L1 distance of their laws at the compared times,
 * from the values that the first leaves of a sample of states. Each is drawn with its own probability, so
 * that sum_s |p'(s) - p(s)| = mean over the drawn of |p'(s) - p(s)| / p_drawn(s), to 1 % or so; up to 2^14
 * states all are kept and the distance is exact. */
#ifndef EPNET_HOST_CPU_SPLIT_PROBE_H
#define EPNET_HOST_CPU_SPLIT_PROBE_H

#include "../team.h"
#include "backend.h"

typedef struct EpnetSplitProbe {
    int nodes;
    EpnetTeam *team;
    bool whole;               /* all states, in their order, with weight 1 */
    size_t count;             /* states */
    size_t times;             /* compared times */
    uint64_t *states;         /* [times][count] */
    double *weights, *values; /* [times][count] */
    double *chunk_sums;       /* scratch of a draw */
} EpnetSplitProbe;

bool epnet_split_probe_alloc(EpnetSplitProbe *probe, int nodes, size_t times, EpnetTeam *team);
void epnet_split_probe_free(EpnetSplitProbe *probe);
uint64_t epnet_split_probe_bytes(int nodes, size_t times);

/* Draw the states of time number k from p, whose sum is positive, and keep their values. */
void epnet_split_probe_draw(EpnetSplitProbe *probe, size_t k, const double *p);

/* L1 distance of p from what is kept at time number k; then keep p's values in its place. */
double epnet_split_probe_compare(EpnetSplitProbe *probe, size_t k, const double *p);

#endif

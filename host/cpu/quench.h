/* A quench on the CPU: the state after all copies have been switched off, exactly, and its information. */
#ifndef EPNET_HOST_CPU_QUENCH_H
#define EPNET_HOST_CPU_QUENCH_H

#include "../leak_fit.h"
#include "observe.h"

/* p(t) = p0 with a 2 x 2 matrix per node, for without copies the nodes relax independently. */
typedef struct EpnetQuench {
    double *p;               /* 2^N: owned */
    EpnetObserver *observer; /* borrowed, as the next two: of the solve at hand */
    const EpnetPoint *point;
    const double *p0;
} EpnetQuench;

bool epnet_quench_alloc(EpnetQuench *quench, int nodes);
void epnet_quench_free(EpnetQuench *quench);

/* The leak by epnet_leak_quench() from the state p0 of a point that `observer` is set to. */
EpnetPointStatus epnet_quench_solve(EpnetQuench *quench, EpnetLeakWork *work, EpnetObserver *observer,
                                    const EpnetPoint *point, const double *p0, double noise,
                                    EpnetLeakFit *fit);

#endif

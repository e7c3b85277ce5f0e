/* Problems and points that the checks and measurements work on: seeded, asymmetric in everything. */
#ifndef EPNET_BENCH_GPU_CASES_H
#define EPNET_BENCH_GPU_CASES_H

#include "backend.h"
#include "support/random_network.h"

typedef enum GpuNetworkKind {
    GPU_GENERIC,          /* finite drives, every flip possible */
    GPU_ONE_WAY,          /* drives of 0, finite, beyond 745 nat and infinite */
    GPU_ZERO_RATES,       /* one-way copies and missing flips: impossible transitions, unreachable states */
    GPU_NEAR_EQUILIBRIUM, /* drives of 1e-5 to 1e-4 nat: production far below the sum of its terms */
    GPU_COMPLETE,         /* generic, with an edge from every node to every other */
    GPU_RING, /* a directed ring of fast copies over slow flips: eigenvalues far from the real axis */
    GPU_NETWORK_KINDS
} GpuNetworkKind;

typedef enum GpuStart {
    GPU_PURE,   /* one state */
    GPU_RANDOM, /* every state, some empty */
    GPU_UNIFORM,
    GPU_STATIONARY /* each point's own law */
} GpuStart;

typedef struct GpuShape {
    int nodes;
    size_t points;
    GpuNetworkKind network;
    GpuStart start;
    EpnetKind kind;
    EpnetMethod method;
    double tolerance, t_end; /* t_end [s]; 0 .. t_end in samples - 1 equal intervals */
    size_t samples;          /* 1: t_end alone */
    size_t cuts;             /* 0 .. 3 */
    uint64_t seed;
    size_t distinct; /* point k has the parameters of point k % distinct; 0: every point has its own */
} GpuShape;

/* How many points that differ a case has: they are its first. */
size_t gpu_case_distinct(const GpuShape *shape);

typedef struct GpuCase {
    GpuShape shape;
    EpnetProblem problem;
    EpnetPoint *points;  /* shape.points */
    double exit_bound;   /* [1/s] no point's exit rate is larger */
    TestNetwork network; /* the edges of all points; owned, as are the next */
    double *parameters, *initial, *times;
    uint64_t *steps, *cuts;
} GpuCase;

/* Ends the program when memory is exhausted, as the tests' support does. */
GpuCase gpu_case_make(const GpuShape *shape);
void gpu_case_free(GpuCase *item);

/* Parameters of point k, to be changed: flip_up, flip_down (nodes each), rate, drive (edges each). */
double *gpu_case_parameters(const GpuCase *item, size_t k);

const char *gpu_network_name(GpuNetworkKind kind);
const char *gpu_start_name(GpuStart start);
const char *gpu_method_name(EpnetMethod method);

#endif

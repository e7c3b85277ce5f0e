/* What the C side of the streaming engine asks of its kernels (stream_*.cu). Nothing here blocks: launchers
 * enqueue on a stream and return what the launch returned. Vectors have 2^nodes entries in device memory; all
 * pointers are device memory unless said otherwise. Sums are taken over fixed pieces by trees of fixed shape,
 * so that no result depends on how a launch is laid out. */
#ifndef EPNET_KERNELS_STREAM_KERNELS_H
#define EPNET_KERNELS_STREAM_KERNELS_H

#include "engine.h"
#include "space.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Launchers index states and nodes with these. */
enum { EPNET_STREAM_PASSES = 4, EPNET_STREAM_SUMS = 6, EPNET_STREAM_RELAX_NODES = 3 };

/* One point on the device. */
typedef struct EpnetStreamPoint {
    const double *flip_up, *flip_down; /* nodes [1/s] */
    const double *rate, *drive;        /* edge_count, sorted by target */
    const double *backward;            /* edge_count: rate exp(-drive) */
    double *low, *high;                /* tables of r_j(s), as in host/generator.h */
    int low_bits;
} EpnetStreamPoint;

/* One pass of an application of L: blocks take tiles of 2^tile_bits states in turn and exchange between them
 * through shared memory. A tile is the states that agree in all bits but `low` contiguous ones from bit 0 and
 * tile_bits - low ones from bit `window`; it serves the nodes whose bits it spans, except those of its low
 * bits in every pass but the first (low = tile_bits). The nodes `direct` .. direct + direct_count - 1 are
 * served by reading the neighbouring tiles from memory. */
typedef struct EpnetStreamPass {
    int tile_bits, low, window;
    int outside_bits; /* of the number of a tile: nodes - tile_bits */
    int direct, direct_count;
    double *thread_part, *register_part; /* [served][2][..]: what the tile's own bits add to r_j */
    double *outside_part; /* and those of its number: [served][2][..] by its lower half, then by its upper */
} EpnetStreamPass;

typedef struct EpnetStreamPlan {
    int nodes, pass_count;
    EpnetStreamPass pass[EPNET_STREAM_PASSES];
} EpnetStreamPlan;

/* The passes for `nodes` nodes, without their tables. */
void epnet_stream_plan(int nodes, EpnetStreamPlan *plan);
/* Doubles of the tables of all passes, and where they are when they begin at `tables`. */
size_t epnet_stream_plan_size(const EpnetStreamPlan *plan);
void epnet_stream_plan_place(EpnetStreamPlan *plan, double *tables);

/* The block of the passes for `nodes` nodes: its threads, its shared memory, and as many blocks as run at
 * once on the current device. cudaErrorInvalidConfiguration: not even one does. */
cudaError_t epnet_stream_layout(int nodes, EpnetCudaLayout *layout);

/* Fill the tables of a point, and those of the plan's passes. Channels take part as `cut` says: NULL for all,
 * else (host memory) the copies that cross this cut alone. EPNET_STREAM_RATES: r_j(s); EPNET_STREAM_FLOWS:
 * what the environment gains by them [nat/s]. */
typedef enum EpnetStreamTerm { EPNET_STREAM_RATES, EPNET_STREAM_FLOWS } EpnetStreamTerm;
cudaError_t epnet_stream_tables(const EpnetCudaProblem *problem, const EpnetStreamPoint *point,
                                EpnetStreamTerm term, const uint64_t *cut, cudaStream_t stream);
cudaError_t epnet_stream_plan_tables(const EpnetCudaProblem *problem, const EpnetStreamPoint *point,
                                     const EpnetStreamPlan *plan, cudaStream_t stream);
/* exit_s = sum over j of r_j(s). */
cudaError_t epnet_stream_exit(const EpnetCudaProblem *problem, const EpnetStreamPoint *point, double *exit,
                              cudaStream_t stream);
/* A step by the plan's passes, whose tables are those of the point. */
cudaError_t epnet_stream_step(const EpnetStreamPlan *plan, const double *exit, const EpnetSpaceStep *step,
                              int multiprocessors, cudaStream_t stream);

/* ---- vectors ----------------------------------------------------------------------------------------- */

typedef enum EpnetStreamReduction {
    EPNET_STREAM_SUM,     /* sum of a */
    EPNET_STREAM_NORM1,   /* sum of |a| */
    EPNET_STREAM_DOT,     /* sum of a b */
    EPNET_STREAM_LEAST,   /* smallest a, of the states in `mask` if that is not NULL; NaN if one is NaN */
    EPNET_STREAM_GREATEST /* largest a */
} EpnetStreamReduction;

/* Doubles of scratch that sums over `count` items need. */
size_t epnet_stream_partials(uint64_t count);
/* *result = the reduction of n entries. */
cudaError_t epnet_stream_reduce(EpnetStreamReduction kind, uint64_t n, const double *a, const double *b,
                                const unsigned char *mask, double *partials, double *result,
                                cudaStream_t stream);
/* out = a x + b y; y NULL: out = a x. `out` may be x or y. */
cudaError_t epnet_stream_combine(uint64_t n, double *out, double a, const double *x, double b,
                                 const double *y, cudaStream_t stream);
/* out = value where mask is NULL or nonzero, else 0. */
cudaError_t epnet_stream_fill(uint64_t n, double *out, double value, const unsigned char *mask,
                              cudaStream_t stream);
/* out = v exit, or with `divide` v / exit, 0 where exit is 0. `out` may be v. */
cudaError_t epnet_stream_scale(uint64_t n, double *out, const double *v, const double *exit, int divide,
                               cudaStream_t stream);
/* out = p, entries <= 0 of the states in `mask` (NULL: all) replaced by inflow / exit. */
cudaError_t epnet_stream_mend(const EpnetCudaProblem *problem, const EpnetStreamPoint *point,
                              const double *exit, const double *p, const unsigned char *mask, double *out,
                              cudaStream_t stream);

/* out = the state `in` after node first + i, for i < count <= EPNET_STREAM_RELAX_NODES, has gone from 0 to 1
 * with probability up[i], and from 1 to 0 with down[i] (host memory). `out` may be `in`. */
cudaError_t epnet_stream_relax(int nodes, int first, int count, const double *up, const double *down,
                               const double *in, double *out, cudaStream_t stream);

/* ---- observables --------------------------------------------------------------------------------------
 * Launchers that say so leave sums of several quantities in results[0 ..]. They take `partials` with room for
 * epnet_stream_partials(2^nodes). */

/* A set of nodes: the law p of its sub-states, its rate of change and its logarithms (limit.h). The sub-state
 * of s is low[s % 2^(nodes / 2)] + high[s >> (nodes / 2)]. */
typedef struct EpnetStreamSide {
    double *p, *dp, *log_p;
    const uint32_t *low, *high;
} EpnetStreamSide;

/* A state, what becomes of it, its logarithms (limit.h). */
typedef struct EpnetStreamState {
    const double *p, *dp;
    double *log_p;
} EpnetStreamState;

/* log_p of n entries; results: p.ln p, dp.ln p, sum of dp over the entries that fill, p.weight, number of
 * entries that are 0. dp NULL: 0; weight NULL: 0. */
cudaError_t epnet_stream_logarithms(uint64_t n, const EpnetStreamState *state, const double *weight,
                                    double *partials, double *results, cudaStream_t stream);
/* Sum over `count` <= 3 bits (`bits`, increasing, host memory) of two vectors of `states` entries: out_p and
 * out_dp have 2^count times fewer. */
cudaError_t epnet_stream_fold(uint64_t states, int count, const int *bits, const double *p, const double *dp,
                              double *out_p, double *out_dp, cudaStream_t stream);
/* results: D(p || p_a p_b) of two sides that make up the network. */
cudaError_t epnet_stream_divergence(int nodes, const EpnetStreamState *state, const EpnetStreamSide *a,
                                    const EpnetStreamSide *b, double *partials, double *results,
                                    cudaStream_t stream);
/* results: e.p, |e|.|p|, and sum of |p exit ln p|, against which dH/dt is rounded; of the channels whose
 * rates `point` has the tables of, with the tables `flows` of e(s) (host/cpu/weights.h). Then c.p and |c|.|p|
 * of c = `production`; 0 where that is NULL. */
cudaError_t epnet_stream_flows(int nodes, const EpnetStreamPoint *point, const EpnetStreamPoint *flows,
                               const double *production, const EpnetStreamState *state, double *partials,
                               double *results, cudaStream_t stream);
/* production = c(s) (host/cpu/weights.h); infinite where a flip that cannot be reversed leaves s. */
cudaError_t epnet_stream_production(const EpnetCudaProblem *problem, const EpnetStreamPoint *point,
                                    double *production, cudaStream_t stream);
/* Pair by pair, as host/cpu/observe_channels.c. results: entropy production. */
cudaError_t epnet_stream_total_pairs(const EpnetCudaProblem *problem, const EpnetStreamPoint *point,
                                     const EpnetStreamState *state, double *partials, double *results,
                                     cudaStream_t stream);
/* results: entropy production of the channels, environment entropy flow; of all channels, or with a cut (host
 * memory) of the copies that cross it. */
cudaError_t epnet_stream_channel_pairs(const EpnetCudaProblem *problem, const EpnetStreamPoint *point,
                                       const uint64_t *cut, const EpnetStreamState *state, double *partials,
                                       double *results, cudaStream_t stream);
/* results, of the channels of `crossing`: sums over pairs of net flux x (ln p after - before) and of net flux
 * x (local logarithm after - before), each as finite part and coefficient of ln t. */
cudaError_t epnet_stream_cut_pairs(int nodes, const EpnetStreamPoint *crossing, uint64_t cut,
                                   const EpnetStreamState *state, const EpnetStreamSide *inside,
                                   const EpnetStreamSide *outside, double *partials, double *results,
                                   cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif

#include "apply.h"

#include "instruction_levels.h"

#include <string.h>

enum {
    BLOCK = 1 << EPNET_LOW_BITS, /* states */
    VECTORS = 8,                 /* of a cube */
    ROW_MOST = 64,               /* doubles of a row of the tables */
    LINE = 8                     /* of a line of the cache */
};

/* Before a loop over the vectors of a cube, which are to stay in registers. */
#define UNROLLED _Pragma("GCC unroll 8")

#define LEVEL(name) name##_baseline
#define TARGET
#define WIDTH 2
#include "apply_kernel.h"

#ifdef EPNET_TARGET_AVX512
#define LEVEL(name) name##_avx2
#define TARGET EPNET_TARGET_AVX2
#define WIDTH 4
#include "apply_kernel.h"

#define LEVEL(name) name##_avx512
#define TARGET EPNET_TARGET_AVX512
#define WIDTH 8
#include "apply_kernel.h"
#endif

typedef struct Sweeps {
    void (*low)(const EpnetGenerator *g, const EpnetSpaceStep *step, int bits, size_t first, size_t end);
    void (*runs)(const EpnetGenerator *g, const EpnetSpaceStep *step, int bits, size_t start, size_t length,
                 const double *packed, size_t pitch);
} Sweeps;

static Sweeps sweeps_of_level(void) {
    switch (epnet_instruction_level()) {
#ifdef EPNET_TARGET_AVX512
    case EPNET_LEVEL_AVX512:
        return (Sweeps){sweep_avx512, sweep_runs_avx512};
    case EPNET_LEVEL_AVX2:
        return (Sweeps){sweep_avx2, sweep_runs_avx2};
#endif
    default:
        return (Sweeps){sweep_baseline, sweep_runs_baseline};
    }
}

/* ---- small networks ------------------------------------------------------------------------------------ */

/* State by state: of networks that have less than a block. */
static void step_states(const EpnetGenerator *g, const EpnetSpaceStep *step) {
    const double a = step->in_factor, b = step->rate_factor;
    for (size_t s = 0; s < g->states; s++) {
        double inflow = -g->exit[s] * step->in[s];
        for (int j = 0; j < g->nodes; j++)
            inflow += g->arrival[((size_t)j << g->nodes) + s] * step->in[epnet_flip(s, j)];
        double out = a != 0 || b != 1 ? a * step->in[s] + b * inflow : inflow;
        if (step->addend != NULL)
            out = a * step->in[s] + b * inflow + step->addend_factor * step->addend[s];
        step->out[s] = out;
        if (step->sum == NULL)
            continue;
        const double added = step->out_weight * out;
        if (step->sum_factor == 0)
            step->sum[s] = added + step->in_weight * step->in[s];
        else
            step->sum[s] = step->sum_factor * step->sum[s] + added + step->in_weight * step->in[s];
    }
}

/* ---- passes -------------------------------------------------------------------------------------------- */

/* Vectors beyond the caches are swept twice: over the bits below `bits`, whose flips lead to near neighbours,
 * then over the others. For these, runs of neighbouring states whose lower bits are the same are packed side
 * by side: where they lie, at distances of a power of two, they would fall into the same few cache sets. */
typedef struct Passes {
    int bits;                   /* all of them: one pass */
    size_t runs, length, pitch; /* of a pack; from one run to the next */
} Passes;

static Passes passes_of(int nodes) {
    /* A pack of 512 KiB fits the second level of the caches. */
    enum { PACKED_NODES = 22, PACK = 1 << 16, LENGTH_MOST = 512 };
    Passes passes = {.bits = nodes};
    if (nodes < PACKED_NODES)
        return passes;
    passes.bits = nodes < 24 ? 16 : 17 + (nodes - 24) / 2;
    passes.runs = (size_t)1 << (nodes - passes.bits);
    passes.length = PACK / passes.runs < LENGTH_MOST ? PACK / passes.runs : LENGTH_MOST;
    passes.pitch = passes.length + LINE;
    return passes;
}

size_t epnet_cpu_pack_size(int nodes) {
    const Passes passes = passes_of(nodes);
    return passes.runs * passes.pitch;
}

/* ---- on the team --------------------------------------------------------------------------------------- */

typedef struct Share {
    const EpnetGenerator *generator;
    const EpnetSpaceStep *step;
    Sweeps sweeps;
    Passes passes;
} Share;

static void sweep_share(void *context, int thread, size_t first, size_t end) {
    (void)thread;
    const Share *share = context;
    share->sweeps.low(share->generator, share->step, share->passes.bits, first, end);
}

/* Packs [first, end). */
static void runs_share(void *context, int thread, size_t first, size_t end) {
    const Share *share = context;
    const Passes *passes = &share->passes;
    double *pack = share->generator->packs + (size_t)thread * passes->runs * passes->pitch;
    for (size_t start = first * passes->length; start < end * passes->length; start += passes->length) {
        for (size_t run = 0; run < passes->runs; run++)
            memcpy(pack + run * passes->pitch, share->step->in + (run << passes->bits | start),
                   passes->length * sizeof *pack);
        share->sweeps.runs(share->generator, share->step, passes->bits, start, passes->length, pack,
                           passes->pitch);
    }
}

void epnet_cpu_step(const EpnetGenerator *g, const EpnetSpaceStep *step) {
    enum { GRAIN = 128 }; /* blocks */
    if (g->nodes < EPNET_LOW_BITS) {
        step_states(g, step);
        return;
    }
    Share share = {g, step, sweeps_of_level(), passes_of(g->nodes)};
    epnet_team_share(g->team, g->states / BLOCK, GRAIN, sweep_share, &share);
    if (share.passes.bits < g->nodes)
        epnet_team_share(g->team, ((size_t)1 << share.passes.bits) / share.passes.length, 1, runs_share,
                         &share);
}

void epnet_cpu_apply(const EpnetGenerator *g, const double *p, double *q) {
    const EpnetSpaceStep apply = {.in = p, .out = q, .rate_factor = 1};
    epnet_cpu_step(g, &apply);
}

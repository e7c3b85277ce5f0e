/* c(s) = sum over j of r_j(s) ln(r_j(s)/r_j(s^j)): a logarithm per state and node, all in vectors but those
 * of rates that are zero or so small that they may have lost digits. */
#include "weights.h"

#include "simd.h"

#include <math.h>

enum { BLOCK = 1 << EPNET_LOW_BITS, VECTORS = BLOCK / EPNET_LANES };

/* Ratios of rates within these limits are normal numbers. */
static const double SMALLEST = 1e-150, LARGEST = 1e150;

typedef double Loose __attribute__((vector_size(64), aligned(8), may_alias));

/* Of node j in state s, from the logarithms of the rates. */
static double term_of(const EpnetGenerator *g, int j, uint64_t s) {
    const double rate = epnet_generator_rate(g, j, s);
    return rate > 0
               ? rate * (epnet_generator_log_rate(g, j, s) - epnet_generator_log_rate(g, j, epnet_flip(s, j)))
               : 0;
}

/* Part `at` of the rates of a block: those by which node j leaves its states (back: comes into them). */
typedef struct Rates {
    double out[BLOCK], back[BLOCK];
} Rates;

EPNET_INLINE void fill_rates(const EpnetNodeTables *t, int j, size_t block, const double *middle,
                             const double *top, Rates *rates) {
    const double *low[2];
    double above[2];
    for (int x = 0; x < 2; x++) {
        const size_t at = 2 * (size_t)j + (size_t)x;
        low[x] = t->low + at * BLOCK;
        above[x] = middle[at] + top[at];
    }
    if (j >= EPNET_LOW_BITS) {
        const int x = epnet_bit(block, j - EPNET_LOW_BITS);
        for (size_t k = 0; k < BLOCK; k++) {
            rates->out[k] = low[x][k] + above[x];
            rates->back[k] = low[1 - x][k] + above[1 - x];
        }
    } else {
        for (size_t k = 0; k < BLOCK; k++) {
            const double clear = low[0][k] + above[0], set = low[1][k] + above[1];
            rates->out[k] = k >> j & 1 ? set : clear;
            rates->back[k] = k >> j & 1 ? clear : set;
        }
    }
}

/* Whether a logarithm of each ratio of the block will do. */
EPNET_INLINE bool is_plain(const Rates *rates) {
    EpnetBits outside = {0};
    EPNET_UNROLL
    for (int t = 0; t < VECTORS; t++) {
        const EpnetVector out = ((const Loose *)rates->out)[t], back = ((const Loose *)rates->back)[t];
        outside |= (EpnetBits)(out - SMALLEST) | (EpnetBits)(back - SMALLEST) | (EpnetBits)(LARGEST - out) |
                   (EpnetBits)(LARGEST - back);
    }
    return !epnet_mask_any(epnet_mask_of_signs(outside));
}

/* Blocks [first, end) of 2^EPNET_LOW_BITS states. */
EPNET_INSTRUCTION_LEVELS(static, void, fill_blocks,
                         (const EpnetGenerator *g, double *production, size_t first, size_t end),
                         (g, production, first, end)) {
    const EpnetNodeTables *t = &g->rates;
    for (size_t block = first; block < end && !epnet_generator_stopped(g); block++) {
        const double *middle = t->middle + (block & (((size_t)1 << t->middle_bits) - 1)) * t->row;
        const double *top = t->top + (block >> t->middle_bits) * t->row;
        double *sums = production + block * BLOCK;
        for (size_t k = 0; k < BLOCK; k++)
            sums[k] = 0;
        for (int j = 0; j < g->nodes; j++) {
            Rates rates;
            fill_rates(t, j, block, middle, top, &rates);
            if (is_plain(&rates)) {
                for (int v = 0; v < VECTORS; v++) {
                    const EpnetVector out = ((const Loose *)rates.out)[v],
                                      back = ((const Loose *)rates.back)[v];
                    ((Loose *)sums)[v] += out * epnet_vector_log_normal(out / back);
                }
            } else {
                for (size_t k = 0; k < BLOCK; k++)
                    sums[k] += term_of(g, j, block * BLOCK + k);
            }
        }
    }
}

typedef struct Share {
    const EpnetGenerator *generator;
    double *production;
} Share;

static void blocks_share(void *context, int thread, size_t first, size_t end) {
    (void)thread;
    const Share *share = context;
    fill_blocks(share->generator, share->production, first, end);
}

void epnet_production_weights(const EpnetGenerator *g, double *production) {
    enum { GRAIN = 16 };
    Share share = {g, production};
    if (g->nodes >= EPNET_LOW_BITS) {
        epnet_team_share(g->team, g->states / BLOCK, GRAIN, blocks_share, &share);
        return;
    }
    for (size_t s = 0; s < g->states; s++) {
        production[s] = 0;
        for (int j = 0; j < g->nodes; j++)
            production[s] += term_of(g, j, s);
    }
}

#include "apply.h"

#include "instruction_levels.h"

/* Add the inflow over bit j to a block of 2^low_bits states, j inside the block: the pairs (a, b = a + 2^j).
 * up and down are the low tables of node j, up_high and down_high the block's entries of the high ones. */
EPNET_INLINE void add_inflow_within(size_t block, size_t stride, const double *restrict up, double up_high,
                                    const double *restrict down, double down_high, const double *restrict p,
                                    double *restrict q) {
    for (size_t base = 0; base < block; base += 2 * stride) {
        for (size_t a = base; a < base + stride; a++) {
            size_t b = a + stride;
            q[a] += (down[b] + down_high) * p[b];
            q[b] += (up[a] + up_high) * p[a];
        }
    }
}

/* Add the inflow from the block that differs in one high bit. */
EPNET_INLINE void add_inflow_across(size_t block, const double *restrict low, double high,
                                    const double *restrict p, double *restrict q) {
    for (size_t k = 0; k < block; k++)
        q[k] += (low[k] + high) * p[k];
}

/* Blocks [first, end) of the states. */
EPNET_INSTRUCTION_LEVELS(static, void, apply_blocks,
                         (const EpnetGenerator *g, const double *p, double *q, size_t first, size_t end),
                         (g, p, q, first, end)) {
    const int low_bits = g->low_bits, high_bits = g->nodes - low_bits;
    const size_t block = (size_t)1 << low_bits, blocks = (size_t)1 << high_bits;
    for (size_t h = first; h < end; h++) {
        const double *pb = p + h * block, *exit = g->exit + h * block;
        double *qb = q + h * block;
        for (size_t k = 0; k < block; k++)
            qb[k] = -exit[k] * pb[k];
        for (int j = 0; j < low_bits; j++) {
            const double *up = g->low + ((size_t)(2 * j) << low_bits), *down = up + block;
            const double *up_high = g->high + ((size_t)(2 * j) << high_bits), *down_high = up_high + blocks;
            /* Constant strides let the compiler interleave the short runs of the lowest bits. */
            switch (j) {
            case 0:
                add_inflow_within(block, 1, up, up_high[h], down, down_high[h], pb, qb);
                break;
            case 1:
                add_inflow_within(block, 2, up, up_high[h], down, down_high[h], pb, qb);
                break;
            case 2:
                add_inflow_within(block, 4, up, up_high[h], down, down_high[h], pb, qb);
                break;
            default:
                add_inflow_within(block, (size_t)1 << j, up, up_high[h], down, down_high[h], pb, qb);
            }
        }
        for (int j = low_bits; j < g->nodes; j++) {
            size_t partner = h ^ ((size_t)1 << (j - low_bits));
            int x = (int)(partner >> (j - low_bits) & 1);
            size_t table = (size_t)(2 * j + x);
            add_inflow_across(block, g->low + (table << low_bits), g->high[(table << high_bits) + partner],
                              p + partner * block, qb);
        }
    }
}

typedef struct Share {
    const EpnetGenerator *generator;
    const double *p;
    double *q;
} Share;

static void apply_share(void *context, int thread, size_t first, size_t end) {
    (void)thread;
    const Share *share = context;
    apply_blocks(share->generator, share->p, share->q, first, end);
}

void epnet_cpu_apply(const EpnetGenerator *g, const double *p, double *q) {
    enum { GRAIN = 32 };
    Share share = {g, p, q};
    epnet_team_share(g->team, g->states >> g->low_bits, GRAIN, apply_share, &share);
}

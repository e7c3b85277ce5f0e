#include "node_tables.h"

#include "cpu/instruction_levels.h"
#include "status.h"

#include <stdlib.h>
#include <string.h>

static EpnetNodeTables shape_of(int nodes) {
    EpnetNodeTables t = {.nodes = nodes};
    t.low_bits = nodes < EPNET_LOW_BITS ? nodes : EPNET_LOW_BITS;
    t.middle_bits = (nodes - t.low_bits + 1) / 2;
    t.top_bits = nodes - t.low_bits - t.middle_bits;
    t.row = (2 * (size_t)nodes + 7) / 8 * 8;
    return t;
}

static size_t low_size(const EpnetNodeTables *t) { /* whole lines of the cache */
    return (((size_t)2 * (size_t)t->nodes << t->low_bits) + 7) / 8 * 8;
}

static size_t size_of(const EpnetNodeTables *t) {
    return low_size(t) + t->row * (((size_t)1 << t->middle_bits) + ((size_t)1 << t->top_bits));
}

size_t epnet_node_tables_size(int nodes) {
    const EpnetNodeTables t = shape_of(nodes);
    return size_of(&t);
}

bool epnet_node_tables_alloc(EpnetNodeTables *t, int nodes) {
    *t = shape_of(nodes);
    t->storage = aligned_alloc(64, size_of(t) * sizeof *t->storage);
    if (t->storage == NULL)
        return false;
    memset(t->storage, 0, size_of(t) * sizeof *t->storage);
    t->low = t->storage;
    t->middle = t->low + low_size(t);
    t->top = t->middle + (t->row << t->middle_bits);
    return true;
}

void epnet_node_tables_free(EpnetNodeTables *t) {
    free(t->storage);
    t->storage = NULL;
}

/* table[k stride] = start + term[i][bit i of k] over i < bits. */
static void fill_bits(double *table, size_t stride, int bits, double start, const double (*term)[2]) {
    table[0] = start;
    for (int i = 0; i < bits; i++) {
        const size_t half = (size_t)1 << i;
        for (size_t k = 0; k < half; k++) {
            table[(half + k) * stride] = table[k * stride] + term[i][1];
            table[k * stride] += term[i][0];
        }
    }
}

void epnet_node_tables_fill(EpnetNodeTables *t, int j, int x, double start, const double (*term)[2]) {
    const size_t at = 2 * (size_t)j + (size_t)x;
    fill_bits(t->low + (at << t->low_bits), 1, t->low_bits, start, term);
    fill_bits(t->middle + at, t->row, t->middle_bits, 0, term + t->low_bits);
    fill_bits(t->top + at, t->row, t->top_bits, 0, term + t->low_bits + t->middle_bits);
}

/* ---- sums over the nodes ------------------------------------------------------------------------------- */

/* Add value_j with x_j the bit of k that has the weight `stride`. */
EPNET_INLINE void add_by_bit(size_t block, size_t stride, const double *restrict low0,
                             const double *restrict low1, double row0, double row1, double *restrict out) {
    for (size_t base = 0; base < block; base += 2 * stride) {
        for (size_t a = base; a < base + stride; a++) {
            out[a] += low0[a] + row0;
            out[a + stride] += low1[a + stride] + row1;
        }
    }
}

/* Blocks [first, end) of 2^low_bits states. */
EPNET_INSTRUCTION_LEVELS(static, void, sum_blocks,
                         (const EpnetNodeTables *t, double *out, size_t first, size_t end),
                         (t, out, first, end)) {
    const size_t block = (size_t)1 << t->low_bits;
    for (size_t b = first; b < end; b++) {
        const double *middle = t->middle + (b & (((size_t)1 << t->middle_bits) - 1)) * t->row;
        const double *top = t->top + (b >> t->middle_bits) * t->row;
        double *restrict sums = out + b * block;
        for (size_t k = 0; k < block; k++)
            sums[k] = 0;
        for (int j = 0; j < t->low_bits; j++) {
            const double *low0 = t->low + ((size_t)(2 * j) << t->low_bits), *low1 = low0 + block;
            const double row0 = middle[2 * j] + top[2 * j], row1 = middle[2 * j + 1] + top[2 * j + 1];
            switch (j) { /* constant strides let the compiler interleave the short runs of the lowest bits */
            case 0:
                add_by_bit(block, 1, low0, low1, row0, row1, sums);
                break;
            case 1:
                add_by_bit(block, 2, low0, low1, row0, row1, sums);
                break;
            case 2:
                add_by_bit(block, 4, low0, low1, row0, row1, sums);
                break;
            default:
                add_by_bit(block, (size_t)1 << j, low0, low1, row0, row1, sums);
            }
        }
        for (int j = t->low_bits; j < t->nodes; j++) {
            const size_t at = 2 * (size_t)j + (size_t)epnet_bit(b, j - t->low_bits);
            const double *restrict low = t->low + (at << t->low_bits);
            const double row = middle[at] + top[at];
            for (size_t k = 0; k < block; k++)
                sums[k] += low[k] + row;
        }
    }
}

typedef struct Share {
    const EpnetNodeTables *tables;
    double *out;
} Share;

static void sum_share(void *context, int thread, size_t first, size_t end) {
    (void)thread;
    const Share *share = context;
    sum_blocks(share->tables, share->out, first, end);
}

void epnet_node_sums(const EpnetNodeTables *t, EpnetTeam *team, double *out) {
    enum { GRAIN = 64 };
    Share share = {t, out};
    epnet_team_share(team, (size_t)1 << (t->nodes - t->low_bits), GRAIN, sum_share, &share);
}

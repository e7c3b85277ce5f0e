/* The loops of apply.c for one instruction set, included once for each: LEVEL(name) are its names, TARGET its
 * attribute, WIDTH the doubles of its vectors (8, 4, 2).
 *
 * States come in blocks of 2^6, which share the parts of the rates from the bits above (a row), and blocks in
 * cubes of eight vectors: the flips of the lowest bits stay within a cube, in registers; for every other bit
 * the cube that it leads to is read. Every width adds the same numbers in the same order. */

typedef double LEVEL(Vector) __attribute__((vector_size(8 * WIDTH), may_alias));
/* Vectors of a caller, which may lie anywhere. */
typedef double LEVEL(Loose) __attribute__((vector_size(8 * WIDTH), aligned(8), may_alias));

enum {
    LEVEL(LANE_BITS) = WIDTH == 8   ? 3
                       : WIDTH == 4 ? 2
                                    : 1,
    LEVEL(CUBE_BITS) = LEVEL(LANE_BITS) + 3,
    LEVEL(CUBE) = VECTORS * WIDTH
};

/* v with the lanes that differ in one bit of their number exchanged. */
EPNET_INLINE LEVEL(Vector) LEVEL(flip_lanes)(LEVEL(Vector) v, int bit) {
#if WIDTH == 8
    return bit == 0   ? __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6)
           : bit == 1 ? __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5)
                      : __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3);
#elif WIDTH == 4
    return bit == 0 ? __builtin_shufflevector(v, v, 1, 0, 3, 2) : __builtin_shufflevector(v, v, 2, 3, 0, 1);
#else
    (void)bit;
    return __builtin_shufflevector(v, v, 1, 0);
#endif
}

/* `clear` in the lanes in whose number the bit is 0, `set` in the others. */
EPNET_INLINE LEVEL(Vector) LEVEL(by_lane)(int bit, double clear, double set) {
#if WIDTH == 8
    return bit == 0   ? (LEVEL(Vector)){clear, set, clear, set, clear, set, clear, set}
           : bit == 1 ? (LEVEL(Vector)){clear, clear, set, set, clear, clear, set, set}
                      : (LEVEL(Vector)){clear, clear, clear, clear, set, set, set, set};
#elif WIDTH == 4
    return bit == 0 ? (LEVEL(Vector)){clear, set, clear, set} : (LEVEL(Vector)){clear, clear, set, set};
#else
    (void)bit;
    return (LEVEL(Vector)){clear, set};
#endif
}

/* What the states of block `block` have in common, from entry `first` (a multiple of 8) on: row[2 j + x] is
 * the part of r_j from the bits above the low ones. */
EPNET_INLINE void LEVEL(fill_row)(const EpnetNodeTables *t, size_t block, size_t first, double *row) {
    const double *middle = t->middle + (block & (((size_t)1 << t->middle_bits) - 1)) * t->row;
    const double *top = t->top + (block >> t->middle_bits) * t->row;
    for (size_t k = first; k < t->row; k += WIDTH)
        *(LEVEL(Vector) *)(row + k) =
            *(const LEVEL(Vector) *)(middle + k) + *(const LEVEL(Vector) *)(top + k);
}

/* ---- inflow -------------------------------------------------------------------------------------------- */

/* inflow = what the flips of a cube's own bits bring - exit p, of the cube at p, `offset` into its block. */
EPNET_INLINE void LEVEL(begin)(const EpnetGenerator *g, size_t offset, const double *row, const double *p,
                               const double *exit, LEVEL(Vector) * inflow) {
    const double *arrival = g->arrival + offset;
    LEVEL(Vector) x[VECTORS];
    UNROLLED
    for (int t = 0; t < VECTORS; t++) {
        x[t] = ((const LEVEL(Loose) *)p)[t];
        inflow[t] = -((const LEVEL(Loose) *)exit)[t] * x[t];
    }
    UNROLLED
    for (int j = 0; j < LEVEL(LANE_BITS); j++) {
        const LEVEL(Vector) *low = (const LEVEL(Vector) *)(arrival + j * BLOCK);
        const LEVEL(Vector) above = LEVEL(by_lane)(j, row[2 * j + 1], row[2 * j]);
        UNROLLED
        for (int t = 0; t < VECTORS; t++)
            inflow[t] += (low[t] + above) * LEVEL(flip_lanes)(x[t], j);
    }
    UNROLLED
    for (int j = LEVEL(LANE_BITS); j < LEVEL(CUBE_BITS); j++) {
        const LEVEL(Vector) *low = (const LEVEL(Vector) *)(arrival + j * BLOCK);
        const int bit = 1 << (j - LEVEL(LANE_BITS));
        UNROLLED
        for (int t = 0; t < VECTORS; t++)
            inflow[t] += (low[t] + ((t & bit) != 0 ? row[2 * j] : row[2 * j + 1])) * x[t ^ bit];
    }
}

/* What the cube at p brings by a flip, whose rates are low (one per state) + above. */
EPNET_INLINE void LEVEL(add)(const double *low, double above, const double *p, LEVEL(Vector) * inflow) {
    UNROLLED
    for (int t = 0; t < VECTORS; t++)
        inflow[t] += (((const LEVEL(Vector) *)low)[t] + above) * ((const LEVEL(Loose) *)p)[t];
}

/* ---- the update around it ------------------------------------------------------------------------------ */

/* out = in_factor in + rate_factor inflow + addend_factor addend, of the cube that begins at state s. */
EPNET_INLINE void LEVEL(put)(const EpnetSpaceStep *step, size_t s, const LEVEL(Vector) * inflow) {
    const LEVEL(Loose) *in = (const LEVEL(Loose) *)(step->in + s);
    LEVEL(Loose) *out = (LEVEL(Loose) *)(step->out + s);
    const double a = step->in_factor, b = step->rate_factor, c = step->addend_factor;
    if (step->addend != NULL) {
        const LEVEL(Loose) *addend = (const LEVEL(Loose) *)(step->addend + s);
        UNROLLED
        for (int t = 0; t < VECTORS; t++)
            out[t] = a * in[t] + b * inflow[t] + c * addend[t];
    } else if (a != 0 || b != 1) {
        UNROLLED
        for (int t = 0; t < VECTORS; t++)
            out[t] = a * in[t] + b * inflow[t];
    } else {
        UNROLLED
        for (int t = 0; t < VECTORS; t++)
            out[t] = inflow[t];
    }
}

/* sum = sum_factor sum + out_weight out + in_weight in, if there is one. */
EPNET_INLINE void LEVEL(put_sum)(const EpnetSpaceStep *step, size_t s) {
    if (step->sum == NULL)
        return;
    const LEVEL(Loose) *in = (const LEVEL(Loose) *)(step->in + s);
    const LEVEL(Loose) *out = (const LEVEL(Loose) *)(step->out + s);
    LEVEL(Loose) *sum = (LEVEL(Loose) *)(step->sum + s);
    const double f = step->sum_factor, w = step->out_weight, v = step->in_weight;
    if (f == 0) {
        UNROLLED
        for (int t = 0; t < VECTORS; t++)
            sum[t] = w * out[t] + v * in[t];
    } else if (f == 1 && v == 0) {
        UNROLLED
        for (int t = 0; t < VECTORS; t++)
            sum[t] += w * out[t];
    } else {
        UNROLLED
        for (int t = 0; t < VECTORS; t++)
            sum[t] = f * sum[t] + w * out[t] + v * in[t];
    }
}

/* ---- sweeps -------------------------------------------------------------------------------------------- */

/* The step for the blocks [first, end), with the inflow over the bits below `bits` alone; the sum if these
 * are all. */
TARGET static void LEVEL(sweep)(const EpnetGenerator *g, const EpnetSpaceStep *step, int bits, size_t first,
                                size_t end) {
    const EpnetNodeTables *tables = &g->rates;
    const double *p = step->in;
    for (size_t block = first; block < end; block++) {
        _Alignas(64) double row[ROW_MOST];
        LEVEL(fill_row)(tables, block, 0, row);
        for (size_t cube = 0; cube < BLOCK / LEVEL(CUBE); cube++) {
            const size_t offset = cube * LEVEL(CUBE), s = block * BLOCK + offset;
            LEVEL(Vector) inflow[VECTORS];
            LEVEL(begin)(g, offset, row, p + s, g->exit + s, inflow);
            for (int j = LEVEL(CUBE_BITS); j < EPNET_LOW_BITS; j++)
                LEVEL(add)
            (g->arrival + j * BLOCK + offset, row[2 * j + 1 - epnet_bit(s, j)], p + epnet_flip(s, j), inflow);
            for (int j = EPNET_LOW_BITS; j < bits; j++) {
                const size_t from = epnet_flip(s, j), at = 2 * (size_t)j + (size_t)epnet_bit(from, j);
                LEVEL(add)(tables->low + at * BLOCK + offset, row[at], p + from, inflow);
            }
            LEVEL(put)(step, s, inflow);
            if (bits == g->nodes)
                LEVEL(put_sum)(step, s);
        }
    }
}

/* Add the inflow over the bits from `bits` up to what sweep() has put, and take the sum, for the states whose
 * bits below are those of a run, which begins at `start`. `packed` holds these runs of p, one after the other
 * at a distance of `pitch`. */
TARGET static void LEVEL(sweep_runs)(const EpnetGenerator *g, const EpnetSpaceStep *step, int bits,
                                     size_t start, size_t length, const double *packed, size_t pitch) {
    const EpnetNodeTables *tables = &g->rates;
    for (size_t s = start; s < g->states; s += ((size_t)1 << bits) - length) {
        const size_t run = s >> bits;
        _Alignas(64) double row[ROW_MOST]; /* of the block at hand: runs are whole blocks */
        for (size_t within = 0; within < length; within += LEVEL(CUBE), s += LEVEL(CUBE)) {
            const size_t offset = s % BLOCK;
            LEVEL(Vector) inflow[VECTORS] = {0};
            LEVEL(Loose) *out = (LEVEL(Loose) *)(step->out + s);
            if (offset == 0)
                LEVEL(fill_row)(tables, s / BLOCK, 2 * (size_t)bits / 8 * 8, row);
            for (int j = bits; j < g->nodes; j++) {
                const size_t from = epnet_flip(run, j - bits),
                             at = 2 * (size_t)j + (size_t)epnet_bit(from, j - bits);
                LEVEL(add)
                (tables->low + at * BLOCK + offset, row[at], packed + from * pitch + within, inflow);
            }
            UNROLLED
            for (int t = 0; t < VECTORS; t++)
                out[t] += step->rate_factor * inflow[t];
            LEVEL(put_sum)(step, s);
        }
    }
}

#undef LEVEL
#undef TARGET
#undef WIDTH

#include "split_step.h"

#include "../status.h"
#include "instruction_levels.h"
#include "simd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Blocks of a part of a tile that stays in the second-level cache, as bits; doubles of the packed rows. */
enum { PART_BITS = 5, ROWS_BITS = 15, ROW_BITS_LEAST = 3, ROW_BITS_MOST = EPNET_SPLIT_BLOCK_BITS };

typedef enum Direction { DOWN = 1, UP = 2 } Direction;

/* ---- memory ------------------------------------------------------------------------------------------ */

/* States that a packed row takes from each tile, as bits. */
static int row_bits(const EpnetSplitShape *shape) {
    const int bits = ROWS_BITS - shape->high;
    return bits < ROW_BITS_LEAST ? ROW_BITS_LEAST : bits > ROW_BITS_MOST ? ROW_BITS_MOST : bits;
}

static size_t rows_size(const EpnetSplitShape *shape) {
    return shape->high == 0 ? 0 : (size_t)1 << (shape->high + row_bits(shape));
}

bool epnet_split_step_alloc(EpnetSplitStep *step, const EpnetSplitShape *shape, EpnetTeam *team) {
    memset(step, 0, sizeof *step);
    step->shape = *shape;
    step->team = team;
    step->stay = epnet_calloc((size_t)shape->nodes, sizeof *step->stay);
    step->mixed = aligned_alloc(64, 3 * sizeof *step->mixed);
    if (rows_size(shape) > 0)
        step->rows =
            aligned_alloc(64, (size_t)epnet_team_threads(team) * rows_size(shape) * sizeof *step->rows);
    return epnet_split_table_alloc(&step->moved, shape) && step->stay != NULL && step->mixed != NULL &&
           (rows_size(shape) == 0 || step->rows != NULL);
}

void epnet_split_step_free(EpnetSplitStep *step) {
    epnet_split_table_free(&step->moved);
    free(step->stay);
    free(step->mixed);
    free(step->rows);
    memset(step, 0, sizeof *step);
}

uint64_t epnet_split_step_bytes(const EpnetSplitShape *shape, int threads) {
    const size_t doubles = epnet_split_table_size(shape) + (size_t)shape->nodes + 3 * EPNET_SPLIT_BLOCK +
                           (size_t)threads * rows_size(shape);
    return doubles * sizeof(double);
}

void epnet_split_step_set(EpnetSplitStep *step, const EpnetSplitTable *rates, const double *turnover,
                          double dt) {
    double factor[64];
    for (int j = 0; j < step->shape.nodes; j++) {
        const double x = turnover[j] * (dt / 2);
        step->stay[j] = exp(-x);
        factor[j] = turnover[j] > 0 ? -expm1(-x) / turnover[j] : dt / 2;
    }
    epnet_split_scale(&step->moved, rates, factor);
    const int low = step->shape.low;
    for (int j = 0; j < 3 && j < low; j++) {
        for (uint64_t k = 0; k < (uint64_t)1 << low; k++)
            step->mixed[j][k] = epnet_split_low(&step->moved, j, 1 - epnet_bit(k, j))[k];
    }
}

/* ---- flips ------------------------------------------------------------------------------------------- */

/* Over a run of pairs (a[k], b[k]). */
EPNET_INLINE void flip_run(size_t count, double stay, const double *restrict up, double up_above,
                           const double *restrict down, double down_above, double *restrict a,
                           double *restrict b) {
    for (size_t k = 0; k < count; k++) {
        const double both = a[k] + b[k];
        a[k] = stay * a[k] + (down[k] + down_above) * both;
        b[k] = stay * b[k] + (up[k] + up_above) * both;
    }
}

/* Over pairs within vectors of eight states: j < 3. */
EPNET_INLINE void flip_within_vectors(size_t vectors, int j, double stay, const double *restrict mixed,
                                      double up_above, double down_above, double *restrict p) {
    const EpnetBits lane = {0, 1, 2, 3, 4, 5, 6, 7};
    const EpnetMask shows_one = -(EpnetMask)((lane >> j) & 1);
    const EpnetVector above =
        epnet_vector_select(shows_one, epnet_vector_all(up_above), epnet_vector_all(down_above));
    for (size_t v = 0; v < vectors; v++) {
        EpnetVector here, inflow;
        memcpy(&here, p + EPNET_LANES * v, sizeof here);
        memcpy(&inflow, mixed + EPNET_LANES * v, sizeof inflow);
        const EpnetVector there = epnet_vector_flip(here, j);
        here = stay * here + (inflow + above) * (here + there);
        memcpy(p + EPNET_LANES * v, &here, sizeof here);
    }
}

/* Node j < low over one block. */
EPNET_INLINE void flip_in_block(const EpnetSplitStep *step, int low, int j, uint64_t block, double *p) {
    const EpnetSplitTable *moved = &step->moved;
    const size_t stride = (size_t)1 << j, states = (size_t)1 << low;
    const double *up = epnet_split_low(moved, j, 0), *down = epnet_split_low(moved, j, 1);
    const double up_above = epnet_split_upper(moved, j, 0, block),
                 down_above = epnet_split_upper(moved, j, 1, block), stay = step->stay[j];
    if (j < 3 && states >= EPNET_LANES) {
        flip_within_vectors(states / EPNET_LANES, j, stay, step->mixed[j], up_above, down_above, p);
        return;
    }
    for (size_t base = 0; base < states; base += 2 * stride)
        flip_run(stride, stay, up + base, up_above, down + base, down_above, p + base, p + base + stride);
}

/* All nodes of a whole block: as literals, so that the compiler knows the runs' lengths. */
EPNET_INLINE void flip_whole_block_down(const EpnetSplitStep *step, uint64_t block, double *p) {
    flip_in_block(step, EPNET_SPLIT_BLOCK_BITS, 7, block, p);
    flip_in_block(step, EPNET_SPLIT_BLOCK_BITS, 6, block, p);
    flip_in_block(step, EPNET_SPLIT_BLOCK_BITS, 5, block, p);
    flip_in_block(step, EPNET_SPLIT_BLOCK_BITS, 4, block, p);
    flip_in_block(step, EPNET_SPLIT_BLOCK_BITS, 3, block, p);
    flip_in_block(step, EPNET_SPLIT_BLOCK_BITS, 2, block, p);
    flip_in_block(step, EPNET_SPLIT_BLOCK_BITS, 1, block, p);
    flip_in_block(step, EPNET_SPLIT_BLOCK_BITS, 0, block, p);
}

EPNET_INLINE void flip_whole_block_up(const EpnetSplitStep *step, uint64_t block, double *p) {
    flip_in_block(step, EPNET_SPLIT_BLOCK_BITS, 0, block, p);
    flip_in_block(step, EPNET_SPLIT_BLOCK_BITS, 1, block, p);
    flip_in_block(step, EPNET_SPLIT_BLOCK_BITS, 2, block, p);
    flip_in_block(step, EPNET_SPLIT_BLOCK_BITS, 3, block, p);
    flip_in_block(step, EPNET_SPLIT_BLOCK_BITS, 4, block, p);
    flip_in_block(step, EPNET_SPLIT_BLOCK_BITS, 5, block, p);
    flip_in_block(step, EPNET_SPLIT_BLOCK_BITS, 6, block, p);
    flip_in_block(step, EPNET_SPLIT_BLOCK_BITS, 7, block, p);
}

/* The nodes below `low`, from the highest down, from the lowest up, or both. */
EPNET_INLINE void walk_block(const EpnetSplitStep *step, uint64_t block, double *p, int directions) {
    const int low = step->shape.low;
    const bool whole = low == EPNET_SPLIT_BLOCK_BITS;
    if ((directions & DOWN) && whole)
        flip_whole_block_down(step, block, p);
    if ((directions & UP) && whole)
        flip_whole_block_up(step, block, p);
    for (int j = low - 1; (directions & DOWN) && !whole && j >= 0; j--)
        flip_in_block(step, low, j, block, p);
    for (int j = 0; (directions & UP) && !whole && j < low; j++)
        flip_in_block(step, low, j, block, p);
}

/* Node j >= low over `blocks` blocks, of which `first` is the number of the first and p its states. */
EPNET_INLINE void flip_across_blocks(const EpnetSplitStep *step, int j, uint64_t first, size_t blocks,
                                     double *p) {
    const EpnetSplitTable *moved = &step->moved;
    const int low = step->shape.low;
    const size_t distance = (size_t)1 << (j - low), states = (size_t)1 << low;
    const double *up = epnet_split_low(moved, j, 0), *down = epnet_split_low(moved, j, 1);
    for (size_t m = 0; m < blocks; m++) {
        if (m & distance)
            continue;
        flip_run(states, step->stay[j], up, epnet_split_upper(moved, j, 0, first + m), down,
                 epnet_split_upper(moved, j, 1, first + m), p + (m << low), p + ((m + distance) << low));
    }
}

/* ---- passes ------------------------------------------------------------------------------------------ */

/* The nodes of one tile, from the highest down, from the lowest up, or both. */
EPNET_INSTRUCTION_LEVELS(static, void, walk_tile,
                         (const EpnetSplitStep *step, uint64_t tile, double *p, int directions),
                         (step, tile, p, directions)) {
    const int low = step->shape.low, middle = step->shape.middle;
    const int part_bits = middle < PART_BITS ? middle : PART_BITS;
    const size_t blocks = (size_t)1 << middle, part = (size_t)1 << part_bits;
    const uint64_t first = tile << middle;
    for (int j = low + middle - 1; (directions & DOWN) && j >= low + part_bits; j--)
        flip_across_blocks(step, j, first, blocks, p);
    for (size_t m = 0; m < blocks; m += part) {
        double *here = p + (m << low);
        for (int j = low + part_bits - 1; (directions & DOWN) && j >= low; j--)
            flip_across_blocks(step, j, first + m, part, here);
        for (size_t b = 0; b < part; b++)
            walk_block(step, first + m + b, here + (b << low), directions);
        for (int j = low; (directions & UP) && j < low + part_bits; j++)
            flip_across_blocks(step, j, first + m, part, here);
    }
    for (int j = low + part_bits; (directions & UP) && j < low + middle; j++)
        flip_across_blocks(step, j, first, blocks, p);
}

typedef struct Pass {
    const EpnetSplitStep *step;
    double *p;
    int directions;
    const volatile int *stop; /* NULL: never */
} Pass;

static bool is_stopped(const volatile int *stop) {
    return stop != NULL && *stop;
}

static void walk_tiles(void *context, int thread, size_t first, size_t end) {
    (void)thread;
    const Pass *pass = context;
    const EpnetSplitShape *shape = &pass->step->shape;
    for (uint64_t tile = first; tile < end && !is_stopped(pass->stop); tile++)
        walk_tile(pass->step, tile, pass->p + (tile << (shape->low + shape->middle)), pass->directions);
}

static void pass_over_tiles(const EpnetSplitStep *step, double *p, int directions, const volatile int *stop) {
    Pass pass = {step, p, directions, stop};
    epnet_team_share(step->team, (size_t)1 << step->shape.high, 1, walk_tiles, &pass);
}

/* Node j of the high bits over packed rows: `row` bits of states of every tile, that begin at the tile's
 * state `at`. */
EPNET_INLINE void flip_across_rows(const EpnetSplitStep *step, int j, int row, uint64_t at,
                                   double *restrict rows) {
    const EpnetSplitTable *moved = &step->moved;
    const int low = step->shape.low;
    const size_t states = (size_t)1 << row, count = (size_t)1 << step->shape.high;
    const size_t distance = (size_t)1 << (j - low - step->shape.middle),
                 in_block = at & (((size_t)1 << low) - 1);
    const double *up = epnet_split_low(moved, j, 0) + in_block,
                 *down = epnet_split_low(moved, j, 1) + in_block;
    const double up_middle = epnet_split_middle(moved, j, 0)[at >> low],
                 down_middle = epnet_split_middle(moved, j, 1)[at >> low];
    const double *up_high = epnet_split_high(moved, j, 0), *down_high = epnet_split_high(moved, j, 1);
    for (size_t base = 0; base < count; base += 2 * distance) {
        for (size_t r = base; r < base + distance; r++)
            flip_run(states, step->stay[j], up, up_middle + up_high[r], down, down_middle + down_high[r],
                     rows + (r << row), rows + ((r + distance) << row));
    }
}

EPNET_INSTRUCTION_LEVELS(static, void, walk_rows,
                         (const EpnetSplitStep *step, int row, uint64_t at, double *rows),
                         (step, row, at, rows)) {
    const int first = step->shape.low + step->shape.middle;
    for (int j = step->shape.nodes - 1; j >= first; j--)
        flip_across_rows(step, j, row, at, rows);
    for (int j = first; j < step->shape.nodes; j++)
        flip_across_rows(step, j, row, at, rows);
}

/* Items are runs of a row's length in a tile. */
static void pack_and_walk(void *context, int thread, size_t first, size_t end) {
    const Pass *pass = context;
    const EpnetSplitStep *step = pass->step;
    const int tile_bits = step->shape.low + step->shape.middle, row = row_bits(&step->shape);
    const size_t count = (size_t)1 << step->shape.high, bytes = sizeof(double) << row;
    double *rows = step->rows + (size_t)thread * rows_size(&step->shape);
    for (size_t item = first; item < end && !is_stopped(pass->stop); item++) {
        double *p = pass->p + (item << row);
        for (size_t r = 0; r < count; r++)
            memcpy(rows + (r << row), p + (r << tile_bits), bytes);
        walk_rows(step, row, item << row, rows);
        for (size_t r = 0; r < count; r++)
            memcpy(p + (r << tile_bits), rows + (r << row), bytes);
    }
}

static void pass_over_rows(const EpnetSplitStep *step, double *p, const volatile int *stop) {
    const int tile_bits = step->shape.low + step->shape.middle;
    Pass pass = {step, p, 0, stop};
    epnet_team_share(step->team, (size_t)1 << (tile_bits - row_bits(&step->shape)), 16, pack_and_walk, &pass);
}

/* The turning point of a step is the high rows, or, without them, the top of the one tile: where a pass goes
 * up and the next comes down. Between steps it is the lowest bit. */
void epnet_split_advance(const EpnetSplitStep *step, double *p, uint64_t count, const volatile int *stop) {
    const bool has_rows = step->shape.high > 0;
    if (count == 0)
        return;
    pass_over_tiles(step, p, UP, stop);
    for (uint64_t n = 0; n < count && !is_stopped(stop); n++) {
        if (has_rows)
            pass_over_rows(step, p, stop);
        pass_over_tiles(step, p, n + 1 < count ? DOWN | UP : DOWN, stop);
    }
}

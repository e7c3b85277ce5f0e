#include "vector.h"

#include "instruction_levels.h"
#include "tiles.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

double *epnet_vector_new(size_t n) {
    const size_t line = 64, huge = (size_t)2 << 20, bytes = n * sizeof(double);
    const size_t unit = bytes >= 2 * huge ? huge : line;
    double *vector = aligned_alloc(unit, (bytes + unit) / unit * unit);
    if (vector != NULL && unit == huge)
        madvise(vector, bytes, MADV_HUGEPAGE); /* a hint: small pages serve as well, slower */
    return vector;
}

enum { LANES = 8, BLOCK = 1024 };

typedef struct Vectors {
    const double *a, *b;
    const unsigned char *mask;
} Vectors;

EPNET_INLINE double sum_of_lanes(const double *lane) {
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

EPNET_INLINE size_t block_end(size_t first, size_t n) {
    return first + BLOCK < n ? first + BLOCK : n;
}

/* The sum over one tile of TERM, an expression in a[i], b[i]. */
#define SUM_OF_TILE(name, TERM)                                                                              \
    EPNET_INSTRUCTION_LEVELS(static, double, name,                                                           \
                             (const double *a, const double *b, size_t from, size_t n), (a, b, from, n)) {   \
        (void)b;                                                                                             \
        double total = 0;                                                                                    \
        for (size_t first = from; first < n; first += BLOCK) {                                               \
            double lane[LANES] = {0};                                                                        \
            const size_t end = block_end(first, n), whole = first + (end - first) / LANES * LANES;           \
            for (size_t start = first; start < whole; start += LANES) {                                      \
                for (size_t l = 0; l < LANES; l++) {                                                         \
                    const size_t i = start + l;                                                              \
                    lane[l] += (TERM);                                                                       \
                }                                                                                            \
            }                                                                                                \
            for (size_t i = whole; i < end; i++)                                                             \
                lane[i - whole] += (TERM);                                                                   \
            total += sum_of_lanes(lane);                                                                     \
        }                                                                                                    \
        return total;                                                                                        \
    }

SUM_OF_TILE(tile_sum, a[i])
SUM_OF_TILE(tile_norm1, fabs(a[i]))
SUM_OF_TILE(tile_dot, a[i] * b[i])
SUM_OF_TILE(tile_dot_absolute, fabs(a[i] * b[i]))

static void tile_sum_body(void *context, size_t first, size_t end, double *sums) {
    const Vectors *v = context;
    sums[0] = tile_sum(v->a, NULL, first, end);
}

double epnet_sum(EpnetTeam *team, size_t n, const double *a) {
    Vectors vectors = {.a = a};
    double sum;
    epnet_tiles_sum(team, n, 1, tile_sum_body, &vectors, &sum);
    return sum;
}

static void tile_norm1_body(void *context, size_t first, size_t end, double *sums) {
    const Vectors *v = context;
    sums[0] = tile_norm1(v->a, NULL, first, end);
}

double epnet_norm1(EpnetTeam *team, size_t n, const double *a) {
    Vectors vectors = {.a = a};
    double sum;
    epnet_tiles_sum(team, n, 1, tile_norm1_body, &vectors, &sum);
    return sum;
}

static void tile_dot_body(void *context, size_t first, size_t end, double *sums) {
    const Vectors *v = context;
    sums[0] = tile_dot(v->a, v->b, first, end);
}

double epnet_dot(EpnetTeam *team, size_t n, const double *a, const double *b) {
    Vectors vectors = {.a = a, .b = b};
    double sum;
    epnet_tiles_sum(team, n, 1, tile_dot_body, &vectors, &sum);
    return sum;
}

static void tile_dot_with_size_body(void *context, size_t first, size_t end, double *sums) {
    const Vectors *v = context;
    for (size_t block = first; block < end; block += BLOCK) { /* the second sum finds it in the cache */
        const size_t block_last = block_end(block, end);
        sums[0] = (block == first ? 0 : sums[0]) + tile_dot(v->a, v->b, block, block_last);
        sums[1] = (block == first ? 0 : sums[1]) + tile_dot_absolute(v->a, v->b, block, block_last);
    }
}

double epnet_dot_with_size(EpnetTeam *team, size_t n, const double *a, const double *b, double *size) {
    Vectors vectors = {.a = a, .b = b};
    double sums[2];
    epnet_tiles_sum(team, n, 2, tile_dot_with_size_body, &vectors, sums);
    *size = sums[1];
    return sums[0];
}

/* ---- extremes ------------------------------------------------------------------------------------------ */

EPNET_INSTRUCTION_LEVELS(static, double, tile_least, (const double *a, size_t from, size_t n), (a, from, n)) {
    double lane[LANES], least = INFINITY;
    int64_t wrong[LANES] = {0};
    for (size_t l = 0; l < LANES; l++)
        lane[l] = INFINITY;
    size_t start = from;
    for (; start + LANES <= n; start += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            const double value = a[start + l];
            lane[l] = value < lane[l] ? value : lane[l];
            wrong[l] |= !(value == value);
        }
    }
    for (size_t i = start; i < n; i++) {
        lane[i - start] = a[i] < lane[i - start] ? a[i] : lane[i - start];
        wrong[i - start] |= !(a[i] == a[i]);
    }
    for (size_t l = 0; l < LANES; l++) {
        least = lane[l] < least ? lane[l] : least;
        if (wrong[l])
            return NAN;
    }
    return least;
}

static double tile_least_body(void *context, size_t first, size_t end) {
    const Vectors *v = context;
    if (v->mask == NULL)
        return tile_least(v->a, first, end);
    double least = INFINITY;
    for (size_t i = first; i < end; i++) {
        if (!v->mask[i])
            continue;
        if (isnan(v->a[i]))
            return v->a[i];
        least = v->a[i] < least ? v->a[i] : least;
    }
    return least;
}

double epnet_least(EpnetTeam *team, size_t n, const double *a, const unsigned char *mask) {
    Vectors vectors = {.a = a, .mask = mask};
    return epnet_tiles_least(team, n, tile_least_body, &vectors);
}

EPNET_INSTRUCTION_LEVELS(static, double, tile_greatest, (const double *a, size_t i, size_t n), (a, i, n)) {
    double lane[LANES] = {0}, greatest = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t l = 0; l < LANES; l++)
            lane[l] = a[i + l] > lane[l] ? a[i + l] : lane[l];
    }
    for (size_t l = 0; l < LANES; l++)
        greatest = lane[l] > greatest ? lane[l] : greatest;
    for (; i < n; i++)
        greatest = a[i] > greatest ? a[i] : greatest;
    return greatest;
}

static double tile_greatest_body(void *context, size_t first, size_t end) {
    const Vectors *v = context;
    return -tile_greatest(v->a, first, end);
}

double epnet_greatest(EpnetTeam *team, size_t n, const double *a) {
    Vectors vectors = {.a = a};
    return -epnet_tiles_least(team, n, tile_greatest_body, &vectors);
}

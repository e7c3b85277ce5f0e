#include "vector.h"

#include "instruction_levels.h"

#include <math.h>

enum { LANES = 8, BLOCK = 1024 };

EPNET_INLINE double sum_of_lanes(const double *lane) {
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

EPNET_INLINE size_t block_end(size_t first, size_t n) {
    return first + BLOCK < n ? first + BLOCK : n;
}

EPNET_INSTRUCTION_LEVELS(extern, double, epnet_sum, (size_t n, const double *a), (n, a)) {
    double total = 0;
    for (size_t first = 0; first < n; first += BLOCK) {
        double lane[LANES] = {0};
        size_t end = block_end(first, n), whole = first + (end - first) / LANES * LANES;
        for (size_t i = first; i < whole; i += LANES) {
            for (size_t l = 0; l < LANES; l++)
                lane[l] += a[i + l];
        }
        for (size_t i = whole; i < end; i++)
            lane[i - whole] += a[i];
        total += sum_of_lanes(lane);
    }
    return total;
}

EPNET_INSTRUCTION_LEVELS(extern, double, epnet_norm1, (size_t n, const double *a), (n, a)) {
    double total = 0;
    for (size_t first = 0; first < n; first += BLOCK) {
        double lane[LANES] = {0};
        size_t end = block_end(first, n), whole = first + (end - first) / LANES * LANES;
        for (size_t i = first; i < whole; i += LANES) {
            for (size_t l = 0; l < LANES; l++)
                lane[l] += fabs(a[i + l]);
        }
        for (size_t i = whole; i < end; i++)
            lane[i - whole] += fabs(a[i]);
        total += sum_of_lanes(lane);
    }
    return total;
}

EPNET_INSTRUCTION_LEVELS(extern, double, epnet_dot, (size_t n, const double *a, const double *b), (n, a, b)) {
    double total = 0;
    for (size_t first = 0; first < n; first += BLOCK) {
        double lane[LANES] = {0};
        size_t end = block_end(first, n), whole = first + (end - first) / LANES * LANES;
        for (size_t i = first; i < whole; i += LANES) {
            for (size_t l = 0; l < LANES; l++)
                lane[l] += a[i + l] * b[i + l];
        }
        for (size_t i = whole; i < end; i++)
            lane[i - whole] += a[i] * b[i];
        total += sum_of_lanes(lane);
    }
    return total;
}

EPNET_INSTRUCTION_LEVELS(extern, double, epnet_dot_absolute, (size_t n, const double *a, const double *b),
                         (n, a, b)) {
    double total = 0;
    for (size_t first = 0; first < n; first += BLOCK) {
        double lane[LANES] = {0};
        size_t end = block_end(first, n), whole = first + (end - first) / LANES * LANES;
        for (size_t i = first; i < whole; i += LANES) {
            for (size_t l = 0; l < LANES; l++)
                lane[l] += fabs(a[i + l] * b[i + l]);
        }
        for (size_t i = whole; i < end; i++)
            lane[i - whole] += fabs(a[i] * b[i]);
        total += sum_of_lanes(lane);
    }
    return total;
}

EPNET_INSTRUCTION_LEVELS(extern, double, epnet_dot3_absolute,
                         (size_t n, const double *a, const double *b, const double *c), (n, a, b, c)) {
    double total = 0;
    for (size_t first = 0; first < n; first += BLOCK) {
        double lane[LANES] = {0};
        size_t end = block_end(first, n), whole = first + (end - first) / LANES * LANES;
        for (size_t i = first; i < whole; i += LANES) {
            for (size_t l = 0; l < LANES; l++)
                lane[l] += fabs(a[i + l] * b[i + l] * c[i + l]);
        }
        for (size_t i = whole; i < end; i++)
            lane[i - whole] += fabs(a[i] * b[i] * c[i]);
        total += sum_of_lanes(lane);
    }
    return total;
}

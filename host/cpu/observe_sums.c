#include "observe_sums.h"

#include "formula.h"
#include "lanes_terms.h"
#include "tiles.h"
#include "vector.h"

#include <math.h>
#include <string.h>

/* States that are looked at together, and those whose sums begin anew, as in vector.c. */
enum { GROUP = 64, VECTORS = GROUP / EPNET_LANES, BLOCK = 1024 };

typedef double Loose __attribute__((vector_size(64), aligned(8), may_alias));

EPNET_INLINE double sum_of_lanes(EpnetVector a) {
    return ((a[0] + a[1]) + (a[2] + a[3])) + ((a[4] + a[5]) + (a[6] + a[7]));
}

/* Whether all entries of a group are positive and normal. */
EPNET_INLINE bool is_normal(const double *a) {
    EpnetBits abnormal = {0};
    EPNET_UNROLL
    for (int t = 0; t < VECTORS; t++)
        abnormal |= epnet_vector_abnormal(((const Loose *)a)[t]);
    return !epnet_mask_any(epnet_mask_of_signs(abnormal));
}

/* ---- logarithms and sums ------------------------------------------------------------------------------- */

enum {
    P_LOG_P,
    DP_LOG_P,
    ACTIVITY,
    GROSS,
    FLOW,
    FLOW_GROSS,
    DP_FILLS,
    FILLS,
    EMPTY,
    KINDS,
    VECTOR_KINDS = DP_FILLS
};

/* What a sweep reads and writes, from some state on. */
typedef struct States {
    const double *p, *dp, *exit, *flow;
    double *log_p;
    unsigned char *fills;
} States;

static States states_from(const States *v, size_t first) {
    return (States){v->p + first,    v->dp + first,    v->exit + first,
                    v->flow + first, v->log_p + first, v->fills + first};
}

/* ln p of `n` states one by one. */
static void limit_logarithms(const States *v, size_t n, double *sums) {
    for (size_t s = 0; s < n; s++) {
        const EpnetLimit log_p = epnet_limit_log(v->p[s], v->dp[s]);
        v->log_p[s] = log_p.finite;
        v->fills[s] = log_p.log_t > 0;
        sums[DP_FILLS] += v->fills[s] ? v->dp[s] : 0;
        sums[FILLS] += v->fills[s];
        sums[EMPTY] += !(v->p[s] > 0);
    }
}

/* A group of states whose ln p is there. */
EPNET_INLINE void add_terms(EpnetVector p, EpnetVector dp, EpnetVector exit, EpnetVector flow,
                            EpnetVector log_p, EpnetVector *sums) {
    const EpnetVector jumps = p * exit, flowing = flow * p;
    sums[P_LOG_P] += p * log_p;
    sums[DP_LOG_P] += dp * log_p;
    sums[ACTIVITY] += jumps;
    sums[GROSS] += epnet_vector_absolute(jumps * log_p);
    sums[FLOW] += flowing;
    sums[FLOW_GROSS] += epnet_vector_absolute(flowing);
}

/* One block of at most BLOCK states. */
EPNET_INSTRUCTION_LEVELS(static, void, add_block, (const States *v, size_t n, double *sums), (v, n, sums)) {
    EpnetVector lane[VECTOR_KINDS] = {{0}};
    size_t s = 0;
    for (; s + GROUP <= n; s += GROUP) {
        const Loose *p = (const Loose *)(v->p + s), *dp = (const Loose *)(v->dp + s);
        const Loose *exit = (const Loose *)(v->exit + s), *flow = (const Loose *)(v->flow + s);
        Loose *log_p = (Loose *)(v->log_p + s);
        if (is_normal(v->p + s)) {
            for (int t = 0; t < VECTORS; t++) {
                const EpnetVector logarithm = epnet_vector_log_normal(p[t]);
                log_p[t] = logarithm;
                add_terms(p[t], dp[t], exit[t], flow[t], logarithm, lane);
            }
            memset(v->fills + s, 0, GROUP);
        } else {
            const States group = states_from(v, s);
            limit_logarithms(&group, GROUP, sums);
            for (int t = 0; t < VECTORS; t++)
                add_terms(p[t], dp[t], exit[t], flow[t], log_p[t], lane);
        }
    }
    const States rest = states_from(v, s);
    limit_logarithms(&rest, n - s, sums);
    for (; s < n; s++) {
        const double jumps = v->p[s] * v->exit[s], flowing = v->flow[s] * v->p[s];
        lane[P_LOG_P][s % EPNET_LANES] += v->p[s] * v->log_p[s];
        lane[DP_LOG_P][s % EPNET_LANES] += v->dp[s] * v->log_p[s];
        lane[ACTIVITY][s % EPNET_LANES] += jumps;
        lane[GROSS][s % EPNET_LANES] += fabs(jumps * v->log_p[s]);
        lane[FLOW][s % EPNET_LANES] += flowing;
        lane[FLOW_GROSS][s % EPNET_LANES] += fabs(flowing);
    }
    for (int k = 0; k < VECTOR_KINDS; k++)
        sums[k] += sum_of_lanes(lane[k]);
}

static void states_tile(void *context, size_t first, size_t end, double *sums) {
    memset(sums, 0, KINDS * sizeof *sums);
    for (size_t s = first; s < end; s += BLOCK) {
        const States block = states_from(context, s);
        add_block(&block, end - s < BLOCK ? end - s : BLOCK, sums);
    }
}

EpnetStateSums epnet_observe_states(EpnetObserver *o, const double *p, const double *dp) {
    States states = {p, dp, o->generator->exit, o->weights.flow, o->log_p, o->fills};
    double sums[KINDS];
    epnet_tiles_sum(o->team, o->generator->states, KINDS, states_tile, &states, sums);
    return (EpnetStateSums){.p_log_p = sums[P_LOG_P],
                            .dp_log_p = sums[DP_LOG_P],
                            .activity = sums[ACTIVITY],
                            .gross = sums[GROSS],
                            .flow = sums[FLOW],
                            .flow_gross = sums[FLOW_GROSS],
                            .dp_fills = sums[DP_FILLS],
                            .fills = sums[FILLS],
                            .empty = sums[EMPTY]};
}

/* ---- logarithms alone ---------------------------------------------------------------------------------- */

EPNET_INSTRUCTION_LEVELS(static, void, logarithms, (const double *p, size_t n, double *log_p),
                         (p, n, log_p)) {
    size_t s = 0;
    for (; s + GROUP <= n && is_normal(p + s); s += GROUP) {
        for (int t = 0; t < VECTORS; t++)
            ((Loose *)(log_p + s))[t] = epnet_vector_log_normal(((const Loose *)(p + s))[t]);
    }
    for (; s < n; s++)
        log_p[s] = p[s] > 0 ? log(p[s]) : 0;
}

static void logarithms_tile(void *context, size_t first, size_t end) {
    const States *v = context;
    for (size_t s = first; s < end; s += BLOCK)
        logarithms(v->p + s, end - s < BLOCK ? end - s : BLOCK, v->log_p + s);
}

void epnet_observe_logarithms(EpnetObserver *o, const double *p) {
    States states = {.p = p, .log_p = o->log_p};
    epnet_tiles(o->team, (size_t)1 << o->problem->nodes, logarithms_tile, &states);
}

/* ---- marginals ----------------------------------------------------------------------------------------- */

/* The states as a matrix: low bits along a row, the others down. Its columns, summed, have the marginals of
 * the low bits, its rows those of the others. Strips of columns are shared out. */
enum {
    COLUMN_BITS = 12,
    COLUMNS = 1 << COLUMN_BITS,
    STRIP = 256,
    STRIPS = COLUMNS / STRIP,
    ROWS_AT_ONCE = 64
};

typedef struct Matrix {
    const double *p;
    size_t rows;
    double *columns; /* COLUMNS */
    double *totals;  /* [STRIPS][rows]: of the part of a row in a strip */
} Matrix;

/* Add the strip of rows [first, end) to `columns`. */
EPNET_INSTRUCTION_LEVELS(static, void, add_rows,
                         (const double *strip, size_t first, size_t end, double *columns, double *totals),
                         (strip, first, end, columns, totals)) {
    Loose sum[STRIP / EPNET_LANES];
    memset(sum, 0, sizeof sum);
    for (size_t row = first; row < end; row++) {
        const Loose *entries = (const Loose *)(strip + row * COLUMNS);
        EpnetVector total[4] = {{0}};
        for (int t = 0; t < STRIP / EPNET_LANES; t += 4) {
            EPNET_UNROLL
            for (int u = 0; u < 4; u++) {
                sum[t + u] += entries[t + u];
                total[u] += entries[t + u];
            }
        }
        totals[row] = sum_of_lanes((total[0] + total[1]) + (total[2] + total[3]));
    }
    for (int t = 0; t < STRIP / EPNET_LANES; t++)
        ((Loose *)columns)[t] += sum[t];
}

static void strip_share(void *context, int thread, size_t first, size_t end) {
    (void)thread;
    const Matrix *m = context;
    for (size_t strip = first; strip < end; strip++) {
        double *columns = m->columns + strip * STRIP;
        memset(columns, 0, STRIP * sizeof *columns);
        for (size_t row = 0; row < m->rows; row += ROWS_AT_ONCE)
            add_rows(m->p + strip * STRIP, row, row + ROWS_AT_ONCE < m->rows ? row + ROWS_AT_ONCE : m->rows,
                     columns, m->totals + strip * m->rows);
    }
}

size_t epnet_observe_scratch_size(int nodes) {
    const size_t states = (size_t)1 << nodes;
    return nodes <= COLUMN_BITS ? states / 2 : 2 * COLUMNS + (STRIPS + 1) * (states / COLUMNS);
}

void epnet_observe_node_sums(EpnetObserver *o, const double *p, double (*marginal)[2]) {
    const int nodes = o->problem->nodes;
    if (nodes <= COLUMN_BITS) {
        epnet_observe_marginals(nodes, p, o->scratch, marginal);
        return;
    }
    const size_t rows = (size_t)1 << (nodes - COLUMN_BITS);
    Matrix matrix = {p, rows, o->scratch + COLUMNS, o->scratch + 2 * COLUMNS};
    double *fold = o->scratch, *sums = matrix.totals + STRIPS * rows;
    epnet_team_share(o->team, STRIPS, 1, strip_share, &matrix);
    memcpy(sums, matrix.totals, rows * sizeof *sums);
    for (size_t strip = 1; strip < STRIPS; strip++) {
        for (size_t row = 0; row < rows; row++)
            sums[row] += matrix.totals[strip * rows + row];
    }
    epnet_observe_marginals(COLUMN_BITS, matrix.columns, fold, marginal);
    epnet_observe_marginals(nodes - COLUMN_BITS, sums, matrix.totals, marginal + COLUMN_BITS);
}

/* ---- the product of the marginals ---------------------------------------------------------------------- */

enum { LOW_BITS = 10 }; /* of a table of products that fits the first-level cache */

static int low_bits_of(int nodes) {
    return nodes < LOW_BITS ? nodes : LOW_BITS;
}

size_t epnet_observe_product_size(int nodes) {
    return 2 * (((size_t)1 << low_bits_of(nodes)) + ((size_t)1 << (nodes - low_bits_of(nodes))));
}

typedef struct Product {
    const double *p, *log_p;
    int low_bits;
    const double *low, *log_low, *high, *log_high; /* of the low bits and of the others */
} Product;

void epnet_observe_fill_product(int nodes, double (*marginal)[2], double *product, double *log_product) {
    product[0] = 1;
    log_product[0] = 0;
    for (int i = 0; i < nodes; i++) {
        const size_t half = (size_t)1 << i;
        const double p0 = marginal[i][0], p1 = marginal[i][1], log_p0 = log(p0), log_p1 = log(p1);
        for (size_t k = 0; k < half; k++) {
            product[half + k] = product[k] * p1;
            product[k] *= p0;
            log_product[half + k] = log_product[k] + log_p1;
            log_product[k] += log_p0;
        }
    }
}

/* Over the states of one entry `high` of the upper table. */
EPNET_INSTRUCTION_LEVELS(static, double, block_divergence,
                         (const double *p, const double *log_p, const Product *v, double high,
                          double log_high),
                         (p, log_p, v, high, log_high)) {
    const size_t n = (size_t)1 << v->low_bits;
    EpnetVector lane = {0};
    size_t s = 0;
    for (; s + GROUP <= n; s += GROUP) {
        const Loose *low = (const Loose *)(v->low + s), *log_low = (const Loose *)(v->log_low + s);
        EpnetVector q[VECTORS];
        EpnetBits abnormal = {0};
        for (int t = 0; t < VECTORS; t++) {
            q[t] = low[t] * high;
            abnormal |= epnet_vector_abnormal(q[t]);
        }
        if (!epnet_mask_any(epnet_mask_of_signs(abnormal))) {
            for (int t = 0; t < VECTORS; t++)
                lane +=
                    epnet_lanes_divergence_term(((const Loose *)(p + s))[t], q[t], 1 / q[t],
                                                ((const Loose *)(log_p + s))[t] - (log_low[t] + log_high));
        } else {
            for (size_t k = 0; k < GROUP; k++) {
                const double product = v->low[s + k] * high;
                if (p[s + k] > 0 || product > 0)
                    lane[k % EPNET_LANES] += epnet_divergence_term(
                        p[s + k], product, log_p[s + k] - (v->log_low[s + k] + log_high));
            }
        }
    }
    for (; s < n; s++) {
        const double product = v->low[s] * high;
        if (p[s] > 0 || product > 0)
            lane[s % EPNET_LANES] +=
                epnet_divergence_term(p[s], product, log_p[s] - (v->log_low[s] + log_high));
    }
    return sum_of_lanes(lane);
}

static void product_tile(void *context, size_t first, size_t end, double *sums) {
    const Product *v = context;
    sums[0] = 0;
    for (size_t s = first; s < end; s += (size_t)1 << v->low_bits) {
        const size_t h = s >> v->low_bits;
        sums[0] += block_divergence(v->p + s, v->log_p + s, v, v->high[h], v->log_high[h]);
    }
}

double epnet_observe_product_divergence(EpnetObserver *o, const double *p, double (*marginal)[2]) {
    const int nodes = o->problem->nodes, low_bits = low_bits_of(nodes);
    double *low = o->product, *log_low = low + ((size_t)1 << low_bits),
           *high = log_low + ((size_t)1 << low_bits), *log_high = high + ((size_t)1 << (nodes - low_bits)),
           divergence;
    epnet_observe_fill_product(low_bits, marginal, low, log_low);
    epnet_observe_fill_product(nodes - low_bits, marginal + low_bits, high, log_high);
    Product product = {p, o->log_p, low_bits, low, log_low, high, log_high};
    epnet_tiles_sum(o->team, (size_t)1 << nodes, 1, product_tile, &product, &divergence);
    return divergence;
}

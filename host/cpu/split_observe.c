#include "split_observe.h"

#include "../status.h"
#include "formula.h"
#include "observe.h"
#include "split_block.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNKS_MOST = 256 };

size_t epnet_split_chunks(const EpnetSplitShape *shape) {
    const size_t blocks = (size_t)1 << (shape->nodes - shape->low);
    return blocks < CHUNKS_MOST ? blocks : CHUNKS_MOST;
}

static size_t most(size_t a, size_t b) {
    return a > b ? a : b;
}

size_t epnet_split_partial_width(const EpnetProblem *problem) {
    const size_t marginals = 2 * (size_t)problem->nodes + 1;
    return most(most(marginals, epnet_split_sums_width(problem)), epnet_split_pairs_width(problem));
}

/* ---- memory ------------------------------------------------------------------------------------------ */

static size_t side_states(uint64_t mask) {
    return (size_t)1 << __builtin_popcountll(mask);
}

static bool cut_alloc(EpnetSplitCut *cut, const EpnetProblem *problem, const EpnetSplitShape *shape,
                      uint64_t mask) {
    const uint64_t all = ((uint64_t)1 << problem->nodes) - 1;
    cut->use = epnet_calloc(problem->edge_count, 1);
    cut->entered = epnet_calloc((size_t)problem->nodes, sizeof *cut->entered);
    bool good = cut->use != NULL && cut->entered != NULL && epnet_split_table_alloc(&cut->rates, shape) &&
                epnet_split_table_alloc(&cut->flows, shape);
    cut->mask[0] = mask;
    cut->mask[1] = all & ~mask;
    for (int side = 0; side < 2 && good; side++) {
        cut->side[side] = epnet_calloc(side_states(cut->mask[side]), sizeof(double));
        cut->place[side] = epnet_calloc((size_t)1 << shape->low, sizeof(uint32_t));
        good = cut->side[side] != NULL && cut->place[side] != NULL;
        for (uint64_t k = 0; good && k < (uint64_t)1 << shape->low; k++)
            cut->place[side][k] =
                (uint32_t)epnet_extract(k, cut->mask[side] & (((uint64_t)1 << shape->low) - 1));
    }
    for (size_t e = 0; e < problem->edge_count && good; e++) {
        cut->use[e] = epnet_bit(mask, problem->source[e]) != epnet_bit(mask, problem->target[e]);
        cut->entered[problem->target[e]] |= cut->use[e] != 0;
    }
    return good;
}

static void cut_free(EpnetSplitCut *cut) {
    free(cut->use);
    free(cut->entered);
    epnet_split_table_free(&cut->rates);
    epnet_split_table_free(&cut->flows);
    for (int side = 0; side < 2; side++) {
        free(cut->side[side]);
        free(cut->place[side]);
    }
}

static size_t pair_sums_size(const EpnetProblem *problem) {
    return epnet_split_pairs_width(problem) + 2 * problem->cut_count;
}

bool epnet_split_observer_alloc(EpnetSplitObserver *o, const EpnetProblem *problem, EpnetTeam *team) {
    memset(o, 0, sizeof *o);
    o->problem = problem;
    o->team = team;
    o->shape = epnet_split_shape(problem->nodes);
    o->cancellation = epnet_cancellation(problem->tolerance);
    const size_t block = (size_t)1 << o->shape.low;
    o->cuts = epnet_calloc(problem->cut_count, sizeof *o->cuts);
    o->partial =
        epnet_calloc(epnet_split_chunks(&o->shape) * epnet_split_partial_width(problem), sizeof *o->partial);
    o->has_low_source = epnet_calloc((size_t)problem->nodes, sizeof *o->has_low_source);
    o->least_of = epnet_calloc(epnet_split_chunks(&o->shape), sizeof *o->least_of);
    o->sums = epnet_calloc(epnet_split_partial_width(problem), sizeof *o->sums);
    o->pair_sums = epnet_calloc(pair_sums_size(problem), sizeof *o->pair_sums);
    o->scratch = aligned_alloc(64, (size_t)epnet_team_threads(team) * epnet_split_block_bytes(problem));
    o->marginal = epnet_calloc((size_t)problem->nodes, sizeof *o->marginal);
    o->product = epnet_calloc(2 * block, sizeof *o->product);
    bool good = epnet_split_table_alloc(&o->rates, &o->shape) &&
                epnet_split_table_alloc(&o->flows, &o->shape) && o->cuts != NULL && o->partial != NULL &&
                o->least_of != NULL && o->has_low_source != NULL && o->sums != NULL && o->pair_sums != NULL &&
                o->scratch != NULL && o->marginal != NULL && o->product != NULL;
    for (size_t e = 0; e < problem->edge_count && good; e++)
        o->has_low_source[problem->target[e]] |= problem->source[e] < o->shape.low;
    o->log_product = good ? o->product + block : NULL;
    for (size_t c = 0; c < problem->cut_count && good; c++)
        good = cut_alloc(&o->cuts[c], problem, &o->shape, problem->cuts[c]);
    return good;
}

void epnet_split_observer_free(EpnetSplitObserver *o) {
    for (size_t c = 0; o->cuts != NULL && c < o->problem->cut_count; c++)
        cut_free(&o->cuts[c]);
    free(o->cuts);
    epnet_split_table_free(&o->rates);
    epnet_split_table_free(&o->flows);
    free(o->partial);
    free(o->least_of);
    free(o->has_low_source);
    free(o->sums);
    free(o->pair_sums);
    free(o->scratch);
    free(o->marginal);
    free(o->product);
    memset(o, 0, sizeof *o);
}

uint64_t epnet_split_observer_bytes(const EpnetProblem *problem, int threads) {
    const EpnetSplitShape shape = epnet_split_shape(problem->nodes);
    const uint64_t tables = 2 + 2 * (uint64_t)problem->cut_count, all = ((uint64_t)1 << problem->nodes) - 1;
    uint64_t doubles = tables * epnet_split_table_size(&shape) + ((uint64_t)2 << shape.low) +
                       (epnet_split_chunks(&shape) + 1) * epnet_split_partial_width(problem) +
                       pair_sums_size(problem);
    for (size_t c = 0; c < problem->cut_count; c++)
        doubles += side_states(problem->cuts[c]) + side_states(all & ~problem->cuts[c]);
    return doubles * sizeof(double) + (uint64_t)threads * epnet_split_block_bytes(problem);
}

/* ---- the point --------------------------------------------------------------------------------------- */

/* Whether every r_j(s), and so every ratio of two, is far from underflow and overflow. */
static bool is_tame(const EpnetProblem *problem, const EpnetPoint *point) {
    for (int j = 0; j < problem->nodes; j++) {
        double least[2] = {point->flip_up[j], point->flip_down[j]};
        for (size_t e = 0; e < problem->edge_count; e++) {
            const double backward = problem->target[e] == j ? point->rate[e] * exp(-point->drive[e]) : 0;
            least[0] += backward;
            least[1] += backward;
        }
        if (!(fmin(least[0], least[1]) > 1e-140) || !(epnet_split_turnover(problem, point, j) < 1e140))
            return false;
    }
    return true;
}

void epnet_split_observer_set(EpnetSplitObserver *o, const EpnetPoint *point) {
    const EpnetProblem *problem = o->problem;
    const EpnetSplitChannels all = {problem, point, NULL, true};
    o->channels = (EpnetGenerator){.nodes = problem->nodes,
                                   .states = (size_t)1 << problem->nodes,
                                   .edge_count = problem->edge_count,
                                   .source = problem->source,
                                   .target = problem->target,
                                   .flip_up = point->flip_up,
                                   .flip_down = point->flip_down,
                                   .rate = point->rate,
                                   .drive = point->drive,
                                   .with_flips = true};
    o->tame = is_tame(problem, point);
    epnet_split_fill_rates(&o->rates, &all);
    epnet_split_fill_flows(&o->flows, &all);
    for (size_t c = 0; c < problem->cut_count; c++) {
        EpnetSplitCut *cut = &o->cuts[c];
        const EpnetSplitChannels crossing = {problem, point, cut->use, false};
        epnet_split_fill_rates(&cut->rates, &crossing);
        epnet_split_fill_flows(&cut->flows, &crossing);
        cut->capacity = cut->flow_bound = 0;
        for (size_t e = 0; e < problem->edge_count; e++) {
            cut->capacity += cut->use[e] ? point->rate[e] : 0;
            cut->flow_bound += cut->use[e] ? point->rate[e] * epnet_copy_information(point->drive[e]) : 0;
        }
    }
}

/* ---- chunks ------------------------------------------------------------------------------------------ */

void epnet_split_sum_chunks(EpnetSplitObserver *o, size_t width, EpnetTeamBody *body, double *sums) {
    const size_t chunks = epnet_split_chunks(&o->shape);
    memset(o->partial, 0, chunks * width * sizeof *o->partial);
    epnet_team_share(o->team, chunks, 1, body, o);
    memset(sums, 0, width * sizeof *sums);
    for (size_t chunk = 0; chunk < chunks; chunk++) {
        for (size_t k = 0; k < width; k++)
            sums[k] += o->partial[chunk * width + k];
    }
}

/* ---- marginal laws ----------------------------------------------------------------------------------- */

static void marginals_of_chunks(void *context, int thread, size_t first, size_t end) {
    EpnetSplitObserver *o = context;
    (void)thread;
    const int low = o->shape.low, nodes = o->problem->nodes;
    const size_t block = (size_t)1 << low, blocks = (size_t)1 << (nodes - low),
                 each = blocks / epnet_split_chunks(&o->shape), width = 2 * (size_t)nodes;
    for (size_t chunk = first; chunk < end; chunk++) {
        double(*sum)[2] = (double(*)[2])(o->partial + chunk * width);
        for (uint64_t b = chunk * each; b < (chunk + 1) * each; b++) {
            double fold[EPNET_SPLIT_BLOCK], here[EPNET_SPLIT_BLOCK_BITS][2];
            epnet_observe_marginals(low, o->p + b * block, fold, here);
            for (int i = 0; i < low; i++) {
                sum[i][0] += here[i][0];
                sum[i][1] += here[i][1];
            }
            for (int i = low; i < nodes; i++)
                sum[i][epnet_bit(b, i - low)] += here[low - 1][0] + here[low - 1][1];
        }
    }
}

void epnet_split_marginals(EpnetSplitObserver *o, const double *p) {
    o->p = p;
    epnet_split_sum_chunks(o, 2 * (size_t)o->problem->nodes, marginals_of_chunks, o->marginal[0]);
    o->mass = o->marginal[o->problem->nodes - 1][0] + o->marginal[o->problem->nodes - 1][1];
}

/* d/dt of the marginals, exactly from them: order-k moments depend on those of order <= k alone
 * (docs/theory.md). */
static void marginal_rates(const EpnetSplitObserver *o, double (*rate)[2]) {
    const EpnetGenerator *g = &o->channels;
    for (int j = 0; j < g->nodes; j++) {
        double up = g->flip_up[j], down = g->flip_down[j], turnover = up + down;
        for (size_t e = 0; e < g->edge_count; e++) {
            if (g->target[e] != j)
                continue;
            const double *source = o->marginal[g->source[e]];
            const double back = exp(-g->drive[e]);
            up += g->rate[e] * (source[1] + back * source[0]);
            down += g->rate[e] * (source[0] + back * source[1]);
            turnover += g->rate[e] * (1 + back);
        }
        rate[j][1] = up - turnover * o->marginal[j][1];
        rate[j][0] = down - turnover * o->marginal[j][0];
    }
}

/* The laws of a cut's sides; items are sides, two per cut. Each is summed by one thread, in the order of the
 * states. */
static void project_sides(void *context, int thread, size_t first, size_t end) {
    EpnetSplitObserver *o = context;
    const int low = o->shape.low;
    const size_t block = (size_t)1 << low, blocks = (size_t)1 << (o->problem->nodes - low);
    for (size_t item = first; item < end; item++) {
        EpnetSplitCut *cut = &o->cuts[item / 2];
        double *side = cut->side[item % 2];
        const uint32_t *place = cut->place[item % 2];
        const size_t states = side_states(cut->mask[item % 2]);
        memset(side, 0, states * sizeof *side);
        for (uint64_t b = 0; b < blocks; b++) {
            const uint64_t base = epnet_split_side_base(o, cut, (int)(item % 2), b);
            for (size_t k = 0; k < block; k++)
                side[base + place[k]] += o->p[b * block + k];
        }
        bool any_empty = false;
        for (size_t a = 0; a < states; a++)
            any_empty |= !(side[a] > 0);
        for (uint64_t b = 0; b < blocks && any_empty && !epnet_split_stopped(o); b++) {
            const uint64_t base = epnet_split_side_base(o, cut, (int)(item % 2), b);
            const double *rate = epnet_split_block_rate(o, thread, b);
            for (size_t k = 0; k < block; k++) {
                if (!(side[base + place[k]] > 0))
                    side[base + place[k]] -= rate[k];
            }
        }
    }
}

/* ---- the row ----------------------------------------------------------------------------------------- */

static void set_products(EpnetSplitObserver *o) {
    o->product[0] = 1;
    o->log_product[0] = 0;
    for (int i = 0; i < o->shape.low; i++) {
        const size_t half = (size_t)1 << i;
        const double p0 = o->marginal[i][0], p1 = o->marginal[i][1], log_p0 = log(p0), log_p1 = log(p1);
        for (size_t k = 0; k < half; k++) {
            o->product[half + k] = o->product[k] * p1;
            o->product[k] *= p0;
            o->log_product[half + k] = o->log_product[k] + log_p1;
            o->log_product[k] += log_p0;
        }
    }
}

/* Whether a scalar product has lost its digits. */
static bool is_lost(const EpnetSplitObserver *o, double sum, double gross) {
    return epnet_cancels(o->cancellation, sum, gross);
}

static void fill_cut(const EpnetSplitObserver *o, size_t c, const double *sum, EpnetLimit entropy_rate,
                     double activity, const EpnetSplitPairs *pairs, double *columns) {
    const EpnetSplitCut *cut = &o->cuts[c];
    const EpnetLimit rate = {-entropy_rate.finite - sum[EPNET_SPLIT_CUT_LOCAL_RATE],
                             -entropy_rate.log_t - sum[EPNET_SPLIT_CUT_LOCAL_RATE_LOG]};
    const EpnetLimit flow = {sum[EPNET_SPLIT_CUT_WHOLE] - sum[EPNET_SPLIT_CUT_LOCAL],
                             sum[EPNET_SPLIT_CUT_WHOLE_LOG] - sum[EPNET_SPLIT_CUT_LOCAL_LOG]},
                     local = {-sum[EPNET_SPLIT_CUT_LOCAL], -sum[EPNET_SPLIT_CUT_LOCAL_LOG]};
    columns[EPNET_CUT_MUTUAL_INFORMATION] = sum[EPNET_SPLIT_CUT_INFORMATION];
    columns[EPNET_CUT_MUTUAL_INFORMATION_RATE] = epnet_limit_value(rate, activity);
    columns[EPNET_CUT_ENTROPY_PRODUCTION] = sum[EPNET_SPLIT_CUT_FLOW] - sum[EPNET_SPLIT_CUT_WHOLE];
    columns[EPNET_CUT_ENVIRONMENT_ENTROPY_FLOW] = sum[EPNET_SPLIT_CUT_FLOW];
    if (pairs != NULL) {
        columns[EPNET_CUT_ENTROPY_PRODUCTION] = pairs->cut_production[c];
        columns[EPNET_CUT_ENVIRONMENT_ENTROPY_FLOW] = pairs->cut_environment[c];
    } else if (sum[EPNET_SPLIT_CUT_FILLS] > 0) {
        columns[EPNET_CUT_ENTROPY_PRODUCTION] = INFINITY;
    }
    columns[EPNET_CUT_INFORMATION_FLOW] = epnet_limit_value(flow, activity);
    columns[EPNET_CUT_LOCAL_ENTROPY_RATE] = epnet_limit_value(local, activity);
    columns[EPNET_CUT_FLOW_BOUND] = cut->flow_bound;
    columns[EPNET_CUT_CAPACITY] = cut->capacity;
}

/* Which columns must be summed pair by pair. Where an empty state fills, production is without bound and the
 * flows are those of the occupied states. */
static bool channels_need_pairs(const EpnetSplitObserver *o, const double *sum) {
    if (sum[EPNET_SPLIT_EMPTY] > 0)
        return !(sum[EPNET_SPLIT_FILLS] > 0);
    const double flow = sum[EPNET_SPLIT_FLOW], flow_gross = sum[EPNET_SPLIT_FLOW_GROSS];
    return is_lost(o, flow, flow_gross) ||
           is_lost(o, flow - sum[EPNET_SPLIT_RATE], sum[EPNET_SPLIT_GROSS] + flow_gross);
}

static bool production_needs_pairs(const EpnetSplitObserver *o, const double *sum) {
    if (sum[EPNET_SPLIT_EMPTY] > 0)
        return !(sum[EPNET_SPLIT_FILLS] > 0);
    return !o->tame || is_lost(o, sum[EPNET_SPLIT_PRODUCTION] - sum[EPNET_SPLIT_RATE],
                               sum[EPNET_SPLIT_GROSS] + sum[EPNET_SPLIT_PRODUCTION_GROSS]);
}

static bool cut_needs_pairs(const EpnetSplitObserver *o, const double *sum, const double *cut) {
    if (sum[EPNET_SPLIT_EMPTY] > 0)
        return !(cut[EPNET_SPLIT_CUT_FILLS] > 0);
    return is_lost(o, cut[EPNET_SPLIT_CUT_FLOW] - cut[EPNET_SPLIT_CUT_WHOLE],
                   cut[EPNET_SPLIT_CUT_FLOW_GROSS] + cut[EPNET_SPLIT_CUT_GROSS]) ||
           is_lost(o, cut[EPNET_SPLIT_CUT_FLOW], cut[EPNET_SPLIT_CUT_FLOW_GROSS]);
}

/* What a row has of sums over the whole network. */
static void fill_network(EpnetSplitObserver *o, const double *sum, EpnetLimit dh, double activity,
                         double *row) {
    double rate[64][2];
    marginal_rates(o, rate);
    const EpnetObserver nodes = {.problem = o->problem, .generator = &o->channels};
    const EpnetLimit dh_nodes = epnet_observe_node_entropy_rates(o->problem->nodes, o->marginal, rate);
    const EpnetLimit information_rate = {dh_nodes.finite - dh.finite, dh_nodes.log_t - dh.log_t};
    const bool filling = sum[EPNET_SPLIT_FILLS] > 0;
    row[EPNET_ENTROPY] = 0 - sum[EPNET_SPLIT_ENTROPY]; /* 0, not -0, of a pure state */
    row[EPNET_MULTIINFORMATION] = sum[EPNET_SPLIT_INFORMATION];
    row[EPNET_MULTIINFORMATION_RATE] = epnet_limit_value(information_rate, activity);
    row[EPNET_ENTROPY_PRODUCTION] = filling ? INFINITY : dh.finite + sum[EPNET_SPLIT_PRODUCTION];
    row[EPNET_ENTROPY_PRODUCTION_CHANNELS] = filling ? INFINITY : dh.finite + sum[EPNET_SPLIT_FLOW];
    row[EPNET_ENVIRONMENT_ENTROPY_FLOW] = sum[EPNET_SPLIT_FLOW];
    row[EPNET_ACTIVITY] = activity;
    row[EPNET_MULTIINFORMATION_RATE_EULER] = NAN;
    row[EPNET_ENTROPY_RATE] = epnet_limit_value(dh, activity);
    row[EPNET_NODE_ENTROPY_RATE] = epnet_limit_value(dh_nodes, activity);
    row[EPNET_NODE_DIVERGENCE_RATE] = epnet_observe_node_divergence_rate(&nodes, o->marginal, rate, activity);
    row[EPNET_FLIP_DIVERGENCE] =
        row[EPNET_MULTIINFORMATION] + epnet_observe_flip_divergence(&nodes, o->marginal);
}

void epnet_split_observe(EpnetSplitObserver *o, const double *p, double *row) {
    const size_t cut_count = o->problem->cut_count;
    epnet_split_marginals(o, p);
    set_products(o);
    epnet_team_share(o->team, 2 * cut_count, 1, project_sides, o);
    epnet_split_sum_blocks(o);
    const double *sum = o->sums;

    const EpnetLimit dh = {0 - sum[EPNET_SPLIT_RATE], 0 - sum[EPNET_SPLIT_RATE_LOG]};
    const double activity = sum[EPNET_SPLIT_ACTIVITY], *cuts = sum + EPNET_SPLIT_SUMS;
    o->mass_rate = sum[EPNET_SPLIT_MASS_RATE];
    o->fills = sum[EPNET_SPLIT_FILLS] > 0;
    fill_network(o, sum, dh, activity, row);
    const bool channels = channels_need_pairs(o, sum), production = production_needs_pairs(o, sum);
    bool any = channels || production;
    for (size_t c = 0; c < cut_count; c++)
        any |= cut_needs_pairs(o, sum, cuts + c * EPNET_SPLIT_CUT_SUMS);
    double *of_cuts = o->pair_sums + epnet_split_pairs_width(o->problem);
    EpnetSplitPairs pairs = {.cut_production = of_cuts, .cut_environment = of_cuts + cut_count};
    if (any)
        epnet_split_pairs(o, &pairs);
    if (production)
        row[EPNET_ENTROPY_PRODUCTION] = pairs.production;
    if (channels) {
        row[EPNET_ENTROPY_PRODUCTION_CHANNELS] = pairs.channels;
        row[EPNET_ENVIRONMENT_ENTROPY_FLOW] = pairs.environment;
    }
    for (size_t c = 0; c < cut_count; c++) {
        const double *cut = cuts + c * EPNET_SPLIT_CUT_SUMS;
        fill_cut(o, c, cut, dh, activity, cut_needs_pairs(o, sum, cut) ? &pairs : NULL,
                 row + EPNET_COLUMNS + c * EPNET_CUT_COLUMNS);
    }
}

#include "cuda_stream_observe.h"

#include "cpu/observe.h"
#include "cpu/weights.h"
#include "formula.h"
#include "status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FOLD_BITS = 3 }; /* that one launch takes out of a vector */

/* ---- memory ------------------------------------------------------------------------------------------ */

static int low_bits_of(const EpnetProblem *problem) {
    return problem->nodes / 2;
}

static uint64_t mask_of_low(const EpnetProblem *problem) {
    return ((uint64_t)1 << low_bits_of(problem)) - 1;
}

static uint64_t mask_of_all(const EpnetProblem *problem) {
    return ((uint64_t)1 << problem->nodes) - 1;
}

/* 2^n of a set of n nodes. */
static size_t states_of(uint64_t mask) {
    return (size_t)1 << __builtin_popcountll(mask);
}

/* Doubles of one of the two vectors after a fold by FOLD_BITS and after two. */
static size_t folded_size(const EpnetProblem *problem, int folds) {
    const int bits = problem->nodes - folds * FOLD_BITS;
    return bits > 0 ? (size_t)1 << bits : 1;
}

static size_t fold_size(const EpnetProblem *problem) {
    return 2 * (folded_size(problem, 1) + folded_size(problem, 2));
}

static size_t side_size(uint64_t mask) {
    return 3 * states_of(mask);
}

static size_t sides_size(const EpnetProblem *problem) {
    size_t largest = 0;
    for (size_t c = 0; c < problem->cut_count; c++) {
        const uint64_t mask = problem->cuts[c];
        const size_t size = side_size(mask) + side_size(mask_of_all(problem) & ~mask);
        largest = size > largest ? size : largest;
    }
    return largest;
}

static size_t halves_size(const EpnetProblem *problem) {
    return 2 * (states_of(mask_of_low(problem)) + states_of(mask_of_all(problem) & ~mask_of_low(problem)));
}

/* Numbers of sub-states of one set of nodes: low and high part. */
static size_t numbers_size(const EpnetProblem *problem) {
    return halves_size(problem) / 2;
}

static uint64_t production_size(const EpnetProblem *problem) {
    return epnet_weights_have_production(problem) ? (uint64_t)1 << problem->nodes : 0;
}

uint64_t epnet_stream_observer_bytes(const EpnetProblem *problem) {
    const uint64_t doubles =
        fold_size(problem) + sides_size(problem) + halves_size(problem) + production_size(problem);
    return doubles * sizeof(double) + 2 * (problem->cut_count + 1) * numbers_size(problem) * sizeof(uint32_t);
}

static void fill_numbers(const EpnetProblem *problem, uint64_t mask, uint32_t *numbers) {
    const uint64_t low_mask = mask & mask_of_low(problem);
    const size_t low = states_of(mask_of_low(problem)), high = numbers_size(problem) - low;
    for (size_t s = 0; s < low; s++)
        numbers[s] = (uint32_t)epnet_extract(s, low_mask);
    for (size_t s = 0; s < high; s++)
        numbers[low + s] =
            (uint32_t)(epnet_extract(s, mask >> low_bits_of(problem)) << __builtin_popcountll(low_mask));
}

static void fill_all_numbers(const EpnetProblem *problem, uint32_t *numbers) {
    const size_t size = numbers_size(problem);
    for (size_t c = 0; c <= problem->cut_count; c++) {
        const uint64_t mask = c == 0 ? mask_of_low(problem) : problem->cuts[c - 1];
        fill_numbers(problem, mask, numbers + 2 * c * size);
        fill_numbers(problem, mask_of_all(problem) & ~mask, numbers + (2 * c + 1) * size);
    }
}

EpnetStatus epnet_stream_observer_alloc(EpnetStreamObserver *o, EpnetStreamSpace *space, EpnetError *error) {
    const EpnetProblem *problem = space->problem;
    memset(o, 0, sizeof *o);
    o->space = space;
    const size_t numbers = 2 * (problem->cut_count + 1) * numbers_size(problem) * sizeof(uint32_t);
    o->marginal_fold = epnet_calloc(halves_size(problem), sizeof(double));
    if (o->marginal_fold == NULL)
        return epnet_fail_memory(error, halves_size(problem) * sizeof(double), "the marginals");
    EpnetCudaResult result = epnet_cuda_array_alloc_device(&o->fold, fold_size(problem) * sizeof(double));
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_alloc_device(&o->sides, sides_size(problem) * sizeof(double));
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_alloc(&o->halves, halves_size(problem) * sizeof(double));
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_alloc_device(&o->production, production_size(problem) * sizeof(double));
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_alloc(&o->numbers, numbers);
    if (epnet_cuda_ok(result)) {
        fill_all_numbers(problem, o->numbers.host);
        result = epnet_cuda_array_upload(&o->numbers, numbers, space->stream);
    }
    if (epnet_cuda_ok(result))
        result = EPNET_CUDA(cudaStreamSynchronize, space->stream);
    return epnet_cuda_check(result, error);
}

void epnet_stream_observer_free(EpnetStreamObserver *o) {
    epnet_cuda_array_free(&o->fold);
    epnet_cuda_array_free(&o->sides);
    epnet_cuda_array_free(&o->halves);
    epnet_cuda_array_free(&o->production);
    epnet_cuda_array_free(&o->numbers);
    free(o->marginal_fold);
    memset(o, 0, sizeof *o);
}

void epnet_stream_observer_set(EpnetStreamObserver *o) {
    EpnetStreamSpace *space = o->space;
    if (o->production.device != NULL)
        EPNET_STREAM_DO(space, epnet_stream_production, &space->shared.problem, &space->point,
                        o->production.device, space->stream);
}

/* Set `set` (0, 1: the halves; 2 + 2c, 3 + 2c: the sides of cut c) without its law. */
static EpnetStreamSide side_of(const EpnetStreamObserver *o, size_t set) {
    const EpnetProblem *problem = o->space->problem;
    const uint32_t *numbers = (const uint32_t *)o->numbers.device + set * numbers_size(problem);
    return (EpnetStreamSide){.low = numbers, .high = numbers + states_of(mask_of_low(problem))};
}

/* ---- marginal laws ----------------------------------------------------------------------------------- */

/* The law of the nodes in `keep`, and its rate of change: other bits are summed out from the highest down, so
 * that the larger vectors are read in long runs. */
static void project(EpnetStreamObserver *o, uint64_t keep, const EpnetStreamState *state, double *p,
                    double *dp) {
    EpnetStreamSpace *space = o->space;
    const EpnetProblem *problem = space->problem;
    uint64_t rest = mask_of_all(problem) & ~keep;
    const double *from_p = state->p, *from_dp = state->dp;
    size_t states = space->states;
    double *between[2] = {o->fold.device, (double *)o->fold.device + 2 * folded_size(problem, 1)};
    for (size_t fold = 0; fold == 0 || rest != 0; fold++) {
        int bits[FOLD_BITS], count = 0;
        while (rest != 0 && count < FOLD_BITS) {
            const int highest = 63 - __builtin_clzll(rest);
            rest ^= (uint64_t)1 << highest;
            for (int i = count++; i >= 0; i--) /* increasing */
                bits[i] = i > 0 ? bits[i - 1] : highest;
        }
        double *to = between[fold % 2], *to_p = rest == 0 ? p : to,
               *to_dp = rest == 0 ? dp : to + (states >> count);
        EPNET_STREAM_DO(space, epnet_stream_fold, states, count, bits, from_p, from_dp, to_p, to_dp,
                        space->stream);
        from_p = to_p;
        from_dp = to_dp;
        states >>= count;
    }
}

/* P(x_i = 0), P(x_i = 1) of every node and their rates of change, by the laws of the two halves. */
static void find_marginals(EpnetStreamObserver *o, const EpnetStreamState *state, double (*marginal)[2],
                           double (*rate)[2]) {
    EpnetStreamSpace *space = o->space;
    const EpnetProblem *problem = space->problem;
    const int low_bits = low_bits_of(problem);
    const size_t low = states_of(mask_of_low(problem)), high = numbers_size(problem) - low;
    double *device = o->halves.device;
    const double *host = o->halves.host;
    project(o, mask_of_low(problem), state, device, device + low);
    project(o, mask_of_all(problem) & ~mask_of_low(problem), state, device + 2 * low,
            device + 2 * low + high);
    if (epnet_cuda_ok(space->failure))
        space->failure = epnet_cuda_array_download(&o->halves, o->halves.bytes, space->stream);
    EPNET_STREAM_DO(space, cudaStreamSynchronize, space->stream);
    epnet_observe_marginals(low_bits, host, o->marginal_fold, marginal);
    epnet_observe_marginals(low_bits, host + low, o->marginal_fold, rate);
    epnet_observe_marginals(problem->nodes - low_bits, host + 2 * low, o->marginal_fold, marginal + low_bits);
    epnet_observe_marginals(problem->nodes - low_bits, host + 2 * low + high, o->marginal_fold,
                            rate + low_bits);
}

/* ---- information ------------------------------------------------------------------------------------- */

static double divergence(EpnetStreamObserver *o, const EpnetStreamState *state, const EpnetStreamSide *a,
                         const EpnetStreamSide *b) {
    EpnetStreamSpace *space = o->space;
    double result;
    EPNET_STREAM_DO(space, epnet_stream_divergence, space->problem->nodes, state, a, b,
                    space->partials.device, space->results.device, space->stream);
    epnet_stream_space_results(space, 1, &result);
    return result;
}

/* I = D(p || product of the marginals); takes ln p from the state. */
static double multiinformation(EpnetStreamObserver *o, const EpnetStreamState *state, double (*marginal)[2]) {
    EpnetStreamSpace *space = o->space;
    const EpnetProblem *problem = space->problem;
    const int low_bits = low_bits_of(problem);
    const size_t low = states_of(mask_of_low(problem)), high = numbers_size(problem) - low;
    double *host = o->halves.host, *device = o->halves.device;
    EpnetStreamSide a = side_of(o, 0), b = side_of(o, 1);
    epnet_observe_fill_product(low_bits, marginal, host, host + low);
    epnet_observe_fill_product(problem->nodes - low_bits, marginal + low_bits, host + 2 * low,
                               host + 2 * low + high);
    if (epnet_cuda_ok(space->failure))
        space->failure = epnet_cuda_array_upload(&o->halves, o->halves.bytes, space->stream);
    a.p = device;
    a.log_p = device + low;
    b.p = device + 2 * low;
    b.log_p = device + 2 * low + high;
    return divergence(o, state, &a, &b);
}

/* What epnet_stream_logarithms() leaves. */
typedef struct Logarithms {
    double p_log, dp_log, dp_fills, activity, empty;
} Logarithms;

static Logarithms take_logarithms(EpnetStreamSpace *space, size_t states, const EpnetStreamState *state,
                                  const double *weight) {
    double sum[5];
    EPNET_STREAM_DO(space, epnet_stream_logarithms, states, state, weight, space->partials.device,
                    space->results.device, space->stream);
    epnet_stream_space_results(space, 5, sum);
    return (Logarithms){sum[0], sum[1], sum[2], sum[3], sum[4]};
}

double epnet_stream_observe_multiinformation(EpnetStreamObserver *o, const EpnetStreamState *state) {
    const EpnetStreamState alone = {.p = state->p, .dp = state->p, .log_p = state->log_p};
    double marginal[64][2], unused[64][2];
    take_logarithms(o->space, o->space->states, &alone, NULL);
    find_marginals(o, &alone, marginal, unused);
    return multiinformation(o, state, marginal);
}

/* ---- channels ---------------------------------------------------------------------------------------- */

/* Scalar products of a state with what is computed once per point (host/cpu/weights.h), and what their
 * rounding is measured against. */
typedef struct Products {
    double flow, flow_gross, entropy_gross, production, production_gross;
} Products;

/* Of all channels, or of the copies that cross the cut at hand. */
static Products take_products(EpnetStreamObserver *o, bool crossing, const EpnetStreamState *state) {
    EpnetStreamSpace *space = o->space;
    double sum[5];
    EPNET_STREAM_DO(space, epnet_stream_flows, space->problem->nodes,
                    crossing ? &space->crossing : &space->point,
                    crossing ? &space->crossing_flows : &space->flows, crossing ? NULL : o->production.device,
                    state, space->partials.device, space->results.device, space->stream);
    epnet_stream_space_results(space, 5, sum);
    return (Products){sum[0], sum[1], sum[2], sum[3], sum[4]};
}

static double cancellation_of(const EpnetProblem *problem) {
    return epnet_cancellation(problem->kind == EPNET_TRAJECTORY ? problem->tolerance : 0);
}

/* Production and environment flow of all channels, or of the copies that cross `cut`, given dH/dt by them: by
 * e.p where that keeps its digits, else pair by pair (host/cpu/observe.c). `products`: NULL where states are
 * empty. */
static EpnetChannelSums channel_sums(EpnetStreamObserver *o, const uint64_t *cut,
                                     const EpnetStreamState *state, double entropy_rate,
                                     const Products *products) {
    EpnetStreamSpace *space = o->space;
    const double cancellation = cancellation_of(space->problem);
    double sum[2];
    if (products != NULL && !epnet_cancels(cancellation, products->flow, products->flow_gross) &&
        !epnet_cancels(cancellation, entropy_rate + products->flow,
                       products->entropy_gross + products->flow_gross))
        return (EpnetChannelSums){entropy_rate + products->flow, products->flow};
    EPNET_STREAM_DO(space, epnet_stream_channel_pairs, &space->shared.problem, &space->point, cut, state,
                    space->partials.device, space->results.device, space->stream);
    epnet_stream_space_results(space, 2, sum);
    return (EpnetChannelSums){sum[0], sum[1]};
}

/* The same for entropy_production, by c.p. */
static double production(EpnetStreamObserver *o, const EpnetStreamState *state, double entropy_rate,
                         const Products *products) {
    EpnetStreamSpace *space = o->space;
    double sum;
    if (products != NULL && o->production.device != NULL &&
        !epnet_cancels(cancellation_of(space->problem), entropy_rate + products->production,
                       products->entropy_gross + products->production_gross))
        return entropy_rate + products->production;
    EPNET_STREAM_DO(space, epnet_stream_total_pairs, &space->shared.problem, &space->point, state,
                    space->partials.device, space->results.device, space->stream);
    epnet_stream_space_results(space, 1, &sum);
    return sum;
}

/* ---- cuts -------------------------------------------------------------------------------------------- */

/* The law of one side, its logarithms, and its share of the rate of mutual information. */
static void find_side(EpnetStreamObserver *o, uint64_t mask, const EpnetStreamState *state, double *at,
                      EpnetStreamSide *side, EpnetLimit *rate) {
    const size_t states = states_of(mask);
    side->p = at;
    side->dp = at + states;
    side->log_p = at + 2 * states;
    project(o, mask, state, side->p, side->dp);
    const EpnetStreamState law = {.p = side->p, .dp = side->dp, .log_p = side->log_p};
    const Logarithms sums = take_logarithms(o->space, states, &law, NULL);
    rate->finite -= sums.dp_log;
    rate->log_t -= sums.dp_fills;
}

static void observe_cut(EpnetStreamObserver *o, size_t cut, const EpnetPoint *point,
                        const EpnetStreamState *state, EpnetLimit entropy_rate, double activity,
                        bool any_empty, double *columns) {
    EpnetStreamSpace *space = o->space;
    const EpnetProblem *problem = space->problem;
    const uint64_t mask = problem->cuts[cut], rest = mask_of_all(problem) & ~mask;
    EpnetLimit rate = {-entropy_rate.finite, -entropy_rate.log_t};
    EpnetStreamSide inside = side_of(o, 2 + 2 * cut), outside = side_of(o, 3 + 2 * cut);
    double *sides = o->sides.device, sum[4];
    find_side(o, mask, state, sides, &inside, &rate);
    find_side(o, rest, state, sides + side_size(mask), &outside, &rate);
    const double information = divergence(o, state, &inside, &outside);

    EPNET_STREAM_DO(space, epnet_stream_tables, &space->shared.problem, &space->crossing, EPNET_STREAM_RATES,
                    &mask, space->stream);
    EPNET_STREAM_DO(space, epnet_stream_tables, &space->shared.problem, &space->crossing_flows,
                    EPNET_STREAM_FLOWS, &mask, space->stream);
    EPNET_STREAM_DO(space, epnet_stream_cut_pairs, problem->nodes, &space->crossing, mask, state, &inside,
                    &outside, space->partials.device, space->results.device, space->stream);
    epnet_stream_space_results(space, 4, sum);
    const EpnetLimit whole = {sum[0], sum[1]}, local = {sum[2], sum[3]};
    const EpnetLimit flow = {whole.finite - local.finite, whole.log_t - local.log_t},
                     local_rate = {-local.finite, -local.log_t};
    Products products;
    if (!any_empty)
        products = take_products(o, true, state);
    const EpnetChannelSums sums = channel_sums(o, &mask, state, -whole.finite, any_empty ? NULL : &products);
    double capacity = 0, flow_bound = 0;
    for (size_t e = 0; e < problem->edge_count; e++) {
        if (epnet_bit(mask, problem->source[e]) != epnet_bit(mask, problem->target[e])) {
            capacity += point->rate[e];
            flow_bound += point->rate[e] * epnet_copy_information(point->drive[e]);
        }
    }
    columns[EPNET_CUT_MUTUAL_INFORMATION] = information;
    columns[EPNET_CUT_MUTUAL_INFORMATION_RATE] = epnet_limit_value(rate, activity);
    columns[EPNET_CUT_ENTROPY_PRODUCTION] = sums.production;
    columns[EPNET_CUT_ENVIRONMENT_ENTROPY_FLOW] = sums.environment_flow;
    columns[EPNET_CUT_INFORMATION_FLOW] = epnet_limit_value(flow, activity);
    columns[EPNET_CUT_LOCAL_ENTROPY_RATE] = epnet_limit_value(local_rate, activity);
    columns[EPNET_CUT_FLOW_BOUND] = flow_bound;
    columns[EPNET_CUT_CAPACITY] = capacity;
}

/* ---- the whole row ----------------------------------------------------------------------------------- */

void epnet_stream_observe(EpnetStreamObserver *o, const EpnetPoint *point, const EpnetStreamState *state,
                          double *row, EpnetLawSums *law) {
    EpnetStreamSpace *space = o->space;
    const EpnetProblem *problem = space->problem;
    double marginal[64][2], marginal_rate[64][2];
    const Logarithms sums = take_logarithms(space, space->states, state, space->vectors.device);
    const double activity = sums.activity;
    const bool any_empty = sums.empty > 0;
    find_marginals(o, state, marginal, marginal_rate);
    law->mass = marginal[problem->nodes - 1][0] + marginal[problem->nodes - 1][1];
    law->mass_rate = marginal_rate[problem->nodes - 1][0] + marginal_rate[problem->nodes - 1][1];
    law->least = epnet_stream_space_least(space, state->p);
    const EpnetLimit dh = {0 - sums.dp_log, 0 - sums.dp_fills},
                     dh_nodes = epnet_observe_node_entropy_rates(problem->nodes, marginal, marginal_rate);
    const EpnetLimit rate = {dh_nodes.finite - dh.finite, dh_nodes.log_t - dh.log_t};
    Products products;
    if (!any_empty)
        products = take_products(o, false, state);
    const EpnetChannelSums channels = channel_sums(o, NULL, state, dh.finite, any_empty ? NULL : &products);
    /* Columns that the marginals give are the host's. */
    const EpnetGenerator generator = {
        .nodes = problem->nodes,
        .edge_count = problem->edge_count,
        .source = problem->source,
        .target = problem->target,
        .flip_up = point->flip_up,
        .flip_down = point->flip_down,
        .rate = point->rate,
        .drive = point->drive,
    };
    const EpnetObserver nodes = {.problem = problem, .generator = &generator};

    row[EPNET_ENTROPY] = 0 - sums.p_log; /* 0, not -0, of a pure state */
    row[EPNET_MULTIINFORMATION] = multiinformation(o, state, marginal);
    row[EPNET_MULTIINFORMATION_RATE] = epnet_limit_value(rate, activity);
    row[EPNET_ENTROPY_PRODUCTION] = production(o, state, dh.finite, any_empty ? NULL : &products);
    row[EPNET_ENTROPY_PRODUCTION_CHANNELS] = channels.production;
    row[EPNET_ENVIRONMENT_ENTROPY_FLOW] = channels.environment_flow;
    row[EPNET_ACTIVITY] = activity;
    row[EPNET_MULTIINFORMATION_RATE_EULER] = NAN;
    row[EPNET_ENTROPY_RATE] = epnet_limit_value(dh, activity);
    row[EPNET_NODE_ENTROPY_RATE] = epnet_limit_value(dh_nodes, activity);
    row[EPNET_NODE_DIVERGENCE_RATE] =
        epnet_observe_node_divergence_rate(&nodes, marginal, marginal_rate, activity);
    row[EPNET_FLIP_DIVERGENCE] =
        row[EPNET_MULTIINFORMATION] + epnet_observe_flip_divergence(&nodes, marginal);
    for (size_t c = 0; c < problem->cut_count; c++)
        observe_cut(o, c, point, state, dh, activity, any_empty, row + EPNET_COLUMNS + c * EPNET_CUT_COLUMNS);
}

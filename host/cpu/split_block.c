#include "split_block.h"

#include "formula.h"
#include "instruction_levels.h"
#include "limit.h"
#include "simd.h"

#include <math.h>
#include <string.h>

/* What a block takes on its way; blocks of fewer states than a vector has lanes are padded. */
typedef struct Array {
    _Alignas(64) double at[EPNET_SPLIT_BLOCK];
} Array;

typedef struct CutScratch {
    Array change, exit, flow; /* dp×, the crossing copies' exit rate and e× */
} CutScratch;

typedef struct Scratch {
    Array p, dp, exit, flow, production; /* dp = pL, exit rate, e, c */
    Array log_p, fills, side[2], local, local_fills;
    Array there, leave, enter; /* of one node: p after its flip, and values before and after it */
    CutScratch cuts[];
} Scratch;

size_t epnet_split_block_bytes(const EpnetProblem *problem) {
    return sizeof(Scratch) + problem->cut_count * sizeof(CutScratch);
}

static Scratch *scratch_of(const EpnetSplitObserver *o, int thread) {
    return (Scratch *)((char *)o->scratch + (size_t)thread * epnet_split_block_bytes(o->problem));
}

/* ---- one node ---------------------------------------------------------------------------------------- */

/* value_j over the states of a block, as it is and with node j flipped: runs of table entries plus a constant
 * each. */
typedef struct Values {
    const double *leave, *enter; /* 2^low */
    double leave_above, enter_above;
} Values;

/* The values of table t; nodes within the block are spread out into the scratch. */
EPNET_INLINE Values values_of(const EpnetSplitTable *t, int j, uint64_t block, Array *leave, Array *enter) {
    const int low = t->shape.low;
    const double upper[2] = {epnet_split_upper(t, j, 0, block), epnet_split_upper(t, j, 1, block)};
    if (j >= low) {
        const int x = epnet_bit(block, j - low);
        return (Values){epnet_split_low(t, j, x), epnet_split_low(t, j, 1 - x), upper[x], upper[1 - x]};
    }
    const double *given[2] = {epnet_split_low(t, j, 0), epnet_split_low(t, j, 1)};
    const size_t states = (size_t)1 << low, run = (size_t)1 << j;
    for (size_t base = 0; base < states; base += 2 * run) {
        for (size_t k = base; k < base + run; k++) {
            leave->at[k] = enter->at[k + run] = given[0][k] + upper[0];
            enter->at[k] = leave->at[k + run] = given[1][k] + upper[1];
        }
    }
    return (Values){leave->at, enter->at, 0, 0};
}

/* p of the states in which node j is flipped. */
EPNET_INLINE const double *partners(const EpnetSplitObserver *o, Scratch *scratch, int j, uint64_t block) {
    const int low = o->shape.low;
    const size_t states = (size_t)1 << low, run = (size_t)1 << j;
    if (j >= low)
        return o->p + (epnet_flip(block, j - low) << low);
    for (size_t base = 0; base < states; base += 2 * run) {
        for (size_t k = base; k < base + run; k++) {
            scratch->there.at[k] = scratch->p.at[k + run];
            scratch->there.at[k + run] = scratch->p.at[k];
        }
    }
    return scratch->there.at;
}

EPNET_INLINE EpnetVector load(const double *from) {
    EpnetVector v;
    memcpy(&v, from, sizeof v);
    return v;
}

EPNET_INLINE void store(double *to, EpnetVector v) {
    memcpy(to, &v, sizeof v);
}

/* change += enter there - leave here; exit += leave. */
EPNET_INLINE void add_change(size_t padded, const Values *rates, const double *there, const double *here,
                             double *change, double *exit) {
    for (size_t k = 0; k < padded; k += EPNET_LANES) {
        const EpnetVector out = load(rates->leave + k) + rates->leave_above,
                          in = load(rates->enter + k) + rates->enter_above;
        store(change + k, load(change + k) + (in * load(there + k) - out * load(here + k)));
        store(exit + k, load(exit + k) + out);
    }
}

/* The same, and production += leave ln(leave / enter), of rates that are positive, as are their ratios'
 * doubles. */
EPNET_INLINE void add_change_and_production(size_t padded, const Values *rates, const double *there,
                                            const double *here, double *change, double *exit,
                                            double *production) {
    for (size_t k = 0; k < padded; k += EPNET_LANES) {
        const EpnetVector out = load(rates->leave + k) + rates->leave_above,
                          in = load(rates->enter + k) + rates->enter_above;
        store(change + k, load(change + k) + (in * load(there + k) - out * load(here + k)));
        store(exit + k, load(exit + k) + out);
        store(production + k, load(production + k) + out * epnet_vector_log_normal(out / in));
    }
}

/* The same of a node whose rates are those of one state in all of the block. */
EPNET_INLINE void add_constant(size_t padded, double out, double in, const double *there, const double *here,
                               double *change, double *exit, double *production) {
    const double term = out * log(out / in);
    for (size_t k = 0; k < padded; k += EPNET_LANES) {
        store(change + k, load(change + k) + (in * load(there + k) - out * load(here + k)));
        store(exit + k, load(exit + k) + out);
        store(production + k, load(production + k) + term);
    }
}

/* sum += leave */
EPNET_INLINE void add(size_t padded, const Values *values, double *sum) {
    for (size_t k = 0; k < padded; k += EPNET_LANES)
        store(sum + k, load(sum + k) + (load(values->leave + k) + values->leave_above));
}

static size_t padded_size(const EpnetSplitObserver *o) {
    const size_t states = (size_t)1 << o->shape.low;
    return states < EPNET_LANES ? EPNET_LANES : states;
}

static void begin(const EpnetSplitObserver *o, Scratch *s, uint64_t block) {
    const size_t states = (size_t)1 << o->shape.low;
    memcpy(s->p.at, o->p + block * states, states * sizeof *s->p.at);
    for (size_t k = states; k < EPNET_LANES; k++) {
        s->p.at[k] = s->there.at[k] = 0;
        s->leave.at[k] = s->enter.at[k] = 1;
    }
    memset(s->dp.at, 0, sizeof s->dp);
    memset(s->exit.at, 0, sizeof s->exit);
    memset(s->flow.at, 0, sizeof s->flow);
    memset(s->production.at, 0, sizeof s->production);
    memset(s->cuts, 0, o->problem->cut_count * sizeof *s->cuts);
}

EPNET_INSTRUCTION_LEVELS(static, void, gather_rates,
                         (const EpnetSplitObserver *o, Scratch *s, uint64_t block), (o, s, block)) {
    const size_t padded = padded_size(o);
    for (int j = 0; j < o->problem->nodes; j++) {
        const double *there = partners(o, s, j, block);
        const Values rates = values_of(&o->rates, j, block, &s->leave, &s->enter);
        add_change(padded, &rates, there, s->p.at, s->dp.at, s->exit.at);
    }
}

EPNET_INSTRUCTION_LEVELS(static, void, gather, (const EpnetSplitObserver *o, Scratch *s, uint64_t block),
                         (o, s, block)) {
    const size_t padded = padded_size(o);
    for (int j = 0; j < o->problem->nodes; j++) {
        const double *there = partners(o, s, j, block);
        const Values rates = values_of(&o->rates, j, block, &s->leave, &s->enter);
        if (o->tame && j >= o->shape.low && !o->has_low_source[j])
            add_constant(padded, rates.leave[0] + rates.leave_above, rates.enter[0] + rates.enter_above,
                         there, s->p.at, s->dp.at, s->exit.at, s->production.at);
        else if (o->tame)
            add_change_and_production(padded, &rates, there, s->p.at, s->dp.at, s->exit.at, s->production.at);
        else
            add_change(padded, &rates, there, s->p.at, s->dp.at, s->exit.at);
        const Values flows = values_of(&o->flows, j, block, &s->leave, &s->enter);
        add(padded, &flows, s->flow.at);
        for (size_t c = 0; c < o->problem->cut_count; c++) {
            const EpnetSplitCut *cut = &o->cuts[c];
            if (!cut->entered[j])
                continue;
            const Values crossing = values_of(&cut->rates, j, block, &s->leave, &s->enter);
            add_change(padded, &crossing, there, s->p.at, s->cuts[c].change.at, s->cuts[c].exit.at);
            const Values crossing_flows = values_of(&cut->flows, j, block, &s->leave, &s->enter);
            add(padded, &crossing_flows, s->cuts[c].flow.at);
        }
    }
}

const double *epnet_split_block_rate(EpnetSplitObserver *o, int thread, uint64_t block) {
    Scratch *scratch = scratch_of(o, thread);
    begin(o, scratch, block);
    gather_rates(o, scratch, block);
    return scratch->dp.at;
}

/* ---- logarithms -------------------------------------------------------------------------------------- */

EPNET_INLINE void logarithms(size_t padded, const double *p, double *log_p) {
    for (size_t k = 0; k < padded; k += EPNET_LANES)
        store(log_p + k, epnet_vector_log(load(p + k)));
}

/* ln p of the block as a limit; the number of empty states. */
static size_t mend_logarithms(const double *p, const double *dp, size_t states, double *log_p,
                              double *fills) {
    size_t empty = 0;
    for (size_t k = 0; k < states; k++) {
        if (p[k] > 0)
            continue;
        const EpnetLimit limit = epnet_limit_log(p[k], dp[k]);
        log_p[k] = limit.finite;
        fills[k] = limit.log_t;
        empty++;
    }
    return empty;
}

/* ln p_S + ln p_Sc of the block and, in side[], the two laws. */
static void find_local(const EpnetSplitObserver *o, const EpnetSplitCut *cut, Scratch *s, uint64_t block) {
    const size_t states = (size_t)1 << o->shape.low;
    memset(s->local_fills.at, 0, states * sizeof(double));
    for (int side = 0; side < 2; side++) {
        const double *law = cut->side[side] + epnet_split_side_base(o, cut, side, block);
        for (size_t k = 0; k < states; k++)
            s->side[side].at[k] = law[cut->place[side][k]];
    }
}

EPNET_INLINE void sum_local(const EpnetSplitObserver *o, Scratch *s, bool any_empty) {
    const size_t states = (size_t)1 << o->shape.low, padded = padded_size(o);
    for (size_t k = states; k < padded; k++)
        s->side[0].at[k] = s->side[1].at[k] = 1;
    for (size_t k = 0; k < padded; k += EPNET_LANES)
        store(s->local.at + k,
              epnet_vector_log(load(s->side[0].at + k)) + epnet_vector_log(load(s->side[1].at + k)));
    for (size_t k = 0; any_empty && k < states; k++) {
        double *law[2] = {&s->side[0].at[k], &s->side[1].at[k]};
        if (*law[0] > 0 && *law[1] > 0)
            continue;
        s->local.at[k] = 0;
        for (int side = 0; side < 2; side++) {
            const double p = *law[side] > 0 ? *law[side] : 0;
            const EpnetLimit limit = epnet_limit_log(p, p > 0 ? 0 : -*law[side]);
            s->local.at[k] += limit.finite;
            s->local_fills.at[k] += limit.log_t;
            *law[side] = p;
        }
    }
}

/* ---- sums -------------------------------------------------------------------------------------------- */

EPNET_INLINE double sum_lanes(EpnetVector v) {
    return ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
}

/* factor p, and 0 where p is 0, whatever the factor: it may be infinite. */
EPNET_INLINE EpnetVector share(EpnetVector p, EpnetVector factor) {
    const EpnetMask occupied = epnet_mask_of_signs((EpnetBits)(0 - p)); /* p >= 0; -p has a sign at 0 too */
    return epnet_vector_select(occupied, p * factor, p);
}

EPNET_INLINE void sum_network(const EpnetSplitObserver *o, const Scratch *s, double *sum) {
    const size_t padded = padded_size(o);
    EpnetVector mass_rate = {0}, entropy = {0}, rate = {0}, activity = {0}, gross = {0}, flow = {0},
                flow_gross = {0}, production = {0}, production_gross = {0};
    for (size_t k = 0; k < padded; k += EPNET_LANES) {
        const EpnetVector p = load(s->p.at + k), dp = load(s->dp.at + k), log_p = load(s->log_p.at + k);
        const EpnetVector leaves = p * load(s->exit.at + k), e = share(p, load(s->flow.at + k)),
                          c = share(p, load(s->production.at + k));
        mass_rate += dp;
        entropy += p * log_p;
        rate += dp * log_p;
        activity += leaves;
        gross += epnet_vector_absolute(leaves * log_p);
        flow += e;
        flow_gross += epnet_vector_absolute(e);
        production += c;
        production_gross += epnet_vector_absolute(c);
    }
    sum[EPNET_SPLIT_MASS_RATE] += sum_lanes(mass_rate);
    sum[EPNET_SPLIT_ENTROPY] += sum_lanes(entropy);
    sum[EPNET_SPLIT_RATE] += sum_lanes(rate);
    sum[EPNET_SPLIT_ACTIVITY] += sum_lanes(activity);
    sum[EPNET_SPLIT_GROSS] += sum_lanes(gross);
    sum[EPNET_SPLIT_FLOW] += sum_lanes(flow);
    sum[EPNET_SPLIT_FLOW_GROSS] += sum_lanes(flow_gross);
    sum[EPNET_SPLIT_PRODUCTION] += sum_lanes(production);
    sum[EPNET_SPLIT_PRODUCTION_GROSS] += sum_lanes(production_gross);
}

EPNET_INLINE void sum_cut(const EpnetSplitObserver *o, const Scratch *s, const CutScratch *cut, double *sum) {
    const size_t padded = padded_size(o);
    EpnetVector local_rate = {0}, whole = {0}, local = {0}, gross = {0}, flow = {0}, flow_gross = {0};
    for (size_t k = 0; k < padded; k += EPNET_LANES) {
        const EpnetVector p = load(s->p.at + k), log_p = load(s->log_p.at + k),
                          change = load(cut->change.at + k);
        const EpnetVector log_local = load(s->local.at + k), e = share(p, load(cut->flow.at + k));
        local_rate += load(s->dp.at + k) * log_local;
        whole += change * log_p;
        local += change * log_local;
        gross += epnet_vector_absolute(p * load(cut->exit.at + k) * log_p);
        flow += e;
        flow_gross += epnet_vector_absolute(e);
    }
    sum[EPNET_SPLIT_CUT_LOCAL_RATE] += sum_lanes(local_rate);
    sum[EPNET_SPLIT_CUT_WHOLE] += sum_lanes(whole);
    sum[EPNET_SPLIT_CUT_LOCAL] += sum_lanes(local);
    sum[EPNET_SPLIT_CUT_GROSS] += sum_lanes(gross);
    sum[EPNET_SPLIT_CUT_FLOW] += sum_lanes(flow);
    sum[EPNET_SPLIT_CUT_FLOW_GROSS] += sum_lanes(flow_gross);
}

/* The coefficients of ln t of a block with empty states. */
static void sum_fills(const EpnetSplitObserver *o, const Scratch *s, double *sum) {
    for (size_t k = 0; k < (size_t)1 << o->shape.low; k++) {
        sum[EPNET_SPLIT_FILLS] += s->fills.at[k];
        sum[EPNET_SPLIT_RATE_LOG] += s->dp.at[k] * s->fills.at[k];
    }
}

static void sum_cut_fills(const EpnetSplitObserver *o, const Scratch *s, const CutScratch *cut, double *sum) {
    for (size_t k = 0; k < (size_t)1 << o->shape.low; k++) {
        sum[EPNET_SPLIT_CUT_FILLS] += !(s->p.at[k] > 0) && cut->change.at[k] > 0;
        sum[EPNET_SPLIT_CUT_WHOLE_LOG] += cut->change.at[k] * s->fills.at[k];
        sum[EPNET_SPLIT_CUT_LOCAL_LOG] += cut->change.at[k] * s->local_fills.at[k];
        sum[EPNET_SPLIT_CUT_LOCAL_RATE_LOG] += s->dp.at[k] * s->local_fills.at[k];
    }
}

static double divergence(double p, double product, double log_ratio) {
    return p > 0 || product > 0 ? epnet_divergence_term(p, product, log_ratio) : 0;
}

/* I: against the product of all marginals. */
static double information(const EpnetSplitObserver *o, const Scratch *s, uint64_t block) {
    const int low = o->shape.low;
    double sum = 0, above = 1, log_above = 0;
    for (int i = low; i < o->problem->nodes; i++) {
        const double factor = o->marginal[i][epnet_bit(block, i - low)];
        above *= factor;
        log_above += log(factor);
    }
    for (size_t k = 0; k < (size_t)1 << low; k++)
        sum +=
            divergence(s->p.at[k], o->product[k] * above, s->log_p.at[k] - (o->log_product[k] + log_above));
    return sum;
}

static double cut_information(const EpnetSplitObserver *o, const Scratch *s) {
    double sum = 0;
    for (size_t k = 0; k < (size_t)1 << o->shape.low; k++)
        sum += divergence(s->p.at[k], s->side[0].at[k] * s->side[1].at[k], s->log_p.at[k] - s->local.at[k]);
    return sum;
}

/* One block; the number of its empty states. */
EPNET_INSTRUCTION_LEVELS(static, size_t, sum_block,
                         (const EpnetSplitObserver *o, Scratch *s, uint64_t block, double *sum),
                         (o, s, block, sum)) {
    const size_t states = (size_t)1 << o->shape.low;
    logarithms(padded_size(o), s->p.at, s->log_p.at);
    for (size_t k = states; k < padded_size(o); k++)
        s->log_p.at[k] = 0;
    memset(s->fills.at, 0, states * sizeof(double));
    const size_t empty = mend_logarithms(s->p.at, s->dp.at, states, s->log_p.at, s->fills.at);
    sum_network(o, s, sum);
    for (size_t c = 0; c < o->problem->cut_count; c++) {
        double *cut_sum = sum + EPNET_SPLIT_SUMS + c * EPNET_SPLIT_CUT_SUMS;
        find_local(o, &o->cuts[c], s, block);
        sum_local(o, s, empty > 0);
        sum_cut(o, s, &s->cuts[c], cut_sum);
        cut_sum[EPNET_SPLIT_CUT_INFORMATION] += cut_information(o, s);
        if (empty > 0)
            sum_cut_fills(o, s, &s->cuts[c], cut_sum);
    }
    return empty;
}

static void sum_chunks(void *context, int thread, size_t first, size_t end) {
    EpnetSplitObserver *o = context;
    Scratch *scratch = scratch_of(o, thread);
    const size_t blocks = (size_t)1 << (o->problem->nodes - o->shape.low),
                 width = epnet_split_sums_width(o->problem), each = blocks / epnet_split_chunks(&o->shape),
                 states = (size_t)1 << o->shape.low;
    for (size_t chunk = first; chunk < end; chunk++) {
        double *sum = o->partial + chunk * width, least = INFINITY;
        for (uint64_t block = chunk * each; block < (chunk + 1) * each && !epnet_split_stopped(o); block++) {
            begin(o, scratch, block);
            gather(o, scratch, block);
            const size_t empty = sum_block(o, scratch, block, sum);
            sum[EPNET_SPLIT_EMPTY] += (double)empty;
            sum[EPNET_SPLIT_INFORMATION] += information(o, scratch, block);
            if (empty > 0)
                sum_fills(o, scratch, sum);
            for (size_t k = 0; k < states; k++)
                least = scratch->p.at[k] < least ? scratch->p.at[k] : least;
        }
        o->least_of[chunk] = least;
    }
}

void epnet_split_sum_blocks(EpnetSplitObserver *o) {
    epnet_split_sum_chunks(o, epnet_split_sums_width(o->problem), sum_chunks, o->sums);
    o->least = INFINITY;
    for (size_t chunk = 0; chunk < epnet_split_chunks(&o->shape); chunk++)
        o->least = o->least_of[chunk] < o->least ? o->least_of[chunk] : o->least;
}

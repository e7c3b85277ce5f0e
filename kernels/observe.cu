/* All observables of one state (observe.cuh), as host/cpu/observe.c and observe_cut.c have them. */
#include "observe.cuh"

#include "observe_nodes.cuh"
#include "observe_pairs.cuh"

/* An empty state that fills: ln p has a ln t (limit.h). */
__device__ static inline bool epnet_fills(const EpnetDevicePoint &point, uint32_t s) {
    return !(point.p[s] > 0) && point.dp[s] > 0;
}

__device__ void epnet_observe_changes(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                      const EpnetDevicePoint &point) {
    const double *const exit = point.scratch + point.map.exit;
    for (uint32_t s = (uint32_t)group.rank; s < 1u << problem.nodes; s += (uint32_t)group.size)
        point.dp[s] = epnet_tables_inflow(point.tables, point.p, s) - exit[s] * point.p[s];
    for (int cut = 0; cut < problem.cut_count; cut++) {
        const EpnetTables tables = epnet_cut_tables(point, cut);
        double *const memory = epnet_cut_memory(point, cut), *const change = memory + point.map.cut_change,
                      *const cut_exit = memory + point.map.cut_exit;
        for (uint32_t s = (uint32_t)group.rank; s < 1u << problem.nodes; s += (uint32_t)group.size)
            change[s] = epnet_tables_inflow(tables, point.p, s) - cut_exit[s] * point.p[s];
    }
}

/* ln p, the sums that need nothing else, and those that the row is checked with. */
__device__ static inline EpnetStateSums epnet_state_sums(const EpnetGroup &group,
                                                         const EpnetCudaProblem &problem,
                                                         const EpnetDevicePoint &point, EpnetLawSums *law) {
    const double *exit = point.scratch + point.map.exit, *flow_weight = point.scratch + point.map.flow_weight,
                 *production_weight = point.scratch + point.map.production_weight;
    double a[8] = {0, 0, 0, 0, 0, 0, 0, 0}, b[4] = {0, 0, 0, 0}, most_negative = -INFINITY;
    for (uint32_t s = (uint32_t)group.rank; s < 1u << problem.nodes; s += (uint32_t)group.size) {
        const double p = point.p[s], dp = point.dp[s];
        const EpnetLimit log_p = epnet_limit_log(p, dp);
        point.log_p[s] = log_p.finite;
        most_negative = fmax(most_negative, -p);
        a[0] += exit[s] * p;
        a[1] -= p * log_p.finite;
        a[2] -= dp * log_p.finite;
        a[3] -= dp * log_p.log_t;
        a[4] += fabs(exit[s] * p * log_p.finite);
        a[5] += p > 0 ? 0 : 1;
        a[6] += p;
        a[7] += dp;
        b[0] += production_weight[s] * p;
        b[1] += fabs(production_weight[s]) * p;
        b[2] += flow_weight[s] * p;
        b[3] += fabs(flow_weight[s]) * p;
    }
    epnet_group_sums(group, a);
    epnet_group_sums(group, b);
    *law = {a[6], -epnet_group_maximum(group, most_negative), a[7]};
    epnet_group_sync(group); /* dp and ln p are there for all */
    const EpnetStateSums sums = {a[0], a[1], {a[2], a[3]}, a[4], a[5], b[0], b[1], b[2], b[3]};
    return sums;
}

/* Whether a sum has lost too many digits to cancellation against `gross`, or is no number. */
__device__ static inline bool epnet_cancels(const EpnetCudaProblem &problem, double sum, double gross) {
    return !(fabs(sum) >= epnet_cancellation(problem.time_count > 0 ? problem.tolerance : 0) * gross);
}

/* entropy_production, entropy_production_channels and the environment's flow. */
__device__ static inline void epnet_observe_production(const EpnetGroup &group,
                                                       const EpnetCudaProblem &problem,
                                                       const EpnetDevicePoint &point,
                                                       const EpnetStateSums &sums, double *production,
                                                       EpnetChannelSums *channels) {
    const double rate = sums.entropy_rate.finite;
    const EpnetChannels all = {true, 0};
    *production = rate + sums.production;
    if (sums.empty > 0 ||
        epnet_cancels(problem, *production, sums.entropy_rate_gross + sums.production_gross))
        *production = epnet_pairs_production(group, problem, point);
    channels->production = rate + sums.flow;
    channels->environment_flow = sums.flow;
    if (sums.empty > 0 ||
        epnet_cancels(problem, channels->production, sums.entropy_rate_gross + sums.flow_gross) ||
        epnet_cancels(problem, sums.flow, sums.flow_gross))
        *channels = epnet_pairs_channels(group, problem, point, all);
}

/* ---- columns ------------------------------------------------------------------------------------------- */

__device__ void epnet_observe_row(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                  const EpnetDevicePoint &point, const EpnetStateSums &sums,
                                  const EpnetNodeSums &nodes, double information, double *row) {
    double production;
    EpnetChannelSums channels;
    epnet_observe_production(group, problem, point, sums, &production, &channels);
    if (group.rank != 0)
        return;
    const EpnetLimit rate = {nodes.entropy_rate.finite - sums.entropy_rate.finite,
                             nodes.entropy_rate.log_t - sums.entropy_rate.log_t};
    row[EPNET_ENTROPY] = sums.entropy;
    row[EPNET_MULTIINFORMATION] = information;
    row[EPNET_MULTIINFORMATION_RATE] = epnet_limit_value(rate, sums.activity);
    row[EPNET_ENTROPY_PRODUCTION] = production;
    row[EPNET_ENTROPY_PRODUCTION_CHANNELS] = channels.production;
    row[EPNET_ENVIRONMENT_ENTROPY_FLOW] = channels.environment_flow;
    row[EPNET_ACTIVITY] = sums.activity;
    row[EPNET_MULTIINFORMATION_RATE_EULER] = NAN;
    row[EPNET_ENTROPY_RATE] = epnet_limit_value(sums.entropy_rate, sums.activity);
    row[EPNET_NODE_ENTROPY_RATE] = epnet_limit_value(nodes.entropy_rate, sums.activity);
    row[EPNET_NODE_DIVERGENCE_RATE] = nodes.divergence_rate;
    row[EPNET_FLIP_DIVERGENCE] = information + nodes.flip_divergence;
}

__device__ void epnet_observe_cut_columns(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                          const EpnetDevicePoint &point, int cut, const EpnetStateSums &sums,
                                          const EpnetCutSums &of_cut, double *columns) {
    const EpnetChannels crossing = {false, problem.cuts[cut]};
    const double *const constants = epnet_cut_memory(point, cut) + point.map.cut_constants;
    EpnetChannelSums channels = {of_cut.flow - of_cut.change_log_p, of_cut.flow};
    if (sums.empty > 0 ||
        epnet_cancels(problem, channels.production, of_cut.change_gross + of_cut.flow_gross) ||
        epnet_cancels(problem, of_cut.flow, of_cut.flow_gross))
        channels = epnet_pairs_channels(group, problem, point, crossing);
    if (group.rank != 0)
        return;
    const EpnetLimit rate = {of_cut.sides_rate.finite - sums.entropy_rate.finite,
                             of_cut.sides_rate.log_t - sums.entropy_rate.log_t};
    columns[EPNET_CUT_MUTUAL_INFORMATION] = of_cut.information;
    columns[EPNET_CUT_MUTUAL_INFORMATION_RATE] = epnet_limit_value(rate, sums.activity);
    columns[EPNET_CUT_ENTROPY_PRODUCTION] = channels.production;
    columns[EPNET_CUT_ENVIRONMENT_ENTROPY_FLOW] = channels.environment_flow;
    columns[EPNET_CUT_INFORMATION_FLOW] = epnet_limit_value(of_cut.information_flow, sums.activity);
    columns[EPNET_CUT_LOCAL_ENTROPY_RATE] = epnet_limit_value(of_cut.local_rate, sums.activity);
    columns[EPNET_CUT_FLOW_BOUND] = constants[1];
    columns[EPNET_CUT_CAPACITY] = constants[0];
}

__device__ EpnetNodeSums epnet_observe_nodes(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                             const EpnetDevicePoint &point, double activity) {
    const double *p = point.scratch + point.map.marginal, *dp = point.scratch + point.map.marginal_rate;
    double *log_p = point.scratch + point.map.log_marginal;
    double sums[5] = {0, 0, 0, 0, 0};
    for (int i = group.rank; i < problem.nodes; i += group.size) {
        const EpnetNodeLaws &laws = epnet_node_laws(point)[i];
        EpnetLimit logs[2];
        for (int x = 0; x < 2; x++) {
            logs[x] = epnet_limit_log(p[2 * i + x], dp[2 * i + x]);
            sums[0] -= dp[2 * i + x] * logs[x].finite;
            sums[1] -= dp[2 * i + x] * logs[x].log_t;
            log_p[2 * i + x] = p[2 * i + x] > 0 ? logs[x].finite : -INFINITY;
        }
        sums[2] += epnet_node_divergence_rate(laws, dp + 2 * i, logs, &sums[3]);
        sums[4] += epnet_node_flip_divergence(laws, p + 2 * i, logs);
    }
    epnet_group_sums(group, sums);
    epnet_group_sync(group);
    const EpnetLimit divergence = {sums[2], sums[3]};
    const EpnetNodeSums nodes = {
        {sums[0], sums[1]}, isnan(sums[2]) ? NAN : epnet_limit_value(divergence, activity), sums[4]};
    return nodes;
}

/* ---- cuts ---------------------------------------------------------------------------------------------- */

/* Sum v and w over the nodes outside `mask`, the highest first: afterwards the entry of a sub-state of mask
 * is its own. Entries that have been added to others are not visited again. */
__device__ static inline void epnet_fold(const EpnetGroup &group, int nodes, uint32_t mask, double *v,
                                         double *w) {
    uint32_t folded = 0;
    for (int i = nodes - 1; i >= 0; i--) {
        const uint32_t bit = 1u << i, above = mask >> i;
        if ((above & 1) != 0)
            continue;
        const uint32_t pairs = above == 0 ? bit : 1u << (nodes - 1);
        for (uint32_t k = (uint32_t)group.rank; k < pairs; k += (uint32_t)group.size) {
            const uint32_t s = (uint32_t)epnet_insert_zero(k, i);
            if ((s & folded) != 0)
                continue;
            v[s] += v[s | bit];
            w[s] += w[s | bit];
        }
        folded |= bit;
        epnet_group_sync(group);
    }
}

/* The law of one side of a cut into p_side[a], a a sub-state of mask, and ln of it into log_side[a]; -1 marks
 * in p_side an empty sub-state that fills. Returns this thread's share of the rate of the side's entropy. */
__device__ static inline EpnetLimit epnet_observe_side(const EpnetGroup &group,
                                                       const EpnetCudaProblem &problem,
                                                       const EpnetDevicePoint &point, uint32_t mask,
                                                       double *p_side, double *log_side) {
    const uint32_t states = 1u << problem.nodes;
    for (uint32_t s = (uint32_t)group.rank; s < states; s += (uint32_t)group.size) {
        p_side[s] = point.p[s];
        log_side[s] = point.dp[s];
    }
    epnet_group_sync(group);
    epnet_fold(group, problem.nodes, mask, p_side, log_side);
    EpnetLimit rate = {0, 0};
    for (uint32_t s = (uint32_t)group.rank; s < states; s += (uint32_t)group.size) {
        if ((s & ~(uint32_t)mask) != 0)
            continue;
        const double dp = log_side[s];
        const EpnetLimit log_p = epnet_limit_log(p_side[s], dp);
        rate.finite -= dp * log_p.finite;
        rate.log_t -= dp * log_p.log_t;
        log_side[s] = log_p.finite;
        p_side[s] = log_p.log_t > 0 ? -1 : p_side[s];
    }
    return rate;
}

__device__ static inline EpnetCutSums epnet_cut_sums(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                                     const EpnetDevicePoint &point, int cut) {
    const uint32_t mask = (uint32_t)problem.cuts[cut], all = (1u << problem.nodes) - 1;
    const double *const memory = epnet_cut_memory(point, cut), *const exit = memory + point.map.cut_exit,
                        *const changes = memory + point.map.cut_change,
                        *const flow_weight = memory + point.map.cut_flow_weight;
    double *p_in = point.scratch + point.map.side[0], *log_in = point.scratch + point.map.log_side[0],
           *p_out = point.scratch + point.map.side[1], *log_out = point.scratch + point.map.log_side[1];
    const EpnetLimit inside = epnet_observe_side(group, problem, point, mask, p_in, log_in);
    const EpnetLimit outside = epnet_observe_side(group, problem, point, all & ~mask, p_out, log_out);
    epnet_group_sync(group);

    double a[5] = {0, 0, inside.finite + outside.finite, inside.log_t + outside.log_t, 0};
    double b[6] = {0, 0, 0, 0, 0, 0};
    for (uint32_t s = (uint32_t)group.rank; s < 1u << problem.nodes; s += (uint32_t)group.size) {
        const double p = point.p[s], log_p = point.log_p[s], in = p_in[s & mask], out = p_out[s & ~mask];
        const double local = log_in[s & mask] + log_out[s & ~mask], product = fmax(in, 0.0) * fmax(out, 0.0);
        const double local_fills = (in < 0 ? 1 : 0) + (out < 0 ? 1 : 0),
                     fills = epnet_fills(point, s) ? 1 : 0;
        const double change = changes[s];
        if (p > 0 || product > 0)
            a[0] += epnet_divergence_term(p, product, log_p - local);
        a[1] += change * log_p;
        a[4] += fabs(exit[s] * p * log_p);
        b[0] += change * (log_p - local);
        b[1] += change * (fills - local_fills);
        b[2] -= change * local;
        b[3] -= change * local_fills;
        b[4] += flow_weight[s] * p;
        b[5] += fabs(flow_weight[s]) * p;
    }
    epnet_group_sums(group, a);
    epnet_group_sums(group, b);
    const EpnetCutSums sums = {a[0], {a[2], a[3]}, a[1], a[4], {b[0], b[1]}, {b[2], b[3]}, b[4], b[5]};
    return sums;
}

/* ---- the whole row ---------------------------------------------------------------------------------------
 */

__device__ EpnetLawSums epnet_observe(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                      const EpnetDevicePoint &point, double *row) {
    EpnetLawSums law;
    const EpnetStateSums sums = epnet_state_sums(group, problem, point, &law);
    double *const scratch = point.scratch, *const marginal = scratch + point.map.marginal;
    epnet_marginals<2>(group, problem.nodes, {point.p, point.dp},
                       {scratch + point.map.side[0], scratch + point.map.side[1]},
                       {marginal, scratch + point.map.marginal_rate});
    const EpnetNodeSums nodes = epnet_observe_nodes(group, problem, point, sums.activity);
    const double information =
        epnet_multiinformation(group, problem.nodes, point.p, point.log_p, marginal,
                               scratch + point.map.log_marginal, scratch + point.map.products);
    epnet_observe_row(group, problem, point, sums, nodes, information, row);
    for (int cut = 0; cut < problem.cut_count; cut++) {
        const EpnetCutSums of_cut = epnet_cut_sums(group, problem, point, cut);
        epnet_observe_cut_columns(group, problem, point, cut, sums, of_cut,
                                  row + EPNET_COLUMNS + cut * EPNET_CUT_COLUMNS);
        epnet_group_sync(group); /* the sides serve the next cut */
    }
    epnet_group_sync(group);
    return law;
}

__device__ double epnet_observe_information(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                            const EpnetDevicePoint &point, const double *state) {
    double *const marginal = point.scratch + point.map.marginal, *const log_marginal =
                                                                     point.scratch + point.map.log_marginal;
    for (uint32_t s = (uint32_t)group.rank; s < 1u << problem.nodes; s += (uint32_t)group.size)
        point.log_p[s] = state[s] > 0 ? log(state[s]) : 0;
    epnet_marginals<1>(group, problem.nodes, {state}, {point.scratch + point.map.side[0]}, {marginal});
    for (int i = group.rank; i < 2 * problem.nodes; i += group.size)
        log_marginal[i] = log(marginal[i]);
    epnet_group_sync(group);
    const double information = epnet_multiinformation(group, problem.nodes, state, point.log_p, marginal,
                                                      log_marginal, point.scratch + point.map.products);
    epnet_group_sync(group);
    return information;
}

__device__ double epnet_observe_euler_rate(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                           const EpnetDevicePoint &point, double information) {
    bool negative = false;
    for (uint32_t s = (uint32_t)group.rank; s < 1u << problem.nodes; s += (uint32_t)group.size) {
        point.dp[s] = point.p[s] + problem.dt * point.dp[s];
        negative |= point.dp[s] < 0;
    }
    negative = epnet_group_any(group, negative);
    epnet_group_sync(group);
    const double next = epnet_observe_information(group, problem, point, point.dp);
    return negative ? NAN : (next - information) / problem.dt;
}

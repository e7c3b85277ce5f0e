/* Sums over the pairs of states that a channel connects, pair by pair as host/cpu/observe_channels.c and
 * observe_cut.c take them: no digits are lost near equilibrium, and empty states are decided on the
 * structure. A thread takes all pairs (a, b = a with x_j = 1) of its numbers k, node after node. */
#include "formula.h"
#include "limit.h"
#include "stream_sums.cuh"

namespace {

struct Sums {
    double production, environment_flow;
};

/* The flips of node j between a and b. */
__device__ void add_flips(const EpnetRates &rates, const EpnetStreamState &state, int j, uint64_t a,
                          uint64_t b, Sums &sums) {
    const double up = rates.flip_up[j], down = rates.flip_down[j];
    if (up == 0 && down == 0)
        return;
    const double x = up * state.p[a], y = down * state.p[b], log_rates = log(up) - log(down);
    const bool up_flux = up > 0 && state.p[a] > 0, down_flux = down > 0 && state.p[b] > 0;
    if (up_flux && down_flux)
        sums.production += epnet_flux_entropy(x, y, state.log_p[a] - state.log_p[b] + log_rates);
    else if (up_flux || down_flux)
        sums.production = INFINITY;
    if (up > 0 && down > 0)
        sums.environment_flow += (x - y) * log_rates;
    else if (up_flux || down_flux) /* one way: its logarithm has the sign of its flux */
        sums.environment_flow = INFINITY;
}

/* Copies along edge e, which enters j, between a and b: from where source and target differ to where they
 * agree, and back. */
__device__ void add_copies(const EpnetRates &rates, const EpnetStreamState &state, int e, int source,
                           uint64_t a, uint64_t b, Sums &sums) {
    const double beta = rates.rate[e], drive = rates.drive[e];
    if (beta == 0)
        return;
    const bool up = epnet_bit(a, source) == 1, one_way = isinf(drive);
    const uint64_t before = up ? a : b, after = up ? b : a;
    const double x = beta * state.p[before], y = rates.backward[e] * state.p[after];
    const bool forward_flux = state.p[before] > 0, backward_flux = state.p[after] > 0 && !one_way;
    if (forward_flux && backward_flux)
        sums.production += epnet_flux_entropy(x, y, state.log_p[before] - state.log_p[after] + drive);
    else if (forward_flux || backward_flux)
        sums.production = INFINITY;
    if (!one_way)
        sums.environment_flow += drive * (x - y);
    else if (forward_flux)
        sums.environment_flow = INFINITY;
}

/* A pair of total rates of which a flux is zero, or so small that it underflows: decided on the structure. */
__device__ double boundary_pair(const EpnetCudaProblem &problem, const EpnetRates &rates,
                                const EpnetTables &tables, const EpnetStreamState &state, int j, uint64_t a,
                                uint64_t b, double net) {
    const uint32_t from = (uint32_t)a, to = (uint32_t)b;
    const bool forward = state.p[a] > 0 && epnet_flip_is_possible(problem, rates, j, from);
    const bool backward = state.p[b] > 0 && epnet_flip_is_possible(problem, rates, j, to);
    if (!forward && !backward)
        return 0;
    if (forward != backward)
        return INFINITY;
    return net * (state.log_p[a] + epnet_log_rate(problem, rates, tables, j, from) - state.log_p[b] -
                  epnet_log_rate(problem, rates, tables, j, to));
}

/* All channels that flip node j between a and b as one. */
__device__ double total_production(const EpnetCudaProblem &problem, const EpnetRates &rates,
                                   const EpnetTables &tables, const EpnetStreamState &state, int j,
                                   uint64_t a, uint64_t b) {
    const double smallest = 1e-290; /* below it a product may have lost digits to underflow */
    const double x = epnet_tables_rate(tables, j, (uint32_t)a) * state.p[a],
                 y = epnet_tables_rate(tables, j, (uint32_t)b) * state.p[b];
    if (x < smallest || y < smallest)
        return boundary_pair(problem, rates, tables, state, j, a, b, x - y);
    if (epnet_flux_is_balanced(x, y))
        return epnet_flux_entropy_balanced(x, y);
    return (x - y) * (log(x) - log(y));
}

__global__ void total_pairs(EpnetCudaProblem problem, EpnetRates rates, EpnetTables tables,
                            EpnetStreamState state, double *partials) {
    double sum[1] = {0};
    EPNET_STREAM_FOR(k, (uint64_t)1 << (problem.nodes - 1)) {
        for (int j = 0; j < problem.nodes; j++) {
            const uint64_t a = epnet_insert_zero(k, j), b = epnet_flip(a, j);
            sum[0] += total_production(problem, rates, tables, state, j, a, b);
        }
    }
    epnet_stream_block(sum, EpnetAdd(), partials, gridDim.x, blockIdx.x);
}

__global__ void channel_pairs(EpnetCudaProblem problem, EpnetRates rates, EpnetChannels channels,
                              EpnetStreamState state, double *partials) {
    Sums sums = {0, 0};
    EPNET_STREAM_FOR(k, (uint64_t)1 << (problem.nodes - 1)) {
        for (int j = 0; j < problem.nodes; j++) {
            const uint64_t a = epnet_insert_zero(k, j), b = epnet_flip(a, j);
            if (channels.all)
                add_flips(rates, state, j, a, b, sums);
            for (int e = problem.first_edge[j]; e < problem.first_edge[j + 1]; e++) {
                if (epnet_channels_have(channels, problem.source[e], j))
                    add_copies(rates, state, e, problem.source[e], a, b, sums);
            }
        }
    }
    double sum[2] = {sums.production, sums.environment_flow};
    epnet_stream_block(sum, EpnetAdd(), partials, gridDim.x, blockIdx.x);
}

/* Coefficient of ln t in the logarithm of an entry (limit.h). */
__device__ double filling(double p, double dp) {
    return !(p > 0) && dp > 0 ? 1 : 0;
}

/* ln p_side(b) - ln p_side(a) of the side whose node flips. */
__device__ EpnetLimit local_difference(int nodes, const EpnetStreamSide &side, uint64_t a, uint64_t b) {
    const uint32_t from = epnet_stream_side_state(nodes, side, a),
                   to = epnet_stream_side_state(nodes, side, b);
    return {side.log_p[to] - side.log_p[from],
            filling(side.p[to], side.dp[to]) - filling(side.p[from], side.dp[from])};
}

__global__ void cut_pairs(EpnetTables crossing, uint64_t cut, EpnetStreamState state, EpnetStreamSide inside,
                          EpnetStreamSide outside, double *partials) {
    double sum[4] = {0, 0, 0, 0};
    EPNET_STREAM_FOR(k, (uint64_t)1 << (crossing.nodes - 1)) {
        for (int j = 0; j < crossing.nodes; j++) {
            const uint64_t a = epnet_insert_zero(k, j), b = epnet_flip(a, j);
            const double flux = epnet_tables_rate(crossing, j, (uint32_t)a) * state.p[a] -
                                epnet_tables_rate(crossing, j, (uint32_t)b) * state.p[b];
            const EpnetLimit local =
                local_difference(crossing.nodes, epnet_bit(cut, j) ? inside : outside, a, b);
            sum[0] += flux * (state.log_p[b] - state.log_p[a]);
            sum[1] += flux * (filling(state.p[b], state.dp[b]) - filling(state.p[a], state.dp[a]));
            sum[2] += flux * local.finite;
            sum[3] += flux * local.log_t;
        }
    }
    epnet_stream_block(sum, EpnetAdd(), partials, gridDim.x, blockIdx.x);
}

} // namespace

cudaError_t epnet_stream_total_pairs(const EpnetCudaProblem *problem, const EpnetStreamPoint *point,
                                     const EpnetStreamState *state, double *partials, double *results,
                                     cudaStream_t stream) {
    const uint64_t pairs = (uint64_t)1 << (problem->nodes - 1);
    EPNET_LAUNCH(total_pairs, dim3(epnet_stream_pieces(pairs)), dim3(EPNET_STREAM_THREADS), 0, stream,
                 *problem, epnet_stream_rates(*point), epnet_stream_tables_of(problem->nodes, *point), *state,
                 partials);
    return epnet_stream_sum_up(1, pairs, partials, results, stream);
}

cudaError_t epnet_stream_channel_pairs(const EpnetCudaProblem *problem, const EpnetStreamPoint *point,
                                       const uint64_t *cut, const EpnetStreamState *state, double *partials,
                                       double *results, cudaStream_t stream) {
    const uint64_t pairs = (uint64_t)1 << (problem->nodes - 1);
    const EpnetChannels channels = {cut == NULL, cut == NULL ? 0 : *cut};
    EPNET_LAUNCH(channel_pairs, dim3(epnet_stream_pieces(pairs)), dim3(EPNET_STREAM_THREADS), 0, stream,
                 *problem, epnet_stream_rates(*point), channels, *state, partials);
    return epnet_stream_sum_up(2, pairs, partials, results, stream);
}

cudaError_t epnet_stream_cut_pairs(int nodes, const EpnetStreamPoint *crossing, uint64_t cut,
                                   const EpnetStreamState *state, const EpnetStreamSide *inside,
                                   const EpnetStreamSide *outside, double *partials, double *results,
                                   cudaStream_t stream) {
    const uint64_t pairs = (uint64_t)1 << (nodes - 1);
    EPNET_LAUNCH(cut_pairs, dim3(epnet_stream_pieces(pairs)), dim3(EPNET_STREAM_THREADS), 0, stream,
                 epnet_stream_tables_of(nodes, *crossing), cut, *state, *inside, *outside, partials);
    return epnet_stream_sum_up(4, pairs, partials, results, stream);
}

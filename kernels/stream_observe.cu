/* Observables of a state in device memory: logarithms, marginal laws, divergences from product laws. */
#include "formula.h"
#include "limit.h"
#include "stream_sums.cuh"

namespace {

__global__ void logarithms(uint64_t n, EpnetStreamState state, const double *weight, double *partials) {
    double sum[5] = {0, 0, 0, 0, 0};
    EPNET_STREAM_FOR(s, n) {
        const double p = state.p[s], dp = state.dp == NULL ? 0 : state.dp[s];
        const EpnetLimit log_p = epnet_limit_log(p, dp);
        state.log_p[s] = log_p.finite;
        sum[0] += p * log_p.finite;
        sum[1] += dp * log_p.finite;
        sum[2] += dp * log_p.log_t;
        sum[3] += weight == NULL ? 0 : p * weight[s];
        sum[4] += p > 0 ? 0 : 1;
    }
    epnet_stream_block(sum, EpnetAdd(), partials, gridDim.x, blockIdx.x);
}

struct Bits {
    int count, at[3];
};

__device__ double fold_entry(const Bits &bits, uint64_t first, const double *v) {
    double sum = 0;
    for (int values = 0; values < 1 << bits.count; values++) {
        uint64_t s = first;
        for (int i = 0; i < bits.count; i++)
            s |= (uint64_t)(values >> i & 1) << bits.at[i];
        sum += v[s];
    }
    return sum;
}

__global__ void fold(uint64_t entries, Bits bits, const double *p, const double *dp, double *out_p,
                     double *out_dp) {
    const uint64_t k = epnet_stream_index();
    if (k >= entries)
        return;
    uint64_t first = k;
    for (int i = 0; i < bits.count; i++)
        first = epnet_insert_zero(first, bits.at[i]);
    out_p[k] = fold_entry(bits, first, p);
    out_dp[k] = fold_entry(bits, first, dp);
}

__global__ void divergence(int nodes, EpnetStreamState state, EpnetStreamSide a, EpnetStreamSide b,
                           double *partials) {
    double sum[1] = {0};
    EPNET_STREAM_FOR(s, (uint64_t)1 << nodes) {
        const uint32_t at_a = epnet_stream_side_state(nodes, a, s),
                       at_b = epnet_stream_side_state(nodes, b, s);
        const double p = state.p[s], product = a.p[at_a] * b.p[at_b];
        if (p > 0 || product > 0)
            sum[0] += epnet_divergence_term(p, product, state.log_p[s] - (a.log_p[at_a] + b.log_p[at_b]));
    }
    epnet_stream_block(sum, EpnetAdd(), partials, gridDim.x, blockIdx.x);
}

__global__ void flows(EpnetTables rates, EpnetTables flow, const double *production, EpnetStreamState state,
                      double *partials) {
    double sum[5] = {0, 0, 0, 0, 0};
    EPNET_STREAM_FOR(s, (uint64_t)1 << rates.nodes) {
        const double p = state.p[s], gain = epnet_tables_exit(flow, (uint32_t)s) * p;
        sum[0] += gain;
        sum[1] += fabs(gain);
        sum[2] += fabs(p * epnet_tables_exit(rates, (uint32_t)s) * state.log_p[s]);
        const double produced = production == NULL ? 0 : production[s] * p;
        sum[3] += produced;
        sum[4] += fabs(produced);
    }
    epnet_stream_block(sum, EpnetAdd(), partials, gridDim.x, blockIdx.x);
}

} // namespace

cudaError_t epnet_stream_logarithms(uint64_t n, const EpnetStreamState *state, const double *weight,
                                    double *partials, double *results, cudaStream_t stream) {
    EPNET_LAUNCH(logarithms, dim3(epnet_stream_pieces(n)), dim3(EPNET_STREAM_THREADS), 0, stream, n, *state,
                 weight, partials);
    return epnet_stream_sum_up(5, n, partials, results, stream);
}

cudaError_t epnet_stream_fold(uint64_t states, int count, const int *bits, const double *p, const double *dp,
                              double *out_p, double *out_dp, cudaStream_t stream) {
    Bits places = {count, {0, 0, 0}};
    for (int i = 0; i < count; i++)
        places.at[i] = bits[i];
    const uint64_t entries = states >> count;
    EPNET_LAUNCH(fold, dim3(epnet_stream_blocks(entries)), dim3(EPNET_STREAM_THREADS), 0, stream, entries,
                 places, p, dp, out_p, out_dp);
    return cudaGetLastError();
}

cudaError_t epnet_stream_divergence(int nodes, const EpnetStreamState *state, const EpnetStreamSide *a,
                                    const EpnetStreamSide *b, double *partials, double *results,
                                    cudaStream_t stream) {
    const uint64_t states = (uint64_t)1 << nodes;
    EPNET_LAUNCH(divergence, dim3(epnet_stream_pieces(states)), dim3(EPNET_STREAM_THREADS), 0, stream, nodes,
                 *state, *a, *b, partials);
    return epnet_stream_sum_up(1, states, partials, results, stream);
}

cudaError_t epnet_stream_flows(int nodes, const EpnetStreamPoint *point, const EpnetStreamPoint *flows_of,
                               const double *production, const EpnetStreamState *state, double *partials,
                               double *results, cudaStream_t stream) {
    const uint64_t states = (uint64_t)1 << nodes;
    EPNET_LAUNCH(flows, dim3(epnet_stream_pieces(states)), dim3(EPNET_STREAM_THREADS), 0, stream,
                 epnet_stream_tables_of(nodes, *point), epnet_stream_tables_of(nodes, *flows_of), production,
                 *state, partials);
    return epnet_stream_sum_up(5, states, partials, results, stream);
}

/* The tables of a point of the streaming engine: r_j(s) and e_j(s) as sums of a low and a high part, the
 * parts of r_j that a pass adds up, and the exit rates. */
#include "stream_layout.h"
#include "stream_point.cuh"

namespace {

/* What bits first .. first + bits - 1 of the index within a tile, which have the values `values`, add to r_j
 * with x_j = x. */
__device__ double tile_part(const EpnetCudaProblem &problem, const EpnetRates &rates,
                            const EpnetStreamPass &pass, int j, int x, int first, int bits, int values) {
    double sum = 0;
    for (int e = problem.first_edge[j]; e < problem.first_edge[j + 1]; e++) {
        const int m = epnet_stream_tile_bit(&pass, problem.source[e]) - first;
        if (m >= 0 && m < bits)
            sum += (values >> m & 1) != x ? rates.rate[e] : rates.backward[e];
    }
    return sum;
}

/* What the bits `bits` of a state add to it. */
__device__ double outside_part(const EpnetCudaProblem &problem, const EpnetRates &rates, int j, int x,
                               uint64_t bits, uint64_t state) {
    double sum = 0;
    for (int e = problem.first_edge[j]; e < problem.first_edge[j + 1]; e++) {
        const int i = problem.source[e];
        if (epnet_bit(bits, i))
            sum += epnet_bit(state, i) != x ? rates.rate[e] : rates.backward[e];
    }
    return sum;
}

__global__ void fill_outside(EpnetCudaProblem problem, EpnetRates rates, EpnetStreamPass pass) {
    const uint64_t lower = 2 * (uint64_t)epnet_stream_served(&pass) << epnet_stream_half_bits(&pass, 0),
                   at = epnet_stream_index();
    if (at >= epnet_stream_outside_part_size(&pass))
        return;
    const bool upper = at >= lower;
    const int bits = epnet_stream_half_bits(&pass, upper),
              shift = upper ? epnet_stream_half_bits(&pass, 0) : 0;
    const uint64_t k = upper ? at - lower : at, most = ((uint64_t)1 << bits) - 1;
    const int table = (int)(k >> bits);
    pass.outside_part[at] = outside_part(problem, rates, epnet_stream_node(&pass, table / 2), table % 2,
                                         epnet_stream_tile_state(&pass, most << shift),
                                         epnet_stream_tile_state(&pass, (k & most) << shift));
}

__global__ void fill_parts(EpnetCudaProblem problem, EpnetRates rates, EpnetStreamPass pass,
                           int thread_bits) {
    const int register_bits = pass.tile_bits - thread_bits;
    const uint64_t tables = 2 * (uint64_t)epnet_stream_served(&pass), at = epnet_stream_index();
    if (at < tables << thread_bits) {
        const int table = (int)(at >> thread_bits), j = epnet_stream_node(&pass, table / 2), x = table % 2;
        const double flips = x == 0 ? rates.flip_up[j] : rates.flip_down[j];
        pass.thread_part[at] = flips + tile_part(problem, rates, pass, j, x, 0, thread_bits,
                                                 (int)(at & ((1u << thread_bits) - 1)));
    }
    if (at < tables << register_bits) {
        const int table = (int)(at >> register_bits), j = epnet_stream_node(&pass, table / 2);
        pass.register_part[at] = tile_part(problem, rates, pass, j, table % 2, thread_bits, register_bits,
                                           (int)(at & ((1u << register_bits) - 1)));
    }
}

/* What the environment gains per second by the jumps of one channel of rate `rate` and logarithm of ratio
 * `drive`. */
__device__ double flow_of(double rate, double drive) {
    return rate != 0 ? rate * drive : 0;
}

/* One entry of the tables of e(s): epnet_table_entry() with flows for rates. */
__device__ double flow_entry(const EpnetCudaProblem &problem, const EpnetRates &rates,
                             const EpnetChannels &channels, int j, int x, int first_bit, int bits,
                             uint32_t values, double start) {
    double sum = start;
    for (int e = problem.first_edge[j]; e < problem.first_edge[j + 1]; e++) {
        const int i = problem.source[e] - first_bit;
        if (i < 0 || i >= bits || !epnet_channels_have(channels, problem.source[e], j))
            continue;
        sum += epnet_bit(values, i) != x ? flow_of(rates.rate[e], rates.drive[e])
                                         : -flow_of(rates.backward[e], rates.drive[e]);
    }
    return sum;
}

__global__ void fill_flows(EpnetCudaProblem problem, EpnetRates rates, EpnetChannels channels, int low_bits,
                           double *low, double *high) {
    const int high_bits = problem.nodes - low_bits;
    const uint64_t at = epnet_stream_index();
    if (at < epnet_low_size(problem.nodes, low_bits)) {
        const int table = (int)(at >> low_bits), j = table / 2, x = table % 2;
        const double forward = x == 0 ? rates.flip_up[j] : rates.flip_down[j],
                     reverse = x == 0 ? rates.flip_down[j] : rates.flip_up[j];
        const double flips = channels.all && forward > 0 ? forward * (log(forward) - log(reverse)) : 0;
        low[at] = flow_entry(problem, rates, channels, j, x, 0, low_bits,
                             (uint32_t)(at & ((1u << low_bits) - 1)), flips);
    }
    if (at < 2 * (uint64_t)problem.nodes << high_bits) {
        const int table = (int)(at >> high_bits);
        high[at] = flow_entry(problem, rates, channels, table / 2, table % 2, low_bits, high_bits,
                              (uint32_t)(at & ((1u << high_bits) - 1)), 0);
    }
}

__global__ void fill_tables(EpnetCudaProblem problem, EpnetRates rates, EpnetChannels channels, int low_bits,
                            double *low, double *high) {
    EpnetGroup grid = {(int)epnet_stream_index(), (int)(gridDim.x * blockDim.x), 0, NULL};
    epnet_tables_fill(grid, problem, rates, channels, low_bits, 1 << (problem.nodes - low_bits), low, high);
}

__global__ void fill_exit(EpnetTables tables, uint64_t states, double *exit) {
    const uint64_t s = epnet_stream_index();
    if (s < states)
        exit[s] = epnet_tables_exit(tables, (uint32_t)s);
}

__global__ void fill_production(EpnetCudaProblem problem, EpnetRates rates, EpnetTables tables,
                                uint64_t states, double *production) {
    const uint64_t s = epnet_stream_index();
    if (s < states)
        production[s] = epnet_production_weight(problem, rates, tables, (uint32_t)s);
}

} // namespace

cudaError_t epnet_stream_tables(const EpnetCudaProblem *problem, const EpnetStreamPoint *point,
                                EpnetStreamTerm term, const uint64_t *cut, cudaStream_t stream) {
    const EpnetChannels channels = {cut == NULL, cut == NULL ? 0 : *cut};
    const int wider = problem->nodes - point->low_bits; /* low_bits is half of the nodes, rounded down */
    const unsigned blocks = epnet_stream_blocks((uint64_t)(2 * problem->nodes) << wider);
    const EpnetRates rates = epnet_stream_rates(*point);
    if (term == EPNET_STREAM_RATES)
        EPNET_LAUNCH(fill_tables, dim3(blocks), dim3(EPNET_STREAM_THREADS), 0, stream, *problem, rates,
                     channels, point->low_bits, point->low, point->high);
    else
        EPNET_LAUNCH(fill_flows, dim3(blocks), dim3(EPNET_STREAM_THREADS), 0, stream, *problem, rates,
                     channels, point->low_bits, point->low, point->high);
    return cudaGetLastError();
}

cudaError_t epnet_stream_plan_tables(const EpnetCudaProblem *problem, const EpnetStreamPoint *point,
                                     const EpnetStreamPlan *plan, cudaStream_t stream) {
    cudaError_t result = cudaSuccess;
    for (int i = 0; i < plan->pass_count && result == cudaSuccess; i++) {
        const EpnetStreamPass &pass = plan->pass[i];
        EPNET_LAUNCH(fill_parts, dim3(epnet_stream_blocks(epnet_stream_thread_part_size(&pass))),
                     dim3(EPNET_STREAM_THREADS), 0, stream, *problem, epnet_stream_rates(*point), pass,
                     epnet_stream_thread_bits(&pass));
        result = cudaGetLastError();
        if (result == cudaSuccess) {
            EPNET_LAUNCH(fill_outside, dim3(epnet_stream_blocks(epnet_stream_outside_part_size(&pass))),
                         dim3(EPNET_STREAM_THREADS), 0, stream, *problem, epnet_stream_rates(*point), pass);
            result = cudaGetLastError();
        }
    }
    return result;
}

cudaError_t epnet_stream_exit(const EpnetCudaProblem *problem, const EpnetStreamPoint *point, double *exit,
                              cudaStream_t stream) {
    const uint64_t states = (uint64_t)1 << problem->nodes;
    EPNET_LAUNCH(fill_exit, dim3(epnet_stream_blocks(states)), dim3(EPNET_STREAM_THREADS), 0, stream,
                 epnet_stream_tables_of(problem->nodes, *point), states, exit);
    return cudaGetLastError();
}

cudaError_t epnet_stream_production(const EpnetCudaProblem *problem, const EpnetStreamPoint *point,
                                    double *production, cudaStream_t stream) {
    const uint64_t states = (uint64_t)1 << problem->nodes;
    EPNET_LAUNCH(fill_production, dim3(epnet_stream_blocks(states)), dim3(EPNET_STREAM_THREADS), 0, stream,
                 *problem, epnet_stream_rates(*point), epnet_stream_tables_of(problem->nodes, *point), states,
                 production);
    return cudaGetLastError();
}

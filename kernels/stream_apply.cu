/* Applications of L to a vector in device memory, with the update of an integrator around them. A pass reads
 * every state once, exchanges within tiles through shared memory, and adds the inflow over the bits of the
 * tile. r_j(s) has one non-negative part for each of: the bits of the thread (registers), of the register and
 * of the tile as a whole (shared memory, put together anew for each tile): no cancellation. */
#include "resident.cuh"
#include "stream_layout.h"
#include "stream_point.cuh"

namespace {

enum { LEAST_BLOCKS = 2 }; /* of a multiprocessor: bounds registers to 128 */

/* What the bits of a tile's number, which all its states share, add to r_j with x_j = x; k = 2 m + x, where m
 * says how the pass serves j. */
__device__ double outside_part(const EpnetStreamPass &pass, uint64_t tile, int k) {
    const int low = epnet_stream_half_bits(&pass, 0), high = epnet_stream_half_bits(&pass, 1);
    const double *const upper = pass.outside_part + ((size_t)(2 * epnet_stream_served(&pass)) << low);
    return pass.outside_part[((size_t)k << low) + (size_t)(tile & (((uint64_t)1 << low) - 1))] +
           upper[((size_t)k << high) + (size_t)(tile >> low)];
}

/* What remains of a state when a pass has its inflow. */
struct Turn {
    EpnetSpaceStep step;
    bool first, last;

    /* Whatever of device memory it takes for COUNT states of a thread, s, s + stride, .., is read before any
     * of it is written: the compiler cannot know that the vectors are not each other's. */
    template <int COUNT>
    __device__ void take(uint64_t s, uint64_t stride, const double *in, int pitch, const double *inflow,
                         const double *exit) const {
        double value[COUNT], added[COUNT], sum[COUNT];
        const double *const kept = first ? exit : step.out;
        const bool adds = first && step.addend != NULL, sums = last && step.sum != NULL,
                   reads = sums && step.sum_factor != 0;
#pragma unroll
        for (int i = 0; i < COUNT; i++) {
            const uint64_t at = s + (uint64_t)i * stride;
            value[i] = kept[at];
            added[i] = adds ? step.addend[at] : 0;
            sum[i] = reads ? step.sum[at] : 0;
        }
#pragma unroll
        for (int i = 0; i < COUNT; i++) {
            const uint64_t at = s + (uint64_t)i * stride;
            const double p = in[i * pitch];
            if (first)
                value[i] = step.in_factor * p - step.rate_factor * (value[i] * p);
            if (adds)
                value[i] += step.addend_factor * added[i];
            value[i] += step.rate_factor * inflow[i];
            step.out[at] = value[i];
            if (sums)
                step.sum[at] =
                    step.out_weight * value[i] + step.in_weight * p + (reads ? step.sum_factor * sum[i] : 0);
        }
    }
};

template <int THREAD_BITS, int REGISTER_BITS>
__global__ void __launch_bounds__(1 << THREAD_BITS, LEAST_BLOCKS)
    stream_pass(EpnetStreamPass pass, Turn turn, const double *exit) {
    constexpr int TILE_BITS = THREAD_BITS + REGISTER_BITS, THREADS = 1 << THREAD_BITS,
                  REGISTERS = 1 << REGISTER_BITS;
    EPNET_DYNAMIC_SHARED(double, shared);
    const int served = TILE_BITS + pass.direct_count, t = (int)threadIdx.x;
    double *const in = shared, *const row = in + (1 << TILE_BITS),
                  *const outside = row + 2 * served * REGISTERS;
    const int first_bit = turn.first ? 0 : pass.low;
    const bool whole = pass.low == TILE_BITS;
    /* Registers hold the highest bits of the tile: those of the window, if there is one. */
    const uint64_t stride = (uint64_t)1 << (whole ? THREAD_BITS : pass.window + THREAD_BITS - pass.low);
    const uint64_t low_mask = ((uint64_t)1 << pass.low) - 1, tile_index = (uint64_t)t;
    const uint64_t within =
        whole ? tile_index : (tile_index & low_mask) | tile_index >> pass.low << pass.window;

    const uint64_t tiles = (uint64_t)1 << pass.outside_bits;
    for (uint64_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
        const uint64_t tile_state = epnet_stream_tile_state(&pass, tile), s0 = tile_state + within;
        double inflow[REGISTERS];
#pragma unroll
        for (int r = 0; r < REGISTERS; r++) {
            in[r * THREADS + t] = turn.step.in[s0 + (uint64_t)r * stride];
            inflow[r] = 0;
        }
#pragma unroll 1
        for (int k = t; k < 2 * served; k += THREADS)
            outside[k] = outside_part(pass, tile, k);
        __syncthreads();
#pragma unroll 1
        for (int k = t; k < 2 * served * REGISTERS; k += THREADS)
            row[k] = pass.register_part[k] + outside[k / REGISTERS];
        __syncthreads();
#pragma unroll
        for (int m = 0; m < THREAD_BITS; m++) {
            if (m < first_bit)
                continue;
            const int x = 1 - (t >> m & 1); /* of the state that the inflow comes from */
            const int table = 2 * m + x, partner = t ^ 1 << m;
            const double rate = pass.thread_part[table * THREADS + t];
#pragma unroll
            for (int r = 0; r < REGISTERS; r++)
                inflow[r] += (rate + row[table * REGISTERS + r]) * in[r * THREADS + partner];
        }
#pragma unroll
        for (int m = 0; m < REGISTER_BITS; m++) {
            const int table = 2 * (THREAD_BITS + m);
            const double rate[2] = {pass.thread_part[table * THREADS + t],
                                    pass.thread_part[(table + 1) * THREADS + t]};
#pragma unroll
            for (int r = 0; r < REGISTERS; r++) {
                const int from = r ^ 1 << m, x = from >> m & 1;
                inflow[r] += (rate[x] + row[(table + x) * REGISTERS + from]) * in[from * THREADS + t];
            }
        }
#pragma unroll 1
        for (int d = 0; d < pass.direct_count; d++) {
            const uint64_t bit = (uint64_t)1 << (pass.direct + d);
            const int m = 2 * (TILE_BITS + d) + ((tile_state & bit) == 0);
            const double rate = pass.thread_part[m * THREADS + t];
#pragma unroll
            for (int r = 0; r < REGISTERS; r++)
                inflow[r] +=
                    (rate + row[m * REGISTERS + r]) * turn.step.in[(s0 + (uint64_t)r * stride) ^ bit];
        }
        constexpr int COUNT = 4; /* more take more registers than there are */
#pragma unroll
        for (int r = 0; r < REGISTERS; r += COUNT)
            turn.take<COUNT>(s0 + (uint64_t)r * stride, stride, in + r * THREADS + t, THREADS, inflow + r,
                             exit);
        __syncthreads(); /* the tile is read */
    }
}

/* Bytes of shared memory of a block. */
template <int REGISTER_BITS> size_t shared_bytes(const EpnetStreamPass &pass) {
    const size_t doubles = ((size_t)1 << pass.tile_bits) +
                           (size_t)(2 * epnet_stream_served(&pass)) * ((size_t)(1 << REGISTER_BITS) + 1);
    return doubles * sizeof(double);
}

template <int THREAD_BITS, int REGISTER_BITS>
cudaError_t lay_out(const EpnetStreamPass &pass, EpnetCudaLayout *layout) {
    layout->threads = 1 << THREAD_BITS;
    layout->shared_bytes = (int)shared_bytes<REGISTER_BITS>(pass);
    return epnet_resident_blocks((const void *)stream_pass<THREAD_BITS, REGISTER_BITS>, layout);
}

template <int THREAD_BITS, int REGISTER_BITS>
void launch_pass(const EpnetStreamPass &pass, const Turn &turn, const double *exit, int multiprocessors,
                 cudaStream_t stream) {
    const uint64_t tiles = (uint64_t)1 << pass.outside_bits;
    const uint64_t resident = (uint64_t)(LEAST_BLOCKS * multiprocessors);
    const dim3 grid((unsigned)(tiles < resident ? tiles : resident));
    EPNET_LAUNCH((stream_pass<THREAD_BITS, REGISTER_BITS>), grid, dim3(1 << THREAD_BITS),
                 shared_bytes<REGISTER_BITS>(pass), stream, pass, turn, exit);
}

} // namespace

cudaError_t epnet_stream_layout(int nodes, EpnetCudaLayout *layout) {
    EpnetStreamPlan plan;
    epnet_stream_plan(nodes, &plan);
    const EpnetStreamPass *most = plan.pass; /* of shared memory: the pass that serves most nodes */
    for (int i = 1; i < plan.pass_count; i++)
        most = epnet_stream_served(&plan.pass[i]) > epnet_stream_served(most) ? &plan.pass[i] : most;
    if (most->tile_bits == EPNET_STREAM_WIDE_BITS)
        return lay_out<EPNET_STREAM_WIDE_THREAD_BITS, EPNET_STREAM_WIDE_REGISTER_BITS>(*most, layout);
    return lay_out<EPNET_STREAM_NARROW_THREAD_BITS, EPNET_STREAM_NARROW_REGISTER_BITS>(*most, layout);
}

cudaError_t epnet_stream_step(const EpnetStreamPlan *plan, const double *exit, const EpnetSpaceStep *step,
                              int multiprocessors, cudaStream_t stream) {
    cudaError_t result = cudaSuccess;
    for (int i = 0; i < plan->pass_count && result == cudaSuccess; i++) {
        const EpnetStreamPass &pass = plan->pass[i];
        const Turn turn = {*step, i == 0, i == plan->pass_count - 1};
        if (pass.tile_bits == EPNET_STREAM_WIDE_BITS)
            launch_pass<EPNET_STREAM_WIDE_THREAD_BITS, EPNET_STREAM_WIDE_REGISTER_BITS>(
                pass, turn, exit, multiprocessors, stream);
        else
            launch_pass<EPNET_STREAM_NARROW_THREAD_BITS, EPNET_STREAM_NARROW_REGISTER_BITS>(
                pass, turn, exit, multiprocessors, stream);
        result = cudaGetLastError();
    }
    return result;
}

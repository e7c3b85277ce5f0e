/* Nodes that are left to their flips: a state times a 2 x 2 matrix per node, a few nodes to a launch. A
 * thread takes the states that differ in those nodes alone: 16 bytes of each pass through memory once. */
#include "stream_kernels.h"
#include "stream_point.cuh"

namespace {

struct Transitions {
    double up[EPNET_STREAM_RELAX_NODES], down[EPNET_STREAM_RELAX_NODES];
};

template <int COUNT>
__global__ void relax(uint64_t sets, int first, Transitions nodes, const double *in, double *out) {
    const uint64_t k = epnet_stream_index();
    if (k >= sets)
        return;
    const uint64_t stride = (uint64_t)1 << first, low = k & (stride - 1), base = (k ^ low) << COUNT | low;
    double p[1 << COUNT];
#pragma unroll
    for (int x = 0; x < 1 << COUNT; x++)
        p[x] = in[base + (uint64_t)x * stride];
#pragma unroll
    for (int i = 0; i < COUNT; i++) {
#pragma unroll
        for (int pair = 0; pair < 1 << (COUNT - 1); pair++) {
            const int zero = (int)epnet_insert_zero((uint64_t)pair, i), one = zero | 1 << i;
            const double a = p[zero], b = p[one];
            p[zero] = (1 - nodes.up[i]) * a + nodes.down[i] * b;
            p[one] = nodes.up[i] * a + (1 - nodes.down[i]) * b;
        }
    }
#pragma unroll
    for (int x = 0; x < 1 << COUNT; x++)
        out[base + (uint64_t)x * stride] = p[x];
}

} // namespace

cudaError_t epnet_stream_relax(int nodes, int first, int count, const double *up, const double *down,
                               const double *in, double *out, cudaStream_t stream) {
    const uint64_t sets = (uint64_t)1 << (nodes - count);
    const auto kernel = count == 1 ? relax<1> : count == 2 ? relax<2> : relax<EPNET_STREAM_RELAX_NODES>;
    Transitions transitions = {};
    for (int i = 0; i < count; i++) {
        transitions.up[i] = up[i];
        transitions.down[i] = down[i];
    }
    EPNET_LAUNCH(kernel, dim3(epnet_stream_blocks(sets)), dim3(EPNET_STREAM_THREADS), 0, stream, sets, first,
                 transitions, in, out);
    return cudaGetLastError();
}

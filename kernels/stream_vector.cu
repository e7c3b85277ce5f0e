/* Vectors of the streaming engine: reductions, and updates of single entries. */
#include "stream_sums.cuh"

namespace {

struct Sum {
    const double *a;
    __device__ double operator()(uint64_t s) const { return a[s]; }
};

struct Magnitude {
    const double *a;
    __device__ double operator()(uint64_t s) const { return fabs(a[s]); }
};

struct Product {
    const double *a, *b;
    __device__ double operator()(uint64_t s) const { return a[s] * b[s]; }
};

struct Masked {
    const double *a;
    const unsigned char *mask;
    __device__ double operator()(uint64_t s) const { return mask == NULL || mask[s] ? a[s] : INFINITY; }
};

template <class Item, class Operation>
__global__ void reduce(Item item, uint64_t n, Operation operation, double identity, double *partials) {
    double value[1] = {identity};
    EPNET_STREAM_FOR(s, n) {
        value[0] = operation(value[0], item(s));
    }
    epnet_stream_block(value, operation, partials, 1, blockIdx.x);
}

template <class Item, class Operation>
cudaError_t launch(Item item, uint64_t n, Operation operation, double identity, double *partials,
                   double *result, cudaStream_t stream) {
    const unsigned pieces = epnet_stream_pieces(n);
    EPNET_LAUNCH((reduce<Item, Operation>), dim3(pieces), dim3(EPNET_STREAM_THREADS), 0, stream, item, n,
                 operation, identity, partials);
    cudaError_t code = cudaGetLastError();
    if (code != cudaSuccess)
        return code;
    EPNET_LAUNCH(epnet_stream_finish<Operation>, dim3(1), dim3(EPNET_STREAM_THREADS), 0, stream, partials,
                 (size_t)pieces, operation, identity, result);
    return cudaGetLastError();
}

__global__ void combine(uint64_t n, double *out, double a, const double *x, double b, const double *y) {
    const uint64_t s = epnet_stream_index();
    if (s < n)
        out[s] = y == NULL ? a * x[s] : a * x[s] + b * y[s];
}

__global__ void fill(uint64_t n, double *out, double value, const unsigned char *mask) {
    const uint64_t s = epnet_stream_index();
    if (s < n)
        out[s] = mask == NULL || mask[s] ? value : 0;
}

__global__ void scale(uint64_t n, double *out, const double *v, const double *exit, int divide) {
    const uint64_t s = epnet_stream_index();
    if (s >= n)
        return;
    if (divide)
        out[s] = exit[s] > 0 ? v[s] / exit[s] : 0;
    else
        out[s] = v[s] * exit[s];
}

__global__ void mend(EpnetTables tables, uint64_t n, const double *exit, const double *p,
                     const unsigned char *mask, double *out) {
    const uint64_t s = epnet_stream_index();
    if (s >= n)
        return;
    double value = p[s];
    if (!(value > 0) && (mask == NULL || mask[s])) {
        double inflow = 0;
        for (int j = 0; j < tables.nodes; j++) {
            const uint64_t from = epnet_flip(s, j);
            inflow += epnet_tables_rate(tables, j, (uint32_t)from) * fmax(p[from], 0.0);
        }
        value = inflow / exit[s];
    }
    out[s] = value;
}

} // namespace

size_t epnet_stream_partials(uint64_t count) {
    return EPNET_STREAM_SUMS * (size_t)epnet_stream_pieces(count);
}

cudaError_t epnet_stream_reduce(EpnetStreamReduction kind, uint64_t n, const double *a, const double *b,
                                const unsigned char *mask, double *partials, double *result,
                                cudaStream_t stream) {
    switch (kind) {
    case EPNET_STREAM_SUM:
        return launch(Sum{a}, n, EpnetAdd(), 0, partials, result, stream);
    case EPNET_STREAM_NORM1:
        return launch(Magnitude{a}, n, EpnetAdd(), 0, partials, result, stream);
    case EPNET_STREAM_DOT:
        return launch(Product{a, b}, n, EpnetAdd(), 0, partials, result, stream);
    case EPNET_STREAM_LEAST:
        return launch(Masked{a, mask}, n, EpnetLeast(), INFINITY, partials, result, stream);
    case EPNET_STREAM_GREATEST:
        break;
    }
    return launch(Sum{a}, n, EpnetGreatest(), -INFINITY, partials, result, stream);
}

cudaError_t epnet_stream_combine(uint64_t n, double *out, double a, const double *x, double b,
                                 const double *y, cudaStream_t stream) {
    EPNET_LAUNCH(combine, dim3(epnet_stream_blocks(n)), dim3(EPNET_STREAM_THREADS), 0, stream, n, out, a, x,
                 b, y);
    return cudaGetLastError();
}

cudaError_t epnet_stream_fill(uint64_t n, double *out, double value, const unsigned char *mask,
                              cudaStream_t stream) {
    EPNET_LAUNCH(fill, dim3(epnet_stream_blocks(n)), dim3(EPNET_STREAM_THREADS), 0, stream, n, out, value,
                 mask);
    return cudaGetLastError();
}

cudaError_t epnet_stream_scale(uint64_t n, double *out, const double *v, const double *exit, int divide,
                               cudaStream_t stream) {
    EPNET_LAUNCH(scale, dim3(epnet_stream_blocks(n)), dim3(EPNET_STREAM_THREADS), 0, stream, n, out, v, exit,
                 divide);
    return cudaGetLastError();
}

cudaError_t epnet_stream_mend(const EpnetCudaProblem *problem, const EpnetStreamPoint *point,
                              const double *exit, const double *p, const unsigned char *mask, double *out,
                              cudaStream_t stream) {
    const uint64_t states = (uint64_t)1 << problem->nodes;
    EPNET_LAUNCH(mend, dim3(epnet_stream_blocks(states)), dim3(EPNET_STREAM_THREADS), 0, stream,
                 epnet_stream_tables_of(problem->nodes, *point), states, exit, p, mask, out);
    return cudaGetLastError();
}

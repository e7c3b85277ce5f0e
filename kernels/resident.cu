/* How a resident kernel is laid out on the current device. */
#include "resident.cuh"

cudaError_t epnet_shared_limit(int *bytes) {
    int device;
    const cudaError_t error = cudaGetDevice(&device);
    return error == cudaSuccess
               ? cudaDeviceGetAttribute(bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device)
               : error;
}

cudaError_t epnet_resident_blocks(const void *kernel, EpnetCudaLayout *layout) {
    int device, limit, multiprocessors, resident;
    cudaFuncAttributes attributes;
    cudaError_t error = cudaGetDevice(&device);
    if (error == cudaSuccess)
        error = epnet_shared_limit(&limit);
    if (error == cudaSuccess)
        error = cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
    if (error == cudaSuccess && layout->shared_bytes > limit)
        return cudaErrorInvalidConfiguration;
    /* The whole of it is allowed, not what this launch takes: other threads set the same. */
    if (error == cudaSuccess)
        error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, limit);
    if (error == cudaSuccess)
        error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, kernel, layout->threads,
                                                              (size_t)layout->shared_bytes);
    if (error == cudaSuccess && resident == 0)
        return cudaErrorInvalidConfiguration; /* its registers or shared memory exceed the multiprocessor's */
    if (error == cudaSuccess)
        error = cudaFuncGetAttributes(&attributes, kernel);
    if (error == cudaSuccess) {
        layout->blocks = multiprocessors * resident;
        layout->local_bytes = (int)attributes.localSizeBytes;
    }
    return error;
}

cudaError_t epnet_resident_layout(const EpnetProblem *problem, const void *kernel, int thread_bits,
                                  int exchange, int series_length, EpnetCudaLayout *layout) {
    int limit;
    const cudaError_t error = epnet_shared_limit(&limit);
    if (error != cudaSuccess)
        return error;
    layout->threads = epnet_block_threads(thread_bits);
    layout->groups = layout->threads >> thread_bits;
    layout->series_length = series_length;
    layout->matrix_in_scratch = false;
    layout->exchange = exchange;
    layout->near_tiles = 0;
    const auto place = [&](bool in_scratch) {
        layout->vectors_in_scratch = in_scratch;
        layout->exchange_lends = !in_scratch && exchange == 1 << problem->nodes;
        const EpnetPointMap map = epnet_point_map(
            problem->nodes, (int)problem->edge_count, (int)problem->cut_count, thread_bits, (size_t)exchange,
            layout->exchange_lends, (size_t)layout->near_tiles * (size_t)exchange, series_length);
        const size_t each = map.stage_size + (in_scratch ? 0 : map.vectors_size);
        layout->scratch_per_group = map.scratch_size + (in_scratch ? map.vectors_size : 0);
        layout->shared_bytes = (int)(sizeof(double) * (epnet_shared_fixed(layout->groups, 1 << thread_bits) +
                                                       (size_t)layout->groups * each));
    };
    place(false);
    if (layout->shared_bytes > limit)
        place(true);
    const int tile_bytes = exchange * (int)sizeof(double),
              tiles = exchange > 0 ? (1 << problem->nodes) / exchange : 1;
    if (tiles > 1 && layout->shared_bytes <= limit) {
        const int room = (limit - layout->shared_bytes) / tile_bytes;
        layout->near_tiles = room < tiles ? room : tiles;
        place(layout->vectors_in_scratch);
    }
    return epnet_resident_blocks(kernel, layout);
}

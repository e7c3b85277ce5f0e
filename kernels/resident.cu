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

/* Tables to make exit rates of (polynomial_tiles.cuh): for each state of a thread in a tile, one by either
 * half of the thread's bits. */
static int exit_parts_size(int tile, int thread_bits) {
    return 2 * (tile >> thread_bits) << thread_bits / 2;
}

cudaError_t epnet_resident_layout(const EpnetProblem *problem, const void *kernel, int thread_bits,
                                  int exchange, int series_length, EpnetCudaLayout *layout) {
    int limit;
    const cudaError_t error = epnet_shared_limit(&limit);
    if (error != cudaSuccess)
        return error;
    const int states = 1 << problem->nodes;
    layout->threads = epnet_block_threads(thread_bits);
    layout->groups = layout->threads >> thread_bits;
    layout->series_length = series_length;
    layout->matrix_in_scratch = false;
    const auto place = [&](bool in_scratch, int exit_parts, int near) {
        layout->vectors_in_scratch = in_scratch;
        layout->stage = {exchange, !in_scratch && exchange == states, exit_parts, near};
        const EpnetPointMap map =
            epnet_point_map(problem->nodes, (int)problem->edge_count, (int)problem->cut_count, thread_bits,
                            layout->stage, series_length);
        const size_t each = map.stage_size + (in_scratch ? 0 : map.vectors_size);
        layout->scratch_per_group = map.scratch_size + (in_scratch ? map.vectors_size : 0);
        layout->shared_bytes = (int)(sizeof(double) * (epnet_shared_fixed(layout->groups, 1 << thread_bits) +
                                                       (size_t)layout->groups * each));
        return layout->shared_bytes <= limit;
    };
    const bool tiled = exchange > 0 && exchange < states;
    const int parts = exit_parts_size(exchange, thread_bits);
    if (tiled && place(true, parts, 0)) {
        const int room = (limit - layout->shared_bytes) / (exchange * (int)sizeof(double)),
                  tiles = states / exchange;
        place(true, parts, (room < tiles ? room : tiles) * exchange);
    } else if (tiled || !place(false, 0, 0)) {
        place(true, 0, 0);
    }
    return epnet_resident_blocks(kernel, layout);
}

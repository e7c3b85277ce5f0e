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
    cudaError_t error = cudaGetDevice(&device);
    if (error == cudaSuccess)
        error = epnet_shared_limit(&limit);
    if (error == cudaSuccess)
        error = cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
    /* The whole of it is allowed, not what this launch takes: other threads set the same. */
    if (error == cudaSuccess)
        error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, limit);
    if (error == cudaSuccess)
        error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, kernel, layout->threads,
                                                              (size_t)layout->shared_bytes);
    if (error == cudaSuccess)
        layout->blocks = multiprocessors * (resident > 0 ? resident : 1);
    return error;
}

cudaError_t epnet_resident_layout(const EpnetProblem *problem, const void *kernel, int thread_bits,
                                  int series_length, EpnetCudaLayout *layout) {
    const EpnetPointMap map = epnet_point_map(problem->nodes, (int)problem->edge_count,
                                              (int)problem->cut_count, thread_bits, series_length);
    int limit;
    const cudaError_t error = epnet_shared_limit(&limit);
    if (error != cudaSuccess)
        return error;
    layout->threads = epnet_block_threads(thread_bits);
    layout->groups = layout->threads >> thread_bits;
    layout->series_length = series_length;
    layout->matrix_in_scratch = false;
    const size_t fixed = sizeof(double) * epnet_shared_fixed(layout->groups, 1 << thread_bits);
    const size_t vectors = sizeof(double) * (size_t)layout->groups * map.shared_size;
    layout->vectors_in_scratch = fixed + vectors > (size_t)limit;
    layout->scratch_per_group = map.scratch_size + (layout->vectors_in_scratch ? map.shared_size : 0);
    layout->shared_bytes = (int)(layout->vectors_in_scratch ? fixed : fixed + vectors);
    return epnet_resident_blocks(kernel, layout);
}

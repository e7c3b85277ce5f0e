/* Launchers of the trajectory kernels, and those of 5 to 16 nodes (trajectory.cuh). */
#include "trajectory.cuh"

/* The shape by the number of nodes (shape.cuh): 8 states per thread up to 8 nodes, then 16, from 13 on 32;
 * from 14 on in tiles of 2^13 states. */
static const EpnetTrajectoryShape &shape_of(int nodes) {
    static const EpnetTrajectoryShape shapes[EPNET_RESIDENT_NODES + 1] = {
        {},
        epnet_trajectory_shape_1(),
        epnet_trajectory_shape_2(),
        epnet_trajectory_shape_3(),
        epnet_trajectory_shape_4(),
        epnet_trajectory_shape<3, 2, 0>(),
        epnet_trajectory_shape<3, 3, 0>(),
        epnet_trajectory_shape<3, 4, 0>(),
        epnet_trajectory_shape<3, 5, 0>(),
        epnet_trajectory_shape<4, 5, 0>(),
        epnet_trajectory_shape<4, 6, 0>(),
        epnet_trajectory_shape<4, 7, 0>(),
        epnet_trajectory_shape<4, 8, 0>(),
        epnet_trajectory_shape<5, 8, 0>(),
        epnet_trajectory_shape<5, 8, 1>(),
        epnet_trajectory_shape<5, 8, 2>(),
        epnet_trajectory_shape<5, 8, 3>(),
    };
    return shapes[nodes];
}

extern "C" cudaError_t epnet_cuda_trajectory_layout(const EpnetProblem *problem, double exit_bound,
                                                    uint32_t degree_min, EpnetCudaLayout *layout) {
    double longest = 0, before = 0;
    for (size_t k = 0; k < problem->time_count; k++) {
        longest = fmax(longest, problem->times[k] - before);
        before = problem->times[k];
    }
    const uint64_t room = epnet_series_room(exit_bound * longest, degree_min);
    const EpnetTrajectoryShape &shape = shape_of(problem->nodes);
    return epnet_resident_layout(problem, (const void *)shape.trajectory, shape.thread_bits, shape.exchange,
                                 (int)(room < INT32_MAX ? room : INT32_MAX), layout);
}

extern "C" cudaError_t epnet_cuda_trajectory(const EpnetCudaLayout *layout, const EpnetCudaProblem *problem,
                                             const EpnetCudaBatch *batch, double *scratch,
                                             cudaStream_t stream) {
    const EpnetTrajectoryKernel trajectory = shape_of(problem->nodes).trajectory;
    EPNET_LAUNCH(trajectory, layout->blocks, layout->threads, layout->shared_bytes, stream, *layout, *problem,
                 *batch, scratch);
    return cudaGetLastError();
}

extern "C" cudaError_t epnet_cuda_apply(const EpnetCudaLayout *layout, const EpnetCudaProblem *problem,
                                        const EpnetCudaBatch *batch, const double *p, double *q,
                                        double *scratch, cudaStream_t stream) {
    const EpnetApplyKernel apply = shape_of(problem->nodes).apply;
    const cudaError_t error = cudaFuncSetAttribute(
        (const void *)apply, cudaFuncAttributeMaxDynamicSharedMemorySize, layout->shared_bytes);
    if (error != cudaSuccess)
        return error;
    EPNET_LAUNCH(apply, 1, layout->threads, layout->shared_bytes, stream, *layout, *problem, *batch, scratch,
                 p, q);
    return cudaGetLastError();
}

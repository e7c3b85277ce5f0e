/* The trajectory kernels of 3 and 4 nodes, in 168 registers: three blocks of a multiprocessor
 * (trajectory.cuh). */
#include "trajectory.cuh"

EpnetTrajectoryShape epnet_trajectory_shape_3() {
    return epnet_trajectory_shape<3, 0, 0>();
}

EpnetTrajectoryShape epnet_trajectory_shape_4() {
    return epnet_trajectory_shape<3, 1, 0>();
}

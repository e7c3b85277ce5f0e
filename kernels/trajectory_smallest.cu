/* The trajectory kernels of 1 and 2 nodes, in 128 registers: four blocks of a multiprocessor
 * (trajectory.cuh). */
#include "trajectory.cuh"

EpnetTrajectoryShape epnet_trajectory_shape_1() {
    return epnet_trajectory_shape<1, 0, 0>();
}

EpnetTrajectoryShape epnet_trajectory_shape_2() {
    return epnet_trajectory_shape<2, 0, 0>();
}

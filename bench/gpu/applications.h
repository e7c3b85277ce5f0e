/* How many applications of L the points of a case take. The number scatters by a tenth from point to point
 * where steps grow over a long time: a few points are no measure of many. */
#ifndef EPNET_BENCH_GPU_APPLICATIONS_H
#define EPNET_BENCH_GPU_APPLICATIONS_H

#include "cases.h"

typedef struct GpuApplications {
    double mean;    /* of all points; NaN: it could not be counted */
    double error;   /* relative standard error of the mean; 0: every point was counted */
    size_t counted; /* points that differ */
} GpuApplications;

/* Counted by the CPU's integrator, which takes the same decisions, on `threads` threads: on twice as many
 * points again and again, until the mean is known to `wanted` (relative; 0: until all are counted) or as many
 * more would take longer than `seconds`. The points are evenly spread over the largest exit rates, which are
 * known of all points and do much to decide the number. */
GpuApplications gpu_applications(const GpuCase *item, double wanted, double seconds, int threads);

#endif

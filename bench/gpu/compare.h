/* Two sets of rows, column by column. */
#ifndef EPNET_BENCH_GPU_COMPARE_H
#define EPNET_BENCH_GPU_COMPARE_H

#include "solve.h"

/* |a - b| in units of `scale` > 0, never NaN; infinity where the kinds of numbers differ. */
double gpu_difference(double a, double b, double scale);

/* The largest difference of any number, in units of 1 + the column's largest absolute value over the point's
 * trajectory (or of its last row, if no trajectory is kept). Infinite and NaN entries must agree. Times of
 * extremes may differ where the values there do not. `what` (size 160) says where it is. Infinity: statuses
 * or kinds of numbers differ. */
double gpu_rows_difference(const EpnetProblem *problem, const GpuRows *subject, const GpuRows *reference,
                           char *what);

/* The largest relative difference of the columns that points have beside their rows: drives, leaks. NaN
 * entries must agree. */
double gpu_point_columns_difference(const GpuRows *subject, const GpuRows *reference);

/* How much difference of rows is allowed: ten tolerances; 1e-10 where there is none, for stationary laws and
 * for euler and rk4, whose steps are the same arithmetic. */
double gpu_rows_limit(const EpnetProblem *problem);

/* The largest relative difference of the productions in the last rows: entropy_production,
 * entropy_production_channels. */
double gpu_production_difference(const GpuRows *subject, const GpuRows *reference);

#endif

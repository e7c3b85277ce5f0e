/* The same points on the CPU and on the emulated devices: solving them on either, and comparing rows. */
#ifndef EPNET_TESTS_CUDA_TWO_BACKENDS_H
#define EPNET_TESTS_CUDA_TWO_BACKENDS_H

#include "support/engine.h"

/* Rows of a batch of points from a backend, on one context of `device`; trajectories are kept if `kept`. The
 * call must succeed. */
TestRows two_backends_solve(const EpnetBackend *backend, int device, const EpnetProblem *problem,
                            const EpnetPoint *points, size_t count, bool kept);

/* Rows with no content for a call that the test makes itself. */
TestRows two_backends_rows(const EpnetProblem *problem, size_t count, bool kept);

/* Statuses are equal, and values are within `relative` of their size, or within `absolute` times (1 + the
 * row's activity); infinities and NaN stand at the same places. */
void two_backends_compare(const EpnetProblem *problem, const TestRows *cpu, const TestRows *cuda,
                          double relative, double absolute);

/* Every byte of the rows is the same. `from` is the place in `all` of the first row of `part`. */
void two_backends_same_bytes(const EpnetProblem *problem, const TestRows *all, const TestRows *part,
                             size_t from);

#endif

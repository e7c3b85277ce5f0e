/* The same points on the CPU and on the emulated devices: solving them on either, and comparing rows. */
#ifndef EPNET_TESTS_CUDA_TWO_BACKENDS_H
#define EPNET_TESTS_CUDA_TWO_BACKENDS_H

#include "support/engine.h"

/* Points of one network with rates of their own. */
typedef struct TestPoints {
    TestNetwork network;
    size_t count;
    EpnetPoint *points;
    double *storage;
} TestPoints;

/* `count` points whose rates differ from the network's by random factors, and whose drives are lower; takes
 * the network over. */
TestPoints test_points_make(TestRandom *random, TestNetwork network, size_t count);
void test_points_free(TestPoints *points);

/* Before and after each test: a fresh emulation; everything was given back to it. */
int two_backends_set_up(void **state);
int two_backends_tear_down(void **state);

/* Problems over the points' network: the first `time_count` (up to 5) of 0, 0.15, 0.6, 0.61, 2.5 s at a
 * tolerance of 1e-11, and stationary laws. `initial` NULL: from the stationary law. */
EpnetProblem two_backends_trajectory(const TestPoints *points, const double *initial, size_t time_count,
                                     const uint64_t *cuts, size_t cut_count);
EpnetProblem two_backends_stationary(const TestPoints *points, const uint64_t *cuts, size_t cut_count);

/* Solve the points on both backends and compare; all of them end with `status`. */
void two_backends_check(const EpnetProblem *problem, const TestPoints *points, EpnetPointStatus status,
                        double relative, double absolute);

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

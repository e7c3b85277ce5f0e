/* Leaks on the CPU and on the emulated devices: problems of either kind, and their comparison. */
#ifndef EPNET_TESTS_CUDA_LEAK_RUN_H
#define EPNET_TESTS_CUDA_LEAK_RUN_H

#include "two_backends.h"

enum { LEAK_RUN_TIMES = 70 };

/* The problem with a quench from 0.5 to 0.01 of I(0). */
EpnetProblem leak_run_quench(EpnetProblem problem, size_t samples, size_t bootstrap);

/* A trajectory of LEAK_RUN_TIMES samples, long enough for small networks to decay, and the fit of its decay.
 */
EpnetProblem leak_run_decay(const TestPoints *points, const double *initial, const uint64_t *cuts,
                            size_t cut_count);

/* Points of a random network with drives of all kinds. */
TestPoints leak_run_points(TestRandom *random, int nodes, size_t count);

/* Solve with both: statuses, rows, leaks and the curve of a single quench agree. Returns how many points are
 * ok.
 */
size_t leak_run_check(const EpnetProblem *problem, const TestPoints *points, double relative);

#endif

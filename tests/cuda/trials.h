/* Trials that tests of the backend make of several problems: a device that is nearly full, a stop in the
 * midst of the work. */
#ifndef EPNET_TESTS_CUDA_TRIALS_H
#define EPNET_TESTS_CUDA_TRIALS_H

#include "two_backends.h"

#include <pthread.h>

/* Open a context of the CUDA backend, solve, close it; the status of the first that fails. */
EpnetStatus trial_solve(const EpnetBatch *batch, EpnetRows *rows, EpnetError *error);

/* Solve the points on devices of from, from + step, .. < to bytes: where the problem is accepted, every byte
 * is that of a device with room for all. Returns on how many it was. */
size_t trial_of_nearly_full_devices(const EpnetProblem *problem, const TestPoints *points, bool kept,
                                    size_t from, size_t to, size_t step);

/* A thread that sets *stop once there have been so many launches; it has ended behind trial_stop_join(). */
typedef struct TrialStop {
    long launches;
    volatile int *stop;
    pthread_t thread;
} TrialStop;

void trial_stop_begin(TrialStop *trial, long launches, volatile int *stop);
void trial_stop_join(TrialStop *trial);

#endif

#include "trials.h"

#include "cuda_backend.h"
#include "emulation.h"
#include "support/check.h"

#include <sched.h>

EpnetStatus trial_solve(const EpnetBatch *batch, EpnetRows *rows, EpnetError *error) {
    void *context = NULL;
    EpnetStatus status = epnet_cuda_backend.open(batch->problem, 0, 1, &context, error);
    if (status == EPNET_OK)
        status = epnet_cuda_backend.solve(context, batch, rows, error);
    epnet_cuda_backend.close(context);
    return status;
}

size_t trial_of_nearly_full_devices(const EpnetProblem *problem, const TestPoints *p, bool kept, size_t from,
                                    size_t to, size_t step) {
    TestRows all = two_backends_solve(&epnet_cuda_backend, 0, problem, p->points, p->count, kept);
    size_t solved = 0;
    for (size_t bytes = from; bytes < to; bytes += step) {
        EpnetError error;
        int threads = 1;
        epnet_emulation_device(0, "Nearly full", 9, 0, 2, bytes, 227 << 10);
        if (epnet_cuda_backend.accept(problem, 0, &threads, &error) != EPNET_OK)
            continue;
        TestRows rows = two_backends_solve(&epnet_cuda_backend, 0, problem, p->points, p->count, kept);
        two_backends_same_bytes(problem, &all, &rows, 0);
        test_rows_free(&rows);
        solved++;
    }
    epnet_emulation_reset();
    test_rows_free(&all);
    return solved;
}

static void *wait_and_stop(void *argument) {
    TrialStop *trial = argument;
    while (epnet_emulation_calls(EPNET_EMULATION_LAUNCH) < trial->launches)
        sched_yield();
    *trial->stop = 1;
    return NULL;
}

void trial_stop_begin(TrialStop *trial, long launches, volatile int *stop) {
    *trial = (TrialStop){.launches = launches, .stop = stop};
    *stop = 0;
    assert_int_equal(pthread_create(&trial->thread, NULL, wait_and_stop, trial), 0);
}

void trial_stop_join(TrialStop *trial) {
    assert_int_equal(pthread_join(trial->thread, NULL), 0);
}

/* Running the streaming engine from a test, on the emulated device. */
#ifndef EPNET_TESTS_CUDA_STREAM_RUN_H
#define EPNET_TESTS_CUDA_STREAM_RUN_H

#include "emulation.h"
#include "stream.h"
#include "support/engine.h"

#include "support/check.h"

#include <stdio.h>
#include <string.h>

typedef struct StreamRun {
    cudaStream_t stream;
    EpnetStreaming *streaming;
} StreamRun;

static inline StreamRun stream_run_open(const EpnetProblem *problem) {
    StreamRun run;
    EpnetError error = {.status = EPNET_OK};
    assert_int_equal(cudaStreamCreate(&run.stream), cudaSuccess);
    if (epnet_streaming_open(problem, run.stream, &run.streaming, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    return run;
}

static inline void stream_run_close(StreamRun *run) {
    epnet_streaming_close(run->streaming);
    assert_int_equal(cudaStreamDestroy(run->stream), cudaSuccess);
    const EpnetEmulationHeld held = epnet_emulation_held();
    assert_int_equal(held.device_bytes + held.pinned_bytes, 0);
    assert_int_equal(held.allocations + held.streams + held.events, 0);
}

/* Rows as test_rows() gives them, of points that are solved one after another. */
static inline TestRows stream_run_rows(const EpnetProblem *problem, const EpnetPoint *points, size_t count) {
    const size_t width = epnet_row_width(problem->cut_count), times = problem->time_count;
    const bool trajectories = problem->kind == EPNET_TRAJECTORY;
    TestRows result = {.count = count, .width = width};
    EpnetRows *rows = &result.rows;
    EpnetError error = {.status = EPNET_OK};
    rows->status = oracle_allocate(count, sizeof(int));
    rows->last = oracle_allocate(count * width, sizeof(double));
    if (trajectories) {
        rows->extremes = oracle_allocate(count * EPNET_EXTREMES, sizeof(double));
        rows->trajectory = oracle_allocate(count * times * width, sizeof(double));
    }
    StreamRun run = stream_run_open(problem);
    const EpnetBatch batch = {problem, count, points, NULL};
    if (epnet_streaming_solve(run.streaming, &batch, NULL, rows, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    stream_run_close(&run);
    return result;
}

#endif

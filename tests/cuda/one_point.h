/* One point on the device, for tests that launch kernels themselves. */
#ifndef EPNET_TESTS_CUDA_ONE_POINT_H
#define EPNET_TESTS_CUDA_ONE_POINT_H

#include "cuda_batch.h"
#include "support/engine.h"

typedef struct TestOnePoint {
    TestRows rows;
    EpnetCudaProblemStorage shared;
    EpnetCudaReach reach;
    EpnetCudaSlots slots;
} TestOnePoint;

/* The problem and the point in slot 0, uploaded. */
TestOnePoint test_one_point(const EpnetProblem *problem, const EpnetPoint *point);

/* Have a layout launch one block; returns the bytes of scratch memory that it needs. */
size_t test_one_block(EpnetCudaLayout *layout);

/* Fetch what a launch has left, wait for it, and return the point's status. */
int test_one_point_finish(TestOnePoint *one, const EpnetProblem *problem);
void test_one_point_free(TestOnePoint *one);

#endif

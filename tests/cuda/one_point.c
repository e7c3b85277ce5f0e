#include "one_point.h"

#include "support/check.h"
#include "two_backends.h"

TestOnePoint test_one_point(const EpnetProblem *problem, const EpnetPoint *point) {
    const EpnetBatch batch = {problem, 1, point, NULL};
    TestOnePoint one = {.rows = two_backends_rows(problem, 1, false)};
    EpnetError error;
    assert_int_equal(epnet_cuda_problem_make(problem, NULL, &one.shared, &error), EPNET_OK);
    assert_true(epnet_cuda_ok(epnet_cuda_slots_alloc(problem, 1, false, false, &one.slots)));
    epnet_cuda_slots_pack(&one.slots, &one.shared, &one.reach, &batch, NULL, 0, 1, &one.rows.rows);
    assert_true(epnet_cuda_ok(epnet_cuda_slots_upload(&one.slots, problem, NULL)));
    return one;
}

size_t test_one_block(EpnetCudaLayout *layout) {
    layout->blocks = 1;
    return layout->scratch_per_group * (size_t)layout->groups * sizeof(double);
}

int test_one_point_finish(TestOnePoint *one, const EpnetProblem *problem) {
    assert_true(epnet_cuda_ok(epnet_cuda_slots_download(&one->slots, problem, NULL)));
    assert_int_equal(cudaDeviceSynchronize(), cudaSuccess);
    return *(const int *)one->slots.status.host;
}

void test_one_point_free(TestOnePoint *one) {
    epnet_cuda_slots_free(&one->slots);
    epnet_cuda_problem_free(&one->shared);
    epnet_cuda_reach_free(&one->reach);
    test_rows_free(&one->rows);
}

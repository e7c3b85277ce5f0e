#include "laws_cuda.h"

#include <stdio.h>
#include <string.h>

static void expect(GpuLaws *laws, EpnetCudaResult result) {
    gpu_toolkit_expect(&laws->work, result.code, result.call);
}

/* Point k of the case in slot k: none is left out. */
static void fill_slots(GpuLaws *laws, const GpuCase *item) {
    const size_t count = item->shape.points;
    const EpnetBatch batch = {&laws->problem, count, item->points, NULL};
    EpnetCudaReach reach = {0}; /* for impossible transitions */
    GpuRows rows = gpu_rows_make(&laws->problem, count, false);
    expect(laws, epnet_cuda_slots_alloc(&laws->problem, count, false, false, &laws->slots));
    if (gpu_toolkit_goes_on(&laws->work)) {
        epnet_cuda_slots_pack(&laws->slots, &laws->shared, &reach, &batch, NULL, 0, count, &rows.rows);
        expect(laws, epnet_cuda_slots_upload(&laws->slots, &laws->problem, NULL));
    }
    gpu_rows_free(&rows);
}

void gpu_laws_open(GpuLaws *laws, const GpuCase *item) {
    static const double now = 0;
    static const int never = 0;
    EpnetError error;
    memset(laws, 0, sizeof *laws);
    laws->problem = item->problem;
    laws->problem.kind = EPNET_TRAJECTORY;
    laws->problem.initial = NULL;
    laws->problem.time_count = 1;
    laws->problem.times = &now;
    if (epnet_cuda_problem_make(&laws->problem, NULL, &laws->shared, &error) != EPNET_OK)
        snprintf(laws->work.failed, sizeof laws->work.failed, "%.150s", error.message);
    if (gpu_toolkit_goes_on(&laws->work))
        fill_slots(laws, item);
    if (gpu_toolkit_goes_on(&laws->work))
        gpu_toolkit_expect(&laws->work, epnet_cuda_stationary_layout(&laws->problem, &laws->layout),
                           "epnet_cuda_stationary_layout");
    laws->scratch = gpu_toolkit_array(&laws->work, NULL,
                                      (size_t)laws->layout.blocks * (size_t)laws->layout.groups *
                                          laws->layout.scratch_per_group * sizeof(double));
    laws->batch = epnet_cuda_slots_batch(&laws->slots, gpu_toolkit_array(&laws->work, &never, sizeof never));
}

void gpu_laws_clear(GpuLaws *laws) {
    if (gpu_toolkit_goes_on(&laws->work))
        gpu_toolkit_expect(&laws->work,
                           cudaMemsetAsync(laws->slots.law.device, 0xff, laws->slots.law.bytes, NULL),
                           "cudaMemsetAsync");
}

void gpu_laws_launch(GpuLaws *laws) {
    if (gpu_toolkit_goes_on(&laws->work))
        gpu_toolkit_expect(&laws->work, cudaMemsetAsync(laws->batch.next, 0, sizeof *laws->batch.next, NULL),
                           "cudaMemsetAsync");
    if (gpu_toolkit_goes_on(&laws->work))
        gpu_toolkit_expect(
            &laws->work,
            epnet_cuda_stationary(&laws->layout, &laws->shared.problem, &laws->batch, laws->scratch, NULL),
            "the stationary kernel");
}

void gpu_laws_close(GpuLaws *laws) {
    epnet_cuda_slots_free(&laws->slots);
    epnet_cuda_problem_free(&laws->shared);
    gpu_toolkit_release(&laws->work);
}

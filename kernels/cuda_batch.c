#include "cuda_batch.h"

#include "leak_fit.h"
#include "status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- sizes ------------------------------------------------------------------------------------------- */

static size_t parameter_count(const EpnetProblem *problem) {
    return 2 * (size_t)problem->nodes + 2 * problem->edge_count;
}

static size_t trajectory_count(const EpnetProblem *problem) {
    return problem->time_count * epnet_row_width(problem->cut_count);
}

static bool starts_stationary(const EpnetProblem *problem) {
    return problem->kind == EPNET_TRAJECTORY && problem->initial == NULL;
}

/* Values of each array that one point takes. */
static size_t law_count(const EpnetProblem *problem) {
    return starts_stationary(problem) || problem->leak.kind == EPNET_LEAK_QUENCH ? (size_t)1 << problem->nodes
                                                                                 : 0;
}

static size_t information_count(const EpnetProblem *problem) {
    return problem->leak.kind == EPNET_LEAK_DECAY ? problem->time_count : 0;
}

static size_t limit_count(const EpnetProblem *problem) {
    return problem->leak.kind == EPNET_LEAK_DECAY ? 1 : 0;
}

static size_t leak_bytes(const EpnetProblem *problem) {
    return problem->leak.kind != EPNET_LEAK_NONE ? sizeof(EpnetLeakFit) : 0;
}

/* Of a launch, for one point that is alone in it. */
static size_t curve_count(const EpnetProblem *problem) {
    return problem->leak.kind == EPNET_LEAK_QUENCH ? 2 * problem->leak.samples : 0;
}

static size_t extreme_count(const EpnetProblem *problem) {
    return problem->kind == EPNET_TRAJECTORY ? EPNET_EXTREMES : 0;
}

size_t epnet_cuda_point_bytes(const EpnetProblem *problem, bool keeps_trajectories) {
    const size_t values = parameter_count(problem) + law_count(problem) + extreme_count(problem) +
                          epnet_row_width(problem->cut_count) + information_count(problem) +
                          limit_count(problem) + (keeps_trajectories ? trajectory_count(problem) : 0);
    return values * sizeof(double) + leak_bytes(problem) +
           epnet_cuda_mask_words(problem->nodes) * sizeof(uint32_t) + sizeof(int64_t) + 2 * sizeof(uint32_t) +
           sizeof(int);
}

/* ---- room -------------------------------------------------------------------------------------------- */

void epnet_cuda_slots_free(EpnetCudaSlots *slots) {
    EpnetCudaArray *const arrays[] = {
        &slots->order,       &slots->next,        &slots->parameters, &slots->mask, &slots->masks,
        &slots->degree_mins, &slots->law,         &slots->status,     &slots->last, &slots->extremes,
        &slots->trajectory,  &slots->information, &slots->limit,      &slots->leak, &slots->leak_curve};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        epnet_cuda_array_free(arrays[i]);
    free(slots->point);
    free(slots->places);
    memset(slots, 0, sizeof *slots);
}

static EpnetCudaResult alloc_arrays(const EpnetProblem *problem, EpnetCudaSlots *slots) {
    const size_t n = slots->capacity, row = epnet_row_width(problem->cut_count);
    const size_t words = slots->has_masks ? epnet_cuda_mask_words(problem->nodes) : 0;
    const struct {
        EpnetCudaArray *array;
        size_t bytes;
    } wanted[] = {
        {&slots->order, n * sizeof(uint32_t)},
        {&slots->parameters, n * parameter_count(problem) * sizeof(double)},
        {&slots->mask, n * sizeof(int64_t)},
        {&slots->masks, n * words * sizeof(uint32_t)},
        {&slots->degree_mins, n * sizeof(uint32_t)},
        {&slots->status, n * sizeof(int)},
        {&slots->last, n * row * sizeof(double)},
        {&slots->extremes, n * extreme_count(problem) * sizeof(double)},
        {&slots->trajectory, slots->keeps_trajectories ? n * trajectory_count(problem) * sizeof(double) : 0},
        {&slots->limit, n * limit_count(problem) * sizeof(double)},
        {&slots->leak, n * leak_bytes(problem)},
        {&slots->leak_curve, curve_count(problem) * sizeof(double)},
    };
    EpnetCudaResult result = epnet_cuda_array_alloc_device(&slots->next, sizeof(uint32_t));
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_alloc_device(&slots->law, n * law_count(problem) * sizeof(double));
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_alloc_device(&slots->information,
                                               n * information_count(problem) * sizeof(double));
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted && epnet_cuda_ok(result); i++)
        result = epnet_cuda_array_alloc(wanted[i].array, wanted[i].bytes);
    return result;
}

EpnetCudaResult epnet_cuda_slots_alloc(const EpnetProblem *problem, size_t capacity, bool keeps_trajectories,
                                       bool has_masks, EpnetCudaSlots *slots) {
    *slots = (EpnetCudaSlots){
        .capacity = capacity, .keeps_trajectories = keeps_trajectories, .has_masks = has_masks};
    slots->point = epnet_calloc(capacity, sizeof *slots->point);
    slots->places = epnet_calloc(capacity, sizeof *slots->places);
    EpnetCudaResult result = {cudaErrorMemoryAllocation, "calloc"};
    if (slots->point != NULL && slots->places != NULL)
        result = alloc_arrays(problem, slots);
    if (!epnet_cuda_ok(result))
        epnet_cuda_slots_free(slots);
    return result;
}

/* ---- points into slots ------------------------------------------------------------------------------- */

bool epnet_cuda_slots_need_masks(const EpnetBatch *batch, size_t first, size_t count) {
    for (size_t k = first; k < first + count; k++) {
        if (epnet_point_has_zero_rates(batch->problem, &batch->points[k]))
            return true;
    }
    return false;
}

/* No exit rate of the point exceeds it [1/s]. */
static double exit_bound(const EpnetProblem *problem, const EpnetPoint *point) {
    double sum = 0;
    for (int j = 0; j < problem->nodes; j++)
        sum += fmax(point->flip_up[j], point->flip_down[j]);
    for (size_t e = 0; e < problem->edge_count; e++)
        sum += point->rate[e];
    return sum;
}

static void write_parameters(EpnetCudaSlots *slots, const EpnetCudaProblemStorage *shared,
                             const EpnetProblem *problem, const EpnetPoint *point, size_t slot) {
    const size_t nodes = (size_t)problem->nodes, edges = problem->edge_count;
    double *to = (double *)slots->parameters.host + slot * parameter_count(problem);
    memcpy(to, point->flip_up, nodes * sizeof *to);
    memcpy(to + nodes, point->flip_down, nodes * sizeof *to);
    for (size_t e = 0; e < edges; e++) {
        to[2 * nodes + e] = point->rate[shared->edges[e]];
        to[2 * nodes + edges + e] = point->drive[shared->edges[e]];
    }
}

/* Stiffest first; equals in their own order, so that the order is one. */
static int compare_places(const void *left, const void *right) {
    const EpnetCudaPlace *a = left, *b = right;
    if (a->stiffness != b->stiffness)
        return a->stiffness > b->stiffness ? -1 : 1;
    return a->slot < b->slot ? -1 : a->slot > b->slot;
}

static void sort_slots(EpnetCudaSlots *slots) {
    const uint32_t *degree_min = slots->degree_mins.host;
    uint32_t *order = slots->order.host;
    qsort(slots->places, slots->count, sizeof *slots->places, compare_places);
    for (size_t i = 0; i < slots->count; i++)
        order[i] = slots->places[i].slot;
    slots->exit_bound = slots->count > 0 ? slots->places[0].stiffness : 0;
    slots->degree_min = 0;
    for (size_t i = 0; i < slots->count; i++)
        slots->degree_min = degree_min[i] > slots->degree_min ? degree_min[i] : slots->degree_min;
}

/* The mask of the point that goes into the next slot, if it needs one. */
static EpnetPointStatus write_mask(EpnetCudaSlots *slots, EpnetCudaReach *reach, const EpnetProblem *problem,
                                   const EpnetPoint *point) {
    const size_t words = epnet_cuda_mask_words(problem->nodes);
    int64_t *mask = (int64_t *)slots->mask.host + slots->count;
    uint32_t *degree_min = (uint32_t *)slots->degree_mins.host + slots->count;
    *mask = -1;
    *degree_min = (uint32_t)problem->nodes;
    if (!epnet_point_has_zero_rates(problem, point))
        return EPNET_POINT_OK;
    const size_t at = slots->mask_count * words;
    const EpnetPointStatus status =
        epnet_cuda_reach_find(reach, problem, point, (uint32_t *)slots->masks.host + at, degree_min);
    if (status != EPNET_POINT_OK)
        return status;
    *mask = (int64_t)at;
    slots->mask_count++;
    return EPNET_POINT_OK;
}

void epnet_cuda_slots_pack(EpnetCudaSlots *slots, const EpnetCudaProblemStorage *shared,
                           EpnetCudaReach *reach, const EpnetBatch *batch, const double *limits, size_t first,
                           size_t count, EpnetRows *rows) {
    slots->count = slots->mask_count = 0;
    for (size_t k = first; k < first + count; k++) {
        const EpnetPoint *point = &batch->points[k];
        const double stiffness = exit_bound(batch->problem, point);
        const size_t slot = slots->count;
        EpnetPointStatus status = isfinite(stiffness) ? EPNET_POINT_OK : EPNET_POINT_NOT_FINITE;
        if (status == EPNET_POINT_OK)
            status = write_mask(slots, reach, batch->problem, point);
        rows->status[k] = (int)status;
        if (status != EPNET_POINT_OK)
            continue;
        write_parameters(slots, shared, batch->problem, point, slot);
        if (limits != NULL)
            ((double *)slots->limit.host)[slot] = limits[k];
        slots->point[slot] = k;
        slots->places[slot] = (EpnetCudaPlace){stiffness, (uint32_t)slot};
        slots->count++;
    }
    sort_slots(slots);
}

void epnet_cuda_slots_pack_one(EpnetCudaSlots *slots, const EpnetCudaProblemStorage *shared,
                               const EpnetProblem *problem, const EpnetPoint *point) {
    slots->count = 1;
    slots->mask_count = 0;
    *(int64_t *)slots->mask.host = -1;
    *(uint32_t *)slots->degree_mins.host = (uint32_t)problem->nodes;
    write_parameters(slots, shared, problem, point, 0);
    slots->places[0] = (EpnetCudaPlace){exit_bound(problem, point), 0};
    sort_slots(slots);
}

/* ---- there and back ---------------------------------------------------------------------------------- */

EpnetCudaResult epnet_cuda_slots_upload(const EpnetCudaSlots *slots, const EpnetProblem *problem,
                                        cudaStream_t stream) {
    const size_t n = slots->count, words = epnet_cuda_mask_words(problem->nodes);
    EpnetCudaResult result = epnet_cuda_array_upload(&slots->order, n * sizeof(uint32_t), stream);
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_upload(&slots->parameters, n * parameter_count(problem) * sizeof(double),
                                         stream);
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_upload(&slots->mask, n * sizeof(int64_t), stream);
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_upload(&slots->degree_mins, n * sizeof(uint32_t), stream);
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_upload(&slots->masks, slots->mask_count * words * sizeof(uint32_t), stream);
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_upload(&slots->limit, n * limit_count(problem) * sizeof(double), stream);
    if (epnet_cuda_ok(result))
        result = EPNET_CUDA(cudaMemsetAsync, slots->status.device, 0xff, n * sizeof(int), stream);
    if (epnet_cuda_ok(result))
        result = EPNET_CUDA(cudaMemsetAsync, slots->next.device, 0, sizeof(uint32_t), stream);
    return result;
}

EpnetCudaResult epnet_cuda_slots_download(const EpnetCudaSlots *slots, const EpnetProblem *problem,
                                          cudaStream_t stream) {
    const size_t n = slots->count, row = epnet_row_width(problem->cut_count);
    EpnetCudaResult result = epnet_cuda_array_download(&slots->status, n * sizeof(int), stream);
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_download(&slots->last, n * row * sizeof(double), stream);
    if (epnet_cuda_ok(result))
        result =
            epnet_cuda_array_download(&slots->extremes, n * extreme_count(problem) * sizeof(double), stream);
    if (epnet_cuda_ok(result) && slots->keeps_trajectories)
        result = epnet_cuda_array_download(&slots->trajectory, n * trajectory_count(problem) * sizeof(double),
                                           stream);
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_download(&slots->leak, n * leak_bytes(problem), stream);
    if (epnet_cuda_ok(result) && n == 1)
        result = epnet_cuda_array_download(&slots->leak_curve, slots->leak_curve.bytes, stream);
    return result;
}

EpnetCudaBatch epnet_cuda_slots_batch(const EpnetCudaSlots *slots, const volatile int *stop) {
    return (EpnetCudaBatch){
        .count = (int)slots->count,
        .order = slots->order.device,
        .next = slots->next.device,
        .parameters = slots->parameters.device,
        .mask = slots->mask_count > 0 ? slots->mask.device : NULL,
        .masks = slots->masks.device,
        .degree_min = slots->degree_mins.device,
        .law = slots->law.device,
        .stop = stop,
        .status = slots->status.device,
        .last = slots->last.device,
        .extremes = slots->extremes.device,
        .trajectory = slots->trajectory.device,
        .information = slots->information.device,
        .limit = slots->limit.device,
        .leak = slots->leak.device,
        .leak_curve = slots->count == 1 ? slots->leak_curve.device : NULL,
    };
}

static void fill_nan(double *values, size_t count) {
    for (size_t i = 0; values != NULL && i < count; i++)
        values[i] = NAN;
}

/* `count` values of a point from its slot, or NaN. `to` NULL: not wanted. */
static void move_values(double *to, const EpnetCudaArray *from, size_t point, size_t slot, size_t count,
                        bool solved) {
    if (to == NULL || count == 0)
        return;
    if (solved)
        memcpy(to + point * count, (const double *)from->host + slot * count, count * sizeof *to);
    else
        fill_nan(to + point * count, count);
}

static void move_point(const EpnetCudaSlots *slots, const EpnetProblem *problem, size_t point, size_t slot,
                       EpnetRows *rows) {
    const bool solved = rows->status[point] == EPNET_POINT_OK;
    move_values(rows->last, &slots->last, point, slot, epnet_row_width(problem->cut_count), solved);
    move_values(rows->extremes, &slots->extremes, point, slot, extreme_count(problem), solved);
    move_values(rows->trajectory, &slots->trajectory, point, slot, trajectory_count(problem), solved);
    if (rows->point == NULL)
        return;
    double *const columns = rows->point + point * EPNET_POINT_COLUMNS;
    fill_nan(columns, EPNET_POINT_COLUMNS);
    if (solved && leak_bytes(problem) > 0)
        epnet_leak_set_columns((const EpnetLeakFit *)slots->leak.host + slot, columns);
    if (solved && rows->leak_curve != NULL)
        memcpy(rows->leak_curve, slots->leak_curve.host, curve_count(problem) * sizeof(double));
}

size_t epnet_cuda_slots_unpack(const EpnetCudaSlots *slots, const EpnetProblem *problem, size_t first,
                               size_t count, EpnetRows *rows) {
    const int *status = slots->status.host;
    size_t unsolved = 0, slot = 0; /* slots are in the order of the points */
    for (size_t k = first; k < first + count; k++) {
        const bool has_slot = slot < slots->count && slots->point[slot] == k;
        if (has_slot && (status[slot] < 0 || status[slot] >= EPNET_POINT_STATUSES)) {
            rows->status[k] = EPNET_POINT_NOT_CONVERGED;
            unsolved++;
        } else if (has_slot) {
            rows->status[k] = status[slot];
        }
        move_point(slots, problem, k, slot, rows);
        slot += has_slot;
    }
    return unsolved;
}

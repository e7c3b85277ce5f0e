#include "cuda_resident.h"

#include "cuda_batch.h"
#include "status.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct EpnetCudaResident {
    const EpnetProblem *problem;
    int device;
    cudaStream_t stream; /* the caller's */
    EpnetCudaProblemStorage shared;
    EpnetCudaReach reach;
    EpnetCudaSlots slots;
    EpnetCudaArray scratch; /* of the kernels */
    EpnetCudaArray stop; /* the flag that kernels watch: in the device's memory, which is read at no cost */
    cudaStream_t signal; /* carries it there while a kernel runs */
    bool signalled;
    size_t most;     /* points of a launch: less after the device's memory was exhausted */
    bool lacks_room; /* for one */
    char note[256];
};

/* ---- open, close ------------------------------------------------------------------------------------- */

void epnet_cuda_resident_close(EpnetCudaResident *cuda) {
    if (cuda == NULL)
        return;
    epnet_cuda_slots_free(&cuda->slots);
    epnet_cuda_array_free(&cuda->scratch);
    epnet_cuda_problem_free(&cuda->shared);
    epnet_cuda_reach_free(&cuda->reach);
    epnet_cuda_array_free(&cuda->stop);
    if (cuda->signal != NULL)
        (void)cudaStreamDestroy(cuda->signal); /* what fails from here on has been told before */
    free(cuda);
}

static const EpnetCudaResult nothing_left = {cudaSuccess, ""};

/* Whether a stream is done: cudaErrorNotReady if not, which is then no error of the next launch. */
static EpnetCudaResult query(cudaStream_t stream) {
    const EpnetCudaResult result = EPNET_CUDA(cudaStreamQuery, stream);
    if (result.code == cudaErrorNotReady)
        (void)cudaGetLastError();
    return result;
}

/* Reset the flag, while no kernel runs that watches it. */
static EpnetCudaResult clear_stop(EpnetCudaResident *cuda) {
    EpnetCudaResult result = EPNET_CUDA(cudaMemsetAsync, cuda->stop.device, 0, sizeof(int), cuda->signal);
    if (epnet_cuda_ok(result))
        result = EPNET_CUDA(cudaStreamSynchronize, cuda->signal);
    cuda->signalled = !epnet_cuda_ok(result);
    return result;
}

static EpnetCudaResult make_stop(EpnetCudaResident *cuda) {
    EpnetCudaResult result = EPNET_CUDA(cudaStreamCreateWithFlags, &cuda->signal, cudaStreamNonBlocking);
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_alloc(&cuda->stop, sizeof(int));
    return epnet_cuda_ok(result) ? clear_stop(cuda) : result;
}

/* Tell the kernels that run to leave soon. */
static EpnetCudaResult send_stop(EpnetCudaResident *cuda) {
    cuda->signalled = true;
    *(int *)cuda->stop.host = 1;
    EpnetCudaResult result = epnet_cuda_array_upload(&cuda->stop, sizeof(int), cuda->signal);
    if (epnet_cuda_ok(result))
        result = query(cuda->signal); /* which also sees it off */
    return result.code == cudaErrorNotReady ? nothing_left : result;
}

EpnetStatus epnet_cuda_resident_open(const EpnetProblem *problem, int device, cudaStream_t stream,
                                     EpnetCudaResident **resident, EpnetError *error) {
    *resident = NULL;
    EpnetCudaResident *cuda = epnet_calloc(1, sizeof *cuda);
    if (cuda == NULL)
        return epnet_fail_memory(error, sizeof *cuda, "the CUDA backend");
    cuda->problem = problem;
    cuda->device = device;
    cuda->stream = stream;
    cuda->most = SIZE_MAX;
    EpnetStatus status = epnet_cuda_check(make_stop(cuda), error);
    if (status == EPNET_OK)
        status = epnet_cuda_problem_make(problem, stream, &cuda->shared, error);
    if (status == EPNET_OK)
        *resident = cuda;
    else
        epnet_cuda_resident_close(cuda);
    return status;
}

/* ---- memory ------------------------------------------------------------------------------------------ */

/* Slots for `count` points; those that are there are kept if they serve. */
static EpnetCudaResult reserve_slots(EpnetCudaResident *cuda, size_t count, bool keeps_trajectories,
                                     bool has_masks) {
    EpnetCudaSlots *slots = &cuda->slots;
    if (slots->capacity >= count && slots->keeps_trajectories == keeps_trajectories &&
        slots->has_masks >= has_masks)
        return nothing_left;
    has_masks |= slots->has_masks;
    epnet_cuda_slots_free(slots);
    return epnet_cuda_slots_alloc(cuda->problem, count, keeps_trajectories, has_masks, slots);
}

/* No more blocks than there is work for. */
static void fit_layout(EpnetCudaLayout *layout, size_t points) {
    if (layout->groups == 0) /* a kernel that the problem does not take */
        return;
    const size_t needed = (points + (size_t)layout->groups - 1) / (size_t)layout->groups;
    if ((size_t)layout->blocks > needed)
        layout->blocks = (int)needed;
}

static size_t scratch_bytes(const EpnetCudaLayout *layout) {
    return (size_t)layout->blocks * (size_t)layout->groups * layout->scratch_per_group * sizeof(double);
}

/* While nothing runs that uses what is there. */
static EpnetCudaResult reserve_scratch(EpnetCudaResident *cuda, size_t bytes) {
    if (cuda->scratch.bytes >= bytes)
        return nothing_left;
    epnet_cuda_array_free(&cuda->scratch);
    return epnet_cuda_array_alloc_device(&cuda->scratch, bytes);
}

/* ---- one launch -------------------------------------------------------------------------------------- */

/* Wait for the stream, passing a stop on to the kernels. */
static EpnetCudaResult wait_for(EpnetCudaResident *cuda, const volatile int *stop) {
    struct timespec pause = {0, 20000};
    const long longest = 500000;
    EpnetCudaResult sent = nothing_left;
    while (stop != NULL && epnet_cuda_ok(sent)) {
        const EpnetCudaResult result = query(cuda->stream);
        if (result.code != cudaErrorNotReady)
            return result;
        if (*stop && !cuda->signalled)
            sent = send_stop(cuda);
        nanosleep(&pause, NULL);
        pause.tv_nsec = 2 * pause.tv_nsec < longest ? 2 * pause.tv_nsec : longest;
    }
    const EpnetCudaResult result = EPNET_CUDA(cudaStreamSynchronize, cuda->stream);
    return epnet_cuda_ok(sent) ? result : sent;
}

typedef cudaError_t (*Launcher)(const EpnetCudaLayout *layout, const EpnetCudaProblem *problem,
                                const EpnetCudaBatch *batch, double *scratch, cudaStream_t stream);

static EpnetCudaResult launch(EpnetCudaResident *cuda, Launcher launcher, const char *name,
                              const EpnetCudaLayout *layout) {
    const EpnetCudaBatch batch = epnet_cuda_slots_batch(&cuda->slots, cuda->stop.device);
    EpnetCudaResult result = EPNET_CUDA(cudaMemsetAsync, batch.next, 0, sizeof *batch.next, cuda->stream);
    if (epnet_cuda_ok(result))
        result = (EpnetCudaResult){
            launcher(layout, &cuda->shared.problem, &batch, cuda->scratch.device, cuda->stream), name};
    return result;
}

/* The kernels that a problem takes, in their order: stationary laws, what starts from them, the leaks. */
enum { STATIONARY, TRAJECTORY, LEAK, KERNELS };

static EpnetCudaResult lay_out(const EpnetCudaResident *cuda, const bool *takes, EpnetCudaLayout *layouts) {
    const EpnetProblem *problem = cuda->problem;
    EpnetCudaResult result = nothing_left;
    if (takes[STATIONARY])
        result = EPNET_CUDA(epnet_cuda_stationary_layout, problem, &layouts[STATIONARY]);
    if (epnet_cuda_ok(result) && takes[TRAJECTORY])
        result = EPNET_CUDA(epnet_cuda_trajectory_layout, problem, cuda->slots.exit_bound,
                            cuda->slots.degree_min, &layouts[TRAJECTORY]);
    if (epnet_cuda_ok(result) && takes[LEAK])
        result = EPNET_CUDA(epnet_cuda_leak_layout, problem, &layouts[LEAK]);
    return result;
}

/* One scratch serves all. */
static EpnetCudaResult launch_all(EpnetCudaResident *cuda) {
    static const struct {
        Launcher launcher;
        const char *name;
    } kernels[KERNELS] = {{epnet_cuda_stationary, "the stationary kernel"},
                          {epnet_cuda_trajectory, "the trajectory kernel"},
                          {epnet_cuda_leak, "the kernel of leaks"}};
    const EpnetProblem *problem = cuda->problem;
    const bool takes[KERNELS] = {problem->initial == NULL, problem->kind == EPNET_TRAJECTORY,
                                 problem->leak.kind != EPNET_LEAK_NONE};
    EpnetCudaLayout layouts[KERNELS] = {{0}};
    EpnetCudaResult result = lay_out(cuda, takes, layouts);
    size_t scratch = 0;
    for (int i = 0; i < KERNELS; i++) {
        fit_layout(&layouts[i], cuda->slots.count);
        const size_t bytes = scratch_bytes(&layouts[i]);
        scratch = bytes > scratch ? bytes : scratch;
    }
    if (epnet_cuda_ok(result))
        result = reserve_scratch(cuda, scratch);
    for (int i = 0; i < KERNELS; i++) {
        if (epnet_cuda_ok(result) && takes[i])
            result = launch(cuda, kernels[i].launcher, kernels[i].name, &layouts[i]);
    }
    return result;
}

/* Solve points [first, first + count) in one go. */
static EpnetCudaResult solve_piece(EpnetCudaResident *cuda, const EpnetBatch *batch, const double *limits,
                                   size_t first, size_t count, EpnetRows *rows) {
    EpnetCudaSlots *slots = &cuda->slots;
    EpnetCudaResult result = reserve_slots(cuda, count, rows->trajectory != NULL,
                                           epnet_cuda_slots_need_masks(batch, first, count));
    if (!epnet_cuda_ok(result))
        return result;
    epnet_cuda_slots_pack(slots, &cuda->shared, &cuda->reach, batch, limits, first, count, rows);
    if (slots->count == 0)
        return result;
    result = epnet_cuda_slots_upload(slots, cuda->problem, cuda->stream);
    if (epnet_cuda_ok(result))
        result = launch_all(cuda);
    if (epnet_cuda_ok(result))
        result = epnet_cuda_slots_download(slots, cuda->problem, cuda->stream);
    /* Nothing may be in flight when its memory goes. */
    const EpnetCudaResult waited = wait_for(cuda, batch->stop);
    return epnet_cuda_ok(result) ? waited : result;
}

/* ---- a batch ----------------------------------------------------------------------------------------- */

static bool stopped(const EpnetBatch *batch) {
    return batch->stop != NULL && *batch->stop;
}

/* After the device's memory was exhausted: launches of half as many points from now on. */
static void halve(EpnetCudaResident *cuda, size_t count) {
    (void)cudaGetLastError();
    epnet_cuda_slots_free(&cuda->slots);
    epnet_cuda_array_free(&cuda->scratch);
    cuda->most = count / 2;
    snprintf(cuda->note, sizeof cuda->note,
             "memory for %zu points at a time was not to be had on cuda:%d, they were solved by %zu", count,
             cuda->device, cuda->most);
}

static EpnetStatus fail_for_memory(EpnetCudaResident *cuda, EpnetCudaResult result, EpnetError *error) {
    size_t available = 0, total = 0;
    const uint64_t bytes = epnet_cuda_point_bytes(cuda->problem, cuda->slots.keeps_trajectories);
    cuda->lacks_room = true;
    (void)cudaGetLastError();
    if (cudaMemGetInfo(&available, &total) != cudaSuccess)
        return epnet_cuda_check(result, error);
    return epnet_fail(error, EPNET_DEVICE,
                      "cuda:%d: %s: out of memory for one point of %d nodes (its row takes %" PRIu64
                      " bytes); %zu of %zu MiB are free",
                      cuda->device, result.call, cuda->problem->nodes, bytes, available >> 20, total >> 20);
}

EpnetStatus epnet_cuda_resident_solve(EpnetCudaResident *cuda, const EpnetBatch *batch, const double *limits,
                                      EpnetRows *rows, EpnetError *error) {
    EpnetStatus status = cuda->signalled ? epnet_cuda_check(clear_stop(cuda), error) : EPNET_OK;
    size_t done = 0;
    while (status == EPNET_OK && done < batch->count && !stopped(batch)) {
        const size_t rest = batch->count - done, count = rest < cuda->most ? rest : cuda->most;
        const EpnetCudaResult result = solve_piece(cuda, batch, limits, done, count, rows);
        if (result.code == cudaErrorMemoryAllocation && count > 1) {
            halve(cuda, count);
            continue;
        }
        status = result.code == cudaErrorMemoryAllocation ? fail_for_memory(cuda, result, error)
                                                          : epnet_cuda_check(result, error);
        if (status != EPNET_OK)
            break;
        if (epnet_cuda_slots_unpack(&cuda->slots, cuda->problem, done, count, rows) > 0 && !stopped(batch))
            status = epnet_fail(error, EPNET_INTERNAL, "cuda:%d: a kernel left points without a status",
                                cuda->device);
        done += count;
    }
    return status;
}

EpnetStatus epnet_cuda_resident_apply(EpnetCudaResident *cuda, const EpnetPoint *point, const double *p,
                                      double *q, EpnetError *error) {
    const size_t bytes = sizeof *p << cuda->problem->nodes;
    EpnetCudaArray state = {0}, image = {0};
    EpnetCudaLayout layout;
    EpnetCudaResult result = reserve_slots(cuda, 1, cuda->slots.keeps_trajectories, false);
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_alloc(&state, bytes);
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_alloc(&image, bytes);
    if (epnet_cuda_ok(result)) {
        memcpy(state.host, p, bytes);
        epnet_cuda_slots_pack_one(&cuda->slots, &cuda->shared, cuda->problem, point);
        result = epnet_cuda_slots_upload(&cuda->slots, cuda->problem, cuda->stream);
    }
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_upload(&state, bytes, cuda->stream);
    if (epnet_cuda_ok(result))
        result = EPNET_CUDA(epnet_cuda_trajectory_layout, cuda->problem, cuda->slots.exit_bound,
                            cuda->slots.degree_min, &layout);
    if (epnet_cuda_ok(result)) {
        fit_layout(&layout, 1);
        result = reserve_scratch(cuda, scratch_bytes(&layout));
    }
    if (epnet_cuda_ok(result)) {
        const EpnetCudaBatch batch = epnet_cuda_slots_batch(&cuda->slots, cuda->stop.device);
        result = EPNET_CUDA(epnet_cuda_apply, &layout, &cuda->shared.problem, &batch, state.device,
                            image.device, cuda->scratch.device, cuda->stream);
    }
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_download(&image, bytes, cuda->stream);
    const EpnetCudaResult waited = wait_for(cuda, NULL);
    result = epnet_cuda_ok(result) ? waited : result;
    if (epnet_cuda_ok(result))
        memcpy(q, image.host, bytes);
    epnet_cuda_array_free(&state);
    epnet_cuda_array_free(&image);
    return epnet_cuda_check(result, error);
}

void epnet_cuda_resident_release(EpnetCudaResident *cuda) {
    if (cuda == NULL)
        return;
    epnet_cuda_slots_free(&cuda->slots);
    epnet_cuda_array_free(&cuda->scratch);
    cuda->most = SIZE_MAX;
    cuda->lacks_room = false;
}

bool epnet_cuda_resident_lacks_room(const EpnetCudaResident *cuda) {
    return cuda->lacks_room;
}

const char *epnet_cuda_resident_note(const EpnetCudaResident *cuda) {
    return cuda->note;
}

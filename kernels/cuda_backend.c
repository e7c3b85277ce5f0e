/* The CUDA backend: a context is a stream of a device and the engine for the problem on it, and one more of
 * both where the drives of points are to be found first. One context solves one batch at a time; several on a
 * device overlap its work with transfers. */
#include "cuda_backend.h"

#include "cuda_check.h"
#include "cuda_device.h"
#include "cuda_resident.h"
#include "drive_batch.h"
#include "engine.h"
#include "status.h"
#include "stream.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Context {
    const EpnetProblem *problem;
    int device;
    cudaStream_t stream;
    EpnetCudaResident *resident; /* this one or the other: epnet_cuda_engine() */
    EpnetStreaming *streaming;
    EpnetProblem trial;     /* with a constant drive: the laws that its search asks for */
    struct Context *trials; /* and a context for them; else NULL */
    bool tight;             /* of which one has to give its memory back for the other */
} Context;

static void cuda_close(void *context) {
    Context *cuda = context;
    if (cuda == NULL)
        return;
    cuda_close(cuda->trials);
    (void)cudaSetDevice(cuda->device); /* what fails from here on has been told before */
    epnet_cuda_resident_close(cuda->resident);
    epnet_streaming_close(cuda->streaming);
    if (cuda->stream != NULL)
        (void)cudaStreamDestroy(cuda->stream);
    (void)cudaGetLastError();
    free(cuda);
}

static EpnetStatus open_context(Context *cuda, EpnetError *error) {
    EpnetCudaResult result = EPNET_CUDA(cudaSetDevice, cuda->device);
    if (epnet_cuda_ok(result))
        result = EPNET_CUDA(cudaStreamCreateWithFlags, &cuda->stream, cudaStreamNonBlocking);
    EpnetCudaLayout layout;
    bool streaming = false;
    if (epnet_cuda_ok(result))
        result = epnet_cuda_engine(cuda->problem, &streaming, &layout);
    if (!epnet_cuda_ok(result))
        return epnet_cuda_check(result, error);
    if (streaming)
        return epnet_streaming_open(cuda->problem, cuda->stream, &cuda->streaming, error);
    return epnet_cuda_resident_open(cuda->problem, cuda->device, cuda->stream, &cuda->resident, error);
}

static EpnetStatus cuda_open(const EpnetProblem *problem, int device, int threads, void **context,
                             EpnetError *error) {
    (void)threads; /* one drives a stream */
    *context = NULL;
    Context *cuda = epnet_calloc(1, sizeof *cuda);
    if (cuda == NULL)
        return epnet_fail_memory(error, sizeof *cuda, "the CUDA backend");
    cuda->problem = problem;
    cuda->device = device;
    EpnetStatus status = open_context(cuda, error);
    if (status == EPNET_OK && problem->constant_drive) {
        cuda->trial = epnet_drive_trial_problem(problem);
        void *trials;
        status = cuda_open(&cuda->trial, device, threads, &trials, error);
        cuda->trials = trials;
    }
    if (status == EPNET_OK)
        *context = cuda;
    else
        cuda_close(cuda);
    return status;
}

/* Point after point: each has the device's memory to itself. */
static EpnetStatus solve_streaming(Context *cuda, const EpnetBatch *batch, EpnetRows *rows,
                                   EpnetError *error) {
    const EpnetProblem *problem = cuda->problem;
    const size_t width = epnet_row_width(problem->cut_count), kept = problem->time_count * width;
    EpnetStatus status = EPNET_OK;
    for (size_t k = 0; k < batch->count && status == EPNET_OK && (batch->stop == NULL || !*batch->stop);
         k++) {
        EpnetPointStatus point = EPNET_POINT_NOT_CONVERGED;
        status = epnet_streaming_solve(cuda->streaming, &batch->points[k], batch->stop, &point,
                                       rows->last + k * width,
                                       rows->extremes == NULL ? NULL : rows->extremes + k * EPNET_EXTREMES,
                                       rows->trajectory == NULL ? NULL : rows->trajectory + k * kept, error);
        rows->status[k] = (int)point;
        for (size_t c = 0; rows->point != NULL && c < EPNET_POINT_COLUMNS; c++)
            rows->point[k * EPNET_POINT_COLUMNS + c] = NAN;
    }
    return status;
}

/* Points whose drives are given. */
static EpnetStatus solve_points(void *context, const EpnetBatch *batch, EpnetRows *rows, EpnetError *error) {
    Context *cuda = context;
    EpnetStatus status = epnet_cuda_check(EPNET_CUDA(cudaSetDevice, cuda->device), error);
    if (status != EPNET_OK)
        return status;
    return cuda->streaming != NULL ? solve_streaming(cuda, batch, rows, error)
                                   : epnet_cuda_resident_solve(cuda->resident, batch, rows, error);
}

static bool cuda_lacks_room(const void *context) {
    const Context *cuda = context;
    if (cuda->trials != NULL && cuda_lacks_room(cuda->trials))
        return true;
    return cuda->streaming != NULL ? epnet_streaming_lacks_room(cuda->streaming)
                                   : epnet_cuda_resident_lacks_room(cuda->resident);
}

/* Points whose drives have been found. */
static EpnetStatus solve_found(void *context, const EpnetBatch *batch, EpnetRows *rows, EpnetError *error) {
    Context *cuda = context;
    if (cuda->tight)
        epnet_cuda_resident_release(cuda->trials->resident);
    return solve_points(cuda, batch, rows, error);
}

static EpnetStatus search_and_solve(Context *cuda, const EpnetBatch *batch, EpnetRows *rows,
                                    EpnetError *error) {
    if (cuda->tight)
        epnet_cuda_resident_release(cuda->resident);
    return epnet_drive_batch_solve(batch, rows, solve_points, cuda->trials, solve_found, cuda, error);
}

static EpnetStatus cuda_solve(void *context, const EpnetBatch *batch, EpnetRows *rows, EpnetError *error) {
    Context *cuda = context;
    if (cuda->trials == NULL)
        return solve_points(cuda, batch, rows, error);
    EpnetStatus status = search_and_solve(cuda, batch, rows, error);
    if (status == EPNET_DEVICE && cuda_lacks_room(cuda) && !cuda->tight) {
        /* What the search keeps may be what the points lack: from now on one gives way to the other. */
        cuda->tight = true;
        epnet_cuda_resident_release(cuda->trials->resident);
        status = search_and_solve(cuda, batch, rows, error);
    }
    return status;
}

static EpnetStatus cuda_apply(void *context, const EpnetPoint *point, const double *p, double *q,
                              EpnetError *error) {
    Context *cuda = context;
    EpnetStatus status = epnet_cuda_check(EPNET_CUDA(cudaSetDevice, cuda->device), error);
    if (status != EPNET_OK)
        return status;
    return cuda->streaming != NULL ? epnet_streaming_apply(cuda->streaming, point, p, q, error)
                                   : epnet_cuda_resident_apply(cuda->resident, point, p, q, error);
}

static void cuda_note(const void *context, char *text, size_t size) {
    const Context *cuda = context;
    snprintf(text, size, "%s", cuda->resident != NULL ? epnet_cuda_resident_note(cuda->resident) : "");
    if (text[0] == '\0' && cuda->trials != NULL)
        cuda_note(cuda->trials, text, size);
}

const EpnetBackend epnet_cuda_backend = {
    .name = "cuda",
    .has_own_memory = true,
    .devices = epnet_cuda_devices,
    .describe = epnet_cuda_describe,
    .accept = epnet_cuda_accept,
    .alike = epnet_cuda_alike,
    .workers = epnet_cuda_workers,
    .open = cuda_open,
    .close = cuda_close,
    .solve = cuda_solve,
    .lacks_room = cuda_lacks_room,
    .apply = cuda_apply,
    .note = cuda_note,
    .estimate = epnet_cuda_estimate,
    .need = epnet_cuda_need,
};

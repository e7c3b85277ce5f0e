/* The CUDA backend: a context is a stream of a device and the engine for the problem on it, and one more of
 * both where points take stationary laws beside their own results (law_problem.h). One context solves one
 * batch at a time; several on a device overlap its work with transfers. */
#include "cuda_backend.h"

#include "cuda_check.h"
#include "cuda_device.h"
#include "cuda_resident.h"
#include "drive_batch.h"
#include "engine.h"
#include "law_problem.h"
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
    EpnetProblem law;     /* the laws that points take */
    struct Context *laws; /* and a context for them; NULL: they take none */
    bool tight;           /* of which one has to give its memory back for the other */
} Context;

static void cuda_close(void *context) {
    Context *cuda = context;
    if (cuda == NULL)
        return;
    cuda_close(cuda->laws);
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
    if (status == EPNET_OK && epnet_takes_laws(problem)) {
        cuda->law = epnet_law_problem(problem);
        void *laws;
        status = cuda_open(&cuda->law, device, threads, &laws, error);
        cuda->laws = laws;
    }
    if (status == EPNET_OK)
        *context = cuda;
    else
        cuda_close(cuda);
    return status;
}

/* Points whose drives are given, by the context's own engine; `limits` as there. */
static EpnetStatus solve_points(Context *cuda, const EpnetBatch *batch, const double *limits, EpnetRows *rows,
                                EpnetError *error) {
    EpnetStatus status = epnet_cuda_check(EPNET_CUDA(cudaSetDevice, cuda->device), error);
    if (status != EPNET_OK)
        return status;
    return cuda->streaming != NULL ? epnet_streaming_solve(cuda->streaming, batch, limits, rows, error)
                                   : epnet_cuda_resident_solve(cuda->resident, batch, limits, rows, error);
}

static bool cuda_lacks_room(const void *context) {
    const Context *cuda = context;
    if (cuda->laws != NULL && cuda_lacks_room(cuda->laws))
        return true;
    return cuda->streaming != NULL ? epnet_streaming_lacks_room(cuda->streaming)
                                   : epnet_cuda_resident_lacks_room(cuda->resident);
}

/* ---- laws and points --------------------------------------------------------------------------------- */

/* A batch of laws, of a context that has another for them. */
static EpnetStatus solve_laws(void *context, const EpnetBatch *batch, EpnetRows *rows, EpnetError *error) {
    Context *cuda = context;
    if (cuda->tight)
        epnet_cuda_resident_release(cuda->resident);
    return solve_points(cuda->laws, batch, NULL, rows, error);
}

static EpnetStatus solve_given_points(Context *cuda, const EpnetBatch *batch, const double *limits,
                                      EpnetRows *rows, EpnetError *error) {
    if (cuda->tight)
        epnet_cuda_resident_release(cuda->laws->resident);
    return solve_points(cuda, batch, limits, rows, error);
}

/* A point whose decay could not be told because there is no law to decay to is said to lack the law. */
static void say_what_laws_lack(const EpnetBatch *batch, const int *law_status, EpnetRows *rows) {
    for (size_t k = 0; k < batch->count; k++) {
        if (rows->status[k] == EPNET_POINT_NO_DECAY && law_status[k] != EPNET_POINT_OK)
            rows->status[k] = law_status[k];
    }
}

/* Decays of given points: their stationary laws first, whose multiinformation they decay to. */
static EpnetStatus solve_decays(Context *cuda, const EpnetBatch *batch, EpnetRows *rows, EpnetError *error) {
    const EpnetBatch of_laws = {&cuda->law, batch->count, batch->points, batch->stop};
    const size_t width = epnet_row_width(cuda->law.cut_count);
    EpnetRows laws = {.status = epnet_calloc(batch->count, sizeof *laws.status),
                      .last = epnet_calloc(batch->count * width, sizeof *laws.last)};
    double *limits = epnet_calloc(batch->count, sizeof *limits);
    EpnetStatus status = EPNET_OK;
    if (laws.status == NULL || laws.last == NULL || limits == NULL)
        status = epnet_fail_memory(error, batch->count * width * sizeof *laws.last, "the stationary laws");
    if (status == EPNET_OK)
        status = solve_laws(cuda, &of_laws, &laws, error);
    for (size_t k = 0; k < batch->count && status == EPNET_OK; k++)
        limits[k] = laws.status[k] == EPNET_POINT_OK ? laws.last[k * width + EPNET_MULTIINFORMATION] : NAN;
    if (status == EPNET_OK)
        status = solve_given_points(cuda, batch, limits, rows, error);
    if (status == EPNET_OK)
        say_what_laws_lack(batch, laws.status, rows);
    free(laws.status);
    free(laws.last);
    free(limits);
    return status;
}

/* Points whose drives are given, or have been found. */
static EpnetStatus solve_given(void *context, const EpnetBatch *batch, EpnetRows *rows, EpnetError *error) {
    Context *cuda = context;
    return batch->problem->leak.kind == EPNET_LEAK_DECAY ? solve_decays(cuda, batch, rows, error)
                                                         : solve_given_points(cuda, batch, NULL, rows, error);
}

static EpnetStatus solve_all(Context *cuda, const EpnetBatch *batch, EpnetRows *rows, EpnetError *error) {
    return batch->problem->constant_drive
               ? epnet_drive_batch_solve(batch, rows, solve_laws, cuda, solve_given, cuda, error)
               : solve_given(cuda, batch, rows, error);
}

static EpnetStatus cuda_solve(void *context, const EpnetBatch *batch, EpnetRows *rows, EpnetError *error) {
    Context *cuda = context;
    EpnetStatus status = solve_all(cuda, batch, rows, error);
    if (status == EPNET_DEVICE && cuda->laws != NULL && cuda_lacks_room(cuda) && !cuda->tight) {
        /* What the one engine keeps may be what the other lacks: from now on one gives way to the other. */
        cuda->tight = true;
        epnet_cuda_resident_release(cuda->laws->resident);
        status = solve_all(cuda, batch, rows, error);
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
    if (text[0] == '\0' && cuda->laws != NULL)
        cuda_note(cuda->laws, text, size);
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

#include "cuda_device.h"

#include "cpu/estimate.h"
#include "cuda_batch.h"
#include "cuda_check.h"
#include "engine.h"
#include "law_problem.h"
#include "status.h"
#include "stream.h"
#include "stream_kernels.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

static const double GIB = 1u << 30;

EpnetStatus epnet_cuda_devices(int *count, char *text, size_t size, EpnetError *error) {
    int driver = 0, runtime = 0;
    char reason[512];
    *count = 0;
    cudaError_t code = cudaGetDeviceCount(count);
    if (code == cudaSuccess && *count == 0)
        code = cudaErrorNoDevice;
    if (code != cudaSuccess) {
        *count = 0;
        epnet_cuda_describe_error(code, reason, sizeof reason);
        (void)cudaGetLastError();
        return epnet_fail(error, EPNET_DEVICE, "no CUDA device: %s", reason);
    }
    EpnetStatus status = epnet_cuda_check(EPNET_CUDA(cudaDriverGetVersion, &driver), error);
    if (status == EPNET_OK)
        status = epnet_cuda_check(EPNET_CUDA(cudaRuntimeGetVersion, &runtime), error);
    if (status == EPNET_OK)
        snprintf(text, size, "%d device%s, driver for CUDA %d.%d, runtime %d.%d", *count,
                 *count == 1 ? "" : "s", driver / 1000, driver % 1000 / 10, runtime / 1000,
                 runtime % 1000 / 10);
    return status;
}

EpnetStatus epnet_cuda_describe(int device, EpnetDeviceInfo *info, EpnetError *error) {
    struct cudaDeviceProp properties;
    EpnetStatus status = epnet_cuda_check(EPNET_CUDA(cudaGetDeviceProperties, &properties, device), error);
    if (status != EPNET_OK)
        return status;
    snprintf(info->name, sizeof info->name, "%.120s", properties.name);
    snprintf(info->details, sizeof info->details, "%.1f GiB of memory, compute capability %d.%d",
             (double)properties.totalGlobalMem / GIB, properties.major, properties.minor);
    return EPNET_OK;
}

/* ---- engines ----------------------------------------------------------------------------------------- */

static EpnetCudaResult lay_out_resident(const EpnetProblem *problem, EpnetCudaLayout *layout) {
    EpnetCudaResult result = {cudaSuccess, ""};
    if (problem->initial == NULL)
        result = EPNET_CUDA(epnet_cuda_stationary_layout, problem, layout);
    if (epnet_cuda_ok(result) && problem->leak.kind != EPNET_LEAK_NONE)
        result = EPNET_CUDA(epnet_cuda_leak_layout, problem, layout);
    if (epnet_cuda_ok(result) && problem->kind == EPNET_TRAJECTORY)
        result = EPNET_CUDA(epnet_cuda_trajectory_layout, problem, 1, (uint32_t)problem->nodes, layout);
    return result;
}

EpnetCudaResult epnet_cuda_engine(const EpnetProblem *problem, bool *streaming, EpnetCudaLayout *layout) {
    *streaming = problem->nodes > EPNET_RESIDENT_NODES;
    if (!*streaming) {
        const EpnetCudaResult result = lay_out_resident(problem, layout);
        if (result.code != cudaErrorInvalidConfiguration || problem->nodes < EPNET_STREAM_NODES_MIN)
            return result;
        *streaming = true;
    }
    return EPNET_CUDA(epnet_stream_layout, problem->nodes, layout);
}

/* Where the device does not answer, the next call says why. */
static bool streams(const EpnetProblem *problem) {
    EpnetCudaLayout layout;
    bool streaming;
    if (!epnet_cuda_ok(epnet_cuda_engine(problem, &streaming, &layout)))
        (void)cudaGetLastError();
    return streaming;
}

/* ---- what a problem takes ---------------------------------------------------------------------------- */

static EpnetStatus check_kind(const EpnetProblem *problem, EpnetError *error) {
    if (problem->method == EPNET_SPLIT)
        return epnet_fail(error, EPNET_DEVICE,
                          "method = \"split\" is not computed on CUDA devices; run it with --device cpu");
    return EPNET_OK;
}

/* What the resident kernels that a problem takes need of the current device's memory beside the points' rows,
 * for points whose exit rates are at most `exit_bound` [1/s]: the most that one of them does; all 0 if the
 * device does not answer. */
typedef struct Scratch {
    uint64_t of_point, of_block, of_all; /* bytes of scratch: for a point, for a block, for all at work */
    int local_bytes;                     /* of local memory for a thread */
} Scratch;

static void take_most(uint64_t *most, uint64_t bytes) {
    *most = bytes > *most ? bytes : *most;
}

static void take_layout(Scratch *most, const EpnetCudaLayout *layout) {
    const uint64_t each = layout->scratch_per_group * sizeof(double), block = each * (uint64_t)layout->groups;
    take_most(&most->of_point, each);
    take_most(&most->of_block, block);
    take_most(&most->of_all, block * (uint64_t)layout->blocks);
    most->local_bytes = layout->local_bytes > most->local_bytes ? layout->local_bytes : most->local_bytes;
}

static Scratch find_scratch(const EpnetProblem *problem, double exit_bound) {
    EpnetCudaLayout layout;
    Scratch most = {0};
    if (problem->initial == NULL && epnet_cuda_stationary_layout(problem, &layout) == cudaSuccess)
        take_layout(&most, &layout);
    if (problem->kind == EPNET_TRAJECTORY &&
        epnet_cuda_trajectory_layout(problem, exit_bound, (uint32_t)problem->nodes, &layout) == cudaSuccess)
        take_layout(&most, &layout);
    if (problem->leak.kind != EPNET_LEAK_NONE && epnet_cuda_leak_layout(problem, &layout) == cudaSuccess)
        take_layout(&most, &layout);
    (void)cudaGetLastError();
    return most;
}

/* Bytes of local memory that a kernel makes the driver keep, at its first launch in this process, for all
 * threads that the current device holds at once; 0 if it does not answer. All contexts share it. */
static uint64_t local_memory(int bytes_of_thread) {
    int device, multiprocessors = 0, threads = 0;
    if (cudaGetDevice(&device) != cudaSuccess ||
        cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device) != cudaSuccess ||
        cudaDeviceGetAttribute(&threads, cudaDevAttrMaxThreadsPerMultiProcessor, device) != cudaSuccess)
        (void)cudaGetLastError();
    return (uint64_t)bytes_of_thread * (uint64_t)multiprocessors * (uint64_t)threads;
}

/* Bytes that an engine takes at least, of the resident one for a launch of one point, local memory aside, of
 * which *local_bytes becomes the most that a thread takes. */
static uint64_t least_engine_bytes(const EpnetProblem *problem, int *local_bytes) {
    if (streams(problem))
        return epnet_streaming_bytes(problem);
    const Scratch scratch = find_scratch(problem, INFINITY);
    *local_bytes = scratch.local_bytes > *local_bytes ? scratch.local_bytes : *local_bytes;
    return scratch.of_block + epnet_cuda_point_bytes(problem, problem->keeps_trajectories);
}

/* The same of a context, which has an engine for the laws that points take. */
static uint64_t least_own_bytes(const EpnetProblem *problem, int *local_bytes) {
    const EpnetProblem law = epnet_law_problem(problem);
    return least_engine_bytes(problem, local_bytes) +
           (epnet_takes_laws(problem) ? least_engine_bytes(&law, local_bytes) : 0);
}

static uint64_t least_bytes(const EpnetProblem *problem) {
    int local_bytes = 0;
    const uint64_t own = least_own_bytes(problem, &local_bytes);
    return own + local_memory(local_bytes);
}

static bool fits(const EpnetProblem *problem, uint64_t available) {
    return problem->nodes <= EPNET_STREAM_NODES_MAX && least_bytes(problem) <= available;
}

/* Whether the states of a point fit the memory that is free; else how many nodes would. */
static EpnetStatus check_memory(const EpnetProblem *problem, int device, EpnetError *error) {
    size_t available, total;
    const EpnetStatus status = epnet_cuda_check(EPNET_CUDA(cudaMemGetInfo, &available, &total), error);
    if (status != EPNET_OK || fits(problem, available))
        return status;
    EpnetProblem smaller = *problem, short_fit = *problem;
    bool found = false;
    while (smaller.nodes > 1 && !found) {
        smaller.nodes--;
        found = fits(&smaller, available);
    }
    short_fit.leak.samples = 3;
    short_fit.leak.bootstrap = 10;
    char hint[64] = "fewer would not either";
    if (problem->leak.kind != EPNET_LEAK_NONE && fits(&short_fit, available))
        snprintf(hint, sizeof hint, "with fewer leak.bootstrap or leak.samples they would");
    else if (found)
        snprintf(hint, sizeof hint, "up to %d would", smaller.nodes);
    return epnet_fail(error, EPNET_DEVICE, "%d nodes do not fit cuda:%d, which has %.1f of %.1f GiB free: %s",
                      problem->nodes, device, (double)available / GIB, (double)total / GIB, hint);
}

/* Whether the device has the kernels, and room for a block of them: laying them out shows it. */
static EpnetStatus check_layout(const EpnetProblem *problem, EpnetError *error) {
    EpnetCudaLayout layout;
    bool streaming;
    int device;
    const EpnetCudaResult result = epnet_cuda_engine(problem, &streaming, &layout);
    if (result.code != cudaErrorInvalidConfiguration || cudaGetDevice(&device) != cudaSuccess)
        return epnet_cuda_check(result, error);
    (void)cudaGetLastError();
    return epnet_fail(
        error, EPNET_DEVICE,
        "cuda:%d: no multiprocessor holds a block of the kernels for %d nodes: %d threads and %d "
        "bytes of shared memory",
        device, problem->nodes, layout.threads, layout.shared_bytes);
}

EpnetStatus epnet_cuda_accept(const EpnetProblem *problem, int device, int *threads, EpnetError *error) {
    int each;
    size_t chunk;
    EpnetStatus status = check_kind(problem, error);
    if (status == EPNET_OK)
        status = epnet_cuda_check(EPNET_CUDA(cudaSetDevice, device), error);
    if (status == EPNET_OK)
        status = check_layout(problem, error);
    if (status == EPNET_OK)
        status = check_memory(problem, device, error);
    epnet_cuda_workers(problem, device, *threads, threads, &each, &chunk);
    return status;
}

/* ---- devices beside each other ----------------------------------------------------------------------- */

/* What the bytes of a point's row may depend on beside the point: the threads of a block, which sum in their
 * order, follow from the engine and the number of nodes. */
typedef struct Manner {
    int major, minor; /* compute capability: machine code of its own, which contracts other operations */
    bool streaming;
    bool makes_exits; /* of tables, rather than reading them: other rounding (polynomial_tiles.cuh) */
} Manner;

static EpnetStatus find_manner(const EpnetProblem *problem, int device, Manner *manner, EpnetError *error) {
    EpnetCudaLayout layout = {0};
    EpnetCudaResult result = EPNET_CUDA(cudaSetDevice, device);
    if (epnet_cuda_ok(result))
        result =
            EPNET_CUDA(cudaDeviceGetAttribute, &manner->major, cudaDevAttrComputeCapabilityMajor, device);
    if (epnet_cuda_ok(result))
        result =
            EPNET_CUDA(cudaDeviceGetAttribute, &manner->minor, cudaDevAttrComputeCapabilityMinor, device);
    if (epnet_cuda_ok(result))
        result = epnet_cuda_engine(problem, &manner->streaming, &layout);
    manner->makes_exits = layout.stage.exit_parts > 0;
    return epnet_cuda_check(result, error);
}

EpnetStatus epnet_cuda_alike(const EpnetProblem *problem, int one, int other, EpnetError *error) {
    Manner a, b;
    if (epnet_takes_laws(problem)) {
        const EpnetProblem law = epnet_law_problem(problem);
        const EpnetStatus searching = epnet_cuda_alike(&law, one, other, error);
        if (searching != EPNET_OK)
            return searching;
    }
    EpnetStatus status = find_manner(problem, one, &a, error);
    if (status == EPNET_OK)
        status = find_manner(problem, other, &b, error);
    if (status != EPNET_OK)
        return status;
    char what[96] = "";
    if (a.major != b.major || a.minor != b.minor)
        snprintf(what, sizeof what, "compute capability (%d.%d and %d.%d)", a.major, a.minor, b.major,
                 b.minor);
    else if (a.streaming != b.streaming)
        snprintf(what, sizeof what, "shared memory (cuda:%d holds no block for %d nodes)",
                 a.streaming ? one : other, problem->nodes);
    else if (a.makes_exits != b.makes_exits)
        snprintf(what, sizeof what, "shared memory (cuda:%d has no room for exit rates of %d nodes)",
                 a.makes_exits ? other : one, problem->nodes);
    else
        return EPNET_OK;
    return epnet_fail(error, EPNET_DEVICE,
                      "cuda:%d and cuda:%d differ in %s: choose one by cuda:N or CUDA_VISIBLE_DEVICES", one,
                      other, what);
}

/* ---- work -------------------------------------------------------------------------------------------- */

void epnet_cuda_workers(const EpnetProblem *problem, int device, int threads, int *count, int *threads_each,
                        size_t *chunk) {
    /* Enough points to fill the largest device a few times over, and rows that take little memory. */
    enum { LEAST = 1024, MOST = 65536 };
    const size_t states = (size_t)1 << 21, bytes = (size_t)128 << 20;
    *count = 2;
    *threads_each = 1;
    *chunk = 1;
    if (cudaSetDevice(device) != cudaSuccess)
        (void)cudaGetLastError();
    if (streams(problem)) { /* point after point: as many at a time as their tiles take to fill the device */
        const int alone = problem->nodes < 17 ? 17 : problem->nodes;
        *count = alone < 20 ? 1 << (20 - alone) : alone < 24 ? 2 : 1;
        *count = *count > 2 && *count > threads ? (threads > 2 ? threads : 2) : *count;
        return;
    }
    const size_t point = epnet_cuda_point_bytes(problem, problem->keeps_trajectories);
    *chunk = states >> problem->nodes;
    *chunk = *chunk < LEAST ? LEAST : *chunk > MOST ? MOST : *chunk;
    *chunk = *chunk > bytes / point ? bytes / point : *chunk;
    *chunk = *chunk > 0 ? *chunk : 1;
}

static EpnetMemoryNeed need_of_engine(const EpnetProblem *problem) {
    if (streams(problem))
        return (EpnetMemoryNeed){.of_point = epnet_streaming_bytes(problem), .in_flight = 1};
    /* Of intervals of no more than a few exits: coefficients for the longest take up to 40 KiB of a point. */
    const Scratch scratch = find_scratch(problem, 1);
    return (EpnetMemoryNeed){
        .of_point = epnet_cuda_point_bytes(problem, problem->keeps_trajectories),
        .in_flight = INT_MAX, /* a whole batch */
        .of_work = scratch.of_point,
        .at_work = scratch.of_point > 0 ? (int)(1 + (scratch.of_all - 1) / scratch.of_point) : 0,
        .of_device = local_memory(scratch.local_bytes),
    };
}

EpnetMemoryNeed epnet_cuda_need(const EpnetProblem *problem, int device, int threads) {
    (void)threads;
    if (cudaSetDevice(device) != cudaSuccess)
        (void)cudaGetLastError();
    EpnetMemoryNeed need = need_of_engine(problem);
    if (epnet_takes_laws(problem)) {
        const EpnetProblem law = epnet_law_problem(problem);
        const EpnetMemoryNeed of_law = need_of_engine(&law);
        need.of_point += of_law.of_point;
        need.in_flight = of_law.in_flight > need.in_flight ? of_law.in_flight : need.in_flight;
        need.of_work += of_law.of_work;
        need.at_work = of_law.at_work > need.at_work ? of_law.at_work : need.at_work;
        need.of_device = of_law.of_device > need.of_device ? of_law.of_device : need.of_device;
    }
    return need;
}

bool epnet_cuda_estimate(const EpnetProblem *problem, const EpnetPoint *point, double *applications,
                         double *seconds) {
    const bool counted = epnet_cpu_estimate(problem, point, applications, seconds);
    *seconds = NAN;
    return counted;
}

/* The streaming engine: points, one after another, from upload to rows. */
#include "stream.h"

#include "cuda_stream_leak.h"
#include "evolution.h"
#include "relaxation.h"
#include "row.h"
#include "status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EVOLUTION_VECTORS = 5, RELAXATION_VECTORS = 1 + EPNET_RELAXATION_WORK };

struct EpnetStreaming {
    const EpnetProblem *problem;
    EpnetStreamSpace space;
    EpnetStreamObserver observer;
    EpnetEvolution evolution;   /* trajectories; its vectors are also those of the next */
    EpnetRelaxation relaxation; /* stationary kind or start */
    EpnetLeakWork leak;         /* [leak] only */
    double *information;        /* time_count: I at the samples; NULL unless its decay is fitted */
};

static bool needs_stationary(const EpnetProblem *problem) {
    return problem->kind == EPNET_STATIONARY || problem->initial == NULL;
}

static size_t vector_count(const EpnetProblem *problem) {
    return needs_stationary(problem) ? RELAXATION_VECTORS : EVOLUTION_VECTORS;
}

uint64_t epnet_streaming_bytes(const EpnetProblem *problem) {
    return epnet_stream_space_bytes(problem, vector_count(problem)) + epnet_stream_observer_bytes(problem);
}

void epnet_streaming_close(EpnetStreaming *streaming) {
    if (streaming == NULL)
        return;
    epnet_stream_observer_free(&streaming->observer);
    epnet_stream_space_free(&streaming->space);
    epnet_series_free(&streaming->evolution.chebyshev);
    epnet_series_free(&streaming->evolution.poisson);
    epnet_leak_free(&streaming->leak);
    free(streaming->information);
    free(streaming);
}

static EpnetStatus alloc_leak(EpnetStreaming *streaming, const EpnetProblem *problem, EpnetError *error) {
    const EpnetLeakSettings *settings = &problem->leak;
    bool ok = true;
    if (settings->kind != EPNET_LEAK_NONE)
        ok = epnet_leak_alloc(&streaming->leak, settings, problem->time_count);
    if (ok && settings->kind == EPNET_LEAK_DECAY)
        ok = (streaming->information = epnet_calloc(problem->time_count, sizeof(double))) != NULL;
    return ok ? EPNET_OK
              : epnet_fail_memory(error, epnet_leak_bytes(settings, problem->time_count), "the leak's fit");
}

EpnetStatus epnet_streaming_open(const EpnetProblem *problem, cudaStream_t stream, EpnetStreaming **streaming,
                                 EpnetError *error) {
    *streaming = NULL;
    if (problem->nodes < EPNET_STREAM_NODES_MIN || problem->nodes > EPNET_STREAM_NODES_MAX)
        return epnet_fail(error, EPNET_INTERNAL, "the streaming engine takes %d to %d nodes, not %d",
                          EPNET_STREAM_NODES_MIN, EPNET_STREAM_NODES_MAX, problem->nodes);
    EpnetStreaming *opened = epnet_calloc(1, sizeof *opened);
    if (opened == NULL)
        return epnet_fail_memory(error, sizeof *opened, "the streaming engine");
    opened->problem = problem;
    EpnetStatus status = alloc_leak(opened, problem, error);
    if (status == EPNET_OK)
        status = epnet_stream_space_alloc(&opened->space, problem, stream, vector_count(problem), error);
    if (status == EPNET_OK)
        status = epnet_stream_observer_alloc(&opened->observer, &opened->space, error);
    if (status != EPNET_OK) {
        epnet_streaming_close(opened);
        return status;
    }
    *streaming = opened;
    return EPNET_OK;
}

/* ---- one point --------------------------------------------------------------------------------------- */

/* Give the solvers their vectors: they trade them while they work. The stationary law comes to lie where a
 * trajectory that starts from it has its state. */
static void place_vectors(EpnetStreaming *streaming) {
    EpnetEvolution *ev = &streaming->evolution;
    EpnetRelaxation *rx = &streaming->relaxation;
    ev->p = rx->p = epnet_stream_space_vector(&streaming->space, 0);
    ev->previous = epnet_stream_space_vector(&streaming->space, 1);
    for (size_t i = 0; i < 3; i++)
        ev->work[i] = epnet_stream_space_vector(&streaming->space, 2 + i);
    for (size_t i = 0; i < EPNET_RELAXATION_WORK && needs_stationary(streaming->problem); i++)
        rx->work[i] = epnet_stream_space_vector(&streaming->space, 1 + i);
}

/* The row of p; work: room for three vectors, of which the first receives pL. `steps` as in invariant.h. */
static EpnetPointStatus observe(EpnetStreaming *streaming, const EpnetSpace *space, const EpnetPoint *point,
                                const double *p, double *const *work, double steps, double *row) {
    const EpnetProblem *problem = streaming->problem;
    const EpnetSpaceStep apply = {.in = p, .out = work[0], .rate_factor = 1};
    EpnetStreamState state = {.p = p, .dp = work[0], .log_p = work[1]};
    EpnetLawSums sums;
    space->operations->step(space->engine, &apply);
    epnet_stream_observe(&streaming->observer, point, &state, row, &sums);
    if (problem->kind == EPNET_TRAJECTORY && problem->method == EPNET_EULER) {
        /* The paper's finite difference (I(p + dt pL) - I(p))/dt. */
        double *next = work[2];
        space->operations->combine(space->engine, next, 1, p, problem->dt, work[0]);
        if (space->operations->least(space->engine, next, NULL) < 0)
            return EPNET_POINT_NOT_POSITIVE;
        state.p = next;
        const double information = epnet_stream_observe_multiinformation(&streaming->observer, &state);
        row[EPNET_MULTIINFORMATION_RATE_EULER] = (information - row[EPNET_MULTIINFORMATION]) / problem->dt;
    }
    return epnet_row_check(problem, row, &sums, steps);
}

static EpnetPointStatus solve_trajectory(EpnetStreaming *streaming, const EpnetPoint *point, double *last,
                                         double *extremes, double *trajectory) {
    const EpnetProblem *problem = streaming->problem;
    EpnetStreamSpace *space = &streaming->space;
    EpnetEvolution *ev = &streaming->evolution;
    const size_t width = epnet_row_width(problem->cut_count);
    EpnetPointStatus status = EPNET_POINT_OK;
    if (problem->initial == NULL)
        status = epnet_relax(&streaming->relaxation, &ev->space);
    else
        EPNET_STREAM_DO(space, cudaMemcpyAsync, ev->p, problem->initial, space->states * sizeof *ev->p,
                        cudaMemcpyHostToDevice, space->stream);
    if (status == EPNET_POINT_OK)
        status = epnet_evolution_begin(ev);
    epnet_extremes_begin(extremes);
    for (size_t k = 0; k < problem->time_count && status == EPNET_POINT_OK; k++) {
        status = epnet_evolution_advance(ev, k);
        if (status == EPNET_POINT_OK)
            status = observe(streaming, &ev->space, point, ev->p, ev->work,
                             (double)ev->applications + ev->space.exit_max * problem->times[k], last);
        if (status != EPNET_POINT_OK)
            break;
        epnet_extremes_update(extremes, last, problem->times[k]);
        if (streaming->information != NULL)
            streaming->information[k] = last[EPNET_MULTIINFORMATION];
        if (trajectory != NULL)
            memcpy(trajectory + k * width, last, width * sizeof *last);
    }
    return status;
}

static EpnetPointStatus solve_stationary(EpnetStreaming *streaming, const EpnetPoint *point, double *last) {
    EpnetRelaxation *rx = &streaming->relaxation;
    EpnetPointStatus status = epnet_relax(rx, &streaming->evolution.space);
    return status == EPNET_POINT_OK
               ? observe(streaming, &streaming->evolution.space, point, rx->p, rx->work, 0, last)
               : status;
}

/* Of a quench from the state that was observed last, or of the samples' own decay to `limit`. */
static EpnetPointStatus measure_leak(EpnetStreaming *streaming, const EpnetPoint *point, double limit,
                                     EpnetLeakFit *fit) {
    const EpnetProblem *problem = streaming->problem;
    const EpnetEvolution *ev = &streaming->evolution;
    const EpnetRelaxation *rx = &streaming->relaxation;
    const bool stationary = problem->kind == EPNET_STATIONARY;
    if (problem->leak.kind == EPNET_LEAK_DECAY)
        return epnet_leak_decay(&streaming->leak, problem->time_count, problem->times, streaming->information,
                                limit, epnet_decay_noise(problem->nodes, problem->tolerance), fit);
    return epnet_stream_quench(&streaming->observer, &streaming->leak, point, stationary ? rx->p : ev->p,
                               stationary ? rx->work : ev->work,
                               epnet_quench_noise(problem->nodes, stationary ? 0 : problem->tolerance), fit);
}

/* Point k of the batch. What fails is in the space. */
static void solve_point(EpnetStreaming *streaming, const EpnetBatch *batch, const double *limits, size_t k,
                        EpnetRows *rows) {
    const EpnetProblem *problem = streaming->problem;
    const EpnetPoint *point = &batch->points[k];
    const size_t width = epnet_row_width(problem->cut_count), kept = problem->time_count * width;
    double *last = rows->last + k * width,
           *extremes = rows->extremes == NULL ? NULL : rows->extremes + k * EPNET_EXTREMES,
           *trajectory = rows->trajectory == NULL ? NULL : rows->trajectory + k * kept,
           *columns = rows->point == NULL ? NULL : rows->point + k * EPNET_POINT_COLUMNS;
    EpnetLeakFit fit = {NAN, NAN, NAN};
    place_vectors(streaming);
    streaming->evolution.problem = problem;
    streaming->evolution.stop = streaming->relaxation.stop = streaming->leak.stop = batch->stop;
    streaming->evolution.space = epnet_stream_space_set(&streaming->space, point);
    epnet_stream_observer_set(&streaming->observer);
    EpnetPointStatus status = problem->kind == EPNET_STATIONARY
                                  ? solve_stationary(streaming, point, last)
                                  : solve_trajectory(streaming, point, last, extremes, trajectory);
    if (status == EPNET_POINT_OK && problem->leak.kind != EPNET_LEAK_NONE)
        status = measure_leak(streaming, point, limits == NULL ? NAN : limits[k], &fit);
    rows->status[k] = (int)status;
    epnet_fill_nan(columns, EPNET_POINT_COLUMNS);
    if (status != EPNET_POINT_OK || !epnet_cuda_ok(streaming->space.failure)) {
        epnet_fill_nan(last, width);
        epnet_fill_nan(extremes, EPNET_EXTREMES);
        epnet_fill_nan(trajectory, kept);
        return;
    }
    if (columns != NULL)
        epnet_leak_set_columns(&fit, columns);
    if (rows->leak_curve != NULL)
        epnet_leak_copy_curve(&streaming->leak, rows->leak_curve);
}

EpnetStatus epnet_streaming_solve(EpnetStreaming *streaming, const EpnetBatch *batch, const double *limits,
                                  EpnetRows *rows, EpnetError *error) {
    EpnetStatus status = EPNET_OK;
    for (size_t k = 0; k < batch->count && status == EPNET_OK && (batch->stop == NULL || !*batch->stop);
         k++) {
        solve_point(streaming, batch, limits, k, rows);
        status = epnet_cuda_check(streaming->space.failure, error);
    }
    return status;
}

bool epnet_streaming_lacks_room(const EpnetStreaming *streaming) {
    return streaming->space.failure.code == cudaErrorMemoryAllocation;
}

EpnetStatus epnet_streaming_apply(EpnetStreaming *streaming, const EpnetPoint *point, const double *p,
                                  double *q, EpnetError *error) {
    EpnetStreamSpace *space = &streaming->space;
    const size_t bytes = space->states * sizeof *p;
    double *in = epnet_stream_space_vector(space, 0), *out = epnet_stream_space_vector(space, 1);
    const EpnetSpace vectors = epnet_stream_space_set(space, point);
    const EpnetSpaceStep apply = {.in = in, .out = out, .rate_factor = 1};
    EPNET_STREAM_DO(space, cudaMemcpyAsync, in, p, bytes, cudaMemcpyHostToDevice, space->stream);
    vectors.operations->step(vectors.engine, &apply);
    EPNET_STREAM_DO(space, cudaMemcpyAsync, q, out, bytes, cudaMemcpyDeviceToHost, space->stream);
    EPNET_STREAM_DO(space, cudaStreamSynchronize, space->stream);
    return epnet_cuda_check(space->failure, error);
}

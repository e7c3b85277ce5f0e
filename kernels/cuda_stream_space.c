#include "cuda_stream_space.h"

#include "cpu/reach.h"
#include "status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TABLES = 4 }; /* rates and flows, of all channels and of those that cross a cut */

/* ---- memory ------------------------------------------------------------------------------------------ */

static int low_bits_of(const EpnetProblem *problem) {
    return problem->nodes / 2;
}

static size_t parameter_count(const EpnetProblem *problem) {
    return 2 * (size_t)problem->nodes + 3 * problem->edge_count;
}

/* Doubles of the tables of one set of channels. */
static size_t tables_low(const EpnetProblem *problem) {
    return 2 * (size_t)problem->nodes << low_bits_of(problem);
}

static size_t tables_size(const EpnetProblem *problem) {
    return tables_low(problem) + (2 * (size_t)problem->nodes << (problem->nodes - low_bits_of(problem)));
}

static size_t all_tables_size(const EpnetProblem *problem) {
    EpnetStreamPlan plan;
    epnet_stream_plan(problem->nodes, &plan);
    return epnet_stream_plan_size(&plan) + TABLES * tables_size(problem);
}

uint64_t epnet_stream_space_bytes(const EpnetProblem *problem, size_t count) {
    const uint64_t states = (uint64_t)1 << problem->nodes;
    const uint64_t doubles = (count + 1) * states + all_tables_size(problem) + epnet_stream_partials(states) +
                             parameter_count(problem) + EPNET_STREAM_SUMS;
    return doubles * sizeof(double) + states; /* the mask */
}

double *epnet_stream_space_vector(const EpnetStreamSpace *space, size_t vector) {
    return (double *)space->vectors.device + (1 + vector) * space->states;
}

static void place_tables(EpnetStreamSpace *space) {
    const EpnetProblem *problem = space->problem;
    const size_t nodes = (size_t)problem->nodes;
    const double *parameters = space->parameters.device;
    double *tables = space->tables.device;
    EpnetStreamPoint *const points[TABLES] = {&space->point, &space->flows, &space->crossing,
                                              &space->crossing_flows};
    for (size_t i = 0; i < TABLES; i++) {
        *points[i] = (EpnetStreamPoint){
            .flip_up = parameters,
            .flip_down = parameters + nodes,
            .rate = parameters + 2 * nodes,
            .drive = parameters + 2 * nodes + problem->edge_count,
            .backward = parameters + 2 * nodes + 2 * problem->edge_count,
            .low_bits = low_bits_of(problem),
            .low = tables,
            .high = tables + tables_low(problem),
        };
        tables += tables_size(problem);
    }
    epnet_stream_plan_place(&space->plan, tables);
}

EpnetStatus epnet_stream_space_alloc(EpnetStreamSpace *space, const EpnetProblem *problem,
                                     cudaStream_t stream, size_t count, EpnetError *error) {
    memset(space, 0, sizeof *space);
    space->problem = problem;
    space->stream = stream;
    space->states = (size_t)1 << problem->nodes;
    epnet_stream_plan(problem->nodes, &space->plan);
    EpnetProblem shared = *problem;
    shared.initial = NULL; /* goes straight to the vectors */
    EpnetStatus status = epnet_cuda_problem_make(&shared, stream, &space->shared, error);
    if (status != EPNET_OK)
        return status;
    int device;
    EpnetCudaResult result = EPNET_CUDA(cudaGetDevice, &device);
    if (epnet_cuda_ok(result))
        result = EPNET_CUDA(cudaDeviceGetAttribute, &space->multiprocessors, cudaDevAttrMultiProcessorCount,
                            device);
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_alloc(&space->parameters, parameter_count(problem) * sizeof(double));
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_alloc_device(&space->tables, all_tables_size(problem) * sizeof(double));
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_alloc_device(&space->vectors, (count + 1) * space->states * sizeof(double));
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_alloc_device(&space->partials,
                                               epnet_stream_partials(space->states) * sizeof(double));
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_alloc(&space->results, EPNET_STREAM_SUMS * sizeof(double));
    if (epnet_cuda_ok(result))
        result = epnet_cuda_array_alloc_device(&space->mask, space->states);
    if (epnet_cuda_ok(result))
        place_tables(space);
    return epnet_cuda_check(result, error);
}

void epnet_stream_space_free(EpnetStreamSpace *space) {
    epnet_cuda_problem_free(&space->shared);
    epnet_cuda_array_free(&space->parameters);
    epnet_cuda_array_free(&space->tables);
    epnet_cuda_array_free(&space->vectors);
    epnet_cuda_array_free(&space->partials);
    epnet_cuda_array_free(&space->results);
    epnet_cuda_array_free(&space->mask);
    epnet_generator_free(&space->generator);
    free(space->marked);
    free(space->queue);
    free(space->law);
    memset(space, 0, sizeof *space);
}

/* ---- sums -------------------------------------------------------------------------------------------- */

void epnet_stream_space_results(EpnetStreamSpace *space, size_t count, double *results) {
    if (epnet_cuda_ok(space->failure))
        space->failure = epnet_cuda_array_download(&space->results, count * sizeof *results, space->stream);
    EPNET_STREAM_DO(space, cudaStreamSynchronize, space->stream);
    const double *from = space->results.host;
    for (size_t i = 0; i < count; i++)
        results[i] = epnet_cuda_ok(space->failure) ? from[i] : NAN;
}

static double reduce(EpnetStreamSpace *space, EpnetStreamReduction kind, const double *a, const double *b,
                     const unsigned char *mask) {
    double result;
    EPNET_STREAM_DO(space, epnet_stream_reduce, kind, space->states, a, b, mask, space->partials.device,
                    space->results.device, space->stream);
    epnet_stream_space_results(space, 1, &result);
    return result;
}

static double stream_sum(void *engine, const double *v) {
    return reduce(engine, EPNET_STREAM_SUM, v, NULL, NULL);
}

static double stream_norm1(void *engine, const double *v) {
    return reduce(engine, EPNET_STREAM_NORM1, v, NULL, NULL);
}

static double stream_dot(void *engine, const double *a, const double *b) {
    return reduce(engine, EPNET_STREAM_DOT, a, b, NULL);
}

static double stream_least(void *engine, const double *v, const unsigned char *mask) {
    return reduce(engine, EPNET_STREAM_LEAST, v, NULL, mask);
}

double epnet_stream_space_least(EpnetStreamSpace *space, const double *v) {
    return stream_least(space, v, NULL);
}

/* ---- vectors ----------------------------------------------------------------------------------------- */

static const double *exit_rates(const EpnetStreamSpace *space) {
    return space->vectors.device;
}

static void stream_step(void *engine, const EpnetSpaceStep *step) {
    EpnetStreamSpace *space = engine;
    EPNET_STREAM_DO(space, epnet_stream_step, &space->plan, exit_rates(space), step, space->multiprocessors,
                    space->stream);
}

static void stream_copy(void *engine, double *to, const double *from) {
    EpnetStreamSpace *space = engine;
    EPNET_STREAM_DO(space, cudaMemcpyAsync, to, from, space->states * sizeof *to, cudaMemcpyDeviceToDevice,
                    space->stream);
}

static void stream_combine(void *engine, double *out, double a, const double *x, double b, const double *y) {
    EpnetStreamSpace *space = engine;
    EPNET_STREAM_DO(space, epnet_stream_combine, space->states, out, a, x, b, y, space->stream);
}

static void stream_fill(void *engine, double *out, double value, const unsigned char *mask) {
    EpnetStreamSpace *space = engine;
    EPNET_STREAM_DO(space, epnet_stream_fill, space->states, out, value, mask, space->stream);
}

static void stream_multiply_exit(void *engine, double *out, const double *v) {
    EpnetStreamSpace *space = engine;
    EPNET_STREAM_DO(space, epnet_stream_scale, space->states, out, v, exit_rates(space), 0, space->stream);
}

static void stream_divide_exit(void *engine, double *out, const double *v) {
    EpnetStreamSpace *space = engine;
    EPNET_STREAM_DO(space, epnet_stream_scale, space->states, out, v, exit_rates(space), 1, space->stream);
}

static void stream_mend(void *engine, double *p, double *scratch, const unsigned char *mask) {
    EpnetStreamSpace *space = engine;
    EPNET_STREAM_DO(space, epnet_stream_mend, &space->shared.problem, &space->point, exit_rates(space), p,
                    mask, scratch, space->stream);
    stream_copy(space, p, scratch);
}

static bool stream_failed(void *engine) {
    return !epnet_cuda_ok(((EpnetStreamSpace *)engine)->failure);
}

/* ---- generators with zero rates: searched on the host ------------------------------------------------- */

/* Room for a search, and the generator to search; false when memory is exhausted. */
static bool begin_search(EpnetStreamSpace *space) {
    if (space->marked == NULL)
        space->marked = epnet_calloc(space->states, 1);
    if (space->queue == NULL)
        space->queue = epnet_calloc(space->states, sizeof *space->queue);
    if (space->generator.exit == NULL && !epnet_generator_alloc(&space->generator, space->problem->nodes))
        return false;
    if (space->marked == NULL || space->queue == NULL)
        return false;
    epnet_generator_set(&space->generator, space->problem, space->current, NULL, true);
    return true;
}

static void upload_mask(EpnetStreamSpace *space, const unsigned char **mask) {
    EPNET_STREAM_DO(space, cudaMemcpyAsync, space->mask.device, space->marked, space->states,
                    cudaMemcpyHostToDevice, space->stream);
    EPNET_STREAM_DO(space, cudaStreamSynchronize, space->stream);
    *mask = space->mask.device;
}

static EpnetPointStatus stream_reach(void *engine, const double *p, const unsigned char **mask,
                                     size_t *depth) {
    EpnetStreamSpace *space = engine;
    if (space->law == NULL)
        space->law = epnet_calloc(space->states, sizeof *space->law);
    if (space->law == NULL || !begin_search(space))
        return EPNET_POINT_OUT_OF_MEMORY;
    EPNET_STREAM_DO(space, cudaMemcpyAsync, space->law, p, space->states * sizeof *p, cudaMemcpyDeviceToHost,
                    space->stream);
    EPNET_STREAM_DO(space, cudaStreamSynchronize, space->stream);
    *depth = epnet_reach_forward(&space->generator, space->law, space->marked, space->queue);
    upload_mask(space, mask);
    return EPNET_POINT_OK;
}

static EpnetPointStatus stream_closed_class(void *engine, const unsigned char **mask, size_t *count) {
    EpnetStreamSpace *space = engine;
    if (!begin_search(space))
        return EPNET_POINT_OUT_OF_MEMORY;
    if (!epnet_reach_closed_class(&space->generator, space->marked, count, space->queue))
        return EPNET_POINT_NOT_UNIQUE;
    upload_mask(space, mask);
    return EPNET_POINT_OK;
}

static const EpnetSpaceOperations operations = {
    .step = stream_step,
    .copy = stream_copy,
    .combine = stream_combine,
    .fill = stream_fill,
    .multiply_exit = stream_multiply_exit,
    .divide_exit = stream_divide_exit,
    .sum = stream_sum,
    .norm1 = stream_norm1,
    .dot = stream_dot,
    .least = stream_least,
    .mend = stream_mend,
    .reach = stream_reach,
    .closed_class = stream_closed_class,
    .failed = stream_failed,
};

/* ---- a point ----------------------------------------------------------------------------------------- */

static void write_parameters(EpnetStreamSpace *space, const EpnetPoint *point) {
    const size_t nodes = (size_t)space->problem->nodes, edges = space->problem->edge_count;
    double *to = space->parameters.host;
    memcpy(to, point->flip_up, nodes * sizeof *to);
    memcpy(to + nodes, point->flip_down, nodes * sizeof *to);
    double *rate = to + 2 * nodes, *drive = rate + edges, *backward = drive + edges;
    for (size_t e = 0; e < edges; e++) {
        const size_t from = space->shared.edges[e];
        rate[e] = point->rate[from];
        drive[e] = point->drive[from];
        backward[e] = rate[e] * exp(-drive[e]);
    }
}

EpnetSpace epnet_stream_space_set(EpnetStreamSpace *space, const EpnetPoint *point) {
    space->current = point;
    write_parameters(space, point);
    if (epnet_cuda_ok(space->failure))
        space->failure = epnet_cuda_array_upload(
            &space->parameters, parameter_count(space->problem) * sizeof(double), space->stream);
    EPNET_STREAM_DO(space, epnet_stream_tables, &space->shared.problem, &space->point, EPNET_STREAM_RATES,
                    NULL, space->stream);
    EPNET_STREAM_DO(space, epnet_stream_tables, &space->shared.problem, &space->flows, EPNET_STREAM_FLOWS,
                    NULL, space->stream);
    EPNET_STREAM_DO(space, epnet_stream_plan_tables, &space->shared.problem, &space->point, &space->plan,
                    space->stream);
    EPNET_STREAM_DO(space, epnet_stream_exit, &space->shared.problem, &space->point, space->vectors.device,
                    space->stream);
    return (EpnetSpace){
        .operations = &operations,
        .engine = space,
        .nodes = space->problem->nodes,
        .states = space->states,
        .exit = exit_rates(space),
        .exit_max = reduce(space, EPNET_STREAM_GREATEST, exit_rates(space), NULL, NULL),
        .has_zero_rates = epnet_point_has_zero_rates(space->problem, point),
    };
}

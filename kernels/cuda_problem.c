#include "cuda_problem.h"

#include "cuda_check.h"
#include "status.h"

#include <stdlib.h>
#include <string.h>

/* Allocate, fill and enqueue the upload. */
static EpnetCudaResult send(EpnetCudaArray *array, const void *values, size_t bytes, cudaStream_t stream) {
    EpnetCudaResult result = epnet_cuda_array_alloc(array, bytes);
    if (!epnet_cuda_ok(result) || bytes == 0)
        return result;
    memcpy(array->host, values, bytes);
    return epnet_cuda_array_upload(array, bytes, stream);
}

/* The edges by target, in their own order within each; first[j] is where those that enter node j begin. */
static void sort_edges(const EpnetProblem *problem, size_t *edges, int *source, int *first) {
    size_t count = 0;
    for (int j = 0; j < problem->nodes; j++) {
        first[j] = (int)count;
        for (size_t e = 0; e < problem->edge_count; e++) {
            if (problem->target[e] == j) {
                source[count] = problem->source[e];
                edges[count++] = e;
            }
        }
    }
    first[problem->nodes] = (int)count;
}

static EpnetCudaResult send_all(const EpnetProblem *problem, const int *source, const int *first,
                                cudaStream_t stream, EpnetCudaProblemStorage *s) {
    const bool stepped =
        problem->steps != NULL && (problem->method == EPNET_EULER || problem->method == EPNET_RK4);
    const size_t states = (size_t)1 << problem->nodes, nodes = (size_t)problem->nodes;
    EpnetCudaResult result = send(&s->first_edge, first, (nodes + 1) * sizeof *first, stream);
    if (epnet_cuda_ok(result))
        result = send(&s->source, source, problem->edge_count * sizeof *source, stream);
    if (epnet_cuda_ok(result))
        result = send(&s->cuts, problem->cuts, problem->cut_count * sizeof *problem->cuts, stream);
    if (epnet_cuda_ok(result))
        result = send(&s->times, problem->times, problem->time_count * sizeof *problem->times, stream);
    if (epnet_cuda_ok(result) && stepped)
        result = send(&s->steps, problem->steps, problem->time_count * sizeof *problem->steps, stream);
    if (epnet_cuda_ok(result) && problem->initial != NULL)
        result = send(&s->initial, problem->initial, states * sizeof *problem->initial, stream);
    if (epnet_cuda_ok(result))
        result = EPNET_CUDA(cudaStreamSynchronize, stream);
    return result;
}

void epnet_cuda_problem_free(EpnetCudaProblemStorage *s) {
    epnet_cuda_array_free(&s->first_edge);
    epnet_cuda_array_free(&s->source);
    epnet_cuda_array_free(&s->cuts);
    epnet_cuda_array_free(&s->times);
    epnet_cuda_array_free(&s->steps);
    epnet_cuda_array_free(&s->initial);
    free(s->edges);
    memset(s, 0, sizeof *s);
}

EpnetStatus epnet_cuda_problem_make(const EpnetProblem *problem, cudaStream_t stream,
                                    EpnetCudaProblemStorage *s, EpnetError *error) {
    memset(s, 0, sizeof *s);
    s->edges = epnet_calloc(problem->edge_count, sizeof *s->edges);
    int *source = epnet_calloc(problem->edge_count + (size_t)problem->nodes + 1, sizeof *source);
    EpnetStatus status = EPNET_OK;
    if (s->edges == NULL || source == NULL) {
        status = epnet_fail_memory(error, problem->edge_count * sizeof *s->edges, "the edges");
    } else {
        int *first = source + problem->edge_count;
        sort_edges(problem, s->edges, source, first);
        status = epnet_cuda_check(send_all(problem, source, first, stream, s), error);
    }
    free(source);
    if (status != EPNET_OK) {
        epnet_cuda_problem_free(s);
        return status;
    }
    s->problem = (EpnetCudaProblem){
        .nodes = problem->nodes,
        .edge_count = (int)problem->edge_count,
        .cut_count = (int)problem->cut_count,
        .width = (int)epnet_row_width(problem->cut_count),
        .method = (int)problem->method,
        .time_count = (int)problem->time_count,
        .tolerance = problem->tolerance,
        .dt = problem->dt,
        .first_edge = s->first_edge.device,
        .source = s->source.device,
        .cuts = s->cuts.device,
        .times = s->times.device,
        .steps = s->steps.device,
        .initial = s->initial.device,
        .leak = problem->leak,
    };
    return EPNET_OK;
}

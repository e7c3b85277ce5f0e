#include "cases.h"

#include "../random_stream.h"
#include "../status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t PURPOSE = 0x62656e63; /* of the random streams */

static double between(EpnetRandomStream *stream, double low, double high) {
    return low + (high - low) * epnet_random_uniform(stream);
}

static double between_log(EpnetRandomStream *stream, double low, double high) {
    return low * pow(high / low, epnet_random_uniform(stream));
}

void epnet_bench_case_free(EpnetBenchCase *item) {
    free(item->points);
    free(item->ends);
    free(item->parameters);
    free(item->initial);
    free(item->times);
    memset(item, 0, sizeof *item);
}

/* Everything but the points' numbers. */
static EpnetStatus make(const EpnetBenchShape *shape, EpnetBenchCase *item, EpnetError *error) {
    const size_t nodes = (size_t)shape->nodes, edges = nodes * (nodes - 1), states = (size_t)1 << nodes;
    const size_t parameters = 2 * (nodes + edges), count = shape->points > 0 ? shape->points : 1;
    memset(item, 0, sizeof *item);
    item->count = count;
    item->points = epnet_calloc(count, sizeof *item->points);
    item->ends = epnet_calloc(2 * edges, sizeof *item->ends);
    item->parameters = epnet_calloc(count * parameters, sizeof *item->parameters);
    item->times = epnet_calloc(shape->samples, sizeof *item->times);
    item->initial = shape->samples > 0 ? epnet_calloc(states, sizeof *item->initial) : NULL;
    if (item->points == NULL || item->ends == NULL || item->parameters == NULL || item->times == NULL ||
        (shape->samples > 0 && item->initial == NULL))
        return epnet_fail_memory(error, states * sizeof(double), "a case of the bench");
    size_t e = 0;
    for (int i = 0; i < shape->nodes; i++) {
        for (int j = 0; j < shape->nodes; j++) {
            if (i == j)
                continue;
            item->ends[e] = i;
            item->ends[edges + e++] = j;
        }
    }
    for (size_t k = 0; k < count; k++) {
        const double *own = item->parameters + k * parameters;
        item->points[k] = (EpnetPoint){own, own + nodes, own + 2 * nodes, own + 2 * nodes + edges, 0};
    }
    for (size_t t = 0; t < shape->samples; t++)
        item->times[t] =
            shape->samples == 1 ? shape->t_end : shape->t_end * (double)t / (double)(shape->samples - 1);
    if (shape->samples > 0)
        item->initial[0] = 1;
    item->cut = shape->nodes > 2 ? 3 : 1;
    item->problem = (EpnetProblem){.nodes = shape->nodes,
                                   .edge_count = edges,
                                   .source = item->ends,
                                   .target = item->ends + edges,
                                   .cut_count = shape->has_cut && shape->nodes > 1 ? 1 : 0,
                                   .cuts = &item->cut,
                                   .initial = item->initial,
                                   .kind = shape->samples > 0 ? EPNET_TRAJECTORY : EPNET_STATIONARY,
                                   .method = EPNET_CHEBYSHEV,
                                   .tolerance = 1e-9,
                                   .time_count = shape->samples,
                                   .times = item->times};
    return EPNET_OK;
}

EpnetStatus epnet_bench_random(const EpnetBenchShape *shape, EpnetBenchCase *item, EpnetError *error) {
    const EpnetStatus status = make(shape, item, error);
    if (status != EPNET_OK)
        return status;
    const size_t nodes = (size_t)shape->nodes, edges = item->problem.edge_count;
    for (size_t k = 0; k < item->count; k++) {
        EpnetRandomStream stream = epnet_random_stream((uint64_t)nodes, PURPOSE, k);
        double *own = item->parameters + k * 2 * (nodes + edges), *rate = own + 2 * nodes, sum = 0;
        for (size_t i = 0; i < 2 * nodes; i++)
            own[i] = between_log(&stream, 0.3, 3);
        for (size_t e = 0; e < edges; e++) {
            rate[e] = between_log(&stream, 0.1, 10);
            rate[edges + e] = between(&stream, 0.5, 4);
            sum += rate[e];
        }
        const double total = between(&stream, 0.5, 5);
        for (size_t e = 0; e < edges; e++)
            rate[e] *= total / sum;
    }
    return EPNET_OK;
}

EpnetStatus epnet_bench_equal(const EpnetBenchShape *shape, EpnetBenchEqual equal, EpnetBenchCase *item,
                              EpnetError *error) {
    const EpnetStatus status = make(shape, item, error);
    if (status != EPNET_OK)
        return status;
    const size_t nodes = (size_t)shape->nodes, edges = item->problem.edge_count;
    for (size_t k = 0; k < item->count; k++) {
        double *own = item->parameters + k * 2 * (nodes + edges);
        for (size_t i = 0; i < nodes; i++) {
            own[i] = equal.flip_up;
            own[nodes + i] = equal.flip_down;
        }
        for (size_t e = 0; e < edges; e++) {
            own[2 * nodes + e] = equal.copy_rate;
            own[2 * nodes + edges + e] = equal.drive;
        }
    }
    return EPNET_OK;
}

double epnet_bench_rate(const EpnetProblem *problem, const EpnetPoint *point, int j, uint64_t s) {
    const int x = (int)(s >> j & 1);
    double rate = x == 0 ? point->flip_up[j] : point->flip_down[j];
    for (size_t e = 0; e < problem->edge_count; e++) {
        if (problem->target[e] != j)
            continue;
        const bool differs = (int)(s >> problem->source[e] & 1) != x;
        rate += differs ? point->rate[e] : point->rate[e] * exp(-point->drive[e]);
    }
    return rate;
}

double epnet_bench_exit_max(const EpnetProblem *problem, const EpnetPoint *point) {
    double largest = 0;
    for (uint64_t s = 0; s < (uint64_t)1 << problem->nodes; s++) {
        double exit = 0;
        for (int j = 0; j < problem->nodes; j++)
            exit += epnet_bench_rate(problem, point, j, s);
        largest = fmax(largest, exit);
    }
    return largest;
}

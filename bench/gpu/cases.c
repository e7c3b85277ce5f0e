#include "cases.h"

#include "oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *gpu_network_name(GpuNetworkKind kind) {
    static const char *const names[GPU_NETWORK_KINDS] = {"generic",          "one-way",  "zero rates",
                                                         "near equilibrium", "complete", "ring"};
    return names[kind];
}

const char *gpu_start_name(GpuStart start) {
    static const char *const names[] = {"pure", "random", "uniform", "stationary"};
    return names[start];
}

const char *gpu_method_name(EpnetMethod method) {
    static const char *const names[] = {"euler", "rk4", "chebyshev", "uniformization"};
    return names[method];
}

double *gpu_case_parameters(const GpuCase *item, size_t k) {
    return item->parameters + k * 2 * ((size_t)item->shape.nodes + item->network.edge_count);
}

/* ---- networks ------------------------------------------------------------------------------------------ */

static TestNetwork make_network(TestRandom *random, const GpuShape *shape) {
    const int nodes = shape->nodes;
    const double some = nodes <= 6 ? 0.8 : 4.0 / nodes, /* some four sources of a node */
        density = shape->network == GPU_COMPLETE ? 1 : some;
    TestNetwork network;
    switch (shape->network) {
    case GPU_NEAR_EQUILIBRIUM:
        network = test_network_random(random, nodes, density, 0.3, 3, TEST_DRIVES_FINITE);
        for (size_t e = 0; e < network.edge_count; e++)
            network.drive[e] = test_random_log(random, 1e-5, 1e-4);
        test_network_set_flips(&network, 1, 1);
        return network;
    case GPU_RING:
        network = test_network_ring(nodes > 1 ? nodes : 2, 10, 6);
        network.edge_count = nodes > 1 ? network.edge_count : 0;
        network.nodes = nodes;
        test_network_set_flips(&network, 0.1, 0.12);
        return network;
    case GPU_ZERO_RATES:
        network = test_network_random(random, nodes, density, 0.3, 3, TEST_DRIVES_MIXED);
        for (int i = 0; i < nodes; i++)
            if (i % 2 == 1)
                network.flip_up[i] = 0;
        return network;
    case GPU_ONE_WAY:
        return test_network_random(random, nodes, density, 0.3, 3, TEST_DRIVES_MIXED);
    default:
        return test_network_random(random, nodes, density, 0.3, 3, TEST_DRIVES_FINITE);
    }
}

/* Every rate of the network, times a number of its own; drives stay. */
static void vary(TestRandom *random, const TestNetwork *network, double *parameters) {
    const size_t nodes = (size_t)network->nodes, edges = network->edge_count;
    for (size_t i = 0; i < nodes; i++) {
        parameters[i] = network->flip_up[i] * test_random_log(random, 0.5, 2);
        parameters[nodes + i] = network->flip_down[i] * test_random_log(random, 0.5, 2);
    }
    for (size_t e = 0; e < edges; e++) {
        parameters[2 * nodes + e] = network->rate[e] * test_random_log(random, 0.5, 2);
        parameters[2 * nodes + edges + e] = network->drive[e];
    }
}

static double exit_bound(const EpnetPoint *point, size_t nodes, size_t edges) {
    double bound = 0;
    for (size_t i = 0; i < nodes; i++)
        bound += fmax(point->flip_up[i], point->flip_down[i]);
    for (size_t e = 0; e < edges; e++)
        bound += point->rate[e];
    return bound;
}

size_t gpu_case_distinct(const GpuShape *shape) {
    return shape->distinct > 0 && shape->distinct < shape->points ? shape->distinct : shape->points;
}

static void make_points(TestRandom *random, GpuCase *item) {
    const size_t nodes = (size_t)item->shape.nodes, edges = item->network.edge_count,
                 count = item->shape.points, distinct = gpu_case_distinct(&item->shape);
    item->parameters = oracle_allocate(count * 2 * (nodes + edges), sizeof(double));
    item->points = oracle_allocate(count, sizeof(EpnetPoint));
    for (size_t k = 0; k < count; k++) {
        double *own = gpu_case_parameters(item, k);
        if (k < distinct)
            vary(random, &item->network, own);
        else
            memcpy(own, gpu_case_parameters(item, k - distinct), 2 * (nodes + edges) * sizeof *own);
        item->points[k] = (EpnetPoint){own, own + nodes, own + 2 * nodes, own + 2 * nodes + edges, 0};
        item->exit_bound = fmax(item->exit_bound, exit_bound(&item->points[k], nodes, edges));
    }
}

/* ---- start, times, cuts -------------------------------------------------------------------------------- */

static double *make_start(TestRandom *random, const GpuShape *shape) {
    const size_t states = (size_t)1 << shape->nodes;
    if (shape->kind == EPNET_STATIONARY || shape->start == GPU_STATIONARY)
        return NULL;
    switch (shape->start) {
    case GPU_PURE:
        return test_law_pure(states, test_random_below(random, states));
    case GPU_UNIFORM:
        return test_law_uniform(states);
    default:
        return test_law_random(random, states, 0.2);
    }
}

/* Euler and RK4 take steps of a quarter of the shortest stay or less, a whole number of them in an interval.
 */
static void make_times(GpuCase *item) {
    const GpuShape *shape = &item->shape;
    EpnetProblem *problem = &item->problem;
    if (shape->kind == EPNET_STATIONARY)
        return;
    const size_t intervals = shape->samples > 1 ? shape->samples - 1 : 1;
    const double interval = shape->t_end / (double)intervals;
    const uint64_t steps = (uint64_t)ceil(interval * item->exit_bound * 4);
    item->times = oracle_allocate(shape->samples, sizeof(double));
    item->steps = oracle_allocate(shape->samples, sizeof(uint64_t));
    for (size_t k = 0; k < shape->samples; k++) {
        const size_t passed = shape->samples > 1 ? k : 1;
        item->times[k] = interval * (double)passed;
        item->steps[k] = steps * passed;
    }
    problem->dt = interval / (double)steps;
    problem->time_count = shape->samples;
    problem->times = item->times;
    if (shape->method == EPNET_EULER || shape->method == EPNET_RK4)
        problem->steps = item->steps;
}

/* Node 0 alone, nodes 0 and the last, every other node: those that leave something on both sides. */
static void make_cuts(GpuCase *item) {
    const int nodes = item->shape.nodes;
    const uint64_t all = ((uint64_t)1 << nodes) - 1;
    const uint64_t wished[] = {1, 1 | (uint64_t)1 << (nodes - 1), UINT64_C(0x5555555555555555) & all};
    item->cuts = oracle_allocate(3, sizeof(uint64_t));
    for (size_t c = 0; c < item->shape.cuts && c < 3; c++)
        if (wished[c] != all)
            item->cuts[item->problem.cut_count++] = wished[c];
    item->problem.cuts = item->cuts;
}

GpuCase gpu_case_make(const GpuShape *shape) {
    GpuCase item = {.shape = *shape};
    TestRandom random = test_random(shape->seed * 64 + (uint64_t)shape->nodes);
    item.network = make_network(&random, shape);
    make_points(&random, &item);
    item.initial = make_start(&random, shape);
    item.problem = test_network_problem(&item.network, item.initial);
    item.problem.kind = shape->kind;
    item.problem.method = shape->method;
    item.problem.tolerance = shape->tolerance;
    make_times(&item);
    make_cuts(&item);
    return item;
}

void gpu_case_free(GpuCase *item) {
    test_network_free(&item->network);
    free(item->points);
    free(item->parameters);
    free(item->initial);
    free(item->times);
    free(item->steps);
    free(item->cuts);
    memset(item, 0, sizeof *item);
}

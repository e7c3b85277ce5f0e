#include "engine.h"

#include "check.h"
#include "cpu/apply.h"
#include "cpu/cpu_backend.h"
#include "cpu/evolve.h"
#include "cpu/stationary.h"
#include "cpu/vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

TestRows test_rows(const EpnetProblem *problem, const EpnetPoint *points, size_t count, int threads) {
    TestRows result = {.count = count, .width = epnet_row_width(problem->cut_count)};
    EpnetError error = {.status = EPNET_OK};
    void *context = NULL;
    EpnetBatch batch = {.problem = problem, .count = count, .points = points};
    result.rows.status = oracle_allocate(count, sizeof(int));
    result.rows.last = oracle_allocate(count * result.width, sizeof(double));
    result.rows.point = oracle_allocate(count * EPNET_POINT_COLUMNS, sizeof(double));
    result.rows.applications = oracle_allocate(count, sizeof(double)); /* zeros */
    if (problem->leak.kind == EPNET_LEAK_QUENCH && count == 1)
        result.rows.leak_curve = oracle_allocate(2 * problem->leak.samples, sizeof(double));
    if (problem->kind == EPNET_TRAJECTORY) {
        result.rows.extremes = oracle_allocate(count * EPNET_EXTREMES, sizeof(double));
        result.rows.trajectory = oracle_allocate(count * problem->time_count * result.width, sizeof(double));
    }
    assert_int_equal(epnet_cpu_backend.open(problem, 0, threads, &context, &error), EPNET_OK);
    assert_int_equal(epnet_cpu_backend.solve(context, &batch, &result.rows, &error), EPNET_OK);
    epnet_cpu_backend.close(context);
    return result;
}

void test_rows_free(TestRows *rows) {
    free(rows->rows.status);
    free(rows->rows.last);
    free(rows->rows.point);
    free(rows->rows.applications);
    free(rows->rows.leak_curve);
    free(rows->rows.extremes);
    free(rows->rows.trajectory);
}

double *test_row_of(const TestNetwork *network, const double *p, const uint64_t *cuts, size_t cut_count) {
    const double now = 0;
    EpnetProblem problem = test_network_problem(network, p);
    EpnetPoint point = test_network_point(network);
    problem.tolerance = 1e-12; /* a row to full precision */
    problem.time_count = 1;
    problem.times = &now;
    problem.cuts = cuts;
    problem.cut_count = cut_count;
    TestRows rows = test_rows(&problem, &point, 1, 1);
    assert_int_equal(rows.rows.status[0], EPNET_POINT_OK);
    double *row = oracle_allocate(rows.width, sizeof(double));
    memcpy(row, rows.rows.last, rows.width * sizeof(double));
    test_rows_free(&rows);
    return row;
}

EpnetPointStatus test_states(const EpnetProblem *problem, const EpnetPoint *point, double *states) {
    EpnetGenerator generator;
    EpnetEvolution evolution;
    size_t count = (size_t)1 << problem->nodes;
    assert_true(epnet_generator_alloc(&generator, problem->nodes));
    assert_true(epnet_evolution_alloc(&evolution, problem));
    epnet_generator_set(&generator, problem, point, NULL, true);
    EpnetPointStatus status = epnet_evolution_start(&evolution, &generator, problem->initial);
    for (size_t k = 0; k < problem->time_count && status == EPNET_POINT_OK; k++) {
        status = epnet_evolution_advance(&evolution, k);
        memcpy(states + k * count, evolution.p, count * sizeof(double));
    }
    epnet_evolution_free(&evolution);
    epnet_generator_free(&generator);
    return status;
}

EpnetPointStatus test_stationary(const TestNetwork *network, double *pi, double *residual) {
    EpnetGenerator generator;
    EpnetStationary stationary;
    EpnetProblem problem = test_network_problem(network, NULL);
    EpnetPoint point = test_network_point(network);
    size_t count = (size_t)1 << network->nodes;
    double *image = oracle_allocate(count, sizeof(double));
    assert_true(epnet_generator_alloc(&generator, network->nodes));
    assert_true(epnet_stationary_alloc(&stationary, network->nodes));
    epnet_generator_set(&generator, &problem, &point, NULL, true);
    EpnetPointStatus status = epnet_stationary_solve(&stationary, &generator);
    memcpy(pi, stationary.p, count * sizeof(double));
    epnet_cpu_apply(&generator, pi, image);
    *residual = epnet_norm1(NULL, count, image) / generator.exit_max;
    epnet_stationary_free(&stationary);
    epnet_generator_free(&generator);
    free(image);
    return status;
}

double test_distance(size_t states, const double *a, const Real *b) {
    Real sum = 0;
    for (size_t s = 0; s < states; s++)
        sum += fabsl(a[s] - b[s]);
    return (double)sum;
}

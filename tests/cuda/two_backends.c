#include "two_backends.h"

#include "cpu/cpu_backend.h"
#include "cuda_backend.h"
#include "emulation.h"
#include "support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

TestRows two_backends_rows(const EpnetProblem *problem, size_t count, bool kept) {
    TestRows result = {.count = count, .width = epnet_row_width(problem->cut_count)};
    result.rows.status = oracle_allocate(count, sizeof(int));
    result.rows.last = oracle_allocate(count * result.width, sizeof(double));
    result.rows.point = oracle_allocate(count * EPNET_POINT_COLUMNS, sizeof(double));
    if (problem->leak.kind == EPNET_LEAK_QUENCH && count == 1)
        result.rows.leak_curve = oracle_allocate(2 * problem->leak.samples, sizeof(double));
    if (problem->kind == EPNET_TRAJECTORY)
        result.rows.extremes = oracle_allocate(count * EPNET_EXTREMES, sizeof(double));
    if (problem->kind == EPNET_TRAJECTORY && kept)
        result.rows.trajectory = oracle_allocate(count * problem->time_count * result.width, sizeof(double));
    return result;
}

TestRows two_backends_solve(const EpnetBackend *backend, int device, const EpnetProblem *problem,
                            const EpnetPoint *points, size_t count, bool kept) {
    TestRows result = two_backends_rows(problem, count, kept);
    EpnetError error = {.status = EPNET_OK};
    void *context = NULL;
    const EpnetBatch batch = {.problem = problem, .count = count, .points = points};
    if (backend->open(problem, device, 1, &context, &error) != EPNET_OK ||
        backend->solve(context, &batch, &result.rows, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    backend->close(context);
    return result;
}

static void compare_values(double cpu, double cuda, double relative, double absolute, const char *what,
                           size_t point, size_t at) {
    if (isnan(cpu) != isnan(cuda) || isinf(cpu) != isinf(cuda))
        fail_msg("%s of point %zu, value %zu: %.17g on the CPU, %.17g with CUDA", what, point, at, cpu, cuda);
    if (isnan(cpu) || cpu == cuda)
        return;
    if (!(fabs(cpu - cuda) <= absolute + relative * fmax(fabs(cpu), fabs(cuda))))
        fail_msg("%s of point %zu, value %zu: %.17g on the CPU, %.17g with CUDA, difference %.3g", what,
                 point, at, cpu, cuda, cuda - cpu);
}

static void compare_rows(const double *cpu, const double *cuda, size_t rows, size_t width, double relative,
                         double absolute, const char *what, size_t point) {
    for (size_t r = 0; r < rows; r++) {
        const double activity = cpu[r * width + EPNET_ACTIVITY];
        for (size_t c = 0; c < width; c++)
            compare_values(cpu[r * width + c], cuda[r * width + c], relative, absolute * (1 + activity), what,
                           point, r * width + c);
    }
}

void two_backends_compare(const EpnetProblem *problem, const TestRows *cpu, const TestRows *cuda,
                          double relative, double absolute) {
    const size_t width = cpu->width;
    const bool has_columns = problem->constant_drive || problem->leak.kind != EPNET_LEAK_NONE;
    for (size_t k = 0; cpu->rows.leak_curve != NULL && k < 2 * problem->leak.samples; k++)
        compare_values(cpu->rows.leak_curve[k], cuda->rows.leak_curve[k], relative, absolute, "curve", 0, k);
    for (size_t k = 0; k < cpu->count; k++) {
        if (cpu->rows.status[k] != cuda->rows.status[k])
            fail_msg("status of point %zu: %d on the CPU, %d with CUDA", k, cpu->rows.status[k],
                     cuda->rows.status[k]);
        compare_rows(cpu->rows.last + k * width, cuda->rows.last + k * width, 1, width, relative, absolute,
                     "row", k);
        for (size_t c = 0; c < EPNET_POINT_COLUMNS; c++)
            compare_values(has_columns ? cpu->rows.point[k * EPNET_POINT_COLUMNS + c] : NAN,
                           cuda->rows.point[k * EPNET_POINT_COLUMNS + c], relative, absolute, "column", k, c);
        /* The times of extremes are those of samples, and two of those may be as high but for rounding. */
        for (size_t c = 0; cpu->rows.extremes != NULL && c < EPNET_EXTREMES; c += 2) {
            const size_t at = k * EPNET_EXTREMES + c;
            compare_values(cpu->rows.extremes[at], cuda->rows.extremes[at], relative, 10 * absolute,
                           "extreme", k, c);
            assert_int_equal(isnan(cpu->rows.extremes[at + 1]), isnan(cuda->rows.extremes[at + 1]));
        }
        if (cpu->rows.trajectory != NULL && cuda->rows.trajectory != NULL)
            compare_rows(cpu->rows.trajectory + k * problem->time_count * width,
                         cuda->rows.trajectory + k * problem->time_count * width, problem->time_count, width,
                         relative, absolute, "trajectory", k);
    }
}

void two_backends_same_bytes(const EpnetProblem *problem, const TestRows *all, const TestRows *part,
                             size_t from) {
    const size_t width = all->width, kept = problem->time_count * width, n = part->count;
    assert_memory_equal(all->rows.status + from, part->rows.status, n * sizeof(int));
    assert_memory_equal(all->rows.last + from * width, part->rows.last, n * width * sizeof(double));
    assert_memory_equal(all->rows.point + from * EPNET_POINT_COLUMNS, part->rows.point,
                        n * EPNET_POINT_COLUMNS * sizeof(double));
    if (all->rows.extremes != NULL)
        assert_memory_equal(all->rows.extremes + from * EPNET_EXTREMES, part->rows.extremes,
                            n * EPNET_EXTREMES * sizeof(double));
    if (all->rows.trajectory != NULL && part->rows.trajectory != NULL)
        assert_memory_equal(all->rows.trajectory + from * kept, part->rows.trajectory,
                            n * kept * sizeof(double));
}

/* ---- points and problems ------------------------------------------------------------------------------ */

TestPoints test_points_make(TestRandom *random, TestNetwork network, size_t count) {
    const size_t nodes = (size_t)network.nodes, edges = network.edge_count, each = 2 * nodes + 2 * edges;
    TestPoints p = {network, count, oracle_allocate(count, sizeof(EpnetPoint)),
                    oracle_allocate(count * each + 1, sizeof(double))};
    for (size_t k = 0; k < count; k++) {
        double *up = p.storage + k * each, *down = up + nodes, *rate = down + nodes, *drive = rate + edges;
        for (size_t i = 0; i < nodes; i++) {
            up[i] = network.flip_up[i] * test_random_log(random, 0.3, 3);
            down[i] = network.flip_down[i] * test_random_log(random, 0.3, 3);
        }
        for (size_t e = 0; e < edges; e++) {
            rate[e] = network.rate[e] * test_random_log(random, 0.3, 3);
            drive[e] = network.drive[e] * test_random_uniform(random);
        }
        p.points[k] = (EpnetPoint){up, down, rate, drive, 0};
    }
    return p;
}

void test_points_free(TestPoints *p) {
    test_network_free(&p->network);
    free(p->points);
    free(p->storage);
}

int two_backends_set_up(void **state) {
    (void)state;
    epnet_emulation_reset();
    return 0;
}

int two_backends_tear_down(void **state) {
    (void)state;
    const EpnetEmulationHeld held = epnet_emulation_held();
    return held.allocations == 0 && held.streams == 0 && held.events == 0 ? 0 : -1;
}

static const double times[] = {0, 0.15, 0.6, 0.61, 2.5};

EpnetProblem two_backends_trajectory(const TestPoints *p, const double *initial, size_t time_count,
                                     const uint64_t *cuts, size_t cut_count) {
    EpnetProblem problem = test_network_problem(&p->network, initial);
    problem.tolerance = 1e-11;
    problem.times = times;
    problem.time_count = time_count;
    problem.cuts = cuts;
    problem.cut_count = cut_count;
    return problem;
}

EpnetProblem two_backends_stationary(const TestPoints *p, const uint64_t *cuts, size_t cut_count) {
    EpnetProblem problem = test_network_problem(&p->network, NULL);
    problem.kind = EPNET_STATIONARY;
    problem.cuts = cuts;
    problem.cut_count = cut_count;
    return problem;
}

void two_backends_check(const EpnetProblem *problem, const TestPoints *p, EpnetPointStatus status,
                        double relative, double absolute) {
    TestRows cpu = two_backends_solve(&epnet_cpu_backend, 0, problem, p->points, p->count, true);
    for (size_t k = 0; k < p->count; k++)
        assert_int_equal(cpu.rows.status[k], status);
    TestRows cuda = two_backends_solve(&epnet_cuda_backend, 0, problem, p->points, p->count, true);
    two_backends_compare(problem, &cpu, &cuda, relative, absolute);
    test_rows_free(&cpu);
    test_rows_free(&cuda);
}

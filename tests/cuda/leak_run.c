#include "leak_run.h"

#include "cpu/cpu_backend.h"
#include "cuda_backend.h"
#include "support/check.h"

static const double *decay_times(void) {
    static double times[LEAK_RUN_TIMES];
    for (size_t k = 0; k < LEAK_RUN_TIMES; k++)
        times[k] = 0.25 * (double)k;
    return times;
}

EpnetProblem leak_run_quench(EpnetProblem problem, size_t samples, size_t bootstrap) {
    problem.leak = (EpnetLeakSettings){EPNET_LEAK_QUENCH, {0.5, 0.01}, samples, bootstrap, 77};
    return problem;
}

EpnetProblem leak_run_decay(const TestPoints *p, const double *initial, const uint64_t *cuts,
                            size_t cut_count) {
    EpnetProblem problem = two_backends_trajectory(p, initial, 1, cuts, cut_count);
    problem.times = decay_times();
    problem.time_count = LEAK_RUN_TIMES;
    problem.leak = (EpnetLeakSettings){EPNET_LEAK_DECAY, {0.5, 0.02}, 3, 101, UINT64_C(5) << 33 | 1};
    return problem;
}

TestPoints leak_run_points(TestRandom *random, int nodes, size_t count) {
    return test_points_make(random, test_network_random(random, nodes, 0.8, 0.5, 3, TEST_DRIVES_MIXED),
                            count);
}

size_t leak_run_check(const EpnetProblem *problem, const TestPoints *p, double relative) {
    TestRows cpu = two_backends_solve(&epnet_cpu_backend, 0, problem, p->points, p->count, true);
    TestRows cuda = two_backends_solve(&epnet_cuda_backend, 0, problem, p->points, p->count, true);
    two_backends_compare(problem, &cpu, &cuda, relative, 1e-9);
    size_t solved = 0;
    for (size_t k = 0; k < p->count; k++) {
        const double *columns = cuda.rows.point + k * EPNET_POINT_COLUMNS;
        if (cuda.rows.status[k] != EPNET_POINT_OK)
            continue;
        assert_true(columns[EPNET_LEAK] > 0 && columns[EPNET_LEAK_LOW] <= columns[EPNET_LEAK_HIGH]);
        solved++;
    }
    test_rows_free(&cpu);
    test_rows_free(&cuda);
    return solved;
}

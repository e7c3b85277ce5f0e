/* Times of method = "split": one step and one row, on one vector. */
#include "../cpu/split.h"
#include "../status.h"
#include "bench.h"
#include "limits.h"

#include <math.h>
#include <stdlib.h>

/* One point from the uniform law, as the case has it, with a team of its own. */
typedef struct Work {
    EpnetSplit split;
    EpnetTeam *team;
    double *row;
} Work;

static EpnetStatus step_once(void *argument, EpnetError *error) {
    Work *work = argument;
    (void)error;
    epnet_split_advance(&work->split.step, work->split.p, 1, NULL);
    return EPNET_OK;
}

static EpnetStatus observe_once(void *argument, EpnetError *error) {
    Work *work = argument;
    (void)error;
    epnet_split_observe(&work->split.observer, work->split.p, work->row);
    return EPNET_OK;
}

static void work_close(Work *work) {
    epnet_split_free(&work->split);
    epnet_team_close(work->team);
    free(work->row);
}

/* Close it also after a failure. */
static EpnetStatus work_open(const EpnetBenchCase *item, int threads, Work *work, EpnetError *error) {
    const EpnetProblem *problem = &item->problem;
    const size_t states = (size_t)1 << problem->nodes;
    *work = (Work){.team = NULL};
    work->row = epnet_calloc(epnet_row_width(problem->cut_count), sizeof *work->row);
    EpnetStatus status = threads > 1 ? epnet_team_open(threads, &work->team, error) : EPNET_OK;
    if (status == EPNET_OK && (!epnet_split_alloc(&work->split, problem, work->team) || work->row == NULL))
        status = epnet_fail_memory(error, epnet_split_bytes(problem, threads), "the split method");
    if (status != EPNET_OK)
        return status;
    for (size_t s = 0; s < states; s++)
        work->split.p[s] = 1 / (double)states;
    epnet_split_observer_set(&work->split.observer, &item->points[0]);
    epnet_split_first_steps(&work->split, &item->points[0]); /* the turnovers */
    epnet_split_step_set(&work->split.step, &work->split.observer.rates, work->split.turnover, 0.1);
    return EPNET_OK;
}

/* `passes`: reads and writes of the vector. */
static void report(const EpnetBench *bench, const char *name, int threads, Work *work, double passes,
                   const EpnetBenchTiming *timing) {
    const EpnetProblem *problem = work->split.problem;
    const double states = ldexp(1, problem->nodes);
    EpnetBenchRow row = epnet_bench_row("split", name, problem->nodes, 1, threads);
    const double copy =
        epnet_bench_copy_seconds((size_t)states, work->team, bench->options->quick ? 1e-3 : 2e-2);
    row.value = 1e6 * timing->median;
    row.low = 1e6 * timing->low;
    row.high = 1e6 * timing->high;
    row.unit = "us";
    row.ns_per_state_bit = 1e9 * timing->median / (states * problem->nodes);
    row.of_copy = copy < 0 || passes == 0 ? NAN : passes * copy / timing->median;
    epnet_bench_report(bench, &row);
}

static EpnetStatus time_split(EpnetBench *bench, const EpnetBenchCase *item, int threads, EpnetError *error) {
    Work work;
    EpnetBenchTiming timings[2];
    EpnetStatus status = work_open(item, threads, &work, error);
    const bool alone = threads == 1;
    const EpnetBenchBody bodies[] = {{step_once, &work, alone}, {observe_once, &work, alone}};
    if (status == EPNET_OK)
        status =
            epnet_bench_measure(bench, bodies, 2, bench->options->quick ? 2e-3 : 5e-2, timings, NULL, error);
    if (status == EPNET_OK) {
        const double passes = work.split.step.shape.high > 0 ? 2 : 1;
        report(bench, "a step: nodes twice", threads, &work, passes, &timings[0]);
        report(bench, "a row, no cut", threads, &work, 0, &timings[1]);
    }
    work_close(&work);
    return status;
}

EpnetStatus epnet_bench_split(EpnetBench *bench, int nodes, EpnetError *error) {
    EpnetBenchShape shape = {.nodes = nodes, .points = 1};
    EpnetBenchCase item;
    EpnetStatus status = epnet_bench_random(&shape, &item, error);
    const double times[] = {1};
    item.problem.kind = EPNET_TRAJECTORY;
    item.problem.method = EPNET_SPLIT;
    item.problem.tolerance = 1e-3;
    item.problem.times = times;
    item.problem.time_count = 1;
    if (status == EPNET_OK)
        status = time_split(bench, &item, 1, error);
    if (status == EPNET_OK && bench->threads > 1 && epnet_split_shape(nodes).high > 0)
        status = time_split(bench, &item, bench->threads, error);
    epnet_bench_case_free(&item);
    return status;
}

/* Streaming sizes: one application of L. The time of an application is the difference between a run of many
 * Euler steps and one of few, so that transfers, tables and columns drop out. */
#include "bench.h"

#include "bounds.h"

#include <math.h>
#include <stdio.h>

typedef struct Steps {
    const GpuBench *bench;
    void *context;
    const GpuCase *item;
    GpuRows rows;
    EpnetError error;
} Steps;

static bool run_steps(void *argument) {
    Steps *run = argument;
    return gpu_solve_in(&run->bench->subject, run->context, &run->item->problem, run->item->points, 1,
                        &run->rows, &run->error) == EPNET_OK;
}

/* Enough steps to be timed well, few enough for the emulation and for the largest networks. */
static uint64_t steps_of(const GpuBench *bench, int nodes) {
    if (bench->size != GPU_FULL)
        return 20;
    const double wanted = ldexp(2000, 20 - nodes);
    return wanted > 4000 ? 4000 : wanted < 10 ? 10 : (uint64_t)wanted;
}

static void report_application(const GpuBench *bench, int nodes, const GpuTiming *few, const GpuTiming *many,
                               uint64_t steps, double copies) {
    static const char name[] = "one application of L";
    const double count = 2 * (double)steps;
    if (many->median <= few->median) {
        gpu_report_absence(bench->report, "application", name, nodes,
                           "the noise of this machine is longer than it");
        return;
    }
    const GpuTiming each = {(many->median - few->median) / count, (many->low - few->high) / count,
                            (many->high - few->low) / count, many->repeats};
    const GpuLine line = {"application",
                          name,
                          nodes,
                          1,
                          "time",
                          1e3 * each.median,
                          1e3 * each.low,
                          1e3 * each.high,
                          "ms",
                          NAN,
                          "",
                          "Euler steps: difference of two runs"};
    char note[160];
    gpu_report_line(bench->report, &line);
    snprintf(note, sizeof note, "2^N probabilities read and written once; %.3g ns per state and bit",
             1e9 * each.median / ldexp(nodes, nodes));
    gpu_bench_rate(bench, "application", name, nodes, 1, "bytes", "GB/s", gpu_bound_bytes(nodes) / 1e9, &each,
                   copies / 1e9, note);
}

/* One point from the uniform law to the end of `steps` steps. */
static GpuCase make_case(int nodes, uint64_t steps) {
    const GpuShape shape = {.nodes = nodes,
                            .points = 1,
                            .network = GPU_GENERIC,
                            .start = GPU_UNIFORM,
                            .kind = EPNET_TRAJECTORY,
                            .method = EPNET_EULER,
                            .tolerance = 1e-9,
                            .t_end = 1,
                            .samples = 1,
                            .seed = 83};
    GpuCase item = gpu_case_make(&shape);
    item.problem.dt = 0.1 / item.exit_bound;
    item.steps[0] = steps;
    item.times[0] = item.problem.dt * (double)steps;
    return item;
}

/* False, with run->error, if the device refuses; a context borrows its problem, so that each has its own. */
static bool time_steps(const GpuBench *bench, int nodes, uint64_t steps, GpuTiming *timing,
                       EpnetError *error) {
    const GpuEngine *subject = &bench->subject;
    GpuCase item = make_case(nodes, steps);
    Steps run = {.bench = bench,
                 .item = &item,
                 .rows = gpu_rows_make(&item.problem, 1, false),
                 .error = {.status = EPNET_OK}};
    bool good = subject->backend->open(&item.problem, subject->device, subject->threads, &run.context,
                                       &run.error) == EPNET_OK;
    if (good) {
        good = gpu_measure(run_steps, &run, 3, timing);
        subject->backend->close(run.context);
    }
    if (good && run.rows.rows.status[0] != EPNET_POINT_OK) {
        good = false;
        snprintf(run.error.message, sizeof run.error.message, "the point has status %d",
                 run.rows.rows.status[0]);
    }
    *error = run.error;
    gpu_rows_free(&run.rows);
    gpu_case_free(&item);
    return good;
}

/* Whether the device takes a network of this size at all; if not, the report says why. */
static bool is_accepted(const GpuBench *bench, const char *name, int nodes) {
    EpnetError error;
    int threads = bench->subject.threads;
    GpuCase item = make_case(nodes, 1);
    const bool accepted =
        bench->subject.backend->accept(&item.problem, bench->subject.device, &threads, &error) == EPNET_OK;
    if (!accepted)
        gpu_report_absence(bench->report, "application", name, nodes, error.message);
    gpu_case_free(&item);
    return accepted;
}

static void bench_size(const GpuBench *bench, int nodes, double copies) {
    static const char name[] = "one application of L";
    const uint64_t steps = steps_of(bench, nodes);
    EpnetError error = {.status = EPNET_OK};
    GpuTiming few, many;
    if (!gpu_bench_goes_on(bench, name, nodes) || !is_accepted(bench, name, nodes))
        return;
    if (time_steps(bench, nodes, steps, &few, &error) && time_steps(bench, nodes, 3 * steps, &many, &error))
        report_application(bench, nodes, &few, &many, steps, copies);
    else
        gpu_report_failure(bench->report, name, nodes, error.message);
}

/* Bytes per second of copies, NaN where they cannot be measured; a line of the report. */
static double bench_copies(const GpuBench *bench) {
    const size_t bytes = (size_t)1 << (bench->size == GPU_FULL ? 30 : 20);
    const double rate = bench->copy_rate != NULL ? bench->copy_rate(bench->subject.device, bytes) : NAN;
    const GpuLine line = {"application",
                          "copy within the device",
                          0,
                          0,
                          "bytes",
                          rate / 1e9,
                          NAN,
                          NAN,
                          "GB/s",
                          NAN,
                          "",
                          isnan(rate) ? "not measured" : "read and written"};
    gpu_report_line(bench->report, &line);
    return rate;
}

void gpu_bench_applications(const GpuBench *bench) {
    static const int sizes[] = {20, 24, 22, 18, 17, 26, 28, 30};
    const double copies = bench_copies(bench);
    if (bench->size != GPU_FULL) {
        bench_size(bench, 17, copies);
        return;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        bench_size(bench, sizes[i], copies);
}

/* Streaming sizes: one application of L. The time of an application is the difference between a run of many
 * RK4 steps and one of few, so that transfers, tables and columns drop out: four applications to a step, each
 * of which adds the state at its beginning, and nothing else (an Euler step also looks for negative entries,
 * for which the host waits). */
#include "bench.h"

#include "bounds.h"

#include <math.h>
#include <stdio.h>

enum { APPLICATIONS = 4 }; /* of an RK4 step */

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
        return 5;
    const double wanted = ldexp(500, 20 - nodes);
    return wanted > 1000 ? 1000 : wanted < 3 ? 3 : (uint64_t)wanted;
}

bool gpu_bench_difference(const GpuTiming *few, const GpuTiming *many, double count, GpuTiming *each) {
    *each = (GpuTiming){(many->median - few->median) / count, (many->low - few->high) / count,
                        (many->high - few->low) / count, many->repeats};
    if (!(each->low > 0) || many->repeats < 2)
        each->low = each->high = NAN;
    return each->median > 0;
}

static void report_application(const GpuBench *bench, const char *name, int nodes, const GpuTiming *few,
                               const GpuTiming *many, uint64_t steps, double copies) {
    char note[160];
    GpuTiming each;
    if (!gpu_bench_difference(few, many, 2 * APPLICATIONS * (double)steps, &each)) {
        gpu_report_absence(bench->report, "application", name, nodes,
                           "the noise of this machine is longer than it");
        return;
    }
    snprintf(note, sizeof note, "within RK4 steps: difference of two runs%s",
             isnan(each.low) ? ", whose spreads overlap or are of one repeat" : "");
    const GpuLine line = {"application",   name, nodes, 1,  "time", 1e3 * each.median, 1e3 * each.low,
                          1e3 * each.high, "ms", NAN,   "", note};
    gpu_report_line(bench->report, &line);
    snprintf(note, sizeof note, "2^N probabilities read and written once; %.3g ns per state and bit",
             1e9 * each.median / ldexp(nodes, nodes));
    gpu_bench_rate(bench, "application", name, nodes, 1, "bytes", "GB/s", gpu_bound_bytes(nodes) / 1e9, &each,
                   copies / 1e9, note);
}

/* One point from the uniform law to one sample. */
static GpuCase make_case(int nodes, GpuNetworkKind network) {
    const GpuShape shape = {.nodes = nodes,
                            .points = 1,
                            .network = network,
                            .start = GPU_UNIFORM,
                            .kind = EPNET_TRAJECTORY,
                            .method = EPNET_RK4,
                            .tolerance = 1e-9,
                            .t_end = 1,
                            .samples = 1,
                            .seed = 83};
    GpuCase item = gpu_case_make(&shape);
    item.problem.dt = 0.1 / item.exit_bound;
    return item;
}

/* To the end of `steps` steps. A context borrows the problem: none is open between two of these. False, with
 * the reason, if the device refuses. */
static bool time_steps(const GpuBench *bench, GpuCase *item, uint64_t steps, GpuTiming *timing,
                       EpnetError *error) {
    const GpuEngine *subject = &bench->subject;
    const int repeats = item->shape.nodes <= 26 ? 3 : 1; /* beyond, moving the state takes seconds */
    item->steps[0] = steps;
    item->times[0] = item->problem.dt * (double)steps;
    Steps run = {.bench = bench,
                 .item = item,
                 .rows = gpu_rows_make(&item->problem, 1, false),
                 .error = {.status = EPNET_OK}};
    bool good = subject->backend->open(&item->problem, subject->device, subject->threads, &run.context,
                                       &run.error) == EPNET_OK;
    if (good) {
        good = gpu_measure(run_steps, &run, repeats, timing);
        subject->backend->close(run.context);
    }
    if (good && run.rows.rows.status[0] != EPNET_POINT_OK) {
        good = false;
        snprintf(run.error.message, sizeof run.error.message, "the point has status %d",
                 run.rows.rows.status[0]);
    }
    *error = run.error;
    gpu_rows_free(&run.rows);
    return good;
}

/* Whether the device takes a network of this size at all; if not, the report says why. Asked of a smaller
 * network's case, whose state costs nothing to make. */
static bool is_accepted(const GpuBench *bench, const char *name, int nodes) {
    EpnetError error;
    int threads = bench->subject.threads;
    GpuCase item = make_case(4, GPU_GENERIC);
    EpnetProblem problem = item.problem;
    problem.nodes = nodes;
    const bool accepted =
        bench->subject.backend->accept(&problem, bench->subject.device, &threads, &error) == EPNET_OK;
    if (!accepted)
        gpu_report_absence(bench->report, "application", name, nodes, error.message);
    gpu_case_free(&item);
    return accepted;
}

static void bench_size(const GpuBench *bench, int nodes, GpuNetworkKind network, double copies) {
    const char *name =
        network == GPU_COMPLETE ? "one application of L, complete graph" : "one application of L";
    const uint64_t steps = steps_of(bench, nodes);
    EpnetError error = {.status = EPNET_OK};
    GpuTiming few, many;
    if (!gpu_bench_goes_on(bench, name, nodes) || !is_accepted(bench, name, nodes))
        return;
    GpuCase item = make_case(nodes, network);
    if (time_steps(bench, &item, steps, &few, &error) && time_steps(bench, &item, 3 * steps, &many, &error))
        report_application(bench, name, nodes, &few, &many, steps, copies);
    else
        gpu_report_failure(bench->report, name, nodes, error.message);
    gpu_case_free(&item);
}

double gpu_bench_copies(const GpuBench *bench) {
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

typedef struct Size {
    GpuPart part;
    int nodes;
    GpuNetworkKind network;
} Size;

void gpu_bench_applications(const GpuBench *bench, GpuPart part, double copies) {
    static const Size sizes[] = {
        {GPU_FIRST, 20, GPU_GENERIC}, {GPU_FIRST, 24, GPU_GENERIC}, {GPU_FIRST, 20, GPU_COMPLETE},
        {GPU_REST, 22, GPU_GENERIC},  {GPU_REST, 18, GPU_GENERIC},  {GPU_REST, 17, GPU_GENERIC},
        {GPU_REST, 26, GPU_GENERIC},  {GPU_REST, 28, GPU_GENERIC},  {GPU_LAST, 30, GPU_GENERIC},
    };
    if (bench->size != GPU_FULL && part == GPU_FIRST)
        bench_size(bench, 17, GPU_GENERIC, copies);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] && bench->size == GPU_FULL; i++)
        if (sizes[i].part == part)
            bench_size(bench, sizes[i].nodes, sizes[i].network, copies);
}

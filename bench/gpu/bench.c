#include "bench.h"

#include "threading.h"

#include <math.h>
#include <stdlib.h>

enum { REPEATS_MOST = 15 };

bool gpu_bench_goes_on(const GpuBench *bench, const char *name, int nodes) {
    if (epnet_seconds_now() < bench->deadline)
        return true;
    gpu_report_absence(bench->report, "bench", name, nodes, "no time was left for it");
    return false;
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bool gpu_measure(bool (*body)(void *argument), void *argument, int repeats, GpuTiming *timing) {
    double seconds[REPEATS_MOST];
    const int count = repeats < REPEATS_MOST ? repeats : REPEATS_MOST;
    if (!body(argument))
        return false;
    for (int i = 0; i < count; i++) {
        const double start = epnet_seconds_now();
        if (!body(argument))
            return false;
        seconds[i] = epnet_seconds_now() - start;
    }
    qsort(seconds, (size_t)count, sizeof seconds[0], ascending);
    const double median =
        count % 2 == 1 ? seconds[count / 2] : (seconds[count / 2 - 1] + seconds[count / 2]) / 2;
    *timing = (GpuTiming){median, seconds[0], seconds[count - 1], count};
    return true;
}

void gpu_bench_rate(const GpuBench *bench, const char *section, const char *name, int nodes, size_t points,
                    const char *quantity, const char *unit, double amount, const GpuTiming *timing,
                    double limit, const char *note) {
    const bool repeated = timing->repeats > 1; /* else there is no spread */
    const GpuLine line = {section,
                          name,
                          nodes,
                          points,
                          quantity,
                          amount / timing->median,
                          repeated ? amount / timing->high : NAN,
                          repeated ? amount / timing->low : NAN,
                          unit,
                          limit,
                          "",
                          note};
    gpu_report_line(bench->report, &line);
}

void gpu_bench_run(const GpuBench *bench) {
    if (bench->kernels != NULL)
        bench->kernels(bench->report, bench->subject.device);
    gpu_bench_peers(bench);
    gpu_bench_trajectories(bench, GPU_FIRST);
    gpu_bench_sweeps(bench);
    const double copies = gpu_bench_copies(bench);
    for (GpuPart part = GPU_FIRST; part <= GPU_LAST; part++) {
        gpu_bench_applications(bench, part, copies);
        gpu_bench_sparse(bench, part);
        if (part == GPU_FIRST)
            gpu_bench_trajectories(bench, GPU_REST);
    }
}

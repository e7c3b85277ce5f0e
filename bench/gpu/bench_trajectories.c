/* Resident sizes: the time loop, and whole trajectories with all columns. */
#include "bench.h"

#include "applications.h"
#include "bounds.h"

#include <math.h>
#include <stdio.h>

typedef struct Size {
    GpuPart part;
    int nodes;
    size_t points;
    GpuNetworkKind network;
} Size;

static const char *network_suffix(const Size *size) {
    return size->network == GPU_COMPLETE ? ", complete graph" : "";
}

static GpuShape shape_of(const Size *size, double t_end, size_t samples) {
    return (GpuShape){.nodes = size->nodes,
                      .points = size->points,
                      .network = size->network,
                      .start = GPU_PURE,
                      .kind = EPNET_TRAJECTORY,
                      .method = EPNET_CHEBYSHEV,
                      .tolerance = 1e-9,
                      .t_end = t_end,
                      .samples = samples,
                      .cuts = size->nodes > 1 ? 1 : 0,
                      .seed = 71};
}

/* ---- the time loop ------------------------------------------------------------------------------------- */

/* Points that differ: as many as the CPU counts the applications of in a moment, every one of them. */
static size_t counted_points(int nodes) {
    return nodes <= 7 ? 1024 : nodes <= 10 ? 128 : nodes <= 13 ? 16 : 8;
}

/* One sample at the end of a long time: next to nothing but applications. */
static void bench_steps(const GpuBench *bench, const Size *size) {
    const int nodes = size->nodes;
    const bool full = bench->size == GPU_FULL;
    GpuShape shape = shape_of(size, !full ? 5 : nodes <= 10 ? 1000 : nodes <= 13 ? 300 : 100, 1);
    char name[96];
    shape.distinct = counted_points(nodes);
    snprintf(name, sizeof name, "time loop: one sample after %g s%s", shape.t_end, network_suffix(size));
    if (!gpu_bench_goes_on(bench, name, nodes))
        return;
    GpuCase item = gpu_case_make(&shape);
    GpuRows rows = gpu_rows_make(&item.problem, size->points, false);
    GpuTiming timing;
    if (gpu_bench_time(bench, &bench->subject, name, &item, full ? 5 : 2, &rows, &timing)) {
        const GpuApplications found = gpu_applications(&item, 0, INFINITY, bench->reference.threads);
        const double bound = gpu_bound_steps(nodes), amount = found.mean * (double)size->points;
        char note[160], share[48] = "no bound worked out";
        if (!isnan(bound))
            snprintf(share, sizeof share, "%.3g of the bound", amount / timing.median / bound);
        snprintf(note, sizeof note, "%.0f applications a point, counted on all %zu that differ; %s",
                 found.mean, found.counted, share);
        gpu_bench_rate(bench, "steps", name, nodes, size->points, "applications x points", "1/s", amount,
                       &timing, bound, note);
    }
    gpu_rows_free(&rows);
    gpu_case_free(&item);
}

/* ---- whole trajectories -------------------------------------------------------------------------------- */

/* The CPU backend on all cores, on the first points of the same case. */
static void bench_cpu(const GpuBench *bench, const char *name, const GpuCase *item, double subject_rate) {
    const int nodes = item->shape.nodes;
    const size_t most = (size_t)bench->reference.threads * (nodes <= 9    ? 64
                                                            : nodes <= 13 ? 4
                                                                          : 1),
                 points = most < item->shape.points ? most : item->shape.points;
    GpuRows rows = gpu_rows_make(&item->problem, points, false);
    GpuTiming timing;
    char note[240];
    if (gpu_bench_time(bench, &bench->reference, name, item, 3, &rows, &timing)) {
        const double rate = (double)points / timing.median;
        snprintf(note, sizeof note, "%d threads; %s is %.3g times as fast", bench->reference.threads,
                 bench->subject.backend->name, subject_rate / rate);
        gpu_bench_rate(bench, "cpu", name, item->shape.nodes, points, "trajectories", "1/s", (double)points,
                       &timing, NAN, note);
    }
    gpu_rows_free(&rows);
}

static void bench_whole(const GpuBench *bench, const Size *size) {
    const bool full = bench->size == GPU_FULL;
    const GpuShape shape = shape_of(size, full ? 10 : 1, full ? 101 : 3);
    char name[96];
    snprintf(name, sizeof name, "trajectories: %zu samples in %g s, all columns%s", shape.samples,
             shape.t_end, network_suffix(size));
    if (!gpu_bench_goes_on(bench, name, size->nodes))
        return;
    GpuCase item = gpu_case_make(&shape);
    GpuRows rows = gpu_rows_make(&item.problem, size->points, false);
    GpuTiming timing;
    if (gpu_bench_time(bench, &bench->subject, name, &item, full ? 5 : 2, &rows, &timing)) {
        char note[160];
        snprintf(note, sizeof note,
                 "tolerance %g, %.0f applications a point; last rows and extremes to the host, "
                 "transfers included",
                 item.problem.tolerance, gpu_applications(&item, 0.003, 0.5, bench->reference.threads).mean);
        gpu_bench_rate(bench, "trajectories", name, size->nodes, size->points, "trajectories", "1/s",
                       (double)size->points, &timing, NAN, note);
        bench_cpu(bench, name, &item, (double)size->points / timing.median);
    }
    gpu_rows_free(&rows);
    gpu_case_free(&item);
}

void gpu_bench_trajectories(const GpuBench *bench, GpuPart part) {
    static const Size sizes[] = {
        {GPU_FIRST, 5, 131072, GPU_GENERIC}, /* a regime each, then the rest */
        {GPU_FIRST, 8, 16384, GPU_GENERIC},
        {GPU_FIRST, 10, 4096, GPU_GENERIC},
        {GPU_FIRST, 12, 1056, GPU_GENERIC},
        {GPU_FIRST, 13, 528, GPU_GENERIC},
        {GPU_FIRST, 15, 264, GPU_GENERIC},
        {GPU_FIRST, 12, 1056, GPU_COMPLETE}, /* the topology that a spec without one has */
        {GPU_REST, 2, 262144, GPU_GENERIC},
        {GPU_REST, 3, 262144, GPU_GENERIC},
        {GPU_REST, 4, 131072, GPU_GENERIC},
        {GPU_REST, 6, 65536, GPU_GENERIC},
        {GPU_REST, 7, 32768, GPU_GENERIC},
        {GPU_REST, 9, 8192, GPU_GENERIC},
        {GPU_REST, 11, 2112, GPU_GENERIC},
        {GPU_REST, 14, 264, GPU_GENERIC},
        {GPU_REST, 16, 132, GPU_GENERIC},
    };
    static const Size few[] = {
        {GPU_FIRST, 5, 3, GPU_GENERIC}, {GPU_FIRST, 8, 3, GPU_GENERIC}, {GPU_REST, 7, 3, GPU_COMPLETE}};
    const bool full = bench->size == GPU_FULL;
    const Size *const chosen = full ? sizes : few;
    const size_t count = full ? sizeof sizes / sizeof *sizes : sizeof few / sizeof *few;
    for (size_t i = 0; i < count; i++) {
        if (chosen[i].part != part)
            continue;
        bench_steps(bench, &chosen[i]);
        bench_whole(bench, &chosen[i]);
    }
}

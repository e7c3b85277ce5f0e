/* In the place of bench_sparse.c in a build without cuSPARSE's header. */
#include "bench.h"

void gpu_bench_sparse(const GpuBench *bench, GpuPart part) {
    if (part == GPU_FIRST)
        gpu_report_absence(bench->report, "sparse", "cuSPARSE", 0, "built without cusparse.h");
}

/* In the place of bench_dense.c in a build without cuBLAS's header. */
#include "bench.h"

void gpu_bench_dense(const GpuBench *bench) {
    gpu_report_absence(bench->report, "dense", "cuBLAS", 0, "built without cublas_v2.h");
}

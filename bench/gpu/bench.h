/* The measurements. Times are wall clock, medians of repeats after a warm-up, with the least and the largest.
 * Trajectories and sweeps are compared with the CPU backend's rows first, and what differs is not timed. */
#ifndef EPNET_BENCH_GPU_BENCH_H
#define EPNET_BENCH_GPU_BENCH_H

#include "checks.h"

typedef struct GpuBench {
    GpuEngine subject, reference;
    GpuSize size;
    double deadline;   /* what is not begun by then is left out */
    const char *peers; /* file for gpu_peers.py, or NULL */
    GpuReport *report;
    /* Bytes per second of copies within the subject's device (memory_cuda.h); NULL: no memory of its own. */
    double (*copy_rate)(int device, size_t bytes);
    /* Report what the device says of every kernel (kernels_cuda.h); NULL: the subject has none. */
    void (*kernels)(GpuReport *report, int device);
    double host_memory; /* bytes that the host can spare; 0: not known */
} GpuBench;

/* What comes first is worth the most: a slow device has time for that. */
typedef enum GpuPart { GPU_FIRST, GPU_REST, GPU_LAST } GpuPart;

/* Seconds of repeats. */
typedef struct GpuTiming {
    double median, low, high;
    int repeats;
} GpuTiming;

bool gpu_bench_goes_on(const GpuBench *bench, const char *name, int nodes);

/* Bytes that the host can spare, by the kernel's account and its limit for this group of processes; 0: not
 * known. */
double gpu_host_memory(void);

/* Whether it can spare so many; if not, the report says that `name` is left out. A host that lends more than
 * it has would end the program when the memory is used. */
bool gpu_bench_fits_host(const GpuBench *bench, const char *section, const char *name, int nodes,
                         double bytes);

/* Whether rows of the subject are those of the reference, on a few points spread over all: a check of the
 * report, within gpu_rows_limit(). False also where the reference cannot say, which is no failure. */
bool gpu_bench_agrees(const GpuBench *bench, const char *name, const GpuCase *item, const GpuRows *rows);

/* The median, the least and the largest of `count` >= 1 times, which are sorted. */
GpuTiming gpu_timing(double *seconds, int count);

/* Repeat body(argument) `repeats` times (at most 15) after one run that is not timed. False as soon as it is.
 */
bool gpu_measure(bool (*body)(void *argument), void *argument, int repeats, GpuTiming *timing);

/* Solve the points of a case again and again in one context of an engine, the bench's subject or reference;
 * the rows stay. Every point has to be well, and the subject's rows have to agree before any time is taken.
 * False: it was not timed, and the report says why. */
bool gpu_bench_time(const GpuBench *bench, const GpuEngine *engine, const char *name, const GpuCase *item,
                    int repeats, GpuRows *rows, GpuTiming *timing);

/* `amount` per second, with the spread of the timing. */
void gpu_bench_rate(const GpuBench *bench, const char *section, const char *name, int nodes, size_t points,
                    const char *quantity, const char *unit, double amount, const GpuTiming *timing,
                    double limit, const char *note);

/* All of the following, the most important first. */
void gpu_bench_run(const GpuBench *bench);

/* Points and rows for the peers, and our own time for them. */
void gpu_bench_peers(const GpuBench *bench);

/* N <= 16: applications of L x points per second within a trajectory, as a fraction of the bound; whole
 * trajectories per second with all columns at 101 times; the CPU backend's on all cores. */
void gpu_bench_trajectories(const GpuBench *bench, GpuPart part);

/* Sweeps of five-node trajectories through the worker pool, from the spec's values to rows in host memory. */
void gpu_bench_sweeps(const GpuBench *bench);

/* Bytes per second of copies within the device, NaN where they cannot be measured; a line of the report. */
double gpu_bench_copies(const GpuBench *bench);

/* N >= 17: one application of L, ms and bytes per second, beside those of copies within the device. */
void gpu_bench_applications(const GpuBench *bench, GpuPart part, double copies);

/* The time of an application from runs of `few` and `many` steps that differ by `count` applications. The
 * spread is the widest that the two runs allow; NaN where that reaches 0: then it says nothing. False: the
 * noise is longer than it. */
bool gpu_bench_difference(const GpuTiming *few, const GpuTiming *many, double count, GpuTiming *each);

/* The same application as cuSPARSE's product with the assembled generator; left out where that is not there.
 */
void gpu_bench_sparse(const GpuBench *bench, GpuPart part);

/* Stationary laws of 4 to 7 nodes a second: by cuBLAS's batched LU, left out where that is not there, by our
 * elimination alone, and with rows. */
void gpu_bench_dense(const GpuBench *bench);

#endif

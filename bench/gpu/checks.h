/* The checks: a backend (the subject) against another one (the reference) and against itself. Every check is
 * a line of the report. */
#ifndef EPNET_BENCH_GPU_CHECKS_H
#define EPNET_BENCH_GPU_CHECKS_H

#include "report.h"
#include "solve.h"

typedef enum GpuSize {
    GPU_TINY,  /* for an emulated device: seconds where a GPU takes milliseconds */
    GPU_SMALL, /* for compute-sanitizer */
    GPU_FULL
} GpuSize;

/* Memory of the subject's device, taken away from it. */
typedef struct GpuMemoryHolder {
    /* Take all but about `leave` bytes of what is free; NULL with a reason if that cannot be done. */
    void *(*hold)(int device, size_t leave, EpnetError *error);
    void (*release)(void *held);
} GpuMemoryHolder;

typedef struct GpuChecks {
    GpuEngine subject, reference;
    const GpuMemoryHolder *holder; /* NULL: the device has no memory of its own */
    GpuSize size;
    double deadline; /* on the clock of epnet_seconds_now() [s]: what is not begun by then is left out */
    GpuReport *report;
} GpuChecks;

/* Whether there is time for another check; if not, the report says that `name` is left out. */
bool gpu_checks_go_on(const GpuChecks *checks, const char *name, int nodes);

/* Whether the subject takes a problem. A network of more than 16 nodes may be too large for a device: the
 * report says that `name` is left out, and why. Any other refusal is a failed check. */
bool gpu_checks_accepts(const GpuChecks *checks, const char *name, const EpnetProblem *problem);

/* Solve a case with both; false, and the report says why, if either refuses. */
bool gpu_checks_solve_both(const GpuChecks *checks, const char *name, const GpuCase *item, GpuRows *subject,
                           GpuRows *reference);

/* All of the following, the most telling first. */
void gpu_checks_run(const GpuChecks *checks);

/* q = pL: |q - q'| <= 1e-12 Lambda |p| in the L1 and the largest norm, N = 1 .. 16 and larger. */
void gpu_check_apply(const GpuChecks *checks);

/* Every column at every sampled time of trajectories and stationary laws, all kinds of networks, starts and
 * methods (compare.h says how near). */
void gpu_check_trajectories(const GpuChecks *checks);
void gpu_check_stationary(const GpuChecks *checks);

/* The leaks of stationary laws and trajectories, with their intervals, to 1e-6 of themselves. */
void gpu_check_leaks(const GpuChecks *checks);

/* The same bytes for any batch size and order, on repetition, and from two contexts at a time. */
void gpu_check_bytes(const GpuChecks *checks);

/* Bad points among good ones: their statuses, NaN in their rows, and not a byte of their neighbours moved. */
void gpu_check_bad_points(const GpuChecks *checks);

/* A device whose memory is nearly full: rows all the same, or a refusal in words, and none the worse
 * afterwards. Left out for a backend without memory of its own. */
void gpu_check_memory(const GpuChecks *checks);

#endif

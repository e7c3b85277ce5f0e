/* epnet bench: what the checks and the measurements share. Checks come first and measure nothing;
 * measurements are wall clock of work in this process (no files, no start-up), medians of repeats with the
 * least and the largest. */
#ifndef EPNET_HOST_BENCH_BENCH_H
#define EPNET_HOST_BENCH_BENCH_H

#include "../device.h"
#include "cases.h"

typedef struct EpnetBench {
    const EpnetBenchOptions *options;
    int repeats;
    int threads;     /* the largest number that is measured, after 1 */
    double fma_peak; /* flop/s of one core (limits.h) */
    bool wrong;      /* a check has failed */
    char what[256];  /* the first that did */
} EpnetBench;

/* A backend opened for a case. */
typedef struct EpnetBenchEngine {
    EpnetDevice device;
    void *context;
    const EpnetBenchCase *item;
    EpnetRows rows;
    double *values; /* owns the rows */
} EpnetBenchEngine;

/* Open the device of the options for a case, with `threads` threads and room for its rows (all sampled times
 * with `keep`). The case must outlive the engine. Close it also after a failure. */
EpnetStatus epnet_bench_open(const EpnetBench *bench, const EpnetBenchCase *item, int threads, bool keep,
                             EpnetBenchEngine *engine, EpnetError *error);
void epnet_bench_close(EpnetBenchEngine *engine);

/* Solve all points of the case. EPNET_INTERNAL: one of them failed (of a spec:
 * EPNET_POINTS_FAILED); EPNET_INTERRUPTED: asked to stop. */
EpnetStatus epnet_bench_solve(const EpnetBench *bench, EpnetBenchEngine *engine, EpnetError *error);

/* ---- reports ---- */

/* A row with what most rows have: section, name, size; no figure yet. */
EpnetBenchRow epnet_bench_row(const char *section, const char *name, int nodes, size_t points, int threads);

/* Hand a row to the caller of epnet_bench(). */
void epnet_bench_report(const EpnetBench *bench, const EpnetBenchRow *row);

/* A check: `deviation` must not exceed `limit` (NaN does). */
void epnet_bench_check(EpnetBench *bench, const char *name, int nodes, size_t points, double deviation,
                       double limit, const char *note);

/* |a - b| / (1 + |b|); 0 for equal infinities, infinite where one alone is or there is a NaN. */
double epnet_bench_deviation(double a, double b);

/* ---- times ---- */

typedef struct EpnetBenchTiming {
    double median, low, high; /* [s] of one run */
} EpnetBenchTiming;

/* A piece of work that is timed: by the clock on the wall, or, if all of it is done by the thread that calls,
 * by the time that the processor gives to it, which other work on the machine disturbs less. */
typedef struct EpnetBenchBody {
    EpnetStatus (*run)(void *argument, EpnetError *error);
    void *argument;
    bool processor_time;
} EpnetBenchBody;

enum { EPNET_BENCH_BODIES = 4 };

/* Time bodies (at most EPNET_BENCH_BODIES) in turn, round after round, so that what disturbs one disturbs
 * all; each is run so often in a round that the round takes it `seconds` at least, and once before. ratio: of
 * the rounds' times, first body over second, NULL: not asked for. */
EpnetStatus epnet_bench_measure(const EpnetBench *bench, const EpnetBenchBody *bodies, size_t count,
                                double seconds, EpnetBenchTiming *timings, EpnetBenchTiming *ratio,
                                EpnetError *error);

/* ---- what is checked and measured ---- */

EpnetStatus epnet_bench_check_references(EpnetBench *bench, EpnetError *error); /* checks.c */
EpnetStatus epnet_bench_check_size(EpnetBench *bench, int nodes, EpnetError *error);
/* Points of a case (or of a spec) against moment equations and the other integrator. */
EpnetStatus epnet_bench_check_case(EpnetBench *bench, const char *name, const EpnetBenchCase *item,
                                   EpnetError *error);
EpnetStatus epnet_bench_check_application(EpnetBench *bench, int nodes, EpnetError *error);

EpnetStatus epnet_bench_limits(EpnetBench *bench, EpnetError *error);                 /* limits.c */
EpnetStatus epnet_bench_application(EpnetBench *bench, int nodes, EpnetError *error); /* timings.c */
EpnetStatus epnet_bench_trajectories(EpnetBench *bench, int nodes, EpnetError *error);
EpnetStatus epnet_bench_stationary(EpnetBench *bench, int nodes, EpnetError *error);
EpnetStatus epnet_bench_split(EpnetBench *bench, int nodes, EpnetError *error); /* split_timings.c */
EpnetStatus epnet_bench_sweep(EpnetBench *bench, const EpnetBenchCase *item, EpnetError *error);

#endif

/* epnet: batched master equations of binary networks and their energy-bandwidth envelope.
 *
 * The whole public API. A run is: read a spec, run it into a grid file, open the grid file, read columns,
 * export a table, draw a figure. The command line program does nothing that is not declared here.
 *
 * Conventions
 *  - Every function that can fail returns an EpnetStatus and, when `error` is not NULL, fills it with one
 *    message that names the file (line, column where there is one), what is wrong and what is allowed.
 *  - The values of EpnetStatus are the exit codes of the command line program.
 *  - Handles are opaque; whoever receives one frees it with the matching *_free or *_close (NULL is allowed).
 *    Pointers returned by getters belong to the handle and live as long as it does.
 *  - Units: time s; entropies and information nat; rates 1/s; entropy rates nat/s; capacities bit/s.
 *  - Node i is bit i of a state; a grid point is numbered row-major, the first axis slowest.
 *  - Thread safety: distinct handles may be used from distinct threads, except that the functions that touch
 *    grid files (epnet_run, epnet_merge, epnet_job_status, epnet_result_*, epnet_audit, epnet_kink,
 * epnet_export, epnet_plot) must not run at the same time, because netCDF is not thread-safe.
 */
#ifndef EPNET_H
#define EPNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EPNET_API __attribute__((visibility("default")))

/* ---- status ------------------------------------------------------------------------------------------ */

typedef enum EpnetStatus {
    EPNET_OK = 0,
    EPNET_INTERNAL = 1,      /* a defect of the program, or a lost invariant */
    EPNET_USAGE = 2,         /* a wrong argument of the command line or of a function */
    EPNET_BAD_SPEC = 3,      /* the spec or a file that it names is wrong; nothing was written */
    EPNET_POINTS_FAILED = 4, /* the grid file is complete, some points carry a status other than ok */
    EPNET_IO = 5,            /* a file cannot be read, written or understood */
    EPNET_DEVICE = 6,        /* a device or its memory, or this host's memory, refuses */
    EPNET_INTERRUPTED = 75   /* stopped on request; run again to go on */
} EpnetStatus;

typedef struct EpnetError {
    EpnetStatus status;
    char message[2048]; /* one line, no newline at the end */
} EpnetError;

/* Version of the library, "major.minor.patch". */
EPNET_API const char *epnet_version(void);

/* Processors that this process may run on (its affinity mask), what `threads` = 0 stands for. */
EPNET_API int epnet_cores(void);

/* ---- spec -------------------------------------------------------------------------------------------- */

typedef struct EpnetSpec EpnetSpec;

/* Read and check a spec (TOML, docs/spec.md) and every file that it names. `overrides` holds `override_count`
 * strings "dotted.key=value" (as --set), applied in order; NULL if there are none. */
EPNET_API EpnetStatus epnet_spec_read(const char *path, const char *const *overrides, size_t override_count,
                                      EpnetSpec **spec, EpnetError *error);
EPNET_API void epnet_spec_free(EpnetSpec *spec);
EPNET_API const char *epnet_spec_title(const EpnetSpec *spec);  /* "" if it has none */
EPNET_API const char *epnet_spec_sha256(const EpnetSpec *spec); /* 64 hexadecimal digits, see docs/spec.md */

/* ---- run --------------------------------------------------------------------------------------------- */

typedef struct EpnetProgress {
    size_t points_done, points_total, points_failed;
    size_t points_resumed; /* of those done: an earlier run had solved them */
    uint64_t damaged;      /* places of the journal of earlier runs that did not verify */
    double elapsed;        /* [s] */
    double rate;           /* points/s so far */
    double eta;            /* [s], negative while unknown */
} EpnetProgress;

typedef struct EpnetRunOptions {
    const char *device;   /* "auto" (NULL means it), "cpu", "cuda" (all devices), "cuda:1" (that one) */
    const char *fallback; /* "cpu": it computes the points that a device leaves when it fails; NULL: the run
                           * then ends */
    int threads;          /* 0: one per core */
    size_t batch;         /* points that a worker takes at a time, 0: by time; never changes a byte */
    bool force;           /* replace a grid file that belongs to another spec */
    bool restart;         /* give up the points that a journal holds, of this or another spec */
    int shard, shards;    /* solve part `shard` of 1..shards alone, for epnet_merge(); 0 and 0: all points */
    double seconds;       /* the run stops after so long, 0: it does not */
    const char *table;    /* another file, which the caller writes when the run is done: that it can be is
                             tried before the work; NULL: none */
    volatile int *stop;   /* not NULL: the run stops soon after *stop becomes nonzero (a signal handler) */
    void (*progress)(const EpnetProgress *progress,
                     void *context); /* called about ten times a second, first when the journal has been
                                      * taken up; may be NULL */
    void *context;
} EpnetRunOptions;

typedef struct EpnetRunSummary {
    size_t points, failed; /* of this run: of the grid or of its shard */
    size_t resumed;        /* points that the journal of an earlier run held */
    size_t fallback;       /* points that the CPU computed in place of a device, earlier runs included */
    uint64_t damaged;      /* places of that journal that did not verify; their points are solved again */
    size_t states;         /* 2^N of a point */
    bool already_done;     /* the output (or shard) was complete and of this spec: nothing was computed */
    double elapsed;        /* [s], the whole run */
    double journal_wait;   /* share of the workers' time that they waited for the journal */
    char journal[4096];    /* of a shard: what epnet_merge() needs; "" otherwise */
    char device[256];      /* what did the work */
    char method[32];
    char failures[512]; /* counts by status and the first few failed points, "" if none, or if the output
                         * was complete */
    char note[512]; /* what the user should know of the device: workers that found no memory; "" if none */
} EpnetRunSummary;

/* Run the sweep and write the grid file `output`. Solved points go to a journal beside it (`output`.journal,
 * docs/journal.md) at once; a run that finds one of the same spec goes on from it. When all are there, the
 * grid file is written (temporary name, synced, renamed, read again), and the journal removed; a shard keeps
 * its journal and writes no grid file. `options` may be NULL. EPNET_POINTS_FAILED: the file is complete, but
 * summary->failed points have NaN and a status. EPNET_INTERRUPTED: stopped; the solved points are kept.
 * EPNET_IO also: another run of this output goes on, or the journal is of another spec, version or backend
 * (the message shows the difference). */
EPNET_API EpnetStatus epnet_run(const EpnetSpec *spec, const char *output, const EpnetRunOptions *options,
                                EpnetRunSummary *summary, EpnetError *error);

/* The default output of a spec: its file name with ".nc" for ".toml", in the current folder.
 * Returns EPNET_USAGE if `size` is too small. */
EPNET_API EpnetStatus epnet_run_output(const EpnetSpec *spec, char *output, size_t size, EpnetError *error);

/* ---- merge and status -------------------------------------------------------------------------------- */

typedef struct EpnetMergeOptions {
    const char *const *journals; /* the journals of all shards; none: those beside the output */
    size_t journal_count;
    const char
        *spec;  /* where the spec stands now, NULL: where it stood; the files that it names are needed */
    bool force; /* replace a grid file that belongs to another spec */
    volatile int *stop; /* as in EpnetRunOptions */
} EpnetMergeOptions;

/* Write the grid file `output` from the journals of all its shards (epnet_run() with `shards`), with the
 * bytes of an undivided run, then remove them. Where it is complete already, what is left of them is removed.
 * `options` may be NULL. EPNET_IO: a shard or points are
 * missing, a shard is still running, or they are not of one spec, version and backend. EPNET_POINTS_FAILED as
 * of epnet_run(). */
EPNET_API EpnetStatus epnet_merge(const char *output, const EpnetMergeOptions *options,
                                  EpnetRunSummary *summary, EpnetError *error);

/* A journal beside an output. */
typedef struct EpnetJournalStatus {
    char path[4096];
    int shard, shards; /* 1 of 1: of an undivided run */
    char problem[512]; /* why the journal cannot be read; "": it can, else only what is above is known */
    bool unreadable;   /* the problem is the system's, not damage: what the file holds is not known */
    size_t points;     /* of this shard */
    size_t points_done, points_failed;
    size_t points_fallback; /* of those done: computed by the CPU in place of a device that failed */
    uint64_t bytes;
    uint64_t damaged, damaged_bytes; /* places that do not verify; their points are not among those done */
    bool running;                    /* a run holds it */
    double rate;                     /* points/s of the last run; NaN: unknown */
    double age;                      /* [s] since it was written */
    int64_t pid;                     /* of the last run, as is what follows */
    char host[65], device[257], spec[4097];
    char sha256[65], version[32];
} EpnetJournalStatus;

typedef struct EpnetJobStatus {
    bool complete;        /* the grid file is there and whole */
    size_t points;        /* of the grid */
    size_t points_failed; /* of a complete grid file */
    char sha256[65];      /* of the spec of a complete grid file, else "" */
    size_t journal_count;
    EpnetJournalStatus *journals; /* that of an undivided run first, then shards by number */
} EpnetJobStatus;

/* What stands of a run: reads `output` and the journals beside it, and changes nothing. EPNET_IO: there are
 * none, or the grid file cannot be read. Free it with epnet_job_status_free(). */
EPNET_API EpnetStatus epnet_job_status(const char *output, EpnetJobStatus **job, EpnetError *error);
EPNET_API void epnet_job_status_free(EpnetJobStatus *job);

/* ---- plan -------------------------------------------------------------------------------------------- */

typedef struct EpnetPlan {
    int nodes;
    size_t edges, states, points, times;
    size_t axis_count;
    bool trajectories; /* the trajectory table is kept */
    char method[32];
    char device[256];
    int threads;
    size_t batch;           /* points that a worker takes at a time (about) */
    uint64_t memory;        /* bytes: peak of the run, bounded by the batches and not by the grid */
    uint64_t device_memory; /* bytes on all devices, where they have memory of their own, else 0 */
    uint64_t disk;          /* bytes of the grid file */
    uint64_t journal;       /* bytes of the journal, which is there until the grid file is */
    double applications;    /* estimated applications of the generator, all points */
    double seconds;         /* estimated from a short calibration on this machine; NaN: none for the device */
} EpnetPlan;

/* What `epnet_run` would do; computes no point, writes nothing. */
EPNET_API EpnetStatus epnet_plan(const EpnetSpec *spec, const EpnetRunOptions *options, EpnetPlan *plan,
                                 EpnetError *error);

/* ---- result ------------------------------------------------------------------------------------------ */

typedef struct EpnetResult EpnetResult;

EPNET_API EpnetStatus epnet_result_open(const char *path, EpnetResult **result, EpnetError *error);
EPNET_API void epnet_result_close(EpnetResult *result);

EPNET_API size_t epnet_result_points(const EpnetResult *result);     /* product of the axes, 1 without axes */
EPNET_API size_t epnet_result_axis_count(const EpnetResult *result); /* 0: a single point */
/* Axis `axis` < axis_count: name (the spec key), number of values, values (`*size` doubles), unit.
 * Any of the pointers may be NULL. EPNET_USAGE if there is no such axis. */
EPNET_API EpnetStatus epnet_result_axis(const EpnetResult *result, size_t axis, const char **name,
                                        size_t *size, const double **values, const char **unit,
                                        EpnetError *error);
EPNET_API size_t epnet_result_time_count(const EpnetResult *result); /* 0: no trajectory table in the file */
EPNET_API const double *epnet_result_times(const EpnetResult *result); /* [s], time_count values, or NULL */

EPNET_API size_t epnet_result_column_count(const EpnetResult *result); /* of the points table, status first */
EPNET_API const char *epnet_result_column_name(const EpnetResult *result, size_t column); /* NULL beyond */
EPNET_API const char *epnet_result_column_unit(const EpnetResult *result, size_t column);

/* Fill `values` (points doubles, row-major) with a column of the points table. EPNET_USAGE: no such column
 * (the message lists them). Failed points are NaN, except in `status`. */
EPNET_API EpnetStatus epnet_result_column(const EpnetResult *result, const char *name, double *values,
                                          EpnetError *error);
/* Fill `values` (time_count doubles) with a column of the trajectory of grid point `point`. */
EPNET_API EpnetStatus epnet_result_trajectory(const EpnetResult *result, const char *name, size_t point,
                                              double *values, EpnetError *error);
/* A text attribute of the file: "title", "spec", "spec_sha256", "version", "method", "device", ...; NULL if
 * there is none of that name. */
EPNET_API const char *epnet_result_text(const EpnetResult *result, const char *name);
/* Name of a value of the status column, "ok" for 0. NULL if the file knows no such value. */
EPNET_API const char *epnet_result_status_name(const EpnetResult *result, int status);

/* ---- isolation --------------------------------------------------------------------------------------- */

/* Work that may bring its process down, done in a process of its own. The libraries that read and write grid
 * files are such work: HDF5 1.10 crashes where a disk stays full, where memory is refused, on a file that was
 * made to deceive. The program reads and writes them so; the functions on open results, tables and figures do
 * not by themselves. */
typedef struct EpnetIsolated {
    /* What to do, in a child process: what it does to files and prints stays, what it changes in memory does
     * not, but for `answer`. It may rely on no thread but its own, and on nothing that another may hold. */
    EpnetStatus (*work)(void *context, EpnetError *error);
    void *context;
    void *answer; /* memory that comes back as work() has left it, unless the process did not live to answer;
                     may be NULL */
    size_t answer_size;
    const char *action;       /* for messages: "cannot write out.nc" */
    const volatile int *stop; /* may be NULL; nonzero: the child is killed */
    double until; /* the same at this moment of CLOCK_MONOTONIC [s]; 0: it may take what it takes */
} EpnetIsolated;

/* Do it and pass on its status and message. If this process is killed, so is the child. EPNET_IO: the child
 * did not live to answer; EPNET_INTERRUPTED: stopped; EPNET_DEVICE: no process can be started. */
EPNET_API EpnetStatus epnet_isolate(const EpnetIsolated *isolated, EpnetError *error);

/* ---- table and figure -------------------------------------------------------------------------------- */

/* Write a table of grid file `path` as CSV. `table` is "points", "trajectory", "kinks" (a row per row of
 * constant other axes along the copy axis, and per cut; docs/kink.md) or "margins" (a row per grid point: the
 * smallest margin of every statement of the audit and its time; docs/audit.md); `output` NULL: standard
 * output. Numbers have 17 significant digits, infinities are inf, failed points nan. */
EPNET_API EpnetStatus epnet_export(const char *path, const char *table, const char *output,
                                   EpnetError *error);

/* Draw grid file `path` into `figure` (.png or .svg by extension); the gnuplot script and its data are kept
 * beside it (same stem, .gp and .dat). `quantity` is a column name, NULL: the natural one. Two axes: heatmap;
 * one: curves; none: the trajectory. EPNET_IO when gnuplot is missing or fails (with its message). */
EPNET_API EpnetStatus epnet_plot(const char *path, const char *quantity, const char *figure,
                                 EpnetError *error);

/* ---- audit ------------------------------------------------------------------------------------------- */

/* One statement of docs/theory.md, checked on every row of a grid file where it says something: at every
 * sampled time where the trajectory table was kept, else at the last time or the stationary law. */
typedef struct EpnetAuditRow {
    int number;             /* in docs/theory.md, 1 to 9 */
    bool exact;             /* 4 to 9: an identity or theorem; else a bound that the paper states */
    const char *name;       /* "network", "cut_energy_rate", ... (docs/audit.md) */
    const char *statement;  /* "dI/dt <= EP" */
    const char *unit;       /* of margin, left, right and tolerance: "nat/s" or "nat" */
    const char *cut;        /* label of the cut that it is about, NULL: the whole network */
    char reason[128];       /* why nothing was checked, "" where something was */
    size_t points;          /* grid points with a check */
    size_t checks;          /* points x times checked */
    size_t skipped;         /* points x times where it says nothing, or its terms are infinite */
    size_t violations;      /* checks with a margin below -tolerance */
    size_t points_violated; /* grid points with a violation */
    double fraction;        /* violations / checks; NaN without checks */
    /* The smallest margin (of an identity, the largest residual in units of its tolerance) and where it
     * stands. */
    double margin;      /* right - left; of an identity -|right - left|; inf: all right sides are infinite */
    double left, right; /* both sides there */
    double tolerance;   /* equality up to rounding there */
    size_t point;       /* grid point */
    double time;        /* [s]; NaN: a stationary law */
    size_t first_point; /* the first violation, in the order of points and times */
    double first_time;  /* [s]; NaN as `time`, or without violations */
} EpnetAuditRow;

typedef struct EpnetAudit {
    size_t points, points_failed; /* of the grid; failed points are left out */
    size_t times;                 /* rows of a point: sampled times, or 1 */
    bool stationary;              /* the rows are stationary laws */
    bool trajectories;            /* the file holds its trajectories: every sampled time is checked */
    size_t row_count;
    EpnetAuditRow *rows; /* by number; a statement about cuts has a row per cut */
} EpnetAudit;

/* Check an open grid file. A violated bound (1 to 3) is a result. EPNET_INTERNAL with a complete audit: an
 * exact statement (4 to 9) is broken beyond rounding, the message names it; after any other failure *audit is
 * NULL. The audit borrows labels from `result`; free it with epnet_audit_free, before closing the result. */
EPNET_API EpnetStatus epnet_audit(const EpnetResult *result, EpnetAudit **audit, EpnetError *error);
EPNET_API void epnet_audit_free(EpnetAudit *audit);

/* ---- falsify ----------------------------------------------------------------------------------------- */

/* What to search for the worst case of one of the paper's bounds, left side over right side
 * (docs/falsify.md). Begin with epnet_falsify_defaults(). Limits are met by every network of the search;
 * equal ones fix a value. */
typedef struct EpnetFalsifyOptions {
    const char *bound;  /* "network", "leak", "cut_energy", "cut_bandwidth" or "envelope"; no default */
    const char *states; /* "reachable" along a trajectory from independent nodes (NULL means it), or "any"
                           law; NULL for the envelope, which is of the stationary law */
    const char *left;   /* of the cut bounds: "rate" of cut information (NULL means it), or "flow" */
    const char *edges;  /* "complete" (NULL means it), "ring", "path", "star", or a list as "0>1 1>2" */
    const char *cut;    /* S of the cut bounds and the envelope, as "0,1"; NULL: {0} of two nodes, else every
                           cut in turn */
    int nodes;          /* 2 to 6 (2) */
    size_t starts;      /* random cases that are tried first, at least 1 (10,000) */
    size_t refine;      /* the best of them, which are climbed from, at least 1 (256) */
    uint64_t seed;      /* of the random numbers (1) */
    double min_ep;      /* [nat per jump], least entropy production over activity, from 1e-12; NaN: 1e-3, or
                           none for cut_bandwidth and envelope, which need none (NaN) */
    double flip_min, flip_max;   /* [1/s] (0.1, 10); 0 if both are */
    double copy_min, copy_max;   /* [1/s], of every edge (0.01, 100) */
    double drive_min, drive_max; /* [nat], of every edge (0.01, 20); 0 if both are, infinite if both are */
    int threads;                 /* 0: one per core; never changes the result */
    volatile int *stop;          /* as in EpnetRunOptions, as are the next two; points are evaluated cases */
    void (*progress)(const EpnetProgress *progress, void *context);
    void *context;
} EpnetFalsifyOptions;

typedef struct EpnetFalsifyResult {
    double ratio;                       /* left / right; above 1 the bound is broken */
    double left, right;                 /* [nat/s]; of the envelope [nat] */
    const char *left_text, *right_text; /* what they are, in names of columns */
    double per_jump, min_ep;            /* [nat]: production over activity, and its floor (0: none) */
    double leak;                        /* [1/s] of leak (alpha_eff) and envelope (measured), else NaN */
    double time;                        /* [s] of reachable states, else 0 */
    char cut[16];                       /* "0,1"; "" if the bound has none */
    size_t starts, admissible, refined; /* cases tried first, those that met the floor, climbs */
    size_t evaluations;
    double elapsed;   /* [s] */
    char spec[16384]; /* the worst case as a spec (TOML) that epnet_run reproduces */
} EpnetFalsifyResult;

EPNET_API EpnetFalsifyOptions epnet_falsify_defaults(void);

/* Search, and write the worst case found as a spec to `output` (NULL: only into the result). The same options
 * give the same result on any number of threads. EPNET_USAGE: impossible options; EPNET_POINTS_FAILED: no
 * case of the search could be computed and met the floor; EPNET_IO: `output` cannot be written, found out
 * first. */
EPNET_API EpnetStatus epnet_falsify(const EpnetFalsifyOptions *options, const char *output,
                                    EpnetFalsifyResult *result, EpnetError *error);

/* ---- kink -------------------------------------------------------------------------------------------- */

/* Whether a row of samples ln I over ln C has a kink, and if not, why (docs/kink.md). */
typedef enum EpnetKinkVerdict {
    EPNET_KINK_FOUND,
    EPNET_KINK_TOO_FEW, /* fewer than 8 positive samples */
    EPNET_KINK_CUBIC,   /* none: a cubic in ln C does as well, Delta BIC <= 10 */
    EPNET_KINK_MOVES,   /* none: its place depends on the window */
    EPNET_KINK_SMOOTH   /* none: a bend that is rounded where the samples resolve it */
} EpnetKinkVerdict;

/* What a row of constant other axes shows along its copy axis (copy_total or copy_rate). */
typedef struct EpnetKink {
    EpnetKinkVerdict verdict;
    size_t samples;             /* that were measured: the longest stretch of positive ones without a gap */
    double position, low, high; /* of a kink that was found and its 95 % interval, on the axis; else NaN */
    double delta_bic;           /* BIC of the cubic - BIC of the line with one break; NaN if too few */
    size_t maxima;              /* interior local maxima */
    double maximum, maximum_value; /* the highest: where on the axis, and the quantity there; NaN: none */
} EpnetKink;

/* Measure the row through grid point `point` of an open grid file. `quantity` is a column name, NULL: the
 * mutual information of the first cut, or else the multiinformation. EPNET_USAGE: no such column or point, or
 * no copy axis. */
EPNET_API EpnetStatus epnet_kink(const EpnetResult *result, const char *quantity, size_t point,
                                 EpnetKink *kink, EpnetError *error);

/* ---- bench ------------------------------------------------------------------------------------------- */

/* A line of epnet_bench(): a check, a limit of this machine, or a time. */
typedef struct EpnetBenchRow {
    const char *section; /* "check", "limit", "application", "trajectory", "stationary", "sweep", "threads" */
    const char *name;    /* what was checked or measured */
    int nodes;           /* 0: it has no size */
    size_t points;       /* that it was measured on; 0: none */
    int threads;
    double value;     /* of a check the largest deviation, else the median over repeats */
    double low, high; /* the least and the largest; NaN: one value */
    const char *unit;
    double limit;            /* of a check: what the deviation may be; else NaN */
    bool failed;             /* the deviation is larger */
    double applications;     /* of the generator that a point took; NaN: not counted */
    double ns_per_state_bit; /* value / (applications 2^N N) [ns]; NaN: does not apply, as in the next two */
    double of_peak;          /* useful flop, 2 (N + 1) 2^N an application, over the threads' FMA peak */
    double of_copy; /* time to copy a vector of 2^N doubles (same threads) once an application, over value */
    const char *note;
} EpnetBenchRow;

typedef struct EpnetBenchOptions {
    const EpnetSpec *spec; /* check and time this sweep; NULL: the sizes of the program's own suite */
    const char *device;    /* as in EpnetRunOptions, but NULL means "cpu" */
    int threads;           /* measured beside one thread; 0: one per core */
    int repeats;           /* of every measurement, 0: 5 */
    bool quick;            /* small sizes and short measurements: that all of it works, not how fast it is */
    volatile int *stop;    /* as in EpnetRunOptions */
    void (*row)(const EpnetBenchRow *row, void *context); /* called with each line as it comes */
    void *context;
} EpnetBenchOptions;

/* Check the engine by closed forms, moment equations and its other integrator, then time it: seconds of
 * computing in this process, without start-up and files. EPNET_INTERNAL: a check failed, and nothing was
 * timed. */
EPNET_API EpnetStatus epnet_bench(const EpnetBenchOptions *options, EpnetError *error);

/* ---- info -------------------------------------------------------------------------------------------- */

typedef struct EpnetBackendInfo {
    const char *name; /* "cpu", "cuda" */
    bool built;
    const char *description; /* what all devices have in common; or why there are none, or it is not built */
    int device_count;
} EpnetBackendInfo;

typedef struct EpnetDeviceInfo {
    char name[128];    /* of the processor or device */
    char details[128]; /* its memory and what it can do */
} EpnetDeviceInfo;

EPNET_API size_t epnet_backend_count(void);
EPNET_API EpnetBackendInfo epnet_backend_info(size_t backend); /* backend < epnet_backend_count() */
/* Device `device` < device_count of a backend. EPNET_DEVICE: it does not answer. */
EPNET_API EpnetStatus epnet_backend_device(size_t backend, int device, EpnetDeviceInfo *info,
                                           EpnetError *error);
/* The instruction set of the CPU backend's loops: the best that this processor has, or that which the
 * environment variable EPNET_ISA names: "avx512", "avx2", "baseline". None changes a result. EPNET_USAGE:
 * another name, or one that this processor lacks. `name` may be NULL. */
EPNET_API EpnetStatus epnet_instruction_set(const char **name, EpnetError *error);
EPNET_API const char *epnet_build_info(void); /* compiler, build type, libraries: one line */

#ifdef __cplusplus
}
#endif
#endif

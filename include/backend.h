/* The seam between the sweep and the hardware. A backend does whole jobs for a batch of parameter points: the
 * state of a point never crosses this line, only rows of observables do.
 *
 * How to add a backend
 *  1. Implement the functions of EpnetBackend (host/cpu/cpu_backend.c is the reference).
 *  2. Add it to the list in host/device.c; a build that lacks it has an EpnetBackend with the reason alone.
 *  3. Run the tests that go through tests/support/engine.c with it: they compare it with the oracle.
 * A backend must give the same bytes for any batch size, point order and number of threads. */
#ifndef EPNET_BACKEND_H
#define EPNET_BACKEND_H

#include "epnet.h"

/* More applications of L than this on one point end it with EPNET_POINT_NOT_CONVERGED. */
#define EPNET_MAX_APPLICATIONS 50000000u

/* Columns at one time, for the whole network. A row is these, then EpnetCutColumn once per cut. */
typedef enum EpnetColumn {
    EPNET_ENTROPY,
    EPNET_MULTIINFORMATION,
    EPNET_MULTIINFORMATION_RATE,
    EPNET_ENTROPY_PRODUCTION,
    EPNET_ENTROPY_PRODUCTION_CHANNELS,
    EPNET_ENVIRONMENT_ENTROPY_FLOW,
    EPNET_ACTIVITY,
    EPNET_MULTIINFORMATION_RATE_EULER, /* (I(p + dt pL) - I(p))/dt, the paper's; NaN unless method = euler */
    EPNET_ENTROPY_RATE,                /* dH/dt */
    EPNET_NODE_ENTROPY_RATE,           /* sum over nodes of dH_i/dt */
    EPNET_NODE_DIVERGENCE_RATE, /* sum of d/dt D(p_i || pi_i), pi_i the product law; NaN if there is none in
                                   detailed balance (theory.md, 4) */
    EPNET_FLIP_DIVERGENCE, /* D(p || pi_0), pi_0 the law of the flips alone; NaN if a node has no flips */
    EPNET_COLUMNS
} EpnetColumn;

typedef enum EpnetCutColumn {
    EPNET_CUT_MUTUAL_INFORMATION,
    EPNET_CUT_MUTUAL_INFORMATION_RATE,
    EPNET_CUT_ENTROPY_PRODUCTION,
    EPNET_CUT_ENVIRONMENT_ENTROPY_FLOW,
    EPNET_CUT_INFORMATION_FLOW,
    EPNET_CUT_LOCAL_ENTROPY_RATE,
    EPNET_CUT_FLOW_BOUND,
    EPNET_CUT_CAPACITY,
    EPNET_CUT_COLUMNS
} EpnetCutColumn;

/* Extremes over the sampled times of a trajectory. */
typedef enum EpnetExtreme {
    EPNET_MULTIINFORMATION_MAX,
    EPNET_MULTIINFORMATION_MAX_TIME,
    EPNET_MULTIINFORMATION_RATE_MAX,
    EPNET_MULTIINFORMATION_RATE_MAX_TIME,
    EPNET_NETWORK_BOUND_MARGIN_MIN,
    EPNET_NETWORK_BOUND_MARGIN_MIN_TIME,
    EPNET_EXTREMES
} EpnetExtreme;

/* What a point has beside its rows: the solved drive, the measured leak, the envelope that they predict for
 * each cut is the host's to add (host/envelope.h). */
typedef enum EpnetPointColumn {
    EPNET_DRIVE, /* [nat], solved for the point's sigma; NaN without */
    EPNET_LEAK,  /* [1/s], with its 95 % interval; NaN without [leak] */
    EPNET_LEAK_LOW,
    EPNET_LEAK_HIGH,
    EPNET_ATTAINABLE, /* [nat/s]: the production nearest to sigma that a drive reaches, where none gives it */
    EPNET_SPLIT_ERROR, /* estimated L1 error of p, the largest over the compared times; NaN unless method =
                          split */
    EPNET_POINT_COLUMNS
} EpnetPointColumn;

/* What the host derives from a point's rates, row and leak (host/envelope.h), then the same for each cut. */
typedef enum EpnetEnvelopeColumn {
    EPNET_LEAK_GAP,     /* [1/s] 2 min over pairs of (Gamma_i + Gamma_j), Gamma = flip_up + flip_down */
    EPNET_LEAK_LSI,     /* [1/s] (2/N) min alpha_i */
    EPNET_FLOW_BOUND,   /* [nat/s] sum over all edges of beta c(F) */
    EPNET_ENERGY_BOUND, /* [nat] entropy_production_channels / (2 min alpha_i) */
    EPNET_ENVELOPE_COLUMNS
} EpnetEnvelopeColumn;

typedef enum EpnetCutEnvelopeColumn {
    EPNET_KINK_CAPACITY,      /* [bit/s] cut_entropy_production / ln 2 */
    EPNET_REGIME,             /* 0 energy-limited, 1 bandwidth-limited */
    EPNET_ENVELOPE_BOUND,     /* [nat] min(cut_entropy_production, cut_capacity ln 2) / leak */
    EPNET_ENVELOPE_TIGHTNESS, /* cut_mutual_information / envelope_bound */
    EPNET_CUT_ENVELOPE_COLUMNS
} EpnetCutEnvelopeColumn;

/* What became of one parameter point. Anything but EPNET_POINT_OK makes all its columns NaN. */
typedef enum EpnetPointStatus {
    EPNET_POINT_OK,
    EPNET_POINT_NOT_UNIQUE,    /* several stationary laws */
    EPNET_POINT_NOT_CONVERGED, /* the stationary solve did not reach its residual, or the work limit was met
                                */
    EPNET_POINT_NOT_POSITIVE,  /* a reachable state has no positive probability in double precision */
    EPNET_POINT_INACCURATE,    /* the tolerance cannot be met in double precision */
    EPNET_POINT_NOT_FINITE,    /* an overflow or NaN in the state */
    EPNET_POINT_OUT_OF_MEMORY,
    EPNET_POINT_NO_BRACKET,       /* no drive dissipates sigma across the cut */
    EPNET_POINT_NO_DECAY,         /* the leak's window is empty, or the correlation does not decay */
    EPNET_POINT_INVARIANT_BROKEN, /* a sampled law or row breaks what every one must keep (invariant.h) */
    EPNET_POINT_STATUSES
} EpnetPointStatus;

typedef enum EpnetKind { EPNET_TRAJECTORY, EPNET_STATIONARY } EpnetKind;

typedef enum EpnetMethod {
    EPNET_EULER,
    EPNET_RK4,
    EPNET_CHEBYSHEV,
    EPNET_UNIFORMIZATION,
    EPNET_SPLIT
} EpnetMethod;

typedef enum EpnetLeakKind { EPNET_LEAK_NONE, EPNET_LEAK_QUENCH, EPNET_LEAK_DECAY } EpnetLeakKind;

/* How the leak is measured: a straight line through ln I(t) and the residual bootstrap of its slope. */
typedef struct EpnetLeakSettings {
    EpnetLeakKind kind;
    double window[2]; /* fractions of I(0) between which it is fitted, 1 > window[0] > window[1] > 0 */
    size_t samples;   /* equally spaced times in the window, 3..10000 */
    size_t bootstrap; /* replicates, 10..1000000 */
    uint64_t seed;
} EpnetLeakSettings;

/* A law over the states without an entry for each: independent nodes (pure states and the uniform law among
 * them), or listed states. Borrowed arrays. */
typedef struct EpnetStart {
    const double *p_one; /* nodes: P(x_i = 1); NULL: listed states */
    size_t count;        /* listed states, in rising order; the others have 0 */
    const uint64_t *states;
    const double *probabilities; /* that sum to 1 */
} EpnetStart;

/* What all points of a sweep share. All pointers are borrowed for the life of the run. */
typedef struct EpnetProblem {
    int nodes;
    size_t edge_count;
    const int *source, *target; /* edge_count each */
    size_t cut_count;
    const uint64_t *cuts;    /* cut_count masks: bit i set where node i belongs to S */
    const double *initial;   /* 2^nodes probabilities that sum to 1; NULL: start from the stationary law */
    const EpnetStart *start; /* the same law in compact form (host/start.h), or NULL */
    EpnetKind kind;
    EpnetMethod method;
    double tolerance;  /* L1 error of p at every sampled time (chebyshev, uniformization, split without dt) */
    double dt;         /* [s], step of euler and rk4, of split if it is given; else 0 */
    size_t time_count; /* sampled times; 0 if stationary */
    const double *times;     /* [s], increasing, >= 0 */
    const uint64_t *steps;   /* times / dt as whole numbers where dt is given, else NULL */
    bool keeps_trajectories; /* batches will ask for them: how much memory their rows take */
    bool constant_drive;     /* every point has a sigma, and its one drive is solved for */
    EpnetLeakSettings leak;
} EpnetProblem;

/* Parameters of one point: flip_up, flip_down have `nodes` entries [1/s]; rate (beta, [1/s]) and drive
 * (F, [nat], 0..inf) have `edge_count`, in the order of the problem's edges. */
typedef struct EpnetPoint {
    const double *flip_up, *flip_down, *rate, *drive;
    double sigma; /* [nat/s] stationary entropy production of cut 0, with constant_drive (drive is then
                     ignored) */
} EpnetPoint;

typedef struct EpnetBatch {
    const EpnetProblem *problem;
    size_t count;
    const EpnetPoint *points;
    const volatile int
        *stop; /* may be NULL; nonzero: leave the remaining points, the sweep discards the batch */
} EpnetBatch;

/* Results of a batch, owned by the caller. Row width: epnet_row_width(). */
typedef struct EpnetRows {
    int *status;          /* count: EpnetPointStatus */
    double *last;         /* count x width: at the last sampled time, or at the stationary law */
    double *extremes;     /* count x EPNET_EXTREMES; NULL if stationary */
    double *point;        /* count x EPNET_POINT_COLUMNS */
    double *envelope;     /* count x epnet_envelope_width(): the sweep's, not the backend's, to fill */
    double *trajectory;   /* count x time_count x width, or NULL: not kept */
    double *applications; /* count: of L, those for the columns aside; what a backend does not count it leaves
                             as it is. NULL: not asked for */
    double *
        leak_curve; /* the quench of a run of one point: leak.samples times [s], then as many ln I; or NULL */
} EpnetRows;

static inline size_t epnet_row_width(size_t cut_count) {
    return (size_t)EPNET_COLUMNS + cut_count * (size_t)EPNET_CUT_COLUMNS;
}

static inline size_t epnet_envelope_width(size_t cut_count) {
    return (size_t)EPNET_ENVELOPE_COLUMNS + cut_count * (size_t)EPNET_CUT_ENVELOPE_COLUMNS;
}

/* What a problem takes of a device's memory. */
typedef struct EpnetMemoryNeed {
    uint64_t of_point;  /* bytes for one point in flight */
    int in_flight;      /* points of a batch that are in flight at once, at most */
    uint64_t of_work;   /* bytes beside those for one of them that is worked on */
    int at_work;        /* as many are worked on at once, at most; 0: of_point is all */
    uint64_t of_device; /* bytes for all contexts of a device together, whatever is in flight */
} EpnetMemoryNeed;

/* The functions of a backend are called from several threads at a time, those with a context for different
 * contexts. */
typedef struct EpnetBackend {
    const char *name;
    /* Why this build lacks the backend, the functions below being NULL; NULL: it is there. */
    const char *absent;
    /* memory() speaks of memory that is the device's own, not this host's. */
    bool has_own_memory;
    /* How many devices there are, at least 1, numbered from 0, and what is to be said of all. EPNET_DEVICE:
     * there are none, with the system's own reason. */
    EpnetStatus (*devices)(int *count, char *text, size_t size, EpnetError *error);
    /* What a device < count is: "NVIDIA H200"; "139.8 GiB of memory, compute capability 9.0". */
    EpnetStatus (*describe)(int device, EpnetDeviceInfo *info, EpnetError *error);
    /* Whether a device < count can do all of a problem, and with how many host threads: *threads are those
     * asked for (0: as many as serve). EPNET_DEVICE: it cannot, with the reason in one line. */
    EpnetStatus (*accept)(const EpnetProblem *problem, int device, int *threads, EpnetError *error);
    /* Whether two devices that accept a problem give a point the same bytes, so that they may share a sweep.
     * EPNET_DEVICE: they do not, with what differs, and what to do, in one line. NULL: there is one device.
     */
    EpnetStatus (*alike)(const EpnetProblem *problem, int one, int other, EpnetError *error);
    /* How a device is kept busy: how many contexts to open on it side by side (each is a worker of the sweep,
     * a thread that solves one chunk of points after the other), the host threads of each when `threads` are
     * there for all, and the points of a chunk (0: as many as take some 0.2 s). At least 1 and 1. */
    void (*workers)(const EpnetProblem *problem, int device, int threads, int *count, int *threads_each,
                    size_t *chunk);
    /* Open a context on a device for a problem, with `threads` host threads (0: one per core). *context is
     * the backend's own. EPNET_DEVICE: there is no room for (another) one. */
    EpnetStatus (*open)(const EpnetProblem *problem, int device, int threads, void **context,
                        EpnetError *error);
    void (*close)(void *context);
    /* Evolve every point of the batch over the problem's times (kind = trajectory) or find its stationary
     * law, and fill `rows`. A point that fails has its status set and NaN in its columns, and never fails the
     * call. */
    EpnetStatus (*solve)(void *context, const EpnetBatch *batch, EpnetRows *rows, EpnetError *error);
    /* Whether the last solve() has failed (EPNET_DEVICE) because other contexts, or other programs, have the
     * memory that it needed: the device is well, and the batch as a whole is for another context, or for one
     * that is opened once there is room. NULL: contexts have all their memory once they are open. */
    bool (*lacks_room)(const void *context);
    /* q = pL for one point (tests, benches): p and q have 2^nodes entries. */
    EpnetStatus (*apply)(void *context, const EpnetPoint *point, const double *p, double *q,
                         EpnetError *error);
    /* What the user should know of how a context's work went, "" if nothing. NULL: there is never anything.
     */
    void (*note)(const void *context, char *text, size_t size);
    /* Estimate the work of one point in the time of a small one, from its rates and a few timed kernels:
     * applications of L and seconds on one thread (NaN: no honest figure exists for the device). False when
     * memory is exhausted. */
    bool (*estimate)(const EpnetProblem *problem, const EpnetPoint *point, double *applications,
                     double *seconds);
    EpnetMemoryNeed (*need)(const EpnetProblem *problem, int device, int threads);
} EpnetBackend;

#endif

/* A spec, read and checked: everything a run depends on. Read by spec_read.cpp (TOML), freed here. */
#ifndef EPNET_HOST_SPEC_H
#define EPNET_HOST_SPEC_H

#include "backend.h"
#include "grid.h"
#include "network.h"

typedef enum EpnetInitialKind {
    EPNET_INITIAL_STATE, /* a pure state */
    EPNET_INITIAL_UNIFORM,
    EPNET_INITIAL_STATIONARY,
    EPNET_INITIAL_P_ONE,        /* independent nodes */
    EPNET_INITIAL_PROBABILITIES /* listed states, the rest 0 */
} EpnetInitialKind;

typedef struct EpnetInitial {
    EpnetInitialKind kind;
    uint64_t state; /* EPNET_INITIAL_STATE */
    double *p_one;  /* EPNET_INITIAL_P_ONE: nodes values */
    size_t count;   /* EPNET_INITIAL_PROBABILITIES: listed states and their probabilities */
    uint64_t *states;
    double *probabilities; /* as written: they sum to 1 within 1e-9 */
} EpnetInitial;

typedef struct EpnetCut {
    uint64_t mask; /* nodes of S */
    char *label;   /* as written in the spec, "0,1" or "Medici,Ridolfi" */
} EpnetCut;

typedef enum EpnetKeep { EPNET_KEEP_AUTO, EPNET_KEEP_YES, EPNET_KEEP_NO } EpnetKeep;

struct EpnetSpec {
    char *path;            /* of the spec file, as given */
    char *title;           /* "" if none */
    char *text;            /* effective text: the file, then one line "# --set key=value" per override */
    size_t override_count; /* those lines */
    char *files; /* a line "KEY: BYTES bytes, sha256 ..." for every file that it names, in order of reading */
    char sha256[65];
    EpnetNetwork network;
    EpnetInitial initial;
    size_t cut_count;
    EpnetCut *cuts;
    EpnetKind kind;
    EpnetMethod method; /* "auto" resolved */
    double dt;          /* [s], euler and rk4, else 0 */
    double tolerance;
    size_t time_count;      /* 0 if stationary */
    double *times;          /* [s] */
    uint64_t *steps;        /* euler and rk4: times / dt, else NULL */
    EpnetLeakSettings leak; /* kind EPNET_LEAK_NONE without [leak] */
    EpnetKeep keep_trajectories;
    size_t axis_count;
    EpnetAxis *axes; /* first the slowest */
};

#define EPNET_MAX_NODES 31
#define EPNET_MAX_NODES_MANY 30 /* with methods that keep several vectors of 2^nodes */

/* Read a spec again from the effective text of an earlier reading, as if it stood at `path`: the files that
 * it names are read anew, and whether all is as before is for the caller to see in sha256. Errors as of
 * epnet_spec_read(). */
EpnetStatus epnet_spec_read_text(const char *path, const char *text, size_t override_count, EpnetSpec **spec,
                                 EpnetError *error);

/* Whether the trajectory table is kept ([output] trajectories; auto: up to 100,000 points x samples). */
bool epnet_spec_keeps_trajectories(const EpnetSpec *spec);

const char *epnet_method_name(EpnetMethod method);
const char *epnet_kind_name(EpnetKind kind);

#endif

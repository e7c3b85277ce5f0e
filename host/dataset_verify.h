/* Reading a grid file again that was just written: does it hold what was given? */
#ifndef EPNET_HOST_DATASET_VERIFY_H
#define EPNET_HOST_DATASET_VERIFY_H

#include "dataset_define.h"
#include "digest.h"

typedef struct EpnetDatasetRange {
    size_t first, count;
} EpnetDatasetRange;

/* What was written: a structure, and into it ranges of points in turn, of each the statuses, then every
 * column, then every column of the trajectory table; last, if there is one, the samples of the quench.
 * `check` is the digest of these doubles. */
typedef struct EpnetDatasetWritten {
    const EpnetSpec *spec;
    const char *device;
    EpnetDatasetTable *points, *trajectory; /* `trajectory` NULL: not kept */
    EpnetDatasetLeak *leak;                 /* NULL: no such group */
    const EpnetColumnInfo *columns;
    size_t column_count, trajectory_count; /* the first `trajectory_count` are in the trajectory table */
    size_t times;
    bool quench; /* was written */
    size_t range_count;
    const EpnetDatasetRange *ranges;
    unsigned char check[EPNET_DIGEST];
} EpnetDatasetWritten;

/* EPNET_IO: the file cannot be read or holds something else. */
EpnetStatus epnet_dataset_verify(const char *path, const EpnetDatasetWritten *written, EpnetError *error);

#endif

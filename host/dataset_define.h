/* The structure of a grid file: dimensions, coordinate variables, columns and attributes (docs/grid-file.md).
 * Knows what the file looks like; dataset.c knows how rows get into it. */
#ifndef EPNET_HOST_DATASET_DEFINE_H
#define EPNET_HOST_DATASET_DEFINE_H

#include "columns.h"
#include "slab.h"

/* One table of the file: the root group (points) or the group "trajectory". */
typedef struct EpnetDatasetTable {
    int group;   /* netCDF id of the group */
    size_t rank; /* axes, and time in the trajectory table */
    size_t shape[EPNET_MAX_RANK];
    size_t column_count;
    int *variables; /* column_count netCDF ids; owned by the caller */
} EpnetDatasetTable;

/* The group "quench": the quench of a grid of one point, its variables over `samples` times. (Not "leak":
 * that is a column, and the names of groups and variables must differ.) */
typedef struct EpnetDatasetLeak {
    int group;
    size_t samples;
    int time, information, fit; /* netCDF ids */
} EpnetDatasetLeak;

/* Whether the grid file of a spec has that group. */
bool epnet_dataset_has_leak(const EpnetSpec *spec);

/* Define and write everything but the results in the empty file `points->group`. `columns` belong to the
 * tables in order: points->column_count of them, and the first trajectory->column_count. `trajectory` NULL:
 * not kept. `leak` NULL: no such group. Fills the tables' other fields, `*status_variable` and `*leak`.
 * Returns a netCDF error code. */
int epnet_dataset_define(const EpnetSpec *spec, const char *device, const EpnetColumnInfo *columns,
                         EpnetDatasetTable *points, int *status_variable, EpnetDatasetTable *trajectory,
                         EpnetDatasetLeak *leak);

/* Whether an open file `points->group` has that structure, with these attributes and coordinates: netCDF can
 * lose some of them without a word where memory is refused. The tables' variables are overwritten by those
 * that are found. Returns a netCDF error code, NC_ENOMEM where memory is exhausted now. */
int epnet_dataset_defined(const EpnetSpec *spec, const char *device, const EpnetColumnInfo *columns,
                          EpnetDatasetTable *points, EpnetDatasetTable *trajectory, EpnetDatasetLeak *leak);

#endif

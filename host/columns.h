/* Names, units and descriptions of every result column: the one list that the grid file, the tables and the
 * figures are made from. Definitions: docs/theory.md. */
#ifndef EPNET_HOST_COLUMNS_H
#define EPNET_HOST_COLUMNS_H

#include "spec.h"

/* Where a column's value stands in EpnetRows. */
typedef enum EpnetColumnPlace { EPNET_PLACE_ROW, EPNET_PLACE_EXTREME } EpnetColumnPlace;

typedef struct EpnetColumnInfo {
    char name[64];          /* with suffix _0, _1, ... when there are several cuts */
    const char *unit;       /* "nat", "nat s-1", "bit s-1", "s-1", "s" */
    const char *long_name;
    EpnetColumnPlace place;
    size_t index;           /* into the row or into the extremes */
} EpnetColumnInfo;

/* The columns of a spec's result after the axes and `status`, in the order of the tables: those at one time
 * first (`*row_count` of them: the trajectory table has these), then the extremes. Returns their number and a
 * list to free(), NULL when memory is exhausted. */
size_t epnet_columns(const EpnetSpec *spec, EpnetColumnInfo **columns, size_t *row_count);

extern const char *const epnet_point_status_names[EPNET_POINT_STATUSES]; /* "ok", "not_unique", ... */

#endif

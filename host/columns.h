/* Names, units and descriptions of every result column: the one list that the grid file, the tables and the
 * figures are made from. Definitions: docs/theory.md. */
#ifndef EPNET_HOST_COLUMNS_H
#define EPNET_HOST_COLUMNS_H

#include "spec.h"

/* Where a column's value stands in EpnetRows. */
typedef enum EpnetColumnPlace {
    EPNET_PLACE_ROW,
    EPNET_PLACE_EXTREME,
    EPNET_PLACE_POINT,
    EPNET_PLACE_ENVELOPE
} EpnetColumnPlace;

typedef struct EpnetColumnInfo {
    char name[64];    /* with suffix _0, _1, ... when there are several cuts */
    const char *unit; /* "nat", "nat/s", "bit/s", "1/s", "s" */
    const char *long_name;
    const char *cell_methods; /* CF: how the value relates to time; NULL where that says nothing */
    EpnetColumnPlace place;
    size_t index; /* into the row, the extremes, ... */
    int cut;      /* which cut of the spec, -1: the whole network */
} EpnetColumnInfo;

/* The columns of a spec's result after the axes and `status`, in the order of the tables: those at one time
 * first (`*row_count` of them: the trajectory table has these), then the extremes, the drive and leak, the
 * envelope. Returns their number and a list to free(), NULL when memory is exhausted. */
size_t epnet_columns(const EpnetSpec *spec, EpnetColumnInfo **columns, size_t *row_count);

/* The usual symbol of a column, in gnuplot's enhanced text, for the axes and keys of figures; a cut's suffix
 * is ignored. NULL: the column has none. */
const char *epnet_column_symbol(const char *name);

extern const char *const epnet_point_status_names[EPNET_POINT_STATUSES]; /* "ok", "not_unique", ... */

#endif

/* An open grid file, as the tables and figures see it. The structure is read and checked once, by
 * epnet_result_open (result_open.c); columns are read when they are asked for (result.c). */
#ifndef EPNET_HOST_RESULT_H
#define EPNET_HOST_RESULT_H

#include "epnet.h"
#include "slab.h"

typedef struct EpnetResultAxis {
    char *name, *unit, *long_name;
    bool log;
    size_t size;
    double *values; /* size */
} EpnetResultAxis;

typedef struct EpnetResultColumn {
    char *name, *unit, *long_name;
    char *cut;               /* label of the cut it belongs to, "" if none */
    int variable;            /* netCDF id in the root group */
    int trajectory_variable; /* in the group "trajectory"; -1: not there */
} EpnetResultColumn;

typedef struct EpnetResultText {
    char *name, *text;
} EpnetResultText;

typedef struct EpnetResultFlag {
    int value;
    char *name;
} EpnetResultFlag;

/* The group "quench" of a grid file of one point: ln of the multiinformation after the copies were switched
 * off.
 */
typedef struct EpnetResultLeak {
    size_t count;                     /* 0: not in the file */
    double *times, *logarithms, *fit; /* [s], ln nat; count each */
} EpnetResultLeak;

struct EpnetResult {
    char *path;
    bool intact;    /* byte for byte as epnet wrote it */
    int ncid;       /* -1: not open */
    int trajectory; /* group, -1: no trajectory table */
    size_t axis_count;
    EpnetResultAxis *axes; /* axis_count */
    size_t points;
    size_t time_count;
    double last_time; /* [s], that the points table stands for; NaN: a stationary law */
    double *times;    /* time_count, NULL without a trajectory table */
    EpnetResultLeak leak;
    size_t column_count;
    EpnetResultColumn *columns; /* column_count, `status` first */
    size_t text_count;
    EpnetResultText *texts; /* global attributes; numbers as text */
    size_t flag_count;
    EpnetResultFlag *flags; /* values of the status column */
};

/* The attribute with the numbers of variables in the root group, in "trajectory" and in "quench". */
#define EPNET_VARIABLE_COUNTS "variable_counts"

/* Which of the file's two tables: a row per grid point, or per grid point and time. */
typedef enum EpnetTable { EPNET_TABLE_POINTS, EPNET_TABLE_TRAJECTORY } EpnetTable;

/* Number of the column called `name`, or column_count. */
size_t epnet_result_find(const EpnetResult *result, const char *name);

/* Number of the column that a figure or a measurement is about where nothing else is asked for: the mutual
 * information of the first cut, or else the multiinformation; column_count if there is neither. */
size_t epnet_result_natural(const EpnetResult *result);

/* Whether column `column` is in a table (`status` and the extremes are in the points table alone). */
bool epnet_result_has(const EpnetResult *result, EpnetTable table, size_t column);

/* EPNET_USAGE: no column `name` in the table; the message lists those that are. */
EpnetStatus epnet_result_fail_column(const EpnetResult *result, EpnetTable table, const char *name,
                                     EpnetError *error);

/* Read rows [first, first + count) of a column of a table; a row of the trajectory table is point x
 * time_count + time. EPNET_IO: the file cannot be read. */
EpnetStatus epnet_result_rows(const EpnetResult *result, EpnetTable table, size_t column, size_t first,
                              size_t count, double *values, EpnetError *error);

#endif

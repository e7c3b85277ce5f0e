/* Tables as CSV. table.c writes those that are in the grid file, table_kinks.c the one that is measured from
 * it, table_output.c puts either where it belongs. */
#ifndef EPNET_HOST_TABLE_H
#define EPNET_HOST_TABLE_H

#include "result.h"

#include <stdio.h>

/* A number with 17 significant digits, "nan" or "inf". */
void epnet_table_number(FILE *stream, double value);

/* The names of the axes and their values at a grid point, each followed by a comma; `except` (may be NULL) is
 * left out. */
void epnet_table_axis_names(const EpnetResult *result, const EpnetResultAxis *except, FILE *stream);
void epnet_table_axis_values(const EpnetResult *result, size_t point, const EpnetResultAxis *except,
                             FILE *stream);

/* Writes a whole table to a stream; what the stream refuses is found out afterwards. */
typedef EpnetStatus (*EpnetTableWrite)(const void *table, FILE *stream, EpnetError *error);

/* Write a table to the file `output` (regular: complete or not at all), or to standard output (NULL). */
EpnetStatus epnet_table_output(const char *output, EpnetTableWrite write, const void *table,
                               EpnetError *error);

/* The table "kinks" of an open grid file (docs/kink.md). EPNET_USAGE: it has no copy axis. */
EpnetStatus epnet_table_kinks(const EpnetResult *result, const char *output, EpnetError *error);

/* The table "margins" of an open grid file (docs/audit.md): a row per grid point, a margin and its time per
 * statement of the audit. */
EpnetStatus epnet_table_margins(const EpnetResult *result, const char *output, EpnetError *error);

#endif

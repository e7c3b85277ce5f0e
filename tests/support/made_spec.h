/* Specs and results made by hand, for tests of what comes after the engine: grid files, tables, figures. */
#ifndef EPNET_TESTS_MADE_SPEC_H
#define EPNET_TESTS_MADE_SPEC_H

#include "columns.h"

typedef struct MadeSpec {
    const char *title;
    int nodes;
    EpnetKind kind;
    EpnetMethod method;
    EpnetKeep keep;
    EpnetLeakKind leak;
    bool constant_drive;
    size_t cut_count; /* cuts {0}, {0, 1}, ... */
    size_t time_count;
    size_t axis_count;
    EpnetAxisKey keys[EPNET_AXIS_KEYS];
    bool log[EPNET_AXIS_KEYS];
    size_t sizes[EPNET_AXIS_KEYS];
} MadeSpec;

/* A complete network with unequal, asymmetric rates and the given shape; axis values run from 0.1 to 10,
 * times from 0 to 10 s. NULL: memory exhausted. Free with made_spec_free. */
EpnetSpec *made_spec(const MadeSpec *made);
void made_spec_free(EpnetSpec *spec);

/* The value that made_rows puts into column `index` of a row (or of the extremes) at a point and time: no two
 * of them alike, both signs, with NaN and infinities among them. */
double made_value(size_t point, size_t time, size_t index);

/* Rows of grid points [first, first + count) filled with made_value; every seventh point has failed. The
 * extremes stand at time `time_count`, the drive and leak one later, the envelope two. Free with
 * made_rows_free. */
EpnetRows made_rows(const EpnetSpec *spec, size_t first, size_t count, bool trajectory);
/* The `time` at which made_rows puts a column of the points table. */
size_t made_time(const EpnetSpec *spec, EpnetColumnPlace place);
int made_status(size_t point);
void made_rows_free(EpnetRows *rows);

#endif

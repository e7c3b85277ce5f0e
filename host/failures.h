/* The failed points of a sweep, and how a summary tells them. */
#ifndef EPNET_HOST_FAILURES_H
#define EPNET_HOST_FAILURES_H

#include "spec.h"

enum { EPNET_FAILURES_TOLD = 3 };

typedef struct EpnetFailures {
    size_t total, count[EPNET_POINT_STATUSES];
    struct {
        size_t point;
        int status;
        double attainable, sigma; /* of no_bracket points [nat/s] */
    } first[EPNET_FAILURES_TOLD]; /* in the order of the grid */
} EpnetFailures;

/* Count the failed ones of points [first, first + count), which may come in any order. */
void epnet_failures_add(EpnetFailures *failures, size_t first, size_t count, const EpnetPoint *points,
                        const EpnetRows *rows);

/* "2 not_unique, 1 not_converged; first: copy_total=0 drive=2 (not_unique), ...", "" if there are none. */
void epnet_failures_describe(const EpnetFailures *failures, const EpnetSpec *spec, char *text, size_t size);

/* EPNET_POINTS_FAILED with this description, and what can be done where memory was missing. */
EpnetStatus epnet_failures_report(const EpnetFailures *failures, size_t points, const char *description,
                                  EpnetError *error);

#endif

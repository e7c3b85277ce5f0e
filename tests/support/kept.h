/* Which points a journal holds. */
#ifndef EPNET_TESTS_KEPT_H
#define EPNET_TESTS_KEPT_H

#include <stdbool.h>
#include <stddef.h>

/* Mark the points of 0..points-1 that the journal at `path` holds; returns their number. No journal, or none
 * whose header is whole: none. */
size_t test_kept(const char *path, bool *kept, size_t points);

#endif

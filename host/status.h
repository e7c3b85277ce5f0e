/* How errors travel: a function fills the caller's EpnetError and returns its status. */
#ifndef EPNET_HOST_STATUS_H
#define EPNET_HOST_STATUS_H

#include "epnet.h"

/* Record a message (printf format, no newline) and return `status`. `error` may be NULL. */
__attribute__((format(printf, 3, 4))) EpnetStatus epnet_fail(EpnetError *error, EpnetStatus status,
                                                             const char *format, ...);

/* A call to the system has failed: record "what: reason of errno" (printf format of what, no newline) and
 * return EPNET_IO, or EPNET_DEVICE where the system is out of memory. */
__attribute__((format(printf, 2, 3))) EpnetStatus epnet_fail_system(EpnetError *error, const char *format,
                                                                    ...);

/* calloc with overflow check; NULL only when memory is exhausted (also for zero items it returns non-NULL).
 */
void *epnet_calloc(size_t count, size_t size);

/* The usual failure of epnet_calloc: EPNET_DEVICE with the amount and its purpose. */
EpnetStatus epnet_fail_memory(EpnetError *error, uint64_t bytes, const char *purpose);

#endif

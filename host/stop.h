/* When long work is to end early: the caller's flag is set, or the time is up. */
#ifndef EPNET_HOST_STOP_H
#define EPNET_HOST_STOP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct EpnetStop {
    const volatile int *flag; /* nonzero: asked for; NULL: nobody asks */
    double until;             /* [s] on the clock of epnet_seconds_now(); 0: there is time */
} EpnetStop;

/* Whether it is to end; `stop` may be NULL: never. */
bool epnet_stop_due(const EpnetStop *stop);

/* A long reading, which looks at `stop` now and then. What is small is read whole before the first look, so
 * that a run with no time left still says what it has found. */
typedef struct EpnetStopLook {
    const EpnetStop *stop; /* may be NULL */
    uint64_t bytes;        /* since the last look */
} EpnetStopLook;

enum { EPNET_STOP_LOOK = 16 << 20 }; /* [bytes] from one look to the next: some hundredths of a second */

/* `bytes` more are read: whether it is to end. */
bool epnet_stop_after(EpnetStopLook *look, uint64_t bytes);

#endif

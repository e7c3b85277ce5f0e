/* Work of libraries that may bring their process down. HDF5 1.10 does on some failures of the system: on a
 * disk that stays full it crashes when it closes a file, or at the end of the program. In a process of its
 * own that costs the file that was being written, and not the run. */
#ifndef EPNET_HOST_ISOLATE_H
#define EPNET_HOST_ISOLATE_H

#include "epnet.h"

typedef struct EpnetIsolated {
    /* What to do, in a child process: what it does to files stays, what it changes in memory does not. It may
     * rely on no thread but its own, and on nothing that another thread may hold. */
    EpnetStatus (*work)(void *context, EpnetError *error);
    void *context;
    const char *action;       /* for messages: "cannot write out.nc" */
    const volatile int *stop; /* may be NULL; nonzero: the child is killed */
} EpnetIsolated;

/* Do it and pass on its status and message. If this process is killed, so is the child. EPNET_IO: the child
 * did not live to answer; EPNET_INTERRUPTED (without a message): stopped; EPNET_DEVICE: no process can be
 * started. */
EpnetStatus epnet_isolate(const EpnetIsolated *isolated, EpnetError *error);

#endif

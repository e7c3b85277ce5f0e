/* Which backends there are, and which one a device name means. */
#ifndef EPNET_HOST_DEVICE_H
#define EPNET_HOST_DEVICE_H

#include "backend.h"

typedef struct EpnetDevice {
    const EpnetBackend *backend;
    int index;      /* of the device within its backend */
    char name[128]; /* for people: "cpu (AMD EPYC ..., 2 threads)" */
    int threads;    /* host threads to use */
} EpnetDevice;

/* Resolve "auto" (or NULL), "cpu", "cuda", "cuda:1" and a number of threads (0: one per core, fewer if
 * `problem` would not fit the memory otherwise). EPNET_USAGE: not a device name; EPNET_DEVICE: not available,
 * or not enough memory, with the reason. */
EpnetStatus epnet_device_choose(const char *name, int threads, const EpnetProblem *problem,
                                EpnetDevice *device, EpnetError *error);

/* Bytes of physical memory of this host. */
uint64_t epnet_host_memory(void);

#endif

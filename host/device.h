/* Which backends there are, and which one a device name means. */
#ifndef EPNET_HOST_DEVICE_H
#define EPNET_HOST_DEVICE_H

#include "backend.h"

enum { EPNET_DEVICES_MAX = 16 };

/* One backend, and its devices that share the points of a sweep. */
typedef struct EpnetDevice {
    const EpnetBackend *backend;
    size_t count;
    int index[EPNET_DEVICES_MAX]; /* count: numbers within the backend */
    char name[256];               /* for people: "cpu (AMD EPYC ..., 2 threads)" */
    int threads;                  /* host threads to use */
    /* What the backend wishes for (EpnetBackend.workers), all devices together. */
    size_t worker_count;
    int worker_threads; /* of each worker */
    size_t chunk;       /* points that a worker takes at a time, 0: by time */
} EpnetDevice;

/* Resolve "auto" (or NULL), "cpu", "cuda" (all devices that can do the problem), "cuda:1" and a number of
 * threads (0: one per core, fewer if `problem` would not fit the memory otherwise). "auto" is cuda where that
 * is possible, else the CPU, and the name then says why. EPNET_USAGE: not a device name; EPNET_DEVICE: not
 * available, or not enough memory, with the reason. */
EpnetStatus epnet_device_choose(const char *name, int threads, const EpnetProblem *problem,
                                EpnetDevice *device, EpnetError *error);

/* The backend that a name asks for where epnet_device_choose() failed with EPNET_DEVICE: NULL for "auto". */
const EpnetBackend *epnet_device_backend(const char *name);

/* The device that worker `worker` < worker_count opens: workers go round the devices. */
int epnet_device_of_worker(const EpnetDevice *device, size_t worker);

/* Bytes of physical memory of this host. */
uint64_t epnet_host_memory(void);

#endif

/* The pool that solves a sweep: workers on one queue, each a thread with a backend context and buffers of its
 * own. No worker waits for another, and no result depends on how many there are or on who solves what. */
#ifndef EPNET_HOST_WORKERS_H
#define EPNET_HOST_WORKERS_H

#include "chunk.h"
#include "device.h"
#include "queue.h"

typedef struct EpnetWork {
    const EpnetSpec *spec;
    const EpnetProblem *problem;
    const EpnetDevice *device;
    size_t batch;             /* points of a chunk, 0: the device's choice or by time */
    bool spares;              /* what a device that fails leaves is for others */
    const volatile int *stop; /* may be NULL; nonzero: chunks in flight are finished if that is quick */
    EpnetQueue *queue;        /* the points to solve */
    /* Begin to take over the solved points [first, first + count), whose rows stay as they are until kept()
     * has returned. Returns a ticket; NULL: memory is exhausted. Called by several workers at a time. */
    void *(*keep)(size_t first, size_t count, const EpnetChunk *chunk, void *context);
    /* Wait until the points of a ticket are safe, and free it; a worker has solved its next piece meanwhile.
     * Anything but EPNET_OK ends the work. */
    EpnetStatus (*kept)(void *ticket, void *context, EpnetError *error);
    void (*watch)(void *context); /* about ten times a second, by the thread that called; may be NULL */
    void *context;
} EpnetWork;

/* Points of the longest chunk that a worker's buffers are made for. */
size_t epnet_workers_most(const EpnetSpec *spec, const EpnetDevice *device, size_t batch, size_t points);

/* Solve all missing points. EPNET_OK: they were kept; EPNET_INTERRUPTED (without a message): stopped before
 * that; else the first failure of a worker. Workers that a device has no memory for, when they open it or
 * later, give their points back and are left out, and `note` says so ("" otherwise); the last one of a device
 * tries once more when it has the device to itself, and the last one of all then fails. With `spares`, a
 * worker whose device fails (EPNET_DEVICE) ends alone and gives its points back; EPNET_DEVICE then means that
 * points are left in the queue and no worker is, and the rest of them may be solved by another call. */
EpnetStatus epnet_workers_run(const EpnetWork *work, char *note, size_t note_size, EpnetError *error);

#endif

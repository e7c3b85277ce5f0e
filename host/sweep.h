/* What a run and a plan share: how many points go into a batch, and the memory that takes. */
#ifndef EPNET_HOST_SWEEP_H
#define EPNET_HOST_SWEEP_H

#include "device.h"
#include "spec.h"

/* Points per batch: `requested` if not 0, else enough to keep the threads busy, few enough for steady
 * progress and for row buffers of some 64 MiB; at most `points`. */
size_t epnet_sweep_batch(const EpnetSpec *spec, const EpnetDevice *device, size_t requested, size_t points);

/* Bytes of the buffers of one batch: parameters and rows. */
uint64_t epnet_sweep_batch_bytes(const EpnetSpec *spec, size_t batch);

#endif

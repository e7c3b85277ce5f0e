/* The files of a run: its grid file, and the journal beside it. */
#ifndef EPNET_HOST_RUN_FILES_H
#define EPNET_HOST_RUN_FILES_H

#include "shard.h"
#include "spec.h"
#include "stop.h"

/* "OUT.nc.journal", or "OUT.nc.shard-2-of-8.journal", as a new string; NULL: memory is exhausted. */
char *epnet_journal_path(const char *output, EpnetShard shard);

/* Look at what stands at `output`: *done says that it is complete and of this spec, with *failed failed
 * points. EPNET_IO: it is something else, and `force` does not give leave to replace it, or it is not ours to
 * replace at all; EPNET_DEVICE: memory; EPNET_INTERRUPTED: it was to stop. */
EpnetStatus epnet_output_examine(const EpnetSpec *spec, const char *output, bool force, const EpnetStop *stop,
                                 bool *done, size_t *failed, EpnetError *error);

/* Whether the file system of `output` has room for `bytes` more. EPNET_IO: it does not. */
EpnetStatus epnet_output_room(const char *output, uint64_t bytes, EpnetError *error);

#endif

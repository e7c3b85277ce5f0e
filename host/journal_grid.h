/* From journals to the grid file. */
#ifndef EPNET_HOST_JOURNAL_GRID_H
#define EPNET_HOST_JOURNAL_GRID_H

#include "failures.h"
#include "journal.h"

/* A journal that was read; all is borrowed. */
typedef struct EpnetJournalSource {
    int fd;
    const char *path;
    const EpnetJournalHeader *header;
    const EpnetJournalContent *content;
} EpnetJournalSource;

/* Bytes of a journal of `points` points of a spec. */
uint64_t epnet_journal_size(const EpnetSpec *spec, uint64_t points);

/* Write the grid file `output` from the points of all sources, in the order of the grid and a few MiB at a
 * time, and count the failed points. Its device is the backend of the first source, and says how many points
 * the CPU computed in its place. The file is read again and compared, synced and renamed, all in a
 * process of its own, because HDF5 may bring its process down when a disk fails. EPNET_INTERRUPTED: it was
 * to stop (`stop` may be NULL); EPNET_IO: a point is in no journal, or a file cannot be read or written. */
EpnetStatus epnet_journal_to_grid(const EpnetSpec *spec, const EpnetJournalSource *sources,
                                  size_t source_count, const char *output, const EpnetStop *stop,
                                  EpnetFailures *failures, EpnetError *error);

/* Count the failed points of a journal alone. EPNET_INTERRUPTED: it was to stop. */
EpnetStatus epnet_journal_failures(const EpnetSpec *spec, const EpnetJournalSource *source,
                                   const EpnetStop *stop, EpnetFailures *failures, EpnetError *error);

#endif

/* The journals of an output: that of a run, and those of its shards. */
#ifndef EPNET_HOST_SHARD_FILES_H
#define EPNET_HOST_SHARD_FILES_H

#include "shard.h"

typedef struct EpnetJournalFile {
    char *path;
    EpnetShard shard; /* as its name says */
} EpnetJournalFile;

/* List the journals beside `output`, that of an undivided run first, then shards by number. Free it with
 * epnet_journal_files_free(). EPNET_IO: the folder cannot be read. */
EpnetStatus epnet_journal_files(const char *output, EpnetJournalFile **files, size_t *count,
                                EpnetError *error);
void epnet_journal_files_free(EpnetJournalFile *files, size_t count);

/* Whether the journals beside `output` leave room for one of this shard. EPNET_IO: some are of a division
 * into another number of shards, or the folder cannot be read. */
EpnetStatus epnet_shard_check_division(const char *output, EpnetShard shard, EpnetError *error);

#endif

/* What the parts of the writer of a journal share. */
#ifndef EPNET_HOST_JOURNAL_STATE_H
#define EPNET_HOST_JOURNAL_STATE_H

#include "journal_writer.h"

#include <pthread.h>
#include <sys/uio.h>

struct EpnetJournal {
    char *path;
    const EpnetJournalHeader *header;
    int fd; /* holds the lock */
    EpnetJournalContent content;

    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t asked, answered;
    EpnetJournalRequest *first, *last; /* to be written, in order */
    bool stop;
    uint64_t end;      /* of the file: where the next record goes */
    bool unsynced;     /* something was written since the last sync */
    double sync_due;   /* [s] on the monotonic clock */
    double waited;     /* [s], of all threads */
    EpnetError broken; /* the first failure to write: nothing more is appended then */
};

void epnet_journal_locks_make(EpnetJournal *journal);

/* Write all bytes at `offset`, whatever interrupts it. `pieces` is used up. False with errno set. */
bool epnet_journal_put(int fd, const struct iovec *pieces, int count, uint64_t offset);

#endif

/* The journal of a run on its way: opened under a lock, taken up where an earlier run left it, and appended
 * to by one thread while others compute. */
#ifndef EPNET_HOST_JOURNAL_WRITER_H
#define EPNET_HOST_JOURNAL_WRITER_H

#include "journal.h"

typedef struct EpnetJournal EpnetJournal;

typedef enum EpnetJournalMode {
    EPNET_JOURNAL_RESUME, /* go on with what is there; one of another run is refused */
    EPNET_JOURNAL_RESTART /* give up what is there, if it is a journal */
} EpnetJournalMode;

/* Open or create the journal `path` for a run, lock it, and read it. Damage is cut off at the end of the file
 * and skipped elsewhere. `header` is borrowed. EPNET_IO: another process holds it (the message says which),
 * it is of another run, or the system's reason; EPNET_INTERRUPTED: it was to stop (`stop` may be NULL), and
 * the file is as it was. On failure *journal is NULL. */
EpnetStatus epnet_journal_open(const char *path, const EpnetJournalHeader *header, EpnetJournalMode mode,
                               const EpnetStop *stop, EpnetJournal **journal, EpnetError *error);

/* What was found. It belongs to the journal. */
const EpnetJournalContent *epnet_journal_content(const EpnetJournal *journal);
int epnet_journal_descriptor(const EpnetJournal *journal);

/* Append that this process goes on, and start the thread that writes. */
EpnetStatus epnet_journal_start(EpnetJournal *journal, const EpnetJournalSession *session, EpnetError *error);

/* A record on its way into the file. */
typedef struct EpnetJournalRequest {
    EpnetJournalRecord record;
    struct EpnetJournalRequest *next;
    bool done;
    EpnetStatus status;
} EpnetJournalRequest;

/* Hand the rows of points [first, first + count), a record of `kind`, to the thread that writes; rows and
 * request stay as they are until epnet_journal_await() has returned. May be called by several threads at a
 * time. */
void epnet_journal_append(EpnetJournal *journal, EpnetJournalRequest *request, EpnetJournalKind kind,
                          size_t first, size_t count, const EpnetRows *rows);

/* Wait until the kernel has them: what then kills the process does not cost them. EPNET_IO: they, or earlier
 * ones, could not be written; what stands in the file stays good. */
EpnetStatus epnet_journal_await(EpnetJournal *journal, EpnetJournalRequest *request, EpnetError *error);

/* End the thread and sync what is written, so that a loss of power does not cost it. EPNET_IO: something
 * could not be written, or the thread has found the file removed or replaced. */
EpnetStatus epnet_journal_stop(EpnetJournal *journal, EpnetError *error);

/* How long threads have waited in epnet_journal_await(), all together [s]. */
double epnet_journal_waited(const EpnetJournal *journal);

/* Read what the file holds now, after epnet_journal_stop(). EPNET_INTERRUPTED: it was to stop. */
EpnetStatus epnet_journal_reread(EpnetJournal *journal, const EpnetStop *stop, EpnetError *error);

/* Remove the file, still under the lock. What stands under its name after someone else removed it stays. */
EpnetStatus epnet_journal_remove(EpnetJournal *journal, EpnetError *error);

/* Stop if need be, unlock and close; NULL is allowed. */
void epnet_journal_close(EpnetJournal *journal);

/* ---- the lock (journal_lock.c) ------------------------------------------------------------------------- */

/* Open `path` for reading and writing and lock it against other processes and openings, until
 * epnet_journal_unlock() or the end of this process; processes that it starts do not keep the lock (held.h);
 * create it if `create` (*created says so). *fd is -1 after a failure, and also if there is no such file and
 * none is to be created. EPNET_IO: another holds it, or the system's reason. */
EpnetStatus epnet_journal_lock(const char *path, bool create, bool *created, int *fd, EpnetError *error);

/* Close the descriptor, which gives the lock back. */
void epnet_journal_unlock(int fd);

/* Whether someone holds the lock of an open journal. */
bool epnet_journal_locked(int fd);

/* Whether `path` still names the open file. False with errno ENOENT: it was removed or replaced; another
 * errno: the system does not say. */
bool epnet_journal_in_place(int fd, const char *path);

/* fsync the folder of `path`, so that names in it survive a loss of power. False with errno set. */
bool epnet_folder_sync(const char *path);

#endif

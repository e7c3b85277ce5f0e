/* The thread that writes a journal. Threads that compute wait for it only if a record is not written by the
 * time that they have solved another chunk; it syncs seldom enough that this stays rare. */
#include "journal_state.h"

#include "status.h"
#include "threading.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double SYNC_EVERY = 1;    /* [s] at least from one sync to the next */
static const double SYNC_SHARE = 0.02; /* of the time may be spent in them */

void epnet_journal_locks_make(EpnetJournal *journal) {
    epnet_condition_make(&journal->asked);
    pthread_cond_init(&journal->answered, NULL);
    pthread_mutex_init(&journal->lock, NULL);
}

bool epnet_journal_put(int fd, const struct iovec *pieces, int count, uint64_t offset) {
    struct iovec rest[EPNET_JOURNAL_PIECES + 1];
    int at = 0;
    memcpy(rest, pieces, (size_t)count * sizeof *pieces);
    while (at < count) {
        ssize_t written = pwritev(fd, rest + at, count - at, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written == 0)
            errno = ENOSPC;
        if (written <= 0)
            return false;
        offset += (uint64_t)written;
        size_t left = (size_t)written;
        while (at < count && left >= rest[at].iov_len)
            left -= rest[at++].iov_len;
        if (at < count) {
            rest[at].iov_base = (char *)rest[at].iov_base + left;
            rest[at].iov_len -= left;
        }
    }
    return true;
}

/* Append a record; half of one is taken back, so that what stands in the file stays good. */
static EpnetStatus record_put(EpnetJournal *journal, const EpnetJournalRecord *record, EpnetError *error) {
    struct iovec pieces[EPNET_JOURNAL_PIECES + 1] = {{(void *)(uintptr_t)&record->head, sizeof record->head}};
    int count = 1;
    for (size_t k = 0; k < record->piece_count; k++)
        pieces[count++] = (struct iovec){(void *)(uintptr_t)record->pieces[k].bytes, record->pieces[k].size};
    if (epnet_journal_put(journal->fd, pieces, count, journal->end)) {
        journal->end += sizeof record->head + record->head.length;
        return EPNET_OK;
    }
    const int reason = errno;
    EpnetStatus status = epnet_fail(error, EPNET_IO, "cannot write %s: %s", journal->path, strerror(reason));
    if (ftruncate(journal->fd, (off_t)journal->end) != 0 && error != NULL)
        strncat(error->message, "; a part of a record remains, which the next run removes",
                sizeof error->message - strlen(error->message) - 1);
    return status;
}

/* Sync if it is time to, and look whether the journal is still where the next run looks for it. */
static void sync_if_due(EpnetJournal *journal) {
    const double start = epnet_seconds_now();
    if (!journal->unsynced || start < journal->sync_due)
        return;
    pthread_mutex_unlock(&journal->lock);
    const int code = fdatasync(journal->fd), reason = errno;
    const bool removed = !epnet_journal_in_place(journal->fd, journal->path) && errno == ENOENT;
    pthread_mutex_lock(&journal->lock);
    const double end = epnet_seconds_now(), rest = (end - start) / SYNC_SHARE;
    journal->sync_due = end + (rest > SYNC_EVERY ? rest : SYNC_EVERY);
    journal->unsynced = false;
    if (code != 0 && journal->broken.status == EPNET_OK)
        epnet_fail(&journal->broken, EPNET_IO, "cannot write %s: %s", journal->path, strerror(reason));
    else if (removed && journal->broken.status == EPNET_OK)
        epnet_fail(&journal->broken, EPNET_IO, "%s was removed or replaced", journal->path);
}

/* Wait until something is to be done: a record, an end, or a sync. Holds the lock but while it waits. */
static void wait_for_work(EpnetJournal *journal) {
    while (journal->first == NULL && !journal->stop) {
        if (!journal->unsynced) {
            pthread_cond_wait(&journal->asked, &journal->lock);
            continue;
        }
        const struct timespec until = epnet_moment(journal->sync_due);
        if (pthread_cond_timedwait(&journal->asked, &journal->lock, &until) == ETIMEDOUT)
            return;
    }
}

static void *journal_main(void *argument) {
    EpnetJournal *journal = argument;
    pthread_mutex_lock(&journal->lock);
    while (!journal->stop || journal->first != NULL) {
        wait_for_work(journal);
        while (journal->first != NULL) {
            EpnetJournalRequest *request = journal->first;
            EpnetError error = journal->broken;
            pthread_mutex_unlock(&journal->lock);
            EpnetStatus status =
                error.status == EPNET_OK ? record_put(journal, &request->record, &error) : error.status;
            pthread_mutex_lock(&journal->lock);
            if (status != EPNET_OK)
                journal->broken = error;
            journal->unsynced = journal->unsynced || status == EPNET_OK;
            journal->first = request->next;
            request->status = status;
            request->done = true;
            pthread_cond_broadcast(&journal->answered);
        }
        sync_if_due(journal);
    }
    pthread_mutex_unlock(&journal->lock);
    return NULL;
}

EpnetStatus epnet_journal_start(EpnetJournal *journal, const EpnetJournalSession *session,
                                EpnetError *error) {
    EpnetJournalRecord record;
    epnet_journal_record_session(journal->header, session, &record);
    EpnetStatus status = record_put(journal, &record, error);
    if (status != EPNET_OK)
        return status;
    journal->sync_due = epnet_seconds_now() + SYNC_EVERY;
    const int code = epnet_thread_start(&journal->thread, journal_main, journal);
    if (code != 0)
        return epnet_fail(error, EPNET_DEVICE, "cannot start a thread: %s", strerror(code));
    journal->running = true;
    return EPNET_OK;
}

void epnet_journal_append(EpnetJournal *journal, EpnetJournalRequest *request, EpnetJournalKind kind,
                          size_t first, size_t count, const EpnetRows *rows) {
    epnet_journal_record_chunk(journal->header, kind, first, count, rows, &request->record);
    request->next = NULL;
    request->done = false;
    request->status = EPNET_OK;
    pthread_mutex_lock(&journal->lock);
    if (journal->first == NULL)
        journal->first = request;
    else
        journal->last->next = request;
    journal->last = request;
    pthread_cond_signal(&journal->asked);
    pthread_mutex_unlock(&journal->lock);
}

EpnetStatus epnet_journal_await(EpnetJournal *journal, EpnetJournalRequest *request, EpnetError *error) {
    pthread_mutex_lock(&journal->lock);
    if (!request->done) {
        const double start = epnet_seconds_now();
        while (!request->done)
            pthread_cond_wait(&journal->answered, &journal->lock);
        journal->waited += epnet_seconds_now() - start;
    }
    if (request->status != EPNET_OK)
        epnet_fail(error, request->status, "%s", journal->broken.message);
    pthread_mutex_unlock(&journal->lock);
    return request->status;
}

EpnetStatus epnet_journal_stop(EpnetJournal *journal, EpnetError *error) {
    if (journal->running) {
        pthread_mutex_lock(&journal->lock);
        journal->stop = true;
        pthread_cond_signal(&journal->asked);
        pthread_mutex_unlock(&journal->lock);
        pthread_join(journal->thread, NULL);
        journal->running = false;
    }
    if (journal->broken.status != EPNET_OK)
        return epnet_fail(error, journal->broken.status, "%s", journal->broken.message);
    if (fdatasync(journal->fd) != 0)
        return epnet_fail_system(error, "cannot write %s", journal->path);
    return EPNET_OK;
}

double epnet_journal_waited(const EpnetJournal *journal) {
    return journal->waited;
}

void epnet_journal_close(EpnetJournal *journal) {
    if (journal == NULL)
        return;
    if (journal->running)
        epnet_journal_stop(journal, NULL);
    if (journal->fd >= 0)
        epnet_journal_unlock(journal->fd);
    epnet_journal_content_free(&journal->content);
    pthread_cond_destroy(&journal->asked);
    pthread_cond_destroy(&journal->answered);
    pthread_mutex_destroy(&journal->lock);
    free(journal->path);
    free(journal);
}

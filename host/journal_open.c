/* Taking up a journal: who may, what is in it, and what of it stays. */
#include "journal_state.h"

#include "bytes.h"
#include "status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static EpnetStatus fail_write(const EpnetJournal *journal, EpnetError *error) {
    return epnet_fail_system(error, "cannot write %s", journal->path);
}

/* Make the file new: the header alone, synced, and so is its name. */
static EpnetStatus begin(EpnetJournal *journal, EpnetError *error) {
    const EpnetJournalHeader *header = journal->header;
    const struct iovec bytes = {header->bytes, header->size};
    if (ftruncate(journal->fd, 0) != 0 || !epnet_journal_put(journal->fd, &bytes, 1, 0) ||
        fsync(journal->fd) != 0 || !epnet_folder_sync(journal->path))
        return fail_write(journal, error);
    journal->end = header->size;
    return EPNET_OK;
}

/* Whether the file holds nothing but the start of a header that was never finished: what is there is the
 * start of ours, or zeros in its place. */
static bool is_unfinished(const EpnetJournal *journal, uint64_t size) {
    const EpnetJournalHeader *header = journal->header;
    if (size > header->size)
        return false;
    unsigned char *bytes = epnet_calloc((size_t)size, 1);
    bool unfinished = bytes != NULL && epnet_bytes_read(journal->fd, bytes, (size_t)size, 0);
    size_t at = 0;
    while (unfinished && at < size && bytes[at] == header->bytes[at])
        at++;
    while (unfinished && at < size && bytes[at] == 0)
        at++;
    unfinished = unfinished && at == size;
    free(bytes);
    return unfinished;
}

/* Whether the file is a journal at all, of whatever run and however damaged: half of its first bytes are
 * right, or there is the mark of a record near its start. Anything else is not ours to overwrite. */
static bool is_journal(const EpnetJournal *journal) {
    enum { NEAR = 1 << 20 };
    struct stat info;
    if (fstat(journal->fd, &info) != 0)
        return false;
    const size_t size = info.st_size < NEAR ? (size_t)info.st_size : NEAR;
    unsigned char *bytes = epnet_calloc(size, 1);
    size_t right = 0;
    bool found = false;
    if (bytes != NULL && epnet_bytes_read(journal->fd, bytes, size, 0)) {
        for (size_t k = 0; k < 8 && k < size; k++)
            right += bytes[k] == journal->header->bytes[k];
        found = right >= 4 || memmem(bytes, size, epnet_journal_mark, sizeof epnet_journal_mark) != NULL;
    }
    free(bytes);
    return found;
}

/* Give up what an earlier run has left. */
static EpnetStatus restart(EpnetJournal *journal, uint64_t size, EpnetError *error) {
    if (!is_unfinished(journal, size) && !is_journal(journal))
        return epnet_fail(error, EPNET_IO, "%s is not a journal of epnet: remove it, or use another -o",
                          journal->path);
    return begin(journal, error);
}

/* A header that does not verify: if records behind it do with ours, it was ours, and is written again. */
static EpnetStatus repair_header(EpnetJournal *journal, const EpnetError *damage, const EpnetStop *stop,
                                 EpnetError *error) {
    const EpnetJournalHeader *header = journal->header;
    const struct iovec bytes = {header->bytes, header->size};
    EpnetStatus status =
        epnet_journal_read(journal->fd, journal->path, header, true, stop, &journal->content, error);
    if (status != EPNET_OK)
        return status;
    if (journal->content.end == header->size)
        return epnet_fail(error, EPNET_IO, "%.1500s; %s", damage->message,
                          is_journal(journal) ? "--restart gives it up" : "remove it, or use another -o");
    journal->content.damaged++;
    journal->content.damaged_bytes += header->size;
    if (!epnet_journal_put(journal->fd, &bytes, 1, 0))
        return fail_write(journal, error);
    return EPNET_OK;
}

/* Read what an earlier run has left. */
static EpnetStatus resume(EpnetJournal *journal, uint64_t size, const EpnetStop *stop, EpnetError *error) {
    EpnetJournalHeader found;
    EpnetError reason = {.status = EPNET_OK};
    if (is_unfinished(journal, size))
        return begin(journal, error);
    EpnetStatus status = epnet_journal_header_read(journal->fd, journal->path, &found, &reason);
    if (status == EPNET_OK) {
        status = epnet_journal_header_compare(&found, journal->header, journal->path, &reason);
        epnet_journal_header_free(&found);
        if (status != EPNET_OK)
            return epnet_fail(error, status, "%.1500s; use another -o, or --restart to give up what it holds",
                              reason.message);
        status = epnet_journal_read(journal->fd, journal->path, journal->header, true, stop,
                                    &journal->content, error);
    } else if (status == EPNET_IO) {
        status = repair_header(journal, &reason, stop, error);
    } else {
        return epnet_fail(error, status, "%s", reason.message);
    }
    /* The run that made the file may have been killed before it synced the folder. */
    if (status == EPNET_OK &&
        (ftruncate(journal->fd, (off_t)journal->content.end) != 0 || !epnet_folder_sync(journal->path)))
        return fail_write(journal, error);
    journal->end = journal->content.end;
    return status;
}

EpnetStatus epnet_journal_open(const char *path, const EpnetJournalHeader *header, EpnetJournalMode mode,
                               const EpnetStop *stop, EpnetJournal **journal, EpnetError *error) {
    bool created;
    struct stat info;
    *journal = NULL;
    EpnetJournal *made = epnet_calloc(1, sizeof *made);
    if (made == NULL || (made->path = strdup(path)) == NULL) {
        free(made);
        return epnet_fail_memory(error, sizeof *made, "a journal");
    }
    made->header = header;
    made->fd = -1;
    epnet_journal_locks_make(made);
    EpnetStatus status = epnet_journal_lock(path, true, &created, &made->fd, error);
    if (status == EPNET_OK && fstat(made->fd, &info) != 0)
        status = epnet_fail_system(error, "cannot read %s", path);
    if (status == EPNET_OK && !S_ISREG(info.st_mode))
        status = epnet_fail(error, EPNET_IO, "cannot write %s: it is not a regular file", path);
    if (status == EPNET_OK && (created || mode == EPNET_JOURNAL_RESTART))
        status = created ? begin(made, error) : restart(made, (uint64_t)info.st_size, error);
    else if (status == EPNET_OK)
        status = resume(made, (uint64_t)info.st_size, stop, error);
    if (status != EPNET_OK && created && made->fd >= 0)
        unlink(path); /* nothing is in it */
    if (status != EPNET_OK) {
        epnet_journal_close(made);
        return status;
    }
    *journal = made;
    return EPNET_OK;
}

const EpnetJournalContent *epnet_journal_content(const EpnetJournal *journal) {
    return &journal->content;
}

int epnet_journal_descriptor(const EpnetJournal *journal) {
    return journal->fd;
}

EpnetStatus epnet_journal_reread(EpnetJournal *journal, const EpnetStop *stop, EpnetError *error) {
    epnet_journal_content_free(&journal->content);
    return epnet_journal_read(journal->fd, journal->path, journal->header, true, stop, &journal->content,
                              error);
}

EpnetStatus epnet_journal_remove(EpnetJournal *journal, EpnetError *error) {
    if (!epnet_journal_in_place(journal->fd, journal->path)) {
        if (errno == ENOENT)
            return EPNET_OK;
    } else if (unlink(journal->path) == 0 && epnet_folder_sync(journal->path)) {
        return EPNET_OK;
    }
    return epnet_fail_system(error, "cannot remove %s", journal->path);
}

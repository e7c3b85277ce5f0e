#include "journal.h"

#include "bytes.h"
#include "status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BLOCK = 1 << 16 };

/* A reading of a journal on its way. */
typedef struct Reader {
    int fd;
    const char *path;
    const EpnetJournalHeader *header;
    bool verify;
    uint64_t size; /* of the file */
    size_t room;   /* entries */
    int reason;    /* of the system, why the file cannot be read; 0: it can */
    EpnetStopLook look;
    bool stopped; /* the reading is to end */
    unsigned char block[BLOCK];
    uint64_t window_at;          /* where the bytes of the file below stand in it */
    size_t window_size;          /* 0: none are there */
    unsigned char window[BLOCK]; /* what find_mark() has read last: marks may follow closely */
    EpnetJournalContent *content;
} Reader;

static bool bytes_get(Reader *reader, void *bytes, size_t size, uint64_t offset) {
    reader->stopped = reader->stopped || epnet_stop_after(&reader->look, size);
    if (reader->stopped)
        return false;
    const bool good = epnet_bytes_read(reader->fd, bytes, size, offset);
    if (!good && errno != 0)
        reader->reason = errno;
    return good;
}

/* Whether there is a record at `offset` whose head is good and which the file has room for. */
static bool head_at(Reader *reader, uint64_t offset, EpnetJournalHead *head) {
    return reader->size - offset >= sizeof *head && bytes_get(reader, head, sizeof *head, offset) &&
           epnet_journal_head_good(reader->header, head) &&
           head->length <= reader->size - offset - sizeof *head;
}

/* Failed points among the statuses that stand in bytes [from, from + size) of a payload; a status that there
 * is not sets *good to false. */
static uint64_t count_failed(const unsigned char *bytes, uint64_t from, size_t size, uint64_t count,
                             bool *good) {
    uint64_t failed = 0;
    for (size_t at = 0; at + sizeof(int) <= size && (from + at) / sizeof(int) < count; at += sizeof(int)) {
        int status;
        memcpy(&status, bytes + at, sizeof status);
        failed += status != EPNET_POINT_OK;
        *good = *good && status >= 0 && status < EPNET_POINT_STATUSES;
    }
    return failed;
}

/* Whether the payload at `offset` is what its head says; counts its failed points. */
static bool payload_good(Reader *reader, const EpnetJournalHead *head, uint64_t offset, uint64_t *failed) {
    unsigned char check[sizeof head->payload_check];
    EpnetDigest digest = epnet_journal_digest(reader->header);
    bool good = true;
    *failed = 0;
    for (uint64_t done = 0; done < head->length && good;) {
        const size_t size = head->length - done < BLOCK ? (size_t)(head->length - done) : BLOCK;
        good = bytes_get(reader, reader->block, size, offset + done);
        if (good && head->kind != EPNET_JOURNAL_SESSION)
            *failed += count_failed(reader->block, done, size, head->count, &good);
        epnet_digest_add(&digest, reader->block, good ? size : 0);
        done += size;
    }
    epnet_digest_end(&digest, check, sizeof check);
    return good && memcmp(check, head->payload_check, sizeof check) == 0;
}

/* The first place from `offset` on where the mark of a record stands; the end of the file if there is none.
 */
static uint64_t find_mark(Reader *reader, uint64_t offset) {
    const size_t mark = 8;
    while (offset < reader->size) {
        if (offset < reader->window_at || offset - reader->window_at + mark > reader->window_size) {
            const size_t size = reader->size - offset < BLOCK ? (size_t)(reader->size - offset) : BLOCK;
            reader->window_size = 0;
            if (size < mark || !bytes_get(reader, reader->window, size, offset))
                break;
            reader->window_at = offset;
            reader->window_size = size;
        }
        const size_t from = (size_t)(offset - reader->window_at), rest = reader->window_size - from;
        const unsigned char *found = memmem(reader->window + from, rest, epnet_journal_mark, mark);
        if (found != NULL)
            return reader->window_at + (uint64_t)(found - reader->window);
        offset += rest - mark + 1;
    }
    return reader->size;
}

static bool entry_add(Reader *reader, const EpnetJournalHead *head, uint64_t offset) {
    EpnetJournalContent *content = reader->content;
    if (content->entry_count == reader->room) {
        const size_t room = 2 * reader->room + 64;
        EpnetJournalEntry *longer = realloc(content->entries, room * sizeof *longer);
        if (longer == NULL)
            return false;
        content->entries = longer;
        reader->room = room;
    }
    content->entries[content->entry_count++] = (EpnetJournalEntry){*head, offset};
    return true;
}

/* Take the record at `offset` into the content if it verifies. Memory is exhausted: *memory is false. */
static bool record_take(Reader *reader, uint64_t offset, const EpnetJournalHead *head, bool *memory) {
    EpnetJournalContent *content = reader->content;
    const uint64_t payload = offset + sizeof *head;
    uint64_t failed = 0;
    if (reader->verify && !payload_good(reader, head, payload, &failed))
        return false;
    if (head->kind == EPNET_JOURNAL_SESSION) {
        content->session_points = 0;
        const bool read = epnet_journal_session_read(reader->fd, payload, &content->last);
        reader->reason = read ? reader->reason : errno;
        return read;
    }
    *memory = entry_add(reader, head, payload);
    content->points += head->count;
    content->session_points += head->count;
    content->failed += failed;
    content->fallback += head->kind == EPNET_JOURNAL_FALLBACK ? head->count : 0;
    return true;
}

EpnetStatus epnet_journal_read(int fd, const char *path, const EpnetJournalHeader *header, bool verify,
                               const EpnetStop *stop, EpnetJournalContent *content, EpnetError *error) {
    struct stat info;
    memset(content, 0, sizeof *content);
    if (fstat(fd, &info) != 0)
        return epnet_fail_system(error, "cannot read %s", path);
    Reader *reader = epnet_calloc(1, sizeof *reader);
    if (reader == NULL)
        return epnet_fail_memory(error, sizeof *reader, "reading a journal");
    reader->fd = fd;
    reader->path = path;
    reader->header = header;
    reader->verify = verify;
    reader->look.stop = stop;
    reader->size = (uint64_t)info.st_size;
    reader->content = content;
    bool memory = true;
    uint64_t at = header->size;
    content->end = at;
    while (at < reader->size && memory && reader->reason == 0 && !reader->stopped) {
        EpnetJournalHead head;
        if (head_at(reader, at, &head) && record_take(reader, at, &head, &memory)) {
            at += sizeof head + head.length;
            content->end = at;
            continue;
        }
        const uint64_t from = at;
        do
            at = find_mark(reader, at + 1);
        while (at < reader->size && !head_at(reader, at, &head));
        content->damaged++;
        content->damaged_bytes += at - from;
        content->torn_bytes = at == reader->size ? at - from : 0;
    }
    const int reason = reader->reason;
    const bool stopped = reader->stopped;
    free(reader);
    if (memory && reason == 0 && !stopped)
        return EPNET_OK;
    epnet_journal_content_free(content);
    if (stopped)
        return epnet_fail(error, EPNET_INTERRUPTED, "cannot read %s: interrupted", path);
    errno = reason;
    if (reason != 0)
        return epnet_fail_system(error, "cannot read %s", path);
    return epnet_fail_memory(error, sizeof(EpnetJournalEntry), "the records of a journal");
}

void epnet_journal_content_free(EpnetJournalContent *content) {
    free(content->entries);
    memset(content, 0, sizeof *content);
}

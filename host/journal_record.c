#include "journal.h"

#include "bytes.h"
#include "status.h"

#include <errno.h>
#include <string.h>

const unsigned char epnet_journal_mark[8] = {0xf1, 'e', 'p', 'n', 'r', 'e', 'c', '\n'};

_Static_assert(sizeof(EpnetJournalHead) == 64, "a head stands in the file as it lies in memory");
_Static_assert(sizeof(int) == 4, "a status has four bytes");

enum { HOST = 64, DEVICE = 256, SPEC = 4096, SESSION = 16 + HOST + DEVICE + SPEC }; /* bytes */

EpnetDigest epnet_journal_digest(const EpnetJournalHeader *header) {
    EpnetDigest digest = epnet_digest_begin();
    epnet_digest_add(&digest, header->bytes + header->size - EPNET_DIGEST, EPNET_DIGEST);
    return digest;
}

uint64_t epnet_journal_payload(const EpnetRowLayout *layout, uint64_t count) {
    const uint64_t values =
        (uint64_t)layout->last + layout->extremes + layout->point + layout->envelope + layout->trajectory;
    uint64_t bytes;
    if (count > (uint64_t)1 << 48 || __builtin_mul_overflow(count, values * sizeof(double), &bytes) ||
        __builtin_add_overflow(bytes, (count + 1) / 2 * 8 + layout->curve * sizeof(double), &bytes))
        return UINT64_MAX;
    return bytes;
}

/* ---- making -------------------------------------------------------------------------------------------- */

static void piece_add(EpnetJournalRecord *record, const void *bytes, size_t size) {
    if (size == 0)
        return;
    record->pieces[record->piece_count].bytes = bytes;
    record->pieces[record->piece_count++].size = size;
}

static void head_check(const EpnetJournalHeader *header, const EpnetJournalHead *head,
                       unsigned char check[8]) {
    EpnetDigest digest = epnet_journal_digest(header);
    epnet_digest_add(&digest, head, offsetof(EpnetJournalHead, check));
    epnet_digest_end(&digest, check, 8);
}

static void record_seal(const EpnetJournalHeader *header, EpnetJournalRecord *record) {
    EpnetDigest digest = epnet_journal_digest(header);
    for (size_t k = 0; k < record->piece_count; k++)
        epnet_digest_add(&digest, record->pieces[k].bytes, record->pieces[k].size);
    epnet_digest_end(&digest, record->head.payload_check, sizeof record->head.payload_check);
    head_check(header, &record->head, record->head.check);
}

static EpnetJournalHead head_make(EpnetJournalKind kind, uint64_t length, size_t first, size_t count) {
    EpnetJournalHead head = {.kind = kind, .length = length, .first = first, .count = count};
    memcpy(head.magic, epnet_journal_mark, sizeof epnet_journal_mark);
    return head;
}

/* The parts of the rows of `count` points in the order of the file. */
static void pieces_set(const EpnetRowLayout *layout, size_t count, const EpnetRows *rows,
                       EpnetJournalRecord *record) {
    static const int padding;
    const size_t each = count * sizeof(double);
    record->piece_count = 0;
    piece_add(record, rows->status, count * sizeof(int));
    piece_add(record, &padding, count % 2 * sizeof(int));
    piece_add(record, rows->last, each * layout->last);
    piece_add(record, rows->extremes, each * layout->extremes);
    piece_add(record, rows->point, each * layout->point);
    piece_add(record, rows->envelope, each * layout->envelope);
    piece_add(record, rows->trajectory, each * layout->trajectory);
    piece_add(record, rows->leak_curve, layout->curve * sizeof(double));
}

void epnet_journal_record_chunk(const EpnetJournalHeader *header, EpnetJournalKind kind, size_t first,
                                size_t count, const EpnetRows *rows, EpnetJournalRecord *record) {
    record->head = head_make(kind, epnet_journal_payload(&header->layout, count), first, count);
    pieces_set(&header->layout, count, rows, record);
    record_seal(header, record);
}

void epnet_journal_record_session(const EpnetJournalHeader *header, const EpnetJournalSession *session,
                                  EpnetJournalRecord *record) {
    record->head = head_make(EPNET_JOURNAL_SESSION, SESSION, 0, 0);
    record->piece_count = 0;
    piece_add(record, &session->started, 8);
    piece_add(record, &session->pid, 8);
    piece_add(record, session->host, HOST);
    piece_add(record, session->device, DEVICE);
    piece_add(record, session->spec, SPEC);
    record_seal(header, record);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

bool epnet_journal_head_good(const EpnetJournalHeader *header, const EpnetJournalHead *head) {
    unsigned char check[8];
    if (memcmp(head->magic, epnet_journal_mark, sizeof epnet_journal_mark) != 0)
        return false;
    head_check(header, head, check);
    if (memcmp(check, head->check, sizeof check) != 0)
        return false;
    if (head->kind == EPNET_JOURNAL_SESSION)
        return head->length == SESSION;
    return (head->kind == EPNET_JOURNAL_CHUNK || head->kind == EPNET_JOURNAL_FALLBACK) &&
           head->first < header->points && head->count > 0 && head->count <= header->points - head->first &&
           head->length == epnet_journal_payload(&header->layout, head->count);
}

EpnetStatus epnet_journal_chunk_read(int fd, const char *path, const EpnetJournalHeader *header,
                                     const EpnetJournalHead *head, uint64_t offset, EpnetChunk *chunk,
                                     EpnetError *error) {
    EpnetJournalRecord record;
    unsigned char check[sizeof head->payload_check];
    int padding;
    EpnetDigest digest = epnet_journal_digest(header);
    bool good = true;
    int reason = 0;
    if (head->count > chunk->room || memcmp(&header->layout, &chunk->layout, sizeof chunk->layout) != 0)
        return epnet_fail(error, EPNET_IO, "%s holds other values of a point than this program keeps", path);
    pieces_set(&header->layout, (size_t)head->count, &chunk->rows, &record);
    for (size_t k = 0; k < record.piece_count && good; k++) {
        const size_t size = record.pieces[k].size;
        /* The pieces point into the chunk, which is ours to fill, but for the padding. */
        const bool is_padding = k == 1 && head->count % 2 == 1;
        void *bytes = is_padding ? &padding : (void *)(uintptr_t)record.pieces[k].bytes;
        good = epnet_bytes_read(fd, bytes, size, offset);
        reason = good ? 0 : errno;
        epnet_digest_add(&digest, bytes, good ? size : 0);
        offset += size;
    }
    epnet_digest_end(&digest, check, sizeof check);
    good = good && memcmp(check, head->payload_check, sizeof check) == 0;
    for (size_t k = 0; k < head->count && good; k++)
        good = chunk->rows.status[k] >= 0 && chunk->rows.status[k] < EPNET_POINT_STATUSES;
    if (good)
        return EPNET_OK;
    if (reason != 0)
        return epnet_fail(error, EPNET_IO, "cannot read %s: %s", path, strerror(reason));
    return epnet_fail(error, EPNET_IO,
                      "%s has been damaged while it was in use; run again: the points are computed again",
                      path);
}

bool epnet_journal_session_read(int fd, uint64_t offset, EpnetJournalSession *session) {
    unsigned char bytes[SESSION];
    memset(session, 0, sizeof *session);
    if (!epnet_bytes_read(fd, bytes, sizeof bytes, offset))
        return false;
    memcpy(&session->started, bytes, 8);
    memcpy(&session->pid, bytes + 8, 8);
    memcpy(session->host, bytes + 16, HOST);
    memcpy(session->device, bytes + 16 + HOST, DEVICE);
    memcpy(session->spec, bytes + 16 + HOST + DEVICE, SPEC);
    return true;
}

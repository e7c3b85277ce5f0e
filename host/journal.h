/* The journal of a run: the solved points, safe on disk before the grid file is (docs/journal.md has the
 * format byte by byte). An append-only file of a header and of records, each with its checksum. What does not
 * verify does not count. */
#ifndef EPNET_HOST_JOURNAL_H
#define EPNET_HOST_JOURNAL_H

#include "chunk.h"
#include "digest.h"
#include "stop.h"

enum { EPNET_JOURNAL_FORMAT = 1 };

/* ---- header (journal_header.c) ------------------------------------------------------------------------- */

typedef enum EpnetJournalText {
    EPNET_JOURNAL_VERSION, /* of the program */
    EPNET_JOURNAL_BACKEND, /* "cpu" */
    EPNET_JOURNAL_SHA256,  /* identity of the spec */
    EPNET_JOURNAL_SPEC,    /* its effective text */
    EPNET_JOURNAL_FILES,   /* EpnetSpec.files */
    EPNET_JOURNAL_TEXTS
} EpnetJournalText;

/* What a journal is of. Two runs whose headers have the same bytes may go on with each other's points. */
typedef struct EpnetJournalHeader {
    uint64_t points;         /* of the whole grid */
    uint32_t shard, shards;  /* which part of the points is solved here: 1 of 1 for all of them */
    uint64_t override_count; /* last lines of the spec's text that are overrides */
    EpnetRowLayout layout;
    char *texts[EPNET_JOURNAL_TEXTS];
    unsigned char *bytes; /* size bytes: as it stands in the file; the last EPNET_DIGEST are its checksum */
    size_t size;
} EpnetJournalHeader;

/* The header of a run. EPNET_DEVICE: memory is exhausted, and nothing is left to free. */
EpnetStatus epnet_journal_header_make(const EpnetSpec *spec, const char *backend, uint32_t shard,
                                      uint32_t shards, EpnetJournalHeader *header, EpnetError *error);
void epnet_journal_header_free(EpnetJournalHeader *header);

/* Read the header at the start of a file. EPNET_IO: there is none that is whole (`path` is its name in
 * messages), or it is of another format; nothing is left to free after a failure. */
EpnetStatus epnet_journal_header_read(int fd, const char *path, EpnetJournalHeader *header,
                                      EpnetError *error);

/* EPNET_OK: the same run, or (same_job) perhaps another part of it, which says nothing of the numbers in the
 * headers. EPNET_IO: another spec, version, backend or part of the points, or other values in the rows; the
 * message says what differs, of texts the first line. */
EpnetStatus epnet_journal_header_same_job(const EpnetJournalHeader *found, const EpnetJournalHeader *expected,
                                          const char *path, EpnetError *error);
EpnetStatus epnet_journal_header_compare(const EpnetJournalHeader *found, const EpnetJournalHeader *expected,
                                         const char *path, EpnetError *error);

/* ---- records (journal_record.c) ------------------------------------------------------------------------ */

typedef enum EpnetJournalKind {
    EPNET_JOURNAL_CHUNK = 1,   /* solved points [first, first + count) */
    EPNET_JOURNAL_SESSION = 2, /* a process begins to append */
    EPNET_JOURNAL_FALLBACK = 3 /* a chunk that the CPU computed in place of a device that failed */
} EpnetJournalKind;

/* The head of a record as it stands in the file, little-endian. */
typedef struct EpnetJournalHead {
    unsigned char magic[8];
    uint32_t kind, zero;
    uint64_t length; /* of the payload that follows, bytes */
    uint64_t first, count;
    unsigned char payload_check[16]; /* of the payload */
    unsigned char check[8];          /* of all of the above */
} EpnetJournalHead;

/* Who appends. */
typedef struct EpnetJournalSession {
    int64_t started; /* [ns] since 1970 */
    int64_t pid;
    char host[65], device[257], spec[4097]; /* `spec`: the path of its file */
} EpnetJournalSession;

enum { EPNET_JOURNAL_PIECES = 8 };

/* A record in memory: its head, and where its payload lies. */
typedef struct EpnetJournalRecord {
    EpnetJournalHead head;
    size_t piece_count;
    struct {
        const void *bytes;
        size_t size;
    } pieces[EPNET_JOURNAL_PIECES];
} EpnetJournalRecord;

/* Bytes of the payload of a chunk of `count` points. */
uint64_t epnet_journal_payload(const EpnetRowLayout *layout, uint64_t count);

/* The record of solved points (`kind`: EPNET_JOURNAL_CHUNK or _FALLBACK), which borrows from `rows`; of a
 * session, which borrows from `session`. */
void epnet_journal_record_chunk(const EpnetJournalHeader *header, EpnetJournalKind kind, size_t first,
                                size_t count, const EpnetRows *rows, EpnetJournalRecord *record);
void epnet_journal_record_session(const EpnetJournalHeader *header, const EpnetJournalSession *session,
                                  EpnetJournalRecord *record);

/* Whether a head is one of this journal's, and can be: kind, length and points fit the header. */
bool epnet_journal_head_good(const EpnetJournalHeader *header, const EpnetJournalHead *head);

/* A digest of parts of this journal, which those of another do not share. */
EpnetDigest epnet_journal_digest(const EpnetJournalHeader *header);

/* Read a payload of a chunk into the rows of `chunk`. EPNET_IO: it cannot be read, is not what the head says
 * (statuses are in their range then), or is of more points or other values than `chunk` has room for. */
EpnetStatus epnet_journal_chunk_read(int fd, const char *path, const EpnetJournalHeader *header,
                                     const EpnetJournalHead *head, uint64_t offset, EpnetChunk *chunk,
                                     EpnetError *error);

/* Read the payload of a session that is known to be good. False: it cannot be read. */
bool epnet_journal_session_read(int fd, uint64_t offset, EpnetJournalSession *session);

/* What every record begins with. */
extern const unsigned char epnet_journal_mark[8];

/* ---- reading (journal_read.c) -------------------------------------------------------------------------- */

/* Solved points, and where their payload stands in the file. */
typedef struct EpnetJournalEntry {
    EpnetJournalHead head;
    uint64_t offset;
} EpnetJournalEntry;

typedef struct EpnetJournalContent {
    size_t entry_count; /* in the order of the file */
    EpnetJournalEntry *entries;
    uint64_t points, failed;  /* in them; a point that stands twice counts twice */
    uint64_t fallback;        /* of the points: in records EPNET_JOURNAL_FALLBACK */
    uint64_t session_points;  /* of which since the last session began */
    EpnetJournalSession last; /* session; `started` 0: none was found */
    uint64_t damaged;         /* stretches of the file that do not verify, a torn end among them */
    uint64_t damaged_bytes;
    uint64_t torn_bytes; /* of which in a last stretch, up to the end of the file: perhaps on their way */
    uint64_t end;        /* of the last thing that verifies */
} EpnetJournalContent;

/* Read all records of an open journal. Damage is no failure: it is skipped to the next record that verifies,
 * and counted. `verify` false: only the heads are checked (who writes, and roughly how far). `stop`
 * may be NULL. EPNET_IO: the file cannot be read; EPNET_DEVICE: memory; EPNET_INTERRUPTED: it was to stop.
 * Nothing is left to free after a failure. */
EpnetStatus epnet_journal_read(int fd, const char *path, const EpnetJournalHeader *header, bool verify,
                               const EpnetStop *stop, EpnetJournalContent *content, EpnetError *error);
void epnet_journal_content_free(EpnetJournalContent *content);

#endif

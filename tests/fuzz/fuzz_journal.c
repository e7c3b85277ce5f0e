/* A journal that is damaged in any way: what verifies is found and nothing else. The input is a recipe of
 * records, good ones and torn, flipped, overwritten or hostile ones (impossible counts and lengths under
 * right checksums). An input that begins with the byte 0xFF is taken for the bytes of the file itself. */
#include "fuzz.h"
#include "journal_grid.h"
#include "journal_writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_RECORDS = 64, MOST_COUNT = 5, MOST_VALUES = 64 };

static const char spec_text[] = "[network]\nnodes = 2\ncopy_total = 1\n"
                                "[solve]\nsamples = 2\n[output]\ntrajectories = true\n"
                                "[sweep]\ndrive = { from = 1, to = 2, points = 7 }\n"
                                "flip_up = { from = 1, to = 2, points = 3 }\n";

typedef struct Maker {
    FuzzInput input;
    EpnetJournalHeader header;
    EpnetChunk chunk;
    EpnetRows rows; /* what records are made from: those of the chunk, or of another layout */
    uint8_t *bytes; /* the file */
    size_t size, room;
    size_t good; /* chunks, while there is nothing else but sessions */
    bool intact; /* so far */
} Maker;

/* The spec of the run, or another one of the same shape. */
static EpnetSpec *spec_of(bool other) {
    static const char *const override = "network.flip_down=3";
    static EpnetSpec *specs[2];
    EpnetError error;
    if (specs[other] == NULL) {
        fuzz_file_write(fuzz_path("spec.toml"), spec_text, sizeof spec_text - 1);
        fuzz_require(epnet_spec_read(fuzz_path("spec.toml"), &override, other, &specs[other], &error) ==
                         EPNET_OK,
                     "the spec is good");
    }
    return specs[other];
}

static void bytes_add(Maker *m, const void *bytes, size_t size) {
    if (m->bytes == NULL || m->size + size > m->room) {
        m->room = 2 * (m->size + size) + 1;
        m->bytes = realloc(m->bytes, m->room);
        fuzz_require(m->bytes != NULL, "there is memory");
    }
    memcpy(m->bytes + m->size, bytes, size);
    m->size += size;
}

static void record_add(Maker *m, const EpnetJournalRecord *record) {
    bytes_add(m, &record->head, sizeof record->head);
    for (size_t k = 0; k < record->piece_count; k++)
        bytes_add(m, record->pieces[k].bytes, record->pieces[k].size);
}

static EpnetJournalRecord chunk_make(Maker *m) {
    EpnetJournalRecord record;
    const size_t points = (size_t)m->header.points;
    const size_t first = fuzz_choice(&m->input, (unsigned)points);
    size_t count = 1 + fuzz_choice(&m->input, MOST_COUNT);
    count = count > points - first ? points - first : count;
    for (size_t k = 0; k < count; k++)
        m->rows.status[k] = (int)fuzz_choice(&m->input, EPNET_POINT_STATUSES);
    if (m->rows.last != NULL)
        m->rows.last[0] = fuzz_double(&m->input);
    epnet_journal_record_chunk(&m->header, EPNET_JOURNAL_CHUNK, first, count, &m->rows, &record);
    return record;
}

static EpnetJournalRecord session_make(Maker *m) {
    static EpnetJournalSession session;
    EpnetJournalRecord record;
    memset(&session, 0, sizeof session);
    session.started = 1 + (int64_t)fuzz_byte(&m->input);
    fuzz_text(&m->input, session.host, sizeof session.host);
    epnet_journal_record_session(&m->header, &session, &record);
    return record;
}

/* A head with any numbers and a right checksum of its own. */
static void head_add(Maker *m) {
    EpnetJournalRecord record = chunk_make(m);
    EpnetJournalHead *head = &record.head;
    uint64_t *const fields[] = {&head->length, &head->first, &head->count};
    const unsigned which = fuzz_choice(&m->input, 4);
    uint64_t value = 0;
    for (int k = 0; k < 8; k++)
        value = value << 8 | fuzz_byte(&m->input);
    if (which < 3)
        *fields[which] = value;
    else
        head->kind = (uint32_t)value;
    EpnetDigest digest = epnet_journal_digest(&m->header);
    epnet_digest_add(&digest, head, offsetof(EpnetJournalHead, check));
    epnet_digest_end(&digest, head->check, sizeof head->check);
    record_add(m, &record);
}

/* A status that there is not, under right checksums. */
static void status_add(Maker *m) {
    EpnetJournalRecord record = chunk_make(m);
    const int before = m->rows.status[0];
    m->rows.status[0] = (int)fuzz_byte(&m->input) - 200;
    epnet_journal_record_chunk(&m->header, (EpnetJournalKind)record.head.kind, (size_t)record.head.first,
                               (size_t)record.head.count, &m->rows, &record);
    record_add(m, &record);
    m->rows.status[0] = before;
}

static void garbage_add(Maker *m) {
    char text[256];
    if (fuzz_choice(&m->input, 4) == 0)
        bytes_add(m, epnet_journal_mark, sizeof epnet_journal_mark);
    fuzz_text(&m->input, text, sizeof text);
    bytes_add(m, text, strlen(text));
}

static void records_make(Maker *m) {
    for (int k = 0; k < MOST_RECORDS && m->input.next < m->input.end; k++) {
        EpnetJournalRecord record;
        const unsigned choice = fuzz_byte(&m->input);
        if (choice < 128) {
            record = choice % 8 == 7 ? session_make(m) : chunk_make(m);
            record_add(m, &record);
            m->good += m->intact && choice % 8 != 7;
            continue;
        }
        m->intact = false;
        const size_t at = (size_t)fuzz_byte(&m->input) << 8 | fuzz_byte(&m->input);
        if (choice < 160)
            garbage_add(m);
        else if (choice < 180)
            head_add(m);
        else if (choice < 190)
            status_add(m);
        else if (choice < 220)
            m->bytes[m->size - 1 - at % (m->size < 4096 ? m->size : 4096)] ^= (uint8_t)(1u << choice % 8);
        else
            m->size -= at % (m->size < 1024 ? m->size : 1024);
    }
}

static EpnetJournalHeader header_of(bool other) {
    EpnetJournalHeader header;
    EpnetError error;
    fuzz_require(epnet_journal_header_make(spec_of(other), "cpu", 1, 1, &header, &error) == EPNET_OK,
                 "a header can be made");
    return header;
}

/* The header of a program that keeps other values of a point; the records that follow are of its layout. */
static void other_layout(Maker *m) {
    static double values[MOST_COUNT * MOST_VALUES];
    EpnetRowLayout *layout = &m->header.layout;
    size_t *const fields[] = {&layout->last,     &layout->extremes,   &layout->point,
                              &layout->envelope, &layout->trajectory, &layout->curve};
    double **const parts[] = {&m->rows.last,     &m->rows.extremes,   &m->rows.point,
                              &m->rows.envelope, &m->rows.trajectory, &m->rows.leak_curve};
    for (size_t k = 0; k < sizeof fields / sizeof *fields; k++) {
        *fields[k] = fuzz_choice(&m->input, MOST_VALUES);
        *parts[k] = *fields[k] > 0 ? values : NULL;
        const uint64_t number = *fields[k];
        memcpy(m->header.bytes + 40 + 8 * k, &number, sizeof number);
    }
}

/* The header as the program makes it, or with other numbers or texts under a right checksum. */
static void header_make(Maker *m) {
    enum { NUMBERS_AT = 16, FIELDS = 9 + EPNET_JOURNAL_TEXTS, TEXTS_AT = NUMBERS_AT + 8 * FIELDS };
    const unsigned choice = fuzz_byte(&m->input);
    m->header = header_of(choice >= 216 && choice < 224);
    if (choice >= 208 && choice < 216) {
        other_layout(m);
    } else if (choice >= 240) {
        const size_t texts = m->header.size - TEXTS_AT - EPNET_DIGEST;
        const size_t at = (size_t)fuzz_byte(&m->input) << 8 | fuzz_byte(&m->input);
        m->header.bytes[TEXTS_AT + at % texts] = (uint8_t)fuzz_byte(&m->input);
    } else if (choice >= 224) {
        const size_t field = NUMBERS_AT + 8 * (size_t)fuzz_choice(&m->input, FIELDS);
        for (size_t k = 0; k < 8; k++)
            m->header.bytes[field + k] = (uint8_t)fuzz_byte(&m->input);
    }
    if (choice >= 224 || (choice >= 208 && choice < 216)) {
        EpnetDigest digest = epnet_digest_begin();
        epnet_digest_add(&digest, m->header.bytes, m->header.size - EPNET_DIGEST);
        epnet_digest_end(&digest, m->header.bytes + m->header.size - EPNET_DIGEST, EPNET_DIGEST);
        m->intact = false;
    }
    bytes_add(m, m->header.bytes, m->header.size);
}

/* A header that was read, against that of the run that would go on: refused in words, or the same. */
static void header_check(const EpnetJournalHeader *found, const char *path) {
    EpnetJournalHeader own = header_of(false);
    EpnetError error = {0};
    EpnetStatus status = epnet_journal_header_compare(found, &own, path, &error);
    if (status != EPNET_OK)
        fuzz_message_check(status, &error);
    fuzz_require((status == EPNET_OK) ==
                     (found->size == own.size && memcmp(found->bytes, own.bytes, own.size) == 0),
                 "a journal is gone on with by its own run alone");
    epnet_journal_header_free(&own);
}

/* A record that is damaged between its reading and its use is not used. */
static void late_damage_check(const char *path, const EpnetJournalHeader *header,
                              const EpnetJournalEntry *entry, EpnetChunk *chunk) {
    EpnetError error = {0};
    uint8_t byte = 0;
    const off_t at = (off_t)(entry->offset + entry->head.length / 2);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    fuzz_require(fd >= 0 && pread(fd, &byte, 1, at) == 1, "a file can be opened");
    byte = (uint8_t)~byte;
    fuzz_require(pwrite(fd, &byte, 1, at) == 1, "a file can be written");
    EpnetStatus status =
        epnet_journal_chunk_read(fd, path, header, &entry->head, entry->offset, chunk, &error);
    fuzz_require(status == EPNET_IO, "a damaged record is refused");
    fuzz_message_check(status, &error);
    byte = (uint8_t)~byte;
    fuzz_require(pwrite(fd, &byte, 1, at) == 1, "a file can be written");
    close(fd);
}

static void content_check(int fd, const char *path, const EpnetJournalHeader *header, size_t size,
                          const Maker *maker) {
    EpnetJournalContent content;
    EpnetError error = {0};
    EpnetStatus status = epnet_journal_read(fd, path, header, true, NULL, &content, &error);
    fuzz_require(status == EPNET_OK, "damage is no failure of a reading");
    fuzz_require(content.end <= size && content.damaged_bytes <= size, "the journal ends in the file");
    fuzz_require((content.damaged == 0) == (content.damaged_bytes == 0), "damage has a size");
    fuzz_require(!maker->intact || (content.damaged == 0 && content.entry_count == maker->good),
                 "all of an intact journal is found");
    fuzz_require(content.failed <= content.points && content.session_points <= content.points,
                 "what failed was solved");
    uint64_t points = 0;
    for (size_t k = 0; k < content.entry_count; k++) {
        const EpnetJournalEntry *entry = &content.entries[k];
        fuzz_require(entry->head.first < header->points &&
                         entry->head.count <= header->points - entry->head.first,
                     "a record is of points of the grid");
        fuzz_require(entry->offset <= size && entry->head.length <= size - entry->offset,
                     "a record stands in the file");
        points += entry->head.count;
        EpnetChunk chunk = maker->chunk;
        const bool fits = memcmp(&header->layout, &chunk.layout, sizeof chunk.layout) == 0 &&
                          entry->head.count <= MOST_COUNT;
        status = epnet_journal_chunk_read(fd, path, header, &entry->head, entry->offset, &chunk, &error);
        fuzz_require((status == EPNET_OK) == fits,
                     "a record that verifies can be read, unless it does not fit where it is to go");
        if (!fits)
            fuzz_message_check(status, &error);
        else if (k == 0)
            late_damage_check(path, header, entry, &chunk);
    }
    fuzz_require(points == content.points, "points are counted");
    epnet_journal_content_free(&content);
    status = epnet_journal_read(fd, path, header, false, NULL, &content, &error);
    fuzz_require(status == EPNET_OK, "damage is no failure of a quick reading");
    epnet_journal_content_free(&content);
}

/* Take the journal up as a run of the spec does, twice, and count its failed points as a complete shard. */
static void taking_up_check(const char *path, const Maker *maker) {
    EpnetJournalHeader own = header_of(false);
    size_t entries = 0;
    for (int time = 0; time < 2; time++) {
        EpnetJournal *journal;
        EpnetFailures failures;
        EpnetError error = {0};
        EpnetStatus status = epnet_journal_open(path, &own, EPNET_JOURNAL_RESUME, NULL, &journal, &error);
        fuzz_require(status == EPNET_OK || (status == EPNET_IO && time == 0), "what was taken up is again");
        if (status != EPNET_OK) {
            fuzz_message_check(status, &error);
            fuzz_require(
                !maker->intact || memcmp(&own.layout, &maker->header.layout, sizeof own.layout) != 0 ||
                    strcmp(own.texts[EPNET_JOURNAL_SHA256], maker->header.texts[EPNET_JOURNAL_SHA256]) != 0,
                "an intact journal is taken up");
            break;
        }
        const EpnetJournalContent *content = epnet_journal_content(journal);
        fuzz_require(!maker->intact || content->entry_count == maker->good, "all of it is taken up");
        fuzz_require(time == 0 || (content->entry_count == entries && content->torn_bytes == 0),
                     "what was found is found again, and no torn end");
        entries = content->entry_count;
        const EpnetJournalSource source = {epnet_journal_descriptor(journal), path, &own, content};
        fuzz_require(epnet_journal_failures(spec_of(false), &source, NULL, &failures, &error) == EPNET_OK,
                     "what was taken up can be read");
        fuzz_require(failures.total <= content->failed && failures.total <= own.points, "a point fails once");
        epnet_journal_close(journal);
    }
    epnet_journal_header_free(&own);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    Maker m = {.input = {bytes, bytes + size}, .intact = true};
    EpnetJournalHeader found;
    EpnetError error = {0};
    char path[512];
    fuzz_require(epnet_chunk_alloc(spec_of(false), MOST_COUNT, &m.chunk, &error) == EPNET_OK,
                 "there is memory");
    m.rows = m.chunk.rows;
    if (size > 0 && bytes[0] == 0xFF) {
        m.intact = false;
        bytes_add(&m, bytes + 1, size - 1);
    } else {
        header_make(&m);
        records_make(&m);
    }
    snprintf(path, sizeof path, "%s", fuzz_path("run.journal"));
    fuzz_file_write(path, m.bytes, m.size);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    fuzz_require(fd >= 0, "a file can be opened");
    EpnetStatus status = epnet_journal_header_read(fd, path, &found, &error);
    if (status == EPNET_OK) {
        header_check(&found, path);
        content_check(fd, path, &found, m.size, &m);
        epnet_journal_header_free(&found);
    } else {
        fuzz_message_check(status, &error);
        fuzz_require(status == EPNET_IO && !m.intact, "an intact header is read");
    }
    close(fd);
    taking_up_check(path, &m);
    epnet_chunk_free(&m.chunk);
    epnet_journal_header_free(&m.header);
    free(m.bytes);
    return 0;
}

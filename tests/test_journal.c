/* The journal file: what is written is read, whatever is damaged does not count and costs no other record,
 * and no journal of another run is taken up. */
#include "journal_grid.h"
#include "journal_writer.h"
#include "support/check.h"
#include "support/made_grid.h"
#include "support/made_journal.h"
#include "support/scratch.h"

#include "status.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { POINTS = 15 };

static void check_points(EpnetJournal *journal, const EpnetSpec *spec, const EpnetJournalHeader *header) {
    const EpnetJournalContent *content = epnet_journal_content(journal);
    const size_t width = epnet_row_width(spec->cut_count);
    for (size_t e = 0; e < content->entry_count; e++) {
        const EpnetJournalEntry *entry = &content->entries[e];
        const size_t count = (size_t)entry->head.count;
        EpnetRows made = made_rows(spec, (size_t)entry->head.first, count, true);
        EpnetChunk chunk;
        EpnetError error;
        assert_int_equal(epnet_chunk_alloc(spec, count, &chunk, &error), EPNET_OK);
        assert_int_equal(epnet_journal_chunk_read(epnet_journal_descriptor(journal), "a", header,
                                                  &entry->head, entry->offset, &chunk, &error),
                         EPNET_OK);
        assert_memory_equal(chunk.rows.status, made.status, count * sizeof(int));
        assert_memory_equal(chunk.rows.last, made.last, count * width * sizeof(double));
        assert_memory_equal(chunk.rows.extremes, made.extremes, count * EPNET_EXTREMES * sizeof(double));
        assert_memory_equal(chunk.rows.point, made.point, count * EPNET_POINT_COLUMNS * sizeof(double));
        assert_memory_equal(chunk.rows.envelope, made.envelope,
                            count * epnet_envelope_width(spec->cut_count) * sizeof(double));
        assert_memory_equal(chunk.rows.trajectory, made.trajectory,
                            count * spec->time_count * width * sizeof(double));
        epnet_chunk_free(&chunk);
        made_rows_free(&made);
    }
}

static void what_is_written_is_read(void **state) {
    (void)state;
    scratch_make();
    EpnetSpec *spec = journal_spec(2);
    EpnetJournalHeader header = journal_header(spec, "cpu", 2);
    journal_make(spec, &header);
    EpnetJournal *journal = journal_open_good(&header, EPNET_JOURNAL_RESUME);
    const EpnetJournalContent *content = epnet_journal_content(journal);
    assert_int_equal(content->entry_count, 3);
    assert_int_equal(content->points, 7);
    assert_int_equal(content->failed, 1); /* point 5 */
    assert_int_equal(content->damaged, 0);
    assert_int_equal(content->entries[1].head.first, 0);
    assert_int_equal(content->entries[1].head.count, 3);
    assert_int_equal(content->last.started, journal_session.started);
    assert_int_equal(content->last.pid, journal_session.pid);
    assert_string_equal(content->last.host, journal_session.host);
    assert_string_equal(content->last.device, journal_session.device);
    assert_string_equal(content->last.spec, journal_session.spec);
    check_points(journal, spec, &header);
    epnet_journal_close(journal);
    EpnetJournal *again = journal_open_good(&header, EPNET_JOURNAL_RESTART);
    assert_int_equal(epnet_journal_content(again)->points, 0);
    epnet_journal_close(again);
    epnet_journal_header_free(&header);
    made_spec_free(spec);
    scratch_remove();
}

/* Records of the journal of journal_make(): where they end. */
static void record_ends(const EpnetSpec *spec, const EpnetJournalHeader *header, size_t ends[4]) {
    static const size_t counts[] = {3, 3, 1};
    size_t size;
    free(file_bytes(scratch_path("a.journal"), &size));
    const EpnetRowLayout layout = epnet_row_layout(spec);
    for (size_t k = 3; k-- > 0; size = ends[k]) {
        ends[k + 1] = size;
        ends[k] = size - sizeof(EpnetJournalHead) - (size_t)epnet_journal_payload(&layout, counts[k]);
    }
    assert_true(ends[0] > header->size);
}

/* Put bytes in the place of the journal's. (A file that is truncated first is flushed to disk by some file
 * systems, and there are thousands here.) */
static void journal_set(const char *bytes, size_t at, size_t size) {
    const int fd = open(scratch_path("a.journal"), O_WRONLY | O_CREAT, 0666);
    assert_true(fd >= 0 && pwrite(fd, bytes, size, (off_t)at) == (ssize_t)size);
    close(fd);
}

static void journal_put(const char *bytes, size_t size) {
    journal_set(bytes, 0, size);
    assert_int_equal(truncate(scratch_path("a.journal"), (off_t)size), 0);
}

/* Cut short anywhere: the records before the cut are there, the torn one is cut off, and the journal goes on.
 */
static void a_torn_end_costs_its_record_alone(void **state) {
    (void)state;
    static const size_t points[] = {0, 3, 6};
    scratch_make();
    EpnetSpec *spec = journal_spec(0);
    EpnetJournalHeader header = journal_header(spec, "cpu", 1);
    size_t size, ends[4];
    journal_make(spec, &header);
    record_ends(spec, &header, ends);
    char *bytes = file_bytes(scratch_path("a.journal"), &size);
    for (size_t length = ends[0]; length < size; length += 29 + length % 5) {
        journal_put(bytes, length);
        EpnetJournal *journal = journal_open_good(&header, EPNET_JOURNAL_RESUME);
        const EpnetJournalContent *content = epnet_journal_content(journal);
        size_t whole = 0;
        while (ends[whole + 1] <= length)
            whole++;
        assert_int_equal(content->points, points[whole]);
        assert_int_equal(content->damaged, length > ends[whole]);
        assert_int_equal(content->damaged_bytes, length - ends[whole]);
        check_points(journal, spec, &header);
        EpnetError error;
        assert_int_equal(epnet_journal_start(journal, &journal_session, &error), EPNET_OK);
        journal_append(journal, spec, 9, 2);
        assert_int_equal(epnet_journal_stop(journal, &error), EPNET_OK);
        assert_int_equal(epnet_journal_reread(journal, NULL, &error), EPNET_OK);
        assert_int_equal(content->damaged, 0);
        assert_int_equal(content->points, points[whole] + 2);
        epnet_journal_close(journal);
    }
    free(bytes);
    epnet_journal_header_free(&header);
    made_spec_free(spec);
    scratch_remove();
}

/* A flipped bit anywhere: it is seen, it costs at most its own record, and nothing wrong is read. */
static void a_flipped_bit_costs_its_record_alone(void **state) {
    (void)state;
    scratch_make();
    EpnetSpec *spec = journal_spec(0);
    EpnetJournalHeader header = journal_header(spec, "cpu", 1);
    size_t size, ends[4];
    journal_make(spec, &header);
    record_ends(spec, &header, ends);
    char *bytes = file_bytes(scratch_path("a.journal"), &size);
    for (size_t at = 0; at < size; at++) {
        const int bit = (int)(at * 5 % 8);
        const char flipped = (char)(bytes[at] ^ 1 << bit);
        journal_set(&flipped, at, 1);
        EpnetJournal *journal = journal_open_good(&header, EPNET_JOURNAL_RESUME);
        const EpnetJournalContent *content = epnet_journal_content(journal);
        const size_t lost = at < ends[0] ? 0 : at < ends[1] ? 3 : at < ends[2] ? 3 : 1;
        assert_int_equal(content->damaged, 1);
        assert_int_equal(content->points, 7 - lost);
        if (at % 11 == 0)
            check_points(journal, spec, &header);
        epnet_journal_close(journal);
        if (at >= ends[2]) /* the torn end was cut off */
            journal_put(bytes, size);
        if (at >= header.size) /* else the header was written again */
            journal_set(bytes + at, at, 1);
    }
    char *repaired = file_bytes(scratch_path("a.journal"), NULL);
    assert_memory_equal(repaired, bytes, size);
    free(repaired);
    free(bytes);
    epnet_journal_header_free(&header);
    made_spec_free(spec);
    scratch_remove();
}

/* A process that was killed while it made the journal has left a part of the header, or zeros. */
static void an_unfinished_header_is_begun_again(void **state) {
    (void)state;
    scratch_make();
    EpnetSpec *spec = journal_spec(1);
    EpnetJournalHeader header = journal_header(spec, "cpu", 1);
    for (size_t length = 0; length <= header.size; length += 37) {
        char *bytes = calloc(1, header.size);
        memcpy(bytes, header.bytes, length);
        journal_put(bytes, length % 2 == 0 ? length : header.size);
        free(bytes);
        epnet_journal_close(journal_open_good(&header, EPNET_JOURNAL_RESUME));
        size_t size;
        char *made = file_bytes(scratch_path("a.journal"), &size);
        assert_int_equal(size, header.size);
        assert_memory_equal(made, header.bytes, size);
        free(made);
    }
    file_write(scratch_path("a.journal"), "something else", 14);
    journal_open_fails(&header, "is damaged: it is shorter than a header; remove it, or use another -o");
    file_write(scratch_path("a.journal"), "something else, and a little longer", 35);
    journal_open_fails(&header, "is not a journal of epnet");
    epnet_journal_header_free(&header);
    made_spec_free(spec);
    scratch_remove();
}

static void header_seal(EpnetJournalHeader *header) {
    EpnetDigest digest = epnet_digest_begin();
    epnet_digest_add(&digest, header->bytes, header->size - EPNET_DIGEST);
    epnet_digest_end(&digest, header->bytes + header->size - EPNET_DIGEST, EPNET_DIGEST);
}

static void another_run_is_refused(void **state) {
    (void)state;
    scratch_make();
    EpnetSpec *spec = journal_spec(1);
    EpnetJournalHeader header = journal_header(spec, "cpu", 1), other = journal_header(spec, "gpu", 1);
    journal_make(spec, &header);
    journal_open_fails(&other,
                       "holds points computed on cpu, this run is on gpu; use another -o, or --restart");
    epnet_journal_header_free(&other);
    other = journal_header(spec, "cpu", 2);
    journal_open_fails(&other, "holds points of shard 1 of 3, this run is of shard 2 of 3");
    epnet_journal_header_free(&other);
    spec->sha256[0] = 'b';
    other = journal_header(spec, "cpu", 1);
    journal_open_fails(&other, "another content of a file of the spec: identity aaaa");
    epnet_journal_header_free(&other);
    free(spec->text);
    spec->text = strdup("# made by hand\n[network]\nnodes = 4\n");
    other = journal_header(spec, "cpu", 1);
    journal_open_fails(&other,
                       "holds points of another spec: line 3 is `nodes = 3' there and `nodes = 4' here");
    epnet_journal_header_free(&other);
    /* An older program: its header has another version, and is whole. */
    epnet_journal_header_free(&header);
    free(spec->text);
    spec->text = strdup("# made by hand\n");
    header = journal_header(spec, "cpu", 1);
    char *place = memmem(header.bytes, header.size, epnet_version(), strlen(epnet_version()));
    assert_non_null(place);
    *place = '9';
    header_seal(&header);
    file_write(scratch_path("a.journal"), header.bytes, header.size);
    other = journal_header(spec, "cpu", 1);
    journal_open_fails(&other, "holds points of epnet 9");
    epnet_journal_header_free(&header);
    /* Another build of this version, which keeps one value more of a point: not a matter of shards. */
    header = journal_header(spec, "cpu", 1);
    header.bytes[16 + 8 * 5]++;
    header_seal(&header);
    file_write(scratch_path("a.journal"), header.bytes, header.size);
    journal_open_fails(&other, ": values of a point over all times: ");
    epnet_journal_header_free(&other);
    epnet_journal_header_free(&header);
    made_spec_free(spec);
    scratch_remove();
}

static void one_run_at_a_time(void **state) {
    (void)state;
    scratch_make();
    EpnetSpec *spec = journal_spec(1);
    EpnetJournalHeader header = journal_header(spec, "cpu", 1);
    EpnetError error;
    EpnetJournal *journal = journal_open_good(&header, EPNET_JOURNAL_RESUME);
    assert_int_equal(epnet_journal_start(journal, &journal_session, &error), EPNET_OK);
    journal_open_fails(
        &header, "is in use: another run of this output goes on (last written by process 4711 on a host)");
    const int fd = open(scratch_path("a.journal"), O_RDONLY);
    assert_true(fd >= 0 && epnet_journal_locked(fd));
    assert_int_equal(epnet_journal_remove(journal, &error), EPNET_OK);
    /* The lock on the removed file does not stop a new one, which is another file. */
    EpnetJournal *next = journal_open_good(&header, EPNET_JOURNAL_RESUME);
    epnet_journal_close(journal);
    assert_false(epnet_journal_locked(fd));
    close(fd);
    journal_open_fails(&header, "is in use");
    epnet_journal_close(next);
    epnet_journal_close(journal_open_good(&header, EPNET_JOURNAL_RESUME));
    epnet_journal_header_free(&header);
    made_spec_free(spec);
    scratch_remove();
}

/* Whoever removes the journal of a run is noticed, and what is put in its place is left alone. */
static void a_removed_journal_is_noticed(void **state) {
    (void)state;
    scratch_make();
    EpnetSpec *spec = journal_spec(1);
    EpnetJournalHeader header = journal_header(spec, "cpu", 1);
    EpnetError error;
    EpnetJournal *journal = journal_open_good(&header, EPNET_JOURNAL_RESUME);
    assert_int_equal(epnet_journal_start(journal, &journal_session, &error), EPNET_OK);
    assert_true(epnet_journal_in_place(epnet_journal_descriptor(journal), scratch_path("a.journal")));
    assert_int_equal(unlink(scratch_path("a.journal")), 0);
    EpnetStatus status = EPNET_OK;
    while (status == EPNET_OK) { /* until the next sync */
        EpnetJournalRequest request;
        EpnetRows rows = made_rows(spec, 0, 1, true);
        epnet_journal_append(journal, &request, EPNET_JOURNAL_CHUNK, 0, 1, &rows);
        status = epnet_journal_await(journal, &request, &error);
        made_rows_free(&rows);
        usleep(10000);
    }
    assert_int_equal(status, EPNET_IO);
    assert_non_null(strstr(error.message, "a.journal was removed or replaced"));
    assert_int_equal(epnet_journal_remove(journal, &error), EPNET_OK);
    EpnetJournal *next = journal_open_good(&header, EPNET_JOURNAL_RESUME);
    assert_int_equal(epnet_journal_remove(journal, &error), EPNET_OK);
    assert_int_equal(access(scratch_path("a.journal"), F_OK), 0);
    assert_int_equal(epnet_journal_remove(next, &error), EPNET_OK);
    assert_int_equal(access(scratch_path("a.journal"), F_OK), -1);
    epnet_journal_close(next);
    epnet_journal_close(journal);
    epnet_journal_header_free(&header);
    made_spec_free(spec);
    scratch_remove();
}

/* Points that stand twice, as after a lock was lost, fail once. */
static void a_point_fails_once(void **state) {
    (void)state;
    scratch_make();
    EpnetSpec *spec = journal_spec(1);
    EpnetJournalHeader header = journal_header(spec, "cpu", 1);
    EpnetError error;
    EpnetJournal *journal = journal_open_good(&header, EPNET_JOURNAL_RESUME);
    assert_int_equal(epnet_journal_start(journal, &journal_session, &error), EPNET_OK);
    journal_append(journal, spec, 4, 3);
    journal_append(journal, spec, 5, 8); /* points 5 and 12 fail */
    journal_append(journal, spec, 12, 1);
    assert_int_equal(epnet_journal_stop(journal, &error), EPNET_OK);
    assert_int_equal(epnet_journal_reread(journal, NULL, &error), EPNET_OK);
    assert_int_equal(epnet_journal_content(journal)->failed, 4);
    const EpnetJournalSource source = {epnet_journal_descriptor(journal), "a", &header,
                                       epnet_journal_content(journal)};
    EpnetFailures failures;
    assert_int_equal(epnet_journal_failures(spec, &source, NULL, &failures, &error), EPNET_OK);
    assert_int_equal(failures.total, 2);
    assert_int_equal(failures.first[0].point, 5);
    assert_int_equal(failures.first[1].point, 12);
    epnet_journal_close(journal);
    epnet_journal_header_free(&header);
    made_spec_free(spec);
    scratch_remove();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_torn_end_costs_its_record_alone),
        cmocka_unit_test(a_flipped_bit_costs_its_record_alone),
        cmocka_unit_test(an_unfinished_header_is_begun_again),
        cmocka_unit_test(another_run_is_refused),
        cmocka_unit_test(a_point_fails_once),
        cmocka_unit_test(one_run_at_a_time),
        cmocka_unit_test(a_removed_journal_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "made_journal.h"

#include "check.h"
#include "made_grid.h"
#include "scratch.h"

#include <string.h>

const EpnetJournalSession journal_session = {1700000000, 4711, "a host", "a device", "/a/spec.toml"};

EpnetSpec *journal_spec(size_t cut_count) {
    MadeSpec shape = made_shape(2);
    shape.cut_count = cut_count;
    return made_spec(&shape);
}

EpnetJournalHeader journal_header(const EpnetSpec *spec, const char *backend, uint32_t shard) {
    EpnetJournalHeader header;
    EpnetError error;
    assert_int_equal(epnet_journal_header_make(spec, backend, shard, 3, &header, &error), EPNET_OK);
    return header;
}

EpnetJournal *journal_open_good(const EpnetJournalHeader *header, EpnetJournalMode mode) {
    EpnetJournal *journal;
    EpnetError error;
    if (epnet_journal_open(scratch_path("a.journal"), header, mode, NULL, &journal, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    return journal;
}

void journal_open_fails_as(const EpnetJournalHeader *header, EpnetJournalMode mode, const char *reason) {
    EpnetJournal *journal = (EpnetJournal *)1;
    EpnetError error = {0};
    assert_int_equal(epnet_journal_open(scratch_path("a.journal"), header, mode, NULL, &journal, &error),
                     EPNET_IO);
    assert_null(journal);
    if (strstr(error.message, reason) == NULL)
        fail_msg("%s: no \"%s\"", error.message, reason);
}

void journal_open_fails(const EpnetJournalHeader *header, const char *reason) {
    journal_open_fails_as(header, EPNET_JOURNAL_RESUME, reason);
}

void journal_append(EpnetJournal *journal, const EpnetSpec *spec, size_t first, size_t count) {
    EpnetJournalRequest request;
    EpnetError error;
    EpnetRows rows = made_rows(spec, first, count, true);
    epnet_journal_append(journal, &request, EPNET_JOURNAL_CHUNK, first, count, &rows);
    if (epnet_journal_await(journal, &request, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    made_rows_free(&rows);
}

/* A journal of points 4..6, 0..2 and 7 in this order. */
void journal_make(const EpnetSpec *spec, const EpnetJournalHeader *header) {
    EpnetError error;
    EpnetJournal *journal = journal_open_good(header, EPNET_JOURNAL_RESTART);
    assert_int_equal(epnet_journal_start(journal, &journal_session, &error), EPNET_OK);
    journal_append(journal, spec, 4, 3);
    journal_append(journal, spec, 0, 3);
    journal_append(journal, spec, 7, 1);
    assert_int_equal(epnet_journal_stop(journal, &error), EPNET_OK);
    epnet_journal_close(journal);
}

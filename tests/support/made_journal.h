/* Journals made by hand, "a.journal" in the scratch folder, of specs and rows of made_spec.h. */
#ifndef EPNET_TESTS_MADE_JOURNAL_H
#define EPNET_TESTS_MADE_JOURNAL_H

#include "journal_writer.h"

extern const EpnetJournalSession journal_session; /* of all of them */

/* A spec of 15 points, and the header of shard `shard` of 3 of it. */
EpnetSpec *journal_spec(size_t cut_count);
EpnetJournalHeader journal_header(const EpnetSpec *spec, const char *backend, uint32_t shard);

/* Open the journal where that must succeed; where it must fail with EPNET_IO and `reason` in the message. */
EpnetJournal *journal_open_good(const EpnetJournalHeader *header, EpnetJournalMode mode);
void journal_open_fails_as(const EpnetJournalHeader *header, EpnetJournalMode mode, const char *reason);
void journal_open_fails(const EpnetJournalHeader *header, const char *reason); /* on resuming */

/* Append points [first, first + count), and wait until they are written. */
void journal_append(EpnetJournal *journal, const EpnetSpec *spec, size_t first, size_t count);

/* A journal of points 4..6, 0..2 and 7 in this order. */
void journal_make(const EpnetSpec *spec, const EpnetJournalHeader *header);

#endif

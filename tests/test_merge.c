/* Merging shards that no run of this program has left, with other numbers under right checksums, and very
 * many of them. */
#include "journal.h"
#include "support/check.h"
#include "support/epnet_in.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 77 points. */
static const char sweep_spec[] = "[network]\nnodes = 3\n"
                                 "[observe]\ncut = [0]\n"
                                 "[solve]\nkind = \"stationary\"\n"
                                 "[sweep]\n"
                                 "copy_total = { from = 1.0, to = 9.0, points = 11 }\n"
                                 "flip_up = { from = 1.0, to = 2.0, points = 7 }\n";

static int make_folder(void **state) {
    (void)state;
    folder = test_folder_make();
    test_file_write(folder, "sweep.toml", sweep_spec);
    return 0;
}

static void run_shard(const char *shard) {
    test_output_expect(epnet("run", "sweep.toml", "-o", "a.nc", "--shard", shard, "--batch", "20"), 0, "",
                       "");
}

/* Write the journal `name` again as a program would that has another number at byte `at` of the header (0:
 * another version) and keeps the same points: every checksum is right. */
static void journal_forge(const char *name, size_t at, uint64_t number) {
    char *path = test_path(folder, name);
    EpnetJournalHeader header;
    EpnetJournalContent content;
    EpnetJournalRecord record;
    EpnetError error;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(epnet_journal_header_read(fd, path, &header, &error), EPNET_OK);
    assert_int_equal(epnet_journal_read(fd, path, &header, true, NULL, &content, &error), EPNET_OK);
    close(fd);
    if (at > 0)
        memcpy(header.bytes + at, &number, sizeof number);
    else
        *(char *)memmem(header.bytes, header.size, epnet_version(), strlen(epnet_version())) = '9';
    EpnetDigest digest = epnet_digest_begin();
    epnet_digest_add(&digest, header.bytes, header.size - EPNET_DIGEST);
    epnet_digest_end(&digest, header.bytes + header.size - EPNET_DIGEST, EPNET_DIGEST);
    header.layout.last = at == 40 ? (size_t)number : header.layout.last;
    FILE *file = fopen(path, "wb");
    assert_true(file != NULL && fwrite(header.bytes, 1, header.size, file) == header.size);
    for (size_t e = 0; e <= content.entry_count; e++) {
        double *values = calloc(100 * (5100 + 7000), sizeof *values);
        int status[100] = {0};
        EpnetRows rows = {status, values, values, values, values, values, NULL, NULL};
        if (e == 0)
            epnet_journal_record_session(&header, &content.last, &record);
        else
            epnet_journal_record_chunk(&header, EPNET_JOURNAL_CHUNK,
                                       (size_t)content.entries[e - 1].head.first,
                                       (size_t)content.entries[e - 1].head.count, &rows, &record);
        assert_int_equal(fwrite(&record.head, 1, sizeof record.head, file), sizeof record.head);
        for (size_t k = 0; k < record.piece_count; k++)
            assert_int_equal(fwrite(record.pieces[k].bytes, 1, record.pieces[k].size, file),
                             record.pieces[k].size);
        free(values);
    }
    assert_int_equal(fclose(file), 0);
    epnet_journal_content_free(&content);
    epnet_journal_header_free(&header);
    free(path);
}

/* Journals whose checksums are all right, and whose rows are not those of this program. */
static void another_layout_is_refused(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint64_t number;
        const char *reason;
    } forged[] = {
        {40, 5012, "a.nc.shard-1-of-2.journal is of another build of epnet "},
        {40, 5012, ": values of a point at the end: 5012 there and "},
        {40, 1, ": values of a point at the end: 1 there and "},
        {16, 177, ": points: 177 there and 77 here"},
        {16, (uint64_t)1 << 48, ": points: 281474976710656 there and 77 here"},
        {32, 1, "a.nc.shard-1-of-2.journal: a spec's text does not end with its overrides"},
        {0, 0, "a.nc.shard-1-of-2.journal holds points of epnet 9"},
    };
    static const char *const names[] = {"a.nc.shard-1-of-2.journal", "a.nc.shard-2-of-2.journal"};
    for (size_t k = 0; k < sizeof forged / sizeof *forged; k++) {
        run_shard("1/2");
        run_shard("2/2");
        for (size_t n = 0; n < 2; n++)
            journal_forge(names[n], forged[k].at, forged[k].number);
        test_output_expect(epnet("merge", "a.nc"), 5, "", forged[k].reason);
        for (size_t n = 0; n < 2; n++) {
            char *path = test_path(folder, names[n]);
            assert_int_equal(unlink(path), 0);
            free(path);
        }
        assert_int_equal(test_folder_count(folder), 1);
    }
    /* The second shard alone. */
    run_shard("1/2");
    run_shard("2/2");
    journal_forge(names[1], 40, 5012);
    test_output_expect(epnet("merge", "a.nc"), 5, "", "a.nc.shard-2-of-2.journal is of another build");
}

static TestOutput merge_limited(const char *limit) {
    char command[100];
    snprintf(command, sizeof command, "ulimit %s 24 && exec \"$0\" merge a.nc", limit);
    return test_program_run(folder, NULL, (const char *const[]){"sh", "-c", command, EPNET_PROGRAM, NULL});
}

/* More shards than files that a process may have open: it allows itself more, or says what to do. */
static void many_shards_are_open_at_once(void **state) {
    (void)state;
    enum { SHARDS = 30 };
    for (int k = 1; k <= SHARDS; k++) {
        char shard[16];
        snprintf(shard, sizeof shard, "%d/%d", k, SHARDS);
        run_shard(shard);
    }
    test_output_expect(merge_limited("-n"), 5, "",
                       "merging 30 shards takes 62 open files, and this process may have 24; allow more "
                       "(ulimit -n)");
    assert_int_equal(test_folder_count(folder), 1 + SHARDS);
    test_output_expect(merge_limited("-S -n"), 0, "a.nc\n  points    77, ", "");
    assert_int_equal(test_folder_count(folder), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(another_layout_is_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(many_shards_are_open_at_once, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

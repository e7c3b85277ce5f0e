/* What a program finds where its journal should be: other files, marks without records, a name that is not
 * safe yet. */
#include "support/check.h"
#include "support/made_journal.h"
#include "support/made_spec.h"
#include "support/scratch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t bytes_read;   /* by epnet_bytes_read() */
static unsigned folder_syncs; /* calls of epnet_folder_sync() */

bool __real_epnet_bytes_read(int fd, void *bytes, size_t size, uint64_t offset);
bool __wrap_epnet_bytes_read(int fd, void *bytes, size_t size, uint64_t offset);
bool __real_epnet_folder_sync(const char *path);
bool __wrap_epnet_folder_sync(const char *path);

bool __wrap_epnet_bytes_read(int fd, void *bytes, size_t size, uint64_t offset) {
    bytes_read += size;
    return __real_epnet_bytes_read(fd, bytes, size, offset);
}

bool __wrap_epnet_folder_sync(const char *path) {
    folder_syncs++;
    return __real_epnet_folder_sync(path);
}

/* Restarting gives up journals, of any run and however damaged, and nothing else. */
static void what_is_no_journal_is_left_alone(void **state) {
    (void)state;
    static const char text[] = "Something that somebody has written, and that is longer than any header is. ";
    scratch_make();
    EpnetSpec *spec = journal_spec(1);
    EpnetJournalHeader header = journal_header(spec, "cpu", 1), other = journal_header(spec, "gpu", 1);
    char *long_text = malloc(200 * sizeof text), *made;
    size_t size;
    for (size_t k = 0; k < 200; k++)
        memcpy(long_text + k * sizeof text, text, sizeof text);
    for (size_t length = 9; length <= 200 * sizeof text; length += 199 * sizeof text) {
        file_write(scratch_path("a.journal"), long_text, length);
        journal_open_fails_as(&header, EPNET_JOURNAL_RESTART,
                              "a.journal is not a journal of epnet: remove it, or use another -o");
        journal_open_fails(&header, "; remove it, or use another -o");
        made = file_bytes(scratch_path("a.journal"), &size);
        assert_int_equal(size, length);
        assert_memory_equal(made, long_text, size);
        free(made);
    }
    free(long_text);
    for (int damage = 0; damage < 4; damage++) { /* none; a byte of its mark; its start; all but a part */
        assert_int_equal(unlink(scratch_path("a.journal")), 0);
        journal_make(spec, &other);
        made = file_bytes(scratch_path("a.journal"), &size);
        memset(made, 'x', damage == 1 ? 1 : damage == 2 ? header.size / 2 : 0);
        file_write(scratch_path("a.journal"), made, damage == 3 ? 20 : size);
        free(made);
        epnet_journal_close(journal_open_good(&header, EPNET_JOURNAL_RESTART));
    }
    file_write(scratch_path("a.journal"), "", 0);
    epnet_journal_close(journal_open_good(&header, EPNET_JOURNAL_RESTART));
    assert_int_equal(unlink(scratch_path("a.journal")), 0);
    assert_int_equal(symlink("/nowhere/at/all", scratch_path("a.journal")), 0);
    journal_open_fails(&header, "a.journal: it is a symbolic link to nothing");
    epnet_journal_header_free(&other);
    epnet_journal_header_free(&header);
    made_spec_free(spec);
    scratch_remove();
}

/* However many marks stand in a damaged stretch, it is read through a few times at most: the heads that
 * might begin at them overlap. */
static void false_marks_are_read_once(void **state) {
    (void)state;
    enum { MARKS = 50000 };
    scratch_make();
    EpnetSpec *spec = journal_spec(1);
    EpnetJournalHeader header = journal_header(spec, "cpu", 1);
    EpnetJournalContent content;
    EpnetError error;
    const size_t length = MARKS * sizeof epnet_journal_mark;
    journal_make(spec, &header);
    size_t size;
    char *bytes = file_bytes(scratch_path("a.journal"), &size), *marks = malloc(length + size);
    memcpy(marks, bytes, header.size);
    for (size_t k = 0; k < MARKS; k++)
        memcpy(marks + header.size + 8 * k, epnet_journal_mark, 8);
    memcpy(marks + header.size + length, bytes + header.size, size - header.size);
    file_write(scratch_path("a.journal"), marks, length + size);
    const int fd = open(scratch_path("a.journal"), O_RDONLY);
    bytes_read = 0;
    assert_true(fd >= 0);
    assert_int_equal(epnet_journal_read(fd, "a", &header, true, NULL, &content, &error), EPNET_OK);
    assert_int_equal(content.points, 7);
    assert_int_equal(content.damaged, 1);
    assert_int_equal(content.damaged_bytes, length);
    assert_true(bytes_read < 12 * (length + size));
    epnet_journal_content_free(&content);
    close(fd);
    free(marks);
    free(bytes);
    epnet_journal_header_free(&header);
    made_spec_free(spec);
    scratch_remove();
}

/* The name of a journal is made safe by every run that takes it up: the first may have been killed before. */
static void the_folder_is_synced_again(void **state) {
    (void)state;
    scratch_make();
    EpnetSpec *spec = journal_spec(1);
    EpnetJournalHeader header = journal_header(spec, "cpu", 1);
    for (int time = 0; time < 3; time++) {
        if (time == 2)
            journal_make(spec, &header);
        folder_syncs = 0;
        epnet_journal_close(journal_open_good(&header, EPNET_JOURNAL_RESUME));
        assert_int_equal(folder_syncs, 1);
    }
    epnet_journal_header_free(&header);
    made_spec_free(spec);
    scratch_remove();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_journal_is_left_alone),
        cmocka_unit_test(false_marks_are_read_once),
        cmocka_unit_test(the_folder_is_synced_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Long readings and writings end when they are to stop: files here are sparse, and so large that reading them
 * to the end would not pass for stopping. */
#include "journal_grid.h"
#include "journal_writer.h"
#include "result_glance.h"
#include "seal.h"
#include "status.h"
#include "support/check.h"
#include "support/made_grid.h"
#include "support/scratch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile int flag = 1;
static const EpnetStop asked = {.flag = &flag}, late = {.until = 1e-9}, not_asked = {.until = 1e18};

static EpnetSpec *spec;
static EpnetJournalHeader header;

static int setup(void **state) {
    (void)state;
    EpnetError error;
    MadeSpec shape = made_shape(2);
    scratch_make();
    spec = made_spec(&shape);
    assert_int_equal(epnet_journal_header_make(spec, "cpu", 1, 1, &header, &error), EPNET_OK);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    epnet_journal_header_free(&header);
    epnet_spec_free(spec);
    scratch_remove();
    return 0;
}

static EpnetJournal *opened(const EpnetStop *stop) {
    EpnetJournal *journal;
    EpnetError error;
    if (epnet_journal_open(scratch_path("a.journal"), &header, EPNET_JOURNAL_RESUME, stop, &journal,
                           &error) != EPNET_OK)
        fail_msg("%s", error.message);
    return journal;
}

static off_t journal_size(void) {
    struct stat info;
    assert_int_equal(stat(scratch_path("a.journal"), &info), 0);
    return info.st_size;
}

static void it_is_due(void **state) {
    (void)state;
    assert_true(epnet_stop_due(&asked));
    assert_true(epnet_stop_due(&late));
    assert_false(epnet_stop_due(&not_asked));
    assert_false(epnet_stop_due(&(EpnetStop){NULL, 0}));
    assert_false(epnet_stop_due(NULL));
    EpnetStopLook look = {.stop = &asked};
    assert_false(epnet_stop_after(&look, EPNET_STOP_LOOK - 1));
    assert_true(epnet_stop_after(&look, 1));
    assert_false(epnet_stop_after(&look, 1));
}

/* A small journal is read whole; a large one is left as it was, its torn end too. */
static void a_journal_is_read_no_further(void **state) {
    (void)state;
    EpnetJournal *journal = opened(NULL);
    assert_int_equal(epnet_journal_reread(journal, &asked, NULL), EPNET_OK);
    epnet_journal_close(journal);
    epnet_journal_close(opened(&asked));
    const off_t size = (off_t)EPNET_STOP_LOOK + journal_size();
    assert_int_equal(truncate(scratch_path("a.journal"), size), 0);
    const EpnetStop *const stops[] = {&asked, &late};
    for (size_t k = 0; k < 2; k++) {
        EpnetError error = {0};
        assert_int_equal(epnet_journal_open(scratch_path("a.journal"), &header, EPNET_JOURNAL_RESUME,
                                            stops[k], &journal, &error),
                         EPNET_INTERRUPTED);
        assert_null(journal);
        assert_int_equal(journal_size(), size);
    }
    journal = opened(&not_asked);
    assert_int_equal(epnet_journal_content(journal)->damaged, 1);
    assert_int_equal(truncate(scratch_path("a.journal"), size), 0);
    assert_int_equal(epnet_journal_reread(journal, &late, NULL), EPNET_INTERRUPTED);
    epnet_journal_close(journal);
}

/* No grid file is begun. */
static void no_grid_file_is_written(void **state) {
    (void)state;
    const size_t points = (size_t)header.points;
    const EpnetJournalSession session = {.started = 1, .pid = 1};
    EpnetJournal *journal = opened(NULL);
    EpnetJournalRequest request;
    EpnetRows rows = made_rows(spec, 0, points, true);
    EpnetFailures failures;
    EpnetError error;
    assert_int_equal(epnet_journal_start(journal, &session, &error), EPNET_OK);
    epnet_journal_append(journal, &request, EPNET_JOURNAL_CHUNK, 0, points, &rows);
    assert_int_equal(epnet_journal_await(journal, &request, &error), EPNET_OK);
    assert_int_equal(epnet_journal_stop(journal, &error), EPNET_OK);
    assert_int_equal(epnet_journal_reread(journal, &late, &error), EPNET_OK);
    const EpnetJournalSource source = {epnet_journal_descriptor(journal), "a.journal", &header,
                                       epnet_journal_content(journal)};
    assert_int_equal(epnet_journal_to_grid(spec, &source, 1, scratch_path("a.nc"), &late, &failures, &error),
                     EPNET_INTERRUPTED);
    assert_int_equal(epnet_journal_to_grid(spec, &source, 1, scratch_path("a.nc"), &asked, &failures, &error),
                     EPNET_INTERRUPTED);
    assert_int_equal(scratch_entries(), 1);
    assert_int_equal(
        epnet_journal_to_grid(spec, &source, 1, scratch_path("a.nc"), &not_asked, &failures, &error),
        EPNET_OK);
    assert_true(file_exists(scratch_path("a.nc")));
    made_rows_free(&rows);
    epnet_journal_close(journal);
}

/* The checksum of a grid file that would take minutes. */
static void a_grid_file_is_looked_at_no_longer(void **state) {
    (void)state;
    static const char start[] = "\x89HDF\r\n\x1a\n";
    const off_t size = (off_t)1 << 38;
    char line[EPNET_SEAL_LINE] = "\nepnet sha256 ";
    const int fd = open(scratch_path("big.nc"), O_WRONLY | O_CREAT, 0666);
    assert_int_equal(pwrite(fd, start, 8, 0), 8);
    assert_int_equal(pwrite(fd, line, sizeof line, size), sizeof line);
    assert_int_equal(close(fd), 0);
    EpnetGlance glance;
    EpnetError error;
    assert_int_equal(epnet_result_glance(scratch_path("big.nc"), &asked, &glance, &error), EPNET_INTERRUPTED);
    assert_int_equal(epnet_result_glance(scratch_path("big.nc"), &late, &glance, &error), EPNET_INTERRUPTED);
}

/* Whether a process that is started finds the journal locked by another opening than its own, and can read
 * it. */
static EpnetStatus inherit(void *context, EpnetError *error) {
    const int fd = *(const int *)context;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char byte;
    if (fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
        return epnet_fail(error, EPNET_IO, "the lock is inherited");
    if (pread(fd, &byte, 1, 0) != 1 || byte != (char)0x89)
        return epnet_fail(error, EPNET_IO, "the journal cannot be read");
    return EPNET_OK;
}

/* What writes the grid file may outlive a run that is killed by a moment: the lock of the run does not. */
static void the_lock_is_not_inherited(void **state) {
    (void)state;
    EpnetJournal *journal = opened(NULL);
    int fd = epnet_journal_descriptor(journal);
    EpnetError error = {0};
    const EpnetIsolated isolated = {.work = inherit, .context = &fd, .action = "cannot look"};
    if (epnet_isolate(&isolated, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    epnet_journal_close(journal);
    epnet_journal_close(opened(NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_lock_is_not_inherited, setup, teardown),
        cmocka_unit_test_setup_teardown(it_is_due, setup, teardown),
        cmocka_unit_test_setup_teardown(a_journal_is_read_no_further, setup, teardown),
        cmocka_unit_test_setup_teardown(no_grid_file_is_written, setup, teardown),
        cmocka_unit_test_setup_teardown(a_grid_file_is_looked_at_no_longer, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

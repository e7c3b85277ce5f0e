/* Calls on files that fail, one at a time and from one on, in a whole run of the program. */
#include "support/check.h"
#include "support/faulty.h"

#include <errno.h>

#define SEARCH(...) faulty_search(&(FaultSearch){__VA_ARGS__})

static void opening(void **state) {
    (void)state;
    SEARCH("open: permission denied", FAULT_OPEN, FAULT_ERROR, EACCES, false, 5, 1);
    SEARCH("open: read-only file system", FAULT_OPEN, FAULT_ERROR, EROFS, true, 3, 1);
    SEARCH("open: too many open files", FAULT_OPEN, FAULT_ERROR, EMFILE, false, 3, 1);
    SEARCH("stat: I/O error", FAULT_STAT, FAULT_ERROR, EIO, false, 5, 1);
    SEARCH("statvfs: I/O error", FAULT_STATVFS, FAULT_ERROR, EIO, false, 2, 1);
    SEARCH("lock: no locks available", FAULT_LOCK, FAULT_ERROR, ENOLCK, false, 3, 1);
}

static void writing(void **state) {
    (void)state;
    SEARCH("write: disk full", FAULT_WRITE, FAULT_ERROR, ENOSPC, false, 7, 1);
    SEARCH("write: I/O error", FAULT_WRITE, FAULT_ERROR, EIO, false, 5, 1);
    SEARCH("write: short", FAULT_WRITE, FAULT_SHORT, 0, false, 5, 1);
    SEARCH("write: every one short", FAULT_WRITE, FAULT_SHORT, 0, true, 1, 40);
    SEARCH("write: interrupted", FAULT_WRITE, FAULT_ERROR, EINTR, false, 5, 1);
    SEARCH("truncate: disk full", FAULT_TRUNCATE, FAULT_ERROR, ENOSPC, false, 3, 1);
}

static void finishing(void **state) {
    (void)state;
    SEARCH("sync: I/O error", FAULT_SYNC, FAULT_ERROR, EIO, false, 4, 1);
    SEARCH("sync: disk full", FAULT_SYNC, FAULT_ERROR, ENOSPC, true, 2, 1);
    SEARCH("rename: permission denied", FAULT_RENAME, FAULT_ERROR, EACCES, false, 2, 1);
    SEARCH("rename: read-only file system", FAULT_RENAME, FAULT_ERROR, EROFS, true, 2, 1);
    SEARCH("unlink: permission denied", FAULT_UNLINK, FAULT_ERROR, EACCES, false, 3, 1);
    SEARCH("unlink: read-only file system", FAULT_UNLINK, FAULT_ERROR, EROFS, true, 2, 1);
}

static void reading(void **state) {
    (void)state;
    SEARCH("read: I/O error", FAULT_READ, FAULT_ERROR, EIO, false, 7, 1);
    SEARCH("read: short", FAULT_READ, FAULT_SHORT, 0, false, 5, 1);
    SEARCH("read: interrupted", FAULT_READ, FAULT_ERROR, EINTR, false, 5, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening),
        cmocka_unit_test(writing),
        cmocka_unit_test(finishing),
        cmocka_unit_test(reading),
    };
    return cmocka_run_group_tests_name("faults", tests, faulty_setup, faulty_teardown);
}

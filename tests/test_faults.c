/* Calls on files that fail, one at a time and from one on, in a whole run of the program. */
#include "support/check.h"
#include "support/faulty.h"

#include <errno.h>

#define SEARCH(...) faulty_search(&(FaultSearch){__VA_ARGS__}, RUN, RESUME)
#define SEARCH_IN(situation, ...) faulty_search(&(FaultSearch){__VA_ARGS__}, situation, situation)

static void opening(void **state) {
    (void)state;
    SEARCH("open: permission denied", FAULT_OPEN, FAULT_ERROR, EACCES, false, 4);
    SEARCH("open: read-only file system", FAULT_OPEN, FAULT_ERROR, EROFS, true, 2);
    SEARCH("open: too many open files", FAULT_OPEN, FAULT_ERROR, EMFILE, false, 2);
    SEARCH("stat: I/O error", FAULT_STAT, FAULT_ERROR, EIO, false, 4);
    SEARCH("statvfs: I/O error", FAULT_STATVFS, FAULT_ERROR, EIO, false, 2);
    SEARCH("lock: no locks available", FAULT_LOCK, FAULT_ERROR, ENOLCK, false, 2);
    faulty_judge();
}

static void writing(void **state) {
    (void)state;
    SEARCH("write: disk full", FAULT_WRITE, FAULT_ERROR, ENOSPC, false, 5);
    SEARCH("write: disk stays full", FAULT_WRITE, FAULT_ERROR, ENOSPC, true, 5);
    SEARCH("write: quota exceeded", FAULT_WRITE, FAULT_ERROR, EDQUOT, true, 4);
    SEARCH("write: I/O error", FAULT_WRITE, FAULT_ERROR, EIO, false, 4);
    SEARCH("write: short", FAULT_WRITE, FAULT_SHORT, 0, false, 4);
    SEARCH("write: every one short", FAULT_WRITE, FAULT_SHORT, 0, true, 2);
    SEARCH("write: interrupted", FAULT_WRITE, FAULT_ERROR, EINTR, false, 4);
    SEARCH("truncate: disk full", FAULT_TRUNCATE, FAULT_ERROR, ENOSPC, false, 2);
    faulty_judge();
}

static void finishing(void **state) {
    (void)state;
    SEARCH("sync: I/O error", FAULT_SYNC, FAULT_ERROR, EIO, false, 3);
    SEARCH("sync: disk full", FAULT_SYNC, FAULT_ERROR, ENOSPC, true, 2);
    SEARCH("close: I/O error", FAULT_CLOSE, FAULT_ERROR, EIO, false, 4);
    SEARCH("close: quota exceeded", FAULT_CLOSE, FAULT_ERROR, EDQUOT, true, 2);
    SEARCH("rename: permission denied", FAULT_RENAME, FAULT_ERROR, EACCES, false, 2);
    SEARCH("rename: read-only file system", FAULT_RENAME, FAULT_ERROR, EROFS, true, 2);
    SEARCH("unlink: permission denied", FAULT_UNLINK, FAULT_ERROR, EACCES, false, 2);
    SEARCH("unlink: read-only file system", FAULT_UNLINK, FAULT_ERROR, EROFS, true, 2);
    faulty_judge();
}

static void reading(void **state) {
    (void)state;
    SEARCH("read: I/O error", FAULT_READ, FAULT_ERROR, EIO, false, 5);
    SEARCH("read: short", FAULT_READ, FAULT_SHORT, 0, false, 4);
    SEARCH("read: interrupted", FAULT_READ, FAULT_ERROR, EINTR, false, 4);
    faulty_judge();
}

static void dying(void **state) {
    (void)state;
    SEARCH("open: killed", FAULT_OPEN, FAULT_KILL, 0, false, 3);
    SEARCH("write: killed", FAULT_WRITE, FAULT_KILL, 0, false, 6);
    SEARCH("write: killed half way", FAULT_WRITE, FAULT_TORN, 0, false, 6);
    SEARCH("sync: killed", FAULT_SYNC, FAULT_KILL, 0, false, 3);
    SEARCH("truncate: killed", FAULT_TRUNCATE, FAULT_KILL, 0, false, 2);
    SEARCH("rename: killed", FAULT_RENAME, FAULT_KILL, 0, false, 2);
    SEARCH("unlink: killed", FAULT_UNLINK, FAULT_KILL, 0, false, 2);
    faulty_judge();
}

static void vanishing(void **state) {
    (void)state;
    SEARCH("open: the folder vanishes", FAULT_OPEN, FAULT_VANISH, 0, false, 3);
    SEARCH("write: the folder vanishes", FAULT_WRITE, FAULT_VANISH, 0, false, 3);
    SEARCH("sync: the folder vanishes", FAULT_SYNC, FAULT_VANISH, 0, false, 3);
    faulty_judge();
}

/* The other verbs, which read grid files and write tables and figures. */
static void verbs(void **state) {
    static const Situation readers[] = {AGAIN, EXPORT, AUDIT, STATUS, PLOT, MERGE};
    (void)state;
    for (size_t k = 0; k < sizeof readers / sizeof *readers; k++) {
        SEARCH_IN(readers[k], "open: permission denied", FAULT_OPEN, FAULT_ERROR, EACCES, false, 2);
        SEARCH_IN(readers[k], "read: I/O error", FAULT_READ, FAULT_ERROR, EIO, false, 2);
        SEARCH_IN(readers[k], "write: disk full", FAULT_WRITE, FAULT_ERROR, ENOSPC, false, 2);
        SEARCH_IN(readers[k], "read: short", FAULT_READ, FAULT_SHORT, 0, false, 1);
        SEARCH_IN(readers[k], "read: interrupted", FAULT_READ, FAULT_ERROR, EINTR, false, 1);
        SEARCH_IN(readers[k], "write: disk stays full", FAULT_WRITE, FAULT_ERROR, ENOSPC, true, 1);
        SEARCH_IN(readers[k], "write: short", FAULT_WRITE, FAULT_SHORT, 0, false, 1);
        SEARCH_IN(readers[k], "write: interrupted", FAULT_WRITE, FAULT_ERROR, EINTR, false, 1);
        SEARCH_IN(readers[k], "write: killed half way", FAULT_WRITE, FAULT_TORN, 0, false, 2);
        SEARCH_IN(readers[k], "sync: I/O error", FAULT_SYNC, FAULT_ERROR, EIO, false, 1);
        SEARCH_IN(readers[k], "close: quota exceeded", FAULT_CLOSE, FAULT_ERROR, EDQUOT, false, 1);
        SEARCH_IN(readers[k], "rename: permission denied", FAULT_RENAME, FAULT_ERROR, EACCES, false, 1);
    }
    faulty_judge();
}

/* The tests whose names match the argument, a pattern; all without one. */
int main(int argc, char **argv) {
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening), cmocka_unit_test(writing), cmocka_unit_test(finishing),
        cmocka_unit_test(reading), cmocka_unit_test(dying),   cmocka_unit_test(vanishing),
        cmocka_unit_test(verbs),
    };
    return cmocka_run_group_tests_name("faults", tests, faulty_setup, faulty_teardown);
}

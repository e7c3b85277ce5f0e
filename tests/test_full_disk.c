/* File systems that are full, become full, or cannot be written to, and folders that vanish in the middle of
 * a run. The small file systems are mounted in a namespace of the test's own, which takes root or a kernel
 * that lets users have one; without, those tests are skipped. */
#include "support/check.h"
#include "support/program.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* 3,000 points, some tenths of a second of work for one thread. */
static const char spec[] = "[network]\nnodes = 5\n"
                           "[observe]\ncut = [0]\n"
                           "[solve]\nt_end = 2.0\nsamples = 801\n"
                           "[output]\ntrajectories = false\n"
                           "[sweep]\n"
                           "copy_total = { from = 0.5, to = 40.0, points = 60 }\n"
                           "drive = { from = 0.1, to = 5.0, points = 50 }\n";

static char *folder, *disk; /* `disk` is in the folder */
static char *reference;
static size_t reference_size;
static bool can_mount;

static bool namespace_enter(void) {
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("epnet-test", disk, "tmpfs", 0, "size=64k") == 0 && umount(disk) == 0;
}

static int group_setup(void **state) {
    (void)state;
    folder = test_folder_make();
    disk = test_path(folder, "disk");
    assert_int_equal(mkdir(disk, 0755), 0);
    can_mount = namespace_enter();
    if (!can_mount)
        print_message("no file system can be mounted here: %s\n", strerror(errno));
    test_file_write(folder, "spec.toml", spec);
    const char *const command[] = {EPNET_PROGRAM, "run", "spec.toml", "-o", "reference.nc", NULL};
    test_output_expect(test_program_run(folder, NULL, command), 0, "all ok", "");
    reference = test_file_read(folder, "reference.nc", &reference_size);
    return 0;
}

static int group_teardown(void **state) {
    (void)state;
    free(reference);
    free(disk);
    test_folder_remove(folder);
    return 0;
}

static TestProgram run_start(void) {
    const char *const command[] = {EPNET_PROGRAM,  "run",       "spec.toml", "-o",
                                   "disk/grid.nc", "--threads", "2",         "--json",
                                   "--batch",      "10",        NULL};
    return test_program_start(folder, NULL, command);
}

static TestOutput run(void) {
    TestProgram program = run_start();
    return test_program_finish(&program);
}

/* Until points are in the journal. */
static void wait_for_points(TestProgram *program) {
    char *line = NULL;
    size_t room = 0;
    do
        if (getline(&line, &room, program->out) <= 0)
            fail_msg("the run has ended before it could be disturbed");
    while (strstr(line, "\"progress\"") == NULL || strstr(line, "\"points_done\": 0,") != NULL);
    free(line);
}

static void mount_disk(const char *options, unsigned long flags) {
    assert_int_equal(mount("epnet-test", disk, "tmpfs", flags, options), 0);
}

/* The run ends well, from where an earlier one stopped or from the start, and the disk holds the grid alone.
 */
static void run_expect_good(bool resumed) {
    TestOutput output = run();
    if (output.code != 0)
        fail_msg("exit code %d: %s", output.code, output.err);
    if (resumed == (strstr(output.out, "\"points_resumed\": 0,") != NULL))
        fail_msg("resumed: %s", output.out);
    test_output_free(&output);
    size_t size;
    char *bytes = test_file_read(disk, "grid.nc", &size);
    assert_int_equal(size, reference_size);
    assert_memory_equal(bytes, reference, size);
    free(bytes);
    assert_int_equal(test_folder_count(disk), 1);
}

static void too_small_a_disk_is_refused_before_the_work(void **state) {
    (void)state;
    if (!can_mount)
        skip();
    mount_disk("size=256k", 0);
    test_output_expect(run(), 5, "", "its file system has");
    assert_int_equal(test_folder_count(disk), 0);
    assert_int_equal(umount(disk), 0);
}

static void no_more_files_or_read_only(void **state) {
    (void)state;
    if (!can_mount)
        skip();
    mount_disk("nr_inodes=1", 0);
    test_output_expect(run(), 5, "", "disk/grid.nc.journal: No space left on device");
    assert_int_equal(umount(disk), 0);
    mount_disk("", MS_RDONLY);
    test_output_expect(run(), 5, "", "disk/grid.nc.journal: Read-only file system");
    assert_int_equal(umount(disk), 0);
}

/* Take what is free. */
static void disk_fill(void) {
    static const char block[4096];
    char *path = test_path(disk, "filler");
    const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    while (write(file, block, sizeof block) > 0)
        continue;
    assert_int_equal(errno, ENOSPC);
    close(file);
    free(path);
}

static void a_disk_that_fills_up_costs_no_point(void **state) {
    (void)state;
    if (!can_mount)
        skip();
    mount_disk("size=8m", 0);
    TestProgram program = run_start();
    wait_for_points(&program);
    disk_fill();
    test_output_expect(test_program_finish(&program), 5, "", "disk/grid.nc.journal: No space left on device");
    test_output_expect(run(), 5, "", "its file system has");
    char *filler = test_path(disk, "filler");
    assert_int_equal(unlink(filler), 0);
    free(filler);
    run_expect_good(true);
    assert_int_equal(umount(disk), 0);
}

static void a_folder_that_is_moved_away(void **state) {
    (void)state;
    char *away = test_path(folder, "away");
    TestProgram program = run_start();
    wait_for_points(&program);
    assert_int_equal(rename(disk, away), 0);
    test_output_expect(test_program_finish(&program), 5, "", "disk/grid.nc");
    assert_int_equal(access(disk, F_OK), -1);
    assert_int_equal(rename(away, disk), 0);
    run_expect_good(true);
    free(away);
    test_folder_remove(strdup(disk));
    assert_int_equal(mkdir(disk, 0755), 0);
}

static void a_folder_that_is_removed(void **state) {
    (void)state;
    TestProgram program = run_start();
    wait_for_points(&program);
    test_folder_remove(strdup(disk));
    test_output_expect(test_program_finish(&program), 5, "", "disk/grid.nc");
    assert_int_equal(mkdir(disk, 0755), 0);
    run_expect_good(false);
    test_folder_remove(strdup(disk));
    assert_int_equal(mkdir(disk, 0755), 0);
}

/* Root may write anywhere: the run steps down to another user, if that one gets to the program at all (in the
 * home of root it does not). */
static void a_folder_of_someone_else(void **state) {
    (void)state;
    const char *const drop[] = {"setpriv",       "--reuid=65534",
                                "--regid=65534", "--clear-groups",
                                EPNET_PROGRAM,   "run",
                                "spec.toml",     "-o",
                                "disk/grid.nc",  NULL};
    const char *const *command = geteuid() == 0 ? drop : drop + 4;
    const char *const probe[] = {drop[0], drop[1], drop[2], drop[3], EPNET_PROGRAM, "--version", NULL};
    assert_int_equal(chmod(folder, 0755), 0);
    if (command == drop) {
        TestOutput version = test_program_run(folder, NULL, probe);
        const int code = version.code;
        test_output_free(&version);
        if (code != 0)
            skip();
    }
    assert_int_equal(chmod(disk, 0555), 0);
    TestOutput output = test_program_run(folder, NULL, command);
    assert_int_equal(chmod(disk, 0755), 0);
    assert_int_equal(test_folder_count(disk), 0);
    test_output_expect(output, 5, "", "disk/grid.nc.journal: Permission denied");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_small_a_disk_is_refused_before_the_work),
        cmocka_unit_test(no_more_files_or_read_only),
        cmocka_unit_test(a_disk_that_fills_up_costs_no_point),
        cmocka_unit_test(a_folder_that_is_moved_away),
        cmocka_unit_test(a_folder_that_is_removed),
        cmocka_unit_test(a_folder_of_someone_else),
    };
    return cmocka_run_group_tests_name("full_disk", tests, group_setup, group_teardown);
}

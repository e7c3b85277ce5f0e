/* Runs that were killed, stopped, divided or kept from ending: nothing solved is lost, nothing wrong is kept,
 * and the grid file has the bytes of an undisturbed run. */
#include "support/check.h"
#include "support/epnet_in.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 300 points of a few ms, with trajectories; two axes, so that blocks of shards and chunks break rows. */
static const char sweep_spec[] = "[network]\nnodes = 7\n"
                                 "[observe]\ncut = [0, 2]\n"
                                 "[solve]\nt_end = 10.0\nsamples = 11\nmethod = \"rk4\"\ndt = 0.005\n"
                                 "[output]\ntrajectories = true\n"
                                 "[sweep]\n"
                                 "copy_total = { from = 0.1, to = 9.0, points = 20, scale = \"log\" }\n"
                                 "drive = { from = 0.1, to = 10.0, points = 15 }\n";

static char *whole_folder; /* of whole.nc, the file of an undisturbed run */

static int make_folder(void **state) {
    (void)state;
    folder = test_folder_make();
    test_file_write(folder, "sweep.toml", sweep_spec);
    return 0;
}

static int run_undisturbed(void **state) {
    (void)state;
    whole_folder = folder = test_folder_make();
    test_file_write(folder, "sweep.toml", sweep_spec);
    test_output_expect(epnet("run", "sweep.toml", "-o", "whole.nc"), 0, "all ok", "");
    return 0;
}

static int remove_undisturbed(void **state) {
    (void)state;
    test_folder_remove(whole_folder);
    return 0;
}

static void check_same(const char *name) {
    size_t size = 0, other_size = 0;
    char *one = test_file_read(folder, name, &size);
    char *two = test_file_read(whole_folder, "whole.nc", &other_size);
    assert_int_equal(size, other_size);
    assert_memory_equal(one, two, size);
    free(one);
    free(two);
}

/* The number behind "NAME": in a line of JSON. */
static size_t number_in(const char *line, const char *name) {
    const char *at = strstr(line, name);
    assert_non_null(at);
    return (size_t)strtoull(at + strlen(name) + 3, NULL, 10);
}

/* Read events until a run has solved more points than it found. Returns the points that it says are done; 0:
 * it ended first. */
static size_t wait_for_points(TestProgram *program) {
    char *line = NULL;
    size_t room = 0, done = 0;
    while (done == 0 && getline(&line, &room, program->out) > 0)
        if (strstr(line, "\"progress\"") != NULL &&
            number_in(line, "points_done") > number_in(line, "points_resumed"))
            done = number_in(line, "points_done");
    free(line);
    return done;
}

/* Kill runs until one ends: every point that a run said was done is there for the next. */
static void killed_runs_go_on(void **state) {
    (void)state;
    static const char *const threads[] = {"1", "2", "3"}, *const batches[] = {"7", "64", "1", "23"};
    size_t said = 0;
    for (int k = 0; !test_file_exists(folder, "sweep.nc"); k++) {
        assert_true(k < 100);
        TestProgram program = start_epnet("run", "sweep.toml", "--json", "--threads", threads[k % 3],
                                          "--batch", batches[k % 4]);
        const size_t done = wait_for_points(&program);
        kill(program.pid, SIGKILL);
        TestOutput output = test_program_finish(&program);
        assert_true(output.code == 0 || output.code == 128 + SIGKILL);
        test_output_free(&output);
        TestOutput status = epnet("run", "sweep.toml", "--max-hours", "1e-12", "--json");
        if (strstr(status.out, "already_done") == NULL) {
            assert_true(number_in(status.out, "points_resumed") >= done);
            assert_true(number_in(status.out, "points_resumed") >= said);
            said = number_in(status.out, "points_resumed");
        }
        test_output_free(&status);
    }
    check_same("sweep.nc");
    test_output_expect(epnet("run", "sweep.toml"), 0, "left as it is\n", "");
    test_output_expect(epnet("run", "sweep.toml", "--restart"), 0,
                       "left as it is; remove it to compute it anew\n", "");
    assert_int_equal(test_folder_count(folder), 2);
}

static void a_stopped_run_goes_on(void **state) {
    (void)state;
    TestProgram program = start_epnet("run", "sweep.toml", "--json", "--threads", "1", "--batch", "5");
    assert_true(wait_for_points(&program) > 0);
    kill(program.pid, SIGTERM);
    test_output_expect(test_program_finish(&program), 75, "\"status\": 75",
                       "of 300 points are kept in sweep.nc.journal, run again to go on");
    test_output_expect(epnet("run", "sweep.toml", "--max-hours", "1e-12"), 75, "", "the time is up; ");
    assert_false(test_file_exists(folder, "sweep.nc"));
    test_output_expect(epnet("run", "sweep.toml"), 0, "300, each of 128 states, all ok",
                       " of 300 points are in the journal\n");
    check_same("sweep.nc");
    assert_false(test_file_exists(folder, "sweep.nc.journal"));
}

/* Another spec is refused with the difference; --restart gives the points up. */
static void another_spec_is_refused(void **state) {
    (void)state;
    const char *stop[] = {EPNET_PROGRAM, "run", "sweep.toml", "-o", "a.nc", "--max-hours", "1e-12", NULL};
    test_output_expect(test_program_run(folder, NULL, stop), 75, "", "0 of 300 points");
    test_output_expect(epnet("run", "sweep.toml", "-o", "a.nc", "--set", "network.flip_up=2.5"), 5, "",
                       "a.nc.journal holds points of another spec: line 15 is nothing there and "
                       "`# --set network.flip_up=2.5' here; use another -o, or --restart");
    assert_true(test_file_exists(folder, "a.nc.journal"));
    test_output_expect(epnet("run", "sweep.toml", "-o", "a.nc", "--set", "network.flip_up=2.5", "--restart"),
                       0, "all ok", "");
    assert_false(test_file_exists(folder, "a.nc.journal"));
}

/* While one run goes on another is refused; what killed runs have left beside it goes. */
static void one_run_at_a_time(void **state) {
    (void)state;
    test_file_write(folder, ".sweep.nc.tmp-123-0", "left behind");
    test_file_write(folder, ".sweep.nc.tmp-123-0x", "mine");
    test_file_write(folder, ".other.nc.tmp-123-0", "of another output");
    TestProgram program = start_epnet("run", "sweep.toml", "--json", "--threads", "1", "--batch", "5");
    assert_true(wait_for_points(&program) > 0);
    char process[128];
    snprintf(process, sizeof process, "another run of this output goes on (last written by process %ld on ",
             (long)program.pid);
    test_output_expect(epnet("run", "sweep.toml"), 5, "", process);
    test_output_expect(epnet("run", "sweep.toml", "--restart"), 5, "", process);
    kill(program.pid, SIGINT);
    test_output_expect(test_program_finish(&program), 75, "", "");
    assert_false(test_file_exists(folder, ".sweep.nc.tmp-123-0"));
    assert_true(test_file_exists(folder, ".sweep.nc.tmp-123-0x"));
    assert_true(test_file_exists(folder, ".other.nc.tmp-123-0"));
}

/* Run until all points are solved and the grid file alone cannot be written: files may have a KiB less than
 * it takes, and the journal is smaller. */
static void complete_journal(const char *output) {
    struct stat info;
    char *whole = test_path(whole_folder, "whole.nc"), *script = NULL;
    assert_int_equal(stat(whole, &info), 0);
    assert_true(asprintf(&script, "ulimit -f %ld; exec \"$0\" run sweep.toml -o %s",
                         (long)info.st_size / 512 - 2, output) > 0);
    const char *const limited[] = {"sh", "-c", script, EPNET_PROGRAM, NULL};
    test_output_expect(test_program_run(folder, NULL, limited), 5, "", "300 of 300 points are kept in ");
    assert_false(test_file_exists(folder, output));
    assert_int_equal(test_folder_count(folder), 2);
    free(whole);
    free(script);
}

/* The grid file cannot be written: the points stay, and the next run writes it. */
static void points_outlast_the_grid_file(void **state) {
    (void)state;
    complete_journal("sweep.nc");
    test_output_expect(epnet("run", "sweep.toml"), 0, "all ok", "300 of 300 points are in the journal\n");
    check_same("sweep.nc");
    assert_int_equal(test_folder_count(folder), 2);
}

/* A name so long that there may be a journal of it, but no temporary file, is told before the work. */
static void no_work_for_a_name_that_is_too_long(void **state) {
    (void)state;
    char name[248], *journal_name = NULL;
    memset(name, 'x', sizeof name - 1);
    memcpy(name + sizeof name - 4, ".nc", 4);
    test_output_expect(epnet("run", "sweep.toml", "-o", name), 5, "", "xxx.nc: File name too long\n");
    assert_int_equal(test_folder_count(folder), 1);
    /* Points that are there already stay. */
    test_output_expect(epnet("run", "sweep.toml", "--max-hours", "1e-12"), 75, "", "0 of 300 points");
    assert_true(asprintf(&journal_name, "%s.journal", name) > 0);
    TestProgram program = start_epnet("run", "sweep.toml", "--json", "--threads", "1", "--batch", "5");
    assert_true(wait_for_points(&program) > 0);
    kill(program.pid, SIGTERM);
    test_output_expect(test_program_finish(&program), 75, "", "");
    char *long_path = test_path(folder, journal_name), *path = test_path(folder, "sweep.nc.journal");
    assert_int_equal(rename(path, long_path), 0);
    test_output_expect(epnet("run", "sweep.toml", "-o", name), 5, "", "xxx.nc: File name too long; ");
    assert_true(test_file_exists(folder, journal_name));
    free(journal_name);
    free(long_path);
    free(path);
}

/* A pipe in the place of a file does not hold who looks at it. */
static void a_pipe_is_no_file(void **state) {
    (void)state;
    char *journal = test_path(folder, "sweep.nc.journal"), *grid = test_path(folder, "pipe.nc");
    assert_int_equal(mkfifo(journal, 0666), 0);
    assert_int_equal(mkfifo(grid, 0666), 0);
    TestOutput output = epnet("status", "sweep.nc");
    assert_true(strstr(output.out, "is not a regular file") != NULL ||
                strstr(output.err, "is not a regular file") != NULL);
    test_output_free(&output);
    test_output_expect(epnet("run", "sweep.toml"), 5, "", "it is not a regular file");
    test_output_expect(epnet("export", "pipe.nc"), 5, "", "it is not a regular file");
    free(journal);
    free(grid);
}

/* That no point is left to solve gives a run no time that it does not have. */
static void the_time_is_up_for_the_grid_file_too(void **state) {
    (void)state;
    complete_journal("sweep.nc");
    test_output_expect(epnet("run", "sweep.toml", "--max-hours", "1e-12"), 75, "",
                       "the time is up; 300 of 300 points are kept in sweep.nc.journal");
    assert_false(test_file_exists(folder, "sweep.nc"));
    test_output_expect(epnet("run", "sweep.toml"), 0, "all ok", "300 of 300 points are in the journal\n");
    check_same("sweep.nc");
}

/* Damage is told by the run that finds it, even if it does nothing else: the next one sees none. */
static void damage_is_told_however_a_run_ends(void **state) {
    (void)state;
    static const char warning[] =
        "epnet: warning: the journal was damaged in 1 place; the points there are computed again\n";
    TestProgram program = start_epnet("run", "sweep.toml", "--json", "--threads", "1", "--batch", "5");
    assert_true(wait_for_points(&program) > 0);
    kill(program.pid, SIGTERM);
    test_output_expect(test_program_finish(&program), 75, "\"journal_damage\": 0", "");
    size_t size;
    char *bytes = test_file_read(folder, "sweep.nc.journal", &size),
         *path = test_path(folder, "sweep.nc.journal");
    bytes[size - 100] ^= 1;
    for (int time = 0; time < 3; time++) {
        FILE *file = fopen(path, "wb");
        assert_true(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
        if (time == 0)
            test_output_expect(epnet("run", "sweep.toml", "--max-hours", "1e-12", "--json"), 75,
                               "\"journal_damage\": 1}", warning);
        else if (time == 1)
            test_output_expect(epnet("run", "sweep.toml", "--max-hours", "1e-12", "--quiet"), 75, "",
                               warning);
        else
            test_output_expect(epnet("run", "sweep.toml", "--json"), 0, "\"journal_damage\": 1, ", warning);
    }
    check_same("sweep.nc");
    free(bytes);
    free(path);
}

/* A run that fails before it has solved anything leaves nothing that would be in the way of the next: here
 * the file may have 4 KiB, enough for the start of a journal alone. */
static void a_failed_start_leaves_nothing(void **state) {
    (void)state;
    const char *const limited[] = {"sh", "-c", "ulimit -f 8; exec \"$0\" run sweep.toml -o a.nc",
                                   EPNET_PROGRAM, NULL};
    test_output_expect(test_program_run(folder, NULL, limited), 5, "",
                       "epnet: error: cannot write a.nc.journal: File too large\n");
    assert_int_equal(test_folder_count(folder), 1);
}

/* A journal beside a complete grid file of its own spec is of no more use; another's stays. */
static void a_leftover_journal_goes(void **state) {
    (void)state;
    test_output_expect(epnet("run", "sweep.toml", "--max-hours", "1e-12"), 75, "", "0 of 300");
    char *journal = test_path(folder, "sweep.nc.journal"), *kept = test_path(folder, "kept");
    assert_int_equal(rename(journal, kept), 0);
    test_output_expect(epnet("run", "sweep.toml"), 0, "all ok", "");
    assert_int_equal(rename(kept, journal), 0);
    test_output_expect(epnet("run", "sweep.toml"), 0, "left as it is", "");
    assert_false(test_file_exists(folder, "sweep.nc.journal"));
    test_file_write(folder, "sweep.nc.journal", "mine");
    test_output_expect(epnet("run", "sweep.toml"), 0, "left as it is", "");
    assert_true(test_file_exists(folder, "sweep.nc.journal"));
    free(journal);
    free(kept);
}

/* A run whose journal is removed promises nothing, and leaves alone what was put in its place. */
static void a_removed_journal_is_told(void **state) {
    (void)state;
    char *journal = test_path(folder, "sweep.nc.journal"), *moved = test_path(folder, "moved");
    TestProgram program = start_epnet("run", "sweep.toml", "--json", "--threads", "1", "--batch", "5");
    assert_true(wait_for_points(&program) > 0);
    assert_int_equal(rename(journal, moved), 0);
    test_file_write(folder, "sweep.nc.journal", "another's");
    kill(program.pid, SIGTERM);
    test_output_expect(test_program_finish(&program), 75, "", "interrupted; the journal has been moved: ");
    assert_true(test_file_exists(folder, "sweep.nc.journal"));
    assert_int_equal(rename(moved, journal), 0);
    program = start_epnet("run", "sweep.toml", "--json", "--threads", "1", "--batch", "5");
    assert_true(wait_for_points(&program) > 0);
    assert_int_equal(unlink(journal), 0);
    kill(program.pid, SIGTERM);
    test_output_expect(test_program_finish(&program), 75, "",
                       "interrupted; nothing is kept: the journal has been removed\n");
    /* A shard's points are in its journal alone: it fails, at the latest at its end. */
    program = start_epnet("run", "sweep.toml", "-o", "a.nc", "--shard", "1/2", "--json", "--threads", "1",
                          "--batch", "5");
    assert_true(wait_for_points(&program) > 0);
    char *shard = test_path(folder, "a.nc.shard-1-of-2.journal");
    assert_int_equal(unlink(shard), 0);
    test_output_expect(
        test_program_finish(&program), 5, "",
        "a.nc.shard-1-of-2.journal was removed or replaced; nothing is kept: the journal has been removed\n");
    free(journal);
    free(moved);
    free(shard);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(killed_runs_go_on, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_stopped_run_goes_on, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(another_spec_is_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(one_run_at_a_time, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(points_outlast_the_grid_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(damage_is_told_however_a_run_ends, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(no_work_for_a_name_that_is_too_long, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_pipe_is_no_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(the_time_is_up_for_the_grid_file_too, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_failed_start_leaves_nothing, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_leftover_journal_goes, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_removed_journal_is_told, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, run_undisturbed, remove_undisturbed);
}

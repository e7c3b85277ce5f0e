/* A sweep in shards: every point is in one of them, they merge into the bytes of an undivided run, and
 * nothing is merged that does not belong together. What `epnet status` says of all this. */
#include "shard.h"
#include "support/check.h"
#include "support/epnet_in.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- who solves what ----------------------------------------------------------------------------------- */

static void every_point_has_one_shard(void **state) {
    (void)state;
    static const size_t grids[] = {1, 2, 7, 64, 4096, 65537, 1000000};
    static const uint32_t counts[] = {1, 2, 3, 8, 64, 1000};
    for (size_t g = 0; g < sizeof grids / sizeof *grids; g++) {
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            unsigned char *times = calloc(1, grids[g]);
            size_t least = SIZE_MAX, most = 0;
            for (uint32_t number = 1; number <= counts[c]; number++) {
                EpnetQueue queue;
                EpnetError error;
                assert_int_equal(epnet_queue_make(&queue, grids[g], &error), EPNET_OK);
                const EpnetShard shard = {number, counts[c]};
                epnet_shard_apply(shard, &queue);
                const size_t own = epnet_shard_points(shard, grids[g]);
                assert_int_equal(queue.missing, own);
                least = own < least ? own : least;
                most = own > most ? own : most;
                queue.forced = 100000;
                for (size_t first, count; epnet_queue_take(&queue, &first, &count);)
                    for (size_t k = first; k < first + count; k++)
                        times[k]++;
                epnet_queue_free(&queue);
            }
            for (size_t k = 0; k < grids[g]; k++)
                assert_int_equal(times[k], 1);
            assert_true(most - least <= 1 + grids[g] / counts[c] / 16); /* of like size */
            free(times);
        }
    }
}

/* No shard has the same part of every row: columns of a 64 x 64 grid are shared by all of 4 shards. */
static void rows_are_shared_out(void **state) {
    (void)state;
    for (size_t column = 0; column < 64; column++) {
        for (uint32_t number = 1; number <= 4; number++) {
            EpnetQueue queue;
            EpnetError error;
            assert_int_equal(epnet_queue_make(&queue, 4096, &error), EPNET_OK);
            epnet_shard_apply((EpnetShard){number, 4}, &queue);
            size_t own = 0;
            for (size_t row = 0; row < 64; row++)
                own += !(queue.taken[(row * 64 + column) / 8] >> (row * 64 + column) % 8 & 1);
            assert_true(own >= 8 && own <= 24);
            epnet_queue_free(&queue);
        }
    }
}

/* ---- runs ---------------------------------------------------------------------------------------------- */

/* 77 points, one of which fails; the network is in a file. */
static const char sweep_spec[] = "[network]\nedges_file = \"edges.csv\"\nnodes = 3\n"
                                 "[observe]\ncut = [0]\n"
                                 "[solve]\nkind = \"stationary\"\n"
                                 "[sweep]\n"
                                 "copy_total = { from = 0.0, to = 9.0, points = 11 }\n"
                                 "flip_up = { from = 0.0, to = 2.0, points = 7 }\n"
                                 "flip_down = { values = [0.0] }\n";
static const char edges[] = "source,target,weight\n0,1,1.5\n1,2,0.5\n2,0,1\n";

static int make_folder(void **state) {
    (void)state;
    folder = test_folder_make();
    test_file_write(folder, "sweep.toml", sweep_spec);
    test_file_write(folder, "edges.csv", edges);
    return 0;
}

/* Failed points are as good an end as any. */
static void run_shard(const char *output, const char *shard, const char *threads, const char *batch) {
    TestOutput run = epnet("run", "sweep.toml", "-o", output, "--shard", shard, "--threads", threads,
                           "--batch", batch, "--quiet");
    if (run.code != 0 && run.code != 4)
        fail_msg("%d: %s", run.code, run.err);
    test_output_free(&run);
}

static void check_same(const char *name, const char *other) {
    size_t size = 0, other_size = 0;
    char *one = test_file_read(folder, name, &size), *two = test_file_read(folder, other, &other_size);
    assert_int_equal(size, other_size);
    assert_memory_equal(one, two, size);
    free(one);
    free(two);
}

static void move_file(const char *from, const char *to) {
    char *one = test_path(folder, from), *two = test_path(folder, to);
    assert_int_equal(rename(one, two), 0);
    free(one);
    free(two);
}

static void shards_merge_into_the_whole(void **state) {
    (void)state;
    TestOutput whole = epnet("run", "sweep.toml", "-o", "whole.nc");
    assert_int_equal(whole.code, 4);
    const char *reason = strstr(whole.err, " points failed: ");
    assert_non_null(reason);
    run_shard("a.nc", "2/3", "1", "5");
    test_output_expect(epnet("merge", "a.nc"), 5, "",
                       "of the 3 shards of a.nc, there is no journal of 1 3\n");
    run_shard("a.nc", "3/3", "3", "1");
    TestOutput last = epnet("run", "sweep.toml", "-o", "a.nc", "--shard", "1/3", "--json");
    assert_non_null(strstr(last.out, "\"journal\": \"a.nc.shard-1-of-3.journal\""));
    test_output_free(&last);
    /* The failed points of a complete shard are told again. */
    test_output_expect(epnet("run", "sweep.toml", "-o", "a.nc", "--shard", "2/3"), 4,
                       "a.nc.shard-2-of-3.journal is complete and belongs to this spec: left as it is\n"
                       "  points    26, 3 failed\n",
                       "3 of 26 points failed: 3 not_unique; first: ");
    assert_false(test_file_exists(folder, "a.nc"));
    test_output_expect(epnet("merge", "a.nc", "--json"), 4, "\"points\": 77, ", reason);
    check_same("a.nc", "whole.nc");
    test_output_expect(epnet("run", "sweep.toml", "-o", "a.nc", "--shard", "2/3"), 0,
                       "a.nc is complete and belongs to this spec: left as it is\n  points    77, ", "");
    TestOutput complete = epnet("run", "sweep.toml", "-o", "a.nc", "--json");
    assert_int_equal(complete.code, 0);
    const char *failed = strstr(complete.out, "\"points_failed\": ");
    assert_non_null(failed);
    assert_int_equal(strtol(strchr(failed, ':') + 1, NULL, 10),
                     strtol(strstr(whole.err, "warning: ") + 9, NULL, 10));
    test_output_free(&complete);
    assert_int_equal(test_folder_count(folder), 4); /* spec, edges, whole.nc, a.nc */
    test_output_expect(epnet("merge", "a.nc", "--json"), 0, "\"already_done\": true, \"points\": 77, ", "");
    test_output_expect(epnet("merge", "absent.nc"), 5, "",
                       "there is no shard of absent.nc (absent.nc.shard-1-of-N.journal)");
    test_output_free(&whole);
    /* Named journals, from elsewhere, and more shards than points. */
    for (int k = 1; k <= 100; k++) {
        char shard[16];
        snprintf(shard, sizeof shard, "%d/100", k);
        if (k % 25 == 0)
            run_shard("b.nc", shard, "1", "1");
    }
    test_output_expect(epnet("merge", "b.nc"), 5, "", "there is no journal of 1 2 3 ");
    run_shard("c.nc", "1/2", "1", "1");
    run_shard("c.nc", "2/2", "1", "1");
    test_output_expect(epnet("merge", "d.nc", "c.nc.shard-2-of-2.journal", "c.nc.shard-1-of-2.journal"), 4,
                       "d.nc\n  points    77, ", "");
    check_same("d.nc", "whole.nc");
}

static void link_file(const char *from, const char *to) {
    char *one = test_path(folder, from), *two = test_path(folder, to);
    assert_int_equal(link(one, two), 0);
    free(one);
    free(two);
}

/* What merges that were killed leave: an empty journal that was their lock, shards of a complete output. */
static void a_killed_merge_is_finished(void **state) {
    (void)state;
    run_shard("a.nc", "1/2", "1", "5");
    run_shard("a.nc", "2/2", "1", "5");
    link_file("a.nc.shard-2-of-2.journal", "kept");
    test_file_write(folder, "a.nc.journal", "");
    test_output_expect(epnet("status", "a.nc"), 0, "shards: 2 of 2 begun, 2 complete, 77 of 77 points\n", "");
    TestOutput merged = epnet("merge", "a.nc");
    assert_int_equal(merged.code, 4);
    const char *failed = strstr(merged.out, "states, "), *told = strstr(merged.err, "warning: "),
               *time = strstr(merged.out, "time  ");
    assert_true(failed != NULL && told != NULL && time != NULL && strstr(time, "s\n") != NULL);
    assert_int_equal(strtol(failed + 8, NULL, 10), strtol(told + 9, NULL, 10));
    test_output_free(&merged);
    test_output_expect(epnet("status", "a.nc"), 0, "a.nc is complete: 77 points, ", "");
    assert_int_equal(test_folder_count(folder), 4); /* spec, edges, kept, a.nc */
    link_file("kept", "a.nc.shard-2-of-2.journal");
    test_output_expect(epnet("merge", "a.nc"), 0, "a.nc is complete: left as it is\n", "");
    assert_int_equal(test_folder_count(folder), 4);
    test_file_write(folder, "a.nc.journal", "");
    test_output_expect(epnet("status", "a.nc"), 0, "a.nc is complete: 77 points, ", "");
    test_output_expect(epnet("merge", "a.nc"), 0, "a.nc is complete: left as it is\n", "");
    assert_int_equal(test_folder_count(folder), 4);
    test_file_write(folder, "a.nc.journal", "");
    test_output_expect(epnet("run", "sweep.toml", "-o", "a.nc"), 0, "left as it is", "");
    assert_int_equal(test_folder_count(folder), 4);
    /* A shard of another spec is not what a merge has left. */
    TestOutput other =
        epnet("run", "sweep.toml", "-o", "b.nc", "--shard", "1/2", "--set", "observe.cut=[0,1]", "--quiet");
    test_output_free(&other);
    test_output_expect(epnet("merge", "a.nc", "b.nc.shard-1-of-2.journal"), 5, "",
                       "there is no journal of 2");
    assert_true(test_file_exists(folder, "b.nc.shard-1-of-2.journal"));
}

static void what_does_not_belong_together_is_refused(void **state) {
    (void)state;
    run_shard("a.nc", "1/2", "2", "3");
    move_file("a.nc.shard-1-of-2.journal", "first");
    test_output_expect(epnet("merge", "a.nc", "first", "first"), 5, "", "first and first are the same file");
    test_output_expect(epnet("merge", "a.nc", "first", "absent"), 5, "", "there is no absent");
    test_output_expect(epnet("merge", "a.nc", "first", "sweep.toml"), 5, "", "sweep.toml is not a journal");
    run_shard("a.nc", "1/3", "2", "3");
    test_output_expect(epnet("merge", "a.nc", "first", "a.nc.shard-1-of-3.journal"), 5, "",
                       "first is one of 2 shards, a.nc.shard-1-of-3.journal one of 3");
    move_file("a.nc.shard-1-of-3.journal", "third");
    run_shard("a.nc", "1/2", "2", "3");
    test_output_expect(epnet("merge", "a.nc", "first", "a.nc.shard-1-of-2.journal"), 5, "",
                       "first and a.nc.shard-1-of-2.journal are the same shard");
    TestOutput other =
        epnet("run", "sweep.toml", "-o", "a.nc", "--shard", "2/2", "--set", "observe.cut=[0,1]", "--quiet");
    test_output_free(&other);
    test_output_expect(
        epnet("merge", "a.nc"), 5, "",
        "cannot be merged with a.nc.shard-1-of-2.journal: a.nc.shard-2-of-2.journal holds points "
        "of another spec: line 12 is `# --set observe.cut=[0,1]' there and nothing here");
    /* A shard that was stopped: what is missing is told, and running it again completes it. */
    test_output_expect(
        epnet("run", "sweep.toml", "-o", "a.nc", "--shard", "2/2", "--max-hours", "1e-12", "--restart"), 75,
        "", "0 of ");
    test_output_expect(epnet("merge", "a.nc"), 5, "", "points are missing: ");
    run_shard("a.nc", "2/2", "1", "2");
    /* The file of edges has changed, or is elsewhere. */
    test_file_write(folder, "edges.csv", "source,target,weight\n0,1,1.5\n1,2,0.5\n2,0,2\n");
    test_output_expect(epnet("merge", "a.nc"), 5, "",
                       "a file that the spec names has changed since the shards were run");
    char *moved = test_path(folder, "moved");
    assert_int_equal(mkdir(moved, 0755), 0);
    test_file_write(moved, "edges.csv", edges);
    free(moved);
    test_output_expect(epnet("merge", "a.nc", "--spec", "moved/sweep.toml"), 4, "a.nc\n", "");
    test_file_write(folder, "edges.csv", edges);
    test_output_expect(epnet("run", "sweep.toml", "-o", "a.nc"), 0, "left as it is", "");
}

/* A task of a job array runs its shard; where the array says nothing, nothing is guessed. */
static void slurm_says_which_shard(void **state) {
    (void)state;
    static const char *const arrays[][3] = {
        {"", "2", "SLURM_ARRAY_TASK_ID is not set"},
        {"SLURM_ARRAY_TASK_ID=3", "2", "SLURM_ARRAY_TASK_COUNT is not set"},
        {"SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=7 "
         "SLURM_ARRAY_TASK_STEP=1",
         "2", "task 3 of 3 in steps of 1 from 1 to 7 is no place in an array"},
        {"SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=5 "
         "SLURM_ARRAY_TASK_STEP=2",
         "2", "task 4 of 3"},
        {"SLURM_ARRAY_TASK_ID=x SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=5 "
         "SLURM_ARRAY_TASK_STEP=2",
         "2", "SLURM_ARRAY_TASK_ID is 'x', not a whole number"},
        {"SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_COUNT=1 SLURM_ARRAY_TASK_MIN=5 SLURM_ARRAY_TASK_MAX=5 "
         "SLURM_ARRAY_TASK_STEP=1",
         "2", "an array of one task does not say of how many parts it is"},
        {"SLURM_ARRAY_TASK_ID=0 SLURM_ARRAY_TASK_COUNT=2 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=1 "
         "SLURM_ARRAY_TASK_STEP=1",
         "0", "a.nc.shard-1-of-2.journal"},
        {"SLURM_ARRAY_TASK_ID=14 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=10 SLURM_ARRAY_TASK_MAX=14 "
         "SLURM_ARRAY_TASK_STEP=2",
         "5", "a.nc.shard-1-of-2.journal is of a division into 2 shards, this is shard 3 of 3"},
        {"SLURM_ARRAY_TASK_ID=14 SLURM_ARRAY_TASK_COUNT=2 SLURM_ARRAY_TASK_MIN=12 SLURM_ARRAY_TASK_MAX=14 "
         "SLURM_ARRAY_TASK_STEP=2",
         "0", "a.nc.shard-2-of-2.journal"},
    };
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) {
        char command[500];
        snprintf(command, sizeof command, "%s \"$0\" run sweep.toml -o a.nc --shard slurm", arrays[k][0]);
        TestOutput run =
            test_program_run(folder, NULL, (const char *const[]){"sh", "-c", command, EPNET_PROGRAM, NULL});
        const bool good = arrays[k][1][0] == '0';
        if (good ? run.code != 0 && run.code != 4 : run.code != atoi(arrays[k][1]))
            fail_msg("%s: %d %s", command, run.code, run.err);
        assert_non_null(strstr(good ? run.out : run.err, arrays[k][2]));
        test_output_free(&run);
    }
    static const char *const wrong[] = {"0/2", "3/2", "1", "1/2/3", "a/b", "-1/2", "1/1000001", ""};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
        test_output_expect(epnet("run", "sweep.toml", "--shard", wrong[k]), 2, "", "--shard expects I/N");
    test_output_expect(epnet("run", "sweep.toml", "--shard", "1/2", "--table", "t.csv"), 2, "",
                       "epnet merge");
    assert_int_equal(test_folder_count(folder), 4);
}

/* ---- status -------------------------------------------------------------------------------------------- */

static void status_tells_how_far_a_run_is(void **state) {
    (void)state;
    test_output_expect(epnet("status", "a.nc"), 5, "", "there is no a.nc, and no journal of a run of it");
    test_output_expect(epnet("status"), 2, "", "OUT.nc is expected");
    run_shard("a.nc", "2/3", "1", "5");
    test_output_expect(epnet("status", "a.nc"), 0, "a.nc is not written yet\na.nc.shard-2-of-3.journal\n",
                       "");
    test_output_expect(epnet("status", "a.nc"), 0, "shards: 1 of 3 begun, 1 complete", "");
    test_output_expect(epnet("run", "sweep.toml", "-o", "b.nc", "--max-hours", "1e-12"), 75, "", "");
    test_output_expect(epnet("status", "b.nc"), 0, "  points    0 of 77, 0 %\n", "");
    test_output_expect(epnet("status", "b.nc"), 0, "  run       none; run again to go on\n", "");
    /* A part of a record at the end. */
    char *path = test_path(folder, "b.nc.journal");
    FILE *file = fopen(path, "ab");
    assert_true(file != NULL && fwrite("torn", 1, 4, file) == 4 && fclose(file) == 0);
    free(path);
    test_output_expect(epnet("status", "b.nc"), 0, "  damage    1 place, 4 bytes: the points there", "");
    test_output_expect(epnet("run", "sweep.toml", "-o", "b.nc"), 4, "", "damaged in 1 place");
    test_output_expect(epnet("status", "b.nc"), 0, "b.nc is complete: 77 points, ", "");
    test_output_expect(epnet("status", "b.nc", "--json"), 0, "\"complete\": true, \"points\": 77", "");
    /* One that cannot be read hides no other, and counts for nothing. */
    test_file_write(folder, "a.nc.shard-1-of-3.journal", "something else that is no journal");
    test_output_expect(epnet("status", "a.nc"), 0,
                       "a.nc.shard-1-of-3.journal\n  shard     1 of 3\n"
                       "  damage    header: a.nc.shard-1-of-3.journal is not a journal of epnet",
                       "");
    test_output_expect(epnet("status", "a.nc"), 0, "shards: 2 of 3 begun, 1 complete, ", "");
    test_output_expect(epnet("status", "a.nc"), 0, " of 77 points\n", "");
    test_output_expect(epnet("status", "a.nc", "--json"), 0,
                       "\"problem\": \"a.nc.shard-1-of-3.journal is not a journal of epnet", "");
    test_output_expect(epnet("merge", "a.nc"), 5, "", "its start is damaged; run this shard again");
    /* One that the system does not let us read is more than damage, and hides no other either. */
    char *unreadable = test_path(folder, "a.nc.shard-1-of-3.journal");
    assert_true(unlink(unreadable) == 0 && mkdir(unreadable, 0755) == 0);
    free(unreadable);
    test_output_expect(epnet("status", "a.nc"), 5, "shards: 2 of 3 begun, 1 complete, ",
                       "epnet: error: cannot read a.nc.shard-1-of-3.journal: ");
    test_output_expect(epnet("status", "a.nc"), 5, "  problem   cannot read a.nc.shard-1-of-3.journal: ", "");
    test_output_expect(epnet("status", "a.nc", "--json"), 5, "\"unreadable\": true, ", "");
    test_output_expect(epnet("status", "a.nc", "--json"), 5, "\"event\": \"error\", \"status\": 5", "");
}

static void status_sees_who_is_at_work(void **state) {
    (void)state;
    TestProgram program =
        test_program_start(folder, NULL,
                           (const char *const[]){EPNET_PROGRAM, "run", "sweep.toml", "-o", "a.nc", "--json",
                                                 "--set", "solve.kind=trajectory", "--set", "solve.t_end=1e6",
                                                 "--set", "solve.method=rk4", "--set", "solve.dt=0.001",
                                                 "--set", "solve.samples=2", NULL});
    char *line = NULL, process[64];
    size_t room = 0;
    while (getline(&line, &room, program.out) > 0 && strstr(line, "\"progress\"") == NULL)
        continue;
    free(line);
    snprintf(process, sizeof process, "goes on, process %ld on ", (long)program.pid);
    test_output_expect(epnet("status", "a.nc"), 0, process, "");
    test_output_expect(epnet("status", "a.nc", "--json"), 0, "\"running\": true", "");
    /* What of a record on its way is in the file is no damage, until the run has ended. */
    char *path = test_path(folder, "a.nc.journal");
    kill(program.pid, SIGSTOP);
    FILE *file = fopen(path, "ab");
    assert_true(file != NULL && fwrite("torn", 1, 4, file) == 4 && fclose(file) == 0);
    free(path);
    test_output_expect(epnet("status", "a.nc", "--json"), 0, "\"damaged\": 0, \"damaged_bytes\": 0", "");
    kill(program.pid, SIGKILL);
    TestOutput killed = test_program_finish(&program);
    test_output_free(&killed);
    test_output_expect(epnet("status", "a.nc", "--json"), 0, "\"damaged\": 1, ", "");
    test_output_expect(epnet("status", "a.nc", "--json"), 0, "\"running\": false", "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_point_has_one_shard),
        cmocka_unit_test(rows_are_shared_out),
        cmocka_unit_test_setup_teardown(shards_merge_into_the_whole, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_does_not_belong_together_is_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_killed_merge_is_finished, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(slurm_says_which_shard, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(status_tells_how_far_a_run_is, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(status_sees_who_is_at_work, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* kill -9 at random moments of a run, now and then a signal that it can catch, and going on from what is
 * left, again and again: no point is lost, none is wrong, and no more is computed twice than what the threads
 * had in hand. EPNET_KILLS sets the number of kills. */
#include "kills/takes.h"
#include "support/check.h"
#include "support/kept.h"
#include "support/program.h"
#include "support/random_network.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POINTS = 20000, MOST_THREADS = 3, INTERRUPTED = 75 };

/* Points cheap enough to be many, and dear enough that the sweep outlasts the first kills. */
static const char spec[] = "[network]\nnodes = 3\nedges = [[0, 1], [1, 2, 2.5], [2, 0]]\n"
                           "[observe]\ncut = [0]\n"
                           "[solve]\nt_end = 2.0\nsamples = 301\n"
                           "[output]\ntrajectories = false\n"
                           "[sweep]\n"
                           "copy_total = { from = 0.1, to = 20.0, points = 200, scale = \"log\" }\n"
                           "drive = { from = 0.1, to = 5.0, points = 100 }\n";

static const double LATEST = 0.25; /* [s] after its start a run is killed, or it has ended */

typedef struct Tally {
    size_t kills, stops, sweeps; /* runs that were killed; that were asked to stop; grid files finished */
    size_t kills_while_writing;  /* of the grid file: when all points were in the journal */
    size_t lost, again; /* points in the journal before a kill and not after; that were computed anew */
    size_t wrong;       /* grid files that were not those of the undisturbed run */
    size_t unkept_points, taken_points; /* points that runs took and did not keep; that they took */
    size_t beyond;                      /* kills that cost more than the largest chunk for each thread */
} Tally;

static char *folder;
static Takes *takes;
static char *reference;
static size_t reference_size;

static int setup(void **state) {
    (void)state;
    folder = test_folder_make();
    test_file_write(folder, "spec.toml", spec);
    char *path = test_path(folder, "takes");
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0 && ftruncate(file, sizeof *takes) == 0);
    takes = mmap(NULL, sizeof *takes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    assert_true(takes != MAP_FAILED);
    close(file);
    assert_int_equal(setenv("EPNET_TAKES", path, 1), 0);
    free(path);
    const char *const command[] = {EPNET_PROGRAM, "run", "spec.toml", "-o", "reference.nc", NULL};
    test_output_expect(test_program_run(folder, NULL, command), 0, "all ok", "");
    reference = test_file_read(folder, "reference.nc", &reference_size);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    free(reference);
    munmap(takes, sizeof *takes);
    test_folder_remove(folder);
    return 0;
}

/* ---- what is kept ---------------------------------------------------------------------------------------
 */

static size_t kept_read(bool kept[POINTS]) {
    char *path = test_path(folder, "grid.nc.journal");
    const size_t count = test_kept(path, kept, POINTS);
    free(path);
    return count;
}

/* Compare what a run took with what was kept before and after it. */
static void takes_check(const bool before[POINTS], const bool after[POINTS], size_t threads, Tally *tally) {
    size_t unkept = 0, piece = 0;
    for (uint64_t t = 0; t < takes->count; t++) {
        const uint64_t first = takes->take[t].first, count = takes->take[t].count;
        for (uint64_t k = first; k < first + count; k++) {
            tally->again += before[k];
            unkept += !after[k];
        }
        piece = count > piece ? (size_t)count : piece;
        tally->taken_points += count;
    }
    for (size_t k = 0; k < POINTS; k++)
        tally->lost += before[k] && !after[k];
    tally->unkept_points += unkept;
    tally->beyond += unkept > threads * 2 * piece; /* a chunk has two pieces */
}

/* A finished run: the grid file is right, and nothing else is left. */
static void finished_check(Tally *tally) {
    size_t size;
    char *bytes = test_file_read(folder, "grid.nc", &size), *path = test_path(folder, "grid.nc");
    tally->wrong += size != reference_size || memcmp(bytes, reference, size) != 0;
    tally->sweeps++;
    assert_int_equal(test_folder_count(folder), 4); /* spec, takes, reference, grid */
    assert_int_equal(unlink(path), 0);
    free(bytes);
    free(path);
}

/* ---- kills ----------------------------------------------------------------------------------------------
 */

/* How a run is ended: mostly as a cluster or a power failure would, or asked to. */
static int signal_choose(TestRandom *random) {
    static const int signals[] = {SIGKILL, SIGKILL, SIGKILL, SIGKILL, SIGTERM, SIGINT};
    return signals[test_random_below(random, sizeof signals / sizeof *signals)];
}

/* Go on with the run, with as many threads and chunks as comes, for a moment. */
static TestOutput run_for_a_moment(TestRandom *random, size_t threads, int number) {
    char threads_text[16], batch_text[16];
    snprintf(threads_text, sizeof threads_text, "%zu", threads);
    snprintf(batch_text, sizeof batch_text, "%zu", 1 + test_random_below(random, 200));
    /* Chunks of one size, or as the program chooses them. */
    const bool forced = test_random_below(random, 2) == 0;
    const char *const command[] = {EPNET_TAKING, "run",        "spec.toml",
                                   "-o",         "grid.nc",    "--quiet",
                                   "--threads",  threads_text, forced ? "--batch" : NULL,
                                   batch_text,   NULL};
    takes->count = 0;
    TestProgram program = test_program_start(folder, NULL, command);
    usleep((useconds_t)(1e6 * LATEST * test_random_uniform(random)));
    assert_int_equal(kill(program.pid, number), 0); /* it may have ended, but was not waited for */
    return test_program_finish(&program);
}

static void run_and_kill(TestRandom *random, Tally *tally) {
    static bool before[POINTS], after[POINTS];
    const size_t threads = 1 + test_random_below(random, MOST_THREADS);
    const int number = signal_choose(random);
    kept_read(before);
    TestOutput output = run_for_a_moment(random, threads, number);
    if (output.code == 0) {
        finished_check(tally);
    } else if (output.code == 128 + number || (number != SIGKILL && output.code == INTERRUPTED)) {
        const size_t kept = kept_read(after);
        const bool whole = test_file_exists(folder, "grid.nc");
        tally->kills += number == SIGKILL;
        tally->stops += number != SIGKILL;
        tally->kills_while_writing += number == SIGKILL && (kept == POINTS || whole);
        if (!whole) /* the journal goes once the grid file is there */
            takes_check(before, after, threads, tally);
    } else {
        fail_msg("after %zu kills: signal %d, exit code %d\n%s", tally->kills, number, output.code,
                 output.err);
    }
    test_output_free(&output);
}

static size_t kills_wanted(void) {
    const char *text = getenv("EPNET_KILLS");
    const size_t kills = text != NULL ? strtoul(text, NULL, 10) : 12;
    return kills > 0 ? kills : 1;
}

static void nothing_is_lost(void **state) {
    (void)state;
    TestRandom random = test_random(20260811);
    Tally tally = {0};
    const size_t wanted = kills_wanted();
    while (tally.kills < wanted)
        run_and_kill(&random, &tally);
    const char *const command[] = {EPNET_TAKING, "run", "spec.toml", "-o", "grid.nc", "--quiet", NULL};
    test_output_expect(test_program_run(folder, NULL, command), 0, "", "");
    finished_check(&tally);
    print_message(
        "%zu kills (%zu while the grid file was written), %zu requests to stop, %zu sweeps of %d points\n"
        "points lost %zu, kept points computed again %zu, wrong grid files %zu\n"
        "%zu of %zu points computed twice, more than a chunk for each thread in %zu kills\n",
        tally.kills, tally.kills_while_writing, tally.stops, tally.sweeps, (int)POINTS, tally.lost,
        tally.again, tally.wrong, tally.unkept_points, tally.taken_points, tally.beyond);
    assert_int_equal(tally.lost, 0);
    assert_int_equal(tally.again, 0);
    assert_int_equal(tally.wrong, 0);
    assert_int_equal(tally.beyond, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_lost)};
    return cmocka_run_group_tests_name("kill", tests, setup, teardown);
}

/* The thread team: every item once, by the thread that is named, round after round. */
#include "support/check.h"
#include "team.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { ITEMS = 1000, THREADS = 5 };

typedef struct Work {
    unsigned char done[ITEMS]; /* how often; items belong to one thread at a time */
    size_t by[THREADS];        /* items of each thread */
    size_t longest;            /* items that were given at once */
    atomic_bool held;          /* thread 0 has an item */
    atomic_size_t passed;      /* items, of all threads */
} Work;

static EpnetTeam *open_team(int threads) {
    EpnetTeam *team;
    EpnetError error;
    assert_int_equal(epnet_team_open(threads, &team, &error), EPNET_OK);
    assert_int_equal(epnet_team_threads(team), threads);
    return team;
}

static void count(void *context, int thread, size_t first, size_t end) {
    Work *work = context;
    for (size_t k = first; k < end; k++)
        work->done[k]++;
    work->by[thread] += end - first;
    if (thread == 0 && end - first > work->longest)
        work->longest = end - first;
    atomic_fetch_add(&work->passed, end - first);
}

static void check_share(EpnetTeam *team, size_t items, size_t grain) {
    Work work = {0};
    size_t by = 0;
    epnet_team_share(team, items, grain, count, &work);
    for (size_t k = 0; k < ITEMS; k++)
        assert_int_equal(work.done[k], k < items);
    for (int t = 0; t < epnet_team_threads(team); t++)
        by += work.by[t];
    assert_int_equal(by, items);
    assert_true(work.longest <= grain || epnet_team_threads(team) == 1);
}

static void every_item_is_done_once(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 3, 7, 8, 64, 999, ITEMS}, grains[] = {1, 2, 7, 64, 1000, 5000};
    for (int threads = 0; threads <= THREADS; threads++) {
        EpnetTeam *team = threads > 0 ? open_team(threads) : NULL;
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (size_t j = 0; j < sizeof grains / sizeof *grains; j++)
                check_share(team, sizes[i], grains[j]);
        epnet_team_close(team);
    }
}

/* More rounds than a thread can oversleep, with nothing lost between one and the next. */
static void rounds_do_not_run_into_each_other(void **state) {
    (void)state;
    for (int threads = 2; threads <= THREADS; threads++) {
        EpnetTeam *team = open_team(threads);
        Work work = {0};
        for (size_t round = 1; round <= 2000; round++) {
            epnet_team_share(team, 2 * (size_t)threads, 1, count, &work);
            assert_int_equal(atomic_load(&work.passed), 2 * round * (size_t)threads);
        }
        epnet_team_close(team);
    }
}

/* Thread 0 holds its first item, for which the others wait, until all other items are done: somebody else has
 * taken the rest of its part. */
static void hold(void *context, int thread, size_t first, size_t end) {
    Work *work = context;
    if (thread == 0)
        atomic_store(&work->held, true);
    while (thread == 0 ? atomic_load(&work->passed) < ITEMS - 1 : !atomic_load(&work->held))
        sched_yield();
    work->done[first]++;
    work->by[thread] += end - first;
    atomic_fetch_add(&work->passed, end - first);
}

static void threads_help_the_one_that_is_late(void **state) {
    (void)state;
    for (int threads = 2; threads <= THREADS; threads++) {
        EpnetTeam *team = open_team(threads);
        Work work = {0};
        epnet_team_share(team, ITEMS, 1, hold, &work);
        assert_int_equal(work.by[0], 1);
        assert_int_equal(atomic_load(&work.passed), ITEMS);
        epnet_team_close(team);
    }
}

static void note_mask(void *context, int thread, size_t first, size_t end) {
    sigset_t mask;
    int *blocked = context;
    assert_int_equal(end, first + 1);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    blocked[thread] = sigismember(&mask, SIGINT) + 2 * sigismember(&mask, SIGTERM) +
                      4 * sigismember(&mask, SIGUSR1) + 8 * !sigismember(&mask, SIGSEGV);
    struct timespec moment = {0, 1000000};
    nanosleep(&moment, NULL);
}

/* Signals are for the caller. */
static void members_take_no_signals(void **state) {
    (void)state;
    int blocked[2] = {-1, -1};
    EpnetTeam *team = open_team(2);
    for (int k = 0; k < 1000 && blocked[1] == -1; k++)
        epnet_team_share(team, 2, 1, note_mask, blocked);
    assert_int_equal(blocked[0], 8);
    assert_int_equal(blocked[1], 15);
    epnet_team_close(team);
}

/* Without room for their stacks the threads beyond the first cannot start: a status, and none is left. */
static void threads_that_do_not_start_are_a_status(void **state) {
    (void)state;
#ifndef __SANITIZE_ADDRESS__ /* which needs the room itself */
    struct rlimit usual, tight;
    unsigned long pages;
    FILE *sizes = fopen("/proc/self/statm", "r");
    assert_non_null(sizes);
    assert_int_equal(fscanf(sizes, "%lu", &pages), 1);
    fclose(sizes);
    assert_int_equal(getrlimit(RLIMIT_AS, &usual), 0);
    tight = usual;
    tight.rlim_cur = pages * (rlim_t)sysconf(_SC_PAGESIZE) + ((rlim_t)4 << 20);
    EpnetTeam *team = (EpnetTeam *)state;
    EpnetError error;
    assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
    const EpnetStatus status = epnet_team_open(64, &team, &error);
    assert_int_equal(setrlimit(RLIMIT_AS, &usual), 0);
    assert_int_equal(status, EPNET_DEVICE);
    assert_null(team);
    assert_non_null(strstr(error.message, "cannot start a thread: "));
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_is_done_once),
        cmocka_unit_test(rounds_do_not_run_into_each_other),
        cmocka_unit_test(threads_help_the_one_that_is_late),
        cmocka_unit_test(members_take_no_signals),
        cmocka_unit_test(threads_that_do_not_start_are_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Faults put into the project's own kernels: every barrier of theirs is taken away in turn, and their shared
 * memory is cut short. Each is caught: by other bytes in some order of the threads, or by the emulation's
 * ending the process. */
#include "cuda_backend.h"
#include "emulation.h"
#include "support/check.h"
#include "two_backends.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POINTS = 3, SEED = 5, BARRIERS_MAX = 200 };

/* Work that takes so many times the undisturbed one has no end. */
enum { ENDLESS = 20 };

/* Under sanitizers, where a run takes several times as long, some barriers stand for all: so many whose loss
 * shows, and of those that a thread passes by every so many-th. */
#ifdef __SANITIZE_ADDRESS__
enum { LOSSES = 3, STRIDE = 8 };
#else
enum { LOSSES = BARRIERS_MAX, STRIDE = 1 };
#endif

typedef struct Work {
    EpnetKind kind;
    EpnetMethod method;
    int nodes;
    EpnetLeakKind leak;
    TestNetwork networks[POINTS];
    EpnetPoint points[POINTS];
    double *initial;
    EpnetProblem problem;
    TestRows sound;           /* undisturbed, threads in forward order */
    uint64_t switches;        /* of threads, in all orders together */
    bool meets[BARRIERS_MAX]; /* the barriers that it comes to: no other's loss can show in it */
} Work;

static const double times[] = {0, 0.1, 0.4};
static const uint64_t steps[] = {0, 5, 20};
static const uint64_t cuts[] = {3};

/* Leaks take hundreds of steps for a point. */
static size_t count_of(const Work *work) {
    return work->leak == EPNET_LEAK_NONE ? POINTS : 1;
}

static void work_make(Work *work) {
    TestRandom random = test_random(47);
    const int nodes = work->nodes;
    for (size_t k = 0; k < POINTS; k++) {
        work->networks[k] = test_network_ring(nodes, test_random_log(&random, 0.3, 3), 1.5);
        test_network_set_flips(&work->networks[k], test_random_log(&random, 0.3, 3), 0.7);
        work->points[k] = test_network_point(&work->networks[k]);
    }
    work->initial = work->kind == EPNET_STATIONARY ? NULL : test_law_random(&random, (size_t)1 << nodes, 0);
    work->problem = test_network_problem(&work->networks[0], work->initial);
    work->problem.kind = work->kind;
    work->problem.method = work->method;
    work->problem.tolerance = 1e-9;
    work->problem.dt = 0.02;
    work->problem.cuts = cuts;
    work->problem.cut_count = 1;
    work->problem.leak = (EpnetLeakSettings){work->leak, {0.5, 0.3}, 3, 10, 1};
    if (work->kind == EPNET_TRAJECTORY) {
        work->problem.times = times;
        work->problem.steps = steps;
        work->problem.time_count = 3;
    }
}

static void work_free(Work *work) {
    for (size_t k = 0; k < POINTS; k++)
        test_network_free(&work->networks[k]);
    free(work->initial);
    test_rows_free(&work->sound);
}

/* Whether two rows of a value for each point are the same bytes. */
static bool same(const void *a, const void *b, size_t bytes) {
    return a == NULL || memcmp(a, b, bytes) == 0;
}

/* Whether the work, done anew, gives the bytes of the undisturbed run. No assertion: it runs in a child too.
 */
static bool work_gives_the_same(const void *given) {
    const Work *work = given;
    const EpnetProblem *problem = &work->problem;
    const size_t count = count_of(work);
    TestRows again = two_backends_rows(problem, count, true);
    const EpnetBatch batch = {.problem = problem, .count = count, .points = work->points};
    void *context = NULL;
    EpnetError error;
    if (epnet_cuda_backend.open(problem, 0, 1, &context, &error) != EPNET_OK)
        return false;
    const EpnetRows *rows = &again.rows, *sound = &work->sound.rows;
    const size_t row = again.width * sizeof(double);
    const bool equal = epnet_cuda_backend.solve(context, &batch, &again.rows, &error) == EPNET_OK &&
                       same(sound->status, rows->status, count * sizeof(int)) &&
                       same(sound->last, rows->last, count * row) &&
                       same(sound->point, rows->point, count * EPNET_POINT_COLUMNS * sizeof(double)) &&
                       same(sound->extremes, rows->extremes, count * EPNET_EXTREMES * sizeof(double)) &&
                       same(sound->trajectory, rows->trajectory, count * problem->time_count * row);
    epnet_cuda_backend.close(context);
    test_rows_free(&again);
    return equal;
}

/* Do the work in a process of its own, in every order of the threads. Whether something showed: other bytes,
 * or the emulation's abort, which also ends work that goes on for much longer than the undisturbed one's
 * number of switches. What is said on stderr goes nowhere. */
static bool fault_shows_in(bool (*gives_the_same)(const void *), const void *work, uint64_t switches) {
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        epnet_emulation_most_switches(ENDLESS * switches);
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(0);
        for (int order = 0; order < EPNET_EMULATION_ORDERS; order++) {
            epnet_emulation_order((EpnetEmulationOrder)order, SEED);
            if (!gives_the_same(work))
                _exit(1);
        }
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static bool fault_shows(const Work *work) {
    return fault_shows_in(work_gives_the_same, work, work->switches);
}

static Work works[] = {
    {.kind = EPNET_TRAJECTORY, .method = EPNET_CHEBYSHEV, .nodes = 4},
    {.kind = EPNET_TRAJECTORY, .method = EPNET_CHEBYSHEV, .nodes = 10},
    {.kind = EPNET_TRAJECTORY, .method = EPNET_RK4, .nodes = 10},
    {.kind = EPNET_TRAJECTORY, .method = EPNET_EULER, .nodes = 10},
    {.kind = EPNET_STATIONARY, .method = EPNET_CHEBYSHEV, .nodes = 5},
    {.kind = EPNET_STATIONARY, .method = EPNET_CHEBYSHEV, .nodes = 9},
    {.kind = EPNET_STATIONARY, .method = EPNET_CHEBYSHEV, .nodes = 5, .leak = EPNET_LEAK_QUENCH},
    {.kind = EPNET_STATIONARY, .method = EPNET_CHEBYSHEV, .nodes = 8, .leak = EPNET_LEAK_QUENCH},
};

enum { WORKS = sizeof works / sizeof *works };

/* Whether any of the works that meet `barrier` shows the fault that has been planted. */
static bool any_shows(size_t barrier) {
    bool shown = false;
    for (size_t w = 0; w < WORKS && !shown; w++)
        shown = works[w].meets[barrier] && fault_shows(&works[w]);
    return shown;
}

/* Whether it shows when the barriers of `lost`, and `barrier`, are not there; without the lost ones alone
 * nothing did. */
static bool loss_shows(const bool *lost, size_t count, size_t barrier) {
    epnet_emulation_keep_barriers();
    for (size_t b = 0; b < count; b++) {
        if (lost[b] || b == barrier)
            epnet_emulation_skip_barrier(b, -1);
    }
    const bool shown = any_shows(barrier);
    epnet_emulation_keep_barriers();
    return shown;
}

/* Barriers are taken away one by one and stay away where nothing shows it: those are doubled by a neighbour,
 * or stand where a shuffle orders the lanes, which CUDA does not promise for memory. Of what then is left,
 * each is needed, and its loss is caught. */
static void lost_barriers_are_caught(void **state) {
    (void)state;
    bool lost[BARRIERS_MAX] = {false};
    size_t needed = 0, doubled = 0;
    const size_t count = epnet_emulation_barriers();
    assert_in_range(count, 20, BARRIERS_MAX);
    for (size_t b = 0; b < count && needed < LOSSES; b++) {
        lost[b] = !loss_shows(lost, count, b);
        needed += !lost[b];
        doubled += lost[b];
        if (lost[b])
            printf("  doubled: %s:%d\n", strrchr(epnet_emulation_barrier_file(b), '/') + 1,
                   epnet_emulation_barrier_line(b));
    }
    printf("%zu barriers: %zu needed, %zu doubled\n", count, needed, doubled);
    assert_true(needed >= (LOSSES < count / 3 ? LOSSES : count / 3));
}

/* One thread that passes a barrier by leaves the others waiting, or comes to another one than they. */
static void deserted_barriers_are_caught(void **state) {
    (void)state;
    const size_t count = epnet_emulation_barriers();
    for (size_t b = 0; b < count; b += STRIDE) {
        epnet_emulation_skip_barrier(b, 1);
        const bool shown = any_shows(b);
        epnet_emulation_keep_barriers();
        if (!shown)
            fail_msg("%s:%d: a thread passed by and nothing showed", epnet_emulation_barrier_file(b),
                     epnet_emulation_barrier_line(b));
    }
}

/* ---- tiles -----------------------------------------------------------------------------------------------
 */

/* One application of L at 14 nodes, where a block goes through tiles. */
enum { TILED_NODES = 14, TILED_STATES = 1 << TILED_NODES };

typedef struct Application {
    TestNetwork network;
    EpnetProblem problem;
    double *p, *image;
    uint64_t switches;
} Application;

static bool application_gives(const Application *work, double *image) {
    const EpnetPoint point = test_network_point(&work->network);
    void *context = NULL;
    EpnetError error;
    if (epnet_cuda_backend.open(&work->problem, 0, 1, &context, &error) != EPNET_OK)
        return false;
    const bool good = epnet_cuda_backend.apply(context, &point, work->p, image, &error) == EPNET_OK;
    epnet_cuda_backend.close(context);
    return good;
}

static bool application_gives_the_same(const void *given) {
    const Application *work = given;
    double *image = oracle_allocate(TILED_STATES, sizeof *image);
    const bool equal =
        application_gives(work, image) && memcmp(image, work->image, TILED_STATES * sizeof *image) == 0;
    free(image);
    return equal;
}

static void lost_barriers_between_tiles_are_caught(void **state) {
    (void)state;
    TestRandom random = test_random(48);
    Application work = {.network = test_network_ring(TILED_NODES, 0.8, 1.5)};
    test_network_set_flips(&work.network, 0.6, 0.7);
    work.p = test_law_random(&random, TILED_STATES, 0);
    work.image = oracle_allocate(TILED_STATES, sizeof *work.image);
    work.problem = test_network_problem(&work.network, work.p);
    assert_true(application_gives(&work, work.image));
    const uint64_t before = epnet_emulation_work().switches;
    for (int order = 0; order < EPNET_EMULATION_ORDERS; order++) {
        epnet_emulation_order((EpnetEmulationOrder)order, SEED);
        assert_true(application_gives_the_same(&work));
    }
    work.switches = epnet_emulation_work().switches - before;
    size_t found = 0;
    for (size_t b = 0; b < epnet_emulation_barriers(); b++) {
        if (strstr(epnet_emulation_barrier_file(b), "polynomial_tiles.cuh") == NULL)
            continue;
        found++;
        for (int thread = -1; thread <= 1; thread += 2) {
            epnet_emulation_skip_barrier(b, thread);
            const bool shown = fault_shows_in(application_gives_the_same, &work, work.switches);
            epnet_emulation_keep_barriers();
            if (!shown)
                fail_msg("polynomial_tiles.cuh:%d is missed by %s and nothing shows",
                         epnet_emulation_barrier_line(b), thread < 0 ? "all threads" : "a thread");
        }
    }
    assert_int_equal(found, 2);
    free(work.p);
    free(work.image);
    test_network_free(&work.network);
}

/* Eight bytes less of shared memory than the layout asks for. */
static void short_shared_memory_is_caught(void **state) {
    (void)state;
    epnet_emulation_shrink_shared(8);
    for (size_t w = 0; w < WORKS; w++) {
        if (!fault_shows(&works[w]))
            fail_msg("work %zu does not touch the last of its shared memory", w);
    }
    epnet_emulation_shrink_shared(0);
}

/* Undisturbed: what it gives, and which barriers it meets. */
static void work_do(Work *work) {
    uint64_t before[BARRIERS_MAX] = {0};
    for (size_t b = 0; b < epnet_emulation_barriers(); b++)
        before[b] = epnet_emulation_barrier_met(b);
    work->sound =
        two_backends_solve(&epnet_cuda_backend, 0, &work->problem, work->points, count_of(work), true);
    assert_in_range(epnet_emulation_barriers(), 1, BARRIERS_MAX);
    for (size_t b = 0; b < epnet_emulation_barriers(); b++)
        work->meets[b] = epnet_emulation_barrier_met(b) > before[b];
}

/* The undisturbed runs, which every order of the threads repeats to the byte. */
static int set_up(void **state) {
    (void)state;
    epnet_emulation_reset();
    for (size_t w = 0; w < WORKS; w++) {
        Work *work = &works[w];
        work_make(work);
        epnet_emulation_order(EPNET_EMULATION_FORWARD, SEED);
        work_do(work);
        const uint64_t before = epnet_emulation_work().switches;
        for (int order = 0; order < EPNET_EMULATION_ORDERS; order++) {
            epnet_emulation_order((EpnetEmulationOrder)order, SEED);
            if (!work_gives_the_same(work)) {
                print_error("work %zu depends on the order of its threads\n", w);
                return -1;
            }
        }
        work->switches = epnet_emulation_work().switches - before;
    }
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    for (size_t w = 0; w < WORKS; w++)
        work_free(&works[w]);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_barriers_are_caught),
        cmocka_unit_test(deserted_barriers_are_caught),
        cmocka_unit_test(lost_barriers_between_tiles_are_caught),
        cmocka_unit_test(short_shared_memory_is_caught),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

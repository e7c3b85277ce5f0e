/* The streaming engine on a device that fails: every call in turn, once and for good. */
#include "stream_run.h"
#include "trials.h"

#include <math.h>
#include <stdlib.h>

enum { TIMES = 2 };
static const double times[TIMES] = {0.1, 0.2};

typedef struct Case {
    TestNetwork network;
    EpnetProblem problem;
    EpnetPoint point;
    uint64_t cut;
    double *initial;
    double *last, *extremes, *trajectory;
} Case;

/* A trajectory with one cut; from a pure state, or from its stationary law. */
static Case make_case(TestRandom *random, bool from_stationary) {
    Case c = {.network = test_network_random(random, 5, 0.5, 0.5, 2, TEST_DRIVES_FINITE), .cut = 5};
    c.network.flip_up[2] = 0; /* a search of reachable states is part of the work */
    c.network.rate[0] = 0;
    c.initial = from_stationary ? NULL : test_law_pure(32, 1);
    c.problem = test_network_problem(&c.network, c.initial);
    c.problem.kind = EPNET_TRAJECTORY;
    c.problem.cut_count = 1;
    c.problem.time_count = TIMES;
    c.problem.times = times;
    c.point = test_network_point(&c.network);
    const size_t width = epnet_row_width(1);
    c.last = oracle_allocate(width, sizeof(double));
    c.extremes = oracle_allocate(EPNET_EXTREMES, sizeof(double));
    c.trajectory = oracle_allocate(TIMES * width, sizeof(double));
    return c;
}

static void free_case(Case *c) {
    test_network_free(&c->network);
    free(c->initial);
    free(c->last);
    free(c->extremes);
    free(c->trajectory);
}

static EpnetStatus solve_case(EpnetStreaming *streaming, Case *c, const volatile int *stop, int *point_status,
                              EpnetError *error) {
    const EpnetBatch batch = {&c->problem, 1, &c->point, stop};
    EpnetRows rows = {
        .status = point_status, .last = c->last, .extremes = c->extremes, .trajectory = c->trajectory};
    return epnet_streaming_solve(streaming, &batch, NULL, &rows, error);
}

/* Open, solve, close; the status of the first step that failed. */
static EpnetStatus run_case(Case *c, int *point_status, EpnetError *error) {
    EpnetStreaming *streaming;
    c->problem.cuts = &c->cut;
    EpnetStatus status = epnet_streaming_open(&c->problem, NULL, &streaming, error);
    if (status != EPNET_OK) {
        assert_null(streaming);
        return status;
    }
    status = solve_case(streaming, c, NULL, point_status, error);
    epnet_streaming_close(streaming);
    return status;
}

/* Fail call k of a kind, for k up to the number of calls of an undisturbed run: the engine says which call it
 * was, gives no number, and gives everything back unless the device is lost. */
static void fail_in_turn(EpnetEmulationCall call, bool from_stationary, bool sticky) {
    TestRandom random = test_random(421);
    int point_status;
    EpnetError error = {.status = EPNET_OK};
    Case c = make_case(&random, from_stationary);
    epnet_emulation_reset();
    assert_int_equal(run_case(&c, &point_status, &error), EPNET_OK);
    assert_int_equal(point_status, EPNET_POINT_OK);
    const long calls = epnet_emulation_calls(call);
    assert_true(calls > 0);
    /* Every call of opening and of the first steps, then a stride: the work repeats itself. */
    for (long k = 1; k <= calls; k += k < 40 || check_long() ? 1 : 23) {
        epnet_emulation_reset();
        epnet_emulation_fail(call, k, cudaErrorLaunchFailure, sticky);
        error.message[0] = '\0';
        c.last[0] = 0;
        assert_int_equal(run_case(&c, &point_status, &error), EPNET_DEVICE);
        assert_true(epnet_emulation_failed());
        assert_non_null(strstr(error.message, "cudaErrorLaunchFailure"));
        assert_true(isnan(c.last[0]) || c.last[0] == 0); /* 0: it failed while it was opened */
        if (sticky || call == EPNET_EMULATION_KERNEL)
            assert_int_equal(cudaDeviceReset(), cudaSuccess);
        assert_int_equal(epnet_emulation_held().allocations, 0);
    }
    free_case(&c);
}

static void test_once(void **state) {
    (void)state;
    const EpnetEmulationCall kinds[] = {EPNET_EMULATION_MALLOC, EPNET_EMULATION_HOST_MALLOC,
                                        EPNET_EMULATION_MEMCPY, EPNET_EMULATION_LAUNCH,
                                        EPNET_EMULATION_SYNCHRONIZE};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        fail_in_turn(kinds[i], i % 2 == 0, false);
}

static void test_lost(void **state) {
    (void)state;
    fail_in_turn(EPNET_EMULATION_KERNEL, false, false);
    fail_in_turn(EPNET_EMULATION_CALLS, true, true);
}

static volatile int stop;

/* A stop ends the work within a point, which would take minutes. */
static void test_stop(void **state) {
    (void)state;
    TestRandom random = test_random(422);
    int point_status;
    EpnetError error = {.status = EPNET_OK};
    Case c = make_case(&random, false);
    const double far[TIMES] = {0.1, 1e5};
    EpnetStreaming *streaming;
    TrialStop trial;
    c.problem.cuts = &c.cut;
    c.problem.times = far;
    epnet_emulation_reset();
    assert_int_equal(epnet_streaming_open(&c.problem, NULL, &streaming, &error), EPNET_OK);
    trial_stop_begin(&trial, 60, &stop); /* once the work on the device has begun */
    assert_int_equal(solve_case(streaming, &c, &stop, &point_status, &error), EPNET_OK);
    trial_stop_join(&trial);
    assert_int_equal(point_status, EPNET_POINT_NOT_CONVERGED);
    assert_true(isnan(c.last[0]) != 0);
    epnet_streaming_close(streaming);
    free_case(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

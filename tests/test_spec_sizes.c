/* Specs that ask for more than could ever be stored are refused at their place, by the reader and by the
 * program, and before anything of that size is made. */
#include "support/check.h"
#include "support/program.h"
#include "support/spec_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define NETWORK "[network]\nnodes = 2\ncopy_total = 1\n"
#define KEPT "[output]\ntrajectories = true\n"
#define AXIS(key, points) key " = { from = 1, to = 2, points = " points " }\n"

/* 2^30 points on two axes of 2^15, on which an axis of 2^k makes 2^(30 + k) points of them. */
#define GRID AXIS("drive", "32768") AXIS("flip_up", "32768")

static const SpecCase trajectories[] = {
    /* 2^30 points x 10^7 samples x 12 columns x 8 bytes = 1.03e18 < 2^62 = 4.6e18 < 8 x 1.03e18 */
    {NETWORK KEPT "[solve]\nsamples = ^10000000\n[sweep]\n" GRID "@", AXIS("flip_down", "8"),
     AXIS("flip_down", "4"), "8589934592 points x 1e+07 samples x 12 columns takes 8.25e+18 bytes"},
    {NETWORK "[solve]\nsamples = ^10000000\n[sweep]\n" GRID AXIS("flip_down", "8") "@", KEPT, "",
     "allowed: at most 2^62, or output.trajectories = false"},
    {NETWORK KEPT "[solve]\nsamples = ^@\n[sweep]\n" GRID AXIS("flip_down", "16"), "4000000", "101",
     "4e+06 samples x 12 columns takes 6.6e+18 bytes"},
    {NETWORK KEPT "[solve]\nkind = \"@\"\nsamples = ^10000000\n[sweep]\n" GRID AXIS("flip_down", "8"),
     "trajectory", "stationary", "at most 2^62"},
};

static void test_trajectories(void **state) {
    (void)state;
    CHECK_CASES(trajectories);
}

/* A point's kept rows: 10^7 samples of 12 columns and 8 more for each of the cuts. */
static void test_one_point(void **state) {
    (void)state;
    static char text[1 << 20];
    char *end =
        text + sprintf(text, "[network]\nnodes = 2\ncopy_total = 1\n" KEPT "[solve]\nsamples = 10000000\n"
                             "[observe]\ncuts = [[0]");
    for (int cut = 1; cut < 20000; cut++)
        end += sprintf(end, ", [%d]", cut % 2);
    strcpy(end, "]\n");
    EpnetSpec *spec = NULL;
    EpnetError error;
    assert_int_equal(spec_text_read(text, NULL, &spec, &error), EPNET_BAD_SPEC);
    spec_text_check_error(&error, "spec.toml", 7, 11,
                          "the trajectory of a point, 1e+07 samples x 160012 columns");
    assert_int_equal(spec_text_read(text, "output.trajectories=false", &spec, &error), EPNET_OK);
    epnet_spec_free(spec);
}

/* Cuts of many nodes: their sides' laws, 2^(N-1) + 2 values in four vectors each. */
static void test_cuts(void **state) {
    (void)state;
    static char text[1 << 20];
    char *end = text + sprintf(text, "[network]\nnodes = 20\ncopy_total = 1\n[observe]\ncuts = [[0]");
    for (int cut = 1; cut < 100000; cut++)
        end += sprintf(end, ", [%d]", cut % 20);
    strcpy(end, "]\n");
    EpnetSpec *spec = NULL;
    EpnetError error;
    assert_int_equal(spec_text_read(text, NULL, &spec, &error), EPNET_BAD_SPEC);
    spec_text_check_error(&error, "spec.toml", 5, 8, "the laws of the cuts' sides take 1.68e+12 bytes");
}

/* The points table alone: 2^48 points x 2^k columns. */
static void test_columns(void **state) {
    (void)state;
    static char text[1 << 20];
    char *end =
        text +
        sprintf(text,
                "[network]\nnodes = 2\ncopy_total = 1\n[solve]\nkind = \"stationary\"\n[sweep]\n" GRID AXIS(
                    "flip_down", "262144") "[observe]\ncuts = [[0]");
    for (int cut = 1; cut < 170; cut++)
        end += sprintf(end, ", [%d]", cut % 2);
    strcpy(end, "]\n");
    EpnetSpec *spec = NULL;
    EpnetError error;
    assert_int_equal(spec_text_read(text, NULL, &spec, &error), EPNET_BAD_SPEC);
    spec_text_check_error(&error, "spec.toml", 6, 2, "points x 2068 columns takes 4.66e+18 bytes");
    strcpy(strstr(text, ", [1], [0], [1]"), "]\n"); /* then the bits that say which points are solved */
    assert_int_equal(spec_text_read(text, NULL, &spec, &error), EPNET_BAD_SPEC);
    spec_text_check_error(&error, "spec.toml", 6, 2,
                          "the list of 281474976710656 points takes 3.52e+13 bytes");
}

/* Not even the axes (here 1.2 GB) or the times are made: with no memory to make them of the reason is the
 * same. */
static void test_nothing_is_allocated(void **state) {
    (void)state;
    static const char text[] = NETWORK KEPT
        "[solve]\nsamples = 10000000\n[sweep]\n" AXIS("drive", "150000000") AXIS("flip_up", "1000000");
    struct rlimit before, limit;
    EpnetSpec *spec = NULL;
    EpnetError error;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* its shadow takes more address space than any limit */
#endif
    assert_int_equal(getrlimit(RLIMIT_DATA, &before), 0);
    limit = before;
    limit.rlim_cur = 64 << 20;
    assert_int_equal(setrlimit(RLIMIT_DATA, &limit), 0);
    EpnetStatus status = spec_text_read(text, NULL, &spec, &error);
    assert_int_equal(setrlimit(RLIMIT_DATA, &before), 0);
    assert_int_equal(status, EPNET_BAD_SPEC);
    spec_text_check_error(&error, "spec.toml", 7, 11, "the trajectory table of 1.5e+14 points");
}

/* As users meet it: plan and run end with 3 and the place, and leave nothing. */
static void test_program(void **state) {
    (void)state;
    char *folder = test_folder_make();
    test_file_write(folder, "s.toml",
                    NETWORK KEPT "[solve]\nsamples = 10000000\n[sweep]\n" GRID AXIS("flip_down", "8"));
    const char *const verbs[] = {"plan", "run"};
    for (size_t v = 0; v < 2; v++) {
        const char *const job[] = {EPNET_PROGRAM, verbs[v], "s.toml", NULL};
        test_output_expect(test_program_run(folder, NULL, job), 3, "",
                           "s.toml:7:11: error: the trajectory table");
        const char *const axis[] = {
            EPNET_PROGRAM, verbs[v], "s.toml", "--set", "sweep.drive.points=4294967297", NULL};
        test_output_expect(
            test_program_run(folder, NULL, axis), 3, "",
            "--set sweep.drive.points=4294967297: error: sweep.drive.points is 4294967297; allowed");
        const char *const samples[] = {
            EPNET_PROGRAM, verbs[v], "s.toml", "--set", "solve.samples=18446744073709551615", NULL};
        test_output_expect(test_program_run(folder, NULL, samples), 3, "", "allowed: a whole number from 2");
        const char *const bootstrap[] = {
            EPNET_PROGRAM, verbs[v],          "s.toml", "--set", "leak.bootstrap=9223372036854775807",
            "--set",       "solve.samples=2", NULL};
        test_output_expect(test_program_run(folder, NULL, bootstrap), 3, "",
                           "leak.bootstrap is 9223372036854775807");
        const char *const batch[] = {EPNET_PROGRAM,          verbs[v], "s.toml", "--batch",
                                     "18446744073709551616", NULL};
        test_output_expect(test_program_run(folder, NULL, batch), 2, "", "--batch expects a whole number");
    }
    assert_int_equal(test_folder_count(folder), 1);
    test_folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trajectories), cmocka_unit_test(test_one_point),
        cmocka_unit_test(test_cuts),         cmocka_unit_test(test_columns),
        cmocka_unit_test(test_program),      cmocka_unit_test(test_nothing_is_allocated),
    };
    return cmocka_run_group_tests_name("spec_sizes", tests, spec_text_setup, spec_text_teardown);
}

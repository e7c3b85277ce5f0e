/* One bad point never spoils a sweep: whatever goes wrong in a point's work, that point alone has its status
 * and NaN, the others keep every bit, and the run says how many and which. Errors are planted by a program
 * that is linked with hooks (tamper/tamper.c). */
#include "support/check.h"
#include "support/program.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NETWORK                                                                                              \
    "[network]\nnodes = 3\ntopology = \"path\"\ncopy_total = 1.7\ndrive = 1.3\nflip_down = 0.8\n"            \
    "[observe]\ncut = [0]\n"
#define GRID "[sweep]\nflip_up = { values = [0.5, 1.0, 2.0, 3.0, 5.0, 7.0] }\n"
#define TIMES "t_end = 2.0\nsamples = 5\n"

static char *folder;

static int make_folder(void **state) {
    (void)state;
    folder = test_folder_make();
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unsetenv("EPNET_TAMPER");
    test_folder_remove(folder);
    return 0;
}

static int remove_file(const char *name) {
    char *path = test_path(folder, name);
    const int result = remove(path);
    free(path);
    return result;
}

static TestOutput run(const char *program, const char *spec, const char *output, const char *threads) {
    test_file_write(folder, "s.toml", spec);
    const char *const job[] = {program, "run", "s.toml", "-o", output, "--threads", threads, "--force", NULL};
    return test_program_run(folder, NULL, job);
}

static char *table_of(const char *file, const char *table) {
    const char *const job[] = {EPNET_PROGRAM, "export", file, "--table", table, NULL};
    TestOutput output = test_program_run(folder, NULL, job);
    assert_int_equal(output.code, 0);
    free(output.err);
    return output.out;
}

/* Tables that differ in the rows of flip_up = `bad` alone, where they have a status and only nan: 17 digits
 * tell every double from every other. */
static void check_tables(const char *table, const char *bad) {
    char *good = table_of("good.nc", table), *spoilt = table_of("spoilt.nc", table);
    char *rest_good = NULL, *rest_spoilt = NULL, prefix[32];
    char *one = strtok_r(good, "\n", &rest_good), *other = strtok_r(spoilt, "\n", &rest_spoilt);
    size_t rows = 0, bad_rows = 0;
    snprintf(prefix, sizeof prefix, "%s,", bad);
    assert_string_equal(one, other);
    while ((one = strtok_r(NULL, "\n", &rest_good)) != NULL) {
        other = strtok_r(NULL, "\n", &rest_spoilt);
        assert_non_null(other);
        rows++;
        if (strncmp(one, prefix, strlen(prefix)) != 0) {
            assert_string_equal(one, other);
            continue;
        }
        bad_rows++;
        const char *columns = strstr(other, ",nan");
        assert_non_null(columns);
        assert_int_equal(strspn(columns, ",nan"), strlen(columns));
        assert_null(strstr(one, ",nan,nan"));
    }
    assert_null(strtok_r(NULL, "\n", &rest_spoilt));
    assert_int_equal(rows, 6 * bad_rows);
    free(good);
    free(spoilt);
}

/* Spoil the point of flip_up = 2, with one thread (whose buffers serve the next points) and with three. */
static void check_spoilt(const char *solve, const char *what, const char *status) {
    char spec[1024], tamper[64], told[256];
    snprintf(spec, sizeof spec, NETWORK "[solve]\n%s" GRID, solve);
    snprintf(tamper, sizeof tamper, "%s 2.0", what);
    snprintf(told, sizeof told, "1 of 6 points failed: 1 %s; first: flip_up=2 (%s)", status, status);
    const bool trajectory = strstr(solve, "stationary") == NULL;
    unsetenv("EPNET_TAMPER");
    remove_file("good.nc");
    test_output_expect(run(EPNET_TAMPERED, spec, "good.nc", "1"), 0, "all ok", "");
    assert_int_equal(setenv("EPNET_TAMPER", tamper, 1), 0);
    for (const char *threads = "13"; *threads != '\0'; threads++) {
        const char count[] = {*threads, '\0'};
        test_output_expect(run(EPNET_TAMPERED, spec, "spoilt.nc", count), 4, "6, each of 8 states, 1 failed",
                           told);
        check_tables(trajectory ? "trajectory" : "points", "2");
        assert_int_equal(remove_file("spoilt.nc"), 0);
    }
}

#define EULER TIMES "method = \"euler\"\ndt = 0.01\n"
#define RK4 TIMES "method = \"rk4\"\ndt = 0.05\n"
#define POISSON TIMES "method = \"uniformization\"\n"
#define STATIONARY "kind = \"stationary\"\n"

static void not_a_number(void **state) {
    (void)state;
    const char *const solves[] = {TIMES, EULER, RK4, POISSON, STATIONARY};
    for (size_t s = 0; s < sizeof solves / sizeof *solves; s++)
        check_spoilt(solves[s], "nan", "not_finite");
    check_spoilt(TIMES, "inf", "not_finite");
}

static void no_memory(void **state) {
    (void)state;
    check_spoilt(POISSON, "memory", "out_of_memory");
}

/* Each invariant broken by a little, in a trajectory and in a stationary law. */
static void invariants(void **state) {
    (void)state;
    const char *const breaches[] = {"negative", "production", "channels",       "environment",
                                    "entropy",  "rate",       "cut_production", "cut_local",
                                    "cut_flow", "order",      "cut_rate",       "cut_bound"};
    for (size_t b = 0; b < sizeof breaches / sizeof *breaches; b++)
        check_spoilt(b % 2 == 0 ? TIMES : STATIONARY, breaches[b], "invariant_broken");
    check_spoilt(TIMES, "mass", "invariant_broken");
    check_spoilt(EULER, "mass", "invariant_broken");
}

/* The other statuses come from specs as they are. */
static void statuses(void **state) {
    (void)state;
    const struct {
        const char *spec, *told;
    } cases[] = {
        {"[network]\nnodes = 2\ntopology = \"none\"\nflip_down = 0\n[solve]\nkind = \"stationary\"\n"
         "[sweep]\nflip_up = { values = [0.0, 1.0] }\n",
         "1 of 2 points failed: 1 not_unique; first: flip_up=0 (not_unique)"},
        {NETWORK "[solve]\n" TIMES "method = \"euler\"\ndt = 0.5\n" GRID, " not_positive; first: flip_up="},
        {NETWORK "[solve]\nt_end = 1e5\nsamples = 3\ntolerance = 1e-13\n" GRID,
         " inaccurate; first: flip_up="},
        {NETWORK "[solve]\nt_end = 1000\nsamples = 3\nmethod = \"rk4\"\ndt = 1.0\n" GRID, " not_finite"},
        {NETWORK "[solve]\nt_end = 1e9\nsamples = 2\nmethod = \"uniformization\"\n"
                 "[sweep]\nflip_up = { values = [1e-9, 1.0] }\n[leak]\n",
         "not_converged"},
        {"[network]\nnodes = 2\ntopology = \"none\"\n[solve]\nkind = \"stationary\"\n[leak]\n"
         "[sweep]\nflip_up = { values = [1.0, 2.0, 3.0, 4.0, 5.0] }\n",
         "5 of 5 points failed: 5 no_decay; first: flip_up=1 (no_decay), flip_up=2 (no_decay), flip_up=3 "
         "(no_decay)"},
        {"[network]\nedges = [[0, 1, 100], [1, 0, 100]]\nnodes = 2\ncopy_rate = 1\nflip_up = 10\n"
         "flip_down = [0.01, 0.1]\n[observe]\ncut = [0]\n[solve]\nkind = \"stationary\"\n"
         "[sweep]\nsigma = { values = [0.5, 2] }\n",
         "1 of 2 points failed: 1 no_bracket; first: sigma=0.5 (no_bracket: attainable from 0.897"},
    };
    unsetenv("EPNET_TAMPER");
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        test_output_expect(run(EPNET_PROGRAM, cases[c].spec, "s.nc", "2"), 4, "s.nc", cases[c].told);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(not_a_number, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(no_memory, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(invariants, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(statuses, make_folder, remove_folder),
    };
    return cmocka_run_group_tests_name("bad_points", tests, NULL, NULL);
}

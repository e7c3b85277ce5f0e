/* epnet audit as a program: its table, its objects, its exit codes. */
#include "support/check.h"
#include "support/epnet_in.h"

#include <netcdf.h>
#include <stdlib.h>
#include <string.h>

/* Two nodes that break bounds 1 and 3; two axes, so that places have names. */
static const char spec[] = "[network]\nnodes = 2\nflip_up = 0.01\nflip_down = 0.01\n"
                           "[initial]\ndistribution = \"uniform\"\n[observe]\ncut = [0]\n"
                           "[solve]\ntimes = [0.0, 1.0, 2.0]\n[output]\ntrajectories = true\n"
                           "[sweep]\ndrive = { values = [0.1, 2.0] }\ncopy_rate = { values = [0.5, 1.0] }\n";

static int make_folder(void **state) {
    (void)state;
    folder = test_folder_make();
    test_file_write(folder, "pair.toml", spec);
    return 0;
}

static void make_grid(void) {
    test_output_expect(epnet("run", "pair.toml", "--quiet"), 0, "", "");
}

/* The line of a text that contains `part`, to be freed. */
static char *line_with(const char *text, const char *part) {
    const char *found = strstr(text, part);
    if (found == NULL)
        fail_msg("no \"%s\" in\n%s", part, text);
    const char *begin = found;
    while (begin > text && begin[-1] != '\n')
        begin--;
    return strndup(begin, strcspn(begin, "\n"));
}

/* One space for several: columns are as wide as their widest value, which rounding may lengthen. */
static void squeeze(char *line) {
    char *to = line;
    for (const char *from = line; *from != '\0'; from++) {
        if (from == line || from[0] != ' ' || from[-1] != ' ')
            *to++ = *from;
    }
    *to = '\0';
}

static void check_line(const char *text, const char *part, const char *also) {
    char *line = line_with(text, part);
    squeeze(line);
    if (strstr(line, also) == NULL)
        fail_msg("no \"%s\" in \"%s\"", also, line);
    free(line);
}

static void the_table_tells_what_where_and_how_often(void **state) {
    (void)state;
    make_grid();
    TestOutput output = epnet("audit", "pair.nc");
    assert_int_equal(
        strncmp(output.out, "pair.nc\n  points      4\n  rows        3 sampled times of each", 55), 0);
    check_line(output.out, "dI(S;Sc)/dt <= EP_across  [S = 0]", "drive = 2 nat, copy_rate = 1 1/s, t = 1 s");
    check_line(output.out, "dI(S;Sc)/dt <= EP_across  [S = 0]", " nat/s 0.14038 0.0360584 ");
    check_line(output.out, "dI/dt <= EP - leak I", "not applicable (the file has no column leak)");
    check_line(output.out, "I(S;Sc) <= I  [S = 0]", "not applicable (it is about stationary laws)");
    check_line(output.out, "dI/dt = environment flow", " 12 0 0 ");
    assert_string_equal(output.err, "");
    test_output_expect(output, 0, "\nExact statements: all 6 hold\n", "");
    /* The columns stand in line: "points" ends where its numbers end. */
    output = epnet("audit", "pair.nc");
    char *head = line_with(output.out, "statement"), *line = line_with(output.out, "dI/dt <= EP  ");
    const size_t end = (size_t)(strstr(head, "points") - head) + 5;
    assert_true(line[end] == '4' && line[end - 1] == ' ' && line[end + 1] == ' ');
    free(head);
    free(line);
    test_output_free(&output);
}

static void objects_come_one_a_line(void **state) {
    (void)state;
    make_grid();
    TestOutput output = epnet("audit", "pair.nc", "--json");
    int lines = 0;
    for (const char *at = output.out; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, 1 + 22);
    check_line(output.out, "\"event\": \"audit\"", "\"points\": 4, \"points_failed\": 0, \"times\": 3");
    check_line(output.out, "\"cut_energy_rate\"",
               "\"cut\": \"0\", \"applicable\": true, \"reason\": null, \"points\": 4");
    check_line(output.out, "\"cut_energy_rate\"",
               "\"where\": {\"point\": 3, \"drive\": 2, \"copy_rate\": 1, \"time\": 1}");
    check_line(output.out, "\"cut_energy_rate\"", "\"first_violation\": {\"point\": ");
    check_line(output.out, "\"leak\"", "\"fraction\": null");
    test_output_expect(output, 0, "\"reason\": \"the file has no column leak\"", "");
}

/* The whole report comes before the exit code 1. */
static void a_broken_exact_statement_is_code_1(void **state) {
    (void)state;
    make_grid();
    char *path = test_path(folder, "pair.nc");
    int file, group, variable;
    const size_t at[] = {1, 0, 2};
    const double wrong = 0.7;
    assert_int_equal(nc_open(path, NC_WRITE, &file), NC_NOERR);
    assert_int_equal(nc_inq_grp_ncid(file, "trajectory", &group), NC_NOERR);
    assert_int_equal(nc_inq_varid(group, "cut_local_entropy_rate", &variable), NC_NOERR);
    assert_int_equal(nc_put_var1_double(group, variable, at, &wrong), NC_NOERR);
    assert_int_equal(nc_close(file), NC_NOERR);
    free(path);
    TestOutput output = epnet("audit", "pair.nc");
    check_line(output.out, "flow = environment flow + local rate",
               "drive = 2 nat, copy_rate = 0.5 1/s, t = 2 s");
    assert_non_null(strstr(output.out, "D(pi||pi_0) <= EP_channels/(2 min alpha)"));
    test_output_expect(output, 1, "\nExact statements: 1 of 6 BROKEN\n", "beyond rounding: cut_second_law");
    output = epnet("audit", "pair.nc", "--json");
    check_line(output.out, "\"cut_second_law\"", "\"violations\": 1, \"points_violated\": 1");
    check_line(output.out, "\"event\": \"error\"", "\"status\": 1");
    test_output_expect(output, 1, "\"energy_bound\"", "epnet: error: pair.nc: 1 exact statement is broken");
}

static void what_cannot_be_read_is_told(void **state) {
    (void)state;
    test_output_expect(epnet("audit"), 2, "", "a grid file is expected");
    test_output_expect(epnet("audit", "a.nc", "b.nc"), 2, "",
                       "one grid file expected, but 'b.nc' follows 'a.nc'");
    test_output_expect(epnet("audit", "absent.nc"), 5, "", "cannot read absent.nc");
    test_output_expect(epnet("audit", "pair.toml"), 5, "", "not an epnet grid file");
    test_output_expect(epnet("audit", "absent.nc", "--json"), 5, "\"event\": \"error\"",
                       "cannot read absent.nc");
    test_output_expect(epnet("audit", "--help"), 0, "1e-13 nat x", "");
    make_grid();
    test_output_expect(run_epnet("/dev/full", "audit", "pair.nc"), 5, "", "No space left on device");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_table_tells_what_where_and_how_often, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(objects_come_one_a_line, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_broken_exact_statement_is_code_1, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_told, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

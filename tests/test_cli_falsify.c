/* epnet falsify as a program: what it prints, writes and refuses. */
#include "support/check.h"
#include "support/epnet_in.h"

#include <stdlib.h>
#include <string.h>

static int make_folder(void **state) {
    (void)state;
    folder = test_folder_make();
    return 0;
}

#define falsify(...) epnet("falsify", __VA_ARGS__, "--starts", "40", "--refine", "2")

/* The number after `key` in a text. */
static double number_after(const char *text, const char *key) {
    const char *at = strstr(text, key);
    if (at == NULL)
        fail_msg("no %s in\n%s", key, text);
    return strtod(at + strlen(key), NULL);
}

static void a_search_writes_a_spec_that_runs(void **state) {
    (void)state;
    TestOutput output = falsify("network");
    assert_int_equal(strncmp(output.out, "worst-network.toml\n", 19), 0);
    assert_string_equal(output.err, "");
    test_output_expect(output, 0, "broken\n", "");
    assert_int_equal(test_folder_count(folder), 1);
    test_output_expect(epnet("run", "worst-network.toml", "--table", "worst.csv"), 0, "all ok", "");
    char *table = test_file_read(folder, "worst.csv", NULL);
    assert_non_null(strstr(table, "entropy_production"));
    free(table);
}

/* The ratio of the title is that of the columns, read from the table by name. */
static void the_title_has_the_ratio_of_the_columns(void **state) {
    (void)state;
    test_output_expect(falsify("envelope", "-o", "worst.toml"), 0, "right", "");
    test_output_expect(epnet("run", "worst.toml", "--table", "worst.csv"), 0, "all ok", "");
    char *spec = test_file_read(folder, "worst.toml", NULL);
    char *table = test_file_read(folder, "worst.csv", NULL);
    const double ratio = number_after(strstr(spec, "title = "), "left / right = ");
    const char *name = strstr(table, "envelope_tightness"), *value = strchr(table, '\n') + 1;
    assert_non_null(name);
    for (const char *at = table; at < name; at++) {
        if (*at == ',')
            value = strchr(value, ',') + 1;
    }
    assert_true(ratio > 1);
    check_near(strtod(value, NULL), ratio, 1e-10 * ratio, "envelope_tightness");
    free(spec);
    free(table);
}

static void events_are_json(void **state) {
    (void)state;
    TestOutput output = falsify("cut_energy", "--json", "--left", "flow", "--states", "any", "-o", "w.toml");
    assert_ptr_equal(strstr(output.out, "{\"event\": \"progress\", \"points_done\": 0, "), output.out);
    const double left = number_after(output.out, "\"left_value\": ");
    const double right = number_after(output.out, "\"right_value\": ");
    check_near(number_after(output.out, "\"ratio\": "), left / right, 1e-12, "ratio");
    assert_true(number_after(output.out, "\"production_per_jump\": ") >= 1e-3);
    assert_non_null(strstr(output.out, "\"left\": \"cut_information_flow\""));
    assert_non_null(strstr(output.out, "\"cut\": \"0\""));
    assert_string_equal(output.err, "");
    test_output_expect(output, 0, "\"starts\": 40, ", "");
    TestOutput quiet = falsify("network", "--quiet");
    assert_string_equal(quiet.out, "");
    test_output_expect(quiet, 0, "", "");
    test_output_expect(falsify("network", "--json", "--nodes", "9"), 2, "\"event\": \"error\", \"status\": 2",
                       "nodes is 9");
}

static void threads_do_not_change_a_byte(void **state) {
    (void)state;
    test_output_expect(falsify("leak", "--threads", "1", "-o", "a.toml"), 0, "", "");
    test_output_expect(falsify("leak", "--threads", "3", "-o", "b.toml"), 0, "", "");
    test_output_expect(falsify("leak", "--seed", "2", "-o", "c.toml"), 0, "", "");
    char *a = test_file_read(folder, "a.toml", NULL), *b = test_file_read(folder, "b.toml", NULL);
    char *c = test_file_read(folder, "c.toml", NULL);
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
    free(a);
    free(b);
    free(c);
}

static void impossible_wishes_are_code_2_and_write_nothing(void **state) {
    (void)state;
    test_output_expect(epnet("falsify", "--help"), 0, "--min-ep", "");
    test_output_expect(epnet("falsify"), 2, "", "a BOUND is expected");
    test_output_expect(epnet("falsify", "network", "leak"), 2, "", "'leak' follows 'network'");
    test_output_expect(epnet("falsify", "chair"), 2, "", "no bound 'chair'; allowed: network, leak");
    test_output_expect(epnet("falsify", "network", "--nodes", "1"), 2, "", "nodes is 1; allowed: 2 to 6");
    test_output_expect(epnet("falsify", "network", "--nodes", "-2"), 2, "", "--nodes expects a whole number");
    test_output_expect(epnet("falsify", "network", "--starts", "0"), 2, "", "starts is 0");
    test_output_expect(epnet("falsify", "network", "--starts", "many"), 2, "",
                       "--starts expects a whole number");
    test_output_expect(epnet("falsify", "network", "--refine", "0"), 2, "", "refine is 0");
    test_output_expect(epnet("falsify", "network", "--seed", "-1"), 2, "", "--seed expects a whole number");
    test_output_expect(epnet("falsify", "network", "--threads", "0"), 2, "",
                       "--threads expects a whole number");
    test_output_expect(epnet("falsify", "network", "--flip-min", "2", "--flip-max", "1"), 2, "",
                       "flip rates: the min");
    test_output_expect(epnet("falsify", "network", "--copy-min", "-1"), 2, "",
                       "copy rates: the limits are -1");
    test_output_expect(epnet("falsify", "network", "--drive-max", "nan"), 2, "",
                       "--drive-max expects a number");
    test_output_expect(epnet("falsify", "network", "--drive-min", ""), 2, "", "--drive-min expects a number");
    test_output_expect(epnet("falsify", "network", "--min-ep", "0"), 2, "", "min_ep is 0");
    test_output_expect(epnet("falsify", "network", "--cut", "0"), 2, "", "cut has no meaning");
    test_output_expect(epnet("falsify", "envelope", "--states", "any"), 2, "", "states has no meaning");
    test_output_expect(epnet("falsify", "network", "--edges", "0>1>0"), 2, "", "edges is '0>1>0'");
    test_output_expect(falsify("network", "--min-ep", "100"), 4, "", "none of 40 starts");
    test_output_expect(falsify("network", "-o", "absent/w.toml"), 5, "", "absent/w.toml");
    assert_int_equal(test_folder_count(folder), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_search_writes_a_spec_that_runs, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(the_title_has_the_ratio_of_the_columns, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(events_are_json, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(threads_do_not_change_a_byte, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(impossible_wishes_are_code_2_and_write_nothing, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The command line: help, versions, wrong arguments and outputs that refuse. Nothing here computes a point.
 */
#include "cpu/instruction_levels.h"
#include "epnet.h"
#include "support/check.h"
#include "support/epnet_in.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

static const char good_spec[] = "title = \"two nodes\"\n"
                                "[network]\nnodes = 2\ncopy_rate = 0.3\n"
                                "[solve]\nkind = \"stationary\"\n";

static int make_folder(void **state) {
    (void)state;
    folder = test_folder_make();
    test_file_write(folder, "good.toml", good_spec);
    return 0;
}

static void help_explains_every_verb(void **state) {
    (void)state;
    test_output_expect(epnet("--help"), 0, "Exit codes", "");
    test_output_expect(epnet("run", "--help"), 0, "--threads", "");
    test_output_expect(epnet("run", "--help"), 0, "--table", "");
    test_output_expect(epnet("plan", "--help"), 0, "--set", "");
    test_output_expect(epnet("export", "--help"), 0, "trajectory", "");
    test_output_expect(epnet("plot", "--help"), 0, "--quantity", "");
    test_output_expect(epnet("info", "--help"), 0, "--json", "");
    test_output_expect(epnet("bench", "--help"), 0, "--quick", "");
}

static void version_and_info(void **state) {
    (void)state;
    TestOutput version = epnet("--version");
    assert_string_equal(version.out, "epnet " EPNET_TEST_VERSION "\n");
    test_output_expect(version, 0, "", "");
    test_output_expect(epnet("info"), 0, "epnet " EPNET_TEST_VERSION, "");
    test_output_expect(epnet("info"), 0, "cpu       built", "");
    test_output_expect(epnet("info", "--json"), 0, "\"name\": \"cpu\", \"built\": true", "");
    const EpnetBackendInfo cuda = epnet_backend_info(1);
    assert_string_equal(cuda.name, "cuda");
    test_output_expect(epnet("info"), 0, cuda.built ? "cuda      built" : "cuda      not built", "");
    test_output_expect(epnet("info"), 0, cuda.description, "");
}

static void wrong_usage_is_code_2(void **state) {
    (void)state;
    TestOutput bare = test_program_run(folder, NULL, (const char *const[]){EPNET_PROGRAM, NULL});
    test_output_expect(bare, 2, "", "a verb is expected");
    test_output_expect(epnet("fly"), 2, "", "no verb `fly'");
    test_output_expect(epnet("audit"), 2, "", "a grid file is expected");
    test_output_expect(epnet("bench", "a.toml", "b.toml"), 2, "", "'b.toml' follows 'a.toml'");
    test_output_expect(epnet("--wrong"), 2, "", "--wrong");
    test_output_expect(epnet("run"), 2, "", "a SPEC is expected");
    test_output_expect(epnet("run", "good.toml", "more.toml"), 2, "", "'more.toml' follows 'good.toml'");
    test_output_expect(epnet("run", "good.toml", "--wrong"), 2, "", "--wrong");
    test_output_expect(epnet("plan"), 2, "", "a SPEC is expected");
    test_output_expect(epnet("export"), 2, "", "a grid file is expected");
    test_output_expect(epnet("plot", "a.nc", "b.nc"), 2, "", "'b.nc' follows 'a.nc'");
    test_output_expect(epnet("info", "more"), 2, "", "Too many arguments");
    test_output_expect(epnet("run", "good.toml", "--device", "abacus"), 2, "", "abacus");
    test_output_expect(epnet("run", "good.toml", "--device", "cpu:0"), 2, "", "'cpu:0' is not a device");
    test_output_expect(epnet("run", "good.toml", "--device", "cuda:"), 2, "", "'cuda:' is not a device");
    test_output_expect(epnet("run", "good.toml", "--device", "cuda:-1"), 2, "", "'cuda:-1' is not a device");
    test_output_expect(epnet("run", "good.toml", "--device", "cuda:1x"), 2, "", "'cuda:1x' is not a device");
    test_output_expect(epnet("run", "good.toml", "--set", "network.copy_rate"), 2, "", "network.copy_rate");
    assert_int_equal(test_folder_count(folder), 1);
}

static void absent_device_is_code_6_with_its_reason(void **state) {
    (void)state;
    const EpnetBackendInfo cuda = epnet_backend_info(1);
    assert_string_equal(getenv("CUDA_VISIBLE_DEVICES"), ""); /* support/devices.c hides what there is */
    assert_int_equal(cuda.device_count, 0);
    test_output_expect(epnet("plan", "good.toml", "--device", "cuda"), 6, "", cuda.description);
    test_output_expect(epnet("plan", "good.toml"), 0, "cpu (", "");
}

static void counts_are_positive_whole_numbers(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "0", "-1", "", "two", "1.5", "2x", " 2", "+2", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        test_output_expect(epnet("run", "good.toml", "--threads", wrong[i]), 2, "",
                           "--threads expects a whole number");
        test_output_expect(epnet("run", "good.toml", "--batch", wrong[i]), 2, "",
                           "--batch expects a whole number");
        test_output_expect(epnet("plan", "good.toml", "--threads", wrong[i]), 2, "",
                           "--threads expects a whole number");
    }
    assert_int_equal(test_folder_count(folder), 1);
}

/* Cores are those of the affinity mask, which programs inherit. */
static void more_threads_than_cores_are_a_warning(void **state) {
    (void)state;
    cpu_set_t all, one;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    size_t core = 0;
    while (!CPU_ISSET(core, &all))
        core++;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(epnet_cores(), 1);
    test_output_expect(epnet("plan", "good.toml", "--threads", "3"), 0, "3 threads",
                       "epnet: warning: --threads 3, but this process may use 1 core\n");
    test_output_expect(epnet("falsify", "network", "--starts", "1", "--threads", "2", "-o", "found.toml"), 0,
                       "", "may use 1 core\n");
    test_output_expect(epnet("plan", "good.toml"), 0, "1 thread", "");
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
    assert_int_equal(epnet_cores(), CPU_COUNT(&all));
}

static void wrong_specs_are_code_3_and_write_nothing(void **state) {
    (void)state;
    test_file_write(folder, "wrong.toml", "[network]\nnodes = 3\ncopy_totl = 1.0\n");
    test_output_expect(epnet("run", "wrong.toml"), 3, "", "wrong.toml:3:1: error: ");
    test_output_expect(epnet("run", "wrong.toml"), 3, "", "copy_total");
    test_output_expect(epnet("run", "wrong.toml", "-o", "other.nc", "--table", "t.csv"), 3, "",
                       "wrong.toml:3:1: error: ");
    test_output_expect(epnet("plan", "wrong.toml"), 3, "", "wrong.toml:3:1: error: ");
    test_output_expect(epnet("run", "wrong.toml", "--json"), 3,
                       "{\"event\": \"error\", \"status\": 3, \"message\": \"wrong.toml:3", "wrong.toml:3:1");
    test_output_expect(epnet("run", "good.toml", "--set", "network.copy_rate=-1"), 3, "", "copy_rate");
    assert_int_equal(test_folder_count(folder), 2);
}

static void a_spec_error_stands_alone(void **state) {
    (void)state;
    test_file_write(folder, "wrong.toml", "[network]\nnodes = -3\n");
    TestOutput output = epnet("run", "wrong.toml");
    assert_int_equal(strncmp(output.err, "wrong.toml:2:", 13), 0);
    assert_ptr_equal(strchr(output.err, '\n'), output.err + strlen(output.err) - 1);
    test_output_free(&output);
}

static void files_that_refuse_are_code_5(void **state) {
    (void)state;
    test_file_write(folder, "text.nc", "not a grid file\n");
    test_output_expect(epnet("export", "absent.nc"), 5, "", "absent.nc");
    test_output_expect(epnet("export", "text.nc"), 5, "", "text.nc");
    test_output_expect(epnet("plot", "text.nc"), 5, "", "text.nc");
    test_output_expect(epnet("run", "good.toml", "-o", "absent/good.nc"), 5, "", "absent/good.nc");
    test_output_expect(epnet("run", "absent.toml"), 5, "", "absent.toml");
    test_output_expect(epnet("run", "good.toml", "-o", "."), 5, "", "epnet: error: ");
    assert_int_equal(test_folder_count(folder), 2);
}

static void instruction_sets_are_chosen_by_name(void **state) {
    (void)state;
    const EpnetInstructionLevel usual = epnet_instruction_level();
    static const char *const names[EPNET_LEVELS] = {"baseline", "avx2", "avx512"};
    for (int level = 0; level < EPNET_LEVELS; level++) {
        setenv("EPNET_ISA", names[level], 1);
        if (epnet_instruction_level_use((EpnetInstructionLevel)level)) {
            char expected[64];
            snprintf(expected, sizeof expected, "%s instructions", names[level]);
            test_output_expect(epnet("info"), 0, expected, "");
        } else {
            test_output_expect(epnet("plan", "good.toml"), 2, "", "this processor does not have it");
        }
    }
    setenv("EPNET_ISA", "sse", 1);
    test_output_expect(epnet("plan", "good.toml"), 2, "", "EPNET_ISA=sse: avx512, avx2 or baseline");
    EpnetError error;
    assert_int_equal(epnet_instruction_set(NULL, &error), EPNET_USAGE);
    unsetenv("EPNET_ISA");
    assert_true(epnet_instruction_level_use(usual));
}

static void an_output_that_is_lost_is_code_5(void **state) {
    (void)state;
    static const char *const commands[][4] = {{EPNET_PROGRAM, "info"},
                                              {EPNET_PROGRAM, "--help"},
                                              {EPNET_PROGRAM, "--version"},
                                              {EPNET_PROGRAM, "plan", "good.toml"},
                                              {EPNET_PROGRAM, "run", "--help"}};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        test_output_expect(test_program_run(folder, "", commands[i]), 5, "",
                           "standard output: Bad file descriptor");
        test_output_expect(test_program_run(folder, "/dev/full", commands[i]), 5, "",
                           "standard output: No space left on device");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(help_explains_every_verb, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(version_and_info, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(wrong_usage_is_code_2, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(absent_device_is_code_6_with_its_reason, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(counts_are_positive_whole_numbers, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(more_threads_than_cores_are_a_warning, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(wrong_specs_are_code_3_and_write_nothing, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_spec_error_stands_alone, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(files_that_refuse_are_code_5, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(instruction_sets_are_chosen_by_name, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(an_output_that_is_lost_is_code_5, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

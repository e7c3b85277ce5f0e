/* The rules of [initial], [observe], [solve], [output], [sweep] and of overrides, as in test_spec_errors.c.
 */
#include "support/check.h"
#include "support/scratch.h"
#include "support/spec_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPEC "[network]\nnodes = 2\ncopy_rate = 1\n"

static void test_initial(void **state) {
    (void)state;
    const SpecCase cases[] = {
        {SPEC "[initial]\nstate = @", "^\"0\"", "\"01\"",
         "initial.state is \"0\"; allowed: 2 characters 0 or 1"},
        {SPEC "[initial]\nstate = @", "^\"012\"", "\"01\"", "initial.state is \"012\""},
        {SPEC "[initial]\nstate = @", "^\"0x\"", "\"10\"", "initial.state is \"0x\""},
        {SPEC "[initial]\nstate = @", "^10", "\"10\"", "initial.state is 10; allowed: a string"},
        {SPEC "[initial]\ndistribution = @", "^\"unifrom\"", "\"uniform\"", "did you mean \"uniform\"?"},
        {SPEC "[initial]\ndistribution = @", "^1", "\"stationary\"", "initial.distribution is 1"},
        {SPEC "[initial]\np_one = @", "^0.5", "[0.5, 0.5]", "initial.p_one is 0.5; allowed: 2 probabilities"},
        {SPEC "[initial]\np_one = @", "^[0.5]", "[0, 1]", "initial.p_one has 1 values"},
        {SPEC "[initial]\np_one = [0.5, @]", "^1.5", "1.0",
         "initial.p_one[1] is 1.5; allowed: a number from 0 to 1"},
        {SPEC "[initial]\np_one = [@, 1]", "^-0.1", "0.1", "initial.p_one[0] is -0.1"},
        {SPEC "[initial]\nprobabilities = @", "^[0.5, 0.5]", "[0.5, 0.5, 0, 0]",
         "has 2 values; allowed: 4 probabilities"},
        {SPEC "[initial]\nprobabilities = ^[0.5, 0.25, 0.125, @]", "0.1", "0.125",
         "sum to 0.975; allowed: 1 within 1e-9"},
        {SPEC "[initial]\nprobabilities = ^[0.5, 0.25, 0.125, @]", "0.1250000011", "0.1250000009",
         "sum to 1.0000000011"},
        {SPEC "[initial]\nprobabilities = [0.5, 0.25, 0.25, @]", "^-0.25", "0",
         "initial.probabilities[3] is -0.25"},
        {SPEC "[initial]\nstate = \"00\"\n@", "^p_one = [0, 0]", "",
         "initial.state and initial.p_one exclude each other"},
        {SPEC "[initial]\ndistribution = \"uniform\"\n@", "^state = \"00\"", "", "exclude each other"},
        {SPEC "@[initial]\n", "[initial]\np_one = [0, 0]\n^probabilities_file = \"x\"\n#", "",
         "exclude each other"},
        {SPEC "[initial]\n@", "^probabilities_file = \"none.csv\"", "",
         "none.csv: No such file or directory"},
    };
    CHECK_CASES(cases);
}

static void test_observe(void **state) {
    (void)state;
    const SpecCase cases[] = {
        {SPEC "[observe]\ncut = @", "^0", "[0]",
         "observe.cut is 0; allowed: an array of some, but not all, nodes"},
        {SPEC "[observe]\ncut = @", "^[]", "[1]", "observe.cut is empty"},
        {SPEC "[observe]\ncut = @", "^[0, 1]", "[1]", "observe.cut has all nodes"},
        {SPEC "[observe]\ncut = [@]", "0, ^0", "0", "observe.cut has node 0 twice"},
        {SPEC "[observe]\ncut = [@]", "^2", "1", "a node of a cut is 2; allowed: a whole number from 0 to 1"},
        {SPEC "[observe]\ncut = [@]", "^-1", "1", "a node of a cut is -1"},
        {SPEC "[observe]\ncut = [@]", "^0.0", "0", "a node of a cut is 0"},
        {SPEC "[observe]\ncut = [@]", "^\"Medici\"", "0", "only an edges_file of names gives names to nodes"},
        {SPEC "[observe]\ncut = [0]\n@", "^cuts = [[0]]", "",
         "observe.cut and observe.cuts exclude each other"},
        {SPEC "[observe]\ncuts = @", "^[]", "[[0]]", "observe.cuts is empty"},
        {SPEC "[observe]\ncuts = [[0], @]", "^1", "[1]", "observe.cuts[1] is 1"},
        {SPEC "[observe]\ncuts = [[0], @]", "^[]", "[1]", "observe.cuts[1] is empty"},
        {"[network]\nedges_file = \"names.csv\"\ncopy_rate = 1\n[observe]\ncut = [@]", "\"Ann\", ^\"Bop\"",
         "\"Ann\", \"Bob\"", "no node is called \"Bop\"; did you mean \"Bob\"? allowed: Ann, Bob, Cy"},
        {"[network]\nedges_file = \"names.csv\"\ncopy_rate = 1\n[observe]\ncut = [@]", "\"Bob\", ^1",
         "\"Bob\", 2", "observe.cut has node 1 twice"},
    };
    spec_text_file("names.csv", "source,target\nAnn,Bob\nBob,Cy\n");
    CHECK_CASES(cases);
}

static void test_solve(void **state) {
    (void)state;
    const SpecCase cases[] = {
        {SPEC "[solve]\nkind = @", "^\"steady\"", "\"stationary\"", "allowed: trajectory, stationary"},
        {SPEC "[solve]\nmethod = @", "^\"chebishev\"", "\"chebyshev\"",
         "did you mean \"chebyshev\"? allowed: auto, euler, rk4"},
        {SPEC "[solve]\nmethod = @", "^4", "\"uniformization\"", "solve.method is 4"},
        {SPEC "[solve]\ntolerance = @", "^1e-14", "1e-13",
         "solve.tolerance is 1e-14; allowed: a number from 1e-13 to 0.1"},
        {SPEC "[solve]\ntolerance = @", "^0.2", "0.1", "solve.tolerance is 0.2"},
        {SPEC "[solve]\nt_end = @", "^0", "1e-300", "solve.t_end is 0; allowed: a finite number > 0"},
        {SPEC "[solve]\nt_end = @", "^inf", "1e300", "solve.t_end is inf"},
        {SPEC "[solve]\nt_end = @", "^1e-323", "1", "too small for 101 different times"},
        {SPEC "[solve]\nsamples = @", "^1", "2",
         "solve.samples is 1; allowed: a whole number from 2 to 10000000"},
        {SPEC "[solve]\nsamples = @", "^10000001", "3", "solve.samples is 10000001"},
        {SPEC "[solve]\nsamples = @", "^3.0", "3", "solve.samples is 3"},
        {SPEC "[solve]\ntimes = @", "^1", "[1]", "solve.times is 1"},
        {SPEC "[solve]\ntimes = @", "^[]", "[0]", "solve.times has 0 values"},
        {SPEC "[solve]\ntimes = [0, 1, @]", "^1", "1.5",
         "solve.times: 1 follows 1; allowed: times that rise"},
        {SPEC "[solve]\ntimes = [@, 2]", "^-1", "0", "solve.times[0] is -1"},
        {SPEC "[solve]\ntimes = [0, @]", "^inf", "9", "solve.times[1] is inf"},
        {SPEC "[solve]\ntimes = [0, 1]\n@", "^t_end = 1", "",
         "solve.times and solve.t_end exclude each other"},
        {SPEC "[solve]\ntimes = [0, 1]\n@", "^samples = 2", "",
         "solve.times and solve.samples exclude each other"},
        {SPEC "[solve]\n@method = \"euler\"", "^", "dt = 0.1\n", "solve.method = \"euler\" needs solve.dt"},
        {SPEC "[solve]\n@method = \"rk4\"", "^", "dt = 0.1\n", "solve.method = \"rk4\" needs solve.dt"},
        {SPEC "[solve]\n@", "^dt = 0.1", "dt = 0.1\nmethod = \"rk4\"",
         "solve.dt has no effect with the method chebyshev"},
        {SPEC "[solve]\nmethod = \"uniformization\"\n@", "^dt = 0.1", "",
         "no effect with the method uniformization"},
        {SPEC "[solve]\nmethod = \"euler\"\ndt = @", "^0", "0.1",
         "solve.dt is 0; allowed: a finite number > 0"},
        {SPEC "[solve]\nmethod = \"euler\"\ndt = @", "^0.3", "0.05", "the sampled time t = 0.1 is 0.33"},
        {SPEC "[solve]\nmethod = \"euler\"\ndt = ^0.1\ntimes = [@]", "0.10000011", "0.10000009",
         "whole number of steps"},
        {SPEC "[solve]\nmethod = \"rk4\"\ndt = ^0.1\ntimes = [0.1, @]", "0.10000009", "0.2", "both step 1"},
        {SPEC "[solve]\nmethod = \"rk4\"\ndt = ^0.5\ntimes = [@]", "1e12", "1e11", "at most 2^40"},
        {SPEC "[output]\ntrajectories = @", "^\"no\"", "\"auto\"", "allowed: true, false or \"auto\""},
        {SPEC "[output]\ntrajectories = @", "^1", "true", "output.trajectories is 1"},
    };
    CHECK_CASES(cases);
}

/* A stationary spec needs none of these, yet a wrong one is still wrong. */
static void test_stationary(void **state) {
    (void)state;
    const SpecCase cases[] = {
        {SPEC "[solve]\nkind = \"stationary\"\nt_end = @", "^-1", "1", "solve.t_end is -1"},
        {SPEC "[solve]\nkind = \"stationary\"\ntimes = [@]", "^-1", "1", "solve.times[0] is -1"},
        {SPEC "[solve]\nkind = \"stationary\"\ntolerance = @", "^1", "1e-3", "solve.tolerance is 1"},
        {SPEC "[solve]\nkind = \"stationary\"\nmethod = \"euler\"\ndt = @", "^0.3", "0.1",
         "whole number of steps"},
        {SPEC "[solve]\nkind = \"stationary\"\n[initial]\nstate = @", "^\"0\"", "\"00\"",
         "initial.state is \"0\""},
    };
    CHECK_CASES(cases);
}

#define AXIS SPEC "[sweep]\ncopy_rate = "

#define LONG(key) key " = { from = 0, to = 1, points = 65536 }\n"
#define BEYOND(key) key " = { from = 0, to = 1, points = 4294967296 }\n"

static void test_sweep(void **state) {
    (void)state;
    const SpecCase cases[] = {
        {AXIS "{ from = @, to = 2, points = 2 }", "^-1", "0",
         "sweep.copy_rate.from is -1; allowed: a finite number >= 0"},
        {AXIS "{ from = 1, to = @, points = 2 }", "^inf", "1e300", "sweep.copy_rate.to is inf"},
        {AXIS "{ from = @, to = 2, points = 2, scale = \"log\" }", "^0", "1e-300", "because scale is log"},
        {AXIS "{ from = 1, to = @, points = 2, scale = \"log\" }", "^0", "1e300", "because scale is log"},
        {AXIS "{ from = 1, to = 2, points = 2, scale = @ }", "^\"lg\"", "\"log\"",
         "did you mean \"log\"? allowed: linear, log"},
        {AXIS "{ from = 1, to = 2, points = @ }", "^0", "2", "sweep.copy_rate.points is 0"},
        {AXIS "{ from = 1, to = 2, points = @ }", "^1", "2", "points is 1 with two different ends"},
        {AXIS "{ from = 1, to = 2, points = @ }", "^2.0", "2", "sweep.copy_rate.points is 2"},
        {AXIS "{ from = 1, to = 2, points = @ }", "^4294967297", "2",
         "allowed: a whole number from 1 to 4294967296"},
        {AXIS "^{ from = 1, to = @, points = 2 }", "1", "2",
         "sweep.copy_rate.from and sweep.copy_rate.to are equal"},
        {AXIS "^{ from = 1, to = @, points = 9 }", "1.0000000000000002", "2",
         "values that always rise or always fall"},
        {SPEC "[sweep]\n^copy_rate = { @ }", "", "values = [1]", "sweep.copy_rate.from is missing"},
        {SPEC "[sweep]\n^copy_rate = { from = 1, @ }", "points = 2", "points = 1",
         "sweep.copy_rate.to is missing"},
        {SPEC "[sweep]\n^copy_rate = { from = 1, @ }", "to = 2", "to = 1, points = 1",
         "sweep.copy_rate.points is missing"},
        {AXIS "{ values = [1], @ }", "^from = 1", "scale = \"log\"",
         "sweep.copy_rate.from and sweep.copy_rate.values exclude"},
        {AXIS "{ values = [1], @ }", "^to = 1", "scale = \"linear\"",
         "sweep.copy_rate.to and sweep.copy_rate.values exclude"},
        {AXIS "{ values = [1], @ }", "^points = 1", "scale = \"log\"",
         "sweep.copy_rate.points and sweep.copy_rate.values"},
        {AXIS "{ values = @ }", "^[]", "[0]", "sweep.copy_rate.values is empty"},
        {AXIS "{ values = @ }", "^1", "[1]", "sweep.copy_rate.values is 1"},
        {AXIS "{ values = [1, @] }", "^-2", "2", "sweep.copy_rate.values[1] is -2"},
        {AXIS "{ values = [1, @] }", "^inf", "0", "sweep.copy_rate.values[1] is inf"},
        {AXIS "{ scale = \"log\", values = [1, @] }", "^0", "0.1", "because scale is log"},
        {AXIS "^{ values = [1, 2, @] }", "2", "3",
         "value 2 (2) follows 2; allowed: values that always rise or always fall"},
        {AXIS "^{ values = [3, 2, @] }", "2.5", "1", "value 2 (2.5) follows 2"},
        {SPEC "[sweep]\ndrive = { from = 1, to = @, points = 2 }", "^inf", "2", "list inf in values"},
        {SPEC "[sweep]\ndrive = { values = [0, @] }", "^nan", "inf", "sweep.drive.values[1] is nan"},
        {SPEC "[sweep]\ndrive = { scale = \"log\", values = [@, inf] }", "^0", "1", "because scale is log"},
        {AXIS "{ values = [1] }\n@", "^copy_total = { values = [1] }", "drive = { values = [1] }",
         "sweep.copy_rate and sweep.copy_total exclude each other"},
        {"[network]\nnodes = 2\ncopy_total = @\n[sweep]\ncopy_rate = { values = [1] }", "^-1",
         "1", /* though replaced */
         "network.copy_total is -1"},
        {SPEC "drive = @\n[sweep]\ndrive = { values = [1] }", "^-1", "1", "network.drive is -1"},
        {SPEC "[^sweep]\ndrive = { from = 0, to = 1, points = 16777216 }\nflip_up = { from = 0, to = 1, "
              "points = @ }",
         "16777217", "2", "too many points; allowed: at most 2^48"},
        {SPEC "[^sweep]\n" LONG("drive") LONG("flip_up") "flip_down = { from = 0, to = 1, points = @ }",
         "65537", "2", "too many points; allowed: at most 2^48"},
        {SPEC "[^sweep]\n@", BEYOND("drive") BEYOND("flip_up"), LONG("drive"),
         "too many points"}, /* 0 modulo 2^64 */
    };
    CHECK_CASES(cases);
}

/* Overrides have no place in a file: their own text stands for it. */
static void test_overrides(void **state) {
    (void)state;
    const struct {
        const char *override;
        EpnetStatus status;
        const char *what;
    } cases[] = {
        {"network.drive=-1", EPNET_BAD_SPEC, "network.drive is -1; allowed: a number >= 0, or inf"},
        {"network.topology=rign", EPNET_BAD_SPEC, "did you mean \"ring\"?"},
        {"network.drvie=1", EPNET_BAD_SPEC, "did you mean \"drive\"?"},
        {"network.sigma=1", EPNET_BAD_SPEC, "network.sigma is the entropy production across a cut"},
        {"leak.bootstrap=0", EPNET_BAD_SPEC, "leak.bootstrap is 0"},
        {"solve.method=split", EPNET_BAD_SPEC, "needs one of solve.tolerance"},
        {"network.copy_total=1", EPNET_BAD_SPEC, "exclude each other"},
        {"network.nodes.x=1", EPNET_BAD_SPEC, "\"nodes\" is not a table, so it has no key \"x\""},
        {"network=1", EPNET_BAD_SPEC, "[network] is 1; allowed: a table"},
        {"network.flip_up=[1, -1]", EPNET_BAD_SPEC, "network.flip_up[1] is -1"},
        {"sweep.drive={from=1, to=2, points=1}", EPNET_BAD_SPEC, "two different ends"},
        {"initial.state=[1]", EPNET_BAD_SPEC, "initial.state is an array; allowed: a string"},
        {"initial.state=101", EPNET_BAD_SPEC, "initial.state is \"101\""},
        {"observe.cut=[0, Medici]", EPNET_BAD_SPEC, "observe.cut is the string \"[0, Medici]\""},
        {"network.drive", EPNET_USAGE, "not of the form key=value"},
        {"=1", EPNET_USAGE, "not of the form key=value"},
        {"a..b=1", EPNET_USAGE, "not of the form key=value"},
        {"[network]=1", EPNET_USAGE, "not of the form key=value"},
        {"network.drive=1\nnetwork.x=2", EPNET_USAGE, "not of the form key=value"},
        {"", EPNET_USAGE, "not of the form key=value"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        EpnetSpec *spec = NULL;
        EpnetError error;
        char start[256];
        snprintf(start, sizeof start, "--set %s: %s", cases[c].override,
                 cases[c].status == EPNET_BAD_SPEC ? "error: " : "");
        for (char *newline = start; (newline = strchr(newline, '\n')) != NULL;)
            *newline = ' '; /* a message is one line */
        assert_int_equal(spec_text_read(SPEC, cases[c].override, &spec, &error), cases[c].status);
        if (strncmp(error.message, start, strlen(start)) != 0 || strstr(error.message, cases[c].what) == NULL)
            fail_msg("expected \"%s%s\", got \"%s\"", start, cases[c].what, error.message);
    }
}

static void test_unreadable(void **state) {
    (void)state;
    EpnetSpec *spec = NULL;
    EpnetError error;
    assert_int_equal(epnet_spec_read(scratch_path("absent.toml"), NULL, 0, &spec, &error), EPNET_IO);
    assert_null(spec);
    assert_non_null(strstr(error.message, "absent.toml: cannot read the spec: No such file or directory"));
    assert_int_equal(epnet_spec_read(scratch_path("."), NULL, 0, &spec, &error), EPNET_IO);
    assert_non_null(strstr(error.message, "Is a directory"));
    assert_int_equal(epnet_spec_read("/dev/zero", NULL, 0, &spec, NULL),
                     EPNET_IO); /* no end: larger than a spec may be */
}

/* Text that the TOML library would not survive, or that its assertions would end the program for. */
static void test_hostile(void **state) {
    (void)state;
    static const struct {
        const char *part;
        size_t repeat;
    } cases[] = {{"a.", 200000},     {"[", 200000}, {"a=[[[[[[[[[[[[[[[[[[[[[[[[\n", 1},
                 {"[a.b]\nc={", 50}, {"\"", 5},     {"[.", 3}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        size_t length = strlen(cases[c].part), size = length * cases[c].repeat;
        char *text = malloc(size + 1);
        assert_non_null(text);
        for (size_t k = 0; k < cases[c].repeat; k++)
            memcpy(text + k * length, cases[c].part, length);
        text[size] = '\0';
        EpnetSpec *spec;
        EpnetError error;
        assert_int_equal(spec_text_read(text, NULL, &spec, &error), EPNET_BAD_SPEC);
        assert_null(strchr(error.message, '\n'));
        free(text);
    }
    file_write(scratch_path("zero.toml"), SPEC "\0drive = 1\n", sizeof SPEC + 10);
    EpnetSpec *spec;
    EpnetError error;
    assert_int_equal(epnet_spec_read(scratch_path("zero.toml"), NULL, 0, &spec, &error), EPNET_BAD_SPEC);
    spec_text_check_error(&error, "zero.toml", 4, 1, "\\u0000");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_initial),    cmocka_unit_test(test_observe), cmocka_unit_test(test_solve),
        cmocka_unit_test(test_stationary), cmocka_unit_test(test_sweep),   cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_unreadable), cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, spec_text_setup, spec_text_teardown);
}

/* A spec as a whole: defaults, overrides and their order, effective text and identity, axes, times, and the
 * example specs. The network, the initial law and the cuts: test_spec_network.c. */
#include "support/check.h"
#include "support/scratch.h"
#include "support/spec_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SPEC "[network]\nnodes = 2\ncopy_rate = 1" /* without a newline at the end */

/* By sha256sum. */
#define OVERRIDE_HASH "2fe406f9ea1a0cac5aab36f383a60cc1f63ebe6375729e215780a752d7a0319b"
#define FILES_HASH "7af92f25136fac9f166050cc583d0736f59ce7a17db2a6a91e6a15bd2a23d440"

static EpnetSpec *read_with(const char *text, const char *const *overrides, size_t count) {
    EpnetSpec *spec = NULL;
    EpnetError error;
    spec_text_file("spec.toml", text);
    if (epnet_spec_read(scratch_path("spec.toml"), overrides, count, &spec, &error) != EPNET_OK)
        fail_msg("refused: %s", error.message);
    return spec;
}

static void test_defaults(void **state) {
    (void)state;
    EpnetSpec *spec = spec_text_good(SPEC, NULL);
    assert_string_equal(epnet_spec_title(spec), "");
    assert_string_equal(spec->path, scratch_path("spec.toml"));
    assert_int_equal(spec->network.edge_count, 2);
    assert_int_equal(spec->network.copy_kind, EPNET_COPY_RATE);
    assert_true(spec->network.copy == 1 && spec->network.names == NULL);
    for (int k = 0; k < 2; k++)
        assert_true(spec->network.drive[k] == INFINITY && spec->network.flip_up[k] == 1 &&
                    spec->network.flip_down[k] == 1);
    assert_int_equal(spec->initial.kind, EPNET_INITIAL_STATE);
    assert_int_equal(spec->initial.state, 0);
    assert_int_equal(spec->cut_count, 0);
    assert_int_equal(spec->kind, EPNET_TRAJECTORY);
    assert_int_equal(spec->method, EPNET_CHEBYSHEV);
    assert_true(spec->tolerance == 1e-9 && spec->dt == 0 && spec->steps == NULL);
    assert_int_equal(spec->time_count, 101);
    for (int k = 0; k <= 100; k++)
        assert_true(spec->times[k] == k / 10.0);
    assert_int_equal(spec->axis_count, 0);
    assert_int_equal(spec->keep_trajectories, EPNET_KEEP_AUTO);
    epnet_spec_free(spec);
    epnet_spec_free(NULL);
}

static void test_text_and_identity(void **state) {
    (void)state;
    EpnetSpec *spec = spec_text_good(SPEC, NULL);
    assert_string_equal(spec->text, SPEC "\n");
    assert_string_equal(epnet_spec_sha256(spec),
                        "44daf28868ab8be935fe88822c4aca17d847586be7d89cb091a06a2fffde0672");
    epnet_spec_free(spec);
    spec = spec_text_good(SPEC, "network.drive=2.5");
    assert_string_equal(spec->text, SPEC "\n# --set network.drive=2.5\n");
    assert_string_equal(epnet_spec_sha256(spec), OVERRIDE_HASH);
    epnet_spec_free(spec);
    spec = spec_text_good(SPEC "\n# --set network.drive=2.5\n", NULL); /* a comment is no override */
    assert_string_equal(epnet_spec_sha256(spec), OVERRIDE_HASH);
    assert_true(spec->network.drive[0] == INFINITY);
    epnet_spec_free(spec);
}

static void test_files_in_identity(void **state) {
    (void)state;
    const char *text = "[network]\nedges_file = \"edges.csv\"\ncopy_rate = 1\n[initial]\n"
                       "probabilities_file = \"p.csv\"\n";
    spec_text_file("edges.csv", "source,target\n0,1\n");
    spec_text_file("p.csv", "state,probability\n01,1\n");
    EpnetSpec *spec = spec_text_good(text, NULL);
    assert_string_equal(epnet_spec_sha256(spec), FILES_HASH);
    epnet_spec_free(spec);
    spec_text_file("p.csv", "state,probability\n01,1\n\n");
    spec = spec_text_good(text, NULL);
    assert_string_not_equal(epnet_spec_sha256(spec), FILES_HASH);
    epnet_spec_free(spec);
}

static void test_overrides(void **state) {
    (void)state;
    const char *const overrides[] = {"title=An odd \"title\" = 5",
                                     "network.topology=none",
                                     "network.topology = path",
                                     "network.nodes=4",
                                     "initial.state=1010",
                                     "network.flip_up=[1,2,3,4]",
                                     "solve={ kind = \"stationary\" }",
                                     "output.trajectories=true",
                                     "observe.cut=[3, 1]"};
    EpnetSpec *spec = read_with(SPEC, overrides, sizeof overrides / sizeof overrides[0]);
    assert_string_equal(epnet_spec_title(spec), "An odd \"title\" = 5");
    assert_int_equal(spec->network.edge_count, 6);
    assert_int_equal(spec->initial.state, 5);
    assert_true(spec->network.flip_up[3] == 4);
    assert_int_equal(spec->kind, EPNET_STATIONARY);
    assert_int_equal(spec->keep_trajectories, EPNET_KEEP_YES);
    assert_true(!epnet_spec_keeps_trajectories(spec)); /* there is none */
    assert_int_equal(spec->cuts[0].mask, 10);
    assert_string_equal(spec->cuts[0].label, "3,1");
    epnet_spec_free(spec);
}

static void check_axes(const EpnetSpec *spec, size_t count, const EpnetAxisKey *keys) {
    assert_int_equal(spec->axis_count, count);
    for (size_t a = 0; a < count; a++)
        assert_int_equal(spec->axes[a].key, keys[a]);
}

/* The order of the text, not of the alphabet, in all the ways to write a table; overrides last. */
static void test_axis_order(void **state) {
    (void)state;
    const EpnetAxisKey keys[] = {EPNET_AXIS_FLIP_UP, EPNET_AXIS_COPY_TOTAL, EPNET_AXIS_FLIP_DOWN,
                                 EPNET_AXIS_DRIVE};
    const char *const texts[] = {
        SPEC "\n[sweep]\nflip_up = { values = [1] }\ncopy_total = { values = [1, 2] }\nflip_down = { values "
             "= [1] }\n",
        SPEC "\n[sweep.flip_up]\nvalues = [1]\n[sweep.copy_total]\nvalues = [1, "
             "2]\n[sweep.flip_down]\nvalues = [1]\n",
        SPEC "\n[sweep]\nflip_up.values = [1]\ncopy_total.values = [1, 2]\nflip_down.values = [1]\n",
        "sweep = { flip_up = { values = [1] }, copy_total = { values = [1, 2] }, flip_down = { values = [1] "
        "} }\n" SPEC,
        "[sweep.flip_up]\nvalues = [1]\n" SPEC
        "\n[sweep.copy_total]\nvalues = [1, 2]\n[sweep.flip_down]\nvalues = [1]\n",
    };
    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
        const char *const overrides[] = {"sweep.drive.values=[1]", "sweep.copy_total.values=[1, 2, 3]",
                                         "sweep.flip_up={ from = 1, to = 2, points = 5 }"};
        EpnetSpec *spec = read_with(texts[t], overrides, 0);
        check_axes(spec, 3, keys);
        epnet_spec_free(spec);
        spec = read_with(texts[t], overrides, 3);
        check_axes(spec, 4, keys); /* what is there keeps its place */
        assert_int_equal(spec->axes[0].size, 5);
        assert_int_equal(spec->axes[1].size, 3);
        epnet_spec_free(spec);
    }
}

/* An override changes one member of an axis and leaves the others. */
static void test_axis_member(void **state) {
    (void)state;
    const char *text = SPEC "\n[sweep]\ndrive = { from = 1, to = 100, points = 5, scale = \"log\" }\n"
                            "copy_rate = { from = 0, to = 1, points = 2 }\n";
    EpnetSpec *spec = spec_text_good(text, "sweep.drive.points=3");
    assert_int_equal(spec->axis_count, 2);
    assert_int_equal(spec->axes[0].key, EPNET_AXIS_DRIVE);
    assert_int_equal(spec->axes[0].size, 3);
    assert_true(spec->axes[0].log && !spec->axes[1].log);
    assert_true(spec->axes[0].values[1] == 10 && spec->axes[0].values[2] == 100);
    epnet_spec_free(spec);
}

/* sweep.copy_rate of SPEC with the given definition. */
static EpnetSpec *read_axis(const char *key, const char *definition) {
    char text[512];
    snprintf(text, sizeof text, "%s\n[sweep]\n%s = %s\n", SPEC, key, definition);
    EpnetSpec *spec = spec_text_good(text, NULL);
    assert_int_equal(spec->axis_count, 1);
    return spec;
}

static void check_axis(const char *key, const char *definition, size_t size, const double *expected) {
    EpnetSpec *spec = read_axis(key, definition);
    assert_int_equal(spec->axes[0].size, size);
    for (size_t k = 0; k < size; k++)
        check_near(spec->axes[0].values[k], expected[k], 1e-15 * expected[k], definition);
    check_near(spec->axes[0].values[0], expected[0], 0, "first end");
    check_near(spec->axes[0].values[size - 1], expected[size - 1], 0, "last end");
    epnet_spec_free(spec);
}

static void test_axis_values(void **state) {
    (void)state;
    check_axis("copy_rate", "{ from = 0, to = 1, points = 4 }", 4, (const double[]){0, 1.0 / 3, 2.0 / 3, 1});
    check_axis("copy_rate", "{ from = 1, to = 0.1, points = 4 }", 4, (const double[]){1, 0.7, 0.4, 0.1});
    check_axis("copy_rate", "{ from = 0.1, to = 1000, points = 5, scale = \"log\" }", 5,
               (const double[]){0.1, 1, 10, 100, 1000});
    check_axis("flip_up", "{ from = 8, to = 2, points = 3, scale = \"log\" }", 3, (const double[]){8, 4, 2});
    check_axis("flip_down", "{ from = 3, points = 1 }", 1, (const double[]){3});
    check_axis("copy_total", "{ from = 3, to = 3, points = 1, scale = \"log\" }", 1, (const double[]){3});
    check_axis("drive", "{ values = [0, 0.5, 745, inf] }", 4, (const double[]){0, 0.5, 745, INFINITY});
    check_axis("drive", "{ values = [inf, 2, 1], scale = \"log\" }", 3, (const double[]){INFINITY, 2, 1});
    check_axis("drive", "{ from = 0.3, to = 1.7, points = 2, scale = \"log\" }", 2,
               (const double[]){0.3, 1.7});
}

/* An axis takes the place of its key and of that key's rival. */
static void test_axis_replaces(void **state) {
    (void)state;
    EpnetSpec *spec = read_axis("copy_total", "{ values = [1, 2] }");
    assert_int_equal(spec->network.copy_kind, EPNET_COPY_NONE);
    epnet_spec_free(spec);
    spec = spec_text_good("[network]\nnodes = 2\n[sweep]\ncopy_rate = { values = [3] }\n", NULL);
    assert_int_equal(spec->network.copy_kind, EPNET_COPY_NONE);
    assert_int_equal(spec->axes[0].key, EPNET_AXIS_COPY_RATE);
    epnet_spec_free(spec);
}

static void test_times(void **state) {
    (void)state;
    EpnetSpec *spec =
        spec_text_good(SPEC "\n[solve]\nt_end = 0.3\nsamples = 4\nmethod = \"rk4\"\ndt = 0.05\n", NULL);
    const double expected[] = {0, 0.1, 0.2, 0.3};
    assert_int_equal(spec->method, EPNET_RK4);
    assert_int_equal(spec->time_count, 4);
    for (size_t k = 0; k < 4; k++) {
        check_near(spec->times[k], expected[k], 1e-16, "time");
        assert_int_equal(spec->steps[k], 2 * k);
    }
    assert_true(spec->dt == 0.05 && spec->times[3] == 0.3);
    epnet_spec_free(spec);
    spec = spec_text_good(SPEC "\n[solve]\ntimes = [0.5, 2, 3.75]\nmethod = \"uniformization\"\n", NULL);
    assert_int_equal(spec->method, EPNET_UNIFORMIZATION);
    assert_int_equal(spec->time_count, 3);
    assert_true(spec->times[0] == 0.5 && spec->times[1] == 2 && spec->times[2] == 3.75 &&
                spec->steps == NULL);
    epnet_spec_free(spec);
    spec = spec_text_good(SPEC "\n[solve]\ntimes = [1]\nmethod = \"split\"\ntolerance = 1e-3\n", NULL);
    assert_int_equal(spec->method, EPNET_SPLIT);
    assert_true(spec->tolerance == 1e-3 && spec->dt == 0 && spec->steps == NULL);
    epnet_spec_free(spec);
    spec = spec_text_good(SPEC "\n[solve]\ntimes = [1]\nmethod = \"split\"\ndt = 0.125\n", NULL);
    assert_true(spec->dt == 0.125 && spec->steps[0] == 8);
    epnet_spec_free(spec);
    spec = spec_text_good(SPEC "\n[solve]\nt_end = 1\nsamples = 10000000\n", NULL);
    assert_int_equal(spec->time_count, 10000000);
    assert_true(spec->times[9999999] == 1);
    epnet_spec_free(spec);
}

/* What a trajectory needs is checked and then left out, so that the kind can be changed on the command line.
 */
static void test_stationary(void **state) {
    (void)state;
    EpnetSpec *spec =
        spec_text_good(SPEC "\n[initial]\nstate = \"11\"\n[solve]\nmethod = \"euler\"\ndt = 0.1\n"
                            "t_end = 1\nsamples = 11\ntolerance = 1e-3\n",
                       "solve.kind=stationary");
    assert_int_equal(spec->kind, EPNET_STATIONARY);
    assert_int_equal(spec->method, EPNET_CHEBYSHEV);
    assert_int_equal(spec->time_count, 0);
    assert_null(spec->times);
    assert_null(spec->steps);
    assert_true(spec->dt == 0);
    epnet_spec_free(spec);
}

static void check_keeps(const char *override, size_t samples, bool expected) {
    char text[512];
    snprintf(text, sizeof text,
             "%s\n[solve]\nsamples = %zu\n[sweep]\ndrive = { from = 0, to = 1, points = 100 }\n", SPEC,
             samples);
    EpnetSpec *spec = spec_text_good(text, override);
    assert_int_equal(epnet_spec_keeps_trajectories(spec), expected);
    epnet_spec_free(spec);
}

static void test_trajectories(void **state) {
    (void)state;
    check_keeps(NULL, 1000, true);
    check_keeps(NULL, 1001, false);
    check_keeps("output.trajectories=auto", 1001, false);
    check_keeps("output.trajectories=true", 1001, true);
    check_keeps("output.trajectories=false", 2, false);
}

static void test_toml_forms(void **state) {
    (void)state;
    EpnetSpec *spec = spec_text_good("\xEF\xBB\xBF"
                                     "title = '''\ntwo\nlines'''\r\nnetwork.nodes = 0x2 # comment\r\n"
                                     "network.'copy_rate' = 1_000.5e0\r\n",
                                     NULL);
    assert_string_equal(epnet_spec_title(spec), "two\nlines");
    assert_int_equal(spec->network.nodes, 2);
    assert_true(spec->network.copy == 1000.5);
    epnet_spec_free(spec);
    /* Characters of two, three and four bytes, at the ends of their ranges, and as escapes. */
    const char *title = "\xC2\x80\xC3\xA9\xDF\xBF\xE0\xA0\x80\xE2\x82\xAC\xEF\xBF\xBD\xF0\x9F\x98\x80";
    char text[256];
    snprintf(text, sizeof text, "title = \"%s \\u00E9\\U0001F600\"\n%s", title, SPEC);
    spec = spec_text_good(text, NULL);
    assert_memory_equal(epnet_spec_title(spec), title, strlen(title));
    assert_string_equal(epnet_spec_title(spec) + strlen(title), " \xC3\xA9\xF0\x9F\x98\x80");
    epnet_spec_free(spec);
    spec = spec_text_good(SPEC, "title=\xC3\xA9t\xC3\xA9");
    assert_string_equal(epnet_spec_title(spec), "\xC3\xA9t\xC3\xA9");
    epnet_spec_free(spec);
}

static void test_names(void **state) {
    (void)state;
    assert_string_equal(epnet_method_name(EPNET_EULER), "euler");
    assert_string_equal(epnet_method_name(EPNET_RK4), "rk4");
    assert_string_equal(epnet_method_name(EPNET_CHEBYSHEV), "chebyshev");
    assert_string_equal(epnet_method_name(EPNET_UNIFORMIZATION), "uniformization");
    assert_string_equal(epnet_method_name(EPNET_SPLIT), "split");
    assert_string_equal(epnet_kind_name(EPNET_TRAJECTORY), "trajectory");
    assert_string_equal(epnet_kind_name(EPNET_STATIONARY), "stationary");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_text_and_identity),
        cmocka_unit_test(test_files_in_identity),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_axis_order),
        cmocka_unit_test(test_axis_member),
        cmocka_unit_test(test_axis_values),
        cmocka_unit_test(test_axis_replaces),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_stationary),
        cmocka_unit_test(test_trajectories),
        cmocka_unit_test(test_toml_forms),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, spec_text_setup, spec_text_teardown);
}

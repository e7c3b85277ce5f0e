/* The rules of sigma and [leak], as in test_spec_errors.c. */
#include "support/check.h"
#include "support/spec_text.h"

#define RATED "[network]\nnodes = 3\ncopy_rate = 1\n"
#define CUT "[observe]\ncut = [0]\n"
#define LINK "[network]\nnodes = 3\nedges = [[0, 1], [1, 0]]\ncopy_rate = 1\n"

static void test_sigma(void **state) {
    (void)state;
    const SpecCase cases[] = {
        {RATED "@", "^sigma = 1", "sigma = 1\n" CUT,
         "network.sigma is the entropy production across a cut; add observe.cut"},
        {RATED "drive = 1\n@\n" CUT, "^sigma = 1", "", "network.drive and network.sigma exclude each other"},
        {RATED "sigma = 1\n@\n" CUT, "^drive = inf", "", "exclude each other"},
        {RATED "sigma = @\n" CUT, "^-1", "1e-9", "network.sigma is -1; allowed: a finite number > 0"},
        {RATED "sigma = @\n" CUT, "^0", "1", "network.sigma is 0; allowed: a finite number > 0"},
        {RATED "sigma = @\n" CUT, "^inf", "1e9", "network.sigma is inf"},
        {RATED "sigma = @\n" CUT, "^nan", "2", "network.sigma is nan"},
        {RATED "sigma = @\n" CUT, "^\"1\"", "1", "the string \"1\""},
        {RATED "sigma = @\n" CUT, "^[1, 2]", "2", "network.sigma is an array"},
        {LINK "^sigma = 1\n[observe]\ncut = @", "[2]", "[0, 2]",
         "network.sigma: no edge crosses the cut \"2\", so that nothing is produced there"},
        {LINK "^sigma = 1\n[observe]\ncuts = @", "[[2], [0]]", "[[0], [2]]", "no edge crosses the cut \"2\""},
        {"[network]\nnodes = 2\ntopology = \"none\"\n@\n" CUT, "^sigma = 1", "flip_up = 1",
         "network.sigma has no effect: the network has no edges"},
    };
    CHECK_CASES(cases);
}

static void test_sigma_axis(void **state) {
    (void)state;
    const SpecCase cases[] = {
        {RATED "[sweep]\n@", "^sigma.values = [1]", "sigma.values = [1]\n" CUT,
         "sweep.sigma is the entropy production across a cut; add observe.cut"},
        {RATED CUT "[sweep]\ndrive.values = [1]\n@", "^sigma.values = [1]", "copy_total.values = [1]",
         "sweep.drive and sweep.sigma exclude each other"},
        {RATED CUT "[sweep]\nsigma.values = [@, 2]", "^0", "1", "sweep.sigma.values[0] is 0"},
        {RATED CUT "[sweep]\nsigma.values = [2, @]", "^-1", "1", "sweep.sigma.values[1] is -1"},
        {RATED CUT "[sweep]\nsigma.values = [2, @]", "^inf", "3", "sweep.sigma.values[1] is inf"},
        {RATED CUT "[sweep]\nsigma = { from = @, to = 2, points = 3 }", "^0", "0.1",
         "sweep.sigma.from is 0; allowed: a finite number > 0"},
        {RATED CUT "[sweep]\nsigma = { from = @, to = 2, points = 3, scale = \"log\" }", "^0", "0.1",
         "because scale is log"},
        {LINK "[observe]\ncut = @\n[sweep]\n^sigma.values = [1]", "[2]", "[1]",
         "sweep.sigma: no edge crosses the cut \"2\""},
        {"[network]\nnodes = 2\ntopology = \"none\"\n" CUT "[sweep]\n@", "^sigma.values = [1]",
         "flip_up.values = [1]", "sweep.sigma has no effect: the network has no edges"},
    };
    CHECK_CASES(cases);
}

/* An axis takes the place of its key and of the key's rival. */
static void test_axes_take_the_place(void **state) {
    (void)state;
    const struct {
        const char *text;
        bool constant_drive;
    } cases[] = {
        {RATED "sigma = 1\n" CUT "[sweep]\ndrive.values = [1, 2]", false},
        {RATED "sigma = 1\n[sweep]\ndrive.values = [1, 2]", false}, /* sigma is not used: it needs no cut */
        {RATED "drive = 1\n" CUT "[sweep]\nsigma.values = [1, 2]", true},
        {RATED "sigma = 7\n" CUT "[sweep]\nsigma.values = [1, 2]", true},
        {RATED "sigma = 7\n" CUT, true},
        {RATED CUT, false},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        EpnetSpec *spec = spec_text_good(cases[c].text, NULL);
        assert_int_equal(spec->network.constant_drive, cases[c].constant_drive);
        epnet_spec_free(spec);
    }
}

static void test_leak(void **state) {
    (void)state;
    const SpecCase cases[] = {
        {RATED "[leak]\nkind = @", "^\"slow\"", "\"quench\"", "allowed: quench, decay"},
        {RATED "[leak]\nkind = @", "^\"quenhc\"", "\"quench\"", "did you mean \"quench\"?"},
        {RATED "[leak]\nkind = @", "^1", "\"decay\"", "leak.kind is 1"},
        {RATED "[leak]\nbootstrap = @", "^0", "10",
         "leak.bootstrap is 0; allowed: a whole number from 10 to 1000000"},
        {RATED "[leak]\nbootstrap = @", "^9", "1000000", "leak.bootstrap is 9"},
        {RATED "[leak]\nbootstrap = @", "^-5", "100", "leak.bootstrap is -5"},
        {RATED "[leak]\nbootstrap = @", "^1000001", "100", "leak.bootstrap is 1000001"},
        {RATED "[leak]\nbootstrap = @", "^100.0", "100", "leak.bootstrap is 100"},
        {RATED "[leak]\nsamples = @", "^2", "3",
         "leak.samples is 2; allowed: a whole number from 3 to 10000"},
        {RATED "[leak]\nsamples = @", "^10001", "10000", "leak.samples is 10001"},
        {RATED "[leak]\nseed = @", "^-1", "0", "leak.seed is -1"},
        {RATED "[leak]\nseed = @", "^1.5", "9223372036854775807", "leak.seed is 1.5"},
        {RATED "[leak]\nwindow = @", "^0.5", "[0.5, 0.1]",
         "leak.window is 0.5; allowed: two fractions of I(0), as [0.5, 0.01]"},
        {RATED "[leak]\nwindow = @", "^[0.5]", "[0.5, 0.1]", "leak.window has 1 values"},
        {RATED "[leak]\nwindow = @", "^[0.01, 0.5]", "[0.5, 0.01]",
         "leak.window is [0.01, 0.5]; allowed: two falling fractions of I(0) below 1"},
        {RATED "[leak]\nwindow = @", "^[0.5, 0.5]", "[0.5, 0.499]", "two falling fractions"},
        {RATED "[leak]\nwindow = @", "^[1.0, 0.5]", "[0.999, 0.5]", "two falling fractions"},
        {RATED "[leak]\nwindow = [@, 0.5]", "^1.5", "0.9", "leak.window[0] is 1.5"},
        {RATED "[leak]\nwindow = [0.5, @]", "^0", "1e-9", "leak.window[1] is 0"},
        {RATED "[leak]\nwindow = [0.5, @]", "^-0.1", "0.1", "leak.window[1] is -0.1"},
        {RATED "[leak]\nwindow = [0.5, @]", "^nan", "0.1", "leak.window[1] is nan"},
        {RATED "[solve]\nkind = @\n[leak]\nkind = ^\"decay\"", "\"stationary\"", "\"trajectory\"",
         "leak.kind = \"decay\" fits a trajectory, and solve.kind is \"stationary\""},
        {"[network]\nnodes = @\ntopology = \"none\"\n[^leak]\nseed = 1", "1", "2",
         "[leak] needs two nodes that can be correlated; the network has one"},
        {"@\n" RATED, "leak = ^3", "leak = {}", "[leak] is 3; allowed: a table"},
    };
    CHECK_CASES(cases);
}

static void test_leak_defaults(void **state) {
    (void)state;
    EpnetSpec *spec = spec_text_good(RATED, NULL);
    assert_int_equal(spec->leak.kind, EPNET_LEAK_NONE);
    epnet_spec_free(spec);
    spec = spec_text_good(RATED "[leak]", NULL);
    assert_int_equal(spec->leak.kind, EPNET_LEAK_QUENCH);
    assert_true(spec->leak.window[0] == 0.5 && spec->leak.window[1] == 0.01);
    assert_int_equal(spec->leak.samples, 101);
    assert_int_equal(spec->leak.bootstrap, 1000);
    assert_int_equal(spec->leak.seed, 1);
    epnet_spec_free(spec);
    spec =
        spec_text_good(RATED "[leak]\nkind = \"decay\"\nwindow = [0.9, 0.2]\nsamples = 7\nbootstrap = 20\n",
                       "leak.seed=9223372036854775807");
    assert_int_equal(spec->leak.kind, EPNET_LEAK_DECAY);
    assert_true(spec->leak.window[0] == 0.9 && spec->leak.window[1] == 0.2);
    assert_int_equal(spec->leak.samples, 7);
    assert_int_equal(spec->leak.bootstrap, 20);
    assert_true(spec->leak.seed == INT64_MAX);
    epnet_spec_free(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sigma),
        cmocka_unit_test(test_sigma_axis),
        cmocka_unit_test(test_axes_take_the_place),
        cmocka_unit_test(test_leak),
        cmocka_unit_test(test_leak_defaults),
    };
    return cmocka_run_group_tests(tests, spec_text_setup, spec_text_teardown);
}

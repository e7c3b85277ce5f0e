/* The search for worst cases: known suprema are found and not exceeded, the floor is kept, the spec that is
 * written reproduces the ratio, and nothing depends on threads. */
#include "climb.h"
#include "epnet.h"
#include "support/check.h"
#include "support/scratch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A small search: the tests' searches are of a few seconds. */
static EpnetFalsifyOptions small(const char *bound) {
    EpnetFalsifyOptions options = epnet_falsify_defaults();
    options.bound = bound;
    options.starts = 400;
    options.refine = 16;
    options.seed = 5;
    return options;
}

static EpnetFalsifyResult search(const EpnetFalsifyOptions *options) {
    EpnetFalsifyResult result;
    EpnetError error = {.message = ""};
    if (epnet_falsify(options, NULL, &result, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    return result;
}

static void fix(double *low, double *high, double value) {
    *low = *high = value;
}

/* ---- the climber -------------------------------------------------------------------------------------- */

/* A ridge: curvatures 1, 100, 10^4, .. in axes turned against the coordinates; the top is 3 at x_i = i. Only
 * x_0 <= admissible_below counts. */
typedef struct Ridge {
    double admissible_below;
} Ridge;

static bool ridge_height(void *context, const double *x, double *value) {
    const Ridge *ridge = context;
    double sum = 0, scale = 1, along = 0;
    for (int i = 0; i < 4; i++, scale *= 100) {
        along += x[i] - i;
        sum += scale * along * along;
    }
    *value = 3 - sum;
    return x[0] <= ridge->admissible_below;
}

static void the_climber_follows_a_ridge(void **state) {
    (void)state;
    EpnetClimber climber;
    Ridge open = {HUGE_VAL}, closed = {-0.25};
    EpnetRandomStream random = epnet_random_stream(3, 0, 0);
    assert_true(epnet_climber_alloc(&climber, 4));
    for (int i = 0; i < 4; i++)
        climber.x[i] = 0.3 - 0.1 * i;
    epnet_climber_run(&climber, ridge_height, &open, &random, 0.1, 20000);
    check_near(climber.best_value, 3, 1e-6, "top");
    for (int i = 0; i < 4; i++)
        check_near(climber.best[i], i, 1e-2, "place of the top");
    const size_t evaluations = climber.evaluations;
    assert_in_range(evaluations, 100, 20000);
    /* Its best point is admissible, though the top is not, and a budget is a budget. */
    for (int i = 0; i < 4; i++)
        climber.x[i] = -1;
    epnet_climber_run(&climber, ridge_height, &closed, &random, 0.1, 500);
    assert_true(climber.best[0] <= -0.25);
    assert_true(climber.best_value < 3);
    assert_true(climber.evaluations - evaluations <= 500);
    epnet_climber_free(&climber);
}

static void random_streams_are_uniform_normal_and_apart(void **state) {
    (void)state;
    enum { DRAWS = 20000 };
    EpnetRandomStream uniform = epnet_random_stream(9, 1, 7), normal = epnet_random_stream(9, 2, 7);
    EpnetRandomStream again = epnet_random_stream(9, 1, 7), other = epnet_random_stream(9, 1, 8);
    double mean = 0, square = 0, normal_mean = 0, normal_square = 0, together = 0;
    for (int k = 0; k < DRAWS; k++) {
        const double u = epnet_random_uniform(&uniform), z = epnet_random_normal(&normal);
        assert_true(u > 0 && u < 1);
        assert_true(u == epnet_random_uniform(&again));
        together += (u - 0.5) * (epnet_random_uniform(&other) - 0.5) / DRAWS;
        mean += u / DRAWS;
        square += u * u / DRAWS;
        normal_mean += z / DRAWS;
        normal_square += z * z / DRAWS;
    }
    check_near(mean, 0.5, 0.01, "mean of uniforms");
    check_near(square - mean * mean, 1.0 / 12, 0.005, "variance of uniforms");
    check_near(together, 0, 0.005, "covariance of two streams");
    check_near(normal_mean, 0, 0.03, "mean of normals");
    check_near(normal_square, 1, 0.05, "variance of normals");
}

/* ---- what is known ------------------------------------------------------------------------------------ */

static void the_network_bound_breaks_without_limit(void **state) {
    (void)state;
    const double floors[] = {1e-2, 1e-3, 1e-4};
    static const char *const states[] = {"reachable", "any"};
    for (int s = 0; s < 2; s++) {
        double before = 1;
        for (int k = 0; k < 3; k++) {
            EpnetFalsifyOptions options = small("network");
            options.states = states[s];
            options.min_ep = floors[k];
            const EpnetFalsifyResult result = search(&options);
            assert_true(result.per_jump >= floors[k]);
            assert_true(result.min_ep == floors[k]);
            check_near(result.ratio, result.left / result.right, 1e-15 * result.ratio, "ratio");
            /* dI/dt is of first order and EP of second in the distance from equilibrium: 1 / sqrt(floor) */
            assert_true(result.ratio > 2.5 * before);
            before = result.ratio;
        }
        assert_true(before > 200);
    }
    EpnetFalsifyOptions options = small("network"); /* the default is in the result */
    assert_true(search(&options).min_ep == 1e-3);
}

/* Without a product stationary law there is correlation to pay for: left of the leak bound is never less. */
static void the_leak_bound_is_worse(void **state) {
    (void)state;
    EpnetFalsifyOptions network = small("network"), leak = small("leak");
    network.refine = leak.refine = 8;
    const EpnetFalsifyResult worst = search(&leak);
    assert_true(worst.ratio > search(&network).ratio);
    assert_true(worst.leak > 0.2 && worst.leak < 20); /* (2/N) alpha, of flips from 0.1 to 10 */
}

/* Two nodes, symmetric flips gamma, beta = 10 both ways, F = 0.5 (docs/theory.md): nothing is left to search,
 * and the answer is in closed form but for the fit of the leak. */
static void the_envelope_breaks_at_two_nodes(void **state) {
    (void)state;
    const double beta = 10, gamma = 1, drive = 0.5, kappa = exp(-drive);
    const double aligned = (gamma + beta) / (2 * gamma + beta * (1 + kappa));
    const double information = M_LN2 + aligned * log(aligned) + (1 - aligned) * log(1 - aligned);
    const double production =
        2 * beta * (1 - aligned - kappa * aligned) * (drive + log((1 - aligned) / aligned));
    EpnetFalsifyOptions options = small("envelope");
    options.starts = 3;
    fix(&options.flip_min, &options.flip_max, gamma);
    fix(&options.copy_min, &options.copy_max, beta);
    fix(&options.drive_min, &options.drive_max, drive);
    const EpnetFalsifyResult fixed = search(&options);
    check_near(fixed.left, information, 1e-12, "stationary information");
    check_near(fixed.right * fixed.leak, production, 1e-12, "production across the cut");
    check_near(fixed.leak, 8, 0.01, "leak"); /* the pair rate, and a little more at the start of the decay */
    check_near(fixed.ratio, 7.66, 0.015, "tightness");

    options = small("envelope"); /* far more at stronger coupling */
    options.refine = 4;
    fix(&options.flip_min, &options.flip_max, 1);
    options.copy_max = 1000;
    const EpnetFalsifyResult wide = search(&options);
    assert_true(wide.ratio > 975);
    assert_true(wide.ratio < 1000); /* copy_max / flip, the limit of equal edges as F -> 0 */
}

static void a_copy_link_carries_half_a_bit(void **state) {
    (void)state;
    const double limit = 1 / (M_E * M_LN2);
    static const char *const states[] = {"any", "reachable"}, *const lefts[] = {"flow", "rate"};
    for (int k = 0; k < 2; k++) {
        EpnetFalsifyOptions options = small("cut_bandwidth");
        options.edges = "0>1";
        options.states = states[k];
        options.left = lefts[k];
        fix(&options.flip_min, &options.flip_max, 1e-9);
        const EpnetFalsifyResult result = search(&options);
        check_near(result.ratio, limit, 5e-4 * limit, "flow over beta ln 2");
        assert_true(result.ratio <= limit * (1 + 1e-12));
        assert_string_equal(result.cut, "0");
    }
}

static void two_links_that_compete_carry_less(void **state) {
    (void)state;
    const double w = 0.27846454276107379510; /* w exp(w) = 1/e */
    EpnetFalsifyOptions options = small("cut_bandwidth");
    options.states = "any";
    options.left = "flow";
    fix(&options.flip_min, &options.flip_max, 1e-9);
    fix(&options.copy_min, &options.copy_max, 1);
    const EpnetFalsifyResult result = search(&options);
    check_near(result.ratio * M_LN2, w, 5e-4 * w, "flow per unit of capacity");
    assert_true(result.ratio * M_LN2 <= w * (1 + 1e-9));
}

/* ---- the spec ----------------------------------------------------------------------------------------- */

static double column(const EpnetResult *result, const char *name) {
    double value;
    EpnetError error;
    if (epnet_result_column(result, name, &value, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    return value;
}

/* The ratio that a user computes from the columns of a run. */
static double ratio_of_columns(const EpnetResult *result, const char *bound, bool flow) {
    const double rate = column(result, "multiinformation_rate");
    if (strcmp(bound, "network") == 0)
        return rate / column(result, "entropy_production");
    if (strcmp(bound, "leak") == 0)
        return (rate + column(result, "leak_lsi") * column(result, "multiinformation")) /
               column(result, "entropy_production");
    const double cut = column(result, flow ? "cut_information_flow" : "cut_mutual_information_rate");
    if (strcmp(bound, "cut_energy") == 0)
        return cut / column(result, "cut_entropy_production");
    if (strcmp(bound, "cut_bandwidth") == 0)
        return cut / (column(result, "cut_capacity") * M_LN2);
    return column(result, "envelope_tightness");
}

static void check_reproduced(EpnetFalsifyOptions *options) {
    EpnetFalsifyResult found;
    EpnetError error = {.message = ""};
    EpnetSpec *spec = NULL;
    EpnetResult *result = NULL;
    EpnetRunSummary summary;
    const EpnetRunOptions run = {.force = true};
    char title[128];
    if (epnet_falsify(options, scratch_path("worst.toml"), &found, &error) != EPNET_OK ||
        epnet_spec_read(scratch_path("worst.toml"), NULL, 0, &spec, &error) != EPNET_OK ||
        epnet_run(spec, scratch_path("worst.nc"), &run, &summary, &error) != EPNET_OK ||
        epnet_result_open(scratch_path("worst.nc"), &result, &error) != EPNET_OK)
        fail_msg("%s: %s", options->bound, error.message);
    const bool flow = options->left != NULL && strcmp(options->left, "flow") == 0;
    const double ratio = ratio_of_columns(result, options->bound, flow);
    check_near(ratio, found.ratio, 1e-10 * found.ratio, options->bound);
    snprintf(title, sizeof title, "left / right = %.17g", found.ratio);
    assert_non_null(strstr(epnet_spec_title(spec), title));
    char *text = file_bytes(scratch_path("worst.toml"), NULL);
    assert_string_equal(text, found.spec);
    free(text);
    epnet_result_close(result);
    epnet_spec_free(spec);
}

static void a_run_of_the_spec_gives_the_ratio(void **state) {
    (void)state;
    static const struct {
        const char *bound, *states, *left, *edges;
        int nodes;
    } cases[] = {
        {"network", "reachable", NULL, NULL, 2},      {"network", "any", NULL, "0>2 2>1 1>0 0>1", 3},
        {"leak", "reachable", NULL, "path", 3},       {"leak", "any", NULL, NULL, 2},
        {"cut_energy", "reachable", "rate", NULL, 3}, {"cut_energy", "any", "flow", NULL, 2},
        {"cut_bandwidth", "any", "rate", "star", 4},  {"cut_bandwidth", "reachable", "flow", NULL, 2},
        {"envelope", NULL, NULL, "0>1", 2},           {"envelope", NULL, NULL, "ring", 3},
    };
    scratch_make();
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k += CHECK_SANITIZED ? 3 : 1) {
        EpnetFalsifyOptions options = small(cases[k].bound);
        options.states = cases[k].states;
        options.left = cases[k].left;
        options.edges = cases[k].edges;
        options.nodes = cases[k].nodes;
        options.starts = CHECK_SANITIZED ? 10 : 25;
        options.refine = 2;
        check_reproduced(&options);
    }
    EpnetFalsifyOptions one_way = small("cut_bandwidth"); /* infinities go through the spec */
    one_way.starts = 20;
    one_way.refine = 2;
    one_way.flip_min = one_way.flip_max = 0;
    one_way.states = "any";
    fix(&one_way.drive_min, &one_way.drive_max, HUGE_VAL);
    check_reproduced(&one_way);
    scratch_remove();
}

static void threads_do_not_change_the_result(void **state) {
    (void)state;
    EpnetFalsifyOptions options = small("cut_energy");
    options.nodes = 3;
    options.starts = 100;
    options.refine = 5;
    options.threads = 1;
    const EpnetFalsifyResult one = search(&options);
    options.threads = 3;
    const EpnetFalsifyResult three = search(&options);
    assert_string_equal(one.spec, three.spec);
    assert_true(one.ratio == three.ratio);
    assert_int_equal(one.evaluations, three.evaluations);
    assert_int_equal(one.admissible, three.admissible);
    options.seed++;
    assert_string_not_equal(one.spec, search(&options).spec);
}

/* ---- limits and failures ------------------------------------------------------------------------------ */

static void every_limit_is_met(void **state) {
    (void)state;
    EpnetFalsifyOptions options = small("cut_energy");
    options.nodes = 3;
    options.cut = "2,0";
    options.edges = "0>1 1>2";
    options.starts = 50;
    options.refine = 3;
    options.flip_min = 2;
    options.flip_max = 3;
    fix(&options.copy_min, &options.copy_max, 0.7);
    options.drive_min = 0.25;
    options.drive_max = 0.75;
    scratch_make();
    EpnetFalsifyResult found;
    EpnetError error;
    EpnetSpec *spec = NULL;
    assert_int_equal(epnet_falsify(&options, scratch_path("w.toml"), &found, &error), EPNET_OK);
    assert_string_equal(found.cut, "0,2");
    double up[3], down[3], drive[2];
    const char *at = strstr(found.spec, "flip_up");
    assert_int_equal(sscanf(at, "flip_up = [%lf, %lf, %lf]\nflip_down = [%lf, %lf, %lf]", &up[0], &up[1],
                            &up[2], &down[0], &down[1], &down[2]),
                     6);
    for (int i = 0; i < 3; i++)
        assert_true(up[i] >= 2 && up[i] <= 3 && down[i] >= 2 && down[i] <= 3);
    assert_non_null(strstr(found.spec, "copy_rates = [\n  [0, 0.69999999999999996, 0],\n"
                                       "  [0, 0, 0.69999999999999996],\n  [0, 0, 0],\n]\n"));
    at = strstr(found.spec, "drive = [");
    assert_int_equal(sscanf(at, "drive = [\n [0, %lf, 0],\n [0, 0, %lf]", &drive[0], &drive[1]), 2);
    for (int e = 0; e < 2; e++)
        assert_true(drive[e] >= 0.25 && drive[e] <= 0.75);
    assert_int_equal(epnet_spec_read(scratch_path("w.toml"), NULL, 0, &spec, &error), EPNET_OK);
    epnet_spec_free(spec);
    scratch_remove();
}

static void expect_refused(const EpnetFalsifyOptions *options, EpnetStatus status, const char *message) {
    EpnetFalsifyResult result;
    EpnetError error = {.message = ""};
    assert_int_equal(epnet_falsify(options, scratch_path("w.toml"), &result, &error), status);
    assert_int_equal(error.status, status);
    if (strstr(error.message, message) == NULL)
        fail_msg("'%s' is not in '%s'", message, error.message);
    assert_int_equal(scratch_entries(), 0);
}

#define refused(bound, field, value, message)                                                                \
    do {                                                                                                     \
        EpnetFalsifyOptions wrong = small(bound);                                                            \
        wrong.field = value;                                                                                 \
        expect_refused(&wrong, EPNET_USAGE, message);                                                        \
    } while (0)

static void impossible_options_are_refused(void **state) {
    (void)state;
    scratch_make();
    refused("chair", starts, 1, "no bound 'chair'");
    refused(NULL, starts, 1, "no bound ''");
    refused("network", nodes, 1, "nodes is 1; allowed: 2 to 6");
    refused("network", nodes, 7, "nodes is 7");
    refused("network", starts, 0, "starts is 0");
    refused("network", starts, (size_t)1 << 40, "starts is");
    refused("network", refine, 0, "refine is 0");
    refused("network", threads, -1, "threads is -1");
    refused("network", flip_min, 11, "flip rates: the minimum 11 is above the maximum 10");
    refused("network", flip_min, -1, "flip rates: the limits are -1 and 10");
    refused("network", flip_min, 0, "or both 0");
    refused("network", flip_max, HUGE_VAL, "flip rates: the limits are 0.1 and inf");
    refused("network", copy_min, (double)NAN, "copy rates");
    refused("network", copy_max, 1e-3, "copy rates: the minimum 0.01 is above");
    refused("network", drive_min, 30, "drives: the minimum 30 is above");
    refused("network", drive_max, HUGE_VAL, "or both inf");
    refused("network", min_ep, 0, "min_ep is 0; allowed: 1e-12 to 100");
    refused("network", min_ep, -1, "min_ep is -1");
    refused("network", min_ep, HUGE_VAL, "min_ep is inf");
    refused("cut_bandwidth", min_ep, 1e-3, "min_ep has no meaning for the bound 'cut_bandwidth'");
    refused("envelope", min_ep, 1e-3, "min_ep has no meaning");
    refused("envelope", states, "any", "states has no meaning");
    refused("network", states, "some", "states is 'some'; allowed: reachable, any");
    refused("network", left, "flow", "left has no meaning for the bound 'network'");
    refused("cut_energy", left, "right", "left is 'right'; allowed: rate, flow");
    refused("network", cut, "0", "cut has no meaning");
    refused("cut_energy", cut, "", "cut is ''");
    refused("cut_energy", cut, "0,1", "some, not all, of the nodes 0 to 1");
    refused("cut_energy", cut, "2", "cut is '2'");
    refused("cut_energy", cut, "0,", "cut is '0,'");
    refused("cut_energy", cut, "0,0", "cut is '0,0'");
    refused("cut_energy", edges, "", "there is none");
    refused("cut_energy", edges, "0>0", "edges is '0>0'");
    refused("cut_energy", edges, "0>2", "different nodes 0 to 1");
    refused("cut_energy", edges, "0>1 0>1", "0>1 is there twice");
    refused("cut_energy", edges, "0>11", "edges is '0>11'");
    refused("cut_energy", edges, "0>", "edges is '0>'");
    refused("cut_energy", edges, "none", "edges is 'none'");
    refused("cut_energy", edges, "cube", "cube");

    EpnetFalsifyOptions wrong = small("envelope");
    fix(&wrong.flip_min, &wrong.flip_max, 0);
    expect_refused(&wrong, EPNET_USAGE, "without flips the envelope has no leak");
    wrong = small("cut_energy");
    wrong.nodes = 3;
    wrong.edges = "0>1";
    wrong.cut = "2";
    expect_refused(&wrong, EPNET_USAGE, "no edge crosses S = {2}");
    scratch_remove();
}

static void a_search_that_finds_nothing_says_so(void **state) {
    (void)state;
    EpnetFalsifyOptions options = small("network");
    options.starts = 20;
    options.refine = 2;
    options.min_ep = 100; /* probabilities above exp(-30) cannot pay it */
    scratch_make();
    expect_refused(&options, EPNET_POINTS_FAILED, "none of 20 starts");
    EpnetFalsifyResult result;
    EpnetError error;
    options.min_ep = 1e-3;
    assert_int_equal(epnet_falsify(&options, scratch_path("absent/w.toml"), &result, &error), EPNET_IO);
    assert_non_null(strstr(error.message, "absent/w.toml"));
    volatile int stop = 1;
    options.stop = &stop;
    expect_refused(&options, EPNET_INTERRUPTED, "interrupted");
    scratch_remove();
}

/* Progress that begins at nothing, never falls and ends at all. */
typedef struct Seen {
    size_t calls, done, total;
} Seen;

static void look(const EpnetProgress *progress, void *context) {
    Seen *seen = context;
    assert_true(seen->calls > 0 || progress->points_done == 0);
    assert_true(progress->points_done >= seen->done);
    seen->calls++;
    seen->done = progress->points_done;
    seen->total = progress->points_total;
}

static void progress_ends_at_all(void **state) {
    (void)state;
    Seen seen = {0, 0, 0};
    EpnetFalsifyOptions options = small("network");
    options.starts = 30;
    options.refine = 50; /* more than there are starts */
    options.progress = look;
    options.context = &seen;
    assert_int_equal(search(&options).refined, 30);
    assert_true(seen.calls > 3);
    assert_int_equal(seen.done, seen.total);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_climber_follows_a_ridge),
        cmocka_unit_test(random_streams_are_uniform_normal_and_apart),
        cmocka_unit_test(the_network_bound_breaks_without_limit),
        cmocka_unit_test(the_leak_bound_is_worse),
        cmocka_unit_test(the_envelope_breaks_at_two_nodes),
        cmocka_unit_test(a_copy_link_carries_half_a_bit),
        cmocka_unit_test(two_links_that_compete_carry_less),
        cmocka_unit_test(a_run_of_the_spec_gives_the_ratio),
        cmocka_unit_test(threads_do_not_change_the_result),
        cmocka_unit_test(every_limit_is_met),
        cmocka_unit_test(impossible_options_are_refused),
        cmocka_unit_test(a_search_that_finds_nothing_says_so),
        cmocka_unit_test(progress_ends_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

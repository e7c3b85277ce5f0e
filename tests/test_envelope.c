/* The envelope's columns from their definitions, out of the other columns of a run, and the one-node
 * entropy-decay constants under them. */
#include "entropy_decay.h"
#include "oracle.h"
#include "support/check.h"
#include "support/random_network.h"
#include "support/scratch.h"
#include "support/spec_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- entropy-decay constants --------------------------------------------------------------------------- */

static void reference_constants(void **state) {
    (void)state;
    check_near(epnet_entropy_decay(1, 1), 2, 1e-12, "1/1");
    check_near(epnet_entropy_decay(1, 3), 3.81883, 5e-6, "1/3");
    check_near(epnet_entropy_decay(0.1, 2), 1.66610, 5e-6, "0.1/2");
    check_near(epnet_entropy_decay(1, 100), 70.1709, 5e-5, "1/100");
    assert_true(epnet_entropy_decay(0, 1) == 0 && epnet_entropy_decay(1, 0) == 0);
}

/* Against the oracle's dense minimum, over ratios up to 1e9; mirrored and scaled. */
static void constants_are_minima(void **state) {
    (void)state;
    TestRandom random = test_random(811);
    for (int trial = 0; trial < 60; trial++) {
        const double up = test_random_log(&random, 1e-4, 1e3), spread = trial % 2 ? 10 : 1e9;
        const double down = up * test_random_log(&random, 1 / spread, spread);
        const double alpha = epnet_entropy_decay(up, down);
        check_near(alpha, oracle_node_decay(up, down), 1e-11L * alpha, "minimum");
        check_near(epnet_entropy_decay(down, up), alpha, 1e-12L * alpha, "mirrored");
        check_near(epnet_entropy_decay(8 * up, 8 * down), 8 * alpha, 1e-12L * alpha, "scaled");
    }
}

/* D(p one) of a node from pi. */
static double divergence(double one, double pi) {
    return one * log(one / pi) + (1 - one) * log((1 - one) / (1 - pi));
}

/* What the constant is for: D(p_t || pi) <= exp(-2 alpha t) D(p_0 || pi), and for no larger one. */
static void constants_bound_the_decay(void **state) {
    (void)state;
    TestRandom random = test_random(812);
    for (int trial = 0; trial < 20; trial++) {
        const double up = test_random_log(&random, 0.01, 10), down = test_random_log(&random, 0.01, 10);
        const double pi = up / (up + down), alpha = epnet_entropy_decay(up, down), t = 1e-4 / (up + down);
        double slowest = INFINITY;
        for (int k = 1; k < 2000; k++) {
            const double start = k / 2000.0, end = pi + (start - pi) * exp(-(up + down) * t);
            if (fabs(start / pi - 1) < 1e-3)
                continue;
            slowest = fmin(slowest, -log(divergence(end, pi) / divergence(start, pi)) / (2 * t));
        }
        assert_true(slowest >= alpha * (1 - 1e-6));
        assert_true(slowest <= alpha * (1 + 1e-3));
    }
}

/* ---- columns ------------------------------------------------------------------------------------------- */

static EpnetResult *run_text(const char *text) {
    EpnetSpec *spec = spec_text_good(text, NULL);
    EpnetResult *result = NULL;
    EpnetRunSummary summary;
    EpnetError error = {.message = ""};
    const EpnetRunOptions options = {.force = true};
    if (epnet_run(spec, scratch_path("out.nc"), &options, &summary, &error) != EPNET_OK ||
        epnet_result_open(scratch_path("out.nc"), &result, &error) != EPNET_OK)
        fail_msg("%s\n%s", error.message, text);
    epnet_spec_free(spec);
    return result;
}

/* Value of a column of the points table, its cut's number after it (< 0: none). */
static double value_of(const EpnetResult *result, const char *name, int cut, size_t point) {
    char full[64];
    EpnetError error = {.message = ""};
    double *values = oracle_allocate(epnet_result_points(result), sizeof(double));
    snprintf(full, sizeof full, cut < 0 ? "%s" : "%s_%d", name, cut);
    if (epnet_result_column(result, full, values, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    const double value = values[point];
    free(values);
    return value;
}

static bool has_column(const EpnetResult *result, const char *name) {
    for (size_t c = 0; c < epnet_result_column_count(result); c++)
        if (strcmp(epnet_result_column_name(result, c), name) == 0)
            return true;
    return false;
}

/* What a point's columns are recomputed from, beside its other columns. */
typedef struct Rates {
    int nodes;
    const double *up, *down;
    size_t edge_count;
    const double *rate, *drive;
} Rates;

static Real least_decay(const Rates *rates) {
    Real least = INFINITY;
    for (int i = 0; i < rates->nodes; i++)
        least = fminl(least, oracle_node_decay(rates->up[i], rates->down[i]));
    return least;
}

static void check_network_columns(const EpnetResult *result, size_t point, const Rates *rates) {
    Real gap = INFINITY, flow = 0, decay = least_decay(rates);
    for (int i = 0; i < rates->nodes; i++)
        for (int j = 0; j < i; j++)
            gap = fminl(gap, 2 * ((Real)rates->up[i] + rates->down[i] + rates->up[j] + rates->down[j]));
    for (size_t e = 0; e < rates->edge_count; e++)
        flow += rates->rate[e] * oracle_copy_information(rates->drive[e]);
    check_near(value_of(result, "leak_gap", -1, point), gap, 1e-15L * gap, "leak_gap");
    check_near(value_of(result, "leak_lsi", -1, point), 2 * decay / rates->nodes, 1e-11L * decay, "leak_lsi");
    check_near(value_of(result, "flow_bound", -1, point), flow, 1e-13L * flow, "flow_bound");
    if (has_column(result, "energy_bound")) {
        const Real bound = value_of(result, "entropy_production_channels", -1, point) / (2 * decay);
        check_near(value_of(result, "energy_bound", -1, point), bound, 1e-11L * bound, "energy_bound");
    }
}

static void check_cut_columns(const EpnetResult *result, size_t point, int cut) {
    const Real energy = value_of(result, "cut_entropy_production", cut, point),
               bandwidth = value_of(result, "cut_capacity", cut, point) * logl(2);
    const Real bound = fminl(energy, bandwidth) / value_of(result, "leak", -1, point);
    const Real tightness = value_of(result, "cut_mutual_information", cut, point) / bound;
    check_near(value_of(result, "kink_capacity", cut, point), energy / logl(2), 1e-15L * energy,
               "kink_capacity");
    assert_true(value_of(result, "regime", cut, point) == (energy <= bandwidth ? 0 : 1));
    check_near(value_of(result, "envelope_bound", cut, point), bound, 1e-15L * bound, "envelope_bound");
    check_near(value_of(result, "envelope_tightness", cut, point), tightness, 1e-15L * tightness,
               "envelope_tightness");
}

/* Asymmetric in everything, two cuts, constant drive: both regimes on one grid. */
static void grid_of_constant_drive(void **state) {
    (void)state;
    const double up[3] = {1, 0.6, 1.4}, down[3] = {0.8, 1.1, 2}, weight[4] = {1, 2, 0.5, 3.5};
    EpnetResult *result =
        run_text("[network]\nnodes = 3\nedges = [[0, 1], [1, 0, 2], [1, 2, 0.5], [2, 0, 3.5]]\n"
                 "flip_up = [1, 0.6, 1.4]\nflip_down = [0.8, 1.1, 2]\n"
                 "[observe]\ncuts = [[1], [2]]\n[solve]\nkind = \"stationary\"\n"
                 "[leak]\nbootstrap = 50\n"
                 "[sweep]\nsigma.values = [1, 6, 40]\ncopy_total.values = [0.5, 7, 90]\n");
    const double totals[3] = {0.5, 7, 90};
    int regimes[2] = {0, 0}, points = 0;
    for (size_t point = 0; point < 9; point++) {
        double rate[4], drive[4];
        if (value_of(result, "status", -1, point) != 0)
            continue;
        for (size_t e = 0; e < 4; e++) {
            rate[e] = totals[point % 3] * weight[e] / 7;
            drive[e] = value_of(result, "drive", -1, point);
        }
        const Rates rates = {3, up, down, 4, rate, drive};
        check_network_columns(result, point, &rates);
        check_cut_columns(result, point, 0);
        check_cut_columns(result, point, 1);
        regimes[(int)value_of(result, "regime", 0, point)]++;
        points++;
    }
    assert_true(points >= 6 && regimes[0] > 0 && regimes[1] > 0);
    epnet_result_close(result);
}

/* Axes over the flips: the decay constant is that of each point. */
static void grid_of_flips(void **state) {
    (void)state;
    const double ups[3] = {0.2, 1, 5}, downs[2] = {0.7, 3};
    EpnetResult *result = run_text("[network]\nnodes = 2\ncopy_rate = 2\ndrive = 1.5\n[observe]\ncut = [1]\n"
                                   "[solve]\nkind = \"stationary\"\n[leak]\nbootstrap = 50\n"
                                   "[sweep]\nflip_up.values = [0.2, 1, 5]\nflip_down.values = [0.7, 3]\n");
    for (size_t point = 0; point < 6; point++) {
        const double u = ups[point / 2], d = downs[point % 2], up[2] = {u, u}, down[2] = {d, d};
        const double rate[2] = {2, 2}, drive[2] = {1.5, 1.5};
        const Rates rates = {2, up, down, 2, rate, drive};
        check_network_columns(result, point, &rates);
        check_cut_columns(result, point, -1);
    }
    epnet_result_close(result);
}

/* At the end of a trajectory; the steady-state theorem says nothing there, so it has no column. */
static void end_of_a_trajectory(void **state) {
    (void)state;
    const double flips[3] = {1, 1, 1}, rate[6] = {3, 3, 3, 3, 3, 3}, drive[6] = {2, 2, 2, 2, 2, 2};
    EpnetResult *result = run_text("[network]\nnodes = 3\ncopy_rate = 3\ndrive = 2\n[observe]\ncut = [1]\n"
                                   "[solve]\ntimes = [0.1, 0.4]\n[leak]\nbootstrap = 50\n");
    const Rates rates = {3, flips, flips, 6, rate, drive};
    check_network_columns(result, 0, &rates);
    check_cut_columns(result, 0, -1);
    assert_false(has_column(result, "energy_bound"));
    epnet_result_close(result);
}

/* One-way copies dissipate without bound: bandwidth-limited, no kink, no energy bound. */
static void one_way_copies(void **state) {
    (void)state;
    EpnetResult *result = run_text("[network]\nnodes = 3\ncopy_rate = 0.3\n[observe]\ncut = [1]\n"
                                   "[solve]\nkind = \"stationary\"\n[leak]\nbootstrap = 50\n");
    assert_true(value_of(result, "regime", -1, 0) == 1);
    assert_true(value_of(result, "kink_capacity", -1, 0) == INFINITY);
    assert_true(value_of(result, "energy_bound", -1, 0) == INFINITY);
    check_near(value_of(result, "envelope_bound", -1, 0), 1.2L * logl(2) / value_of(result, "leak", -1, 0),
               1e-15L, "envelope_bound");
    epnet_result_close(result);
}

/* Without [leak], or without a cut, what would need it is left out. */
static void columns_only_where_they_mean_something(void **state) {
    (void)state;
    const char *const names[] = {
        "leak",   "leak_low",      "leak_high", "envelope_bound", "envelope_tightness",
        "regime", "kink_capacity", "drive"};
    EpnetResult *result = run_text("[network]\nnodes = 2\ncopy_rate = 1\n[solve]\nkind = \"stationary\"\n");
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        assert_false(has_column(result, names[k]));
    assert_true(has_column(result, "leak_gap") && has_column(result, "flow_bound"));
    epnet_result_close(result);
    result = run_text("[network]\nnodes = 1\ntopology = \"none\"\n[solve]\nkind = \"stationary\"\n");
    assert_true(isnan(value_of(result, "leak_gap", -1, 0))); /* one node has no pair */
    check_near(value_of(result, "leak_lsi", -1, 0), 4, 1e-12, "2 alpha");
    assert_true(value_of(result, "energy_bound", -1, 0) < 1e-15);
    epnet_result_close(result);
}

/* The two-node counterexample to the paper's steady-state bound, 7.66 times above it, and a stronger one. */
static void two_nodes_above_the_bound(void **state) {
    (void)state;
    const struct {
        double beta, drive, tightness, within;
    } cases[] = {{10, 0.5, 7.66, 0.05}, {1000, 0.05, 975, 10}};
    for (size_t c = 0; c < 2; c++) {
        char text[512];
        snprintf(text, sizeof text,
                 "[network]\nnodes = 2\ncopy_rate = %g\ndrive = %g\n[observe]\ncut = [0]\n"
                 "[solve]\nkind = \"stationary\"\n[leak]\n",
                 cases[c].beta, cases[c].drive);
        EpnetResult *result = run_text(text);
        check_cut_columns(result, 0, -1);
        assert_true(value_of(result, "leak_gap", -1, 0) == 8);
        check_near(value_of(result, "leak", -1, 0), 8, 0.05, "leak");
        check_near(value_of(result, "envelope_tightness", -1, 0), cases[c].tightness, cases[c].within,
                   "tightness");
        if (c == 0) {
            check_near(value_of(result, "cut_mutual_information", -1, 0), 0.02391, 5e-6, "I");
            check_near(value_of(result, "cut_entropy_production", -1, 0), 0.02496, 5e-6, "EP across");
            check_near(value_of(result, "envelope_bound", -1, 0), 0.00312, 2e-5, "the paper's bound");
        }
        assert_true(value_of(result, "energy_bound", -1, 0) >
                    value_of(result, "cut_mutual_information", -1, 0)); /* the theorem in its place holds */
        epnet_result_close(result);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_constants),
        cmocka_unit_test(constants_are_minima),
        cmocka_unit_test(constants_bound_the_decay),
        cmocka_unit_test(grid_of_constant_drive),
        cmocka_unit_test(grid_of_flips),
        cmocka_unit_test(end_of_a_trajectory),
        cmocka_unit_test(one_way_copies),
        cmocka_unit_test(columns_only_where_they_mean_something),
        cmocka_unit_test(two_nodes_above_the_bound),
    };
    return cmocka_run_group_tests(tests, spec_text_setup, spec_text_teardown);
}

/* The audit of grid files: the counterexamples to the paper's bounds are found where they are, the exact
 * statements hold on everything that the program computes, and rounding is told from violation. */
#include "audit_claims.h"
#include "entropy_decay.h"
#include "result.h"
#include "support/audited.h"
#include "support/check.h"
#include "support/random_network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the counterexamples of docs/theory.md ----------------------------------------------------------- */

static Audited audit_example(const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/docs/examples/%s", EPNET_SOURCE_DIR, name);
    return audit_file(run_file(path, EPNET_OK));
}

#define WORKED_EXAMPLE                                                                                       \
    "[network]\nnodes = 5\ncopy_rate = 0.2\n[observe]\ncut = [0, 1]\n[output]\ntrajectories = true\n"

static void network_bound_fails_from_the_uniform_law(void **state) {
    (void)state;
    Audited uniform = audit_text(WORKED_EXAMPLE "[initial]\ndistribution = \"uniform\"\n"
                                                "[solve]\ntimes = [0.5]\ntolerance = 1e-12\n");
    const EpnetAuditRow *row = row_of(&uniform, "network", NULL);
    assert_int_equal(uniform.status, EPNET_OK);
    check_near(row->left, 0.0293056986361, 1e-12, "dI/dt");
    check_near(row->right, 0.0029798934494, 1e-12, "EP");
    check_near(row->margin, 0.0029798934494 - 0.0293056986361, 2e-12, "margin");
    assert_true(row->violations == 1 && row->checks == 1 && row->points_violated == 1 && row->fraction == 1);
    assert_true(row->time == 0.5 && row->first_time == 0.5 && row->point == 0);
    assert_true(!row->exact && row->number == 1 && row->cut == NULL && row->reason[0] == '\0');
    assert_true(row_of(&uniform, "network_min", NULL)->margin == row->margin);
    audited_free(&uniform);

    Audited pure = audit_text(WORKED_EXAMPLE "[solve]\nt_end = 10.0\nsamples = 401\ntolerance = 1e-12\n");
    row = row_of(&pure, "network", NULL);
    assert_true(row->violations == 0 && row->checks == 401 && row->points == 1 && row->fraction == 0);
    assert_true(isnan(row->first_time) && row->margin > -row->tolerance);
    assert_int_equal(row_of(&pure, "network_min", NULL)->violations, 0);
    assert_int_equal(row_of(&pure, "network_min", NULL)->checks, 1);
    assert_true(pure.audit->times == 401 && pure.audit->trajectories && !pure.audit->stationary);
    audited_free(&pure);
}

static void leak_augmented_bound_fails_in_the_worked_example(void **state) {
    (void)state;
    Audited audited = audit_text(
        WORKED_EXAMPLE "[solve]\ntimes = [0.0, 0.5, 1.36293, 1.36295, 2.0, 10.0]\ntolerance = 1e-12\n");
    const EpnetAuditRow *row = row_of(&audited, "leak_lsi", NULL);
    assert_true(row->checks == 6 && row->violations == 3);
    check_near(row->first_time, 1.36295, 0, "first violation");
    check_near(row->fraction, 0.5, 0, "fraction");
    check_near(row->right - row->left, row->margin, 0, "margin");
    check_reason(&audited, "leak", "the file has no column leak");
    audited_free(&audited);
}

static void network_bound_fails_with_unequal_flips(void **state) {
    (void)state;
    Audited audited =
        audit_text("[network]\nnodes = 5\ncopy_rate = 0.2\nflip_down = 1.2\n[output]\ntrajectories = true\n"
                   "[solve]\ntimes = [0.0, 1.0, 2.58095, 2.58097, 3.0, 4.0]\ntolerance = 1e-12\n");
    const EpnetAuditRow *row = row_of(&audited, "network", NULL);
    assert_int_equal(row->violations, 3);
    check_near(row->first_time, 2.58097, 0, "first violation");
    check_reason(&audited, "cut_energy_rate", "the file has no cut");
    assert_null(row_of(&audited, "cut_energy_rate", NULL)->cut);
    audited_free(&audited);
}

static void examples_break_the_bounds_that_they_name(void **state) {
    (void)state;
    Audited network = audit_example("counterexample-network.toml");
    const EpnetAuditRow *row = row_of(&network, "network", NULL);
    assert_int_equal(network.status, EPNET_OK);
    assert_true(row->violations > 100 && row->checks == 201);
    audited_free(&network);

    Audited steady = audit_example("counterexample-steady-state.toml");
    row = row_of(&steady, "envelope_leak", "0");
    assert_int_equal(steady.status, EPNET_OK);
    assert_true(steady.audit->stationary && row->violations == 1 && isnan(row->time) && !row->exact);
    check_near(row->left, 0.02391, 5e-6, "I*");
    check_near(row->left / row->right, 7.66, 0.02, "tightness");
    row = row_of(&steady, "envelope_leak_lsi", "0");
    check_near(row->right, 0.02496 / 2, 5e-6, "EP_across / leak_lsi");
    assert_int_equal(row->violations, 1);
    assert_string_equal(row->unit, "nat");
    audited_free(&steady);

    Audited cut = audit_example("counterexample-cut-energy.toml");
    row = row_of(&cut, "cut_energy_rate", "0");
    assert_int_equal(cut.status, EPNET_OK);
    assert_true(row->violations > 0);
    assert_true(row_of(&cut, "cut_energy_flow", "0")->violations > 0);
    assert_int_equal(row_of(&cut, "cut_bandwidth_rate", "0")->violations, 0);
    check_reason(&cut, "envelope_leak", "it is about stationary laws");
    audited_free(&cut);

    Audited once =
        audit_text("[network]\nnodes = 2\ncopy_rate = 1.0\ndrive = 2.0\nflip_up = 0.01\n"
                   "flip_down = 0.01\n[initial]\ndistribution = \"uniform\"\n[observe]\ncut = [0]\n"
                   "[solve]\ntimes = [1.0]\ntolerance = 1e-12\n");
    row = row_of(&once, "cut_energy_rate", "0");
    check_near(row->left, 0.1404, 5e-5, "dI(S;Sc)/dt");
    check_near(row->right, 0.0361, 5e-5, "EP_across");
    audited_free(&once);
}

/* ---- the exact statements ---------------------------------------------------------------------------- */

typedef enum Copies { COPIES_NONE, COPIES_UNDRIVEN, COPIES_DRIVEN, COPIES_MIXED } Copies;

static void matrix_write(FILE *stream, const char *key, const TestNetwork *network, const double *values) {
    fprintf(stream, "%s = [", key);
    for (int i = 0; i < network->nodes; i++) {
        fputc('[', stream);
        for (int j = 0; j < network->nodes; j++) {
            double value = 0;
            for (size_t e = 0; e < network->edge_count; e++)
                if (network->source[e] == i && network->target[e] == j)
                    value = values[e];
            fprintf(stream, isinf(value) ? "inf, " : "%.17e, ", value);
        }
        fputs("], ", stream);
    }
    fputs("]\n", stream);
}

static void list_write(FILE *stream, const char *key, int count, const double *values) {
    fprintf(stream, "%s = [", key);
    for (int i = 0; i < count; i++)
        fprintf(stream, "%.17e, ", values[i]);
    fputs("]\n", stream);
}

/* A random network as a spec with two cuts, along a trajectory or at its stationary law. */
static char *random_spec(TestRandom *random, Copies copies, bool stationary) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    const int nodes = 3 + (int)test_random_below(random, 3);
    TestNetwork network = test_network_random(
        random, nodes, 0.9, 0.05, 5, copies == COPIES_MIXED ? TEST_DRIVES_MIXED : TEST_DRIVES_FINITE);
    assert_true(network.edge_count > 0);
    network.drive[0] = 1.5; /* one driven edge at least, where copies are driven at all */
    fprintf(stream, "[network]\nnodes = %d\n", nodes);
    if (copies == COPIES_NONE) {
        fputs("topology = \"none\"\n", stream);
    } else {
        matrix_write(stream, "copy_rates", &network, network.rate);
        if (copies == COPIES_UNDRIVEN)
            fputs("drive = 0.0\n", stream);
        else
            matrix_write(stream, "drive", &network, network.drive);
    }
    list_write(stream, "flip_up", nodes, network.flip_up);
    list_write(stream, "flip_down", nodes, network.flip_down);
    fprintf(stream, "[observe]\ncuts = [[0], [0, %d]]\n", nodes - 1);
    if (stationary) {
        fputs("[solve]\nkind = \"stationary\"\n", stream);
    } else {
        double *law = test_law_random(random, (size_t)1 << nodes, 0);
        fputs("[initial]\nprobabilities = [", stream);
        for (size_t s = 0; s < (size_t)1 << nodes; s++)
            fprintf(stream, "%.17e, ", law[s]);
        fputs("]\n[solve]\nt_end = 3.0\nsamples = 31\n[output]\ntrajectories = true\n", stream);
        free(law);
    }
    assert_int_equal(fclose(stream), 0);
    test_network_free(&network);
    return text;
}

static void exact_statements_hold_on_random_networks(void **state) {
    (void)state;
    TestRandom random = test_random(3105);
    size_t mixed_checks = 0;
    for (int trial = 0; trial < (check_long() ? 400 : 48); trial++) {
        const Copies copies = (Copies)(trial % 4);
        const bool stationary = trial / 4 % 2, free_of_copies = copies <= COPIES_UNDRIVEN;
        char *text = random_spec(&random, copies, stationary);
        Audited audited = audit_text(text);
        const size_t rows = stationary ? 1 : 31;
        if (audited.status != EPNET_OK)
            fail_msg("%s\n%s", audited.error.message, text);
        for (size_t r = 0; r < audited.audit->row_count; r++)
            assert_true(!audited.audit->rows[r].exact || audited.audit->rows[r].violations == 0);
        assert_int_equal(checks_of(&audited, "product_relaxation", NULL), free_of_copies ? rows : 0);
        assert_int_equal(checks_of(&audited, "no_copies_rate", NULL), free_of_copies ? rows : 0);
        assert_int_equal(checks_of(&audited, "no_copies_production", NULL), free_of_copies ? rows : 0);
        assert_int_equal(checks_of(&audited, "capacity_network", NULL), rows);
        for (int cut = 0; cut < 2; cut++) {
            const char *label =
                audited.result
                    ->columns[epnet_result_find(audited.result, cut ? "cut_capacity_1" : "cut_capacity_0")]
                    .cut;
            assert_int_equal(checks_of(&audited, "capacity_flow", label), rows);
            assert_int_equal(checks_of(&audited, "capacity_cut", label), rows);
            assert_int_equal(checks_of(&audited, "energy_cut", label), stationary);
            if (copies != COPIES_MIXED)
                assert_int_equal(checks_of(&audited, "cut_second_law", label), rows);
            else
                mixed_checks += checks_of(&audited, "cut_second_law", label);
        }
        assert_int_equal(checks_of(&audited, "energy_bound", NULL), stationary);
        assert_int_equal(checks_of(&audited, "energy_divergence", NULL), stationary);
        if (copies != COPIES_MIXED)
            assert_int_equal(checks_of(&audited, "network_second_law", NULL), rows);
        audited_free(&audited);
        free(text);
    }
    assert_true(mixed_checks > 0);
}

/* What lets statement 8 speak of F = 0 too: flips of equal rates never lower a node's entropy-decay constant.
 */
static void equal_flips_raise_entropy_decay(void **state) {
    (void)state;
    for (double up = 1e-4; up <= 1; up *= 1.3) {
        double last = epnet_entropy_decay(up, 1);
        for (double added = 1e-4; added < 1e3; added *= 1.5) {
            const double next = epnet_entropy_decay(up + added, 1 + added);
            assert_true(next >= last * (1 - 1e-9));
            last = next;
        }
    }
}

/* ---- rounding and infinities ------------------------------------------------------------------------- */

static const EpnetClaim *claim_of(const char *name) {
    for (size_t c = 0; c < EPNET_CLAIMS; c++)
        if (strcmp(epnet_claims[c].name, name) == 0)
            return &epnet_claims[c];
    fail_msg("no claim %s", name);
    return NULL;
}

/* The sides of the bounds, on numbers that no mix-up survives, energy-limited and bandwidth-limited. */
static void bounds_have_the_sides_that_they_state(void **state) {
    (void)state;
    double v[EPNET_QUANTITIES] = {0};
    for (int limited_by_energy = 0; limited_by_energy < 2; limited_by_energy++) {
        const double production = limited_by_energy ? 0.17 : 3.1, capacity = 1.9, leak = 2.3, leak_lsi = 0.7;
        v[EPNET_OF_INFORMATION] = 0.31;
        v[EPNET_OF_INFORMATION_RATE] = 0.53;
        v[EPNET_OF_PRODUCTION] = 1.1;
        v[EPNET_OF_LEAK] = leak;
        v[EPNET_OF_LEAK_LSI] = leak_lsi;
        v[EPNET_OF_CUT_INFORMATION] = 0.13;
        v[EPNET_OF_CUT_INFORMATION_RATE] = 0.29;
        v[EPNET_OF_CUT_FLOW] = 0.37;
        v[EPNET_OF_CUT_PRODUCTION] = production;
        v[EPNET_OF_CUT_CAPACITY] = capacity;
        const double smaller = limited_by_energy ? production : capacity * M_LN2;
        const struct {
            const char *name;
            double left, right;
        } sides[] = {
            {"network", 0.53, 1.1},
            {"leak", 0.53, 1.1 - leak * 0.31},
            {"leak_lsi", 0.53, 1.1 - leak_lsi * 0.31},
            {"cut_energy_rate", 0.29, production},
            {"cut_energy_flow", 0.37, production},
            {"cut_bandwidth_rate", 0.29, capacity * M_LN2},
            {"cut_bandwidth_flow", 0.37, capacity * M_LN2},
            {"envelope_leak", 0.13, smaller / leak},
            {"envelope_leak_lsi", 0.13, smaller / leak_lsi},
        };
        for (size_t k = 0; k < sizeof sides / sizeof sides[0]; k++) {
            const EpnetJudgement judgement = epnet_claim_judge(claim_of(sides[k].name), v);
            check_near(judgement.left, sides[k].left, 1e-15, sides[k].name);
            check_near(judgement.right, sides[k].right, 1e-15, sides[k].name);
            check_near(judgement.margin, sides[k].right - sides[k].left, 1e-15, sides[k].name);
        }
    }
}

static EpnetJudgement judge_network(double rate, double production, double activity) {
    double values[EPNET_QUANTITIES] = {0};
    values[EPNET_OF_INFORMATION_RATE] = rate;
    values[EPNET_OF_PRODUCTION] = production;
    values[EPNET_OF_ACTIVITY] = activity;
    return epnet_claim_judge(claim_of("network"), values);
}

static void equality_up_to_rounding_is_no_violation(void **state) {
    (void)state;
    assert_int_equal(judge_network(1 + 1.9e-12, 1, 0).finding, EPNET_HOLDS);
    assert_int_equal(judge_network(1 + 2.1e-12, 1, 0).finding, EPNET_VIOLATED);
    assert_int_equal(judge_network(4e-13, 0, 5).finding, EPNET_HOLDS);
    assert_int_equal(judge_network(6e-13, 0, 5).finding, EPNET_VIOLATED);
    check_near(judge_network(3, 1, 5).tolerance, 4e-12 + 5e-13, 1e-27, "tolerance");
    double values[EPNET_QUANTITIES] = {0};
    values[EPNET_OF_ACTIVITY] = 1e6; /* no concern of an information */
    values[EPNET_OF_CUT_INFORMATION] = 0.9e-14;
    assert_int_equal(epnet_claim_judge(claim_of("energy_cut"), values).finding, EPNET_HOLDS);
    values[EPNET_OF_CUT_INFORMATION] = 1.1e-14;
    assert_int_equal(epnet_claim_judge(claim_of("energy_cut"), values).finding, EPNET_VIOLATED);
}

static void infinite_sides_are_judged_as_they_are(void **state) {
    (void)state;
    assert_int_equal(judge_network(INFINITY, INFINITY, 1).finding, EPNET_HOLDS);
    assert_true(judge_network(1, INFINITY, 1).margin == INFINITY);
    assert_int_equal(judge_network(-INFINITY, 0, 1).finding, EPNET_HOLDS);
    assert_int_equal(judge_network(INFINITY, 1, 1).finding, EPNET_VIOLATED);
    assert_true(judge_network(INFINITY, 1, 1).margin == -INFINITY);
    assert_int_equal(judge_network(NAN, 1, 1).finding, EPNET_SAYS_NOTHING);
    double values[EPNET_QUANTITIES] = {0};
    values[EPNET_OF_ENVIRONMENT_FLOW] = values[EPNET_OF_CHANNELS_PRODUCTION] = INFINITY;
    assert_int_equal(epnet_claim_judge(claim_of("network_second_law"), values).finding, EPNET_INFINITE_TERMS);
}

/* One-way copies: their identities have infinite terms, their energy bounds hold trivially. */
static void one_way_copies_have_infinite_terms(void **state) {
    (void)state;
    Audited audited = audit_text("[network]\nnodes = 3\ncopy_rate = 0.4\n[observe]\ncut = [0]\n"
                                 "[solve]\nkind = \"stationary\"\n");
    check_reason(&audited, "cut_second_law", "its terms are infinite");
    check_reason(&audited, "network_second_law", "its terms are infinite");
    check_reason(&audited, "no_copies_rate", "it needs no copies, or F = 0 everywhere");
    check_reason(&audited, "network_min", "it is about trajectories");
    assert_true(row_of(&audited, "energy_bound", NULL)->margin == INFINITY);
    assert_int_equal(row_of(&audited, "cut_energy_flow", NULL)->violations, 0);
    audited_free(&audited);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network_bound_fails_from_the_uniform_law),
        cmocka_unit_test(leak_augmented_bound_fails_in_the_worked_example),
        cmocka_unit_test(network_bound_fails_with_unequal_flips),
        cmocka_unit_test(examples_break_the_bounds_that_they_name),
        cmocka_unit_test(exact_statements_hold_on_random_networks),
        cmocka_unit_test(equal_flips_raise_entropy_decay),
        cmocka_unit_test(bounds_have_the_sides_that_they_state),
        cmocka_unit_test(equality_up_to_rounding_is_no_violation),
        cmocka_unit_test(infinite_sides_are_judged_as_they_are),
        cmocka_unit_test(one_way_copies_have_infinite_terms),
    };
    return cmocka_run_group_tests(tests, audited_setup, audited_teardown);
}

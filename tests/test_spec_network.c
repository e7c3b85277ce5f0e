/* What a spec says of the network, the initial law and the cuts, and the example specs. */
#include "start.h"
#include "support/check.h"
#include "support/scratch.h"
#include "support/spec_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct Edge {
    int source, target;
    double weight, drive;
} Edge;

static void check_edges(const EpnetNetwork *network, size_t count, const Edge *expected) {
    assert_int_equal(network->edge_count, count);
    for (size_t e = 0; e < count; e++) {
        assert_int_equal(network->source[e], expected[e].source);
        assert_int_equal(network->target[e], expected[e].target);
        assert_true(network->weight[e] == expected[e].weight);
        assert_true(network->drive[e] == expected[e].drive);
    }
}

static void test_edges(void **state) {
    (void)state;
    const char *text = "[network]\nnodes = 4\nedges = [[3, 0], [1, 2, 0.5]]\ncopy_total = 3\ndrive = 2\n"
                       "flip_up = 0\nflip_down = [1, 2, 3, 4.5]\n";
    EpnetSpec *spec = spec_text_good(text, NULL);
    check_edges(&spec->network, 2, (const Edge[]){{3, 0, 1, 2}, {1, 2, 0.5, 2}});
    assert_int_equal(spec->network.nodes, 4);
    assert_int_equal(spec->network.copy_kind, EPNET_COPY_TOTAL);
    assert_true(spec->network.copy == 3 && spec->network.flip_up[3] == 0 &&
                spec->network.flip_down[3] == 4.5);
    epnet_spec_free(spec);
    spec = spec_text_good(text, "network.undirected=true");
    check_edges(&spec->network, 4,
                (const Edge[]){{3, 0, 1, 2}, {0, 3, 1, 2}, {1, 2, 0.5, 2}, {2, 1, 0.5, 2}});
    epnet_spec_free(spec);
}

static void test_no_edges(void **state) {
    (void)state;
    const char *const texts[] = {"[network]\nnodes = 3\ntopology = \"none\"\n",
                                 "[network]\nnodes = 3\nedges = []\n",
                                 "[network]\nnodes = 3\ndrive = 1\ntopology = \"none\"\n"};
    for (size_t t = 0; t < 3; t++) {
        EpnetSpec *spec = spec_text_good(texts[t], NULL);
        assert_int_equal(spec->network.edge_count, 0);
        assert_int_equal(spec->network.copy_kind, EPNET_COPY_NONE);
        epnet_spec_free(spec);
    }
    EpnetSpec *spec = spec_text_good("[network]\nnodes = 1\n", NULL); /* a complete network of one node */
    assert_int_equal(spec->network.edge_count, 0);
    epnet_spec_free(spec);
}

static void test_matrices(void **state) {
    (void)state;
    EpnetSpec *spec = spec_text_good("[network]\ncopy_rates = [[0, 2, 0], [0, 0, 0.5], [7, 0, 0]]\n"
                                     "drive = [[9, 1, 9], [9, 9, inf], [0, 9, 9]]\n",
                                     NULL);
    check_edges(&spec->network, 3, (const Edge[]){{0, 1, 2, 1}, {1, 2, 0.5, INFINITY}, {2, 0, 7, 0}});
    assert_int_equal(spec->network.nodes, 3);
    assert_int_equal(spec->network.copy_kind, EPNET_COPY_RATE);
    assert_true(spec->network.copy == 1);
    epnet_spec_free(spec);
}

static void test_edges_file_of_numbers(void **state) {
    (void)state;
    const char *text = "[network]\nedges_file = \"sub.csv\"\ncopy_rate = 1\n";
    spec_text_file("sub.csv",
                   "\xEF\xBB\xBF# ties\r\nweight,target,source\r\n2.5,0,4\r\n\"1e-3\", 2 , +1\r\n");
    EpnetSpec *spec = spec_text_good(text, NULL);
    check_edges(&spec->network, 2, (const Edge[]){{4, 0, 2.5, INFINITY}, {1, 2, 1e-3, INFINITY}});
    assert_int_equal(spec->network.nodes, 5);
    assert_null(spec->network.names);
    epnet_spec_free(spec);
    spec = spec_text_good(text, "network.nodes=8");
    assert_int_equal(spec->network.nodes, 8);
    epnet_spec_free(spec);
}

/* Numbers by first appearance, source before target, row by row; further nodes are called by their number. */
static void test_edges_file_of_names(void **state) {
    (void)state;
    const char *text = "[network]\nedges_file = \"names.csv\"\nundirected = true\ncopy_rate = 1\n"
                       "[observe]\ncuts = [[\"Smith, Jr.\", \"Ann\"], [1], [\"Ann\", 2]]\n";
    spec_text_file("names.csv", "target,source\nZoe,Ann\nAnn,\"Smith, Jr.\"\n");
    EpnetSpec *spec = spec_text_good(text, NULL);
    check_edges(
        &spec->network, 4,
        (const Edge[]){{0, 1, 1, INFINITY}, {1, 0, 1, INFINITY}, {2, 0, 1, INFINITY}, {0, 2, 1, INFINITY}});
    assert_int_equal(spec->network.nodes, 3);
    const char *const names[] = {"Ann", "Zoe", "Smith, Jr.", "3"};
    const uint64_t masks[] = {5, 2, 5};
    const char *const labels[] = {"Smith, Jr.,Ann", "1", "Ann,2"};
    assert_int_equal(spec->cut_count, 3);
    for (int k = 0; k < 3; k++) {
        assert_string_equal(spec->network.names[k], names[k]);
        assert_int_equal(spec->cuts[k].mask, masks[k]);
        assert_string_equal(spec->cuts[k].label, labels[k]);
    }
    epnet_spec_free(spec);
    spec = spec_text_good(text, "network.nodes=4");
    assert_string_equal(spec->network.names[3], "3");
    epnet_spec_free(spec);
}

/* ---- initial law ---- */

/* The law in one piece; every smaller piece has the same bytes. */
static void read_law(const EpnetSpec *spec, double *p) {
    const int nodes = spec->network.nodes;
    double piece[2048];
    EpnetStartStorage storage;
    assert_true(epnet_start_make(spec, &storage));
    epnet_start_fill(&storage.start, nodes, 0, nodes, p);
    for (int bits = 0; bits < nodes; bits++)
        for (uint64_t first = 0; first < (uint64_t)1 << nodes; first += (uint64_t)1 << bits) {
            epnet_start_fill(&storage.start, nodes, first, bits, piece);
            assert_memory_equal(piece, p + first, sizeof *p << bits);
        }
    epnet_start_free(&storage);
}

static void check_law(const char *initial, size_t states, const double *expected) {
    char text[512];
    double p[8];
    snprintf(text, sizeof text, "[network]\nnodes = %d\ncopy_rate = 1\n[initial]\n%s\n", states == 8 ? 3 : 2,
             initial);
    EpnetSpec *spec = spec_text_good(text, NULL);
    read_law(spec, p);
    for (size_t s = 0; s < states; s++)
        check_near(p[s], expected[s], 4e-16 * expected[s], initial);
    epnet_spec_free(spec);
}

static void test_initial(void **state) {
    (void)state;
    check_law("", 8, (const double[]){1, 0, 0, 0, 0, 0, 0, 0});
    check_law("state = \"110\"", 8,
              (const double[]){0, 0, 0, 1, 0, 0, 0, 0}); /* the first character is bit 0 */
    check_law("state = \"001\"", 8, (const double[]){0, 0, 0, 0, 1, 0, 0, 0});
    check_law("distribution = \"uniform\"", 8,
              (const double[]){.125, .125, .125, .125, .125, .125, .125, .125});
    check_law("p_one = [0.25, 0, 0.5]", 8, (const double[]){0.375, 0.125, 0, 0, 0.375, 0.125, 0, 0});
    check_law("probabilities = [0, 0.5, 0.125, 0.375]", 4, (const double[]){0, 0.5, 0.125, 0.375});
    check_law("probabilities = [0, 0.5, 0, 0.5000000005]", 4,
              (const double[]){0, 0.5 / 1.0000000005, 0, 0.5000000005 / 1.0000000005});
    spec_text_file("p.csv", "probability,state\n0.25,01\n0.75,10\n0,11\n");
    check_law("probabilities_file = \"p.csv\"", 4, (const double[]){0, 0.75, 0.25, 0});
}

static void test_initial_stationary(void **state) {
    (void)state;
    EpnetSpec *spec = spec_text_good(
        "[network]\nnodes = 2\ncopy_rate = 1\n[initial]\ndistribution = \"stationary\"\n", NULL);
    assert_int_equal(spec->initial.kind, EPNET_INITIAL_STATIONARY);
    epnet_spec_free(spec);
}

/* Two thousand probabilities that sum to 1 + 5e-10, within what is allowed: normalised to rounding. */
static void test_normalised(void **state) {
    (void)state;
    enum { STATES = 2048 };
    static char text[64 * STATES];
    static double p[STATES];
    size_t used = (size_t)snprintf(text, sizeof text,
                                   "[network]\nnodes = 11\ncopy_rate = 1\n[initial]\nprobabilities = [");
    double scale = (1 + 5e-10) * 2 / (STATES * (STATES + 1.0));
    for (int s = 0; s < STATES; s++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%.12g,", (s + 1) * scale);
    snprintf(text + used, sizeof text - used, "]\n");
    EpnetSpec *spec = spec_text_good(text, NULL);
    read_law(spec, p);
    long double sum = 0;
    for (int s = 0; s < STATES; s++) {
        sum += p[s];
        check_near(p[s], (s + 1) * scale, 6e-10 * p[s], "probability");
    }
    check_near(sum, 1, 1e-14, "sum");
    epnet_spec_free(spec);
}

/* ---- paths and examples ---- */

static void test_absolute_path(void **state) {
    (void)state;
    char text[1024];
    spec_text_file("edges.csv", "source,target\n0,1\n");
    snprintf(text, sizeof text, "[network]\nedges_file = \"%s\"\ncopy_rate = 1\n", scratch_path("edges.csv"));
    epnet_spec_free(spec_text_good(text, NULL));
}

static EpnetSpec *read_example(const char *name) {
    char path[1024];
    EpnetSpec *spec = NULL;
    EpnetError error;
    snprintf(path, sizeof path, EPNET_SOURCE_DIR "/docs/examples/%s.toml", name);
    if (epnet_spec_read(path, NULL, 0, &spec, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    return spec;
}

static void test_worked_examples(void **state) {
    (void)state;
    EpnetSpec *exact = read_example("worked-example"), *euler = read_example("worked-example-euler");
    assert_int_equal(exact->method, EPNET_CHEBYSHEV);
    assert_int_equal(euler->method, EPNET_EULER);
    const EpnetSpec *const specs[] = {exact, euler};
    for (size_t k = 0; k < 2; k++) {
        assert_int_equal(specs[k]->network.nodes, 5);
        assert_int_equal(specs[k]->network.edge_count, 20);
        assert_true(specs[k]->network.copy == 0.2 && specs[k]->network.drive[19] == INFINITY);
        assert_int_equal(specs[k]->initial.state, 0);
        assert_int_equal(specs[k]->cuts[0].mask, 3);
        assert_true(epnet_spec_keeps_trajectories(specs[k]));
    }
    assert_true(exact->times[exact->time_count - 1] == 10);
    assert_int_equal(euler->time_count, 2000);
    for (size_t k = 0; k < 2000; k++)
        assert_int_equal(euler->steps[k], k);
    epnet_spec_free(exact);
    epnet_spec_free(euler);
}

static void test_sweep_examples(void **state) {
    (void)state;
    EpnetSpec *envelope = read_example("envelope"), *florentine = read_example("florentine");
    assert_int_equal(epnet_grid_points(envelope->axes, envelope->axis_count), 64 * 64);
    assert_int_equal(epnet_grid_points(florentine->axes, florentine->axis_count), 16 * 16);
    assert_int_equal(florentine->network.nodes, 15);
    assert_int_equal(florentine->network.edge_count, 40);
    const EpnetNetwork *network = &florentine->network;
    uint64_t expected = 0; /* the Medici and whom they are tied to */
    for (size_t e = 0; e < network->edge_count; e++) {
        if (strcmp(network->names[network->source[e]], "Medici") == 0)
            expected |= (uint64_t)1 << network->source[e] | (uint64_t)1 << network->target[e];
    }
    assert_int_equal(__builtin_popcountll(expected), 7);
    assert_int_equal(florentine->cuts[0].mask, expected);
    epnet_spec_free(envelope);
    epnet_spec_free(florentine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_no_edges),
        cmocka_unit_test(test_matrices),
        cmocka_unit_test(test_edges_file_of_numbers),
        cmocka_unit_test(test_edges_file_of_names),
        cmocka_unit_test(test_initial),
        cmocka_unit_test(test_initial_stationary),
        cmocka_unit_test(test_normalised),
        cmocka_unit_test(test_absolute_path),
        cmocka_unit_test(test_worked_examples),
        cmocka_unit_test(test_sweep_examples),
    };
    return cmocka_run_group_tests(tests, spec_text_setup, spec_text_teardown);
}

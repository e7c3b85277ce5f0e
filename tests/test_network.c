/* Topologies and edge lists. */
#include "network.h"
#include "support/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The directed edges as text, "0>1 1>0 ". */
static void check_edges(int nodes, const char *topology, const char *expected) {
    EpnetNetwork network = {.nodes = nodes};
    char text[1024] = "";
    assert_int_equal(epnet_network_topology(&network, topology, NULL), EPNET_OK);
    for (size_t e = 0; e < network.edge_count; e++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%d>%d", e > 0 ? " " : "", network.source[e],
                 network.target[e]);
        assert_true(network.weight[e] == 1);
        assert_true(network.drive[e] == INFINITY);
    }
    assert_string_equal(text, expected);
    epnet_network_free(&network);
}

static void test_edges(void **state) {
    (void)state;
    check_edges(3, "complete", "0>1 1>0 0>2 2>0 1>2 2>1");
    check_edges(4, "path", "0>1 1>0 1>2 2>1 2>3 3>2");
    check_edges(4, "ring", "0>1 1>0 1>2 2>1 2>3 3>2 3>0 0>3");
    check_edges(4, "star", "0>1 1>0 0>2 2>0 0>3 3>0");
    check_edges(4, "none", "");
}

static void test_small(void **state) {
    (void)state;
    check_edges(3, "ring", "0>1 1>0 1>2 2>1 2>0 0>2");
    const char *const topologies[] = {"complete", "path", "ring", "star"};
    for (size_t t = 0; t < 4; t++) {
        check_edges(2, topologies[t], "0>1 1>0"); /* one link: a ring of two is not two */
        check_edges(1, topologies[t], "");
    }
}

static void test_counts(void **state) {
    (void)state;
    for (int nodes = 3; nodes <= 30; nodes++) {
        size_t n = (size_t)nodes;
        const struct {
            const char *topology;
            size_t edges;
        } cases[] = {
            {"complete", n * (n - 1)}, {"ring", 2 * n}, {"path", 2 * (n - 1)}, {"star", 2 * (n - 1)}};
        for (size_t c = 0; c < 4; c++) {
            EpnetNetwork network = {.nodes = nodes};
            assert_int_equal(epnet_network_topology(&network, cases[c].topology, NULL), EPNET_OK);
            assert_int_equal(network.edge_count, cases[c].edges);
            bool seen[30][30] = {{false}};
            for (size_t e = 0; e < network.edge_count; e++) {
                int i = network.source[e], j = network.target[e];
                assert_true(i >= 0 && i < nodes && j >= 0 && j < nodes && i != j && !seen[i][j]);
                seen[i][j] = true;
            }
            for (int i = 0; i < nodes; i++) {
                for (int j = 0; j < nodes; j++)
                    assert_int_equal(seen[i][j], seen[j][i]);
            }
            epnet_network_free(&network);
        }
    }
}

static void test_unknown(void **state) {
    (void)state;
    EpnetNetwork network = {.nodes = 3};
    EpnetError error = {0};
    assert_int_equal(epnet_network_topology(&network, "tree", &error), EPNET_USAGE);
    assert_non_null(strstr(error.message, "\"tree\""));
    assert_non_null(strstr(error.message, "complete, ring, path, star, none"));
    assert_int_equal(network.edge_count, 0);
    epnet_network_free(&network);
}

static void test_add(void **state) {
    (void)state;
    EpnetNetwork network = {.nodes = 5};
    for (int e = 0; e < 100; e++) /* across several growths of the arrays */
        assert_int_equal(epnet_network_add_edge(&network, e % 5, (e + 1) % 5, 0.25 + e, NULL), EPNET_OK);
    assert_int_equal(network.edge_count, 100);
    for (int e = 0; e < 100; e++) {
        assert_int_equal(network.source[e], e % 5);
        assert_int_equal(network.target[e], (e + 1) % 5);
        assert_true(network.weight[e] == 0.25 + e && network.drive[e] == INFINITY);
    }
    epnet_network_free(&network);
    assert_null(network.source);
    assert_int_equal(network.edge_count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edges),   cmocka_unit_test(test_small), cmocka_unit_test(test_counts),
        cmocka_unit_test(test_unknown), cmocka_unit_test(test_add),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

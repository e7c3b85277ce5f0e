/* q = pL of the streaming engine: narrow and wide tiles, one pass and several, windows and direct nodes. */
#include "stream_run.h"

#include "cpu/cpu_backend.h"
#include "stream_layout.h"

#include <math.h>
#include <stdlib.h>

/* A signed vector of sum |p| = 1: Krylov vectors have both signs. */
static double *random_vector(TestRandom *random, size_t states) {
    double *p = test_law_random(random, states, 0.1);
    for (size_t s = 0; s < states; s++)
        p[s] = test_random_below(random, 2) == 0 ? p[s] : -p[s];
    return p;
}

static double *apply_stream(const EpnetProblem *problem, const EpnetPoint *point, const double *p) {
    EpnetError error = {.status = EPNET_OK};
    StreamRun run = stream_run_open(problem);
    double *q = oracle_allocate((size_t)1 << problem->nodes, sizeof(double));
    assert_int_equal(epnet_streaming_apply(run.streaming, point, p, q, &error), EPNET_OK);
    stream_run_close(&run);
    return q;
}

static double *apply_cpu(const EpnetProblem *problem, const EpnetPoint *point, const double *p) {
    EpnetError error = {.status = EPNET_OK};
    void *context;
    double *q = oracle_allocate((size_t)1 << problem->nodes, sizeof(double));
    assert_int_equal(epnet_cpu_backend.open(problem, 0, 1, &context, &error), EPNET_OK);
    assert_int_equal(epnet_cpu_backend.apply(context, point, p, q, &error), EPNET_OK);
    epnet_cpu_backend.close(context);
    return q;
}

static double bound_on_exit(const TestNetwork *network) {
    double bound = 0;
    for (int j = 0; j < network->nodes; j++)
        bound += fmax(network->flip_up[j], network->flip_down[j]);
    for (size_t e = 0; e < network->edge_count; e++)
        bound += network->rate[e];
    return bound;
}

/* Sizes at which the passes change: 5 (one narrow tile) .. 7 (direct nodes), 8 (a window), 10 and 11 (a
 * window and direct nodes), 12 (one wide tile), 13 (direct nodes), 19 (a window), in the long run 22 (both).
 */
static void test_apply(void **state) {
    (void)state;
    const int longest = check_long() ? 22 : 19;
    TestRandom random = test_random(401);
    epnet_emulation_reset();
    for (int nodes = EPNET_STREAM_NODES_MIN; nodes <= longest; nodes++) {
        const size_t states = (size_t)1 << nodes;
        TestNetwork network = test_network_random(&random, nodes, 0.5, 1e-2, 1e2, TEST_DRIVES_MIXED);
        const EpnetProblem problem = test_network_problem(&network, NULL);
        const EpnetPoint point = test_network_point(&network);
        double *p = random_vector(&random, states), *got = apply_stream(&problem, &point, p),
               *expected = apply_cpu(&problem, &point, p);
        double worst = 0;
        for (size_t s = 0; s < states; s++) {
            assert_true(got[s] == got[s]); /* a NaN would pass fmax */
            worst = fmax(worst, fabs(got[s] - expected[s]));
        }
        check_near(worst / bound_on_exit(&network), 0, 1e-15, "pL against the CPU");
        free(p);
        free(got);
        free(expected);
        test_network_free(&network);
    }
}

/* The passes of every size: each node is served once, and tiles and what is within them make up the states.
 */
static void test_plan(void **state) {
    (void)state;
    for (int nodes = EPNET_STREAM_NODES_MIN; nodes <= EPNET_STREAM_NODES_MAX; nodes++) {
        EpnetStreamPlan plan;
        uint64_t served = 0;
        const uint64_t all = ((uint64_t)1 << nodes) - 1;
        epnet_stream_plan(nodes, &plan);
        assert_in_range(plan.pass_count, 1, EPNET_STREAM_PASSES);
        for (int i = 0; i < plan.pass_count; i++) {
            const EpnetStreamPass *pass = &plan.pass[i];
            uint64_t within = 0;
            for (int m = 0; m < epnet_stream_served(pass); m++) {
                const uint64_t bit = (uint64_t)1 << epnet_stream_node(pass, m);
                within |= m < pass->tile_bits ? bit : 0;
                assert_int_equal(epnet_stream_tile_bit(pass, epnet_stream_node(pass, m)),
                                 m < pass->tile_bits ? m : -1);
                if (i > 0 && m < pass->low)
                    continue; /* the first pass served it */
                assert_int_equal(served & bit, 0);
                served |= bit;
            }
            const uint64_t last_tile = ((uint64_t)1 << (nodes - pass->tile_bits)) - 1;
            const uint64_t outside = epnet_stream_tile_state(pass, last_tile);
            assert_int_equal(within & outside, 0);
            assert_int_equal(within | outside, all);
        }
        assert_int_equal(served, all);
    }
}

/* Tiles that read each other over direct nodes follow each other; bits of a number are bits of the state. */
static void test_neighbouring_tiles(void **state) {
    (void)state;
    for (int nodes = EPNET_STREAM_NODES_MIN; nodes <= EPNET_STREAM_NODES_MAX; nodes++) {
        EpnetStreamPlan plan;
        epnet_stream_plan(nodes, &plan);
        const EpnetStreamPass *last = &plan.pass[plan.pass_count - 1];
        for (int d = 0; d < last->direct_count; d++)
            assert_int_equal(epnet_stream_tile_state(last, (uint64_t)1 << d),
                             (uint64_t)1 << (last->direct + d));
        for (int i = 0; i < plan.pass_count; i++) {
            const EpnetStreamPass *pass = &plan.pass[i];
            uint64_t all = 0;
            assert_int_equal(pass->outside_bits, nodes - pass->tile_bits);
            for (int bit = 0; bit < pass->outside_bits; bit++) {
                const uint64_t of_state = epnet_stream_tile_state(pass, (uint64_t)1 << bit);
                assert_int_equal(of_state & (of_state - 1), 0);
                assert_int_equal(of_state & all, 0);
                all |= of_state;
            }
            assert_int_equal(epnet_stream_tile_state(pass, ((uint64_t)1 << pass->outside_bits) - 1), all);
        }
        /* The table of docs/kernels.md. */
        if (nodes >= 17 && nodes <= 30) {
            assert_int_equal(plan.pass_count, nodes <= 18 ? 1 : nodes <= 25 ? 2 : 3);
            assert_int_equal(last->direct_count, nodes <= 18                  ? nodes - 12
                                                 : nodes >= 22 && nodes <= 25 ? nodes - 21
                                                                              : 0);
        }
    }
}

/* Entry by entry against the oracle, each within the rounding of its own inflow and outflow. */
static void test_oracle(void **state) {
    (void)state;
    TestRandom random = test_random(402);
    epnet_emulation_reset();
    for (int nodes = EPNET_STREAM_NODES_MIN; nodes <= 8; nodes++) {
        const size_t states = (size_t)1 << nodes;
        TestNetwork network = test_network_random(&random, nodes, 0.6, 1e-3, 1e3, TEST_DRIVES_MIXED);
        const OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        const EpnetProblem problem = test_network_problem(&network, NULL);
        const EpnetPoint point = test_network_point(&network);
        double *p = test_law_random(&random, states, 0.2), *got = apply_stream(&problem, &point, p);
        Real *wide = test_law_widen(p, states), *dp = oracle_allocate(2 * states, sizeof(Real)),
             *gross = dp + states;
        oracle_derivative(&chain, wide, dp, gross);
        for (size_t s = 0; s < states; s++)
            check_near(got[s], dp[s], 1e-14L * gross[s] + 1e-300L, "pL against the oracle");
        free(p);
        free(got);
        free(wide);
        free(dp);
        oracle_chain_free(&chain);
        test_network_free(&network);
    }
}

/* The same bytes whatever order threads run in, and however many multiprocessors share the tiles. */
static void test_same_bytes(void **state) {
    (void)state;
    const int sizes[] = {6, 11, 14, 19};
    TestRandom random = test_random(403);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t states = (size_t)1 << sizes[i];
        TestNetwork network = test_network_random(&random, sizes[i], 0.4, 1e-2, 1e2, TEST_DRIVES_FINITE);
        const EpnetProblem problem = test_network_problem(&network, NULL);
        const EpnetPoint point = test_network_point(&network);
        epnet_emulation_reset();
        double *p = random_vector(&random, states), *first = apply_stream(&problem, &point, p);
        for (int order = 1; order <= EPNET_EMULATION_ORDERS; order++) {
            epnet_emulation_reset();
            epnet_emulation_order((EpnetEmulationOrder)(order % EPNET_EMULATION_ORDERS), 7);
            if (order == EPNET_EMULATION_ORDERS)
                epnet_emulation_device(0, "one multiprocessor", 9, 0, 1, (size_t)1 << 30, 49152);
            double *again = apply_stream(&problem, &point, p);
            assert_memory_equal(again, first, states * sizeof *p);
            free(again);
        }
        free(p);
        free(first);
        test_network_free(&network);
    }
}

/* Networks that the engine does not take, and a device without room. */
static void test_refusals(void **state) {
    (void)state;
    EpnetError error;
    EpnetStreaming *streaming;
    TestNetwork small = test_network_complete(EPNET_STREAM_NODES_MIN - 1, 1, 1),
                large = test_network_complete(16, 1, 1);
    EpnetProblem problem = test_network_problem(&small, NULL);
    epnet_emulation_reset();
    assert_int_equal(epnet_streaming_open(&problem, NULL, &streaming, &error), EPNET_INTERNAL);
    problem = test_network_problem(&large, NULL);
    epnet_emulation_device(0, "small", 9, 0, 1, epnet_streaming_bytes(&problem) / 2, 49152);
    assert_int_equal(epnet_streaming_open(&problem, NULL, &streaming, &error), EPNET_DEVICE);
    assert_non_null(strstr(error.message, "cudaErrorMemoryAllocation"));
    assert_null(streaming);
    assert_int_equal(epnet_emulation_held().allocations, 0);
    epnet_emulation_device(0, "enough", 9, 0, 1, epnet_streaming_bytes(&problem) + (1 << 16), 49152);
    StreamRun run = stream_run_open(&problem);
    stream_run_close(&run);
    test_network_free(&small);
    test_network_free(&large);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_neighbouring_tiles),
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_apply),
        cmocka_unit_test(test_oracle),
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The sample of states that the split method's error is estimated from (host/cpu/split_probe.h). */
#include "cpu/split_probe.h"
#include "support/check.h"
#include "support/compare.h"
#include "support/engine.h"

#include <math.h>
#include <stdlib.h>

enum { NODES = 22, STATES = 1 << NODES, CHUNK = STATES >> 8 };

static EpnetSplitProbe probe_make(int nodes, size_t times) {
    EpnetSplitProbe probe;
    assert_true(epnet_split_probe_alloc(&probe, nodes, times, NULL));
    return probe;
}

/* The sample of states that stands for all beyond 2^14. */
static void drawn_distances(void **state) {
    (void)state;
    TestRandom random = test_random(905);
    for (int nodes = 15; nodes <= 17; nodes++) {
        const size_t n = (size_t)1 << nodes;
        double *p = oracle_allocate(n, sizeof *p), *q = oracle_allocate(n, sizeof *q), sum = 0;
        for (size_t s = 0; s < n; s++)
            sum += p[s] = s % 3 == 0 ? 0 : test_random_log(&random, 1e-8, 1);
        for (size_t s = 0; s < n; s++) {
            p[s] /= sum;
            q[s] = p[s] * (1 + 1e-3 * (test_random_uniform(&random) - 0.3));
        }
        double expected = 0;
        for (size_t s = 0; s < n; s++)
            expected += fabs(p[s] - q[s]);
        EpnetSplitProbe probe = probe_make(nodes, 2);
        epnet_split_probe_draw(&probe, 1, p);
        assert_true(epnet_split_probe_compare(&probe, 1, p) == 0);
        check_near(epnet_split_probe_compare(&probe, 1, q) / expected, 1, 0.02, "distance");
        check_near(epnet_split_probe_compare(&probe, 1, p) / expected, 1, 0.02, "and back");
        epnet_split_probe_free(&probe);
        free(p);
        free(q);
    }
}

/* A target falls to a chunk whose states are each too light to be seen beside the sum before them, the first
 * of them empty. */
static void light_chunks_give_occupied_states(void **state) {
    (void)state;
    double *p = oracle_allocate(STATES, sizeof *p);
    for (size_t s = CHUNK + 1; s < 2 * CHUNK; s++)
        p[s] = ldexp(1, -63);
    p[0] = 8192.5 / 16384;
    p[STATES - 1] = 1 - p[0];
    EpnetSplitProbe probe = probe_make(NODES, 1);
    epnet_split_probe_draw(&probe, 0, p);
    size_t light = 0;
    for (size_t i = 0; i < probe.count; i++) {
        assert_true(p[probe.states[i]] > 0);
        assert_true(isfinite(probe.weights[i]) && probe.values[i] == p[probe.states[i]]);
        light += probe.states[i] > 0 && probe.states[i] < STATES - 1;
    }
    assert_int_equal(light, 1);
    assert_true(epnet_split_probe_compare(&probe, 0, p) == 0);
    epnet_split_probe_free(&probe);
    free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drawn_distances),
        cmocka_unit_test(light_chunks_give_occupied_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

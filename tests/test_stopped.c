/* A run that is to stop while a large point is at work: loops over its pairs of states end early. That they
 * do is seen by what they leave out. */
#include "cpu/observe_sums.h"
#include "cpu/reach.h"
#include "support/check.h"
#include "support/random_network.h"

#include <stdlib.h>
#include <string.h>

enum { NODES = 18, STATES = 1 << NODES };

typedef struct Work {
    TestNetwork network;
    EpnetProblem problem;
    EpnetGenerator generator;
    EpnetObserver observer;
    double *p;
    double times[8];
    volatile int stop;
} Work;

static void work_make(Work *work) {
    TestRandom random = test_random(71);
    memset(work, 0, sizeof *work);
    work->network = test_network_random(&random, NODES, 0.1, 0.1, 10, TEST_DRIVES_FINITE);
    work->p = test_law_random(&random, STATES, 0);
    work->problem = test_network_problem(&work->network, work->p);
    for (size_t k = 0; k < 8; k++)
        work->times[k] = (double)k;
    work->problem.times = work->times;
    work->problem.time_count = 8; /* so many that ratios of rates are kept as weights */
    assert_true(epnet_generator_alloc(&work->generator, NODES));
    assert_true(epnet_observer_alloc(&work->observer, &work->problem));
    const EpnetPoint point = test_network_point(&work->network);
    epnet_generator_set(&work->generator, &work->problem, &point, NULL, true);
    work->generator.stop = &work->stop;
    epnet_observer_set(&work->observer, &work->generator);
    epnet_observe_logarithms(&work->observer, work->p);
}

static void work_free(Work *work) {
    epnet_observer_free(&work->observer);
    epnet_generator_free(&work->generator);
    free(work->p);
    test_network_free(&work->network);
}

static void sums_over_channels(void **state) {
    (void)state;
    Work work;
    work_make(&work);
    assert_true(epnet_observe_copies(&work.observer, NULL, work.p).production > 0);
    assert_true(epnet_observe_flips(&work.observer, work.p).production > 0);
    const double whole = epnet_observe_node_production(&work.observer, work.p, 3);
    work.stop = 1;
    assert_true(epnet_observe_copies(&work.observer, NULL, work.p).production == 0);
    assert_true(epnet_observe_flips(&work.observer, work.p).production == 0);
    assert_true(epnet_observe_node_production(&work.observer, work.p, 3) != whole);
    work_free(&work);
}

static void weights(void **state) {
    (void)state;
    Work work;
    work_make(&work);
    work.stop = 1;
    const double *production = epnet_weights_production(&work.observer.weights, &work.generator);
    assert_non_null(production);
    for (size_t s = 0; s < STATES; s++)
        assert_true(production[s] == 0);
    work_free(&work);
}

static void reachability(void **state) {
    (void)state;
    Work work;
    work_make(&work);
    double *pure = test_law_pure(STATES, 5);
    unsigned char *reached = oracle_allocate(STATES, 1);
    uint32_t *queue = oracle_allocate(STATES, sizeof *queue);
    epnet_reach_forward(&work.generator, pure, reached, queue);
    size_t count = 0;
    for (size_t s = 0; s < STATES; s++)
        count += reached[s];
    assert_int_equal(count, STATES);
    work.stop = 1;
    epnet_reach_forward(&work.generator, pure, reached, queue);
    for (size_t s = 0; s < STATES; s++)
        assert_int_equal(reached[s], s == 5);
    free(queue);
    free(reached);
    free(pure);
    work_free(&work);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_over_channels),
        cmocka_unit_test(weights),
        cmocka_unit_test(reachability),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

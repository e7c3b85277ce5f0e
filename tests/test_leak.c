/* The leak: quench and decay fitted again by the oracle from its own relaxation, and what cannot be fitted.
 */
#include "support/check.h"
#include "support/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 400 }; /* samples of a fit here */

static const EpnetLeakSettings defaults = {EPNET_LEAK_QUENCH, {0.5, 0.01}, 101, 1000, 1};

static EpnetProblem leak_problem(const TestNetwork *network, EpnetLeakSettings leak) {
    EpnetProblem problem = test_network_problem(network, NULL);
    problem.kind = EPNET_STATIONARY;
    problem.leak = leak;
    return problem;
}

typedef struct Measured {
    EpnetPointStatus status;
    double information, leak, low, high;
    double t[MOST], y[MOST]; /* the fitted quench */
} Measured;

static Measured measure(const EpnetProblem *problem, const EpnetPoint *point) {
    Measured measured = {0};
    const size_t samples = problem->leak.samples;
    TestRows rows = test_rows(problem, point, 1, 1);
    assert_true(samples <= MOST);
    measured.status = (EpnetPointStatus)rows.rows.status[0];
    measured.information = rows.rows.last[EPNET_MULTIINFORMATION];
    measured.leak = rows.rows.point[EPNET_LEAK];
    measured.low = rows.rows.point[EPNET_LEAK_LOW];
    measured.high = rows.rows.point[EPNET_LEAK_HIGH];
    if (rows.rows.leak_curve != NULL) {
        memcpy(measured.t, rows.rows.leak_curve, samples * sizeof(double));
        memcpy(measured.y, rows.rows.leak_curve + samples, samples * sizeof(double));
    }
    test_rows_free(&rows);
    return measured;
}

static Measured measure_network(const TestNetwork *network, EpnetLeakSettings leak) {
    EpnetProblem problem = leak_problem(network, leak);
    EpnetPoint point = test_network_point(network);
    return measure(&problem, &point);
}

/* The engine's numbers against a quench from p0 by the oracle. */
static void check_quench(const Measured *measured, const TestNetwork *network, const Real *p0,
                         EpnetLeakSettings leak, Real within) {
    Real t[MOST], y[MOST], low, high;
    OracleNetwork oracle = test_network_oracle(network);
    const Real slope = oracle_quench(&oracle, p0, leak.window, leak.samples, t, y);
    oracle_leak_interval(leak.samples, t, y, leak.bootstrap, leak.seed, &low, &high);
    assert_int_equal(measured->status, EPNET_POINT_OK);
    check_near(measured->leak, slope, within * slope, "leak");
    check_near(measured->low, low, within * slope, "leak_low");
    check_near(measured->high, high, within * slope, "leak_high");
    for (size_t k = 0; k < leak.samples; k++) {
        check_near(measured->t[k], t[k], within * t[leak.samples - 1], "time of a sample");
        check_near(measured->y[k], y[k], 10 * within, "ln I of a sample");
    }
}

/* The stationary law in long double. */
static Real *stationary_law(const TestNetwork *network) {
    OracleNetwork oracle = test_network_oracle(network);
    OracleChain chain = oracle_chain(&oracle);
    Real *pi = oracle_allocate(chain.states, sizeof(Real));
    assert_true(oracle_chain_stationary(&chain, pi));
    oracle_chain_free(&chain);
    return pi;
}

/* ---- quench ------------------------------------------------------------------------------------------- */

/* Five nodes at copy_total = 10, sigma = 1: the figures of theory.md. */
static void reference_quench(void **state) {
    (void)state;
    const uint64_t cut = 3;
    TestNetwork network = test_network_complete(5, 0.5, 0);
    EpnetProblem problem = leak_problem(&network, defaults);
    EpnetPoint point = test_network_point(&network);
    problem.constant_drive = true;
    problem.cuts = &cut;
    problem.cut_count = 1;
    point.sigma = 1;
    Measured measured = measure(&problem, &point);
    check_near(measured.leak, 7.8595, 5e-5, "leak");
    assert_true(measured.low < 7.8595 && 7.8595 < measured.high && measured.high - measured.low < 0.02);
    check_near(measured.information, 0.020424032010, 1e-12, "I at the start");

    for (size_t e = 0; e < network.edge_count; e++)
        network.drive[e] = 0.8028869706;
    Real *pi = stationary_law(&network);
    double p[32];
    for (size_t s = 0; s < 32; s++)
        p[s] = (double)pi[s];
    check_quench(&measured, &network, pi, defaults, 1e-8L);
    network.edge_count = 0; /* the copies are off */
    double *row = test_row_of(&network, p, &cut, 1), *columns = row + EPNET_COLUMNS;
    check_near(-row[EPNET_MULTIINFORMATION_RATE] / row[EPNET_MULTIINFORMATION], 7.57965, 5e-6, "at first");
    check_near(-columns[EPNET_CUT_MUTUAL_INFORMATION_RATE] / columns[EPNET_CUT_MUTUAL_INFORMATION], 7.33863,
               5e-6, "of I(S;Sc)");
    free(row);
    free(pi);

    problem.leak.window[0] = 1e-8;
    problem.leak.window[1] = 1e-9;
    measured = measure(&problem, &point);
    check_near(measured.leak, 8, 1e-4, "at last");
    test_network_free(&network);
}

/* Random networks, windows, numbers of samples. */
static void quenches_of_random_networks(void **state) {
    (void)state;
    TestRandom random = test_random(703);
    for (int trial = 0; trial < 24; trial++) {
        TestNetwork network = test_network_random(&random, 2 + trial % 3, 0.8, 0.1, 10, TEST_DRIVES_MIXED);
        EpnetLeakSettings leak = {EPNET_LEAK_QUENCH, {0, 0}, 3, 100, test_random_bits(&random) >> 1};
        leak.window[0] = 0.2 + 0.75 * test_random_uniform(&random);
        leak.window[1] = leak.window[0] * test_random_log(&random, 1e-3, 0.9);
        leak.samples += test_random_below(&random, 60);
        if (network.edge_count > 0) {
            Measured measured = measure_network(&network, leak);
            Real *pi = stationary_law(&network);
            if (measured.status == EPNET_POINT_OK) /* drives of 0 alone leave no correlation */
                check_quench(&measured, &network, pi, leak, 1e-8L);
            else
                assert_true(measured.status == EPNET_POINT_NO_DECAY);
            assert_true(measured.status == EPNET_POINT_OK || trial > 1);
            free(pi);
        }
        test_network_free(&network);
    }
}

/* One-sided flips relax to a corner, where I dies out at another rate than by pairs. */
static void quench_into_a_corner(void **state) {
    (void)state;
    TestNetwork network = test_network_complete(3, 2, 3);
    test_network_set_flips(&network, 0, 1);
    network.flip_down[1] = 1.7;
    network.flip_up[2] = 0.4;
    Measured measured = measure_network(&network, defaults);
    Real *pi = stationary_law(&network);
    check_quench(&measured, &network, pi, defaults, 1e-9L);
    free(pi);
    test_network_free(&network);
}

/* Faint correlations: from 1e-6 down to 1e-20 nat the fit keeps its digits; rounding alone is not fitted. */
static void faint_information(void **state) {
    (void)state;
    const double rates[] = {1e-3, 1e-6, 1e-8, 1e-10, 3e-13}, within[] = {1e-9, 1e-8, 1e-6, 1e-4, 0};
    const double sizes[] = {1e-7, 1e-13, 1e-17, 1e-21, 0};
    for (size_t k = 0; k < 5; k++) {
        TestNetwork network = test_network_complete(3, rates[k], 1.5);
        network.flip_up[0] = 0.6;
        network.flip_down[2] = 1.9;
        network.rate[1] *= 3;
        Measured measured = measure_network(&network, defaults);
        if (k < 4) {
            Real *pi = stationary_law(&network);
            assert_true(measured.information > sizes[k] / 10 && measured.information < sizes[k] * 100);
            check_quench(&measured, &network, pi, defaults, within[k]);
            free(pi);
        } else {
            assert_int_equal(measured.status, EPNET_POINT_NO_DECAY);
        }
        test_network_free(&network);
    }
}

/* Rare nodes beyond elimination: correlations of entries far below the largest. The faintest, and so the
 * last, decays as a pair does, 2 (Gamma_i + Gamma_j); below what rounding leaves of it nothing is fitted. */
static void faint_information_of_many_nodes(void **state) {
    (void)state;
    const double up = 2e-5, down = 0.5, rates[] = {1e-14, 1e-11, 1e-10, 1e-9, 1e-8};
    for (int nodes = 8; nodes <= 13; nodes += 5) {
        for (size_t k = 0; k < 5; k++) {
            TestNetwork network = test_network_ring(nodes, rates[k], 3);
            test_network_set_flips(&network, up, down);
            Measured measured = measure_network(&network, defaults);
            if (k == 0)
                assert_int_equal(measured.status, EPNET_POINT_NO_DECAY);
            else
                check_near(measured.leak, 4 * (up + down), 1e-4, "leak");
            test_network_free(&network);
        }
    }
}

/* At the end of a trajectory. */
static void quench_of_a_trajectory(void **state) {
    (void)state;
    TestRandom random = test_random(704);
    const double times[] = {0.3, 0.9};
    for (int trial = 0; trial < 4; trial++) {
        TestNetwork network = test_network_random(&random, 3, 0.9, 0.3, 3, TEST_DRIVES_MIXED);
        double *start = test_law_random(&random, 8, 0.4);
        EpnetProblem problem = leak_problem(&network, defaults);
        EpnetPoint point = test_network_point(&network);
        problem.kind = EPNET_TRAJECTORY;
        problem.tolerance = 1e-13;
        problem.initial = start;
        problem.times = times;
        problem.time_count = 2;
        Measured measured = measure(&problem, &point);

        OracleNetwork oracle = test_network_oracle(&network);
        OracleChain chain = oracle_chain(&oracle);
        Real *generator = oracle_generator(&chain), *wide = test_law_widen(start, 8), evolve[64], p[8];
        oracle_exponential(8, generator, times[1], evolve);
        oracle_advance(8, wide, evolve, p);
        check_quench(&measured, &network, p, defaults, 1e-8L);
        free(wide);
        free(generator);
        oracle_chain_free(&chain);
        free(start);
        test_network_free(&network);
    }
}

static void nothing_to_fit(void **state) {
    (void)state;
    TestNetwork undriven = test_network_complete(4, 0.7, 0); /* a product law: I = 0 but for rounding */
    undriven.flip_up[1] = 0.3;
    assert_int_equal(measure_network(&undriven, defaults).status, EPNET_POINT_NO_DECAY);
    TestNetwork alone = test_network_complete(3, 0, INFINITY);
    assert_int_equal(measure_network(&alone, defaults).status, EPNET_POINT_NO_DECAY);
    TestNetwork many = test_network_complete(8, 0.2, 0); /* the law of Krylov corrections */
    assert_int_equal(measure_network(&many, defaults).status, EPNET_POINT_NO_DECAY);
    TestNetwork kept = test_network_complete(3, 1, 2); /* nodes 0 and 1 have no flips to part them */
    kept.flip_up[0] = kept.flip_down[0] = kept.flip_up[1] = kept.flip_down[1] = 0;
    Measured measured = measure_network(&kept, defaults);
    assert_int_equal(measured.status, EPNET_POINT_NO_DECAY);
    assert_true(isnan(measured.leak) && isnan(measured.low) && isnan(measured.information));
    kept.flip_up[1] = 0.1; /* one of them relaxes: that is enough */
    measured = measure_network(&kept, defaults);
    Real *pi = stationary_law(&kept);
    check_quench(&measured, &kept, pi, defaults, 1e-9L);
    free(pi);
    TestNetwork still = test_network_complete(3, 1, 2); /* no flips at all */
    test_network_set_flips(&still, 0, 0);
    assert_int_equal(measure_network(&still, defaults).status, EPNET_POINT_NO_DECAY);

    const double now = 0.7; /* a trajectory from a product law, without copies: errors are not a signal */
    double *start = test_law_uniform(8);
    EpnetProblem problem = leak_problem(&alone, defaults);
    EpnetPoint point = test_network_point(&alone);
    problem.kind = EPNET_TRAJECTORY;
    problem.initial = start;
    problem.times = &now;
    problem.time_count = 1;
    test_network_set_flips(&alone, 0.3, 2);
    assert_int_equal(measure(&problem, &point).status, EPNET_POINT_NO_DECAY);
    free(start);
    test_network_free(&still);
    test_network_free(&kept);
    test_network_free(&many);
    test_network_free(&alone);
    test_network_free(&undriven);
}

/* ---- decay -------------------------------------------------------------------------------------------- */

/* A trajectory of equally spaced samples, the leak of its decay, and I at the samples by the oracle. */
typedef struct Decay {
    Measured measured;
    Real information[MOST], stationary;
    double times[MOST];
    size_t count;
} Decay;

static Decay decay_of(const TestNetwork *network, const double *start, double end, size_t count) {
    Decay decay = {.count = count};
    const size_t n = (size_t)1 << network->nodes;
    EpnetProblem problem = leak_problem(network, defaults);
    EpnetPoint point = test_network_point(network);
    problem.leak.kind = EPNET_LEAK_DECAY;
    problem.kind = EPNET_TRAJECTORY;
    problem.tolerance = 1e-13;
    problem.initial = start;
    problem.times = decay.times;
    problem.time_count = count;
    for (size_t k = 0; k < count; k++)
        decay.times[k] = end * (double)k / (double)(count - 1);
    decay.measured = measure(&problem, &point);

    OracleNetwork oracle = test_network_oracle(network);
    OracleChain chain = oracle_chain(&oracle);
    Real *generator = oracle_generator(&chain), *step = oracle_allocate(n * n, sizeof(Real));
    Real *p = test_law_widen(start, n), *next = oracle_allocate(n, sizeof(Real));
    oracle_exponential(n, generator, (Real)end / (Real)(count - 1), step);
    for (size_t k = 0; k < count; k++) {
        decay.information[k] = oracle_multiinformation(&chain, p);
        oracle_advance(n, p, step, next);
        memcpy(p, next, n * sizeof *p);
    }
    assert_true(oracle_chain_stationary(&chain, p));
    decay.stationary = oracle_multiinformation(&chain, p);
    free(next);
    free(p);
    free(step);
    free(generator);
    oracle_chain_free(&chain);
    return decay;
}

/* The fit after sample `from`, recomputed. */
static void check_decay(const Decay *decay, size_t from) {
    Real t[MOST], y[MOST], low, high;
    const Real amplitude = fabsl(decay->information[from] - decay->stationary);
    size_t used = 0;
    for (size_t k = from; k < decay->count; k++) {
        const Real part = fabsl(decay->information[k] - decay->stationary) / amplitude;
        if (part > 0.5L || part < 0.01L)
            continue;
        t[used] = decay->times[k];
        y[used++] = logl(part * amplitude);
    }
    const Real slope = oracle_leak_slope(used, t, y);
    oracle_leak_interval(used, t, y, defaults.bootstrap, defaults.seed, &low, &high);
    assert_true(used > 10);
    assert_int_equal(decay->measured.status, EPNET_POINT_OK);
    check_near(decay->measured.leak, slope, 1e-7L * slope, "decay");
    check_near(decay->measured.low, low, 1e-7L * slope, "leak_low");
    check_near(decay->measured.high, high, 1e-7L * slope, "leak_high");
}

/* The worked example from all zeros: I rises to its stationary value. */
static void decay_without_a_peak(void **state) {
    (void)state;
    TestNetwork network = test_network_complete(5, 0.2, INFINITY);
    double *start = test_law_pure(32, 0);
    Decay decay = decay_of(&network, start, 6, 301);
    check_decay(&decay, 0);
    free(start);
    test_network_free(&network);
}

/* All zeros is far from the stationary law: I rises above it, peaks, and comes down. To 60 s: the tail is
 * rounding, whose turns are not extrema. */
static void decay_after_a_peak(void **state) {
    (void)state;
    TestNetwork network = test_network_complete(3, 0.8, 4);
    test_network_set_flips(&network, 1, 0.1);
    network.flip_up[2] = 0.7;
    double *start = test_law_pure(8, 0);
    const double ends[] = {8, 60};
    for (size_t e = 0; e < 2; e++) {
        Decay decay = decay_of(&network, start, ends[e], 400);
        size_t peak = 0;
        for (size_t k = 0; k < decay.count; k++)
            peak = decay.information[k] > decay.information[peak] ? k : peak;
        assert_true(peak > 2 && decay.information[peak] > 1.2L * decay.stationary);
        check_decay(&decay, peak);
    }
    free(start);
    test_network_free(&network);
}

static void no_decay_to_fit(void **state) {
    (void)state;
    TestNetwork network = test_network_complete(3, 0.8, 4);
    test_network_set_flips(&network, 1, 0.1);
    double *zeros = test_law_pure(8, 0), at_rest[8];
    Real *pi = stationary_law(&network);
    for (size_t s = 0; s < 8; s++)
        at_rest[s] = (double)pi[s];
    /* Ends before the peak has decayed to a hundredth; too few samples; starts where it ends. */
    assert_int_equal(decay_of(&network, zeros, 1.5, 200).measured.status, EPNET_POINT_NO_DECAY);
    assert_int_equal(decay_of(&network, zeros, 60, 12).measured.status, EPNET_POINT_NO_DECAY);
    assert_int_equal(decay_of(&network, at_rest, 8, 200).measured.status, EPNET_POINT_NO_DECAY);
    Decay none = decay_of(&network, at_rest, 8, 200);
    assert_true(isnan(none.measured.leak) && isnan(none.measured.information));
    free(pi);
    free(zeros);
    test_network_free(&network);
}

/* ---- determinism -------------------------------------------------------------------------------------- */

static void same_numbers_for_any_threads_and_order(void **state) {
    (void)state;
    enum { COUNT = 9 };
    TestRandom random = test_random(705);
    TestNetwork network = test_network_random(&random, 4, 0.9, 0.3, 3, TEST_DRIVES_FINITE);
    double *rates[COUNT];
    EpnetPoint points[COUNT], reversed[COUNT];
    for (size_t k = 0; k < COUNT; k++) {
        rates[k] = oracle_allocate(network.edge_count, sizeof(double));
        for (size_t e = 0; e < network.edge_count; e++)
            rates[k][e] = network.rate[e] * (0.2 + 0.3 * (double)k);
        points[k] = test_network_point(&network);
        points[k].rate = rates[k];
        reversed[COUNT - 1 - k] = points[k];
    }
    EpnetProblem problem = leak_problem(&network, defaults);
    TestRows one = test_rows(&problem, points, COUNT, 1), two = test_rows(&problem, points, COUNT, 2);
    TestRows back = test_rows(&problem, reversed, COUNT, 2);
    const size_t size = EPNET_POINT_COLUMNS * sizeof(double);
    assert_memory_equal(one.rows.point, two.rows.point, COUNT * size);
    for (size_t k = 0; k < COUNT; k++)
        assert_memory_equal(one.rows.point + k * EPNET_POINT_COLUMNS,
                            back.rows.point + (COUNT - 1 - k) * EPNET_POINT_COLUMNS, size);
    Measured first = measure(&problem, &points[2]);
    assert_true(first.leak == one.rows.point[2 * EPNET_POINT_COLUMNS + EPNET_LEAK]);
    assert_true(first.low == one.rows.point[2 * EPNET_POINT_COLUMNS + EPNET_LEAK_LOW]);
    problem.leak.seed = 2;
    Measured second = measure(&problem, &points[2]);
    assert_true(second.leak == first.leak && second.low != first.low && second.high != first.high);
    problem.leak.seed = 1 + (UINT64_C(1) << 40); /* the upper half of the seed counts, too */
    assert_true(measure(&problem, &points[2]).low != first.low);
    for (size_t k = 0; k < COUNT; k++)
        free(rates[k]);
    test_rows_free(&back);
    test_rows_free(&two);
    test_rows_free(&one);
    test_network_free(&network);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_quench),
        cmocka_unit_test(quenches_of_random_networks),
        cmocka_unit_test(quench_into_a_corner),
        cmocka_unit_test(faint_information),
        cmocka_unit_test(faint_information_of_many_nodes),
        cmocka_unit_test(quench_of_a_trajectory),
        cmocka_unit_test(nothing_to_fit),
        cmocka_unit_test(decay_without_a_peak),
        cmocka_unit_test(decay_after_a_peak),
        cmocka_unit_test(no_decay_to_fit),
        cmocka_unit_test(same_numbers_for_any_threads_and_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

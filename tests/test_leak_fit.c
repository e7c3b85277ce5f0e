/* The line through ln I and its bootstrap interval, from the documented draws and an independent Philox. */
#include "leak_fit.h"
#include "oracle.h"
#include "philox.h"
#include "support/check.h"
#include "support/random_network.h"

#include <math.h>

enum { MOST = 400 };

/* Known answers of the generator's authors: the draws rest on the published algorithm. */
static void philox_known_answers(void **state) {
    (void)state;
    const uint32_t cases[3][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e,
         0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb,
         0x5001e420, 0x24126ea1},
    };
    for (size_t c = 0; c < 3; c++) {
        uint32_t words[4];
        oracle_philox(cases[c], cases[c] + 4, words);
        assert_memory_equal(words, cases[c] + 6, sizeof words);
        const EpnetPhiloxWords counter = {{cases[c][0], cases[c][1], cases[c][2], cases[c][3]}};
        const EpnetPhiloxWords random = epnet_philox(counter, (uint64_t)cases[c][5] << 32 | cases[c][4]);
        assert_memory_equal(random.v, cases[c] + 6, sizeof random.v);
    }
}

/* epnet_leak_fit of n points. */
static EpnetLeakFit fit_line(size_t n, const double *t, const double *y, size_t bootstrap, uint64_t seed) {
    EpnetLeakSettings settings = {EPNET_LEAK_QUENCH, {0.5, 0.01}, n, bootstrap, seed};
    EpnetLeakWork work;
    EpnetLeakFit fit;
    assert_true(epnet_leak_alloc(&work, &settings, 0));
    epnet_leak_fit(&work, n, t, y, &fit);
    epnet_leak_free(&work);
    return fit;
}

static double gaussian(TestRandom *random) {
    return sqrt(-2 * log(test_random_uniform(random))) * cos(2 * M_PI * test_random_uniform(random));
}

/* A line with noise: the numbers of every draw, for sizes that are and are not multiples of four. */
static void intervals_from_documented_draws(void **state) {
    (void)state;
    TestRandom random = test_random(701);
    const size_t sizes[] = {3, 4, 5, 26, 101, 399};
    const uint64_t seeds[] = {0, 1, 77, UINT64_C(0x123456789abcdef), INT64_MAX};
    for (size_t k = 0; k < 6; k++) {
        for (size_t s = 0; s < 5; s++) {
            double t[MOST], y[MOST];
            Real wide_t[MOST], wide_y[MOST], low, high;
            for (size_t i = 0; i < sizes[k]; i++) {
                wide_t[i] = t[i] = 5 + 0.3 * (double)i + 0.1 * test_random_uniform(&random);
                wide_y[i] = y[i] = 4 - 2.5 * t[i] + gaussian(&random);
            }
            EpnetLeakFit fit = fit_line(sizes[k], t, y, 250 + s, seeds[s]);
            oracle_leak_interval(sizes[k], wide_t, wide_y, 250 + s, seeds[s], &low, &high);
            check_near(fit.leak, oracle_leak_slope(sizes[k], wide_t, wide_y), 1e-12, "leak");
            check_near(fit.low, low, 1e-12, "low");
            check_near(fit.high, high, 1e-12, "high");
            assert_true(fit.low < fit.high);
        }
    }
}

/* The interval holds the true slope about 95 times in 100. */
static void coverage_of_the_interval(void **state) {
    (void)state;
    enum { SETS = 600, SAMPLES = 60 };
    TestRandom random = test_random(702);
    int covered = 0;
    for (int set = 0; set < SETS; set++) {
        double t[SAMPLES], y[SAMPLES];
        for (size_t i = 0; i < SAMPLES; i++) {
            t[i] = 0.05 * (double)i;
            y[i] = -3 - 7.25 * t[i] + 0.2 * gaussian(&random);
        }
        EpnetLeakFit fit = fit_line(SAMPLES, t, y, 400, (uint64_t)set);
        covered += fit.low <= 7.25 && 7.25 <= fit.high;
    }
    assert_in_range(covered, SETS * 90 / 100, SETS * 98 / 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_known_answers),
        cmocka_unit_test(intervals_from_documented_draws),
        cmocka_unit_test(coverage_of_the_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

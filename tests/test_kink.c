/* Kinks and maxima of curves that are known: a kink where there is one, none on smooth curves however they
 * bend, whatever the window and the number of samples. */
#include "broken_line.h"
#include "kink.h"
#include "support/check.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 400 };

static double xs[MOST], ys[MOST];

typedef double Curve(double x, double a, double b);

/* n samples of a curve with parameters a, b between `low` and `high`. */
static void sample(size_t n, double low, double high, Curve *curve, double a, double b) {
    for (size_t k = 0; k < n; k++) {
        xs[k] = low + (high - low) * (double)k / (double)(n - 1);
        ys[k] = curve(xs[k], a, b);
    }
}

static EpnetCorner corner_of(size_t n) {
    EpnetCorner corner;
    EpnetError error;
    assert_int_equal(epnet_corner_find(n, xs, ys, &corner, &error), EPNET_OK);
    return corner;
}

/* Uniform in (0, 1), the same on every machine (splitmix64). */
static double uniform(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

static double normal(uint64_t *state) {
    double radius = sqrt(-2 * log(uniform(state)));
    return radius * cos(2 * M_PI * uniform(state));
}

/* Slope 1 before a, -0.3 after it, the corner rounded over a width of b. */
static double corner_curve(double x, double a, double b) {
    double z = a - x, above = b > 0 ? b * (fmax(z / b, 0) + log1p(exp(-fabs(z / b)))) : fmax(z, 0);
    return -0.3 * (x - a) - 1.3 * above;
}

/* ---- the fits
 * ------------------------------------------------------------------------------------------- */

/* The break by brute force: the profile on a fine grid of positions. */
static void test_break_is_optimal(void **state) {
    (void)state;
    uint64_t random = 7;
    double work[5 * MOST];
    for (int trial = 0; trial < 60; trial++) {
        size_t n = 5 + (size_t)(uniform(&random) * 30);
        double at = 0;
        for (size_t k = 0; k < n; k++) {
            xs[k] = at += 0.05 + uniform(&random);
            ys[k] = sin(at / 2) + (trial % 2) * normal(&random);
        }
        EpnetSamples samples = {n, xs, ys, work};
        EpnetBrokenLine line;
        epnet_broken_line_fit(&samples, &line);
        check_near(epnet_broken_line_square(&samples, line.position), line.broken, 1e-14, "its own square");
        for (int k = 0; k <= 2000; k++) {
            double position = xs[1] + (xs[n - 2] - xs[1]) * k / 2000;
            assert_true(epnet_broken_line_square(&samples, position) >= line.broken * (1 - 1e-9));
        }
        assert_true(line.position >= xs[1] && line.position <= xs[n - 2]);
        assert_true(line.broken <= line.straight && line.cubic <= line.straight * (1 + 1e-12));
    }
}

static double cubic(double x, double a, double b) {
    return 3 + x + a * x * x + b * x * x * x;
}

/* What each model represents exactly is left at the floor, whatever the scale of x. */
static void test_exact_fits(void **state) {
    (void)state;
    const double floor_square = EPNET_BROKEN_LINE_FLOOR * EPNET_BROKEN_LINE_FLOOR;
    double work[5 * MOST];
    EpnetSamples samples = {40, xs, ys, work};
    EpnetBrokenLine line;
    sample(40, -7, 12, corner_curve, 1.234, 0);
    epnet_broken_line_fit(&samples, &line);
    check_near(line.broken, floor_square, 1e-20, "two segments");
    check_near(line.position, 1.234, 1e-12, "the break");
    assert_true(line.cubic > 1e-3);
    sample(40, -7, 12, cubic, 0.4, -0.03);
    epnet_broken_line_fit(&samples, &line);
    check_near(line.cubic, floor_square, 1e-20, "a cubic");
    check_near(epnet_broken_line_advantage(&line, 40), 40 * log(line.cubic / line.broken), 1e-9, "BIC");
    assert_true(epnet_broken_line_advantage(&line, 40) < -100);
}

/* ---- curves with a kink
 * --------------------------------------------------------------------------------- */

/* Anywhere in the middle third of 0..9, two samples off its ends: what is left of the window shows it. */
static void test_exact_kinks(void **state) {
    (void)state;
    uint64_t random = 1;
    for (size_t n = 8; n <= MOST; n = n * 3 / 2)
        for (int trial = 0; trial < 10; trial++) {
            double spacing = 9.0 / (double)(n - 1), room = fmax(1.5 - 2 * spacing, 0);
            double place = 4.5 + room * (2 * uniform(&random) - 1);
            sample(n, 0, 9, corner_curve, place, 0);
            EpnetCorner corner = corner_of(n);
            assert_int_equal(corner.verdict, EPNET_KINK_FOUND);
            assert_true(corner.delta_bic > 10);
            check_near(corner.position, place, 1e-9, "the kink");
            assert_true(corner.low <= place && place <= corner.high);
            assert_true(corner.high - corner.low >= spacing * (1 - 1e-9)); /* no finer than the samples */
            assert_true(corner.high - corner.low < 1.01 * spacing);
        }
}

/* A corner that is rounded over a quarter of the distance between samples, from 30 samples on over a half. */
static void test_rounded_kinks(void **state) {
    (void)state;
    uint64_t random = 2;
    for (size_t n = 12; n <= MOST; n = n * 3 / 2)
        for (int trial = 0; trial < 10; trial++) {
            double place = 3.3 + 2.4 * uniform(&random), spacing = 9.0 / (double)(n - 1);
            sample(n, 0, 9, corner_curve, place, (n < 30 ? 0.25 : 0.5) * spacing);
            EpnetCorner corner = corner_of(n);
            if (corner.verdict != EPNET_KINK_FOUND)
                fail_msg("verdict %d with %zu samples, kink at %g", corner.verdict, n, place);
            check_near(corner.position, place, 0.25 * spacing, "the kink");
            assert_true(corner.low <= place && place <= corner.high);
        }
}

/* The same corner is a smooth bend once the samples resolve it, three distances wide. */
static void test_resolved_bends(void **state) {
    (void)state;
    for (size_t n = 12; n <= MOST; n = n * 3 / 2)
        for (double place = 3.3; place < 5.7; place += 0.17) {
            sample(n, 0, 9, corner_curve, place, 3 * 9.0 / (double)(n - 1));
            assert_int_not_equal(corner_of(n).verdict, EPNET_KINK_FOUND);
        }
}

/* Noise of 1 % of the change of slope: found nearly always, and the interval holds the kink. */
static void test_noisy_kinks(void **state) {
    (void)state;
    uint64_t random = 3;
    int found = 0, covered = 0, trials = 0;
    for (size_t n = 20; n <= 200; n *= 2)
        for (int trial = 0; trial < 50; trial++, trials++) {
            double place = 3.4 + 2.2 * uniform(&random);
            sample(n, 0, 9, corner_curve, place, 0);
            for (size_t k = 0; k < n; k++)
                ys[k] += 0.013 * normal(&random);
            EpnetCorner corner = corner_of(n);
            found += corner.verdict == EPNET_KINK_FOUND;
            covered += corner.low <= place && place <= corner.high;
            check_near(corner.position, place, 0.2, "the break");
        }
    assert_true(found >= trials * 9 / 10);
    assert_true(covered >= trials * 9 / 10);
}

/* A kink outside the middle third is lost when that third is dropped: not confirmed. */
static void test_kink_near_the_end(void **state) {
    (void)state;
    for (double place = 0.5; place < 9; place += 0.37) {
        if (place > 2.9 && place < 6.1)
            continue;
        sample(64, 0, 9, corner_curve, place, 0);
        EpnetCorner corner = corner_of(64);
        assert_int_equal(corner.verdict, EPNET_KINK_MOVES);
        check_near(corner.position, place, 1e-9, "the break");
    }
}

/* ---- curves without
 * ------------------------------------------------------------------------------------- */

static double power(double x, double a, double b) {
    return a * x + b;
}
static double saturating(double x, double a, double b) { /* ln of C^a / (b + C^a) */
    return -log1p(b * exp(-a * x));
}
static double logistic(double x, double a, double b) {
    return 1 / (1 + exp(-a * (x - b)));
}
static double log_logistic(double x, double a, double b) {
    return log(b + 1 / (1 + exp(-a * x)));
}
static double turning(double x, double a, double b) { /* ln of a maximum between two powers */
    return -log(exp(-a * x) + exp(b * x));
}
static double one_minus_exp(double x, double a, double b) {
    return b + log(-expm1(-a * exp(x)));
}

static void test_smooth_curves(void **state) {
    (void)state;
    static const struct {
        const char *name;
        Curve *curve;
        double a, b;
    } curves[] = {{"parabola", cubic, -0.3, 0},         {"cubic", cubic, -0.2, 0.1},
                  {"power law", power, 0.7, -3},        {"constant", power, 0, 2},
                  {"saturating", saturating, 1, 1},     {"saturating 2", saturating, 1.3, 4},
                  {"exponential", one_minus_exp, 1, 0}, {"logistic", logistic, 1, 0},
                  {"logistic 2", logistic, 1.4, 1},     {"log of a logistic", log_logistic, 1, 0.1},
                  {"turning", turning, 1, 0.7},         {"turning 2", turning, 0.8, 1.2}};
    static const double windows[][2] = {{0.2, 5}, {1, 100}, {0.1, 10}, {0.01, 10}, {0.1, 1000}, {0.03, 300}};
    for (size_t c = 0; c < sizeof curves / sizeof *curves; c++)
        for (size_t w = 0; w < sizeof windows / sizeof *windows; w++)
            for (size_t n = 30; n <= MOST; n = n * 4 / 3) {
                sample(n, log(windows[w][0]), log(windows[w][1]), curves[c].curve, curves[c].a, curves[c].b);
                EpnetCorner corner = corner_of(n);
                if (corner.verdict == EPNET_KINK_FOUND)
                    fail_msg("%s: kink at %g, %zu samples in %g..%g", curves[c].name, corner.position, n,
                             windows[w][0], windows[w][1]);
            }
}

/* Few samples of smooth curves over no more than two decades. */
static void test_smooth_curves_few_samples(void **state) {
    (void)state;
    Curve *const curves[] = {saturating, logistic, turning, one_minus_exp, cubic};
    for (size_t c = 0; c < sizeof curves / sizeof *curves; c++)
        for (size_t n = 8; n < 30; n++)
            for (double low = 0.05; low < 2; low *= 1.7) {
                sample(n, log(low), log(50 * low), curves[c], 0.9, 0.3);
                assert_int_not_equal(corner_of(n).verdict, EPNET_KINK_FOUND);
            }
}

/* Noise about a straight line is not a kink either. */
static void test_pure_noise(void **state) {
    (void)state;
    uint64_t random = 5;
    for (size_t n = 8; n <= 200; n = n * 3 / 2)
        for (int trial = 0; trial < 50; trial++) {
            sample(n, 0, 9, power, 1, 0);
            for (size_t k = 0; k < n; k++)
                ys[k] += normal(&random);
            assert_int_not_equal(corner_of(n).verdict, EPNET_KINK_FOUND);
        }
}

static void test_too_few(void **state) {
    (void)state;
    for (size_t n = 0; n < EPNET_KINK_SAMPLES; n++) {
        sample(EPNET_KINK_SAMPLES, 0, 9, corner_curve, 4.5, 0);
        EpnetCorner corner = corner_of(n);
        assert_int_equal(corner.verdict, EPNET_KINK_TOO_FEW);
        assert_true(isnan(corner.position) && isnan(corner.low) && isnan(corner.high));
        assert_true(isnan(corner.delta_bic));
    }
    assert_int_equal(corner_of(EPNET_KINK_SAMPLES).verdict, EPNET_KINK_FOUND);
}

/* The verdict belongs to the curve, not to the units of C and I. */
static void test_units(void **state) {
    (void)state;
    sample(64, 0, 9, corner_curve, 4.2, 0.05);
    EpnetCorner plain = corner_of(64);
    for (size_t k = 0; k < 64; k++) {
        xs[k] = xs[k] + 11.5;
        ys[k] = ys[k] - 20;
    }
    EpnetCorner moved = corner_of(64);
    assert_int_equal(moved.verdict, plain.verdict);
    check_near(moved.position, plain.position + 11.5, 1e-9, "position");
    check_near(moved.low, plain.low + 11.5, 1e-7, "low");
    check_near(moved.delta_bic / plain.delta_bic, 1, 1e-7, "Delta BIC");
}

/* ---- maxima
 * ---------------------------------------------------------------------------------------------- */

static void test_maxima(void **state) {
    (void)state;
    EpnetMaximum maxima[4];
    /* a parabola on unequal steps: its vertex, exactly */
    for (size_t k = 0; k < 20; k++) {
        xs[k] = pow(1.2, (double)k);
        ys[k] = 7 - 0.5 * (xs[k] - 4.1) * (xs[k] - 4.1);
    }
    assert_int_equal(epnet_maxima_find(20, xs, ys, 4, maxima), 1);
    check_near(maxima[0].x, 4.1, 1e-12, "place");
    check_near(maxima[0].y, 7, 1e-12, "height");

    /* three waves, room for two of them */
    sample(100, 0, 6 * M_PI, cubic, 0, 0);
    for (size_t k = 0; k < 100; k++)
        ys[k] = sin(xs[k]) + 0.01 * xs[k];
    assert_int_equal(epnet_maxima_find(100, xs, ys, 2, maxima), 3);
    for (int k = 0; k < 2; k++)
        check_near(maxima[k].x, (0.5 + 2 * k) * M_PI + 0.01, 2e-3, "a wave");

    /* a flat top is one maximum, in its middle; a step, the ends and rounding noise are none */
    const double flat[] = {0, 1, 1, 0}, step[] = {0, 1, 1, 2}, ends[] = {3, 1, 0, 1, 4};
    const double noise[] = {1, 1 + 1e-9, 1, 1 + 2e-9, 1};
    sample(5, 0, 4, cubic, 0, 0);
    assert_int_equal(epnet_maxima_find(4, xs, flat, 4, maxima), 1);
    check_near(maxima[0].x, 1.5, 1e-12, "the middle of a flat top");
    assert_int_equal(epnet_maxima_find(4, xs, step, 4, maxima), 0);
    assert_int_equal(epnet_maxima_find(5, xs, ends, 4, maxima), 0);
    assert_int_equal(epnet_maxima_find(5, xs, noise, 4, maxima), 0);
    assert_int_equal(epnet_maxima_find(0, xs, noise, 4, maxima), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_break_is_optimal),
        cmocka_unit_test(test_exact_fits),
        cmocka_unit_test(test_exact_kinks),
        cmocka_unit_test(test_rounded_kinks),
        cmocka_unit_test(test_resolved_bends),
        cmocka_unit_test(test_noisy_kinks),
        cmocka_unit_test(test_kink_near_the_end),
        cmocka_unit_test(test_smooth_curves),
        cmocka_unit_test(test_smooth_curves_few_samples),
        cmocka_unit_test(test_pure_noise),
        cmocka_unit_test(test_too_few),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_maxima),
    };
    return cmocka_run_group_tests_name("kink", tests, NULL, NULL);
}

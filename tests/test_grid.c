/* Grid points: their number, their values, and the parameters that they stand for. */
#include "grid.h"
#include "support/check.h"

#include <math.h>
#include <string.h>

/* Four nodes, edges of different weights and drives, different flips: no mix-up can pass. */
static int source[] = {0, 1, 2}, target[] = {1, 0, 3};
static double weight[] = {1, 2, 5}, drive[] = {0.5, INFINITY, 3};
static double up[] = {1, 2, 3, 4}, down[] = {5, 6, 7, 8};

static EpnetNetwork make_network(EpnetCopyKind kind, double copy) {
    return (EpnetNetwork){.nodes = 4,
                          .edge_count = 3,
                          .source = source,
                          .target = target,
                          .weight = weight,
                          .copy_kind = kind,
                          .copy = copy,
                          .drive = drive,
                          .flip_up = up,
                          .flip_down = down};
}

static void check_values(const double *got, size_t count, const double *expected, const char *what) {
    for (size_t k = 0; k < count; k++)
        check_near(got[k], expected[k], 1e-15 * expected[k], what);
}

static void test_points(void **state) {
    (void)state;
    EpnetAxis axes[3] = {{.size = 3}, {.size = 5}, {.size = 7}};
    assert_int_equal(epnet_grid_points(axes, 0), 1);
    assert_int_equal(epnet_grid_points(axes, 3), 105);
    EpnetAxis large[2] = {{.size = (size_t)1 << 24}, {.size = (size_t)1 << 24}};
    assert_true(epnet_grid_points(large, 2) == (size_t)1 << 48);
    large[1].size++;
    assert_int_equal(epnet_grid_points(large, 2), 0);
    EpnetAxis beyond[2] = {{.size = (size_t)1 << 32},
                           {.size = (size_t)1 << 32}}; /* the product is 0 modulo 2^64 */
    assert_int_equal(epnet_grid_points(beyond, 2), 0);
}

static void test_order(void **state) {
    (void)state;
    double slow[] = {10, 20}, fast[] = {1, 2, 3};
    EpnetAxis axes[] = {{.key = EPNET_AXIS_DRIVE, .size = 2, .values = slow},
                        {.key = EPNET_AXIS_COPY_RATE, .size = 3, .values = fast}};
    for (size_t point = 0; point < 6; point++) {
        double values[2];
        epnet_grid_values(axes, 2, point, values);
        assert_true(values[0] == slow[point / 3] && values[1] == fast[point % 3]);
    }
}

static void test_network_alone(void **state) {
    (void)state;
    EpnetNetwork network = make_network(EPNET_COPY_RATE, 0.5);
    double storage[14];
    assert_int_equal(epnet_grid_parameter_count(&network), 14);
    EpnetPoint point = epnet_grid_point(&network, NULL, 0, 0, storage);
    check_values(point.flip_up, 4, up, "flip_up");
    check_values(point.flip_down, 4, down, "flip_down");
    check_values(point.rate, 3, (const double[]){0.5, 1, 2.5}, "rate");
    assert_memory_equal(point.drive, drive, sizeof drive);
}

static void test_copy_total(void **state) {
    (void)state;
    EpnetNetwork network = make_network(EPNET_COPY_TOTAL, 16);
    double storage[14];
    EpnetPoint point = epnet_grid_point(&network, NULL, 0, 0, storage);
    check_values(point.rate, 3, (const double[]){2, 4, 10}, "share of copy_total");
    network.copy = 0;
    point = epnet_grid_point(&network, NULL, 0, 0, storage);
    assert_true(point.rate[0] == 0 && point.rate[1] == 0 && point.rate[2] == 0);
    network.copy = 1e308; /* no overflow on the way */
    point = epnet_grid_point(&network, NULL, 0, 0, storage);
    check_near(point.rate[2], 6.25e307, 1e293, "share of a large copy_total");
}

static void test_axes_replace(void **state) {
    (void)state;
    double copies[] = {8, 80}, drives[] = {0, INFINITY, 2}, ups[] = {0.1, 0.2}, downs[] = {0.3};
    EpnetAxis axes[] = {{.key = EPNET_AXIS_COPY_TOTAL, .size = 2, .values = copies},
                        {.key = EPNET_AXIS_FLIP_UP, .size = 2, .values = ups},
                        {.key = EPNET_AXIS_DRIVE, .size = 3, .values = drives},
                        {.key = EPNET_AXIS_FLIP_DOWN, .size = 1, .values = downs}};
    EpnetNetwork network = make_network(EPNET_COPY_RATE, 0.5); /* its rival copy_total takes its place */
    double storage[14];
    for (size_t k = 0; k < 12; k++) {
        EpnetPoint point = epnet_grid_point(&network, axes, 4, k, storage);
        double copy = copies[k / 6], F = drives[k % 3], rise = ups[k / 3 % 2];
        check_values(point.rate, 3, (const double[]){copy / 8, copy / 4, copy * 5 / 8}, "rate");
        check_values(point.drive, 3, (const double[]){F, F, F}, "drive");
        check_values(point.flip_up, 4, (const double[]){rise, rise, rise, rise}, "flip_up");
        check_values(point.flip_down, 4, (const double[]){0.3, 0.3, 0.3, 0.3}, "flip_down");
    }
    EpnetAxis rate_axis = {.key = EPNET_AXIS_COPY_RATE, .size = 2, .values = copies};
    network = make_network(EPNET_COPY_NONE, 0);
    EpnetPoint point = epnet_grid_point(&network, &rate_axis, 1, 1, storage);
    check_values(point.rate, 3, (const double[]){80, 160, 400}, "copy_rate");
    assert_memory_equal(point.drive, drive, sizeof drive); /* left as it was */
}

static void test_no_edges(void **state) {
    (void)state;
    EpnetNetwork network = {.nodes = 4, .flip_up = up, .flip_down = down};
    double storage[8];
    assert_int_equal(epnet_grid_parameter_count(&network), 8);
    EpnetPoint point = epnet_grid_point(&network, NULL, 0, 0, storage);
    check_values(point.flip_down, 4, down, "flip_down");
}

static void test_names(void **state) {
    (void)state;
    const char *const names[] = {"copy_total", "copy_rate", "drive", "sigma", "flip_up", "flip_down"};
    const char *const units[] = {"bit/s", "1/s", "nat", "nat/s", "1/s", "1/s"};
    for (int key = 0; key < EPNET_AXIS_KEYS; key++) {
        assert_string_equal(epnet_axis_name((EpnetAxisKey)key), names[key]);
        assert_string_equal(epnet_axis_unit((EpnetAxisKey)key), units[key]);
        assert_true(strlen(epnet_axis_long_name((EpnetAxisKey)key)) > 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points),        cmocka_unit_test(test_order),
        cmocka_unit_test(test_network_alone), cmocka_unit_test(test_copy_total),
        cmocka_unit_test(test_axes_replace),  cmocka_unit_test(test_no_edges),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

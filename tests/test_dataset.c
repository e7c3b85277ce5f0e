/* The grid file: what is written is read back bit for bit, whatever the batches, and the bytes depend on the
 * content alone. */
#include "dataset.h"
#include "result.h"
#include "slab.h"
#include "support/check.h"
#include "support/made_grid.h"
#include "support/scratch.h"

#include <math.h>
#include <netcdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- columns ------------------------------------------------------------------------------------------- */

static void columns_are(const MadeSpec *made, size_t expected_rows, const char *expected) {
    char names[4096] = "";
    EpnetSpec *spec = made_spec(made);
    EpnetColumnInfo *columns;
    size_t row_count, count = epnet_columns(spec, &columns, &row_count);
    for (size_t c = 0; c < count; c++) {
        strcat(strcat(names, columns[c].name), c + 1 < count ? " " : "");
        assert_true(strlen(columns[c].unit) > 0 && strlen(columns[c].long_name) > 0);
        assert_int_equal(columns[c].place == EPNET_PLACE_ROW, c < row_count);
    }
    assert_string_equal(names, expected);
    assert_int_equal(row_count, expected_rows);
    free(columns);
    made_spec_free(spec);
}

#define NETWORK                                                                                              \
    "entropy multiinformation multiinformation_rate entropy_production entropy_production_channels "         \
    "environment_entropy_flow activity"
#define RATES " entropy_rate node_entropy_rate node_divergence_rate flip_divergence"
#define ENVELOPE " leak_gap leak_lsi flow_bound"
#define LEAK " leak leak_low leak_high"
#define KINK(k) " kink_capacity" k " regime" k
#define CUT(k)                                                                                               \
    " cut_mutual_information" k " cut_mutual_information_rate" k " cut_entropy_production" k                 \
    " cut_environment_entropy_flow" k " cut_information_flow" k " cut_local_entropy_rate" k                  \
    " cut_flow_bound" k " cut_capacity" k
#define EXTREMES                                                                                             \
    " multiinformation_max multiinformation_max_time multiinformation_rate_max "                             \
    "multiinformation_rate_max_time"                                                                         \
    " network_bound_margin_min network_bound_margin_min_time"

static void test_columns(void **state) {
    (void)state;
    MadeSpec made = made_shape(1);
    columns_are(&made, 28,
                NETWORK " multiinformation_rate_euler" RATES CUT("_0") CUT("_1") EXTREMES ENVELOPE KINK("_0")
                    KINK("_1"));
    made.method = EPNET_RK4;
    made.cut_count = 1;
    columns_are(&made, 19, NETWORK RATES CUT("") EXTREMES ENVELOPE KINK(""));
    made.kind = EPNET_STATIONARY;
    made.method = EPNET_EULER;
    made.time_count = 0;
    columns_are(&made, 19, NETWORK RATES CUT("") ENVELOPE " energy_bound" KINK(""));
    made.leak = EPNET_LEAK_QUENCH;
    made.constant_drive = true;
    columns_are(&made, 19,
                NETWORK RATES CUT("") " drive" LEAK ENVELOPE
                                      " energy_bound" KINK("") " envelope_bound envelope_tightness");
    made.cut_count = 0;
    columns_are(&made, 11, NETWORK RATES " drive" LEAK ENVELOPE " energy_bound");
}

static void test_symbols(void **state) {
    (void)state;
    assert_string_equal(epnet_column_symbol("entropy_production"), "EP");
    assert_string_equal(epnet_column_symbol("cut_entropy_production"), "EP_{across}");
    assert_string_equal(epnet_column_symbol("cut_entropy_production_12"), "EP_{across}");
    assert_null(epnet_column_symbol("cut_entropy_production_"));
    assert_null(epnet_column_symbol("cut_entropy_production_1x"));
    assert_null(epnet_column_symbol("nonsense"));
}

/* ---- hyperslabs ---------------------------------------------------------------------------------------- */

/* Every range of a small array falls into boxes whose elements, in order, are the range. */
static void slab_ranges(size_t rank, const size_t *shape_of, size_t total, size_t most_boxes) {
    for (size_t first = 0; first < total; first++)
        for (size_t count = 1; first + count <= total; count++) {
            size_t at = first, left = count, boxes = 0;
            while (left > 0) {
                EpnetSlab slab = epnet_slab_next(rank, shape_of, at, left);
                size_t size = 1, start = 0, end = 0; /* flat numbers of the first and the last element */
                for (size_t d = 0; d < rank; d++) {
                    assert_true(slab.count[d] > 0 && slab.start[d] + slab.count[d] <= shape_of[d]);
                    size *= slab.count[d];
                    start = start * shape_of[d] + slab.start[d];
                    end = end * shape_of[d] + slab.start[d] + slab.count[d] - 1;
                }
                assert_int_equal(start, at);
                assert_int_equal(slab.size, size);
                assert_int_equal(end - start + 1, size); /* consecutive */
                assert_true(size <= left);
                at += size;
                left -= size;
                boxes++;
            }
            assert_true(boxes <= most_boxes);
        }
}

static void test_slabs(void **state) {
    (void)state;
    slab_ranges(0, NULL, 1, 1);
    slab_ranges(1, (size_t[]){9}, 9, 1);
    slab_ranges(2, (size_t[]){4, 5}, 20, 3);
    slab_ranges(3, (size_t[]){3, 1, 7}, 21, 5);
    slab_ranges(4, (size_t[]){2, 3, 2, 4}, 48, 7);
}

/* ---- round trip ---------------------------------------------------------------------------------------- */

/* Same bits, or both NaN. */
static void same_value(double got, double expected, const char *name, size_t point) {
    bool same = isnan(expected) ? isnan(got) : memcmp(&got, &expected, sizeof got) == 0;
    if (!same)
        fail_msg("%s at point %zu: %.17g instead of %.17g", name, point, got, expected);
}

static void points_match(const EpnetResult *result, const EpnetSpec *spec, const EpnetColumnInfo *columns,
                         size_t count) {
    double *values = calloc(result->points, sizeof *values);
    assert_int_equal(epnet_result_column_count(result), count + 1);
    assert_int_equal(epnet_result_column(result, "status", values, NULL), EPNET_OK);
    for (size_t k = 0; k < result->points; k++)
        same_value(values[k], made_status(k), "status", k);
    for (size_t c = 0; c < count; c++) {
        size_t time = made_time(spec, columns[c].place);
        assert_string_equal(epnet_result_column_name(result, c + 1), columns[c].name);
        assert_string_equal(epnet_result_column_unit(result, c + 1), columns[c].unit);
        assert_int_equal(epnet_result_column(result, columns[c].name, values, NULL), EPNET_OK);
        for (size_t k = 0; k < result->points; k++)
            same_value(values[k], made_status(k) != 0 ? NAN : made_value(k, time, columns[c].index),
                       columns[c].name, k);
    }
    free(values);
}

static void trajectories_match(const EpnetResult *result, const EpnetSpec *spec,
                               const EpnetColumnInfo *columns, size_t row_count) {
    double *values = calloc(spec->time_count, sizeof *values);
    assert_int_equal(epnet_result_time_count(result), spec->time_count);
    assert_memory_equal(epnet_result_times(result), spec->times, spec->time_count * sizeof(double));
    for (size_t c = 0; c < row_count; c++)
        for (size_t k = 0; k < result->points; k++) {
            assert_int_equal(epnet_result_trajectory(result, columns[c].name, k, values, NULL), EPNET_OK);
            for (size_t t = 0; t < spec->time_count; t++)
                same_value(values[t], made_status(k) != 0 ? NAN : made_value(k, t, columns[c].index),
                           columns[c].name, k);
        }
    free(values);
}

static void axes_match(const EpnetResult *result, const EpnetSpec *spec) {
    assert_int_equal(epnet_result_axis_count(result), spec->axis_count);
    for (size_t a = 0; a < spec->axis_count; a++) {
        const char *name, *unit;
        size_t size;
        const double *values;
        assert_int_equal(epnet_result_axis(result, a, &name, &size, &values, &unit, NULL), EPNET_OK);
        assert_string_equal(name, epnet_axis_name(spec->axes[a].key));
        assert_string_equal(unit, epnet_axis_unit(spec->axes[a].key));
        assert_int_equal(size, spec->axes[a].size);
        assert_memory_equal(values, spec->axes[a].values, size * sizeof *values);
        assert_int_equal(result->axes[a].log, spec->axes[a].log);
    }
    assert_int_equal(epnet_result_axis(result, spec->axis_count, NULL, NULL, NULL, NULL, NULL), EPNET_USAGE);
}

static void round_trip(const MadeSpec *made) {
    EpnetSpec *spec = made_spec(made);
    EpnetColumnInfo *columns;
    size_t row_count, count = epnet_columns(spec, &columns, &row_count);
    size_t points = epnet_grid_points(spec->axes, spec->axis_count);
    scratch_make();
    const size_t batches[] = {points, 1, 4, 11};
    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++) {
        char name[32];
        snprintf(name, sizeof name, "%zu.nc", b);
        made_grid_write(spec, scratch_path(name), batches[b], b % 2 == 1);
        EpnetResult *result = made_result_open(scratch_path(name));
        assert_int_equal(epnet_result_points(result), points);
        axes_match(result, spec);
        points_match(result, spec, columns, count);
        if (epnet_spec_keeps_trajectories(spec))
            trajectories_match(result, spec, columns, row_count);
        else
            assert_int_equal(epnet_result_time_count(result), 0);
        epnet_result_close(result);
        /* whatever the batches and their order, the same bytes */
        assert_true(files_equal(scratch_path("0.nc"), scratch_path(name)));
    }
    assert_int_equal(scratch_entries(), sizeof batches / sizeof *batches);
    scratch_remove();
    free(columns);
    made_spec_free(spec);
}

static void test_round_trip(void **state) {
    (void)state;
    for (size_t axes = 0; axes <= 3; axes++) {
        MadeSpec made = made_shape(axes);
        round_trip(&made);
        made.keep = EPNET_KEEP_NO;
        made.cut_count = 0;
        round_trip(&made);
        made.kind = EPNET_STATIONARY;
        made.time_count = 0;
        made.cut_count = 1;
        round_trip(&made);
    }
}

static void test_unwritten_points_are_missing(void **state) {
    (void)state;
    MadeSpec made = made_shape(2);
    EpnetSpec *spec = made_spec(&made);
    EpnetError error;
    double entropy[15];
    scratch_make();
    EpnetDataset *dataset = made_dataset_open(spec, scratch_path("part.nc"));
    made_range_write(dataset, spec, 3, 1);
    assert_int_equal(epnet_dataset_commit(dataset, &error), EPNET_OK);
    EpnetResult *result = made_result_open(scratch_path("part.nc"));
    assert_int_equal(epnet_result_column(result, "entropy", entropy, &error), EPNET_OK);
    for (size_t k = 0; k < 15; k++)
        assert_int_equal(!isnan(entropy[k]), k == 3);
    epnet_result_close(result);
    scratch_remove();
    made_spec_free(spec);
}

/* ---- attributes ---------------------------------------------------------------------------------------- */

static void text_is(int group, const char *variable, const char *name, const char *expected) {
    char text[256] = "";
    int id = NC_GLOBAL;
    if (variable != NULL)
        assert_int_equal(nc_inq_varid(group, variable, &id), NC_NOERR);
    assert_int_equal(nc_get_att_text(group, id, name, text), NC_NOERR);
    assert_string_equal(text, expected);
}

static void test_attributes(void **state) {
    (void)state;
    MadeSpec made = made_shape(2);
    EpnetSpec *spec = made_spec(&made);
    double fill = 0;
    int variable;
    scratch_make();
    made_grid_write(spec, scratch_path("a.nc"), 15, false);
    EpnetResult *result = made_result_open(scratch_path("a.nc"));
    assert_string_equal(epnet_result_text(result, "title"), spec->title);
    assert_string_equal(epnet_result_text(result, "spec"), spec->text);
    assert_string_equal(epnet_result_text(result, "spec_sha256"), spec->sha256);
    assert_string_equal(epnet_result_text(result, "version"), epnet_version());
    assert_string_equal(epnet_result_text(result, "device"), "cpu");
    assert_string_equal(epnet_result_text(result, "kind"), "trajectory");
    assert_string_equal(epnet_result_text(result, "method"), "euler");
    assert_string_equal(epnet_result_text(result, "Conventions"), "CF-1.10");
    assert_string_equal(epnet_result_text(result, "nodes"), "3");
    assert_string_equal(epnet_result_text(result, "edge_count"), "6");
    assert_string_equal(epnet_result_text(result, "cuts"), "0; 0,1");
    assert_string_equal(epnet_result_text(result, "cut_nodes"), "0; 0 1");
    assert_float_equal(strtod(epnet_result_text(result, "dt"), NULL), 0.005, 0);
    assert_float_equal(strtod(epnet_result_text(result, "tolerance"), NULL), 1e-9, 0);
    assert_null(epnet_result_text(result, "seed"));
    for (int s = 0; s < EPNET_POINT_STATUSES; s++)
        assert_string_equal(epnet_result_status_name(result, s), epnet_point_status_names[s]);
    assert_null(epnet_result_status_name(result, EPNET_POINT_STATUSES));
    text_is(result->ncid, "drive", "scale", "linear");
    text_is(result->ncid, "copy_total", "scale", "log");
    text_is(result->ncid, "entropy", "units", "nat");
    text_is(result->ncid, "entropy", "cell_methods", "time: point");
    text_is(result->ncid, "entropy", "coordinates", "time");
    text_is(result->ncid, "cut_capacity_1", "units", "bit/s");
    text_is(result->ncid, "cut_capacity_1", "cut", "0,1");
    text_is(result->trajectory, "copy_total", "scale", "log");
    text_is(result->trajectory, "time", "units", "s");
    assert_int_equal(nc_inq_varid(result->ncid, "activity", &variable), NC_NOERR);
    assert_int_equal(nc_get_att_double(result->ncid, variable, "_FillValue", &fill), NC_NOERR);
    assert_true(isnan(fill));
    epnet_result_close(result);
    scratch_remove();
    made_spec_free(spec);
}

/* Specs longer than what HDF5 keeps in an object header. */
static void test_long_spec(void **state) {
    (void)state;
    MadeSpec made = made_shape(1);
    EpnetSpec *spec = made_spec(&made);
    size_t length = 200000;
    free(spec->text);
    spec->text = malloc(length + 1);
    for (size_t k = 0; k < length; k++)
        spec->text[k] = (char)('a' + k % 23);
    spec->text[length] = '\0';
    scratch_make();
    made_grid_write(spec, scratch_path("long.nc"), 2, false);
    EpnetResult *result = made_result_open(scratch_path("long.nc"));
    assert_string_equal(epnet_result_text(result, "spec"), spec->text);
    epnet_result_close(result);
    scratch_remove();
    made_spec_free(spec);
}

static void test_bytes(void **state) {
    (void)state;
    MadeSpec made = made_shape(2);
    made.sizes[0] = 30;
    made.sizes[1] = 20;
    made.time_count = 9;
    EpnetSpec *spec = made_spec(&made);
    struct stat info;
    scratch_make();
    made_grid_write(spec, scratch_path("a.nc"), 600, false);
    assert_int_equal(stat(scratch_path("a.nc"), &info), 0);
    check_near((double)epnet_dataset_bytes(spec), (double)info.st_size, 0.03 * (double)info.st_size, "bytes");
    scratch_remove();
    made_spec_free(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_symbols),
        cmocka_unit_test(test_slabs),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_unwritten_points_are_missing),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_long_spec),
        cmocka_unit_test(test_bytes),
    };
    return cmocka_run_group_tests_name("dataset", tests, NULL, NULL);
}

/* The grid file: what is written is read back bit for bit, whatever the batches; the bytes depend on the
 * content alone; an output is complete or absent, and every refusal has its reason. */
#include "dataset.h"
#include "dataset_define.h"
#include "result.h"
#include "slab.h"
#include "support/check.h"
#include "support/made_spec.h"
#include "support/scratch.h"

#include <errno.h>
#include <math.h>
#include <netcdf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Three axes of unequal sizes, the second logarithmic; `axis_count` of them are used. */
static MadeSpec shape(size_t axis_count) {
    return (MadeSpec){.title = "A made sweep, π",
                      .nodes = 3,
                      .kind = EPNET_TRAJECTORY,
                      .method = EPNET_EULER,
                      .keep = EPNET_KEEP_YES,
                      .cut_count = 2,
                      .time_count = 4,
                      .axis_count = axis_count,
                      .keys = {EPNET_AXIS_DRIVE, EPNET_AXIS_COPY_TOTAL, EPNET_AXIS_FLIP_UP},
                      .log = {false, true, false},
                      .sizes = {5, 3, 7}};
}

static EpnetDataset *dataset_open(const EpnetSpec *spec, const char *output) {
    EpnetError error;
    EpnetDataset *dataset;
    if (epnet_dataset_create(spec, output, "cpu", &dataset, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    return dataset;
}

static void range_write(EpnetDataset *dataset, const EpnetSpec *spec, size_t first, size_t count) {
    EpnetError error;
    EpnetRows rows = made_rows(spec, first, count, epnet_spec_keeps_trajectories(spec));
    if (epnet_dataset_write(dataset, first, count, &rows, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    made_rows_free(&rows);
}

/* Write the whole grid in batches of `batch` points, the last batch first if `backwards`. */
static void grid_write(const EpnetSpec *spec, const char *output, size_t batch, bool backwards) {
    size_t points = epnet_grid_points(spec->axes, spec->axis_count);
    size_t batches = (points + batch - 1) / batch;
    EpnetDataset *dataset = dataset_open(spec, output);
    for (size_t b = 0; b < batches; b++) {
        size_t first = (backwards ? batches - 1 - b : b) * batch;
        range_write(dataset, spec, first, points - first < batch ? points - first : batch);
    }
    EpnetError error;
    if (epnet_dataset_commit(dataset, &error) != EPNET_OK)
        fail_msg("%s", error.message);
}

static EpnetResult *result_open(const char *path) {
    EpnetError error;
    EpnetResult *result;
    if (epnet_result_open(path, &result, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    return result;
}

/* ---- columns
 * ------------------------------------------------------------------------------------------------- */

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
    MadeSpec made = shape(1);
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

/* ---- hyperslabs
 * ---------------------------------------------------------------------------------------------- */

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

/* ---- round trip
 * ---------------------------------------------------------------------------------------------- */

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
        grid_write(spec, scratch_path(name), batches[b], b % 2 == 1);
        EpnetResult *result = result_open(scratch_path(name));
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
        MadeSpec made = shape(axes);
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
    MadeSpec made = shape(2);
    EpnetSpec *spec = made_spec(&made);
    EpnetError error;
    double entropy[15];
    scratch_make();
    EpnetDataset *dataset = dataset_open(spec, scratch_path("part.nc"));
    range_write(dataset, spec, 3, 1);
    assert_int_equal(epnet_dataset_commit(dataset, &error), EPNET_OK);
    EpnetResult *result = result_open(scratch_path("part.nc"));
    assert_int_equal(epnet_result_column(result, "entropy", entropy, &error), EPNET_OK);
    for (size_t k = 0; k < 15; k++)
        assert_int_equal(!isnan(entropy[k]), k == 3);
    epnet_result_close(result);
    scratch_remove();
    made_spec_free(spec);
}

/* ---- attributes
 * ---------------------------------------------------------------------------------------------- */

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
    MadeSpec made = shape(2);
    EpnetSpec *spec = made_spec(&made);
    double fill = 0;
    int variable;
    scratch_make();
    grid_write(spec, scratch_path("a.nc"), 15, false);
    EpnetResult *result = result_open(scratch_path("a.nc"));
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
    MadeSpec made = shape(1);
    EpnetSpec *spec = made_spec(&made);
    size_t length = 200000;
    free(spec->text);
    spec->text = malloc(length + 1);
    for (size_t k = 0; k < length; k++)
        spec->text[k] = (char)('a' + k % 23);
    spec->text[length] = '\0';
    scratch_make();
    grid_write(spec, scratch_path("long.nc"), 2, false);
    EpnetResult *result = result_open(scratch_path("long.nc"));
    assert_string_equal(epnet_result_text(result, "spec"), spec->text);
    epnet_result_close(result);
    scratch_remove();
    made_spec_free(spec);
}

static void test_bytes(void **state) {
    (void)state;
    MadeSpec made = shape(2);
    made.sizes[0] = 30;
    made.sizes[1] = 20;
    made.time_count = 9;
    EpnetSpec *spec = made_spec(&made);
    struct stat info;
    scratch_make();
    grid_write(spec, scratch_path("a.nc"), 600, false);
    assert_int_equal(stat(scratch_path("a.nc"), &info), 0);
    check_near((double)epnet_dataset_bytes(spec), (double)info.st_size, 0.03 * (double)info.st_size, "bytes");
    scratch_remove();
    made_spec_free(spec);
}

/* ---- refusals to write
 * --------------------------------------------------------------------------------------- */

static void create_fails(const char *output, const char *reason) {
    MadeSpec made = shape(1);
    EpnetSpec *spec = made_spec(&made);
    EpnetDataset *dataset = (EpnetDataset *)1;
    EpnetError error = {0};
    assert_int_equal(epnet_dataset_create(spec, output, "cpu", &dataset, &error), EPNET_IO);
    assert_null(dataset);
    assert_non_null(strstr(error.message, output));
    if (strstr(error.message, reason) == NULL)
        fail_msg("%s: no \"%s\"", error.message, reason);
    made_spec_free(spec);
}

static void test_create_failures(void **state) {
    (void)state;
    scratch_make();
    create_fails(scratch_path("missing/a.nc"), strerror(ENOENT));
    create_fails(scratch_path(""), "no file name");
    assert_int_equal(mkdir(scratch_path("folder.nc"), 0755), 0);
    create_fails(scratch_path("folder.nc"), "it is a directory");
    file_write(scratch_path("file"), "x", 1);
    create_fails(scratch_path("file/a.nc"), strerror(ENOTDIR));
    create_fails("/dev/null", "it is not a regular file");
    assert_int_equal(scratch_entries(), 2);
    scratch_remove();
}

/* Root may write anywhere: step down to another user for the attempt. */
static void test_create_in_read_only_folder(void **state) {
    (void)state;
    const char *folder = scratch_make();
    bool root = geteuid() == 0;
    assert_int_equal(chmod(folder, 0555), 0);
    if (root)
        assert_int_equal(seteuid(65534), 0);
    create_fails(scratch_path("a.nc"), strerror(EACCES));
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(scratch_entries(), 0);
    scratch_remove();
}

static void test_discard_leaves_the_old_output(void **state) {
    (void)state;
    MadeSpec made = shape(2);
    EpnetSpec *spec = made_spec(&made);
    scratch_make();
    file_write(scratch_path("a.nc"), "old", 3);
    EpnetDataset *dataset = dataset_open(spec, scratch_path("a.nc"));
    range_write(dataset, spec, 2, 5);
    assert_int_equal(scratch_entries(), 2);
    epnet_dataset_discard(dataset);
    epnet_dataset_discard(NULL);
    assert_int_equal(scratch_entries(), 1);
    char *bytes = file_bytes(scratch_path("a.nc"), NULL);
    assert_string_equal(bytes, "old");
    free(bytes);
    scratch_remove();
    made_spec_free(spec);
}

/* A second writer of the same output in this process has a temporary of its own. */
static void test_two_writers(void **state) {
    (void)state;
    MadeSpec made = shape(1);
    EpnetSpec *spec = made_spec(&made);
    EpnetError error;
    scratch_make();
    EpnetDataset *one = dataset_open(spec, scratch_path("a.nc"));
    EpnetDataset *other = dataset_open(spec, scratch_path("a.nc"));
    assert_int_equal(scratch_entries(), 2);
    range_write(one, spec, 0, 5);
    range_write(other, spec, 0, 5);
    assert_int_equal(epnet_dataset_commit(one, &error), EPNET_OK);
    assert_int_equal(epnet_dataset_commit(other, &error), EPNET_OK);
    assert_int_equal(scratch_entries(), 1);
    scratch_remove();
    made_spec_free(spec);
}

static void test_output_through_a_link(void **state) {
    (void)state;
    MadeSpec made = shape(1);
    EpnetSpec *spec = made_spec(&made);
    struct stat info;
    scratch_make();
    file_write(scratch_path("target.nc"), "old", 3);
    assert_int_equal(symlink("target.nc", scratch_path("link.nc")), 0);
    grid_write(spec, scratch_path("link.nc"), 5, false);
    assert_int_equal(lstat(scratch_path("link.nc"), &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    epnet_result_close(result_open(scratch_path("target.nc")));
    scratch_remove();
    made_spec_free(spec);
}

static void test_range_outside(void **state) {
    (void)state;
    MadeSpec made = shape(1);
    EpnetSpec *spec = made_spec(&made);
    EpnetError error;
    EpnetRows rows = made_rows(spec, 0, 6, true);
    scratch_make();
    EpnetDataset *dataset = dataset_open(spec, scratch_path("a.nc"));
    assert_int_equal(epnet_dataset_write(dataset, 0, 6, &rows, &error), EPNET_INTERNAL);
    assert_int_equal(epnet_dataset_write(dataset, 6, 0, &rows, &error), EPNET_INTERNAL);
    assert_int_equal(epnet_dataset_write(dataset, 1, SIZE_MAX, &rows, &error), EPNET_INTERNAL);
    epnet_dataset_discard(dataset);
    made_rows_free(&rows);
    scratch_remove();
    made_spec_free(spec);
}

/* A file that may not grow (as on a full disk): the write or the commit fails, and nothing is left. */
static void test_no_space(void **state) {
    (void)state;
    MadeSpec made = shape(2);
    made.sizes[0] = 100;
    made.sizes[1] = 100;
    EpnetSpec *spec = made_spec(&made);
    EpnetRows rows = made_rows(spec, 0, 10000, true);
    struct rlimit before, limit;
    EpnetError error = {0};
    scratch_make();
    file_write(scratch_path("a.nc"), "old", 3);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 500000;
    EpnetDataset *dataset = dataset_open(spec, scratch_path("a.nc"));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    EpnetStatus status = epnet_dataset_write(dataset, 0, 10000, &rows, &error);
    if (status == EPNET_OK)
        status = epnet_dataset_commit(dataset, &error);
    else
        epnet_dataset_discard(dataset);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, EPNET_IO);
    assert_non_null(strstr(error.message, scratch_path("a.nc")));
    if (strstr(error.message, strerror(EFBIG)) == NULL)
        fail_msg("%s: no reason", error.message);
    assert_int_equal(scratch_entries(), 1);
    scratch_remove();
    made_rows_free(&rows);
    made_spec_free(spec);
}

/* ---- refusals to read
 * ---------------------------------------------------------------------------------------- */

static void open_fails(const char *path, const char *reason) {
    EpnetError error = {0};
    EpnetResult *result = (EpnetResult *)1;
    assert_int_equal(epnet_result_open(path, &result, &error), EPNET_IO);
    assert_null(result);
    assert_non_null(strstr(error.message, path));
    if (strstr(error.message, reason) == NULL)
        fail_msg("%s: no \"%s\"", error.message, reason);
}

/* A NetCDF-4 file of someone else. */
static void foreign_make(const char *path, const char *source) {
    int ncid;
    assert_int_equal(nc_create(path, NC_NETCDF4, &ncid), NC_NOERR);
    if (source != NULL)
        assert_int_equal(nc_put_att_text(ncid, NC_GLOBAL, "source", strlen(source), source), NC_NOERR);
    assert_int_equal(nc_close(ncid), NC_NOERR);
}

static void test_open_failures(void **state) {
    (void)state;
    scratch_make();
    open_fails(scratch_path("missing.nc"), strerror(ENOENT));
    assert_int_equal(mkdir(scratch_path("folder.nc"), 0755), 0);
    open_fails(scratch_path("folder.nc"), "not a regular file");
    file_write(scratch_path("empty.nc"), "", 0);
    open_fails(scratch_path("empty.nc"), "it is not NetCDF-4");
    file_write(scratch_path("text.nc"), "[network]\nnodes = 5\n", 20);
    open_fails(scratch_path("text.nc"), "it is not NetCDF-4");
    foreign_make(scratch_path("foreign.nc"), NULL);
    open_fails(scratch_path("foreign.nc"), "its source attribute does not name epnet");
    foreign_make(scratch_path("half.nc"), "epnet 9");
    open_fails(scratch_path("half.nc"), "it has no spec_sha256 attribute");
    scratch_remove();
}

/* A file cut short anywhere is refused. */
static void test_truncated(void **state) {
    (void)state;
    MadeSpec made = shape(2);
    EpnetSpec *spec = made_spec(&made);
    size_t size;
    scratch_make();
    grid_write(spec, scratch_path("a.nc"), 15, false);
    char *bytes = file_bytes(scratch_path("a.nc"), &size);
    for (size_t length = 8; length < size - 1000; length += length < 600 ? 31 : size / 37) {
        file_write(scratch_path("short.nc"), bytes, length);
        open_fails(scratch_path("short.nc"), "truncated or damaged");
    }
    free(bytes);
    scratch_remove();
    made_spec_free(spec);
}

/* So is a file of which any bit has changed, before netCDF sees it. */
static void test_damaged(void **state) {
    (void)state;
    MadeSpec made = shape(2);
    EpnetSpec *spec = made_spec(&made);
    size_t size;
    scratch_make();
    grid_write(spec, scratch_path("a.nc"), 15, false);
    char *bytes = file_bytes(scratch_path("a.nc"), &size);
    for (size_t at = 8; at < size - 80; at += 1009) {
        bytes[at] = (char)(bytes[at] ^ 1 << at % 8);
        file_write(scratch_path("b.nc"), bytes, size);
        open_fails(scratch_path("b.nc"), "it does not match its checksum");
        bytes[at] = (char)(bytes[at] ^ 1 << at % 8);
    }
    free(bytes);
    scratch_remove();
    made_spec_free(spec);
}

/* A program that adds to the file by way of netCDF takes the checksum away, and the file stays readable. */
static void test_rewritten(void **state) {
    (void)state;
    MadeSpec made = shape(2);
    EpnetSpec *spec = made_spec(&made);
    int ncid;
    scratch_make();
    grid_write(spec, scratch_path("a.nc"), 15, false);
    assert_int_equal(nc_open(scratch_path("a.nc"), NC_WRITE, &ncid), NC_NOERR);
    assert_int_equal(nc_put_att_text(ncid, NC_GLOBAL, "comment", 5, "mine!"), NC_NOERR);
    assert_int_equal(nc_close(ncid), NC_NOERR);
    EpnetResult *result = result_open(scratch_path("a.nc"));
    assert_string_equal(epnet_result_text(result, "comment"), "mine!");
    assert_string_equal(epnet_result_text(result, "spec_sha256"), spec->sha256);
    epnet_result_close(result);
    scratch_remove();
    made_spec_free(spec);
}

static void test_no_such_column(void **state) {
    (void)state;
    MadeSpec made = shape(1);
    made.keep = EPNET_KEEP_NO;
    EpnetSpec *spec = made_spec(&made);
    EpnetError error;
    double values[5];
    scratch_make();
    grid_write(spec, scratch_path("a.nc"), 5, false);
    EpnetResult *result = result_open(scratch_path("a.nc"));
    assert_int_equal(epnet_result_column(result, "entropie", values, &error), EPNET_USAGE);
    assert_non_null(strstr(error.message, "\"entropie\""));
    assert_non_null(strstr(error.message, "cut_capacity_1"));
    assert_int_equal(epnet_result_trajectory(result, "entropy", 0, values, &error), EPNET_USAGE);
    assert_non_null(strstr(error.message, "[output] trajectories = true"));
    assert_null(epnet_result_column_name(result, epnet_result_column_count(result)));
    assert_null(epnet_result_column_unit(result, epnet_result_column_count(result)));
    epnet_result_close(result);
    made_spec_free(spec);

    made.keep = EPNET_KEEP_YES;
    spec = made_spec(&made);
    grid_write(spec, scratch_path("a.nc"), 5, false);
    result = result_open(scratch_path("a.nc"));
    assert_int_equal(epnet_result_trajectory(result, "multiinformation_max", 0, values, &error), EPNET_USAGE);
    assert_null(strstr(error.message, "network_bound_margin_min"));
    assert_int_equal(epnet_result_trajectory(result, "entropy", 5, values, &error), EPNET_USAGE);
    epnet_result_close(result);
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
        cmocka_unit_test(test_create_failures),
        cmocka_unit_test(test_create_in_read_only_folder),
        cmocka_unit_test(test_discard_leaves_the_old_output),
        cmocka_unit_test(test_two_writers),
        cmocka_unit_test(test_output_through_a_link),
        cmocka_unit_test(test_range_outside),
        cmocka_unit_test(test_no_space),
        cmocka_unit_test(test_open_failures),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_rewritten),
        cmocka_unit_test(test_no_such_column),
    };
    return cmocka_run_group_tests_name("dataset", tests, NULL, NULL);
}

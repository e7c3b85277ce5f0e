/* An output is complete or absent, a damaged or foreign file is refused, and every refusal has its reason. */
#include "dataset.h"
#include "dataset_define.h"
#include "result.h"
#include "support/check.h"
#include "support/made_grid.h"
#include "support/scratch.h"

#include <errno.h>
#include <netcdf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- refusals to write --------------------------------------------------------------------------------- */

static void create_fails(const char *output, const char *reason) {
    MadeSpec made = made_shape(1);
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
    MadeSpec made = made_shape(2);
    EpnetSpec *spec = made_spec(&made);
    scratch_make();
    file_write(scratch_path("a.nc"), "old", 3);
    EpnetDataset *dataset = made_dataset_open(spec, scratch_path("a.nc"));
    made_range_write(dataset, spec, 2, 5);
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
    MadeSpec made = made_shape(1);
    EpnetSpec *spec = made_spec(&made);
    EpnetError error;
    scratch_make();
    EpnetDataset *one = made_dataset_open(spec, scratch_path("a.nc"));
    EpnetDataset *other = made_dataset_open(spec, scratch_path("a.nc"));
    assert_int_equal(scratch_entries(), 2);
    made_range_write(one, spec, 0, 5);
    made_range_write(other, spec, 0, 5);
    assert_int_equal(epnet_dataset_commit(one, &error), EPNET_OK);
    assert_int_equal(epnet_dataset_commit(other, &error), EPNET_OK);
    assert_int_equal(scratch_entries(), 1);
    scratch_remove();
    made_spec_free(spec);
}

static void test_output_through_a_link(void **state) {
    (void)state;
    MadeSpec made = made_shape(1);
    EpnetSpec *spec = made_spec(&made);
    struct stat info;
    scratch_make();
    file_write(scratch_path("target.nc"), "old", 3);
    assert_int_equal(symlink("target.nc", scratch_path("link.nc")), 0);
    made_grid_write(spec, scratch_path("link.nc"), 5, false);
    assert_int_equal(lstat(scratch_path("link.nc"), &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    epnet_result_close(made_result_open(scratch_path("target.nc")));
    scratch_remove();
    made_spec_free(spec);
}

static void test_range_outside(void **state) {
    (void)state;
    MadeSpec made = made_shape(1);
    EpnetSpec *spec = made_spec(&made);
    EpnetError error;
    EpnetRows rows = made_rows(spec, 0, 6, true);
    scratch_make();
    EpnetDataset *dataset = made_dataset_open(spec, scratch_path("a.nc"));
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
    MadeSpec made = made_shape(2);
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
    EpnetDataset *dataset = made_dataset_open(spec, scratch_path("a.nc"));
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

/* ---- refusals to read ---------------------------------------------------------------------------------- */

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

/* A valid file of 2^48 points x 2^16 times, of which nothing was written: as many rows as a size can count,
 * and none. */
static void test_too_many_rows(void **state) {
    (void)state;
    static const char *const axes[] = {"drive", "copy_total", "flip_up"};
    int ncid, group, shape[4], variable;
    scratch_make();
    assert_int_equal(nc_create(scratch_path("a.nc"), NC_NETCDF4, &ncid), NC_NOERR);
    assert_int_equal(nc_put_att_text(ncid, NC_GLOBAL, "source", 7, "epnet 9"), NC_NOERR);
    assert_int_equal(nc_put_att_text(ncid, NC_GLOBAL, "spec_sha256", 2, "00"), NC_NOERR);
    for (int a = 0; a < 3; a++) {
        assert_int_equal(nc_def_dim(ncid, axes[a], 65536, &shape[a]), NC_NOERR);
        assert_int_equal(nc_def_var(ncid, axes[a], NC_DOUBLE, 1, &shape[a], &variable), NC_NOERR);
    }
    assert_int_equal(nc_def_var(ncid, "status", NC_BYTE, 3, shape, &variable), NC_NOERR);
    assert_int_equal(nc_def_var_fill(ncid, variable, NC_NOFILL, NULL), NC_NOERR);
    assert_int_equal(nc_def_grp(ncid, "trajectory", &group), NC_NOERR);
    assert_int_equal(nc_def_dim(group, "time", 65536, &shape[3]), NC_NOERR);
    assert_int_equal(nc_def_var(group, "time", NC_DOUBLE, 1, &shape[3], &variable), NC_NOERR);
    assert_int_equal(nc_close(ncid), NC_NOERR);
    open_fails(scratch_path("a.nc"), "the trajectory table has too many rows");
    scratch_remove();
}

/* A file cut short anywhere is refused. */
static void test_truncated(void **state) {
    (void)state;
    MadeSpec made = made_shape(2);
    EpnetSpec *spec = made_spec(&made);
    size_t size;
    scratch_make();
    made_grid_write(spec, scratch_path("a.nc"), 15, false);
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
    MadeSpec made = made_shape(2);
    EpnetSpec *spec = made_spec(&made);
    size_t size;
    scratch_make();
    made_grid_write(spec, scratch_path("a.nc"), 15, false);
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
    MadeSpec made = made_shape(2);
    EpnetSpec *spec = made_spec(&made);
    int ncid;
    scratch_make();
    made_grid_write(spec, scratch_path("a.nc"), 15, false);
    assert_int_equal(nc_open(scratch_path("a.nc"), NC_WRITE, &ncid), NC_NOERR);
    assert_int_equal(nc_put_att_text(ncid, NC_GLOBAL, "comment", 5, "mine!"), NC_NOERR);
    assert_int_equal(nc_close(ncid), NC_NOERR);
    EpnetResult *result = made_result_open(scratch_path("a.nc"));
    assert_string_equal(epnet_result_text(result, "comment"), "mine!");
    assert_string_equal(epnet_result_text(result, "spec_sha256"), spec->sha256);
    epnet_result_close(result);
    scratch_remove();
    made_spec_free(spec);
}

/* Each thing that netCDF could lose while it writes is missed when the file is read again. */
static void test_lost(void **state) {
    (void)state;
    MadeSpec made = made_shape(2);
    made.keep = EPNET_KEEP_YES;
    EpnetSpec *spec = made_spec(&made);
    EpnetColumnInfo *columns;
    EpnetDatasetTable points = {0}, trajectory = {0};
    size_t rows;
    const size_t count = epnet_columns(spec, &columns, &rows);
    int ncid, group, variable, others[256];
    double value = 0;
    points.column_count = count;
    trajectory.column_count = rows;
    points.variables = others;
    trajectory.variables = others + count;
    assert_true(count + rows <= sizeof others / sizeof *others);
    scratch_make();
#define DEFINED() epnet_dataset_defined(spec, "cpu", columns, &points, &trajectory, NULL)
    for (int loss = 0; loss < 5; loss++) {
        made_grid_write(spec, scratch_path("a.nc"), 15, false);
        assert_int_equal(nc_open(scratch_path("a.nc"), NC_WRITE, &ncid), NC_NOERR);
        assert_int_equal(nc_inq_grp_ncid(ncid, "trajectory", &group), NC_NOERR);
        points.group = ncid;
        assert_int_equal(DEFINED(), NC_NOERR);
        assert_int_equal(nc_inq_varid(loss == 1 ? group : ncid, loss < 3 ? "entropy" : "drive", &variable),
                         NC_NOERR);
        if (loss == 0)
            assert_int_equal(nc_del_att(ncid, NC_GLOBAL, "spec"), NC_NOERR);
        else if (loss == 1)
            assert_int_equal(nc_del_att(group, variable, "units"), NC_NOERR);
        else if (loss == 2)
            assert_int_equal(nc_put_att_text(ncid, variable, "long_name", 5, "other"), NC_NOERR);
        else if (loss == 3)
            assert_int_equal(nc_put_var1_double(ncid, variable, (const size_t[]){1}, &value), NC_NOERR);
        else
            assert_int_equal(nc_rename_var(ncid, variable, "moved"), NC_NOERR);
        assert_int_not_equal(DEFINED(), NC_NOERR);
        assert_int_equal(nc_close(ncid), NC_NOERR);
    }
#undef DEFINED
    free(columns);
    scratch_remove();
    made_spec_free(spec);
}

static void test_no_such_column(void **state) {
    (void)state;
    MadeSpec made = made_shape(1);
    made.keep = EPNET_KEEP_NO;
    EpnetSpec *spec = made_spec(&made);
    EpnetError error;
    double values[5];
    scratch_make();
    made_grid_write(spec, scratch_path("a.nc"), 5, false);
    EpnetResult *result = made_result_open(scratch_path("a.nc"));
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
    made_grid_write(spec, scratch_path("a.nc"), 5, false);
    result = made_result_open(scratch_path("a.nc"));
    assert_int_equal(epnet_result_trajectory(result, "multiinformation_max", 0, values, &error), EPNET_USAGE);
    assert_null(strstr(error.message, "network_bound_margin_min"));
    assert_int_equal(epnet_result_trajectory(result, "entropy", 5, values, &error), EPNET_USAGE);
    epnet_result_close(result);
    scratch_remove();
    made_spec_free(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create_failures),
        cmocka_unit_test(test_create_in_read_only_folder),
        cmocka_unit_test(test_discard_leaves_the_old_output),
        cmocka_unit_test(test_two_writers),
        cmocka_unit_test(test_output_through_a_link),
        cmocka_unit_test(test_range_outside),
        cmocka_unit_test(test_no_space),
        cmocka_unit_test(test_open_failures),
        cmocka_unit_test(test_too_many_rows),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_rewritten),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_no_such_column),
    };
    return cmocka_run_group_tests_name("dataset_failures", tests, NULL, NULL);
}

/* Tables as CSV: every number comes back as it was, rows and columns stand where the header says, and a table
 * that cannot be written whole is not written at all. */
#include "columns.h"
#include "dataset.h"
#include "support/check.h"
#include "support/made_spec.h"
#include "support/scratch.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static EpnetSpec *grid_make(EpnetKeep keep, size_t rows, const char *path) {
    const MadeSpec made = {.title = "table",
                           .nodes = 3,
                           .kind = EPNET_TRAJECTORY,
                           .method = EPNET_CHEBYSHEV,
                           .keep = keep,
                           .cut_count = 1,
                           .time_count = 5,
                           .axis_count = 2,
                           .keys = {EPNET_AXIS_FLIP_UP, EPNET_AXIS_DRIVE},
                           .sizes = {rows, 3}};
    EpnetSpec *spec = made_spec(&made);
    EpnetDataset *dataset;
    EpnetError error;
    EpnetRows values = made_rows(spec, 0, rows * 3, keep == EPNET_KEEP_YES);
    if (epnet_dataset_create(spec, path, "cpu", &dataset, &error) != EPNET_OK ||
        epnet_dataset_write(dataset, 0, rows * 3, &values, &error) != EPNET_OK ||
        epnet_dataset_commit(dataset, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    made_rows_free(&values);
    return spec;
}

/* The next field of a CSV text, ended by `end`. */
static const char *field_next(char **text, char end) {
    char *field = *text, *stop = field + strcspn(field, ",\n");
    if (*stop != end)
        fail_msg("field \"%.40s\" does not end as it should", field);
    *stop = '\0';
    *text = stop + 1;
    return field;
}

static void number_next(char **text, char end, double expected) {
    const char *field = field_next(text, end);
    char *rest;
    double got = strtod(field, &rest);
    assert_int_equal(*rest, '\0');
    if (isnan(expected))
        assert_string_equal(field, "nan");
    else if (memcmp(&got, &expected, sizeof got) != 0)
        fail_msg("%s instead of %.17g", field, expected);
    if (isinf(expected))
        assert_string_equal(field, expected > 0 ? "inf" : "-inf");
}

/* Rows of a grid point, or of a grid point at a time. */
static void table_matches(const EpnetSpec *spec, bool trajectory, char *text) {
    EpnetColumnInfo *columns;
    size_t row_count, count = epnet_columns(spec, &columns, &row_count);
    size_t points = spec->axes[0].size * spec->axes[1].size, times = trajectory ? spec->time_count : 1;
    if (trajectory)
        count = row_count;
    assert_string_equal(field_next(&text, ','), "flip_up");
    assert_string_equal(field_next(&text, ','), "drive");
    if (trajectory)
        assert_string_equal(field_next(&text, ','), "time");
    assert_string_equal(field_next(&text, ','), "status");
    for (size_t c = 0; c < count; c++)
        assert_string_equal(field_next(&text, c + 1 < count ? ',' : '\n'), columns[c].name);
    for (size_t k = 0; k < points; k++)
        for (size_t t = 0; t < times; t++) {
            number_next(&text, ',', spec->axes[0].values[k / 3]);
            number_next(&text, ',', spec->axes[1].values[k % 3]);
            if (trajectory)
                number_next(&text, ',', spec->times[t]);
            number_next(&text, ',', made_status(k));
            for (size_t c = 0; c < count; c++) {
                size_t time = trajectory ? t : made_time(spec, columns[c].place);
                double value = made_status(k) != 0 ? NAN : made_value(k, time, columns[c].index);
                number_next(&text, c + 1 < count ? ',' : '\n', value);
            }
        }
    assert_int_equal(*text, '\0');
    free(columns);
}

/* More rows than are read at once: 1,400 x 3 points at 5 times. */
static void test_tables(void **state) {
    (void)state;
    EpnetError error;
    scratch_make();
    EpnetSpec *spec = grid_make(EPNET_KEEP_YES, 1400, scratch_path("a.nc"));
    for (int trajectory = 0; trajectory <= 1; trajectory++) {
        const char *table = trajectory ? "trajectory" : "points";
        assert_int_equal(epnet_export(scratch_path("a.nc"), table, scratch_path("a.csv"), &error), EPNET_OK);
        char *text = file_bytes(scratch_path("a.csv"), NULL);
        table_matches(spec, trajectory, text);
        free(text);
    }
    assert_int_equal(scratch_entries(), 2);
    scratch_remove();
    made_spec_free(spec);
}

/* Run epnet_export with standard output in a file; returns its status. */
static EpnetStatus export_stdout(const char *path, const char *into, EpnetError *error) {
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    FILE *file = fopen(into, "w");
    assert_non_null(file);
    assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
    EpnetStatus status = epnet_export(path, "points", NULL, error);
    clearerr(stdout);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    close(kept);
    fclose(file);
    return status;
}

static void test_standard_output(void **state) {
    (void)state;
    EpnetError error;
    scratch_make();
    EpnetSpec *spec = grid_make(EPNET_KEEP_NO, 4, scratch_path("a.nc"));
    assert_int_equal(export_stdout(scratch_path("a.nc"), scratch_path("out"), &error), EPNET_OK);
    assert_int_equal(epnet_export(scratch_path("a.nc"), "points", scratch_path("a.csv"), &error), EPNET_OK);
    assert_true(files_equal(scratch_path("out"), scratch_path("a.csv")));
    assert_int_equal(export_stdout(scratch_path("a.nc"), "/dev/full", &error), EPNET_IO);
    assert_non_null(strstr(error.message, strerror(ENOSPC)));
    scratch_remove();
    made_spec_free(spec);
}

/* What is no regular file is written to as it is, and never replaced by one. */
static void test_device(void **state) {
    (void)state;
    EpnetError error;
    struct stat info;
    scratch_make();
    EpnetSpec *spec = grid_make(EPNET_KEEP_NO, 4, scratch_path("a.nc"));
    assert_int_equal(epnet_export(scratch_path("a.nc"), "points", "/dev/null", &error), EPNET_OK);
    assert_int_equal(epnet_export(scratch_path("a.nc"), "points", "/dev/full", &error), EPNET_IO);
    assert_non_null(strstr(error.message, strerror(ENOSPC)));
    assert_int_equal(stat("/dev/null", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
    scratch_remove();
    made_spec_free(spec);
}

static void test_failures(void **state) {
    (void)state;
    EpnetError error;
    scratch_make();
    EpnetSpec *spec = grid_make(EPNET_KEEP_NO, 4, scratch_path("a.nc"));
    assert_int_equal(epnet_export(scratch_path("a.nc"), "point", NULL, &error), EPNET_USAGE);
    assert_non_null(strstr(error.message, "points, trajectory, kinks and margins"));
    assert_int_equal(epnet_export(scratch_path("a.nc"), "trajectory", NULL, &error), EPNET_USAGE);
    assert_non_null(strstr(error.message, "[output] trajectories = true"));
    assert_int_equal(epnet_export(scratch_path("b.nc"), "points", scratch_path("b.csv"), &error), EPNET_IO);
    assert_int_equal(epnet_export(scratch_path("a.nc"), "points", scratch_path("no/a.csv"), &error),
                     EPNET_IO);
    assert_non_null(strstr(error.message, strerror(ENOENT)));
    assert_int_equal(mkdir(scratch_path("folder"), 0755), 0);
    assert_int_equal(epnet_export(scratch_path("a.nc"), "points", scratch_path("folder"), &error), EPNET_IO);
    assert_non_null(strstr(error.message, "it is a directory"));
    assert_int_equal(scratch_entries(), 2);
    scratch_remove();
    made_spec_free(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_standard_output),
        cmocka_unit_test(test_device),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}

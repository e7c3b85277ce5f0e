/* Opening a grid file: is it one, and is everything in it that the rest of the program relies on. */
#include "result.h"

#include "bytes.h"
#include "netcdf_fail.h"
#include "seal.h"
#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netcdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static EpnetStatus fail_foreign(EpnetError *error, const char *path, const char *reason) {
    return epnet_fail(error, EPNET_IO, "%s is not an epnet grid file: %s", path, reason);
}

static EpnetStatus fail_damaged(const EpnetResult *result, const char *what, EpnetError *error) {
    return epnet_fail(error, EPNET_IO, "%s is damaged: %s", result->path, what);
}

/* HDF5 looks for optional files as it opens one, which leaves the error number of those behind. */
static EpnetStatus fail_netcdf(const EpnetResult *result, int code, EpnetError *error) {
    if (errno == ENOENT && access(result->path, F_OK) == 0)
        errno = 0;
    if (errno != 0 || code == NC_ENOMEM)
        return epnet_fail_netcdf(error, code, "cannot read %s", result->path);
    return epnet_fail(error, EPNET_IO, "cannot read %s: %s (truncated or damaged?)", result->path,
                      nc_strerror(code));
}

/* Whether `path` can be read, begins as a NetCDF-4 file does and is as it was written. netCDF itself takes
 * other things for a path as well (addresses), has no system's reason to give, and trusts what it reads. */
static EpnetStatus bytes_check(const char *path, EpnetSeal *seal, EpnetError *error) {
    static const unsigned char expected[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    unsigned char found[sizeof expected] = {0};
    struct stat info;
    EpnetStatus status = EPNET_OK;
    *seal = EPNET_SEAL_NONE;
    int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe that nobody writes to must not hold us */
    if (fd < 0 || fstat(fd, &info) != 0)
        status = epnet_fail_system(error, "cannot read %s", path);
    else if (!S_ISREG(info.st_mode))
        status = fail_foreign(error, path, "it is not a regular file");
    else if (!epnet_bytes_read(fd, found, sizeof found, 0) && errno != 0)
        status = epnet_fail_system(error, "cannot read %s", path);
    else if (memcmp(found, expected, sizeof found) != 0)
        status = fail_foreign(error, path, "it is not NetCDF-4");
    else
        status = epnet_seal_check(fd, path, seal, error);
    if (fd >= 0)
        close(fd);
    if (*seal == EPNET_SEAL_BROKEN)
        status = epnet_fail(error, EPNET_IO, "%s is damaged: it does not match its checksum", path);
    return status;
}

/* ---- attributes ---------------------------------------------------------------------------------------- */

/* Numbers of an attribute as text, separated by blanks. */
static int numbers_read(int group, int variable, const char *name, size_t length, char **text) {
    enum { DIGITS = 32 };
    double *values = epnet_calloc(length, sizeof *values);
    *text = epnet_calloc(length + 1, DIGITS);
    int code = values == NULL || *text == NULL ? NC_ENOMEM : nc_get_att_double(group, variable, name, values);
    char *end = *text;
    for (size_t k = 0; k < length && code == NC_NOERR; k++)
        end += sprintf(end, "%s%.17g", k > 0 ? " " : "", values[k]);
    free(values);
    return code;
}

/* Strings of an attribute (other programs rewrite text so), joined with "; ". A string may be NULL: empty. */
static int strings_read(int group, int variable, const char *name, size_t length, char **text) {
    char **strings = epnet_calloc(length, sizeof *strings);
    if (strings == NULL)
        return NC_ENOMEM;
    int code = nc_get_att_string(group, variable, name, strings);
    size_t size = 1;
    for (size_t k = 0; k < length && code == NC_NOERR; k++)
        size += (strings[k] != NULL ? strlen(strings[k]) : 0) + 2;
    *text = epnet_calloc(size, 1);
    char *end = *text;
    for (size_t k = 0; k < length && code == NC_NOERR && *text != NULL; k++)
        end = stpcpy(stpcpy(end, k > 0 ? "; " : ""), strings[k] != NULL ? strings[k] : "");
    if (code == NC_NOERR)
        nc_free_string(length, strings);
    free(strings);
    return *text == NULL ? NC_ENOMEM : code;
}

/* An attribute as a new string, whatever its type; NC_ENOTATT if there is none. On failure *text is NULL. */
static int text_read(int group, int variable, const char *name, char **text) {
    nc_type type;
    size_t length;
    *text = NULL;
    int code = nc_inq_att(group, variable, name, &type, &length);
    if (code != NC_NOERR)
        return code;
    if (type == NC_CHAR) {
        *text = epnet_calloc(length + 1, 1);
        code = *text == NULL ? NC_ENOMEM : nc_get_att_text(group, variable, name, *text);
    } else if (type == NC_STRING) {
        code = strings_read(group, variable, name, length, text);
    } else {
        code = numbers_read(group, variable, name, length, text);
    }
    if (code != NC_NOERR) {
        free(*text);
        *text = NULL;
    }
    return code;
}

/* As text_read, with "" for an attribute that is not there. */
static int text_read_optional(int group, int variable, const char *name, char **text) {
    int code = text_read(group, variable, name, text);
    if (code != NC_ENOTATT)
        return code;
    *text = strdup("");
    return *text == NULL ? NC_ENOMEM : NC_NOERR;
}

/* As text_read, of an attribute that every axis and column of our own has; "" where another program has
 * written the file without it. netCDF may lose all attributes of a variable for want of memory, and not say
 * so. */
static int description_read(const EpnetResult *result, int variable, const char *name, char **text) {
    return (result->intact ? text_read : text_read_optional)(result->ncid, variable, name, text);
}

static EpnetStatus texts_read(EpnetResult *result, EpnetError *error) {
    int count = 0;
    int code = nc_inq_natts(result->ncid, &count);
    if (code == NC_NOERR && (result->texts = epnet_calloc((size_t)count, sizeof *result->texts)) == NULL)
        code = NC_ENOMEM;
    for (int k = 0; k < count && code == NC_NOERR; k++) {
        char name[NC_MAX_NAME + 1];
        EpnetResultText *text = &result->texts[result->text_count];
        code = nc_inq_attname(result->ncid, NC_GLOBAL, k, name);
        if (code == NC_NOERR)
            code = text_read(result->ncid, NC_GLOBAL, name, &text->text);
        if (code != NC_NOERR)
            break;
        result->text_count++;
        if ((text->name = strdup(name)) == NULL)
            code = NC_ENOMEM;
    }
    return code == NC_NOERR ? EPNET_OK : fail_netcdf(result, code, error);
}

static EpnetStatus identity_check(const EpnetResult *result, EpnetError *error) {
    const char *source = epnet_result_text(result, "source");
    const char *sha256 = epnet_result_text(result, "spec_sha256");
    if (source == NULL || strncmp(source, "epnet ", 6) != 0)
        return fail_foreign(error, result->path, "its source attribute does not name epnet");
    if (sha256 == NULL)
        return fail_foreign(error, result->path, "it has no spec_sha256 attribute");
    return EPNET_OK;
}

static const size_t most_points = (size_t)1 << 48,
                    most_rows = (size_t)1 << 59; /* whose bytes can be counted */

/* ---- axes and times ------------------------------------------------------------------------------------ */

/* Values of the coordinate variable of dimension `dimension` of a group. */
static int coordinate_read(int group, int dimension, char *name, int *variable, size_t *size,
                           double **values) {
    int rank, of;
    int code = nc_inq_dim(group, dimension, name, size);
    if (code == NC_NOERR)
        code = nc_inq_varid(group, name, variable);
    if (code == NC_NOERR)
        code = nc_inq_varndims(group, *variable, &rank);
    if (code == NC_NOERR && rank != 1)
        return NC_EBADDIM;
    if (code == NC_NOERR)
        code = nc_inq_vardimid(group, *variable, &of);
    if (code == NC_NOERR && of != dimension)
        return NC_EBADDIM;
    if (code == NC_NOERR && (*values = epnet_calloc(*size, sizeof(double))) == NULL)
        return NC_ENOMEM;
    return code == NC_NOERR ? nc_get_var_double(group, *variable, *values) : code;
}

static int axis_read(EpnetResult *result, int dimension) {
    EpnetResultAxis *axis = &result->axes[result->axis_count++];
    char name[NC_MAX_NAME + 1], *scale = NULL;
    int variable;
    int code = coordinate_read(result->ncid, dimension, name, &variable, &axis->size, &axis->values);
    if (code == NC_NOERR)
        code = description_read(result, variable, "units", &axis->unit);
    if (code == NC_NOERR)
        code = description_read(result, variable, "long_name", &axis->long_name);
    if (code == NC_NOERR)
        code = description_read(result, variable, "scale", &scale);
    if (code != NC_NOERR)
        return code;
    axis->log = strcmp(scale, "log") == 0;
    free(scale);
    axis->name = strdup(name);
    return axis->name == NULL ? NC_ENOMEM : NC_NOERR;
}

/* The dimensions of `status` are the axes, in order. */
static EpnetStatus axes_read(EpnetResult *result, EpnetError *error) {
    int status, rank, dimensions[NC_MAX_VAR_DIMS];
    int code = nc_inq_varid(result->ncid, "status", &status);
    if (code == NC_ENOTVAR)
        return fail_damaged(result, "there is no variable status", error);
    if (code == NC_NOERR)
        code = nc_inq_var(result->ncid, status, NULL, NULL, &rank, dimensions, NULL);
    if (code != NC_NOERR)
        return fail_netcdf(result, code, error);
    if (rank + 1 > EPNET_MAX_RANK)
        return fail_damaged(result, "too many axes", error);
    result->axes = epnet_calloc((size_t)rank, sizeof *result->axes);
    if (result->axes == NULL)
        return fail_netcdf(result, NC_ENOMEM, error);
    result->points = 1;
    for (int a = 0; a < rank; a++) {
        code = axis_read(result, dimensions[a]);
        if (code != NC_NOERR)
            return fail_netcdf(result, code, error);
        size_t size = result->axes[a].size;
        if (size == 0 || size > most_points / result->points)
            return fail_damaged(result, "an axis has no or too many values", error);
        result->points *= size;
    }
    return EPNET_OK;
}

/* The scalar coordinate time of the points table, if it has one. */
static EpnetStatus last_time_read(EpnetResult *result, EpnetError *error) {
    int variable, rank;
    result->last_time = NAN;
    int code = nc_inq_varid(result->ncid, "time", &variable);
    if (code == NC_ENOTVAR)
        return EPNET_OK;
    if (code == NC_NOERR)
        code = nc_inq_varndims(result->ncid, variable, &rank);
    if (code == NC_NOERR && rank != 0)
        return fail_damaged(result, "the time of the points table is not a number", error);
    if (code == NC_NOERR)
        code = nc_get_var_double(result->ncid, variable, &result->last_time);
    return code == NC_NOERR ? EPNET_OK : fail_netcdf(result, code, error);
}

/* The group "trajectory" with its time, if the file has one. */
static EpnetStatus times_read(EpnetResult *result, EpnetError *error) {
    char name[NC_MAX_NAME + 1];
    int dimension, variable;
    int code = nc_inq_grp_ncid(result->ncid, "trajectory", &result->trajectory);
    if (code == NC_ENOGRP) {
        result->trajectory = -1;
        return EPNET_OK;
    }
    if (code == NC_NOERR)
        code = nc_inq_dimid(result->trajectory, "time", &dimension);
    if (code == NC_NOERR)
        code = coordinate_read(result->trajectory, dimension, name, &variable, &result->time_count,
                               &result->times);
    if (code != NC_NOERR)
        return fail_netcdf(result, code, error);
    if (result->time_count == 0)
        return fail_damaged(result, "the trajectory table has no times", error);
    if (result->time_count > most_rows / result->points)
        return fail_damaged(result, "the trajectory table has too many rows", error);
    return EPNET_OK;
}

/* A variable over `count` values of the group "quench". */
static int sample_read(int group, const char *name, size_t count, double **values) {
    int variable, rank, dimension;
    size_t size = 0;
    int code = nc_inq_varid(group, name, &variable);
    if (code == NC_NOERR)
        code = nc_inq_varndims(group, variable, &rank);
    if (code == NC_NOERR && rank != 1)
        return NC_EBADDIM;
    if (code == NC_NOERR)
        code = nc_inq_vardimid(group, variable, &dimension);
    if (code == NC_NOERR)
        code = nc_inq_dimlen(group, dimension, &size);
    if (code == NC_NOERR && size != count)
        return NC_EBADDIM;
    if (code == NC_NOERR && (*values = epnet_calloc(count, sizeof(double))) == NULL)
        return NC_ENOMEM;
    return code == NC_NOERR ? nc_get_var_double(group, variable, *values) : code;
}

/* The group "quench", if the file has one. */
static EpnetStatus leak_read(EpnetResult *result, EpnetError *error) {
    EpnetResultLeak *leak = &result->leak;
    char name[NC_MAX_NAME + 1];
    int group, dimension, variable;
    int code = nc_inq_grp_ncid(result->ncid, "quench", &group);
    if (code == NC_ENOGRP)
        return EPNET_OK;
    if (code == NC_NOERR)
        code = nc_inq_dimid(group, "time", &dimension);
    if (code == NC_NOERR)
        code = coordinate_read(group, dimension, name, &variable, &leak->count, &leak->times);
    if (code == NC_NOERR)
        code = sample_read(group, "log_multiinformation", leak->count, &leak->logarithms);
    if (code == NC_NOERR)
        code = sample_read(group, "fit", leak->count, &leak->fit);
    if (code == NC_NOERR && leak->count < 3)
        return fail_damaged(result, "the leak has fewer than three samples", error);
    return code == NC_NOERR ? EPNET_OK : fail_netcdf(result, code, error);
}

/* ---- columns ------------------------------------------------------------------------------------------- */

/* Whether a variable spans exactly the axes, and then time where `with_time`. */
static int shape_matches(const EpnetResult *result, int group, int variable, bool with_time, bool *matches) {
    int rank, dimensions[NC_MAX_VAR_DIMS];
    int code = nc_inq_var(group, variable, NULL, NULL, &rank, dimensions, NULL);
    *matches = code == NC_NOERR && (size_t)rank == result->axis_count + with_time;
    for (int d = 0; d < rank && *matches; d++) {
        char name[NC_MAX_NAME + 1];
        size_t size;
        code = nc_inq_dim(group, dimensions[d], name, &size);
        bool is_time = (size_t)d == result->axis_count;
        *matches = code == NC_NOERR && strcmp(name, is_time ? "time" : result->axes[d].name) == 0 &&
                   size == (is_time ? result->time_count : result->axes[d].size);
    }
    return code;
}

/* The variable of the trajectory table with a column's name, -1 if there is none. */
static int trajectory_find(const EpnetResult *result, EpnetResultColumn *column) {
    bool matches;
    column->trajectory_variable = -1;
    if (result->trajectory < 0)
        return NC_NOERR;
    int variable;
    int code = nc_inq_varid(result->trajectory, column->name, &variable);
    if (code == NC_ENOTVAR)
        return NC_NOERR;
    if (code == NC_NOERR)
        code = shape_matches(result, result->trajectory, variable, true, &matches);
    if (code == NC_NOERR && !matches)
        code = NC_EBADDIM;
    if (code == NC_NOERR)
        column->trajectory_variable = variable;
    return code;
}

static int column_read(EpnetResult *result, const char *name, int variable) {
    EpnetResultColumn *column = &result->columns[result->column_count++];
    column->variable = variable;
    if ((column->name = strdup(name)) == NULL)
        return NC_ENOMEM;
    const bool is_status = result->column_count == 1; /* no quantity: it has no units */
    int code = is_status ? text_read_optional(result->ncid, variable, "units", &column->unit)
                         : description_read(result, variable, "units", &column->unit);
    if (code == NC_NOERR)
        code = description_read(result, variable, "long_name", &column->long_name);
    if (code == NC_NOERR)
        code = text_read_optional(result->ncid, variable, "cut", &column->cut);
    return code == NC_NOERR ? trajectory_find(result, column) : code;
}

/* `status`, then every other variable over the axes in the order of the file; the coordinates (in a grid
 * without axes the scalar time too) are none. */
static EpnetStatus columns_read(EpnetResult *result, EpnetError *error) {
    int count = 0, status = -1;
    int code = nc_inq_nvars(result->ncid, &count);
    if (code == NC_NOERR)
        code = nc_inq_varid(result->ncid, "status", &status);
    if (code == NC_NOERR && (result->columns = epnet_calloc((size_t)count, sizeof *result->columns)) == NULL)
        code = NC_ENOMEM;
    if (code == NC_NOERR)
        code = column_read(result, "status", status);
    for (int variable = 0; variable < count && code == NC_NOERR; variable++) {
        char name[NC_MAX_NAME + 1];
        bool matches = false;
        code = nc_inq_varname(result->ncid, variable, name);
        bool coordinate = strcmp(name, "time") == 0;
        for (size_t a = 0; a < result->axis_count; a++)
            coordinate = coordinate || strcmp(name, result->axes[a].name) == 0;
        if (code != NC_NOERR || variable == status || coordinate)
            continue;
        code = shape_matches(result, result->ncid, variable, false, &matches);
        if (code == NC_NOERR && matches)
            code = column_read(result, name, variable);
    }
    return code == NC_NOERR ? EPNET_OK : fail_netcdf(result, code, error);
}

/* The names of the status values: flag_values and flag_meanings go in step. */
static EpnetStatus flags_read(EpnetResult *result, EpnetError *error) {
    char *values = NULL, *meanings = NULL, *next_value, *next_name;
    int variable = result->columns[0].variable;
    int code = text_read(result->ncid, variable, "flag_values", &values);
    if (code == NC_NOERR)
        code = text_read(result->ncid, variable, "flag_meanings", &meanings);
    if (code == NC_NOERR && (result->flags = epnet_calloc(strlen(values) + 1, sizeof *result->flags)) == NULL)
        code = NC_ENOMEM;
    if (code == NC_NOERR) {
        char *value = strtok_r(values, " ", &next_value);
        char *name = strtok_r(meanings, " ", &next_name);
        for (; value != NULL && name != NULL && code == NC_NOERR; value = strtok_r(NULL, " ", &next_value)) {
            EpnetResultFlag *flag = &result->flags[result->flag_count++];
            flag->value = atoi(value);
            flag->name = strdup(name);
            name = strtok_r(NULL, " ", &next_name);
            if (flag->name == NULL)
                code = NC_ENOMEM;
        }
    }
    free(values);
    free(meanings);
    return code == NC_NOERR ? EPNET_OK : fail_netcdf(result, code, error);
}

/* Whether netCDF shows as many variables as were written. A file that another program has written may have
 * others, or none of the numbers. */
static EpnetStatus completeness_check(const EpnetResult *result, EpnetError *error) {
    const char *expected = epnet_result_text(result, EPNET_VARIABLE_COUNTS);
    int group, counts[3] = {0};
    char found[64];
    if (!result->intact || expected == NULL)
        return EPNET_OK;
    int code = nc_inq_nvars(result->ncid, &counts[0]);
    if (code == NC_NOERR && result->trajectory >= 0)
        code = nc_inq_nvars(result->trajectory, &counts[1]);
    if (code == NC_NOERR && nc_inq_grp_ncid(result->ncid, "quench", &group) == NC_NOERR)
        code = nc_inq_nvars(group, &counts[2]);
    if (code != NC_NOERR)
        return fail_netcdf(result, code, error);
    snprintf(found, sizeof found, "%d %d %d", counts[0], counts[1], counts[2]);
    if (strcmp(found, expected) == 0)
        return EPNET_OK;
    return epnet_fail(error, EPNET_IO, "cannot read %s: netCDF shows a part of it only (out of memory?)",
                      result->path);
}

EpnetStatus epnet_result_open(const char *path, EpnetResult **result, EpnetError *error) {
    *result = NULL;
    EpnetSeal seal;
    EpnetStatus status = bytes_check(path, &seal, error);
    if (status != EPNET_OK)
        return status;
    EpnetResult *opened = epnet_calloc(1, sizeof *opened);
    if (opened == NULL || (opened->path = strdup(path)) == NULL) {
        free(opened);
        return epnet_fail_memory(error, sizeof *opened, "an open grid file");
    }
    opened->intact = seal == EPNET_SEAL_INTACT;
    opened->ncid = -1;
    opened->trajectory = -1;
    errno = 0;
    int code = nc_open(path, NC_NOWRITE, &opened->ncid);
    if (code != NC_NOERR) {
        opened->ncid = -1;
        status = fail_netcdf(opened, code, error);
    }
    errno = 0;
    if (status == EPNET_OK)
        status = texts_read(opened, error);
    if (status == EPNET_OK)
        status = identity_check(opened, error);
    if (status == EPNET_OK)
        status = axes_read(opened, error);
    if (status == EPNET_OK)
        status = last_time_read(opened, error);
    if (status == EPNET_OK)
        status = times_read(opened, error);
    if (status == EPNET_OK)
        status = leak_read(opened, error);
    if (status == EPNET_OK)
        status = columns_read(opened, error);
    if (status == EPNET_OK)
        status = flags_read(opened, error);
    if (status == EPNET_OK)
        status = completeness_check(opened, error);
    if (status != EPNET_OK) {
        epnet_result_close(opened);
        return status;
    }
    *result = opened;
    return EPNET_OK;
}

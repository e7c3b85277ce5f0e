#include "dataset.h"

#include "dataset_define.h"
#include "dataset_verify.h"
#include "netcdf_fail.h"
#include "outfile.h"
#include "seal.h"
#include "status.h"

#include <errno.h>
#include <math.h>
#include <netcdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct EpnetDataset {
    const EpnetSpec *spec; /* the caller's, as is `device` */
    const char *device;
    EpnetOutfile file;
    int ncid; /* -1: closed */
    size_t points, times;
    size_t row_width, envelope_width;
    size_t column_count;
    EpnetColumnInfo *columns;
    int status_variable;
    bool keeps_trajectory;
    EpnetDatasetTable points_table, trajectory_table;
    bool has_leak, leak_written;
    EpnetDatasetLeak leak;
    double *scratch; /* one column of one range of points, gathered from rows */
    size_t scratch_size;
    size_t range_count, range_room;
    EpnetDatasetRange *ranges; /* that were written, in turn */
    EpnetDigest digest;        /* of their values */
};

/* Call with errno as the library left it. */
static EpnetStatus fail_netcdf(EpnetError *error, const EpnetDataset *dataset, int code) {
    return epnet_fail_netcdf(error, code, "cannot write %s", dataset->file.path);
}

static void dataset_free(EpnetDataset *dataset) {
    free(dataset->columns);
    free(dataset->points_table.variables);
    free(dataset->trajectory_table.variables);
    free(dataset->scratch);
    free(dataset->ranges);
    free(dataset);
}

/* The columns and the lists of variables that hold them. */
static EpnetStatus tables_alloc(EpnetDataset *dataset, const EpnetSpec *spec, EpnetError *error) {
    size_t row_count;
    dataset->column_count = epnet_columns(spec, &dataset->columns, &row_count);
    dataset->points_table.column_count = dataset->column_count;
    dataset->trajectory_table.column_count = row_count;
    dataset->points_table.variables = epnet_calloc(dataset->column_count, sizeof(int));
    dataset->trajectory_table.variables = epnet_calloc(row_count, sizeof(int));
    if (dataset->columns == NULL || dataset->points_table.variables == NULL ||
        dataset->trajectory_table.variables == NULL)
        return epnet_fail_memory(error, sizeof(EpnetColumnInfo) * epnet_row_width(spec->cut_count),
                                 "columns");
    return EPNET_OK;
}

EpnetStatus epnet_dataset_create(const EpnetSpec *spec, const char *output, const char *device,
                                 EpnetDataset **dataset, EpnetError *error) {
    *dataset = NULL;
    EpnetDataset *made = epnet_calloc(1, sizeof *made);
    if (made == NULL)
        return epnet_fail_memory(error, sizeof *made, "a grid file");
    made->spec = spec;
    made->device = device;
    made->ncid = -1;
    made->digest = epnet_digest_begin();
    made->points = epnet_grid_points(spec->axes, spec->axis_count);
    made->times = spec->time_count;
    made->row_width = epnet_row_width(spec->cut_count);
    made->envelope_width = epnet_envelope_width(spec->cut_count);
    made->keeps_trajectory = spec->kind == EPNET_TRAJECTORY && epnet_spec_keeps_trajectories(spec);
    made->has_leak = epnet_dataset_has_leak(spec);
    EpnetStatus status = tables_alloc(made, spec, error);
    if (status == EPNET_OK)
        status = epnet_outfile_create(&made->file, output, error);
    if (status != EPNET_OK) {
        dataset_free(made);
        return status;
    }
    errno = 0;
    int code = nc_create(made->file.temporary, NC_NETCDF4 | NC_CLOBBER, &made->ncid);
    if (code == NC_NOERR) {
        made->points_table.group = made->ncid;
        code = epnet_dataset_define(spec, device, made->columns, &made->points_table, &made->status_variable,
                                    made->keeps_trajectory ? &made->trajectory_table : NULL,
                                    made->has_leak ? &made->leak : NULL);
    } else {
        made->ncid = -1;
    }
    if (code != NC_NOERR) {
        status = fail_netcdf(error, made, code);
        epnet_dataset_discard(made);
        return status;
    }
    *dataset = made;
    return EPNET_OK;
}

/* Write `count` consecutive elements of a variable from flat row-major element `first` on. */
static int column_put(const EpnetDatasetTable *table, int variable, size_t first, size_t count,
                      const double *values) {
    while (count > 0) {
        EpnetSlab slab = epnet_slab_next(table->rank, table->shape, first, count);
        int code = nc_put_vara_double(table->group, variable, slab.start, slab.count, values);
        if (code != NC_NOERR)
            return code;
        first += slab.size;
        values += slab.size;
        count -= slab.size;
    }
    return NC_NOERR;
}

/* The statuses as elements [first, first + count); netCDF turns them into the file's bytes. */
static int status_put(EpnetDataset *dataset, size_t first, size_t count, const int *status) {
    for (size_t k = 0; k < count; k++)
        dataset->scratch[k] = status[k];
    epnet_digest_add(&dataset->digest, dataset->scratch, count * sizeof(double));
    return column_put(&dataset->points_table, dataset->status_variable, first, count, dataset->scratch);
}

/* Take every `width`-th of the values and write them as elements [first, first + count) of a variable. */
static int gather_put(EpnetDataset *dataset, const EpnetDatasetTable *table, size_t column, size_t first,
                      size_t count, const double *values, size_t width) {
    for (size_t k = 0; k < count; k++)
        dataset->scratch[k] = values[k * width];
    epnet_digest_add(&dataset->digest, dataset->scratch, count * sizeof(double));
    return column_put(table, table->variables[column], first, count, dataset->scratch);
}

/* Where the values of a column begin in the rows, and how far apart they are. */
static const double *column_values(const EpnetDataset *dataset, const EpnetColumnInfo *column,
                                   const EpnetRows *rows, size_t *width) {
    switch (column->place) {
    case EPNET_PLACE_EXTREME:
        *width = EPNET_EXTREMES;
        return rows->extremes + column->index;
    case EPNET_PLACE_POINT:
        *width = EPNET_POINT_COLUMNS;
        return rows->point + column->index;
    case EPNET_PLACE_ENVELOPE:
        *width = dataset->envelope_width;
        return rows->envelope + column->index;
    case EPNET_PLACE_ROW:
        break;
    }
    *width = dataset->row_width;
    return rows->last + column->index;
}

static int points_put(EpnetDataset *dataset, size_t first, size_t count, const EpnetRows *rows) {
    int code = status_put(dataset, first, count, rows->status);
    for (size_t c = 0; c < dataset->column_count && code == NC_NOERR; c++) {
        size_t width;
        const double *values = column_values(dataset, &dataset->columns[c], rows, &width);
        code = gather_put(dataset, &dataset->points_table, c, first, count, values, width);
    }
    return code;
}

static int trajectory_put(EpnetDataset *dataset, size_t first, size_t count, const EpnetRows *rows) {
    const EpnetDatasetTable *table = &dataset->trajectory_table;
    int code = NC_NOERR;
    for (size_t c = 0; c < table->column_count && code == NC_NOERR; c++)
        code = gather_put(dataset, table, c, first * dataset->times, count * dataset->times,
                          rows->trajectory + dataset->columns[c].index, dataset->row_width);
    return code;
}

/* The samples of the quench and the line through their mean with the measured slope; NaN where the point has
 * failed. */
static int leak_put(EpnetDataset *dataset, const EpnetRows *rows) {
    const EpnetDatasetLeak *leak = &dataset->leak;
    const size_t n = leak->samples;
    const double *times = rows->leak_curve, *logarithms = times + n;
    const double slope = rows->status[0] == EPNET_POINT_OK ? -rows->point[EPNET_LEAK] : NAN;
    double *time = dataset->scratch, *information = time + n, *fit = information + n;
    double mean_time = 0, mean = 0;
    for (size_t k = 0; k < n; k++) {
        time[k] = isnan(slope) ? NAN : times[k];
        information[k] = isnan(slope) ? NAN : logarithms[k];
        mean_time += time[k] / (double)n;
        mean += information[k] / (double)n;
    }
    for (size_t k = 0; k < n; k++)
        fit[k] = mean + slope * (time[k] - mean_time);
    epnet_digest_add(&dataset->digest, dataset->scratch, 3 * n * sizeof(double));
    dataset->leak_written = true;
    int code = nc_put_var_double(leak->group, leak->time, time);
    if (code == NC_NOERR)
        code = nc_put_var_double(leak->group, leak->information, information);
    return code == NC_NOERR ? nc_put_var_double(leak->group, leak->fit, fit) : code;
}

static EpnetStatus scratch_reserve(EpnetDataset *dataset, size_t size, EpnetError *error) {
    if (size <= dataset->scratch_size)
        return EPNET_OK;
    free(dataset->scratch);
    dataset->scratch = epnet_calloc(size, sizeof(double));
    dataset->scratch_size = dataset->scratch != NULL ? size : 0;
    if (dataset->scratch == NULL)
        return epnet_fail_memory(error, size * sizeof(double), "writing a range of points");
    return EPNET_OK;
}

static EpnetStatus range_note(EpnetDataset *dataset, size_t first, size_t count, EpnetError *error) {
    if (dataset->range_count == dataset->range_room) {
        const size_t room = 2 * dataset->range_room + 16;
        EpnetDatasetRange *longer = realloc(dataset->ranges, room * sizeof *longer);
        if (longer == NULL)
            return epnet_fail_memory(error, room * sizeof *longer, "writing a range of points");
        dataset->ranges = longer;
        dataset->range_room = room;
    }
    dataset->ranges[dataset->range_count++] = (EpnetDatasetRange){first, count};
    return EPNET_OK;
}

EpnetStatus epnet_dataset_write(EpnetDataset *dataset, size_t first, size_t count, const EpnetRows *rows,
                                EpnetError *error) {
    if (first > dataset->points || count > dataset->points - first)
        return epnet_fail(error, EPNET_INTERNAL, "points %zu to %zu are not in a grid of %zu", first,
                          first + count, dataset->points);
    EpnetStatus status =
        scratch_reserve(dataset, count * (dataset->keeps_trajectory ? dataset->times : 1), error);
    if (status == EPNET_OK && dataset->has_leak)
        status = scratch_reserve(dataset, 3 * dataset->leak.samples, error);
    if (status == EPNET_OK)
        status = range_note(dataset, first, count, error);
    if (status != EPNET_OK)
        return status;
    errno = 0;
    int code = points_put(dataset, first, count, rows);
    if (code == NC_NOERR && dataset->keeps_trajectory)
        code = trajectory_put(dataset, first, count, rows);
    if (code == NC_NOERR && dataset->has_leak && rows->leak_curve != NULL && count > 0)
        code = leak_put(dataset, rows);
    return code == NC_NOERR ? EPNET_OK : fail_netcdf(error, dataset, code);
}

/* Compare the finished file, which still has its temporary name, with what was written. */
static EpnetStatus written_verify(EpnetDataset *dataset, EpnetError *error) {
    EpnetDatasetWritten written = {
        .spec = dataset->spec,
        .device = dataset->device,
        .points = &dataset->points_table,
        .trajectory = dataset->keeps_trajectory ? &dataset->trajectory_table : NULL,
        .leak = dataset->has_leak ? &dataset->leak : NULL,
        .columns = dataset->columns,
        .column_count = dataset->column_count,
        .trajectory_count = dataset->keeps_trajectory ? dataset->trajectory_table.column_count : 0,
        .times = dataset->times,
        .quench = dataset->leak_written,
        .range_count = dataset->range_count,
        .ranges = dataset->ranges};
    EpnetError reason;
    epnet_digest_end(&dataset->digest, written.check, sizeof written.check);
    EpnetStatus status = epnet_dataset_verify(dataset->file.temporary, &written, &reason);
    if (status == EPNET_OK)
        return EPNET_OK;
    return epnet_fail(error, status, "cannot write %.700s: what was written is not good: %.1200s",
                      dataset->file.path, reason.message);
}

EpnetStatus epnet_dataset_commit(EpnetDataset *dataset, EpnetError *error) {
    errno = 0;
    int code = nc_close(dataset->ncid);
    dataset->ncid = -1;
    EpnetStatus status = code == NC_NOERR ? EPNET_OK : fail_netcdf(error, dataset, code);
    if (status == EPNET_OK)
        status = epnet_seal_append(dataset->file.temporary, dataset->file.path, error);
    if (status == EPNET_OK)
        status = written_verify(dataset, error);
    if (status == EPNET_OK)
        status = epnet_outfile_commit(&dataset->file, error);
    epnet_dataset_discard(dataset); /* after a commit: nothing is left of the file to remove */
    return status;
}

void epnet_dataset_discard(EpnetDataset *dataset) {
    if (dataset == NULL)
        return;
    if (dataset->ncid >= 0)
        nc_close(dataset->ncid); /* the file goes: that it could not be written no longer matters */
    epnet_outfile_discard(&dataset->file);
    dataset_free(dataset);
}

uint64_t epnet_dataset_bytes(const EpnetSpec *spec) {
    /* Measured with netCDF 4.9: object header and attributes of a variable, and what every file has. */
    enum { PER_VARIABLE = 750, PER_VARIABLE_OF_AXES = 850, PER_FILE = 6000 };
    EpnetColumnInfo *columns;
    size_t row_count;
    uint64_t points = epnet_grid_points(spec->axes, spec->axis_count);
    uint64_t column_count = epnet_columns(spec, &columns, &row_count);
    free(columns);
    uint64_t per_variable = PER_VARIABLE + (spec->axis_count > 0 ? PER_VARIABLE_OF_AXES : 0);
    uint64_t bytes = PER_FILE + strlen(spec->text) + column_count * per_variable;
    bytes += points * (1 + column_count * sizeof(double));
    if (spec->kind == EPNET_TRAJECTORY && epnet_spec_keeps_trajectories(spec))
        bytes += row_count * (per_variable + points * spec->time_count * sizeof(double));
    if (epnet_dataset_has_leak(spec))
        bytes += 3 * (PER_VARIABLE + spec->leak.samples * sizeof(double));
    return bytes;
}

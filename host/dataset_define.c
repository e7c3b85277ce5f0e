#include "dataset_define.h"

#include "result.h"
#include "status.h"

#include <math.h>
#include <netcdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every step is skipped once one has failed: the first error code is the one that counts. The same steps that
 * write the structure of a file find out later whether it has it. */
typedef struct Definer {
    const EpnetSpec *spec;
    bool check; /* look at what is there, write nothing */
    int code;   /* NC_NOERR or the first failure */
} Definer;

/* What another thing than expected is, whatever it is. */
enum { OTHER = NC_EBADNAME };

static int attribute_check(int group, int variable, const char *name, nc_type type, size_t size,
                           size_t length, const void *values) {
    nc_type found;
    size_t count;
    int code = nc_inq_att(group, variable, name, &found, &count);
    if (code == NC_NOERR && (found != type || count != length))
        code = OTHER;
    if (code != NC_NOERR)
        return code;
    void *there = epnet_calloc(length, size);
    code = there == NULL ? NC_ENOMEM : nc_get_att(group, variable, name, there);
    if (code == NC_NOERR && memcmp(there, values, length * size) != 0)
        code = OTHER;
    free(there);
    return code;
}

static void attribute_put(Definer *d, int group, int variable, const char *name, nc_type type, size_t size,
                          size_t length, const void *values) {
    if (d->code != NC_NOERR)
        return;
    d->code = d->check ? attribute_check(group, variable, name, type, size, length, values)
                       : nc_put_att(group, variable, name, type, length, values);
}

static void text_put(Definer *d, int group, int variable, const char *name, const char *text) {
    if (text != NULL)
        attribute_put(d, group, variable, name, NC_CHAR, 1, strlen(text), text);
}

static void number_put(Definer *d, int group, int variable, const char *name, double value) {
    attribute_put(d, group, variable, name, NC_DOUBLE, sizeof value, 1, &value);
}

static void count_put(Definer *d, int group, int variable, const char *name, size_t value) {
    const long long count = (long long)value;
    attribute_put(d, group, variable, name, NC_INT64, sizeof count, 1, &count);
}

static int variable_check(int group, const char *name, nc_type type, size_t rank, const int *dimensions,
                          int *variable) {
    nc_type found;
    int count, there[NC_MAX_VAR_DIMS];
    int code = nc_inq_varid(group, name, variable);
    if (code == NC_NOERR)
        code = nc_inq_var(group, *variable, NULL, &found, &count, there, NULL);
    if (code == NC_NOERR && (found != type || (size_t)count != rank ||
                             (rank > 0 && memcmp(there, dimensions, rank * sizeof *there) != 0)))
        code = OTHER;
    return code;
}

/* A variable over the first `rank` of `dimensions`. Contiguous: with no chunks to allocate as rows arrive,
 * the bytes of the file cannot depend on the order and size of the batches. */
static int variable_define(Definer *d, int group, const char *name, nc_type type, size_t rank,
                           const int *dimensions) {
    int variable = -1;
    if (d->code == NC_NOERR)
        d->code = d->check ? variable_check(group, name, type, rank, dimensions, &variable)
                           : nc_def_var(group, name, type, (int)rank, dimensions, &variable);
    if (d->code == NC_NOERR && rank > 0 && !d->check)
        d->code = nc_def_var_chunking(group, variable, NC_CONTIGUOUS, NULL);
    return variable;
}

/* What a variable holds where nothing was written. */
static void missing_define(Definer *d, int group, int variable) {
    const double missing = NAN;
    double there = 0;
    int none = 0;
    if (d->code != NC_NOERR)
        return;
    d->code = d->check ? nc_inq_var_fill(group, variable, &none, &there)
                       : nc_def_var_fill(group, variable, NC_FILL, &missing);
    if (d->code == NC_NOERR && d->check && (none != NC_FILL || !isnan(there)))
        d->code = OTHER;
}

static int dimension_check(int group, const char *name, size_t size, int *dimension) {
    size_t found = 0;
    int code = nc_inq_dimid(group, name, dimension);
    if (code == NC_NOERR)
        code = nc_inq_dimlen(group, *dimension, &found);
    return code == NC_NOERR && found != size ? OTHER : code;
}

/* A dimension of `size` values with its coordinate variable; returns the variable. */
static int coordinate_define(Definer *d, int group, const char *name, size_t size, int *dimension) {
    if (d->code == NC_NOERR)
        d->code = d->check ? dimension_check(group, name, size, dimension)
                           : nc_def_dim(group, name, size, dimension);
    return variable_define(d, group, name, NC_DOUBLE, 1, dimension);
}

static void group_define(Definer *d, int root, const char *name, int *group) {
    if (d->code == NC_NOERR)
        d->code = d->check ? nc_inq_grp_ncid(root, name, group) : nc_def_grp(root, name, group);
}

static int values_check(int group, int variable, const double *values, size_t count) {
    double *there = epnet_calloc(count, sizeof *there);
    int code = there == NULL ? NC_ENOMEM : nc_get_var_double(group, variable, there);
    if (code == NC_NOERR && memcmp(there, values, count * sizeof *there) != 0)
        code = OTHER;
    free(there);
    return code;
}

/* All `count` values of the variable called `name`. */
static void values_put(Definer *d, int group, const char *name, const double *values, size_t count) {
    int variable;
    if (d->code == NC_NOERR)
        d->code = nc_inq_varid(group, name, &variable);
    if (d->code == NC_NOERR)
        d->code = d->check ? values_check(group, variable, values, count)
                           : nc_put_var_double(group, variable, values);
}

static void axes_define(Definer *d, int group, int *dimensions) {
    for (size_t a = 0; a < d->spec->axis_count; a++) {
        const EpnetAxis *axis = &d->spec->axes[a];
        int variable = coordinate_define(d, group, epnet_axis_name(axis->key), axis->size, &dimensions[a]);
        text_put(d, group, variable, "long_name", epnet_axis_long_name(axis->key));
        text_put(d, group, variable, "units", epnet_axis_unit(axis->key));
        text_put(d, group, variable, "scale", axis->log ? "log" : "linear");
    }
}

static void time_describe(Definer *d, int group, int variable, const char *long_name) {
    text_put(d, group, variable, "long_name", long_name);
    text_put(d, group, variable, "units", "s");
}

/* Nodes of a mask as "0 1 4", for cuts whose label is made of names; a new string or NULL. */
static char *mask_nodes(uint64_t mask) {
    char *text = epnet_calloc(64 * 3 + 1, 1);
    size_t length = 0;
    for (int node = 0; text != NULL && node < 64; node++)
        if (mask >> node & 1)
            length += (size_t)sprintf(text + length, "%s%d", length > 0 ? " " : "", node);
    return text;
}

/* `count` strings joined with "; " as a text attribute; `text_of` returns a string to free. */
static void list_put(Definer *d, const char *name, size_t count, char *(*text_of)(const EpnetSpec *, size_t),
                     int group) {
    char *joined = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&joined, &length);
    bool complete = stream != NULL;
    for (size_t k = 0; complete && k < count; k++) {
        char *text = text_of(d->spec, k);
        complete = text != NULL && fprintf(stream, "%s%s", k > 0 ? "; " : "", text) >= 0;
        free(text);
    }
    if (stream != NULL && (fclose(stream) != 0 || joined == NULL)) /* the last allocation fails silently */
        complete = false;
    if (!complete && d->code == NC_NOERR)
        d->code = NC_ENOMEM;
    text_put(d, group, NC_GLOBAL, name, joined);
    free(joined);
}

static char *cut_label(const EpnetSpec *spec, size_t cut) {
    return strdup(spec->cuts[cut].label);
}
static char *cut_nodes(const EpnetSpec *spec, size_t cut) {
    return mask_nodes(spec->cuts[cut].mask);
}
static char *node_name(const EpnetSpec *spec, size_t node) {
    return strdup(spec->network.names[node]);
}

/* `coordinates` and `status` (its ancillary variable) as in CF, NULL: none. */
static void column_define(Definer *d, int group, const EpnetColumnInfo *column, size_t rank,
                          const int *dimensions, const char *coordinates, const char *status, int *variable) {
    *variable = variable_define(d, group, column->name, NC_DOUBLE, rank, dimensions);
    text_put(d, group, *variable, "long_name", column->long_name);
    text_put(d, group, *variable, "units", column->unit);
    text_put(d, group, *variable, "cell_methods", column->cell_methods);
    text_put(d, group, *variable, "coordinates", coordinates);
    text_put(d, group, *variable, "ancillary_variables", status);
    if (column->cut >= 0)
        text_put(d, group, *variable, "cut", d->spec->cuts[column->cut].label);
    missing_define(d, group, *variable);
}

static void status_define(Definer *d, int group, size_t rank, const int *dimensions, int *variable) {
    signed char values[EPNET_POINT_STATUSES];
    char meanings[64 * EPNET_POINT_STATUSES] = "";
    for (int s = 0; s < EPNET_POINT_STATUSES; s++) {
        values[s] = (signed char)s;
        if (s > 0)
            strcat(meanings, " ");
        strcat(meanings, epnet_point_status_names[s]);
    }
    *variable = variable_define(d, group, "status", NC_BYTE, rank, dimensions);
    text_put(d, group, *variable, "long_name", "what became of the point");
    attribute_put(d, group, *variable, "flag_values", NC_BYTE, 1, EPNET_POINT_STATUSES, values);
    text_put(d, group, *variable, "flag_meanings", meanings);
}

static void globals_put(Definer *d, int group, const char *device) {
    const EpnetSpec *spec = d->spec;
    char source[64];
    snprintf(source, sizeof source, "epnet %s", epnet_version());
    text_put(d, group, NC_GLOBAL, "Conventions", "CF-1.10");
    if (spec->title[0] != '\0')
        text_put(d, group, NC_GLOBAL, "title", spec->title);
    text_put(d, group, NC_GLOBAL, "source", source);
    text_put(d, group, NC_GLOBAL, "version", epnet_version());
    text_put(d, group, NC_GLOBAL, "spec", spec->text);
    text_put(d, group, NC_GLOBAL, "spec_sha256", spec->sha256);
    text_put(d, group, NC_GLOBAL, "kind", epnet_kind_name(spec->kind));
    text_put(d, group, NC_GLOBAL, "method",
             spec->kind == EPNET_STATIONARY ? "stationary" : epnet_method_name(spec->method));
    text_put(d, group, NC_GLOBAL, "device", device);
    number_put(d, group, NC_GLOBAL, "tolerance", spec->tolerance);
    if (spec->dt > 0)
        number_put(d, group, NC_GLOBAL, "dt", spec->dt);
    if (spec->leak.kind != EPNET_LEAK_NONE)
        count_put(d, group, NC_GLOBAL, "seed", (size_t)spec->leak.seed);
    count_put(d, group, NC_GLOBAL, "nodes", (size_t)spec->network.nodes);
    count_put(d, group, NC_GLOBAL, "edge_count", spec->network.edge_count);
    if (spec->network.names != NULL)
        list_put(d, "node_names", (size_t)spec->network.nodes, node_name, group);
    if (spec->cut_count > 0) {
        list_put(d, "cuts", spec->cut_count, cut_label, group);
        list_put(d, "cut_nodes", spec->cut_count, cut_nodes, group);
    }
}

/* The root group: axes, the last time as a scalar coordinate, status and every column. */
static void points_define(Definer *d, const char *device, const EpnetColumnInfo *columns,
                          EpnetDatasetTable *table, int *status_variable) {
    const EpnetSpec *spec = d->spec;
    int dimensions[EPNET_MAX_RANK];
    bool at_time = spec->kind == EPNET_TRAJECTORY && spec->time_count > 0;
    globals_put(d, table->group, device);
    axes_define(d, table->group, dimensions);
    if (at_time) {
        int time = variable_define(d, table->group, "time", NC_DOUBLE, 0, NULL);
        time_describe(d, table->group, time, "last sampled time");
    }
    status_define(d, table->group, table->rank, dimensions, status_variable);
    for (size_t c = 0; c < table->column_count; c++) {
        bool scalar_time = at_time && columns[c].place == EPNET_PLACE_ROW;
        column_define(d, table->group, &columns[c], table->rank, dimensions, scalar_time ? "time" : NULL,
                      "status", &table->variables[c]);
    }
}

/* The group "trajectory": its own axes and time, and the columns that exist at every time. */
static void trajectory_define(Definer *d, int root, const EpnetColumnInfo *columns,
                              EpnetDatasetTable *table) {
    const EpnetSpec *spec = d->spec;
    int dimensions[EPNET_MAX_RANK];
    group_define(d, root, "trajectory", &table->group);
    axes_define(d, table->group, dimensions);
    int time = coordinate_define(d, table->group, "time", spec->time_count, &dimensions[spec->axis_count]);
    time_describe(d, table->group, time, "time since the start");
    for (size_t c = 0; c < table->column_count; c++)
        column_define(d, table->group, &columns[c], table->rank, dimensions, NULL, NULL,
                      &table->variables[c]);
}

static int sample_define(Definer *d, const EpnetDatasetLeak *leak, const char *name, int dimension,
                         const char *long_name) {
    int variable = variable_define(d, leak->group, name, NC_DOUBLE, 1, &dimension);
    text_put(d, leak->group, variable, "long_name", long_name);
    text_put(d, leak->group, variable, "units", "1");
    return variable;
}

bool epnet_dataset_has_leak(const EpnetSpec *spec) {
    return spec->leak.kind == EPNET_LEAK_QUENCH && epnet_grid_points(spec->axes, spec->axis_count) == 1;
}

static void leak_define(Definer *d, int root, EpnetDatasetLeak *leak) {
    int dimension = -1;
    leak->samples = d->spec->leak.samples;
    group_define(d, root, "quench", &leak->group);
    leak->time = coordinate_define(d, leak->group, "time", leak->samples, &dimension);
    time_describe(d, leak->group, leak->time, "time since the copies were switched off");
    leak->information = sample_define(d, leak, "log_multiinformation", dimension,
                                      "natural logarithm of the multiinformation [nat]");
    leak->fit = sample_define(d, leak, "fit", dimension, "straight line fitted to log_multiinformation");
}

/* How many variables each group holds, 0 where there is no such group: netCDF may lose some, or a group, for
 * want of memory when it opens the file, and not say so. */
static void variables_count(Definer *d, int root, const EpnetDatasetTable *trajectory,
                            const EpnetDatasetLeak *leak) {
    int variables[3] = {0};
    long long counts[3];
    if (d->code == NC_NOERR)
        d->code = nc_inq_nvars(root, &variables[0]);
    if (d->code == NC_NOERR && trajectory != NULL)
        d->code = nc_inq_nvars(trajectory->group, &variables[1]);
    if (d->code == NC_NOERR && leak != NULL)
        d->code = nc_inq_nvars(leak->group, &variables[2]);
    for (int k = 0; k < 3; k++)
        counts[k] = variables[k];
    attribute_put(d, root, NC_GLOBAL, EPNET_VARIABLE_COUNTS, NC_INT64, sizeof *counts, 3, counts);
}

/* Values of the axes and of `time` (count 0: the group has none). Only once every definition is made: netCDF
 * refuses some of them after the first data. */
static void coordinates_fill(Definer *d, int group, const double *times, size_t time_count) {
    for (size_t a = 0; a < d->spec->axis_count; a++)
        values_put(d, group, epnet_axis_name(d->spec->axes[a].key), d->spec->axes[a].values,
                   d->spec->axes[a].size);
    if (time_count > 0)
        values_put(d, group, "time", times, time_count);
}

static void shape_set(const EpnetSpec *spec, bool with_time, EpnetDatasetTable *table) {
    for (size_t a = 0; a < spec->axis_count; a++)
        table->shape[a] = spec->axes[a].size;
    table->rank = spec->axis_count;
    if (with_time)
        table->shape[table->rank++] = spec->time_count;
}

static void define(Definer *d, const char *device, const EpnetColumnInfo *columns, EpnetDatasetTable *points,
                   int *status_variable, EpnetDatasetTable *trajectory, EpnetDatasetLeak *leak) {
    const EpnetSpec *spec = d->spec;
    if (spec->axis_count + 1 > EPNET_MAX_RANK) {
        d->code = NC_EMAXDIMS;
        return;
    }
    shape_set(spec, false, points);
    points_define(d, device, columns, points, status_variable);
    if (trajectory != NULL) {
        shape_set(spec, true, trajectory);
        trajectory_define(d, points->group, columns, trajectory);
    }
    if (leak != NULL)
        leak_define(d, points->group, leak);
    variables_count(d, points->group, trajectory, leak);
    if (d->code == NC_NOERR && !d->check)
        d->code = nc_enddef(points->group);
    size_t times = spec->kind == EPNET_TRAJECTORY ? spec->time_count : 0;
    coordinates_fill(d, points->group, times > 0 ? spec->times + times - 1 : NULL, times > 0);
    if (trajectory != NULL)
        coordinates_fill(d, trajectory->group, spec->times, times);
}

int epnet_dataset_define(const EpnetSpec *spec, const char *device, const EpnetColumnInfo *columns,
                         EpnetDatasetTable *points, int *status_variable, EpnetDatasetTable *trajectory,
                         EpnetDatasetLeak *leak) {
    Definer definer = {spec, false, NC_NOERR};
    define(&definer, device, columns, points, status_variable, trajectory, leak);
    return definer.code;
}

int epnet_dataset_defined(const EpnetSpec *spec, const char *device, const EpnetColumnInfo *columns,
                          EpnetDatasetTable *points, EpnetDatasetTable *trajectory, EpnetDatasetLeak *leak) {
    Definer definer = {spec, true, NC_NOERR};
    int status_variable;
    define(&definer, device, columns, points, &status_variable, trajectory, leak);
    return definer.code;
}

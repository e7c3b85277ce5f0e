#include "result.h"

#include "netcdf_fail.h"
#include "status.h"

#include <errno.h>
#include <netcdf.h>
#include <stdlib.h>
#include <string.h>

size_t epnet_result_points(const EpnetResult *result) {
    return result->points;
}
size_t epnet_result_axis_count(const EpnetResult *result) {
    return result->axis_count;
}
size_t epnet_result_time_count(const EpnetResult *result) {
    return result->time_count;
}
const double *epnet_result_times(const EpnetResult *result) {
    return result->times;
}
size_t epnet_result_column_count(const EpnetResult *result) {
    return result->column_count;
}

EpnetStatus epnet_result_axis(const EpnetResult *result, size_t axis, const char **name, size_t *size,
                              const double **values, const char **unit, EpnetError *error) {
    if (axis >= result->axis_count)
        return epnet_fail(error, EPNET_USAGE, "%s: no axis %zu, it has %zu", result->path, axis,
                          result->axis_count);
    const EpnetResultAxis *found = &result->axes[axis];
    if (name != NULL)
        *name = found->name;
    if (size != NULL)
        *size = found->size;
    if (values != NULL)
        *values = found->values;
    if (unit != NULL)
        *unit = found->unit;
    return EPNET_OK;
}

const char *epnet_result_column_name(const EpnetResult *result, size_t column) {
    return column < result->column_count ? result->columns[column].name : NULL;
}

const char *epnet_result_column_unit(const EpnetResult *result, size_t column) {
    return column < result->column_count ? result->columns[column].unit : NULL;
}

const char *epnet_result_text(const EpnetResult *result, const char *name) {
    for (size_t k = 0; k < result->text_count; k++)
        if (strcmp(result->texts[k].name, name) == 0)
            return result->texts[k].text;
    return NULL;
}

const char *epnet_result_status_name(const EpnetResult *result, int status) {
    for (size_t k = 0; k < result->flag_count; k++)
        if (result->flags[k].value == status)
            return result->flags[k].name;
    return NULL;
}

size_t epnet_result_find(const EpnetResult *result, const char *name) {
    size_t column = 0;
    while (column < result->column_count && strcmp(result->columns[column].name, name) != 0)
        column++;
    return column;
}

size_t epnet_result_natural(const EpnetResult *result) {
    static const char *const names[] = {"cut_mutual_information", "cut_mutual_information_0",
                                        "multiinformation"};
    size_t column = result->column_count;
    for (size_t k = 0; k < sizeof names / sizeof *names && column == result->column_count; k++)
        column = epnet_result_find(result, names[k]);
    return column;
}

bool epnet_result_has(const EpnetResult *result, EpnetTable table, size_t column) {
    return column < result->column_count &&
           (table == EPNET_TABLE_POINTS || result->columns[column].trajectory_variable >= 0);
}

EpnetStatus epnet_result_fail_column(const EpnetResult *result, EpnetTable table, const char *name,
                                     EpnetError *error) {
    char list[1536] = "";
    size_t length = 0;
    for (size_t c = 0; c < result->column_count; c++) {
        const char *known = result->columns[c].name;
        if (!epnet_result_has(result, table, c) || length + strlen(known) + 3 > sizeof list)
            continue;
        length += (size_t)(stpcpy(stpcpy(list + length, length > 0 ? ", " : ""), known) - (list + length));
    }
    return epnet_fail(error, EPNET_USAGE, "%s: no column \"%s\" in the %s table; there are: %s", result->path,
                      name, table == EPNET_TABLE_POINTS ? "points" : "trajectory", list);
}

EpnetStatus epnet_result_rows(const EpnetResult *result, EpnetTable table, size_t column, size_t first,
                              size_t count, double *values, EpnetError *error) {
    const EpnetResultColumn *source = &result->columns[column];
    size_t shape[EPNET_MAX_RANK], rank = result->axis_count;
    for (size_t a = 0; a < rank; a++)
        shape[a] = result->axes[a].size;
    bool points = table == EPNET_TABLE_POINTS;
    if (!points)
        shape[rank++] = result->time_count;
    int group = points ? result->ncid : result->trajectory;
    int variable = points ? source->variable : source->trajectory_variable;
    while (count > 0) {
        EpnetSlab slab = epnet_slab_next(rank, shape, first, count);
        errno = 0;
        int code = nc_get_vara_double(group, variable, slab.start, slab.count, values);
        if (code != NC_NOERR)
            return epnet_fail_netcdf(error, code, "cannot read %s of %s", source->name, result->path);
        first += slab.size;
        values += slab.size;
        count -= slab.size;
    }
    return EPNET_OK;
}

EpnetStatus epnet_result_column(const EpnetResult *result, const char *name, double *values,
                                EpnetError *error) {
    size_t column = epnet_result_find(result, name);
    if (column == result->column_count)
        return epnet_result_fail_column(result, EPNET_TABLE_POINTS, name, error);
    return epnet_result_rows(result, EPNET_TABLE_POINTS, column, 0, result->points, values, error);
}

EpnetStatus epnet_result_trajectory(const EpnetResult *result, const char *name, size_t point, double *values,
                                    EpnetError *error) {
    if (result->trajectory < 0)
        return epnet_fail(error, EPNET_USAGE,
                          "%s holds no trajectories; keep them with [output] trajectories = true",
                          result->path);
    size_t column = epnet_result_find(result, name);
    if (!epnet_result_has(result, EPNET_TABLE_TRAJECTORY, column))
        return epnet_result_fail_column(result, EPNET_TABLE_TRAJECTORY, name, error);
    if (point >= result->points)
        return epnet_fail(error, EPNET_USAGE, "%s: no point %zu, it has %zu", result->path, point,
                          result->points);
    return epnet_result_rows(result, EPNET_TABLE_TRAJECTORY, column, point * result->time_count,
                             result->time_count, values, error);
}

void epnet_result_close(EpnetResult *result) {
    if (result == NULL)
        return;
    if (result->ncid >= 0)
        nc_close(result->ncid); /* opened for reading: nothing can be lost */
    for (size_t a = 0; a < result->axis_count; a++) {
        free(result->axes[a].name);
        free(result->axes[a].unit);
        free(result->axes[a].long_name);
        free(result->axes[a].values);
    }
    for (size_t c = 0; c < result->column_count; c++) {
        free(result->columns[c].name);
        free(result->columns[c].unit);
        free(result->columns[c].long_name);
        free(result->columns[c].cut);
    }
    for (size_t k = 0; k < result->text_count; k++) {
        free(result->texts[k].name);
        free(result->texts[k].text);
    }
    for (size_t k = 0; k < result->flag_count; k++)
        free(result->flags[k].name);
    free(result->leak.times);
    free(result->leak.logarithms);
    free(result->leak.fit);
    free(result->axes);
    free(result->times);
    free(result->columns);
    free(result->texts);
    free(result->flags);
    free(result->path);
    free(result);
}

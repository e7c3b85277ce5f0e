/* Tables as CSV: one row per grid point, or per grid point and time. */
#include "table.h"
#include "plain_locale.h"
#include "status.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROWS = 4096 };

/* What a table is made of. Columns are read a block of rows at a time. */
typedef struct TableWriter {
    const EpnetResult *result;
    EpnetTable table;
    size_t rows;
    size_t column_count;
    size_t *columns; /* those of the table after `status`, in order */
    double *block;   /* (1 + column_count) x BLOCK_ROWS: status, then the columns */
} TableWriter;

static void header_write(const TableWriter *writer, FILE *stream) {
    const EpnetResult *result = writer->result;
    epnet_table_axis_names(result, NULL, stream);
    if (writer->table == EPNET_TABLE_TRAJECTORY)
        fputs("time,", stream);
    fputs("status", stream);
    for (size_t c = 0; c < writer->column_count; c++)
        fprintf(stream, ",%s", result->columns[writer->columns[c]].name);
    fputc('\n', stream);
}

/* The status of the points that rows [first, first + count) belong to, a row at a time. */
static EpnetStatus status_read(const TableWriter *writer, size_t first, size_t count, double *status,
                               EpnetError *error) {
    if (writer->table == EPNET_TABLE_POINTS)
        return epnet_result_rows(writer->result, EPNET_TABLE_POINTS, 0, first, count, status, error);
    size_t times = writer->result->time_count;
    size_t first_point = first / times, points = (first + count - 1) / times - first_point + 1;
    EpnetStatus result =
        epnet_result_rows(writer->result, EPNET_TABLE_POINTS, 0, first_point, points, status, error);
    for (size_t row = count; row-- > 0;) /* from the last: a point's rows stand at or after its own place */
        status[row] = status[(first + row) / times - first_point];
    return result;
}

static EpnetStatus block_write(const TableWriter *writer, size_t first, size_t count, FILE *stream,
                               EpnetError *error) {
    EpnetStatus status = status_read(writer, first, count, writer->block, error);
    for (size_t c = 0; c < writer->column_count && status == EPNET_OK; c++)
        status = epnet_result_rows(writer->result, writer->table, writer->columns[c], first, count,
                                   writer->block + (c + 1) * BLOCK_ROWS, error);
    bool trajectory = writer->table == EPNET_TABLE_TRAJECTORY;
    size_t times = trajectory ? writer->result->time_count : 1;
    for (size_t row = 0; row < count && status == EPNET_OK; row++) {
        epnet_table_axis_values(writer->result, (first + row) / times, NULL, stream);
        if (trajectory)
            fprintf(stream, "%.17g,", writer->result->times[(first + row) % times]);
        fprintf(stream, "%d", (int)writer->block[row]);
        for (size_t c = 0; c < writer->column_count; c++) {
            fputc(',', stream);
            epnet_table_number(stream, writer->block[(c + 1) * BLOCK_ROWS + row]);
        }
        fputc('\n', stream);
    }
    return status;
}

static EpnetStatus rows_write(const void *table, FILE *stream, EpnetError *error) {
    const TableWriter *writer = table;
    header_write(writer, stream);
    for (size_t first = 0; first < writer->rows; first += BLOCK_ROWS) {
        size_t left = writer->rows - first;
        EpnetStatus status = block_write(writer, first, left < BLOCK_ROWS ? left : BLOCK_ROWS, stream, error);
        if (status != EPNET_OK)
            return status;
        if (ferror(stream)) /* a full disk or a closed pipe: no use in going on */
            break;
    }
    return EPNET_OK;
}

static EpnetStatus table_choose(TableWriter *writer, const char *table, EpnetError *error) {
    const EpnetResult *result = writer->result;
    if (strcmp(table, "points") == 0) {
        writer->table = EPNET_TABLE_POINTS;
        writer->rows = result->points;
        return EPNET_OK;
    }
    if (strcmp(table, "trajectory") != 0)
        return epnet_fail(error, EPNET_USAGE,
                          "no table \"%s\"; there are points, trajectory, kinks and margins", table);
    if (result->trajectory < 0)
        return epnet_fail(error, EPNET_USAGE,
                          "%s holds no trajectories; keep them with [output] trajectories = true",
                          result->path);
    writer->table = EPNET_TABLE_TRAJECTORY;
    writer->rows = result->points * result->time_count;
    return EPNET_OK;
}

static EpnetStatus columns_choose(TableWriter *writer, EpnetError *error) {
    size_t count = writer->result->column_count;
    writer->columns = epnet_calloc(count, sizeof *writer->columns);
    writer->block = epnet_calloc(count, BLOCK_ROWS * sizeof *writer->block);
    if (writer->columns == NULL || writer->block == NULL)
        return epnet_fail_memory(error, count * BLOCK_ROWS * sizeof *writer->block, "a block of the table");
    for (size_t c = 1; c < count; c++)
        if (epnet_result_has(writer->result, writer->table, c))
            writer->columns[writer->column_count++] = c;
    return EPNET_OK;
}

static EpnetStatus grid_export(const EpnetResult *result, const char *table, const char *output,
                               EpnetError *error) {
    TableWriter writer = {.result = result};
    EpnetStatus status = table_choose(&writer, table, error);
    if (status == EPNET_OK)
        status = columns_choose(&writer, error);
    if (status == EPNET_OK)
        status = epnet_table_output(output, rows_write, &writer, error);
    free(writer.columns);
    free(writer.block);
    return status;
}

EpnetStatus epnet_export(const char *path, const char *table, const char *output, EpnetError *error) {
    EpnetResult *result;
    EpnetStatus status = epnet_result_open(path, &result, error);
    if (status != EPNET_OK)
        return status;
    EpnetLocale locale = epnet_locale_enter();
    if (strcmp(table, "kinks") == 0)
        status = epnet_table_kinks(result, output, error);
    else if (strcmp(table, "margins") == 0)
        status = epnet_table_margins(result, output, error);
    else
        status = grid_export(result, table, output, error);
    epnet_locale_leave(locale);
    epnet_result_close(result);
    return status;
}

/* The table of measured kinks and maxima: a row for every row of the grid along its copy axis, and for every
 * cut. */
#include "kink_row.h"
#include "status.h"
#include "table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct KinkTable {
    const EpnetResult *result;
    EpnetGridRows rows;
    double *values; /* a column of the points table */
} KinkTable;

/* Whether a column is the mutual information of a cut, the only one or one of several. */
static bool is_cut_information(const char *name) {
    static const char base[] = "cut_mutual_information";
    if (strncmp(name, base, sizeof base - 1) != 0)
        return false;
    const char *rest = name + sizeof base - 1;
    return *rest == '\0' || (*rest == '_' && isdigit((unsigned char)rest[1]));
}

static void header_write(const KinkTable *table, FILE *stream) {
    epnet_table_axis_names(table->result, table->rows.axis, stream);
    fputs(
        "quantity,samples,kink,reason,position,position_low,position_high,delta_bic,maxima,maximum_position,"
        "maximum\n",
        stream);
}

static EpnetStatus row_write(const KinkTable *table, size_t row, const char *quantity, FILE *stream,
                             EpnetError *error) {
    EpnetRowShape shape;
    size_t point = epnet_grid_row_start(&table->rows, row);
    EpnetStatus status =
        epnet_row_measure(&table->rows, table->values + point, table->rows.stride, &shape, error);
    if (status != EPNET_OK)
        return status;
    const EpnetKink *kink = &shape.kink;
    const double fit[] = {kink->position, kink->low, kink->high, kink->delta_bic};
    const double top[] = {kink->maximum, kink->maximum_value};
    epnet_table_axis_values(table->result, point, table->rows.axis, stream);
    fprintf(stream, "%s,%zu,%s,%s", quantity, kink->samples, epnet_kink_name(kink->verdict),
            epnet_kink_reason(kink->verdict));
    for (size_t k = 0; k < sizeof fit / sizeof *fit; k++) {
        fputc(',', stream);
        epnet_table_number(stream, fit[k]);
    }
    fprintf(stream, ",%zu", kink->maxima);
    for (size_t k = 0; k < sizeof top / sizeof *top; k++) {
        fputc(',', stream);
        epnet_table_number(stream, top[k]);
    }
    fputc('\n', stream);
    return EPNET_OK;
}

static EpnetStatus quantity_write(const KinkTable *table, size_t column, FILE *stream, EpnetError *error) {
    const EpnetResult *result = table->result;
    EpnetStatus status =
        epnet_result_rows(result, EPNET_TABLE_POINTS, column, 0, result->points, table->values, error);
    for (size_t row = 0; row < table->rows.count && status == EPNET_OK && !ferror(stream); row++)
        status = row_write(table, row, result->columns[column].name, stream, error);
    return status;
}

/* The mutual information of every cut, or else the multiinformation. */
static EpnetStatus kinks_write(const void *context, FILE *stream, EpnetError *error) {
    const KinkTable *table = context;
    const EpnetResult *result = table->result;
    EpnetStatus status = EPNET_OK;
    bool has_cut = false;
    header_write(table, stream);
    for (size_t c = 0; c < result->column_count && status == EPNET_OK; c++) {
        if (!is_cut_information(result->columns[c].name))
            continue;
        has_cut = true;
        status = quantity_write(table, c, stream, error);
    }
    size_t whole = epnet_result_find(result, "multiinformation");
    if (status == EPNET_OK && !has_cut && whole < result->column_count)
        status = quantity_write(table, whole, stream, error);
    return status;
}

EpnetStatus epnet_table_kinks(const EpnetResult *result, const char *output, EpnetError *error) {
    KinkTable table = {.result = result};
    EpnetStatus status = epnet_grid_rows(result, &table.rows, error);
    if (status != EPNET_OK)
        return status;
    table.values = epnet_calloc(result->points, sizeof *table.values);
    if (table.values == NULL)
        return epnet_fail_memory(error, result->points * sizeof *table.values, "a column");
    status = epnet_table_output(output, kinks_write, &table, error);
    free(table.values);
    return status;
}

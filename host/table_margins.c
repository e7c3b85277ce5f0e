/* The table of margins: for every grid point the smallest margin of every statement of the audit over its
 * times. */
#include "audit.h"
#include "status.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

typedef struct MarginTable {
    const EpnetResult *result;
    const EpnetAudit *audit;
    EpnetMargins margins;
} MarginTable;

/* "network_bound_margin_min", of an exact statement without "bound"; of a statement about one of several cuts
 * with the cut's number, "..._0". */
static void name_write(const MarginTable *table, size_t row, const char *what, FILE *stream) {
    const EpnetAuditRow *rows = table->audit->rows;
    size_t first = row, last = row;
    while (first > 0 && strcmp(rows[first - 1].name, rows[row].name) == 0)
        first--;
    while (last + 1 < table->audit->row_count && strcmp(rows[last + 1].name, rows[row].name) == 0)
        last++;
    fprintf(stream, ",%s%s%s", rows[row].name, rows[row].exact ? "" : "_bound", what);
    if (last > first)
        fprintf(stream, "_%zu", row - first);
}

static EpnetStatus margins_write(const void *context, FILE *stream, EpnetError *error) {
    const MarginTable *table = context;
    const size_t points = table->result->points;
    double *status = epnet_calloc(points, sizeof *status);
    if (status == NULL)
        return epnet_fail_memory(error, points * sizeof *status, "the statuses");
    EpnetStatus code = epnet_result_column(table->result, "status", status, error);
    if (code == EPNET_OK) {
        epnet_table_axis_names(table->result, NULL, stream);
        fputs("status", stream);
        for (size_t r = 0; r < table->audit->row_count; r++) {
            name_write(table, r, "_margin_min", stream);
            name_write(table, r, "_margin_min_time", stream);
        }
        fputc('\n', stream);
    }
    for (size_t k = 0; k < points && code == EPNET_OK; k++) {
        epnet_table_axis_values(table->result, k, NULL, stream);
        fprintf(stream, "%.0f", status[k]);
        for (size_t r = 0; r < table->audit->row_count; r++) {
            fputc(',', stream);
            epnet_table_number(stream, table->margins.margin[r * points + k]);
            fputc(',', stream);
            epnet_table_number(stream, table->margins.time[r * points + k]);
        }
        fputc('\n', stream);
    }
    free(status);
    return code;
}

EpnetStatus epnet_table_margins(const EpnetResult *result, const char *output, EpnetError *error) {
    EpnetAudit *audit;
    MarginTable table = {.result = result};
    EpnetStatus status = epnet_audit_margins(result, &audit, &table.margins, error);
    if (audit !=
        NULL) { /* a broken exact statement is the audit's to tell: its margins are shown like any other */
        table.audit = audit;
        status = epnet_table_output(output, margins_write, &table, error);
    }
    epnet_audit_free(audit);
    epnet_margins_free(&table.margins);
    return status;
}

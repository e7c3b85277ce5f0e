/* Any bytes as a CSV table: every row that is read must come back from its own text, every refusal has its
 * place. */
#include "csv.h"
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fields in quotes, quotes doubled. Returns the length; more than `size` would hold counts on. */
static size_t row_print(const EpnetCsv *csv, char *text, size_t size) {
    size_t length = 0;
    for (size_t k = 0; k < csv->field_count; k++) {
        if (k > 0 && length++ < size)
            text[length - 1] = ',';
        for (const char *c = csv->fields[k].text - 1;; c++) {
            const bool first = c < csv->fields[k].text;
            const char shown = first || *c == '\0' ? '"' : *c;
            if (length++ < size)
                text[length - 1] = shown;
            if (shown == '"' && !first && *c != '\0' && length++ < size)
                text[length - 1] = '"';
            if (!first && *c == '\0')
                break;
        }
    }
    return length;
}

static void row_check(const EpnetCsv *csv) {
    char text[EPNET_CSV_MAX_LINE];
    fuzz_require(csv->field_count >= 1 && csv->field_count <= EPNET_CSV_MAX_FIELDS, "a row has fields");
    for (size_t k = 0; k < csv->field_count; k++)
        fuzz_require(csv->fields[k].column >= 1 + k && csv->fields[k].column <= EPNET_CSV_MAX_LINE + 1,
                     "a field has its column");
    const size_t length = row_print(csv, text, sizeof text);
    if (length > sizeof text)
        return;
    EpnetCsv again;
    EpnetError error;
    bool found;
    epnet_csv_start(&again, "again.csv", text, length);
    fuzz_require(epnet_csv_next(&again, &found, &error) == EPNET_OK && found, "a row is read from its text");
    fuzz_require(again.field_count == csv->field_count, "with as many fields");
    for (size_t k = 0; k < csv->field_count; k++)
        fuzz_require(strcmp(again.fields[k].text, csv->fields[k].text) == 0, "with the same fields");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static const char place[] = "t.csv:";
    EpnetCsv csv;
    EpnetError error = {0};
    EpnetStatus status;
    bool found = true;
    unsigned line = 0;
    epnet_csv_start(&csv, "t.csv", (const char *)bytes, size);
    while ((status = epnet_csv_next(&csv, &found, &error)) == EPNET_OK && found) {
        fuzz_require(csv.line > line, "rows are on lines of their own");
        line = csv.line;
        row_check(&csv);
    }
    if (status != EPNET_OK) {
        unsigned at, column;
        fuzz_message_check(status, &error);
        fuzz_require(status == EPNET_BAD_SPEC, "what cannot be read is malformed");
        fuzz_require(strncmp(error.message, place, strlen(place)) == 0, "a refusal names the file");
        fuzz_require(sscanf(error.message + strlen(place), "%u:%u: error: ", &at, &column) == 2 &&
                         at == csv.line && column >= 1,
                     "a refusal has its line and column");
    }
    return 0;
}

/* CSV tables: what RFC 4180 allows is read, what is malformed is refused at its line and column, in the
 * reader and in the two files that a spec may name. */
#include "csv.h"
#include "support/check.h"
#include "support/spec_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows as text: fields with their columns in <>, rows with their lines. */
static EpnetStatus read_all(const char *bytes, size_t length, char *text, size_t size, EpnetError *error) {
    EpnetCsv csv;
    char *copy = malloc(length > 0 ? length : 1); /* no byte beyond the length may be read */
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    epnet_csv_start(&csv, "t.csv", copy, length);
    size_t used = 0;
    text[0] = '\0';
    bool found = true;
    EpnetStatus status;
    while ((status = epnet_csv_next(&csv, &found, error)) == EPNET_OK && found) {
        used += (size_t)snprintf(text + used, size - used, "%u:", csv.line);
        for (size_t k = 0; k < csv.field_count; k++)
            used += (size_t)snprintf(text + used, size - used, "%s<%u>", csv.fields[k].text,
                                     csv.fields[k].column);
        used += (size_t)snprintf(text + used, size - used, "|");
    }
    free(copy);
    return status;
}

static void check_rows(const char *bytes, const char *expected) {
    char text[512];
    EpnetError error = {0};
    if (read_all(bytes, strlen(bytes), text, sizeof text, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    assert_string_equal(text, expected);
}

static void test_rows(void **state) {
    (void)state;
    check_rows("", "");
    check_rows("a", "1:a<1>|");
    check_rows("a,b\n1,2\n", "1:a<1>b<3>|2:1<1>2<3>|");
    check_rows("a,b\r\n1,2\r\n", "1:a<1>b<3>|2:1<1>2<3>|");
    check_rows("\xEF\xBB\xBF"
               "a,b\n",
               "1:a<1>b<3>|");
    check_rows("\n# comment, \"\n \t\na\n\n  # more\nb\n", "4:a<1>|7:b<1>|");
    check_rows("a,,\n", "1:a<1><3><4>|");
    check_rows(",\n", "1:<1><2>|");
    check_rows("  a b \t,  c\n", "1:a b<3>c<11>|");
    check_rows("\"a,b\", \" c \" ,\"\"\n", "1:a,b<1> c <8><15>|");
    check_rows("\"say \"\"yes\"\"\",#x\n", "1:say \"yes\"<1>#x<15>|");
    check_rows("\xC3\xA9t\xC3\xA9,\xE2\x82\xAC,\xF0\x9F\x98\x80,z\n",
               "1:\xC3\xA9t\xC3\xA9<1>\xE2\x82\xAC<5>\xF0\x9F\x98\x80<7>z<9>|");
}

static void check_refused(const char *bytes, size_t length, const char *message) {
    char text[512];
    EpnetError error = {0};
    assert_int_equal(read_all(bytes, length, text, sizeof text, &error), EPNET_BAD_SPEC);
    if (strncmp(error.message, message, strlen(message)) != 0)
        fail_msg("expected \"%s\", got \"%s\"", message, error.message);
}

#define REFUSED(bytes, message) check_refused(bytes, sizeof(bytes) - 1, message)

static void test_refused(void **state) {
    (void)state;
    REFUSED("a\n\"b", "t.csv:2:1: error: a quote that is not closed");
    REFUSED("a,\"b\nc\"\n", "t.csv:1:3: error: a quote that is not closed");
    REFUSED("a,\"b\"c\n", "t.csv:1:6: error: text after a closing quote");
    REFUSED("\xC3\xA9"
            "a\"\n",
            "t.csv:1:3: error: a quote inside a field");
    REFUSED("a\n1,\0"
            "2\n",
            "t.csv:2:3: error: a control character");
    REFUSED("a\rb\n", "t.csv:1:2: error: a control character");
    REFUSED("a\x7F\n", "t.csv:1:2: error: a control character");
    REFUSED("ab,\xFF\n", "t.csv:1:4: error: a byte that is not UTF-8");
    REFUSED("\xC3", "t.csv:1:1: error: a byte that is not UTF-8");       /* cut short */
    REFUSED("\xC0\x80\n", "t.csv:1:1: error: a byte that is not UTF-8"); /* overlong */
    REFUSED("\xE0\x80\x80\n", "t.csv:1:1: error: a byte that is not UTF-8");
    REFUSED("\xF0\x80\x80\x80\n", "t.csv:1:1: error: a byte that is not UTF-8");
    REFUSED("\xED\xA0\x80\n", "t.csv:1:1: error: a byte that is not UTF-8");     /* a surrogate */
    REFUSED("\xF4\x90\x80\x80\n", "t.csv:1:1: error: a byte that is not UTF-8"); /* beyond U+10FFFF */
    REFUSED("\x80\n", "t.csv:1:1: error: a byte that is not UTF-8");
    REFUSED("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n", "t.csv:1:40: error: too many fields");
}

static void test_long_line(void **state) {
    (void)state;
    char line[EPNET_CSV_MAX_LINE + 2], text[2 * EPNET_CSV_MAX_LINE];
    EpnetError error = {0};
    memset(line, 'x', sizeof line);
    assert_int_equal(read_all(line, EPNET_CSV_MAX_LINE, text, sizeof text, &error), EPNET_OK);
    assert_int_equal(strlen(text), EPNET_CSV_MAX_LINE + strlen("1:<1>|"));
    assert_int_equal(read_all(line, EPNET_CSV_MAX_LINE + 1, text, sizeof text, &error), EPNET_BAD_SPEC);
    assert_non_null(
        strstr(error.message, "t.csv:1:1: error: the line has 4097 bytes; allowed: at most 4096"));
}

/* ---- the files of a spec ---- */

typedef struct FileCase {
    const char *csv;
    unsigned line, column;
    const char *what;
} FileCase;

/* Every table must be refused at its place when `spec` names it as table.csv. */
static void check_files(const char *spec_text, const FileCase *cases, size_t count) {
    for (size_t c = 0; c < count; c++) {
        EpnetSpec *spec = NULL;
        EpnetError error;
        spec_text_file("table.csv", cases[c].csv);
        if (spec_text_read(spec_text, NULL, &spec, &error) == EPNET_OK)
            fail_msg("accepted: %s", cases[c].csv);
        spec_text_check_error(&error, "table.csv", cases[c].line, cases[c].column, cases[c].what);
    }
}

#define CHECK_FILES(spec, cases) check_files(spec, cases, sizeof(cases) / sizeof(cases)[0])

static void test_edges_file(void **state) {
    (void)state;
    const char *spec = "[network]\nnodes = 3\ncopy_rate = 1\nedges_file = \"table.csv\"\n";
    const FileCase cases[] = {
        {"", 1, 1, "the table is empty; allowed: a header with source, target and perhaps weight"},
        {"# nothing\n", 1, 1, "the table is empty"},
        {"source,targt\n", 1, 8, "unknown column \"targt\""},
        {"source,weight\n", 1, 1, "no column \"target\""},
        {"source,target,source\n", 1, 15, "column \"source\" comes twice"},
        {"source,target\n0,1\n0\n", 3, 1, "the row has 1 fields; the header has 2"},
        {"source,target\n0,1,2\n", 2, 1, "the row has 3 fields"},
        {"source,target\n0,\n", 2, 3, "target is empty"},
        {"source,target\n0,\"1\n", 2, 3, "a quote that is not closed"},
        {"source,target\n0,3\n", 2, 3, "node 3 is out of range; allowed: 0 to 2"},
        {"source,target\n-1,0\n", 2, 1, "node -1 is out of range"},
        {"source,target\n0,99999999999\n", 2, 3, "node 99999999999 is out of range"},
        {"source,target\n0,1\n\n1,1\n", 4, 1, "the edge 1 -> 1 leads from a node to itself"},
        {"source,target\n0,1\n0,1\n", 3, 1, "the edge 0 -> 1 is there already, from "},
        {"source,target\n0,1\n1,Ann\n", 3, 3, "\"Ann\" is a name; a file uses either numbers or names"},
        {"source,target\nAnn,1\n", 2, 5, "\"1\" is a number; a file uses either numbers or names"},
        {"source,target\nAnn,Bob\nCy,Dan\n", 3, 4, "\"Dan\" is one node too many; allowed: 3"},
        {"source,target\nAnn,Bob\nAnn,Bob\n", 3, 1, "the edge Ann -> Bob is there already"},
        {"source,target\nAnn,Ann\n", 2, 1, "the edge Ann -> Ann leads from a node to itself"},
        {"source,target,weight\n0,1,0\n", 2, 5, "weight is \"0\"; allowed: a finite number > 0"},
        {"source,target,weight\n0,1,-2\n", 2, 5, "weight is \"-2\""},
        {"source,target,weight\n0,1,inf\n", 2, 5, "weight is \"inf\""},
        {"source,target,weight\n0,1,nan\n", 2, 5, "weight is \"nan\""},
        {"source,target,weight\n0,1,2x\n", 2, 5, "weight is \"2x\""},
        {"source,target,weight\n0,1,1e999\n", 2, 5, "weight is \"1e999\""},
        {"weight,target,source\n,1,0\n", 2, 1, "weight is empty"},
    };
    CHECK_FILES(spec, cases);
    const FileCase again[] = {{"source,target\n0,1\n1,0\n", 3, 1, "the edge 1 -> 0 is there already"}};
    CHECK_FILES("[network]\nnodes = 3\ncopy_rate = 1\nedges_file = \"table.csv\"\nundirected = true\n",
                again);
    const FileCase open[] = {{"source,target\n0,31\n", 2, 3, "node 31 is out of range; allowed: 0 to 30"}};
    CHECK_FILES("[network]\ncopy_rate = 1\nedges_file = \"table.csv\"\n", open);
}

static void test_probabilities_file(void **state) {
    (void)state;
    const char *spec = "[network]\nnodes = 2\ncopy_rate = 1\n[initial]\nprobabilities_file = \"table.csv\"\n";
    const FileCase cases[] = {
        {"state\n", 1, 1, "no column \"probability\""},
        {"state,probability,weight\n", 1, 19, "unknown column \"weight\""},
        {"state,probability\n0,1\n", 2, 1, "state is \"0\"; allowed: 2 characters 0 or 1"},
        {"state,probability\n02,1\n", 2, 1, "state is \"02\""},
        {"state,probability\n01,0.5\n10,0.25\n01,0.25\n", 4, 1, "state 01 is there already, in line 2"},
        {"state,probability\n01,0.5\n10,-0.5\n", 3, 4,
         "probability is \"-0.5\"; allowed: a number from 0 to 1"},
        {"state,probability\n01,1.5\n", 2, 4, "probability is \"1.5\""},
        {"probability,state\nhalf,00\n", 2, 1, "probability is \"half\""},
    };
    CHECK_FILES(spec, cases);
    EpnetSpec *read = NULL;
    EpnetError error;
    spec_text_file("table.csv", "state,probability\n01,0.5\n10,0.25\n");
    assert_int_equal(spec_text_read(spec, NULL, &read, &error), EPNET_BAD_SPEC);
    spec_text_check_error(&error, "spec.toml", 5, 22, "sum to 0.75; allowed: 1 within 1e-9");
    spec_text_file("table.csv", "state,probability\n01,0.5\n10,0.25\n11,+2.5e-1\n");
    epnet_spec_free(spec_text_good(spec, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_edges_file),
        cmocka_unit_test(test_probabilities_file),
    };
    return cmocka_run_group_tests(tests, spec_text_setup, spec_text_teardown);
}

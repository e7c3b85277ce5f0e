#include "csv.h"

#include "status.h"

#include <string.h>

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* Characters of a valid UTF-8 text: its bytes but those that continue a character. */
static unsigned character_count(const char *from, const char *to) {
    unsigned count = 0;
    for (; from < to; from++)
        count += ((unsigned char)*from & 0xC0) != 0x80;
    return count;
}

static EpnetStatus fail_at(const EpnetCsv *csv, const char *line, const char *at, const char *what,
                           EpnetError *error) {
    return epnet_fail(error, EPNET_BAD_SPEC, "%s:%u:%u: error: %s", csv->path, csv->line,
                      1 + character_count(line, at), what);
}

/* Bytes of the UTF-8 character at `at`, 0 if it is not one (RFC 3629: shortest form, no surrogates). */
static size_t character_size(const char *at, const char *end) {
    const unsigned char *c = (const unsigned char *)at;
    if (c[0] < 0x80)
        return 1;
    size_t size = c[0] >= 0xF0 ? 4 : c[0] >= 0xE0 ? 3 : 2;
    if (c[0] < 0xC2 || c[0] > 0xF4 || (size_t)(end - at) < size)
        return 0;
    for (size_t k = 1; k < size; k++) {
        if ((c[k] & 0xC0) != 0x80)
            return 0;
    }
    bool overlong = (c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xF0 && c[1] < 0x90);
    bool surrogate = c[0] == 0xED && c[1] >= 0xA0;
    bool beyond = c[0] == 0xF4 && c[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : size;
}

static EpnetStatus check_characters(const EpnetCsv *csv, const char *line, const char *end,
                                    EpnetError *error) {
    if (end - line > EPNET_CSV_MAX_LINE)
        return epnet_fail(error, EPNET_BAD_SPEC,
                          "%s:%u:1: error: the line has %zu bytes; allowed: at most %d", csv->path, csv->line,
                          (size_t)(end - line), EPNET_CSV_MAX_LINE);
    for (const char *at = line; at < end;) {
        size_t size = character_size(at, end);
        if (size == 0)
            return fail_at(csv, line, at, "a byte that is not UTF-8; the file must be UTF-8 text", error);
        if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7F)
            return fail_at(csv, line, at, "a control character; the file must be plain text", error);
        at += size;
    }
    return EPNET_OK;
}

/* Copy the field that starts at *at (blanks skipped) to *out, and move both on; *at stops at a comma or at
 * the end. */
static EpnetStatus read_quoted(const EpnetCsv *csv, const char *line, const char *end, const char **at,
                               char **out, EpnetError *error) {
    const char *quote = *at, *c = quote + 1;
    for (;; c++) {
        if (c == end)
            return fail_at(csv, line, quote, "a quote that is not closed on its line", error);
        if (*c == '"') {
            if (c + 1 < end && c[1] == '"')
                c++; /* a doubled quote stands for one */
            else
                break;
        }
        *(*out)++ = *c;
    }
    for (c++; c < end && is_blank(*c); c++) {
    }
    if (c < end && *c != ',')
        return fail_at(csv, line, c, "text after a closing quote; a comma or the end of the line must follow",
                       error);
    *at = c;
    return EPNET_OK;
}

static EpnetStatus read_bare(const EpnetCsv *csv, const char *line, const char *end, const char **at,
                             char **out, EpnetError *error) {
    const char *start = *at, *c = start;
    for (; c < end && *c != ','; c++) {
        if (*c == '"')
            return fail_at(csv, line, c, "a quote inside a field; quote the whole field and double the quote",
                           error);
    }
    *at = c;
    while (c > start && is_blank(c[-1]))
        c--;
    memcpy(*out, start, (size_t)(c - start));
    *out += c - start;
    return EPNET_OK;
}

static EpnetStatus read_row(EpnetCsv *csv, const char *line, const char *end, EpnetError *error) {
    EpnetStatus status = check_characters(csv, line, end, error);
    if (status != EPNET_OK)
        return status;
    csv->field_count = 0;
    char *out = csv->text;
    for (const char *at = line;; at++) {
        while (at < end && is_blank(*at))
            at++;
        if (csv->field_count == EPNET_CSV_MAX_FIELDS)
            return fail_at(csv, line, at, "too many fields; a row has as many as the header", error);
        EpnetCsvField *field = &csv->fields[csv->field_count++];
        *field = (EpnetCsvField){.text = out, .column = 1 + character_count(line, at)};
        bool quoted = at < end && *at == '"';
        status = (quoted ? read_quoted : read_bare)(csv, line, end, &at, &out, error);
        if (status != EPNET_OK)
            return status;
        *out++ = '\0';
        if (at == end)
            return EPNET_OK;
    }
}

/* A line without data: blank, or a comment. */
static bool is_skipped(const char *line, const char *end) {
    while (line < end && is_blank(*line))
        line++;
    return line == end || *line == '#';
}

void epnet_csv_start(EpnetCsv *csv, const char *path, const char *bytes, size_t length) {
    size_t mark = length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    csv->path = path;
    csv->next = bytes + mark;
    csv->end = bytes + length;
    csv->line = 0;
    csv->field_count = 0;
}

EpnetStatus epnet_csv_next(EpnetCsv *csv, bool *found, EpnetError *error) {
    *found = false;
    while (csv->next < csv->end) {
        const char *line = csv->next;
        const char *end = memchr(line, '\n', (size_t)(csv->end - line));
        csv->next = end != NULL ? end + 1 : csv->end;
        end = end != NULL ? end : csv->end;
        csv->line++;
        if (end > line && end[-1] == '\r')
            end--;
        if (is_skipped(line, end))
            continue;
        *found = true;
        return read_row(csv, line, end, error);
    }
    return EPNET_OK;
}

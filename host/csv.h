/* Reading CSV tables row by row (RFC 4180 quoting; LF or CRLF; a UTF-8 byte order mark is skipped, as are
 * blank lines and lines that start with '#'). Stricter than the RFC where a file of names and numbers has no
 * need: UTF-8 alone, no control characters, so no line break inside quotes; blanks around a field are
 * dropped. */
#ifndef EPNET_HOST_CSV_H
#define EPNET_HOST_CSV_H

#include "epnet.h"

#define EPNET_CSV_MAX_FIELDS 16
#define EPNET_CSV_MAX_LINE 4096 /* bytes */

typedef struct EpnetCsvField {
    const char *text; /* without quotes and surrounding blanks, NUL-terminated */
    unsigned column;  /* of its first character, counted in characters from 1 */
} EpnetCsvField;

typedef struct EpnetCsv {
    const char *path;       /* for messages; borrowed, as is the text */
    const char *next, *end; /* what is still to be read */
    unsigned line;          /* of the current row, from 1 */
    size_t field_count;     /* of the current row */
    EpnetCsvField fields[EPNET_CSV_MAX_FIELDS];
    char text[EPNET_CSV_MAX_LINE + EPNET_CSV_MAX_FIELDS]; /* what the fields point into */
} EpnetCsv;

/* Start reading `length` bytes, the content of the file `path`. Needs no counterpart. */
void epnet_csv_start(EpnetCsv *csv, const char *path, const char *bytes, size_t length);

/* Read the next row into `fields`; *found is false at the end of the file. EPNET_BAD_SPEC: malformed, with
 * "path:line:column: error: ..." as message. */
EpnetStatus epnet_csv_next(EpnetCsv *csv, bool *found, EpnetError *error);

#endif

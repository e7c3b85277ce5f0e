/* Quantities as people read them. Every function fills the caller's text and returns it, to be used inside a
 * call of printf. */
#ifndef EPNET_CLI_UNITS_H
#define EPNET_CLI_UNITS_H

#include <stdint.h>

typedef struct EpnetText {
    char text[48];
} EpnetText;

const char *epnet_text_count(EpnetText *text, uint64_t count); /* 1,048,576 */
const char *epnet_text_bytes(EpnetText *text, uint64_t bytes); /* 3.4 MiB */
const char *epnet_text_seconds(EpnetText *text,
                               double seconds); /* 12 ms, 4.2 s, 3 min 05 s, 2 h 10 min, 4 d 2 h */
const char *epnet_text_quantity(EpnetText *text, double quantity); /* 423, 13.2 k, 1.25 M, 3.1 G */

#endif

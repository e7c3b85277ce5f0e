/* JSON objects on standard output, one a line. JSON has no infinities and no NaN: an infinity is written as
 * the string "inf" or "-inf", NaN as null. */
#ifndef EPNET_CLI_JSON_H
#define EPNET_CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>

/* Objects and arrays nest; name is NULL for the outermost object and for elements of an array. */
void epnet_json_object_begin(const char *name);
void epnet_json_object_end(void);
void epnet_json_array_begin(const char *name);
void epnet_json_array_end(void);

/* Members. A text's bytes that are not UTF-8 become U+FFFD; NULL becomes null. A number has the 17
 * significant digits from which the same double is read back. */
void epnet_json_text(const char *name, const char *value);
void epnet_json_number(const char *name, double value);
void epnet_json_count(const char *name, uint64_t value);
void epnet_json_flag(const char *name, bool value);

/* End the line after the outermost object, and send it. */
void epnet_json_line_end(void);

#endif

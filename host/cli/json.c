#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>

static bool comma_due; /* whether the next member or element follows another */

/* Length of the UTF-8 sequence that text begins with, 0 if it is none (also overlong forms and surrogates).
 */
static size_t sequence_length(const unsigned char *text) {
    if (text[0] < 0x80)
        return 1;
    if (text[0] < 0xC2 || text[0] > 0xF4)
        return 0;
    size_t length = text[0] < 0xE0 ? 2 : text[0] < 0xF0 ? 3 : 4;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (text[0] == 0xE0 && text[1] < 0xA0) || (text[0] == 0xF0 && text[1] < 0x90);
    bool surrogate = text[0] == 0xED && text[1] >= 0xA0;
    bool beyond = text[0] == 0xF4 && text[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : length;
}

static void print_text(const char *text) {
    putchar('"');
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0';) {
        size_t length = sequence_length(at);
        if (length == 0)
            fputs("\\ufffd", stdout);
        else if (*at == '"' || *at == '\\')
            printf("\\%c", *at);
        else if (*at < 0x20)
            printf("\\u%04x", *at);
        else
            fwrite(at, 1, length, stdout);
        at += length > 0 ? length : 1;
    }
    putchar('"');
}

/* What stands before a value: a comma after another one, and the name of a member. */
static void print_prefix(const char *name) {
    if (comma_due)
        fputs(", ", stdout);
    comma_due = true;
    if (name == NULL)
        return;
    print_text(name);
    fputs(": ", stdout);
}

static void begin(const char *name, char bracket) {
    print_prefix(name);
    putchar(bracket);
    comma_due = false;
}

static void end(char bracket) {
    putchar(bracket);
    comma_due = true;
}

void epnet_json_object_begin(const char *name) {
    begin(name, '{');
}
void epnet_json_object_end(void) {
    end('}');
}
void epnet_json_array_begin(const char *name) {
    begin(name, '[');
}
void epnet_json_array_end(void) {
    end(']');
}

void epnet_json_text(const char *name, const char *value) {
    print_prefix(name);
    if (value == NULL)
        fputs("null", stdout);
    else
        print_text(value);
}

void epnet_json_number(const char *name, double value) {
    print_prefix(name);
    if (isnan(value))
        fputs("null", stdout);
    else if (isinf(value))
        fputs(value > 0 ? "\"inf\"" : "\"-inf\"", stdout);
    else
        printf("%.17g", value);
}

void epnet_json_count(const char *name, uint64_t value) {
    print_prefix(name);
    printf("%" PRIu64, value);
}

void epnet_json_flag(const char *name, bool value) {
    print_prefix(name);
    fputs(value ? "true" : "false", stdout);
}

void epnet_json_line_end(void) {
    putchar('\n');
    fflush(stdout);
    comma_due = false;
}

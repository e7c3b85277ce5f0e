#include "support/spec_text.h"
#include "support/check.h"
#include "support/scratch.h"

#include <stdio.h>
#include <string.h>

int spec_text_setup(void **state) {
    (void)state;
    return scratch_make() == NULL;
}

int spec_text_teardown(void **state) {
    (void)state;
    scratch_remove();
    return 0;
}

void spec_text_file(const char *name, const char *text) {
    file_write(scratch_path(name), text, strlen(text));
}

EpnetStatus spec_text_read(const char *text, const char *override, EpnetSpec **spec, EpnetError *error) {
    spec_text_file("spec.toml", text);
    *error = (EpnetError){0};
    EpnetStatus status = epnet_spec_read(scratch_path("spec.toml"), &override, override != NULL, spec, error);
    assert_int_equal(status, error->status);
    assert_true((status == EPNET_OK) == (*spec != NULL));
    return status;
}

EpnetSpec *spec_text_good(const char *text, const char *override) {
    EpnetSpec *spec = NULL;
    EpnetError error;
    if (spec_text_read(text, override, &spec, &error) != EPNET_OK)
        fail_msg("refused: %s\n%s", error.message, text);
    return spec;
}

void spec_text_check_error(const EpnetError *error, const char *file, unsigned line, unsigned column,
                           const char *what) {
    char place[1024];
    snprintf(place, sizeof place, "%s:%u:%u: error: ", scratch_path(file), line, column);
    if (error->status != EPNET_BAD_SPEC || strncmp(error->message, place, strlen(place)) != 0 ||
        strstr(error->message, what) == NULL)
        fail_msg("expected \"%s..%s..\", got (%d) \"%s\"", place, what, (int)error->status, error->message);
}

/* The text of a case without its mark; line and column of the mark, from 1. */
static void make_text(const char *frame, const char *part, char *text, size_t size, unsigned *line,
                      unsigned *column) {
    const char *at = strchr(frame, '@');
    assert_non_null(at);
    int length = snprintf(text, size, "%.*s%s%s", (int)(at - frame), frame, part, at + 1);
    assert_true(length > 0 && (size_t)length < size);
    *line = *column = 1;
    char *mark = strchr(text, '^');
    if (mark == NULL)
        return;
    for (const char *c = text; c < mark; c++) {
        *line += *c == '\n';
        if (*c == '\n')
            *column = 1;
        else if ((*c & 0xC0) != 0x80) /* not inside a UTF-8 character */
            ++*column;
    }
    memmove(mark, mark + 1, strlen(mark));
}

static void check_case(const SpecCase *one) {
    char text[4096];
    unsigned line, column;
    EpnetSpec *spec = NULL;
    EpnetError error;
    make_text(one->frame, one->bad, text, sizeof text, &line, &column);
    if (spec_text_read(text, NULL, &spec, &error) == EPNET_OK)
        fail_msg("accepted, but \"%s\" was expected:\n%s", one->what, text);
    spec_text_check_error(&error, "spec.toml", line, column, one->what);
    make_text(one->frame, one->good, text, sizeof text, &line, &column);
    epnet_spec_free(spec_text_good(text, NULL));
}

void spec_text_check_cases(const SpecCase *cases, size_t count) {
    for (size_t c = 0; c < count; c++)
        check_case(&cases[c]);
}

/* Specs written by a test into its scratch folder (support/scratch.h) and read back. */
#ifndef EPNET_TESTS_SPEC_TEXT_H
#define EPNET_TESTS_SPEC_TEXT_H

#include "spec.h"

/* cmocka fixtures of a group: the scratch folder. */
int spec_text_setup(void **state);
int spec_text_teardown(void **state);

/* A file beside the spec. */
void spec_text_file(const char *name, const char *text);

/* Write `text` as spec.toml and read it with one override (NULL: none). A failed read leaves *spec NULL. */
EpnetStatus spec_text_read(const char *text, const char *override, EpnetSpec **spec, EpnetError *error);

/* The same, and the test fails with the message unless it can be read. */
EpnetSpec *spec_text_good(const char *text, const char *override);

/* Fail unless the message is "FOLDER/FILE:LINE:COLUMN: error: ..." and contains `what`. */
void spec_text_check_error(const EpnetError *error, const char *file, unsigned line, unsigned column,
                           const char *what);

/* A rule: `frame` has one '@', in whose place stands `bad` or `good`. The '^' in the frame or in `bad` marks
 * where the message must point to and is no part of the spec. */
typedef struct SpecCase {
    const char *frame, *bad, *good, *what;
} SpecCase;

/* Fail unless every bad spec is refused at its mark with a message that contains `what`, and every good one
 * is accepted. */
void spec_text_check_cases(const SpecCase *cases, size_t count);

#define CHECK_CASES(cases) spec_text_check_cases(cases, sizeof(cases) / sizeof(cases)[0])

#endif

/* Running specs and auditing their grid files, in the scratch folder of a test program (scratch.h). Every run
 * and every opening must succeed; what the audit says is the test's to look at. */
#ifndef EPNET_TESTS_AUDITED_H
#define EPNET_TESTS_AUDITED_H

#include "epnet.h"

typedef struct Audited {
    EpnetResult *result;
    EpnetAudit *audit;
    EpnetStatus status;
    EpnetError error;
} Audited;

/* Setup and teardown of a group of tests that use the functions below. */
int audited_setup(void **state);
int audited_teardown(void **state);

/* Run a spec file or text anew; returns the path of its grid file. `expected`: EPNET_OK or
 * EPNET_POINTS_FAILED. */
const char *run_file(const char *spec_path, EpnetStatus expected);
const char *run_text(const char *text);

/* Open a grid file and audit it. */
Audited audit_file(const char *path);
Audited audit_text(const char *text);
void audited_free(Audited *audited);

/* The row of a statement; `cut` NULL: the first. */
const EpnetAuditRow *row_of(const Audited *audited, const char *name, const char *cut);
size_t checks_of(const Audited *audited, const char *name, const char *cut);

/* Fail unless nothing was checked, for this reason. */
void check_reason(const Audited *audited, const char *name, const char *reason);

#endif

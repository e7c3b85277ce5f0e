#include "support/audited.h"

#include "support/check.h"
#include "support/scratch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int audited_setup(void **state) {
    (void)state;
    return scratch_make() == NULL;
}

int audited_teardown(void **state) {
    (void)state;
    scratch_remove();
    return 0;
}

Audited audit_file(const char *path) {
    Audited audited = {.status = EPNET_OK};
    if (epnet_result_open(path, &audited.result, &audited.error) != EPNET_OK)
        fail_msg("%s", audited.error.message);
    audited.status = epnet_audit(audited.result, &audited.audit, &audited.error);
    return audited;
}

void audited_free(Audited *audited) {
    epnet_audit_free(audited->audit);
    epnet_result_close(audited->result);
}

const char *run_file(const char *spec_path, EpnetStatus expected) {
    const char *grid = scratch_path("grid.nc");
    EpnetSpec *spec = NULL;
    EpnetError error;
    EpnetRunSummary summary;
    EpnetRunOptions options = {.threads = 1};
    remove(grid); /* a grid of the same spec would be left as it is */
    if (epnet_spec_read(spec_path, NULL, 0, &spec, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    EpnetStatus status = epnet_run(spec, grid, &options, &summary, &error);
    if (status != expected)
        fail_msg("status %d: %s %s", status, error.message, summary.failures);
    epnet_spec_free(spec);
    return grid;
}

const char *run_text(const char *text) {
    const char *path = scratch_path("spec.toml");
    file_write(path, text, strlen(text));
    return run_file(path, EPNET_OK);
}

Audited audit_text(const char *text) {
    return audit_file(run_text(text));
}

const EpnetAuditRow *row_of(const Audited *audited, const char *name, const char *cut) {
    for (size_t r = 0; r < audited->audit->row_count; r++) {
        const EpnetAuditRow *row = &audited->audit->rows[r];
        if (strcmp(row->name, name) == 0 && (cut == NULL || strcmp(row->cut, cut) == 0))
            return row;
    }
    fail_msg("no row %s", name);
    return NULL;
}

void check_reason(const Audited *audited, const char *name, const char *reason) {
    const EpnetAuditRow *row = row_of(audited, name, NULL);
    assert_string_equal(row->reason, reason);
    assert_int_equal(row->checks, 0);
    assert_true(isnan(row->fraction));
}

size_t checks_of(const Audited *audited, const char *name, const char *cut) {
    return row_of(audited, name, cut)->checks;
}

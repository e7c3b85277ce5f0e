/* The audit of grid files that are not as they were, or not as large: a changed number breaks its exact
 * statement, missing columns and failed points are told, the worst of a grid is found. */
#include "result.h"
#include "support/audited.h"
#include "support/check.h"
#include "support/scratch.h"

#include <math.h>
#include <netcdf.h>
#include <string.h>

/* ---- a changed number -------------------------------------------------------------------------------- */

#define DRIVEN                                                                                               \
    "[network]\nnodes = 3\ncopy_rate = 0.7\ndrive = 1.3\nflip_down = 1.4\n[observe]\ncut = [0, 2]\n"
#define UNDRIVEN                                                                                             \
    "[network]\nnodes = 3\ncopy_rate = 0.7\ndrive = 0.0\nflip_down = 1.4\n[observe]\ncut = [0, 2]\n"
#define ALONG                                                                                                \
    "[initial]\nprobabilities = [0.2, 0.05, 0.15, 0.1, 0.1, 0.05, 0.05, 0.3]\n[solve]\nt_end = 2.0\n"        \
    "samples = 9\n[output]\ntrajectories = true\n"
#define AT_REST "[solve]\nkind = \"stationary\"\n"

/* Add to one entry of a column; without a seal the file is taken as it is. */
static void change(const char *path, const char *column, size_t entry, double add) {
    int file, group, variable;
    double value;
    assert_int_equal(nc_open(path, NC_WRITE, &file), NC_NOERR);
    if (nc_inq_grp_ncid(file, "trajectory", &group) != NC_NOERR ||
        nc_inq_varid(group, column, &variable) != NC_NOERR) {
        group = file;
        assert_int_equal(nc_inq_varid(group, column, &variable), NC_NOERR);
    }
    assert_int_equal(nc_get_var1_double(group, variable, &entry, &value), NC_NOERR);
    value += add;
    assert_int_equal(nc_put_var1_double(group, variable, &entry, &value), NC_NOERR);
    assert_int_equal(nc_close(file), NC_NOERR);
}

static void a_changed_number_breaks_its_statement(void **state) {
    (void)state;
    static const struct {
        const char *spec, *column;
        double add;
        const char *name;
    } cases[] = {
        {UNDRIVEN ALONG, "entropy_production", 1e-9, "product_relaxation"},
        {UNDRIVEN ALONG, "node_divergence_rate", -1e-9, "product_relaxation"},
        {DRIVEN ALONG, "cut_information_flow", 1e-9, "cut_second_law"},
        {DRIVEN ALONG, "cut_environment_entropy_flow", 1e-9, "cut_second_law"},
        {DRIVEN ALONG, "cut_local_entropy_rate", -1e-9, "cut_second_law"},
        {DRIVEN ALONG, "cut_entropy_production", 1e-9, "cut_second_law"},
        {DRIVEN ALONG, "multiinformation_rate", 1e-9, "network_second_law"},
        {DRIVEN ALONG, "node_entropy_rate", -1e-9, "network_second_law"},
        {DRIVEN ALONG, "environment_entropy_flow", 1e-9, "network_second_law"},
        {DRIVEN ALONG, "entropy_production_channels", 1e-9, "network_second_law"},
        {DRIVEN ALONG, "cut_mutual_information_rate", 5, "capacity_rate"},
        {DRIVEN ALONG, "cut_information_flow", 5, "capacity_flow"},
        {DRIVEN ALONG, "cut_flow_bound", 5, "capacity_cut"},
        {DRIVEN ALONG, "multiinformation_rate", 5, "capacity_network"},
        {UNDRIVEN ALONG, "multiinformation_rate", 5, "no_copies_rate"},
        {UNDRIVEN ALONG, "multiinformation", 5, "no_copies_production"},
        {DRIVEN AT_REST, "cut_mutual_information", 0.5, "energy_cut"},
        {DRIVEN AT_REST, "multiinformation", 0.5, "energy_divergence"},
        {DRIVEN AT_REST, "flip_divergence", 5, "energy_bound"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        const char *grid = run_text(cases[c].spec);
        const bool along = strstr(cases[c].spec, "t_end") != NULL;
        Audited intact = audit_file(grid);
        assert_int_equal(intact.status, EPNET_OK);
        assert_true(checks_of(&intact, cases[c].name, NULL) > 0);
        audited_free(&intact);
        change(grid, cases[c].column, along ? 6 : 0, cases[c].add);
        Audited changed = audit_file(grid);
        const EpnetAuditRow *row = row_of(&changed, cases[c].name, NULL);
        if (changed.status != EPNET_INTERNAL || row->violations != 1 || row->point != 0)
            fail_msg("%s does not break %s", cases[c].column, cases[c].name);
        assert_true(along ? row->time == 1.5 && row->first_time == 1.5 : isnan(row->time));
        assert_true(row->exact && row->margin < -row->tolerance);
        assert_non_null(strstr(changed.error.message, "beyond rounding"));
        audited_free(&changed);
    }
}

static void the_message_names_the_broken_statement(void **state) {
    (void)state;
    const char *grid = run_text(DRIVEN ALONG);
    change(grid, "node_entropy_rate", 3, 0.25);
    Audited audited = audit_file(grid);
    assert_int_equal(audited.status, EPNET_INTERNAL);
    assert_non_null(strstr(audited.error.message, "grid.nc: 1 exact statement is broken beyond rounding: "
                                                  "network_second_law"));
    assert_non_null(strstr(audited.error.message, "by 0.25 nat/s at grid point 0"));
    audited_free(&audited);
}

/* ---- files as they come ------------------------------------------------------------------------------ */

static void a_missing_column_is_named(void **state) {
    (void)state;
    const char *grid = run_text(DRIVEN ALONG);
    int file, variable;
    assert_int_equal(nc_open(grid, NC_WRITE, &file), NC_NOERR);
    assert_int_equal(nc_inq_varid(file, "leak_lsi", &variable), NC_NOERR);
    assert_int_equal(nc_rename_var(file, variable, "other"), NC_NOERR);
    assert_int_equal(nc_close(file), NC_NOERR);
    Audited audited = audit_file(grid);
    assert_int_equal(audited.status, EPNET_OK);
    check_reason(&audited, "leak_lsi", "the file has no column leak_lsi");
    check_reason(&audited, "no_copies_production", "the file has no column leak_lsi");
    assert_int_equal(checks_of(&audited, "network", NULL), 9);
    audited_free(&audited);
}

static void without_trajectories_the_last_time_is_checked(void **state) {
    (void)state;
    Audited audited =
        audit_text("[network]\nnodes = 5\ncopy_rate = 0.2\n[initial]\ndistribution = \"uniform\"\n"
                   "[solve]\nt_end = 40.0\nsamples = 401\n[output]\ntrajectories = false\n");
    const EpnetAuditRow *row = row_of(&audited, "network", NULL);
    assert_true(!audited.audit->trajectories && !audited.audit->stationary && audited.audit->times == 1);
    assert_true(row->checks == 1 && row->time == 40 && row->violations == 0);
    row = row_of(&audited, "network_min", NULL);
    assert_true(row->violations == 1 && row->margin < -0.02 && row->time > 0 && row->time < 1);
    audited_free(&audited);
}

/* Two axes of unequal size: points in the order of the grid, the worst of them where the columns say. */
static void the_worst_point_of_a_grid_is_found(void **state) {
    (void)state;
    Audited audited = audit_text("[network]\nnodes = 2\nflip_down = 1.5\n[observe]\ncut = [1]\n"
                                 "[solve]\nkind = \"stationary\"\n[leak]\nbootstrap = 100\n[sweep]\n"
                                 "drive = { values = [0.3, 1.0, 4.0] }\n"
                                 "copy_total = { values = [200.0, 50.0, 10.0, 3.0, 1.0] }\n");
    double information[15], bound[15], worst = INFINITY;
    size_t at = 0, violated = 0;
    assert_int_equal(epnet_result_column(audited.result, "cut_mutual_information", information, NULL),
                     EPNET_OK);
    assert_int_equal(epnet_result_column(audited.result, "envelope_bound", bound, NULL), EPNET_OK);
    for (size_t k = 0; k < 15; k++) {
        violated += information[k] > bound[k];
        at = bound[k] - information[k] < worst ? k : at;
        worst = fmin(worst, bound[k] - information[k]);
    }
    const EpnetAuditRow *row = row_of(&audited, "envelope_leak", "1");
    assert_int_equal(audited.status, EPNET_OK);
    if (violated == 0 || violated == 15 || at == 0)
        fail_msg("%zu violations, the worst at %zu: not a telling grid", violated, at);
    assert_true(row->checks == 15 && row->points == 15 && row->violations == violated && row->point == at);
    assert_int_equal(row->points_violated, violated);
    check_near(row->margin, worst, 1e-15, "smallest margin");
    check_near(row->fraction, (double)violated / 15, 0, "fraction");
    audited_free(&audited);
}

static void failed_points_are_left_out(void **state) {
    (void)state;
    static const char text[] = "[network]\nnodes = 2\ntopology = \"none\"\n[solve]\nkind = \"stationary\"\n"
                               "[sweep]\nflip_up = { values = [0.0, 1.0, 2.0] }\n"
                               "flip_down = { values = [0.0, 0.5] }\n";
    const char *path = scratch_path("failing.toml");
    file_write(path, text, strlen(text));
    Audited audited = audit_file(run_file(path, EPNET_POINTS_FAILED));
    assert_true(audited.audit->points == 6 && audited.audit->points_failed == 1);
    assert_int_equal(checks_of(&audited, "network", NULL), 5);
    assert_int_equal(row_of(&audited, "network", NULL)->points, 5);
    assert_int_equal(row_of(&audited, "network", NULL)->skipped, 0);
    audited_free(&audited);
}

/* More rows than a block holds, points that straddle blocks: against a count made from the table itself. */
static void long_trajectories_are_read_in_blocks(void **state) {
    (void)state;
    Audited audited =
        audit_text("[network]\nnodes = 2\ncopy_rate = 1.0\n[initial]\ndistribution = \"uniform\"\n"
                   "[solve]\nt_end = 4.0\nsamples = 1501\n[output]\ntrajectories = true\n"
                   "[sweep]\nflip_up = { values = [0.1, 0.4, 1.0, 2.5, 7.0] }\n");
    static double rate[1501], production[1501], information[1501];
    double leak[5];
    size_t violations = 0, points = 0;
    assert_int_equal(epnet_result_column(audited.result, "leak_lsi", leak, NULL), EPNET_OK);
    for (size_t point = 0; point < 5; point++) {
        epnet_result_trajectory(audited.result, "multiinformation_rate", point, rate, NULL);
        epnet_result_trajectory(audited.result, "entropy_production", point, production, NULL);
        epnet_result_trajectory(audited.result, "multiinformation", point, information, NULL);
        size_t of_point = 0;
        for (size_t t = 0; t < 1501; t++)
            of_point += production[t] - leak[point] * information[t] - rate[t] < -1e-11;
        violations += of_point;
        points += of_point > 0;
    }
    const EpnetAuditRow *row = row_of(&audited, "leak_lsi", NULL);
    assert_true(violations > 1000 && points > 1);
    assert_int_equal(row->checks, 5 * 1501);
    assert_int_equal(row->points, 5);
    assert_int_equal(row->violations, violations);
    assert_int_equal(row->points_violated, points);
    audited_free(&audited);
}

static void an_unreadable_file_is_an_error(void **state) {
    (void)state;
    EpnetResult *result;
    EpnetAudit *audit;
    EpnetError error;
    assert_int_equal(epnet_result_open(run_text(DRIVEN ALONG), &result, &error), EPNET_OK);
    nc_close(result->ncid); /* under its feet */
    assert_int_equal(epnet_audit(result, &audit, &error), EPNET_IO);
    assert_null(audit);
    assert_non_null(strstr(error.message, "cannot read"));
    result->ncid = -1;
    epnet_result_close(result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_number_breaks_its_statement),
        cmocka_unit_test(the_message_names_the_broken_statement),
        cmocka_unit_test(a_missing_column_is_named),
        cmocka_unit_test(without_trajectories_the_last_time_is_checked),
        cmocka_unit_test(the_worst_point_of_a_grid_is_found),
        cmocka_unit_test(failed_points_are_left_out),
        cmocka_unit_test(long_trajectories_are_read_in_blocks),
        cmocka_unit_test(an_unreadable_file_is_an_error),
    };
    return cmocka_run_group_tests(tests, audited_setup, audited_teardown);
}

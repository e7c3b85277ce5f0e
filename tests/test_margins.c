/* The table of margins: a margin per statement and grid point, recomputed from the columns of the
 * trajectories. */
#include "epnet.h"
#include "support/check.h"
#include "support/scratch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char spec_text[] = "[network]\n"
                                "nodes = 3\n"
                                "drive = 1.5\n"
                                "flip_down = [0.4, 1.0, 2.5]\n"
                                "[initial]\n"
                                "distribution = \"uniform\"\n"
                                "[observe]\n"
                                "cuts = [[0], [0, 2]]\n"
                                "[solve]\n"
                                "t_end = 2.0\n"
                                "samples = 21\n"
                                "[sweep]\n"
                                "copy_total = { values = [0.3, 2.0, 9.0] }\n";

enum { POINTS = 3, TIMES = 21 };

static void made(EpnetStatus status, const EpnetError *error) {
    if (status != EPNET_OK)
        fail_msg("%s", error->message);
}

static EpnetResult *run(void) {
    EpnetSpec *spec;
    EpnetResult *result;
    EpnetError error;
    file_write(scratch_path("margins.toml"), spec_text, sizeof spec_text - 1);
    made(epnet_spec_read(scratch_path("margins.toml"), NULL, 0, &spec, &error), &error);
    made(epnet_run(spec, scratch_path("margins.nc"), NULL, NULL, &error), &error);
    made(epnet_export(scratch_path("margins.nc"), "margins", scratch_path("margins.csv"), &error), &error);
    made(epnet_result_open(scratch_path("margins.nc"), &result, &error), &error);
    epnet_spec_free(spec);
    return result;
}

/* Field `field` of a line, to free(). */
static char *field_of(const char *line, size_t field) {
    for (; field > 0; field--)
        line = strchr(line, ',') + 1;
    return strndup(line, strcspn(line, ",\n"));
}

/* The value of column `name` at grid point `point`. */
static double table_value(const char *csv, const char *name, size_t point) {
    size_t field = 0;
    for (;; field++) {
        char *header = field_of(csv, field);
        const bool found = strcmp(header, name) == 0;
        free(header);
        if (found)
            break;
        if (field > 200)
            fail_msg("no column %s", name);
    }
    const char *line = csv;
    for (size_t k = 0; k <= point; k++)
        line = strchr(line, '\n') + 1;
    char *text = field_of(line, field);
    const double value = strtod(text, NULL);
    free(text);
    return value;
}

/* Smallest right - left of two trajectory columns at a point, and its time. */
static double least_margin(const EpnetResult *result, const char *left, const char *right, size_t point,
                           double *time) {
    double l[TIMES], r[TIMES], least = INFINITY;
    EpnetError error;
    made(epnet_result_trajectory(result, left, point, l, &error), &error);
    made(epnet_result_trajectory(result, right, point, r, &error), &error);
    for (size_t k = 0; k < TIMES; k++) {
        if (r[k] - l[k] < least) {
            least = r[k] - l[k];
            *time = epnet_result_times(result)[k];
        }
    }
    return least;
}

static void margins_are_those_of_the_columns(void **state) {
    (void)state;
    EpnetResult *result = run();
    char *csv = file_bytes(scratch_path("margins.csv"), NULL);
    double column[POINTS], time;
    EpnetError error;
    made(epnet_result_column(result, "network_bound_margin_min", column, &error), &error);
    for (size_t k = 0; k < POINTS; k++) {
        const double network = least_margin(result, "multiinformation_rate", "entropy_production", k, &time);
        check_near(table_value(csv, "network_bound_margin_min", k), network, 0, "network margin");
        check_near(table_value(csv, "network_bound_margin_min", k), column[k], 0, "the file's own column");
        check_near(table_value(csv, "network_bound_margin_min_time", k), time, 0, "its time");
        const double energy =
            least_margin(result, "cut_mutual_information_rate_1", "cut_entropy_production_1", k, &time);
        check_near(table_value(csv, "cut_energy_rate_bound_margin_min_1", k), energy, 0,
                   "energy side of cut 1");
        check_near(table_value(csv, "cut_energy_rate_bound_margin_min_time_1", k), time, 0, "its time");
        const double flow = least_margin(result, "cut_information_flow_0", "cut_flow_bound_0", k, &time);
        assert_true(flow > 0);
    }
    assert_true(column[2] < 0); /* the uniform start breaks the network bound: the margins have both signs */
    free(csv);
    epnet_result_close(result);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(margins_are_those_of_the_columns)};
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}

/* Constant drive in a whole run: the solved column, the status and the summary of points without a drive. */
#include "support/check.h"
#include "support/scratch.h"
#include "support/spec_text.h"

#include <math.h>
#include <string.h>

/* What a run says of points without a drive. */
static void run_reports_what_is_attainable(void **state) {
    (void)state;
    const char *text = "[network]\nedges = [[0, 1, 100], [1, 0, 100]]\nnodes = 2\ncopy_rate = 1\n"
                       "flip_up = 10\nflip_down = [0.01, 0.1]\n[observe]\ncut = [0]\n"
                       "[solve]\nkind = \"stationary\"\n[sweep]\nsigma = { values = [0.5, 2] }\n";
    EpnetSpec *spec = spec_text_good(text, NULL);
    EpnetRunSummary summary;
    EpnetError error;
    assert_int_equal(epnet_run(spec, scratch_path("none.nc"), NULL, &summary, &error), EPNET_POINTS_FAILED);
    assert_string_equal(summary.failures,
                        "1 no_bracket; first: sigma=0.5 (no_bracket: attainable from 0.8973027554 nat/s)");
    EpnetResult *result;
    double drives[2], statuses[2];
    assert_int_equal(epnet_result_open(scratch_path("none.nc"), &result, &error), EPNET_OK);
    assert_int_equal(epnet_result_column(result, "drive", drives, &error), EPNET_OK);
    assert_int_equal(epnet_result_column(result, "status", statuses, &error), EPNET_OK);
    assert_true(isnan(drives[0]) && drives[1] > 8.5);
    assert_string_equal(epnet_result_status_name(result, (int)statuses[0]), "no_bracket");
    epnet_result_close(result);
    epnet_spec_free(spec);

    spec = spec_text_good("[network]\nnodes = 3\ncopy_rate = 1\nsigma = 9\nflip_up = 0\nflip_down = 0\n"
                          "[observe]\ncut = [0]\n[solve]\nkind = \"stationary\"\n",
                          NULL);
    assert_int_equal(epnet_run(spec, scratch_path("most.nc"), NULL, &summary, &error), EPNET_POINTS_FAILED);
    assert_non_null(strstr(summary.failures, "(no_bracket: attainable up to 0."));
    epnet_spec_free(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(run_reports_what_is_attainable)};
    return cmocka_run_group_tests(tests, spec_text_setup, spec_text_teardown);
}

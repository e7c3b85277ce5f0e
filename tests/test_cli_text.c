/* Quantities and progress as the program prints them. */
#include "../host/cli/progress.h"
#include "../host/cli/units.h"
#include "support/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static EpnetText text;

static void counts_have_groups_of_three(void **state) {
    (void)state;
    assert_string_equal(epnet_text_count(&text, 0), "0");
    assert_string_equal(epnet_text_count(&text, 999), "999");
    assert_string_equal(epnet_text_count(&text, 1000), "1,000");
    assert_string_equal(epnet_text_count(&text, 123456), "123,456");
    assert_string_equal(epnet_text_count(&text, UINT64_MAX), "18,446,744,073,709,551,615");
}

static void bytes_have_three_digits(void **state) {
    (void)state;
    assert_string_equal(epnet_text_bytes(&text, 0), "0 bytes");
    assert_string_equal(epnet_text_bytes(&text, 1023), "1023 bytes");
    assert_string_equal(epnet_text_bytes(&text, 1024), "1.00 KiB");
    assert_string_equal(epnet_text_bytes(&text, 10235), "10.0 KiB"); /* not 9.995 KiB as "9.99" or "10.00" */
    assert_string_equal(epnet_text_bytes(&text, 1048575), "1.00 MiB");
    assert_string_equal(epnet_text_bytes(&text, 3565158), "3.40 MiB");
    assert_string_equal(epnet_text_bytes(&text, UINT64_MAX), "16.0 EiB");
}

static void quantities_have_prefixes(void **state) {
    (void)state;
    assert_string_equal(epnet_text_quantity(&text, 0), "0.00");
    assert_string_equal(epnet_text_quantity(&text, 4.321), "4.32");
    assert_string_equal(epnet_text_quantity(&text, 999.4), "999");
    assert_string_equal(epnet_text_quantity(&text, 999.6), "1.00 k");
    assert_string_equal(epnet_text_quantity(&text, 13250), "13.2 k");
    assert_string_equal(epnet_text_quantity(&text, 1.25e6), "1.25 M");
    assert_string_equal(epnet_text_quantity(&text, 3e21), "3000 E");
}

static void seconds_change_units_at_round_values(void **state) {
    (void)state;
    assert_string_equal(epnet_text_seconds(&text, 0.0042), "4.2 ms");
    assert_string_equal(epnet_text_seconds(&text, 0.0123), "12 ms");
    assert_string_equal(epnet_text_seconds(&text, 0.9996), "1.0 s");
    assert_string_equal(epnet_text_seconds(&text, 59.9), "59.9 s");
    assert_string_equal(epnet_text_seconds(&text, 59.96), "1 min 00 s");
    assert_string_equal(epnet_text_seconds(&text, 3599.4), "59 min 59 s");
    assert_string_equal(epnet_text_seconds(&text, 3599.6), "1 h 00 min");
    assert_string_equal(epnet_text_seconds(&text, 86399), "1 d 0 h");
    assert_string_equal(epnet_text_seconds(&text, 200000), "2 d 8 h");
    assert_string_equal(epnet_text_seconds(&text, 1e12), "over a century");
    assert_string_equal(epnet_text_seconds(&text, (double)INFINITY), "over a century");
}

/* What is printed on standard error while progress is shown in turn, to be freed. */
static char *show(EpnetProgressView *view, const EpnetProgress *progress, size_t count) {
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    assert_true(file != NULL && saved >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    for (size_t i = 0; i < count; i++)
        epnet_progress_show(&progress[i], view);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    char *printed = calloc(1, 4096);
    assert_non_null(printed);
    rewind(file);
    fread(printed, 1, 4095, file);
    fclose(file);
    return printed;
}

static void lines_come_at_tenths_and_not_often(void **state) {
    (void)state;
    const EpnetProgress progress[] = {
        {0, 4000, 0, 0, 0, 0.0, 0, -1},            /* nothing yet */
        {1000, 4000, 0, 0, 0, 1.9, 526.3, 5.7},    /* too soon */
        {1001, 4000, 0, 0, 0, 2.1, 476.7, 6.3},    /* due */
        {2000, 4000, 0, 0, 0, 4.0, 500, 4.0},      /* too soon after it */
        {1300, 4000, 0, 0, 0, 4.2, 309.5, 8.7},    /* less than a tenth more */
        {1401, 4000, 3, 0, 0, 50.0, 28.02, 92.7},  /* a tenth more, and failures */
        {1402, 4000, 3, 0, 0, 111.0, 12.63, 205.7} /* a minute later */
    };
    EpnetProgressView view = {.style = EPNET_PROGRESS_LINES};
    char *printed = show(&view, progress, sizeof progress / sizeof *progress);
    assert_string_equal(printed, " 25 %  1,001 of 4,000 points  477 points/s  ETA 6.3 s\n"
                                 " 35 %  1,401 of 4,000 points  28.0 points/s  3 failed  ETA 1 min 33 s\n"
                                 " 35 %  1,402 of 4,000 points  12.6 points/s  3 failed  ETA 3 min 26 s\n");
    free(printed);
}

static void quiet_prints_nothing(void **state) {
    (void)state;
    const EpnetProgress progress[] = {{0, 4000, 0, 0, 0, 0.0, 0, -1}, {3000, 4000, 0, 0, 0, 9.0, 333.3, 3.0}};
    EpnetProgressView view = epnet_progress_view(false, true);
    char *printed = show(&view, progress, 2);
    assert_string_equal(printed, "");
    free(printed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_have_groups_of_three),
        cmocka_unit_test(bytes_have_three_digits),
        cmocka_unit_test(quantities_have_prefixes),
        cmocka_unit_test(seconds_change_units_at_round_values),
        cmocka_unit_test(lines_come_at_tenths_and_not_often),
        cmocka_unit_test(quiet_prints_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

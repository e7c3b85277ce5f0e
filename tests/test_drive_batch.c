/* Constant drive of a whole batch (host/drive_batch.h), by a backend's stationary laws. */
#include "cpu/cpu_backend.h"
#include "drive_batch.h"
#include "law_problem.h"
#include "support/check.h"
#include "support/engine.h"

#include <math.h>

/* Side by side, by batches of stationary laws: the drives of the searches one by one, and points that have
 * none among them. */
static void a_batch_has_the_drives_of_its_points(void **state) {
    (void)state;
    enum { POINTS = 12 };
    TestRandom random = test_random(96);
    const uint64_t cut = 3;
    TestNetwork network = test_network_random(&random, 4, 1, 0.3, 3, TEST_DRIVES_FINITE);
    EpnetProblem given = test_network_problem(&network, NULL), problem;
    given.kind = EPNET_STATIONARY;
    given.cuts = &cut;
    given.cut_count = 1;
    problem = given;
    problem.constant_drive = true;
    const EpnetProblem trial = epnet_law_problem(&problem);
    EpnetPoint points[POINTS];
    for (size_t k = 0; k < POINTS; k++) {
        points[k] = test_network_point(&network);
        points[k].sigma = k % 3 == 1 ? 1e-8 : 0.5 * (double)(k + 1);
    }
    TestRows alone = test_rows(&problem, points, POINTS, 1),
             together = test_rows(&problem, points, POINTS, 1);
    for (size_t i = 0; i < POINTS * together.width; i++)
        together.rows.last[i] = -1; /* to be written */
    const EpnetBatch batch = {&problem, POINTS, points, NULL};
    EpnetError error;
    void *laws, *rows;
    assert_int_equal(epnet_cpu_backend.open(&trial, 0, 1, &laws, &error), EPNET_OK);
    assert_int_equal(epnet_cpu_backend.open(&given, 0, 1, &rows, &error), EPNET_OK);
    EpnetRows wanted = together.rows;
    wanted.applications = NULL;
    assert_int_equal(epnet_drive_batch_solve(&batch, &wanted, epnet_cpu_backend.solve, laws,
                                             epnet_cpu_backend.solve, rows, &error),
                     EPNET_OK);
    size_t failed = 0;
    for (size_t k = 0; k < POINTS; k++) {
        const double *one = alone.rows.point + k * EPNET_POINT_COLUMNS,
                     *other = wanted.point + k * EPNET_POINT_COLUMNS;
        assert_int_equal(wanted.status[k], alone.rows.status[k]);
        failed += wanted.status[k] == EPNET_POINT_NO_BRACKET;
        assert_int_equal(isnan(one[EPNET_ATTAINABLE]), isnan(other[EPNET_ATTAINABLE]));
        if (!isnan(one[EPNET_ATTAINABLE]))
            check_near(other[EPNET_ATTAINABLE], one[EPNET_ATTAINABLE], 1e-9, "attainable");
        for (size_t c = 0; c < alone.width; c++) {
            const double a = alone.rows.last[k * alone.width + c], b = wanted.last[k * alone.width + c];
            assert_int_equal(isnan(a), isnan(b));
            if (!isnan(a))
                check_near(b, a, 1e-8 * (1 + fabs(a)), "column");
        }
        if (wanted.status[k] == EPNET_POINT_OK)
            check_near(other[EPNET_DRIVE], one[EPNET_DRIVE], 1e-8 * one[EPNET_DRIVE], "drive");
    }
    assert_true(failed > 0 && failed < POINTS);
    epnet_cpu_backend.close(laws);
    epnet_cpu_backend.close(rows);
    test_rows_free(&alone);
    test_rows_free(&together);
    test_network_free(&network);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_has_the_drives_of_its_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

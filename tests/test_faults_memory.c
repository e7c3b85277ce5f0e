/* Memory and threads that are refused, one request at a time and from one on, in a whole run of the program.
 */
#include "support/check.h"
#include "support/faulty.h"

#include <errno.h>

#define SEARCH(first, last, ...) faulty_search(&(FaultSearch){__VA_ARGS__}, first, last)

static void our_memory(void **state) {
    (void)state;
    SEARCH(RUN, RESUME, "memory: refused once", FAULT_MEMORY, FAULT_ERROR, ENOMEM, false, 20);
    SEARCH(RUN, RESUME, "memory: refused from then on", FAULT_MEMORY, FAULT_ERROR, ENOMEM, true, 12);
    for (Situation situation = AGAIN; situation < SITUATIONS; situation++) {
        SEARCH(situation, situation, "memory: refused once", FAULT_MEMORY, FAULT_ERROR, ENOMEM, false, 4);
        SEARCH(situation, situation, "memory: refused from then on", FAULT_MEMORY, FAULT_ERROR, ENOMEM, true,
               2);
    }
    faulty_judge();
}

/* Of netCDF and HDF5: what they do without memory is not ours to choose, but it must not end the program.
 * Their calls come in ten thousands: RUN_SMALL has those of writing a grid file, EXPORT those of reading one
 * with all of its parts. */
static void memory_of_other_libraries(void **state) {
    (void)state;
#ifdef __SANITIZE_ADDRESS__ /* it would report what they do to themselves */
    skip();
#endif
    for (Situation situation = RUN_SMALL; situation < SITUATIONS; situation++) {
        const size_t most = situation == RUN_SMALL || situation == EXPORT ? 8 : 3;
        SEARCH(situation, situation, "others' memory: refused once", FAULT_FOREIGN_MEMORY, FAULT_ERROR,
               ENOMEM, false, most);
        SEARCH(situation, situation, "others' memory: from then on", FAULT_FOREIGN_MEMORY, FAULT_ERROR,
               ENOMEM, true, most);
    }
    faulty_judge();
}

static void threads(void **state) {
    (void)state;
    SEARCH(RUN, RESUME, "threads: refused once", FAULT_THREAD, FAULT_ERROR, EAGAIN, false, 3);
    SEARCH(RUN, RESUME, "threads: refused from then on", FAULT_THREAD, FAULT_ERROR, EAGAIN, true, 3);
    faulty_judge();
}

/* The tests whose names match the argument, a pattern; all without one. */
int main(int argc, char **argv) {
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_memory),
        cmocka_unit_test(memory_of_other_libraries),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests_name("faults_memory", tests, faulty_setup, faulty_teardown);
}

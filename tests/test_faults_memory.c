/* Memory and threads that are refused, one request at a time and from one on, in a whole run of the program.
 */
#include "support/check.h"
#include "support/faulty.h"

#include <errno.h>

#define SEARCH(...) faulty_search(&(FaultSearch){__VA_ARGS__})

static void our_memory(void **state) {
    (void)state;
    SEARCH("memory: refused once", FAULT_MEMORY, FAULT_ERROR, ENOMEM, false, 20, 1);
    SEARCH("memory: refused from then on", FAULT_MEMORY, FAULT_ERROR, ENOMEM, true, 12, 1);
}

/* Of netCDF, HDF5 and libcrypto: what they do without memory is not ours to choose, but nothing may be lost.
 */
static void memory_of_other_libraries(void **state) {
    (void)state;
#ifdef __SANITIZE_ADDRESS__ /* it would report what they do to themselves */
    skip();
#endif
    SEARCH("others' memory: refused once", FAULT_FOREIGN_MEMORY, FAULT_ERROR, ENOMEM, false, 8, 50);
    SEARCH("others' memory: from then on", FAULT_FOREIGN_MEMORY, FAULT_ERROR, ENOMEM, true, 8, 100);
}

static void threads(void **state) {
    (void)state;
    SEARCH("threads: refused once", FAULT_THREAD, FAULT_ERROR, EAGAIN, false, 3, 1);
    SEARCH("threads: refused from then on", FAULT_THREAD, FAULT_ERROR, EAGAIN, true, 3, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_memory),
        cmocka_unit_test(memory_of_other_libraries),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests_name("faults_memory", tests, faulty_setup, faulty_teardown);
}

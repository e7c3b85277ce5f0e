/* Tests that run epnet in a folder of their own: what their cmocka fixtures and calls share. A fixture begins
 * with folder = test_folder_make(). */
#ifndef EPNET_TESTS_EPNET_IN_H
#define EPNET_TESTS_EPNET_IN_H

#include "support/program.h"

extern char *folder;

/* cmocka teardown. */
int remove_folder(void **state);

/* Run, or start, epnet with these arguments there; `output` as of test_program_start(). */
#define run_epnet(output, ...)                                                                               \
    test_program_run(folder, output, (const char *const[]){EPNET_PROGRAM, __VA_ARGS__, NULL})
#define epnet(...) run_epnet(NULL, __VA_ARGS__)
#define start_epnet(...)                                                                                     \
    test_program_start(folder, NULL, (const char *const[]){EPNET_PROGRAM, __VA_ARGS__, NULL})

#endif

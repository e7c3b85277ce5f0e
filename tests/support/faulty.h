/* Running the program with a call made to fail (faults/order.h), and the contract that every such run keeps:
 *  - it ends with a documented exit code and one line that names the file and the reason, or the fault has
 *    made no difference;
 *  - every file is whole, as it was before or as it is to be, and nothing else is left but a journal to go on
 *    from;
 *  - run again undisturbed, it leaves the bytes of an undisturbed run and nothing else. */
#ifndef EPNET_TESTS_FAULTY_H
#define EPNET_TESTS_FAULTY_H

#include "faults/order.h"
#include "support/situation.h"

#include <stddef.h>

/* A way of failing, tried at many calls of one kind. */
typedef struct FaultSearch {
    const char *name; /* for messages and the report */
    FaultKind kind;
    FaultAction action;
    int error;    /* of FAULT_ERROR */
    bool lasting; /* not one call, but it and all after it */
    size_t most;  /* calls to try in each situation, spread evenly from the first to the last; with
                   * EPNET_FAULTS=n  in the environment every n-th is */
} FaultSearch;

/* cmocka fixtures of a group: the situations in a folder of their own, run undisturbed to count their calls.
 */
int faulty_setup(void **state);
int faulty_teardown(void **state);

/* Look whether the contract holds at every call that is tried in situations first to last. Prints how many
 * were, how the runs ended, and where it does not hold. */
void faulty_search(const FaultSearch *search, Situation first, Situation last);

/* Fail the test if it did not in a search since the last of these calls. */
void faulty_judge(void);

#endif

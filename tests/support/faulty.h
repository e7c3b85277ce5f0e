/* Running a sweep with a call made to fail (faults/order.h), and the contract that every such run keeps:
 *  - it ends with a documented exit code and one line that names the file and the reason, or the fault has
 *    made no difference;
 *  - the grid file is there whole or not at all, and nothing else is left but a journal to go on from;
 *  - run again undisturbed, it gives the bytes of an undisturbed run and leaves nothing else. */
#ifndef EPNET_TESTS_FAULTY_H
#define EPNET_TESTS_FAULTY_H

#include "faults/order.h"

#include <stddef.h>

/* A way of failing, tried at many calls of one kind. */
typedef struct FaultSearch {
    const char *name; /* for messages and the report */
    FaultKind kind;
    FaultAction action;
    int error;    /* of FAULT_ERROR */
    bool lasting; /* not one call, but it and all after it */
    size_t most;  /* calls to try from each start, spread evenly from the first to the last */
    size_t every; /* with EPNET_FAULTS=1: try every so many calls; with =2 every twice as many, ... */
} FaultSearch;

/* cmocka fixtures of a group: a small sweep in a folder of its own, run undisturbed to count its calls and to
 * keep its bytes, from the start and from the journal of a run that was killed half way. */
int faulty_setup(void **state);
int faulty_teardown(void **state);

/* Fail the test unless the contract holds at every call that is tried. Prints how many were, and how the runs
 * ended. */
void faulty_search(const FaultSearch *search);

#endif

/* What epnet_taking, the program that notes every piece of a chunk that a worker solves, shares with the test
 * that kills it: a file that both map, named by EPNET_TAKES. */
#ifndef EPNET_TESTS_KILLS_TAKES_H
#define EPNET_TESTS_KILLS_TAKES_H

#include <stdint.h>

enum { MOST_TAKES = 1 << 16 };

typedef struct Takes {
    uint64_t count; /* of the process that ran last */
    struct {
        uint64_t first, count; /* points [first, first + count) */
    } take[MOST_TAKES];
} Takes;

#endif

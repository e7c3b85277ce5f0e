#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void check_near_at(long double got, long double expected, long double within, const char *what,
                   const char *file, int line) {
    if (got == expected || (isfinite(expected) && fabsl(got - expected) <= within))
        return;
    print_error("%s:%d: %s: got %.19Lg, expected %.19Lg, difference %.3Lg, allowed %.3Lg\n", file, line, what,
                got, expected, got - expected, within);
    fail();
}

int check_long(void) {
    const char *value = getenv("EPNET_TEST_LONG");
    return value != NULL && strcmp(value, "1") == 0;
}

/* cmocka and comparisons that say what was compared. */
#ifndef EPNET_TESTS_CHECK_H
#define EPNET_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Fail unless |got - expected| <= within, or both are the same infinity. NaN never passes. */
void check_near_at(long double got, long double expected, long double within, const char *what,
                   const char *file, int line);

#define check_near(got, expected, within, what) check_near_at(got, expected, within, what, __FILE__, __LINE__)

/* Whether EPNET_TEST_LONG=1 asks for the long run of the same tests. */
int check_long(void);

/* Whether a sanitizer slows the program down: what only repeats itself at larger sizes is left to the other
 * build then. */
#ifdef __SANITIZE_ADDRESS__
#define CHECK_SANITIZED 1
#else
#define CHECK_SANITIZED 0
#endif

#endif

/* Inside the oracle: sums of weight * ln(p) whose entries may be empty. */
#ifndef EPNET_TESTS_ORACLE_LIMIT_H
#define EPNET_TESTS_ORACLE_LIMIT_H

#include "oracle.h"

/* finite + log_time * ln t, as t falls to 0; `scale`: sum of gross flux times |logarithm|. */
typedef struct OracleLimit {
    Real finite, log_time, scale;
} OracleLimit;

/* Add weight * ln(x), x = value, or derivative * t where the value is 0. `gross` >= |weight|: the size of
 * what the weight is a difference of. */
void oracle_limit_add(OracleLimit *sum, Real weight, Real gross, Real value, Real derivative);

/* The limit: the finite part where the coefficient of ln t vanishes (to 1e-12 of the activity), else
 * infinite. */
OracleValue oracle_limit_value(OracleLimit sum, Real activity);

#endif

/* Engine rows against the oracle's, column by column. */
#ifndef EPNET_TESTS_COMPARE_H
#define EPNET_TESTS_COMPARE_H

#include "backend.h"
#include "oracle.h"

/* Fail unless every column differs by at most `within` times the scale of its terms (OracleValue.scale).
 * Infinities must agree exactly. The euler column and those of the nodes' own laws are
 * not looked at. */
void compare_row(const double *row, OracleRow expected, Real within);
void compare_cut_row(const double *columns, OracleCutRow expected, Real within);

#endif

/* Sums over vectors in a fixed order: eight lanes within blocks of 1024, then block after block. The order,
 * and so every byte, is the same for any instruction set and number of threads, and rounding grows with the
 * number of blocks rather than of terms. */
#ifndef EPNET_HOST_CPU_VECTOR_H
#define EPNET_HOST_CPU_VECTOR_H

#include <stddef.h>

double epnet_sum(size_t n, const double *a);                           /* sum of a */
double epnet_norm1(size_t n, const double *a);                         /* sum of |a| */
double epnet_dot(size_t n, const double *a, const double *b);          /* sum of a b */
double epnet_dot_absolute(size_t n, const double *a, const double *b); /* sum of |a b| */
/* sum of |a b c|: what a sum of flows a b times logarithms c is rounded against. */
double epnet_dot3_absolute(size_t n, const double *a, const double *b, const double *c);

#endif

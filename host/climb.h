/* A climber for functions of many variables without derivatives: the (1+1)-CMA-ES of Igel, Suttorp and Hansen
 * (2006). One parent x; a child is x + step A z, z normal; the better of the two is the next parent. The step
 * adapts to the share of better children (2/11 is aimed at); A, a factor of the covariance of the steps, is
 * stretched towards steps that succeed, so ridges and badly scaled coordinates are followed. */
#ifndef EPNET_HOST_CLIMB_H
#define EPNET_HOST_CLIMB_H

#include "random_stream.h"

#include <stdbool.h>
#include <stddef.h>

/* What is climbed: sets *value at x (any number; -inf where there is none, never NaN) and returns whether x
 * is admissible, that is, whether it may be the answer. Inadmissible points are climbed through. */
typedef bool (*EpnetObjective)(void *context, const double *x, double *value);

typedef struct EpnetClimber {
    size_t n;           /* variables */
    double *x, *child;  /* n: the parent, its child */
    double *z, *step;   /* n: the draw and A z */
    double *factor;     /* n x n: A, row-major */
    double *best;       /* n: the best admissible point */
    double best_value;  /* -inf: none was admissible */
    size_t evaluations; /* so far */
} EpnetClimber;

/* False when memory is exhausted; free in any case. */
bool epnet_climber_alloc(EpnetClimber *climber, size_t n);
void epnet_climber_free(EpnetClimber *climber);

/* Climb from climber->x with first steps of size `size` until `budget` evaluations are spent, the steps have
 * become negligible, or the value no longer rises by 1e-8 of itself within 40 (n + 1) evaluations. The best
 * admissible point of this climb is in best, best_value. */
void epnet_climber_run(EpnetClimber *climber, EpnetObjective objective, void *context,
                       EpnetRandomStream *random, double size, size_t budget);

#endif

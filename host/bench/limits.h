/* The limits of one core that times are compared with, from a small kernel each. */
#ifndef EPNET_HOST_BENCH_LIMITS_H
#define EPNET_HOST_BENCH_LIMITS_H

#include "../team.h"

/* Flop/s of independent multiply-adds on vectors in registers, the widest that this processor has; *how says
 * which. */
double epnet_bench_fma_peak(double seconds, const char **how);

/* Copy `count` doubles, a part by each thread of a team (NULL: one). */
void epnet_bench_copy(double *to, const double *from, size_t count, EpnetTeam *team);

/* Seconds to copy `count` doubles from one array to another by a team (NULL: one thread): the least of
 * several rounds. Negative when memory is exhausted. */
double epnet_bench_copy_seconds(size_t count, EpnetTeam *team, double seconds);

#endif

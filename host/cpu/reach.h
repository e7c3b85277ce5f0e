/* Which states can be reached: structural questions about the directed graph of possible flips. Asked only of
 * generators with has_zero_rates; otherwise every state reaches every other in at most N flips. */
#ifndef EPNET_HOST_CPU_REACH_H
#define EPNET_HOST_CPU_REACH_H

#include "../generator.h"

/* Mark in reached[] (2^N bytes, 1 or 0) the states reachable from those with p > 0, themselves included, and
 * return the largest number of flips of positive rate that one of them needs (a route whose rate underflows
 * carries nothing). `queue` has 2^N entries. */
size_t epnet_reach_forward(const EpnetGenerator *g, const double *p, unsigned char *reached, uint32_t *queue);

/* Whether the chain has exactly one closed class, so a unique stationary law; if so, member[] marks its
 * states and *count is their number. `queue` has 2^N entries. */
bool epnet_reach_closed_class(const EpnetGenerator *g, unsigned char *member, size_t *count, uint32_t *queue);

#endif

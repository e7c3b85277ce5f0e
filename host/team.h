/* A team of threads that share one piece of work after the other: the calling thread and those that the team
 * keeps. Between pieces those wait a moment at hand, then sleep. */
#ifndef EPNET_HOST_TEAM_H
#define EPNET_HOST_TEAM_H

#include "epnet.h"

typedef struct EpnetTeam EpnetTeam;

/* Work on the items [first, end). `thread` < threads is the number of the thread within its team. */
typedef void EpnetTeamBody(void *context, int thread, size_t first, size_t end);

/* A team of `threads` >= 1, the caller included. EPNET_DEVICE: no memory, or the system starts no more
 * threads; nothing is left then. */
EpnetStatus epnet_team_open(int threads, EpnetTeam **team, EpnetError *error);
void epnet_team_close(EpnetTeam *team); /* NULL is allowed */

int epnet_team_threads(const EpnetTeam *team); /* NULL: 1 */

/* Have body() called until it has been given every item of [0, count) once, and return then. Every thread
 * takes `grain` items at a time from a part of its own, the same for the same count, so that it meets again
 * what lies in its caches and its node's memory; then it helps the others. Not to be called from a body, nor
 * by two threads at a time. `team` NULL, or no more items than one grain: the caller does it all in one call.
 */
void epnet_team_share(EpnetTeam *team, size_t count, size_t grain, EpnetTeamBody *body, void *context);

#endif

/* Which points of a sweep belong to shard i of n (docs/cluster.md): blocks of neighbouring points are dealt
 * out in turn, and each round begins with the next shard, so that no shard gets the same part of every row.
 */
#ifndef EPNET_HOST_SHARD_H
#define EPNET_HOST_SHARD_H

#include "queue.h"

typedef struct EpnetShard {
    uint32_t number, count; /* 1 <= number <= count; 1 of 1: all points */
} EpnetShard;

/* Points of the shard among `points`. */
size_t epnet_shard_points(EpnetShard shard, size_t points);

/* Take the points of all other shards off a queue. */
void epnet_shard_apply(EpnetShard shard, EpnetQueue *queue);

#endif

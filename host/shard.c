#include "shard.h"

/* Points of a block: enough blocks that shards are of like work, few enough that chunks are long. */
static size_t block_size(EpnetShard shard, size_t points) {
    enum { ROUNDS = 32, LONGEST = 4096 };
    const size_t size = points / shard.count / ROUNDS;
    return size == 0 ? 1 : size < LONGEST ? size : LONGEST;
}

/* Call `each` for every block of the shard (`ours`), or for every other one. */
static void blocks_visit(EpnetShard shard, size_t points, bool ours,
                         void (*each)(size_t first, size_t count, void *context), void *context) {
    const size_t size = block_size(shard, points);
    for (size_t first = 0, block = 0; first < points; first += size, block++) {
        const size_t owner = (block + block / shard.count) % shard.count + 1;
        if ((owner == shard.number) == ours)
            each(first, points - first < size ? points - first : size, context);
    }
}

static void count_points(size_t first, size_t count, void *context) {
    (void)first;
    *(size_t *)context += count;
}

static void remove_points(size_t first, size_t count, void *context) {
    epnet_queue_remove(context, first, count);
}

size_t epnet_shard_points(EpnetShard shard, size_t points) {
    size_t own = 0;
    blocks_visit(shard, points, true, count_points, &own);
    return own;
}

void epnet_shard_apply(EpnetShard shard, EpnetQueue *queue) {
    blocks_visit(shard, queue->points, false, remove_points, queue);
}

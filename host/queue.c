#include "queue.h"

#include "status.h"

#include <stdlib.h>
#include <string.h>

/* A chunk is long enough that handing it over costs nothing, and short enough to lose. */
static const double CHUNK_SECONDS = 0.2, SHORTEST_CHUNK_SECONDS = 0.005;

enum { SHARES = 4, GROWTH = 8 }; /* chunks that every worker should get; the longest chunk to those before */

EpnetStatus epnet_queue_make(EpnetQueue *queue, size_t points, EpnetError *error) {
    *queue = (EpnetQueue){.points = points, .missing = points, .workers = 1, .most = 1};
    queue->taken = epnet_calloc(points / 8 + 1, 1);
    if (queue->taken == NULL)
        return epnet_fail_memory(error, points / 8 + 1, "the list of points");
    pthread_mutex_init(&queue->lock, NULL);
    return EPNET_OK;
}

void epnet_queue_free(EpnetQueue *queue) {
    if (queue->taken == NULL)
        return;
    pthread_mutex_destroy(&queue->lock);
    free(queue->taken);
    memset(queue, 0, sizeof *queue);
}

static bool is_taken(const EpnetQueue *queue, size_t point) {
    return queue->taken[point / 8] >> point % 8 & 1;
}

void epnet_queue_remove(EpnetQueue *queue, size_t first, size_t count) {
    const size_t end = first + count;
    for (size_t point = first, next; point < end; point = next) { /* a byte of the list at a time */
        const size_t byte = point / 8;
        next = 8 * (byte + 1) < end ? 8 * (byte + 1) : end;
        const unsigned mask = (1u << (next - point)) - 1u;
        const unsigned added = mask << point % 8 & ~(unsigned)queue->taken[byte];
        queue->missing -= (size_t)__builtin_popcount(added);
        queue->taken[byte] = (unsigned char)(queue->taken[byte] | added);
    }
}

size_t epnet_queue_chunk(double per_point, size_t missing, size_t workers, size_t most) {
    const double share = (double)missing / (double)(SHARES * workers);
    double count = CHUNK_SECONDS / per_point; /* may be infinite */
    if (count > share)
        count = share > SHORTEST_CHUNK_SECONDS / per_point ? share : SHORTEST_CHUNK_SECONDS / per_point;
    if (count >= (double)most)
        return most;
    return count > 1 ? (size_t)count : 1;
}

/* Points of the next chunk. The first ones are short: what a point takes is not known before. */
static size_t next_chunk(const EpnetQueue *queue) {
    if (queue->forced > 0)
        return queue->forced;
    if (queue->longest == 0)
        return 1;
    const size_t most = queue->longest < queue->most / GROWTH ? GROWTH * queue->longest : queue->most;
    return epnet_queue_chunk(queue->seconds / queue->solved, queue->missing, queue->workers, most);
}

bool epnet_queue_take(EpnetQueue *queue, size_t *first, size_t *count) {
    pthread_mutex_lock(&queue->lock);
    const bool found = !queue->closed && queue->missing > 0;
    if (found) {
        const size_t wanted = next_chunk(queue);
        while (is_taken(queue, queue->cursor))
            queue->cursor++;
        *first = queue->cursor;
        *count = 0;
        while (*count < wanted && queue->cursor < queue->points && !is_taken(queue, queue->cursor)) {
            queue->cursor++;
            ++*count;
        }
        epnet_queue_remove(queue, *first, *count);
    }
    pthread_mutex_unlock(&queue->lock);
    return found;
}

void epnet_queue_return(EpnetQueue *queue, size_t first, size_t count) {
    pthread_mutex_lock(&queue->lock);
    for (size_t point = first; point < first + count; point++) {
        queue->missing += is_taken(queue, point);
        queue->taken[point / 8] = (unsigned char)(queue->taken[point / 8] & ~(1 << point % 8));
    }
    queue->cursor = first < queue->cursor ? first : queue->cursor;
    pthread_mutex_unlock(&queue->lock);
}

size_t epnet_queue_missing(EpnetQueue *queue) {
    pthread_mutex_lock(&queue->lock);
    const size_t missing = queue->missing;
    pthread_mutex_unlock(&queue->lock);
    return missing;
}

void epnet_queue_learn(EpnetQueue *queue, size_t count, double seconds) {
    const double forget = 0.5;
    pthread_mutex_lock(&queue->lock);
    queue->solved = forget * queue->solved + (double)count;
    queue->seconds = forget * queue->seconds + seconds;
    queue->longest = queue->longest > count ? queue->longest : count;
    pthread_mutex_unlock(&queue->lock);
}

void epnet_queue_close(EpnetQueue *queue) {
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_mutex_unlock(&queue->lock);
}

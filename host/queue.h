/* The points of a sweep that are still to be solved, handed out in chunks to whoever asks next. */
#ifndef EPNET_HOST_QUEUE_H
#define EPNET_HOST_QUEUE_H

#include "epnet.h"

#include <pthread.h>

typedef struct EpnetQueue {
    pthread_mutex_t lock;
    size_t points;
    unsigned char *taken;   /* a bit per point: solved, handed out, or not ours */
    size_t missing;         /* points whose bit is clear */
    size_t cursor;          /* no point before it is missing */
    size_t forced;          /* points of a chunk where that is asked for, else 0 */
    size_t workers, most;   /* who shares the queue, and the points that a worker's buffers hold */
    double solved, seconds; /* points solved and what they took a worker, the latest counting most */
    size_t longest;         /* chunk that was solved */
    bool closed;            /* nothing more is handed out */
} EpnetQueue;

/* All of `points` are missing. EPNET_DEVICE: memory is exhausted. */
EpnetStatus epnet_queue_make(EpnetQueue *queue, size_t points, EpnetError *error);
void epnet_queue_free(EpnetQueue *queue);

/* Points [first, first + count) are not to be solved (again). Before the first chunk is handed out. */
void epnet_queue_remove(EpnetQueue *queue, size_t first, size_t count);

/* Take the next chunk of neighbouring missing points: `forced` many or fewer, or, if that is 0, what takes a
 * worker some 0.2 s, less towards the end so that all finish together. False: none is left, or the queue was
 * closed. */
bool epnet_queue_take(EpnetQueue *queue, size_t *first, size_t *count);

/* Points [first, first + count) were handed out and are still to be solved. */
void epnet_queue_return(EpnetQueue *queue, size_t first, size_t count);

/* Points that nobody has taken. */
size_t epnet_queue_missing(EpnetQueue *queue);

/* A worker has solved `count` points in `seconds`: what the size of the next chunks follows. */
void epnet_queue_learn(EpnetQueue *queue, size_t count, double seconds);

void epnet_queue_close(EpnetQueue *queue);

/* Points of a chunk when `missing` points of `per_point` seconds each are left to `workers`, at most `most`.
 */
size_t epnet_queue_chunk(double per_point, size_t missing, size_t workers, size_t most);

#endif

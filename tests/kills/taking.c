/* Linked into the whole program in front of epnet_queue_take() (the linker's --wrap). */
#include "queue.h"
#include "takes.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

bool __real_epnet_queue_take(EpnetQueue *queue, size_t *first, size_t *count);
bool __wrap_epnet_queue_take(EpnetQueue *queue, size_t *first, size_t *count);

static Takes *takes_map(void) {
    const char *path = getenv("EPNET_TAKES");
    const int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    void *map =
        file < 0 ? MAP_FAILED : mmap(NULL, sizeof(Takes), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (map == MAP_FAILED)
        abort();
    close(file);
    return map;
}

bool __wrap_epnet_queue_take(EpnetQueue *queue, size_t *first, size_t *count) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static Takes *takes;
    pthread_mutex_lock(&lock);
    if (takes == NULL)
        takes = takes_map();
    const bool found = __real_epnet_queue_take(queue, first, count);
    if (found && takes->count == MOST_TAKES)
        abort();
    if (found) {
        takes->take[takes->count].first = *first;
        takes->take[takes->count].count = *count;
        takes->count++;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

/* Linked into the whole program in front of epnet_chunk_set() (the linker's --wrap). */
#include "chunk.h"
#include "takes.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void __real_epnet_chunk_set(EpnetChunk *chunk, const EpnetSpec *spec, size_t first, size_t count);
void __wrap_epnet_chunk_set(EpnetChunk *chunk, const EpnetSpec *spec, size_t first, size_t count);

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

/* Called by a worker with the points that it solves next, and by the main thread with those that it writes
 * into the grid file, which are not of interest. */
void __wrap_epnet_chunk_set(EpnetChunk *chunk, const EpnetSpec *spec, size_t first, size_t count) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static Takes *takes;
    __real_epnet_chunk_set(chunk, spec, first, count);
    if (gettid() == getpid())
        return;
    pthread_mutex_lock(&lock);
    if (takes == NULL)
        takes = takes_map();
    if (takes->count == MOST_TAKES)
        abort();
    takes->take[takes->count].first = first;
    takes->take[takes->count].count = count;
    takes->count++;
    pthread_mutex_unlock(&lock);
}

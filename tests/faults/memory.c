/* Allocations and threads. */
#include "inject.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

/* The next library's function, looked up once: it is called often. */
#define LOOKUP(name)                                                                                         \
    static __typeof__(&name) real;                                                                           \
    if (real == NULL)                                                                                        \
        real = REAL(name);

#define FAILS(function) (fault_judge_memory(function, CALLER) == FAULT_FAIL)

void *malloc(size_t size) {
    LOOKUP(malloc)
    return FAILS("malloc") ? NULL : real(size);
}

void *calloc(size_t count, size_t size) {
    LOOKUP(calloc)
    return FAILS("calloc") ? NULL : real(count, size);
}

void *realloc(void *block, size_t size) {
    LOOKUP(realloc)
    return FAILS("realloc") ? NULL : real(block, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    LOOKUP(aligned_alloc)
    return FAILS("aligned_alloc") ? NULL : real(alignment, size);
}

void *memalign(size_t alignment, size_t size) {
    LOOKUP(memalign)
    return FAILS("memalign") ? NULL : real(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    LOOKUP(posix_memalign)
    return FAILS("posix_memalign") ? ENOMEM : real(block, alignment, size);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument) {
    if (fault_judge(FAULT_THREAD, "pthread_create", CALLER) == FAULT_FAIL)
        return errno;
    return REAL(pthread_create)(thread, attributes, start, argument);
}

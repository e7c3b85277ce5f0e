#include "held.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows */
static int *held;
static size_t count, room;

bool epnet_held_note(int fd) {
    pthread_mutex_lock(&lock);
    if (count == room) {
        int *longer = realloc(held, (2 * room + 8) * sizeof *held);
        if (longer != NULL) {
            held = longer;
            room = 2 * room + 8;
        }
    }
    const bool noted = count < room;
    if (noted)
        held[count++] = fd;
    pthread_mutex_unlock(&lock);
    return noted;
}

void epnet_held_close(int fd) {
    pthread_mutex_lock(&lock); /* until it is closed: its number may be given to another file then */
    for (size_t k = 0; k < count; k++)
        if (held[k] == fd)
            held[k--] = held[--count];
    if (count == 0) {
        free(held);
        held = NULL;
        room = 0;
    }
    close(fd);
    pthread_mutex_unlock(&lock);
}

/* Put an opening without a lock in the place of a descriptor. */
static void reopen(int fd) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const int opened = open(path, O_RDONLY | O_CLOEXEC);
    if (opened < 0)
        return;
    dup3(opened, fd, O_CLOEXEC);
    close(opened);
}

pid_t epnet_held_fork(void) {
    pthread_mutex_lock(&lock); /* the child finds the list whole, whatever other threads were at */
    const pid_t child = fork();
    for (size_t k = 0; child == 0 && k < count; k++)
        reopen(held[k]);
    pthread_mutex_unlock(&lock);
    return child;
}

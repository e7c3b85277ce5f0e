/* Descriptors that hold a lock of this process. Such a lock belongs to the open file description, which a
 * child process shares: it would outlive a parent that was killed for as long as the child takes to end,
 * minutes if that is in an fsync. */
#ifndef EPNET_HOST_HELD_H
#define EPNET_HOST_HELD_H

#include <stdbool.h>
#include <sys/types.h>

/* Note a locked descriptor. False: memory is exhausted. */
bool epnet_held_note(int fd);

/* Forget it, and close it, which gives its lock back. */
void epnet_held_close(int fd);

/* fork() without the locks: in the child each of them is, under its number, an opening of the same file for
 * reading, without a lock. Where /proc is not mounted the child keeps them until it ends. */
pid_t epnet_held_fork(void);

#endif

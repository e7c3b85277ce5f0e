/* Clocks and threads; how many cores there are is public (epnet_cores() in epnet.h). */
#ifndef EPNET_HOST_THREADING_H
#define EPNET_HOST_THREADING_H

#include "epnet.h"

#include <pthread.h>
#include <time.h>

/* The monotonic clock [s], and a moment on it for epnet_condition_make()'s conditions. */
double epnet_seconds_now(void);
struct timespec epnet_moment(double seconds);

/* A condition whose timed waits end at moments of the monotonic clock. */
void epnet_condition_make(pthread_cond_t *condition);

/* Start a thread that takes no signals but those of its own faults: the others are for the program's. Returns
 * 0 or an error number. */
int epnet_thread_start(pthread_t *thread, void *(*body)(void *), void *argument);

#endif

/* A stream that writes a file as a user expects: what a signal interrupts is tried again, and the first
 * failure is remembered with its reason, whichever call of the C library met it. */
#ifndef EPNET_HOST_STREAM_H
#define EPNET_HOST_STREAM_H

#include <stdbool.h>
#include <stdio.h>

/* Stays where it is while it is open. */
typedef struct EpnetStream {
    FILE *file; /* to print to */
    int fd;
    int reason; /* errno of the first failure, 0: none */
} EpnetStream;

/* Open the file `path` and cut it to nothing; NULL: standard output. False with errno set. */
bool epnet_stream_open(EpnetStream *stream, const char *path);

/* Write what is left and close. False, with errno set to the first reason: not all of it was written. */
bool epnet_stream_close(EpnetStream *stream);

#endif

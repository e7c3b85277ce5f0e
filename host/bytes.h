/* Reading a stretch of a file, however the system hands it out. */
#ifndef EPNET_HOST_BYTES_H
#define EPNET_HOST_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read bytes [offset, offset + size) of an open file. False with errno set; 0: the file ends before. */
bool epnet_bytes_read(int fd, void *bytes, size_t size, uint64_t offset);

#endif

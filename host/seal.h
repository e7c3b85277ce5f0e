/* The last line of a grid file: the SHA-256 of everything before it. It lies behind the end of the HDF5 data,
 * where NetCDF readers do not look and from where NetCDF writers remove it. A damaged file is known before
 * libraries that trust their input read it, and before a damaged number is taken for a result. */
#ifndef EPNET_HOST_SEAL_H
#define EPNET_HOST_SEAL_H

#include "digest.h"
#include "epnet.h"

enum { EPNET_SEAL_LINE = 14 + 2 * EPNET_DIGEST + 1 }; /* characters */

/* The line that belongs behind the first `size` bytes of an open file, which messages call `name`. EPNET_IO:
 * they cannot be read. */
EpnetStatus epnet_seal_line(int fd, uint64_t size, const char *name, char line[EPNET_SEAL_LINE + 1],
                            EpnetError *error);

typedef enum EpnetSeal {
    EPNET_SEAL_NONE, /* no last line: another program has rewritten the file */
    EPNET_SEAL_INTACT,
    EPNET_SEAL_BROKEN
} EpnetSeal;

/* Compare an open file with its last line. EPNET_IO: it cannot be read. */
EpnetStatus epnet_seal_check(int fd, const char *path, EpnetSeal *seal, EpnetError *error);

/* Append the line to a complete file (seal_append.c). EPNET_IO with the system's reason; the messages call
 * the file `name`. */
EpnetStatus epnet_seal_append(const char *path, const char *name, EpnetError *error);

#endif

/* The last line of a grid file: the SHA-256 of everything before it. It lies behind the end of the HDF5 data,
 * where NetCDF readers do not look and from where NetCDF writers remove it. A damaged file is known before
 * libraries that trust their input read it, and before a damaged number is taken for a result. */
#ifndef EPNET_HOST_SEAL_H
#define EPNET_HOST_SEAL_H

#include "epnet.h"

typedef enum EpnetSeal {
    EPNET_SEAL_NONE, /* no last line: another program has rewritten the file */
    EPNET_SEAL_INTACT,
    EPNET_SEAL_BROKEN
} EpnetSeal;

/* Append the line to a complete file. EPNET_IO with the system's reason; the messages call the file `name`.
 */
EpnetStatus epnet_seal_append(const char *path, const char *name, EpnetError *error);

/* Compare an open file with its last line. EPNET_IO: it cannot be read. */
EpnetStatus epnet_seal_check(int fd, const char *path, EpnetSeal *seal, EpnetError *error);

#endif

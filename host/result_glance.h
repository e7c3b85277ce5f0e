/* What the rest of a program that keeps points has to know of a grid file that is already there, read in a
 * process of its own: netCDF and HDF5 may crash on what they find, or where memory is refused. */
#ifndef EPNET_HOST_RESULT_GLANCE_H
#define EPNET_HOST_RESULT_GLANCE_H

#include "stop.h"

#include "epnet.h"

typedef struct EpnetGlance {
    size_t points, failed;
    char sha256[65]; /* of its spec */
    bool intact;     /* byte for byte as epnet wrote it */
} EpnetGlance;

/* EPNET_IO: the file is no grid file, or cannot be read; EPNET_DEVICE: memory; EPNET_INTERRUPTED: it was to
 * stop (`stop` may be NULL). */
EpnetStatus epnet_result_glance(const char *path, const EpnetStop *stop, EpnetGlance *glance,
                                EpnetError *error);

#endif

/* An output file that appears whole or not at all: it is written under a temporary name in its own folder,
 * then synced and renamed. */
#ifndef EPNET_HOST_OUTFILE_H
#define EPNET_HOST_OUTFILE_H

#include "epnet.h"

typedef struct EpnetOutfile {
    char *path;      /* where the file will be; symbolic links to an existing file resolved */
    char *temporary; /* where it is written: ".NAME.tmp-PID-K" beside it */
    int lock;        /* descriptor that holds a lock on the temporary; -1: none */
} EpnetOutfile;

/* Create the empty temporary file for `path`, which is the caller's alone by a lock of another file. EPNET_IO
 * with the system's reason: the folder is missing or unwritable, a directory or device stands in the place of
 * the file. On failure nothing is left to free. */
EpnetStatus epnet_outfile_create(EpnetOutfile *file, const char *path, EpnetError *error);

/* Whether it can be created, before the work whose result it takes: it is, and goes again. EPNET_IO as above.
 */
EpnetStatus epnet_outfile_try(const char *path, EpnetError *error);

/* As epnet_outfile_create(), for an output that several processes may write at a time: the temporary is
 * locked until it takes its place, and temporaries that nobody holds any more, left by processes that were
 * killed, go. */
EpnetStatus epnet_outfile_create_locked(EpnetOutfile *file, const char *path, EpnetError *error);

/* Sync the temporary file, give it its name, sync the folder. The caller has closed it. Frees `file` in every
 * case; on failure the temporary is removed. */
EpnetStatus epnet_outfile_commit(EpnetOutfile *file, EpnetError *error);

/* Remove the temporary file and free `file`. */
void epnet_outfile_discard(EpnetOutfile *file);

/* The path to write for `path`: itself, or what it links to, as a new string. */
EpnetStatus epnet_path_resolve(const char *path, char **resolved, EpnetError *error);

/* Remove all temporary files for `path`, which only who holds the lock of the output may: none is in use.
 * Returns how many there were. */
size_t epnet_outfile_clean(const char *path);

/* The part of `path` before its last '/' including it ("" if none), as a new string; NULL: memory exhausted.
 */
char *epnet_path_folder(const char *path);

/* The part of `path` after its last '/'. */
const char *epnet_path_base(const char *path);

#endif

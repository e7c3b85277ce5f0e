#include "run_files.h"

#include "outfile.h"
#include "result_glance.h"
#include "status.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

EpnetStatus epnet_run_output(const EpnetSpec *spec, char *output, size_t size, EpnetError *error) {
    const char *slash = strrchr(spec->path, '/'), *name = slash == NULL ? spec->path : slash + 1;
    const char *dot = strrchr(name, '.');
    int stem = dot != NULL && dot != name ? (int)(dot - name) : (int)strlen(name);
    int length = snprintf(output, size, "%.*s.nc", stem, name);
    if (length < 0 || (size_t)length >= size)
        return epnet_fail(error, EPNET_USAGE, "the name of the output of %s is too long", spec->path);
    return EPNET_OK;
}

char *epnet_journal_path(const char *output, EpnetShard shard) {
    char *path = NULL;
    const int length = shard.count > 1 ? asprintf(&path, "%s.shard-%" PRIu32 "-of-%" PRIu32 ".journal",
                                                  output, shard.number, shard.count)
                                       : asprintf(&path, "%s.journal", output);
    return length < 0 ? NULL : path;
}

EpnetStatus epnet_output_examine(const EpnetSpec *spec, const char *output, bool force, const EpnetStop *stop,
                                 bool *done, size_t *failed, EpnetError *error) {
    struct stat info;
    *done = false;
    *failed = 0;
    if (stat(output, &info) != 0) {
        if (errno == ENOENT)
            return EPNET_OK;
        return epnet_fail_system(error, "%s", output);
    }
    if (!S_ISREG(info.st_mode))
        return epnet_fail(error, EPNET_IO, "%s exists and is not a regular file", output);
    EpnetGlance glance;
    EpnetError reason;
    const EpnetStatus status = epnet_result_glance(output, stop, &glance, &reason);
    if (status == EPNET_DEVICE || status == EPNET_INTERRUPTED)
        return epnet_fail(error, status, "%s", reason.message);
    if (status != EPNET_OK) /* whatever it is, it is not ours to replace */
        return epnet_fail(error, EPNET_IO, "%.900s is in the way: %.1000s; remove it or use another -o",
                          output, reason.message);
    const bool belongs = strcmp(glance.sha256, spec->sha256) == 0;
    *done = belongs && glance.intact;
    *failed = *done ? glance.failed : 0;
    if (*done || force)
        return EPNET_OK;
    if (belongs)
        return epnet_fail(error, EPNET_IO,
                          "%s belongs to this spec, but is without its checksum: another program has written "
                          "it, or its end is lost; use another -o, or --force to compute it anew",
                          output);
    return epnet_fail(error, EPNET_IO,
                      "%s exists and is the result of another spec; use another -o, or --force to replace it",
                      output);
}

EpnetStatus epnet_output_room(const char *output, uint64_t bytes, EpnetError *error) {
    struct statvfs system;
    char *folder = epnet_path_folder(output);
    if (folder == NULL)
        return epnet_fail_memory(error, strlen(output), "the name of a folder");
    const int found = statvfs(*folder == 0 ? "." : folder, &system);
    free(folder);
    const double needed = (double)bytes;
    const double room = found == 0 ? (double)system.f_bavail * (double)system.f_frsize : INFINITY;
    if (needed <= room)
        return EPNET_OK; /* an unreadable folder is told by the attempt to write */
    return epnet_fail(error, EPNET_IO, "%s takes %.3g GiB, and its file system has %.3g GiB free", output,
                      needed / (1u << 30), room / (1u << 30));
}

#include "journal_writer.h"

#include "held.h"
#include "outfile.h"
#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Locks of the open file description: they go with the last descriptor, whatever ends the process, and hold
 * between two openings in one process as well. */
static struct flock whole_file(short type) {
    return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

bool epnet_journal_locked(int fd) {
    struct flock lock = whole_file(F_RDLCK);
    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* The process and host that wrote into the journal last are told: most often they hold it. */
static EpnetStatus fail_locked(int fd, const char *path, EpnetError *error) {
    EpnetJournalHeader header;
    EpnetJournalContent content;
    char who[128] = "";
    if (epnet_journal_header_read(fd, path, &header, NULL) == EPNET_OK) {
        if (epnet_journal_read(fd, path, &header, false, NULL, &content, NULL) == EPNET_OK) {
            if (content.last.started != 0)
                snprintf(who, sizeof who, " (last written by process %" PRId64 " on %s)", content.last.pid,
                         content.last.host);
            epnet_journal_content_free(&content);
        }
        epnet_journal_header_free(&header);
    }
    return epnet_fail(error, EPNET_IO, "%s is in use: another run of this output goes on%s", path, who);
}

bool epnet_journal_in_place(int fd, const char *path) {
    struct stat here, there;
    if (fstat(fd, &here) != 0 || stat(path, &there) != 0)
        return false;
    errno = ENOENT;
    return here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

void epnet_journal_unlock(int fd) {
    epnet_held_close(fd);
}

/* Keeps errno. */
static bool link_is_dangling(const char *path) {
    struct stat info;
    const int reason = errno;
    const bool dangling =
        lstat(path, &info) == 0 && S_ISLNK(info.st_mode) && stat(path, &info) != 0 && errno == ENOENT;
    errno = reason;
    return dangling;
}

EpnetStatus epnet_journal_lock(const char *path, bool create, bool *created, int *fd, EpnetError *error) {
    enum { ATTEMPTS = 100 };
    *fd = -1;
    *created = false;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        int opened = open(path, O_RDWR | O_CLOEXEC);
        if (opened < 0 && errno == ENOENT && !create)
            return EPNET_OK;
        if (opened < 0 && errno == ENOENT) {
            opened = open(path, O_RDWR | O_CLOEXEC | O_CREAT | O_EXCL, 0666);
            *created = opened >= 0;
            if (opened < 0 && errno == EEXIST && link_is_dangling(path))
                return epnet_fail(error, EPNET_IO, "cannot write %s: it is a symbolic link to nothing", path);
            if (opened < 0 && errno == EEXIST)
                continue;
        }
        if (opened < 0)
            return epnet_fail_system(error, "cannot write %s", path);
        const struct flock lock = whole_file(F_WRLCK);
        if (fcntl(opened, F_OFD_SETLK, &lock) != 0) {
            const int reason = errno;
            EpnetStatus status =
                reason == EAGAIN || reason == EACCES
                    ? fail_locked(opened, path, error)
                    : epnet_fail(error, EPNET_IO, "cannot lock %s: %s", path, strerror(reason));
            if (*created && reason != EAGAIN && reason != EACCES)
                unlink(path); /* empty, and nobody else can have locked it */
            close(opened);
            return status;
        }
        if (epnet_journal_in_place(opened, path)) {
            if (!epnet_held_note(opened)) {
                close(opened);
                if (*created)
                    unlink(path);
                return epnet_fail_memory(error, sizeof opened, "the lock of a journal");
            }
            *fd = opened;
            return EPNET_OK;
        }
        close(opened); /* the holder before has removed it: a new one is needed */
    }
    return epnet_fail(error, EPNET_IO, "cannot lock %s: it is replaced again and again", path);
}

bool epnet_folder_sync(const char *path) {
    char *folder = epnet_path_folder(path);
    if (folder == NULL) {
        errno = ENOMEM;
        return false;
    }
    const int fd = open(*folder == '\0' ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    bool good = fd >= 0 && fsync(fd) == 0;
    const int reason = errno;
    if (fd >= 0)
        close(fd);
    if (!good && fd >= 0 && (reason == EINVAL || reason == ENOTSUP))
        good = true; /* folders of some file systems cannot be synced, which is not a failure */
    errno = reason;
    return good;
}

#include "outfile.h"

#include "status.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *epnet_path_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

char *epnet_path_folder(const char *path) {
    return strndup(path, (size_t)(epnet_path_base(path) - path));
}

static EpnetStatus fail_path(EpnetError *error, const char *path, const char *reason) {
    return epnet_fail(error, EPNET_IO, "cannot write %s: %s", path, reason);
}

static EpnetStatus fail_system(EpnetError *error, const char *path) {
    return epnet_fail_system(error, "cannot write %s", path);
}

EpnetStatus epnet_path_resolve(const char *path, char **resolved, EpnetError *error) {
    struct stat info, link;
    if (*epnet_path_base(path) == '\0')
        return fail_path(error, path, "no file name");
    if (stat(path, &info) != 0)
        *resolved = strdup(path);
    else if (S_ISREG(info.st_mode)) /* messages show the path as it was given where that can be */
        *resolved = lstat(path, &link) == 0 && S_ISLNK(link.st_mode) ? realpath(path, NULL) : strdup(path);
    else
        return fail_path(error, path,
                         S_ISDIR(info.st_mode) ? "it is a directory" : "it is not a regular file");
    return *resolved != NULL ? EPNET_OK : fail_system(error, path);
}

/* Lock a new file. False: who removes what was left behind has come first. Where the file system has no locks
 * it stays without: nobody who looks for one will get it either, but where each host has its own
 * (docs/journal.md, NFS). */
static bool temporary_lock(int fd) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct stat info;
    if (fcntl(fd, F_OFD_SETLK, &lock) != 0 && (errno == EAGAIN || errno == EACCES))
        return false;
    return fstat(fd, &info) != 0 || info.st_nlink > 0;
}

/* Create an empty file named after `path` and this process (in as many digits as any process of Linux has, so
 * that the names of all are equally long), whatever an earlier process of the same number
 * has left behind; open and locked if `lock` is not NULL. NULL with errno set. */
static char *temporary_create(const char *path, int *lock) {
    enum { ATTEMPTS = 100 };
    char *folder = epnet_path_folder(path);
    char *name = NULL;
    int fd = -1;
    for (int attempt = 0; folder != NULL && attempt < ATTEMPTS; attempt++) {
        if (asprintf(&name, "%s.%s.tmp-%07ld-%d", folder, epnet_path_base(path), (long)getpid(), attempt) <
            0) {
            name = NULL;
            errno = ENOMEM;
            break;
        }
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 ? lock == NULL || temporary_lock(fd) : errno != EEXIST)
            break;
        if (fd >= 0)
            close(fd);
        fd = -1;
        free(name);
        name = NULL;
        errno = EEXIST;
    }
    int reason = errno;
    free(folder);
    if (fd >= 0 && lock == NULL)
        close(fd);
    if (fd >= 0 && lock != NULL)
        *lock = fd;
    if (fd >= 0)
        return name;
    free(name);
    errno = reason;
    return NULL;
}

/* Whether `name` is ".BASE.tmp-DIGITS-DIGITS". */
static bool is_temporary(const char *name, const char *base) {
    const size_t length = strlen(base);
    if (name[0] != '.' || strncmp(name + 1, base, length) != 0 || strncmp(name + 1 + length, ".tmp-", 5) != 0)
        return false;
    const char *rest = name + 1 + length + 5;
    const size_t process = strspn(rest, "0123456789");
    if (process == 0 || rest[process] != '-')
        return false;
    const size_t attempt = strspn(rest + process + 1, "0123456789");
    return attempt > 0 && rest[process + 1 + attempt] == '\0';
}

/* Remove a file of a folder unless somebody holds it. */
static bool abandoned_remove(int folder, const char *name) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    const int fd = openat(folder, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    const bool removed = fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0 && unlinkat(folder, name, 0) == 0;
    if (fd >= 0)
        close(fd);
    return removed;
}

/* Remove the temporary files for `path`, or the `abandoned` ones of them. Returns how many there were. */
static size_t temporaries_remove(const char *path, bool abandoned) {
    size_t removed = 0;
    char *folder = epnet_path_folder(path);
    DIR *entries = folder == NULL ? NULL : opendir(*folder == '\0' ? "." : folder);
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;)
        if (is_temporary(entry->d_name, epnet_path_base(path)))
            removed += abandoned ? abandoned_remove(dirfd(entries), entry->d_name)
                                 : unlinkat(dirfd(entries), entry->d_name, 0) == 0;
    if (entries != NULL)
        closedir(entries);
    free(folder);
    return removed;
}

size_t epnet_outfile_clean(const char *path) {
    return temporaries_remove(path, false);
}

static EpnetStatus create(EpnetOutfile *file, const char *path, bool locked, EpnetError *error) {
    *file = (EpnetOutfile){NULL, NULL, -1};
    char *resolved;
    EpnetStatus status = epnet_path_resolve(path, &resolved, error);
    if (status != EPNET_OK)
        return status;
    if (locked)
        temporaries_remove(resolved, true);
    int lock = -1;
    char *temporary = temporary_create(resolved, locked ? &lock : NULL);
    if (temporary == NULL) {
        status = fail_system(error, path);
        free(resolved);
        return status;
    }
    *file = (EpnetOutfile){resolved, temporary, lock};
    return EPNET_OK;
}

EpnetStatus epnet_outfile_create(EpnetOutfile *file, const char *path, EpnetError *error) {
    return create(file, path, false, error);
}

EpnetStatus epnet_outfile_try(const char *path, EpnetError *error) {
    EpnetOutfile file;
    EpnetStatus status = epnet_outfile_create(&file, path, error);
    if (status != EPNET_OK)
        return status;
    if (unlink(file.temporary) != 0)
        status = fail_system(error, path);
    epnet_outfile_discard(&file);
    return status;
}

EpnetStatus epnet_outfile_create_locked(EpnetOutfile *file, const char *path, EpnetError *error) {
    return create(file, path, true, error);
}

/* fsync what stands at `path`; folders of some file systems cannot be synced, which is not a failure. */
static int path_sync(const char *path, int flags) {
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int result = fsync(fd);
    int reason = errno;
    close(fd);
    if (result != 0 && (flags & O_DIRECTORY) != 0 && (reason == EINVAL || reason == ENOTSUP))
        result = 0;
    errno = reason;
    return result;
}

EpnetStatus epnet_outfile_commit(EpnetOutfile *file, EpnetError *error) {
    EpnetStatus status = EPNET_OK;
    char *folder = epnet_path_folder(file->path);
    if (folder == NULL) {
        status = epnet_fail_memory(error, strlen(file->path), "the name of a folder");
    } else if (path_sync(file->temporary, O_RDONLY) != 0 || rename(file->temporary, file->path) != 0) {
        status = fail_system(error, file->path);
    } else {
        free(file->temporary); /* the name is no longer ours to remove */
        file->temporary = NULL;
        if (path_sync(*folder == '\0' ? "." : folder, O_RDONLY | O_DIRECTORY) != 0)
            status = fail_system(error, file->path);
    }
    free(folder);
    epnet_outfile_discard(file);
    return status;
}

void epnet_outfile_discard(EpnetOutfile *file) {
    if (file->temporary != NULL)
        unlink(file->temporary);
    if (file->path != NULL && file->lock >= 0)
        close(file->lock);
    free(file->temporary);
    free(file->path);
    *file = (EpnetOutfile){NULL, NULL, -1};
}

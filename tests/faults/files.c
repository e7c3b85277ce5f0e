/* Calls on files. Each is judged, then handed to the next library. The headers' own names for 64-bit offsets
 * are separate functions here, because libraries call either. */
#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATH_FAILS(kind, function, folder, path)                                                             \
    (fault_judge_path(kind, function, CALLER, folder, path) == FAULT_FAIL)
#define FILE_FAILS(kind, function, file) (fault_judge_file(kind, function, CALLER, file) == FAULT_FAIL)

/* ---- opening and closing --------------------------------------------------------------------------------
 */

/* The mode that follows the flags of an open, where there is one. */
#define MODE(mode, flags)                                                                                    \
    mode_t mode = 0;                                                                                         \
    if (((flags) & (O_CREAT | O_TMPFILE)) != 0) {                                                            \
        va_list rest;                                                                                        \
        va_start(rest, flags);                                                                               \
        mode = va_arg(rest, mode_t);                                                                         \
        va_end(rest);                                                                                        \
    }

#define DEFINE_OPEN(name)                                                                                    \
    int name(const char *path, int flags, ...) {                                                             \
        MODE(mode, flags)                                                                                    \
        return PATH_FAILS(FAULT_OPEN, #name, AT_FDCWD, path) ? -1 : REAL(name)(path, flags, mode);           \
    }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)

#define DEFINE_OPENAT(name)                                                                                  \
    int name(int folder, const char *path, int flags, ...) {                                                 \
        MODE(mode, flags)                                                                                    \
        return PATH_FAILS(FAULT_OPEN, #name, folder, path) ? -1 : REAL(name)(folder, path, flags, mode);     \
    }
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

/* A FILE writes by itself, out of reach: one made for writing gets its writes from here. Like the C
 * library's, it goes on after a short write and gives up after a failed one. */
static ssize_t stream_write(void *file, const char *bytes, size_t size) {
    size_t done = 0;
    while (done < size) {
        const ssize_t written = write((int)(intptr_t)file, bytes + done, size - done);
        if (written < 0)
            break;
        done += (size_t)written;
    }
    return (ssize_t)done;
}

static int stream_close(void *file) {
    return close((int)(intptr_t)file);
}

static FILE *stream_open(const char *path, const char *mode, const void *caller) {
    if (fault_judge_path(FAULT_OPEN, "fopen", caller, AT_FDCWD, path) == FAULT_FAIL)
        return NULL;
    if (mode[0] == 'r')
        return REAL(fopen)(path, mode);
    const int file =
        REAL(open)(path, O_WRONLY | O_CREAT | O_CLOEXEC | (mode[0] == 'a' ? O_APPEND : O_TRUNC), 0666);
    if (file < 0)
        return NULL;
    return fopencookie((void *)(intptr_t)file, "w",
                       (cookie_io_functions_t){.write = stream_write, .close = stream_close});
}

FILE *fopen(const char *path, const char *mode) {
    return stream_open(path, mode, CALLER);
}

FILE *fopen64(const char *path, const char *mode) {
    return stream_open(path, mode, CALLER);
}

/* Only what was written can still be lost when it is closed. */
int close(int file) {
    const bool written = (fcntl(file, F_GETFL) & O_ACCMODE) != O_RDONLY;
    const bool fails = written && FILE_FAILS(FAULT_CLOSE, "close", file);
    const int reason = errno;
    const int result = REAL(close)(file);
    errno = fails ? reason : errno;
    return fails ? -1 : result;
}

/* ---- bytes ----------------------------------------------------------------------------------------------
 */

static size_t half(size_t size) {
    return size > 1 ? size / 2 : size;
}

/* `call` with `bytes` of `size` replaced as the verdict has it. */
#define TRANSFER(kind, name, file, size, ...)                                                                \
    const FaultVerdict verdict = fault_judge_file(kind, #name, CALLER, file);                                \
    if (verdict == FAULT_FAIL)                                                                               \
        return -1;                                                                                           \
    size = verdict == FAULT_PASS ? size : half(size);                                                        \
    const ssize_t result = REAL(name)(file, __VA_ARGS__);                                                    \
    if (verdict == FAULT_HALF_AND_KILL)                                                                      \
        fault_kill();                                                                                        \
    return result;

ssize_t read(int file, void *bytes, size_t size){TRANSFER(FAULT_READ, read, file, size, bytes, size)}

ssize_t pread(int file, void *bytes, size_t size,
              off_t at){TRANSFER(FAULT_READ, pread, file, size, bytes, size, at)}

ssize_t pread64(int file, void *bytes, size_t size,
                off64_t at){TRANSFER(FAULT_READ, pread64, file, size, bytes, size, at)}

ssize_t write(int file, const void *bytes, size_t size){TRANSFER(FAULT_WRITE, write, file, size, bytes, size)}

ssize_t pwrite(int file, const void *bytes, size_t size,
               off_t at){TRANSFER(FAULT_WRITE, pwrite, file, size, bytes, size, at)}

ssize_t pwrite64(int file, const void *bytes, size_t size,
                 off64_t at){TRANSFER(FAULT_WRITE, pwrite64, file, size, bytes, size, at)}

/* A short one writes half of the first part. */
ssize_t writev(int file, const struct iovec *parts, int count) {
    const FaultVerdict verdict = fault_judge_file(FAULT_WRITE, "writev", CALLER, file);
    if (verdict == FAULT_FAIL)
        return -1;
    if (verdict == FAULT_PASS || count < 1)
        return REAL(writev)(file, parts, count);
    const ssize_t result = REAL(write)(file, parts[0].iov_base, half(parts[0].iov_len));
    if (verdict == FAULT_HALF_AND_KILL)
        fault_kill();
    return result;
}

/* The same with the place to write to. */
#define DEFINE_PWRITEV(name, pwrite_name, offset)                                                            \
    ssize_t name(int file, const struct iovec *parts, int count, offset at) {                                \
        const FaultVerdict verdict = fault_judge_file(FAULT_WRITE, #name, CALLER, file);                     \
        if (verdict == FAULT_FAIL)                                                                           \
            return -1;                                                                                       \
        if (verdict == FAULT_PASS || count < 1)                                                              \
            return REAL(name)(file, parts, count, at);                                                       \
        const ssize_t result = REAL(pwrite_name)(file, parts[0].iov_base, half(parts[0].iov_len), at);       \
        if (verdict == FAULT_HALF_AND_KILL)                                                                  \
            fault_kill();                                                                                    \
        return result;                                                                                       \
    }
DEFINE_PWRITEV(pwritev, pwrite, off_t)
DEFINE_PWRITEV(pwritev64, pwrite64, off64_t)

/* ---- everything else about files -------------------------------------------------------------------------
 */

int fsync(int file) {
    return FILE_FAILS(FAULT_SYNC, "fsync", file) ? -1 : REAL(fsync)(file);
}

int fdatasync(int file) {
    return FILE_FAILS(FAULT_SYNC, "fdatasync", file) ? -1 : REAL(fdatasync)(file);
}

int rename(const char *path, const char *other) {
    return PATH_FAILS(FAULT_RENAME, "rename", AT_FDCWD, path) ? -1 : REAL(rename)(path, other);
}

int ftruncate(int file, off_t size) {
    return FILE_FAILS(FAULT_TRUNCATE, "ftruncate", file) ? -1 : REAL(ftruncate)(file, size);
}

int ftruncate64(int file, off64_t size) {
    return FILE_FAILS(FAULT_TRUNCATE, "ftruncate64", file) ? -1 : REAL(ftruncate64)(file, size);
}

int posix_fallocate(int file, off_t from, off_t size) {
    return FILE_FAILS(FAULT_TRUNCATE, "posix_fallocate", file) ? errno
                                                               : REAL(posix_fallocate)(file, from, size);
}

int unlink(const char *path) {
    return PATH_FAILS(FAULT_UNLINK, "unlink", AT_FDCWD, path) ? -1 : REAL(unlink)(path);
}

int unlinkat(int folder, const char *path, int flags) {
    return PATH_FAILS(FAULT_UNLINK, "unlinkat", folder, path) ? -1 : REAL(unlinkat)(folder, path, flags);
}

int stat(const char *restrict path, struct stat *restrict info) {
    return PATH_FAILS(FAULT_STAT, "stat", AT_FDCWD, path) ? -1 : REAL(stat)(path, info);
}

int stat64(const char *restrict path, struct stat64 *restrict info) {
    return PATH_FAILS(FAULT_STAT, "stat64", AT_FDCWD, path) ? -1 : REAL(stat64)(path, info);
}

int fstat(int file, struct stat *info) {
    return FILE_FAILS(FAULT_STAT, "fstat", file) ? -1 : REAL(fstat)(file, info);
}

int fstat64(int file, struct stat64 *info) {
    return FILE_FAILS(FAULT_STAT, "fstat64", file) ? -1 : REAL(fstat64)(file, info);
}

int statvfs(const char *restrict path, struct statvfs *restrict system) {
    return PATH_FAILS(FAULT_STATVFS, "statvfs", AT_FDCWD, path) ? -1 : REAL(statvfs)(path, system);
}

static bool is_lock(int command) {
    switch (command) {
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return true;
    default:
        return false;
    }
}

int fcntl(int file, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (is_lock(command) && FILE_FAILS(FAULT_LOCK, "fcntl", file))
        return -1;
    return REAL(fcntl)(file, command, argument);
}

int flock(int file, int operation) {
    return FILE_FAILS(FAULT_LOCK, "flock", file) ? -1 : REAL(flock)(file, operation);
}

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t at) {
    if (file >= 0 && FILE_FAILS(FAULT_MMAP, "mmap", file))
        return MAP_FAILED;
    return REAL(mmap)(address, size, protection, flags, file, at);
}

#include "seal.h"

#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* False with errno set. */
static bool line_write(int fd, const char *line, off_t at) {
    size_t done = 0;
    while (done < EPNET_SEAL_LINE) {
        const ssize_t put = pwrite(fd, line + done, EPNET_SEAL_LINE - done, at + (off_t)done);
        if (put < 0 && errno != EINTR)
            return false;
        done += put > 0 ? (size_t)put : 0;
    }
    return true;
}

EpnetStatus epnet_seal_append(const char *path, const char *name, EpnetError *error) {
    struct stat info;
    char line[EPNET_SEAL_LINE + 1];
    EpnetStatus status = EPNET_OK;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0)
        status = epnet_fail_system(error, "cannot write %s", name);
    if (status == EPNET_OK)
        status = epnet_seal_line(fd, (uint64_t)info.st_size, name, line, error);
    if (status == EPNET_OK && !line_write(fd, line, info.st_size))
        status = epnet_fail_system(error, "cannot write %s", name);
    if (fd >= 0 && close(fd) != 0 && status == EPNET_OK)
        status = epnet_fail_system(error, "cannot write %s", name);
    return status;
}

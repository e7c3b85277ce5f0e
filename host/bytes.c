#include "bytes.h"

#include <errno.h>
#include <unistd.h>

bool epnet_bytes_read(int fd, void *bytes, size_t size, uint64_t offset) {
    for (size_t done = 0; done < size;) {
        errno = 0;
        const ssize_t got = pread(fd, (char *)bytes + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

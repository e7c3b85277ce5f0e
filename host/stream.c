#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Of a stream of the C library: bytes written, 0 after a failure. */
static ssize_t bytes_write(void *context, const char *bytes, size_t size) {
    EpnetStream *stream = context;
    size_t done = 0;
    while (done < size && stream->reason == 0) {
        const ssize_t put = write(stream->fd, bytes + done, size - done);
        if (put < 0 && errno != EINTR)
            stream->reason = errno;
        done += put > 0 ? (size_t)put : 0;
    }
    return stream->reason == 0 ? (ssize_t)done : 0;
}

/* So that ftell() knows where the stream stands. */
static int position_seek(void *context, off64_t *offset, int whence) {
    const off64_t position = lseek64(((EpnetStream *)context)->fd, *offset, whence);
    if (position < 0)
        return -1;
    *offset = position;
    return 0;
}

static int file_close(void *context) {
    EpnetStream *stream = context;
    if (stream->fd != STDOUT_FILENO && close(stream->fd) != 0 && stream->reason == 0)
        stream->reason = errno;
    return 0;
}

bool epnet_stream_open(EpnetStream *stream, const char *path) {
    static const cookie_io_functions_t functions = {
        .write = bytes_write, .seek = position_seek, .close = file_close};
    *stream = (EpnetStream){.fd = STDOUT_FILENO};
    if (path == NULL)
        fflush(stdout);
    else
        stream->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (stream->fd < 0)
        return false;
    stream->file = fopencookie(stream, "w", functions);
    if (stream->file == NULL) {
        const int reason = errno;
        file_close(stream);
        errno = reason;
    }
    return stream->file != NULL;
}

bool epnet_stream_close(EpnetStream *stream) {
    fclose(stream->file);
    errno = stream->reason;
    return stream->reason == 0;
}

#include "status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

EpnetStatus epnet_fail(EpnetError *error, EpnetStatus status, const char *format, ...) {
    if (error == NULL)
        return status;
    va_list arguments;
    va_start(arguments, format);
    error->status = status;
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    for (char *c = error->message; *c != '\0'; c++) { /* names of files and keys may hold anything */
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = ' ';
    }
    return status;
}

EpnetStatus epnet_fail_system(EpnetError *error, const char *format, ...) {
    const int reason = errno;
    char what[sizeof error->message / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (reason == ENOMEM)
        return epnet_fail(error, EPNET_DEVICE, "out of memory: %s", what);
    return epnet_fail(error, EPNET_IO, "%s: %s", what, strerror(reason));
}

void *epnet_calloc(size_t count, size_t size) {
    return calloc(count > 0 ? count : 1, size > 0 ? size : 1);
}

EpnetStatus epnet_fail_memory(EpnetError *error, uint64_t bytes, const char *purpose) {
    return epnet_fail(error, EPNET_DEVICE, "out of memory: %" PRIu64 " bytes for %s", bytes, purpose);
}

#include "netcdf_fail.h"

#include "status.h"

#include <errno.h>
#include <netcdf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

EpnetStatus epnet_fail_netcdf(EpnetError *error, int code, const char *format, ...) {
    const int reason = errno;
    char what[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (code == NC_ENOMEM || reason == ENOMEM)
        return epnet_fail(error, EPNET_DEVICE, "out of memory: %s", what);
    if (reason != 0 && code > 0) /* a system's error number, which is only netCDF's guess */
        return epnet_fail(error, EPNET_IO, "%s: %s", what, strerror(reason));
    if (reason != 0 && code == NC_EHDFERR)
        return epnet_fail(error, EPNET_IO, "%s: %s (%s)", what, nc_strerror(code), strerror(reason));
    return epnet_fail(error, EPNET_IO, "%s: %s", what, nc_strerror(code));
}

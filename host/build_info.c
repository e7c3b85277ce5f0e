/* Which version this is, and what it was built with. */
#include "epnet.h"

#include <netcdf.h>
#include <stdio.h>
#include <string.h>

const char *epnet_version(void) {
    return EPNET_VERSION;
}

const char *epnet_build_info(void) {
    static char text[256];
    const char *netcdf = nc_inq_libvers(); /* "4.9.0 of Aug  7 2022 23:41:41 $" */
    snprintf(text, sizeof text, "%s, %s build, netCDF %.*s", EPNET_COMPILER, EPNET_BUILD_TYPE,
             (int)strcspn(netcdf, " "), netcdf);
    return text;
}

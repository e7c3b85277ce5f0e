/* What netCDF says of a failure, and what lies under it. */
#ifndef EPNET_HOST_NETCDF_FAIL_H
#define EPNET_HOST_NETCDF_FAIL_H

#include "epnet.h"

/* Record that something (printf format: "cannot write out.nc") has failed with netCDF's `code`; returns
 * EPNET_IO, or EPNET_DEVICE when memory was exhausted. The reason is the system's where netCDF has none of
 * its own: set errno to 0 before the call that may fail, and leave it as the call left it. */
__attribute__((format(printf, 3, 4))) EpnetStatus epnet_fail_netcdf(EpnetError *error, int code,
                                                                    const char *format, ...);

#endif

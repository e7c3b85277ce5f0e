/* gnuplot, run as a process. */
#ifndef EPNET_HOST_GNUPLOT_H
#define EPNET_HOST_GNUPLOT_H

#include "epnet.h"

/* Run `script` in `folder` ("" is the current one) with gnuplot's variable `figure` set to the file name that
 * the script draws into. EPNET_IO when gnuplot is missing or fails, with what it says. */
EpnetStatus epnet_gnuplot_run(const char *folder, const char *script, const char *figure, EpnetError *error);

#endif

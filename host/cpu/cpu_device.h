/* The functions of the CPU backend that speak of the host as its device (backend.h). */
#ifndef EPNET_HOST_CPU_CPU_DEVICE_H
#define EPNET_HOST_CPU_CPU_DEVICE_H

#include "backend.h"

EpnetStatus epnet_cpu_devices(int *count, char *text, size_t size, EpnetError *error);
EpnetStatus epnet_cpu_describe(int device, EpnetDeviceInfo *info, EpnetError *error);

/* As many threads as asked for, or as there are cores and room for. */
EpnetStatus epnet_cpu_accept(const EpnetProblem *problem, int device, int *threads, EpnetError *error);

#endif

/* The CPU backend: a team of threads on the points of a batch, one workspace per thread. */
#ifndef EPNET_HOST_CPU_CPU_BACKEND_H
#define EPNET_HOST_CPU_CPU_BACKEND_H

#include "backend.h"

extern const EpnetBackend epnet_cpu_backend;

#endif

/* The CUDA backend: kernels/cuda_backend.c, or, in a build without nvcc, kernels/cuda_absent.c, which holds
 * the reason alone. */
#ifndef EPNET_CUDA_BACKEND_H
#define EPNET_CUDA_BACKEND_H

#include "backend.h"

extern const EpnetBackend epnet_cuda_backend;

#endif

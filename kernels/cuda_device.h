/* What the CUDA devices are, and what a problem takes on one: the functions of the backend that need no
 * context (backend.h). */
#ifndef EPNET_KERNELS_CUDA_DEVICE_H
#define EPNET_KERNELS_CUDA_DEVICE_H

#include "cuda_check.h"
#include "engine.h"

EpnetStatus epnet_cuda_devices(int *count, char *text, size_t size, EpnetError *error);
EpnetStatus epnet_cuda_describe(int device, EpnetDeviceInfo *info, EpnetError *error);

/* Choose the engine for a problem on the current device, and lay a block of its kernels out: the streaming
 * engine beyond EPNET_RESIDENT_NODES, and where no multiprocessor has the shared memory that the resident
 * kernels take (from EPNET_STREAM_NODES_MIN on). cudaErrorInvalidConfiguration: no block of either fits. */
EpnetCudaResult epnet_cuda_engine(const EpnetProblem *problem, bool *streaming, EpnetCudaLayout *layout);

/* Refused: a leak, method split, more states than the device holds (with the largest network that fits),
 * and a device that the kernels were not compiled for. */
EpnetStatus epnet_cuda_accept(const EpnetProblem *problem, int device, int *threads, EpnetError *error);

/* Two workers: while the device computes for one, the other's parameters and rows travel and are written.
 * Where points are streamed and one alone leaves most of the device idle, up to eight, as `threads` allow;
 * one where two would not share anything. */
void epnet_cuda_workers(const EpnetProblem *problem, int device, int threads, int *count, int *threads_each,
                        size_t *chunk);

/* Whether the devices have one compute capability and choose one engine. */
EpnetStatus epnet_cuda_alike(const EpnetProblem *problem, int one, int other, EpnetError *error);

/* Bytes on the device. */
EpnetMemoryNeed epnet_cuda_need(const EpnetProblem *problem, int device, int threads);

/* Applications of L are counted as the CPU counts them; there is no honest figure for the seconds. */
bool epnet_cuda_estimate(const EpnetProblem *problem, const EpnetPoint *point, double *applications,
                         double *seconds);

#endif

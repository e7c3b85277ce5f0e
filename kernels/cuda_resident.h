/* The resident engine, for networks whose points stay on the chip (N <= EPNET_RESIDENT_NODES): whole batches
 * go to the device, rows come back. An engine is used by one thread at a time, with its device current. */
#ifndef EPNET_KERNELS_CUDA_RESIDENT_H
#define EPNET_KERNELS_CUDA_RESIDENT_H

#include "backend.h"

#include <cuda_runtime_api.h>

typedef struct EpnetCudaResident EpnetCudaResident;

/* Open an engine on device `device`, which is the calling thread's; its work goes to `stream`, which stays
 * the caller's. The problem is borrowed. EPNET_DEVICE: memory or the device refuses, and nothing is left to
 * close. */
EpnetStatus epnet_cuda_resident_open(const EpnetProblem *problem, int device, cudaStream_t stream,
                                     EpnetCudaResident **resident, EpnetError *error);
void epnet_cuda_resident_close(EpnetCudaResident *resident); /* NULL is allowed */

/* As the functions of EpnetBackend, for problems whose drives are given; `limits` are the stationary
 * multiinformations [nat] of the points where decays are fitted, else NULL. Where memory for a batch is not
 * to be had, it is solved in smaller launches, and the note says so. EPNET_DEVICE: the device fails, or has
 * no room for a single point, and then the engine lacks room. */
EpnetStatus epnet_cuda_resident_solve(EpnetCudaResident *resident, const EpnetBatch *batch,
                                      const double *limits, EpnetRows *rows, EpnetError *error);
EpnetStatus epnet_cuda_resident_apply(EpnetCudaResident *resident, const EpnetPoint *point, const double *p,
                                      double *q, EpnetError *error);
/* Give back what batches have taken; the next one takes what it needs anew, in as large launches as there is
 * room for. */
void epnet_cuda_resident_release(EpnetCudaResident *resident); /* NULL is allowed */
bool epnet_cuda_resident_lacks_room(const EpnetCudaResident *resident);
const char *epnet_cuda_resident_note(const EpnetCudaResident *resident); /* "": nothing */

#endif

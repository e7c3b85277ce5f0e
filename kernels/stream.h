/* The streaming engine, for networks whose states do not fit on the chip (N > EPNET_RESIDENT_NODES; any N >=
 * EPNET_STREAM_NODES_MIN works): the vectors of one point lie in device memory, every application of L is one
 * to three launches, and the host decides between them with the control logic that it has for the CPU
 * (host/evolution.h, host/relaxation.h). A launch has a block for each tile of 2^12 states, 32 with 17 nodes:
 * one point fills a device from N = 20 on. Below, open several engines on streams of their own, each on a
 * thread of its own, and the device works on their points side by side. An engine is used by one thread at a
 * time, with its device current. */
#ifndef EPNET_KERNELS_STREAM_H
#define EPNET_KERNELS_STREAM_H

#include "backend.h"

#include <cuda_runtime_api.h>

/* Indices of states are 32 bits wide; memory ends earlier on the devices of today. */
enum { EPNET_STREAM_NODES_MIN = 5, EPNET_STREAM_NODES_MAX = 32 };

typedef struct EpnetStreaming EpnetStreaming;

/* Device memory that an engine takes. */
uint64_t epnet_streaming_bytes(const EpnetProblem *problem);

/* Open an engine on the calling thread's device; its work goes to `stream`, which stays the caller's. The
 * problem is borrowed. EPNET_DEVICE: memory or the device refuses, and nothing is left to close. */
EpnetStatus epnet_streaming_open(const EpnetProblem *problem, cudaStream_t stream, EpnetStreaming **streaming,
                                 EpnetError *error);
void epnet_streaming_close(EpnetStreaming *streaming); /* NULL is allowed */

/* Solve the points of a batch, one after another, as EpnetBackend.solve() does, for problems whose drives are
 * given; `limits` are the stationary multiinformations [nat] of the points where decays are fitted (NaN:
 * there is none), else NULL. Anything but EPNET_OK is the device's failure: EPNET_DEVICE. */
EpnetStatus epnet_streaming_solve(EpnetStreaming *streaming, const EpnetBatch *batch, const double *limits,
                                  EpnetRows *rows, EpnetError *error);

/* Whether the last failure was that of memory: a first launch takes some, beside the engine's own. */
bool epnet_streaming_lacks_room(const EpnetStreaming *streaming);

/* q = pL; p and q have 2^nodes entries in host memory. */
EpnetStatus epnet_streaming_apply(EpnetStreaming *streaming, const EpnetPoint *point, const double *p,
                                  double *q, EpnetError *error);

#endif

/* The leak of a point whose states lie in device memory: host/leak_fit.h with the quench done there. */
#ifndef EPNET_KERNELS_CUDA_STREAM_LEAK_H
#define EPNET_KERNELS_CUDA_STREAM_LEAK_H

#include "cuda_stream_observe.h"
#include "leak_fit.h"

/* By epnet_leak_quench() from the state p0 of the point that the observer is set to; `vectors`: two more in
 * device memory. What fails is in observer->space. */
EpnetPointStatus epnet_stream_quench(EpnetStreamObserver *observer, EpnetLeakWork *work,
                                     const EpnetPoint *point, const double *p0, double *const *vectors,
                                     double noise, EpnetLeakFit *fit);

#endif

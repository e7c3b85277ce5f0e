/* In the place of the CUDA backend in a build without it. */
#include "cuda_backend.h"

const EpnetBackend epnet_cuda_backend = {
    .name = "cuda", .has_own_memory = true, .absent = EPNET_CUDA_ABSENT, /* the build's reason */
};

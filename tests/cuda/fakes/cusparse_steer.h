/* Steering the cuSPARSE of tests. */
#ifndef EPNET_FAKE_CUSPARSE_STEER_H
#define EPNET_FAKE_CUSPARSE_STEER_H

#include <stdbool.h>

typedef struct FakeCusparse {
    bool refuses; /* cusparseCreate() fails */
    bool errs;    /* products are wrong by a millionth in one place */
    int held;     /* handles that nobody has given back */
} FakeCusparse;

extern FakeCusparse fake_cusparse;

#endif

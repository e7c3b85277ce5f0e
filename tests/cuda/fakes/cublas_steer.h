/* Steering the cuBLAS of tests. */
#ifndef EPNET_FAKE_CUBLAS_STEER_H
#define EPNET_FAKE_CUBLAS_STEER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct FakeCublas {
    bool refuses;            /* cublasCreate() fails */
    bool breaks;             /* factorisations fail */
    double error;            /* of one entry of a system's solution */
    size_t wrong;            /* which system */
    int held;                /* handles that nobody has given back */
    long pivoted, unpivoted; /* factorisations of a batch */
} FakeCublas;

extern FakeCublas fake_cublas;

#endif

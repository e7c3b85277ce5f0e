/* As much of cuBLAS's interface as bench/gpu/bench_dense.c uses; names and values are the toolkit's. */
#ifndef EPNET_FAKE_CUBLAS_H
#define EPNET_FAKE_CUBLAS_H

#define CUBLAS_VER_MAJOR 13

typedef enum {
    CUBLAS_STATUS_SUCCESS = 0,
    CUBLAS_STATUS_ALLOC_FAILED = 3,
    CUBLAS_STATUS_EXECUTION_FAILED = 13
} cublasStatus_t;
typedef enum { CUBLAS_OP_N = 0 } cublasOperation_t;

typedef struct cublasContext *cublasHandle_t;

cublasStatus_t cublasCreate_v2(cublasHandle_t *handle);
cublasStatus_t cublasDestroy_v2(cublasHandle_t handle);
cublasStatus_t cublasDgetrfBatched(cublasHandle_t handle, int n, double *const matrices[], int pitch,
                                   int *pivots, int *info, int count);
cublasStatus_t cublasDgetrsBatched(cublasHandle_t handle, cublasOperation_t operation, int n, int sides,
                                   const double *const factors[], int pitch, const int *pivots,
                                   double *const right[], int right_pitch, int *info, int count);

#endif

/* cuBLAS on the emulated device, in the place of the library that bench_dense.c loads: LU by columns, with
 * pivots that count from 1, as LAPACK's do. */
#include "cublas_v2.h"

#include "cublas_steer.h"
#include "loader.h"

#include <cuda_runtime_api.h>
#include <math.h>
#include <stdlib.h>

FakeCublas fake_cublas;

struct cublasContext {
    int unused;
};

cublasStatus_t cublasCreate_v2(cublasHandle_t *handle) {
    if (fake_cublas.refuses)
        return CUBLAS_STATUS_ALLOC_FAILED;
    *handle = calloc(1, sizeof **handle);
    fake_cublas.held++;
    return *handle != NULL ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_ALLOC_FAILED;
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
    free(handle);
    fake_cublas.held--;
    return CUBLAS_STATUS_SUCCESS;
}

/* To the device; ends the program if it fails, as a test may. */
static void put(void *to, const void *from, size_t bytes) {
    if (cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice) != cudaSuccess)
        abort();
}

static void swap_rows(size_t n, size_t columns, double *a, size_t i, size_t k) {
    for (size_t c = 0; c < columns; c++) {
        const double kept = a[c * n + i];
        a[c * n + i] = a[c * n + k];
        a[c * n + k] = kept;
    }
}

/* Factors in the place of a; `pivots` NULL: rows stay where they are. */
static void factor(size_t n, double *a, int *pivots) {
    for (size_t k = 0; k < n; k++) {
        size_t largest = k;
        for (size_t i = k; i < n; i++)
            largest = fabs(a[k * n + i]) > fabs(a[k * n + largest]) ? i : largest;
        if (pivots != NULL) {
            pivots[k] = (int)largest + 1;
            swap_rows(n, n, a, k, largest);
        }
        for (size_t i = k + 1; i < n; i++)
            a[k * n + i] /= a[k * n + k];
        for (size_t c = k + 1; c < n; c++)
            for (size_t i = k + 1; i < n; i++)
                a[c * n + i] -= a[k * n + i] * a[c * n + k];
    }
}

static void solve(size_t n, const double *a, const int *pivots, double *x) {
    for (size_t k = 0; k < n && pivots != NULL; k++)
        swap_rows(n, 1, x, k, (size_t)pivots[k] - 1);
    for (size_t k = 0; k < n; k++)
        for (size_t i = k + 1; i < n; i++)
            x[i] -= a[k * n + i] * x[k];
    for (size_t k = n; k-- > 0;) {
        x[k] /= a[k * n + k];
        for (size_t i = 0; i < k; i++)
            x[i] -= a[k * n + i] * x[k];
    }
}

cublasStatus_t cublasDgetrfBatched(cublasHandle_t handle, int n, double *const matrices[], int pitch,
                                   int *pivots, int *info, int count) {
    (void)handle, (void)info;
    if (fake_cublas.breaks || pitch != n)
        return CUBLAS_STATUS_EXECUTION_FAILED;
    const size_t states = (size_t)n, points = (size_t)count;
    double **all = fake_fetched(matrices, points * sizeof *all);
    int *rows = calloc(states, sizeof *rows);
    for (size_t k = 0; k < points && rows != NULL; k++) {
        double *a = fake_fetched(all[k], states * states * sizeof *a);
        factor(states, a, pivots != NULL ? rows : NULL);
        put(all[k], a, states * states * sizeof *a);
        if (pivots != NULL)
            put(pivots + k * states, rows, states * sizeof *rows);
        free(a);
    }
    pivots != NULL ? fake_cublas.pivoted++ : fake_cublas.unpivoted++;
    free(rows);
    free(all);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDgetrsBatched(cublasHandle_t handle, cublasOperation_t operation, int n, int sides,
                                   const double *const factors[], int pitch, const int *pivots,
                                   double *const right[], int right_pitch, int *info, int count) {
    (void)handle;
    *info = 0;
    if (operation != CUBLAS_OP_N || sides != 1 || pitch != n || right_pitch != n)
        return CUBLAS_STATUS_EXECUTION_FAILED;
    const size_t states = (size_t)n, points = (size_t)count;
    double **all = fake_fetched(factors, points * sizeof *all),
           **laws = fake_fetched(right, points * sizeof *laws);
    for (size_t k = 0; k < points; k++) {
        double *a = fake_fetched(all[k], states * states * sizeof *a),
               *x = fake_fetched(laws[k], states * sizeof *x);
        int *rows = pivots != NULL ? fake_fetched(pivots + k * states, states * sizeof *rows) : NULL;
        solve(states, a, rows, x);
        if (k == fake_cublas.wrong)
            x[1] += fake_cublas.error;
        put(laws[k], x, states * sizeof *x);
        free(a);
        free(x);
        free(rows);
    }
    free(all);
    free(laws);
    return CUBLAS_STATUS_SUCCESS;
}

static const FakeFunction functions[] = {EPNET_FAKE(cublasCreate_v2), EPNET_FAKE(cublasDestroy_v2),
                                         EPNET_FAKE(cublasDgetrfBatched), EPNET_FAKE(cublasDgetrsBatched)};

const FakeLibrary fake_cublas_library = {"libcublas.so.13", functions,
                                         sizeof functions / sizeof functions[0]};

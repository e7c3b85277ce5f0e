/* cuSPARSE on the emulated device, in the place of the library that bench_sparse.c loads. */
#include "cusparse.h"

#include "cusparse_steer.h"
#include "loader.h"

#include <cuda_runtime_api.h>
#include <stdlib.h>
#include <string.h>

FakeCusparse fake_cusparse;

struct cusparseContext {
    int unused;
};

struct cusparseSpMatDescr {
    size_t states, entries;
    void *offsets, *columns, *values;
};

struct cusparseDnVecDescr {
    size_t size;
    void *values;
};

/* What every constructor does. */
static cusparseStatus_t make(void *handle, size_t size) {
    void *made = calloc(1, size);
    memcpy(handle, &made, sizeof made);
    fake_cusparse.held++;
    return made != NULL ? CUSPARSE_STATUS_SUCCESS : CUSPARSE_STATUS_ALLOC_FAILED;
}

static cusparseStatus_t unmake(void *handle) {
    free(handle);
    fake_cusparse.held--;
    return CUSPARSE_STATUS_SUCCESS;
}

cusparseStatus_t cusparseCreate(cusparseHandle_t *handle) {
    return fake_cusparse.refuses ? CUSPARSE_STATUS_ALLOC_FAILED : make(handle, sizeof **handle);
}

cusparseStatus_t cusparseDestroy(cusparseHandle_t handle) {
    return unmake(handle);
}

cusparseStatus_t cusparseCreateCsr(cusparseSpMatDescr_t *matrix, int64_t rows, int64_t columns,
                                   int64_t entries, void *offsets, void *indices, void *values,
                                   cusparseIndexType_t offset_type, cusparseIndexType_t index_type,
                                   cusparseIndexBase_t base, cudaDataType value_type) {
    (void)columns, (void)offset_type, (void)index_type, (void)base, (void)value_type;
    const cusparseStatus_t status = make(matrix, sizeof **matrix);
    if (status == CUSPARSE_STATUS_SUCCESS)
        **matrix = (struct cusparseSpMatDescr){(size_t)rows, (size_t)entries, offsets, indices, values};
    return status;
}

cusparseStatus_t cusparseDestroySpMat(cusparseSpMatDescr_t matrix) {
    return unmake(matrix);
}

cusparseStatus_t cusparseCreateDnVec(cusparseDnVecDescr_t *vector, int64_t size, void *values,
                                     cudaDataType value_type) {
    (void)value_type;
    const cusparseStatus_t status = make(vector, sizeof **vector);
    if (status == CUSPARSE_STATUS_SUCCESS)
        **vector = (struct cusparseDnVecDescr){(size_t)size, values};
    return status;
}

cusparseStatus_t cusparseDestroyDnVec(cusparseDnVecDescr_t vector) {
    return unmake(vector);
}

cusparseStatus_t cusparseSpMV_bufferSize(cusparseHandle_t handle, cusparseOperation_t operation,
                                         const void *alpha, cusparseSpMatDescr_t matrix,
                                         cusparseDnVecDescr_t x, const void *beta, cusparseDnVecDescr_t y,
                                         cudaDataType type, cusparseSpMVAlg_t algorithm, size_t *bytes) {
    (void)handle, (void)operation, (void)alpha, (void)matrix, (void)x, (void)beta, (void)y, (void)type,
        (void)algorithm;
    *bytes = 0;
    return CUSPARSE_STATUS_SUCCESS;
}

cusparseStatus_t cusparseSpMV(cusparseHandle_t handle, cusparseOperation_t operation, const void *alpha,
                              cusparseSpMatDescr_t matrix, cusparseDnVecDescr_t x, const void *beta,
                              cusparseDnVecDescr_t y, cudaDataType type, cusparseSpMVAlg_t algorithm,
                              void *buffer) {
    (void)handle, (void)operation, (void)alpha, (void)beta, (void)type, (void)algorithm, (void)buffer;
    const size_t states = matrix->states, entries = matrix->entries;
    int32_t *offsets = fake_fetched(matrix->offsets, (states + 1) * sizeof *offsets),
            *columns = fake_fetched(matrix->columns, entries * sizeof *columns);
    double *values = fake_fetched(matrix->values, entries * sizeof *values),
           *p = fake_fetched(x->values, states * sizeof *p), *q = calloc(states, sizeof *q);
    for (size_t s = 0; q != NULL && s < states; s++)
        for (int32_t e = offsets[s]; e < offsets[s + 1]; e++)
            q[s] += values[e] * p[columns[e]];
    if (q == NULL)
        abort();
    if (fake_cusparse.errs)
        q[1] *= 1 + 1e-6;
    const cudaError_t code = cudaMemcpy(y->values, q, states * sizeof *q, cudaMemcpyHostToDevice);
    free(offsets);
    free(columns);
    free(values);
    free(p);
    free(q);
    return code == cudaSuccess ? CUSPARSE_STATUS_SUCCESS : CUSPARSE_STATUS_ALLOC_FAILED;
}

static const FakeFunction functions[] = {
    EPNET_FAKE(cusparseCreate),          EPNET_FAKE(cusparseDestroy),     EPNET_FAKE(cusparseCreateCsr),
    EPNET_FAKE(cusparseDestroySpMat),    EPNET_FAKE(cusparseCreateDnVec), EPNET_FAKE(cusparseDestroyDnVec),
    EPNET_FAKE(cusparseSpMV_bufferSize), EPNET_FAKE(cusparseSpMV)};

const FakeLibrary fake_cusparse_library = {"libcusparse.so.12", functions,
                                           sizeof functions / sizeof functions[0]};

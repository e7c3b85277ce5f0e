/* cuSPARSE's product of the assembled generator with a vector, beside our application of the same generator:
 * what one would use without kernels of one's own, and an account of L that shares nothing with them. It
 * reads 12 bytes of matrix for every entry (N + 1 a state), which kernels that compute the rates do not: so
 * it is a baseline, and no part of the engine. The library is loaded where it is used: the rest of the
 * program runs without it. */
#include "bench.h"

#include "generator.h"
#include "oracle.h"

#include <cuda_runtime_api.h>
#include <cusparse.h>
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Library {
    __typeof__(cusparseCreate) *create;
    __typeof__(cusparseDestroy) *destroy;
    __typeof__(cusparseCreateCsr) *create_csr;
    __typeof__(cusparseDestroySpMat) *destroy_csr;
    __typeof__(cusparseCreateDnVec) *create_vector;
    __typeof__(cusparseDestroyDnVec) *destroy_vector;
    __typeof__(cusparseSpMV_bufferSize) *buffer_size;
    __typeof__(cusparseSpMV) *product;
} Library;

/* dlsym() gives an object's address where a function's is meant; POSIX lets it be copied. */
static bool find(void *handle, const char *name, void *function) {
    void *symbol = dlsym(handle, name);
    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

/* NULL, with the loader's own reasons, if it is nowhere. */
static void *open_library(char *reasons, size_t size) {
    char name[32];
    snprintf(name, sizeof name, "libcusparse.so.%d", CUSPARSE_VER_MAJOR);
    /* The last is that of a toolkit that the loader does not know of. */
    const char *const places[] = {name, "libcusparse.so", EPNET_CUDA_LIBRARIES "/libcusparse.so"};
    size_t used = 0;
    reasons[0] = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        void *handle = dlopen(places[i], RTLD_NOW | RTLD_LOCAL);
        if (handle != NULL)
            return handle;
        if (used < size)
            used += (size_t)snprintf(reasons + used, size - used, "%s%s", i > 0 ? "; " : "", dlerror());
    }
    return NULL;
}

static bool load(Library *library, char *reasons, size_t size) {
    void *handle = open_library(reasons, size);
    const bool complete = handle != NULL && find(handle, "cusparseCreate", &library->create) &&
                          find(handle, "cusparseDestroy", &library->destroy) &&
                          find(handle, "cusparseCreateCsr", &library->create_csr) &&
                          find(handle, "cusparseDestroySpMat", &library->destroy_csr) &&
                          find(handle, "cusparseCreateDnVec", &library->create_vector) &&
                          find(handle, "cusparseDestroyDnVec", &library->destroy_vector) &&
                          find(handle, "cusparseSpMV_bufferSize", &library->buffer_size) &&
                          find(handle, "cusparseSpMV", &library->product);
    if (handle != NULL && !complete)
        snprintf(reasons, size, "it lacks a function: %s", dlerror());
    return complete;
}

/* ---- the assembled generator ----------------------------------------------------------------------------
 */

/* L^T by rows: q = L^T p gathers. */
typedef struct Matrix {
    int64_t states, entries;
    int32_t *offsets, *columns; /* states + 1, entries */
    double *values;
} Matrix;

static void matrix_free(Matrix *matrix) {
    free(matrix->offsets);
    free(matrix->columns);
    free(matrix->values);
}

/* The transpose of the generator's own rows by a counting sort. */
static Matrix assemble(const EpnetGenerator *generator) {
    const size_t states = generator->states, room = states * ((size_t)generator->nodes + 1);
    size_t *offsets = oracle_allocate(states + 1, sizeof(size_t)),
           *columns = oracle_allocate(room, sizeof(size_t));
    double *values = oracle_allocate(room, sizeof(double));
    const size_t entries = epnet_generator_sparse(generator, offsets, columns, values);
    Matrix matrix = {(int64_t)states, (int64_t)entries, oracle_allocate(states + 2, sizeof(int32_t)),
                     oracle_allocate(entries, sizeof(int32_t)), oracle_allocate(entries, sizeof(double))};
    for (size_t e = 0; e < entries; e++)
        matrix.offsets[columns[e] + 2]++;
    for (size_t s = 0; s < states; s++)
        matrix.offsets[s + 2] += matrix.offsets[s + 1];
    for (size_t s = 0; s < states; s++) {
        for (size_t e = offsets[s]; e < offsets[s + 1]; e++) {
            const int32_t at = matrix.offsets[columns[e] + 1]++;
            matrix.columns[at] = (int32_t)s;
            matrix.values[at] = values[e];
        }
    }
    free(offsets);
    free(columns);
    free(values);
    return matrix;
}

/* ---- on the device --------------------------------------------------------------------------------------
 */

typedef struct Product {
    const Library *library;
    cusparseHandle_t handle;
    cusparseSpMatDescr_t matrix;
    cusparseDnVecDescr_t in, out;
    void *memory[6]; /* offsets, columns, values, p, q, work space */
    cudaEvent_t start, end;
    const char *failed; /* the first call that did; NULL: none */
} Product;

enum { REPEATS = 20 };

static const cusparseOperation_t PLAIN = CUSPARSE_OPERATION_NON_TRANSPOSE;

static void expect(Product *product, bool good, const char *call) {
    if (!good && product->failed == NULL)
        product->failed = call;
}

static void upload(Product *product, int slot, const void *values, size_t bytes) {
    expect(product, cudaMalloc(&product->memory[slot], bytes) == cudaSuccess, "cudaMalloc");
    if (product->failed == NULL && values != NULL)
        expect(product,
               cudaMemcpy(product->memory[slot], values, bytes, cudaMemcpyHostToDevice) == cudaSuccess,
               "cudaMemcpy");
}

static void prepare(Product *product, const Matrix *matrix, const double *p) {
    const Library *library = product->library;
    const double one = 1, zero = 0;
    const size_t states = (size_t)matrix->states, entries = (size_t)matrix->entries;
    size_t bytes = 0;
    upload(product, 0, matrix->offsets, (states + 1) * sizeof(int32_t));
    upload(product, 1, matrix->columns, entries * sizeof(int32_t));
    upload(product, 2, matrix->values, entries * sizeof(double));
    upload(product, 3, p, states * sizeof(double));
    upload(product, 4, NULL, states * sizeof(double));
    if (product->failed != NULL)
        return;
    expect(product,
           cudaEventCreate(&product->start) == cudaSuccess && cudaEventCreate(&product->end) == cudaSuccess,
           "cudaEventCreate");
    expect(product, library->create(&product->handle) == CUSPARSE_STATUS_SUCCESS, "cusparseCreate");
    expect(product,
           library->create_csr(&product->matrix, matrix->states, matrix->states, matrix->entries,
                               product->memory[0], product->memory[1], product->memory[2], CUSPARSE_INDEX_32I,
                               CUSPARSE_INDEX_32I, CUSPARSE_INDEX_BASE_ZERO,
                               CUDA_R_64F) == CUSPARSE_STATUS_SUCCESS,
           "cusparseCreateCsr");
    expect(product,
           library->create_vector(&product->in, matrix->states, product->memory[3], CUDA_R_64F) ==
                   CUSPARSE_STATUS_SUCCESS &&
               library->create_vector(&product->out, matrix->states, product->memory[4], CUDA_R_64F) ==
                   CUSPARSE_STATUS_SUCCESS,
           "cusparseCreateDnVec");
    if (product->failed != NULL)
        return;
    expect(product,
           library->buffer_size(product->handle, PLAIN, &one, product->matrix, product->in, &zero,
                                product->out, CUDA_R_64F, CUSPARSE_SPMV_ALG_DEFAULT,
                                &bytes) == CUSPARSE_STATUS_SUCCESS,
           "cusparseSpMV_bufferSize");
    upload(product, 5, NULL, bytes > 0 ? bytes : 1);
}

/* `count` products; seconds of one by the device's events. */
static double multiply(Product *product, int count) {
    const double one = 1, zero = 0;
    float milliseconds = 0;
    if (product->failed != NULL)
        return NAN;
    expect(product, cudaEventRecord(product->start, NULL) == cudaSuccess, "cudaEventRecord");
    for (int i = 0; i < count; i++)
        expect(product,
               product->library->product(product->handle, PLAIN, &one, product->matrix, product->in, &zero,
                                         product->out, CUDA_R_64F, CUSPARSE_SPMV_ALG_DEFAULT,
                                         product->memory[5]) == CUSPARSE_STATUS_SUCCESS,
               "cusparseSpMV");
    expect(product,
           cudaEventRecord(product->end, NULL) == cudaSuccess &&
               cudaEventSynchronize(product->end) == cudaSuccess &&
               cudaEventElapsedTime(&milliseconds, product->start, product->end) == cudaSuccess,
           "cudaEventElapsedTime");
    return 1e-3 * milliseconds / count;
}

static void release(Product *product) {
    const Library *library = product->library;
    if (product->in != NULL)
        (void)library->destroy_vector(product->in);
    if (product->out != NULL)
        (void)library->destroy_vector(product->out);
    if (product->matrix != NULL)
        (void)library->destroy_csr(product->matrix);
    if (product->handle != NULL)
        (void)library->destroy(product->handle);
    for (int i = 0; i < 6; i++)
        (void)cudaFree(product->memory[i]);
    if (product->start != NULL)
        (void)cudaEventDestroy(product->start);
    if (product->end != NULL)
        (void)cudaEventDestroy(product->end);
}

/* ---- one size -------------------------------------------------------------------------------------------
 */

/* |q - our q| in units of Lambda |p|; NaN if the vector could not be fetched or ours not computed. */
static double difference(const GpuBench *bench, const GpuCase *item, const Product *product, double exit_max,
                         const double *p) {
    const size_t states = (size_t)1 << item->shape.nodes;
    double *q = oracle_allocate(states, sizeof(double)), *ours = oracle_allocate(states, sizeof(double)),
           sum = 0, norm = 0;
    void *context = NULL;
    EpnetError error;
    const EpnetBackend *backend = bench->subject.backend;
    bool good =
        cudaMemcpy(q, product->memory[4], states * sizeof *q, cudaMemcpyDeviceToHost) == cudaSuccess &&
        backend->open(&item->problem, bench->subject.device, bench->subject.threads, &context, &error) ==
            EPNET_OK;
    if (good) {
        good = backend->apply(context, &item->points[0], p, ours, &error) == EPNET_OK;
        backend->close(context);
    }
    for (size_t s = 0; s < states; s++) {
        sum += fabs(q[s] - ours[s]);
        norm += fabs(p[s]);
    }
    free(q);
    free(ours);
    return good ? sum / norm / exit_max : NAN;
}

static void report_times(const GpuBench *bench, const GpuCase *item, const Matrix *matrix, Product *product) {
    double seconds[5], best = INFINITY, worst = 0, median;
    char note[160];
    for (int i = 0; i < 5; i++) {
        seconds[i] = multiply(product, REPEATS);
        best = fmin(best, seconds[i]);
        worst = fmax(worst, seconds[i]);
        for (int k = i; k > 0 && seconds[k] < seconds[k - 1]; k--) {
            const double other = seconds[k];
            seconds[k] = seconds[k - 1];
            seconds[k - 1] = other;
        }
    }
    median = seconds[2];
    snprintf(note, sizeof note, "device events; %.3g GB/s of matrix and vectors",
             (12 * (double)matrix->entries + 20 * (double)matrix->states) / median / 1e9);
    const GpuLine line = {"sparse",
                          "cuSPARSE product with the assembled generator",
                          item->shape.nodes,
                          1,
                          "time",
                          1e3 * median,
                          1e3 * best,
                          1e3 * worst,
                          "ms",
                          NAN,
                          "",
                          note};
    gpu_report_line(bench->report, &line);
}

static void bench_size(const GpuBench *bench, const Library *library, int nodes) {
    static const char name[] = "cuSPARSE product with the assembled generator";
    if (!gpu_bench_goes_on(bench, name, nodes))
        return;
    const GpuShape shape = {.nodes = nodes,
                            .points = 1,
                            .network = GPU_GENERIC,
                            .start = GPU_RANDOM,
                            .kind = EPNET_TRAJECTORY,
                            .method = EPNET_EULER,
                            .tolerance = 1e-9,
                            .t_end = 1,
                            .samples = 1,
                            .seed = 83};
    GpuCase item = gpu_case_make(&shape);
    EpnetGenerator generator;
    Product product = {.library = library};
    if (epnet_generator_alloc(&generator, nodes)) {
        epnet_generator_set(&generator, &item.problem, &item.points[0], NULL, true);
        Matrix matrix = assemble(&generator);
        prepare(&product, &matrix, item.initial);
        (void)multiply(&product, 1);
        const double found = product.failed == NULL
                                 ? difference(bench, &item, &product, generator.exit_max, item.initial)
                                 : NAN;
        if (product.failed != NULL)
            gpu_report_failure(bench->report, name, nodes, product.failed);
        else if (gpu_report_check(bench->report, "our application against cuSPARSE's", nodes, 1, found, 1e-12,
                                  "L1 norm, in units of Lambda |p|"))
            report_times(bench, &item, &matrix, &product);
        matrix_free(&matrix);
    }
    release(&product);
    epnet_generator_free(&generator);
    gpu_case_free(&item);
}

void gpu_bench_sparse(const GpuBench *bench, GpuPart part) {
    static const int first[] = {20}, rest[] = {16, 18, 14, 22};
    const int *const sizes = part == GPU_FIRST ? first : rest;
    const size_t count = part == GPU_FIRST  ? sizeof first / sizeof *first
                         : part == GPU_REST ? sizeof rest / sizeof *rest
                                            : 0;
    Library library;
    char reasons[600];
    if (bench->size != GPU_FULL || count == 0)
        return;
    if (!load(&library, reasons, sizeof reasons)) {
        if (part == GPU_FIRST)
            gpu_report_absence(bench->report, "sparse", "cuSPARSE", 0, reasons);
        return;
    }
    if (cudaSetDevice(bench->subject.device) != cudaSuccess) {
        gpu_report_failure(bench->report, "cuSPARSE", 0, "cudaSetDevice");
        return;
    }
    for (size_t i = 0; i < count; i++)
        bench_size(bench, &library, sizes[i]);
}

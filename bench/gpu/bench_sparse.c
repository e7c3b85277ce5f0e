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

/* Bytes of the host that assembling it takes at most: both tables of entries, and two vectors beside them. */
static double assembly_bytes(int nodes) {
    const double entry = 2 * sizeof(size_t) + sizeof(int32_t) + sizeof(double),
                 state = 2 * sizeof(size_t) + 4 * sizeof(double);
    return ldexp((nodes + 1) * entry + state, nodes);
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
    char failed[160]; /* the first call that did, and why; "": none */
} Product;

enum { REPEATS = 20 };

static const cusparseOperation_t PLAIN = CUSPARSE_OPERATION_NON_TRANSPOSE;

static bool goes_on(const Product *product) {
    return product->failed[0] == '\0';
}

static void expect_cuda(Product *product, cudaError_t code, const char *call) {
    if (code != cudaSuccess && goes_on(product))
        snprintf(product->failed, sizeof product->failed, "%s: %s", call, cudaGetErrorString(code));
}

static void expect_sparse(Product *product, cusparseStatus_t code, const char *call) {
    if (code != CUSPARSE_STATUS_SUCCESS && goes_on(product))
        snprintf(product->failed, sizeof product->failed, "%s: status %d", call, (int)code);
}

static void upload(Product *product, int slot, const void *values, size_t bytes) {
    if (goes_on(product))
        expect_cuda(product, cudaMalloc(&product->memory[slot], bytes), "cudaMalloc");
    if (goes_on(product) && values != NULL)
        expect_cuda(product, cudaMemcpy(product->memory[slot], values, bytes, cudaMemcpyHostToDevice),
                    "cudaMemcpy");
}

static void describe(Product *product, const Matrix *matrix) {
    const Library *library = product->library;
    expect_sparse(product, library->create(&product->handle), "cusparseCreate");
    if (goes_on(product))
        expect_sparse(product,
                      library->create_csr(&product->matrix, matrix->states, matrix->states, matrix->entries,
                                          product->memory[0], product->memory[1], product->memory[2],
                                          CUSPARSE_INDEX_32I, CUSPARSE_INDEX_32I, CUSPARSE_INDEX_BASE_ZERO,
                                          CUDA_R_64F),
                      "cusparseCreateCsr");
    if (goes_on(product))
        expect_sparse(product,
                      library->create_vector(&product->in, matrix->states, product->memory[3], CUDA_R_64F),
                      "cusparseCreateDnVec");
    if (goes_on(product))
        expect_sparse(product,
                      library->create_vector(&product->out, matrix->states, product->memory[4], CUDA_R_64F),
                      "cusparseCreateDnVec");
}

static void prepare(Product *product, const Matrix *matrix, const double *p) {
    const double one = 1, zero = 0;
    const size_t states = (size_t)matrix->states, entries = (size_t)matrix->entries;
    size_t bytes = 0;
    upload(product, 0, matrix->offsets, (states + 1) * sizeof(int32_t));
    upload(product, 1, matrix->columns, entries * sizeof(int32_t));
    upload(product, 2, matrix->values, entries * sizeof(double));
    upload(product, 3, p, states * sizeof(double));
    upload(product, 4, NULL, states * sizeof(double));
    if (goes_on(product))
        expect_cuda(product, cudaEventCreate(&product->start), "cudaEventCreate");
    if (goes_on(product))
        expect_cuda(product, cudaEventCreate(&product->end), "cudaEventCreate");
    if (goes_on(product))
        describe(product, matrix);
    if (goes_on(product))
        expect_sparse(product,
                      product->library->buffer_size(product->handle, PLAIN, &one, product->matrix,
                                                    product->in, &zero, product->out, CUDA_R_64F,
                                                    CUSPARSE_SPMV_ALG_DEFAULT, &bytes),
                      "cusparseSpMV_bufferSize");
    upload(product, 5, NULL, bytes > 0 ? bytes : 1);
}

/* `count` products; seconds of one by the device's events. */
static double multiply(Product *product, int count) {
    const double one = 1, zero = 0;
    float milliseconds = 0;
    if (!goes_on(product))
        return NAN;
    expect_cuda(product, cudaEventRecord(product->start, NULL), "cudaEventRecord");
    for (int i = 0; i < count && goes_on(product); i++)
        expect_sparse(product,
                      product->library->product(product->handle, PLAIN, &one, product->matrix, product->in,
                                                &zero, product->out, CUDA_R_64F, CUSPARSE_SPMV_ALG_DEFAULT,
                                                product->memory[5]),
                      "cusparseSpMV");
    expect_cuda(product, cudaEventRecord(product->end, NULL), "cudaEventRecord");
    expect_cuda(product, cudaEventSynchronize(product->end), "cudaEventSynchronize");
    if (goes_on(product))
        expect_cuda(product, cudaEventElapsedTime(&milliseconds, product->start, product->end),
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
    (void)cudaGetLastError(); /* what was refused here is not for the next who asks */
}

/* ---- one size -------------------------------------------------------------------------------------------
 */

/* Our own application of the generator to the case's start. */
static EpnetStatus apply_ours(const GpuBench *bench, const GpuCase *item, double *q, EpnetError *error) {
    const GpuEngine *subject = &bench->subject;
    void *context = NULL;
    EpnetStatus status =
        subject->backend->open(&item->problem, subject->device, subject->threads, &context, error);
    if (status == EPNET_OK) {
        status = subject->backend->apply(context, &item->points[0], item->initial, q, error);
        subject->backend->close(context);
    }
    return status;
}

/* |q - our q| in units of Lambda |p|. */
static double difference(Product *product, size_t states, double exit_max, const double *p,
                         const double *ours) {
    double *q = oracle_allocate(states, sizeof(double)), sum = 0, norm = 0;
    expect_cuda(product, cudaMemcpy(q, product->memory[4], states * sizeof *q, cudaMemcpyDeviceToHost),
                "cudaMemcpy");
    for (size_t s = 0; s < states; s++) {
        sum += fabs(q[s] - ours[s]);
        norm += fabs(p[s]);
    }
    free(q);
    return sum / norm / exit_max;
}

static const char product_name[] = "cuSPARSE product with the assembled generator";

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
    if (!goes_on(product)) {
        gpu_report_absence(bench->report, "sparse", product_name, item->shape.nodes, product->failed);
        return;
    }
    median = seconds[2];
    snprintf(note, sizeof note, "device events; %.3g GB/s of matrix and vectors",
             (12 * (double)matrix->entries + 20 * (double)matrix->states) / median / 1e9);
    const GpuLine line = {"sparse",     product_name, item->shape.nodes, 1,    "time",
                          1e3 * median, 1e3 * best,   1e3 * worst,       "ms", NAN,
                          "",           note};
    gpu_report_line(bench->report, &line);
}

/* Compare and time, once ours is there. That the library fails is a finding about the library. */
static void bench_product(const GpuBench *bench, const Library *library, const GpuCase *item,
                          const EpnetGenerator *generator, const double *ours) {
    const int nodes = item->shape.nodes;
    Product product = {.library = library};
    Matrix matrix = assemble(generator);
    prepare(&product, &matrix, item->initial);
    (void)multiply(&product, 1);
    const double found =
        goes_on(&product) ? difference(&product, generator->states, generator->exit_max, item->initial, ours)
                          : NAN;
    if (!goes_on(&product))
        gpu_report_absence(bench->report, "sparse", product_name, nodes, product.failed);
    else if (gpu_report_check(bench->report, "our application against cuSPARSE's", nodes, 1, found, 1e-12,
                              "L1 norm, in units of Lambda |p|"))
        report_times(bench, item, &matrix, &product);
    matrix_free(&matrix);
    release(&product);
}

static void bench_size(const GpuBench *bench, const Library *library, int nodes) {
    if (!gpu_bench_goes_on(bench, product_name, nodes) ||
        !gpu_bench_fits_host(bench, "sparse", product_name, nodes, assembly_bytes(nodes)))
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
    EpnetError error = {.status = EPNET_OK};
    double *ours = oracle_allocate((size_t)1 << nodes, sizeof(double));
    if (!epnet_generator_alloc(&generator, nodes)) {
        gpu_report_absence(bench->report, "sparse", product_name, nodes, "out of memory");
    } else if (apply_ours(bench, &item, ours, &error) != EPNET_OK) {
        gpu_report_failure(bench->report, product_name, nodes, error.message);
    } else {
        epnet_generator_set(&generator, &item.problem, &item.points[0], NULL, true);
        bench_product(bench, library, &item, &generator, ours);
    }
    free(ours);
    epnet_generator_free(&generator);
    gpu_case_free(&item);
}

void gpu_bench_sparse(const GpuBench *bench, GpuPart part) {
    static const int tiny[] = {5}, first[] = {20}, rest[] = {16, 18, 14, 22};
    const bool full = bench->size == GPU_FULL;
    const int *const sizes = !full ? tiny : part == GPU_FIRST ? first : rest;
    const size_t count = part == GPU_FIRST ? 1 : part == GPU_REST && full ? sizeof rest / sizeof *rest : 0;
    Library library;
    char reasons[600];
    if (count == 0)
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

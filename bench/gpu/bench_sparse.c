/* cuSPARSE's product of the assembled generator with a vector, beside our application of the same generator:
 * what one would use without kernels of one's own, and an account of L that shares nothing with them. It
 * reads 12 bytes of matrix for every entry (N + 1 a state), which kernels that compute the rates do not: so
 * it is a baseline, and no part of the engine. */
#include "toolkit_cuda.h"

#include "generator.h"
#include "oracle.h"

#include <cusparse.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

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

static bool load(Library *library, char *reasons, size_t size) {
    const GpuFunction functions[] = {
        {"cusparseCreate", &library->create},
        {"cusparseDestroy", &library->destroy},
        {"cusparseCreateCsr", &library->create_csr},
        {"cusparseDestroySpMat", &library->destroy_csr},
        {"cusparseCreateDnVec", &library->create_vector},
        {"cusparseDestroyDnVec", &library->destroy_vector},
        {"cusparseSpMV_bufferSize", &library->buffer_size},
        {"cusparseSpMV", &library->product},
    };
    return gpu_toolkit_load("cusparse", CUSPARSE_VER_MAJOR, functions, sizeof functions / sizeof functions[0],
                            reasons, size);
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
    GpuToolkit work;
    cusparseHandle_t handle;
    cusparseSpMatDescr_t matrix;
    cusparseDnVecDescr_t in, out;
    double *q; /* on the device */
    void *buffer;
} Product;

enum { PRODUCTS = 20 }; /* that are timed at once */

static const cusparseOperation_t PLAIN = CUSPARSE_OPERATION_NON_TRANSPOSE;

static bool goes_on(const Product *product) {
    return gpu_toolkit_goes_on(&product->work);
}

static void expect(Product *product, cusparseStatus_t code, const char *call) {
    gpu_toolkit_expect_status(&product->work, (int)code, call);
}

/* Everything but the work space, whose size the library says. */
static void describe(Product *product, const Matrix *matrix, const double *p) {
    const Library *library = product->library;
    GpuToolkit *work = &product->work;
    const size_t states = (size_t)matrix->states, entries = (size_t)matrix->entries;
    void *const offsets = gpu_toolkit_array(work, matrix->offsets, (states + 1) * sizeof(int32_t)),
                *const columns = gpu_toolkit_array(work, matrix->columns, entries * sizeof(int32_t)),
                *const values = gpu_toolkit_array(work, matrix->values, entries * sizeof(double)),
                *const in = gpu_toolkit_array(work, p, states * sizeof(double));
    product->q = gpu_toolkit_array(work, NULL, states * sizeof(double));
    if (goes_on(product))
        expect(product, library->create(&product->handle), "cusparseCreate");
    if (goes_on(product))
        expect(product,
               library->create_csr(&product->matrix, matrix->states, matrix->states, matrix->entries, offsets,
                                   columns, values, CUSPARSE_INDEX_32I, CUSPARSE_INDEX_32I,
                                   CUSPARSE_INDEX_BASE_ZERO, CUDA_R_64F),
               "cusparseCreateCsr");
    if (goes_on(product))
        expect(product, library->create_vector(&product->in, matrix->states, in, CUDA_R_64F),
               "cusparseCreateDnVec");
    if (goes_on(product))
        expect(product, library->create_vector(&product->out, matrix->states, product->q, CUDA_R_64F),
               "cusparseCreateDnVec");
}

static void prepare(Product *product, const Matrix *matrix, const double *p) {
    const double one = 1, zero = 0;
    size_t bytes = 0;
    describe(product, matrix, p);
    if (goes_on(product))
        expect(product,
               product->library->buffer_size(product->handle, PLAIN, &one, product->matrix, product->in,
                                             &zero, product->out, CUDA_R_64F, CUSPARSE_SPMV_ALG_DEFAULT,
                                             &bytes),
               "cusparseSpMV_bufferSize");
    product->buffer = gpu_toolkit_array(&product->work, NULL, bytes > 0 ? bytes : 1);
}

static void multiply(void *argument) {
    Product *product = argument;
    const double one = 1, zero = 0;
    if (goes_on(product))
        expect(product,
               product->library->product(product->handle, PLAIN, &one, product->matrix, product->in, &zero,
                                         product->out, CUDA_R_64F, CUSPARSE_SPMV_ALG_DEFAULT,
                                         product->buffer),
               "cusparseSpMV");
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
    gpu_toolkit_release(&product->work);
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
    gpu_toolkit_fetch(&product->work, q, product->q, states * sizeof *q);
    for (size_t s = 0; s < states; s++) {
        sum += fabs(q[s] - ours[s]);
        norm += fabs(p[s]);
    }
    free(q);
    return sum / norm / exit_max;
}

static const char product_name[] = "cuSPARSE product with the assembled generator";

static void report_times(const GpuBench *bench, const GpuCase *item, const Matrix *matrix, Product *product) {
    GpuTiming timing;
    char note[160];
    if (!gpu_toolkit_measure(&product->work, NULL, multiply, product, PRODUCTS, &timing)) {
        gpu_report_absence(bench->report, "sparse", product_name, item->shape.nodes, product->work.failed);
        return;
    }
    snprintf(note, sizeof note, "device events; %.3g GB/s of matrix and vectors",
             (12 * (double)matrix->entries + 20 * (double)matrix->states) / timing.median / 1e9);
    const GpuLine line = {"sparse",
                          product_name,
                          item->shape.nodes,
                          1,
                          "time",
                          1e3 * timing.median,
                          1e3 * timing.low,
                          1e3 * timing.high,
                          "ms",
                          NAN,
                          "",
                          note};
    gpu_report_line(bench->report, &line);
}

/* Compare and time, once ours is there. That the library fails is a finding about the library. */
static void bench_product(const GpuBench *bench, const Library *library, const GpuCase *item,
                          const EpnetGenerator *generator, const double *ours) {
    const int nodes = item->shape.nodes;
    Product product = {.library = library};
    Matrix matrix = assemble(generator);
    prepare(&product, &matrix, item->initial);
    multiply(&product);
    const double found =
        goes_on(&product) ? difference(&product, generator->states, generator->exit_max, item->initial, ours)
                          : NAN;
    if (!goes_on(&product))
        gpu_report_absence(bench->report, "sparse", product_name, nodes, product.work.failed);
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

#include "limits.h"

#include "../cpu/vector.h"
#include "../threading.h"

#include <stdlib.h>
#include <string.h>

/* ---- multiply-adds ------------------------------------------------------------------------------------- */

enum { ROUND = 200000 }; /* multiply-adds of a chain between two looks at the clock */

static volatile double sink; /* keeps the chains from being left out */

/* Chains of multiply-adds that do not wait for each other: more of them than a processor has in flight. The
 * empty asm keeps the compiler from turning the chains into something shorter. */
#define EPNET_CHAINS(count, type, broadcast, multiply_add, class, first)                                     \
    type chain[count];                                                                                       \
    _Pragma("GCC unroll 24") for (int i = 0; i < count; i++) chain[i] = broadcast(1e-3 * i);                 \
    const type x = broadcast(0.999999), y = broadcast(1e-9);                                                 \
    for (int k = 0; k < ROUND; k++) {                                                                        \
        _Pragma("GCC unroll 24") for (int i = 0; i < count; i++) {                                           \
            chain[i] = multiply_add(chain[i], x, y);                                                         \
            __asm__ volatile("" : "+" class(chain[i]));                                                      \
        }                                                                                                    \
    }                                                                                                        \
    double sum = 0;                                                                                          \
    _Pragma("GCC unroll 24") for (int i = 0; i < count; i++) sum += first(chain[i]);                         \
    sink = sum

#if defined(__x86_64__)
#include <immintrin.h>

#define first_of(vector) ((vector)[0])

__attribute__((target("avx512f"))) static void chains_512(void) {
    EPNET_CHAINS(20, __m512d, _mm512_set1_pd, _mm512_fmadd_pd, "v", first_of);
}

__attribute__((target("avx2,fma"))) static void chains_256(void) {
    EPNET_CHAINS(12, __m256d, _mm256_set1_pd, _mm256_fmadd_pd, "x", first_of);
}

static inline __m128d multiply_add_128(__m128d a, __m128d b, __m128d c) {
    return _mm_add_pd(_mm_mul_pd(a, b), c);
}

static void chains_128(void) {
    EPNET_CHAINS(12, __m128d, _mm_set1_pd, multiply_add_128, "x", first_of);
}

typedef struct Kernel {
    void (*run)(void);
    double flops; /* of a round */
    const char *how;
} Kernel;

static Kernel widest(void) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f"))
        return (Kernel){chains_512, 2.0 * 8 * 20 * ROUND, "20 chains of AVX-512 multiply-adds in registers"};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return (Kernel){chains_256, 2.0 * 4 * 12 * ROUND, "12 chains of AVX2 multiply-adds in registers"};
    return (Kernel){chains_128, 2.0 * 2 * 12 * ROUND,
                    "12 chains of SSE2 multiplications and additions in registers"};
}

#else

static inline double same(double a) {
    return a;
}

static inline double multiply_add(double a, double b, double c) {
    return __builtin_fma(a, b, c);
}

static void chains_scalar(void) {
    EPNET_CHAINS(12, double, same, multiply_add, "m", same);
}

typedef struct Kernel {
    void (*run)(void);
    double flops; /* of a round */
    const char *how;
} Kernel;

static Kernel widest(void) {
    return (Kernel){chains_scalar, 2.0 * 12 * ROUND,
                    "12 chains of scalar multiply-adds: no vector kernel for "
                    "this processor"};
}

#endif

double epnet_bench_fma_peak(double seconds, const char **how) {
    const Kernel kernel = widest();
    const double end = epnet_seconds_now() + seconds;
    double least = -1, now;
    do {
        const double start = epnet_seconds_now();
        kernel.run();
        now = epnet_seconds_now();
        if (least < 0 || now - start < least)
            least = now - start;
    } while (now < end);
    *how = kernel.how;
    return kernel.flops / least;
}

/* ---- copies -------------------------------------------------------------------------------------------- */

typedef struct Copy {
    double *to;
    const double *from;
} Copy;

enum { PART = 1 << 16 }; /* doubles that a thread copies at a time */

static void copy_part(void *context, int thread, size_t first, size_t end) {
    const Copy *copy = context;
    (void)thread;
    memcpy(copy->to + first, copy->from + first, (end - first) * sizeof *copy->to);
    __asm__ volatile("" : : "r"(copy->to) : "memory"); /* it is not left out */
}

void epnet_bench_copy(double *to, const double *from, size_t count, EpnetTeam *team) {
    Copy copy = {to, from};
    epnet_team_share(team, count, PART, copy_part, &copy);
}

double epnet_bench_copy_seconds(size_t count, EpnetTeam *team, double seconds) {
    double *from = epnet_vector_new(count), *to = epnet_vector_new(count), least = -1;
    const size_t bytes = count * sizeof *from;
    if (from != NULL && to != NULL) {
        for (size_t i = 0; i < count; i++)
            from[i] = to[i] = (double)i;
        const size_t times = 1 + ((size_t)1 << 20) / bytes; /* the clock is read once a MiB at most */
        const double end = epnet_seconds_now() + seconds;
        double now;
        epnet_bench_copy(to, from, count, team);
        do {
            const double start = epnet_seconds_now();
            for (size_t k = 0; k < times; k++)
                epnet_bench_copy(to, from, count, team);
            now = epnet_seconds_now();
            if (least < 0 || now - start < least)
                least = now - start;
        } while (now < end);
        least /= (double)times;
    }
    free(from);
    free(to);
    return least;
}

/* Eight doubles side by side, in the compiler's own vectors: one source for every instruction set
 * (instruction_levels.h); without contraction the same bytes on each. */
#ifndef EPNET_HOST_CPU_SIMD_H
#define EPNET_HOST_CPU_SIMD_H

#include "instruction_levels.h"

#include <stdint.h>

/* All that take or return vectors are inlined, so no calling convention is involved. */
#pragma GCC diagnostic ignored "-Wpsabi"

enum { EPNET_LANES = 8 };

typedef double EpnetVector __attribute__((vector_size(64)));
typedef int64_t EpnetMask __attribute__((vector_size(64))); /* all bits set where true, else 0 */
typedef uint64_t EpnetBits __attribute__((vector_size(64)));

EPNET_INLINE EpnetVector epnet_vector_all(double value) {
    return (EpnetVector){value, value, value, value, value, value, value, value};
}

/* a where the mask is set, else b. */
EPNET_INLINE EpnetVector epnet_vector_select(EpnetMask mask, EpnetVector a, EpnetVector b) {
    return (EpnetVector)(((EpnetMask)a & mask) | ((EpnetMask)b & ~mask));
}

EPNET_INLINE EpnetVector epnet_vector_absolute(EpnetVector a) {
    return (EpnetVector)((EpnetMask)a & INT64_MAX);
}

EPNET_INLINE EpnetVector epnet_vector_maximum(EpnetVector a, EpnetVector b) {
    return epnet_vector_select(a > b, a, b);
}

/* ln x, within 1 ulp of the truth for every x > 0, subnormal ones included; -inf at 0, inf at inf, NaN below
 * 0 and of NaN. x = 2^k m with m in [sqrt(1/2), sqrt(2)); with f = m - 1, s = f/(2 + f), ln(1 + f) = f -
 * f^2/2 + s (f^2/2 + R(s^2)), R the minimax polynomial of Sun's fdlibm (e_log.c). */
EPNET_INLINE EpnetVector epnet_vector_log(EpnetVector x) {
    const uint64_t one = 0x3ff0000000000000, half_root = 0x3fe6a09e00000000, mantissa = 0x000fffffffffffff;
    const EpnetMask subnormal = (x < 0x1p-1022) & (x > 0);
    const EpnetVector scaled = epnet_vector_select(subnormal, x * 0x1p54, x);
    const EpnetBits bits = (EpnetBits)scaled + (one - half_root);
    /* k as a double, through the low bits of 1.5 2^52: there is no such conversion on older machines */
    const EpnetBits biased = (bits >> 52) + 0x4338000000000000;
    const EpnetVector k = (EpnetVector)biased - (6755399441055744.0 + 1023) -
                          epnet_vector_select(subnormal, epnet_vector_all(54), epnet_vector_all(0));
    const EpnetVector f = (EpnetVector)((bits & mantissa) + half_root) - 1;
    const EpnetVector s = f / (2 + f), z = s * s, w = z * z, half = 0.5 * f * f;
    const EpnetVector odd =
        z * (6.666666666666735130e-01 +
             w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    const EpnetVector even =
        w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    const EpnetVector value = s * (half + (odd + even)) + k * 1.90821492927058770002e-10 - half + f +
                              k * 6.93147180369123816490e-01;
    const EpnetVector edge =
        epnet_vector_select(x == 0, epnet_vector_all(-__builtin_inf()),
                            epnet_vector_select(x > 0, x, epnet_vector_all(__builtin_nan(""))));
    return epnet_vector_select((x > 0) & (x < __builtin_inf()), value, edge);
}

#endif

/* Eight doubles side by side, in the compiler's own vectors: one source for every instruction set
 * (instruction_levels.h); without contraction the same bytes on each. Comparisons are made with the sign bits
 * of differences: the compiler's own take such vectors apart where the processor keeps its masks elsewhere.
 */
#ifndef EPNET_HOST_CPU_SIMD_H
#define EPNET_HOST_CPU_SIMD_H

#include "instruction_levels.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* All that take or return vectors are inlined, so no calling convention is involved. */
#pragma GCC diagnostic ignored "-Wpsabi"

/* Before a loop of few rounds whose vectors are to stay in registers. */
#define EPNET_UNROLL _Pragma("GCC unroll 8")

enum { EPNET_LANES = 8 };

typedef double EpnetVector __attribute__((vector_size(64)));
typedef int64_t EpnetMask __attribute__((vector_size(64))); /* all bits set where true, else 0 */
typedef uint64_t EpnetBits __attribute__((vector_size(64)));

EPNET_INLINE EpnetVector epnet_vector_all(double value) {
    return (EpnetVector){value, value, value, value, value, value, value, value};
}

/* The lanes in the order of their numbers with one bit flipped. */
EPNET_INLINE EpnetVector epnet_vector_flip(EpnetVector a, int bit) {
    switch (bit) {
    case 0:
        return __builtin_shufflevector(a, a, 1, 0, 3, 2, 5, 4, 7, 6);
    case 1:
        return __builtin_shufflevector(a, a, 2, 3, 0, 1, 6, 7, 4, 5);
    default:
        return __builtin_shufflevector(a, a, 4, 5, 6, 7, 0, 1, 2, 3);
    }
}

/* All bits of a lane set where its sign bit is. */
EPNET_INLINE EpnetMask epnet_mask_of_signs(EpnetBits a) {
    return -(EpnetMask)(a >> 63);
}

EPNET_INLINE bool epnet_mask_any(EpnetMask mask) {
    return ((mask[0] | mask[1]) | (mask[2] | mask[3]) | ((mask[4] | mask[5]) | (mask[6] | mask[7]))) != 0;
}

/* a where the mask is set, else b. */
EPNET_INLINE EpnetVector epnet_vector_select(EpnetMask mask, EpnetVector a, EpnetVector b) {
    return (EpnetVector)(((EpnetMask)a & mask) | ((EpnetMask)b & ~mask));
}

EPNET_INLINE EpnetVector epnet_vector_absolute(EpnetVector a) {
    return (EpnetVector)((EpnetMask)a & INT64_MAX);
}

/* Where a < b of two numbers whose difference is a number. */
EPNET_INLINE EpnetMask epnet_vector_below(EpnetVector a, EpnetVector b) {
    return epnet_mask_of_signs((EpnetBits)(a - b));
}

/* Where a is a NaN. */
EPNET_INLINE EpnetMask epnet_vector_is_nan(EpnetVector a) {
    const EpnetBits infinity = (EpnetBits)epnet_vector_all(INFINITY);
    return epnet_mask_of_signs(infinity - ((EpnetBits)a & INT64_MAX));
}

/* Where a number is not positive and normal: zero, subnormal, below zero, infinite or none. Signs alone
 * count: of several numbers, the bits may be combined with | before epnet_mask_of_signs(). */
EPNET_INLINE EpnetBits epnet_vector_abnormal(EpnetVector a) {
    const EpnetBits bits = (EpnetBits)a, least = (EpnetBits)epnet_vector_all(0x1p-1022),
                    infinity = (EpnetBits)epnet_vector_all(INFINITY);
    return bits | (bits - least) | (infinity - 1 - bits);
}

/* ln x of positive, normal x, within 1 ulp of the truth. x = 2^k m with m in [sqrt(1/2), sqrt(2)); with
 * f = m - 1, s = f/(2 + f), ln(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)), R the minimax polynomial of Sun's
 * fdlibm (e_log.c). */
EPNET_INLINE EpnetVector epnet_vector_log_normal(EpnetVector x) {
    const uint64_t one = 0x3ff0000000000000, half_root = 0x3fe6a09e00000000, mantissa = 0x000fffffffffffff;
    const EpnetBits bits = (EpnetBits)x + (one - half_root);
    /* k as a double, through the low bits of 1.5 2^52: there is no such conversion on older machines */
    const EpnetBits biased = (bits >> 52) + 0x4338000000000000;
    const EpnetVector k = (EpnetVector)biased - (6755399441055744.0 + 1023);
    const EpnetVector f = (EpnetVector)((bits & mantissa) + half_root) - 1;
    const EpnetVector s = f / (2 + f), z = s * s, w = z * z, half = 0.5 * f * f;
    const EpnetVector odd =
        z * (6.666666666666735130e-01 +
             w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    const EpnetVector even =
        w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    return s * (half + (odd + even)) + k * 1.90821492927058770002e-10 - half + f +
           k * 6.93147180369123816490e-01;
}

/* ln x within 1 ulp of the truth for every x > 0, subnormal ones included; -inf at 0, inf at inf, NaN below 0
 * and of NaN. */
EPNET_INLINE EpnetVector epnet_vector_log(EpnetVector x) {
    EpnetVector value = epnet_vector_log_normal(x);
    const EpnetMask abnormal = epnet_mask_of_signs(epnet_vector_abnormal(x));
    for (int l = 0; epnet_mask_any(abnormal) && l < EPNET_LANES; l++)
        value[l] = abnormal[l] ? log(x[l]) : value[l];
    return value;
}

#endif

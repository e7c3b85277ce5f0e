/* Loops compiled for several instruction sets, one of which is chosen when the program runs: the best that
 * the processor has, or that which the environment variable EPNET_ISA names. Without contraction
 * (-ffp-contract=off) and without reassociation they give the same bytes at every level. */
#ifndef EPNET_HOST_CPU_INSTRUCTION_LEVELS_H
#define EPNET_HOST_CPU_INSTRUCTION_LEVELS_H

#include "epnet.h"

typedef enum EpnetInstructionLevel {
    EPNET_LEVEL_BASELINE, /* what every processor of the architecture has */
    EPNET_LEVEL_AVX2,
    EPNET_LEVEL_AVX512,
    EPNET_LEVELS
} EpnetInstructionLevel;

/* The level in use. */
EpnetInstructionLevel epnet_instruction_level(void);

/* Use `level` from now on (tests). False, and nothing changes, if this processor lacks it. */
bool epnet_instruction_level_use(EpnetInstructionLevel level);

/* For what has to be part of such a loop, whatever the level. */
#define EPNET_INLINE static inline __attribute__((always_inline))

/* EPNET_INSTRUCTION_LEVELS(linkage, type, name, (parameters), (arguments)) { body } defines the function
 * `name`, linkage static or extern, with the body compiled once per level; what the body calls is inlined
 * (EPNET_INLINE), else it is not part of it. */
#if defined(__x86_64__) && defined(__GNUC__)
#ifdef __clang__
#define EPNET_TARGET_AVX512 __attribute__((target("avx512f")))
#else
#define EPNET_TARGET_AVX512 __attribute__((target("avx512f,prefer-vector-width=512")))
#endif
#define EPNET_TARGET_AVX2 __attribute__((target("avx2")))
#define EPNET_INSTRUCTION_LEVELS(linkage, type, name, parameters, arguments)                                 \
    EPNET_INLINE type name##_at_any_level parameters;                                                        \
    EPNET_TARGET_AVX512 static type name##_avx512 parameters {                                               \
        return name##_at_any_level arguments;                                                                \
    }                                                                                                        \
    EPNET_TARGET_AVX2 static type name##_avx2 parameters {                                                   \
        return name##_at_any_level arguments;                                                                \
    }                                                                                                        \
    static type name##_baseline parameters {                                                                 \
        return name##_at_any_level arguments;                                                                \
    }                                                                                                        \
    linkage type name parameters {                                                                           \
        switch (epnet_instruction_level()) {                                                                 \
        case EPNET_LEVEL_AVX512:                                                                             \
            return name##_avx512 arguments;                                                                  \
        case EPNET_LEVEL_AVX2:                                                                               \
            return name##_avx2 arguments;                                                                    \
        default:                                                                                             \
            return name##_baseline arguments;                                                                \
        }                                                                                                    \
    }                                                                                                        \
    EPNET_INLINE type name##_at_any_level parameters
#else
#define EPNET_INSTRUCTION_LEVELS(linkage, type, name, parameters, arguments) linkage type name parameters
#endif

#endif

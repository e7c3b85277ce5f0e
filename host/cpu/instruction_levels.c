#include "instruction_levels.h"

#include "../status.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[EPNET_LEVELS] = {"baseline", "avx2", "avx512"};

enum { UNKNOWN = -1 };

static atomic_int in_use = UNKNOWN;

static bool has(EpnetInstructionLevel level) {
#if defined(__x86_64__) && defined(__GNUC__)
    switch (level) {
    case EPNET_LEVEL_AVX512:
        return __builtin_cpu_supports("avx512f");
    case EPNET_LEVEL_AVX2:
        return __builtin_cpu_supports("avx2");
    default:
        return true;
    }
#else
    return level == EPNET_LEVEL_BASELINE;
#endif
}

/* What the environment asks for; UNKNOWN: nothing. */
static EpnetStatus asked(int *level, EpnetError *error) {
    const char *text = getenv("EPNET_ISA");
    *level = UNKNOWN;
    if (text == NULL || text[0] == '\0')
        return EPNET_OK;
    for (int l = 0; l < EPNET_LEVELS; l++) {
        if (strcmp(text, names[l]) != 0)
            continue;
        if (!has((EpnetInstructionLevel)l))
            return epnet_fail(error, EPNET_USAGE, "EPNET_ISA=%s: this processor does not have it", text);
        *level = l;
        return EPNET_OK;
    }
    return epnet_fail(error, EPNET_USAGE, "EPNET_ISA=%.40s: avx512, avx2 or baseline", text);
}

static int best(void) {
    int level = EPNET_LEVELS - 1;
    while (!has((EpnetInstructionLevel)level))
        level--;
    return level;
}

EpnetInstructionLevel epnet_instruction_level(void) {
    int level = atomic_load_explicit(&in_use, memory_order_relaxed);
    if (level == UNKNOWN) {
        EpnetError ignored; /* epnet_instruction_set() is what reports it, before any work */
        if (asked(&level, &ignored) != EPNET_OK || level == UNKNOWN)
            level = best();
        atomic_store_explicit(&in_use, level, memory_order_relaxed);
    }
    return (EpnetInstructionLevel)level;
}

bool epnet_instruction_level_use(EpnetInstructionLevel level) {
    if (!has(level))
        return false;
    atomic_store_explicit(&in_use, (int)level, memory_order_relaxed);
    return true;
}

EpnetStatus epnet_instruction_set(const char **name, EpnetError *error) {
    int level;
    const EpnetStatus status = asked(&level, error);
    if (status == EPNET_OK && name != NULL)
        *name = names[epnet_instruction_level()];
    return status;
}

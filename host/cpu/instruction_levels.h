/* Marks a function to be compiled for three instruction sets, chosen when the program is loaded. Without
 * contraction (-ffp-contract=off) and without reassociation its loops give the same bytes at every level.
 * Clang lacks the attribute for C in the versions in use, and the sanitizers run before the choice is made.
 */
#ifndef EPNET_HOST_CPU_INSTRUCTION_LEVELS_H
#define EPNET_HOST_CPU_INSTRUCTION_LEVELS_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define EPNET_INSTRUCTION_LEVELS __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define EPNET_INSTRUCTION_LEVELS
#endif

#endif

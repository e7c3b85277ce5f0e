/* What the fuzz targets share. A target is one function that takes any bytes and ends the process if anything
 * is wrong. With clang libFuzzer drives it (`make fuzz`); with any compiler replay.c does, over the corpus
 * and seeded mutations of it. Broken memory, leaks and undefined behaviour are the sanitizers' to see. */
#ifndef EPNET_TESTS_FUZZ_H
#define EPNET_TESTS_FUZZ_H

#include "epnet.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#error "C only"
#endif

/* The target. Returns 0; libFuzzer gives it its name. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* End the process with a message unless `holds`. */
void fuzz_require(bool holds, const char *what);

/* Fail unless a failed call left one plain line and its own status. */
void fuzz_message_check(EpnetStatus status, const EpnetError *error);

/* "FOLDER/name" in a folder of this process, removed at its end; in one of a few static buffers. */
const char *fuzz_path(const char *name);

void fuzz_file_write(const char *path, const void *bytes, size_t size);

/* ---- an input taken apart --------------------------------------------------------------------------- */

/* What is left of an input. Beyond its end it reads as zeros. */
typedef struct FuzzInput {
    const uint8_t *next, *end;
} FuzzInput;

unsigned fuzz_byte(FuzzInput *input);
/* A number below `count`, from one byte. */
unsigned fuzz_choice(FuzzInput *input, unsigned count);
/* A length byte, then that many bytes (at most `size` - 1 and what is left) as a string without zeros. */
void fuzz_text(FuzzInput *input, char *text, size_t size);
/* Any double: the common and the special ones from one byte, others from its eight bytes. */
double fuzz_double(FuzzInput *input);

#endif

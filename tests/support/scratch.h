/* A folder of its own for a test, and what is in files. */
#ifndef EPNET_TESTS_SCRATCH_H
#define EPNET_TESTS_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

/* A new empty folder; the path is kept in a static buffer until scratch_remove(), which empties and removes
 * it. */
const char *scratch_make(void);
void scratch_remove(void);

/* "FOLDER/name", in one of a few static buffers that later calls reuse. */
const char *scratch_path(const char *name);

/* Entries of the folder, hidden ones included. */
size_t scratch_entries(void);

/* The bytes of a file and a final 0, to free(); NULL if it cannot be read. `size` may be NULL. */
char *file_bytes(const char *path, size_t *size);
void file_write(const char *path, const void *bytes, size_t size);
bool file_exists(const char *path);
bool files_equal(const char *one, const char *other);

#endif

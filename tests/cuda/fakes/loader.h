/* Libraries of the toolkit on the emulated device: dlopen(), dlsym() and dlerror() of a test that has them
 * come here (LINKER:--wrap). */
#ifndef EPNET_FAKE_LOADER_H
#define EPNET_FAKE_LOADER_H

#include <stddef.h>

typedef struct FakeFunction {
    const char *name;
    void (*address)(void);
} FakeFunction;

#define EPNET_FAKE(function)                                                                                 \
    { #function, (void (*)(void))(function) }

typedef struct FakeLibrary {
    const char *name; /* of the file */
    const FakeFunction *functions;
    size_t count;
} FakeLibrary;

extern const FakeLibrary fake_cusparse_library, fake_cublas_library;

/* Steering: a file or function that is not there; NULL: all are. */
extern const char *fake_loader_lacks;

/* A copy of the device's memory on the host; ends the program if there is none, as a test may. */
void *fake_fetched(const void *values, size_t bytes);

#endif

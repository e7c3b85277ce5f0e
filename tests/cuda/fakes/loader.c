#include "loader.h"

#include <cuda_runtime_api.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *fake_loader_lacks;

static const FakeLibrary *const libraries[] = {&fake_cusparse_library, &fake_cublas_library};

void *fake_fetched(const void *values, size_t bytes) {
    void *copy = malloc(bytes);
    if (copy == NULL || cudaMemcpy(copy, values, bytes, cudaMemcpyDeviceToHost) != cudaSuccess)
        abort();
    return copy;
}

void *__wrap_dlopen(const char *name, int flags);
void *__wrap_dlsym(void *handle, const char *name);
char *__wrap_dlerror(void);

static bool lacks(const char *name) {
    return fake_loader_lacks != NULL && strcmp(fake_loader_lacks, name) == 0;
}

void *__wrap_dlopen(const char *name, int flags) {
    (void)flags;
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++)
        if (strcmp(libraries[i]->name, name) == 0 && !lacks(name))
            return (void *)libraries[i];
    return NULL;
}

void *__wrap_dlsym(void *handle, const char *name) {
    const FakeLibrary *library = handle;
    void *address = NULL;
    for (size_t i = 0; i < library->count; i++)
        if (strcmp(library->functions[i].name, name) == 0 && !lacks(name))
            memcpy(&address, &library->functions[i].address, sizeof address);
    return address;
}

char *__wrap_dlerror(void) {
    static char text[64];
    snprintf(text, sizeof text, "there is no %s", fake_loader_lacks);
    return text;
}

/* Drives a fuzz target without libFuzzer: replay [-m MUTATIONS] FILE|FOLDER... runs it on every file, then on
 * seeded mutations of them. The same arguments give the same inputs. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LARGEST = 16384, MOST_EDITS = 8 };

typedef struct Inputs {
    size_t count;
    struct {
        uint8_t *bytes;
        size_t size;
    } * list;
} Inputs;

static void file_add(Inputs *inputs, const char *path) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(LARGEST);
    inputs->list = realloc(inputs->list, (inputs->count + 1) * sizeof *inputs->list);
    fuzz_require(file != NULL && bytes != NULL && inputs->list != NULL, "an input can be read");
    inputs->list[inputs->count].size = fread(bytes, 1, LARGEST, file);
    inputs->list[inputs->count++].bytes = bytes;
    fclose(file);
}

static int is_visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

/* A file, or the files of a folder in the order of their names. */
static void path_add(Inputs *inputs, const char *path) {
    struct stat info;
    struct dirent **entries;
    fuzz_require(stat(path, &info) == 0, path);
    if (!S_ISDIR(info.st_mode)) {
        file_add(inputs, path);
        return;
    }
    int count = scandir(path, &entries, is_visible, alphasort);
    fuzz_require(count >= 0, path);
    for (int k = 0; k < count; k++) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", path, entries[k]->d_name);
        file_add(inputs, name);
        free(entries[k]);
    }
    free(entries);
}

/* xorshift64* */
static uint64_t random_below(uint64_t *state, uint64_t bound) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (*state * 0x2545F4914F6CDD1D >> 11) % bound;
}

/* Make room for (or close) `by` bytes at `at`; returns the new size. */
static size_t shift(uint8_t *bytes, size_t size, size_t at, long by) {
    if (by > 0 && size + (size_t)by > LARGEST)
        return size;
    if (by < 0 && size - at < (size_t)-by)
        return size;
    if (by > 0)
        memmove(bytes + at + by, bytes + at, size - at);
    else
        memmove(bytes + at, bytes + at - by, size - at - (size_t)-by);
    return (size_t)((long)size + by);
}

static size_t edit(const Inputs *inputs, uint8_t *bytes, size_t size, uint64_t *state) {
    static const uint8_t telling[] = {0, 0xFF, 0x7F, 0x80, '\n', '"', '[', ']', '{', '}', '=', '.', '-', '9'};
    const size_t at = random_below(state, size + 1);
    const size_t length = 1 + random_below(state, 32);
    const size_t other = random_below(state, inputs->count);
    switch (random_below(state, 7)) {
    case 0:
        if (at < size)
            bytes[at] ^= (uint8_t)(1u << random_below(state, 8));
        return size;
    case 1:
        if (at < size)
            bytes[at] = telling[random_below(state, sizeof telling)];
        return size;
    case 2:
        if (at < size)
            bytes[at] = (uint8_t)random_below(state, 256);
        return size;
    case 3:
        return shift(bytes, size, at, -(long)length);
    case 4: /* a block of this input once more */
        if (at + length > size)
            return size;
        size = shift(bytes, size, at, (long)length);
        return size;
    case 5: { /* a block of another */
        const size_t from = random_below(state, inputs->list[other].size + 1);
        if (inputs->list[other].size - from < length || size + length > LARGEST)
            return size;
        size = shift(bytes, size, at, (long)length);
        memcpy(bytes + at, inputs->list[other].bytes + from, length);
        return size;
    }
    default: /* the end */
        return random_below(state, 4) == 0 ? at : size;
    }
}

int main(int argc, char **argv) {
    Inputs inputs = {0, NULL};
    unsigned long mutations = 0;
    uint64_t state = 0x9E3779B97F4A7C15;
    for (int k = 1; k < argc; k++) {
        if (strcmp(argv[k], "-m") == 0 && k + 1 < argc)
            mutations = strtoul(argv[++k], NULL, 10);
        else
            path_add(&inputs, argv[k]);
    }
    fuzz_require(inputs.count > 0, "there are inputs");
    for (size_t k = 0; k < inputs.count; k++)
        LLVMFuzzerTestOneInput(inputs.list[k].bytes, inputs.list[k].size);
    for (unsigned long m = 0; m < mutations; m++) {
        const size_t chosen = random_below(&state, inputs.count);
        uint8_t *bytes = malloc(LARGEST);
        fuzz_require(bytes != NULL, "there is memory");
        size_t size = inputs.list[chosen].size;
        memcpy(bytes, inputs.list[chosen].bytes, size);
        for (size_t edits = 1 + random_below(&state, MOST_EDITS); edits > 0; edits--)
            size = edit(&inputs, bytes, size, &state);
        uint8_t *exact = malloc(size > 0 ? size : 1); /* so that a read beyond the end is seen */
        fuzz_require(exact != NULL, "there is memory");
        memcpy(exact, bytes, size);
        free(bytes);
        LLVMFuzzerTestOneInput(exact, size);
        free(exact);
    }
    printf("%zu inputs and %lu mutations of them\n", inputs.count, mutations);
    for (size_t k = 0; k < inputs.count; k++)
        free(inputs.list[k].bytes);
    free(inputs.list);
    return 0;
}

#include "fuzz.h"

#include <dirent.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

void fuzz_require(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "fuzz: does not hold: %s\n", what);
    abort();
}

void fuzz_message_check(EpnetStatus status, const EpnetError *error) {
    fuzz_require(status == error->status, "the error has the status of the call");
    fuzz_require(error->message[0] != '\0', "a failure has a message");
    for (const char *c = error->message; *c != '\0'; c++)
        fuzz_require((unsigned char)*c >= 0x20 && *c != 0x7F,
                     "a message is one line without control characters");
}

static void folder_remove(void) {
    DIR *stream = opendir(folder);
    if (stream == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove(fuzz_path(entry->d_name));
    }
    closedir(stream);
    rmdir(folder);
}

const char *fuzz_path(const char *name) {
    enum { BUFFERS = 8, SIZE = 512 };
    static char buffers[BUFFERS][SIZE];
    static int next;
    if (folder[0] == '\0') {
        strcpy(folder, "/tmp/epnet-fuzz-XXXXXX");
        fuzz_require(mkdtemp(folder) != NULL, "a folder can be made");
        atexit(folder_remove);
    }
    char *buffer = buffers[next++ % BUFFERS];
    snprintf(buffer, SIZE, "%s/%s", folder, name);
    return buffer;
}

void fuzz_file_write(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    fuzz_require(file != NULL, "a file can be made");
    fuzz_require(fwrite(bytes, 1, size, file) == size, "a file can be written");
    fuzz_require(fclose(file) == 0, "a file can be closed");
}

unsigned fuzz_byte(FuzzInput *input) {
    return input->next < input->end ? *input->next++ : 0;
}

unsigned fuzz_choice(FuzzInput *input, unsigned count) {
    return fuzz_byte(input) % count;
}

void fuzz_text(FuzzInput *input, char *text, size_t size) {
    size_t length = fuzz_byte(input), left = (size_t)(input->end - input->next);
    length = length < size - 1 ? length : size - 1;
    length = length < left ? length : left;
    for (size_t k = 0; k < length; k++)
        text[k] = input->next[k] == 0 ? '0' : (char)input->next[k];
    text[length] = '\0';
    input->next += length;
}

double fuzz_double(FuzzInput *input) {
    static const double usual[] = {0,   1,   0.5,      2,         10,  -1,      1e-300,
                                   1e9, NAN, INFINITY, -INFINITY, -0., DBL_MAX, DBL_TRUE_MIN};
    const unsigned kinds = sizeof usual / sizeof *usual, kind = fuzz_byte(input);
    if (kind < 200)
        return usual[kind % kinds] * (1 + kind / kinds);
    uint64_t bits = 0;
    double value;
    for (int k = 0; k < 8; k++)
        bits = bits << 8 | fuzz_byte(input);
    memcpy(&value, &bits, sizeof value);
    return value;
}

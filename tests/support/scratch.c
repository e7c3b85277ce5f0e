#include "scratch.h"

#include "check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

const char *scratch_make(void) {
    strcpy(folder, "/tmp/epnet-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chmod(folder, 0755), 0);
    return folder;
}

/* Call `each` for every entry but "." and ".."; returns their number. */
static size_t entries_visit(void (*each)(const char *path)) {
    size_t count = 0;
    DIR *stream = opendir(folder);
    assert_non_null(stream);
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        if (each != NULL)
            each(scratch_path(entry->d_name));
    }
    closedir(stream);
    return count;
}

static void entry_remove(const char *path) {
    assert_int_equal(remove(path), 0);
}

void scratch_remove(void) {
    chmod(folder, 0755);
    entries_visit(entry_remove);
    assert_int_equal(rmdir(folder), 0);
}

const char *scratch_path(const char *name) {
    enum { BUFFERS = 8, SIZE = 512 };
    static char buffers[BUFFERS][SIZE];
    static int next;
    char *buffer = buffers[next++ % BUFFERS];
    assert_true(snprintf(buffer, SIZE, "%s/%s", folder, name) < SIZE);
    return buffer;
}

size_t scratch_entries(void) {
    return entries_visit(NULL);
}

char *file_bytes(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t length = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(length + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, length, file), length);
    bytes[length] = '\0';
    fclose(file);
    if (size != NULL)
        *size = length;
    return bytes;
}

void file_write(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

bool file_exists(const char *path) {
    return access(path, F_OK) == 0;
}

bool files_equal(const char *one, const char *other) {
    size_t size_one = 0, size_other = 0;
    char *bytes_one = file_bytes(one, &size_one), *bytes_other = file_bytes(other, &size_other);
    bool equal = bytes_one != NULL && bytes_other != NULL && size_one == size_other &&
                 memcmp(bytes_one, bytes_other, size_one) == 0;
    free(bytes_one);
    free(bytes_other);
    return equal;
}

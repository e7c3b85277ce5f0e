#include "seal.h"

#include "bytes.h"
#include "status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BLOCK = 1 << 16 };

static const char prefix[] = "\nepnet sha256 ";

/* Add bytes [0, size) of a file to a digest. False with errno set (0: the file ended early). */
static bool bytes_digest(int fd, uint64_t size, EpnetDigest *digest) {
    unsigned char *block = epnet_calloc(1, BLOCK);
    uint64_t done = 0;
    bool good = block != NULL;
    while (good && done < size) {
        const size_t some = size - done < BLOCK ? (size_t)(size - done) : BLOCK;
        good = epnet_bytes_read(fd, block, some, done);
        epnet_digest_add(digest, block, good ? some : 0);
        done += some;
    }
    int reason = errno;
    free(block);
    errno = reason;
    return good;
}

/* `reason`: errno, 0 where the file ended early. */
static EpnetStatus fail_read(int reason, const char *name, EpnetError *error) {
    errno = reason;
    if (reason != 0)
        return epnet_fail_system(error, "cannot read %s", name);
    return epnet_fail(error, EPNET_IO, "cannot read %s: it is shorter than it was", name);
}

EpnetStatus epnet_seal_line(int fd, uint64_t size, const char *name, char line[EPNET_SEAL_LINE + 1],
                            EpnetError *error) {
    unsigned char check[EPNET_DIGEST];
    EpnetDigest digest = epnet_digest_begin();
    errno = 0;
    if (!bytes_digest(fd, size, &digest))
        return fail_read(errno, name, error);
    epnet_digest_end(&digest, check, sizeof check);
    char *end = stpcpy(line, prefix);
    for (int k = 0; k < EPNET_DIGEST; k++)
        end += sprintf(end, "%02x", check[k]);
    strcpy(end, "\n");
    return EPNET_OK;
}

EpnetStatus epnet_seal_check(int fd, const char *path, EpnetSeal *seal, EpnetError *error) {
    struct stat info;
    char found[EPNET_SEAL_LINE + 1] = "", expected[EPNET_SEAL_LINE + 1];
    *seal = EPNET_SEAL_NONE;
    if (fstat(fd, &info) != 0)
        return epnet_fail_system(error, "cannot read %s", path);
    if (info.st_size < EPNET_SEAL_LINE)
        return EPNET_OK;
    if (!epnet_bytes_read(fd, found, EPNET_SEAL_LINE, (uint64_t)(info.st_size - EPNET_SEAL_LINE)))
        return fail_read(errno, path, error);
    if (strncmp(found, prefix, strlen(prefix)) != 0)
        return EPNET_OK;
    EpnetStatus status =
        epnet_seal_line(fd, (uint64_t)(info.st_size - EPNET_SEAL_LINE), path, expected, error);
    if (status == EPNET_OK)
        *seal = strcmp(found, expected) == 0 ? EPNET_SEAL_INTACT : EPNET_SEAL_BROKEN;
    return status;
}

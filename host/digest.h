/* SHA-256 of bytes that come in parts. */
#ifndef EPNET_HOST_DIGEST_H
#define EPNET_HOST_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

enum { EPNET_DIGEST = 32 }; /* bytes */

/* Begin, any number of add, end. All is skipped once a step has failed, which the end tells. */
typedef struct EpnetDigest {
    struct evp_md_ctx_st *context;
    bool good;
} EpnetDigest;

EpnetDigest epnet_digest_begin(void);
void epnet_digest_add(EpnetDigest *digest, const void *bytes, size_t size);

/* Store the first `size` <= EPNET_DIGEST bytes of the digest and free it. False, with errno set: memory is
 * exhausted. */
bool epnet_digest_end(EpnetDigest *digest, unsigned char *check, size_t size);

#endif

/* SHA-256 of bytes that come in parts. It asks for no memory and cannot fail, so that what it protects needs
 * no third outcome beside intact and damaged. */
#ifndef EPNET_HOST_DIGEST_H
#define EPNET_HOST_DIGEST_H

#include <stddef.h>

#include <openssl/sha.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { EPNET_DIGEST = 32 }; /* bytes */

/* Begin, any number of add, end. */
typedef struct EpnetDigest {
    SHA256_CTX state;
} EpnetDigest;

EpnetDigest epnet_digest_begin(void);
void epnet_digest_add(EpnetDigest *digest, const void *bytes, size_t size);

/* Store the first `size` <= EPNET_DIGEST bytes of the digest. */
void epnet_digest_end(EpnetDigest *digest, unsigned char *check, size_t size);

#ifdef __cplusplus
}
#endif

#endif

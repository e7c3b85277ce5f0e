/* libcrypto's plain functions of SHA-256, which it calls deprecated since 3.0, and not its EVP interface:
 * that one allocates, at its first use much, and crashes (seen with 3.0) where memory is refused. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "digest.h"

#include <string.h>

EpnetDigest epnet_digest_begin(void) {
    EpnetDigest digest;
    SHA256_Init(&digest.state);
    return digest;
}

void epnet_digest_add(EpnetDigest *digest, const void *bytes, size_t size) {
    SHA256_Update(&digest->state, bytes, size);
}

void epnet_digest_end(EpnetDigest *digest, unsigned char *check, size_t size) {
    unsigned char full[EPNET_DIGEST];
    SHA256_Final(full, &digest->state);
    memcpy(check, full, size);
}

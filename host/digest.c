#include "digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

EpnetDigest epnet_digest_begin(void) {
    EpnetDigest digest = {.context = EVP_MD_CTX_new()};
    digest.good = digest.context != NULL && EVP_DigestInit_ex(digest.context, EVP_sha256(), NULL) == 1;
    return digest;
}

void epnet_digest_add(EpnetDigest *digest, const void *bytes, size_t size) {
    digest->good = digest->good && EVP_DigestUpdate(digest->context, bytes, size) == 1;
}

bool epnet_digest_end(EpnetDigest *digest, unsigned char *check, size_t size) {
    unsigned char full[EPNET_DIGEST];
    const bool good = digest->good && EVP_DigestFinal_ex(digest->context, full, NULL) == 1;
    EVP_MD_CTX_free(digest->context);
    *digest = (EpnetDigest){NULL, false};
    if (!good)
        errno = ENOMEM; /* of an algorithm that is built in, nothing else can be missing */
    if (good && size > 0)
        memcpy(check, full, size);
    return good;
}

#include "spec_identity.h"

#include <new>

namespace epnet {

/* With the algorithm built in and arguments of ours, nothing but memory can be missing. */
static void check(bool worked) {
    if (!worked)
        throw std::bad_alloc();
}

Identity::Identity(const std::string &text) : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    check(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
    add(text);
}

void Identity::add(const std::string &bytes) {
    check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

void Identity::add_file(const std::string &key, const std::string &bytes) {
    const std::string separator(1, '\0');
    add(separator + key + separator + std::to_string(bytes.size()) + separator);
    add(bytes);
    files_ += key + ": " + std::to_string(bytes.size()) + " bytes, sha256 " + Identity(bytes).finish() + "\n";
}

std::string Identity::finish() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    check(EVP_DigestFinal_ex(context_.get(), digest, &size) == 1);
    std::string text;
    for (unsigned k = 0; k < size; k++) {
        text += "0123456789abcdef"[digest[k] >> 4];
        text += "0123456789abcdef"[digest[k] & 15];
    }
    return text;
}

} // namespace epnet

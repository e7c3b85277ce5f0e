#include "spec_identity.h"

namespace epnet {

Identity::Identity(const std::string &text) : digest_(epnet_digest_begin()) {
    add(text);
}

void Identity::add(const std::string &bytes) {
    epnet_digest_add(&digest_, bytes.data(), bytes.size());
}

void Identity::add_file(const std::string &key, const std::string &bytes) {
    const std::string separator(1, '\0');
    add(separator + key + separator + std::to_string(bytes.size()) + separator);
    add(bytes);
    files_ += key + ": " + std::to_string(bytes.size()) + " bytes, sha256 " + Identity(bytes).finish() + "\n";
}

std::string Identity::finish() {
    unsigned char check[EPNET_DIGEST];
    epnet_digest_end(&digest_, check, sizeof check);
    std::string text;
    for (const unsigned char byte : check) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

} // namespace epnet

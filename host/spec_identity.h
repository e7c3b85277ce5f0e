/* The identity of a spec: SHA-256 of its effective text and of every file that it names (docs/spec.md). */
#ifndef EPNET_HOST_SPEC_IDENTITY_H
#define EPNET_HOST_SPEC_IDENTITY_H

#include "digest.h"

#include <string>

namespace epnet {

class Identity {
  public:
    explicit Identity(const std::string &text);
    /* The next file: NUL, its key, NUL, its size in decimal, NUL, its bytes. A text holds no NUL, so nothing
     * else hashes alike. */
    void add_file(const std::string &key, const std::string &bytes);
    /* A line about each of them, for people. */
    const std::string &files() const { return files_; }
    /* 64 hexadecimal digits; the last call. */
    std::string finish();

  private:
    void add(const std::string &bytes);
    std::string files_;
    EpnetDigest digest_;
};

} // namespace epnet

#endif

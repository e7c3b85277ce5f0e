/* A TOML document as a plain tree that keeps the order of the text and the place of every key and value, with
 * the overrides of --set merged in. The one unit that knows the TOML library is toml_parse.cpp. */
#ifndef EPNET_HOST_TOML_DOCUMENT_H
#define EPNET_HOST_TOML_DOCUMENT_H

#include "epnet.h"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace epnet {

/* Where something stands. Places in an override have no line: its text "--set key=value" says enough. */
struct Place {
    const std::string *source = nullptr; /* file name or override; owned by the document or the named file */
    unsigned line = 0, column = 0;       /* from 1; 0: an override */

    std::string text() const; /* "FILE:line:column" or "--set key=value" */
};

/* What the reader throws; epnet_spec_read() turns it into an EpnetError. */
struct ReadError {
    EpnetStatus status;
    std::string message;
};

/* Throws EPNET_BAD_SPEC with "PLACE: error: what". */
[[noreturn]] void fail_at(const Place &place, const std::string &what);

struct Value;
struct Member;
struct Date {}; /* a date or time; no key of a spec takes one */
using Array = std::vector<Value>;
using Table = std::vector<Member>;

struct Value {
    Place place;
    std::variant<Date, bool, std::int64_t, double, std::string, Array, Table> content;
};

struct Member {
    std::string key;
    Place place; /* of the key */
    Value value;
};

/* The member called `key`, or nullptr. */
const Member *find(const Table &table, std::string_view key);

/* The members in the order of the text. Throws ReadError. `source` is the name that places bear. */
Table toml_parse(const std::string &text, const std::string &source);

class Document {
  public:
    /* Parse the content of a file. Throws ReadError. */
    Document(const std::string &name, std::string content);
    Document(const Document &) = delete;
    Document &operator=(const Document &) = delete;

    /* Merge one "dotted.key=value": the value takes the place of the one that the key has, or comes last in
     * its table. A value that is not TOML is a string as it stands. Throws ReadError. */
    void set(const std::string &assignment);

    const Table &root() const { return root_; }
    const std::string &text() const { return text_; } /* the content, then one line per override */
    Place start() const { return {&sources_.front(), 1, 1}; }

  private:
    std::deque<std::string> sources_; /* the file's name, then the overrides: stable addresses for places */
    std::string text_;
    Table root_;
};

} // namespace epnet

#endif

/* TOML text to a tree, by toml++. */
#include "toml_document.h"
#include "toml_shift.h"

#include <algorithm>
#include <stdexcept>

/* What the library only asserts can be broken by a malformed text ("[.a]"), so an assertion must fail the
 * parse, in every build, and not the process. */
namespace {
struct BrokenAssertion : std::logic_error {
    using std::logic_error::logic_error;
};

constexpr void check_assertion(bool holds, const char *what) {
    if (!holds)
        throw BrokenAssertion(what);
}
} // namespace

#undef NDEBUG
#define TOML_ASSERT(expression) check_assertion(static_cast<bool>(expression), #expression)
#define TOML_ENABLE_FORMATTERS 0
#define TOML_EXCEPTIONS 1
#define TOML_MAX_NESTED_VALUES 16
#include <toml++/toml.h>

namespace epnet {
namespace {

constexpr int max_key_parts = 250; /* the library recurses once per part */

class Converter {
  public:
    explicit Converter(const std::string &source) : source_(&source) {}

    Table table(const toml::table &from) const {
        Table members;
        members.reserve(from.size());
        for (const auto &[key, node] : from)
            members.push_back({unshift_characters(key.str()), place(key.source().begin), value(node)});
        std::sort(members.begin(), members.end(), [](const Member &a, const Member &b) {
            return a.place.line != b.place.line ? a.place.line < b.place.line
                                                : a.place.column < b.place.column;
        });
        return members;
    }

    Place place(const toml::source_position &position) const {
        return {source_, position.line, position.column};
    }

  private:
    Value value(const toml::node &from) const {
        Value to{place(from.source().begin), Date{}};
        if (const toml::table *members = from.as_table())
            to.content = table(*members);
        else if (const toml::array *items = from.as_array())
            to.content = array(*items);
        else if (const auto *text = from.as_string())
            to.content = unshift_characters(text->get());
        else if (const auto *integer = from.as_integer())
            to.content = integer->get();
        else if (const auto *number = from.as_floating_point())
            to.content = number->get();
        else if (const auto *boolean = from.as_boolean())
            to.content = boolean->get();
        return to;
    }

    Array array(const toml::array &from) const {
        Array items;
        items.reserve(from.size());
        for (const toml::node &node : from)
            items.push_back(value(node));
        return items;
    }

    const std::string *source_;
};

/* Calls visit(byte, line, column) for every byte of a text until it returns true.
 */
template <class Visit> void scan(const std::string &text, Visit visit) {
    unsigned line = 1, column = 1;
    for (char c : text) {
        if (visit(c, line, column))
            return;
        bool continues = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
        column = c == '\n' ? 1 : continues ? column : column + 1;
        line += c == '\n';
    }
}

/* Refuse keys of absurdly many parts before the library sees them. */
void check_key_parts(const std::string &text, const std::string &source) {
    int dots = 0;
    scan(text, [&](char c, unsigned line, unsigned column) {
        static const std::string_view ends = "\n,=[]{}#";
        dots = ends.find(c) != ends.npos ? 0 : dots + (c == '.');
        if (dots > max_key_parts)
            fail_at({&source, line, column},
                    "a key of more than 250 parts; the keys of a spec have two or three");
        return false;
    });
}

/* Where a table header's name starts with a character that no key starts with. */
Place find_bad_header(const std::string &text, const std::string &source) {
    static const std::string_view starts =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-\"']";
    Place found{&source, 1, 1};
    int brackets = 0;
    bool in_header = true; /* nothing but blanks and brackets so far on this line */
    scan(text, [&](char c, unsigned line, unsigned column) {
        if (c == '\n') {
            brackets = 0;
            in_header = true;
        } else if (in_header && c == '[' && brackets < 2) {
            brackets++;
        } else if (in_header && c != ' ' && c != '\t') {
            in_header = false;
            found = {&source, line, column};
            return brackets > 0 && starts.find(c) == starts.npos;
        }
        return false;
    });
    return found;
}

/* Refuse the characters that shift_characters() needs for itself. */
void check_private_characters(const std::string &text, const std::string &source) {
    std::size_t private_character = find_private_character(text), at = 0;
    if (private_character == text.npos)
        return;
    scan(text, [&](char, unsigned line, unsigned column) {
        if (at++ == private_character)
            fail_at({&source, line, column}, "a character for private use (U+F0000 to U+FFFFF)");
        return false;
    });
}

} // namespace

Table toml_parse(const std::string &text, const std::string &source) {
    check_key_parts(text, source);
    check_private_characters(text, source);
    Converter converter(source);
    try {
        return converter.table(toml::parse(shift_characters(text)));
    } catch (const toml::parse_error &error) {
        std::string what = unshift_characters(error.description());
        if (what.rfind("Error while ", 0) == 0)
            what.erase(0, std::string_view("Error ").size());
        std::replace_if(
            what.begin(), what.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
        fail_at(converter.place(error.source().begin), what);
    } catch (const BrokenAssertion &) {
        fail_at(find_bad_header(text, source),
                "not the name of a table; expected [name] with letters, digits, _ or -");
    }
}

} // namespace epnet

#include "toml_document.h"

#include <algorithm>
#include <utility>

namespace epnet {

std::string Place::text() const {
    if (line == 0)
        return *source;
    return *source + ":" + std::to_string(line) + ":" + std::to_string(column);
}

void fail_at(const Place &place, const std::string &what) {
    throw ReadError{EPNET_BAD_SPEC, place.text() + ": error: " + what};
}

const Member *find(const Table &table, std::string_view key) {
    auto at =
        std::find_if(table.begin(), table.end(), [&](const Member &member) { return member.key == key; });
    return at == table.end() ? nullptr : &*at;
}

namespace {

Member *find(Table &table, const std::string &key) {
    return const_cast<Member *>(epnet::find(std::as_const(table), key));
}

/* The parts of a dotted key. Throws ReadError if it is not one. */
std::vector<std::string> split_key(const std::string &key, const std::string &source) {
    Table parsed = toml_parse(key + " = 0", source);
    std::vector<std::string> parts;
    for (const Table *table = &parsed; table != nullptr && table->size() == 1;) {
        parts.push_back(table->front().key);
        table = std::get_if<Table>(&table->front().value.content);
    }
    return parts;
}

/* All places of a value become `place`. */
void move_to(Value &value, const Place &place) {
    value.place = place;
    if (auto *items = std::get_if<Array>(&value.content)) {
        for (Value &item : *items)
            move_to(item, place);
    } else if (auto *members = std::get_if<Table>(&value.content)) {
        for (Member &member : *members) {
            member.place = place;
            move_to(member.value, place);
        }
    }
}

std::string trim(const std::string &text) {
    std::size_t first = text.find_first_not_of(' '), last = text.find_last_not_of(' ');
    return first == text.npos ? "" : text.substr(first, last - first + 1);
}

/* The value that an override's text stands for: TOML, or else a string. */
Value parse_value(const std::string &text, const Place &place) {
    Value value{place, trim(text)};
    try {
        Table parsed = toml_parse("value = " + text, *place.source);
        if (parsed.size() == 1)
            value = parsed.front().value;
    } catch (const ReadError &) { /* a bare word */
    }
    move_to(value, place);
    return value;
}

bool has_control_character(const std::string &text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

[[noreturn]] void fail_override(const std::string &source) {
    throw ReadError{EPNET_USAGE,
                    source +
                        ": error: not of the form key=value; the key is dotted, as in network.drive=2.5"};
}

} // namespace

Document::Document(const std::string &name, std::string content) : sources_{name}, text_(std::move(content)) {
    root_ = toml_parse(text_, sources_.front());
    if (!text_.empty() && text_.back() != '\n')
        text_ += '\n';
}

void Document::set(const std::string &assignment) {
    sources_.push_back("--set " + assignment);
    const std::string &source = sources_.back();
    const Place place{&source, 0, 0};
    std::size_t equals = assignment.find('=');
    if (equals == assignment.npos || has_control_character(assignment))
        fail_override(source);
    std::vector<std::string> parts;
    try {
        parts = split_key(assignment.substr(0, equals), source);
    } catch (const ReadError &) {
        fail_override(source);
    }
    Table *table = &root_;
    for (std::size_t k = 0; k < parts.size(); k++) {
        Member *member = find(*table, parts[k]);
        if (member == nullptr) {
            table->push_back({parts[k], place, {place, Table{}}});
            member = &table->back();
        }
        if (k + 1 == parts.size()) {
            member->place = place;
            member->value = parse_value(assignment.substr(equals + 1), place);
        } else if ((table = std::get_if<Table>(&member->value.content)) == nullptr) {
            fail_at(place, "\"" + parts[k] + "\" is not a table, so it has no key \"" + parts[k + 1] + "\"");
        }
    }
    text_ += "# " + source + "\n";
}

} // namespace epnet

#include "spec_values.h"

#include <algorithm>
#include <cfloat>
#include <charconv>
#include <cmath>
#include <numeric>

namespace epnet {

const Limits rate_limits{0, DBL_MAX, false, "a finite number >= 0"};
const Limits positive_limits{0, DBL_MAX, true, "a finite number > 0"};
const Limits drive_limits{0, HUGE_VAL, false, "a number >= 0, or inf"};
const Limits probability_limits{0, 1, false, "a number from 0 to 1"};

std::string to_text(double number) {
    char digits[40];
    return std::string(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

std::string quote(std::string_view text) {
    constexpr std::size_t longest = 80;
    std::string quoted = "\"";
    for (char c : text.substr(0, longest))
        quoted += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    return quoted + (text.size() > longest ? "...\"" : "\"");
}

std::string describe(const Value &value) {
    struct Describe {
        std::string operator()(Date) const { return "a date or time"; }
        std::string operator()(bool boolean) const { return boolean ? "true" : "false"; }
        std::string operator()(std::int64_t integer) const { return std::to_string(integer); }
        std::string operator()(double number) const { return to_text(number); }
        std::string operator()(const std::string &text) const { return "the string " + quote(text); }
        std::string operator()(const Array &) const { return "an array"; }
        std::string operator()(const Table &) const { return "a table"; }
    };
    return std::visit(Describe{}, value.content);
}

void fail_value(const Value &value, const std::string &name, const std::string &allowed) {
    fail_at(value.place, name + " is " + describe(value) + "; allowed: " + allowed);
}

double read_number(const Value &value, const std::string &name, const Limits &limits) {
    double number = NAN;
    if (const auto *integer = std::get_if<std::int64_t>(&value.content))
        number = static_cast<double>(*integer);
    else if (const auto *real = std::get_if<double>(&value.content))
        number = *real;
    if (!limits.contain(number))
        fail_value(value, name, limits.allowed);
    return number == 0 ? 0 : number;
}

std::int64_t read_integer(const Value &value, const std::string &name, std::int64_t least,
                          std::int64_t most) {
    const auto *integer = std::get_if<std::int64_t>(&value.content);
    if (integer == nullptr || *integer < least || *integer > most)
        fail_value(value, name,
                   "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return *integer;
}

bool read_boolean(const Value &value, const std::string &name) {
    const auto *boolean = std::get_if<bool>(&value.content);
    if (boolean == nullptr)
        fail_value(value, name, "true or false");
    return *boolean;
}

std::string read_string(const Value &value, const std::string &name) {
    if (const auto *text = std::get_if<std::string>(&value.content))
        return *text;
    bool scalar =
        !std::holds_alternative<Array>(value.content) && !std::holds_alternative<Table>(value.content);
    if (value.place.line != 0 || !scalar)
        fail_value(value, name, "a string");
    const std::string &override_text = *value.place.source;
    return override_text.substr(override_text.find('=') + 1);
}

std::size_t read_choice(const Value &value, const std::string &name,
                        std::initializer_list<const char *> choices) {
    std::vector<std::string> words(choices.begin(), choices.end());
    const auto *text = std::get_if<std::string>(&value.content);
    if (text == nullptr)
        fail_value(value, name, "one of the strings " + join(words));
    auto at = std::find(words.begin(), words.end(), *text);
    if (at == words.end())
        fail_at(value.place, name + " is " + quote(*text) + "; did you mean " +
                                 quote(find_nearest(*text, words)) + "? allowed: " + join(words));
    return static_cast<std::size_t>(at - words.begin());
}

bool is_array(const Value &value) {
    return std::holds_alternative<Array>(value.content);
}

const Array &read_array(const Value &value, const std::string &name, const char *allowed) {
    if (!is_array(value))
        fail_value(value, name, allowed);
    return std::get<Array>(value.content);
}

const Table &read_table(const Value &value, const std::string &name) {
    const auto *members = std::get_if<Table>(&value.content);
    if (members == nullptr)
        fail_value(value, name, "a table");
    return *members;
}

std::vector<double> read_numbers(const Value &value, const std::string &name, std::size_t count,
                                 const Limits &limits, const std::string &allowed) {
    const Array &items = read_array(value, name, allowed.c_str());
    if (items.size() != count)
        fail_at(value.place, name + " has " + std::to_string(items.size()) + " values; allowed: " + allowed);
    std::vector<double> numbers;
    numbers.reserve(count);
    for (const Value &item : items)
        numbers.push_back(read_number(item, name + "[" + std::to_string(numbers.size()) + "]", limits));
    return numbers;
}

/* Levenshtein's distance: insertions, deletions and replacements of a character. */
static std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); i++) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); j++) {
            std::size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row[b.size()];
}

std::string find_nearest(std::string_view word, const std::vector<std::string> &words) {
    std::string_view start = word.substr(0, 100); /* long enough to tell words apart */
    return *std::min_element(words.begin(), words.end(), [&](const std::string &a, const std::string &b) {
        return edit_distance(start, a) < edit_distance(start, b);
    });
}

std::string join(const std::vector<std::string> &words) {
    std::string joined;
    for (const std::string &word : words)
        joined += (joined.empty() ? "" : ", ") + word;
    return joined;
}

} // namespace epnet

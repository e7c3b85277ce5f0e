/* Typed reading of a spec's values: each function returns a checked value or throws a ReadError that says
 * what stands there and what is allowed. `name` is the key as users know it, "network.drive". */
#ifndef EPNET_HOST_SPEC_VALUES_H
#define EPNET_HOST_SPEC_VALUES_H

#include "toml_document.h"

#include <initializer_list>

namespace epnet {

/* An interval of numbers, NaN excluded. */
struct Limits {
    double least, most;
    bool open;           /* `least` itself is refused */
    const char *allowed; /* in words */

    bool contain(double value) const { return value >= least && value <= most && !(open && value == least); }
};

extern const Limits rate_limits;        /* finite, >= 0 */
extern const Limits positive_limits;    /* finite, > 0 */
extern const Limits drive_limits;       /* >= 0 or inf */
extern const Limits probability_limits; /* 0 .. 1 */

/* Integers stand for themselves; -0 becomes 0. */
double read_number(const Value &value, const std::string &name, const Limits &limits);
std::int64_t read_integer(const Value &value, const std::string &name, std::int64_t least, std::int64_t most);
bool read_boolean(const Value &value, const std::string &name);
/* A number or a boolean of an override counts as the text that was written: --set initial.state=10110. */
std::string read_string(const Value &value, const std::string &name);
/* A string that is one of `choices`: its position among them. */
std::size_t read_choice(const Value &value, const std::string &name,
                        std::initializer_list<const char *> choices);
const Array &read_array(const Value &value, const std::string &name, const char *allowed);
const Table &read_table(const Value &value, const std::string &name);
/* `allowed` is what an array of that length holds; a wrong length or type is an error. */
std::vector<double> read_numbers(const Value &value, const std::string &name, std::size_t count,
                                 const Limits &limits, const std::string &allowed);
bool is_array(const Value &value);

/* A number as text, with `inf` and without needless digits. */
std::string to_text(double number);
/* A string in quotes, on one line and of readable length. */
std::string quote(std::string_view text);
/* What stands there: `5`, `the string "abc"`, `an array`. */
std::string describe(const Value &value);
/* Throws "NAME is WHAT STANDS THERE; allowed: ALLOWED". */
[[noreturn]] void fail_value(const Value &value, const std::string &name, const std::string &allowed);

/* The word with the smallest edit distance to `word`; of equals the first. `words` is not empty. */
std::string find_nearest(std::string_view word, const std::vector<std::string> &words);
/* The words with commas between. */
std::string join(const std::vector<std::string> &words);

} // namespace epnet

#endif

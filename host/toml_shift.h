/* Keeping characters beyond ASCII away from the TOML library's classification of characters.
 *
 * toml++ 3.3 asks of every character outside a string whether it is a blank, and for most letters from U+00A0
 * to U+FEFF its answer is undefined behaviour. TOML allows such characters in strings and comments alone,
 * where it does not matter which they are. So the text is parsed with U+0080..U+FFFF moved to
 * U+F0080..U+FFFFF, a range for private use, and what comes out is moved back. Places count characters and
 * stay the same. */
#ifndef EPNET_HOST_TOML_SHIFT_H
#define EPNET_HOST_TOML_SHIFT_H

#include <string>
#include <string_view>

namespace epnet {

/* Where a text has a character that could not be told from a moved one, or npos. Such a text cannot be
 * shifted. */
std::size_t find_private_character(const std::string &text);

/* The text with its characters moved; a byte order mark is left out, and what is not UTF-8 stays as it is. */
std::string shift_characters(const std::string &text);

/* The reverse, for strings, keys and messages. */
std::string unshift_characters(std::string_view text);

} // namespace epnet

#endif
